"""The HTTP front as strangers meet it: groups R and W of the attack catalogue, through the running hub.

What is refused must also end the connection: bytes behind it are never taken for another request.
"""

import base64
import contextlib
import json
import socket
import threading
import time

import pytest
from hub import SANITIZED, SLOW, Browser, Hub, request, wait_until
from watch import cpu_seconds, is_page, read_all, resident_kib, statuses, talk, tcp_sockets, timed, watched

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(scope="module")
def hub():
    with Hub({"workers": 2}) as hub, watched(hub):
        yield hub


@pytest.fixture(autouse=True)
def all_is_well(hub):
    yield
    hub.watch.check()


def post(*lines, body=b"", path=b"/oauth2/token"):
    """A POST with those header lines, and behind it a request that must never be seen as one."""
    head = b"POST " + path + b" HTTP/1.1\r\nHost: a\r\n" + b"".join(line + b"\r\n" for line in lines)
    return head + b"\r\n" + body + SMUGGLED


def is_refused(hub, data, expected=(400,)):
    """One answer, of that status, and then the connection is closed."""
    said, seconds = timed(lambda: talk(hub, data))
    assert len(statuses(said)) == 1 and statuses(said)[0] in expected, said[:600]
    assert b"\r\nConnection: close\r\n" in said and b"\r\nCache-Control: no-store\r\n" in said, said[:600]
    assert seconds < 5 * SLOW
    return said


# -- framing ------------------------------------------------------------------------------------

