"""Tokens that a client secret signs, and userinfo replies that are tokens themselves."""

import time

import pytest
from cryptography.hazmat.primitives import serialization
from upstream import GONE, Key, Reply, Stage, b64, compact, hs256

ALGORITHM = "the algorithm is not one that is accepted"
SIGNATURE = "the signature does not fit"


@pytest.fixture(scope="module")
def stage():
    providers = {
        "line": lambda up: up.settings(id_token_algs=["ES256", "HS256"]),
        "secret": lambda up: up.settings(id_token_algs=["HS256"]),
        "plain": lambda up: up.settings(),
        "jwt": lambda up: up.settings(userinfo_reply="jwt"),
        "es256": lambda up: up.settings(userinfo_reply="jwt", id_token_algs=["ES256"]),
        "mac": lambda up: up.oauth2_settings(userinfo_reply="jwt", id_token_algs=["HS256"]),
        "keys": lambda up: up.oauth2_settings(userinfo_reply="jwt", jwks_url=up.url("/jwks")),
    }
    with Stage(providers) as stage:
        yield stage


# -- HS256 ------------------------------------------------------------------------------------------


def signed_again(token, secret):
    text = token.rpartition(".")[0]
    return text + "." + b64(hs256(secret)(text.encode()))


def signed_by(up, secret, alg="HS256", **header):
    up.header = {"alg": alg, "kid": GONE, **header}
    up.finish_token = lambda token: signed_again(token, secret)


def test_an_id_token_may_be_signed_by_the_client_secret_where_that_is_said(stage):
    for name in ("line", "secret"):
        up = stage.up(name)
        signed_by(up, up.client_secret)
        assert stage.accepted(up)["idp_sub"] == up.person["sub"]
        assert not up.calls("/jwks"), "the key set has nothing to do with it"


def test_a_kid_beside_the_client_secret_means_nothing(stage):
    up = stage.up("secret")
    signed_by(up, up.client_secret, kid="whatever")
    stage.accepted(up)


def test_both_ways_of_signing_work_where_both_are_named(stage):
    up = stage.up("line")
    up.keys = [Key("ES256")]
    up.key = up.keys[0]
    stage.accepted(up)


def test_another_secret_is_refused(stage):
    up = stage.up("secret")
    for secret in ("", "x", up.client_secret[:-1], up.client_secret + "x", up.client_secret.lower()):
        signed_by(up, secret)
        stage.refused(up, SIGNATURE)


def test_a_public_key_is_no_secret_where_hs256_is_named_either(stage):
    """Algorithm confusion: the key set is never a source of secrets."""
    up = stage.up("line")
    up.keys = [Key("ES256", kid="public")]
    public = up.keys[0].jwk.get_op_key("verify")
    forms = [public.public_bytes(encoding, form) for encoding, form in (
        (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint))]
    for form in forms:
        for kid in ("public", GONE):
            signed_by(up, form, kid=kid)
            stage.refused(up, SIGNATURE)


def test_a_secret_in_the_key_set_is_not_believed(stage):
    up = stage.up("line")
    up.jwks = {"keys": lambda keys: keys + [{"kty": "oct", "k": b64("s" * 32), "kid": "mac", "alg": "HS256"}]}
    signed_by(up, "s" * 32, kid="mac")
    stage.refused(up, SIGNATURE)


def test_no_longer_hash_is_taken_for_hs256(stage):
    up = stage.up("secret")
    for alg in ("HS384", "HS512", "hs256", "none"):
        signed_by(up, up.client_secret, alg=alg)
        stage.refused(up, ALGORITHM)


def test_a_key_of_the_set_does_not_sign_where_only_the_secret_does(stage):
    up = stage.up("secret")
    stage.refused(up, ALGORITHM)


def test_the_client_secret_does_not_sign_where_nobody_says_so(stage):
    up = stage.up("plain")
    signed_by(up, up.client_secret)
    stage.refused(up, ALGORITHM)


def test_all_else_of_the_token_is_judged_the_same(stage):
    up = stage.up("secret")
    for claims, reason in (({"aud": "other"}, "aud"), ({"iss": "https://other.test"}, "iss is"),
                           ({"nonce": "other"}, "nonce"), ({"exp": 1}, "expired"), ({"at_hash": "AAAA"}, "at_hash")):
        up = stage.up("secret")
        signed_by(up, up.client_secret)
        up.claims = claims
        stage.refused(up, reason)


# -- signed userinfo --------------------------------------------------------------------------------


