"""Processes that are killed, stopped, reloaded and started twice (architecture.md, section 4)."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest
from hub import CARDEA, SLOW, Browser, Hub, free_port, request, wait_until
from load import Load
from processes import (change, children, family, is_alive, jails, kill, reload, serve_briefly, sockets_of, worker_of,
                       workers)
from provider import FakeProvider, begin, log_in


def connection(hub):
    made = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=15 * SLOW)
    made.connect()
    return made


def ask(connection, path="/oauth2/jwks"):
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def connections_of_each(hub, each=4):
    """Open connections, by the worker that serves them."""
    found = {pid: [] for pid in workers(hub)}
    for _ in range(200):
        if all(len(list_) >= each for list_ in found.values()):
            return found
        made = connection(hub)
        assert ask(made) == 200
        found[worker_of(hub, made.sock)].append(made)
    raise AssertionError(f"all connections go to one worker: {found}")


def in_background(function, *arguments):
    """Calls it in a thread. (the thread, a list that gets its result)"""
    results = []

    def run():
        try:
            results.append(function(*arguments))
        except (OSError, http.client.HTTPException) as error:
            results.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, results


# -- death ---------------------------------------------------------------------------------------


def test_a_hub_is_a_master_with_workers_that_each_have_one_jail():
    with Hub({"workers": 3}, simulate=()) as hub:
        assert len(workers(hub)) == 3
        assert [len(jails(worker)) for worker in workers(hub)] == [1, 1, 1]
        assert children(hub.process.pid, "cardea-jail") == []


def test_a_killed_worker_is_back_within_a_second_and_the_others_never_notice():
    with Hub({"workers": 2}) as hub:
        time.sleep(1.1)  # a worker that has been of use is started again at once
        (victim, _), (other, kept) = sorted(connections_of_each(hub).items())
        failures, ended, asked = [], threading.Event(), [0]

        def keep_asking(one):
            while not ended.is_set():
                try:
                    assert ask(one) == 200
                    asked[0] += 1
                except (OSError, http.client.HTTPException, AssertionError) as error:
                    failures.append(repr(error))
                    return

        threads = [threading.Thread(target=keep_asking, args=(one,), daemon=True) for one in kept]
        for thread in threads:
            thread.start()
        wait_until(lambda: asked[0] > 20)
        kill(victim)
        # The socket of the dead worker's slot is the master's: who connects now waits a little and is served.
        began = time.monotonic()
        answers = [in_background(hub.get, "/oauth2/jwks") for _ in range(24)]
        for thread, results in answers:
            thread.join()
            assert getattr(results[0], "status", results[0]) == 200
        assert time.monotonic() - began < 1.5 * SLOW
        wait_until(lambda: len(workers(hub)) == 2 and all(jails(worker) for worker in workers(hub)), 1)
        before = asked[0]
        wait_until(lambda: asked[0] > before + 20 or failures)
        ended.set()
        for thread in threads:
            thread.join()
        assert failures == [] and other in workers(hub)
        assert "ended by signal 9 (Killed)" in hub.log()


def test_a_killed_jail_is_replaced_and_logins_with_hooks_go_on():
    with Hub() as hub:
        (worker,) = workers(hub)
        for _ in range(3):
            (jail,) = jails(worker)
            kill(jail)
            hub.login()  # github has hooks
            assert jails(worker) not in ([], [jail])
        assert workers(hub) == [worker]
        assert "while no hook was running; a new one is started" in hub.log()
        assert "plugin misbehaving" not in hub.log()


def test_all_jails_killed_again_and_again_under_load_cost_no_request():
    with Hub({"workers": 2}) as hub:
        with Load(hub) as load:
            load.wait_for(20)
            for _ in range(10):
                for worker in workers(hub):
                    for jail in jails(worker):
                        kill(jail)
                hub.login()
            load.wait_for(20)
        load.assert_nothing_failed()


def test_workers_stop_by_themselves_when_the_master_is_killed_and_a_new_one_can_start():
    with FakeProvider() as fake, Hub({"workers": 2, "providers": {"fake": fake.configuration()}},
                                     simulate=()) as hub:
        fake.delay["/token"] = 1.0
        browser, back = begin(hub)
        thread, results = in_background(browser.get, back)
        wait_until(lambda: "/token" in fake.paths)
        everybody = family(hub)
        assert len(everybody) == 5
        kill(hub.process.pid)
        hub.process.wait()
        # Nobody listens any more, so that another master can take over while these finish what they have.
        wait_until(lambda: serves_nothing(hub.port), 1)
        hub.serve()
        thread.join()
        assert getattr(results[0], "status", results[0]) == 303, "a login in flight was not finished"
        wait_until(lambda: not any(is_alive(pid) for pid in everybody), 5)
        assert hub.get("/oauth2/jwks").status == 200


def serves_nothing(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return False
    except ConnectionRefusedError:
        return True


def test_a_worker_that_dies_at_once_is_started_again_later_and_later():
    with Hub({"workers": 1}, simulate=()) as hub:
        deaths = []
        while len(deaths) < 5:
            (worker,) = wait_until(lambda: workers(hub))
            kill(worker)
            deaths.append(time.monotonic())
        gaps = [after - before for before, after in zip(deaths, deaths[1:])]
        # 0.1, 0.2, 0.4, 0.8 s, and what finding and killing it takes.
        assert gaps[-1] > 0.75 and gaps[-1] > gaps[0] * 2, gaps
        assert hub.get("/oauth2/jwks").status == 200


# -- the end -------------------------------------------------------------------------------------


def test_sigterm_finishes_what_is_in_flight_and_exits_0():
    with FakeProvider() as fake, Hub({"workers": 2, "providers": {"fake": fake.configuration()}},
                                     simulate=()) as hub:
        fake.delay["/token"] = 1.5
        logins = [begin(hub) for _ in range(6)]
        threads = [in_background(browser.get, back) for browser, back in logins]
        wait_until(lambda: fake.paths.count("/token") == 6)
        everybody = family(hub)
        hub.process.send_signal(signal.SIGTERM)
        # No new connection is taken that nobody would serve.
        wait_until(lambda: serves_nothing(hub.port), 1)
        for thread, results in threads:
            thread.join()
            assert getattr(results[0], "status", results[0]) == 303, hub.log()[-2000:]
        assert hub.process.wait(10 * SLOW) == 0
        assert not any(is_alive(pid) for pid in everybody)
        sessions = [browser.cookies("cardea-session") for browser, _ in logins]
        assert all(sessions), "a login was finished by half"


def test_connections_that_the_kernel_has_accepted_are_served_before_the_end():
    with Hub({"workers": 1}, simulate=()) as hub:
        (worker,) = workers(hub)
        os.kill(worker, signal.SIGSTOP)
        try:
            waiting = [in_background(hub.get, "/oauth2/jwks") for _ in range(8)]
            wait_until(lambda: established(hub.port) >= 8)
            hub.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
        finally:
            os.kill(worker, signal.SIGCONT)
        for thread, results in waiting:
            thread.join()
            assert getattr(results[0], "status", results[0]) == 200
        assert hub.process.wait(10 * SLOW) == 0


def established(port):
    """Connections to a port of ours, accepted by anybody or not."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return sum(1 for row in rows if int(row[1].split(":")[1], 16) == port and row[3] == "01")


