"""Plugins that misbehave cost one login of their own provider and nothing else (architecture.md, section 4)."""

import http.client
import os
import re
import shutil
import subprocess
import threading

import pytest
from hub import BUILD, CARDEA, SANITIZED, Browser, request, wait_until
from load import Load
from processes import Hub, is_alive, jails, kill, reload, workers
from provider import FakeProvider, begin, log_in

MISBEHAVING = os.path.join(BUILD, "misbehaving")
EVERYTHING = os.path.join(BUILD, "tests", "plugins", "everything.so")

# A sanitizer reports what would have been a signal, as far as the walls let it, and exits.
CRASH = r"called (exit\(1\)|open)" if SANITIZED else r"was ended by signal 11 \(Segmentation fault\)"

# Provider, hook, and what the log must say of the jail that it has cost.
ENDS = [
    ("segfault_shape_authorize", "shape_authorize", CRASH),
    ("segfault_shape_token", "shape_token", CRASH),
    ("segfault_read_token", "read_token", CRASH),
    ("segfault_shape_api", "shape_api", CRASH),
    ("segfault_fetch_more", "fetch_more", CRASH),
    ("segfault_map_profile", "map_profile", CRASH),
    ("loop", "map_profile", "did not return within 2 s"),
    ("aborts", "map_profile", r"was ended by signal 6 \(Aborted\)"),
    ("exits", "map_profile", r"called exit\(0\)"),
    ("recurses", "map_profile", CRASH),
    ("calls_fork", "map_profile", "called (clone|fork)"),
    # What is called while all signals are blocked ends the process without a word.
    ("calls_thread", "map_profile", r"(called (clone3?|mprotect|rt_sigaction)|was ended by signal 31)"),
    ("calls_socket", "map_profile", "called socket"),
    ("calls_open", "map_profile", "called openat"),
    ("calls_exec", "map_profile", "called execve"),
    ("calls_sleep", "map_profile", "called (clock_)?nanosleep"),
    ("calls_setlocale", "map_profile", "called openat"),
    ("calls_umask", "map_profile", "called umask"),
    ("calls_kill", "map_profile", "called (kill|getppid)"),
    ("calls_ptrace", "map_profile", "called ptrace"),
    ("calls_chdir", "map_profile", "called chdir"),
    ("calls_code", "map_profile", "called mmap"),
    ("calls_close", "map_profile", "called close"),
    ("calls_read", "map_profile", "called read"),
    ("scribbles_everywhere", "map_profile", "called write"),
    ("scribbles_garbage", "map_profile", "sent what is no frame: a frame is longer than 4 MiB"),
    ("scribbles_unasked", "map_profile", "sent a frame that nobody waits for"),
    ("lies_huge", "map_profile", "handed back more than a frame can hold"),
]
if not SANITIZED:
    # Sanitizers need to set signal handlers, and address space without a limit.
    ENDS += [("calls_signal", "map_profile", "called rt_sigaction"), ("hoards", "map_profile", CRASH)]

# Provider, hook, and what the log must say of its login; the jail lives on.
LIES = [
    ("lies_result", "map_profile", "its result is none that it may have"),
    ("lies_fetch", "map_profile", "its result is none that it may have"),
    ("lies_latin1", "map_profile", "text that is no UTF-8"),
    ("lies_memory", "map_profile", "names of 256 and values of 2048 bytes at most"),
    ("lies_key", "map_profile", "a key or digest was asked for that this provider does not have"),
    ("lies_authorize_host", "shape_authorize", "another host"),
    ("lies_authorize_script", "shape_authorize", "made no request"),
    ("lies_notes", "shape_authorize", "remembers more than 1536 bytes"),
    ("lies_token_host", "shape_token", "another host"),
    ("lies_api_host", "shape_api", "none of its hosts"),
    ("lies_api_header", "shape_api", "made no request"),
    ("lies_fetch_host", "fetch_more", "none of its hosts"),
    ("lies_fetch_nothing", "fetch_more", "made no request"),
    ("lies_endless", "fetch_more", "has no end"),
    ("hoards_host", "map_profile", "more than 1 MiB of memory"),
]

