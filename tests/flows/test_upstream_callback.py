"""Group G of the attack catalogue: what comes back to our callback, and who sent it."""

import concurrent.futures
import sqlite3
import subprocess
import time
import urllib.parse

import pytest
from hub import APP, CARDEA, wait_until
from upstream import GONE, SLOW, Browser, Stage, request


@pytest.fixture(scope="module")
def stage():
    providers = {
        "honest": lambda up: up.settings(),
        "hostile": lambda up: up.settings(),
        "posting": lambda up: up.settings(response_mode="form_post"),
        "named": lambda up: up.oauth2_settings(issuer=up.issuer),
        "renamed": lambda up: up.oauth2_settings(callback_rename={"code": "auth_code"}, callback_denied="refused",
                                                 callback_forward=["shop"]),
    }
    with Stage(providers, spare=4) as stage:
        yield stage


@pytest.fixture
def up(stage):
    up = stage.up("honest")
    up.asked.clear()
    return up


def check_nothing_was_sent(stage, *ups):
    for up in ups:
        assert not up.calls("/token"), up.calls("/token")


def mismatch(stage, visit, answer, reason):
    stage.check_refusal(answer, visit.browser, reason, 400)
    assert f'href="{stage.hub.issuer}/"' in answer.text, "there is no way to begin again"


def test_a_callback_without_a_known_state_asks_the_provider_nothing(stage, up):
    """G01."""
    visit = stage.visit(up)
    for state in (GONE, "", "unknown", "6b04b09eAAAAAAAAAAAAAAAAAAAAAAAA", "x" * 5000, "\0", "'; drop", "ü"):
        answer = visit.back(visit.change(state=state))
        assert answer.status == 400 and stage.session(visit.browser) is None, (state, answer)
    assert visit.back("").status == 400
    check_nothing_was_sent(stage, up)
    assert visit.back().status == 303, "the login itself is still good"


def test_an_answer_is_good_only_in_the_browser_that_asked(stage, up):
    """G02: the victim's browser has no such login, or one of its own."""
    visit = stage.visit(up)
    answer = visit.back(browser=Browser())
    assert answer.status == 400 and "login_expired" in stage.why(answer)
    victim = stage.visit(up)
    answer = visit.back(browser=victim.browser)
    assert answer.status == 400 and stage.session(victim.browser) is None
    check_nothing_was_sent(stage, up)


def test_the_cookie_of_one_attempt_does_not_open_under_the_name_of_another(stage, up):
    """G02."""
    mine, theirs = stage.visit(up), stage.visit(up)
    names = [next(iter(visit.browser.cookies("cardea-login-"))) for visit in (mine, theirs)]
    value = mine.browser.cookies()[names[0]]
    theirs.browser.jar[("127.0.0.1", names[1])] = value
    answer = theirs.back()
    assert answer.status == 400 and "no login of that state" in stage.why(answer)
    check_nothing_was_sent(stage, up)


def test_the_same_callback_works_once(stage, up):
    """G03: not even for somebody who has kept the cookie."""
    visit = stage.visit(up)
    kept = dict(visit.browser.jar)
    assert visit.back().status == 303
    assert not visit.browser.cookies("cardea-login-")
    answer = visit.back()
    assert answer.status == 400 and "login_expired" in stage.why(answer)
    thief = Browser()
    thief.jar = kept
    mismatch(stage, stage.visit(up, thief), visit.back(browser=thief), "the state was used before")
    assert len(up.calls("/token")) == 1


def test_of_many_who_bring_the_same_answer_at_once_one_comes_in(stage, up):
    """G03."""
    visit = stage.visit(up)

    def redeem_again(asked):
        up.logins.append(dict(up.last))
        return up.make_token_reply(up.last)

    up.replies = {"/token": redeem_again}
    browsers = [Browser() for _ in range(8)]
    for browser in browsers:
        browser.jar = dict(visit.browser.jar)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda browser: visit.back(browser=browser), browsers))
    assert sorted(answer.status for answer in answers) == [303] + [400] * 7
    assert sum(stage.session(browser) is not None for browser in browsers) == 1


