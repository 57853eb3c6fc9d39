"""The authorization endpoint: group A of the attack catalogue, and what OpenID Connect wants of a request."""

import base64
import json
import re
import urllib.parse

import pytest
from hub import APP, SLOW, Browser, Hub, claims, request
from jwcrypto import jwk, jwt
from watch import (Listener, cpu_seconds, is_code, is_error, is_login, is_page, is_sent_error, talk, timed, watched)

ASKING = "https://asking.test/callback"
CONFIG = {
    "clients": {
        "asking": {
            "client_name": "An app that <asks>",
            "client_secret": "the secret of the asking app, long",
            "redirect_uris": [ASKING],
            "consent": "explicit",
            "policy_uri": "https://asking.test/policy",
        },
        "remembering": {
            "client_secret": "the secret of the remembering app",
            "redirect_uris": ["https://remembering.test/callback"],
            "consent": "remember",
        },
        "picky": {
            "client_secret": "the secret of the picky app, long",
            "redirect_uris": ["https://picky.test/callback"],
            "providers": ["google"],
        },
        "narrow": {
            "client_secret": "the secret of the narrow app, long",
            "redirect_uris": ["https://narrow.test/callback"],
            "audience": ["https://api.test/", "https://api.test/#part", "more"],
        },
        "signed": {
            "client_secret": "the secret of the signed app, long",
            "redirect_uris": ["https://signed.test/callback"],
            "access_token": "jwt",
        },
        "free": {
            "client_secret": "the secret of the free app, long too",
            "redirect_uris": ["https://free.test/callback?from=cardea"],
            "require_pkce": False,
        },
        "machine": {
            "client_secret": "the secret of the machine, long too",
            "redirect_uris": ["https://machine.test/callback"],
            "grant_types": ["client_credentials"],
        },
    },
    "providers": {"discord": {"hidden": True}},
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
    """A browser in which somebody is logged in."""
    return hub.login()


def ask(hub, browser=None, method="GET", pairs=None, client="app", **over):
    """A good request with a known state, changed as said; `pairs` come behind it."""
    query = list(hub.authorize_query(client=client, **dict({"state": "the state"}, **over)).items()) + list(pairs or [])
    browser = browser or Browser()
    if method == "POST":
        return browser.post(hub.issuer + "/oauth2/authorize", query)
    return browser.get(hub.issuer + "/oauth2/authorize?" + urllib.parse.urlencode(query))


# -- what a request must say --------------------------------------------------------------------


def test_without_a_response_type_the_app_gets_an_error(hub, person):
    """A01"""
    is_sent_error(hub, ask(hub, person, response_type=None), "invalid_request", "the state")
    is_sent_error(hub, ask(hub, person, response_type=""), "invalid_request", "the state")


@pytest.mark.parametrize("kind", ["token", "id_token", "id_token token", "code token", "code id_token",
                                  "code id_token token", "none", "CODE", "code code", "nonsense"])
def test_no_token_comes_through_the_browser(hub, person, kind):
    """A02"""
    answer = is_sent_error(hub, ask(hub, person, response_type=kind), "unsupported_response_type", "the state")
    assert "token=" not in answer.location


def test_a_client_without_the_code_grant_gets_no_code(hub, person):
    """A02, 5.C test_unauthorized_client"""
    answer = ask(hub, person, client="machine")
    is_sent_error(hub, answer, "unauthorized_client", "the state", client="machine")


@pytest.mark.parametrize("client_id", ["nobody", "", "APP", "app ", "app\0", "app/../app", "\u0430pp", None])
@pytest.mark.parametrize("redirect_uri", [APP, "https://evil.test/", None])
def test_an_unknown_client_is_told_nothing(hub, person, client_id, redirect_uri):
    """A03, 5.C test_invalid_client_id: a page, whatever the address"""
    is_page(ask(hub, person, client_id=client_id, redirect_uri=redirect_uri))


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state", "scope", "response_type", "nonce",
                                  "code_challenge", "code_challenge_method", "prompt", "max_age", "response_mode"])
