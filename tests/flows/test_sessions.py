"""Sessions, cookies and pages: group Q of the attack catalogue."""

import re
import signal
import sqlite3
import time
import urllib.parse

import pytest
from hub import APP, SLOW, Browser, Hub, claims, request
from watch import is_code, is_login, is_page, is_sent_error, resident_kib, talk, watched

PUBLIC = "https://id.example.com"


@pytest.fixture(scope="module")
def hub():
    with Hub({"workers": 2}) as hub, watched(hub):
        yield hub


@pytest.fixture(autouse=True)
def all_is_well(hub):
    yield
    hub.watch.check()


class BehindProxy(Browser):
    """A browser for which a proxy stands in front: what is at the public address comes from the hub."""

    def __init__(self, hub):
        super().__init__()
        self.hub = hub

    def request(self, url, method="GET", headers=None, **more):
        answer = super().request(url.replace(PUBLIC, self.hub.issuer), method, headers, **more)
        answer.headers = [(name, value.replace(PUBLIC, self.hub.issuer) if name == "Location" else value)
                          for name, value in answer.headers]
        return answer


@pytest.fixture(scope="module")
def secure():
    """A hub that people reach by https, through a proxy."""
    with Hub({"issuer": PUBLIC}) as hub:
        yield hub


def session_of(hub, cookie):
    return hub.get("/session", headers={"Cookie": cookie} if cookie else {})


def csrf_of(page):
    return re.search(r'name="csrf" value="([^"]+)"', page.text).group(1)


# -- cookies ------------------------------------------------------------------------------------


def cookie_lines(hub):
    """Every Set-Cookie line of a whole login by an app, and of a logout."""
    lines = []
    browser = BehindProxy(hub)
    plain = browser.request

    def collecting(*args, **more):
        answer = plain(*args, **more)
        lines.extend(answer.all("Set-Cookie"))
        return answer

    browser.request = collecting
    hub.code(browser=browser)
    browser.post(hub.issuer + "/logout", {"csrf": csrf_of(browser.get(hub.issuer + "/logout"))})
    return lines


def test_under_https_every_cookie_has_every_flag(secure):
    """Q01"""
    lines = cookie_lines(secure)
    kinds = {re.match(r"__Host-cardea-(ticket|login|session)", line).group(1) for line in lines}
    assert kinds == {"ticket", "login", "session"}
    for line in lines:
        attributes = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= attributes, line
        assert not any(attribute.startswith("domain") for attribute in attributes), line
    sessions = [line for line in lines if "cardea-session=" in line and "Max-Age=0" not in line]
    assert sessions and not any("max-age" in line.lower() or "expires" in line.lower() for line in sessions)


def test_on_loopback_the_flags_are_those_that_can_be(hub):
    """Q01: no Secure without https, all others"""
    for line in cookie_lines(hub):
        attributes = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"httponly", "path=/", "samesite=lax"} <= attributes and "secure" not in attributes, line


def test_under_https_a_cookie_without_the_prefix_is_none_of_ours(secure):
    """Q06: one that a page of a sub-domain, or one by http, has planted"""
    browser = BehindProxy(secure)
    secure.login(browser)
    value = browser.cookies()["__Host-cardea-session"]
    assert session_of(secure, f"__Host-cardea-session={value}").status == 200
    for name in ("cardea-session", "__Secure-cardea-session", "__host-cardea-session", "session",
                 "__Host-cardea-Session", " __Host-cardea-session\t"):
        assert session_of(secure, f"{name}={value}").status == 401, name


def test_every_login_has_a_new_secret(hub):
    """Q02: before and after, a second time as the same person, as another one; what was before is dead"""
    browser = Browser()
    assert not browser.cookies("cardea-session")
    seen = []
    for provider in ("github", "github", "google"):
        hub.login(browser, provider=provider)
        seen.append(browser.cookies()["cardea-session"])
        assert session_of(hub, "cardea-session=" + seen[-1]).status == 200
        for old in seen[:-1]:
            assert session_of(hub, "cardea-session=" + old).status == 401
    assert len(set(seen)) == 3


@pytest.mark.parametrize("value", ["x" * 65, "A" * 65, "attacker-has-chosen-this", "", "0" * 22, "x" * 22 + "y" * 43])
def test_an_unknown_session_is_not_adopted(hub, value):
    """Q02: fixation"""
    browser = Browser()
    browser.jar[("127.0.0.1", "cardea-session")] = value
    assert browser.get(hub.issuer + "/session").status == 401
    hub.login(browser)
    assert browser.cookies()["cardea-session"] != value and session_of(hub, "cardea-session=" + value).status == 401


