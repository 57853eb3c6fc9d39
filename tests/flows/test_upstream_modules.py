"""The modules of the OpenID conformance suite in which the suite plays the provider, by their names.

"Stops" means: no userinfo call, no session; the module of the suite would fail if we went on.
"""

import time

import pytest
from upstream import GONE, Browser, Key, Stage, compact, half_hash, hs256


@pytest.fixture(scope="module")
def stage():
    providers = {
        "plain": lambda up: up.settings(),
        "post": lambda up: up.settings(token_auth="post"),
        "odd": lambda up: up.settings(client_id="an id: with/odd +%signs", client_secret="a secret: with/odd +%signs"),
        "body": lambda up: up.settings(api_token="body", userinfo_method="POST"),
        "es256": lambda up: up.settings(id_token_algs=["ES256"]),
        "explicit": lambda up: up.settings(authorize_url=up.url("/authorize"), token_url=up.url("/token"),
                                           jwks_url=up.url("/jwks"), userinfo_url=up.url("/userinfo")),
    }
    with Stage(providers, spare=12) as stage:
        yield stage


def stops(stage, up, reason):
    before = len(up.calls("/userinfo"))
    stage.refused(up, reason)
    assert len(up.calls("/userinfo")) == before, "it went on to the userinfo endpoint"


def test_oidcc_client_test(stage):
    up = stage.fresh()
    visit = stage.visit(up)
    asked = visit.asked
    assert asked["response_type"] == "code" and asked["client_id"] == up.client_id
    assert asked["redirect_uri"] == f"{stage.hub.issuer}/callback/{up.name}"
    assert asked["scope"] == "openid profile email"
    assert len(asked["state"]) >= 22 and len(asked["nonce"]) >= 22
    assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43
    assert visit.back().status == 303

    session = stage.session(visit.browser)
    assert session["idp"] == up.name and session["idp_sub"] == up.person["sub"], session
    token = up.calls("/token")[0]
    assert token.method == "POST" and not token.pairs
    assert token.form == {"grant_type": "authorization_code", "code": up.last["code"],
                          "redirect_uri": asked["redirect_uri"], "code_verifier": token.form["code_verifier"]}
    userinfo = up.calls("/userinfo")[0]
    assert userinfo.authorization == ("Bearer", up.last["access_token"])
    assert not userinfo.pairs and not userinfo.body
    assert [asked.path for asked in up.asked] == ["/.well-known/openid-configuration", "/authorize", "/token", "/jwks",
                                                  "/userinfo"]


def test_oidcc_client_test_scope_userinfo_claims(stage):
    up = stage.up("plain")
    up.userinfo = {"name": "Alice of the userinfo reply", "preferred_username": "alice", "email": "a@x.test"}
    session = stage.accepted(up)
    assert session["name"] == "Alice of the userinfo reply" and session["preferred_username"] == "alice"
    assert session["email"] == "a@x.test" and session["email_verified"] is True


def test_claims_that_only_the_id_token_has_are_taken_too(stage):
    up = stage.up("plain")
    up.claims = {"name": "Alice of the ID token", "picture": "https://x.test/alice.png"}
    up.userinfo = {"name": GONE}
    session = stage.accepted(up)
    assert session["name"] == "Alice of the ID token" and session["picture"] == "https://x.test/alice.png"


def test_oidcc_client_test_client_secret_basic(stage):
    """With characters that RFC 6749, 2.3.1 has encoded."""
    up = stage.up("odd")
    up.client_id, up.client_secret = "an id: with/odd +%signs", "a secret: with/odd +%signs"
    stage.accepted(up)
    asked = up.calls("/token")[-1]
    assert asked.basic == (up.client_id, up.client_secret) and "client_secret" not in asked.params


def test_oidcc_client_test_client_secret_post(stage):
    up = stage.up("post")
    stage.accepted(up)
    asked = up.calls("/token")[-1]
    assert asked.form["client_secret"] == up.client_secret and not asked.pairs and asked.basic is None


def test_oidcc_client_test_userinfo_bearer_body(stage):
    up = stage.up("body")
    stage.accepted(up)
    asked = up.calls("/userinfo")[-1]
    assert asked.method == "POST" and asked.form == {"access_token": up.last["access_token"]}
    assert not asked.pairs and "authorization" not in asked.headers


def test_oidcc_client_test_invalid_iss(stage):
    up = stage.up("plain")
    up.claims = {"iss": "https://elsewhere.test/"}
    stops(stage, up, "iss is")