def test_an_idle_hub_stops_at_once():
    with Hub({"workers": 2}) as hub:
        kept = connection(hub)
        assert ask(kept) == 200
        began = time.monotonic()
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(10 * SLOW) == 0
        assert time.monotonic() - began < 3 * SLOW


def test_a_second_sigterm_waits_for_nobody():
    with FakeProvider() as fake, Hub({"workers": 2, "providers": {"fake": fake.configuration()}},
                                     simulate=()) as hub:
        fake.delay["/token"] = 9
        browser, back = begin(hub)
        thread, _ = in_background(browser.get, back)
        wait_until(lambda: "/token" in fake.paths)
        assert reload(hub) == (0, "")  # an old generation finishes that login; it has no more time either
        everybody = family(hub)
        hub.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert hub.process.poll() is None, "it did not wait for what was in flight"
        began = time.monotonic()
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(10 * SLOW) == 0
        assert time.monotonic() - began < 1 * SLOW
        assert not any(is_alive(pid) for pid in everybody)
        thread.join()


def test_ctrl_c_goes_to_all_processes_and_is_a_quiet_end():
    """A terminal's SIGINT reaches jails and workers too; a login in flight is finished nevertheless."""
    with FakeProvider() as fake:
        hub = Hub({"workers": 2, "plugin_directories": [], "providers": {"fake": fake.configuration()}},
                  simulate=(), start=False)
        with hub:
            hub.write_config()
            hub.process = subprocess.Popen([CARDEA, "serve", "--config", hub.config_file], start_new_session=True,
                                           stderr=open(hub.log_file, "ab"), stdout=subprocess.DEVNULL)
            wait_until(hub.is_serving)
            fake.delay["/token"] = 1.0
            browser, back = begin(hub)
            thread, results = in_background(browser.get, back)
            wait_until(lambda: "/token" in fake.paths)
            os.killpg(hub.process.pid, signal.SIGINT)
            assert hub.process.wait(10 * SLOW) == 0
            thread.join()
            assert getattr(results[0], "status", results[0]) == 303
            assert [line["message"] for line in hub.events() if line["level"] in ("warn", "error")] == []


