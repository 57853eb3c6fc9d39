"""The admin listener: what it answers, to whom, and that the figures it tells are right."""

import collections
import http.client
import os
import re

import pytest
from hub import APP, SLOW, free_port, request, wait_until
from processes import Hub, UnixConnection, change, in_background, kill, reload, serve_briefly, serves_nothing, workers
from provider import FakeProvider, begin, log_in

ADMIN = ("/healthz", "/readyz", "/metrics")


@pytest.fixture(scope="module")
def fake():
    with FakeProvider() as provider:
        yield provider


@pytest.fixture(scope="module")
def hub(fake):
    with Hub({"workers": 2, "providers": {"fake": fake.configuration()}}) as hub:
        yield hub


def test_it_says_that_it_is_alive_and_ready(hub):
    answer = request(hub.admin + "/healthz")
    assert answer.status == 200 and answer.json == {"status": "ok"}
    answer = request(hub.admin + "/readyz")
    assert answer.status == 200
    assert answer.json == {"status": "ready", "checks": {"store": "ok", "keys": "ok", "serving": "ok"}}
    for path in ADMIN:
        assert request(hub.admin + path).header("Cache-Control") == "no-store"


@pytest.mark.parametrize("path", ADMIN)
def test_the_public_listener_knows_nothing_of_it(hub, path):
    assert hub.get(path).status == 404


@pytest.mark.parametrize("path", ["/", "/login", "/login/fake", "/oauth2/jwks", "/oauth2/token", "/session",
                                  "/.well-known/openid-configuration", "/static/style.css", "/nowhere"])
def test_it_knows_nothing_of_the_public_one(hub, path):
    assert request(hub.admin + path).status == 404


@pytest.mark.parametrize("path", ADMIN)
def test_it_is_only_read(hub, path):
    for method in ("POST", "PUT", "DELETE"):
        answer = request(hub.admin + path, method, body="a=b")
        assert answer.status == 405 and answer.header("Allow") == "GET, HEAD", answer
    answer = request(hub.admin + path, "HEAD")
    assert answer.status == 200 and answer.body == b""


def test_it_may_be_off_or_a_unix_socket_or_elsewhere_and_changes_with_a_reload(fake):
    with Hub({"providers": {"fake": fake.configuration()}, "admin": {"listen": "off"}}) as hub:
        assert serves_nothing(hub.admin_port)
        path = os.path.join(hub.folder, "admin.sock")
        change(hub, admin={"listen": f"unix:{path}"})
        assert reload(hub) == (0, "")
        connection = UnixConnection(path)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()
        other = free_port()
        change(hub, admin={"listen": f"[::1]:{other}"})
        assert reload(hub) == (0, "")
        connection = http.client.HTTPConnection("::1", other, timeout=5 * SLOW)
        connection.request("GET", "/readyz")
        assert connection.getresponse().status == 200
        connection.close()
        wait_until(lambda: not os.path.exists(path))


def test_an_address_that_is_taken_ends_the_start_and_is_named(hub):
    with Hub({"admin": {"listen": f"127.0.0.1:{hub.admin_port}"}}, start=False) as other:
        other.write_config()
        status, said = serve_briefly(other.config_file)
        assert status == 2 and f"cannot listen on 127.0.0.1:{hub.admin_port}: Address already in use" in said


# -- metrics -------------------------------------------------------------------------------------

