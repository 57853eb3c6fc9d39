"""What happens at the same moment: one code, one refresh token, one state, used by many at once over two workers.

Every case runs on SQLite, and on Redis over TCP and over a unix socket where a redis-server is installed.
"""

import json
import socket
import threading
import urllib.parse

import pytest
from hub import SLOW, Answer, Browser, Hub, claims
from redis_server import REDIS, Redis
from watch import is_code, is_error, read_all, watched

AT_ONCE = 50
OFFLINE = "openid profile email offline_access"
CLIENTS = {"codes": {"client_secret": "the secret of the app with codes only",
                     "redirect_uris": ["https://codes.test/callback"]}}


@pytest.fixture(scope="module", params=["sqlite", "redis", "redis+unix"])
def store(request):
    if request.param == "sqlite":
        yield None
        return
    if REDIS is None:
        pytest.skip("there is no redis-server")
    with Redis() as redis:
        yield f"redis://127.0.0.1:{redis.port}/0" if request.param == "redis" else f"redis+unix:{redis.path}"


def configured(store, **lifetimes):
    config = {"workers": 2, "clients": CLIENTS, "lifetimes": lifetimes}
    return dict(config, store=store) if store else config


@pytest.fixture(scope="module")
def hub(store):
    """Without a grace for refresh tokens."""
    with Hub(configured(store, refresh_grace="0s")) as hub, watched(hub):
        yield hub


@pytest.fixture(scope="module")
def lenient(store):
    with Hub(configured(store, refresh_grace="60s")) as hub, watched(hub):
        yield hub
        hub.watch.check()


@pytest.fixture(autouse=True)
def all_is_well(hub):
    yield
    hub.watch.check()


def read_answer(said):
    head, _, body = said.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    return Answer(int(lines[0].split()[1]), [tuple(line.split(": ", 1)) for line in lines[1:]], body)