def test_a_state_of_one_provider_is_refused_at_the_callback_of_another(stage, up):
    """G04, both ways."""
    hostile = stage.up("hostile")
    hostile.asked.clear()
    for mine, other in ((up, hostile), (hostile, up)):
        visit = stage.visit(mine)
        mismatch(stage, visit, visit.back(provider=other.name), "the login was begun at provider")
    check_nothing_was_sent(stage, up, hostile)


def test_an_iss_that_is_wrong_doubled_or_missing_is_refused(stage, up):
    """G05, for a provider that promises nothing; for one that does see test_upstream_modules.py."""
    for wrong in ("https://elsewhere.test", up.issuer + "/", stage.up("hostile").issuer, ""):
        visit = stage.visit(up)
        mismatch(stage, visit, visit.back(visit.change(iss=wrong)), "another provider")
    visit = stage.visit(up)
    mismatch(stage, visit, visit.back(visit.params + [("iss", up.issuer)] * 2), "stands there twice")
    visit = stage.visit(up)
    mismatch(stage, visit, visit.back(visit.params + [("iss", up.issuer), ("iss", "https://e.test")]),
             "stands there twice")
    check_nothing_was_sent(stage, up)
    visit = stage.visit(up)
    assert visit.back(visit.change(iss=up.issuer)).status == 303


def test_an_iss_is_compared_for_plain_oauth_too_where_the_issuer_is_known(stage):
    """G05: RFC 9207 is not about OpenID Connect alone."""
    up = stage.up("named")
    visit = stage.visit(up)
    mismatch(stage, visit, visit.back(visit.change(iss="https://elsewhere.test")), "another provider")
    visit = stage.visit(up)
    assert visit.back(visit.change(iss=up.issuer)).status == 303
    up = stage.up("renamed")
    visit = stage.visit(up)
    params = visit.change(code=GONE, auth_code=up.last["code"], iss="https://elsewhere.test")
    assert visit.back(params).status == 303, "nothing is known of its issuer"


def test_an_attackers_code_in_the_victims_flow_is_refused(stage, up):
    """G07: first by PKCE; by the nonce where the provider does not look at PKCE."""
    for checks, reason in ((True, "invalid_grant"), (False, "nonce is not the one")):
        up.checks_pkce = checks
        attacker = stage.visit(up)
        code = dict(attacker.params)["code"]
        victim = stage.visit(up)
        answer = victim.back(victim.change(code=code))
        stage.check_refusal(answer, victim.browser, reason, 502)


HOSTILE_TEXT = '<svg/onload=alert(1)>"\'\r\nSet-Cookie: a=b\x00\x1b[31m'


def test_a_denial_goes_to_the_app_without_what_the_provider_wrote(stage, up):
    """G08, with an app's request behind it."""
    browser = Browser()
    asked = stage.hub.authorize(browser, idp_hint="honest", state="the app's")
    visit = stage.visit(up, browser, ticket=asked.query["ticket"]) if "ticket" in asked.query else None
    assert visit is not None, asked
    answer = visit.back(visit.change(code=GONE, error="access_denied", error_description=HOSTILE_TEXT,
                                     error_uri="https://evil.test/"))
    assert answer.status == 303 and "evil" not in answer.location and "svg" not in answer.location
    final = browser.get(answer.location)
    assert final.location.startswith(APP + "?"), final
    assert final.query["error"] == "access_denied" and final.query["state"] == "the app's"
    assert "svg" not in final.location and "evil" not in final.location and "code" not in final.query
    check_nothing_was_sent(stage, up)


def test_a_denial_without_an_app_leads_back_to_the_chooser(stage, up):
    """G08."""
    visit = stage.visit(up)
    answer = visit.back(visit.change(code=GONE, error="access_denied", error_description=HOSTILE_TEXT))
    assert answer.location == f"{stage.hub.issuer}/login?cancelled=honest", answer
    page = visit.browser.get(answer.location)
    assert page.status == 200 and "svg/onload" not in page.text
    assert not visit.browser.cookies("cardea-login-"), "the attempt is over"


