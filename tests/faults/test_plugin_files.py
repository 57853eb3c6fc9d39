"""Which files are loaded as plugins, and which are left out and named (plugin-abi.md, sections 2 and 4)."""

import os
import re
import shutil
import subprocess

import pytest
from hub import BUILD, CARDEA, wait_until
from processes import Hub, change, jails, kill, reload, serve_briefly, workers
from provider import FakeProvider, log_in

MISBEHAVING = os.path.join(BUILD, "misbehaving")
EVERYTHING = os.path.join(BUILD, "tests", "plugins", "everything.so")


@pytest.fixture(scope="module")
def fake():
    with FakeProvider() as provider:
        yield provider


REFUSED = [
    ("wrong_magic", "exports a cardea_plugin that CARDEA_PLUGIN\\(\\) did not make"),
    ("wrong_major", "was built for ABI 7, this Cardea has ABI 1"),
    ("wrong_size", "has a cardea_plugin of a wrong size"),
    ("no_size", "has a provider without a struct_size"),
    ("no_provider", "has a provider without a struct_size"),
    ("too_many", "describes no provider|more providers than"),
    ("no_symbol", "cannot be loaded as a plugin: .*cardea_plugin"),
    ("newer_field", "uses a field of struct cardea_provider added in ABI 1.4, this Cardea has ABI 1.0"),
    ("newer_hook", "uses a hook added in ABI 1.4, this Cardea has ABI 1.0"),
    ("newer_lookup", "uses a field of struct cardea_lookup added in ABI 1.4, this Cardea has ABI 1.0"),
    ("born_dead", r"ended the jail while it was loaded: it was ended by signal 6 \(Aborted\)"),
    ("born_calling", "ended the jail while it was loaded: it called socket"),
    ("born_looping", "ended the jail while it was loaded: it did not load"),
]


def list_plugins(folder, config):
    """What `cardea plugin list` makes of a folder of plugins. (exit status, ids, what it said)"""
    path = os.path.join(config, "cardea.yaml")
    with open(path, "w") as file:
        file.write(f"issuer: http://localhost:1\nsecrets: [{'x' * 32}]\nplugin_directories: [{folder}]\n")
    os.chmod(path, 0o600)
    run = subprocess.run([CARDEA, "plugin", "list", "--config", path], capture_output=True, text=True, timeout=120)
    return run.returncode, [line.split()[0] for line in run.stdout.splitlines()], run.stderr


@pytest.mark.parametrize("name, words", REFUSED, ids=[name for name, _ in REFUSED])
def test_a_plugin_that_is_not_as_it_must_be_is_left_out_and_named(tmp_path, name, words):
    folder = os.path.join(MISBEHAVING, name)
    status, ids, said = list_plugins(folder, str(tmp_path))
    assert status == 0 and name not in ids and "github" in ids, said
    assert re.search(rf"{re.escape(folder)}/{name}\.so: error: {words}", said), said


def test_a_plugin_of_a_cardea_to_come_is_loaded_as_long_as_it_uses_nothing_we_lack(tmp_path):
    _, ids, said = list_plugins(os.path.join(MISBEHAVING, "newer"), str(tmp_path))
    assert "newer" in ids and said == ""


@pytest.mark.parametrize("provider", ["newer", "older", "older_hooks"])
def test_people_log_in_by_plugins_of_other_minor_versions(fake, provider):
    """Nothing behind the end of an older plugin's structs is read: garbage stands there."""
    folder = os.path.join(MISBEHAVING, "newer") if provider == "newer" else os.path.dirname(EVERYTHING)
    config = fake.configuration(plugin=provider)
    fake.paths.clear()
    if provider != "older_hooks":
        config["lookups"] = {"more": {"url": fake.url + "/more"}}
    with Hub({"plugin_directories": [folder], "providers": {provider: config}}) as hub:
        answer, browser = log_in(hub, provider)
        assert answer.status == 303, hub.log()
        assert browser.get(hub.url("/session")).json["idp_sub"] == "7"
        assert ("/more" in fake.paths) == (provider != "older_hooks")
        assert "misbehaving" not in hub.log()


@pytest.fixture
def folder(tmp_path):
    """A folder for plugins with a good one in it."""
    made = tmp_path / "plugins"
    made.mkdir()
    shutil.copy(EVERYTHING, made / "everything.so")
    return made


def assert_left_out(folder, tmp_path, name, words):
    status, ids, said = list_plugins(str(folder), str(tmp_path))
    assert status == 0 and "everything" in ids, said
    assert re.search(rf"{re.escape(name)}: error: .*{words}", said), said


def test_a_text_file_that_is_called_a_plugin(folder, tmp_path):
    (folder / "text.so").write_text("this is no library\n")
    assert_left_out(folder, tmp_path, "text.so", "cannot be loaded as a plugin: .*(invalid ELF header|too short)")


def test_an_empty_file_that_is_called_a_plugin(folder, tmp_path):
    (folder / "empty.so").write_bytes(b"")
    assert_left_out(folder, tmp_path, "empty.so", "has no sensible size")


