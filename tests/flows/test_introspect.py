"""Introspection and revocation: group L of the attack catalogue, and 5.D."""

import json
import time
import urllib.parse

import pytest
from hub import Hub, claims, request
from watch import connection_to_each_worker, is_error, watched

CONFIG = {
    "workers": 2,
    "clients": {
        "app": {"audience": ["api", "https://api.test/"]},
        "api": {
            "client_secret": "the secret of the resource server, long",
            "grant_types": ["client_credentials"],
            "scope": "read",
        },
        "signed": {
            "client_secret": "the secret of the signed app, long",
            "redirect_uris": ["https://signed.test/callback"],
            "access_token": "jwt",
            "audience": ["api"],
        },
        "plain": {
            "client_secret": "the secret of the plain app, long too",
            "redirect_uris": ["https://plain.test/callback"],
        },
    },
}
OFFLINE = "openid profile email offline_access"
INACTIVE = b'{"active":false}'


@pytest.fixture(scope="module")
def hub():
    with Hub(CONFIG) as hub, watched(hub):
        yield hub


@pytest.fixture(autouse=True)
def all_is_well(hub):
    yield
    hub.watch.check()


@pytest.fixture(scope="module")
def tokens(hub):
    return hub.tokens(scope=OFFLINE)


def introspect(hub, token, client="app", **more):
    answer = hub.post("/oauth2/introspect", dict(more, token=token), headers=hub.basic(client))
    assert answer.status == 200, answer
    return answer


def revoke(hub, token, client="app", **more):
    if client == "public":
        return hub.post("/oauth2/revoke", dict(more, token=token, client_id=client))
    return hub.post("/oauth2/revoke", dict(more, token=token), headers=hub.basic(client))


def is_alive(hub, access_token):
    return hub.get("/oauth2/userinfo", headers={"Authorization": "Bearer " + access_token}).status == 200


# -- introspection ------------------------------------------------------------------------------


def test_strangers_and_public_clients_learn_nothing(hub, tokens):
    """L01, 5.D test_introspect_token_client_authentication_failed; wrong secrets are in test_client_auth.py"""
    for form in ({}, {"client_id": "public"}, {"client_id": "app"}, {"client_id": "nobody"}):
        is_error(hub.post("/oauth2/introspect", dict(form, token=tokens["access_token"])), "invalid_client", 401)
    bearer = {"Authorization": "Bearer " + tokens["access_token"]}
    is_error(hub.post("/oauth2/introspect", {"token": tokens["access_token"]}, headers=bearer), "invalid_client", 401)


def test_a_client_learns_about_its_own_tokens(hub):
    """5.D test_introspect_token, RFC 7662, 2.2"""
    tokens = hub.tokens(scope=OFFLINE)
    began = int(time.time())
    about = introspect(hub, tokens["access_token"]).json
    identity = claims(tokens["id_token"])
    assert about["active"] is True and about["client_id"] == "app" and about["sub"] == identity["sub"]
    assert about["token_type"] == "Bearer" and about["iss"] == hub.issuer
    assert set(about["scope"].split()) == set(OFFLINE.split())
    assert about["aud"] == ["api", "https://api.test/"]
    assert abs(about["exp"] - began - 3600) <= 5 and abs(about["iat"] - began) <= 5
    assert not {"email", "name", "idp_sub"} & set(about)
    about = introspect(hub, tokens["refresh_token"]).json
    assert about["active"] is True and about["client_id"] == "app" and about["sub"] == identity["sub"]
    assert "token_type" not in about


def test_another_client_learns_nothing_at_all(hub, tokens):
    """L02: the same bytes as for nonsense"""
    for token in (tokens["access_token"], tokens["refresh_token"], hub.tokens(client="signed")["access_token"]):
        for client in ("other", "plain"):
            assert introspect(hub, token, client).body == INACTIVE


def test_a_resource_server_learns_about_tokens_that_are_for_it(hub):
    """L02: and about no refresh token, nor about a token for somebody else"""
    tokens = hub.tokens(scope=OFFLINE)
    about = introspect(hub, tokens["access_token"], "api").json
    assert about["active"] is True and about["client_id"] == "app"
    assert introspect(hub, hub.tokens(client="signed")["access_token"], "api").json["active"] is True
    assert introspect(hub, tokens["refresh_token"], "api").body == INACTIVE
    assert introspect(hub, hub.tokens(client="plain")["access_token"], "api").body == INACTIVE
    narrow = hub.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"],
                       resource="https://api.test/").json
    assert introspect(hub, narrow["access_token"], "api").body == INACTIVE
    assert introspect(hub, narrow["access_token"], "app").json["aud"] == "https://api.test/"


def test_what_is_dead_is_inactive_and_nothing_else(hub):
    """L03: garbage, revoked, consumed, rotated, the wrong kind"""
    tokens = hub.tokens(scope=OFFLINE)
    code, _ = hub.code()
    again = hub.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json
    assert revoke(hub, again["access_token"]).status == 200
    dead = ["x", "cat_" + "A" * 65, "crt_" + "A" * 65 + ".1", "a.b.c", "\0", "\u00e4", "x" * 50000, " ", "{}",
            tokens["refresh_token"], again["access_token"], tokens["id_token"], code.query["code"],
            tokens["access_token"] + "\0", tokens["access_token"][:-1], again["refresh_token"] + "0"]
    for token in dead:
        assert introspect(hub, token).body == INACTIVE, token[:80]
    assert introspect(hub, tokens["access_token"]).json["active"] is True


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "id_token", "nonsense", "", "\0", "x" * 5000])
def test_a_hint_may_be_wrong(hub, hint):
    """L04, 3.6, 5.G: for introspection and revocation; it is found all the same, and never a 500"""
    tokens = hub.tokens(scope=OFFLINE)
    for name in ("access_token", "refresh_token"):
        assert introspect(hub, tokens[name], token_type_hint=hint).json["active"] is True
    for name in ("access_token", "refresh_token"):
        assert revoke(hub, tokens[name], token_type_hint=hint).status == 200
        assert introspect(hub, tokens[name]).body == INACTIVE