FRAMING = {
    "R01 two lengths": post(b"Content-Length: 0", b"Content-Length: 5"),
    "R01 two equal lengths": post(b"Content-Length: 0", b"Content-Length: 0"),
    "R01 a list of lengths": post(b"Content-Length: 0, 0"),
    "R01 length and coding": post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "R01 coding and length": post(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"),
    "R01 two codings": post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "R01 length with plus": post(b"Content-Length: +5"),
    "R01 negative length": post(b"Content-Length: -1"),
    "R01 hexadecimal length": post(b"Content-Length: 0x5"),
    "R01 empty length": post(b"Content-Length: "),
    "R01 length with a zero in front": post(b"Content-Length: 05"),
    "R03 space before the colon": post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
    "R03 tab before the coding": post(b"Transfer-Encoding:\tchunked", body=b"0\r\n\r\n"),
    "R03 space behind the coding": post(b"Transfer-Encoding: chunked ", body=b"0\r\n\r\n"),
    "R03 chunked in HTTP/1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
}
FRAMING.update({f"R04 chunk size {size!r}": post(b"Transfer-Encoding: chunked", body=size + b"\r\nhello\r\n0\r\n\r\n")
                for size in (b"0x5", b"+5", b" 5", b"5 junk", b"5 ", b"-5", b"", b"g", b"5;a=b\x00", b"5\n", b"\xff5")})
FRAMING.update({
    "R04 no CRLF behind a chunk": post(b"Transfer-Encoding: chunked", body=b"5\r\nhello0\r\n\r\n"),
    "R04 LF behind a chunk": post(b"Transfer-Encoding: chunked", body=b"5\r\nhello\n0\r\n\r\n"),
    "R04 bare LF behind the size": post(b"Transfer-Encoding: chunked", body=b"5\nhello\r\n0\r\n\r\n"),
    "R04 a chunk that is too short": post(b"Transfer-Encoding: chunked", body=b"6\r\nhello\r\n0\r\n\r\n"),
    "R06 bare LF": b"GET /login HTTP/1.1\nHost: a\n\n" + SMUGGLED,
    "R06 one bare LF": b"GET /login HTTP/1.1\r\nHost: a\nX: b\r\n\r\n" + SMUGGLED,
    "R06 bare CR": b"GET /login HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n" + SMUGGLED,
    "R06 folded line": b"GET /login HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n" + SMUGGLED,
    "R06 folded first line": b"GET /login HTTP/1.1\r\n Host: a\r\n\r\n" + SMUGGLED,
    "R06 NUL in a value": b"GET /login HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n" + SMUGGLED,
    "R06 NUL in a name": b"GET /login HTTP/1.1\r\nHost: a\r\nX\0: a\r\n\r\n" + SMUGGLED,
    "R06 empty name": b"GET /login HTTP/1.1\r\nHost: a\r\n: a\r\n\r\n" + SMUGGLED,
    "R06 no colon": b"GET /login HTTP/1.1\r\nHost: a\r\nX\r\n\r\n" + SMUGGLED,
    "R06 space before the colon": b"GET /login HTTP/1.1\r\nHost : a\r\n\r\n" + SMUGGLED,
    "R06 tab in a name": b"GET /login HTTP/1.1\r\nHost: a\r\nX\tY: a\r\n\r\n" + SMUGGLED,
    "R06 escape in a value": b"GET /login HTTP/1.1\r\nHost: a\r\nX: a\x1bb\r\n\r\n" + SMUGGLED,
    "R06 two spaces": b"GET  /login HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED,
    "R06 tab for a space": b"GET\t/login HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED,
    "R06 space at the end": b"GET /login HTTP/1.1 \r\nHost: a\r\n\r\n" + SMUGGLED,
    "R07 no host": b"GET /login HTTP/1.1\r\n\r\n" + SMUGGLED,
    "R07 two hosts": b"GET /login HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n" + SMUGGLED,
    "R07 absolute form": b"GET http://evil.test/login HTTP/1.1\r\nHost: evil.test\r\n\r\n" + SMUGGLED,
    "R07 authority form": b"CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n" + SMUGGLED,
    "R11 no version": b"GET /login\r\n\r\n" + SMUGGLED,
    "R11 long method": b"G" * 5000 + b" / HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED,
    "R11 megabyte of a method": b"G" * 1000000,
    "R11 large minor": b"GET / HTTP/1.4294967297\r\nHost: a\r\n\r\n" + SMUGGLED,
    "R17 PROXY header": b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + SMUGGLED,
    "R17 PROXY header 2": b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + b"\x7f\0\0\1" * 3 + SMUGGLED,
    "TLS hello": b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + b"x" * 500,
    "nothing but NUL": b"\0" * 1000 + b"\r\n\r\n",
    "NUL in the target": b"GET /lo\0gin HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED,
    "a byte of no character in the target": b"GET /lo\xffgin HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED,
    "fragment in the target": b"GET /login#x HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED,
})
FRAMING.update({f"R07 host {host!r}": b"GET /login HTTP/1.1\r\nHost: " + host + b"\r\n\r\n" + SMUGGLED
                for host in (b"u@a", b"a/b", b"a b", b"", b"a:b", b"a:99999", b"[::1", b"a,b", b"a?b", b"[x]",
                             b"a\\b", b"\xff")})


@pytest.mark.parametrize("name", FRAMING)
def test_what_two_readers_could_read_differently_is_refused(hub, name):
    """R01, R04, R06, R07, R11, R17"""
    is_refused(hub, FRAMING[name])


@pytest.mark.parametrize("coding",
                         [b"xchunked", b"gzip, chunked", b"chunked, identity", b"identity", b"gzip", b"chunked;q=1",
                          b"chunked,", b"\"chunked\"", b"deflate"])
def test_an_unknown_coding_is_refused(hub, coding):
    """R03"""
    is_refused(hub, post(b"Transfer-Encoding: " + coding, body=b"0\r\n\r\n"), (400, 501))


@pytest.mark.parametrize("version, status",
                         [(b"HTTP/0.9", 505), (b"HTTP/1.2", 505), (b"HTTP/2.0", 505), (b"HTTP/9.9", 505),
                          (b"http/1.1", 400), (b"HTTP/1.1x", 400), (b"HTTPS/1.1", 400), (b"1.1", 400)])
def test_another_version_is_refused(hub, version, status):
    """R11"""
    is_refused(hub, b"GET /login " + version + b"\r\nHost: a\r\n\r\n" + SMUGGLED, (status,))


def test_http_2_is_not_spoken(hub):
    """R11: neither by its preface nor by an upgrade"""
    is_refused(hub, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505))
    said = talk(hub, b"GET /login HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n"
                     b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
    assert statuses(said) == [200] and b"Upgrade" not in said


def test_a_method_is_told_by_its_case(hub):
    """R11: a lower-case one is another method, and nobody's"""
    said = talk(hub, b"get /login HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert statuses(said) == [405], said


def test_chunked_bodies_are_read(hub):
    """R04: so that the refusals above mean something; extensions and trailers are skipped"""
    basic = hub.basic("app")["Authorization"].encode()
    body = b"10\r\ngrant_type=clien\r\n00e;ext=\"a;b\"\r\nt_credentials&\r\n0\r\nTrailer: x\r\n\r\n"
    said = talk(hub, b"POST /oauth2/token HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: " + basic +
                b"\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    assert statuses(said) == [200] and b"access_token" in said, said


# -- limits -------------------------------------------------------------------------------------


def test_what_is_too_long_is_refused_early(hub):
    """R08: head, headers, target, body with a length and in chunks; and memory stays flat"""
    before = {pid: resident_kib(pid) for pid in hub.watch.workers}
    for _ in range(5):
        is_refused(hub, b"GET /login HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 17000 + b"\r\n\r\n", (431,))
        is_refused(hub, b"GET /login HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 3000000, (431,))
        is_refused(hub, b"GET /login HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 101 + b"\r\n", (431,))
        is_refused(hub, b"GET /login HTTP/1.1\r\nHost: a\r\n" + b"X:\r\n" * 50000 + b"\r\n", (431,))
        is_refused(hub, b"GET /" + b"x" * 8193 + b" HTTP/1.1\r\nHost: a\r\n\r\n", (414,))
        is_refused(hub, b"GET /" + b"x" * 3000000, (414,))
        is_refused(hub, post(b"Content-Length: 65537"), (413,))
        is_refused(hub, post(b"Content-Length: 18446744073709551616"), (400, 413))
        is_refused(hub,
                   post(b"Transfer-Encoding: chunked", body=b"ffff\r\n" + b"x" * 65535 + b"\r\n2\r\nxx\r\n"), (413,))
        is_refused(hub, post(b"Transfer-Encoding: chunked", body=b"ffffffff\r\n"), (413,))
        is_refused(hub, post(b"Transfer-Encoding: chunked", body=b"10000000000000005\r\nhello\r\n"), (400, 413))
        is_refused(hub, post(b"Transfer-Encoding: chunked", body=b"1;" + b"x" * 100000), (400, 413, 431))
        is_refused(hub, post(b"Transfer-Encoding: chunked", body=b"0\r\n" + b"X: y\r\n" * 20000), (400, 413, 431))
    if not SANITIZED:
        assert all(resident_kib(pid) - before[pid] < 4096 for pid in before)


def test_nobody_is_asked_to_go_on_with_too_much(hub):
    """R08: Expect"""
    for length in (b"65537", b"99999999999", b"99999999999999999999999"):
        head = b"POST /oauth2/token HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: " + length
        said = is_refused(hub, head + b"\r\n\r\n", (400, 413))
        assert b"100 Continue" not in said
    is_refused(hub, post(b"Expect: 200-ok", b"Content-Length: 1"), (417,))
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10 * SLOW) as connection:
        connection.sendall(b"POST /oauth2/token HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\n"
                           b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"a=b")
        assert statuses(read_all(connection)) == [401]


def test_packed_bodies_are_not_unpacked(hub):
    """W07"""
    for coding in (b"gzip", b"deflate", b"br", b"identity"):
        is_refused(hub, post(b"Content-Encoding: " + coding, b"Content-Length: 3", body=b"a=b"), (415,))


def test_deep_and_wide_tokens_are_refused_before_anything_is_built(hub):
    """W01, W02: JSON nested a thousand times and keys without end, in what looks like a signed token"""
    def part(text):
        return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()

    deep = '{"alg":"ES256","x":' + "[" * 11000 + "]" * 11000 + "}"
    wide = '{"alg":"ES256",' + ",".join(f'"k{number}":0' for number in range(3500)) + "}"
    twice = '{"alg":"none","alg":"ES256"}'
    for header in (deep, wide, twice, "[" * 20000, '{"alg":"ES256"', "\0", '{"alg":5}', '{"alg":null}'):
        token = part(header) + "." + part("{}") + "." + "A" * 86
        before = sum(cpu_seconds(pid) for pid in hub.watch.workers)
        for path, form in (("/oauth2/userinfo", {"access_token": token}),
                           ("/oauth2/authorize", dict(hub.authorize_query(), prompt="none", id_token_hint=token))):
            answer = hub.post(path, form)
            assert answer.status in (303, 401), answer
        answer = hub.post("/oauth2/introspect", {"token": token}, headers=hub.basic("app"))
        assert answer.json == {"active": False}
        assert sum(cpu_seconds(pid) for pid in hub.watch.workers) - before < 0.2 * SLOW


def test_a_token_of_megabytes_is_refused_by_its_length(hub):
    """W03"""
    token = b"eyJhbGciOiJFUzI1NiJ9." + b"A" * 5000000 + b".AAAA"
    is_refused(hub, b"GET /oauth2/userinfo HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + token + b"\r\n\r\n", (431,))
    is_refused(hub, post(b"Content-Type: application/x-www-form-urlencoded", b"Content-Length: %d" % (len(token) + 13),
                         body=b"access_token=" + token), (413,))
    is_refused(hub, b"GET /oauth2/authorize?id_token_hint=" + token + b" HTTP/1.1\r\nHost: a\r\n\r\n", (414,))
    token = token[:60000].decode()
    answer, seconds = timed(lambda: hub.post("/oauth2/userinfo", {"access_token": token}))
    assert answer.status == 401 and seconds < 0.5 * SLOW


# -- time ---------------------------------------------------------------------------------------


def drip(connections, byte, stop):
    """Sends a byte to each of them now and then."""
    while not stop.wait(1.0):
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.sendall(byte)


def test_slow_clients_are_let_go_and_harm_nobody(hub):
    """R09: heads and bodies byte by byte, answers that nobody reads; each is over within fifteen seconds"""
    count = 150
    heads = [b"GET /login HTTP/1.1\r\nHost: a\r\nX: ", b"x"]
    bodies = [b"POST /oauth2/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
              b"Content-Length: 60000\r\n\r\n", b"x"]
    chunks = [b"POST /oauth2/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"]
    everybody, stop, threads = [], threading.Event(), []
    began = time.monotonic()
    for first, byte in (heads, bodies, chunks):
        connections = [socket.create_connection(("127.0.0.1", hub.port)) for _ in range(count)]
        for connection in connections:
            connection.setblocking(False)
            connection.send(first)
        thread = threading.Thread(target=drip, args=(connections, byte, stop))
        thread.start()
        threads.append(thread)
        everybody += connections
    deaf = []
    for _ in range(20):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.connect(("127.0.0.1", hub.port))
        connection.setblocking(False)
        with contextlib.suppress(OSError):
            connection.send(b"GET /static/style.css HTTP/1.1\r\nHost: a\r\n\r\n" * 2000)
        deaf.append(connection)
    waiting, times, closed = list(everybody), [], []
    try:
        while waiting and time.monotonic() - began < 25 * SLOW:
            times.append(timed(lambda: hub.get("/login"))[1])
            still = []
            for connection in waiting:
                try:
                    done = connection.recv(4096) == b""
                except BlockingIOError:
                    done = False
                except OSError:
                    done = True
                (closed if done else still).append(connection)
            waiting = still
            time.sleep(0.1)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    took = time.monotonic() - began
    assert not waiting and 13 < took < 20 * SLOW, (len(waiting), took)
    times.sort()
    assert times[len(times) * 99 // 100] < 0.25 * SLOW, times[-5:]
    # Those who never read are gone as well: what they are sent now comes back as a reset.
    wait_until(lambda: all(is_gone(hub, connection) for connection in deaf), 20)
    for connection in everybody + deaf:
        connection.close()


def is_gone(hub, connection):
    """Has the hub let go of its end?"""
    port = connection.getsockname()[1]
    return not any((local, remote) == (hub.port, port) and inode != "0" for local, remote, inode in tcp_sockets())


def test_whoever_goes_away_leaves_nothing_behind(hub):
    """R17: resets in the middle of a head and of a body, half closed connections, silent ones; files are counted"""
    for data in (b"GET /lo", b"POST /oauth2/token HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc", b"",
                 b"POST /oauth2/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"):
        for _ in range(100):
            connection = socket.create_connection(("127.0.0.1", hub.port))
            connection.sendall(data)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", hub.port), timeout=10 * SLOW) as connection:
            connection.sendall(b"GET /login HTTP/1.1\r\nHost: a\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            assert statuses(read_all(connection)) in ([200], [])
    silent = [socket.create_connection(("127.0.0.1", hub.port)) for _ in range(400)]
    assert hub.get("/login").status == 200
    for connection in silent:
        connection.close()


def test_an_idle_connection_is_closed_at_its_time():
    """R10, R17"""
    with Hub({"limits": {"idle": "1s"}}) as hub:
        with socket.create_connection(("127.0.0.1", hub.port), timeout=10 * SLOW) as connection:
            said, seconds = timed(lambda: read_all(connection))
            assert said == b"" and seconds < 3 * SLOW
        with socket.create_connection(("127.0.0.1", hub.port), timeout=10 * SLOW) as connection:
            connection.sendall(b"GET /oauth2/jwks HTTP/1.1\r\nHost: a\r\n\r\n")
            said, seconds = timed(lambda: read_all(connection))
            assert statuses(said) == [200] and seconds < 3 * SLOW


def test_connections_beyond_the_limit_are_told_so():
    """R17"""
    with Hub({"limits": {"connections": 20}}) as hub:
        held = [socket.create_connection(("127.0.0.1", hub.port), timeout=10 * SLOW) for _ in range(60)]
        one_more = b"GET /oauth2/jwks HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        wait_until(lambda: statuses(talk(hub, one_more)) == [503], 5)
        for connection in held:
            connection.close()
        wait_until(lambda: hub.get("/oauth2/jwks").status == 200, 5)
        assert request(hub.admin + "/healthz").status == 200


def test_ten_thousand_requests_on_one_connection_are_answered_in_turn(hub):
    """R10: pipelined, and others are served meanwhile"""
    count = 10000
    answered = bytearray()
    with socket.create_connection(("127.0.0.1", hub.port), timeout=60 * SLOW) as connection:
        one = b"GET /session HTTP/1.1\r\nHost: a\r\n\r\n"
        writer = threading.Thread(target=send_quietly, args=(connection, one * (count + 50)))
        writer.start()
        times = []
        while True:
            piece = connection.recv(1 << 20)
            if not piece:
                break
            answered += piece
            if len(times) < 50:
                times.append(timed(lambda: hub.get("/login"))[1])
        writer.join()
    assert answered.count(b"HTTP/1.1 401 ") == count and answered.count(b"HTTP/1.1 ") == count
    assert sorted(times)[len(times) // 2] < 0.1 * SLOW


def send_quietly(connection, data):
    with contextlib.suppress(OSError):
        connection.sendall(data)


# -- paths and parameters -----------------------------------------------------------------------


@pytest.mark.parametrize("path",
                         ["//oauth2/authorize", "/./oauth2/authorize", "/x/../oauth2/authorize", "/oauth2//authorize",
                          "/oauth2/authorize/", "/oauth2/authorize%2f", "/oauth2%2fauthorize", "/oauth2/authorize;x",
                          "/oauth2/authorize%00", "/oauth2/authorize%0a", "/oauth2/authorize%20", "/OAUTH2/AUTHORIZE",
                          "/oauth2/%2e/authorize", "/oauth2/%2e%2e/oauth2/authorize", "/oauth2/%2561uthorize",
                          "/oauth2\\authorize", "/oauth2/authorize%", "/oauth2/authorize%zz", "/oauth2/authorize.json",
                          "/static/../oauth2/authorize", "/static/..%2fcardea.yaml", "/static/%2e%2e/x",
                          "/static/....//x", "/static/", "/static/..", "/static/style.css/",
                          "/static/style.css%00.png", "/static/\u00c3\u00a4", "/marks/github/x",
                          "/login/github/x", "/login/", "/callback/", "/.well-known/openid-configuration/",
                          "/.git/config", "/cardea.db", "/etc/passwd", "/static/style%252ecss", "/login/%67ithub%2f"])
def test_a_path_is_one_route_or_none(hub, path):
    """R12, R13: decoded once, matched exactly"""
    raw = path.encode("latin-1")
    said = talk(hub, b"GET " + raw + b"?client_id=app HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert statuses(said)[0] in (400, 404) and b"Location:" not in said, said[:300]


def test_a_path_decoded_once_is_found(hub):
    """R12: so that the refusals above mean something"""
    for path in ("/oauth2/%6awks", "/%6fauth2/jwks", "/.well-known/openid%2dconfiguration", "/login/%67ithub"):
        said = talk(hub, f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        assert statuses(said)[0] in (200, 303), (path, said)


@pytest.mark.parametrize("query, status", [("?&&ticket=1", 400), ("?a", 200), ("?=", 200), ("?a=%zz", 400), ("?%", 400),
                                           ("?a=1;ticket=1", 200), ("?" + "&".join(f"a{n}=" for n in range(1000)), 400),
                                           ("?ticket=1&", 400), ("?", 200), ("??", 200), ("?a=b=c", 200),
                                           ("?\"<>", 200)])
def test_a_query_is_read_strictly(hub, query, status):
    """R14: empty pieces are skipped, and what stands behind them is read all the same"""
    answer = hub.get("/login" + query)
    assert answer.status == status, answer


def test_nothing_reflected_makes_a_header(hub):
    """R16: CR, LF and NUL through everything that ends in a Location, a cookie or a challenge"""
    person = hub.login()
    plain = person.get(hub.url("/oauth2/authorize", **hub.authorize_query()))
    for bad in ("%0d%0aSet-Cookie:%20x=y", "%0aX:y", "%0dX:y", "%00", "%e5%98%8a%e5%98%8dX:y", "%c4%8d%c4%8aX:y"):
        for target in (f"/oauth2/authorize?client_id=app&redirect_uri={bad}",
                       f"/login/github?return_to=/{bad}", f"/login/{bad}", f"/login?ui_locales={bad}",
                       f"/oauth2/userinfo?access_token={bad}", f"/callback/github?state={bad}"):
            said = talk(hub, b"GET " + target.encode() + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            head = said.partition(b"\r\n\r\n")[0]
            assert b"\r\nSet-Cookie: x=y" not in head and b"\r\nX:y" not in head and b"\nX:y" not in head, head
        query = dict(hub.authorize_query(), idp_hint="hint", ui_locales="locales")
        url = hub.url("/oauth2/authorize", **query).replace("hint", bad).replace("locales", bad)
        for browser in (person, Browser()):
            answer = browser.get(url)
            usual = {name for name, _ in plain.headers} | {"Set-Cookie", "Content-Type", "Content-Security-Policy"}
            assert {name for name, _ in answer.headers} <= usual


# -- who is asking ------------------------------------------------------------------------------


def throttled_peer(hub, lines):
    """Which address the hub takes for the client: told in the log when it is refused as one too many."""
    head = "".join(f"{line}\r\n" for line in lines)
    data = f"GET /login/github HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{head}\r\n".encode()
    for _ in range(3):
        if statuses(talk(hub, data)) == [429]:
            return [line for line in hub.events()
                    if "too many logins from" in line["message"]][-1]["message"].rsplit(" ")[-1]
    raise AssertionError("nobody is slowed down")


STRANGE = [["X-Forwarded-For: 192.0.2.1"], ["X_Forwarded_For: 192.0.2.1"], ["Forwarded: for=192.0.2.1"],
           ["X-Real-IP: 192.0.2.1"], ["X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 192.0.2.2"],
           ["X-Forwarded-For: localhost"], ["True-Client-IP: 192.0.2.1"],
           ["X-Forwarded-For: " + "1.1.1.1, " * 1000], ["X-Real-IP: some.host.test"], ["CF-Connecting-IP: 192.0.2.1"]]


@pytest.fixture(scope="module")
def strict():
    """A hub that lets an address begin one login in an hour."""
    with Hub({"limits": {"per_address": {"logins": "1/h"}}}) as hub:
        yield hub


@pytest.fixture(scope="module")
def proxied():
    """The same behind a proxy."""
    with Hub({"limits": {"per_address": {"logins": "1/h"}}, "trusted_proxies": ["127.0.0.0/8"]}) as hub:
        yield hub


@pytest.mark.parametrize("lines", STRANGE, ids=[lines[0][:40] for lines in STRANGE])
def test_a_stranger_cannot_claim_an_address(strict, lines):
    """R15"""
    assert throttled_peer(strict, lines) == "127.0.0.1"


PROXIED = [
    (["X-Forwarded-For: 192.0.2.1"], "192.0.2.1"),
    (["X-Forwarded-For: 198.51.100.9, 192.0.2.1"], "192.0.2.1"),
    (["X-Forwarded-For: 198.51.100.9,192.0.2.1, 127.0.0.1"], "192.0.2.1"),
    (["X-Forwarded-For: 198.51.100.9", "X-Forwarded-For: 192.0.2.1"], "192.0.2.1"),
    (["X-Forwarded-For: 198.51.100.9", "X-Other: x", "X-Forwarded-For: 192.0.2.1, 127.0.0.1"], "192.0.2.1"),
    (["X-Forwarded-For: nonsense"], "127.0.0.1"),
    (["X-Forwarded-For: 198.51.100.9, nonsense"], "127.0.0.1"),
    (["X-Forwarded-For: "], "127.0.0.1"),
    (["X-Forwarded-For: 2001:db8::1"], "2001:db8::1"),
    (["X_Forwarded_For: 192.0.2.1"], "127.0.0.1"),
    (["Forwarded: for=192.0.2.1"], "127.0.0.1"),
]


@pytest.mark.parametrize("lines, peer", PROXIED, ids=[" + ".join(lines)[:60] for lines, _ in PROXIED])
def test_a_trusted_proxy_is_believed_about_its_own_client_only(proxied, lines, peer):
    """R15: the nearest address that is no proxy of ours counts; what a stranger wrote stands before it, in that line
    or in a line of its own"""
    assert throttled_peer(proxied, lines) == peer


def test_the_admin_listener_is_elsewhere(hub):
    """Y05: nothing of it on the public one, nothing public on it, and labels do not grow with what strangers ask for"""
    for path in ("/metrics", "/healthz", "/readyz", "/admin", "/admin/", "/debug", "/status", "/server-status"):
        assert hub.get(path).status == 404
    for path in ("/login", "/oauth2/jwks", "/oauth2/token"):
        assert request(hub.admin + path).status == 404
    before = request(hub.admin + "/metrics").text.count("\n")
    for number in range(50):
        hub.get(f"/made-up-{number}")
        hub.get(f"/login/made-up-{number}")
        request(hub.issuer + "/oauth2/token", f"M{number}")
    after = request(hub.admin + "/metrics").text
    assert after.count("\n") == before and "made-up" not in after
    assert json.loads(request(hub.admin + "/readyz").text)["status"] == "ready"


def test_many_whole_flows_leave_no_trace_in_memory(hub):
    """W08, on a small scale"""
    def some(count):
        for _ in range(count):
            tokens = hub.tokens(browser=Browser(), scope="openid profile email offline_access")
            hub.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])

    some(60)
    before = {pid: resident_kib(pid) for pid in hub.watch.workers}
    some(200)
    if not SANITIZED:
        assert all(resident_kib(pid) - before[pid] < 1500 for pid in before), before


def test_error_pages_are_for_people_and_json_for_programs(hub):
    """Q07: by what they accept"""
    is_page(hub.get("/nothing", headers={"Accept": "text/html"}), 404)
    assert hub.get("/nothing", headers={"Accept": "*/*"}).json["error"] == "not_found"
