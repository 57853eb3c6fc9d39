"""Providers that do as they are told: OpenID and OAuth 2 servers on loopback for a hub to be a client of.

    with Stage(["one", "two"]) as stage:
        up = stage.up("one")
        up.claims = {"iss": "https://elsewhere.test"}
        stage.refused(up, "iss is")

A Server listens; each Upstream is one provider below it (its issuer is the server's URL and a path), so that a hub
can have any number of providers with caches of their own. An Upstream behaves well until a test changes one of its
answers: the documents and claims by laying a dict over them, and whole answers by putting a Reply into `replies`.
"""

import base64
import contextlib
import functools
import hashlib
import hmac
import html
import http.server
import json
import os
import re
import secrets
import socket
import struct
import tempfile
import threading
import time
import urllib.parse

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from jwcrypto import jwk

from hub import BUILD, SLOW, Browser, Hub, merge, request

# A value that takes a member away, where None would be a null.
GONE = object()


def b64(data):
    data = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def lay(base, over):
    """A copy of `base` with what `over` says: values, GONE, or functions of the old value."""
    result = dict(base)
    for name, value in over.items():
        if callable(value):
            value = value(result.get(name))
        if value is GONE:
            result.pop(name, None)
        else:
            result[name] = value
    return result


# -- keys and tokens --------------------------------------------------------------------------------


