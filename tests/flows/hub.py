"""A hub of one's own for a test: started with a configuration, asked over real sockets, stopped and looked at.

    with Hub({"clients": {...}}) as hub:
        answer = hub.get("/session")

The configuration given is laid over a small default one. The binary is that of $CARDEA_BUILD (a build folder), or
of build/release.
"""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("CARDEA_BUILD", os.path.join(ROOT, "build", "release")))
CARDEA = os.path.join(BUILD, "cardea")
SANITIZED = "asan" in os.path.basename(BUILD)
# Sanitizers make everything slower; deadlines of tests are multiplied by this.
SLOW = 5 if SANITIZED else 1


def free_port():
    """Below those that the kernel gives to whoever connects: what is free now is still free in a moment."""
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_until(what, seconds=10.0, every=0.02):
    """The first true value of what(), or an AssertionError."""
    end = time.monotonic() + seconds * SLOW
    while True:
        value = what()
        if value:
            return value
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(every)


def merge(base, over):
    result = dict(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        else:
            result[key] = value
    return result


class Answer:
    """An HTTP answer: status, headers (a list of pairs), body (bytes)."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        """The only value of a header, or None."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} stands there {len(values)} times"
        return values[0] if values else None

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def location(self):
        return self.header("Location")

    @property
    def query(self):
        """The query of Location, as a dict of single values."""
        pairs = urllib.parse.parse_qsl(urllib.parse.urlsplit(self.location).query, keep_blank_values=True)
        assert len(pairs) == len(dict(pairs)), f"a parameter is doubled: {pairs}"
        return dict(pairs)

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:300]!r}>"


# Each is told of every request and its answer: observer(url, headers, body, answer).
observers = []


def request(url, method="GET", headers=None, body=None, form=None, timeout=20):
    """One request on a connection of its own; redirects are not followed."""
    parts = urllib.parse.urlsplit(url)
    headers = dict(headers or {})
    if form is not None:
        body = form if isinstance(form, (bytes, str)) else urllib.parse.urlencode(form)
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout * SLOW)
    try:
        target = parts.path + ("?" + parts.query if parts.query else "")
        connection.request(method, target or "/", body=body, headers=headers)
        response = connection.getresponse()
        answer = Answer(response.status, response.getheaders(), response.read())
    finally:
        connection.close()
    for observer in observers:
        observer(url, headers, body, answer)
    return answer


class Browser:
    """Keeps cookies as a browser would; follows nothing by itself."""

    def __init__(self):
        self.jar = {}

    def request(self, url, method="GET", headers=None, **more):
        parts = urllib.parse.urlsplit(url)
        mine = {name: value for (host, name), value in self.jar.items() if host == parts.hostname}
        headers = dict(headers or {})
        if mine:
            headers.setdefault("Cookie", "; ".join(f"{n}={v}" for n, v in mine.items()))
        answer = request(url, method, headers, **more)
        for line in answer.all("Set-Cookie"):
            pair, *attributes = [part.strip() for part in line.split(";")]
            name, _, value = pair.partition("=")
            if any(attribute.lower() == "max-age=0" for attribute in attributes):
                self.jar.pop((parts.hostname, name), None)
            else:
                self.jar[(parts.hostname, name)] = value
        return answer

    def get(self, url, **more):
        return self.request(url, "GET", **more)

    def post(self, url, form, **more):
        return self.request(url, "POST", form=form, **more)

    def cookies(self, prefix=""):
        return {name: value for (_, name), value in self.jar.items() if name.startswith(prefix)}

    def follow(self, url, until, limit=20):
        """Follows redirects from url until one leads to an address that begins with `until`; that redirect."""
        for _ in range(limit):
            answer = self.get(url)
            assert answer.location, f"{url} does not lead on: {answer}"
            if answer.location.startswith(until):
                return answer
            url = urllib.parse.urljoin(url, answer.location)
        raise AssertionError("too many redirects")


class Pkce:
    def __init__(self):
        self.verifier = secrets.token_urlsafe(32)
        digest = hashlib.sha256(self.verifier.encode()).digest()
        self.challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


APP = "https://app.test/callback"

