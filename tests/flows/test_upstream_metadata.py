"""What a provider publishes, its endpoints and keys: wrong, moved, rotated, stale or not there at all.

Cases H10, H12, H13, G16, G22, M07 of the attack catalogue. Hours pass by stage.clock.
"""

import concurrent.futures
import time

import pytest
from hub import free_port, wait_until
from upstream import GONE, SLOW, Browser, Key, Reply, Server, Stage, Trap, drip, hang, raw, reset, truncated

HOUR, DAY = 3600, 24 * 3600
DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture(scope="module")
def stage():
    providers = {
        "plain": lambda up: up.settings(),
        "spelt": lambda up: up.settings(issuers=["elsewhere.test"]),
        "discovered": lambda up: up.settings(discovery_url=up.url("/discovery.json")),
    }
    with Stage(providers, spare=160) as stage:
        yield stage


def begin(stage, up):
    return Browser().get(stage.hub.url(f"/login/{up.name}"))


def no_login_begins(stage, up, reason=""):
    before = len(up.calls("/authorize"))
    answer = begin(stage, up)
    why = stage.why(answer)
    assert answer.status == 502 and answer.location is None and not answer.all("Set-Cookie"), (answer, why)
    assert "discovery document" in why and reason in stage.hub.log()
    assert len(up.calls("/authorize")) == before
    return answer


# -- the discovery document -------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri",
                                    "end_session_endpoint", "revocation_endpoint"])
def test_an_endpoint_that_is_no_safe_url_is_refused(stage, member):
    """G16."""
    for url in ("javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "http://id.test/x",
                "https://id.test/#x",
                "https://id.test/\r\nX: y", "https://user:pass@id.test/", "https:///x", "//id.test/x",
                "https://id.test:0/", "https://id.test:99999/", "https://id .test/",
                "https://id.test\\@evil.test/", "ftp://id.test/", "https://id.test/%zz",
                "https://id.test/\u00e4", "gopher://127.0.0.1:6379/x", "https://" + "x" * 3000):
        up = stage.fresh()
        up.metadata = {member: url}
        no_login_begins(stage, up, f"{member} is no https URL")
        if member != "authorization_endpoint" and url != "javascript:alert(1)":
            break  # the table is one for all members


def test_required_members_must_be_there(stage):
    for member in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        for value in (GONE, None, 7, ["https://id.test/"], {"url": "https://id.test"}):
            up = stage.fresh()
            up.metadata = {member: value}
            no_login_begins(stage, up, f"{member} is missing")


def test_the_issuer_is_the_one_configured_to_the_letter(stage):
    """M07."""
    for issuer in (GONE, None, "", 7, "https://evil.test"):
        up = stage.fresh()
        up.metadata = {"issuer": issuer}
        no_login_begins(stage, up, "issuer is not the one")
    for change in (lambda iss: iss + "/", str.upper, lambda iss: iss.replace("http:", "https:"), lambda iss: iss + "?",
                   lambda iss: iss.replace("127.0.0.1", "localhost"), lambda iss: " " + iss, lambda iss: iss + "%00"):
        up = stage.fresh()
        up.metadata = {"issuer": change(up.issuer)}
        no_login_begins(stage, up, "issuer is not the one")
    spelt = stage.up("spelt")
    spelt.metadata = {"issuer": "https://evil.test"}
    no_login_begins(stage, spelt, "issuer is not the one")


def test_a_document_elsewhere_may_be_named(stage):
    up = stage.up("discovered")
    up.replies = {"/discovery.json": up.serve_metadata}
    stage.accepted(up)
    assert not up.calls(DISCOVERY)


BAD_DOCUMENTS = [
    Reply({}, 500), Reply({}, 404), Reply(status=302, headers={"Location": "/elsewhere"}), Reply(status=204),
    Reply("[]"), Reply(""), Reply("null"), Reply("{"), Reply("<html>", content_type="text/html"),
    Reply("x" * 5_000_000), Reply('{"a":"' + "x" * 5_000_000 + '"}'), Reply('{"a":' * 50_000),
    Reply('{"issuer":"a","issuer":"b"}'), truncated("{}"), reset(), raw(b"SSH-2.0-OpenSSH\r\n"), raw(b""),
    raw(b"HTTP/1.1 200 OK\r\n"), raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"),
    raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n"),
    raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n{}"),
    raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{}"), raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
]


