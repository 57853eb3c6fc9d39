"""Tokens as they are shown to us: group J of the attack catalogue."""


import time

import pytest
from hub import Hub, claims, request
from watch import is_error, talk, watched

CONFIG = {
    "clients": {
        "signed": {
            "client_secret": "the secret of the signed app, long",
            "redirect_uris": ["https://signed.test/callback"],
            "grant_types": ["authorization_code", "client_credentials"],
            "access_token": "jwt",
            "scope": "openid profile email read",
        },
        "rsa": {
            "client_secret": "the secret of the rsa app, long too",
            "redirect_uris": ["https://rsa.test/callback"],
            "access_token": "jwt",
            "id_token_signed_response_alg": "RS256",
        },
    },
    "claims": {"login_name": "/preferred_username"},
}
PATH = "/oauth2/userinfo"


@pytest.fixture(scope="module")
def hub():
    with Hub(CONFIG) as hub, watched(hub):
        yield hub


@pytest.fixture(autouse=True)
def all_is_well(hub):
    yield
    hub.watch.check()


@pytest.fixture(scope="module")
def tokens(hub):
    return hub.tokens(scope="openid profile email offline_access")


def show(hub, token, scheme="Bearer", **more):
    return hub.get(PATH, headers={"Authorization": f"{scheme} {token}"}, **more)


def is_challenged(answer, error, status):
    """RFC 6750, 3: the challenge says what the body says."""
    is_error(answer, error, status)
    assert f'error="{error}"' in answer.header("WWW-Authenticate"), answer
    assert answer.header("WWW-Authenticate").startswith('Bearer realm="'), answer
    return answer


def test_three_ways_to_show_a_token(hub, tokens):
    """oidcc-userinfo-get, -post-header, -post-body, J04: the scheme in any case"""
    bearer = {"Authorization": "Bearer " + tokens["access_token"]}
    answers = [hub.get(PATH, headers=bearer), hub.post(PATH, {}, headers=bearer),
               hub.post(PATH, {"access_token": tokens["access_token"]}), show(hub, tokens["access_token"], "bEaReR"),
               show(hub, tokens["access_token"], "BEARER")]
    for answer in answers:
        assert answer.status == 200 and answer.json == answers[0].json, answer
        assert answer.json["sub"] == claims(tokens["id_token"])["sub"]


def test_without_a_token_there_is_a_challenge_and_no_error(hub):
    """J01, 5.E test_userinfo_no_auth"""
    for headers in ({}, {"Authorization": "Basic YXBwOng="}, {"Authorization": "Digest x"},
                    {"Cookie": "access_token=x"}):
        for answer in (hub.get(PATH, headers=headers), hub.post(PATH, {}, headers=headers)):
            assert answer.status == 401 and answer.body == b"", answer
            assert answer.header("WWW-Authenticate") == f'Bearer realm="{hub.issuer}"', answer


@pytest.mark.parametrize("token", ["x", "cat_", "cat_" + "A" * 65, "cat_" + "A" * 64, "cat_" + "A" * 66,
                                   "crt_" + "A" * 65 + ".1", "cac_" + "A" * 65, "a.b.c",
                                   "eyJhbGciOiJub25lIn0.e30.", "." * 300, "A" * 15000, "~"])
def test_a_bad_token_is_invalid(hub, token):
    """J01, 5.E test_userinfo_wrong_auth"""
    is_challenged(show(hub, token), "invalid_token", 401)
    is_challenged(hub.post(PATH, {"access_token": token}), "invalid_token", 401)


def test_what_is_no_b64token_is_malformed(hub):
    """J01: RFC 6750, 2.1 and 3.1"""
    is_challenged(show(hub, "="), "invalid_request", 400)
    is_challenged(hub.post(PATH, {"access_token": "="}), "invalid_token", 401)


@pytest.mark.parametrize("change", [
    lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"), lambda token: token[:-1], lambda token: token + "A",
    lambda token: token.swapcase(), lambda token: token[4:], lambda token: token.replace("cat_", "cac_"),
    lambda token: "cat_" + "A" * 22 + token[26:]])
