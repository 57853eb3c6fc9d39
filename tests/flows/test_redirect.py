"""Where an answer may go: group B of the attack catalogue. Refused means a page of ours, and no Location."""

import json
import os
import subprocess
import urllib.parse

import pytest
from hub import CARDEA, Browser, Hub, claims
from watch import is_code, is_error, is_page, watched

CALLBACK = "https://app.test/cb"
CONFIG = {
    "clients": {
        "app": {"redirect_uris": [CALLBACK]},
        "asking": {
            "client_secret": "the secret of the asking app, long",
            "redirect_uris": ["https://asking.test/cb?a=1&b=2"],
            "consent": "explicit",
        },
        "two": {
            "client_secret": "the secret of the app with two, long",
            "redirect_uris": ["https://two.test/cb", "https://two.test/other"],
        },
        "public": {
            "redirect_uris": ["http://127.0.0.1/cb?x=1", "http://127.0.0.1:8123/fixed", "http://[::1]/cb",
                              "http://localhost:9000/cb", "com.example.app:/callback"],
        },
        "native": {"token_endpoint_auth_method": "none", "redirect_uris": ["http://127.0.0.1/cb"]},
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


def ask(hub, browser, uri, client="app", method="GET", **over):
    """A good request with that address, as a form encodes it."""
    query = hub.authorize_query(client=client, redirect_uri=uri, **over)
    if method == "POST":
        return browser.post(hub.issuer + "/oauth2/authorize", query)
    return browser.get(hub.url("/oauth2/authorize", **query))


def is_refused(hub, browser, uri, client="app"):
    """Refused by every way: with a session and without, as GET and as POST, and with another error beside it."""
    for over in ({}, {"prompt": "none"}, {"response_type": "token"}, {"scope": "bogus"},
                 {"response_mode": "form_post"}):
        is_page(ask(hub, browser, uri, client, **over))
    is_page(ask(hub, Browser(), uri, client))
    is_page(ask(hub, browser, uri, client, method="POST"))


REFUSED = [
    # B01: paths that lead elsewhere
    CALLBACK + "/..", CALLBACK + "/../x", CALLBACK + "/%2e%2e/x", CALLBACK + "/%252e%252e/", CALLBACK + "/..;/x",
    CALLBACK + "/.", "https://app.test/./cb", "https://app.test/x/../cb", "https://app.test/%63b", CALLBACK + "%2f..",
    # B02: hosts that look alike
    "https://app.test.evil.test/cb", "https://app.testevil/cb", "https://evil.test/app.test/cb",
    "https://evilapp.test/cb", "https://evil.app.test/cb", "https://evil.test/https://app.test/cb",
    # B03: somebody in front of the host
    "https://app.test@evil.test/cb", "https://app.test:80@evil.test/cb", "https://a@b@evil.test/",
    "https://x@app.test/cb", "https://app.test%40evil.test/cb", "https://@app.test/cb", "https://x:y@app.test/cb",
    # B04: slashes and white space
    "https://app.test\\@evil.test/cb", "https:/\\evil.test", "https:/app.test/cb", "https:app.test/cb",
    "https:\\\\app.test\\cb", "\t" + CALLBACK, " " + CALLBACK, "\n" + CALLBACK, "\r" + CALLBACK,
    CALLBACK + " ", CALLBACK + "\n", CALLBACK + "\0", "https://app.test/\tcb", "https://app.\ntest/cb",
    "https://app.test/c\0b", "//app.test/cb", "/cb", "cb", "app.test/cb",
    # B05: another case
    "https://APP.test/cb", "HTTPS://app.test/cb", "https://app.test/CB", "https://app.test/Cb",
    # B06: a query
    CALLBACK + "?", CALLBACK + "?x=1", CALLBACK + "?code=x", CALLBACK + "&x=1", CALLBACK + ";x=1",
    # B07: a fragment
    CALLBACK + "#", CALLBACK + "#x", CALLBACK + "#code=x",
    # B08: ports, slashes, dots, schemes
    "https://app.test:443/cb", "https://app.test:444/cb", CALLBACK + "/", "https://app.test//cb",
    "https://app.test./cb", "http://app.test/cb", "https://app.test:/cb", "https://app.test",
    "https://app.test/", "ftp://app.test/cb",
    # B09: schemes that run something
    "javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "vbscript:x", "\x01javascript:alert(1)",
    "javascript://app.test/cb", "javascript:https://app.test/cb", "view-source:" + CALLBACK, "blob:" + CALLBACK,
    # B11: broken encodings and other alphabets
    CALLBACK + "%zz", CALLBACK + "%2", "https://app.test/c\u0431", "https://\u0430pp.test/cb",
    "https://xn--pp-7cd.test/cb", "https://app\uff0etest/cb", "https://app\u3002test/cb",
    "https://app.test/cb\u200b", "https://app.test\uff0fcb", b"https://app.test/\xc0\xaecb", b"https://app.test/cb\xff",
    # and what is nothing at all
    "x" * 5000, CALLBACK + "x" * 2500, "*", "https://*.test/cb", "null", "about:blank", "urn:ietf:wg:oauth:2.0:oob",
]


@pytest.mark.parametrize("uri", REFUSED, ids=[repr(uri)[:60] for uri in REFUSED])
def test_an_address_that_is_not_the_registered_one_is_refused(hub, person, uri):
    """B01 to B09, B11, 5.G: denial and all other errors with it"""
    is_refused(hub, person, uri)


def test_an_address_encoded_twice_is_not_decoded_twice(hub, person):
    """B01, R13"""
    query = urllib.parse.urlencode(hub.authorize_query(redirect_uri=None))
    twice = urllib.parse.quote(urllib.parse.quote(CALLBACK, safe=""), safe="")
    is_page(person.get(f"{hub.issuer}/oauth2/authorize?{query}&redirect_uri={twice}"))
    is_page(person.get(f"{hub.issuer}/oauth2/authorize?{query}&redirect%255furi={urllib.parse.quote(CALLBACK)}"))
    # Encoded once, however much of it, it is the same address; names are decoded as well.
    once = "".join(f"%{byte:02x}" for byte in CALLBACK.encode())
    is_code(person.get(f"{hub.issuer}/oauth2/authorize?{query}&redirect%5furi={once}"))


@pytest.mark.parametrize("uri", ["https://asking.test/cb", "https://asking.test/cb?", "https://asking.test/cb?a=1",
                                 "https://asking.test/cb?b=2&a=1", "https://asking.test/cb?a=1&b=3",
                                 "https://asking.test/cb?a=1&b=2&c=3", "https://asking.test/cb?a=1&b=2&",
                                 "https://asking.test/cb?A=1&b=2", "https://asking.test/cb?a=%31&b=2",
                                 "https://asking.test/cb?a=1;b=2", "https://asking.test/cb?a=1&b=2#"])
def test_a_registered_query_must_come_as_it_is_registered(hub, person, uri):
    """B06, oidcc redirect-uri-query-*"""
    is_refused(hub, person, uri, client="asking")


def test_another_clients_address_is_refused(hub, person):
    """B02"""
    for client in ("app", "asking", "public"):
        is_refused(hub, person, "https://other.test/callback", client)


# -- native apps --------------------------------------------------------------------------------


@pytest.mark.parametrize("uri",
                         ["http://127.0.0.1/cb?x=1", "http://127.0.0.1:49152/cb?x=1", "http://127.0.0.1:1/cb?x=1",
                          "http://127.0.0.1:65535/cb?x=1", "http://[::1]/cb", "http://[::1]:49152/cb",
                          "http://127.0.0.1:8123/fixed", "http://127.0.0.1:9999/fixed",
                          "http://localhost:9000/cb", "com.example.app:/callback"])
def test_a_native_app_may_choose_its_port_and_nothing_else(hub, person, uri):
    """B12: RFC 8252, 7.3, and the code goes to that very port"""
    answer = ask(hub, person, uri, client="public")
    is_code(answer)
    assert answer.location.startswith(uri + ("&" if "?" in uri else "?")), answer


@pytest.mark.parametrize("uri", ["http://localhost/cb?x=1", "http://localhost:49152/cb", "http://localhost/cb",
                                 "http://127.0.0.1/cb", "http://127.0.0.1/cb?x=2", "http://127.0.0.1/CB?x=1",
                                 "http://127.0.0.1/cb/?x=1", "http://127.0.0.1/other?x=1", "http://[::1]/cb?x=1",
                                 "https://127.0.0.1/cb?x=1", "http://127.0.0.2/cb?x=1", "http://127.1/cb?x=1",
                                 "http://2130706433/cb?x=1", "http://0x7f000001/cb?x=1", "http://0177.0.0.1/cb?x=1",
                                 "http://127.0.0.1.evil.test/cb?x=1", "http://127.0.0.1:1@evil.test/cb?x=1",
                                 "http://127.0.0.1@evil.test/cb?x=1", "http://127.0.0.1:0/cb?x=1",
                                 "http://127.0.0.1:65536/cb?x=1", "http://127.0.0.1:/cb?x=1",
                                 "http://127.0.0.1:+80/cb?x=1",
                                 "http://127.0.0.1:80x/cb?x=1", "http://127.0.0.1:8080#@evil.test/cb?x=1",
                                 "http://[::ffff:127.0.0.1]/cb", "http://[0:0:0:0:0:0:0:1]/cb", "http://[::1%25lo]/cb",
                                 "http://0.0.0.0/cb?x=1", "http://127.0.0.1:8123/fixed?", "HTTP://127.0.0.1/cb?x=1",
                                 "http://127.0.0.1\\@evil.test/cb?x=1"])
def test_what_looks_like_loopback_is_refused(hub, person, uri):
    """B13, 5.G test_loopback_lookalike_authority"""
    is_refused(hub, person, uri, client="public")


@pytest.mark.parametrize("uri", ["com.example.app://callback", "COM.example.app:/callback", "com.example.app:callback",
                                 "com.example.app:/callback/", "com.example.app:/callback?x=1", "com.example.app:/",
                                 "com.example.app.evil:/callback", "com.example.app:///callback",
                                 "com.example.app:/callback#"])
def test_a_scheme_of_its_own_matches_exactly(hub, person, uri):
    """B15"""
    is_refused(hub, person, uri, client="public")


def test_a_confidential_client_has_no_free_port(hub, person):
    """B12: it applies to loopback addresses only, whoever has them"""
    is_refused(hub, person, "https://app.test:8443/cb")


# -- left out, and at the token endpoint --------------------------------------------------------


def test_an_address_may_be_left_out_only_where_there_is_one_and_no_openid(hub, person):
    """B16, 5.C test_missing_redirect_uri, test_default_uri"""
    for scope in ("openid", "profile openid", "email"):
        is_page(ask(hub, person, None, client="two", scope=scope))
    for scope in ("openid", "profile openid"):
        is_page(ask(hub, person, None, scope=scope))
    answer = ask(hub, person, None, scope="email")
    is_code(answer)
    assert answer.location.startswith(CALLBACK + "?")


def test_an_empty_address_is_not_one_that_was_left_out_by_mistake(hub, person):
    """B16: RFC 6749, 3.1 says that empty is the same as absent, and absent is not enough here"""
    is_page(ask(hub, person, ""))
    is_page(ask(hub, person, "", client="two"))


def exchange(hub, uri, asked=CALLBACK, **over):
    """A code that was asked for with one address and is redeemed with another."""
    answer, pkce = hub.code(redirect_uri=asked, **over)
    form = {"grant_type": "authorization_code", "code": is_code(answer), "code_verifier": pkce.verifier}
    if uri is not None:
        form["redirect_uri"] = uri
    return hub.token(**form)


@pytest.mark.parametrize("uri",
                         ["https://app.test/", CALLBACK + "/", CALLBACK + "?", "https://APP.test/cb", "x", None, "",
                          CALLBACK + "\0", "https%3A%2F%2Fapp.test%2Fcb", CALLBACK + "#"])
def test_a_code_is_redeemed_with_the_address_it_was_asked_for_with(hub, uri):
    """B17, 5.C test_redirect_uri_preservation, test_mismatching_redirect_uri"""
    is_error(exchange(hub, uri), "invalid_grant")


def test_a_code_without_an_address_is_redeemed_without_one(hub):
    """B17, 3.6 redirect_uri missing at exchange, 5.C test_default_uri_in_token"""
    assert exchange(hub, None, asked=None, scope="email").status == 200
    is_error(exchange(hub, CALLBACK, asked=None, scope="email"), "invalid_grant")
    is_error(exchange(hub, "https://evil.test/", asked=None, scope="email"), "invalid_grant")


def test_the_port_of_a_native_app_is_part_of_what_is_compared(hub):
    """B17, B12"""
    def redeem(asked, given):
        answer, pkce = hub.code(client="public", redirect_uri=asked)
        return hub.token("public", grant_type="authorization_code", code=is_code(answer), redirect_uri=given,
                         code_verifier=pkce.verifier)

    assert redeem("http://127.0.0.1:49152/cb?x=1", "http://127.0.0.1:49152/cb?x=1").status == 200
    is_error(redeem("http://127.0.0.1:49152/cb?x=1", "http://127.0.0.1:49153/cb?x=1"), "invalid_grant")
    is_error(redeem("http://127.0.0.1:49152/cb?x=1", "http://127.0.0.1/cb?x=1"), "invalid_grant")


# -- what cannot be registered ------------------------------------------------------------------


def check(hub, tmp_path, **client):
    """`cardea check` of a configuration with that client. (status, what it said)"""
    config = hub.effective()
    config["clients"] = {"odd": dict({"client_secret": "the secret of the odd client, long"}, **client)}
    path = os.path.join(tmp_path, "odd.yaml")
    with open(path, "w") as out:
        json.dump(config, out)
    done = subprocess.run([CARDEA, "check", "--config", path], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("uri",
                         ["https://*.app.test/*", "https://*.app.test/cb", "*", "https://", "^https://app[.]test/.*$",
                          "javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "vbscript:x",
                          "\x01javascript:alert(1)", "https://app.test/cb#x", "https://app.test/cb#", "/cb", "cb",
                          "http://app.test/cb", "https://x@app.test/cb", "https://app.test/c b", "https://app.test/%zz",
                          "myapp:/cb", "file:///tmp/x", "https://app.test/cb?code=x", "https://app.test/cb?x=1&state=y",
                          "https://app.test/cb?iss=x", "https://app.test/cb?error", "https://app.test/cb?%65rror=1",
                          "https://app.test\\cb", "https://b\u00fccher.test/cb"])
def test_a_dangerous_address_cannot_be_registered(hub, tmp_path, uri):
    """B07, B09, B18, B19: the configuration is refused, with the place"""
    status, said = check(hub, tmp_path, redirect_uris=[uri])
    assert status == 2 and "odd.yaml:1:" in said.replace(str(tmp_path) + "/", ""), (status, said)


def test_a_good_address_can_be_registered(hub, tmp_path):
    """B18: so that the refusals above mean something"""
    status, said = check(hub, tmp_path,
                         redirect_uris=["https://app.test/cb?x=1", "http://localhost:1/x", "com.example.app:/x"])
    assert status == 0, said


def test_a_star_in_an_address_is_a_star(hub, tmp_path):
    """B18: compared letter by letter, if it can be registered at all"""
    status, said = check(hub, tmp_path, redirect_uris=["https://app.test/*"])
    if status == 0:
        config = {"clients": {"app": {"redirect_uris": ["https://app.test/*"]}}}
        with Hub(config, simulate=("github",)) as other:
            is_page(ask(other, Browser(), "https://app.test/anything"))


# -- back to us ---------------------------------------------------------------------------------


ELSEWHERE = ["//evil.test", "/\\evil.test", "\\/evil.test", "/%5cevil.test", "/%5Cevil.test", "https:evil.test",
             "https://evil.test/", "///evil.test", "////evil.test", "/%09/evil.test", "/\t/evil.test",
             "javascript:alert(1)", "\x01javascript:alert(1)", "evil.test", "@evil.test", ".evil.test",
             "/%2fevil.test", "/%2Fevil.test", "/%0d%0aX: y", "/%00", "%2f%2fevil.test", "http:/evil.test",
             " //evil.test", "/ /evil.test", "data:,x", "/\r\nSet-Cookie: a=b", "\\\\evil.test",
             "/\\/evil.test", "/x\0", "//\uff0eevil.test", "/\u2215evil.test", "/" + "x" * 5000, b"/\xff"]


@pytest.mark.parametrize("path", ["/login", "/login/github"])
@pytest.mark.parametrize("return_to", ELSEWHERE, ids=[repr(value)[:40] for value in ELSEWHERE])
def test_after_a_login_nobody_is_sent_elsewhere(hub, path, return_to):
    """B20"""
    is_page(hub.get(path + "?" + urllib.parse.urlencode({"return_to": return_to})))


@pytest.mark.parametrize("return_to", ["/", "/session", "/session?a=b&c=d", "/a/b%20c", "/?next=//evil.test",
                                       "/x?u=https://evil.test/", "/..//evil.test", "/.//evil.test",
                                       "/@evil.test", "/x//evil.test", "/;@evil.test", "/:80"])
def test_after_a_login_a_path_of_ours_is_kept(hub, return_to):
    """B20: and always stands behind our own address"""
    browser = Browser()
    to_provider = browser.get(hub.url("/login/github", return_to=return_to))
    back = hub.pick(browser, to_provider.location)
    done = browser.get(back.location)
    assert done.status == 303 and done.location == hub.issuer + return_to, done


def test_other_names_for_a_target_are_not_heard(hub):
    """B20: target_link_uri and the like"""
    browser = Browser()
    to_provider = browser.get(hub.url("/login/github", target_link_uri="https://evil.test/", next="//evil.test",
                                      redirect_uri="https://evil.test/", rd="https://evil.test/"))
    assert "evil" not in to_provider.location
    done = browser.get(hub.pick(browser, to_provider.location).location)
    assert done.location == hub.issuer + "/", done


def test_a_login_by_an_app_comes_back_to_that_app(hub):
    """B20: a return_to beside a ticket changes nothing"""
    browser = Browser()
    ticket = ask(hub, browser, CALLBACK).query["ticket"]
    to_provider = browser.get(hub.url("/login/github", ticket=ticket, return_to="/session"))
    done = browser.get(hub.pick(browser, to_provider.location).location)
    assert done.location == f"{hub.issuer}/oauth2/authorize?ticket={ticket}", done
    assert browser.get(done.location).location.startswith(CALLBACK + "?code=")


def test_the_app_that_is_named_is_the_audience(hub):
    """B17: the client of the request, and no other"""
    assert claims(exchange(hub, CALLBACK).json["id_token"])["aud"] == "app"
