"""The chooser: which providers it offers to whom, when it passes on at once, how one is found among many; marks."""

import re
import urllib.parse
import xml.etree.ElementTree

import pytest
from hub import APP, Browser, Hub

HTML = {"Accept": "text/html"}


def plain(number, **more):
    """A provider of the configuration alone; nobody has to be there as long as nobody logs in."""
    return dict({"plugin": "oauth2", "client_id": "app", "client_secret": "hush", "name": f"Provider {number:02}",
                 "authorize_url": f"https://p{number}.test/authorize", "token_url": f"https://p{number}.test/token",
                 "userinfo_url": f"https://p{number}.test/me", "claims": {"sub": "/id"}}, **more)


def client(**more):
    return dict({"client_secret": "the secret of an app of this suite", "redirect_uris": [APP],
                 "grant_types": ["authorization_code"], "scope": "openid"}, **more)


@pytest.fixture(scope="module")
def hub():
    config = {
        "providers": {
            "first": plain(1, color="#ffffff"),
            "second": plain(2, name="\u00c9cole <b>& Söhne</b>", color="#101010"),
            "third": plain(3, hidden=True),
        },
        "clients": {
            "all": client(client_name="Everybody's app"),
            "nameless": client(),
            "only-second": client(providers=["second"]),
            "hidden-only": client(providers=["third"]),
            "two": client(providers=["first", "second"]),
        },
    }
    with Hub(config, simulate=()) as hub:
        yield hub


@pytest.fixture(scope="module")
def crowd():
    with Hub({"providers": {f"p{number}": plain(number) for number in range(1, 15)}}, simulate=()) as hub:
        yield hub


def offered(answer):
    """The ids of the providers that a page offers, in its order."""
    assert answer.status == 200, answer
    return [urllib.parse.urlsplit(link).path.rpartition("/")[2] for link in links(answer)]


def links(answer):
    return [link.replace("&amp;", "&") for link in re.findall(r'<a class="choice" href="([^"]+)"', answer.text)]


def way_to_chooser(hub, name):
    """The address to which an app's person is sent, and the browser."""
    person = Browser()
    return person, hub.authorize(person, client=name, scope="openid").location


def chooser_for(hub, name):
    person, location = way_to_chooser(hub, name)
    return person, person.get(location)


def test_everybody_is_offered_what_is_not_hidden(hub):
    answer = hub.get("/login", headers=HTML)
    assert offered(answer) == ["first", "second"]
    assert "<b>" not in answer.text and "&lt;b&gt;&amp; Söhne" in answer.text


def test_an_app_is_named_and_its_people_are_offered_its_providers(hub):
    _, page = chooser_for(hub, "all")
    assert offered(page) == ["first", "second"]
    assert "Everybody&#39;s app" in page.text, page.text
    _, page = chooser_for(hub, "nameless")
    assert "nameless" in page.text
    _, page = chooser_for(hub, "two")
    assert offered(page) == ["first", "second"]


def test_who_has_one_way_only_is_not_asked(hub):
    person, answer = chooser_for(hub, "only-second")
    assert answer.status == 303 and answer.location.startswith("/login/second?ticket="), answer
    onward = person.get(urllib.parse.urljoin(hub.issuer, answer.location))
    assert onward.location.startswith("https://p2.test/authorize?")


def test_who_has_just_said_no_there_is_not_sent_back_at_once(hub):
    person, location = way_to_chooser(hub, "only-second")
    page = person.get(location + "&cancelled=second")
    assert offered(page) == ["second"]
    assert "École" in page.text and 'role="status"' in page.text
    page = person.get(location + "&cancelled=nobody")
    assert offered(page) == ["second"] and 'role="status"' not in page.text


def test_a_hidden_provider_is_offered_to_nobody_but_can_be_named(hub):
    _, page = chooser_for(hub, "hidden-only")
    assert page.status == 200 and offered(page) == []
    assert hub.get("/login/third").location.startswith("https://p3.test/authorize?")


def test_the_way_back_comes_along(hub):
    page = hub.get("/login?return_to=/logout%3Fa%3Db", headers=HTML)
    assert [link.partition("?")[2] for link in links(page)] == ["return_to=%2Flogout%3Fa%3Db"] * 2
    for bad in ("//evil.test", "https://evil.test/", "/\\evil.test", "x"):
        assert hub.get("/login?return_to=" + urllib.parse.quote(bad)).status == 400


def test_a_ticket_that_this_browser_does_not_have_is_over(hub):
    _, page = chooser_for(hub, "all")
    ticket = re.search(r"ticket=([\w-]+)", links(page)[0])[1]
    assert hub.get("/login?ticket=" + ticket, headers=HTML).status == 400
    assert "expired" in hub.get("/login?ticket=" + ticket, headers=HTML).text


def test_among_many_one_is_found_by_name_or_id(crowd):
    page = crowd.get("/login", headers=HTML)
    assert len(offered(page)) == 14 and 'type="search"' in page.text
    assert offered(crowd.get("/login?find=provider+07", headers=HTML)) == ["p7"]
    assert offered(crowd.get("/login?find=%20P12%20", headers=HTML)) == ["p12"]
    assert offered(crowd.get("/login?find=p1", headers=HTML)) == ["p1", "p10", "p11", "p12", "p13", "p14"]
    assert offered(crowd.get("/login?find=nothing", headers=HTML)) == []
    page = crowd.get("/login?find=%22%3E%3Cscript%3E&return_to=/logout", headers=HTML)
    assert offered(page) == [] and "<script>" not in page.text
    assert 'name="return_to" value="/logout"' in page.text


def test_a_search_that_leaves_one_does_not_pass_on(crowd):
    assert crowd.get("/login?find=p7", headers=HTML).status == 200


def test_few_are_not_searched(hub):
    assert 'type="search"' not in hub.get("/login", headers=HTML).text


# -- marks --------------------------------------------------------------------------------------


def test_a_provider_without_a_mark_gets_its_initial_on_its_colour(hub):
    answer = hub.get("/marks/second")
    assert answer.header("Content-Type") == "image/svg+xml"
    assert "sandbox" in answer.header("Content-Security-Policy")
    picture = xml.etree.ElementTree.fromstring(answer.text)
    box, letter = list(picture)
    assert (box.get("fill"), letter.get("fill"), letter.text) == ("#101010", "#fff", "\u00c9")
    picture = xml.etree.ElementTree.fromstring(hub.get("/marks/first").text)
    assert [part.get("fill") for part in picture] == ["#ffffff", "#111"]
    picture = xml.etree.ElementTree.fromstring(hub.get("/marks/third").text)
    assert picture[0].get("fill") == "#5b6570"


def test_a_mark_is_fetched_once(hub):
    answer = hub.get("/marks/first")
    again = hub.get("/marks/first", headers={"If-None-Match": answer.header("ETag")})
    assert again.status == 304 and again.text == ""
    assert hub.get("/marks/first", headers={"If-None-Match": '"other"'}).status == 200
    assert answer.header("ETag") != hub.get("/marks/second").header("ETag")
    assert "max-age" in answer.header("Cache-Control")
    assert hub.get("/marks/nobody").status == 404
