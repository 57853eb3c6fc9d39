"""Stores that go away and come back: what is answered meanwhile, and that all is well afterwards by itself."""

import contextlib
import json
import os
import resource
import signal
import sqlite3
import subprocess
import time

import pytest
from hub import APP, CARDEA, SLOW, Browser, Pkce, request, wait_until
from load import Load
from processes import Hub, family, in_background, is_alive, reload, workers
from provider import FakeProvider, begin, log_in
from redis_server import REDIS, Redis

# How long a command may take that the store does not answer (STORE_TIMEOUT_MS), and what a busy machine adds.
TIMEOUT = 2.0
IN_TIME = TIMEOUT + 1.5 * SLOW


@pytest.fixture(scope="module")
def fake():
    with FakeProvider() as provider:
        yield provider


def a_token(hub):
    return hub.token(grant_type="client_credentials", scope="read", timeout=10)


def introspect(hub, token):
    answer = hub.post("/oauth2/introspect", {"token": token}, headers=hub.basic("app"))
    assert answer.status == 200, answer
    return answer.json["active"]


def readiness(hub):
    """(status, the checks)"""
    answer = request(hub.admin + "/readyz")
    return answer.status, answer.json["checks"]


def timed(what, *arguments, **more):
    began = time.monotonic()
    return what(*arguments, **more), time.monotonic() - began


def is_unavailable(answer):
    assert answer.status == 503 and int(answer.header("Retry-After")) > 0, answer
    return answer


def assert_out_of_order(hub):
    """What needs the store says so at once or within its time-out, and all else goes on."""
    answer, took = timed(a_token, hub)
    assert is_unavailable(answer).json["error"] == "temporarily_unavailable" and took < IN_TIME
    for path, status in (("/oauth2/jwks", 200), ("/.well-known/openid-configuration", 200), ("/login/fake", 303)):
        answer, took = timed(hub.get, path)
        assert answer.status == status and took < 1 * SLOW, (path, took, answer)
    answer, took = timed(request, hub.admin + "/healthz")
    assert answer.status == 200 and took < 1 * SLOW
    answer, took = timed(request, hub.admin + "/readyz")
    assert is_unavailable(answer).json["status"] == "not ready" and took < IN_TIME
    assert answer.json["checks"] == {"store": "unreachable", "keys": "ok", "serving": "ok"}


def assert_recovers(hub, seconds=5):
    began = time.monotonic()
    # Each worker has a connection of its own.
    wait_until(lambda: all(readiness(hub)[0] == 200 and a_token(hub).status == 200 for _ in range(8)), seconds)
    assert time.monotonic() - began < seconds * SLOW
    assert log_in(hub)[0].status == 303


def store_errors(hub):
    text = request(hub.admin + "/metrics").text
    return float(next(line for line in text.splitlines() if line.startswith("cardea_store_errors_total ")).split()[1])


# -- Redis ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def redis():
    if REDIS is None:
        pytest.skip("there is no redis-server")
    with Redis() as server:
        yield server


@pytest.fixture(scope="module")
def redis_hub(redis, fake):
    with Hub({"store": f"redis://127.0.0.1:{redis.port}/0", "providers": {"fake": fake.configuration()}}) as hub:
        yield hub


@contextlib.contextmanager
def killed(redis):
    redis.kill()
    try:
        yield
    finally:
        redis.start()


@contextlib.contextmanager
def stopped(process):
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


def test_redis_killed_and_started_again(redis, redis_hub, fake):
    hub, before, refused = redis_hub, store_errors(redis_hub), redis_hub.log().count("Connection refused")
    token = a_token(hub).json["access_token"]
    somebody = log_in(hub)[1]
    person, back = begin(hub)
    everybody = family(hub)
    assert introspect(hub, token) is True
    with killed(redis):
        assert_out_of_order(hub)
        # People get a page, with the reference under which the log knows it.
        page = is_unavailable(person.get(back))
        assert page.header("Content-Type").startswith("text/html") and page.header("X-Request-Id") in page.text
        assert is_unavailable(somebody.get(hub.url("/session"))).json["error"] == "temporarily_unavailable"
        assert store_errors(hub) > before
        # Nobody waits for it any more, and the log says it once.
        for _ in range(50):
            answer, took = timed(a_token, hub)
            assert is_unavailable(answer) and took < 0.5 * SLOW
        assert hub.log().count("Connection refused") <= refused + 1
    assert_recovers(hub)
    assert introspect(hub, token) is False, "a new Redis knows nothing of old tokens"
    assert family(hub) == everybody