# What a plugin says is judged as what a provider says: these logins end too, and nobody is blamed for it.
UNUSABLE = [
    ("lies_long", "the profile is longer than"),
    ("lies_nobody", "nothing in the provider's answers says who the person is"),
    ("lies_no_token", "the reply has no access token"),
]


def folder_of(provider):
    """The folder of the plugin that describes a provider."""
    plugin = "hoards" if provider.startswith("hoards") else provider
    for prefix in ("segfault", "calls", "scribbles", "lies"):
        plugin = prefix if provider.startswith(prefix) else plugin
    return os.path.join(MISBEHAVING, plugin)


def configuration(fake, providers):
    """The configuration of a hub with these providers and two good ones: one with hooks, one without."""
    all_of_them = {name: fake.configuration(plugin=name) for name in providers}
    if "lies_endless" in all_of_them:
        all_of_them["lies_endless"]["parameters"] = {"more": fake.url + "/more"}
    all_of_them["plain"] = fake.configuration()
    all_of_them["facebook"] = fake.configuration(plugin="facebook")
    return {"plugin_directories": sorted({folder_of(name) for name in providers}), "providers": all_of_them}


@pytest.fixture(scope="module")
def fake():
    with FakeProvider() as provider:
        yield provider


@pytest.fixture(scope="module")
def hub(fake):
    """One worker, so that everything happens in one jail after the other."""
    names = [name for name, *_ in ENDS + LIES + UNUSABLE] + ["scribbles_twice", "calls_signal", "hoards"]
    hub = Hub(configuration(fake, sorted(set(names))), start=False)
    hub.tolerate_sanitizer = True
    with hub:
        hub.start()
        yield hub


def attempt(hub, provider):
    """A login that must fail. (its answer, what the log has got since)"""
    before = len(hub.log())
    browser = Browser()
    away = browser.get(hub.url(f"/login/{provider}"))
    answer = away
    if away.status == 303:
        answer = browser.get(hub.url(f"/callback/{provider}", code="c0de", state=away.query["state"]))
    assert browser.cookies("cardea-session") == {}, "somebody was logged in"
    return answer, hub.log()[before:]


def others_go_on(hub):
    assert log_in(hub, "facebook")[0].status == 303
    assert log_in(hub, "plain")[0].status == 303


def assert_clear_page(answer):
    assert answer.status == 502 and answer.header("Content-Type") == "text/html; charset=utf-8"
    assert "temporarily unavailable" in answer.text
    assert f"<code>{answer.header('X-Request-Id')}</code>" in answer.text, "the page tells no reference"
    for word in ("plugin", "jail", "signal", "hook"):
        assert word not in answer.text, "the page tells what is none of a stranger's business"


@pytest.mark.parametrize("provider, hook, words", ENDS, ids=[name for name, *_ in ENDS])
def test_a_hook_that_ends_the_jail_costs_its_own_login(hub, provider, hook, words):
    (worker,) = workers(hub)
    (jail,) = jails(worker)
    answer, log = attempt(hub, provider)
    assert_clear_page(answer)
    assert re.search(rf"plugin misbehaving: {hook} of provider {provider} has cost the jail: it {words}", log), log
    others_go_on(hub)
    assert workers(hub) == [worker] and jails(worker) not in ([], [jail])


@pytest.mark.parametrize("provider, hook, words", LIES, ids=[name for name, *_ in LIES])
def test_a_hook_that_hands_back_what_it_may_not_costs_its_own_login(hub, provider, hook, words):
    (worker,) = workers(hub)
    before = jails(worker)
    answer, log = attempt(hub, provider)
    assert_clear_page(answer)
    assert re.search(rf"plugin misbehaving: {hook}.*{words}", log), log
    assert jails(worker) == before, "the jail was ended for it"
    others_go_on(hub)