def test_any_other_error_is_a_page_that_repeats_nothing_of_it(stage, up):
    """G08."""
    for error in ("server_error", "invalid_scope", "temporarily_unavailable", HOSTILE_TEXT, "x" * 3000):
        visit = stage.visit(up)
        answer = visit.back(visit.change(code=GONE, error=error, error_description=HOSTILE_TEXT,
                                         error_uri="https://evil.test/"))
        assert answer.status == 502, answer
        assert "svg/onload" not in answer.text and "evil" not in answer.text
        assert not any(name.lower() == "set-cookie" and value.startswith("a=") for name, value in answer.headers)
    check_nothing_was_sent(stage, up)


def test_what_the_provider_wrote_stays_on_one_line_of_the_log(stage, up):
    """Y01, as far as it comes through the callback."""
    visit = stage.visit(up)
    text = 'x"}\r\n{"level":"audit","event":"login","message":"forged"}\x1b[31m' + "y" * 6000
    answer = visit.back(visit.change(code=GONE, error="server_error", error_description=text))
    assert answer.status == 502 and "server_error" in stage.why(answer)
    assert not [event for event in stage.hub.events("login") if event["message"] == "forged"]
    assert "\x1b" not in stage.hub.log() and all(len(line) <= 4096 for line in stage.hub.log().splitlines())


def test_code_and_error_together_or_anything_doubled_is_refused(stage, up):
    """G09."""
    visit = stage.visit(up)
    mismatch(stage, visit, visit.back(visit.params + [("error", "access_denied")]), "an error and a code")
    for name in ("code", "error", "anything"):
        visit = stage.visit(up)
        value = dict(visit.params).get(name, "x")
        mismatch(stage, visit, visit.back(visit.params + [(name, value)] * (1 if name == "code" else 2)), "twice")
    visit = stage.visit(up)
    mismatch(stage, visit, visit.back(visit.params + [("state", visit.state)]), "no state, or two")
    visit = stage.visit(up)
    mismatch(stage, visit, visit.back([("state", "another")] + visit.params), "no state, or two")
    check_nothing_was_sent(stage, up)


def test_a_callback_with_tokens_instead_of_a_code_is_refused(stage, up):
    """G10."""
    for tokens in ({"access_token": "a"}, {"id_token": "a.b.c"}, {"access_token": "a", "id_token": "a.b.c"}, {}):
        visit = stage.visit(up)
        mismatch(stage, visit, visit.back(visit.change(code=GONE, **tokens)), "the answer has no code")
    visit = stage.visit(up)
    mismatch(stage, visit, visit.back(visit.change(code="")), "the answer has no code")
    visit = stage.visit(up)
    mismatch(stage, visit, visit.back(visit.change(code="x" * 5000)), "the answer has no code")
    check_nothing_was_sent(stage, up)


def test_a_callback_by_the_wrong_method_is_refused(stage, up):
    """G10."""
    visit = stage.visit(up)
    mismatch(stage, visit, visit.back(method="POST"), "by the wrong method")
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        assert visit.back(method=method).status in (400, 405, 501)
    assert visit.back(method="POST", headers={"Content-Type": "text/plain"}).status in (400, 415)
    check_nothing_was_sent(stage, up)

    posting = stage.up("posting")
    posting.asked.clear()
    visit = stage.visit(posting)
    mismatch(stage, visit, visit.back(method="GET"), "by the wrong method")
    check_nothing_was_sent(stage, posting)


def test_looking_at_a_callback_is_not_coming_back(stage, up):
    """G10: HEAD, as previews of links send it, redeems nothing."""
    visit = stage.visit(up)
    visit.back(method="HEAD")
    check_nothing_was_sent(stage, up)
    assert visit.back().status == 303


def test_parameters_of_a_posted_callback_come_from_its_body_alone(stage):
    """G10, I13: a form posted from elsewhere cannot be completed by the URL."""
    up = stage.up("posting")
    visit = stage.visit(up)
    query = urllib.parse.urlencode(visit.params)
    answer = visit.browser.request(stage.hub.url("/callback/posting") + "?" + query, "POST", form="")
    assert answer.status == 400
    assert visit.back().status == 303


def test_a_provider_that_answers_by_form_post(stage):
    up = stage.up("posting")
    visit = stage.visit(up)
    assert visit.asked["response_mode"] == "form_post" and visit.method == "POST"
    cookie = next(line for line in visit.to.all("Set-Cookie") if line.startswith("cardea-login-"))
    assert "SameSite=None" in cookie and "HttpOnly" in cookie, cookie
    assert visit.back().status == 303
    session = stage.session(visit.browser)
    assert session["idp"] == "posting"
    kept = [line for line in stage.visit(stage.up("honest")).to.all("Set-Cookie")]
    assert all("SameSite=Lax" in line for line in kept), "only where it must be"