def test_a_token_that_is_not_quite_right_is_invalid(hub, tokens, change):
    """J01"""
    is_challenged(show(hub, change(tokens["access_token"])), "invalid_token", 401)
    assert show(hub, tokens["access_token"]).status == 200


def test_a_token_without_openid_reaches_not_far_enough(hub):
    """J01, 3.6, 5.E test_userinfo_token_no_openid_scope"""
    token = hub.tokens(scope="profile email")["access_token"]
    is_challenged(show(hub, token), "insufficient_scope", 403)


def test_a_token_in_the_url_is_refused(hub, tokens):
    """J02: though it is good, and beside a good header as well"""
    is_error(hub.get(PATH + "?access_token=" + tokens["access_token"]), "invalid_request")
    answer = show(hub, tokens["access_token"])
    assert answer.status == 200
    url = hub.url(PATH, access_token=tokens["access_token"])
    is_error(request(url, headers={"Authorization": "Bearer " + tokens["access_token"]}), "invalid_request")
    is_error(request(url, "POST", form={"access_token": tokens["access_token"]}), "invalid_request")


def test_one_token_at_a_time(hub, tokens):
    """J03: header and body, or two in the body"""
    token = tokens["access_token"]
    bearer = {"Authorization": "Bearer " + token}
    is_error(hub.post(PATH, {"access_token": token}, headers=bearer), "invalid_request")
    is_error(hub.post(PATH, {"access_token": "x"}, headers=bearer), "invalid_request")
    is_error(hub.post(PATH, [("access_token", token), ("access_token", token)]), "invalid_request")
    is_error(hub.post(PATH, [("access_token", "x"), ("access_token", token)]), "invalid_request")


def test_two_authorization_headers_are_refused(hub, tokens):
    """J03"""
    good = "Authorization: Bearer " + tokens["access_token"]
    for lines in (f"{good}\r\n{good}", f"{good}\r\nAuthorization: Bearer x", f"Authorization: Bearer x\r\n{good}",
                  f"Authorization: Basic YTpi\r\n{good}"):
        said = talk(hub, f"GET {PATH} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}\r\n\r\n".encode())
        assert said[:13] in (b"HTTP/1.1 400 ", b"HTTP/1.1 401 ") and b'"sub"' not in said, said[:400]


@pytest.mark.parametrize("form",
                         ["Bearer  {}", "Bearer\t{}", "Bearer {} x", "Bearer {},", "Bearer {};x=y", "Bearer", "Bearer ",
                          "Bearer{}", 'Bearer "{}"', "Bearer token={}", "{}", "Bearer Bearer {}", "Bearer {}\\"])
def test_a_header_must_be_as_the_rfc_writes_it(hub, tokens, form):
    """J03, 5.A test_fake_bearer_is_not_validated"""
    answer = hub.get(PATH, headers={"Authorization": form.format(tokens["access_token"])})
    assert answer.status in (400, 401) and "sub" not in answer.text, answer


@pytest.mark.parametrize("token", ["\0", "a\0b", "\u00e4", "a b", 'a"b'])
def test_bytes_that_no_token_has_are_refused(hub, token):
    """J03, 5.G"""
    answer = hub.post(PATH, {"access_token": token})
    is_error(answer, "invalid_token", 401)
    assert '\\"' not in answer.header("WWW-Authenticate")


def test_a_token_is_not_used_as_what_it_is_not(hub, tokens):
    """J06, H24: ID token, refresh token, a code, and a client's own token"""
    for name in ("id_token", "refresh_token"):
        is_challenged(show(hub, tokens[name]), "invalid_token", 401)
    answer, _ = hub.code()
    is_challenged(show(hub, answer.query["code"]), "invalid_token", 401)
    for client in ("app", "signed"):
        own = hub.token(client, grant_type="client_credentials").json["access_token"]
        is_challenged(show(hub, own), "insufficient_scope", 403)