def test_redis_stopped_in_the_middle_and_going_on(redis, redis_hub):
    hub = redis_hub
    token = a_token(hub).json["access_token"]
    with stopped(redis.process):
        waiting = [in_background(lambda: timed(a_token, hub)) for _ in range(10)]
        for thread, _ in waiting:
            thread.join()
        for _, results in waiting:
            answer, took = results[0]
            assert is_unavailable(answer) and took < IN_TIME
        assert_out_of_order(hub)
    assert_recovers(hub)
    assert introspect(hub, token) is True


def test_a_refresh_that_the_store_did_not_answer_can_be_repeated(redis, redis_hub):
    """Redis may have done what it was asked and answered too late: the token is then spent, and within its grace."""
    hub = redis_hub
    code, verifier = a_code(hub)
    tokens = hub.token(grant_type="authorization_code", code=code, code_verifier=verifier, redirect_uri=APP).json
    with stopped(redis.process):
        assert is_unavailable(hub.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]))
    assert_recovers(hub)
    again = hub.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert again.status == 200 and introspect(hub, again.json["access_token"]) is True


def a_code(hub):
    """A login for the app at the fake provider. (the code, the verifier)"""
    pkce, browser = Pkce(), Browser()
    query = hub.authorize_query(pkce=pkce, scope="openid offline_access")
    ticket = browser.get(hub.url("/oauth2/authorize", **query)).query["ticket"]
    away = browser.get(hub.url("/login/fake", ticket=ticket))
    back = browser.get(hub.url("/callback/fake", code="c0de", state=away.query["state"]))
    return browser.get(back.location).query["code"], pkce.verifier


def test_redis_that_dies_under_load_costs_nothing_but_503s_in_time(redis, redis_hub):
    hub = redis_hub
    with Load(hub, kept=2, fresh=1, pause=0.01) as load:
        for _ in range(2):
            load.wait_for(20)
            with killed(redis):
                wait_until(lambda: readiness(hub)[0] == 503)
            assert_recovers(hub)
        load.wait_for(20)
    assert load.failures and all("(503, " in failure for failure in load.failures), load.failures[:5]
    assert load.slowest < IN_TIME
    for token in load.tokens[-5:]:
        assert introspect(hub, json.loads(token)["access_token"]) is True


def test_a_redis_that_may_not_be_written_to_is_not_ready(redis, redis_hub):
    """A replica, after a failover that nobody has told us of: it answers, and nothing can be done with it."""
    hub = redis_hub
    redis.command("REPLICAOF", "127.0.0.1", "1")
    try:
        assert_out_of_order(hub)
        wait_until(lambda: a_token(hub).status == 503 and "READONLY" in hub.log())
    finally:
        redis.command("REPLICAOF", "NO", "ONE")
    assert_recovers(hub)


def test_a_redis_whose_memory_is_full_is_not_ready(redis, redis_hub):
    hub = redis_hub
    redis.command("CONFIG", "SET", "maxmemory", "1")
    try:
        assert_out_of_order(hub)
        wait_until(lambda: a_token(hub).status == 503 and "OOM" in hub.log())
    finally:
        redis.command("CONFIG", "SET", "maxmemory", "0")
    assert_recovers(hub)


def test_a_reload_while_redis_is_away_succeeds(redis, redis_hub):
    hub = redis_hub
    with killed(redis):
        assert reload(hub) == (0, "")
        assert is_unavailable(a_token(hub))
        assert readiness(hub) == (503, {"store": "unreachable", "keys": "not loaded", "serving": "ok"})
    assert_recovers(hub)


