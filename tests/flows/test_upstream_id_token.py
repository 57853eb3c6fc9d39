"""Group H of the attack catalogue: ID tokens of a provider that lies, or that somebody else made.

"Stops" means that nothing more is asked of the provider and nobody is logged in; the reason is the log's.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import utils
from hub import CARDEA, Hub
from upstream import GONE, SLOW, Key, Stage, Trap, b64, compact, half_hash, hs256, request

ALGORITHM = "the algorithm is not one that is accepted"


@pytest.fixture(scope="module")
def stage():
    def tenants(**over):
        return lambda up: up.settings(issuers=[up.server.url + "/{tid}/v2"], **over)

    providers = {
        "plain": lambda up: up.settings(),
        "es256": lambda up: up.settings(id_token_algs=["ES256"]),
        "es512": lambda up: up.settings(id_token_algs=["ES512"]),
        "eddsa": lambda up: up.settings(id_token_algs=["EdDSA"]),
        "tenants": tenants(parameters={"issuer_values": "tenant-a tenant-b"}),
        "any-tenant": tenants(parameters={"issuer_values": "*"}),
        "absent": lambda up: up.settings(nonce="absent"),
    }
    with Stage(providers, spare=40) as stage:
        yield stage


@pytest.fixture
def up(stage):
    return stage.up("plain")


def stops(stage, up, reason):
    before = len(up.calls("/userinfo"))
    stage.refused(up, reason)
    assert len(up.calls("/userinfo")) == before, "it went on to the userinfo endpoint"


def with_signature(make):
    """A last word on a token: the signature that `make` makes of the signing input."""

    def finish(token):
        text = token.rpartition(".")[0]
        return text + "." + b64(make(text.encode()))

    return finish


def test_a_token_without_an_algorithm_is_refused(stage, up):
    """H01."""
    up.finish_token = lambda token: token.rpartition(".")[0] + "."
    for alg in ("none", "None", "nOnE", "NONE"):
        up.header = {"alg": alg}
        stops(stage, up, "signature is empty")
    up.finish_token = lambda token: token
    for alg in ("none", "None", "nOnE", "", "rs256", "RS256 ", "RS256,HS256"):
        up.header = {"alg": alg}
        stops(stage, up, ALGORITHM)
    up.header = {"alg": "RS256\0none"}
    stops(stage, up, "header is no JSON object")
    for alg in (GONE, None, 256, ["RS256"], {"RS256": 1}, True):
        up.header = {"alg": alg}
        stops(stage, up, "header has no algorithm")


def test_a_public_key_is_no_hmac_secret(stage, up):
    """H02: in any of the forms in which somebody might feed it."""
    public = up.key.jwk.get_op_key("verify")
    forms = [
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1),
        json.dumps(up.key.public()).encode(),
        up.key.public()["n"].encode(),
        base64.urlsafe_b64decode(up.key.public()["n"] + "=="),
        up.client_secret.encode(),
        b"",
    ]
    for form in forms:
        for alg in ("HS256", "HS384", "HS512"):
            up.header = {"alg": alg}
            up.finish_token = with_signature(hs256(form))
            stops(stage, up, ALGORITHM)


def test_an_hmac_key_in_the_key_set_is_not_one_of_ours(stage):
    """H02."""
    up = stage.fresh()
    up.jwks = {"keys": lambda keys: keys + [{"kty": "oct", "k": b64("s" * 32), "kid": "mac", "alg": "HS256"}]}
    up.header = {"alg": "HS256", "kid": "mac"}
    up.finish_token = with_signature(hs256("s" * 32))
    stage.refused(up, ALGORITHM)
    assert not up.calls("/jwks")
    up.header, up.finish_token = {}, lambda token: token
    stage.refused(up, "key set")


def test_a_wrong_signature_is_refused(stage, up):
    """H03."""
    good = up.key.sign
    for make in (Key(number=1).sign, lambda text: good(text)[:-1], lambda text: good(text) + b"\0",
                 lambda text: b"\0" + good(text), lambda text: b"\0" * 256, lambda text: b"\xff" * 256,
                 lambda text: good(text)[::-1], lambda text: good(text + b" "), lambda text: b"x"):
        up.finish_token = with_signature(make)
        stops(stage, up, "the signature does not fit")
    up.finish_token = lambda token: token.rpartition(".")[0] + "." + "A" * 10000
    stops(stage, up, "the signature does not fit")


def test_a_payload_that_was_changed_behind_the_signature_is_refused(stage, up):
    """H03."""

    def swap(token):
        header, payload, signature = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
        return ".".join([header, b64(json.dumps(dict(claims, sub="somebody else"))), signature])

    up.finish_token = swap
    stops(stage, up, "the signature does not fit")


def test_an_algorithm_beyond_the_pinned_ones_is_refused_even_if_the_key_fits(stage, up):
    """H03."""
    for alg in ("RS384", "RS512", "PS256"):
        up.header = {"alg": alg}
        up.finish_token = with_signature(lambda text, alg=alg: up.key.sign(text, alg))
        stops(stage, up, ALGORITHM)


def test_issuers_that_are_only_similar_are_refused(stage, up):
    """H04."""
    for iss in (up.issuer + "/", up.issuer.upper(), up.issuer.replace("http:", "https:"), up.issuer + ".evil.test",
                up.issuer + "%2f", up.issuer.replace("/plain", "//plain"), up.issuer.replace("/plain", "/plain2"),
                " " + up.issuer, "", None, 7, [up.issuer], GONE):
        up.claims = {"iss": iss}
        stops(stage, up, "iss is")
    up.claims = {"iss": up.issuer + "\0"}
    stops(stage, up, "ID token")


def test_each_of_the_required_claims_must_be_there(stage, up):
    """H06."""
    for name in ("sub", "iat", "exp", "aud", "iss"):
        for value in (GONE, None):
            up.claims = {name: value}
            stops(stage, up, "ID token: ")


def test_times_count_with_a_minute_of_skew(stage, up):
    """H07. The boundaries leave room for a slow machine."""
    now = int(time.time())
    good = ({"exp": now - 30}, {"iat": now + 30}, {"nbf": now + 30}, {"nbf": now - 5}, {"exp": now + 10**6},
            {"exp": now + 0.5 + 600}, {"exp": 9007199254740991})
    for claims in good:
        up.claims = claims
        stage.accepted(up)
    bad = (({"exp": now - 61}, "it has expired"), ({"exp": 0}, "it has expired"), ({"exp": -1}, "ID token"),
           ({"iat": now + 3600}, "issued in the future"), ({"iat": now + 90 * SLOW}, "issued in the future"),
           ({"nbf": now + 3600}, "not valid yet"), ({"nbf": "soon"}, "not valid yet"), ({"nbf": None}, "not valid yet"),
           ({"exp": 1e300}, "exp or iat"), ({"exp": "9999999999"}, "exp or iat"), ({"iat": [now]}, "exp or iat"))
    for claims, reason in bad:
        up.claims = claims
        stops(stage, up, reason)


def test_times_at_the_edges_of_integers_do_not_wrap(stage, up):
    """H07: a token for ever is no token of the past, and none of the future one of today."""
    for number in (2**63 - 1, -(2**63), -(2**63) + 1, 2**63 - 61, 2**53):
        for name in ("exp", "iat", "nbf", "auth_time"):
            up.claims = {name: number}
            answer = stage.login(up)
            late = name in ("iat", "nbf") and number > 0 or name == "exp" and number < 0
            assert answer.status != 303 if late else answer.status in (303, 502), (name, number, answer)
    for number in (2**63, 10**30, -(10**30)):
        up.claims = {"exp": number}
        stops(stage, up, "ID token")


def test_the_nonce_must_be_that_of_this_login(stage, up):
    """H08: also where the token says that nonces are not supported."""
    stage.accepted(up)
    replayed = up.last["nonce"]
    other = stage.visit(up).asked["nonce"]
    for nonce in (replayed, other, "", " ", None, 7, [replayed], True):
        up.claims = {"nonce": nonce}
        stops(stage, up, "nonce is not the one")
    for more in ({}, {"nonce_supported": False}):
        up.claims = dict(more, nonce=GONE)
        stops(stage, up, "nonce is missing")
    up.claims = {"nonce": lambda nonce: nonce + "\0"}
    stops(stage, up, "ID token")
    up.claims = {"nonce": lambda nonce: nonce[:-1]}
    stops(stage, up, "nonce is not the one")


def test_where_nonces_never_come_back_one_that_does_is_still_compared(stage):
    """H08."""
    up = stage.up("absent")
    stage.accepted(up)
    up.claims = {"nonce": GONE}
    stage.accepted(up)
    up.claims = {"nonce": "another"}
    stops(stage, up, "nonce is not the one")


def test_hashes_of_what_came_with_the_token_must_be_right(stage, up):
    """H09: at_hash and c_hash, where they are there."""
    up.claims = {"at_hash": GONE}
    stage.accepted(up)
    for wrong in (half_hash("another"), "", None, 7, "AAAA", b64(b"\0" * 32)):
        up.claims = {"at_hash": wrong}
        stops(stage, up, "at_hash does not belong")
        up.claims = {"c_hash": wrong}
        stops(stage, up, "c_hash does not belong")
    up.claims = {"c_hash": lambda _: half_hash(up.last["code"])}
    stage.accepted(up)


def test_at_hash_of_eddsa_is_made_with_sha512(stage):
    """H09: an algorithm whose hash is not in its name."""
    up = stage.up("eddsa")
    up.keys = [Key("EdDSA")]
    up.key = up.keys[0]
    up.claims = {"at_hash": lambda _: half_hash(up.last["access_token"], hashlib.sha512)}
    stage.accepted(up)
    up.claims = {}
    stops(stage, up, "at_hash does not belong")


def test_headers_that_bring_their_own_key_or_rules_are_of_no_use(stage, up):
    """H14."""
    stage.accepted(up)
    for header in ({"crit": ["x"]}, {"crit": []}, {"crit": None}, {"b64": False, "crit": ["b64"]}, {"b64": True}):
        up.header = header
        stops(stage, up, "asks for an extension")
    attacker = Key(number=1, kid="attacker")
    with Trap() as trap:
        for header in ({"jku": trap.url + "/jwks", "kid": "attacker"}, {"jwk": attacker.public(), "kid": "attacker"},
                       {"x5u": trap.url + "/x5u", "kid": "attacker"}, {"jwk": attacker.public(), "kid": GONE},
                       {"x5c": [base64.b64encode(b"not a certificate").decode()], "kid": GONE}):
            up.header = header
            up.finish_token = with_signature(attacker.sign)
            stops(stage, up, "ID token: ")
        assert not trap.was_visited()
    up.header = {"jku": "https://evil.test/", "x5u": "https://evil.test", "jwk": attacker.public(), "zip": "DEF"}
    up.finish_token = lambda token: token
    stage.accepted(up)


def test_odd_kids_find_no_key(stage, up):
    for kid in ("", "../../../../dev/null", "' or 1=1", "x" * 300, 7, None, ["RS256-0"], "RS256-0\0", "rs256-0"):
        up.header = {"kid": kid}
        if kid in ("", None):
            continue  # absent: all keys are tried
        stops(stage, up, "ID token: ")


def test_ecdsa_signatures_that_are_none(stage):
    """H16."""
    up = stage.up("es256")
    up.keys = [Key("ES256")]
    up.key = up.keys[0]
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

    def two(r, s, size=32):
        return lambda text: r.to_bytes(size, "big") + s.to_bytes(size, "big")

    def der(text):
        whole = up.key.sign(text)
        return utils.encode_dss_signature(int.from_bytes(whole[:32], "big"), int.from_bytes(whole[32:], "big"))

    for make in (two(0, 0), two(0, 1), two(1, 0), two(order, order), two(order, 1), two(1, order), two(1, 1),
                 two(2**256 - 1, 2**256 - 1), der, lambda text: up.key.sign(text)[:-1],
                 lambda text: up.key.sign(text) + b"\0", lambda text: b"\0" * 63, lambda text: b"\0" * 132,
                 Key("ES384").sign, two(0, 0, 48)):
        up.finish_token = with_signature(make)
        stops(stage, up, "the signature does not fit")
    up.finish_token = lambda token: token
    stage.accepted(up)


def test_a_key_on_another_curve_is_no_key_for_es256(stage):
    """H16."""
    up = stage.up("es256")
    key = Key("ES384", kid="p384")
    up.keys = [key]
    up.jwks = {"keys": [key.public(alg=GONE)]}
    up.header = {"alg": "ES256", "kid": "p384"}
    up.finish_token = with_signature(lambda text: key.sign(text, "ES384"))
    stops(stage, up, "ID token")


def number(value):
    return b64(value.to_bytes((value.bit_length() + 7) // 8 or 1, "big"))


def refused_key(stage, members, alg="RS256"):
    """A provider whose only key is that one."""
    up = stage.fresh()
    up.jwks = {"keys": [dict(members, kid=up.key.kid)]}
    began = time.monotonic()
    answer = stage.login(up)
    assert answer.status == 502 and stage.session is not None, answer
    assert "key set" in stage.why(answer) or "ID token" in stage.why(answer), stage.why(answer)
    assert time.monotonic() - began < 1 * SLOW, "a bad key took its time"


def test_rsa_keys_that_are_too_small_too_large_or_odd_are_refused(stage):
    """H17."""
    n = int.from_bytes(base64.urlsafe_b64decode(Key().public()["n"] + "=="), "big")
    for modulus, exponent in ((2**511 + 1, 65537), (2**1023 + 1, 65537), (2**16383 + 1, 65537), (2**40000 + 1, 65537),
                              (n, 1), (n, 3), (n, 2**2047 + 1), (n, 65536), (n, 0), (n + 1, 65537), (0, 65537), (1, 1)):
        refused_key(stage, {"kty": "RSA", "n": number(modulus), "e": number(exponent)})


def test_points_that_are_on_no_curve_are_refused(stage):
    """H18."""
    good = Key("ES256").public(alg=GONE)
    p = 2**256 - 2**224 + 2**192 + 2**96 - 1
    for over in ({"y": good["x"]}, {"x": b64(b"\0" * 32), "y": b64(b"\0" * 32)}, {"x": b64(b"\xff" * 32)},
                 {"x": number(p)}, {"x": good["x"][:-2]}, {"x": good["x"] + "AA"}, {"y": ""}, {"x": 7},
                 {"crv": "P-384"}, {"crv": "secp256k1"}, {"crv": "P-192"}, {"crv": ""}):
        refused_key(stage, dict(good, **over))


def test_base64url_is_read_to_the_letter(stage, up):
    """H19."""

    def change(position, how):
        def finish(token):
            parts = token.split(".")
            parts[position] = how(parts[position])
            return ".".join(parts)

        return finish

    for position in range(3):
        for how in (lambda part: part + "=", lambda part: part + "==", lambda part: " " + part,
                    lambda part: part + "A" * (1 + (-len(part) - 1) % 4 == 1)
                    + "+", lambda part: part.replace(part[3], "/", 1), lambda part: part + "~", lambda part: ""):
            up.finish_token = change(position, how)
            stops(stage, up, "ID token: ")
        for how in (lambda part: part + "\n", lambda part: part[:5] + "\r\n" + part[5:]):
            up.finish_token = change(position, how)
            stops(stage, up, "characters that no token may have")
    for finish in (lambda token: token + ".", lambda token: token.rpartition(".")[0], lambda token: "." + token,
                   lambda token: token.split(".")[1], lambda token: token + "." + token.split(".")[2],
                   lambda token: "..", lambda token: "...", lambda token: "a.b.c", lambda token: " " + token):
        up.finish_token = finish
        stops(stage, up, "ID token: ")


def test_trailing_bits_of_base64url_are_zero(stage, up):
    """H19: a signature has one spelling."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    def next_letter(token):
        return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]

    up.finish_token = next_letter  # 256 bytes leave four bits over
    stops(stage, up, "not base64url")


