"""requests-oauthlib as a client: plain OAuth 2, as many scripts and older apps do it."""

import time
import urllib.parse

import pytest
from oauthlib.oauth2 import (AccessDeniedError, BackendApplicationClient, InvalidGrantError, MismatchingStateError,
                             WebApplicationClient)
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from hub import APP, Browser, Hub, Pkce


@pytest.fixture(scope="module")
def hub():
    with Hub({"clients": {"old": {"client_secret": "the secret of an app without PKCE", "redirect_uris": [APP],
                                  "require_pkce": False, "scope": "openid email"}}}) as running:
        yield running


def authorize(hub, session, case="login", **more):
    """The URL with which the browser comes back to the app."""
    url, _ = session.authorization_url(hub.url("/oauth2/authorize"), **more)
    browser = Browser()
    answer = browser.get(url)
    ticket = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.location).query)["ticket"][0]
    to_provider = browser.get(hub.url("/login/github", ticket=ticket))
    back = browser.get(hub.pick(browser, to_provider.location, case).location)
    return browser.get(back.location).location


def login(hub, session, client="app", **choices):
    pkce = Pkce()
    answer = authorize(hub, session, code_challenge=pkce.challenge, code_challenge_method="S256", **choices)
    return session.fetch_token(hub.url("/oauth2/token"), authorization_response=answer, code_verifier=pkce.verifier,
                               auth=HTTPBasicAuth(client, hub.client(client)["client_secret"]))


def test_a_person_logs_in_and_the_token_opens_userinfo(hub):
    session = OAuth2Session("app", redirect_uri=APP, scope=["openid", "email"])
    tokens = login(hub, session)
    assert tokens["token_type"] == "Bearer" and tokens.scope_changed is False
    assert session.get(hub.url("/oauth2/userinfo")).json()["email"] == "octocat@example.com"


def test_an_app_that_knows_no_pkce_may_be_let_in(hub):
    session = OAuth2Session("old", redirect_uri=APP, scope=["openid", "email"])
    answer = authorize(hub, session)
    tokens = session.fetch_token(hub.url("/oauth2/token"), authorization_response=answer,
                                 auth=HTTPBasicAuth("old", hub.client("old")["client_secret"]))
    assert tokens["id_token"]


def test_an_expired_token_is_refreshed_by_itself(hub):
    told = []
    session = OAuth2Session("app", redirect_uri=APP, scope=["openid", "email", "offline_access"],
                            auto_refresh_url=hub.url("/oauth2/token"), token_updater=told.append)
    tokens = login(hub, session)
    session.token = dict(tokens, expires_at=time.time() - 10)
    answer = session.get(hub.url("/oauth2/userinfo"), client_id="app",
                         client_secret=hub.client("app")["client_secret"])
    assert answer.status_code == 200
    assert told[0]["refresh_token"] != tokens["refresh_token"]


def test_a_client_gets_a_token_of_its_own(hub):
    session = OAuth2Session(client=BackendApplicationClient("app", scope=["read"]))
    tokens = session.fetch_token(hub.url("/oauth2/token"), client_id="app",
                                 client_secret=hub.client("app")["client_secret"])
    assert tokens["scope"] == ["read"]


def test_a_code_is_good_once(hub):
    session = OAuth2Session("app", redirect_uri=APP, scope=["openid"])
    pkce = Pkce()
    answer = authorize(hub, session, code_challenge=pkce.challenge, code_challenge_method="S256")
    form = {"authorization_response": answer, "code_verifier": pkce.verifier,
            "auth": HTTPBasicAuth("app", hub.client("app")["client_secret"])}
    session.fetch_token(hub.url("/oauth2/token"), **form)
    with pytest.raises(InvalidGrantError):
        session.fetch_token(hub.url("/oauth2/token"), **form)


def test_a_denial_is_read_as_one(hub):
    with pytest.raises(AccessDeniedError):
        login(hub, OAuth2Session("app", redirect_uri=APP, scope=["openid"]), case="denied")


def test_another_state_is_noticed(hub):
    answer = authorize(hub, OAuth2Session("app", redirect_uri=APP, scope=["openid"], state="one"),
                       code_challenge=Pkce().challenge, code_challenge_method="S256")
    with pytest.raises(MismatchingStateError):
        WebApplicationClient("app").parse_request_uri_response(answer, state="another")
