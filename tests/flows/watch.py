"""What must hold after every case of the attack catalogue, whatever was sent in it.

    @pytest.fixture(scope="module")
    def hub():
        with Hub(CONFIG) as hub, watched(hub):
            yield hub

    @pytest.fixture(autouse=True)
    def all_is_well(hub):
        yield
        hub.watch.check()

The watch sees every answer of the hub while the tests run, and refuses one that lacks a security header, may be
cached, names a version, or is malformed as an error. After each case the same processes must be alive, a good login
must still work, and no secret that was sent or received may stand in the log.
"""

import base64
import contextlib
import http.client
import json
import os
import re
import socket
import time
import urllib.parse

import hub as harness
from hub import SLOW, Browser, claims, wait_until

# Parameters and members that nobody may find in a log.
SECRET_NAMES = {"client_secret", "code", "code_verifier", "refresh_token", "access_token", "id_token", "token",
                "id_token_hint", "csrf", "password"}
SHORTEST_SECRET = 20
CACHEABLE = ("/oauth2/jwks", "/.well-known/", "/static/", "/marks/")
ERROR_TEXT = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")
LOG_LINE_MAX = 4096


def children(pid):
    """The processes that this one has started, sorted."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        with contextlib.suppress(OSError, IndexError):
            with open(f"/proc/{name}/stat") as stat:
                if int(stat.read().rpartition(")")[2].split()[1]) == pid:
                    found.append(int(name))
    return sorted(found)


def open_files(pid, beside=()):
    """How many descriptors a process has, beside sockets of these inodes."""
    count = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            target = os.readlink(f"/proc/{pid}/fd/{name}")
            count += not (target.startswith("socket:") and target[8:-1] in beside)
    return count


def tcp_sockets():
    """Of every TCP connection on this machine: (local port, remote port, inode)."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return [(int(row[1].rpartition(":")[2], 16), int(row[2].rpartition(":")[2], 16), row[9]) for row in rows]


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmRSS:\s*(\d+)", status.read()).group(1))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Watch:
    def __init__(self, hub):
        self.hub = hub
        self.secrets = set()
        self.begin()

    def begin(self):
        """Takes what is now for the level; also to be called after a restart that was meant."""
        self.good_login()
        self.workers = children(self.hub.process.pid)
        self.family = {pid: children(pid) for pid in self.workers}
        self.files = {pid: self.count_files(pid) for pid in self.workers}
        self.log_read = os.path.getsize(self.hub.log_file)

    # -- every answer ---------------------------------------------------------------------------

    def observe(self, url, headers, body, answer):
        if not url.startswith(self.hub.issuer + "/") and url != self.hub.issuer:
            return
        path = url[len(self.hub.issuer):].partition("?")[0]
        self.collect(headers, body, answer)
        check_headers(path, answer)
        check_error(answer)

    def collect(self, headers, body, answer):
        """Remembers the secrets of a request and its answer."""
        for name, value in (headers or {}).items():
            if name.lower() == "authorization":
                self.add_secret(value.partition(" ")[2])
                self.add_basic(value)
            if name.lower() == "cookie":
                for pair in value.split(";"):
                    self.add_secret(pair.partition("=")[2])
        self.add_parameters(body.decode("latin-1") if isinstance(body, bytes) else body or "")
        for cookie in answer.all("Set-Cookie"):
            self.add_secret(cookie.partition(";")[0].partition("=")[2])
        for location in answer.all("Location"):
            self.add_parameters(urllib.parse.urlsplit(location).query)
        for name, value in re.findall(r'name="([a-z_]+)" value="([^"]*)"', answer.body.decode("latin-1")):
            if name in SECRET_NAMES:
                self.add_secret(value)
        with contextlib.suppress(ValueError):
            document = json.loads(answer.body)
            if isinstance(document, dict):
                for name in SECRET_NAMES & document.keys():
                    self.add_secret(document[name])

    def add_parameters(self, text):
        for piece in text.split("&"):
            name, _, value = piece.partition("=")
            if name in SECRET_NAMES:
                self.add_secret(urllib.parse.unquote_plus(value))

    def add_basic(self, value):
        with contextlib.suppress(ValueError):
            self.add_secret(base64.b64decode(value.partition(" ")[2]).decode("latin-1").partition(":")[2])

    def add_secret(self, value):
        if isinstance(value, str) and len(value) >= SHORTEST_SECRET:
            self.secrets.add(value[-2 * SHORTEST_SECRET:])

    # -- after every case -----------------------------------------------------------------------

    def check(self):
        self.good_login()
        self.same_processes()
        self.clean_log()
        self.files_are_closed()

    def good_login(self):
        """A whole login, as an honest person does it, and the claims that come of it."""
        tokens = self.hub.tokens(browser=Browser())
        identity = claims(tokens["id_token"])
        info = self.hub.get("/oauth2/userinfo", headers={"Authorization": "Bearer " + tokens["access_token"]})
        assert info.status == 200 and info.json["sub"] == identity["sub"], info

    def same_processes(self):
        assert self.hub.process.poll() is None, "the master has ended"
        assert children(self.hub.process.pid) == self.workers, "a worker was started again"
        for pid, family in self.family.items():
            assert children(pid) == family, "a jail was started again"

    def clean_log(self):
        with open(self.hub.log_file, "rb") as log:
            log.seek(self.log_read)
            text = log.read()
            self.log_read = log.tell()
        assert b"Sanitizer" not in text and b"runtime error" not in text, text[-8000:]
        assert b"bug:" not in text, text[-4000:]
        for line in text.splitlines():
            assert len(line) <= LOG_LINE_MAX and not re.search(rb"[\x00-\x1f\x7f]", line), line[:400]
            json.loads(line)
        text = text.decode()
        for secret in self.secrets:
            assert secret not in text, f"the log has a secret: {secret!r}"

    def files_are_closed(self):
        """No descriptor stays behind, once connections have been noticed to be closed."""
        wait_until(lambda: all(self.count_files(pid) <= before for pid, before in self.files.items()), 5)

    def count_files(self, pid):
        """Without the connections to providers, which are kept for the next login."""
        upstream = int(self.hub.simulator_url.rpartition(":")[2])
        return open_files(pid, {inode for _, remote, inode in tcp_sockets() if remote == upstream})