MALFORMED = ["a=;;; =;", "cardea-session", "cardea-session=", "=", ";", "cardea-session=;cardea-session", "x" * 15000,
             "; ".join(f"c{number}=v" for number in range(200)), "cardea-session=\"{}\"", "cardea-session= {}",
             "cardea-session={},", "cardea-session={} x", "Cardea-Session={}",
             "cardea-session={}; cardea-session=x", "cardea-session=x; cardea-session={}",
             "cardea-session={}; cardea-session={}", "$Version=1; cardea-session=\"{}\"",
             "cardea-session=%7b{}", "cardea-session={}=", "a=b,cardea-session={}", "cardea-session={}{}",
             "cardea-session=\u00e4", "cardea-session-{}", "xcardea-session={}"]


@pytest.mark.parametrize("cookie", MALFORMED, ids=[repr(cookie)[:40] for cookie in MALFORMED])
def test_a_malformed_cookie_is_no_session(hub, cookie):
    """Q03, Q06: however it is broken or doubled, nobody is logged in by it, and nothing falls over"""
    browser = hub.login()
    good = browser.cookies()["cardea-session"]
    line = cookie.replace("{}", good).encode()
    said = talk(hub, b"GET /session HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: " + line + b"\r\n\r\n")
    # White space around a value is no part of it (RFC 6265bis, 5.7).
    expected = b"HTTP/1.1 200 " if cookie == "cardea-session= {}" and b'"sub"' in said else b"HTTP/1.1 401 "
    assert said.startswith(expected), said[:300]


def test_cookies_in_two_headers_are_read_as_one(hub):
    """Q03, Q06: and two of one name are still two"""
    good = hub.login().cookies()["cardea-session"]
    head = b"GET /session HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    line = b"Cookie: cardea-session=" + good.encode() + b"\r\n"
    assert talk(hub, head + b"Cookie: a=b\r\n" + line + b"\r\n").startswith(b"HTTP/1.1 200 ")
    assert talk(hub, head + line + line + b"\r\n").startswith(b"HTTP/1.1 401 ")
    assert talk(hub, head + b"Cookie: cardea-session=planted\r\n" + line + b"\r\n").startswith(b"HTTP/1.1 401 ")
    assert talk(hub, head + b"Cookie: a=\0b\r\n" + line + b"\r\n").startswith(b"HTTP/1.1 400 ")


def test_a_changed_cookie_is_no_session(hub):
    """Q05: every character flipped, pieces swapped between two people"""
    one = hub.login().cookies()["cardea-session"]
    two = hub.login(provider="google").cookies()["cardea-session"]
    forged = [one[:place] + ("A" if one[place] != "A" else "B") + one[place + 1:] for place in range(len(one))]
    forged += [one[:22] + two[22:], two[:22] + one[22:], one[::-1], one.swapcase(), one[:-1], one + "A",
               one[:22], one[22:]]
    for value in forged:
        assert session_of(hub, "cardea-session=" + value).status == 401
    assert session_of(hub, "cardea-session=" + one).status == session_of(hub, "cardea-session=" + two).status == 200


def restart(hub, secrets=None, simulate=None):
    hub.process.send_signal(signal.SIGTERM)
    hub.process.wait(timeout=60)
    if secrets is not None:
        hub.config = dict(hub.config, secrets=secrets)
    if simulate is not None:
        hub.simulated = simulate
    hub.write_config()
    hub.serve()


def test_what_an_older_key_has_sealed_opens_as_long_as_that_key_is_there():
    """Q05, X05: secrets change, in two steps"""
    old, new = "the first secret of a test, which is old by now", "the second secret of a test, and it is new"
    with Hub({"secrets": [old]}) as hub:
        browser = hub.login()
        sub = browser.get(hub.issuer + "/session").json["sub"]
        waiting = Browser()
        ticket = is_login(hub, hub.authorize(waiting)).query["ticket"]
        restart(hub, [new, old])
        assert browser.get(hub.issuer + "/session").json["sub"] == sub
        assert waiting.get(hub.url("/login", ticket=ticket)).status == 200
        again = is_login(hub, hub.authorize(waiting)).query["ticket"]
        assert claims(hub.tokens(browser=browser)["id_token"])["sub"] == sub
        # The signing keys were sealed by the old one, and there is nobody to write them anew: it must stay.
        restart(hub, [old, new])
        assert waiting.get(hub.url("/login", ticket=again)).status == 200
        restart(hub, [old])
        is_page(waiting.get(hub.url("/login", ticket=again)))
        hub.login(waiting)


