"""The processes that are measured: Redis, models, the provider, Cardea itself."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import machine

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get("CARDEA_BUILD", os.path.join(ROOT, "build", "release")))
CARDEA = os.path.join(BUILD, "cardea")
MODEL = os.path.join(BUILD, "tests", "bench_model")
LOAD = os.path.join(BUILD, "tests", "bench_load")
RECORDS, RECORD_SIZE = 10000, 400  # as models/model.c has them
SERVER_CORE, LOAD_CORE = 0, 1

sys.path.insert(0, os.path.join(ROOT, "tests", "flows"))
from hub import free_port, request, wait_until  # noqa: E402


class Process:
    """A child on the servers' core, ended with the block."""

    process = None

    def spawn(self, command, cores=SERVER_CORE, **more):
        more.setdefault("stdout", subprocess.DEVNULL)
        self.process = subprocess.Popen(command, preexec_fn=machine.pin(cores), **more)

    def pids(self):
        return machine.tree(self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Redis(Process):
    """redis-server on a unix socket, memory only."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="cardea-bench-")
        self.socket = os.path.join(self.folder, "redis.sock")
        self.spawn(["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "", "--dir", self.folder])
        wait_until(lambda: os.path.exists(self.socket))

    def __exit__(self, *error):
        super().__exit__(*error)
        shutil.rmtree(self.folder, ignore_errors=True)

    def fill(self):
        """The records that models read."""
        value = "0" * RECORD_SIZE
        with socket.socket(socket.AF_UNIX) as redis:
            redis.connect(self.socket)
            for number in range(RECORDS):
                key = f"model:{number}"
                redis.sendall(f"*3\r\n$3\r\nSET\r\n${len(key)}\r\n{key}\r\n${RECORD_SIZE}\r\n{value}\r\n".encode())
            expected = len("+OK\r\n") * RECORDS
            while expected > 0:
                expected -= len(redis.recv(65536))


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Model(Process):
    """One row of models/model.c; with a store when `redis` is given."""

    def __init__(self, name, redis=None, size=100, core=SERVER_CORE):
        self.port = free_port()
        self.spawn([MODEL, name, str(self.port), redis.socket if redis else "", str(size)], cores=core)
        wait_until(lambda: accepts(self.port))


class Hub(Process):
    """`cardea serve` with a configuration for measuring: no throttling, little logging, every plugin."""

    PATIENCE = 10.0  # seconds
    PROVIDERS = ("discord", "github", "google", "facebook", "qq")

    def __init__(self, store, workers=1, provider_port=1, cores=SERVER_CORE, wait=True, folder=None):
        self.folder = folder or tempfile.mkdtemp(prefix="cardea-bench-")
        self.keeps_folder = folder is not None
        self.port, self.admin_port = free_port(), free_port()
        self.store = store or f"sqlite:{self.folder}/cardea.db"
        self.config_file = os.path.join(self.folder, "cardea.yaml")
        self.workers, self.provider_port, self.cores = workers, provider_port, cores
        with open(self.config_file, "w") as out:
            json.dump(self.configuration(), out)
        os.chmod(self.config_file, 0o600)
        self.start()
        if wait:
            wait_until(self.is_ready, self.PATIENCE)

    def start(self):
        self.log = open(os.path.join(self.folder, "log"), "ab")
        arguments = ["--workers", "0"] if self.workers == 0 else []
        self.spawn([*self.wrapper(), CARDEA, "serve", "--config", self.config_file, *arguments], cores=self.cores,
                   stderr=self.log)

    def wrapper(self):
        return []

    def __exit__(self, *error):
        super().__exit__(*error)
        self.log.close()
        if not self.keeps_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def configuration(self):
        issuer = f"http://127.0.0.1:{self.port}"
        simulator = f"http://127.0.0.1:{self.provider_port}"
        person = {
            "client_secret": SECRET,
            "redirect_uris": ["https://app.test/callback"],
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "scope": "openid profile email offline_access read write",
        }
        machine_client = {"client_secret": SECRET, "grant_types": ["client_credentials"], "scope": "read write",
                          "access_token": "jwt"}
        return {
            "issuer": issuer,
            "listen": f"127.0.0.1:{self.port}",
            "admin": {"listen": f"127.0.0.1:{self.admin_port}"},
            "store": self.store,
            "workers": max(self.workers, 1),
            "secrets": ["what is measured with this is worth nothing to anybody"],
            "providers": {name: {"client_id": "bench", "client_secret": "bench", "simulator": simulator}
                          for name in self.PROVIDERS},
            "clients": {
                "app": person,
                "app-rs256": dict(person, id_token_signed_response_alg="RS256"),
                "jwt-es256": machine_client,
                "jwt-rs256": dict(machine_client, id_token_signed_response_alg="RS256"),
            },
            "limits": {"per_address": {"logins": "off", "failures": "off"}},
            "log": {"level": "warn", "format": "json"},
        }

    def is_ready(self):
        assert self.process.poll() is None, open(os.path.join(self.folder, "log")).read()
        try:
            return request(f"http://127.0.0.1:{self.port}/oauth2/jwks", timeout=2).status == 200
        except OSError:
            return False

    def get(self, path):
        return request(f"http://127.0.0.1:{self.port}{path}")


SECRET = "the secret of whoever is measured here"


class Callgrind(Hub):
    """The same under valgrind, one process, counting instructions only while collect() says so."""

    PATIENCE = 120.0
    output = os.path.join(BUILD, "callgrind.out")

    def wrapper(self):
        return ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--trace-children=no",
                f"--callgrind-out-file={self.output}", "--quiet"]

    def collect(self, on):
        subprocess.run(["callgrind_control", "-i", "on" if on else "off", str(self.process.pid)],
                       stdout=subprocess.DEVNULL, check=True)


class Nginx(Process):
    """nginx serving one static document, if it is installed."""

    def __init__(self, document):
        self.folder = tempfile.mkdtemp(prefix="cardea-bench-")
        self.port = free_port()
        os.makedirs(os.path.join(self.folder, "html", ".well-known"))
        os.chmod(self.folder, 0o755)
        with open(os.path.join(self.folder, "html", ".well-known", "openid-configuration"), "wb") as out:
            out.write(document)
        with open(os.path.join(self.folder, "nginx.conf"), "w") as out:
            out.write(f"""daemon off; pid {self.folder}/pid; error_log stderr crit; worker_processes 1;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 1000000; open_file_cache max=10; default_type application/json;
  client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy;
  fastcgi_temp_path {self.folder}/fastcgi; uwsgi_temp_path {self.folder}/uwsgi; scgi_temp_path {self.folder}/scgi;
  server {{ listen 127.0.0.1:{self.port} backlog=4096; root {self.folder}/html; }} }}
""")
        self.spawn(["nginx", "-p", self.folder, "-c", os.path.join(self.folder, "nginx.conf")],
                   stderr=subprocess.DEVNULL)
        wait_until(lambda: accepts(self.port))

    def __exit__(self, *error):
        super().__exit__(*error)
        shutil.rmtree(self.folder, ignore_errors=True)


def first_answer(hub, limit=10.0):
    """Milliseconds from the start of a hub to its first good answer."""
    question = b"GET /oauth2/jwks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    began = time.monotonic()
    hub.start()
    while time.monotonic() - began < limit:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", hub.port)) == 0:
                try:
                    probe.sendall(question)
                    if b" 200 " in probe.recv(64):
                        return (time.monotonic() - began) * 1000
                except OSError:
                    pass
        time.sleep(0.0002)
    raise AssertionError("it never answered")