SERIES = re.compile(r"([a-z0-9_]+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"')


def metrics(hub):
    """{name: {labels: value}}, judged on the way as Prometheus reads it."""
    answer = request(hub.admin + "/metrics")
    assert answer.status == 200 and answer.header("Content-Type").startswith("text/plain; version=0.0.4")
    found, types, helped = collections.defaultdict(dict), {}, set()
    for line in answer.text.splitlines():
        if line.startswith("# HELP "):
            helped.add(line.split()[2])
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name not in types and name in helped
            types[name] = kind
        else:
            assert SERIES.fullmatch(line), line
            name, labels, value = SERIES.fullmatch(line).groups()
            labels = tuple(LABEL.findall(labels or ""))
            assert labels not in found[name], f"twice: {line}"
            found[name][labels] = float(value)
            family = re.sub("_(bucket|sum|count)$", "", name) if name not in types else name
            assert types[family] == "histogram" or (types[family] == "counter") == name.endswith("_total"), line
    for name, kind in types.items():
        if kind == "histogram":
            check_histogram(name, found)
    return found


def check_histogram(name, found):
    rows = collections.defaultdict(list)
    for labels, value in found[name + "_bucket"].items():
        rows[tuple(each for each in labels if each[0] != "le")].append((float(dict(labels)["le"]), value))
    for labels, buckets in rows.items():
        buckets.sort()
        assert [value for _, value in buckets] == sorted(value for _, value in buckets)
        assert buckets[-1] == (float("inf"), found[name + "_count"][labels])
        assert found[name + "_sum"][labels] == 0 or buckets[-1][1] > 0


def count(figures, name, **labels):
    return sum(value for each, value in figures[name].items() if set(labels.items()) <= set(each))


def test_what_happens_is_counted_whichever_worker_does_it(hub, fake):
    before = metrics(hub)
    for _ in range(10):
        assert log_in(hub)[0].status == 303
        assert hub.token(grant_type="client_credentials", scope="read").status == 200
        assert hub.get("/login/nowhere").status == 404
        assert hub.token(grant_type="authorization_code", code="x", redirect_uri=APP).status == 400
    browser, _ = begin(hub)
    fake.answers["/token"] = {"error": "invalid_grant"}
    try:
        assert log_in(hub)[0].status == 502
    finally:
        fake.answers["/token"] = {"access_token": "upstream token", "token_type": "bearer"}
    after = metrics(hub)

    def rise(name, **labels):
        return count(after, name, **labels) - count(before, name, **labels)

    assert rise("cardea_logins_total", provider="fake", outcome="done") == 10
    assert rise("cardea_logins_total", provider="fake", outcome="failed") == 1
    assert rise("cardea_token_responses_total", grant_type="client_credentials") == 10
    assert rise("cardea_token_responses_total", grant_type="authorization_code") == 0
    assert rise("cardea_http_requests_total", status="3xx") == 22
    assert rise("cardea_http_requests_total", status="4xx") == 20
    assert rise("cardea_http_requests_total", status="5xx") == 1
    assert rise("cardea_provider_calls_total", provider="fake", outcome="answered") == 21
    assert rise("cardea_provider_call_seconds_count", provider="fake") == 21
    assert rise("cardea_http_request_seconds_count") == 53
    assert rise("cardea_step_seconds_count", step="send_browser") == 12


def test_a_stranger_makes_no_series(hub):
    before = {name: set(series) for name, series in metrics(hub).items()}
    for number in range(50):
        hub.get(f"/nowhere-{number}")
        hub.get(f"/login/nobody-{number}")
        hub.token(grant_type=f"grant-{number}")
        request(hub.issuer + "/oauth2/jwks", f"METHOD{number}")
    assert {name: set(series) for name, series in metrics(hub).items()} == before


def test_nothing_that_was_counted_is_lost_with_its_worker(fake):
    with Hub({"workers": 1, "providers": {"fake": fake.configuration()}}) as hub:
        for _ in range(5):
            assert log_in(hub)[0].status == 303
        (worker,) = workers(hub)
        kill(worker)
        wait_until(lambda: workers(hub) not in ([], [worker]) and hub.is_serving())
        assert count(metrics(hub), "cardea_logins_total", provider="fake", outcome="done") == 5


def test_connections_and_flows_are_counted_as_they_are(hub, fake):
    fake.delay["/token"] = 1.0
    try:
        waiting = [in_background(log_in, hub) for _ in range(4)]
        wait_until(lambda: fake.paths[-4:] == ["/token"] * 4)
        wait_until(lambda: count(metrics(hub), "cardea_flows") >= 4 and count(metrics(hub), "cardea_connections") >= 4)
    finally:
        fake.delay.clear()
        for thread, _ in waiting:
            thread.join()
    wait_until(lambda: count(metrics(hub), "cardea_flows") <= 1)
