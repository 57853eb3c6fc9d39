"""Authlib as a relying party: whole logins, with its JOSE judging what comes."""

import time
import urllib.parse

import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, JsonWebToken
from authlib.oidc.core import CodeIDToken, UserInfo
from authlib.oidc.discovery import OpenIDProviderMetadata

from hub import APP, Browser, Hub, Pkce

CLIENTS = {
    "post": {
        "client_secret": "the secret of the app that posts it",
        "redirect_uris": [APP],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "scope": "openid profile email offline_access read",
        "token_endpoint_auth_method": "client_secret_post",
        "id_token_signed_response_alg": "RS256",
    },
}
METHODS = {"app": "client_secret_basic", "post": "client_secret_post", "public": "none"}
ALGS = {"app": "ES256", "post": "RS256", "public": "ES256"}


@pytest.fixture(scope="module")
def hub():
    with Hub({"clients": CLIENTS}) as running:
        yield running


@pytest.fixture(scope="module")
def metadata(hub):
    return OpenIDProviderMetadata(hub.get("/.well-known/openid-configuration").json)


def session_of(hub, metadata, client, **more):
    return OAuth2Session(
        client,
        hub.client(client).get("client_secret"),
        token_endpoint_auth_method=METHODS[client],
        revocation_endpoint_auth_method=METHODS[client],
        redirect_uri=hub.client(client)["redirect_uris"][0],
        token_endpoint=metadata["token_endpoint"],
        code_challenge_method="S256",
        **more,
    )


def login(hub, metadata, client="app", scope="openid profile email"):
    """A whole login. (the session, its tokens, the nonce)"""
    session = session_of(hub, metadata, client, scope=scope)
    pkce, nonce = Pkce(), "the nonce of a test"
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=pkce.verifier, nonce=nonce)
    browser = Browser()
    answer = browser.get(url)
    while not answer.location.startswith(session.redirect_uri):
        if answer.location.startswith(hub.simulator_url):
            answer = hub.pick(browser, answer.location)
        else:
            ticket = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.location).query).get("ticket")
            chooser = answer.location.startswith(hub.issuer + "/login?")
            answer = browser.get(hub.url("/login/github", ticket=ticket[0]) if chooser else answer.location)
    tokens = session.fetch_token(metadata["token_endpoint"], authorization_response=answer.location, state=state,
                                 code_verifier=pkce.verifier)
    return session, tokens, nonce


def judge(hub, metadata, client, tokens, nonce):
    """The ID token's claims, when signature and claims are all right."""
    keys = JsonWebKey.import_key_set(hub.get(urllib.parse.urlsplit(metadata["jwks_uri"]).path).json)
    claims = JsonWebToken([ALGS[client]]).decode(
        tokens["id_token"],
        keys,
        claims_cls=CodeIDToken,
        claims_options={"iss": {"essential": True, "value": hub.issuer},
                        "aud": {"essential": True, "value": client}},
        claims_params={"nonce": nonce, "client_id": client, "access_token": tokens["access_token"],
                       "max_age": 3600},
    )
    claims.validate(now=time.time(), leeway=0)
    return claims


def test_the_metadata_are_valid(metadata):
    metadata.validate()


@pytest.mark.parametrize("client", METHODS)
def test_a_person_logs_in_and_the_tokens_stand_up_to_authlib(hub, metadata, client):
    session, tokens, nonce = login(hub, metadata, client)
    claims = judge(hub, metadata, client, tokens, nonce)
    assert claims["name"] == "The Octocat" and claims["at_hash"]
    info = UserInfo(session.get(metadata["userinfo_endpoint"]).json())
    assert info.sub == claims["sub"] and info.email == "octocat@example.com" and info.email_verified is True


@pytest.mark.parametrize("client", METHODS)
def test_tokens_are_refreshed_by_themselves_when_they_have_expired(hub, metadata, client):
    session, tokens, _ = login(hub, metadata, client, scope="openid email offline_access")
    told = []
    session.update_token = lambda token, refresh_token=None, access_token=None: told.append((token, refresh_token))
    session.token = dict(tokens, expires_at=int(time.time()) - 10)
    answer = session.get(metadata["userinfo_endpoint"])
    assert answer.status_code == 200 and answer.json()["email"] == "octocat@example.com"
    [(new, old)] = told
    assert old == tokens["refresh_token"] and new["refresh_token"] != old


@pytest.mark.parametrize("client", ["app", "post"])
def test_introspection_and_revocation(hub, metadata, client):
    session, tokens, _ = login(hub, metadata, client, scope="openid offline_access")

    def ask():
        return session.introspect_token(metadata["introspection_endpoint"], token=tokens["access_token"]).json()

    about = ask()
    assert about["active"] is True and about["client_id"] == client and about["exp"] > time.time()
    gone = session.revoke_token(metadata["revocation_endpoint"], token=tokens["refresh_token"],
                                token_type_hint="refresh_token")
    assert gone.status_code == 200
    assert ask() == {"active": False}


@pytest.mark.parametrize("client", ["app", "post"])
def test_client_credentials(hub, metadata, client):
    session = session_of(hub, metadata, client, scope="read")
    tokens = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert tokens["scope"] == "read" and "refresh_token" not in tokens and "id_token" not in tokens


def test_a_wrong_secret_is_an_invalid_client(hub, metadata):
    session = session_of(hub, metadata, "app")
    session.client_secret = "wrong"
    with pytest.raises(OAuthError) as refusal:
        session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert refusal.value.error == "invalid_client"
