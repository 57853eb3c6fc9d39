"""What a hub listens on: unix sockets and TLS."""

import http.client
import os
import shutil
import socket
import ssl
import subprocess
import time

import pytest
from hub import SLOW, free_port, wait_until
from load import Load
from processes import Hub, ask, change, kill, reload, serve_briefly, serves_nothing, workers


# -- unix sockets --------------------------------------------------------------------------------


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=15 * SLOW)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def test_a_unix_socket_is_listened_on_and_kept_over_reloads():
    with Hub({"workers": 2}, start=False) as hub:
        path = os.path.join(hub.folder, "listen.sock")
        hub.config["listen"] = [f"127.0.0.1:{hub.port}", f"unix:{path}"]
        hub.start()
        with Load(hub, connect=lambda: UnixConnection(path)) as load:
            for _ in range(3):
                load.wait_for(10)
                assert reload(hub) == (0, "")
            load.wait_for(10)
        load.assert_nothing_failed()
        change(hub, workers=2)
        assert reload(hub) == (0, "")
        wait_until(lambda: not os.path.exists(path), 2)


def test_a_unix_socket_that_a_killed_hub_left_behind_is_taken_over_and_a_living_one_is_not():
    with Hub(start=False) as hub:
        path = os.path.join(hub.folder, "listen.sock")
        hub.config["listen"] = [f"127.0.0.1:{hub.port}", f"unix:{path}"]
        hub.start()
        other = os.path.join(hub.folder, "other.yaml")
        with open(hub.config_file) as original, open(other, "w") as copy:
            copy.write(original.read().replace(f"127.0.0.1:{hub.port}\"", f"127.0.0.1:{free_port()}\""))
        status, said = serve_briefly(other)
        assert status == 2 and f"cannot listen on unix:{path}: Address already in use" in said
        kill(hub.process.pid)
        hub.process.wait()
        wait_until(lambda: serves_nothing(hub.port), 2)
        assert os.path.exists(path)
        hub.serve()
        assert ask(UnixConnection(path)) == 200


def test_a_hub_takes_its_unix_socket_away_when_it_ends():
    with Hub(start=False) as hub:
        path = os.path.join(hub.folder, "listen.sock")
        hub.config["listen"] = [f"127.0.0.1:{hub.port}", f"unix:{path}"]
        hub.start()
        assert ask(UnixConnection(path)) == 200
        hub.stop()
        assert not os.path.exists(path)


# -- TLS -----------------------------------------------------------------------------------------


def make_certificate(folder, name):
    """A self-signed certificate for 127.0.0.1. (its file, its key's file)"""
    certificate, key = (os.path.join(folder, f"{name}.{end}") for end in ("pem", "key"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    os.chmod(key, 0o600)
    return certificate, key


class TlsConnection(http.client.HTTPSConnection):
    def __init__(self, port, certificate):
        super().__init__("127.0.0.1", port, timeout=15 * SLOW,
                         context=ssl.create_default_context(cafile=certificate))


@pytest.fixture
def tls_hub():
    with Hub({"workers": 2}, start=False) as hub:
        plain = hub.port
        hub.port = free_port()
        hub.issuer = f"https://127.0.0.1:{hub.port}"
        certificate, key = make_certificate(hub.folder, "first")
        hub.config["listen"] = [f"127.0.0.1:{hub.port}"]
        hub.config["tls"] = {"certificate": certificate, "key": key}
        hub.is_serving = lambda: tls_answers(hub, certificate)
        assert plain != hub.port
        hub.start()
        yield hub


def tls_answers(hub, certificate):
    assert hub.process.poll() is None, hub.log()
    try:
        return ask(TlsConnection(hub.port, certificate)) == 200
    except (ConnectionError, ssl.SSLError):
        return False


def test_a_tls_listener_takes_a_new_certificate_at_a_reload_without_losing_a_request(tls_hub):
    first = tls_hub.config["tls"]["certificate"]
    second, second_key = make_certificate(tls_hub.folder, "second")
    both = os.path.join(tls_hub.folder, "both.pem")
    with open(both, "w") as file:
        file.write(open(first).read() + open(second).read())
    with Load(tls_hub, kept=2, fresh=2, connect=lambda: TlsConnection(tls_hub.port, both), pause=0.01) as load:
        load.wait_for(10)
        # The files change in place, as certificate clients do it.
        os.replace(second_key, tls_hub.config["tls"]["key"])
        shutil.copy(second, first)
        assert reload(tls_hub) == (0, "")
        assert ask(TlsConnection(tls_hub.port, second)) == 200
        load.wait_for(10)
    load.assert_nothing_failed()


def test_a_broken_certificate_leaves_the_old_generation_serving_even_when_a_worker_dies(tls_hub):
    certificate, key = (tls_hub.config["tls"][name] for name in ("certificate", "key"))
    good = os.path.join(tls_hub.folder, "good.pem")
    shutil.copy(certificate, good)
    with open(certificate, "w") as file:
        file.write("this was a certificate\n")
    status, said = reload(tls_hub)
    assert status == 1 and certificate in said, said
    assert ask(TlsConnection(tls_hub.port, good)) == 200
    assert any(certificate in line["message"] for line in tls_hub.events() if line["level"] == "error")
    # The certificate is part of the generation's configuration: a worker that is started again has it.
    time.sleep(1.1)
    for worker in workers(tls_hub):
        kill(worker)
    wait_until(lambda: len(workers(tls_hub)) == 2)
    for _ in range(12):
        assert ask(TlsConnection(tls_hub.port, good)) == 200
    # A key that is not the certificate's is no better.
    other, other_key = make_certificate(tls_hub.folder, "other")
    shutil.copy(good, certificate)
    shutil.copy(other_key, key)
    status, said = reload(tls_hub)
    assert status == 1 and "key" in said, said
    assert ask(TlsConnection(tls_hub.port, good)) == 200
