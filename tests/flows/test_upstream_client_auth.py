"""How we say at a provider who we are: each `token_auth`, judged with another library's eyes.

The keys are made here, and what arrives at the token endpoint is verified by jwcrypto.
"""

import base64
import datetime
import hashlib
import json
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from jwcrypto import jwk, jwt
from upstream import GONE, Stage, b64, make_key

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def pem(key):
    return key.export_to_pem(private_key=True, password=None).decode()


def certificate(key):
    """A self-signed certificate of the key, in DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a client")])
    private = key.get_op_key("sign")
    now = datetime.datetime(2026, 1, 1)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
            .serial_number(7).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=3650))
            .sign(private, hashes.SHA256()))
    return made.public_bytes(serialization.Encoding.DER)


def certificate_pem(der):
    lines = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n"


RSA, EC, ED = make_key("RS256", 1), make_key("ES256", 1), make_key("EdDSA", 1)
DER = certificate(RSA)


@pytest.fixture(scope="module")
def stage():
    def signed(key, **over):
        return lambda up: up.settings(token_auth="private_key_jwt", client_secret=GONE, keys={"client": pem(key)},
                                      **over)

    providers = {
        "rsa": signed(RSA),
        "ps256": signed(RSA, client_jwt={"alg": "PS256", "kid": "key-1", "aud": "{issuer}"}),
        "ec": signed(EC),
        "ed": signed(ED),
        "certificate": lambda up: up.settings(token_auth="private_key_jwt", client_secret=GONE,
                                              keys={"client": pem(RSA) + certificate_pem(DER)}),
        "stranger": lambda up: up.settings(token_auth="private_key_jwt", client_secret=GONE,
                                           keys={"client": pem(EC) + certificate_pem(DER)}),
        "mac": lambda up: up.settings(token_auth="client_secret_jwt"),
        "apple": lambda up: up.settings(token_auth="es256_secret", client_secret=GONE, keys={"client": pem(EC)},
                                        parameters={"team_id": "TEAM123456", "key_id": "KEY1234567"}),
        "raw": lambda up: up.settings(token_auth="basic_raw", client_secret="a secret: with +/%"),
        "bearer": lambda up: up.settings(token_auth="bearer"),
        "none": lambda up: up.settings(token_auth="none"),
    }
    with Stage(providers) as stage:
        for up in stage.server.upstreams.values():
            up.authenticates = lambda asked: True
        yield stage


def token_request(stage, name):
    """The token request of a login that works."""
    up = stage.up(name)
    stage.accepted(up)
    return up, up.calls("/token")[-1]


def opened(token, key, alg):
    """Header and claims of a token that the key has signed, by jwcrypto's judgement."""
    read = jwt.JWT(jwt=token, key=key, algs=[alg])
    return json.loads(read.header), json.loads(read.claims)


def public(key):
    return jwk.JWK(**key.export_public(as_dict=True))


@pytest.mark.parametrize("name, key, alg", [("rsa", RSA, "RS256"), ("ec", EC, "ES256"), ("ed", ED, "EdDSA")])
def test_an_assertion_is_signed_by_the_configured_key(stage, name, key, alg):
    """RFC 7523, 3."""
    up, asked = token_request(stage, name)
    assert asked.form["client_assertion_type"] == ASSERTION
    assert asked.form["client_id"] == up.client_id
    assert "client_secret" not in asked.form and "authorization" not in asked.headers
    header, claims = opened(asked.form["client_assertion"], public(key), alg)
    assert header == {"alg": alg, "typ": "JWT"}
    assert claims["iss"] == claims["sub"] == up.client_id
    assert claims["aud"] == up.url("/token")
    assert abs(claims["iat"] - time.time()) < 10 and 0 < claims["exp"] - claims["iat"] <= 300
    assert len(claims["jti"]) >= 16 and set(claims) == {"iss", "sub", "aud", "iat", "exp", "jti"}


def test_each_assertion_has_a_number_of_its_own(stage):
    numbers = set()
    for _ in range(3):
        _, asked = token_request(stage, "rsa")
        numbers.add(opened(asked.form["client_assertion"], public(RSA), "RS256")[1]["jti"])
    assert len(numbers) == 3


def test_an_assertion_says_otherwise_what_the_description_says_otherwise(stage):
    up, asked = token_request(stage, "ps256")
    header, claims = opened(asked.form["client_assertion"], public(RSA), "PS256")
    assert header["kid"] == "key-1" and claims["aud"] == up.issuer


def test_the_certificate_beside_the_key_is_named(stage):
    _, asked = token_request(stage, "certificate")
    header, _ = opened(asked.form["client_assertion"], public(RSA), "RS256")
    assert header["x5t#S256"] == b64(hashlib.sha256(DER).digest())


def test_the_certificate_of_another_key_is_not_named(stage):
    _, asked = token_request(stage, "stranger")
    header, _ = opened(asked.form["client_assertion"], public(EC), "ES256")
    assert "x5t#S256" not in header


def test_an_assertion_can_be_signed_by_the_client_secret(stage):
    up, asked = token_request(stage, "mac")
    key = jwk.JWK(kty="oct", k=b64(up.client_secret))
    header, claims = opened(asked.form["client_assertion"], key, "HS256")
    assert header["alg"] == "HS256" and claims["aud"] == up.url("/token")
    assert up.client_secret not in asked.body.decode()


def test_a_client_secret_can_be_a_signed_token(stage):
    """As Sign in with Apple wants it."""
    up, asked = token_request(stage, "apple")
    header, claims = opened(asked.form["client_secret"], public(EC), "ES256")
    assert header["kid"] == "KEY1234567"
    assert claims["iss"] == "TEAM123456" and claims["sub"] == up.client_id and claims["aud"] == up.issuer
    assert claims["exp"] - claims["iat"] <= 15777000
    assert "client_assertion" not in asked.form


def test_a_signed_client_secret_is_used_again_until_shortly_before_it_expires(stage):
    _, first = token_request(stage, "apple")
    _, second = token_request(stage, "apple")
    assert first.form["client_secret"] == second.form["client_secret"]
    claims = opened(first.form["client_secret"], public(EC), "ES256")[1]
    stage.clock.forward(claims["exp"] - claims["iat"] - 200)
    _, third = token_request(stage, "apple")
    assert third.form["client_secret"] != first.form["client_secret"]


def test_a_secret_can_go_as_it_is_or_as_a_bearer_token_or_not_at_all(stage):
    up, asked = token_request(stage, "raw")
    assert base64.b64decode(asked.authorization[1]).decode() == f"{up.client_id}:a secret: with +/%"
    up, asked = token_request(stage, "bearer")
    assert asked.authorization == ("Bearer", up.client_secret)
    up, asked = token_request(stage, "none")
    assert "authorization" not in asked.headers and "client_secret" not in asked.form
    assert asked.form["client_id"] == up.client_id


def test_no_key_and_no_signed_secret_is_in_the_log(stage):
    _, asked = token_request(stage, "apple")
    log = stage.hub.log()
    assert asked.form["client_secret"] not in log
    for key in (RSA, EC, ED):
        assert pem(key).splitlines()[1] not in log