def test_a_hub_starts_without_its_redis_and_serves_when_it_comes(fake):
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(Redis())
        hub = stack.enter_context(Hub({"store": f"redis://127.0.0.1:{redis.port}/0", "workers": 2,
                                       "providers": {"fake": fake.configuration()}}, start=False))
        with killed(redis):
            hub.start()
            assert is_unavailable(hub.get("/oauth2/jwks")) and is_unavailable(a_token(hub))
            assert hub.get("/.well-known/openid-configuration").status == 200
            assert "serving without the store for now" in hub.log()
        assert_recovers(hub)


def test_a_redis_with_another_password_is_named_and_the_password_is_not(fake):
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(Redis("--requirepass", "the right one"))
        hub = stack.enter_context(Hub({"store": f"redis://:kanarienvogel@127.0.0.1:{redis.port}/0",
                                       "providers": {"fake": fake.configuration()}}, start=False))
        hub.start()
        assert readiness(hub)[0] == 503
        assert f"127.0.0.1:{redis.port}" in hub.log() and "AUTH was answered with: WRONGPASS" in hub.log()
        assert "kanarienvogel" not in hub.log()
        # The right one comes with a reload.
        hub.config["store"] = f"redis://:the%20right%20one@127.0.0.1:{redis.port}/0"
        hub.write_config()
        assert reload(hub) == (0, "")
        assert_recovers(hub)
        assert "the right one" not in hub.log()


# -- SQLite --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sqlite_hub(fake):
    with Hub({"workers": 2, "providers": {"fake": fake.configuration()}}) as hub:
        yield hub


@contextlib.contextmanager
def locked(path, how="BEGIN EXCLUSIVE"):
    """Somebody else has the file: a backup, a shell that was left open."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=10)
    connection.execute(how)
    try:
        yield
    finally:
        connection.close()


def is_intact(path):
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        connection.close()


def test_an_sqlite_file_that_somebody_has_locked(sqlite_hub):
    hub = sqlite_hub
    person = log_in(hub)[1]
    with locked(hub.folder + "/cardea.db"):
        # Each worker finds out for itself, and once.
        waiting = [in_background(lambda: timed(a_token, hub)) for _ in range(12)]
        for thread, _ in waiting:
            thread.join()
        for _, results in waiting:
            assert is_unavailable(results[0][0])
        assert_out_of_order(hub)
        for _ in range(30):
            answer, took = timed(a_token, hub)
            assert is_unavailable(answer) and took < 0.5 * SLOW
        # Who only reads is not held up by a writer.
        assert person.get(hub.url("/session")).status == 200
        assert "database is locked" in hub.log()
    assert_recovers(hub)
    assert person.get(hub.url("/session")).status == 200


def test_an_sqlite_file_that_is_busy_for_a_moment_is_waited_for(sqlite_hub):
    hub = sqlite_hub
    with locked(hub.folder + "/cardea.db"):
        waiting = [in_background(a_token, hub) for _ in range(4)]
        time.sleep(0.5)
    for thread, results in waiting:
        thread.join()
        assert results[0].status == 200


@contextlib.contextmanager
def small_folder(path, size):
    """A file system of its own, which root can make."""
    os.makedirs(path, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "none", path], capture_output=True)
    if done.returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def fill(path):
    """Writes until there is no room."""
    with open(path, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def test_a_disk_that_is_full_and_has_room_again(fake):
    with Hub({"workers": 2, "providers": {"fake": fake.configuration()}}, start=False) as hub:
        folder = os.path.join(hub.folder, "small")
        hub.config["store"] = f"sqlite:{folder}/cardea.db"
        with small_folder(folder, "2m"):
            hub.start()
            person = log_in(hub)[1]
            token = a_token(hub).json["access_token"]
            fill(folder + "/rubbish")
            wait_until(lambda: a_token(hub).status == 503)
            assert_out_of_order(hub)
            assert "full" in hub.log()
            assert person.get(hub.url("/session")).status == 200, "reading needs no room"
            everybody = family(hub)
            os.unlink(folder + "/rubbish")
            assert_recovers(hub)
            assert introspect(hub, token) is True and person.get(hub.url("/session")).status == 200
            assert family(hub) == everybody
            hub.stop()
            assert is_intact(folder + "/cardea.db")


def test_files_that_may_not_grow_end_nobody(fake):
    """A limit of the service's on file sizes would be a signal that ends the worker."""
    with Hub({"providers": {"fake": fake.configuration()}}) as hub:
        (worker,) = workers(hub)
        limits = resource.prlimit(worker, resource.RLIMIT_FSIZE)
        token = a_token(hub).json["access_token"]
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (4096, limits[1]))
        wait_until(lambda: a_token(hub).status == 503)
        assert_out_of_order(hub)
        resource.prlimit(worker, resource.RLIMIT_FSIZE, limits)
        assert_recovers(hub)
        assert introspect(hub, token) is True
        assert workers(hub) == [worker]