def test_sigterm_while_starting_is_obeyed():
    for delay in (0.0, 0.01, 0.03, 0.1):
        hub = Hub(simulate=(), start=False)
        with hub:
            hub.write_config()
            hub.process = subprocess.Popen([CARDEA, "serve", "--config", hub.config_file],
                                           stderr=open(hub.log_file, "ab"))
            # Not before it has taken its signals in hand; from then on always.
            wait_until(lambda: signals_are_blocked(hub.process.pid))
            time.sleep(delay * SLOW)
            hub.process.send_signal(signal.SIGTERM)
            assert hub.process.wait(10 * SLOW) == 0, hub.log()


def signals_are_blocked(pid):
    with open(f"/proc/{pid}/status") as status:
        blocked = next(line for line in status if line.startswith("SigBlk:"))
    return int(blocked.split()[1], 16) & (1 << (signal.SIGTERM - 1))


# -- reload --------------------------------------------------------------------------------------


def test_ten_reloads_under_load_lose_no_request():
    with Hub({"workers": 2}) as hub, Load(hub) as load:
        for _ in range(10):
            load.wait_for(10)
            assert reload(hub) == (0, "")
        load.wait_for(10)
        load.ended.set()
        load.assert_nothing_failed()
        assert f"generation {11} serves" in hub.log()


def test_sighup_reloads_under_load_without_losing_a_request():
    with Hub({"workers": 2}) as hub, Load(hub) as load:
        for number in range(2, 7):
            load.wait_for(10)
            hub.process.send_signal(signal.SIGHUP)
            wait_until(lambda: f"generation {number} serves" in hub.log())
        load.ended.set()
        load.assert_nothing_failed()


def test_a_login_in_flight_survives_a_reload():
    with FakeProvider() as fake, Hub({"providers": {"fake": fake.configuration()}}, simulate=()) as hub:
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
    with Hub() as hub:
        browser = Browser()
        away = browser.get(hub.url("/login/github"))
        back = hub.pick(browser, away.location)
        assert reload(hub) == (0, "")
        assert browser.get(back.location).status == 303
        assert browser.get(hub.url("/session")).json["idp"] == "github"


def test_what_a_reload_brings_is_there_and_what_it_takes_is_gone():
    with FakeProvider() as fake, Hub({"providers": {"first": fake.configuration()}}, simulate=()) as hub:
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
    with Hub() as hub:
        browser = Browser()
        tokens = hub.tokens(browser=browser, scope="openid offline_access")
        assert reload(hub) == (0, "")
        assert browser.get(hub.url("/session")).status == 200
        about = hub.post("/oauth2/introspect", {"token": tokens["access_token"]}, headers=hub.basic("app"))
        assert about.json["active"] is True
        assert hub.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).status == 200


@pytest.mark.parametrize("counts", [(1, 3, 2), (3, 1, 4), (4, 2, 1)])
def test_the_number_of_workers_changes_and_every_address_is_served(counts):
    with Hub({"workers": counts[0]}, simulate=()) as hub:
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
    with Hub({"workers": 2}, simulate=()) as hub:
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
    with socket.socket() as taken, Hub(simulate=()) as hub:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        change(hub, listen=[f"127.0.0.1:{hub.port}", f"127.0.0.1:{port}"])
        status, said = reload(hub)
        assert status == 1 and f"cannot listen on 127.0.0.1:{port}: Address already in use" in said
        assert hub.get("/oauth2/jwks").status == 200