@pytest.mark.parametrize("number", range(len(BAD_DOCUMENTS)))
def test_a_document_that_is_none_begins_no_login(stage, number):
    """H13, for the discovery document."""
    up = stage.fresh()
    up.replies = {DISCOVERY: BAD_DOCUMENTS[number]}
    began = time.monotonic()
    no_login_begins(stage, up)
    assert time.monotonic() - began < 1.5 * SLOW
    assert len(up.asked) == 1, "a redirect was followed, or it was asked again"


def test_a_document_that_does_not_come_ends_at_the_deadline(stage):
    for reply in (hang(), drip()):
        up = stage.fresh()
        up.replies = {DISCOVERY: reply}
        began = time.monotonic()
        no_login_begins(stage, up)
        assert time.monotonic() - began < 4 * SLOW


def test_many_logins_wait_for_one_fetch(stage):
    up = stage.fresh()
    document = up.serve_metadata()
    document.delay = 0.3
    up.replies = {DISCOVERY: document}
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: begin(stage, up), range(40)))
    assert [answer.status for answer in answers] == [303] * 40
    assert len(up.calls(DISCOVERY)) == 1


def test_a_failed_fetch_is_not_repeated_for_every_login(stage):
    up = stage.fresh()
    up.replies = {DISCOVERY: Reply({}, 503)}
    for _ in range(20):
        no_login_begins(stage, up)
    assert len(up.calls(DISCOVERY)) == 1
    up.replies = {}
    stage.clock.forward(11)
    stage.accepted(up)


def test_endpoints_that_lead_inward_are_not_visited(stage):
    """M07, A15: a document of a provider that we know cannot send us to its neighbours."""
    with Trap() as trap:
        up = stage.fresh()
        up.metadata = {"token_endpoint": trap.url + "/token"}
        stage.refused(up, "", 502)
        up = stage.fresh()
        up.metadata = {"jwks_uri": trap.url + "/jwks"}
        stage.refused(up, "", 502)
        up = stage.fresh()
        up.metadata = {"userinfo_endpoint": trap.url + "/userinfo"}
        stage.refused(up, "", 502)
        assert not trap.was_visited()
    for host in ("169.254.169.254", "10.0.0.1", "[::1]", "[::ffff:10.0.0.1]", "0.0.0.0", "2130706433", "0x7f.1",
                 "localhost", "127.0.0.2", "[fe80::1]", "192.168.0.1", "100.64.0.1"):
        up = stage.fresh()
        up.metadata = {"token_endpoint": f"https://{host}/token"}
        began = time.monotonic()
        answer = stage.login(up) if begin(stage, up).status == 303 else begin(stage, up)
        assert answer.status == 502, (host, answer)
        assert time.monotonic() - began < 1 * SLOW, "it tried to connect"


def test_a_document_is_used_for_an_hour_and_refreshed_behind_the_logins(stage):
    up = stage.fresh()
    stage.accepted(up)
    stage.clock.forward(HOUR - 60)
    stage.accepted(up)
    assert len(up.calls(DISCOVERY)) == 1
    up.metadata = {"token_endpoint": up.url("/token2")}
    up.replies = {"/token2": up.serve_token}
    stage.clock.forward(120)
    stage.accepted(up)
    wait_until(lambda: len(up.calls(DISCOVERY)) == 2)
    wait_until(lambda: stage.accepted(up) and up.calls("/token2"))


def test_a_document_that_turns_bad_leaves_the_old_one_in_use(stage):
    """M07: another issuer, other members missing, nonsense, nothing."""
    for bad in ({"issuer": "https://evil.test"}, {"token_endpoint": GONE}, {"authorization_endpoint": "javascript:x"}):
        up = stage.fresh()
        stage.accepted(up)
        up.metadata = bad
        stage.clock.forward(HOUR + 1)
        stage.accepted(up)
        wait_until(lambda: len(up.calls(DISCOVERY)) == 2)
        stage.accepted(up)
        assert f"discovery document of provider {up.name} is not taken" in stage.hub.log()