@pytest.mark.parametrize("provider, words", UNUSABLE, ids=[name for name, *_ in UNUSABLE])
def test_what_a_hook_makes_of_a_login_is_judged_as_what_a_provider_says(hub, provider, words):
    answer, log = attempt(hub, provider)
    assert answer.status == 502 and words in log, (answer, log)
    others_go_on(hub)


def test_a_hook_that_reads_in_a_request_to_a_foreign_host_reaches_nobody(hub, fake):
    """E.g. with our credentials: nothing was sent before it was noticed."""
    before = list(fake.paths)
    attempt(hub, "lies_token_host")
    assert fake.paths == before


def test_a_second_result_is_nobodys():
    """A plugin that writes the host's frames itself cannot answer for the login that comes after its own."""
    with FakeProvider() as fake:
        hub = Hub(configuration(fake, ["scribbles_twice"]), start=False)
        with hub:
            hub.start()
            errors = []

            def good_logins():
                for _ in range(30):
                    answer, browser = log_in(hub, "facebook")
                    session = browser.get(hub.url("/session"))
                    if answer.status != 303 or session.json.get("idp_sub") != "7":
                        errors.append((answer, session))

            threads = [threading.Thread(target=good_logins) for _ in range(3)]
            for thread in threads:
                thread.start()
            said = [attempt_any(hub, "scribbles_twice") for _ in range(3)]
            for thread in threads:
                thread.join()
            assert errors == []
            assert "sent a frame that nobody waits for" in hub.log() or "another call" in hub.log()
            assert "while no hook was running" not in hub.log(), "nobody was blamed"
            assert any("of provider scribbles_twice has cost the jail" in line["message"] for line in hub.events())
            assert said


def attempt_any(hub, provider):
    """A login that may succeed or fail."""
    browser, back = begin(hub, provider)
    return browser.get(back)


# -- quarantine ----------------------------------------------------------------------------------


def metric(hub, name, **labels):
    wanted = "".join(f',{key}="{value}"' for key, value in labels.items())[1:]
    text = request(hub.admin + "/metrics").text
    found = re.findall(rf"^{name}{{{re.escape(wanted)}}} (\S+)$", text, re.M)
    assert len(found) == 1, (name, labels, text)
    return float(found[0])


def test_three_ends_in_a_minute_put_a_provider_aside_and_all_others_go_on_under_load(fake):
    config = configuration(fake, ["segfault_map_profile", "aborts"])
    config["providers"]["doomed"] = fake.configuration(plugin="segfault_map_profile", name="The doomed one")
    config["workers"] = 2
    hub = Hub(config, start=False)
    hub.tolerate_sanitizer = True
    with hub:
        hub.start()
        with Load(hub) as load:
            for number in range(3):
                assert provider_is_offered(hub, "The doomed one"), number
                answer, _ = attempt(hub, "doomed")
                assert_clear_page(answer)
                others_go_on(hub)
            # Strikes count for all workers together, whichever took the login.
            assert not provider_is_offered(hub, "The doomed one")
            for _ in range(8):
                answer = hub.get("/login/doomed")
                assert_clear_page(answer)
            load.wait_for(20)
        load.assert_nothing_failed()
        (event,) = hub.events("provider_quarantined")
        assert "provider doomed is put aside for ten minutes" in event["message"]
        assert "its hooks misbehaved 3 times in a minute, last map_profile" in event["message"]
        assert metric(hub, "cardea_plugin_failures_total", provider="doomed", hook="map_profile") == 3
        assert metric(hub, "cardea_plugin_failures_total", provider="doomed", hook="shape_token") == 0
        assert metric(hub, "cardea_plugin_failures_total", provider="plain", hook="map_profile") == 0
        assert metric(hub, "cardea_provider_available", provider="doomed") == 0
        assert metric(hub, "cardea_provider_available", provider="plain") == 1
        # The same plugin under another name has done nothing yet.
        assert provider_is_offered(hub, "Misbehaving segfault_map_profile")
        assert hub.get("/login/segfault_map_profile").status == 303
        # Whoever has replaced the plugin reloads.
        assert reload(hub) == (0, "")
        assert provider_is_offered(hub, "The doomed one")
        assert hub.get("/login/doomed").status == 303


