"""What is written down, and what its reader can do with it: groups Y, T and X of the attack catalogue, and D19."""

import base64
import collections
import contextlib
import hashlib
import http.client
import json
import math
import re
import sqlite3
import urllib.parse

import pytest
from hub import SLOW, Browser, Hub, claims, request, wait_until
from watch import LOG_LINE_MAX, is_code, is_error, is_login, talk, watched

OFFLINE = "openid profile email offline_access"


@pytest.fixture(scope="module")
def hub():
    with Hub({"workers": 2}) as hub, watched(hub):
        yield hub


@pytest.fixture(autouse=True)
def all_is_well(hub):
    yield
    hub.watch.check()


# -- the log ------------------------------------------------------------------------------------

NASTY = ["a\r\nb", "a\nb", "a\x1b[2J\x1b]0;x\x07b", "a\"}\n{\"level\":\"audit\"", "\\\"}", "\x00\x01\x7f",
         "\u0085\u009b31m", "\u202e\u2066x", "\ufeff", b"\xff\xfe\xc0\xaf", "%s%n%x%p" * 20, "x" * 50000,
         "{}[]\"'`$(id)", "\u2028\u2029", "\ud7ff\U0010ffff"]


@pytest.mark.parametrize("nasty", NASTY, ids=[repr(nasty)[:40] for nasty in NASTY])
def test_whatever_comes_makes_one_line_of_json(hub, nasty):
    """Y01: in names, agents, paths, states, grants; each line is escaped and capped, which the watch checks as well"""
    before = hub.log().count("\n")
    text = nasty if isinstance(nasty, bytes) else nasty.encode()
    for path, form in (("/oauth2/authorize", {"client_id": nasty}),
                       ("/oauth2/authorize", {"client_id": "app", "redirect_uri": nasty}),
                       ("/oauth2/authorize", dict(hub.authorize_query(), **{"state": nasty})),
                       ("/oauth2/authorize", list(hub.authorize_query().items()) + [(nasty, "1"), (nasty, "2")]),
                       ("/oauth2/token", {"client_id": nasty, "grant_type": nasty}),
                       ("/callback/github", {"state": nasty})):
        hub.post(path, form)
    hub.token(grant_type=nasty)
    short = text[:6000]
    header = re.sub(rb"[\x00-\x08\x0a-\x1f\x7f]", b"", short)
    talk(hub, b"GET /" + urllib.parse.quote(short[:2000]).encode()
         + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\nUser-Agent: "
         + header + b"\r\nX-Request-Id: " + header + b"\r\nReferer: " + header + b"\r\n\r\n")
    talk(hub, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: " + short + b"\r\n\r\n")
    talk(hub, short + b" / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    lines = hub.log().split("\n")[before:-1]
    assert len(lines) >= 5
    for line in lines:
        assert len(line.encode()) <= LOG_LINE_MAX
        document = json.loads(line)
        assert document["level"] in ("debug", "info", "warn", "audit", "error") and document["message"]
        assert not re.search("[\x00-\x1f\x7f-\x9f]", line), line


def test_a_request_id_is_ours(hub):
    """Y01: nobody else names lines of our log"""
    answer = hub.get("/nothing", headers={"X-Request-Id": "mine-mine-mine-mine"})
    assert answer.header("X-Request-Id") != "mine-mine-mine-mine"
    assert any(line.get("request") == answer.header("X-Request-Id") for line in hub.events())


def test_no_secret_of_a_whole_flow_is_in_log_metrics_or_pages(hub):
    """Y02: at the level debug, good ways and bad ones. The provider's secrets are among them"""
    secrets, pages = set(), []
    browser = Browser()
    plain = browser.request

    def noting(url, *args, **more):
        answer = plain(url, *args, **more)
        secrets.update(urllib.parse.parse_qs(urllib.parse.urlsplit(answer.location or "").query).get("code", []))
        for name, value in browser.cookies().items():
            secrets.add(value)
        if (answer.header("Content-Type") or "").startswith("text/html") and url.startswith(hub.issuer):
            pages.append(answer.text)
        return answer

    browser.request = noting
    answer, pkce = hub.code(browser=browser, scope=OFFLINE)
    code = is_code(answer)
    secrets.update((code, pkce.verifier))
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": hub.client("app")["redirect_uris"][0],
            "code_verifier": pkce.verifier}
    tokens = hub.token(**form).json
    hub.get("/oauth2/userinfo", headers={"Authorization": "Bearer " + tokens["access_token"]})
    again = hub.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json
    for token in (again["access_token"], again["refresh_token"], "made-up-" + "x" * 40):
        hub.post("/oauth2/introspect", {"token": token}, headers=hub.basic("app"))
        hub.get("/oauth2/userinfo", headers={"Authorization": "Bearer " + token})
        hub.post("/oauth2/revoke", {"token": token}, headers=hub.basic("app"))
    for each in (tokens, again):
        secrets.update(each[name] for name in ("access_token", "refresh_token", "id_token"))
    # And the bad ways: replayed, misplaced, misspelt.
    hub.token(**form)
    hub.token("other", **form)
    hub.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    hub.get("/oauth2/userinfo?access_token=" + tokens["access_token"])
    hub.get("/oauth2/introspect?token=" + tokens["access_token"])
    hub.get(f"/callback/github?code={code}&state=made-up")
    wrong = "a wrong secret that nobody should read"
    secrets.add(wrong)
    hub.post("/oauth2/token", dict(form, client_id="app", client_secret=wrong))
    pair = base64.b64encode(f"app:{wrong}".encode()).decode()
    secrets.add(pair)
    hub.post("/oauth2/token", form, headers={"Authorization": "Basic " + pair})
    talk(hub, b"GET / HTTP/1.1\r\nAuthorization: Bearer " + tokens["access_token"].encode() + b"\r\n\r\n")
    page = browser.get(hub.issuer + "/logout")
    secrets.add(re.search(r'name="csrf" value="([^"]+)"', page.text).group(1))
    texts = {"log": hub.log(), "metrics": request(hub.admin + "/metrics").text,
             "command line": open(f"/proc/{hub.process.pid}/cmdline").read()}
    for where, text in texts.items():
        for secret in secrets:
            assert len(secret) < 20 or secret[-20:] not in text, (where, secret)
        for person in ("octocat@example.com", "The Octocat"):
            assert person not in text, (where, person)
    for text in pages:
        for secret in (code, pkce.verifier, tokens["access_token"], tokens["refresh_token"], "hush"):
            assert secret not in text


def test_what_an_attack_looks_like_is_in_the_audit(hub):
    """Y04, E01, D01: one event each, with who, and without the token"""
    counts = collections.Counter(line.get("event") for line in hub.events())
    first = tokens = hub.tokens(scope=OFFLINE)
    for _ in range(2):
        tokens = hub.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json
    is_error(hub.token(grant_type="refresh_token", refresh_token=first["refresh_token"]), "invalid_grant")
    answer, pkce = hub.code()
    form = {"grant_type": "authorization_code", "code": is_code(answer), "code_verifier": pkce.verifier,
            "redirect_uri": hub.client("app")["redirect_uris"][0]}
    hub.token(**form)
    hub.token(**form)
    after = collections.Counter(line.get("event") for line in hub.events())
    for event in ("code_replayed", "refresh_token_replayed"):
        assert after[event] == counts[event] + 1, event
    for line in hub.events("code_replayed") + hub.events("refresh_token_replayed") + hub.events("login"):
        assert line["level"] == "audit" and line["message"] and line["request"]


# -- the store ----------------------------------------------------------------------------------


def bytes_of_store(hub):
    everything = b""
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            with open(f"{hub.folder}/cardea.db{suffix}", "rb") as part:
                everything += part.read()
    return everything


def spellings(secret):
    """A text as it might stand somewhere: as it is, in base64 at every offset, in hexadecimal."""
    raw = secret.encode()
    found = [raw, raw.hex().encode(), raw.hex().upper().encode()]
    for offset in range(3):
        found.append(base64.b64encode(b"x" * offset + raw)[4:-4])
    with contextlib.suppress(ValueError):
        decoded = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
        found.append(decoded)
    return [spelling for spelling in found if len(spelling) >= 12]


def test_whoever_reads_the_store_learns_nothing_to_use(hub):
    """T06, promise 8: no token, code, secret, cookie, key, name or address stands there in clear"""
    browser = Browser()
    answer, pkce = hub.code(browser=browser, scope=OFFLINE)
    code = is_code(answer)
    session = browser.cookies()["cardea-session"]
    tokens = hub.token(grant_type="authorization_code", code=code, redirect_uri=hub.client("app")["redirect_uris"][0],
                       code_verifier=pkce.verifier).json
    again = hub.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json
    secrets = [pkce.verifier, hub.client("app")["client_secret"], hub.effective()["secrets"][0],
               "octocat@example.com", "The Octocat", "octocat", "avatars.githubusercontent.com", session,
               session[22:], code, code[26:]]
    for each in (tokens, again):
        secrets += [each["access_token"], each["access_token"][26:], each["refresh_token"],
                    each["refresh_token"][26:].partition(".")[0], each["id_token"], each["id_token"].rpartition(".")[2]]
    store = bytes_of_store(hub)
    assert claims(tokens["id_token"])["sub"].encode() in store, "the right file is looked at"
    for secret in secrets:
        for spelling in spellings(secret):
            assert spelling not in store, (secret, spelling)
    # A private key would have one of these beside its public half.
    assert b'"d":' not in store and b"PRIVATE KEY" not in store


def test_what_is_in_the_store_opens_nothing(hub):
    """T06, promise 8: hashes shown as tokens"""
    tokens = hub.tokens(scope=OFFLINE)
    for token, rest in ((tokens["access_token"], ""), (tokens["refresh_token"], ".1")):
        digest = hashlib.sha256(token[26:69].encode()).digest()
        assert digest in bytes_of_store(hub), "the hash is what is kept"
        for text in (base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), digest.hex()[:43]):
            forged = token[:26] + text + rest
            about = hub.post("/oauth2/introspect", {"token": forged}, headers=hub.basic("app"))
            assert about.json == {"active": False}