def test_a_token_that_is_no_text_or_no_object_is_refused(stage, up):
    for token in (7, None, [], {}, True):
        up.token = {"id_token": token}
        stage.refused(up, "ID token")
    up.token = {}
    for claims in (b"[]", b'"text"', b"7", b"null", b"", b"{", b'{"a":1}x', b'{"sub":"a","sub":"b"}', b"\xff\xfe",
                   b"[" * 5000 + b"]" * 5000, b'{"a":' * 100 + b"1" + b"}" * 100):
        up.finish_token = lambda token, claims=claims: compact({"alg": "RS256", "kid": up.key.kid}, claims, up.key.sign)
        stops(stage, up, "ID token: ")
    for header in (b"[]", b"null", b"", b"{", b'{"alg":"RS256","alg":"none"}', b'{"alg":"RS256"}x'):
        up.finish_token = lambda token, header=header: compact(header, {}, up.key.sign)
        stops(stage, up, "ID token: ")


def test_a_very_long_token_is_refused_before_work_is_done(stage, up):
    """W03."""
    up.claims = {"filler": "x" * 200_000}
    began = time.monotonic()
    stops(stage, up, "too long")
    assert time.monotonic() - began < 1 * SLOW


def test_subjects_are_kept_to_the_byte_or_refused(stage, up):
    """H21."""
    for sub in (7, "", None, [], {"a": 1}, True, "x" * 256, "x" * 300, "a\0b", 1.5):
        up.claims = {"sub": sub}
        up.userinfo = {"sub": sub}
        stage.refused(up, "")
    up.finish_token = lambda token: compact({"alg": "RS256", "kid": up.key.kid},
                                            json.dumps(up.good_claims(up.last)).replace("alice-at-plain",
                                                                                        "\\ud800").encode(),
                                            up.key.sign)
    stops(stage, up, "ID token: ")
    up.behave()
    accounts = set()
    for sub in ("x" * 255, "x" * 254, "Alice", "alice", "alice ", " alice", "\u00e4lice", "a\u0308lice",
                "\U0001f600", "a'b\"c", "%00"):
        up.person["sub"] = sub
        session = stage.accepted(up)
        assert session["idp_sub"] == sub
        accounts.add(session["sub"])
    assert len(accounts) == 11, "two people became one"


