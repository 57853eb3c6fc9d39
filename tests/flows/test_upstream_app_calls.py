"""Tokens that belong to the application: fetched once for all logins, fetched again when they have to be."""

import json

import pytest
from upstream import Reply, Stage


def with_app_call(up, **over):
    """A provider whose token request has to carry a token of the application."""
    return up.oauth2_settings(
        token_auth="none", token_headers={"Authorization": "Bearer {app:/app_token}"}, token_error="/error",
        lookups={"app": {"as": "app", "url": up.url("/app"), "method": "POST", "expires": "/expire",
                         "body": '{"id": "{client_id}", "secret": "{client_secret}"}'}}, **over)


def with_app_token(up):
    """A provider that has no other token than the application's."""
    return up.oauth2_settings(
        token_auth="post", token_owner="app", token_omit=["code", "grant_type", "redirect_uri", "code_verifier"],
        userinfo_params={"code": "{callback:/code}"})


@pytest.fixture(scope="module")
def stage():
    with Stage({"call": with_app_call, "token": with_app_token, "headers": lambda up: up.oauth2_settings(
            api_headers={"X-Api-Key": "{client_id}:{client_secret}"})}) as stage:
        yield stage


def behaving(stage, name, lifetime=7200):
    """The provider, with an application's token of that lifetime."""
    up = stage.up(name)
    count = [0]

    def app(asked):
        count[0] += 1
        return Reply({"app_token": f"app-{count[0]}", "expire": lifetime})

    def token(asked):
        count[0] += 1
        return Reply({"access_token": f"app-{count[0]}", "expires_in": lifetime})

    up.authenticates = lambda asked: True
    up.replies["/app"] = app
    if name == "token":
        up.replies["/token"] = token
        up.replies["/userinfo"] = lambda asked: Reply(dict(up.person))
    up.asked.clear()
    stage.clock.forward(100000)  # nothing of an earlier test is left
    return up


def test_an_answer_to_the_application_is_asked_for_once(stage):
    up = behaving(stage, "call")
    for _ in range(3):
        stage.accepted(up)
    assert len(up.calls("/app")) == 1
    assert json.loads(up.calls("/app")[0].body) == {"id": up.client_id, "secret": up.client_secret}
    assert [asked.authorization for asked in up.calls("/token")] == [("Bearer", "app-1")] * 3


def test_it_is_asked_for_again_shortly_before_it_expires(stage):
    up = behaving(stage, "call", lifetime=600)
    stage.accepted(up)
    stage.clock.forward(500)
    stage.accepted(up)
    assert len(up.calls("/app")) == 1
    stage.clock.forward(50)
    stage.accepted(up)
    assert len(up.calls("/app")) == 2 and up.calls("/token")[-1].authorization[1] == "app-2"


@pytest.mark.parametrize("lifetime", [0, 30, None, "soon", -5])
def test_one_that_says_no_lifetime_is_not_kept(stage, lifetime):
    up = behaving(stage, "call", lifetime=lifetime)
    stage.accepted(up)
    stage.accepted(up)
    assert len(up.calls("/app")) == 2


def test_a_refused_call_lets_go_of_it(stage):
    up = behaving(stage, "call")
    stage.accepted(up)
    up.replies["/userinfo"] = Reply({"error": "token was taken back"}, 401)
    stage.refused(up, "answered 401")
    del up.replies["/userinfo"]
    stage.accepted(up)
    assert len(up.calls("/app")) == 2


def test_the_application_itself_may_be_refused(stage):
    up = behaving(stage, "call")
    up.replies["/app"] = Reply({"error": "no"}, 400)
    stage.refused(up, "answered 400")
    assert not up.calls("/token")


def test_the_token_of_the_application_is_asked_for_once(stage):
    up = behaving(stage, "token")
    for _ in range(3):
        stage.accepted(up)
    assert len(up.calls("/token")) == 1
    assert up.calls("/token")[0].form == {"client_id": up.client_id, "client_secret": up.client_secret}
    codes = [asked.query["code"] for asked in up.calls("/userinfo")]
    assert len(set(codes)) == 3
    assert {asked.authorization for asked in up.calls("/userinfo")} == {("Bearer", "app-1")}


def test_a_token_of_the_application_that_is_refused_is_asked_for_again(stage):
    up = behaving(stage, "token")
    stage.accepted(up)
    up.replies["/userinfo"] = Reply({"errcode": 42001}, 401)
    stage.refused(up, "answered 401")
    up.replies["/userinfo"] = lambda asked: Reply(dict(up.person))
    stage.accepted(up)
    assert len(up.calls("/token")) == 2


def test_a_header_may_have_the_client_secret(stage):
    up = stage.up("headers")
    stage.accepted(up)
    assert up.calls("/userinfo")[0].headers["x-api-key"] == f"{up.client_id}:{up.client_secret}"


def test_no_secret_is_in_the_log(stage):
    log = stage.hub.log()
    for canary in stage.canaries():
        assert canary not in log