def test_a_session_is_known_to_every_worker_and_after_a_restart():
    """promise 5, and a stable sub"""
    with Hub({"workers": 2}) as hub:
        browser = hub.login()
        sub = browser.get(hub.issuer + "/session").json["sub"]
        assert {browser.get(hub.issuer + "/session").json["sub"] for _ in range(20)} == {sub}
        restart(hub)
        assert browser.get(hub.issuer + "/session").json["sub"] == sub
        assert hub.login().get(hub.issuer + "/session").json["sub"] == sub


def test_a_session_ends_with_its_provider():
    """G23, D17: a provider that is taken out of the configuration is dead everywhere at once"""
    with Hub({}, simulate=("github", "google")) as hub:
        browser, other = hub.login(provider="google"), hub.login()
        restart(hub, simulate=("github",))
        assert browser.get(hub.issuer + "/session").status == 401
        assert other.get(hub.issuer + "/session").status == 200
        is_sent_error(hub, hub.authorize(browser, prompt="none"), "login_required")


@pytest.mark.parametrize("lifetimes", [{"session": "2s"}, {"session_idle": "2s"}])
def test_a_session_ends_at_its_time(lifetimes):
    """Q02: used or not"""
    with Hub({"lifetimes": lifetimes}) as hub:
        browser = hub.login()
        assert browser.get(hub.issuer + "/session").status == 200
        time.sleep(3.1)
        assert browser.get(hub.issuer + "/session").status == 401
        is_sent_error(hub, hub.authorize(browser, prompt="none"), "login_required")


# -- logging out --------------------------------------------------------------------------------


def test_nobody_is_logged_out_by_a_link_or_a_foreign_form(hub):
    """P04, A22"""
    browser, other = hub.login(), hub.login()
    foreign = csrf_of(other.get(hub.issuer + "/logout"))
    page = browser.get(hub.issuer + "/logout")
    assert page.status == 200 and browser.get(hub.issuer + "/session").status == 200
    for form in ({}, {"csrf": ""}, {"csrf": "x"}, {"csrf": foreign}, {"csrf": csrf_of(page)[:-1]}):
        is_page(browser.post(hub.issuer + "/logout", form), 403)
    assert browser.get(hub.issuer + "/session").status == 200


def test_after_logging_out_the_cookie_is_dead_here_and_not_only_there(hub):
    """P03, A26"""
    browser = hub.login()
    cookie = "cardea-session=" + browser.cookies()["cardea-session"]
    done = browser.post(hub.issuer + "/logout", {"csrf": csrf_of(browser.get(hub.issuer + "/logout"))})
    assert done.status == 303 and done.location == hub.issuer + "/logout", done
    assert not browser.cookies("cardea-session") and session_of(hub, cookie).status == 401
    assert browser.get(done.location).status == 200
    is_sent_error(hub, hub.authorize(browser, prompt="none"), "login_required")


def test_a_logout_in_the_middle_of_a_request_stops_it(hub):
    """P11: and whoever logs in next gets what is his"""
    browser = hub.login()
    asked = hub.authorize(browser, prompt="login")
    ticket = is_login(hub, asked).query["ticket"]
    browser.post(hub.issuer + "/logout", {"csrf": csrf_of(browser.get(hub.issuer + "/logout"))})
    is_login(hub, browser.get(hub.url("/oauth2/authorize", ticket=ticket)))
    first = claims(hub.tokens()["id_token"])["sub"]
    tokens = hub.tokens(browser=browser, provider="google")
    assert claims(tokens["id_token"])["sub"] != first


# -- two tabs -----------------------------------------------------------------------------------


def test_two_tabs_finish_each_its_own_request(hub):
    """G17: interleaved, at one provider"""
    browser = Browser()
    tabs = []
    for client, scope in (("app", "openid"), ("other", "openid email")):
        ticket = is_login(hub, hub.authorize(browser, client=client, scope=scope, state=client)).query["ticket"]
        tabs.append((client, browser.get(hub.url("/login/github", ticket=ticket)).location))
    backs = [(client, hub.pick(browser, url)) for client, url in tabs[::-1]]
    for client, back in backs:
        done = browser.get(browser.get(back.location).location)
        assert is_code(done) and done.query["state"] == client
        assert done.location.startswith(hub.client(client)["redirect_uris"][0])