def test_oidcc_client_test_missing_sub(stage):
    up = stage.up("plain")
    up.claims = {"sub": GONE}
    stops(stage, up, "sub is missing")


def test_oidcc_client_test_invalid_aud(stage):
    up = stage.up("plain")
    up.claims = {"aud": "another client"}
    stops(stage, up, "aud does not name this client")


def test_oidcc_client_test_missing_aud(stage):
    up = stage.up("plain")
    up.claims = {"aud": GONE}
    stops(stage, up, "aud does not name this client")


def test_oidcc_client_test_missing_iat(stage):
    up = stage.up("plain")
    up.claims = {"iat": GONE}
    stops(stage, up, "exp or iat is missing")


def test_oidcc_client_test_nonce_invalid(stage):
    up = stage.up("plain")
    up.claims = {"nonce": "another nonce"}
    stops(stage, up, "nonce is not the one")


def test_oidcc_client_test_invalid_sig_rs256(stage):
    up = stage.up("plain")
    up.key = Key(number=1, kid=up.key.kid)
    stops(stage, up, "the signature does not fit")


def test_oidcc_client_test_invalid_sig_es256(stage):
    up = stage.up("es256")
    up.keys = [Key("ES256")]
    up.key = up.keys[0]
    stage.accepted(up)
    up.key = Key("ES256", 1, kid=up.keys[0].kid)
    stops(stage, up, "the signature does not fit")


def test_oidcc_client_test_invalid_sig_hs256(stage):
    """We take no HS256 at all: neither with the client secret nor with any other."""
    up = stage.up("plain")
    for secret in (up.client_secret, "another secret"):
        up.header = {"alg": "HS256", "kid": GONE}
        up.finish_token = lambda token, secret=secret: token.rpartition(".")[0] + "." + compact(
            {"alg": "HS256"}, {}, lambda _: hs256(secret)(token.rpartition(".")[0].encode())).rpartition(".")[2]
        stops(stage, up, "the algorithm is not one that is accepted")


def test_oidcc_client_test_idtoken_sig_none(stage):
    up = stage.up("plain")
    up.header = {"alg": "none", "kid": GONE}
    up.finish_token = lambda token: token.rpartition(".")[0] + "."
    stops(stage, up, "ID token")


def test_oidcc_client_test_kid_absent_single_jwks(stage):
    up = stage.fresh()
    up.header = {"kid": GONE}
    stage.accepted(up)


def test_oidcc_client_test_kid_absent_multiple_jwks(stage):
    """All keys that fit are tried, of which there are few."""
    up = stage.fresh()
    up.keys = [Key(number=1), Key("ES256"), Key(number=0)]
    up.key = up.keys[2]
    up.header = {"kid": GONE}
    stage.accepted(up)


def test_oidcc_client_test_userinfo_invalid_sub(stage):
    up = stage.up("plain")
    up.userinfo = {"sub": "somebody else"}
    stage.refused(up, "userinfo speaks of another person")


def test_oidcc_client_test_discovery_openid_config(stage):
    """What the document says is what is used."""
    up = stage.fresh()
    up.metadata = {"authorization_endpoint": up.url("/authorize?tenant=1"), "token_endpoint": up.url("/elsewhere"),
                   "userinfo_endpoint": up.url("/who")}
    up.replies = {"/elsewhere": up.serve_token, "/who": up.serve_userinfo}
    visit = stage.visit(up)
    assert visit.asked["tenant"] == "1" and visit.asked["client_id"] == up.client_id
    assert visit.back().status == 303
    assert up.calls("/elsewhere") and up.calls("/who") and not up.calls("/token") and not up.calls("/userinfo")


def test_oidcc_client_test_discovery_jwks_uri_keys(stage):
    up = stage.fresh()
    up.metadata = {"jwks_uri": up.url("/keys/2026")}
    up.replies = {"/keys/2026": up.serve_jwks}
    stage.accepted(up)
    assert up.calls("/keys/2026") and not up.calls("/jwks")


def test_oidcc_client_test_discovery_issuer_mismatch(stage):
    up = stage.fresh()
    up.metadata = {"issuer": up.issuer + "/"}
    answer = Browser().get(stage.hub.url(f"/login/{up.name}"))
    assert answer.status == 502 and answer.location is None
    assert not up.calls("/authorize")


def test_with_all_endpoints_configured_no_discovery_is_made(stage):
    up = stage.up("explicit")
    stage.accepted(up)
    assert not up.calls("/.well-known/openid-configuration")


