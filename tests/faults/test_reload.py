"""Reloads: nothing is lost by one, and what is broken changes nothing."""

import os
import shutil
import signal
import socket
import subprocess
import time

import pytest
from hub import CARDEA, SLOW, Browser, free_port, request, wait_until
from load import Load
from processes import (Hub, ask, change, connection, in_background, kill, reload, serves_nothing, sockets_of, workers)
from provider import FakeProvider, begin


def test_ten_reloads_under_load_lose_no_request():
    with Hub({"workers": 2}, simulate=("github",)) as hub, Load(hub) as load:
        for _ in range(10):
            load.wait_for(10)
            assert reload(hub) == (0, "")
        load.wait_for(10)
        load.ended.set()
        load.assert_nothing_failed()
        assert f"generation {11} serves" in hub.log()


def test_sighup_reloads_under_load_without_losing_a_request():
    with Hub({"workers": 2}, simulate=("github",)) as hub, Load(hub) as load:
        for number in range(2, 7):
            load.wait_for(10)
            hub.process.send_signal(signal.SIGHUP)
            wait_until(lambda: f"generation {number} serves" in hub.log())
        load.ended.set()
        load.assert_nothing_failed()


def test_a_login_in_flight_survives_a_reload():
    with FakeProvider() as fake, Hub({"providers": {"fake": fake.configuration()}}) as hub:
        fake.delay["/token"] = 1.5
        browser, back = begin(hub)
        thread, results = in_background(browser.get, back)
        wait_until(lambda: "/token" in fake.paths)
        assert reload(hub) == (0, "")
        assert len(workers(hub)) == 2, "the old worker has something to finish"
        thread.join()
        assert getattr(results[0], "status", results[0]) == 303
        wait_until(lambda: len(workers(hub)) == 1)


def test_a_login_that_was_begun_before_a_reload_is_finished_after_it():
    with Hub(simulate=("github",)) as hub:
        browser = Browser()
        away = browser.get(hub.url("/login/github"))
        back = hub.pick(browser, away.location)
        assert reload(hub) == (0, "")
        assert browser.get(back.location).status == 303
        assert browser.get(hub.url("/session")).json["idp"] == "github"


def test_what_a_reload_brings_is_there_and_what_it_takes_is_gone():
    with FakeProvider() as fake, Hub({"providers": {"first": fake.configuration()}}) as hub:
        assert hub.get("/login/first").status == 303 and hub.get("/login/second").status == 404
        assert "new-app" not in hub.effective()["clients"]
        change(hub, providers={"second": fake.configuration()},
               clients={"new-app": {"client_secret": "a secret of an app that is new",
                                    "grant_types": ["client_credentials"], "scope": "read"}})
        assert reload(hub) == (0, "")
        assert hub.get("/login/first").status == 404 and hub.get("/login/second").status == 303
        assert hub.token(client="new-app", grant_type="client_credentials").status == 200
        change(hub, providers={"second": fake.configuration()})
        assert reload(hub) == (0, "")
        hub.config["clients"] = {"new-app": {"client_secret": "a secret of an app that is new"}}
        assert hub.token(client="new-app", grant_type="client_credentials").status == 401


def test_tokens_and_sessions_live_through_a_reload():
    with Hub(simulate=("github",)) as hub:
        browser = Browser()
        tokens = hub.tokens(browser=browser, scope="openid offline_access")
        assert reload(hub) == (0, "")
        assert browser.get(hub.url("/session")).status == 200
        about = hub.post("/oauth2/introspect", {"token": tokens["access_token"]}, headers=hub.basic("app"))
        assert about.json["active"] is True
        assert hub.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).status == 200


@pytest.mark.parametrize("counts", [(1, 3, 2), (3, 1, 4), (4, 2, 1)])
def test_the_number_of_workers_changes_and_every_address_is_served(counts):
    with Hub({"workers": counts[0]}) as hub:
        for count in counts[1:]:
            change(hub, workers=count)
            assert reload(hub) == (0, "")
            # Both listeners have a socket for each worker; none may be left that nobody serves.
            began = time.monotonic()
            for _ in range(30):
                assert hub.get("/oauth2/jwks", timeout=3).status == 200
                assert request(hub.admin + "/healthz", timeout=3).status == 200
            assert time.monotonic() - began < 2 * SLOW
            wait_until(lambda: len(workers(hub)) == count)


def test_the_listening_address_changes():
    with Hub({"workers": 2}) as hub:
        before, after = hub.port, free_port()
        kept = connection(hub)
        assert ask(kept) == 200
        change(hub, listen=[f"127.0.0.1:{after}"])
        assert reload(hub) == (0, "")
        assert request(f"http://127.0.0.1:{after}/oauth2/jwks").status == 200
        wait_until(lambda: serves_nothing(before), 1)
        change(hub, listen=[f"127.0.0.1:{after}", f"127.0.0.1:{before}"])
        assert reload(hub) == (0, "")
        for port in (after, before):
            assert request(f"http://127.0.0.1:{port}/oauth2/jwks").status == 200


def test_an_address_that_is_taken_leaves_the_old_generation_serving():
    with socket.socket() as taken, Hub() as hub:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        change(hub, listen=[f"127.0.0.1:{hub.port}", f"127.0.0.1:{port}"])
        status, said = reload(hub)
        assert status == 1 and f"cannot listen on 127.0.0.1:{port}: Address already in use" in said
        assert hub.get("/oauth2/jwks").status == 200


