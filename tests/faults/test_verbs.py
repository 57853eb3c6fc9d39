"""The verbs of the command line: what they do with wrong arguments, and that their help and output are as promised."""

import json
import os
import re
import subprocess

import pytest
import yaml
from hub import CARDEA, ROOT, request
from processes import Hub

VERBS = ["serve", "demo", "check", "reload", "plugin list", "plugin show", "plugin test", "simulate", "secret",
         "version"]


def cardea(*arguments, folder="/", environment=None, text="", stdout=subprocess.PIPE):
    """(exit status, standard output, standard error)"""
    run = subprocess.run([CARDEA, *arguments], cwd=folder, input=text, stdout=stdout, stderr=subprocess.PIPE, text=True,
                         timeout=60, env={"PATH": os.environ["PATH"], **(environment or {})})
    return run.returncode, run.stdout, run.stderr


# Arguments, and what must be said. All of it is wrong usage: nothing on standard output, and exit status 2.
WRONG = [
    ("", "^usage: cardea VERB"),
    ("nowhere", "there is no verb `nowhere`\nusage: cardea VERB"),
    ("serv", "there is no verb `serv`; did you mean `serve`?"),
    ("-o json", "there is no verb `-o`"),
    ("plugin", "behind `plugin` stands `list` or `show` or "),
    ("plugin lst", "behind `plugin` stands `list` or `show` or "),
    ("serve", r"there is no configuration: give --config FILE, set \$CARDEA_CONFIG, or put cardea.yaml here"),
    ("check", "there is no configuration: give --config FILE"),
    ("reload", "there is no configuration: give --config FILE"),
    ("serve --config", "--config takes a file\nusage: cardea serve"),
    ("serve --config=", "--config takes a file"),
    ("serve --config nowhere.yaml", "^nowhere.yaml: error: this file cannot be read: No such file or directory\n$"),
    ("serve --config nowhere.yaml --workers 0", "^nowhere.yaml: error: this file cannot be read: No such"),
    ("check --config nowhere.yaml", "^nowhere.yaml: error: this file cannot be read: No such file or directory\n$"),
    ("plugin list --config nowhere.yaml", "^nowhere.yaml: error: this file cannot be read"),
    ("reload --config nowhere.yaml", "nothing serves nowhere.yaml"),
    ("serve --workers", "--workers takes a number up to 64\nusage: cardea serve"),
    ("serve --workers=many", "--workers takes a number up to 64"),
    ("serve --workers -1", "--workers takes a number up to 64"),
    ("serve --workers 65", "--workers takes a number up to 64"),
    ("serve --worker 1", "nothing is known about `--worker`\nusage: cardea serve"),
    ("serve extra", "nothing is known about `extra`"),
    ("check extra", "nothing is known about `extra`\nusage: cardea check"),
    ("check --schema extra", "nothing is known about `extra`"),
    ("reload extra", "nothing is known about `extra`\nusage: cardea reload"),
    ("version extra", "nothing is known about `extra`\nusage: cardea version"),
    ("version -o xml", "-o takes json\nusage: cardea version"),
    ("version -o", "-o takes json"),
    ("plugin list extra", "nothing is known about `extra`"),
    ("plugin show", "one provider or plugin id is needed\nusage: cardea plugin show"),
    ("plugin show github google", "one provider or plugin id is needed"),
    ("plugin show gitub", "no plugin `gitub` .did you mean `github`?.; `cardea plugin list` shows them"),
    ("plugin test", "the folder or file of a plugin is needed\nusage: cardea plugin test"),
    ("simulate nowhere", "there is no plugin `nowhere` with cases"),
    ("simulate --listen", "an option lacks its value\nusage: cardea simulate"),
    ("simulate --listen nowhere", "--listen takes 127.0.0.1:PORT: simulated providers let anybody in"),
    ("simulate --listen 0.0.0.0:1", "--listen takes 127.0.0.1:PORT: simulated providers let anybody in"),
    ("demo --port x", "--port takes a number up to 65533\nusage: cardea demo"),
    ("demo --port 65534", "--port takes a number up to 65533"),
    ("demo extra", "nothing is known about `extra`"),
    ("secret extra", "nothing is known about `extra`\nusage: cardea secret"),
    ("secret --hash", "let `cardea secret` make one"),
]


@pytest.mark.parametrize("arguments, words", WRONG, ids=[arguments or "nothing" for arguments, _ in WRONG])
def test_wrong_usage_is_status_2_and_says_what_would_be_right(tmp_path, arguments, words):
    if os.path.exists("/etc/cardea/cardea.yaml") and "there is no configuration" in words:
        pytest.skip("this machine has a configuration")
    status, output, said = cardea(*arguments.split(), folder=tmp_path)
    assert status == 2 and output == ""
    assert re.search(words.replace("`?", "`[?]"), said), said


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb):
    for flag in ("--help", "-h"):
        status, output, said = cardea(*verb.split(), flag)
        assert status == 0 and said == "" and output.startswith(f"usage: cardea {verb} ")
    status, output, _ = cardea("--help")
    assert status == 0 and re.search(rf"^  {verb} ", output, re.M)


