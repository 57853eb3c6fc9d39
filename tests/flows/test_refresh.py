"""Our refresh tokens: group E of the attack catalogue as far as it is about us and our apps."""

import json
import re
import signal
import time

import pytest
from hub import Browser, Hub, claims
from watch import is_error, watched

OFFLINE = "openid profile email offline_access"
CONFIG = {
    "lifetimes": {"refresh_grace": "0s"},
    "clients": {
        "codes": {
            "client_secret": "the secret of the app with codes only",
            "redirect_uris": ["https://codes.test/callback"],
            "grant_types": ["authorization_code"],
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
def lenient():
    """A hub that takes a rotated token once more for a while."""
    with Hub({"lifetimes": {"refresh_grace": "60s"}}) as hub, watched(hub):
        yield hub
        hub.watch.check()


def refresh(hub, token, client="app", **over):
    return hub.token(client, grant_type="refresh_token", refresh_token=token, **over)


def is_alive(hub, access_token):
    return hub.get("/oauth2/userinfo", headers={"Authorization": "Bearer " + access_token}).status == 200


def is_active(hub, token, client="app"):
    return hub.post("/oauth2/introspect", {"token": token}, headers=hub.basic(client)).json["active"]


def test_a_rotated_token_that_comes_again_ends_the_whole_family(hub):
    """E01, 3.6 refresh rotation: and an event says so"""
    first = hub.tokens(scope=OFFLINE)
    second = refresh(hub, first["refresh_token"]).json
    third = refresh(hub, second["refresh_token"]).json
    assert len({first["refresh_token"], second["refresh_token"], third["refresh_token"]}) == 3
    is_error(refresh(hub, first["refresh_token"]), "invalid_grant")
    for tokens in (first, second, third):
        is_error(refresh(hub, tokens["refresh_token"]), "invalid_grant")
        assert not is_alive(hub, tokens["access_token"]) and not is_active(hub, tokens["access_token"])
        assert not is_active(hub, tokens["refresh_token"])
    event = hub.events("refresh_token_replayed")[-1]
    assert "app" in event["message"] and first["refresh_token"] not in json.dumps(event)


def test_even_the_last_one_but_one_is_a_replay_without_a_grace(hub):
    """E01, E08: within the same second as well"""
    first = hub.tokens(scope=OFFLINE)
    second = refresh(hub, first["refresh_token"]).json
    is_error(refresh(hub, first["refresh_token"]), "invalid_grant")
    is_error(refresh(hub, second["refresh_token"]), "invalid_grant")


def test_a_very_old_token_is_still_known_as_a_replay(hub):
    """E01: a hundred generations later"""
    tokens = first = hub.tokens(scope=OFFLINE)
    for _ in range(100):
        tokens = refresh(hub, tokens["refresh_token"]).json
    is_error(refresh(hub, first["refresh_token"]), "invalid_grant")
    is_error(refresh(hub, tokens["refresh_token"]), "invalid_grant")
    assert not is_alive(hub, tokens["access_token"])


@pytest.mark.parametrize("change", [
    lambda token: token[:-1], lambda token: token + "0", lambda token: token + "\0", lambda token: token + "\n",
    lambda token: token.partition(".")[0], lambda token: token.partition(".")[0] + ".", lambda token: token + ".1",
    lambda token: token.partition(".")[0] + ".0", lambda token: token.partition(".")[0] + ".2",
    lambda token: token.partition(".")[0] + ".-1", lambda token: token.partition(".")[0] + ".18446744073709551615",
    lambda token: token.partition(".")[0] + ".9223372036854775807",
    lambda token: token.partition(".")[0] + ".9223372036854775808",
    lambda token: token.partition(".")[0] + ".1x", lambda token: token.partition(".")[0] + ". 1",
    lambda token: token.partition(".")[0] + ".+1",
    lambda token: token[:50] + ("A" if token[50] != "A" else "B") + token[51:], lambda token: token.swapcase(),
    lambda token: token.replace("crt_", "cat_"), lambda token: "x", lambda token: "crt_" + "A" * 65 + ".1",
    lambda token: "r" * 60000, lambda token: token[:30] + "\u00e4" + token[32:]])
def test_a_token_that_is_not_quite_right_is_refused_and_harms_nobody(hub, change):
    """E01: a guess is no replay, so the grant lives on"""
    tokens = hub.tokens(scope=OFFLINE)
    is_error(refresh(hub, change(tokens["refresh_token"])), "invalid_grant")
    assert refresh(hub, tokens["refresh_token"]).status == 200


def test_a_replay_with_another_generation_written_on_it_gains_nothing(hub):
    """E01"""
    first = hub.tokens(scope=OFFLINE)
    second = refresh(hub, first["refresh_token"]).json
    text = first["refresh_token"].partition(".")[0]
    for generation in ("2", "3", "1000000"):
        is_error(refresh(hub, f"{text}.{generation}"), "invalid_grant")
    assert refresh(hub, second["refresh_token"]).status == 200


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_token_is_said_to_be_missing(hub, value):
    """5.C test_invalid_refresh_token"""
    form = {} if value is None else {"refresh_token": value}
    is_error(hub.token(grant_type="refresh_token", **form), "invalid_request")


def test_no_other_token_refreshes(hub):
    """E04, H24"""
    tokens = hub.tokens(scope=OFFLINE)
    for name in ("access_token", "id_token"):
        is_error(refresh(hub, tokens[name]), "invalid_grant")


def test_a_token_is_for_its_client(hub):
    """E04, oidcc-refresh-token, 5.C test_invalid_client: with the other's own good authentication, and with none"""
    tokens = hub.tokens(scope=OFFLINE)
    is_error(refresh(hub, tokens["refresh_token"], client="other"), "invalid_grant")
    is_error(refresh(hub, tokens["refresh_token"], client="public"), "invalid_grant")
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    is_error(hub.post("/oauth2/token", form), "invalid_client", 401)
    is_error(hub.post("/oauth2/token", dict(form, client_id="app")), "invalid_client", 401)
    assert refresh(hub, tokens["refresh_token"]).status == 200


def test_a_public_client_refreshes_with_its_name_alone(hub):
    """E04: rotation is what protects it"""
    tokens = hub.tokens(client="public", scope=OFFLINE)
    again = refresh(hub, tokens["refresh_token"], client="public").json
    is_error(refresh(hub, again["refresh_token"], client="app"), "invalid_grant")
    is_error(refresh(hub, tokens["refresh_token"], client="public"), "invalid_grant")
    is_error(refresh(hub, again["refresh_token"], client="public"), "invalid_grant")


def test_a_scope_is_narrowed_for_once_and_never_widened(hub):
    """E05, 5.C test_create_token_within_original_scope"""
    tokens = hub.tokens(scope=OFFLINE)
    for scope in (OFFLINE + " read", "read", "bogus", "openid write", 'openid "', "openid\0", " "):
        is_error(refresh(hub, tokens["refresh_token"], scope=scope), "invalid_scope")
    narrow = refresh(hub, tokens["refresh_token"], scope="openid email").json
    assert narrow["scope"] == "openid email"
    wide = refresh(hub, narrow["refresh_token"]).json
    assert set(wide["scope"].split()) == set(OFFLINE.split())
    assert set(refresh(hub, wide["refresh_token"], scope=OFFLINE).json["scope"].split()) == set(OFFLINE.split())


def test_a_narrowed_token_tells_no_more_than_it_may(hub):
    """E05: the claims of scopes that it has not are neither at userinfo nor in the ID token"""
    tokens = hub.tokens(scope=OFFLINE)
    narrow = refresh(hub, tokens["refresh_token"], scope="openid").json
    for told in (claims(narrow["id_token"]),
                 hub.get("/oauth2/userinfo", headers={"Authorization": "Bearer " + narrow["access_token"]}).json):
        assert told["sub"] and not {"email", "email_verified", "name", "preferred_username",
                                    "picture"} & set(told), told
    email = refresh(hub, narrow["refresh_token"], scope="openid email").json
    for told in (claims(email["id_token"]),
                 hub.get("/oauth2/userinfo", headers={"Authorization": "Bearer " + email["access_token"]}).json):
        assert told["email"] == "octocat@example.com" and told["email_verified"] is True and "name" not in told, told
    whole = refresh(hub, email["refresh_token"]).json
    assert claims(whole["id_token"])["name"] == "The Octocat"


def test_without_openid_there_is_no_id_token(hub):
    """E05, OpenID Connect Core, 12.1"""
    tokens = hub.tokens(scope=OFFLINE)
    narrow = refresh(hub, tokens["refresh_token"], scope="email").json
    assert "id_token" not in narrow
    bearer = {"Authorization": "Bearer " + narrow["access_token"]}
    is_error(hub.get("/oauth2/userinfo", headers=bearer), "insufficient_scope", 403)


def test_an_id_token_after_a_refresh_is_of_the_same_person_and_login(hub):
    """oidcc-refresh-token, OpenID Connect Core, 12.2"""
    tokens = hub.tokens(scope=OFFLINE, nonce="the nonce")
    before, after = claims(tokens["id_token"]), claims(refresh(hub, tokens["refresh_token"]).json["id_token"])
    for name in ("iss", "sub", "aud", "auth_time"):
        assert before[name] == after[name]
    assert after["iat"] >= before["iat"] and after.get("nonce", "the nonce") == "the nonce"


def log_out(hub, browser):
    page = browser.get(hub.issuer + "/logout")
    csrf, = re.findall(r'name="csrf" value="([^"]+)"', page.text)
    assert browser.post(hub.issuer + "/logout", {"csrf": csrf}).status == 303


def test_what_belongs_to_a_session_ends_with_it(hub):
    """E06: refresh after logout; with offline_access it outlives the session, as its name says"""
    browser = hub.login()
    online = hub.tokens(browser=browser, scope="openid")
    offline = hub.tokens(browser=browser, scope=OFFLINE)
    again = refresh(hub, online["refresh_token"]).json
    assert is_active(hub, again["refresh_token"])
    log_out(hub, browser)
    is_error(refresh(hub, again["refresh_token"]), "invalid_grant")
    assert not is_active(hub, again["refresh_token"])
    assert refresh(hub, offline["refresh_token"]).status == 200


def test_a_revoked_token_does_not_refresh(hub):
    """E06"""
    tokens = hub.tokens(scope=OFFLINE)
    hub.post("/oauth2/revoke", {"token": tokens["refresh_token"]}, headers=hub.basic("app"))
    is_error(refresh(hub, tokens["refresh_token"]), "invalid_grant")


GONE = {"client_secret": "the secret of the app that goes, long", "redirect_uris": ["https://gone.test/callback"]}


def test_what_the_configuration_no_longer_has_does_not_refresh():
    """E06, D17, A29, G23: after a restart on the same store with a client, a scope, a provider less"""
    with Hub({"clients": {"gone": GONE}}, simulate=("github", "google", "facebook")) as hub, watched(hub):
        gone = hub.tokens(client="gone", scope=OFFLINE)
        online = hub.tokens(client="public", scope="openid")
        offline = hub.tokens(client="public", scope="openid offline_access")
        of_google = hub.tokens(scope=OFFLINE, provider="google")
        of_github = hub.tokens(scope=OFFLINE)
        picky = hub.tokens(client="other", scope="openid", provider="facebook")
        basic = hub.basic("gone")
        hub.config = {"clients": {"public": {"scope": "openid profile email"}, "other": {"providers": ["github"]}}}
        restart(hub, simulate=("github", "facebook"))
        form = {"grant_type": "refresh_token", "refresh_token": gone["refresh_token"]}
        is_error(hub.post("/oauth2/token", form, headers=basic), "invalid_client", 401)
        assert not is_alive(hub, gone["access_token"])
        is_error(refresh(hub, offline["refresh_token"], client="public"), "invalid_grant")
        assert refresh(hub, online["refresh_token"], client="public").status == 200
        is_error(refresh(hub, of_google["refresh_token"]), "invalid_grant")
        assert not is_alive(hub, of_google["access_token"])
        assert refresh(hub, of_github["refresh_token"]).status == 200
        is_error(refresh(hub, picky["refresh_token"], client="other"), "invalid_grant")
        hub.watch.check()


def restart(hub, simulate):
    """Ends the hub and starts it again on the same store, with its configuration as it is now."""
    hub.process.send_signal(signal.SIGTERM)
    hub.process.wait(timeout=60)
    hub.simulated = simulate
    hub.write_config()
    hub.serve()
    hub.watch.begin()


def test_a_token_dies_at_its_time_however_often_it_was_used():
    """E07: rotation does not make the absolute life longer"""
    with Hub({"lifetimes": {"refresh_token": "3s", "refresh_grace": "0s"}}) as hub, watched(hub):
        tokens = hub.tokens(scope=OFFLINE)
        end = time.monotonic() + 6
        refused = None
        while refused is None and time.monotonic() < end:
            answer = refresh(hub, tokens["refresh_token"])
            if answer.status == 200:
                tokens = answer.json
                time.sleep(0.3)
            else:
                refused = is_error(answer, "invalid_grant")
        assert refused is not None, "it lives for ever"
        assert not is_active(hub, tokens["refresh_token"])
        hub.watch.check()


# -- the grace ----------------------------------------------------------------------------------


def test_within_the_grace_the_same_successor_is_told_again(lenient):
    """E08: the answer was lost on its way"""
    first = lenient.tokens(scope=OFFLINE)
    second = refresh(lenient, first["refresh_token"]).json
    again = refresh(lenient, first["refresh_token"]).json
    assert again["refresh_token"] == second["refresh_token"] and again["access_token"] != second["access_token"]
    assert is_alive(lenient, second["access_token"]) and is_alive(lenient, again["access_token"])
    assert refresh(lenient, second["refresh_token"]).status == 200


def test_the_grace_is_for_the_last_one_only(lenient):
    """E08: two generations back is a replay, grace or not"""
    first = lenient.tokens(scope=OFFLINE)
    second = refresh(lenient, first["refresh_token"]).json
    third = refresh(lenient, second["refresh_token"]).json
    is_error(refresh(lenient, first["refresh_token"]), "invalid_grant")
    is_error(refresh(lenient, third["refresh_token"]), "invalid_grant")


def test_the_grace_is_for_a_few_times_only(lenient):
    """E08: bounded by count"""
    first = lenient.tokens(scope=OFFLINE)
    latest = refresh(lenient, first["refresh_token"]).json
    answers = [refresh(lenient, first["refresh_token"]) for _ in range(20)]
    good = [answer for answer in answers if answer.status == 200]
    assert 1 <= len(good) <= 10 and all(answer.json["refresh_token"] == latest["refresh_token"] for answer in good)
    is_error(answers[-1], "invalid_grant")
    is_error(refresh(lenient, latest["refresh_token"]), "invalid_grant")


def test_the_grace_is_for_the_same_client_only(lenient):
    """E08"""
    first = lenient.tokens(scope=OFFLINE)
    second = refresh(lenient, first["refresh_token"]).json
    is_error(refresh(lenient, first["refresh_token"], client="other"), "invalid_grant")
    assert refresh(lenient, second["refresh_token"]).status == 200


def test_the_grace_ends():
    """E08: bounded by time"""
    with Hub({"lifetimes": {"refresh_grace": "1s"}}) as hub, watched(hub):
        first = hub.tokens(scope=OFFLINE)
        second = refresh(hub, first["refresh_token"]).json
        time.sleep(2.2)
        is_error(refresh(hub, first["refresh_token"]), "invalid_grant")
        is_error(refresh(hub, second["refresh_token"]), "invalid_grant")
        hub.watch.check()


def test_a_grace_is_not_for_a_wider_scope(lenient):
    """E05, E08"""
    first = lenient.tokens(scope=OFFLINE)
    refresh(lenient, first["refresh_token"], scope="openid")
    is_error(refresh(lenient, first["refresh_token"], scope="openid write"), "invalid_scope")


def test_a_login_in_another_browser_is_another_family(hub):
    """E01: a replay ends one grant and not the person's others"""
    one, two = hub.tokens(browser=Browser(), scope=OFFLINE), hub.tokens(browser=Browser(), scope=OFFLINE)
    refresh(hub, one["refresh_token"])
    is_error(refresh(hub, one["refresh_token"]), "invalid_grant")
    assert is_alive(hub, two["access_token"]) and refresh(hub, two["refresh_token"]).status == 200