def test_a_log_that_cannot_be_written_holds_nobody_up(fake):
    hub = Hub({"providers": {"fake": fake.configuration()}}, start=False)
    with hub:
        hub.write_config()
        hub.log_file = "/dev/full"
        hub.serve()
        assert a_token(hub).status == 200 and log_in(hub)[0].status == 303
        assert reload(hub) == (0, "")
        hub.stop()
        hub.log_file = os.path.join(hub.folder, "log")


def test_a_file_of_a_read_only_file_system_is_refused_at_the_start_and_named(fake):
    with Hub(start=False) as hub:
        folder = os.path.join(hub.folder, "small")
        hub.config["store"] = f"sqlite:{folder}/cardea.db"
        with small_folder(folder, "2m"):
            hub.start()
            hub.stop()
            subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
            hub.write_config()
            run = subprocess.run(hub_command(hub), capture_output=True, text=True, timeout=60)
            assert run.returncode == 2 and f"{folder}/cardea.db cannot be written: Read-only file system" in run.stderr


def hub_command(hub):
    return [CARDEA, "serve", "--config", hub.config_file]


def test_a_file_that_is_no_database_is_refused_at_the_start_and_named():
    with Hub(start=False) as hub:
        hub.write_config()
        with open(hub.folder + "/cardea.db", "w") as file:
            file.write("this is no database, but it is long enough to be taken for one\n" * 100)
        run = subprocess.run(hub_command(hub), capture_output=True, text=True, timeout=60)
        assert run.returncode == 2 and f"{hub.folder}/cardea.db" in run.stderr, run
        assert "not a database" in run.stderr


def test_what_was_answered_is_there_after_all_processes_were_killed(fake):
    with Hub({"workers": 2, "providers": {"fake": fake.configuration()}}) as hub:
        people = [log_in(hub)[1] for _ in range(3)]
        with Load(hub, kept=3, fresh=0) as load:
            load.wait_for(100)
            everybody = family(hub)
            for pid in everybody:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            load.ended.set()
        hub.process.wait()
        wait_until(lambda: not any(is_alive(pid) for pid in everybody))
        assert is_intact(hub.folder + "/cardea.db")
        hub.serve()
        for token in load.tokens:
            assert introspect(hub, json.loads(token)["access_token"]) is True
        for person in people:
            assert person.get(hub.url("/session")).status == 200


def test_secrets_that_do_not_open_the_keys_leave_the_old_generation_serving_and_are_named(fake):
    """One was taken out too early: nobody could log in any more."""
    with Hub({"providers": {"fake": fake.configuration()}}) as hub:
        hub.config["secrets"] = ["another secret, and it has never sealed anything"]
        hub.write_config()
        status, said = reload(hub)
        assert status == 1 and "do not open with any of `secrets`" in said, said
        assert hub.get("/oauth2/jwks").status == 200 and a_token(hub).status == 200
        # With the old one behind the new one all is well.
        hub.config["secrets"] += ["this is a secret of a test, and no other has it"]
        hub.write_config()
        assert reload(hub) == (0, "")
        assert a_token(hub).status == 200
        del hub.config["secrets"][1]
        hub.write_config()
        hub.stop()
        run = subprocess.run(hub_command(hub), capture_output=True, text=True, timeout=60)
        assert run.returncode == 2 and "do not open with any of `secrets`" in run.stderr
