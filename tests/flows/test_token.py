"""The token endpoint: group D of the attack catalogue, and 5.C of the seeds' tests."""

import base64
import json
import time
import urllib.parse

import pytest
from hub import SLOW, Browser, Hub, claims, request
from jwcrypto import jwk, jwt
from watch import is_code, is_error, talk, timed, watched

CONFIG = {
    "clients": {
        "app": {"audience": ["https://api.test/", "https://more.test/"]},
        "spa": {
            "token_endpoint_auth_method": "none",
            "redirect_uris": ["https://spa.test/callback"],
            "cors_origins": ["https://spa.test"],
        },
        "codes": {
            "client_secret": "the secret of the app with codes only",
            "redirect_uris": ["https://codes.test/callback"],
            "grant_types": ["authorization_code"],
        },
        "machine": {
            "client_secret": "the secret of the machine, long too",
            "grant_types": ["client_credentials"],
            "scope": "openid offline_access read write",
            "audience": ["https://api.test/", "https://more.test/"],
            "access_token": "jwt",
        },
        "rsa": {
            "client_secret": "the secret of the rsa app, long too",
            "redirect_uris": ["https://rsa.test/callback"],
            "id_token_signed_response_alg": "RS256",
        },
        "eddsa": {
            "client_secret": "the secret of the eddsa app, long too",
            "redirect_uris": ["https://eddsa.test/callback"],
            "id_token_signed_response_alg": "EdDSA",
        },
        "quick": {
            "client_secret": "the secret of the quick app, long too",
            "redirect_uris": ["https://quick.test/callback"],
        },
    },
}


@pytest.fixture(scope="module")
def hub():
    with Hub(CONFIG) as hub, watched(hub):
        yield hub


@pytest.fixture(autouse=True)
def all_is_well(hub):
    yield
    hub.watch.check()


@pytest.fixture(scope="module")
def person(hub):
    return hub.login()


def new_code(hub, browser, client="app", **over):
    """(code, the form that redeems it)"""
    answer, pkce = hub.code(client=client, browser=browser, **over)
    code = is_code(answer)
    return code, {"grant_type": "authorization_code", "code": code, "code_verifier": pkce.verifier,
                  "redirect_uri": hub.client(client)["redirect_uris"][0]}


def raw_token(hub, body, headers=None):
    return request(hub.issuer + "/oauth2/token", "POST", headers=dict(hub.basic("app"), **(headers or {})), body=body)


# -- a code, once -------------------------------------------------------------------------------


def test_a_code_works_once_and_its_second_use_ends_what_the_first_gave(hub, person):
    """D01, oidcc-codereuse: access token dead, introspection inactive, refresh token dead"""
    _, form = new_code(hub, person, scope="openid offline_access")
    tokens = hub.token(**form).json
    bearer = {"Authorization": "Bearer " + tokens["access_token"]}
    assert hub.get("/oauth2/userinfo", headers=bearer).status == 200
    is_error(hub.token(**form), "invalid_grant")
    assert hub.get("/oauth2/userinfo", headers=bearer).status == 401
    for token in (tokens["access_token"], tokens["refresh_token"]):
        about = hub.post("/oauth2/introspect", {"token": token}, headers=hub.basic("app"))
        assert about.json == {"active": False}
    is_error(hub.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]), "invalid_grant")
    is_error(hub.token(**form), "invalid_grant")
    replay, = [line for line in hub.events("code_replayed") if "app" in line["message"]][-1:]
    assert form["code"] not in json.dumps(replay)


def test_a_code_used_again_after_its_life_still_ends_the_grant():
    """D01, oidcc-codereuse-30seconds, D04: the use is remembered as long as the tokens live"""
    with Hub({"lifetimes": {"code": "1s"}}) as hub, watched(hub):
        _, form = new_code(hub, Browser())
        tokens = hub.token(**form).json
        time.sleep(2.1)
        is_error(hub.token(**form), "invalid_grant")
        assert hub.get("/oauth2/userinfo", headers={"Authorization": "Bearer " + tokens["access_token"]}).status == 401
        _, form = new_code(hub, Browser())
        time.sleep(2.1)
        is_error(hub.token(**form), "invalid_grant")
        hub.watch.check()