def test_a_broken_configuration_leaves_the_old_generation_serving_and_says_why():
    with Hub({"workers": 2}) as hub:
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
    with Hub(simulate=()) as hub:
        os.rename(hub.config_file, hub.config_file + ".away")
        hub.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "the reload has failed" in hub.log())
        assert hub.get("/oauth2/jwks").status == 200
        os.rename(hub.config_file + ".away", hub.config_file)
        assert reload(hub) == (0, "")


def test_a_configuration_that_is_no_plain_file_holds_nobody_up():
    """A named pipe could be read for ever; neither a reload nor the end may wait for it."""
    with Hub(simulate=()) as hub:
        pipe = os.path.join(hub.folder, "pipe")
        os.mkfifo(pipe)
        change(hub, issuer=f"${{file:{pipe}}}")
        thread, results = in_background(reload, hub)
        thread.join(40 * SLOW)
        assert results and results[0][0] == 1, results
        assert hub.get("/oauth2/jwks").status == 200


def test_a_provider_whose_plugin_is_missing_fails_the_reload_and_nothing_else():
    with Hub({"workers": 2}) as hub:
        change(hub, providers={"nowhere": {"plugin": "nowhere", "client_id": "a", "client_secret": "b"}})
        status, said = reload(hub)
        assert status == 1 and "there is no plugin `nowhere`" in said
        assert hub.get("/login/github").status == 303
        assert len(workers(hub)) == 2


def test_reloads_that_are_asked_for_at_once_all_wait_for_what_was_in_the_file_when_they_asked():
    with Hub(simulate=()) as hub:
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
    hub = Hub({"store": f"redis://127.0.0.1:{free_port()}/0"}, simulate=(), start=False)
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
    with Hub(simulate=()) as hub:
        hub.stop()
        status, said = reload(hub)
        assert status == 2 and "nothing serves" in said


def test_a_reload_asked_for_by_another_user_is_refused():
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can be somebody else")
    with Hub(simulate=()) as hub:
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


# -- start ---------------------------------------------------------------------------------------


def test_a_second_serve_of_one_configuration_refuses():
    with Hub(simulate=()) as hub:
        status, said = serve_briefly(hub.config_file)
        assert status == 1 and "is served already" in said and "cardea reload" in said
        assert hub.get("/oauth2/jwks").status == 200
        assert reload(hub) == (0, "")


def test_a_port_in_use_is_named_and_the_exit_status_is_2():
    with Hub(simulate=()) as hub:
        other = os.path.join(hub.folder, "other.yaml")
        shutil.copy(hub.config_file, other)
        for workers_ in ("2", "0"):
            status, said = serve_briefly(other, "--workers", workers_)
            assert status == 2
            assert f"cannot listen on 127.0.0.1:{hub.port}: Address already in use" in said
        assert hub.get("/oauth2/jwks").status == 200


@pytest.mark.parametrize("workers_", ["1", "0"])
def test_a_bad_configuration_ends_the_start_with_status_2_and_all_its_problems(workers_):
    hub = Hub(simulate=(), start=False)
    with hub, open(hub.config_file, "w") as file:
        file.write("issuer: ftp://example.com\nsecrets: [short]\nlisten: nowhere\nstore: mongodb://x\nwerkers: 3\n")
        file.flush()
        status, said = serve_briefly(hub.config_file, "--workers", workers_)
        assert status == 2
        for line in ("1:9", "2:11", "3:9", "4:8", "5:1"):
            assert f"cardea.yaml:{line}: " in said, said


@pytest.mark.parametrize("workers_", ["1", "0"])
def test_a_store_that_cannot_be_opened_ends_the_start_with_status_2(workers_):
    hub = Hub({"store": "sqlite:/nowhere/at/all/cardea.db"}, simulate=(), start=False)
    with hub:
        hub.write_config()
        status, said = serve_briefly(hub.config_file, "--workers", workers_)
        assert status == 2 and "/nowhere/at/all" in said