def provider_is_offered(hub, name):
    page = hub.get("/login")
    (entry,) = [item for item in re.findall(r"<li>.*?</li>", page.text, re.S) if name in item]
    off = "temporarily unavailable" in entry
    assert off == ("href" not in entry) and off == ('class="choice off"' in entry), entry
    return not off


def test_three_lies_in_a_minute_put_a_provider_aside_too(fake):
    with Hub(configuration(fake, ["lies_result", "lies_api_host", "lies_nobody"])) as hub:
        (worker,) = workers(hub)
        (jail,) = jails(worker)
        for provider, hook in (("lies_result", "map_profile"), ("lies_api_host", "shape_api")):
            for _ in range(3):
                assert provider_is_offered(hub, f"Misbehaving {provider}")
                assert_clear_page(attempt(hub, provider)[0])
            assert not provider_is_offered(hub, f"Misbehaving {provider}")
            assert metric(hub, "cardea_plugin_failures_total", provider=provider, hook=hook) == 3
        # What a provider's answers may make of a profile is not the plugin's fault.
        for _ in range(4):
            assert attempt(hub, "lies_nobody")[0].status == 502
        assert provider_is_offered(hub, "Misbehaving lies_nobody")
        assert jails(worker) == [jail]
        others_go_on(hub)


def test_a_login_that_was_under_way_when_its_provider_was_put_aside_ends_with_a_clear_page(fake):
    hub = Hub(configuration(fake, ["aborts"]), start=False)
    hub.tolerate_sanitizer = True
    with hub:
        hub.start()
        begun = [begin(hub, "aborts") for _ in range(4)]
        for browser, back in begun:
            answer = browser.get(back)
            assert_clear_page(answer)
        assert len(hub.events("provider_quarantined")) == 1
        assert hub.log().count("of provider aborts has cost the jail") == 3, "it was called in quarantine"


def test_strikes_of_clients_that_have_gone_count_too(fake):
    """A login whose client does not wait for the end of a loop is still the provider's strike."""
    hub = Hub(configuration(fake, ["loop"]), start=False)
    with hub:
        hub.start()
        for number in range(3):
            leave_during_a_loop(hub)
            wait_until(lambda: hub.log().count("did not return within 2 s") == number + 1)
        assert len(hub.events("provider_quarantined")) == 1
        assert metric(hub, "cardea_plugin_failures_total", provider="loop", hook="map_profile") == 3
        others_go_on(hub)