def test_a_code_is_for_the_client_that_asked(hub, person):
    """D03, 5.C test_client_id_discrepancy: another one with its own good authentication spends it for nothing"""
    _, form = new_code(hub, person)
    is_error(hub.token("other", **form), "invalid_grant")
    is_error(hub.token(**form), "invalid_grant")
    _, form = new_code(hub, person)
    is_error(hub.token("public", **form), "invalid_grant")
    is_error(hub.token("public", **dict(form, client_secret="")), "invalid_grant")


@pytest.mark.parametrize("change", [
    lambda code: code[:-1] + ("A" if code[-1] != "A" else "B"), lambda code: code[:-1], lambda code: code + "\0",
    lambda code: code + "\n", lambda code: code + "A", lambda code: " " + code, lambda code: code.swapcase(),
    lambda code: code.replace("cac_", "cat_"), lambda code: code.replace("cac_", "crt_") + ".1", lambda code: code[4:],
    lambda code: code[:27], lambda code: code + "=", lambda code: code[:26] + "A" * 43,
    lambda code: code[:10] + "\0" + code[11:], lambda code: "cac_" + "A" * 65, lambda code: "x",
    lambda code: "x" * 60000, lambda code: code + "%00", lambda code: code[:30] + "\u00e4" + code[32:]])
def test_a_code_that_is_not_quite_right_is_refused(hub, person, change):
    """D05: and the right one still works, for nobody has shown that he knows it"""
    code, form = new_code(hub, person)
    is_error(hub.token(**dict(form, code=change(code))), "invalid_grant")
    assert hub.token(**form).status == 200


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_code_is_said_to_be_missing(hub, person, value):
    """5.C test_invalid_code"""
    _, form = new_code(hub, person)
    form = {name: value for name, value in dict(form, code=value).items() if value is not None}
    is_error(hub.token(**form), "invalid_request")


def test_no_other_token_is_a_code(hub, person):
    """D05, H24"""
    tokens = hub.tokens(browser=person, scope="openid offline_access")
    _, form = new_code(hub, person)
    for name in ("access_token", "refresh_token", "id_token"):
        is_error(hub.token(**dict(form, code=tokens[name])), "invalid_grant")


# -- the shape of a request ---------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "PATCH", "TRACE"])
def test_only_post_is_taken(hub, person, method):
    """D07, 3.6, 5.C test_invalid_request_method"""
    _, form = new_code(hub, person)
    answer = request(hub.url("/oauth2/token", **form), method, headers=hub.basic("app"))
    assert answer.status == 405 and answer.header("Allow") == "POST", answer
    assert hub.token(**form).status == 200


def test_parameters_do_not_belong_in_the_url(hub, person):
    """D07, 5.C test_invalid_post_request: code, secret or anything else"""
    _, form = new_code(hub, person)
    for query in (form, {"client_id": "app"}, {"client_secret": hub.client("app")["client_secret"]}, {"x": "y"}):
        answer = request(hub.url("/oauth2/token", **query), "POST", form=form, headers=hub.basic("app"))
        is_error(answer, "invalid_request")
    secret = {"client_id": "app", "client_secret": hub.client("app")["client_secret"]}
    is_error(request(hub.url("/oauth2/token", **secret), "POST", form=form), "invalid_request")
    assert hub.token(**form).status == 200


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", None, "", "x",
                                  "application/x-www-form-urlencoded; charset=utf-16",
                                  "application/x-www-form-urlencodedx",
                                  "application/x-www-form-urlencoded, application/json", ";", "/", "application/xml"])
def test_only_forms_are_read(hub, person, kind):
    """D08"""
    _, form = new_code(hub, person)
    headers = {"Content-Type": kind} if kind is not None else {}
    for body in (urllib.parse.urlencode(form), json.dumps(form)):
        answer = raw_token(hub, body.encode(), headers)
        assert answer.status == 415, answer
        is_error(answer, "invalid_request", 415)
    assert hub.token(**form).status == 200


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded",
                                  "application/x-www-form-urlencoded; charset=UTF-8",
                                  'application/x-www-form-urlencoded ;charset="utf-8"',
                                  "application/x-www-form-urlencoded;"])
def test_forms_may_be_called_what_they_are_called(hub, person, kind):
    """D08"""
    _, form = new_code(hub, person)
    assert raw_token(hub, urllib.parse.urlencode(form), {"Content-Type": kind}).status == 200


