"""Processes that are killed, stopped and started twice (architecture.md, section 4)."""

import http.client
import os
import shutil
import signal
import subprocess
import threading
import time

import pytest
from hub import CARDEA, SLOW, request, wait_until
from load import Load
from processes import (Hub, ask, change, children, connection, family, in_background, is_alive, jails, kill, reload,
                       serve_briefly, serves_nothing, sockets_of, worker_of, workers)
from provider import FakeProvider, begin, log_in


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


# -- death ---------------------------------------------------------------------------------------


def test_a_hub_is_a_master_with_workers_that_each_have_one_jail():
    with Hub({"workers": 3}) as hub:
        assert len(workers(hub)) == 3
        assert [len(jails(worker)) for worker in workers(hub)] == [1, 1, 1]
        assert children(hub.process.pid, "cardea-jail") == []


def test_a_killed_worker_is_back_within_a_second_and_the_others_never_notice():
    with Hub({"workers": 2}, simulate=("github",)) as hub:
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
    with Hub(simulate=("github",)) as hub:
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
    with Hub({"workers": 2}, simulate=("github",)) as hub:
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
    with FakeProvider() as fake, Hub({"workers": 2, "providers": {"fake": fake.configuration()}}) as hub:
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


def test_a_worker_that_dies_at_once_is_started_again_later_and_later():
    with Hub({"workers": 1}) as hub:
        deaths = []
        while len(deaths) < 5:
            (worker,) = wait_until(lambda: workers(hub))
            kill(worker)
            deaths.append(time.monotonic())
        gaps = [after - before for before, after in zip(deaths, deaths[1:])]
        # 0.1, 0.2, 0.4, 0.8 s, and what finding and killing it takes.
        assert gaps[-1] > 0.75 and gaps[-1] > gaps[0] * 2, gaps
        assert hub.get("/oauth2/jwks").status == 200


def test_a_login_still_works_when_all_workers_were_killed_after_the_plugins_went_away():
    """What a generation needs it keeps, or it says what it lacks; it never leaves a socket without a worker."""
    with Hub({"workers": 2}, start=False) as hub:
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
            wait_until(lambda: len(workers(hub)) == 2, 30)
            for _ in range(12):
                assert hub.get("/oauth2/jwks", timeout=3).status == 200
            assert log_in(hub)[0].status == 303
            gone = hub.get("/login/everything")
            assert gone.status == 502 and "temporarily unavailable" in gone.text


# -- the end -------------------------------------------------------------------------------------


def test_sigterm_finishes_what_is_in_flight_and_exits_0():
    with FakeProvider() as fake, Hub({"workers": 2, "providers": {"fake": fake.configuration()}}) as hub:
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
        wait_until(lambda: not any(is_alive(pid) for pid in everybody))
        sessions = [browser.cookies("cardea-session") for browser, _ in logins]
        assert all(sessions), "a login was finished by half"


def test_connections_that_the_kernel_has_accepted_are_served_before_the_end():
    with Hub({"workers": 1}) as hub:
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
    with Hub({"workers": 2}, simulate=("github",)) as hub:
        kept = connection(hub)
        assert ask(kept) == 200
        began = time.monotonic()
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(10 * SLOW) == 0
        assert time.monotonic() - began < 3 * SLOW


def test_a_second_sigterm_waits_for_nobody():
    with FakeProvider() as fake, Hub({"workers": 2, "providers": {"fake": fake.configuration()}}) as hub:
        fake.delay["/token"] = 9
        browser, back = begin(hub)
        thread, _ = in_background(browser.get, back)
        wait_until(lambda: "/token" in fake.paths)
        assert reload(hub) == (0, "")  # an old generation finishes that login; it has no more time either
        everybody = family(hub)
        hub.process.send_signal(signal.SIGTERM)
        time.sleep(1.2)
        assert hub.process.poll() is None, "it did not wait for what was in flight"
        began = time.monotonic()
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(10 * SLOW) == 0
        assert time.monotonic() - began < 1 * SLOW
        wait_until(lambda: not any(is_alive(pid) for pid in everybody))  # jails end with their worker
        thread.join()


def test_two_sigterms_in_a_row_are_one():
    """As timeout(1) sends them, and whoever passes on what the terminal sends to all anyhow."""
    with FakeProvider() as fake, Hub({"workers": 2, "providers": {"fake": fake.configuration()}}) as hub:
        fake.delay["/token"] = 1.0
        browser, back = begin(hub)
        thread, results = in_background(browser.get, back)
        wait_until(lambda: "/token" in fake.paths)
        for _ in range(3):
            hub.process.send_signal(signal.SIGTERM)
            time.sleep(0.05)
        thread.join()
        assert getattr(results[0], "status", results[0]) == 303
        assert hub.process.wait(10 * SLOW) == 0 and "is killed" not in hub.log()