def userinfo(up, claims=None, header=None, key=None, finish=lambda token: token, **reply):
    """Makes the userinfo reply a token, with some claims laid over those it should have."""
    now = int(time.time())
    good = {"iss": up.issuer, "aud": up.client_id, "iat": now, "exp": now + 60, **up.person}
    good.update(claims or {})
    good = {name: value for name, value in good.items() if value is not GONE}
    key = key or up.key
    head = {"alg": key.alg, "kid": key.kid, **(header or {})}
    token = finish(compact({name: value for name, value in head.items() if value is not GONE}, good, key.sign))
    up.replies["/userinfo"] = Reply(token, content_type=reply.pop("content_type", "application/jwt"), **reply)


def test_userinfo_may_be_a_signed_token(stage):
    up = stage.up("jwt")
    userinfo(up, {"name": "Alice, signed"})
    assert stage.accepted(up)["name"] == "Alice, signed"
    userinfo(up, {"name": "Alice, signed"}, content_type="text/plain")
    stage.accepted(up)
    userinfo(up, {"aud": [up.client_id], "exp": GONE, "iat": GONE}, header={"kid": GONE, "typ": "JWT"})
    stage.accepted(up)


def test_signed_userinfo_is_signed_as_the_id_token_may_be(stage):
    up = stage.up("es256")
    up.keys = [Key("ES256"), Key("RS256")]
    up.key = up.keys[0]
    userinfo(up)
    stage.accepted(up)
    userinfo(up, key=up.keys[1])
    stage.refused(up, ALGORITHM)


def test_userinfo_that_was_promised_to_be_signed_is_not_taken_unsigned(stage):
    up = stage.up("jwt")
    stage.refused(up, "token")
    userinfo(up, finish=lambda token: token.rpartition(".")[0] + ".")
    stage.refused(up, "signature is empty")
    userinfo(up, header={"alg": "none"})
    stage.refused(up, ALGORITHM)


def test_userinfo_signed_by_somebody_else_is_refused(stage):
    up = stage.up("jwt")
    userinfo(up, key=Key("RS256", 7, kid=up.key.kid))
    stage.refused(up, SIGNATURE)
    userinfo(up, finish=lambda token: token[:-8] + "AAAAAAA" + token[-1])
    stage.refused(up, SIGNATURE)


@pytest.mark.parametrize("claims, reason", [
    ({"sub": "mallory"}, "another person"), ({"sub": GONE}, "another person"),
    ({"iss": "https://elsewhere.test"}, "iss is another one"), ({"iss": GONE}, "iss is another one"),
    ({"aud": "another client"}, "aud does not name"), ({"aud": GONE}, "aud does not name"),
    ({"exp": 1700000000}, "it has expired"), ({"nbf": 32503680000}, "not valid yet"),
])
def test_signed_userinfo_is_of_this_issuer_for_us_about_this_person(stage, claims, reason):
    up = stage.up("jwt")
    userinfo(up, claims)
    stage.refused(up, reason)


def test_signed_userinfo_of_another_type_is_refused(stage):
    up = stage.up("jwt")
    userinfo(up, header={"typ": "at+jwt"})
    stage.refused(up, "its type is at+jwt")


def test_a_key_that_was_rotated_between_id_token_and_userinfo_is_fetched(stage):
    up = stage.up("jwt")
    userinfo(up)
    stage.accepted(up)
    stage.clock.forward(60)
    fetched = len(up.calls("/jwks"))
    new = Key("RS256", 3)
    up.keys = [up.key, new]
    userinfo(up, key=new)
    stage.accepted(up)
    assert len(up.calls("/jwks")) == fetched + 1


def test_without_an_id_token_the_keys_are_fetched_for_the_userinfo(stage):
    up = stage.up("keys")
    userinfo(up)
    assert stage.accepted(up)["idp_sub"] == up.person["sub"]
    assert len(up.calls("/jwks")) == 1
    userinfo(up, key=Key("RS256", 7, kid=up.key.kid))
    stage.refused(up, SIGNATURE)


def test_userinfo_may_be_signed_by_the_client_secret_where_that_is_said(stage):
    up = stage.up("mac")
    userinfo(up, header={"alg": "HS256"}, finish=lambda token: signed_again(token, up.client_secret))
    stage.accepted(up)
    assert not up.calls("/jwks")
    userinfo(up, header={"alg": "HS256"}, finish=lambda token: signed_again(token, "x" * 32))
    stage.refused(up, SIGNATURE)


def test_an_error_of_a_userinfo_call_is_still_read(stage):
    up = stage.up("jwt")
    up.replies["/userinfo"] = Reply({"error": "invalid_token"}, 401)
    stage.refused(up, "answered 401")