def test_the_configuration_is_found_where_it_usually_is(tmp_path):
    good = "issuer: https://id.example.com\nsecrets: [0123456789abcdef0123456789abcdef]\n"
    (tmp_path / "cardea.yaml").write_text(good)
    (tmp_path / "other.yaml").write_text(good + "clients: {}\nlisen: x\n")
    assert cardea("check", folder=tmp_path)[2] == "cardea.yaml is good: 0 providers, 0 clients\n"
    status, _, said = cardea("check", folder=tmp_path, environment={"CARDEA_CONFIG": "other.yaml"})
    assert status == 2 and said.startswith("other.yaml:4:1: ")
    # What is given counts, and is not passed over when it is not there.
    status, _, said = cardea("check", "--config", "cardea.yaml", folder=tmp_path,
                             environment={"CARDEA_CONFIG": "other.yaml"})
    assert status == 0 and said.startswith("cardea.yaml is good")
    status, _, said = cardea("check", folder=tmp_path, environment={"CARDEA_CONFIG": "nowhere.yaml"})
    assert status == 2 and said.startswith("nowhere.yaml: error: ")


@pytest.mark.parametrize("arguments", ["version", "--help", "check --schema", "plugin list", "secret"])
def test_output_that_cannot_be_written_is_no_success(arguments):
    with open("/dev/full", "w") as full:
        status, _, said = cardea(*arguments.split(), stdout=full)
    assert status == 1 and "standard output cannot be written: No space left on device" in said


def test_versions_are_those_of_the_library_and_the_abi():
    status, output, said = cardea("version", "-o", "json")
    about = json.loads(output)
    assert status == 0 and said == "" and about["abi"] == "1.0" and about["libraries"]["SQLite"]
    assert cardea("--version")[1] == f"cardea {about['version']}\n"
    with open(os.path.join(ROOT, "CMakeLists.txt")) as file:
        assert f"VERSION {about['version']}" in file.read()


def test_plugins_are_listed_and_shown_as_text_and_as_json():
    status, output, said = cardea("plugin", "list", "-o", "json")
    listed = {each["id"]: each for each in json.loads(output)}
    assert status == 0 and said == "" and listed["github"]["protocol"] == "oauth2"
    text = cardea("plugin", "list")[1]
    assert {line.split()[0] for line in text.splitlines()} == set(listed) | {"oauth2", "oidc"}
    text = cardea("plugin", "show", "github")[1]
    shown = json.loads(cardea("plugin", "show", "github", "-o", "json")[1])
    assert shown["hooks"] == listed["github"]["hooks"] and shown["file"] == listed["github"]["file"]
    assert shown["callback"] in text and shown["callback"].endswith("/callback/github")
    assert as_texts(shown["description"]) == yaml.load(text, yaml.BaseLoader)


def as_texts(value):
    """With texts for numbers, as a reader of YAML sees them that knows no types."""
    if isinstance(value, dict):
        return {name: as_texts(each) for name, each in value.items()}
    if isinstance(value, list):
        return [as_texts(each) for each in value]
    return json.dumps(value) if not isinstance(value, str) else value


def test_a_provider_is_shown_as_it_is_configured(tmp_path):
    (tmp_path / "cardea.yaml").write_text(
        "issuer: https://id.example.com/sub\nsecrets: [0123456789abcdef0123456789abcdef]\n"
        "providers: {hub: {plugin: github, name: Ours, client_id: a, client_secret: kanarienvogel, scopes: [x]}}\n")
    shown = json.loads(cardea("plugin", "show", "hub", "-o", "json", folder=tmp_path)[1])
    assert shown["callback"] == "https://id.example.com/sub/callback/hub"
    assert shown["description"]["name"] == "Ours" and shown["description"]["scopes"] == ["x"]
    assert "kanarienvogel" not in json.dumps(shown)


def test_cases_that_fail_are_status_1(tmp_path):
    github = os.path.join(ROOT, "plugins", "github")
    status, output, _ = cardea("plugin", "test", github)
    assert status == 0 and ", 0 failed" in output
    results = json.loads(cardea("plugin", "test", github, "-o", "json")[1])
    assert results and all(each["passed"] for each in results)
    cases = tmp_path / "github" / "cases"
    cases.mkdir(parents=True)
    for name in os.listdir(os.path.join(github, "cases")):
        with open(os.path.join(github, "cases", name)) as file:
            (cases / name).write_text(file.read().replace("access_token", "acces_token"))
    status, output, said = cardea("plugin", "test", str(tmp_path / "github"))
    assert status == 1 and "FAIL github/" in output and str(cases) in said, (output, said)
    assert cardea("plugin", "test", str(tmp_path / "nowhere"))[0] == 1


def test_secrets_are_made_and_hashed():
    made = {cardea("secret")[1] for _ in range(5)}
    assert len(made) == 5 and all(re.fullmatch(r"[A-Za-z0-9_-]{43}\n", secret) for secret in made)
    both = json.loads(cardea("secret", "-o", "json")[1])
    status, output, _ = cardea("secret", "--hash", text=both["secret"] + "\n")
    assert status == 0 and output == both["client_secret_hash"] + "\n"
    assert cardea("secret", "--hash", text="x" * 10000)[0] == 2


def test_a_port_in_use_is_named_and_what_would_be_right():
    with Hub() as hub:
        status, _, said = cardea("simulate", "--listen", f"127.0.0.1:{hub.port}")
        assert status == 2 and f"cannot listen on 127.0.0.1:{hub.port}: Address already in use" in said
        status, _, said = cardea("demo", "--port", str(hub.port))
        assert status == 2 and f"cannot listen on ports {hub.port} to {hub.port + 2}: " in said and "--port" in said


def test_the_demo_says_where_it_is_and_ends_when_told():
    run = subprocess.Popen([CARDEA, "demo"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        lines = [run.stdout.readline()]
        while lines[-1] and "http://" not in lines[-1]:
            lines.append(run.stdout.readline())
        url = re.search(r"http://127\.0\.0\.1:\d+", lines[-1])
        assert url and request(url.group(0) + "/").status == 200, lines
    finally:
        run.terminate()
        assert run.wait(60) == 0
        run.stdout.close()