def test_ctrl_c_goes_to_all_processes_and_is_a_quiet_end():
    """A terminal's SIGINT reaches jails and workers too; a login in flight is finished nevertheless."""
    with FakeProvider() as fake:
        hub = Hub({"workers": 2, "plugin_directories": [], "providers": {"fake": fake.configuration()}}, start=False)
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
        hub = Hub(start=False)
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


# -- start ---------------------------------------------------------------------------------------


def test_a_second_serve_of_one_configuration_refuses():
    with Hub() as hub:
        status, said = serve_briefly(hub.config_file)
        assert status == 1 and "is served already" in said and "cardea reload" in said
        assert hub.get("/oauth2/jwks").status == 200
        assert reload(hub) == (0, "")


def test_a_port_in_use_is_named_and_the_exit_status_is_2():
    with Hub() as hub:
        other = os.path.join(hub.folder, "other.yaml")
        shutil.copy(hub.config_file, other)
        for workers_ in ("2", "0"):
            status, said = serve_briefly(other, "--workers", workers_)
            assert status == 2
            assert f"cannot listen on 127.0.0.1:{hub.port}: Address already in use" in said
        assert hub.get("/oauth2/jwks").status == 200


@pytest.mark.parametrize("workers_", ["1", "0"])
def test_a_bad_configuration_ends_the_start_with_status_2_and_all_its_problems(workers_):
    hub = Hub(start=False)
    with hub, open(hub.config_file, "w") as file:
        file.write("issuer: ftp://example.com\nsecrets: [short]\nlisten: nowhere\nstore: mongodb://x\nwerkers: 3\n")
        file.flush()
        status, said = serve_briefly(hub.config_file, "--workers", workers_)
        assert status == 2
        for line in ("1:9", "2:11", "3:9", "4:8", "5:1"):
            assert f"cardea.yaml:{line}: " in said, said


@pytest.mark.parametrize("workers_", ["1", "0"])
def test_a_store_that_cannot_be_opened_ends_the_start_with_status_2(workers_):
    hub = Hub({"store": "sqlite:/nowhere/at/all/cardea.db"}, start=False)
    with hub:
        hub.write_config()
        status, said = serve_briefly(hub.config_file, "--workers", workers_)
        assert status == 2 and "/nowhere/at/all" in said


@pytest.mark.parametrize("workers_", ["2", "0"])
def test_a_provider_without_a_plugin_ends_the_start_with_status_2(workers_):
    hub = Hub({"providers": {"gitbub": {"client_id": "a", "client_secret": "b"}}}, start=False)
    with hub:
        hub.write_config()
        status, said = serve_briefly(hub.config_file, "--workers", workers_)
        assert status == 2 and "there is no plugin `gitbub` (did you mean `github`?)" in said


@pytest.mark.parametrize("how", ["argument", "configuration"])
def test_workers_0_is_one_process_and_a_jail(how):
    by_argument = how == "argument"
    with Hub({"workers": 2 if by_argument else 0}, arguments=["--workers", "0"] if by_argument else [],
             simulate=("github",)) as hub:
        assert workers(hub) == [] and len(jails(hub.process.pid)) == 1
        hub.tokens()
        assert request(hub.admin + "/readyz").status == 200
        kill(jails(hub.process.pid)[0])
        hub.login()
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(10 * SLOW) == 0


def test_a_hub_of_one_process_starts_again_with_workers_and_not_at_a_reload():
    with Hub({"workers": 2}) as hub:
        change(hub, workers=0)
        status, said = reload(hub)
        assert status == 1 and "needs another start" in said
        assert len(workers(hub)) == 2 and hub.get("/oauth2/jwks").status == 200
        change(hub, workers=1)
        assert reload(hub) == (0, "")


def test_of_several_that_start_at_once_one_serves():
    with Hub(start=False) as hub:
        hub.write_config()
        started = [subprocess.Popen([CARDEA, "serve", "--config", hub.config_file], stderr=subprocess.PIPE, text=True)
                   for _ in range(6)]
        ended = wait_until(lambda: len([each for each in started if each.poll() is not None]) == 5 and started)
        (hub.process,) = [each for each in ended if each.poll() is None]
        wait_until(hub.is_serving)
        for each in started:
            if each is not hub.process:
                assert each.returncode == 1 and "is served already" in each.stderr.read()
        hub.stop()
        for each in started:
            each.stderr.close()


def test_the_number_of_workers_on_the_command_line_holds_through_a_reload():
    with Hub({"workers": 1}, arguments=["--workers", "3"]) as hub:
        assert len(workers(hub)) == 3
        assert reload(hub) == (0, "")
        wait_until(lambda: len(workers(hub)) == 3)


def test_no_process_of_a_hub_keeps_what_is_not_its_own():
    """Workers have the sockets of their slot and no other; nobody may dump core."""
    with Hub({"workers": 2}) as hub:
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