@pytest.mark.parametrize("workers_", ["2", "0"])
def test_a_provider_without_a_plugin_ends_the_start_with_status_2(workers_):
    hub = Hub({"providers": {"gitbub": {"client_id": "a", "client_secret": "b"}}}, simulate=(), start=False)
    with hub:
        hub.write_config()
        status, said = serve_briefly(hub.config_file, "--workers", workers_)
        assert status == 2 and "there is no plugin `gitbub` (did you mean `github`?)" in said


def test_workers_0_is_one_process_and_a_jail():
    with Hub(arguments=["--workers", "0"]) as hub:
        assert workers(hub) == [] and len(jails(hub.process.pid)) == 1
        hub.tokens()
        assert request(hub.admin + "/readyz").status == 200
        kill(jails(hub.process.pid)[0])
        hub.login()
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(10 * SLOW) == 0


def test_the_number_of_workers_on_the_command_line_holds_through_a_reload():
    with Hub({"workers": 1}, arguments=["--workers", "3"], simulate=()) as hub:
        assert len(workers(hub)) == 3
        assert reload(hub) == (0, "")
        wait_until(lambda: len(workers(hub)) == 3)


def test_no_process_of_a_hub_keeps_what_is_not_its_own():
    """Workers have the sockets of their slot and no other; nobody may dump core."""
    with Hub({"workers": 2}, simulate=()) as hub:
        first, second = workers(hub)
        listening = listening_inodes(hub.port)
        assert len(listening) == 2
        assert len(listening & sockets_of(first)) == 1 and len(listening & sockets_of(second)) == 1
        assert listening & sockets_of(first) != listening & sockets_of(second)
        for worker in (first, second):
            limits = open(f"/proc/{worker}/limits").read()
            assert "Max core file size        0                    0" in limits


def listening_inodes(port):
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return {int(row[9]) for row in rows if int(row[1].split(":")[1], 16) == port and row[3] == "0A"}


# -- unix sockets --------------------------------------------------------------------------------


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=15 * SLOW)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def test_a_unix_socket_is_listened_on_and_kept_over_reloads():
    with Hub({"workers": 2}, simulate=(), start=False) as hub:
        path = os.path.join(hub.folder, "listen.sock")
        hub.config["listen"] = [f"127.0.0.1:{hub.port}", f"unix:{path}"]
        hub.start()
        with Load(hub, connect=lambda: UnixConnection(path)) as load:
            for _ in range(3):
                load.wait_for(10)
                assert reload(hub) == (0, "")
            load.wait_for(10)
        load.assert_nothing_failed()
        change(hub, workers=2)
        assert reload(hub) == (0, "")
        wait_until(lambda: not os.path.exists(path), 2)


def test_a_unix_socket_that_a_killed_hub_left_behind_is_taken_over_and_a_living_one_is_not():
    with Hub(simulate=(), start=False) as hub:
        path = os.path.join(hub.folder, "listen.sock")
        hub.config["listen"] = [f"127.0.0.1:{hub.port}", f"unix:{path}"]
        hub.start()
        other = os.path.join(hub.folder, "other.yaml")
        with open(hub.config_file) as original, open(other, "w") as copy:
            copy.write(original.read().replace(f"127.0.0.1:{hub.port}\"", f"127.0.0.1:{free_port()}\""))
        status, said = serve_briefly(other)
        assert status == 2 and f"cannot listen on unix:{path}: Address already in use" in said
        kill(hub.process.pid)
        hub.process.wait()
        wait_until(lambda: serves_nothing(hub.port), 2)
        assert os.path.exists(path)
        hub.serve()
        assert ask(UnixConnection(path)) == 200


def test_a_hub_takes_its_unix_socket_away_when_it_ends():
    with Hub(simulate=(), start=False) as hub:
        path = os.path.join(hub.folder, "listen.sock")
        hub.config["listen"] = [f"127.0.0.1:{hub.port}", f"unix:{path}"]
        hub.start()
        assert ask(UnixConnection(path)) == 200
        hub.stop()
        assert not os.path.exists(path)


# -- TLS -----------------------------------------------------------------------------------------


