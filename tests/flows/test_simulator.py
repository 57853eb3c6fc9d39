"""The simulated providers: what stands on their pages can be picked, and comes out as it says there."""

import re

import pytest

from hub import Browser, Hub, claims

# The demo's five; and what brings its tokens in other ways: with Basic credentials beside them, in a path, in a header
# of its own, with the secret as a bearer token, to a path that ends with a slash, from a reply full of odd values.
PROVIDERS = ("github", "google", "discord", "qq", "facebook",
             "spotify", "hubspot", "dingtalk", "stripe", "pinterest", "tumblr")


def test_an_app_that_first_asks_for_a_token_of_its_own_is_played_too():
    wecom = {"parameters": {"agent_id": "1000002"}}
    with Hub({"providers": {"wecom": wecom}}, simulate=["wecom"]) as hub:
        for _ in range(2):
            browser = hub.login(provider="wecom")
            assert browser.get(hub.url("/session")).json["idp"] == "wecom"


@pytest.fixture(scope="module")
def hub():
    with Hub(simulate=PROVIDERS) as running:
        yield running


def offered(hub, provider, heading):
    """The cases that stand below a heading of a provider's page."""
    page = Browser()
    page = page.get(page.get(hub.url(f"/login/{provider}")).location).text
    people, _, others = page.partition("<h2>Or</h2>")
    return re.findall(r'name="simulated_case" value="([^"]*)"', people if heading == "people" else others)


def unfit(hub, provider):
    """What a provider's page says of the people that its configuration does not let in."""
    page = Browser()
    page = page.get(page.get(hub.url(f"/login/{provider}")).location).text
    return page.partition("<h2>Not as this provider is configured</h2>")[2]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_person_on_a_simulated_page_can_log_in(hub, provider):
    people = offered(hub, provider, "people")
    assert people[0] == "login"
    for case in people:
        browser = hub.login(provider=provider, case=case)
        session = browser.get(hub.url("/session"))
        assert session.status == 200 and session.json["idp"] == provider, (case, session)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_refusal_and_error_on_a_simulated_page_ends_as_one(hub, provider):
    others = offered(hub, provider, "others")
    assert "denied" in others and "bad_code" in others
    for case in others:
        browser = Browser()
        back = hub.pick(browser, browser.get(hub.url(f"/login/{provider}")).location, case)
        answer = browser.get(back.location)
        if case == "denied":
            assert answer.status == 303 and answer.query == {"cancelled": provider}, (case, answer)
        else:
            assert answer.status == 502, (case, answer)


def test_two_logins_of_the_same_person_at_once_do_not_meet(hub):
    first, second = Browser(), Browser()
    ways = [(browser, hub.pick(browser, browser.get(hub.url("/login/github")).location, "unverified"))
            for browser in (first, second)]
    for browser, back in reversed(ways):
        assert browser.get(back.location).status == 303
        assert browser.get(hub.url("/session")).json["preferred_username"] == "mojombo"


def test_a_server_of_ones_own_is_played_under_its_own_host(hub):
    provider = {"plugin": "github", "client_id": "app", "client_secret": "hush", "simulator": hub.simulator_url,
                "parameters": {"host": "git.example.com", "api_base": "https://git.example.com/api/v3"}}
    with Hub({"providers": {"work": provider}}, simulate=()) as other:
        assert offered(other, "work", "people") == ["enterprise"]
        identity = claims(other.tokens(provider="work", case="enterprise")["id_token"])
        assert identity["name"] == "Ada" and identity["idp"] == "work"


def test_a_case_of_another_configuration_is_shown_with_the_reason_why_not(hub):
    assert "personal" not in offered(hub, "pinterest", "people")
    assert "kim" in unfit(hub, "pinterest") and "The parameter scope is" in unfit(hub, "pinterest")
    assert unfit(hub, "github") == ""


@pytest.mark.parametrize("provider", ["github", "spotify", "stripe", "facebook", "qq", "wechat"])
def test_a_developer_has_credentials_of_his_own(hub, provider):
    """They may come in a form, by Basic, as a bearer token, in a query, inside an HMAC and under another name."""
    own = {provider: {"client_id": "my-own-app", "client_secret": "my-own-secret"}}
    with Hub({"providers": own}, simulate=[provider]) as other:
        browser = other.login(provider=provider)
        assert browser.get(other.url("/session")).json["idp"] == provider
