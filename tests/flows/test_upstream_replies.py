"""Providers with habits of their own, described in YAML alone: `plugin: oauth2` and fields of the description.

First the shapes of token replies that everybody has to bear (L2-37, C40 to C43), then the odd providers for which
other clients carry compliance fixes, then the fields one after the other.
"""

import json
import time

import pytest
from upstream import GONE, Browser, Reply, Stage, form_reply


def oauth2(**over):
    return lambda up: up.oauth2_settings(**over)


PROVIDERS = {
    "plain": oauth2(),
    "json": oauth2(token_reply="json"),
    "form": oauth2(token_reply="form"),
    "jsonp": oauth2(token_reply="jsonp", userinfo_reply="jsonp"),
    # The odd ones.
    "facebook": oauth2(token_fields={"expires_in": "/expires"}, pkce="no"),
    "fitbit": oauth2(token_error="/errors/0/errorType", token_error_text="/errors/0/message", userinfo_root="/user",
                     claims={"sub": "/encodedId"}),
    "mailchimp": oauth2(token_auth="post", api_scheme="OAuth", claims={"sub": "/user_id"}),
    "weibo": oauth2(token_auth="post", api_scheme="OAuth2", claims={"sub": "token:/uid"},
                    userinfo_params={"uid": "{token:/uid}"}),
    "slack-get": oauth2(api_token="query", api_token_name="token", userinfo_error="/error", claims={"sub": "/user/id"}),
    "slack-post": oauth2(api_token="body", api_token_name="token", userinfo_method="POST", claims={"sub": "/user/id"},
                         token_error="/ok", token_error_ok="true", token_error_text="/error"),
    "instagram": oauth2(api_token="query", token_auth="post", claims={"sub": "/data/id"}),
    "plentymarkets": oauth2(token_fields={"access_token": "/accessToken", "token_type": "/tokenType",
                                          "expires_in": "/expiresIn", "refresh_token": "/refreshToken"}),
    "ebay": oauth2(scope_separator=" "),
    "linkedin": oauth2(token_auth="post", api_token="query", api_token_name="oauth2_access_token"),
    "douban": oauth2(token_auth="post", claims={"sub": "token:/douban_user_id"}, userinfo_url=GONE),
    # Fields of the authorization request.
    "authorize": oauth2(scopes=["one", "two"], scope_separator=",", pkce="no", authorize_fragment="sheet",
                        authorize_params={"shop": "{shop}", "response_type": "code token", "client": "{client_id}"},
                        authorize_rename={"client_id": "appid"}, authorize_omit=["redirect_uri"],
                        parameters={"shop": "a shop & more"}),
    # Fields of the token request.
    "get": oauth2(token_method="GET", token_auth="post",
                  token_rename={"client_id": "appid", "client_secret": "secret"}),
    "query": oauth2(token_body="query", token_auth="none"),
    "token-json": oauth2(token_body="json", token_auth="post", token_params={"extra": "{client_id}/{callback_url}"}),
    "token-headers": oauth2(token_auth="basic_raw", token_headers={"X-Version": "2", "Accept": "text/plain"}),
    "bearer": oauth2(token_auth="bearer"),
    # Fields of the token reply.
    "nested": oauth2(token_root="/data/token", token_expiry="unix_ms", token_error="/code", token_error_ok="0",
                     token_error_text="/message"),
    # Fields of API calls.
    "api": oauth2(api_scheme="none", api_token_name="X-Token", api_headers={"X-App": "{client_id}"},
                  api_params={"v": "2"}, userinfo_params={"fields": "id,name"}, userinfo_headers={"X-One": "1"},
                  userinfo_root="/response/0", userinfo_error="/error/code", userinfo_error_ok="200",
                  userinfo_error_text="/error/text"),
    "graphql": oauth2(userinfo_method="POST", userinfo_body='{"query":"{ me { id name } }","token":"{access_token}"}',
                      userinfo_body_type="application/json", userinfo_root="/data/me", claims={"sub": "/id"}),
    "lookups": oauth2(lookups={
        "tenant": {"first": True, "url": "http://127.0.0.1:0/tenant", "root": "/tenants/0"},
        "emails": {"url": "http://127.0.0.1:0/emails", "params": {"of": "{userinfo:/id}"}, "headers": {"X-A": "b"}},
        "phone": {"url": "http://127.0.0.1:0/phone", "unless": "/phone"},
        "posted": {"url": "http://127.0.0.1:0/posted", "method": "POST", "body": "id={userinfo:/id}",
                   "body_type": "text/plain"},
    }, userinfo_params={"tenant": "{tenant:/id}"},
        claims={"sub": "/id", "email": "emails:/[primary]/email", "phone_number": "/phone | phone:/number",
                "name": "={/first} {/last} of {tenant:/name}", "nickname": "posted:/nick",
                "picture": "=https://img.test/{/avatar}.png", "groups": "/teams"}, email_trust="always"),
}