def test_no_parameter_may_stand_there_twice(hub, person, name, first):
    """A04: in both orders; a doubled client or address is for a page"""
    good = dict(hub.authorize_query(state="the state"), prompt="none", max_age="10000", response_mode="query")
    other = {"client_id": "other", "redirect_uri": "https://other.test/callback"}.get(name, "another")
    pairs = [(name, good.pop(name)), (name, other)]
    rest = list(good.items())
    answer = person.get(hub.issuer + "/oauth2/authorize?"
                        + urllib.parse.urlencode(pairs + rest if first else rest + pairs[::-1]))
    if name in ("client_id", "redirect_uri"):
        is_page(answer)
    else:
        is_sent_error(hub, answer, "invalid_request", "the state" if name != "state" else None)


def test_the_same_parameter_twice_with_one_value_is_refused_as_well(hub, person):
    """A04"""
    is_page(ask(hub, person, pairs=[("client_id", "app")]))
    is_sent_error(hub, ask(hub, person, pairs=[("scope", "openid profile email")]), "invalid_request", "the state")
    is_sent_error(hub, ask(hub, person, pairs=[("what", "1"), ("what", "1")]), "invalid_request", "the state")


def test_an_unknown_parameter_is_ignored(hub, person):
    """A06, oidcc-ensure-request-with-unknown-parameter-succeeds"""
    is_code(ask(hub, person, pairs=[("foo", "bar"), ("extra", "foobar")]))


def test_the_order_of_parameters_and_scopes_means_nothing(hub, person):
    """A06, oidcc-alternate-happy-flow"""
    query = list(hub.authorize_query(scope="email profile openid").items())[::-1]
    is_code(person.get(hub.issuer + "/oauth2/authorize?" + urllib.parse.urlencode(query)))


def test_an_empty_parameter_is_one_that_is_not_there(hub, person):
    """A06, 5.C test_empty_parameter: RFC 6749, 3.1"""
    answer = ask(hub, person, pairs=[(name, "") for name in ("prompt", "max_age", "login_hint", "id_token_hint",
                                                             "response_mode", "resource", "request", "idp_hint")])
    is_code(answer)
    is_sent_error(hub, ask(hub, person, code_challenge=""), "invalid_request", "the state")
    assert "state" not in ask(hub, person, state="").query


def test_parameters_that_only_help_are_taken(hub, person):
    """oidcc-display-*, -login-hint, -ui-locales, -claims-locales, -acr-values, -claims-essential"""
    helpful = {"display": "popup", "login_hint": "octocat", "ui_locales": "de fr", "claims_locales": "se",
               "acr_values": "1 2", "claims": '{"userinfo":{"name":{"essential":true}}}'}
    for name, value in helpful.items():
        is_code(ask(hub, person, **{name: value}))


def test_a_request_may_come_as_a_post(hub, person):
    """oidcc-ensure-post-request-succeeds, A26: and leads on with 303, so that the form is not sent again"""
    is_code(ask(hub, person, method="POST"))
    is_login(hub, ask(hub, method="POST"))


@pytest.mark.parametrize("scope", ["bogus", "openid bogus", "openid read\0", 'openid "', "openid \\", "openid\x01",
                                   "openid\r\nread", "openid\tread", b"openid \xff", b"openid \xc0\xaf",
                                   "openid \u00e4", "OPENID", " ", "openid <script>alert(1)</script>"])
def test_an_impossible_scope_is_refused_and_not_shown(hub, person, scope):
    """A07, A20: sent to the registered address only"""
    answer = ask(hub, person, scope=scope)
    is_sent_error(hub, answer, "invalid_scope", "the state")
    assert "bogus" not in answer.location and "alert" not in answer.location


def test_a_missing_scope_is_what_the_client_is_registered_for(hub, person):
    """3.6, 5.C test_missing_scope_uses_default"""
    answer, pkce = hub.code(browser=person, scope=None)
    tokens = hub.token(grant_type="authorization_code", code=is_code(answer), redirect_uri=APP,
                       code_verifier=pkce.verifier)
    assert set(tokens.json["scope"].split()) == set(hub.client("app")["scope"].split()), tokens