def test_a_broken_configuration_leaves_the_old_generation_serving_and_says_why():
    with Hub({"workers": 2}, simulate=("github",)) as hub:
        old = workers(hub)
        good = hub.effective()
        with open(hub.config_file, "w") as file:
            file.write(f"issuer: {good['issuer']}\nsecrets: [short]\nworkers: many\nclientz: {{}}\n")
        with Load(hub) as load:
            load.wait_for(10)
            status, said = reload(hub)
            load.wait_for(10)
        load.assert_nothing_failed()
        assert status == 1
        where = os.path.realpath(hub.config_file)
        lines = [line.replace(where, "FILE").replace(hub.config_file, "FILE") for line in said.splitlines()]
        assert [line.split(" ")[0] for line in lines] == ["FILE:2:11:", "FILE:3:10:", "FILE:4:1:"], said
        assert "did you mean `clients`?" in lines[2]
        assert workers(hub) == old
        (event,) = [line for line in hub.events() if "the reload has failed" in line["message"]]
        assert event["level"] == "error" and ":4:1:" in event["message"]
        # A worker that dies now comes back with the configuration that serves, not with the broken one.
        kill(old[0])
        wait_until(lambda: len(workers(hub)) == 2)
        for _ in range(12):
            assert hub.token(grant_type="client_credentials", scope="read").status == 200
        # And when the file is good again, a reload is too.
        hub.write_config()
        assert reload(hub) == (0, "")


def test_a_configuration_file_that_is_gone_is_a_failed_reload():
    with Hub() as hub:
        os.rename(hub.config_file, hub.config_file + ".away")
        hub.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "the reload has failed" in hub.log())
        assert hub.get("/oauth2/jwks").status == 200
        os.rename(hub.config_file + ".away", hub.config_file)
        assert reload(hub) == (0, "")


def test_a_configuration_that_is_no_plain_file_holds_nobody_up():
    """A named pipe could be read for ever; neither a reload nor the end may wait for it."""
    with Hub() as hub:
        pipe = os.path.join(hub.folder, "pipe")
        os.mkfifo(pipe)
        change(hub, issuer=f"${{file:{pipe}}}")
        thread, results = in_background(reload, hub)
        thread.join(40 * SLOW)
        assert results and results[0][0] == 1, results
        assert hub.get("/oauth2/jwks").status == 200


def test_a_provider_whose_plugin_is_missing_fails_the_reload_and_nothing_else():
    with Hub({"workers": 2}, simulate=("github",)) as hub:
        change(hub, providers={"nowhere": {"plugin": "nowhere", "client_id": "a", "client_secret": "b"}})
        status, said = reload(hub)
        assert status == 1 and "there is no plugin `nowhere`" in said
        assert hub.get("/login/github").status == 303
        wait_until(lambda: len(workers(hub)) == 2)


def test_reloads_that_are_asked_for_at_once_all_wait_for_what_was_in_the_file_when_they_asked():
    with Hub() as hub:
        for number in range(5):
            first = in_background(reload, hub)
            change(hub, clients={f"app-{number}": {"client_secret": f"a secret of app number {number}, long",
                                                   "grant_types": ["client_credentials"], "scope": "read"}})
            assert reload(hub) == (0, "")
            assert hub.token(client=f"app-{number}", grant_type="client_credentials").status == 200
            first[0].join()
            assert first[1] == [(0, "")]


def test_a_reload_that_is_asked_for_during_the_start_is_about_the_file_as_it_is_then():
    """A start without its store takes a while: the file can be changed and broken meanwhile."""
    hub = Hub({"store": f"redis://127.0.0.1:{free_port()}/0"}, start=False)
    with hub:
        hub.write_config()
        hub.process = subprocess.Popen([CARDEA, "serve", "--config", hub.config_file],
                                       stderr=open(hub.log_file, "ab"))
        wait_until(lambda: workers(hub))
        with open(hub.config_file, "w") as file:
            file.write("issuer: nowhere\n")
        assert "serves" not in hub.log()
        status, said = reload(hub)
        assert status == 1 and ":1:9: error:" in said, said
        assert "generation 1 serves" in hub.log()
        hub.write_config()
        assert reload(hub) == (0, "")


def test_nobody_is_there_to_be_reloaded():
    with Hub() as hub:
        hub.stop()
        status, said = reload(hub)
        assert status == 2 and "nothing serves" in said


def test_a_reload_asked_for_by_another_user_is_refused():
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can be somebody else")
    with Hub() as hub:
        os.chmod(hub.folder, 0o755)
        os.chmod(hub.config_file, 0o644)
        run = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", CARDEA, "reload",
                              "--config", hub.config_file], capture_output=True, text=True)
        assert run.returncode == 2 and "another user's" in run.stderr
        assert "generation 2" not in hub.log()
        # Not even when the socket's folder would let him through: the master looks at who asks.
        where = control_socket(hub)
        modes = {path: os.stat(path).st_mode & 0o777 for path in (os.path.dirname(where), where)}
        try:
            os.chmod(os.path.dirname(where), 0o711)
            os.chmod(where, 0o666)
            asked = subprocess.run(
                ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "/usr/bin/python3", "-c",
                 "import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n"
                 "s.send(b'reload\\n')\nprint(s.recv(100))", where], capture_output=True, text=True, timeout=20)
            assert asked.stdout.strip() in ("b''", ""), asked
            assert "ok" not in asked.stdout and "generation 2" not in hub.log()
        finally:
            for path, mode in modes.items():
                os.chmod(path, mode)


def control_socket(hub):
    """The path of the master's control socket."""
    mine = sockets_of(hub.process.pid)
    with open("/proc/net/unix") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    (path,) = [row[7] for row in rows if len(row) > 7 and int(row[6]) in mine and row[7].endswith(".sock")]
    return path