def test_oidcc_client_test_signing_key_rotation(stage):
    up = stage.fresh()
    stage.accepted(up)
    up.keys = [Key(number=1), Key(number=0)]
    up.key = up.keys[0]
    stage.accepted(up)
    assert len(up.calls("/jwks")) == 2


def test_oidcc_client_test_signing_key_rotation_just_before_signing(stage):
    up = stage.fresh()
    stage.accepted(up)

    def rotate(asked):
        up.keys = [Key(number=2)]
        up.key = up.keys[0]
        return up.serve_token(asked)

    up.replies = {"/token": rotate}
    stage.accepted(up)
    assert len(up.calls("/jwks")) == 2


# -- FAPI 2.0, the client's side ----------------------------------------------------------------------


def test_fapi2_iss_in_the_authorization_response(stage):
    up = stage.fresh()
    up.metadata = {"authorization_response_iss_parameter_supported": True}
    stage.accepted(up)
    for wrong in (up.issuer + "/", up.issuer.upper(), "https://elsewhere.test", "", GONE):
        up.redirect = {"iss": wrong}
        stage.refused(up, "the answer ", status=400)
    assert len(up.calls("/token")) == 1


def test_fapi2_wrong_and_missing_state_in_the_authorization_response(stage):
    up = stage.up("plain")
    before = len(up.calls("/token"))
    for wrong in (GONE, "", "another state", "A" * 32):
        visit = stage.visit(up)
        answer = visit.back(visit.change(state=wrong))
        assert answer.status == 400 and stage.session(visit.browser) is None, answer
    assert len(up.calls("/token")) == before


def test_fapi2_audiences(stage):
    """H05 too: an array of one is ours; others besides need an azp, and it is we."""
    up = stage.up("plain")
    up.claims = {"aud": lambda aud: [aud]}
    stage.accepted(up)
    up.claims = {"aud": lambda aud: [aud, "other"], "azp": up.client_id}
    stage.accepted(up)
    for aud, azp, reason in ((["other", up.client_id], GONE, "there is no azp"),
                             ([up.client_id, "other"], "other", "azp names another client"),
                             (up.client_id, "other", "azp names another client"),
                             (up.client_id, 7, "azp names another client"),
                             (["other"], up.client_id, "aud does not name"),
                             ([up.client_id, 7], up.client_id, "something that is no text"),
                             ([[up.client_id]], GONE, "something that is no text"),
                             ({up.client_id: 1}, GONE, "aud does not name"),
                             ([], GONE, "aud does not name"), (None, GONE, "aud does not name")):
        up.claims = {"aud": aud, "azp": azp}
        stops(stage, up, reason)


def test_fapi2_null_and_alternate_algorithms(stage):
    up = stage.up("plain")
    for alg in ("ES256", "PS256", "RS384", "EdDSA"):
        up.key = Key(alg, kid=up.keys[0].kid)
        stops(stage, up, "the algorithm is not one that is accepted")
    up.key = up.keys[0]
    up.header = {"alg": None}
    stops(stage, up, "header has no algorithm")


def test_fapi2_expired_and_missing_exp(stage):
    up = stage.up("plain")
    now = int(time.time())
    up.claims = {"exp": now - 600, "iat": now - 1200}
    stops(stage, up, "it has expired")
    for missing in (GONE, None, str(now + 600), [now + 600], True):
        up.claims = {"exp": missing}
        stops(stage, up, "exp or iat is missing or no time")


def test_fapi2_no_expires_in_and_token_types_in_any_case(stage):
    """G20."""
    up = stage.up("plain")
    for expires in (GONE, -1, 0, "3600", 1e300, 3600.5, "soon", None, [], 9223372036854775807, -9223372036854775808):
        up.token = {"expires_in": expires}
        stage.accepted(up)
    for type in ("bearer", "BEARER", "bEaReR"):
        up.token = {"token_type": type}
        stage.accepted(up)
    for type in ("mac", "DPoP", "N_A", "pop", "Bearer2", 7):
        up.token = {"token_type": type}
        stops(stage, up, "token of a type that cannot be used")


def test_at_hash_is_that_of_the_algorithm(stage):
    up = stage.up("es256")
    up.keys = [Key("ES256")]
    up.key = up.keys[0]
    stage.accepted(up)
    up.claims = {"at_hash": half_hash("another token")}
    stops(stage, up, "at_hash")


def test_a_token_may_be_signed_by_any_of_the_algorithms_that_were_allowed(stage):
    up = stage.up("es256")
    up.keys = [Key("ES256")]
    up.key = Key("RS256")
    stops(stage, up, "the algorithm is not one that is accepted")