def at_once(hub, requests):
    """Sends all of them at the same moment, each on a connection that was opened before. The answers, in order."""
    ready = threading.Barrier(len(requests))
    answers = [None] * len(requests)

    def send(place):
        with socket.create_connection(("127.0.0.1", hub.port), timeout=30 * SLOW) as connection:
            # All but the last byte, so that every one of them is complete at the same time.
            connection.sendall(requests[place][:-1])
            ready.wait(30 * SLOW)
            connection.sendall(requests[place][-1:])
            answers[place] = read_answer(read_all(connection))

    threads = [threading.Thread(target=send, args=(place,)) for place in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert None not in answers
    return answers


def post(hub, path, form, client="app"):
    body = urllib.parse.urlencode(form)
    return (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            f"Authorization: {hub.basic(client)['Authorization']}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


def get(target, headers=None):
    lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    return f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{lines}\r\n".encode()


def exchange_form(hub, client="app", **over):
    answer, pkce = hub.code(client=client, **over)
    return {"grant_type": "authorization_code", "code": is_code(answer), "code_verifier": pkce.verifier,
            "redirect_uri": hub.client(client)["redirect_uris"][0]}


def refresh_form(token):
    return {"grant_type": "refresh_token", "refresh_token": token}


def is_alive(hub, access_token):
    return hub.get("/oauth2/userinfo", headers={"Authorization": "Bearer " + access_token}).status == 200


def winners(answers):
    for answer in answers:
        if answer.status != 200:
            is_error(answer, "invalid_grant")
    return [answer.json for answer in answers if answer.status == 200]


@pytest.mark.parametrize("turn", range(3))
def test_one_code_has_one_winner_and_then_none(hub, turn):
    """D01, 5.G, promise 2: the second use at the same moment is a second use, and ends the grant"""
    before = len(hub.events("code_replayed"))
    form = exchange_form(hub, scope=OFFLINE)
    tokens, = winners(at_once(hub, [post(hub, "/oauth2/token", form)] * AT_ONCE))
    assert not is_alive(hub, tokens["access_token"])
    is_error(hub.token(**refresh_form(tokens["refresh_token"])), "invalid_grant")
    assert len(hub.events("code_replayed")) > before


def test_many_codes_of_one_person_are_all_good(hub):
    """D01: what is refused above is the second use and not the crowd"""
    browser = hub.login()
    forms = [exchange_form(hub, browser=browser, scope="openid") for _ in range(AT_ONCE)]
    tokens = winners(at_once(hub, [post(hub, "/oauth2/token", form) for form in forms]))
    assert len(tokens) == AT_ONCE and len({claims(each["id_token"])["sub"] for each in tokens}) == 1


def test_a_code_that_two_clients_show_at_once_is_nobodys(hub):
    """D03: at most its owner wins, and if the other was there before, nobody does"""
    form = exchange_form(hub)
    requests = [post(hub, "/oauth2/token", form, client=client) for client in ["app", "other"] * 10]
    answers = at_once(hub, requests)
    assert len(winners(answers)) <= 1
    assert all(answer.status == 400 for answer in answers[1::2])
    for tokens in winners(answers):
        assert not is_alive(hub, tokens["access_token"])


@pytest.mark.parametrize("turn", range(3))
def test_one_refresh_token_has_one_winner_and_then_none(hub, turn):
    """E01, promise 2"""
    before = len(hub.events("refresh_token_replayed"))
    first = hub.tokens(scope=OFFLINE)
    tokens, = winners(at_once(hub, [post(hub, "/oauth2/token", refresh_form(first["refresh_token"]))] * AT_ONCE))
    for each in (first, tokens):
        assert not is_alive(hub, each["access_token"])
        is_error(hub.token(**refresh_form(each["refresh_token"])), "invalid_grant")
    assert len(hub.events("refresh_token_replayed")) > before


def test_a_few_refreshes_at_once_are_an_app_that_asks_twice(lenient):
    """E08: all get the same successor, and it is good"""
    first = lenient.tokens(scope=OFFLINE)
    tokens = winners(at_once(lenient, [post(lenient, "/oauth2/token", refresh_form(first["refresh_token"]))] * 4))
    assert len(tokens) == 4 and len({each["refresh_token"] for each in tokens}) == 1
    assert len({each["access_token"] for each in tokens}) == 4
    assert all(is_alive(lenient, each["access_token"]) for each in tokens)
    assert lenient.token(**refresh_form(tokens[0]["refresh_token"])).status == 200


def test_a_crowd_of_refreshes_is_a_replay_in_spite_of_the_grace(lenient):
    """E08: bounded by count, at the same moment as well"""
    first = lenient.tokens(scope=OFFLINE)
    answers = at_once(lenient, [post(lenient, "/oauth2/token", refresh_form(first["refresh_token"]))] * AT_ONCE)
    tokens = winners([answer for answer in answers if answer.status != 503])
    assert 1 <= len(tokens) <= 10 and len({each["refresh_token"] for each in tokens}) == 1
    is_error(lenient.token(**refresh_form(tokens[0]["refresh_token"])), "invalid_grant")


@pytest.mark.parametrize("turn", range(5))
def test_a_revocation_is_not_lost_among_refreshes(lenient, turn):
    """L06, L07: whoever was told 200 can rely on it"""
    first = lenient.tokens(scope=OFFLINE)
    revocation = post(lenient, "/oauth2/revoke", {"token": first["refresh_token"]})
    refreshes = [post(lenient, "/oauth2/token", refresh_form(first["refresh_token"]))] * 4
    *answers, revoked = at_once(lenient, refreshes + [revocation])
    assert revoked.status == 200, revoked
    for tokens in winners(answers) + [first]:
        assert not is_alive(lenient, tokens["access_token"])
        is_error(lenient.token(**refresh_form(tokens["refresh_token"])), "invalid_grant")


@pytest.mark.parametrize("turn", range(3))
def test_revoking_one_token_loses_no_other(lenient, turn):
    """L06: many writers of one record"""
    first = lenient.tokens(scope=OFFLINE)
    others = [first]
    for _ in range(4):
        others.append(lenient.token(**refresh_form(others[-1]["refresh_token"])).json)
    doomed, kept = others[:3], others[3:]
    answers = at_once(lenient, [post(lenient, "/oauth2/revoke", {"token": each["access_token"]}) for each in doomed])
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert not any(is_alive(lenient, each["access_token"]) for each in doomed)
    assert all(is_alive(lenient, each["access_token"]) for each in kept)


@pytest.mark.parametrize("turn", range(3))
def test_what_ends_with_a_session_does_not_survive_a_race_with_its_end(lenient, turn):
    """E06: refreshes and the logout at the same moment"""
    import re
    browser = lenient.login()
    tokens = lenient.tokens(browser=browser, scope="openid")
    csrf, = re.findall(r'name="csrf" value="([^"]+)"', browser.get(lenient.issuer + "/logout").text)
    body = urllib.parse.urlencode({"csrf": csrf})
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies().items())
    logout = (f"POST /logout HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: {cookies}\r\n"
              f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()
    refreshes = [post(lenient, "/oauth2/token", refresh_form(tokens["refresh_token"]))] * 4
    *answers, gone = at_once(lenient, refreshes + [logout])
    assert gone.status == 303, gone
    for each in winners(answers):
        is_error(lenient.token(**refresh_form(each["refresh_token"])), "invalid_grant")
    assert browser.get(lenient.issuer + "/session").status == 401


def test_one_answer_of_a_provider_begins_one_session(hub):
    """G03, promise 2: a state works once"""
    browser = Browser()
    to_provider = browser.get(hub.url("/login/github", return_to="/session"))
    back = hub.pick(browser, to_provider.location)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies().items())
    target = back.location[len(hub.issuer):]
    answers = at_once(hub, [get(target, {"Cookie": cookies})] * 20)
    sessions = [line for answer in answers for line in answer.all("Set-Cookie") if line.startswith("cardea-session=")]
    assert len(sessions) == 1 and [answer.status for answer in answers].count(303) == 1, answers


def test_a_person_who_comes_for_the_first_time_in_many_tabs_is_one_account(store):
    """promise: a stable sub, however many firsts there are"""
    config = configured(store)
    with Hub(config, simulate=("qq", "github")) as hub, watched(hub):
        ready = []
        for _ in range(20):
            browser = Browser()
            back = hub.pick(browser, browser.get(hub.url("/login/qq")).location)
            ready.append((browser, back.location[len(hub.issuer):]))
        requests = [get(target, {"Cookie": "; ".join(f"{n}={v}" for n, v in browser.cookies().items())})
                    for browser, target in ready]
        answers = at_once(hub, requests)
        assert [answer.status for answer in answers] == [303] * len(answers), answers
        subs = set()
        for answer in answers:
            cookie, = [line.partition(";")[0] for line in answer.all("Set-Cookie")
                       if line.startswith("cardea-session=")]
            subs.add(hub.get("/session", headers={"Cookie": cookie}).json["sub"])
        assert len(subs) == 1, subs
        hub.watch.check()


def test_good_logins_go_on_among_all_that(hub):
    """(iii): with a crowd that replays at the same time"""
    form = exchange_form(hub)
    stop = threading.Event()
    failures = []

    def replay():
        while not stop.is_set():
            if hub.token(**form).status not in (200, 400):
                failures.append("a replay was answered oddly")

    threads = [threading.Thread(target=replay) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            hub.tokens(browser=Browser())
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures, json.dumps(failures)