def leave_during_a_loop(hub):
    """Closes the connection as soon as the hook is at work."""
    browser, back = begin(hub, "loop")
    (jail,) = wait_until(lambda: jails(workers(hub)[0]))
    before = cpu_ticks(jail)
    connection = http.client.HTTPConnection("127.0.0.1", hub.port)
    connection.request("GET", back[len(hub.issuer):], headers={
        "Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies().items())})
    wait_until(lambda: cpu_ticks(jail) > before + 10)
    connection.close()


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return int(stat.read().rpartition(")")[2].split()[11])


def test_logins_that_wait_behind_a_loop_are_served_by_the_next_jail(fake):
    hub = Hub(configuration(fake, ["loop"]), start=False)
    with hub:
        hub.start()
        browser, back = begin(hub, "loop")
        looping = threading.Thread(target=lambda: browser.get(back))
        looping.start()
        results = []
        waiting = [threading.Thread(target=lambda: results.append(log_in(hub, "facebook")[0].status))
                   for _ in range(6)]
        for thread in waiting:
            thread.start()
        for thread in waiting + [looping]:
            thread.join()
        assert results == [303] * 6


# -- the walls -----------------------------------------------------------------------------------


def test_the_jail_has_no_environment_no_descriptors_and_walls_around_it():
    with Hub(environment={"CARDEA_TEST_SECRET": "in the environment"}, simulate=("github",)) as hub:
        (worker,) = workers(hub)
        (jail,) = jails(worker)
        assert open(f"/proc/{jail}/environ", "rb").read() == b""
        assert open(f"/proc/{jail}/cmdline", "rb").read() == b"cardea-jail\0"
        descriptors = {fd: os.readlink(f"/proc/{jail}/fd/{fd}") for fd in os.listdir(f"/proc/{jail}/fd")}
        assert sorted(descriptors) == ["0", "1", "2", "3"]
        standard = ["0", "1"] if SANITIZED else ["0", "1", "2"]
        assert all(descriptors[fd] == "/dev/null" for fd in standard), descriptors
        assert descriptors["3"].startswith("socket:")
        status = dict(line.split(":\t", 1) for line in open(f"/proc/{jail}/status").read().splitlines())
        assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2" and status["Seccomp_filters"] == "2"
        limits = open(f"/proc/{jail}/limits").read()
        wanted = [("Max core file size", 0), ("Max stack size", 8 << 20), ("Max locked memory", 0),
                  ("Max msgqueue size", 0)]
        if not SANITIZED:
            wanted += [("Max file size", 0), ("Max address space", 512 << 20)]
        for name, value in wanted:
            assert re.search(rf"{name} +{value} +{value} ", limits), limits
        # Nothing of the worker's memory: it is another program.
        assert os.readlink(f"/proc/{jail}/exe").endswith("/cardea-jail")


def test_a_jail_ends_with_its_worker():
    with Hub({"workers": 1}, simulate=("github",)) as hub:
        (worker,) = workers(hub)
        (jail,) = jails(worker)
        kill(worker)
        wait_until(lambda: not is_alive(jail), 1)


def test_a_constructor_cannot_read_what_is_none_of_its_business(fake):
    hub = Hub(start=False)
    with hub:
        folder = os.path.join(hub.folder, "plugins")
        os.mkdir(folder)
        shutil.copy(os.path.join(MISBEHAVING, "born_reading", "born_reading.so"), folder)
        with open(os.path.join(hub.folder, "secret"), "w") as file:
            file.write("a secret beside the configuration")
        hub.config["plugin_directories"] = [folder]
        hub.config["providers"] = {"born_reading": fake.configuration(plugin="born_reading")}
        hub.start()
        answer, browser = log_in(hub, "born_reading")
        assert answer.status == 303
        session = browser.get(hub.url("/session"))
        assert "a secret" not in session.text, session


# -- everything a good plugin can do -------------------------------------------------------------


def test_the_cases_of_the_plugin_that_uses_everything_pass():
    cases = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "plugins", "everything", "cases")
    run = subprocess.run([CARDEA, "plugin", "test", EVERYTHING, cases], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, (run.stdout, run.stderr)
    assert "3 passed, 0 failed" in run.stdout


def test_what_hooks_remember_travels_with_the_login_and_their_log_lines_are_written():
    """The notes of shape_authorize come back with the browser: one of the longest there may be."""
    with FakeProvider() as fake:
        hub = Hub({"plugin_directories": [os.path.dirname(EVERYTHING)], "log": {"level": "debug"},
                   "providers": {"everything": fake.configuration(plugin="everything",
                                                                  keys={"own": "a key of its own"})}}, start=False)
        with hub:
            hub.start()
            browser, back = begin(hub, "everything")
            answer = browser.get(back)
            # The token reply of this provider lacks what read_token wants; that it was asked at all shows that
            # shape_token found its notes.
            assert "the token reply is not as it was sent" in hub.log(), (answer, hub.log()[-2000:])
            for level, words in (("debug", "a debug line"), ("info", "an info line"), ("warn", "a warning")):
                (event,) = [line for line in hub.events() if words in line["message"]]
                assert event["level"] == level and "shape_authorize of everything says" in event["message"]