def test_identity_fields_in_the_callback_are_ignored(stage, up):
    """I13."""
    visit = stage.visit(up)
    params = visit.change(sub="bob", email="bob@x.test", provider="hostile", idp="hostile", account="bob", user="bob")
    assert visit.back(params).status == 303
    assert stage.session(visit.browser)["idp_sub"] == up.person["sub"]


def test_an_answer_that_comes_too_late_is_refused():
    """G11."""
    with Stage(["honest"], config={"lifetimes": {"login": "2s"}}) as stage:
        up = stage.up("honest")
        visit = stage.visit(up)
        time.sleep(2.1)
        mismatch(stage, visit, visit.back(), "no login of that state was begun")
        check_nothing_was_sent(stage, up)
        stage.accepted(up)


def stored_keys(hub):
    with sqlite3.connect(f"file:{hub.folder}/cardea.db?mode=ro", uri=True) as database:
        tables = [name for (name,) in database.execute("select name from sqlite_master where type='table'")]
        return {table: database.execute(f"select count(*) from {table}").fetchone()[0] for table in tables}


def test_ten_thousand_logins_begun_and_none_finished_leave_nothing_behind(stage, up):
    """G12: few cookies in the browser, no row in the store."""
    browser = Browser()
    stage.accepted(up)
    before = stored_keys(stage.hub)
    for number in range(10000 // (10 if SLOW > 1 else 1)):
        answer = browser.get(stage.hub.url("/login/honest"))
        assert answer.status == 303
        if number % 500 == 0:
            cookies = browser.cookies("cardea-login-")
            assert len(cookies) <= 6 and sum(map(len, cookies.values())) < 6 * 1024
    assert stored_keys(stage.hub) == before
    visit = stage.visit(up, browser)
    assert visit.back().status == 303, "the newest of them is still good"


def test_with_as_many_cookies_as_a_browser_may_send_a_login_still_begins(stage, up):
    """G12: somebody fills the browser's cookies for our host."""
    browser = Browser()
    for number in range(40):
        browser.jar[("127.0.0.1", f"cardea-login-{number:08x}" + "A" * 24)] = "x" * 100
    visit = stage.visit(up, browser)
    assert len(visit.browser.cookies("cardea-login-")) < 40
    assert visit.back().status == 303


def test_state_nonce_and_challenge_are_new_for_each_login(stage, up):
    """G13."""
    browser = Browser()
    queries = [browser.get(stage.hub.url("/login/honest")).query for _ in range(50)]
    for name in ("state", "nonce", "code_challenge"):
        assert len({query[name] for query in queries}) == 50


def test_a_login_that_somebody_else_initiates_goes_only_where_we_say(stage, up):
    """G15."""
    query = {"iss": "https://evil.test", "target_link_uri": "https://evil.test/", "scopes": "admin", "scope": "admin",
             "login_hint": "x"}
    visit = stage.visit(up, **query)
    assert visit.to.location.startswith(up.url("/authorize?")) and "evil" not in visit.to.location
    assert visit.asked["scope"] == "openid profile email"
    assert visit.back().location == stage.hub.issuer + "/"
    for path in ("https://evil.test/", "//evil.test", "/\\evil.test", "/%5cevil.test", "javascript:alert(1)",
                 "/a\r\nb"):
        answer = Browser().get(stage.hub.url("/login/honest", return_to=path))
        assert answer.status == 400 and answer.location is None, (path, answer)
    visit = stage.visit(up, return_to="/account?a=b")
    assert visit.back().location == stage.hub.issuer + "/account?a=b"


def test_several_tabs_finish_in_any_order(stage, up):
    """G17: two providers, three tabs, interleaved."""
    hostile = stage.up("hostile")
    browser = Browser()
    tabs = [stage.visit(up, browser), stage.visit(hostile, browser), stage.visit(up, browser)]
    hostile.person["sub"] = "bob"
    for tab in (tabs[2], tabs[0], tabs[1]):
        assert tab.back().status == 303
        assert stage.session(browser)["idp"] == tab.up.name
    assert not browser.cookies("cardea-login-")


def test_a_tab_that_fails_leaves_the_others_alone(stage, up):
    """G17."""
    browser = Browser()
    first, second = stage.visit(up, browser), stage.visit(up, browser)
    assert first.back(first.change(code="wrong")).status == 502
    assert second.back().status == 303


def test_a_failed_attempt_is_over_in_the_browser(stage, up):
    """G03: its cookie goes, whatever the provider had to say."""
    up.claims = {"iss": "https://elsewhere.test"}
    visit = stage.visit(up)
    assert visit.back().status == 502 and not visit.browser.cookies("cardea-login-")


def test_headers_of_the_request_do_not_change_where_the_provider_sends_people(stage, up):
    """G18."""
    for headers in ({"X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/evil"},
                    {"Forwarded": "host=evil.test;proto=https"}, {"Host": "evil.test"},
                    {"X-Original-URL": "/evil", "X-Rewrite-URL": "/evil"}):
        answer = request(stage.hub.url("/login/honest"), headers=headers)
        if answer.status == 303:
            assert answer.query["redirect_uri"] == f"{stage.hub.issuer}/callback/honest"
        else:
            assert answer.status in (400, 421), answer


def test_a_provider_with_names_of_its_own_in_the_callback(stage):
    """callback_rename, callback_denied, callback_forward."""
    up = stage.up("renamed")
    up.redirect = {"code": GONE, "shop": "the shop", "other": "not sent on"}
    visit = stage.visit(up)
    assert visit.back(visit.change(auth_code=up.last["code"])).status == 303
    asked = up.calls("/token")[-1]
    assert asked.form["shop"] == "the shop" and "other" not in asked.form
    visit = stage.visit(up)
    answer = visit.back(visit.change(refused="1"))
    assert answer.location == f"{stage.hub.issuer}/login?cancelled=renamed"


def test_a_provider_taken_out_of_the_configuration_is_dead_everywhere():
    """G23: its pending callback, its sessions, and what apps got from them."""
    with Stage(["leaving", "staying"]) as stage:
        hub = stage.hub
        leaving, staying = stage.up("leaving"), stage.up("staying")
        pending, kept = stage.visit(leaving), stage.visit(staying)
        browser, other = Browser(), Browser()
        stage.accepted(leaving, browser)
        stage.accepted(staying, other)
        tokens = {}
        for name, who in (("leaving", browser), ("staying", other)):
            answer, pkce = hub.code(browser=who, scope="openid offline_access")
            form = {"grant_type": "authorization_code", "code": answer.query["code"], "redirect_uri": APP,
                    "code_verifier": pkce.verifier}
            tokens[name] = hub.token(**form).json
        unredeemed, pkce = hub.code(browser=browser)

        hub.config["providers"].pop("leaving")
        reload(hub)
        stage.workers = wait_until(lambda: len(stage.worker_pids()) == 1 and stage.worker_pids())
        asked = len(leaving.asked)
        assert pending.back().status == 404
        assert browser.get(hub.url("/login/leaving")).status == 404
        assert stage.session(browser) is None
        assert hub.token(grant_type="refresh_token", refresh_token=tokens["leaving"]["refresh_token"]).status == 400
        assert hub.token(grant_type="authorization_code", code=unredeemed.query["code"], redirect_uri=APP,
                         code_verifier=pkce.verifier).status == 400
        bearer = {"Authorization": "Bearer " + tokens["leaving"]["access_token"]}
        assert hub.get("/oauth2/userinfo", headers=bearer).status == 401
        about = hub.post("/oauth2/introspect", {"token": tokens["leaving"]["access_token"]}, headers=hub.basic("app"))
        assert about.json == {"active": False}
        assert len(leaving.asked) == asked, "nothing is sent to it any more"

        assert kept.back().status == 303 and stage.session(other)["idp"] == "staying"
        assert hub.token(grant_type="refresh_token", refresh_token=tokens["staying"]["refresh_token"]).status == 200


def reload(hub):
    hub.write_config()
    done = subprocess.run([CARDEA, "reload", "--config", hub.config_file], capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout, done.stderr, hub.log()[-2000:])
