"""What is measured: one row per operation, with the model it is compared with and the aim."""

import base64
import copy
import json
import os
import random
import subprocess
import tempfile
import time

import machine
from servers import HERE, LOAD, LOAD_CORE, SECRET

CONNECTIONS = 64
USERS = 20000  # accounts, each with a session and two grants
SAMPLED = 50000  # tokens that are asked about in turn


def basic(client):
    pair = f"{client}:{SECRET.replace(' ', '+')}"
    return base64.b64encode(pair.encode()).decode()


def run_load(command):
    """Runs a load generator on its core: (what it printed, its processor time)."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=machine.pin(LOAD_CORE))
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = status
    if not output.strip().startswith("{") and "{" not in output:
        raise SystemExit(f"the load generator has failed: {' '.join(command)}\n{output}")
    return json.loads(output[output.index("{"):output.rindex("}") + 1]), usage.ru_utime + usage.ru_stime


class Wrk:
    """wrk asking the same again and again, or for one token after the other."""

    def __init__(self, method, path, headers="", body="", tokens=False):
        self.method, self.path, self.headers, self.body, self.tokens = method, path, headers, body, tokens

    def lines(self, material):
        if self.tokens:
            return [f"{self.headers}|{self.body}".replace("TOKEN", token) for token in material.tokens()]
        return [f"{self.headers}|{self.body}"]

    def run(self, port, seconds, material):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("\n".join(self.lines(material)) + "\n")
            file.flush()
            return run_load(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", os.path.join(HERE, "ask.lua"),
                             f"http://127.0.0.1:{port}", "--", self.method, self.path, file.name])


class Load:
    """A scenario of bench_load, for one client."""

    def __init__(self, scenario, client, users=None):
        self.scenario, self.client, self.users = scenario, client, users

    def run(self, port, seconds, material, *more):
        command = [LOAD, self.scenario, str(port), "--connections", str(CONNECTIONS), "--seconds", str(seconds),
                   "--client", self.client, "--basic", basic(self.client), "--provider", "discord"]
        if self.users:
            command += ["--users", material.users(self.users, self.client), "--frozen", str(int(material.frozen))]
        return run_load([*command, *more])


class Material:
    """What requests are made of: sessions, refresh tokens and access tokens of a hub that runs."""

    def __init__(self, hub, folder, quick=False):
        self.hub, self.folder = hub, folder
        self.count = 500 if quick else USERS
        self.made = set()
        self.frozen = False

    def for_model(self):
        """The same for a model, whose answers are worth nothing afterwards."""
        copy_of = copy.copy(self)
        copy_of.frozen = True
        return copy_of

    def path(self, name):
        return os.path.join(self.folder, name)

    def make(self, name, scenario, client, count, users=None, *more):
        """Runs a scenario so often, and keeps what comes of it under that name."""
        if name in self.made:
            return self.path(name)
        self.made.add(name)
        load = Load(scenario, client, users)
        answer, _ = load.run(self.hub.port, 0, self, "--count", str(count), "--keep", self.path(name), *more)
        assert answer["failed"] == 0, answer
        return self.path(name)

    def column(self, name, source, column):
        """One column of a file as a file of its own."""
        if name not in self.made:
            self.made.add(name)
            with open(source) as lines, open(self.path(name), "w") as out:
                out.writelines(line.split()[column] + "\n" for line in lines)
        return self.path(name)

    def logins(self):
        return self.make("logins", "login", "app", self.count, None, "--first", "1")

    def flows(self, client):
        return self.make(f"flows-{client}", "flow", client, self.count, "sessions")

    def users(self, kind, client):
        """A file with a session or a refresh token in each line; a model takes those of the hub before it."""
        if kind == "sessions":
            return self.column("sessions", self.logins(), 0)
        return self.column(f"refresh-{client}", self.flows(client), 2)

    def tokens(self):
        with open(self.flows("app")) as lines:
            tokens = [line.split()[1] for line in lines]
        random.shuffle(tokens)
        return tokens[:SAMPLED]


class Row:
    def __init__(self, name, load, model=None, aim=None, aim_rate=None, size=None):
        self.name, self.load, self.model, self.aim, self.aim_rate, self.size = name, load, model, aim, aim_rate, size


FORM = "Content-Type: application/x-www-form-urlencoded"


def form(client):
    return f"Authorization: Basic {basic(client)}\t{FORM}"


def credentials(client):
    return Wrk("POST", "/oauth2/token", form(client), "grant_type=client_credentials")


DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/oauth2/jwks"

ROWS = [
    Row("discovery", Wrk("GET", DISCOVERY), "fixed", 0.80, size=DISCOVERY),
    Row("keys", Wrk("GET", KEYS), "fixed", 0.80, size=KEYS),
    Row("client_credentials", credentials("app"), "opaque", 0.80),
    Row("client_credentials-es256", credentials("jwt-es256"), "es256", 0.85),
    Row("client_credentials-rs256", credentials("jwt-rs256"), "rs256", 0.95),
    Row("introspection", Wrk("POST", "/oauth2/introspect", form("app"), "token=TOKEN", tokens=True), "introspect",
        0.75),
    Row("userinfo", Wrk("GET", "/oauth2/userinfo", "Authorization: Bearer TOKEN", tokens=True), "bearer", 0.75),
    Row("refresh-es256", Load("refresh", "app", "refresh"), "refresh-es256", 0.75),
    Row("refresh-rs256", Load("refresh", "app-rs256", "refresh"), "refresh-rs256", 0.90),
    Row("flow-es256", Load("flow", "app", "sessions"), "flow-es256", 0.75),
    Row("flow-rs256", Load("flow", "app-rs256", "sessions"), "flow-rs256", 0.88),
    Row("login", Load("login", "app"), aim_rate=3000),
]


class Figure:
    """One run of one row: rate, p99, processor time per unit of server and store, and the disturbance."""

    def __init__(self, answer, seconds, servers, store, disturbance):
        units = max(1, answer["units"])
        self.rate = answer["units"] / answer["seconds"]
        self.p99 = answer["p99"]
        self.server_us = servers / units * 1e6
        self.store_us = store / units * 1e6
        self.disturbance = disturbance
        self.failed = answer["failed"]

    @property
    def cpu_us(self):
        return self.server_us + self.store_us


def run_once(load, port, seconds, material, servers, store):
    """One run, repeated by the caller when it was disturbed."""
    meter = machine.Meter(servers, store)
    answer, load_cpu = load.run(port, seconds, material)
    return Figure(answer, *meter.read(load_cpu))


def run_undisturbed(load, port, seconds, material, servers, store, patience, limit=0.10):
    """The first run during which nothing else took more than `limit` of a processor, or the least disturbed."""
    best = None
    for attempt in range(patience + 1):
        figure = run_once(load, port, seconds, material, servers, store)
        if best is None or figure.disturbance < best.disturbance:
            best = figure
        if best.disturbance <= limit:
            break
        time.sleep(min(0.5 * attempt, 3))
    return best
