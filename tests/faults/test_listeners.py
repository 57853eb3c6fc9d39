"""What a hub listens on: unix sockets and TLS."""

import contextlib
import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
import warnings

import pytest
from hub import SLOW, free_port, wait_until
from load import Load
from processes import Hub, UnixConnection, ask, change, kill, reload, serve_briefly, serves_nothing, workers


# -- unix sockets --------------------------------------------------------------------------------


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


@contextlib.contextmanager
def hub_with_tls(**over):
    with Hub(over, start=False) as hub:
        hub.issuer = f"https://127.0.0.1:{hub.port}"
        certificate, key = make_certificate(hub.folder, "first")
        hub.config["tls"] = {"certificate": certificate, "key": key}
        hub.is_serving = lambda: tls_answers(hub, certificate)
        hub.start()
        yield hub


@pytest.fixture
def tls_hub():
    with hub_with_tls(workers=2) as hub:
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


def test_a_certificate_that_is_missing_or_not_the_keys_ends_the_start_and_is_named(tmp_path):
    first, first_key = make_certificate(tmp_path, "first")
    _, second_key = make_certificate(tmp_path, "second")
    cases = [(str(tmp_path / "nowhere.pem"), first_key, "nowhere.pem cannot be read: No such file"),
             (first, str(tmp_path / "nowhere.key"), "nowhere.key cannot be read: No such file"),
             (first, second_key, "second.key: .*key"), (first_key, first, "first.key: .*"),
             (first, None, "`?key`?")]
    with Hub(start=False) as hub:
        for certificate, key, words in cases:
            hub.config["tls"] = {"certificate": certificate, **({"key": key} if key else {})}
            hub.write_config()
            status, said = serve_briefly(hub.config_file)
            assert status == 2 and re.search(words, said), (words, said)


# -- what strangers do to a TLS listener ---------------------------------------------------------


@pytest.fixture(scope="module")
def front():
    with hub_with_tls() as hub:
        yield hub


def hello():
    """The first flight of a TLS client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


# What is sent by clients that then fall silent in the middle of their handshake.
SILENT = {"nothing": b"", "one byte": b"\x16", "half a hello": hello()[:100], "a hello": hello()}
HANDSHAKE = 10.0


@pytest.fixture(scope="module", autouse=True)
def silent(front):
    """Begun at once and looked at late, so that the other tests here need not wait for it."""
    began, sockets = time.monotonic(), {}
    for name, words in SILENT.items():
        sockets[name] = socket.create_connection(("127.0.0.1", front.port))
        sockets[name].sendall(words)
    yield began, sockets
    for each in sockets.values():
        each.close()


def drain(connection, seconds=15):
    """Reads to the end. (what was read, when it ended)"""
    said = b""
    connection.settimeout(seconds * SLOW)
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            said += piece
    return said, time.monotonic()


@pytest.mark.parametrize("words", [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x00" * 600, b"SSH-2.0-x\r\n",
                                   b"\x80\x2e\x01\x00\x02" + b"\x00" * 43, hello()[:50] + b"x" * 500],
                         ids=["plain", "zeros", "ssh", "sslv2", "garbled"])
def test_what_is_no_handshake_ends_at_once_and_gets_no_answer(front, words):
    with socket.create_connection(("127.0.0.1", front.port)) as connection:
        began = time.monotonic()
        connection.sendall(words)
        said, ended = drain(connection)
        assert ended - began < 3 * SLOW
        assert b"HTTP" not in said and (said == b"" or said[0] == 0x15), said  # an alert at most


def client(front, lowest, highest, ciphers="ALL:@SECLEVEL=0"):
    context = ssl.create_default_context(cafile=front.config["tls"]["certificate"])
    context.set_ciphers(ciphers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = lowest, highest
    return context


def handshake(front, context):
    """(version, cipher, the protocol that was chosen)"""
    with socket.create_connection(("127.0.0.1", front.port), timeout=10 * SLOW) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
            return connection.version(), connection.cipher()[0], connection.selected_alpn_protocol()


Version = ssl.TLSVersion


@pytest.mark.parametrize("version", [Version.TLSv1, Version.TLSv1_1])
def test_old_versions_are_refused(front, version):
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        handshake(front, client(front, version, version))


@pytest.mark.parametrize("ciphers", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256",
                                     "aNULL:@SECLEVEL=0"])
def test_ciphers_without_forward_secrecy_or_authentication_of_what_is_sent_are_refused(front, ciphers):
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        handshake(front, client(front, Version.TLSv1_2, Version.TLSv1_2, ciphers))


def test_tls_1_2_and_1_3_are_spoken_for_http_1_1_and_nothing_else(front):
    version, cipher, _ = handshake(front, client(front, Version.TLSv1_2, Version.TLSv1_2))
    assert version == "TLSv1.2" and cipher.startswith("ECDHE-ECDSA-") and "GCM" in cipher
    context = client(front, Version.TLSv1_2, Version.TLSv1_3)
    context.set_alpn_protocols(["h2", "http/1.1"])
    version, _, protocol = handshake(front, context)
    assert version == "TLSv1.3" and protocol == "http/1.1"
    context.set_alpn_protocols(["h2", "imap"])
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        handshake(front, context)


def test_answers_over_tls_pin_browsers_to_it(front):
    connection = TlsConnection(front.port, front.config["tls"]["certificate"])
    connection.request("GET", "/login/nowhere")
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 404 and answer.getheader("Strict-Transport-Security") == "max-age=31536000"


def test_two_hundred_unfinished_handshakes_hold_up_nobody(front):
    with contextlib.ExitStack() as stack:
        for number in range(200):
            each = stack.enter_context(socket.create_connection(("127.0.0.1", front.port)))
            each.sendall(list(SILENT.values())[number % len(SILENT)])
        began = time.monotonic()
        assert tls_answers(front, front.config["tls"]["certificate"])
        assert time.monotonic() - began < 2 * SLOW


def test_a_handshake_has_ten_seconds(front, silent):
    began, sockets = silent
    looked = time.monotonic()
    for name, connection in sockets.items():
        if time.monotonic() - began < HANDSHAKE - 1.5:
            connection.settimeout(0.05)
            with contextlib.suppress(socket.timeout):
                while connection.recv(65536):
                    assert name == "a hello", f"{name} was answered"
                raise AssertionError(f"{name}: closed too early")
        ended = drain(connection)[1]
        assert ended - max(looked, began + HANDSHAKE) < 3 * SLOW
    assert tls_answers(front, front.config["tls"]["certificate"])