def check_headers(path, answer):
    assert answer.header("X-Content-Type-Options") == "nosniff", answer
    assert answer.header("Referrer-Policy") == "no-referrer", answer
    if answer.header("Connection") == "close" and answer.header("X-Request-Id") is None:
        # Refused before it was a request: by the reader of heads and bodies.
        assert answer.status >= 400 and re.fullmatch(rb"\d{3} [A-Za-z -]+\n", answer.body), answer
    else:
        assert re.fullmatch(r"[A-Za-z0-9_-]{16}", answer.header("X-Request-Id")), answer
    assert not answer.all("Server") and not answer.all("X-Powered-By"), answer
    if answer.status >= 400 or not path.startswith(CACHEABLE):
        assert answer.header("Cache-Control") == "no-store", (path, answer)
    if (answer.header("Content-Type") or "").startswith("text/html"):
        check_policy(answer.header("Content-Security-Policy"))
    for cookie in answer.all("Set-Cookie"):
        attributes = [part.strip().lower() for part in cookie.split(";")[1:]]
        assert "httponly" in attributes and "path=/" in attributes, cookie
        assert "samesite=lax" in attributes or "samesite=none" in attributes, cookie
        assert not any(attribute.startswith("domain") for attribute in attributes), cookie


def check_policy(policy):
    assert policy.startswith("default-src 'none'; "), policy
    assert "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy, policy
    assert "unsafe" not in policy and "*" not in policy, policy


def check_error(answer):
    assert answer.status != 500, answer
    if answer.status < 400:
        return
    assert not re.search(rb"cardea/|openssl|libevent|sqlite|\.c:\d|0\.1\.0|0x[0-9a-f]{8}", answer.body, re.I), answer
    if answer.body and answer.header("Content-Type") == "application/json":
        assert set(answer.json) <= {"error", "error_description", "error_uri"} and answer.json["error"], answer
        assert ERROR_TEXT.fullmatch(answer.json["error"]), answer
        assert ERROR_TEXT.fullmatch(answer.json.get("error_description", "")), answer