def test_an_encrypted_token_is_refused_before_any_work(stage, up):
    """H22."""
    for header in ({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2**31 - 1, "p2s": "AAAA"},
                   {"alg": "RSA1_5", "enc": "A128CBC-HS256"}, {"alg": "dir", "enc": "A256GCM", "zip": "DEF"}):
        up.finish_token = lambda token, header=header: ".".join([b64(json.dumps(header)), "AAAA", "AAAA",
                                                                 "AAAA", "AAAA"])
        began = time.monotonic()
        stops(stage, up, "three parts")
        assert time.monotonic() - began < 1 * SLOW


def test_a_tenant_that_is_not_on_the_list_is_refused(stage):
    """H23."""
    up = stage.up("tenants")
    url = up.server.url
    for tid in ("tenant-a", "tenant-b"):
        up.claims = {"iss": f"{url}/{tid}/v2", "tid": tid}
        stage.accepted(up)
    for iss, tid in ((f"{url}/tenant-c/v2", "tenant-c"), (f"{url}/tenant-b/v2", "tenant-a"), (f"{url}//v2", ""),
                     (f"{url}/tenant-a tenant-b/v2", "tenant-a tenant-b"), (f"{url}/tenant-a/../x/v2", "tenant-a/../x"),
                     (f"{url}/{{tid}}/v2", GONE), (f"{url}/7/v2", 7), (f"{url}/tenant-a/v2", GONE),
                     (f"{url}/TENANT-A/v2", "TENANT-A"), (f"{url}/tenant/v2", "tenant")):
        up.claims = {"iss": iss, "tid": tid}
        stops(stage, up, "iss is")


