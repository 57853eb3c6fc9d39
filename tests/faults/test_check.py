"""`cardea check`: everything wrong in one run, each with its place and the remedy; and the schema that editors use."""

import json
import os
import re
import subprocess

import jsonschema
import pytest
import yaml
from hub import CARDEA, ROOT

GOOD = """\
issuer: https://id.example.com
secrets: [0123456789abcdef0123456789abcdef]
"""


def check(folder, text, *arguments, environment=None, **files):
    """What `cardea check` makes of a configuration. (exit status, its lines without the folder, standard output)"""
    for name, content in dict(files, **{"cardea.yaml": text}).items():
        path = folder / name.replace("__", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o600)
    run = subprocess.run([CARDEA, "check", "--config", str(folder / "cardea.yaml"), *arguments], text=True, timeout=60,
                         capture_output=True, env={"PATH": os.environ["PATH"], **(environment or {})})
    return run.returncode, run.stderr.replace(f"{folder}/", "").splitlines(), run.stdout


# What stands behind the two good lines, and what must be said of it: (line:column, words).
WRONG = {
    "a misspelt key": ("lisen: 127.0.0.1:1\n", [("3:1", "unknown key `lisen`; did you mean `listen`?")]),
    "a key of nobody": ("qwertz: 1\n", [("3:1", "unknown key `qwertz`")]),
    "a misspelt key deeper down": ("tls:\n  certifcate: a\n", [("4:3", "did you mean `certificate`?")]),
    "a misspelt key of a provider": ("providers:\n  github: {client_id: a, client_secret: b, scope: [c]}\n",
                                     [("4:44", "unknown key `scope`; did you mean `scopes`?")]),
    "a doubled key": ("workers: 1\nworkers: 2\n", [("4:1", "the key `workers` stands twice .* in line 3")]),
    "a doubled key deeper down": ("log:\n  level: info\n  level: warn\n", [("5:3", "`level` stands twice")]),
    "an alias": ("log: {level: &a info}\nhttp: {proxy: *a}\n", [("3:14", "an anchor"), ("4:15", "an alias")]),
    "a tag": ("workers: !!int 2\n", [("3:10", "a tag")]),
    "a merge key": ("log:\n  <<: {level: info}\n", [("4:3", "merge key")]),
    "a key that is no text": ("? [a]\n: b\n", [("3:3", "")]),
    "two documents": ("---\nissuer: x\n", [("3:1", "second document")]),
    "nesting beyond 32": ("a: " + "[" * 40 + "]" * 40 + "\n", [("3:", "32")]),
    "broken syntax": ("clients: {a: [}\n", [("3:", "")]),
    "a tabulator": ("log:\n\tlevel: info\n", [("4:1", "tab")]),
    "a control character": ("log: {level: \"a\x01\"}\n", [("3:", "control character")]),
    "a missing environment variable": ("store: ${env:NOWHERE}\n", [("3:8", "`.{env:NOWHERE}`: .* not set")]),
    "a missing file": ("store: ${file:nowhere}\n", [("3:8", "nowhere` cannot be read: No such file or directory")]),
    "a missing credential": ("store: ${credential:x}\n", [("3:8", "CREDENTIALS_DIRECTORY")]),
    "a replacement of an unknown kind": ("store: ${vault:x}\n", [("3:8", r"\$\{vault:")]),
    "an include that finds nothing": ("include: [nowhere.yaml]\n", [("3:11", "nowhere.yaml")]),
    "a bad URL": ("clients: {a: {token_endpoint_auth_method: none, redirect_uris: [not a url]}}\n",
                  [("3:65", "`clients.a.redirect_uris: not a url`")]),
    "a store of no known kind": ("store: sqlit:x\n", [("3:8", "did you mean `sqlite:`?")]),
    "a store without a path": ("store: 'sqlite:'\n", [("3:8", "where the store is")]),
    "a bad duration": ("lifetimes: {code: 60}\n", [("3:19", "no duration: .* such as 30s or 12h")]),
    "a duration out of bounds": ("lifetimes: {code: 90d}\n", [("3:19", "lifetimes.code")]),
    "a bad size": ("limits: {body: 1 mb}\n", [("3:16", "no size: .* such as 64k")]),
    "a bad rate": ("limits: {per_address: {logins: 30}}\n", [("3:32", "30/m")]),
    "a bad number": ("workers: -1\n", [("3:10", "workers")]),
    "a word that is none of these": ("log: {level: verbose}\n", [("3:14", "`debug`, `info`, `warn` or `error`")]),
    "a map where a text belongs": ("store: {a: b}\n", [("3:8", "needs a text")]),
    "a text where a map belongs": ("log: info\n", [("3:6", "needs keys with values under it")]),
    "a port that is none": ("listen: 127.0.0.1:99999\n", [("3:9", "port")]),
    "a network that is none": ("trusted_proxies: [10.0.0.0/40]\n", [("3:19", "10.0.0.0/40")]),
    "an algorithm that is none": ("signing: {algorithms: [ES257]}\n", [("3:24", "did you mean `ES256`?")]),
    "a certificate without its key": ("tls: {certificate: a.pem}\n", [("3:", "key")]),
    "an id that would change a URL": ("providers:\n  a/b: {}\n", [("4:3", "`a/b`")]),
    "a plugin that is not there": ("providers:\n  gitbub: {client_id: a, client_secret: b}\n",
                                   [("4:3", r"no plugin `gitbub` \(did you mean `github`\?\); `cardea plugin list`")]),
    "a provider without its secret": ("providers:\n  github: {client_id: a}\n", [("4:3", "no `client_secret`")]),
    "a client of a provider that is not there": ("clients:\n  a: {token_endpoint_auth_method: none,"
                                                 " redirect_uris: ['https://a.b/c'], providers: [x]}\n",
                                                 [("4:75", "wants the provider `x`")]),
    "a client without an address": ("clients:\n  a: {token_endpoint_auth_method: none}\n",
                                    [("4:3", "no redirect_uris: ")]),
    "a client whose secret is short": ("clients:\n  a: {client_secret: short, redirect_uris: ['https://a.b/c']}\n",
                                       [("4:", "cardea secret")]),
    "a folder of pages that is not there": ("pages: {directory: nowhere}\n",
                                            [(None, "nowhere: error: cannot be read")]),
}