@pytest.mark.parametrize("part", [1, 2, 3, 5, 10, 20, 40, 60, 80, 90, 95, 99])
def test_a_plugin_that_was_cut_off(folder, tmp_path, part):
    whole = (folder / "everything.so").read_bytes()
    (folder / "everything.so").write_bytes(whole[: len(whole) * part // 100])
    status, ids, said = list_plugins(str(folder), str(tmp_path))
    assert status == 0 and "github" in ids
    # What is behind the last segment is not missed.
    assert ("everything.so: error: " in said) != ("everything" in ids), said


def test_a_plugin_with_its_bytes_mixed_up(folder, tmp_path):
    whole = bytearray(open(EVERYTHING, "rb").read())
    for at in range(64, len(whole), 97):
        whole[at] ^= 0xFF
    (folder / "mixed.so").write_bytes(whole)
    assert_left_out(folder, tmp_path, "mixed.so", "")


@pytest.mark.parametrize("mode", [0o666, 0o664, 0o777])
def test_a_plugin_that_others_may_write_to(folder, tmp_path, mode):
    shutil.copy(EVERYTHING, folder / "open.so")
    os.chmod(folder / "open.so", mode)
    assert_left_out(folder, tmp_path, "open.so", "may be written by others")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_plugin_that_belongs_to_somebody_else(folder, tmp_path):
    shutil.copy(EVERYTHING, folder / "foreign.so")
    os.chown(folder / "foreign.so", 65534, 65534)
    assert_left_out(folder, tmp_path, "foreign.so", "must belong to root or to the service's user")


def test_a_folder_that_others_may_write_to(folder, tmp_path):
    os.chmod(folder, 0o777)
    status, ids, said = list_plugins(str(folder), str(tmp_path))
    assert status == 0 and "everything" not in ids and "others may write to a folder on its path" in said


def test_a_link_that_leads_out_of_the_folder(folder, tmp_path):
    outside = tmp_path / "outside.so"
    shutil.copy(EVERYTHING, outside)
    os.symlink(outside, folder / "link.so")
    assert_left_out(folder, tmp_path, "link.so", "is a link that leads out of the plugin directory")


def test_a_link_to_nowhere(folder, tmp_path):
    os.symlink("nowhere.so", folder / "dangling.so")
    assert_left_out(folder, tmp_path, "dangling.so", "No such file")


def test_a_link_inside_the_folder_is_followed(folder, tmp_path):
    os.rename(folder / "everything.so", folder / "everything.so.1")
    os.symlink("everything.so.1", folder / "everything.so")
    status, ids, said = list_plugins(str(folder), str(tmp_path))
    assert status == 0 and "everything" in ids and said == ""


def test_a_pipe_that_is_called_a_plugin(folder, tmp_path):
    os.mkfifo(folder / "pipe.so")
    assert_left_out(folder, tmp_path, "pipe.so", "is no plain file")


def test_two_plugins_that_describe_one_provider(folder, tmp_path):
    """Which one would be meant?"""
    shutil.copy(EVERYTHING, folder / "zz_everything.so")
    _, ids, said = list_plugins(str(folder), str(tmp_path))
    assert ids.count("everything") == 1, ids
    assert "zz_everything.so: " in said and "everything" in said, said


def test_a_directory_that_does_not_exist_is_named(tmp_path):
    status, ids, said = list_plugins("/nowhere/plugins", str(tmp_path))
    assert status == 0 and "github" in ids and "/nowhere/plugins: error: cannot be read as a plugin directory" in said


def test_a_hub_with_a_broken_plugin_that_nobody_uses_serves_and_warns(fake):
    hub = Hub({"plugin_directories": [os.path.join(MISBEHAVING, name) for name in ("born_dead", "wrong_major")],
               "workers": 2, "providers": {"fake": fake.configuration()}}, start=False)
    with hub:
        hub.start()
        assert log_in(hub)[0].status == 303
        assert "born_dead.so" in hub.log() and "wrong_major.so" in hub.log()
        for worker in workers(hub):
            kill(jails(worker)[0])
        wait_until(lambda: all(jails(worker) for worker in workers(hub)))
        assert log_in(hub, "fake")[0].status == 303


def test_a_hub_with_a_broken_plugin_that_is_used_does_not_start_and_says_why(fake):
    hub = Hub({"plugin_directories": [os.path.join(MISBEHAVING, "born_dead")],
               "providers": {"born_dead": fake.configuration(plugin="born_dead")}}, start=False)
    with hub:
        hub.write_config()
        status, said = serve_briefly(hub.config_file)
        assert status == 2 and "there is no plugin `born_dead`" in said
        assert re.search(r"born_dead\.so: .*ended the jail while it was loaded", said), said


def test_many_plugins_that_end_the_jail_at_loading_are_all_left_out(folder, tmp_path):
    for number in range(20):
        shutil.copy(os.path.join(MISBEHAVING, "born_dead", "born_dead.so"), folder / f"dead_{number}.so")
    status, ids, said = list_plugins(str(folder), str(tmp_path))
    assert status == 0 and "everything" in ids and said.count("ended the jail while it was loaded") == 20, said


def test_a_new_plugin_file_comes_in_with_a_reload_and_a_broken_one_does_not(fake):
    hub = Hub(start=False)
    with hub:
        folder = os.path.join(hub.folder, "plugins")
        os.mkdir(folder)
        good = {"plugin_directories": [folder], "providers": {"fake": fake.configuration()}}
        hub.config = dict(good)
        hub.start()
        shutil.copy(EVERYTHING, os.path.join(folder, "everything.so"))
        with_everything = dict(good, providers=dict(good["providers"], everything=fake.configuration(
            plugin="everything", parameters={"host": "everything.example"})))
        change(hub, **with_everything)
        assert reload(hub) == (0, "")
        assert hub.get("/login/everything").status == 303
        shutil.copy(os.path.join(MISBEHAVING, "born_dead", "born_dead.so"), os.path.join(folder, "everything2.so"))
        os.replace(os.path.join(folder, "everything2.so"), os.path.join(folder, "everything.so"))
        status, said = reload(hub)
        assert status == 1 and "there is no plugin `everything`" in said
        assert hub.get("/login/everything").status == 303