def test_all_tenants_may_come_in_where_the_operator_says_so(stage):
    """H23."""
    up = stage.up("any-tenant")
    up.claims = {"iss": f"{up.server.url}/anybody/v2", "tid": "anybody"}
    stage.accepted(up)
    up.claims = {"iss": f"{up.server.url}/a/b/v2", "tid": "a/b"}
    stops(stage, up, "iss is")


def problems(up, **over):
    """What `cardea check` says of a configuration with that provider."""
    hub = Hub({"providers": {up.name: up.settings(**over)}}, simulate=(), start=False)
    hub.write_config()
    try:
        return subprocess.run([CARDEA, "check", "--config", hub.config_file], capture_output=True, text=True)
    finally:
        shutil.rmtree(hub.folder)


def test_a_provider_that_would_let_everybody_in_or_nobody_is_a_mistake_of_configuration(up):
    """H01, H23: which tenants come in is said, and no algorithm is taken that anybody could use."""
    assert problems(up).returncode == 0
    done = problems(up, issuers=["https://id.test/{tid}"])
    assert done.returncode == 2 and "issuer_values" in done.stderr, done
    assert problems(up, issuers=["https://id.test/{tid}"], parameters={"issuer_values": "a"}).returncode == 0
    for alg in ("none", "HS384", "HS512", "RS265", ""):
        done = problems(up, id_token_algs=["RS256", alg])
        assert done.returncode == 2, (alg, done)