def assert_said(lines, wanted):
    assert len(lines) == len(wanted), lines
    for line, (place, words) in zip(lines, wanted):
        column = r"\d+" if place and place.endswith(":") else ""
        assert place is None or re.match(rf"cardea\.yaml:{place}{column}: error: ", line), (line, place)
        assert re.search(words, line), (line, words)


@pytest.mark.parametrize("text, wanted", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_with_its_place_and_nothing_else_is(tmp_path, text, wanted):
    status, lines, output = check(tmp_path, GOOD + text)
    assert status == 2 and output == ""
    assert_said(lines, wanted)


def test_a_good_configuration_is_said_to_be_good(tmp_path):
    status, lines, output = check(tmp_path, GOOD)
    assert (status, output) == (0, "") and lines == ["cardea.yaml is good: 0 providers, 0 clients"]


def test_nothing_is_said_of_what_must_be_there(tmp_path):
    status, lines, _ = check(tmp_path, "")
    assert status == 2
    assert_said(lines, [("1:1", "`issuer` is missing"), ("1:1", "`secrets` is missing")])


def test_everything_wrong_of_all_kinds_is_said_in_one_run_in_the_order_of_the_file(tmp_path):
    texts = [WRONG[name][0] for name in (
        "a misspelt key", "a bad duration", "a plugin that is not there", "a client whose secret is short",
        "a missing environment variable", "a word that is none of these", "a bad size", "an algorithm that is none",
        "a port that is none", "a network that is none")]
    status, lines, _ = check(tmp_path, GOOD + "".join(texts))
    assert status == 2 and len(lines) == len(texts), lines
    places = [int(line.split(":")[1]) for line in lines]
    assert places == sorted(places)


def test_what_stands_in_another_file_is_named_there(tmp_path):
    status, lines, _ = check(tmp_path, GOOD + "include: ['*.more']\n", a__more="workers: 1\nlisen: a\n",
                             b__more="log: {level: info}\nworkers: 2\n", environment={"X": "x"})
    assert status == 2 and len(lines) == 2, lines
    assert lines[0].startswith("a.more:2:1: error: unknown key `lisen`")
    assert lines[1].startswith("b.more:2:1: error: ") and "a.more" in lines[1]


def test_a_secret_that_others_may_read_is_refused_with_the_remedy(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("0123456789abcdef0123456789abcdef\n")
    secret.chmod(0o644)
    status, lines, _ = check(tmp_path, "issuer: https://a.example\nsecrets: ['${file:secret}']\n")
    assert status == 2 and len(lines) == 1 and lines[0].startswith("cardea.yaml:2:") and "chmod" in lines[0], lines
    secret.chmod(0o600)
    assert check(tmp_path, "issuer: https://a.example\nsecrets: ['${file:secret}']\n")[0] == 0


def test_a_file_beyond_a_mebibyte_is_refused(tmp_path):
    status, lines, _ = check(tmp_path, GOOD + "#" * (1 << 20))
    assert status == 2 and len(lines) == 1 and "1048576 bytes" in lines[0], lines


@pytest.mark.parametrize("content", [b"\xff\xfei\x00s\x00", b"issuer: \xe4\n", b"issuer: a\x00b\n"],
                         ids=["UTF-16", "Latin-1", "a NUL"])
def test_bytes_that_are_no_text_are_refused(tmp_path, content):
    status, lines, _ = check(tmp_path, content)
    assert status == 2 and lines and lines[0].startswith("cardea.yaml:1:"), lines


@pytest.mark.parametrize("make, words", [
    (lambda path: None, "No such file or directory"),
    (lambda path: path.mkdir(), "is a folder"),
    (lambda path: os.mkfifo(path), "no plain file"),
], ids=["nothing", "a folder", "a pipe"])
def test_a_configuration_that_is_no_file_is_refused_at_once(tmp_path, make, words):
    make(tmp_path / "cardea.yaml")
    run = subprocess.run([CARDEA, "check", "--config", str(tmp_path / "cardea.yaml")], capture_output=True, text=True,
                         timeout=20)
    assert run.returncode == 2 and re.search(rf"cardea\.yaml.*({words})", run.stderr), run


def test_no_secret_is_in_what_is_said(tmp_path):
    text = """\
issuer: https://id.example.com
secrets: [kanarienvogel-kurz]
store: redis://user:kanarienvogel@host:port/0
providers:
  github: {client_id: a, client_secret: [kanarienvogel]}
clients:
  a: {client_secret: kanarienvogel, redirect_uris: ["https://a.b/c"]}
  b: {client_secret: "${env:SECRET}", redirect_uris: ["https://a.b/c"], client_name: "${env:SECRET}x"}
http: {proxy: "ftp://user:kanarienvogel@proxy"}
"""
    status, lines, output = check(tmp_path, text, environment={"SECRET": "kanarienvogel"})
    assert status == 2 and lines and "kanarienvogel" not in "\n".join(lines) + output, lines


def test_the_effective_configuration_is_printed_without_secrets_and_is_one(tmp_path):
    text = GOOD + "store: redis://user:kanarienvogel@127.0.0.1:6379/1\nworkers: 3\n" \
        "clients:\n  a: {client_secret: a secret of a client that is long, redirect_uris: ['https://a.b/c']}\n"
    status, lines, output = check(tmp_path, text, "--print")
    assert status == 0 and lines == []
    for secret in ("kanarienvogel", "0123456789abcdef", "a secret of a client"):
        assert secret not in output
    printed = yaml.safe_load(output)
    assert printed["issuer"] == "https://id.example.com" and printed["workers"] == 3
    assert printed["lifetimes"]["code"] == "1m" and printed["clients"]["a"]["redirect_uris"] == ["https://a.b/c"]


# -- the schema ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def schema():
    run = subprocess.run([CARDEA, "check", "--schema"], capture_output=True, text=True, timeout=20)
    assert run.returncode == 0 and run.stderr == ""
    return run.stdout


def test_the_schema_that_is_shipped_is_the_one_that_is_printed(schema):
    with open(os.path.join(ROOT, "config", "cardea.schema.json")) as file:
        assert file.read() == schema, "write it anew: cardea check --schema > config/cardea.schema.json"


def test_the_schema_is_one(schema):
    jsonschema.Draft202012Validator.check_schema(json.loads(schema))


def errors_of(schema, text):
    validator = jsonschema.Draft202012Validator(json.loads(schema))
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
            for error in validator.iter_errors(yaml.safe_load(text))]


@pytest.mark.parametrize("name", ["cardea.yaml", "demo.yaml"])
def test_what_is_shipped_is_valid(schema, name):
    with open(os.path.join(ROOT, "config", name)) as file:
        assert errors_of(schema, file.read()) == []


@pytest.mark.parametrize("name", [
    "a misspelt key", "a misspelt key deeper down", "a misspelt key of a provider", "a bad duration", "a bad size",
    "a bad number", "a word that is none of these", "a map where a text belongs", "a text where a map belongs",
    "an algorithm that is none", "a bad rate"])
def test_an_editor_with_the_schema_sees_what_is_wrong(schema, name):
    assert errors_of(schema, GOOD + WRONG[name][0]) != []


def test_an_editor_with_the_schema_sees_nothing_wrong_in_what_is_right(schema):
    text = GOOD + """\
listen: [127.0.0.1:8080, "unix:/run/cardea.sock"]
workers: auto
store: ${env:STORE}
providers:
  github: {client_id: a, client_secret: "${file:secret}", scopes: [a], claims: {groups: /orgs}}
  own: {plugin: oauth2, client_id: a, authorize_url: "https://a.b/c", token_url: "https://a.b/c"}
clients:
  a: {client_secret: "${env:A}", redirect_uris: "https://a.b/c"}
lifetimes: {code: 30s, session: 12h}
limits: {body: 64k, per_address: {logins: off}}
"""
    assert errors_of(schema, text) == []