# -- pages --------------------------------------------------------------------------------------


def test_pages_and_errors_under_https_ask_for_https(secure):
    """Q07: with every header, on pages, redirects, errors for people and for programs, and refusals of the parser"""
    html = {"Accept": "text/html"}
    answers = [secure.get("/login"), secure.get("/nothing", headers=html), secure.get("/nothing"),
               secure.get("/session"), secure.post("/oauth2/token", {}),
               request(secure.issuer + "/login", "PUT"), secure.get("/oauth2/jwks"), secure.get(
                   "/login/github"), secure.get("/callback/github", headers=html), secure.get("/static/style.css"),
               secure.get("/oauth2/userinfo"), secure.get("/static/none"), secure.get("/marks/none")]
    for answer in answers:
        assert answer.header("Strict-Transport-Security") == "max-age=31536000", answer
        assert answer.header("X-Content-Type-Options") == "nosniff"
        assert answer.header("Referrer-Policy") == "no-referrer"
    for data, status in ((b"GET / HTTP/1.1\r\n\r\n", b"400"), (b"GET / HTTP/9.9\r\n\r\n", b"505"),
                         (b"GET /" + b"x" * 20000, b"414"),
                         (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999\r\n\r\n", b"413")):
        said = talk(secure, data)
        assert said.startswith(b"HTTP/1.1 " + status), said
        for line in (b"Strict-Transport-Security: max-age=31536000", b"X-Content-Type-Options: nosniff",
                     b"Referrer-Policy: no-referrer", b"Cache-Control: no-store",
                     b"Content-Security-Policy: default-src 'none'", b"Connection: close"):
            assert b"\r\n" + line in said, (line, said)
        assert b"Server:" not in said and b"cardea" not in said.lower(), said


def test_every_kind_of_error_has_its_headers(hub):
    """Q07: the watch looks at each of them"""
    for path in ("/nothing", "/static/none", "/static/../x", "/marks/none", "/login/none", "/callback/none",
                 "/oauth2/none", "/.well-known/none", "/%", "/%00", "/session", "/oauth2/authorize",
                 "/callback/github?state=x", "/login?ticket=x"):
        for accept in ("text/html,*/*", "application/json"):
            answer = hub.get(path, headers={"Accept": accept})
            assert 400 <= answer.status < 500, answer


PAYLOADS = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'><svg/onload=alert(1)>",
            "{{csrf}}", "{{{csrf}}}",
            "{{>head}}", "{{#t}}x{{/t}}", "javascript:alert(1)", "</title><script>", "<!--", "]]>",
            "\u2028<b>", "%3Cscript%3E"]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_parameter_becomes_markup(hub, payload):
    """Q08: whatever is put wherever, as far as it is shown at all"""
    person = hub.login()
    ticket = is_login(hub, hub.authorize(Browser())).query["ticket"]
    html = {"Accept": "text/html", "User-Agent": payload.encode("utf-8").decode("latin-1"), "Referer": "https://x/"}
    quoted = urllib.parse.quote(payload)
    targets = [f"/login?cancelled={quoted}", f"/login?ticket={quoted}", f"/login?return_to=/{quoted}",
               f"/login/{quoted}", f"/{quoted}", f"/callback/github?state={quoted}", f"/callback/{quoted}",
               f"/marks/{quoted}", f"/static/{quoted}",
               f"/callback/github?error={quoted}&error_description={quoted}&state={ticket}",
               f"/login?ui_locales={quoted}", f"/oauth2/authorize?client_id={quoted}",
               f"/oauth2/authorize?client_id=app&redirect_uri={quoted}", f"/logout?x={quoted}", f"/?x={quoted}"]
    for target in targets:
        page = person.get(hub.issuer + target, headers=html)
        if not (page.header("Content-Type") or "").startswith("text/html"):
            continue
        if payload.startswith(("<", "\"", "'", "</", "]]", "\u2028")):
            assert payload not in page.text, (target, page.text)
        assert "alert(1)>" not in page.text and "<script" not in page.text, (target, page.text)
        assert "{{" not in page.text.replace(payload.replace("<", "&lt;"), "") and 'href="javascript' not in page.text


@pytest.mark.parametrize("locale",
                         ["../../etc/passwd", "en/../de", "..", "/", "de\0", "de;q=abc", "x" * 7000, "de-" * 1000, "*",
                          "de;q=" + "9" * 300, ",,,,;;;;", "\u00e4", "<script>", "zz", "e"])
def test_a_language_is_a_name_and_no_file(hub, locale):
    """Q09"""
    page = hub.get("/login?" + urllib.parse.urlencode({"ui_locales": locale}))
    assert page.status == 200 and re.search('lang="(en|de)"', page.text), page
    if "\0" not in locale:
        page = hub.get("/login", headers={"Accept-Language": locale.encode("utf-8").decode("latin-1")})
        assert page.status == 200 and re.search('lang="(en|de)"', page.text), page


def test_many_languages_cost_no_memory(hub):
    """Q09: nothing is kept of what was asked for"""
    pids = hub.watch.workers
    for number in range(200):
        hub.get(f"/login?ui_locales=x{number:07}")
    before = sum(resident_kib(pid) for pid in pids)
    for number in range(1500):
        hub.get(f"/login?ui_locales=y{number:07}", headers={"Accept-Language": f"z{number:06}, de;q=0.{number}"})
    # A sanitizer keeps what was freed for a while, up to 256 MiB in each process.
    assert sum(resident_kib(pid) for pid in pids) - before < (1500 if SLOW == 1 else 300_000 * len(pids))


LIES = {"Host": "evil.test", "X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "gopher",
        "X-Forwarded-Prefix": "/evil", "X-Forwarded-Port": "1", "Forwarded": "host=evil.test;proto=gopher",
        "X-Original-URL": "/evil.test", "X-Host": "evil.test", "X-Rewrite-URL": "/evil.test",
        "X-Forwarded-Server": "evil.test", "X-HTTP-Method-Override": "DELETE"}


def test_our_own_address_comes_from_the_configuration(hub):
    """Q10, G18, R15: with every header that lies, pages, redirects, metadata and what providers hear stay the same"""
    person = hub.login()
    for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server",
                 "/oauth2/jwks", "/login", "/login/github", "/nothing", "/session", "/", "/logout",
                 "/oauth2/authorize", "/callback/github?state=x", "/static/style.css", "/oauth2/userinfo"):
        for browser in (Browser(), person):
            answer = browser.get(hub.issuer + path, headers=dict(LIES, Accept="text/html"))
            whole = answer.body + "".join(f"{name}: {value}\n" for name, value in answer.headers).encode()
            assert b"evil" not in whole and b"gopher" not in whole, (path, answer)
    metadata = hub.get("/.well-known/openid-configuration").json
    assert hub.get("/.well-known/openid-configuration", headers=LIES).json == metadata
    to_provider = hub.get("/login/github", headers=LIES)
    assert to_provider.query["redirect_uri"] == hub.issuer + "/callback/github"
    answer = person.get(hub.url("/oauth2/authorize", **hub.authorize_query()), headers=LIES)
    assert answer.location.startswith(APP) and answer.query["iss"] == hub.issuer