DEFAULT = {
    "workers": 1,
    "secrets": ["this is a secret of a test, and no other has it"],
    "clients": {
        "app": {
            "client_name": "An app",
            "client_secret": "the secret of the app, long enough",
            "redirect_uris": [APP],
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "scope": "openid profile email groups offline_access read write",
        },
        "other": {
            "client_secret": "the secret of the other app, too",
            "redirect_uris": ["https://other.test/callback"],
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "scope": "openid profile email read",
        },
        "public": {
            "token_endpoint_auth_method": "none",
            "redirect_uris": ["http://127.0.0.1/callback", "com.example.app:/callback"],
            "scope": "openid profile email offline_access",
        },
    },
    "limits": {"per_address": {"logins": "off", "failures": "off"}},
    "log": {"level": "debug", "format": "json"},
}


class Hub:
    """A running `cardea serve`. Use as a context manager."""

    def __init__(self, config=None, arguments=(), environment=None, simulate=("github", "google", "discord"),
                 start=True):
        self.folder = tempfile.mkdtemp(prefix="cardea-test-")
        self.port, self.admin_port = free_port(), free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.admin = f"http://127.0.0.1:{self.admin_port}"
        self.simulator = None
        self.simulated = simulate
        self.arguments, self.environment = list(arguments), dict(os.environ, **(environment or {}))
        self.config = config or {}
        self.config_file = os.path.join(self.folder, "cardea.yaml")
        self.log_file = os.path.join(self.folder, "log")
        self.process = None
        self.canaries = []
        self.tolerate_sanitizer = False
        if start:
            self.start()

    # -- life -----------------------------------------------------------------------------------

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            self.stop()
            if kind is None:
                self.look_at_log()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def effective(self):
        config = merge(
            {
                "issuer": self.issuer,
                "listen": f"127.0.0.1:{self.port}",
                "admin": {"listen": f"127.0.0.1:{self.admin_port}"},
                "store": f"sqlite:{self.folder}/cardea.db",
            },
            DEFAULT,
        )
        if self.simulated:
            config["providers"] = {
                name: {"client_id": "app", "client_secret": "hush", "simulator": self.simulator_url}
                for name in self.simulated
            }
        return merge(config, self.config)

    def write_config(self):
        with open(self.config_file, "w") as out:
            json.dump(self.effective(), out, indent=1)
        os.chmod(self.config_file, 0o600)

    def start(self):
        if self.simulated:
            port = free_port()
            self.simulator_url = f"http://127.0.0.1:{port}"
            self.simulator = subprocess.Popen(
                [CARDEA, "simulate", *self.simulated, "--listen", f"127.0.0.1:{port}"],
                stdout=subprocess.PIPE, stderr=open(os.path.join(self.folder, "simulator.log"), "w"))
            assert b"played" in self.simulator.stdout.readline()
        self.write_config()
        self.serve()

    def serve(self):
        self.process = subprocess.Popen(
            [CARDEA, "serve", "--config", self.config_file, *self.arguments],
            stderr=open(self.log_file, "ab"), stdout=subprocess.DEVNULL, env=self.environment)
        wait_until(self.is_serving, 15)

    def is_serving(self):
        assert self.process.poll() is None, f"it ended with {self.process.returncode}: {self.log()}"
        try:
            return request(self.issuer + "/oauth2/jwks", timeout=2).status in (200, 503)
        except OSError:
            return False

    def stop(self, expect=0):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                status = self.process.wait(timeout=45 * SLOW)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
            if expect is not None:
                assert status == expect, f"it ended with {status}: {self.log()[-3000:]}"
        if self.simulator is not None:
            self.simulator.terminate()
            self.simulator.wait()
            self.simulator.stdout.close()
            self.simulator = None

    # -- log ------------------------------------------------------------------------------------

    def log(self):
        if not os.path.exists(self.log_file):  # nothing was started that could have written it
            return ""
        with open(self.log_file, "rb") as log:
            return log.read().decode(errors="replace")

    def events(self, name=None):
        """The log lines as dicts; those of one audit event, when named."""
        lines = [json.loads(line) for line in self.log().split("\n") if line.startswith("{")]
        return [line for line in lines if name is None or line.get("event") == name]

    def look_at_log(self):
        """What must hold after every test: no sanitizer has spoken, no secret was written."""
        log = self.log()
        if not self.tolerate_sanitizer:
            assert "Sanitizer" not in log and "runtime error" not in log, log[-8000:]
        assert "bug:" not in log, log[-4000:]
        for canary in self.canaries + ["the secret of the app", "hush", "this is a secret of a test"]:
            assert canary not in log, f"{canary!r} is in the log"
        for token in re.findall(r"c[art][ct]_[A-Za-z0-9_-]{60,}", log):
            raise AssertionError(f"a token is in the log: {token}")

    # -- asking ---------------------------------------------------------------------------------

    def url(self, path, **query):
        return self.issuer + path + ("?" + urllib.parse.urlencode(query) if query else "")

    def get(self, path, **more):
        return request(self.issuer + path, **more)

    def post(self, path, form, **more):
        return request(self.issuer + path, "POST", form=form, **more)

    def client(self, name):
        return self.effective()["clients"][name]

    def basic(self, name):
        pair = f"{urllib.parse.quote_plus(name)}:{urllib.parse.quote_plus(self.client(name)['client_secret'])}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def token(self, client="app", **form):
        """A request to the token endpoint, with the client's credentials."""
        if self.client(client).get("token_endpoint_auth_method") == "none":
            return self.post("/oauth2/token", dict(form, client_id=client))
        return self.post("/oauth2/token", form, headers=self.basic(client))

    def authorize_query(self, client="app", pkce=None, **over):
        query = {
            "response_type": "code",
            "client_id": client,
            "redirect_uri": self.client(client)["redirect_uris"][0],
            "scope": "openid profile email",
            "state": secrets.token_urlsafe(12),
            "nonce": secrets.token_urlsafe(12),
            "code_challenge": (pkce or Pkce()).challenge,
            "code_challenge_method": "S256",
        }
        query.update(over)
        return {name: value for name, value in query.items() if value is not None}

    def authorize(self, browser=None, **over):
        """GET /oauth2/authorize with a good request, changed as said (None takes a parameter away)."""
        return (browser or Browser()).get(self.url("/oauth2/authorize", **self.authorize_query(**over)))

    # -- logging in at a simulated provider -----------------------------------------------------

    def pick(self, browser, url, case="login"):
        """On a simulated provider's page: choose a case. The redirect back to our callback."""
        page = browser.get(url)
        assert page.status == 200, page
        fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text))
        fields = {name: value.replace("&amp;", "&").replace("&#39;", "'").replace("&quot;", '"')
                  for name, value in fields.items()}
        parts = urllib.parse.urlsplit(url)
        return browser.post(f"{parts.scheme}://{parts.netloc}{parts.path}", dict(fields, simulated_case=case))

    def login(self, browser=None, provider="github", case="login", return_to=None):
        """A login of our own, without an app. The browser, logged in."""
        browser = browser or Browser()
        query = {"return_to": return_to} if return_to else {}
        to_provider = browser.get(self.url(f"/login/{provider}", **query))
        assert to_provider.status == 303, to_provider
        back = self.pick(browser, to_provider.location, case)
        done = browser.get(back.location)
        assert done.status == 303, (done, self.log()[-3000:])
        return browser

    def code(self, client="app", browser=None, pkce=None, provider="github", case="login", **over):
        """A whole authorization. (answer that carries the code to the app, the PKCE pair)"""
        pkce = pkce or Pkce()
        browser = browser or Browser()
        query = self.authorize_query(client=client, pkce=pkce, **over)
        answer = browser.get(self.url("/oauth2/authorize", **query))
        if answer.location and answer.location.startswith(self.issuer + "/login"):
            ticket = answer.query["ticket"]
            to_provider = browser.get(self.url(f"/login/{provider}", ticket=ticket))
            back = self.pick(browser, to_provider.location, case)
            resumed = browser.get(back.location)
            assert resumed.status == 303, (resumed, self.log()[-3000:])
            answer = browser.get(resumed.location)
        return answer, pkce

    def tokens(self, client="app", **over):
        """A whole code flow. The token response's JSON."""
        answer, pkce = self.code(client=client, **over)
        assert "code" in answer.query, answer
        form = {"grant_type": "authorization_code", "code": answer.query["code"], "code_verifier": pkce.verifier,
                "redirect_uri": over.get("redirect_uri", self.client(client)["redirect_uris"][0])}
        response = self.token(client, **form)
        assert response.status == 200, (response, self.log()[-2000:])
        return response.json


def claims(token):
    """The claims of a JWT, unverified."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