@pytest.mark.parametrize("name",
                         ["grant_type", "code", "redirect_uri", "code_verifier", "client_id", "scope", "whatever"])
@pytest.mark.parametrize("same", [True, False])
def test_no_parameter_may_stand_there_twice(hub, person, name, same):
    """D09, 5.C test_invalid_request_duplicates"""
    _, form = new_code(hub, person)
    pairs = list(dict({"client_id": "app", "scope": "openid", "whatever": "1"}, **form).items())
    value = dict(pairs)[name] if same else "another"
    for twice in (pairs + [(name, value)], [(name, value)] + pairs):
        is_error(hub.post("/oauth2/token", twice, headers=hub.basic("app")), "invalid_request")
    assert hub.token(**form).status == 200


@pytest.mark.parametrize("body", ["%", "grant_type=%", "grant_type=%zz", "a=%2", "&".join(f"a{n}" for n in range(200)),
                                  "a=1&" * 15000, b"\xff=%ff%"])
def test_a_broken_form_is_refused_fast(hub, body):
    """D13, 5.G bad percent-encoding"""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer, seconds = timed(lambda: raw_token(hub, body, headers))
    is_error(answer, "invalid_request")
    assert seconds < 0.5 * SLOW


def test_what_is_odd_but_clear_is_read(hub):
    """D13, R14: empty pieces and names without a value"""
    for body in ("&&grant_type=client_credentials&&", "=x&grant_type=client_credentials",
                 "grant_type=client_credentials&x", "grant_type=client_credentials&scope",
                 "&" * 30000 + "grant_type=client_credentials"):
        assert raw_token(hub, body, {"Content-Type": "application/x-www-form-urlencoded"}).status == 200, body[:60]
    # A semicolon separates nothing.
    body = "grant_type=client_credentials;scope=read"
    is_error(raw_token(hub, body, {"Content-Type": "application/x-www-form-urlencoded"}), "unsupported_grant_type")