# -- nothing for strangers ----------------------------------------------------------------------


def stored(hub):
    with sqlite3.connect(f"file:{hub.folder}/cardea.db?mode=ro", uri=True) as store:
        return sum(store.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                   for table in ("records", "counters", "members"))


def test_nothing_is_stored_for_whoever_has_not_logged_in(hub):
    """promise 1, G12: pages, requests, begun logins, refused callbacks, wrong tokens"""
    before = stored(hub)
    for _ in range(30):
        browser = Browser()
        ticket = is_login(hub, hub.authorize(browser)).query["ticket"]
        browser.get(hub.url("/login", ticket=ticket))
        to_provider = browser.get(hub.url("/login/github", ticket=ticket))
        browser.get(hub.url("/callback/github", state=to_provider.query["state"], code="made up"))
        back = hub.pick(browser, browser.get(hub.url("/login/github")).location, case="denied")
        browser.get(back.location)
        hub.token(grant_type="authorization_code", code="cac_" + "A" * 65)
        hub.token(grant_type="refresh_token", refresh_token="crt_" + "A" * 65 + ".1")
        hub.get("/oauth2/userinfo", headers={"Authorization": "Bearer cat_" + "A" * 65})
        hub.get("/session", headers={"Cookie": "cardea-session=" + "A" * 65})
    assert stored(hub) == before