def alter(hub, prefix, change):
    """Changes the values of records behind the hub's back. How many there were."""
    with sqlite3.connect(f"{hub.folder}/cardea.db", timeout=20) as store:
        rows = store.execute("SELECT key, value FROM records").fetchall()
        rows = [(key, value) for key, value in rows if bytes(key).startswith(prefix)]
        for key, value in change([(bytes(key), bytes(value)) for key, value in rows]):
            store.execute("UPDATE records SET value = ?, version = version + 1 WHERE key = ?", (value, key))
    store.close()
    return len(rows)


CHANGES = {
    "cut short": lambda rows: [(key, value[:len(value) // 2]) for key, value in rows],
    "without its last byte": lambda rows: [(key, value[:-1]) for key, value in rows],
    "emptied": lambda rows: [(key, b"") for key, value in rows],
    "with garbage": lambda rows: [(key, b"\xff" * 100) for key, value in rows],
    "with more behind it": lambda rows: [(key, value + b"\x01\xff\xff\xff\xff\x0f") for key, value in rows],
    "swapped with another": lambda rows: list(zip([key for key, _ in rows],
                                                  [value for _, value in rows[1:] + rows[:1]])),
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("prefix", [b"grant:", b"session:", b"account:", b"identity:"])
def test_a_record_that_was_changed_is_not_believed(prefix, what):
    """X05: refused, never a crash, and never somebody else's claims; other people go on"""
    with Hub({"signing": {"algorithms": ["ES256"]}}) as hub:
        people = []
        for provider in ("github", "google"):
            browser = Browser()
            tokens = hub.tokens(browser=browser, provider=provider, scope=OFFLINE)
            people.append((browser, tokens, claims(tokens["id_token"])))
        assert alter(hub, prefix, CHANGES[what]) >= 2
        for browser, tokens, identity in people:
            info = hub.get("/oauth2/userinfo", headers={"Authorization": "Bearer " + tokens["access_token"]})
            session = browser.get(hub.issuer + "/session")
            again = hub.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
            for answer in (info, session, again):
                assert answer.status in (200, 400, 401), (what, answer)
            assert info.status != 200 or info.json == {name: identity[name] for name in info.json}, info
            assert session.status != 200 or session.json["sub"] == identity["sub"], session
            assert again.status != 200 or claims(again.json["id_token"])["sub"] == identity["sub"], again
            if what == "swapped with another" and prefix in (b"grant:", b"session:"):
                assert (info if prefix == b"grant:" else session).status == 401
        assert hub.process.poll() is None and hub.get("/oauth2/jwks").status == 200


def test_every_byte_of_a_sealed_record_counts():
    """X05: flipped one after the other in a session, and the tag made shorter"""
    with Hub({"signing": {"algorithms": ["ES256"]}}) as hub:
        browser = hub.login()
        with sqlite3.connect(f"{hub.folder}/cardea.db", timeout=20) as store:
            (key, value), = [(bytes(key), bytes(value))
                             for key, value in store.execute("SELECT key, value FROM records")
                             if bytes(key).startswith(b"session:")]
        store.close()
        sub = browser.get(hub.issuer + "/session").json
        for place in range(0, len(value), 3):
            changed = value[:place] + bytes([value[place] ^ 1]) + value[place + 1:]
            alter(hub, b"session:", lambda rows: [(key, changed)])
            answer = browser.get(hub.issuer + "/session")
            assert answer.status in (200, 401), (place, answer)
            told = answer.json if answer.status == 200 else {}
            for name in ("idp_sub", "email", "name"):
                assert told.get(name, sub[name]) == sub[name], (place, told)
        alter(hub, b"session:", lambda rows: [(key, value)])
        assert browser.get(hub.issuer + "/session").status == 200
        assert hub.process.poll() is None


# -- chance -------------------------------------------------------------------------------------


def looks_random(texts, least_bits):
    """No repeats, no common piece, and bits that are as good as thrown; of base64url texts of one length."""
    assert len(set(texts)) == len(texts)
    length, = {len(text) for text in texts}
    bits = sum(math.log2(len({text[place] for text in texts})) for place in range(length))
    assert bits >= least_bits, bits
    packed = b"".join(base64.urlsafe_b64decode(text[:len(text) // 4 * 4]) for text in texts)
    ones = sum(byte.bit_count() for byte in packed)
    assert abs(ones / (8 * len(packed)) - 0.5) < 4 / (8 * len(packed)) ** 0.5, ones / (8 * len(packed))
    halves = collections.Counter(text[:length // 2] for text in texts)
    assert max(halves.values()) == 1


def test_ten_thousand_tokens_are_as_good_as_thrown(hub):
    """D19: nothing but the tag in common"""
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=20 * SLOW)
    headers = dict(hub.basic("app"), **{"Content-Type": "application/x-www-form-urlencoded"})
    tokens, ids = [], []
    for _ in range(10000 if SLOW == 1 else 2000):
        connection.request("POST", "/oauth2/token", "grant_type=client_credentials", headers)
        answer = connection.getresponse()
        ids.append(answer.getheader("X-Request-Id"))
        tokens.append(json.loads(answer.read())["access_token"])
    connection.close()
    assert all(token.startswith("cat_") for token in tokens)
    looks_random([token[4:26] for token in tokens], 120)
    looks_random([token[26:] for token in tokens], 240)
    looks_random(ids, 90)


def test_codes_sessions_states_and_the_rest_are_as_good_as_thrown(hub):
    """D19, C11, A24: what people carry, and what providers get"""
    person = hub.login()
    codes, refreshes, tickets, states, nonces, challenges, sessions, seals = [], [], [], [], [], [], [], []
    for _ in range(300):
        answer, pkce = hub.code(browser=person, scope=OFFLINE, prompt="none")
        codes.append(is_code(answer))
        tokens = hub.token(grant_type="authorization_code", code=codes[-1], code_verifier=pkce.verifier,
                           redirect_uri=hub.client("app")["redirect_uris"][0]).json
        refreshes.append(tokens["refresh_token"])
        browser = Browser()
        tickets.append(is_login(hub, hub.authorize(browser)).query["ticket"])
        to_provider = browser.get(hub.issuer + "/login/google")
        states.append(to_provider.query["state"])
        nonces.append(to_provider.query["nonce"])
        challenges.append(to_provider.query["code_challenge"])
        seals += list(browser.cookies().values())
    for _ in range(100):
        sessions.append(hub.login().cookies()["cardea-session"])
    assert all(code.startswith("cac_") for code in codes) and all(token.startswith("crt_") for token in refreshes)
    looks_random([code[4:26] for code in codes], 120)
    looks_random([code[26:] for code in codes], 200)
    looks_random([token[26:69] for token in refreshes], 200)
    looks_random([ticket[8:] for ticket in tickets], 120)
    looks_random([state[8:] for state in states], 120)
    looks_random(nonces, 120)
    looks_random(challenges, 200)
    looks_random([session[:22] for session in sessions], 90)
    looks_random([session[22:] for session in sessions], 180)
    # X04: what is sealed has a nonce of its own each time: version, name of the key, then twelve random bytes.
    heads = [base64.urlsafe_b64decode(seal + "=" * (-len(seal) % 4)) for seal in seals]
    assert len({head[:5] for head in heads}) == 1 and len({head[5:17] for head in heads}) == len(heads)
    looks_random([base64.urlsafe_b64encode(head[5:17]).decode() for head in heads], 85)


# -- keys ---------------------------------------------------------------------------------------


def test_published_keys_are_public_ones(hub):
    """X01: members, names, uses"""
    keys = hub.get("/oauth2/jwks").json["keys"]
    public = {"EC": {"crv", "x", "y"}, "RSA": {"n", "e"}, "OKP": {"crv", "x"}}
    assert {key["alg"] for key in keys} == {"ES256", "RS256", "EdDSA"}
    assert len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        assert set(key) == {"kty", "kid", "use", "alg"} | public[key["kty"]], key
        assert key["use"] == "sig" and re.fullmatch(r"[A-Za-z0-9_-]{16,}", key["kid"]), key
        if key["kty"] == "RSA":
            assert len(key["n"]) >= 342 and key["e"] == "AQAB", key


def key_documents(hub):
    """What all workers publish, once they all have keys."""
    wait_until(lambda: all(hub.get("/oauth2/jwks").status == 200 for _ in range(20)))
    return {hub.get("/oauth2/jwks").body for _ in range(30)}


def test_workers_and_restarts_have_the_same_keys():
    """X03: made once, and never for one process alone"""
    with Hub({"workers": 2}) as hub:
        documents = key_documents(hub)
        assert len(documents) == 1
        hub.stop()
        hub.start()
        assert key_documents(hub) == documents


def test_keys_that_do_not_open_are_not_replaced_in_silence():
    """X03, X05: with other secrets the hub says so and does not start, and comes back with the right ones"""
    with Hub({"signing": {"algorithms": ["ES256"]}}) as hub:
        kid = hub.get("/oauth2/jwks").json["keys"][0]["kid"]
        hub.stop()
        hub.config = dict(hub.config, secrets=["these are other secrets, and they open nothing"])
        with pytest.raises(AssertionError, match="it ended with 2"):
            hub.start()
        assert "do not open with any of `secrets`" in hub.log()
        hub.config = {"signing": {"algorithms": ["ES256"]}}
        hub.start()
        assert hub.get("/oauth2/jwks").json["keys"][0]["kid"] == kid