def with_urls(make):
    """Lookups of the table above get the provider's own address."""

    def fill(up):
        text = json.dumps(make(up)).replace("http://127.0.0.1:0", up.issuer)
        return json.loads(text)

    return fill


@pytest.fixture(scope="module")
def stage():
    with Stage({name: with_urls(make) for name, make in PROVIDERS.items()}) as stage:
        yield stage


def token(up, reply):
    """The token endpoint answers so, and the access token in it is as good as any."""
    reply = reply if isinstance(reply, Reply) else Reply(reply)
    up.replies["/token"] = reply
    up.logins.append({"code": "", "access_token": "the-token"})


@pytest.fixture
def up(stage):
    return stage.up("plain")


# -- token replies ----------------------------------------------------------------------------------


GOOD = [
    Reply({"access_token": "the-token"}),
    Reply({"access_token": "the-token"}, content_type=None),
    Reply({"access_token": "the-token"}, content_type="text/javascript; charset=UTF-8"),
    Reply({"access_token": "the-token"}, content_type="application/vnd.acme.v2+json"),
    Reply({"access_token": "the-token"}, content_type="text/html"),
    Reply({"access_token": "the-token"}, content_type="text/plain"),
    Reply({"access_token": "the-token"}, content_type="application/x-www-form-urlencoded"),
    Reply({"access_token": "the-token"}, status=201),
    Reply("\ufeff \r\n" + json.dumps({"access_token": "the-token"}) + "\n"),
    Reply({"access_token": "the-token", "token_type": "Bearer", "expires_in": 3600}),
    Reply({"access_token": "the-token", "expires_in": "3600"}),
    Reply({"access_token": "the-token", "expires_in": 3600.75}),
    Reply({"access_token": "the-token", "expires_in": "3600.75"}),
    Reply({"access_token": "the-token", "expires_in": None, "expires_at": int(time.time()) + 60}),
    Reply({"access_token": "the-token", "expires_in": -5}),
    Reply({"access_token": "the-token", "expires_in": "never"}),
    Reply({"access_token": "the-token", "expires_in": 10**18}),
    Reply({"access_token": "the-token", "scope": None, "refresh_token": None, "token_type": None}),
    Reply({"access_token": "the-token", "scope": ["a", "b"]}),
    Reply({"access_token": "the-token", "scope": "a,b", "error": None}),
    Reply({"access_token": "the-token", "error": "", "example_parameter": {"deep": [1, 2, {}]}}),
    form_reply(access_token="the-token"),
    form_reply(access_token="the-token", token_type="bearer", expires_in="3600", scope="a b"),
    Reply("access_token=the-token&expires=5", content_type="text/plain"),
    Reply("access_token=the-token", content_type="text/html; charset=utf-8"),
    Reply("access_token=the-token&x=%41&&empty=", content_type=None),
    Reply("access_token=the-token\n", content_type="application/json-ish"),
]


@pytest.mark.parametrize("number", range(len(GOOD)))
def test_token_replies_that_everybody_bears(stage, up, number):
    """L2-37, C40, C41, C43."""
    token(up, GOOD[number])
    stage.accepted(up)
    assert up.calls("/userinfo")[-1].authorization == ("Bearer", "the-token")