@pytest.mark.parametrize("path", ["/oauth2/introspect", "/oauth2/revoke"])
def test_a_request_must_be_a_form_with_a_token(hub, tokens, path):
    """L09, 5.D test_introspect_bad_post_request, test_revoke_invalid_request_method: no GET, no query, no JSONP"""
    basic = hub.basic("app")
    is_error(hub.post(path, {}, headers=basic), "invalid_request")
    is_error(hub.post(path, {"token": ""}, headers=basic), "invalid_request")
    is_error(hub.post(path, [("token", "a"), ("token", "b")], headers=basic), "invalid_request")
    for query in ({"token": tokens["access_token"]}, {"callback": "f"}, {"x": "y"}):
        answer = request(hub.url(path, **query), headers=basic)
        assert answer.status == 405 and answer.header("Allow") == "POST", answer
        is_error(request(hub.url(path, **query), "POST", form={"token": tokens["access_token"]}, headers=basic),
                 "invalid_request")
    json_type = dict(basic, **{"Content-Type": "application/json"})
    assert request(hub.issuer + path, "POST", headers=json_type, body=json.dumps({"token": "x"})).status == 415
    answer = hub.post(path, {"token": tokens["access_token"], "callback": "f"}, headers=hub.basic("other"))
    assert answer.status == 200 and not answer.text.startswith("f(")
    assert introspect(hub, tokens["access_token"]).json["active"] is True


# -- revocation ---------------------------------------------------------------------------------


def test_another_clients_token_survives(hub):
    """L05, 3.6, 5.D test_revoke_token_bound_to_client, 5.G: 200, and nothing happens"""
    tokens = hub.tokens(scope=OFFLINE)
    nonsense = revoke(hub, "x", "other")
    for client in ("other", "public", "api"):
        for name in ("access_token", "refresh_token"):
            answer = revoke(hub, tokens[name], client)
            assert (answer.status, answer.body) == (nonsense.status, nonsense.body) == (200, b""), answer
    assert is_alive(hub, tokens["access_token"])
    assert hub.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).status == 200


@pytest.mark.parametrize("client", ["app", "public", "signed"])
def test_a_revoked_access_token_is_dead_and_the_rest_lives(hub, client):
    """L06, 5.D test_revoke_token, test_revoke_token_public_client_authentication"""
    tokens = hub.tokens(client=client, scope=OFFLINE)
    assert revoke(hub, tokens["access_token"], client).status == 200
    assert not is_alive(hub, tokens["access_token"])
    again = hub.token(client, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert again.status == 200 and is_alive(hub, again.json["access_token"])
    assert not is_alive(hub, tokens["access_token"])


@pytest.mark.parametrize("client", ["app", "public", "signed"])
def test_a_revoked_refresh_token_takes_its_family_along(hub, client):
    """L06: all access tokens of the grant as well"""
    tokens = hub.tokens(client=client, scope=OFFLINE)
    again = hub.token(client, grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json
    assert is_alive(hub, tokens["access_token"]) and is_alive(hub, again["access_token"])
    assert revoke(hub, again["refresh_token"], client).status == 200
    assert not is_alive(hub, tokens["access_token"]) and not is_alive(hub, again["access_token"])
    answer = hub.token(client, grant_type="refresh_token", refresh_token=again["refresh_token"])
    is_error(answer, "invalid_grant")
    assert hub.events("token_revoked")


def test_an_old_refresh_token_revokes_as_well(hub):
    """L06: whoever logs out with what he has, logs out"""
    tokens = hub.tokens(scope=OFFLINE)
    again = hub.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json
    assert revoke(hub, tokens["refresh_token"]).status == 200
    assert not is_alive(hub, again["access_token"])


@pytest.mark.parametrize("token",
                         ["x", "cat_" + "A" * 65, "crt_" + "A" * 65 + ".1", "a.b.c", "\0", "\u00e4", "x" * 50000])
def test_revoking_nonsense_is_done_at_once(hub, token):
    """RFC 7009, 2.2, 5.D test_invalid_token"""
    answer = revoke(hub, token)
    assert answer.status == 200 and answer.body == b""


def test_revoking_twice_is_revoking_once(hub):
    """RFC 7009, 2.2"""
    tokens = hub.tokens(scope=OFFLINE)
    for _ in range(2):
        assert revoke(hub, tokens["access_token"]).status == 200
    for _ in range(2):
        assert revoke(hub, tokens["refresh_token"]).status == 200


def test_a_revoked_token_is_dead_at_every_worker_at_once(hub):
    """J08: no worker remembers it"""
    connections = connection_to_each_worker(hub)

    def ask(connection, token):
        connection.request("GET", "/oauth2/userinfo", headers={"Authorization": "Bearer " + token})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    for name in ("access_token", "refresh_token"):
        tokens = hub.tokens(scope=OFFLINE)
        token = tokens["access_token"]
        assert [ask(connection, token) for connection in connections] == [200] * len(connections)
        form = urllib.parse.urlencode({"token": tokens[name]})
        headers = dict(hub.basic("app"), **{"Content-Type": "application/x-www-form-urlencoded"})
        connections[0].request("POST", "/oauth2/revoke", form, headers)
        assert connections[0].getresponse().read() == b""
        assert [ask(connection, token) for connection in connections] == [401] * len(connections)
    for connection in connections:
        connection.close()
