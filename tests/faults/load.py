"""Load on a hub while something happens to it: every request is judged, and none may fail.

    with Load(hub) as load:
        ...
    load.assert_nothing_failed()
"""

import http.client
import threading
import time
import urllib.parse

from hub import SLOW, wait_until


class Load:
    """Threads that ask again and again. `fresh` of them open a connection for each request, `kept` keep theirs."""

    def __init__(self, hub, kept=3, fresh=2, connect=None, timeout=15, pause=0.0):
        self.hub, self.pause = hub, pause
        self.connect = connect or (
            lambda: http.client.HTTPConnection("127.0.0.1", hub.port, timeout=timeout * SLOW))
        self.token_headers = dict(hub.basic("app"), **{"Content-Type": "application/x-www-form-urlencoded"})
        self.failures, self.answered, self.slowest = [], 0, 0.0
        self.tokens = []
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(i < kept,), daemon=True)
                        for i in range(kept + fresh)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def requests(self):
        """One after the other: keys, a token, nobody's session."""
        form = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": "read"})
        while True:
            yield ("GET", "/oauth2/jwks", None, {}), 200
            yield ("POST", "/oauth2/token", form, self.token_headers), 200
            yield ("GET", "/session", None, {}), 401

    def run(self, keep):
        connection = None
        for (method, path, body, headers), wanted in self.requests():
            if self.ended.is_set():
                break
            began = time.monotonic()
            try:
                connection = connection or self.connect()
                connection.request(method, path, body=body, headers=headers)
                response = connection.getresponse()
                text = response.read()
                self.note(method, path, response.status == wanted, (response.status, text[:200]), began)
                if path == "/oauth2/token" and response.status == 200:
                    self.tokens.append(text)
                if response.will_close or not keep:
                    connection.close()
                    connection = None
            except (OSError, http.client.HTTPException) as error:
                self.note(method, path, False, repr(error), began)
                connection = None
            time.sleep(self.pause)
        if connection is not None:
            connection.close()

    def note(self, method, path, good, what, began):
        took = time.monotonic() - began
        with self.lock:
            self.answered += good
            self.slowest = max(self.slowest, took)
            if not good:
                self.failures.append(f"{method} {path} after {took:.3f} s: {what}")

    def wait_for(self, count):
        """Until so many more requests were answered."""
        target = self.answered + count
        wait_until(lambda: self.answered >= target or self.failures, 30)

    def assert_nothing_failed(self):
        assert not self.failures, f"{len(self.failures)} of {self.answered}: {self.failures[:5]}"
        assert self.answered > 0