@pytest.mark.parametrize("member, path", [("token_endpoint", "/token"), ("userinfo_endpoint", "/userinfo"),
                                          ("revocation_endpoint", "/revoke"), ("jwks_uri", "/jwks")])
def test_endpoints_that_get_secrets_do_not_move_to_another_host(stage, member, path):
    """G22: client secret, codes and tokens are for the host that we knew, and so are the keys from there."""
    up = stage.fresh()
    up.metadata = {"revocation_endpoint": up.url("/revoke")}
    pending = stage.visit(up)
    stage.accepted(up)
    with Trap() as trap:
        up.metadata = dict(up.metadata, **{member: trap.url + path})
        stage.clock.forward(HOUR + 1)
        assert pending.back().status == 303
        wait_until(lambda: len(up.calls(DISCOVERY)) == 2)
        wait_until(lambda: any(up.name in event["message"] for event in stage.hub.events("provider_moved")))
        stage.accepted(up)
        assert not trap.was_visited()


def test_while_a_provider_is_down_what_is_known_is_used_for_a_day(stage):
    """H13: and then no longer. When it is back, so are its logins."""
    up = stage.fresh()
    stage.accepted(up)
    up.replies = {DISCOVERY: reset(), "/jwks": reset()}
    for _ in range(5):
        stage.clock.forward(4 * HOUR)
        stage.accepted(up)
    stage.clock.forward(5 * HOUR)
    no_login_begins(stage, up)
    up.replies = {}
    stage.clock.forward(11)
    stage.accepted(up)


# -- the key set ------------------------------------------------------------------------------------


def good_key():
    return Key().public()


BAD_SETS = [
    Reply({}, 500), Reply("<html>", content_type="text/html"), Reply("x" * 5_000_000), Reply({"keys": []}),
    Reply({"keys": {}}), Reply({}), Reply("[]"), Reply({"keys": None}), Reply({"keys": [None, 7, "x", [], {}]}),
    Reply({"keys": [{"kty": "RSA"}] * 3000}), Reply({"keys": [good_key()] * 100_000}),
    truncated({"keys": [good_key()]}), Reply({"keys": [dict(good_key(), d="AQAB")]}),
    Reply({"keys": [dict(good_key(), p="AQAB")]}), Reply({"keys": [dict(good_key(), n="***")]}),
    Reply({"keys": [dict(good_key(), n=good_key()["n"] + "=")]}), Reply({"keys": [dict(good_key(), e=65537)]}),
    Reply({"keys": [dict(good_key(), use="enc")]}), Reply({"keys": [dict(good_key(), key_ops=["encrypt"])]}),
    Reply({"keys": [dict(good_key(), alg="RS512")]}), Reply({"keys": [dict(good_key(), kty="EC")]}),
    Reply({"keys": [dict(good_key(), kty="rsa")]}),
    Reply({"keys": [{"kty": "oct", "k": "AAAA" * 20, "kid": "RS256-0", "alg": "HS256"}]}), reset(), Reply(status=302),
]


@pytest.mark.parametrize("number", range(len(BAD_SETS)))
def test_a_key_set_that_is_none_lets_nobody_in(stage, number):
    """H13, H17."""
    up = stage.fresh()
    up.replies = {"/jwks": BAD_SETS[number]}
    began = time.monotonic()
    answer = stage.login(up)
    assert answer.status == 502 and not up.calls("/userinfo"), answer
    assert time.monotonic() - began < 2 * SLOW