def test_the_same_subject_of_two_tenants_is_two_people(stage):
    """H23, I07: a subject is unique at its issuer, not at all tenants of a provider together."""
    up = stage.up("tenants")
    accounts = set()
    for tid in ("tenant-a", "tenant-b", "tenant-a"):
        up.claims = {"iss": f"{up.server.url}/{tid}/v2", "tid": tid, "sub": "1"}
        up.userinfo = {"sub": "1"}
        accounts.add(stage.accepted(up)["sub"])
    assert len(accounts) == 2


def test_tokens_for_other_purposes_are_no_id_tokens(stage, up):
    """H24."""
    event = {"http://schemas.openid.net/event/backchannel-logout": {}}
    up.claims = {"events": event}
    stops(stage, up, "it is a logout token")
    up.claims = {}
    for typ in ("logout+jwt", "at+jwt", "application/at+jwt", "dpop+jwt", "secevent+jwt", "JOSE", "jwt+x"):
        up.header = {"typ": typ}
        stops(stage, up, "its type is")
    for typ in ("JWT", "jwt"):
        up.header = {"typ": typ}
        stage.accepted(up)
    up.header = {"typ": 7}
    stops(stage, up, "typ is no string")


def test_an_id_token_is_no_access_token_of_ours(stage, up):
    """H24, the other way round."""
    stage.accepted(up)
    for token in (up.last["id_token"], up.last["access_token"]):
        bearer = {"Authorization": "Bearer " + token}
        assert stage.hub.get("/oauth2/userinfo", headers=bearer).status == 401
        about = stage.hub.post("/oauth2/introspect", {"token": token}, headers=stage.hub.basic("app"))
        assert about.json == {"active": False}
    answer = stage.hub.authorize(prompt="none", id_token_hint=up.last["id_token"])
    assert answer.query.get("error") in ("login_required", "invalid_request"), answer


def test_a_reply_without_an_id_token_is_no_login(stage, up):
    up.token = {"id_token": GONE}
    stage.refused(up, "the token reply has no ID token")
    up.token = {"id_token": ""}
    stage.refused(up, "ID token")
    assert request(stage.hub.admin + "/healthz").status == 200