def test_a_flood_of_scopes_costs_nothing(hub):
    """A08: 20 000 words, and claims of a megabyte"""
    before = sum(cpu_seconds(pid) for pid in hub.watch.workers)
    words = " ".join(f"a{number}" for number in range(9000))[:60000]
    answer, seconds = timed(lambda: ask(hub, method="POST", scope=words))
    is_sent_error(hub, answer, "invalid_scope", "the state")
    assert seconds < 0.5 * SLOW
    assert request(hub.admin + "/healthz").status == 200
    form = urllib.parse.urlencode(dict(hub.authorize_query(), claims="x" * 1000000))
    said = talk(hub,
                b"POST /oauth2/authorize HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(form) + form.encode())
    assert said.startswith(b"HTTP/1.1 413 "), said[:300]
    assert sum(cpu_seconds(pid) for pid in hub.watch.workers) - before < 0.3 * SLOW


# -- prompt, max_age, hints ---------------------------------------------------------------------


def test_prompt_none_never_shows_a_page(hub, person):
    """A09, oidcc-prompt-none-*"""
    is_sent_error(hub, ask(hub, prompt="none"), "login_required", "the state")
    is_code(ask(hub, person, prompt="none"))
    is_sent_error(hub, ask(hub, person, client="asking", prompt="none"), "consent_required", "the state", "asking")
    is_sent_error(hub, ask(hub, person, client="picky", prompt="none"), "login_required", "the state", "picky")


def test_prompt_none_keeps_who_and_when(hub, person):
    """oidcc-prompt-none-logged-in, oidcc-id-token-hint"""
    first = hub.tokens(browser=person)
    second = hub.tokens(browser=person, prompt="none", id_token_hint=first["id_token"])
    was, now = claims(first["id_token"]), claims(second["id_token"])
    assert (was["sub"], was["auth_time"]) == (now["sub"], now["auth_time"])


@pytest.mark.parametrize("prompt", ["none login", "login none", "none none consent", "none consent"])
def test_prompt_none_stands_alone(hub, person, prompt):
    """A10"""
    is_sent_error(hub, ask(hub, person, prompt=prompt), "invalid_request", "the state")


@pytest.mark.parametrize("prompt", ["LOGIN", "register", "login,consent", "login\tconsent", "login bogus"])
def test_an_unknown_prompt_is_refused(hub, person, prompt):
    """A10"""
    is_sent_error(hub, ask(hub, person, prompt=prompt), "invalid_request", "the state")


@pytest.mark.parametrize("over", [{"prompt": "login"}, {"prompt": "select_account"}, {"prompt": "login consent"},
                                  {"max_age": "0"}])
def test_a_login_is_asked_for_again(hub, over):
    """A11, oidcc-prompt-login: with a session, and then goes through"""
    browser = hub.login()
    is_login(hub, ask(hub, browser, **over))
    answer, _ = hub.code(browser=browser, **{k: v for k, v in over.items() if v != "login consent"})
    is_code(answer)


def test_only_a_login_that_is_too_old_is_asked_for_again(hub):
    """oidcc-max-age-1, oidcc-max-age-10000: and auth_time is told"""
    import time
    browser = hub.login()
    first = claims(hub.tokens(browser=browser, max_age="10000")["id_token"])
    time.sleep(2.1)
    is_login(hub, ask(hub, browser, max_age="1"))
    second = claims(hub.tokens(browser=browser, max_age="1")["id_token"])
    assert second["auth_time"] > first["auth_time"] and second["sub"] == first["sub"]


@pytest.mark.parametrize("max_age", ["-1", "abc", "9223372036854775808", "18446744073709551616", "1e9", "1.5", "+5",
                                     " 5", "0x10", "4294967296", "99999999999999999999999", "\u0661"])
def test_an_impossible_max_age_is_refused(hub, person, max_age):
    """A11: and never wraps round to "any age will do\""""
    is_sent_error(hub, ask(hub, person, max_age=max_age), "invalid_request", "the state")


def forged_hint(hub, sub, alg="ES256", **over):
    key = jwk.JWK.generate(kty="EC", crv="P-256") if alg == "ES256" else jwk.JWK.generate(kty="oct", size=256)
    now = claims(hub.tokens()["id_token"])
    token = jwt.JWT(header={"alg": alg, "kid": over.pop("kid", "made-up")}, claims=dict(now, sub=sub, **over))
    token.make_signed_token(key)
    return token.serialize()


def unsigned(token):
    def part(document):
        return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()

    return f'{part({"alg": "none"})}.{part(claims(token))}.'


def test_a_forged_hint_identifies_nobody(hub, person):
    """A12: another key, no signature, another client's token, another kind of token"""
    own = hub.tokens(browser=person)
    sub = claims(own["id_token"])["sub"]
    kid = json.loads(base64.urlsafe_b64decode(own["id_token"].split(".")[0] + "=="))["kid"]
    head, payload, signature = own["id_token"].split(".")
    access = hub.tokens(client="signed", browser=person)["access_token"]
    hints = [forged_hint(hub, sub), forged_hint(hub, sub, kid=kid), forged_hint(hub, sub, alg="HS256"),
             unsigned(own["id_token"]), unsigned(own["id_token"])[:-1], f"{head}.{payload}.", f"{head}.{payload}",
             f"{head}.{payload}.{signature[:-4]}AAAA", hub.tokens(client="other", browser=person)["id_token"],
             access, own["access_token"], own["refresh_token"], "x", "..", "a.b.c", "\0", "." * 5000]
    for hint in hints:
        for browser in (Browser(), person):
            answer = ask(hub, browser, prompt="none", id_token_hint=hint)
            is_sent_error(hub, answer, ["invalid_request", "login_required"], "the state")


def test_an_access_token_of_the_client_itself_is_no_hint(hub, person):
    """A12: told by its type"""
    access = hub.tokens(client="signed", browser=person)["access_token"]
    answer = ask(hub, person, client="signed", prompt="none", id_token_hint=access)
    is_sent_error(hub, answer, "invalid_request", "the state", client="signed")


def test_a_hint_at_somebody_else_never_gives_the_one_who_is_there(hub, person):
    """A12, OpenID Connect Core, 3.1.2.1: neither silently, nor after a login as somebody else"""
    hint = hub.tokens(browser=person)["id_token"]
    other = hub.login(provider="google")
    is_sent_error(hub, ask(hub, other, prompt="none", id_token_hint=hint), "login_required", "the state")
    is_login(hub, ask(hub, other, id_token_hint=hint))
    answer, _ = hub.code(browser=other, provider="google", id_token_hint=hint, state="the state")
    is_sent_error(hub, answer, "login_required", "the state")
    answer, _ = hub.code(browser=other, provider="github", id_token_hint=hint)
    is_code(answer)


def test_a_login_hint_is_no_proof(hub):
    """A12"""
    is_login(hub, ask(hub, login_hint="octocat@example.com"))


# -- request objects ----------------------------------------------------------------------------


def test_request_objects_are_refused_and_not_ignored(hub, person):
    """A14, oidcc-unsigned-request-object-*, oidcc-ensure-request-object-with-redirect-uri"""
    part = base64.urlsafe_b64encode(json.dumps({"redirect_uri": "https://evil.test/", "client_id": "other"}).encode())
    for value in ("x", "eyJhbGciOiJub25lIn0." + part.rstrip(b"=").decode() + "."):
        is_sent_error(hub, ask(hub, person, request=value), "request_not_supported", "the state")
    is_sent_error(hub, ask(hub, person, registration="{}"), "registration_not_supported", "the state")


def test_nobody_is_asked_for_a_request_by_reference(hub, person):
    """A15"""
    with Listener() as listener:
        for uri in (f"http://127.0.0.1:{listener.port}/", f"https://localhost:{listener.port}/x",
                    "http://169.254.169.254/", "file:///etc/passwd", "urn:ietf:params:oauth:request_uri:x"):
            is_sent_error(hub, ask(hub, person, request_uri=uri), "request_uri_not_supported", "the state")
        assert not listener.was_asked()


# -- state, nonce and the ways to answer --------------------------------------------------------


@pytest.mark.parametrize("state",
                         ["s" * 1000, "a b+c%20&=#?/\\'\"<>", "\u20ac \U0001f600", "{\"a\": [1]}", "%00", "%2541"])
def test_state_comes_back_as_it_was_sent(hub, person, state):
    """A16, A17, 5.C test_state_preservation, 5.G: in both modes, with a code and with an error"""
    assert ask(hub, person, state=state).query["state"] == state
    assert ask(hub, person, state=state, scope="bogus").query["state"] == state
    for over in ({}, {"scope": "bogus"}):
        _, fields = form_fields(ask(hub, person, state=state, response_mode="form_post", **over))
        assert fields["state"] == state
    answer, _ = hub.code(state=state)
    assert answer.query["state"] == state


def test_a_long_state_is_kept_whole_or_refused(hub, person):
    """A16"""
    state = "s" * 8000
    assert ask(hub, person, method="POST", state=state).query["state"] == state
    # Without a session it has to fit into a cookie.
    answer = ask(hub, method="POST", state=state)
    is_sent_error(hub, answer, "invalid_request", state)


@pytest.mark.parametrize("length", [1, 64, 384, 512])
def test_a_long_nonce_comes_back_whole(hub, person, length):
    """A16, OIDF 64-char-nonce, long-nonce"""
    nonce = "n" * length
    assert claims(hub.tokens(browser=person, nonce=nonce)["id_token"])["nonce"] == nonce


def test_a_nonce_that_cannot_be_kept_is_refused(hub, person):
    """A16: beyond the length, or no text"""
    is_sent_error(hub, ask(hub, person, nonce="n" * 513), "invalid_request", "the state")
    is_sent_error(hub, ask(hub, person, nonce=b"\xff\xfe"), "invalid_request", "the state")


def test_without_state_and_nonce_none_is_invented(hub, person):
    """oidcc-ensure-request-without-nonce-succeeds-for-code-flow, OIDF without-state"""
    answer, pkce = hub.code(browser=person, state=None, nonce=None)
    assert set(answer.query) == {"code", "iss"}
    tokens = hub.token(grant_type="authorization_code", code=is_code(answer), redirect_uri=APP,
                       code_verifier=pkce.verifier)
    assert "nonce" not in claims(tokens.json["id_token"])


def form_fields(answer):
    """The form of a form_post page: (where it goes, what it carries)"""
    assert answer.status == 200 and not answer.all("Location"), answer
    unescape = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&"}
    action, = re.findall(r'<form method="post" action="([^"]*)" id="answer">', answer.text)
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', answer.text)
    assert len(fields) == answer.text.count("<input") and len(dict(fields)) == len(fields), answer
    return action, {name: re.sub("&(lt|gt|quot|#39|amp);", lambda found: unescape[found.group()], value)
                    for name, value in fields}


HOSTILE = ['"><script>alert(1)</script>', "'><svg/onload=alert(1)>", "%0d%0aSet-Cookie:a=b",
           "</form><form action=//evil>", "{{iss}}", "&quot;><script>", "javascript:alert(1)"]


@pytest.mark.parametrize("state", HOSTILE)
def test_a_hostile_state_stays_text(hub, person, state):
    """A17, 5.G: in the query and in the page that posts"""
    plain = ask(hub, person)
    answer = ask(hub, person, state=state)
    assert answer.query["state"] == state and len(answer.headers) == len(plain.headers)
    assert re.fullmatch(r"[!-~]+", answer.location) and "<" not in answer.location
    page = ask(hub, person, state=state, response_mode="form_post")
    action, fields = form_fields(page)
    assert action == APP and fields["state"] == state
    assert page.text.count("<script") == 1 and page.text.count("<form") == 1


@pytest.mark.parametrize("state", ["a\0b", "a\r\nb", "a\nb", b"a\xffb", b"\xc0\xaf", "a\x1bb", "a\x7f"])
@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_a_state_that_is_no_text_is_refused(hub, person, state, mode):
    """A17, 5.G: RFC 6749 has visible characters there, and no page can carry others unchanged"""
    answer = ask(hub, person, state=state, response_mode=mode)
    if mode == "form_post":
        _, fields = form_fields(answer)
    else:
        fields = answer.query
        assert re.fullmatch(r"[!-~]+", answer.location)
    assert fields["error"] == "invalid_request" and "state" not in fields and "code" not in fields


def test_form_post_posts_to_the_registered_address_only(hub, person):
    """A18, the form_post plan of OIDF"""
    page = ask(hub, person, response_mode="form_post")
    action, fields = form_fields(page)
    assert action == APP and set(fields) == {"code", "state", "iss"}
    assert fields["state"] == "the state" and fields["iss"] == hub.issuer
    policy = page.header("Content-Security-Policy")
    nonce, = re.findall(r"script-src 'nonce-([A-Za-z0-9_-]{20,})'(?:;|$)", policy)
    assert f'<script nonce="{nonce}">' in page.text
    assert re.search(r"form-action 'self' https://app\.test;", policy)
    assert nonce not in ask(hub, person, response_mode="form_post").text
    tokens = hub.token(grant_type="authorization_code", code=fields["code"], redirect_uri=APP, code_verifier="x" * 43)
    is_error(tokens, "invalid_grant")


def test_form_post_carries_errors_as_well(hub, person):
    """A18, 5.G"""
    for over in ({"scope": "bogus"}, {"prompt": "none login"}, {"response_type": "token"}):
        action, fields = form_fields(ask(hub, person, response_mode="form_post", **over))
        assert action == APP and fields["state"] == "the state" and fields["iss"] == hub.issuer
        assert fields["error"] and "code" not in fields
    action, fields = form_fields(ask(hub, response_mode="form_post", prompt="none"))
    assert fields["error"] == "login_required"


@pytest.mark.parametrize("mode", ["fragment", "web_message", "query.jwt", "FORM_POST", "nonsense"])
def test_an_unknown_response_mode_is_refused(hub, person, mode):
    """3.6"""
    is_sent_error(hub, ask(hub, person, response_mode=mode), "invalid_request", "the state")


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_a_denial_keeps_state_and_issuer(hub, mode):
    """5.G, 5.C test_access_denied: at the provider, and on our own page"""
    answer, _ = hub.code(case="denied", state="the state", response_mode=mode)
    fields = answer.query if mode == "query" else form_fields(answer)[1]
    assert fields["error"] == "access_denied" and fields["state"] == "the state" and fields["iss"] == hub.issuer
    browser = hub.login()
    answer = decide(hub, browser, ask(hub, browser, client="asking", response_mode=mode), "deny")
    fields = answer.query if mode == "query" else form_fields(answer)[1]
    assert fields["error"] == "access_denied" and fields["state"] == "the state" and fields["iss"] == hub.issuer


def test_the_issuer_stands_in_every_answer_once(hub, person):
    """A27: RFC 9207"""
    metadata = hub.get("/.well-known/openid-configuration").json
    assert metadata["authorization_response_iss_parameter_supported"] is True
    for over in ({}, {"scope": "bogus"}, {"response_type": "token"}, {"prompt": "none", "client": "asking"}):
        answer = ask(hub, person, **over)
        assert answer.query["iss"] == metadata["issuer"], answer


def test_an_address_with_a_query_keeps_it(hub, person):
    """RFC 6749, 3.1.2"""
    answer = ask(hub, person, client="free")
    assert answer.location.startswith("https://free.test/callback?from=cardea&code=cac_"), answer


# -- methods ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "DELETE", "TRACE", "PATCH", "OPTIONS", "BREW", "HEAD"])
def test_other_methods_are_refused(hub, person, method):
    """A21, 5.C test_http_head_oauth_authorize_valid_url: HEAD is safe, so it begins no login and makes no code"""
    answer = person.request(hub.url("/oauth2/authorize", **hub.authorize_query()), method)
    assert answer.status == 405 and answer.header("Allow") == "GET, POST", answer
    assert not answer.all("Set-Cookie") and not answer.all("Location"), answer


@pytest.mark.parametrize("path", ["/login/github", "/callback/github"])
def test_head_begins_no_login(hub, path):
    """A21"""
    answer = request(hub.issuer + path, "HEAD")
    assert answer.status == 405 and not answer.all("Set-Cookie"), answer


# -- consent ------------------------------------------------------------------------------------


def consent_form(hub, page):
    """The form of the consent page: (address, csrf)"""
    assert page.status == 200 and "decision" in page.text, page
    action, = re.findall(r'<form method="post" action="([^"]+)">', page.text)
    csrf, = re.findall(r'name="csrf" value="([^"]+)"', page.text)
    assert action.startswith("/oauth2/authorize?ticket="), action
    return hub.issuer + action, csrf


def decide(hub, browser, page, decision, **over):
    address, csrf = consent_form(hub, page)
    form = dict({"csrf": csrf, "decision": decision}, **over)
    return browser.post(address, {name: value for name, value in form.items() if value is not None})


def test_a_person_is_asked_and_their_word_counts(hub):
    """A22, A26: the whole way, with 303 at its end"""
    browser = hub.login()
    page = ask(hub, browser, client="asking")
    assert "An app that &lt;asks&gt;" in page.text and 'href="https://asking.test/policy"' in page.text
    assert "https://asking.test;" in page.header("Content-Security-Policy")
    answer = decide(hub, browser, page, "allow")
    assert is_code(answer) and answer.location.startswith(ASKING) and answer.query["state"] == "the state"
    # This app asks every time; another remembers, until more is wanted.
    assert ask(hub, browser, client="asking").status == 200
    decide(hub, browser, ask(hub, browser, client="remembering", scope="openid email"), "allow")
    is_code(ask(hub, browser, client="remembering", scope="openid email"))
    is_code(ask(hub, browser, client="remembering", scope="email"))
    assert ask(hub, browser, client="remembering", scope="openid profile email").status == 200
    assert ask(hub, browser, client="remembering", scope="openid", prompt="consent").status == 200


def test_no_is_no(hub):
    """A22"""
    for decision in ("deny", "nonsense", "ALLOW"):
        browser = hub.login()
        answer = decide(hub, browser, ask(hub, browser, client="asking"), decision)
        is_sent_error(hub, answer, "access_denied", "the state", client="asking")


def test_a_consent_without_the_right_form_token_is_refused(hub):
    """A22: none, garbage, another ticket's, another session's"""
    browser, other = hub.login(), hub.login()
    page = ask(hub, browser, client="asking")
    address, csrf = consent_form(hub, page)
    _, of_another_ticket = consent_form(hub, ask(hub, browser, client="asking"))
    _, of_another_session = consent_form(hub, ask(hub, other, client="asking"))
    for bad in (None, "", "x", csrf[:-1], csrf + "A", csrf.swapcase(), of_another_ticket, of_another_session,
                "\0" * 43):
        is_page(decide(hub, browser, page, "allow", csrf=bad), 403)
    is_page(browser.post(address, [("csrf", csrf[:-1]), ("csrf", csrf), ("decision", "allow")]), 403)
    # In another browser there is no such ticket, whatever else is right.
    is_page(other.post(address, {"csrf": csrf, "decision": "allow"}))
    is_page(Browser().post(address, {"csrf": csrf, "decision": "allow"}))
    is_code(browser.post(address, {"csrf": csrf, "decision": "allow"}))


def test_a_consent_cannot_be_given_by_a_link(hub):
    """A22: GET with everything right, and a POST of a request that brings its own consent"""
    browser = hub.login()
    address, csrf = consent_form(hub, ask(hub, browser, client="asking"))
    assert browser.get(f"{address}&csrf={csrf}&decision=allow").status == 200
    query = dict(hub.authorize_query(client="asking"), csrf=csrf, decision="allow")
    assert browser.post(hub.issuer + "/oauth2/authorize", query).status == 200
    assert browser.post(hub.url("/oauth2/authorize", **query), {"csrf": csrf, "decision": "allow"}).status in (200, 400)


def test_the_consent_of_one_request_is_not_for_another(hub):
    """A24: what was asked lies sealed in the ticket, and what is posted beside the decision counts for nothing"""
    browser = hub.login()
    page = ask(hub, browser, client="asking", scope="openid")
    address, csrf = consent_form(hub, page)
    answer = browser.post(address, {"csrf": csrf, "decision": "allow", "scope": "openid profile email offline_access",
                                    "redirect_uri": "https://evil.test/", "client_id": "other", "state": "mine"})
    assert answer.location.startswith(ASKING + "?code=") and answer.query["state"] == "the state", answer


# -- what the browser carries -------------------------------------------------------------------


def test_a_tampered_ticket_is_no_ticket(hub):
    """A24: every kind of change to the cookie, and a cookie under another's name"""
    browser = Browser()
    ticket = is_login(hub, ask(hub, browser)).query["ticket"]
    name = "cardea-ticket-" + ticket
    sealed = browser.cookies()[name]
    second = is_login(hub, ask(hub, browser)).query["ticket"]
    assert hub.get("/login?ticket=" + ticket, headers={"Cookie": f"{name}={sealed}"}).status == 200
    changed = [sealed[:-1], sealed + "A", "A" + sealed[1:], sealed[:20] + "A" + sealed[21:], sealed.swapcase(),
               sealed[::-1], "", "x", browser.cookies()["cardea-ticket-" + second], sealed + "=", sealed + "%00",
               sealed[:len(sealed) // 2]]
    for value in (value for value in changed if value != sealed):
        for path in ("/login", "/login/github", "/oauth2/authorize"):
            is_page(hub.get(f"{path}?ticket={ticket}", headers={"Cookie": f"{name}={value}"}))
    # Two of one name: one of them is not ours.
    is_page(hub.get("/login?ticket=" + ticket, headers={"Cookie": f"{name}={sealed}; {name}={sealed}"}))
    is_page(hub.get("/login?ticket=" + ticket))


def test_nothing_of_a_request_can_be_read_in_a_cookie(hub):
    """A24"""
    browser = Browser()
    is_login(hub, ask(hub, browser, nonce="a nonce to be looked for"))
    jar = json.dumps(browser.cookies())
    for secret in ("a nonce to be looked for", "the state", "app.test"):
        assert secret not in jar
        assert base64.urlsafe_b64encode(secret.encode())[1:-4].decode() not in jar


def test_many_begun_logins_stay_few_cookies(hub):
    """A24, G12: the oldest go"""
    browser = Browser()
    for _ in range(20):
        answer = ask(hub, browser)
        browser.get(hub.url("/login/github", ticket=is_login(hub, answer).query["ticket"]))
    assert len(browser.cookies()) <= 10, browser.cookies().keys()
    hub.login(browser)


# -- pages --------------------------------------------------------------------------------------


def test_pages_bring_nothing_from_elsewhere(hub, person):
    """A25: their headers are looked at by the watch"""
    pages = [hub.get("/login"), hub.get("/nothing", headers={"Accept": "text/html"}), person.get(hub.issuer + "/"),
             person.get(hub.issuer + "/logout"), Browser().get(hub.issuer + "/logout"),
             ask(hub, person, client="asking"), ask(hub, client_id="nobody"),
             ask(hub, person, response_mode="form_post")]
    for page in pages:
        assert page.header("Content-Type") == "text/html; charset=utf-8"
        for source in re.findall(r'(?:src|<link[^>]* href)="([^"]*)"', page.text):
            assert source.startswith("/") and not source.startswith("//"), source
        assert " style=" not in page.text and "javascript:" not in page.text and " onclick" not in page.text


# -- resources and providers --------------------------------------------------------------------


@pytest.mark.parametrize("resource",
                         ["relative", "https://api.test/#part", "https://api.test/#", "https://unknown.test/",
                          "https://api.test", "HTTPS://api.test/", "//api.test/"])
def test_an_impossible_resource_is_refused(hub, person, resource):
    """A28"""
    answer = ask(hub, person, client="narrow", resource=resource)
    is_sent_error(hub, answer, "invalid_target", "the state", client="narrow")
    answer = ask(hub, person, client="narrow", pairs=[("resource", "https://api.test/"), ("resource", resource)])
    is_sent_error(hub, answer, "invalid_target", "the state", client="narrow")


def test_a_resource_of_the_client_is_taken(hub, person):
    """A28"""
    is_code(ask(hub, person, client="narrow", resource="https://api.test/"))
    is_code(ask(hub, person, client="narrow", pairs=[("resource", "https://api.test/"), ("resource", "more")]))


@pytest.mark.parametrize("name", ["idp_hint", "kc_idp_hint", "connector_id"])
def test_a_provider_hint_reaches_no_further_than_the_client(hub, name):
    """A29: what is not allowed answers as what does not exist"""
    def follow(hint, client):
        browser = Browser()
        return browser.get(is_login(hub, ask(hub, browser, client=client, **{name: hint})).location)

    is_page(follow("github", "picky"), 404)
    unknown, refused = follow("nonsense", "picky"), follow("github", "picky")
    own = r"<code>.*?</code>|ticket=[\w-]+"
    assert re.sub(own, "", unknown.text) == re.sub(own, "", refused.text)
    assert follow("google", "picky").location.startswith(hub.simulator_url)
    assert follow("discord", "app").location.startswith(hub.simulator_url)
    for odd in ("../../etc/passwd", "google/../github", "google%2f", "goog\0le", "GOOGLE", "g" * 1000,
                "<script>", "\u0131"):
        assert follow(odd, "picky").status in (400, 404)


def test_a_session_from_a_provider_that_is_not_allowed_does_not_serve(hub, person):
    """A29"""
    is_login(hub, ask(hub, person, client="picky"))
    browser = Browser()
    answer, _ = hub.code(client="picky", browser=browser, provider="google")
    is_code(answer)
    # Nor can the ticket of one client be used to come in by another's provider.
    ticket = is_login(hub, ask(hub, browser, client="picky", prompt="login")).query["ticket"]
    is_page(browser.get(hub.url("/login/github", ticket=ticket)), 404)


def test_a_hidden_provider_is_not_on_the_chooser(hub):
    """contract.md, `hidden`"""
    assert "/login/github" in hub.get("/login").text and "/login/discord" not in hub.get("/login").text