BAD = [
    Reply(""), Reply("{}"), Reply("[]"), Reply("null"), Reply('"the-token"'), Reply("the-token"),
    Reply({"access_token": ""}), Reply({"access_token": None}), Reply({"access_token": ["the-token"]}),
    Reply({"access_token": {"a": 1}}), Reply({"access_token": "the-token", "error": "invalid_grant"}),
    Reply({"access_token": "the-token"}, status=302), Reply({"access_token": "the-token"}, status=400),
    Reply({"access_token": "the-token"}, status=500),
    Reply('{"access_token":"the-token","access_token":"another"}'), Reply('{"access_token":"the-token"} x'),
    Reply('{"access_token":"the-token"'), Reply({"access_token": "x" * 20_000}), Reply("x" * 5_000_000),
    Reply({"access_token": "the-token", "filler": "x" * 5_000_000}), Reply("[" * 100_000),
    Reply("access_token=a&access_token=b", content_type="application/x-www-form-urlencoded"), Reply(
        "access_token=%zz", content_type="application/x-www-form-urlencoded"), Reply("&&&", content_type="text/plain"),
    Reply("access_token=", content_type="application/x-www-form-urlencoded"),
    Reply("<html><a href='?access_token=the-token'>", content_type="text/html"),
    Reply("<OAuth><access_token>the-token</access_token></OAuth>", content_type="application/xml"),
    Reply({"access_token": "the-token\r\nX-Injected: 1"}), Reply({"access_token": "the-token\n"}),
    Reply(status=204), Reply(b"\xff\xfe\x00\x01"), Reply({"error": {"deep": 1}}), Reply({"error": True}),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_token_replies_that_are_none(stage, up, number):
    """L2-37, C40 to C43: XML among them, which no provider of today sends."""
    token(up, BAD[number])
    before = len(up.calls("/userinfo"))
    answer = stage.refused(up, "")
    assert answer.status == 502 and len(up.calls("/userinfo")) == before


def test_a_reply_that_is_forced_to_be_something_is_read_as_that(stage):
    """C40: the forced type, then what it looks like."""
    up = stage.up("form")
    token(up, Reply("access_token=the-token", content_type="application/json"))
    stage.accepted(up)
    token(up, Reply({"access_token": "the-token"}))
    stage.refused(up, "token reply: ")
    up = stage.up("json")
    token(up, Reply({"access_token": "the-token"}, content_type="text/html"))
    stage.accepted(up)
    token(up, Reply("access_token=the-token", content_type="application/x-www-form-urlencoded"))
    stage.refused(up, "the reply of the token endpoint: ")


def test_jsonp_is_read_where_it_comes(stage):
    up = stage.up("jsonp")
    for text in ('callback( {"access_token":"the-token"} );', 'a.b$_1({"access_token":"the-token"})',
                 '{"access_token":"the-token"}'):
        token(up, Reply(text, content_type="text/javascript"))
        up.replies["/userinfo"] = Reply('cb({"sub":"p-1"});', content_type="text/javascript")
        assert stage.accepted(up)["idp_sub"] == "p-1"
    for text in ('alert(1);callback({"access_token":"the-token"})', 'callback({"access_token":"the-token"}',
                 "callback()"):
        token(up, Reply(text, content_type="text/javascript"))
        stage.refused(up, "the reply of the token endpoint: ")


def test_the_words_of_an_error_reach_the_log_and_nobody_else(stage, up):
    """OL test_custom_json_error, RFC 6749, 5.2."""
    token(up, Reply({"error": "invalid_grant", "error_description": "the words of the provider"}, status=400))
    answer = stage.refused(up, "invalid_grant: the words of the provider")
    assert "words of the provider" not in answer.text


# -- the odd ones -----------------------------------------------------------------------------------


def test_facebook_fetch_access_token(stage):
    up = stage.up("facebook")
    token(up, Reply("access_token=the-token&expires=5183999", content_type="text/plain"))
    stage.accepted(up)
    token(up, Reply({"access_token": "the-token", "token_type": "bearer", "expires": 5183999}))
    stage.accepted(up)
    assert "code_verifier" not in up.calls("/token")[-1].form


def test_fitbit_fetch_access_token(stage):
    up = stage.up("fitbit")
    up.replies["/userinfo"] = Reply({"user": {"encodedId": "F1"}})
    token(up,
          Reply({"errors": [{"errorType": "invalid_grant", "message": "Authorization code invalid"}], "success": False},
                status=400))
    stage.refused(up, "invalid_grant: Authorization code invalid")
    token(up, Reply({"errors": [{"errorType": "invalid_grant", "message": "with 200"}]}))
    stage.refused(up, "invalid_grant: with 200")
    token(up, {"access_token": "the-token", "user_id": "F1"})
    assert stage.accepted(up)["idp_sub"] == "F1"


def test_mailchimp_fetch_access_token(stage):
    up = stage.up("mailchimp")
    token(up, {"access_token": "the-token", "expires_in": 0, "scope": None})
    up.replies["/userinfo"] = Reply({"user_id": 77})
    assert stage.accepted(up)["idp_sub"] == "77"
    assert up.calls("/userinfo")[-1].authorization == ("OAuth", "the-token")


def test_weibo_fetch_access_token(stage):
    up = stage.up("weibo")
    token(up,
          Reply({"access_token": "the-token", "remind_in": "157679999", "expires_in": 157679999, "uid": "1404376560"},
                content_type="text/plain;charset=UTF-8"))
    assert stage.accepted(up)["idp_sub"] == "1404376560"
    asked = up.calls("/userinfo")[-1]
    assert asked.query == {"uid": "1404376560"} and asked.authorization == ("OAuth2", "the-token")


def test_slack_protected_request(stage):
    up = stage.up("slack-get")
    token(up, {"ok": True, "access_token": "the-token", "token_type": "bot", "user_id": "U1"})
    up.replies["/userinfo"] = Reply({"ok": True, "user": {"id": "U1"}})
    stage.accepted(up)
    asked = up.calls("/userinfo")[-1]
    assert asked.query == {"token": "the-token"} and "authorization" not in asked.headers
    up.replies["/userinfo"] = Reply({"ok": False, "error": "invalid_auth"})
    stage.refused(up, "invalid_auth")


def test_slack_protected_request_override_token_post(stage):
    up = stage.up("slack-post")
    token(up, {"ok": True, "access_token": "the-token"})
    up.replies["/userinfo"] = Reply({"ok": True, "user": {"id": "U1"}})
    stage.accepted(up)
    asked = up.calls("/userinfo")[-1]
    assert asked.method == "POST" and asked.form == {"token": "the-token"} and not asked.pairs
    assert "authorization" not in asked.headers


def test_slack_errors_are_errors_with_status_200(stage):
    up = stage.up("slack-post")
    token(up, {"ok": False, "error": "invalid_code", "access_token": "the-token"})
    stage.refused(up, "false: invalid_code")


def test_instagram_protected_request(stage):
    up = stage.up("instagram")
    token(up, {"access_token": "the-token", "user": {"id": "9"}})
    up.replies["/userinfo"] = Reply({"data": {"id": "9"}})
    stage.accepted(up)
    assert up.calls("/userinfo")[-1].query == {"access_token": "the-token"}


def test_plentymarkets_fetch_access_token(stage):
    up = stage.up("plentymarkets")
    token(up, {"accessToken": "the-token", "tokenType": "Bearer", "expiresIn": 86400, "refreshToken": "again"})
    stage.accepted(up)
    assert up.calls("/userinfo")[-1].authorization == ("Bearer", "the-token")
    token(up, {"access_token": "the-token"})
    stage.refused(up, "the reply has no access token")


def test_ebay_fetch_access_token(stage):
    up = stage.up("ebay")
    for type in ("Application Access Token", "User Access Token"):
        token(up, {"access_token": "the-token", "expires_in": 7200, "token_type": type})
        stage.accepted(up)
        assert up.calls("/userinfo")[-1].authorization == ("Bearer", "the-token")


def test_linkedin_protected_request(stage):
    """FO test_linkedin too."""
    up = stage.up("linkedin")
    up.replies["/userinfo"] = Reply({"sub": "l-1"})
    stage.accepted(up)
    assert up.calls("/userinfo")[-1].query == {"oauth2_access_token": up.last["access_token"]}


def test_a_provider_whose_token_reply_says_who_it_is(stage):
    """FO test_douban: no call for a profile is needed."""
    up = stage.up("douban")
    token(up, {"access_token": "the-token", "douban_user_id": 1221, "expires_in": 3920})
    assert stage.accepted(up)["idp_sub"] == "1221" and not up.calls("/userinfo")


# -- what arrives at the provider -------------------------------------------------------------------


def test_the_authorization_request_is_shaped_by_its_fields(stage):
    up = stage.up("authorize")
    to = Browser().get(stage.hub.url("/login/authorize"))
    assert to.location.endswith("#sheet")
    query = to.query
    assert query.pop("state")
    assert query == {"response_type": "code token", "appid": up.client_id, "scope": "one,two",
                     "shop": "a shop & more", "client": up.client_id}


def test_a_token_request_by_get(stage):
    up = stage.up("get")
    up.replies["/token"] = lambda asked: up.make_token_reply(up.last)
    stage.accepted(up)
    asked = up.calls("/token")[-1]
    assert asked.method == "GET" and not asked.body and asked.query["code"] == up.last["code"]
    assert asked.query["appid"] == up.client_id and asked.query["secret"] == up.client_secret
    assert "client_id" not in asked.query and "authorization" not in asked.headers


def test_a_token_request_with_its_parameters_in_the_query(stage):
    up = stage.up("query")
    up.replies["/token"] = lambda asked: up.make_token_reply(up.last)
    stage.accepted(up)
    asked = up.calls("/token")[-1]
    assert asked.method == "POST" and not asked.form and asked.query["client_id"] == up.client_id
    assert "client_secret" not in asked.query and "authorization" not in asked.headers


def test_a_token_request_as_json(stage):
    up = stage.up("token-json")
    up.replies["/token"] = lambda asked: up.make_token_reply(up.last)
    stage.accepted(up)
    asked = up.calls("/token")[-1]
    body = json.loads(asked.body)
    assert asked.headers["content-type"] == "application/json" and not asked.pairs
    assert body["code"] == up.last["code"] and body["client_secret"] == up.client_secret
    assert body["extra"] == f"{up.client_id}/{stage.hub.issuer}/callback/token-json"


def test_headers_of_the_token_request(stage):
    up = stage.up("token-headers")
    stage.accepted(up)
    asked = up.calls("/token")[-1]
    assert asked.headers["x-version"] == "2" and asked.headers["accept"] == "text/plain"
    assert asked.basic == (up.client_id, up.client_secret)


def test_a_client_secret_as_bearer(stage):
    up = stage.up("bearer")
    up.replies["/token"] = lambda asked: up.make_token_reply(up.last)
    stage.accepted(up)
    assert up.calls("/token")[-1].authorization == ("Bearer", up.client_secret)


def test_a_token_reply_with_its_tokens_further_down(stage):
    up = stage.up("nested")
    good = {"code": 0, "data": {"token": {"access_token": "the-token", "expires_in": int(time.time() + 60) * 1000}}}
    token(up, good)
    stage.accepted(up)
    token(up, dict(good, code="0"))
    stage.accepted(up)
    token(up, dict(good, code=40029, message="bad code"))
    stage.refused(up, "40029: bad code")
    for data in (None, {}, [], "x", {"token": None}, {"token": []}):
        token(up, {"code": 0, "data": data})
        stage.refused(up, "")


def test_api_calls_are_shaped_by_their_fields(stage):
    up = stage.up("api")
    up.replies["/userinfo"] = Reply({"error": {"code": 200}, "response": [{"sub": "a-1"}]})
    assert stage.accepted(up)["idp_sub"] == "a-1"
    asked = up.calls("/userinfo")[-1]
    assert asked.headers["x-token"] == up.last["access_token"] and "authorization" not in asked.headers
    assert asked.headers["x-app"] == up.client_id and asked.headers["x-one"] == "1"
    assert asked.query == {"v": "2", "fields": "id,name"}
    up.replies["/userinfo"] = Reply({"error": {"code": 190, "text": "expired"}, "response": [{"sub": "a-1"}]})
    stage.refused(up, "190 expired")
    up.replies["/userinfo"] = Reply({"response": []})
    stage.refused(up, "nothing at /response/0")


def test_a_profile_by_graphql(stage):
    up = stage.up("graphql")
    up.replies["/userinfo"] = Reply({"data": {"me": {"id": "g-1"}}})
    assert stage.accepted(up)["idp_sub"] == "g-1"
    asked = up.calls("/userinfo")[-1]
    assert json.loads(asked.body) == {"query": "{ me { id name } }", "token": up.last["access_token"]}
    assert asked.headers["content-type"] == "application/json"


def test_further_calls_for_a_profile(stage):
    up = stage.up("lookups")
    up.replies = {
        "/tenant": Reply({"tenants": [{"id": "t 1", "name": "Acme"}]}),
        "/userinfo": Reply({"id": 5, "first": "A", "last": "B", "avatar": "x", "teams": ["one", 2]}),
        "/emails": Reply([{"email": "no@x.test", "primary": False}, {"email": "yes@x.test", "primary": True}]),
        "/phone": Reply({"number": "+1"}), "/posted": Reply({"nick": "n"}),
    }
    session = stage.accepted(up)
    assert session["idp_sub"] == "5" and session["email"] == "yes@x.test" and session["name"] == "A B of Acme"
    assert session["picture"] == "https://img.test/x.png" and session["groups"] == ["one", "2"]
    calls = [asked.path for asked in up.asked if asked.path not in ("/authorize", "/token")]
    assert calls == ["/tenant", "/userinfo", "/emails", "/phone", "/posted"]
    assert up.calls("/userinfo")[-1].query == {"tenant": "t 1"}
    assert up.calls("/emails")[-1].query == {"of": "5"} and up.calls("/emails")[-1].headers["x-a"] == "b"
    assert up.calls("/posted")[-1].body == b"id=5"

    up.replies["/userinfo"] = Reply({"id": 5, "phone": "+2"})
    session = stage.accepted(up)
    assert len(up.calls("/phone")) == 1, "not asked when it is known already"
    assert "picture" not in session, "a URL with a part missing is none"
    up.replies["/emails"] = Reply({}, 500)
    stage.refused(up, "answered 500")