def test_keys_that_we_cannot_use_do_not_harm_the_others(stage):
    """H13."""
    up = stage.fresh()
    odd = [{"kty": "OKP", "crv": "X25519", "x": "AAAA"}, {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"}, {}, None,
           dict(good_key(), use="enc", kid="e"), {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"},
           dict(Key(number=1).public(), kid=7)]
    up.jwks = {"keys": lambda keys: odd + keys}
    stage.accepted(up)


def test_a_key_set_that_turns_bad_leaves_the_old_one_in_use(stage):
    """H13: until what is known is a day old."""
    up = stage.fresh()
    stage.accepted(up)
    for number, bad in enumerate((Reply({"keys": []}), Reply("<html>"), reset(), Reply({}, 503))):
        up.replies = {"/jwks": bad}
        stage.clock.forward(2 * HOUR)
        stage.accepted(up)
        wait_until(lambda: len(up.calls("/jwks")) >= 2 + number)
    stage.clock.forward(DAY)
    stage.refused(up, "the key set of the provider cannot be had")


def test_a_thousand_tokens_of_an_unknown_key_cause_one_fetch(stage):
    """H10: per window, and other providers go on."""
    up, plain = stage.fresh(), stage.up("plain")
    stage.accepted(up)
    up.header = {"kid": "unknown"}
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: stage.login(up).status, range(1000 // SLOW)))
    assert set(answers) == {502}
    assert len(up.calls("/jwks")) == 2
    stage.accepted(plain)
    up.header = {}
    stage.accepted(up)
    up.header = {"kid": "unknown"}
    stage.clock.forward(31)
    stage.refused(up, "no known key")
    stage.refused(up, "no known key")
    assert len(up.calls("/jwks")) == 3


def test_a_rotated_key_is_found_and_a_removed_one_forgotten(stage):
    """H12."""
    up = stage.fresh()
    stage.accepted(up)
    old, new = up.key, Key(number=1)
    up.keys, up.key = [new], new
    stage.accepted(up)
    assert len(up.calls("/jwks")) == 2
    up.key = old
    stage.refused(up, "no known key")


def test_keys_without_names_can_be_rotated_too(stage):
    """H12: a token that names no key, or a key that kept its name."""
    for header, kid in (({"kid": GONE}, None), ({}, "RS256-0")):
        up = stage.fresh()
        up.header = header
        stage.accepted(up)
        new = Key(number=1, kid=kid)
        up.keys, up.key = [new], new
        stage.accepted(up)
        assert len(up.calls("/jwks")) == 2
        up.key = Key(number=2, kid=new.kid)
        stage.refused(up, "the signature does not fit")
        stage.refused(up, "the signature does not fit")
        assert len(up.calls("/jwks")) == 2, "once in a while for everybody"


def test_a_rotation_is_noticed_while_the_key_set_does_not_answer(stage):
    """H12, H13: the old set stays, the login fails, the next after the rotation works."""
    up = stage.fresh()
    stage.accepted(up)
    old, new = up.key, Key(number=1)
    up.replies, up.key, up.keys = {"/jwks": Reply({}, 503)}, new, [new]
    stage.refused(up, "no known key")
    up.key = old
    stage.accepted(up)
    up.replies, up.key = {}, new
    stage.clock.forward(31)
    stage.accepted(up)


# -- the start ------------------------------------------------------------------------------------------


def test_a_hub_starts_without_its_providers(stage):
    """Start-up never waits for a provider; its logins begin when it is there."""
    port = free_port()
    with Server(port=free_port()) as other:
        late = f"http://127.0.0.1:{port}/late"
        config = {"providers": {"late": {"plugin": "oidc", "issuer": late, "client_id": "cardea-at-late",
                                         "client_secret": "a secret for the late one"}}}
        began = time.monotonic()
        with Stage(["here"], config=config) as own:
            assert time.monotonic() - began < 5 * SLOW
            assert own.hub.get("/login").status == 200
            answer = Browser().get(own.hub.url("/login/late"))
            assert answer.status == 502 and "provider_unreachable" in own.why(answer)
            own.accepted(own.up("here"))
            with Server(port=port) as server:
                up = server.add("late")
                up.client_secret = "a secret for the late one"
                own.clock.forward(11)
                own.accepted(up)
        assert other.connections == 0


def test_what_is_known_outlives_no_restart_but_needs_none(stage):
    """A worker asks anew, in its own time."""
    with Stage(["one"]) as own:
        up = own.up("one")
        own.accepted(up)
        own.hub.stop()
        own.hub.serve()
        own.workers = own.worker_pids()
        own.accepted(up)
        assert len(up.calls(DISCOVERY)) == 2