def test_too_long_a_form_is_refused_unread(hub):
    """D13: a megabyte of nothing, and 70 000 pairs"""
    for body in (b"&" * 1000000, b"a=1&" * 70000):
        said, seconds = timed(lambda: talk(
            hub, b"POST /oauth2/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                 b"Content-Length: %d\r\n\r\n" % len(body) + body))
        assert said.startswith(b"HTTP/1.1 413 "), said[:200]
        assert seconds < 3 * SLOW


# -- grants -------------------------------------------------------------------------------------


@pytest.mark.parametrize("grant", ["password", "implicit", "urn:ietf:params:oauth:grant-type:device_code",
                                   "urn:ietf:params:oauth:grant-type:token-exchange", "AUTHORIZATION_CODE",
                                   "authorization_code ", "authorization_code\0",
                                   "urn:ietf:params:oauth:grant-type:jwt-bearer", "\u00e4", "grant" * 10000, "none"])
def test_an_unknown_grant_is_refused(hub, grant):
    """D10, 5.C test_unsupported_grant_type: the password grant among them"""
    is_error(hub.token(grant_type=grant, username="octocat", password="a password nobody has"),
             "unsupported_grant_type")


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_grant_is_said_to_be_missing(hub, value):
    """D10"""
    is_error(hub.token(**({} if value is None else {"grant_type": value})), "invalid_request")


def test_a_grant_is_for_clients_that_have_it(hub, person):
    """D10, D11, 5.C test_disallow_grant_type"""
    _, form = new_code(hub, person)
    is_error(hub.token("machine", **form), "unauthorized_client")
    is_error(hub.token("codes", grant_type="refresh_token", refresh_token="x"), "unauthorized_client")
    is_error(hub.token("codes", grant_type="client_credentials"), "unauthorized_client")
    is_error(hub.token("public", grant_type="client_credentials"), "unauthorized_client")
    # And the code of the first is still its own.
    assert hub.token(**form).status == 200


def test_a_client_without_the_refresh_grant_gets_no_refresh_token(hub, person):
    """5.C test_authorize_token_no_refresh_token"""
    _, form = new_code(hub, person, client="codes", scope="openid offline_access")
    tokens = hub.token("codes", **form).json
    assert "refresh_token" not in tokens and "access_token" in tokens


def test_a_machine_gets_nothing_that_only_people_have(hub):
    """D11: no ID token, no refresh token, no openid scope, and no right to ask for one"""
    tokens = hub.token("machine", grant_type="client_credentials").json
    assert set(tokens) == {"access_token", "token_type", "expires_in", "scope"} and tokens["scope"] == "read write"
    for scope in ("openid", "offline_access", "read openid", "bogus", 'read "', "read\0"):
        is_error(hub.token("machine", grant_type="client_credentials", scope=scope), "invalid_scope")
    assert hub.token("machine", grant_type="client_credentials", scope="write").json["scope"] == "write"
    answer = hub.get("/oauth2/userinfo", headers={"Authorization": "Bearer " + tokens["access_token"]})
    is_error(answer, "insufficient_scope", 403)


# -- resources ----------------------------------------------------------------------------------


def test_a_token_is_for_the_resources_that_were_asked_for(hub, person):
    """D15: RFC 8707; of a client itself"""
    both = hub.token("machine", grant_type="client_credentials").json["access_token"]
    assert claims(both)["aud"] == ["https://api.test/", "https://more.test/"]
    one = hub.token("machine", grant_type="client_credentials", resource="https://more.test/").json["access_token"]
    assert claims(one)["aud"] == "https://more.test/"
    for resource in ("https://evil.test/", "https://api.test", "relative", "https://api.test/#x"):
        is_error(hub.token("machine", grant_type="client_credentials", resource=resource), "invalid_target")


def audience_of(hub, token):
    about = hub.post("/oauth2/introspect", {"token": token}, headers=hub.basic("app")).json
    assert about["active"] is True, about
    return set([about["aud"]] if isinstance(about["aud"], str) else about["aud"])


def test_a_resource_outside_of_the_grant_is_refused(hub, person):
    """D15: what was granted at the authorization endpoint is the most there is, at the exchange and ever after"""
    _, form = new_code(hub, person, resource="https://api.test/", scope="openid offline_access")
    for resource in ("https://more.test/", "https://evil.test/"):
        is_error(hub.token(**dict(form, resource=resource)), "invalid_target")
    tokens = hub.token(**form).json
    assert audience_of(hub, tokens["access_token"]) == {"https://api.test/"}
    for resource in ("https://more.test/", "https://evil.test/"):
        is_error(hub.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"], resource=resource),
                 "invalid_target")
    again = hub.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"],
                      resource="https://api.test/").json
    assert audience_of(hub, again["access_token"]) == {"https://api.test/"}


def test_a_resource_narrows_the_one_token_and_not_the_grant(hub, person):
    """D15: RFC 8707, 2.2"""
    _, form = new_code(hub, person, scope="openid offline_access")
    tokens = hub.token(**dict(form, resource="https://more.test/")).json
    assert audience_of(hub, tokens["access_token"]) == {"https://more.test/"}
    both = hub.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json
    assert audience_of(hub, both["access_token"]) == {"https://api.test/", "https://more.test/"}
    one = hub.token(grant_type="refresh_token", refresh_token=both["refresh_token"], resource="https://api.test/").json
    assert audience_of(hub, one["access_token"]) == {"https://api.test/"}


# -- answers ------------------------------------------------------------------------------------


def test_answers_are_json_that_nobody_keeps(hub, person):
    """D12: the good ones and the bad ones, on every endpoint for programs; the watch looks at all of them"""
    tokens = hub.tokens(browser=person)
    bearer = {"Authorization": "Bearer " + tokens["access_token"]}
    answers = [hub.token(grant_type="client_credentials"), hub.token(grant_type="nonsense"),
               hub.post("/oauth2/token", {}), hub.post("/oauth2/introspect", {"token": "x"},
                                                       headers=hub.basic("app")), hub.post("/oauth2/introspect", {}),
               hub.post("/oauth2/revoke", {}), hub.get("/oauth2/userinfo", headers=bearer),
               hub.get("/oauth2/userinfo", headers={"Authorization": "Bearer x"}), hub.get("/oauth2/token")]
    for answer in answers:
        assert answer.header("Content-Type") == "application/json", answer
        assert answer.header("Cache-Control") == "no-store", answer
        assert isinstance(answer.json, dict)


def test_scope_and_life_are_told(hub, person):
    """5.C test_scope_preservation, test_scope_changed, 3.6 access token lifetime"""
    tokens = hub.tokens(browser=person, scope="email openid email")
    assert tokens["scope"] == "email openid" and tokens["expires_in"] == 3600 and tokens["token_type"] == "Bearer"


@pytest.mark.parametrize("client, alg", [("app", "ES256"), ("rsa", "RS256"), ("eddsa", "EdDSA")])
def test_an_id_token_holds_to_every_rule(hub, person, client, alg):
    """D16, oidcc-server, oidcc-idtoken-signature: verified with the published keys by another implementation"""
    began = int(time.time())
    tokens = hub.tokens(client=client, browser=person, nonce="the nonce", scope="openid")
    keys = jwk.JWKSet.from_json(hub.get("/oauth2/jwks").text)
    token = jwt.JWT(jwt=tokens["id_token"], key=keys, algs=[alg])
    head, body = json.loads(token.header), json.loads(token.claims)
    assert set(head) == {"alg", "kid"} and head["alg"] == alg and keys.get_key(head["kid"])
    assert body["iss"] == hub.issuer and body["aud"] == client and body["nonce"] == "the nonce"
    assert began - 5 <= body["iat"] <= time.time() + 5 and body["exp"] - body["iat"] == 3600
    assert body["auth_time"] <= body["iat"] and body["sub"] and len(body["sub"]) <= 255
    import hashlib
    digest = (hashlib.sha512 if alg == "EdDSA" else hashlib.sha256)(tokens["access_token"].encode()).digest()
    half = base64.urlsafe_b64encode(digest[:len(digest) // 2]).rstrip(b"=").decode()
    assert body["at_hash"] == half
    unasked = set(body) - {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid", "acr",
                           "amr", "idp", "idp_sub"}
    assert not unasked, unasked


def test_an_access_token_that_is_signed_says_what_it_is(hub):
    """RFC 9068: its type keeps it apart from ID tokens"""
    token = hub.token("machine", grant_type="client_credentials").json["access_token"]
    keys = jwk.JWKSet.from_json(hub.get("/oauth2/jwks").text)
    read = jwt.JWT(jwt=token, key=keys, algs=["ES256"])
    assert json.loads(read.header)["typ"] == "at+jwt"
    body = json.loads(read.claims)
    assert body["iss"] == hub.issuer and body["sub"] == body["client_id"] == "machine" and body["jti"]


# -- scripts of other origins -------------------------------------------------------------------


@pytest.mark.parametrize("path",
                         ["/oauth2/token", "/oauth2/userinfo", "/oauth2/revoke", "/oauth2/introspect", "/session"])
@pytest.mark.parametrize("origin", ["https://evil.test", "null", "https://spa.test.evil.test", "https://spa.test:444",
                                    "http://spa.test", "https://spa.test/", "HTTPS://SPA.TEST", "https://app.test"])
def test_scripts_of_strangers_may_read_nothing(hub, path, origin):
    """D18, 5.C test_create_cors_headers_*"""
    for method in ("POST", "OPTIONS", "GET"):
        answer = request(hub.issuer + path, method, headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
        assert not answer.all("Access-Control-Allow-Origin"), answer
        assert not answer.all("Access-Control-Allow-Credentials"), answer


def test_scripts_of_registered_origins_may_read_what_is_meant_for_them(hub):
    """D18: never with cookies"""
    headers = {"Origin": "https://spa.test"}
    for path in ("/oauth2/token", "/oauth2/userinfo", "/oauth2/revoke"):
        answer = hub.post(path, {}, headers=headers)
        assert answer.header("Access-Control-Allow-Origin") == "https://spa.test" and answer.header("Vary") == "Origin"
        assert not answer.all("Access-Control-Allow-Credentials")
        before = request(hub.issuer + path, "OPTIONS",
                         headers=dict(headers, **{"Access-Control-Request-Method": "POST"}))
        assert before.status == 204 and before.header("Access-Control-Allow-Origin") == "https://spa.test"
    for path in ("/oauth2/introspect", "/session", "/oauth2/authorize", "/login"):
        answer = request(hub.issuer + path, "GET", headers=headers)
        assert not answer.all("Access-Control-Allow-Origin"), answer
    for path in ("/oauth2/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
        assert hub.get(path, headers={"Origin": "https://any.test"}).header("Access-Control-Allow-Origin") == "*"