@functools.lru_cache(None)
def make_key(alg="RS256", number=0):
    """The key of that number; the same within a run of tests, because RSA keys take their time."""
    if alg.startswith(("RS", "PS")):
        return jwk.JWK.generate(kty="RSA", size=2048)
    if alg == "EdDSA":
        return jwk.JWK.generate(kty="OKP", crv="Ed25519")
    return jwk.JWK.generate(kty="EC", crv={"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[alg])


class Key:
    """A key of a provider: what it publishes, and what it signs with."""

    def __init__(self, alg="RS256", number=0, kid=None):
        self.jwk, self.alg = make_key(alg, number), alg
        self.kid = kid or f"{alg}-{number}"

    def public(self, **over):
        members = dict(self.jwk.export_public(as_dict=True), kid=self.kid, alg=self.alg, use="sig")
        return lay(members, over)

    def sign(self, text, alg=None):
        """The signature of JWS, whatever the key: a misbehaving provider may fit them as it likes."""
        alg = alg or self.alg
        key = self.jwk.get_op_key("sign")
        if alg == "EdDSA":
            return key.sign(text)
        digest = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[alg[2:]]
        if alg.startswith("RS"):
            return key.sign(text, padding.PKCS1v15(), digest)
        if alg.startswith("PS"):
            return key.sign(text, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        size = (key.curve.key_size + 7) // 8
        r, s = utils.decode_dss_signature(key.sign(text, ec.ECDSA(digest)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def compact(header, claims, sign):
    """A JWS of these parts (dicts, or bytes as they are), signed by a function of the signing input."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)]
    text = ".".join(b64(part) for part in parts).encode()
    return text.decode() + "." + b64(sign(text))


def hs256(secret):
    secret = secret.encode() if isinstance(secret, str) else secret
    return lambda text: hmac.new(secret, text, hashlib.sha256).digest()


def half_hash(token, digest=hashlib.sha256):
    whole = digest(token.encode()).digest()
    return b64(whole[: len(whole) // 2])


# -- answers ----------------------------------------------------------------------------------------


class Reply:
    """An answer: sent as it is, or in one of the wrong ways below (`how`), after `delay` seconds."""

    def __init__(self, body=b"", status=200, headers=None, content_type="application/json", how=None, delay=0):
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        self.body = body.encode() if isinstance(body, str) else body
        self.status, self.headers, self.content_type = status, dict(headers or {}), content_type
        self.how, self.delay = how, delay

    def head(self, length):
        lines = [f"HTTP/1.1 {self.status} As told", f"Content-Length: {length}"]
        if self.content_type:
            lines.append(f"Content-Type: {self.content_type}")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def send(self, handler):
        time.sleep(self.delay)
        if self.how is not None:
            handler.close_connection = True
            self.how(handler, self)
        else:
            handler.wfile.write(self.head(len(self.body)) + self.body)


def form_reply(**members):
    return Reply(urllib.parse.urlencode(members), content_type="application/x-www-form-urlencoded")


def hang():
    """Nothing, until the server is let go."""
    return Reply(how=lambda handler, reply: handler.server.let_go.wait())


def hang_in_body():
    def how(handler, reply):
        handler.wfile.write(reply.head(100) + b"{")
        handler.server.let_go.wait()

    return Reply(how=how)


def reset():
    """The connection is thrown away with an RST."""

    def how(handler, reply):
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # The handler still has a reference to the socket behind each of its files.
        handler.rfile.close()
        handler.wfile.close()
        handler.connection.close()

    return Reply(how=how)


def truncated(body):
    """An answer that says it is longer than it is, and ends."""
    return Reply(body, how=lambda handler, reply: handler.wfile.write(reply.head(len(reply.body) + 9) + reply.body))


def drip(body=b"{" + b" " * 100000):
    """A byte every 50 ms: there is always something coming."""

    def how(handler, reply):
        handler.wfile.write(reply.head(len(reply.body)))
        for byte in reply.body:
            if handler.server.let_go.wait(0.05):
                return
            handler.wfile.write(bytes([byte]))

    return Reply(body, how=how)


def raw(data):
    """Bytes instead of an answer."""
    return Reply(data, how=lambda handler, reply: handler.wfile.write(reply.body))


class Asked:
    """A request that came in."""

    def __init__(self, method, path, query, headers, body):
        self.method, self.path, self.body = method, path, body
        self.pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
        self.query = dict(self.pairs)
        self.headers = {name.lower(): value for name, value in headers}
        self.form = {}
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            self.form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        self.params = dict(self.query, **self.form)

    @property
    def authorization(self):
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        return scheme, value

    @property
    def basic(self):
        scheme, value = self.authorization
        if scheme.lower() != "basic":
            return None
        user, _, password = base64.b64decode(value).decode().partition(":")
        return urllib.parse.unquote_plus(user), urllib.parse.unquote_plus(password)

    def __repr__(self):
        return f"<{self.method} {self.path} {self.pairs} {self.headers} {self.body[:200]!r}>"


# -- the provider -----------------------------------------------------------------------------------


class Upstream:
    """One provider. What it remembers of a login is in `logins`, what it was asked in `asked`."""

    def __init__(self, server, name):
        self.server, self.name = server, name
        self.issuer = f"{server.url}/{name}"
        self.client_id = f"cardea-at-{name}"
        self.client_secret = secrets.token_urlsafe(24)
        self.asked = []
        self.logins = []
        self.behave()

    def behave(self):
        """Back to good manners."""
        self.keys = [Key()]
        self.key = self.keys[0]  # the one that signs
        self.metadata = {}
        self.jwks = {}
        self.redirect = {}
        self.header = {}
        self.claims = {}
        self.token = {}
        self.person = {"sub": f"alice-at-{self.name}", "name": "Alice", "email": f"alice@{self.name}.test",
                       "email_verified": True}
        self.userinfo = {}
        self.replies = {}  # path, as "/token", to a Reply or a function of (what was asked) that makes one
        self.finish_token = lambda token: token  # the last word on the ID token
        self.checks_pkce = True

    # What is configured at the hub.
    def settings(self, **over):
        settings = {"plugin": "oidc", "issuer": self.issuer, "client_id": self.client_id,
                    "client_secret": self.client_secret, "scopes": ["openid", "profile", "email"],
                    "email_trust": "claim"}
        return lay(settings, over)

    def oauth2_settings(self, **over):
        settings = {"plugin": "oauth2", "authorize_url": self.url("/authorize"), "token_url": self.url("/token"),
                    "userinfo_url": self.url("/userinfo"), "client_id": self.client_id,
                    "client_secret": self.client_secret, "claims": {"sub": "/sub", "name": "/name"}}
        return lay(settings, over)

    def url(self, path):
        return self.issuer + path

    def calls(self, path):
        return [asked for asked in self.asked if asked.path == path]

    @property
    def last(self):
        return self.logins[-1]

    def canaries(self):
        """What must never be in a log."""
        found = [self.client_secret]
        for login in self.logins:
            found += [login.get(name) for name in ("code", "access_token", "refresh_token", "id_token")]
        found += [asked.params.get("code_verifier") for asked in self.asked]
        return [canary for canary in found if canary and len(canary) > 16]  # tests make odd ones

    # -- answering --------------------------------------------------------------------------

    def answer(self, asked):
        self.asked.append(asked)
        reply = self.replies.get(asked.path)
        if reply is not None:
            return reply(asked) if callable(reply) else reply
        serve = {"/.well-known/openid-configuration": self.serve_metadata, "/jwks": self.serve_jwks,
                 "/authorize": self.serve_authorize, "/token": self.serve_token,
                 "/userinfo": self.serve_userinfo}.get(asked.path)
        return serve(asked) if serve is not None else Reply({"error": "not_found"}, 404)

    def serve_metadata(self, asked=None):
        document = {"issuer": self.issuer, "authorization_endpoint": self.url("/authorize"),
                    "token_endpoint": self.url("/token"), "userinfo_endpoint": self.url("/userinfo"),
                    "jwks_uri": self.url("/jwks"), "response_types_supported": ["code"],
                    "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"]}
        return Reply(lay(document, self.metadata))

    def serve_jwks(self, asked=None):
        return Reply(lay({"keys": [key.public() for key in self.keys]}, self.jwks))

    def serve_authorize(self, asked):
        """The person agrees at once."""
        login = dict(asked.params, code="code." + secrets.token_urlsafe(24))
        self.logins.append(login)
        answer = {"code": login["code"], "state": asked.params.get("state")}
        if self.metadata.get("authorization_response_iss_parameter_supported"):
            answer["iss"] = self.issuer
        answer = lay(answer, self.redirect)
        if asked.params.get("response_mode") == "form_post":
            fields = "".join(f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
                             for name, value in answer.items())
            page = f'<form method="post" action="{html.escape(asked.params["redirect_uri"])}">{fields}</form>'
            return Reply(page, content_type="text/html")
        to = asked.params["redirect_uri"] + "?" + urllib.parse.urlencode(answer)
        return Reply(status=302, headers={"Location": to})

    def authenticates(self, asked):
        given = asked.basic or (asked.params.get("client_id"), asked.params.get("client_secret"))
        return given == (self.client_id, self.client_secret)

    def serve_token(self, asked):
        login = next((each for each in self.logins if each["code"] == asked.params.get("code")), None)
        if not self.authenticates(asked):
            return Reply({"error": "invalid_client"}, 401)
        if login is None or login.get("redeemed") or asked.params.get("redirect_uri") != login["redirect_uri"]:
            return Reply({"error": "invalid_grant", "error_description": "no such code"}, 400)
        if self.checks_pkce and "code_challenge" in login:
            verifier = asked.params.get("code_verifier", "")
            if b64(hashlib.sha256(verifier.encode()).digest()) != login["code_challenge"]:
                return Reply({"error": "invalid_grant", "error_description": "wrong verifier"}, 400)
        login["redeemed"] = True
        return self.make_token_reply(login)

    def make_token_reply(self, login):
        login["access_token"] = "access." + secrets.token_urlsafe(24)
        login["refresh_token"] = "refresh." + secrets.token_urlsafe(24)
        reply = {"access_token": login["access_token"], "token_type": "Bearer", "expires_in": 3600,
                 "refresh_token": login["refresh_token"]}
        if "openid" in login.get("scope", ""):
            login["id_token"] = reply["id_token"] = self.make_id_token(login)
        return Reply(lay(reply, self.token), headers={"Cache-Control": "no-store"})

    def good_claims(self, login):
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": self.person["sub"], "aud": self.client_id, "iat": now, "exp": now + 600,
                  "nonce": login.get("nonce"), "at_hash": half_hash(login["access_token"])}
        return {name: value for name, value in claims.items() if value is not None}

    def make_id_token(self, login):
        header = lay({"alg": self.key.alg, "kid": self.key.kid}, self.header)
        claims = lay(self.good_claims(login), self.claims)
        return self.finish_token(compact(header, claims, self.key.sign))

    def serve_userinfo(self, asked):
        scheme, token = asked.authorization
        token = token or asked.params.get("access_token")
        if not token or token not in [login.get("access_token") for login in self.logins]:
            return Reply({"error": "invalid_token"}, 401)
        return Reply(lay(self.person, self.userinfo))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        path, _, query = self.path.partition("?")
        _, name, *rest = path.split("/", 2)
        asked = Asked(self.command, "/" + "".join(rest), query, self.headers.items(), body)
        upstream = self.server.upstreams.get(name)
        reply = upstream.answer(asked) if upstream is not None else Reply({}, 404)
        reply.send(self)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    """Where upstreams live. With a context (ssl.SSLContext) it speaks TLS."""

    daemon_threads = True
    request_queue_size = 2048

    def __init__(self, context=None, port=0, host="127.0.0.1"):
        super().__init__(("127.0.0.1", port), Handler)
        self.port = self.server_address[1]
        self.url = f"{'https' if context else 'http'}://{host}:{self.port}"
        self.upstreams = {}
        self.let_go = threading.Event()
        self.context = context
        self.connections = 0
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def add(self, name):
        self.upstreams[name] = Upstream(self, name)
        return self.upstreams[name]

    def get_request(self):
        connection, address = super().get_request()
        self.connections += 1
        return connection, address

    def finish_request(self, connection, address):
        # In the connection's own thread: a handshake that never ends holds nobody else up.
        if self.context is not None:
            connection = self.context.wrap_socket(connection, server_side=True)
        super().finish_request(connection, address)

    def handle_error(self, *_):
        """Clients that go away are what these tests are about."""

    def stop(self):
        self.let_go.set()
        self.shutdown()
        self.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Clock:
    """The monotonic clock of a hub, which tests can put forward: what is cached grows old in a moment.

    The time of day stays what it is, so that tokens and sessions do not.
    """

    def __init__(self):
        self.file = tempfile.NamedTemporaryFile(prefix="cardea-clock-")
        self.seconds = 0
        self.forward(0)
        library = os.path.join(BUILD, "tests", "clock_ahead.so")
        # The sanitizers would come first, and need not.
        options = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        self.environment = {"LD_PRELOAD": library, "CLOCK_AHEAD": self.file.name, "ASAN_OPTIONS": options.lstrip(":")}

    def forward(self, seconds):
        self.seconds += seconds
        self.file.seek(0)
        self.file.write(struct.pack("=q", self.seconds))
        self.file.flush()


class Trap:
    """A port that nobody should come to."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def was_visited(self):
        with contextlib.suppress(BlockingIOError):
            self.listener.accept()[0].close()
            return True
        return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


# -- a hub and its providers ------------------------------------------------------------------------


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as names:
        return [int(name) for name in names.read().split()]


class Visit:
    """A browser's way to a provider and back, stopped in front of our callback: `params` is what it brings."""

    def __init__(self, stage, up, browser=None, **query):
        self.stage, self.up, self.browser = stage, up, browser or Browser()
        self.to = self.browser.get(stage.hub.url(f"/login/{up.name}", **query))
        assert self.to.status == 303, (self.to, stage.why(self.to))
        self.asked = self.to.query
        back = self.browser.get(self.to.location)
        self.method = "GET"
        if back.location:
            self.params = urllib.parse.parse_qsl(urllib.parse.urlsplit(back.location).query, keep_blank_values=True)
        else:
            self.method = "POST"
            self.params = [(html.unescape(name), html.unescape(value)) for name, value
                           in re.findall(r'name="([^"]*)" value="([^"]*)"', back.text)]

    @property
    def state(self):
        return self.asked["state"]

    def change(self, **over):
        """The parameters with some changed; GONE takes one away."""
        return list(lay(dict(self.params), over).items())

    def back(self, params=None, method=None, browser=None, provider=None, **more):
        """Brings the answer to our callback."""
        params = self.params if params is None else params
        text = params if isinstance(params, str) else urllib.parse.urlencode(params)
        url = self.stage.hub.url(f"/callback/{provider or self.up.name}")
        browser = browser or self.browser
        method = method or self.method
        if method == "POST":
            return browser.request(url, "POST", form=text, **more)
        return browser.request(f"{url}?{text}", method, **more)


class Stage:
    """A hub with a server full of providers.

    `providers` is a list of names, or a dict of names to functions that make the provider's settings from its
    Upstream. `spare` more are there for tests that need one nobody has talked to: fresh() gives the next.
    """

    def __init__(self, providers=(), spare=0, config=None, port=0, **more):
        self.server = Server(port=port)
        self.clock = Clock()
        self.spares = [f"spare{number}" for number in range(spare)]
        makers = dict.fromkeys(list(providers) + self.spares, Upstream.settings)
        if isinstance(providers, dict):
            makers.update(providers)
        settings = {name: make(self.server.add(name)) for name, make in makers.items()}
        base = {"providers": settings, "http": {"timeout": f"{2 * SLOW}s", "connect_timeout": f"{1 * SLOW}s"}}
        self.hub = Hub(merge(base, config or {}), environment=self.clock.environment, simulate=(), start=False, **more)

    def __enter__(self):
        try:
            self.hub.start()
            self.workers = self.worker_pids()
        except BaseException:
            self.server.stop()
            raise
        return self

    def __exit__(self, kind, *more):
        try:
            if kind is None and self.hub.process.poll() is None:
                self.look_around()
        finally:
            self.server.stop()
            self.hub.canaries += self.canaries()
            self.hub.__exit__(kind, *more)

    def worker_pids(self):
        return children(self.hub.process.pid)

    def canaries(self):
        return [canary for up in self.server.upstreams.values() for canary in up.canaries()]

    def look_around(self):
        """What holds after every module: the same workers, and they answer."""
        assert self.worker_pids() == self.workers, self.hub.log()[-5000:]
        assert request(self.hub.admin + "/healthz").status == 200

    def up(self, name):
        """A provider, with its manners back."""
        self.server.upstreams[name].behave()
        return self.server.upstreams[name]

    def fresh(self):
        """A provider that the hub has not talked to: nothing of it is in a cache."""
        assert self.spares, "more spare providers are needed"
        return self.up(self.spares.pop())

    # -- logging in -------------------------------------------------------------------------

    def visit(self, up, browser=None, **query):
        return Visit(self, up, browser, **query)

    def login(self, up, browser=None):
        """A whole login; what our callback answered."""
        return self.visit(up, browser).back()

    def session(self, browser):
        answer = browser.get(self.hub.url("/session"))
        return answer.json if answer.status == 200 else None

    def why(self, answer):
        """The line of the log that says why a request failed, or None."""
        wanted = answer.header("X-Request-Id")
        for line in reversed(self.hub.events()):
            if line.get("request") == wanted and line["level"] in ("info", "warn", "error", "warning"):
                return line["message"]
        return None

    def accepted(self, up, browser=None):
        """A login that works. The session's JSON."""
        browser = browser or Browser()
        answer = self.login(up, browser)
        assert answer.status == 303 and answer.location == self.hub.issuer + "/", (answer, self.why(answer))
        session = self.session(browser)
        assert session["idp"] == up.name, session
        return session

    def refused(self, up, reason, status=502):
        """A login that does not, for a reason that the log tells and the page does not. The answer."""
        browser = Browser()
        answer = self.login(up, browser)
        self.check_refusal(answer, browser, reason, status)
        return answer

    def check_refusal(self, answer, browser, reason, status):
        why = self.why(answer)
        assert answer.status == status, (answer, why)
        assert why is not None and reason in why, why
        assert not reason or reason not in answer.text
        assert self.session(browser) is None and not browser.cookies("cardea-session")
        assert "no-store" in answer.header("Cache-Control")

