"""A provider of one's own: a server on loopback that answers as a test wants it to.

    with FakeProvider() as fake:
        with Hub({"providers": {"fake": fake.configuration()}}) as hub:
            fake.delay["/token"] = 2.0
"""

import http.server
import json
import threading
import time
import urllib.parse

from hub import Browser


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        """Clients are killed on purpose here."""


class FakeProvider:
    def __init__(self):
        self.answers = {
            "/token": {"access_token": "upstream token", "token_type": "bearer"},
            "/userinfo": {"id": 7, "name": "A person"},
        }
        self.delay = {}
        self.paths = []
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.answer()

            def do_POST(self):
                self.answer()

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                self.rfile.read(length)
                path = urllib.parse.urlsplit(self.path).path
                fake.paths.append(path)
                time.sleep(fake.delay.get(path, 0))
                body = json.dumps(fake.answers.get(path, {})).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def configuration(self, plugin="oauth2", **over):
        """What stands under `providers:` for a provider that is this one."""
        provider = {
            "plugin": plugin,
            "client_id": "app",
            "client_secret": "hush",
            "authorize_url": self.url + "/authorize",
            "token_url": self.url + "/token",
            "userinfo_url": self.url + "/userinfo",
        }
        if plugin == "oauth2":
            provider["claims"] = {"sub": "/id", "name": "/name"}
        return dict(provider, **over)


def begin(hub, provider="fake", browser=None):
    """A login up to the provider. (the browser, the address at which it comes back)"""
    browser = browser or Browser()
    away = browser.get(hub.url(f"/login/{provider}"))
    assert away.status == 303, (away, hub.log()[-2000:])
    return browser, hub.url(f"/callback/{provider}", code="c0de", state=away.query["state"])


def log_in(hub, provider="fake", browser=None):
    """A whole login. (the answer of our callback, the browser)"""
    browser, back = begin(hub, provider, browser)
    return browser.get(back), browser