@contextlib.contextmanager
def watched(hub):
    """Puts a watch on a running hub, as hub.watch."""
    hub.watch = Watch(hub)
    harness.observers.append(hub.watch.observe)
    try:
        yield hub.watch
    finally:
        harness.observers.remove(hub.watch.observe)


# -- what many cases expect ---------------------------------------------------------------------


def is_page(answer, status=400):
    """An error page of ours: nobody is sent anywhere, and no app learns of it."""
    assert answer.status == status and not answer.all("Location"), answer
    assert answer.header("Content-Type") == "text/html; charset=utf-8", answer
    assert 'role="alert"' in answer.text, answer
    return answer


def is_error(answer, error, status=400):
    """An error as programs get it."""
    assert answer.status == status, answer
    assert answer.json["error"] == error, answer
    return answer


def is_sent_error(hub, answer, error, state=None, client="app"):
    """An error that the browser carries to the app: with state and issuer, and without a code."""
    errors = [error] if isinstance(error, str) else error
    assert answer.status == 303 and answer.location.startswith(hub.client(client)["redirect_uris"][0] + "?"), answer
    assert answer.query["error"] in errors, answer
    assert answer.query["iss"] == hub.effective()["issuer"], answer
    assert answer.query.get("state") == state or state is None, answer
    assert "code" not in answer.query and "#" not in answer.location, answer
    assert ERROR_TEXT.fullmatch(answer.query["error_description"]), answer
    return answer


def is_login(hub, answer):
    """The browser is sent to log in."""
    assert answer.status == 303 and answer.location.startswith(hub.issuer + "/login"), answer
    return answer


def is_code(answer):
    """The code that the browser carries to the app."""
    assert answer.status == 303 and answer.query["code"].startswith("cac_"), answer
    return answer.query["code"]


# -- raw bytes ----------------------------------------------------------------------------------


def talk(hub, data, seconds=10, port=None):
    """Sends bytes on a connection of their own and reads until the hub closes it. What it said."""
    with socket.create_connection(("127.0.0.1", port or hub.port), timeout=seconds * SLOW) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(data)
        return read_all(connection)


def read_all(connection):
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while True:
            piece = connection.recv(65536)
            if not piece:
                break
            said += piece
    return said


def statuses(said):
    """The status of each answer in what was said on one connection."""
    return [int(number) for number in re.findall(rb"^HTTP/1\.1 (\d{3}) ", said, re.M)]


def connection_to_each_worker(hub):
    """A kept connection to every worker: the kernel deals them out, so as many are opened as it takes."""
    found = {}
    for _ in range(1000):
        connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=20 * SLOW)
        connection.connect()
        connection.request("GET", "/oauth2/jwks")
        connection.getresponse().read()
        owner = owner_of(hub, connection.sock.getsockname()[1])
        if owner in found:
            connection.close()
        found.setdefault(owner, connection)
        if len(found) == len(hub.watch.workers):
            return list(found.values())
    raise AssertionError("a worker gets no connections")


def owner_of(hub, peer_port):
    """The worker that holds the hub's end of a connection."""
    inode, = [inode for local, remote, inode in tcp_sockets() if (local, remote) == (hub.port, peer_port)]
    for pid in hub.watch.workers:
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/fd/{name}") == f"socket:[{inode}]":
                    return pid
    raise AssertionError("no worker holds that connection")


class Listener:
    """A port on which nobody should ever knock."""

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        return self

    def __exit__(self, *_):
        self.socket.close()

    def was_asked(self, within=0.2):
        self.socket.settimeout(within)
        try:
            self.socket.accept()[0].close()
            return True
        except socket.timeout:
            return False


def timed(what):
    """(what it gives, seconds)"""
    began = time.monotonic()
    value = what()
    return value, time.monotonic() - began