def make_certificate(folder, name):
    """A self-signed certificate for 127.0.0.1. (its file, its key's file)"""
    certificate, key = (os.path.join(folder, f"{name}.{end}") for end in ("pem", "key"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    os.chmod(key, 0o600)
    return certificate, key


class TlsConnection(http.client.HTTPSConnection):
    def __init__(self, port, certificate):
        import ssl
        super().__init__("127.0.0.1", port, timeout=15 * SLOW,
                         context=ssl.create_default_context(cafile=certificate))


@pytest.fixture
def tls_hub():
    with Hub({"workers": 2}, simulate=(), start=False) as hub:
        plain = hub.port
        hub.port = free_port()
        hub.issuer = f"https://127.0.0.1:{hub.port}"
        certificate, key = make_certificate(hub.folder, "first")
        hub.config["listen"] = [f"127.0.0.1:{hub.port}"]
        hub.config["tls"] = {"certificate": certificate, "key": key}
        hub.is_serving = lambda: tls_answers(hub, certificate)
        assert plain != hub.port
        hub.start()
        yield hub


def tls_answers(hub, certificate):
    import ssl
    assert hub.process.poll() is None, hub.log()
    try:
        return ask(TlsConnection(hub.port, certificate)) == 200
    except (ConnectionError, ssl.SSLError):
        return False


def test_a_tls_listener_takes_a_new_certificate_at_a_reload_without_losing_a_request(tls_hub):
    first = tls_hub.config["tls"]["certificate"]
    second, second_key = make_certificate(tls_hub.folder, "second")
    both = os.path.join(tls_hub.folder, "both.pem")
    with open(both, "w") as file:
        file.write(open(first).read() + open(second).read())
    with Load(tls_hub, kept=2, fresh=2, connect=lambda: TlsConnection(tls_hub.port, both), pause=0.01) as load:
        load.wait_for(10)
        # The files change in place, as certificate clients do it.
        os.replace(second_key, tls_hub.config["tls"]["key"])
        shutil.copy(second, first)
        assert reload(tls_hub) == (0, "")
        assert ask(TlsConnection(tls_hub.port, second)) == 200
        load.wait_for(10)
    load.assert_nothing_failed()


def test_a_broken_certificate_leaves_the_old_generation_serving_even_when_a_worker_dies(tls_hub):
    certificate, key = (tls_hub.config["tls"][name] for name in ("certificate", "key"))
    good = os.path.join(tls_hub.folder, "good.pem")
    shutil.copy(certificate, good)
    with open(certificate, "w") as file:
        file.write("this was a certificate\n")
    status, said = reload(tls_hub)
    assert status == 1 and certificate in said, said
    assert ask(TlsConnection(tls_hub.port, good)) == 200
    assert any(certificate in line["message"] for line in tls_hub.events() if line["level"] == "error")
    # The certificate is part of the generation's configuration: a worker that is started again has it.
    time.sleep(1.1)
    for worker in workers(tls_hub):
        kill(worker)
    wait_until(lambda: len(workers(tls_hub)) == 2)
    for _ in range(12):
        assert ask(TlsConnection(tls_hub.port, good)) == 200
    # A key that is not the certificate's is no better.
    other, other_key = make_certificate(tls_hub.folder, "other")
    shutil.copy(good, certificate)
    shutil.copy(other_key, key)
    status, said = reload(tls_hub)
    assert status == 1 and "key" in said, said
    assert ask(TlsConnection(tls_hub.port, good)) == 200


def test_a_login_still_works_when_all_workers_were_killed_after_the_plugins_went_away():
    """What a generation needs it keeps, or it says what it lacks; it never leaves a socket without a worker."""
    with Hub({"workers": 2}, simulate=(), start=False) as hub:
        folder = os.path.join(hub.folder, "plugins")
        os.mkdir(folder)
        shutil.copy(os.path.join(os.path.dirname(CARDEA), "tests", "plugins", "everything.so"), folder)
        hub.config["plugin_directories"] = [folder]
        with FakeProvider() as fake:
            hub.config["providers"] = {"everything": {"client_id": "app", "client_secret": "hush",
                                                      "parameters": {"host": "everything.example"}},
                                       "fake": fake.configuration()}
            hub.start()
            shutil.rmtree(folder)
            time.sleep(1.1)
            for worker in workers(hub):
                kill(worker)
            wait_until(lambda: len(workers(hub)) == 2)
            for _ in range(12):
                assert hub.get("/oauth2/jwks", timeout=3).status == 200
            assert log_in(hub)[0].status == 303
            gone = hub.get("/login/everything")
            assert gone.status == 502 and "temporarily unavailable" in gone.text
