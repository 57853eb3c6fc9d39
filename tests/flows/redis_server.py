"""A Redis of one's own for a test: on a unix socket and a free port, in its own folder, keeping nothing."""

import contextlib
import os
import shutil
import subprocess
import tempfile

from hub import free_port, wait_until

REDIS = shutil.which("redis-server")


class Redis:
    """A running redis-server. Use as a context manager."""

    def __init__(self, *options):
        self.options = list(options)
        self.folder = tempfile.mkdtemp(prefix="cardea-redis-")
        self.port = free_port()
        self.path = os.path.join(self.folder, "redis.sock")

    def __enter__(self):
        self.start()
        return self

    def start(self):
        """Also once more, after kill(): at the same port, with nothing in it."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        with open(os.path.join(self.folder, "log"), "w") as log:
            self.process = subprocess.Popen(
                [REDIS, "--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", self.path, "--save", "",
                 "--appendonly", "no", "--dir", self.folder, *self.options], stdout=log, stderr=log)
        wait_until(lambda: os.path.exists(self.path), 10)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *words):
        """What redis-cli prints for a command."""
        done = subprocess.run(["redis-cli", "-s", self.path, *words], capture_output=True, timeout=20, check=True)
        return done.stdout
