"""PKCE, end to end and S256 only: group C of the attack catalogue, and the two matrices of 5.D."""

import base64
import hashlib

import pytest
from hub import APP, Hub, Pkce
from watch import is_code, is_error, is_sent_error, watched

CONFIG = {
    "clients": {
        "free": {
            "client_secret": "the secret of the free app, long too",
            "redirect_uris": ["https://free.test/callback"],
            "require_pkce": False,
        },
    },
}


@pytest.fixture(scope="module")
def hub():
    with Hub(CONFIG) as hub, watched(hub):
        yield hub


@pytest.fixture(autouse=True)
def all_is_well(hub):
    yield
    hub.watch.check()


@pytest.fixture(scope="module")
def person(hub):
    return hub.login()


def challenge_of(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def ask(hub, browser, client="app", **over):
    return hub.authorize(browser, client=client, state="the state", **over)


def redeem(hub, code, client="app", pairs=(), **over):
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": hub.client(client)["redirect_uris"][0]}
    return hub.post("/oauth2/token", list(dict(form, **over).items()) + list(pairs),
                    headers=hub.basic(client)) if client != "public" else hub.token("public", **dict(form, **over))


def code_for(hub, browser, client="app", **over):
    answer, pkce = hub.code(client=client, browser=browser, **over)
    return is_code(answer), pkce


@pytest.mark.parametrize("client", ["app", "public"])
@pytest.mark.parametrize("over", [{"code_challenge": None}, {"code_challenge": None, "code_challenge_method": None},
                                  {"code_challenge": ""}])
def test_without_a_challenge_there_is_no_code(hub, person, client, over):
    """C01"""
    is_sent_error(hub, ask(hub, person, client, **over), "invalid_request", "the state", client)


@pytest.mark.parametrize("client", ["app", "public", "free"])
@pytest.mark.parametrize("method", ["plain", None, "", "s256", "S512", "S256 ", "none", "\0"])
def test_no_method_but_s256_is_taken(hub, person, client, method):
    """C04: a missing one means plain by RFC 7636, and is refused with it"""
    answer = ask(hub, person, client, code_challenge_method=method)
    is_sent_error(hub, answer, "invalid_request", "the state", client)


@pytest.mark.parametrize("challenge", [
    "x", "A" * 42, "A" * 44, "A" * 128, "A" * 42 + "=", "A" * 43 + "=", "A" * 42 + "+", "A" * 42 + "/", "A" * 42 + ".",
    "A" * 42 + "~", "A" * 42 + " ", " " + "A" * 42, "A" * 42 + "\0", "A" * 42 + "\n", "\u00e4" * 21 + "A",
    b"\xff" * 43])
def test_a_challenge_that_no_digest_can_be_is_refused(hub, person, challenge):
    """C07"""
    is_sent_error(hub, ask(hub, person, code_challenge=challenge), "invalid_request", "the state")


@pytest.mark.parametrize("client", ["app", "public"])
def test_a_code_is_not_redeemed_without_its_verifier(hub, person, client):
    """C02: and is spent by the attempt"""
    code, pkce = code_for(hub, person, client)
    is_error(redeem(hub, code, client), "invalid_grant")
    is_error(redeem(hub, code, client, code_verifier=pkce.verifier), "invalid_grant")
    code, _ = code_for(hub, person, client)
    is_error(redeem(hub, code, client, code_verifier=""), "invalid_grant")


def test_a_verifier_without_a_challenge_is_a_downgrade(hub, person):
    """C03: RFC 9700, 4.8"""
    none = {"code_challenge": None, "code_challenge_method": None}
    code, pkce = code_for(hub, person, "free", **none)
    is_error(redeem(hub, code, "free", code_verifier=pkce.verifier), "invalid_grant")
    code, _ = code_for(hub, person, "free", **none)
    assert redeem(hub, code, "free").status == 200


def test_a_challenge_that_was_not_needed_counts_all_the_same(hub, person):
    """C02, 5.D test_pkce_required_verifier_missing: of a client that need not use it"""
    code, _ = code_for(hub, person, "free")
    is_error(redeem(hub, code, "free"), "invalid_grant")
    code, _ = code_for(hub, person, "free")
    is_error(redeem(hub, code, "free", code_verifier=Pkce().verifier), "invalid_grant")
    code, pkce = code_for(hub, person, "free")
    assert redeem(hub, code, "free", code_verifier=pkce.verifier).status == 200


@pytest.mark.parametrize("verifier",
                         ["a" * 42, "a" * 129, "a" * 42 + " ", "a" * 42 + "+", "a" * 42 + "/", "a" * 42 + "=",
                          "a" * 42 + "\u00e4", "a" * 42 + "\0", "a" * 42 + "\n", "a" * 42 + "%", "a" * 60000])
def test_a_verifier_that_none_can_be_is_refused_though_it_fits(hub, person, verifier):
    """C05, 5.G non-ASCII: its digest is the challenge, and the code is spent by it"""
    pkce = Pkce()
    pkce.verifier, pkce.challenge = verifier, challenge_of(verifier)
    code, _ = code_for(hub, person, pkce=pkce)
    is_error(redeem(hub, code, code_verifier=verifier), "invalid_grant")
    is_error(redeem(hub, code, code_verifier=verifier), "invalid_grant")


@pytest.mark.parametrize("verifier", ["a" * 43, "a" * 128, "-._~" * 11, "Aa0-._~" * 7])
def test_a_verifier_may_be_all_that_the_rfc_lets_it_be(hub, person, verifier):
    """C05"""
    pkce = Pkce()
    pkce.verifier, pkce.challenge = verifier, challenge_of(verifier)
    code, _ = code_for(hub, person, pkce=pkce)
    assert redeem(hub, code, code_verifier=verifier).status == 200


def test_the_example_of_the_rfc_works(hub, person):
    """RFC 7636, appendix B"""
    pkce = Pkce()
    pkce.verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    pkce.challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    code, _ = code_for(hub, person, pkce=pkce)
    assert redeem(hub, code, code_verifier=pkce.verifier).status == 200


def test_a_wrong_verifier_is_refused_and_spends_the_code(hub, person):
    """C08, 5.D test_invalid_code_challenge: another one, the challenge itself, other cases and endings"""
    for wrong in (lambda pkce: Pkce().verifier, lambda pkce: pkce.challenge, lambda pkce: pkce.verifier.swapcase(),
                  lambda pkce: pkce.verifier + "a", lambda pkce: pkce.verifier[:-1] + "~"):
        code, pkce = code_for(hub, person)
        is_error(redeem(hub, code, code_verifier=wrong(pkce)), "invalid_grant")
        is_error(redeem(hub, code, code_verifier=pkce.verifier), "invalid_grant")


def test_the_digest_of_nothing_is_no_way_in(hub, person):
    """C08"""
    pkce = Pkce()
    pkce.verifier, pkce.challenge = "", challenge_of("")
    code, _ = code_for(hub, person, pkce=pkce)
    is_error(redeem(hub, code, code_verifier=""), "invalid_grant")


def test_two_verifiers_are_refused(hub, person):
    """C08"""
    code, pkce = code_for(hub, person)
    pairs = [("code_verifier", pkce.verifier), ("code_verifier", pkce.verifier)]
    is_error(redeem(hub, code, pairs=pairs), "invalid_request")
    # No grant was looked at yet, so nothing is spent.
    assert redeem(hub, code, code_verifier=pkce.verifier).status == 200


def test_a_verifier_of_another_flow_is_refused(hub, person):
    """C02: two flows of one person at once"""
    first, one = code_for(hub, person)
    second, two = code_for(hub, person)
    is_error(redeem(hub, first, code_verifier=two.verifier), "invalid_grant")
    assert redeem(hub, second, code_verifier=two.verifier).status == 200


def test_the_address_is_still_compared_beside_pkce(hub, person):
    """B17 does not become less by C"""
    code, pkce = code_for(hub, person)
    is_error(redeem(hub, code, code_verifier=pkce.verifier, redirect_uri=APP + "x"), "invalid_grant")