@pytest.mark.parametrize("client", ["signed", "rsa"])
def test_a_signed_token_is_looked_at_from_all_sides(hub, client):
    """J06, RFC 9068, 4: signature, type, issuer, and whether it still lives here"""
    token = hub.tokens(client=client)["access_token"]
    assert show(hub, token).status == 200
    head, body, signature = token.split(".")
    other = hub.tokens(client=client)["access_token"].split(".")
    changed = signature[:-2] + ("AQ" if signature.endswith("AA") else "AA")
    for bad in (f"{head}.{body}.{other[2]}", f"{head}.{other[1]}.{signature}", f"{head}.{body}.", f"{head}.{body}",
                f"{head}.{body}.{signature}.", f".{body}.{signature}", f"{head}.{body}.{changed}",
                f"{head}.{body}.{signature}="):
        is_challenged(show(hub, bad), "invalid_token", 401)
    is_challenged(show(hub, f"{head}=.{body}.{signature}"), "invalid_request", 400)


def test_a_dpop_scheme_does_not_make_a_bearer_token_good(hub, tokens):
    """J05: as far as it exists"""
    answer = show(hub, tokens["access_token"], "DPoP")
    assert answer.status == 401 and "sub" not in answer.text


@pytest.mark.parametrize("scope, told", [
    ("openid", set()),
    ("openid email", {"email", "email_verified"}),
    ("openid profile", {"name", "preferred_username", "picture", "profile"}),
    ("openid profile email", {"name", "preferred_username", "picture", "profile", "email", "email_verified"})])
def test_what_is_told_depends_on_the_scope(hub, scope, told):
    """oidcc-scope-*, 5.E test_scope_*: the same at userinfo and in the ID token"""
    tokens = hub.tokens(scope=scope)
    always = {"sub", "idp", "idp_sub", "login_name"}
    info = show(hub, tokens["access_token"]).json
    assert told <= set(info) and always <= set(info), info
    standard = {"name", "given_name", "family_name", "nickname", "preferred_username", "profile", "picture", "website",
                "gender", "birthdate", "zoneinfo", "locale", "updated_at", "email", "email_verified", "groups"}
    allowed = told | ({"given_name", "family_name", "nickname", "website", "gender", "birthdate", "zoneinfo", "locale",
                       "updated_at"} if "profile" in scope else set())
    assert set(info) & standard <= allowed, info
    identity = claims(tokens["id_token"])
    assert {name: identity.get(name) for name in info} == info


def test_other_methods_and_bodies_are_refused(hub, tokens):
    """A21, D08"""
    bearer = {"Authorization": "Bearer " + tokens["access_token"]}
    for method in ("PUT", "DELETE", "PATCH", "TRACE"):
        answer = request(hub.issuer + PATH, method, headers=bearer)
        assert answer.status == 405 and answer.header("Allow") == "GET, HEAD, POST", answer
    answer = request(hub.issuer + PATH, "POST", headers={"Content-Type": "application/json"},
                     body='{"access_token":"%s"}' % tokens["access_token"])
    assert answer.status == 415, answer


def test_a_token_dies_at_its_time():
    """J01, 5.E test_userinfo_token_expired, 5.C test_expires_bear_token: opaque and signed"""
    with Hub({"lifetimes": {"access_token": "1s"}, "clients": CONFIG["clients"]}) as hub, watched(hub):
        living = [hub.tokens(client=client)["access_token"] for client in ("app", "signed", "rsa")]
        time.sleep(2.1)
        for token in living:
            is_challenged(show(hub, token), "invalid_token", 401)
            about = hub.post("/oauth2/introspect", {"token": token}, headers=hub.basic("app"))
            assert about.json == {"active": False}
        assert hub.tokens()["expires_in"] == 1


def test_the_token_of_another_hub_is_none_of_ours(hub):
    """L03, H24: another issuer with keys of its own"""
    with Hub({"clients": CONFIG["clients"]}) as other:
        for client in ("app", "signed"):
            is_challenged(show(hub, other.tokens(client=client)["access_token"]), "invalid_token", 401)


def test_a_query_beside_a_token_means_nothing(hub, tokens):
    """J02: unknown parameters are not tokens"""
    answer = request(hub.url(PATH, schema="openid", alt="json"),
                     headers={"Authorization": "Bearer " + tokens["access_token"]})
    assert answer.status == 200
