"""Group I of the attack catalogue: what a provider says of a person, and whose account that becomes."""

import gzip

import pytest
from hub import claims
from upstream import GONE, Browser, Key, Reply, Stage, Trap, compact, form_reply


@pytest.fixture(scope="module")
def stage():
    providers = {
        "plain": lambda up: up.settings(),
        "second": lambda up: up.settings(),
        "untrusted": lambda up: up.settings(email_trust=GONE),
        "always": lambda up: up.settings(trust_email="always"),
        "never": lambda up: up.settings(trust_email="never"),
        "domain": lambda up: up.settings(allow={"email_domains": ["good.test"], "emails": ["one@else.test"]}),
        "group": lambda up: up.settings(allow={"groups": ["staff"]}),
        "claim": lambda up: up.settings(claims={"level": "/level"}, allow={"claims": {"level": "high"}}),
        "renaming": lambda up: up.oauth2_settings(claims={"sub": "/id", "preferred_username": "/login"}),
        "mapped": lambda up: up.settings(claims={"sub": "/employee", "level": "/level"}),
    }
    with Stage(providers, config={"claims": {"level": "/level"}}) as stage:
        yield stage


@pytest.fixture
def up(stage):
    return stage.up("plain")


def say(up, **members):
    up.person.update(members)


def issued(stage, up, scope="openid profile email groups"):
    """The claims of the ID token that an app gets of a login there."""
    browser = Browser()
    stage.accepted(up, browser)
    return claims(stage.hub.tokens(browser=browser, scope=scope)["id_token"])


def test_a_userinfo_reply_about_somebody_else_is_refused(stage, up):
    """I01."""
    for sub in (GONE, None, "", "bob", "alice-at-plain ", "ALICE-AT-PLAIN", 7, ["alice-at-plain"]):
        up.userinfo = {"sub": sub}
        stage.refused(up, "userinfo speaks of another person")


def test_userinfo_replies_that_are_no_profile_are_refused(stage, up):
    """I02."""
    bomb = gzip.compress(b" " * 10_000_000)
    for reply in (Reply("[]"), Reply('["sub", "alice"]'), Reply('"text"'), Reply("7"), Reply("null"), Reply("true"),
                  Reply(""), Reply("{"), Reply('{"sub": "alice-at-plain"'), Reply('{"sub":"alice-at-plain"} {}'),
                  Reply('{"sub":"bob","sub":"alice-at-plain"}'), Reply('{"sub":"alice-at-plain","a":1,"a":2}'),
                  Reply("[" * 100_000 + "]" * 100_000), Reply('{"a":' * 100_000), Reply(" " * 5_000_000),
                  Reply('{"sub":"alice-at-plain","x":"' + "x" * 5_000_000 + '"}'),
                  Reply("<html>sub=alice-at-plain</html>", content_type="text/html"), Reply(b"\xff\xfe{}"),
                  Reply(bomb, headers={"Content-Encoding": "gzip"}), Reply(b"\0" * 100),
                  Reply('{"sub":"alice-at-plain","name":"a\\u0000b"}'), Reply('{"sub":"alice-at-plain","n":"\\ud800"}'),
                  Reply('{"sub":"alice-at-plain","n":1e999}'), Reply('{"sub":"alice-at-plain","n":NaN}')):
        up.replies = {"/userinfo": reply}
        stage.refused(up, "")
        assert stage.session(Browser()) is None


def test_a_userinfo_call_that_fails_is_no_login(stage, up):
    """I02."""
    for status in (400, 401, 403, 404, 500, 503, 302, 204, 304):
        up.replies = {"/userinfo": Reply(dict(up.person), status=status, headers={"Location": up.url("/userinfo2")})}
        answer = stage.login(up)
        assert answer.status == 502, (status, answer)
    assert not up.calls("/userinfo2"), "a redirect was followed"


def test_a_signed_userinfo_reply_is_not_taken_for_anything(stage, up):
    """I03: signed replies are not available yet, so one that comes is refused, whoever signed it."""
    for key in (up.key, Key(number=1)):
        up.replies = {"/userinfo": lambda asked, key=key: Reply(
            compact({"alg": "RS256", "kid": up.key.kid}, dict(up.person, iss=up.issuer, aud=up.client_id), key.sign),
            content_type="application/jwt")}
        stage.refused(up, "")


def test_only_json_true_verifies_an_address(stage, up):
    """I04."""
    say(up, email_verified=True)
    assert stage.accepted(up)["email_verified"] is True
    for value in (False, "true", "false", 1, 0, None, [True], {"true": True}, "TRUE", "yes"):
        say(up, email_verified=value)
        assert stage.accepted(up)["email_verified"] is False, value
    up.person.pop("email_verified")
    assert stage.accepted(up)["email_verified"] is False


def test_whose_word_on_addresses_counts_is_the_operators_decision(stage):
    """I04: the generic plugin believes nobody unless told."""
    for name, verified in (("untrusted", False), ("always", True), ("never", False)):
        up = stage.up(name)
        assert stage.accepted(up)["email_verified"] is verified, name
        say(up, email_verified=False)
        assert stage.accepted(up)["email_verified"] is (name == "always"), name


def test_the_address_of_an_account_does_not_open_it(stage, up):
    """I05: a new identity with the verified address of somebody else is somebody else."""
    second = stage.up("second")
    for person in (up, second):
        say(person, email="shared@x.test", email_verified=True)
    say(up, sub="one")
    say(second, sub="two")
    accounts = {stage.accepted(up)["sub"], stage.accepted(second)["sub"]}
    say(up, sub="three")
    accounts.add(stage.accepted(up)["sub"])
    assert len(accounts) == 3


def test_the_same_subject_at_two_issuers_is_two_people(stage, up):
    """I07."""
    second = stage.up("second")
    say(up, sub="same")
    say(second, sub="same")
    first = stage.accepted(up)["sub"]
    assert first != stage.accepted(second)["sub"] and first == stage.accepted(up)["sub"]


def test_addresses_that_are_none_are_not_passed_on(stage, up):
    """I10."""
    for email in ("a@good@evil", "a", "@x.test", "a@", "a@x.test\n", "a b@x.test", "a@x.test, b@x.test", "\x1b@x.test",
                  "x" * 300 + "@x.test", "", None, 7, ["a@x.test"], {"email": "a@x.test"}, "a@x.test\r\nBcc: b@x.test"):
        say(up, email=email)
        session = stage.accepted(up)
        assert "email" not in session and "email_verified" not in session, (email, session)


def test_addresses_that_differ_in_anything_are_different(stage, up):
    """I10: kept as they came."""
    for email in ("A@X.test", "a@x.test", "a@x.test.", "\u0430@x.test", "a@\u0445.test", "a+b@x.test", '"a"@x.test'):
        say(up, email=email)
        assert stage.accepted(up)["email"] == email


def test_a_domain_is_what_stands_behind_the_last_at(stage):
    """I10."""
    up = stage.up("domain")
    for email in ("a@good.test", "A@GOOD.test", "one@else.test"):
        say(up, email=email)
        stage.accepted(up)
    for email in ("a@good.test@evil.test", "a@evil.test", "a@good.test.evil.test", "a@xgood.test", "a@sub.good.test",
                  "a@good.test.", "a@good.test ", "a@\u0261ood.test", "good.test", "@good.test", "a@good.test\n",
                  "two@else.test", "", GONE):
        up.person = {name: value for name, value in dict(up.person, email=email).items() if value is not GONE}
        stage.refused(up, "e-mail address is none of those", 403)
    say(up, email="a@good.test", email_verified=False)
    stage.refused(up, "e-mail address is none of those", 403)


def test_groups_and_claims_that_open_the_door_are_compared_whole(stage):
    up = stage.up("group")
    for groups in (["staff"], ["x", "staff"], "staff"):
        say(up, groups=groups)
        stage.accepted(up)
    for groups in (["staff2"], ["x staff"], "x,staff", "STAFF", [["staff"]], {"staff": True}, 7, None, [], True):
        say(up, groups=groups)
        stage.refused(up, "in none of the groups", 403)
    up = stage.up("claim")
    for level in ("high", ["low", "high"]):
        say(up, level=level)
        stage.accepted(up)
    for level in ("higher", "", None, 1, True, ["highest"], {"high": 1}):
        say(up, level=level)
        stage.refused(up, "is not as it must be", 403)


def test_what_a_provider_writes_stays_data(stage, up):
    """I11: quotes, lines, tags and separators come out as they went in."""
    odd = 'A\n<script>alert(1)</script>"\';,\t\\ \u2028 \U0001f600 {{name}} &amp; %00 =cmd|'
    say(up, name=odd, groups=["a,b", "c d", odd, "\r\nX: y"])
    identity = issued(stage, up)
    assert identity["name"] == odd and identity["groups"] == ["a,b", "c d", odd, "\r\nX: y"]
    browser = Browser()
    stage.accepted(up, browser)
    page = browser.get(stage.hub.url("/"))
    assert "<script>" not in page.text and "&lt;script&gt;" in page.text
    assert stage.session(browser)["name"] == odd


def test_a_profile_beyond_all_measure_is_refused_and_says_so(stage, up):
    """I11."""
    say(up, groups=["group number %d" % number for number in range(40_000)])
    stage.refused(up, "the profile is longer than")
    say(up, groups=["g" * 50] * 300)
    assert len(issued(stage, up)["groups"]) == 300


def test_claims_have_the_types_that_openid_gives_them(stage, up):
    """I11: an app that expects text gets text or nothing."""
    for value in ({"a": 1}, ["a"], [], {}, None, ""):
        say(up, name=value, picture=value, locale=value, preferred_username=value)
        identity = issued(stage, up)
        for name in ("name", "picture", "locale", "preferred_username"):
            assert name not in identity, (value, identity)
    say(up, name=7, picture=True, address="somewhere", updated_at="today", phone_number=[1], email_verified="true")
    identity = issued(stage, up, "openid profile email groups")
    assert identity["name"] == "7" and "updated_at" not in identity and identity["email_verified"] is False


def test_a_provider_cannot_speak_as_we_do(stage, up):
    """I11: claims of ours are not for providers to set."""
    say(up, idp="admin", idp_sub="root", iss="https://evil.test", aud="other", sid="x", acr="gold", amr=["x"],
        client_id="other", scope="admin", nonce="x", exp=1)
    identity = issued(stage, up)
    assert identity["iss"] == stage.hub.issuer and identity["aud"] == "app" and identity["idp"] == "plain"
    assert identity["idp_sub"] == "alice-at-plain" and identity["exp"] > 1000 and "scope" not in identity


def test_a_person_who_changes_names_stays_the_same(stage):
    """I12."""
    up = stage.up("renaming")
    up.person = {"id": 1001, "login": "alice"}
    alice = stage.accepted(up)
    up.person = {"id": 1001, "login": "alice2"}
    renamed = stage.accepted(up)
    up.person = {"id": 1002, "login": "alice"}
    thief = stage.accepted(up)
    assert alice["sub"] == renamed["sub"] != thief["sub"]
    assert renamed["preferred_username"] == "alice2" and thief["preferred_username"] == "alice"


def test_without_an_id_there_is_no_login(stage):
    """I12: neither nothing nor something that is no id."""
    up = stage.up("renaming")
    for person in ({"login": "alice"}, {"id": None}, {"id": ""}, {"id": []}, {"id": {"a": 1}}, {"id": 1.5},
                   {"id": "x" * 256}, {"id": "a\x01"}, {}):
        up.person = person
        answer = stage.login(up)
        assert answer.status == 502, (person, answer)


def test_numbers_as_ids_are_not_rounded(stage):
    """I12: two large ids that are one as a double."""
    up = stage.up("renaming")
    seen = set()
    for id in (9007199254740993, 9007199254740992, 9223372036854775807, "9007199254740993 "):
        up.person = {"id": id}
        seen.add(stage.accepted(up)["idp_sub"])
    assert seen == {"9007199254740993", "9007199254740992", "9223372036854775807", "9007199254740993 "}


def test_a_claim_map_may_name_the_person_otherwise(stage):
    up = stage.up("mapped")
    say(up, employee="e-7", level="high")
    session = stage.accepted(up)
    assert session["idp_sub"] == "e-7"
    say(up, employee=None)
    assert stage.accepted(up)["idp_sub"] == "alice-at-mapped", "the map finds nothing: the sub of the ID token"


def test_addresses_in_a_profile_are_not_visited(stage, up):
    """I15."""
    with Trap() as trap:
        say(up, picture=trap.url + "/a.png", profile=trap.url, website=trap.url, logo_uri=trap.url)
        browser = Browser()
        stage.accepted(up, browser)
        page = browser.get(stage.hub.url("/"))
        assert page.status == 200 and trap.url not in page.text
        stage.hub.tokens(browser=browser)
        assert not trap.was_visited()


def test_a_form_as_a_profile_is_read_as_one(stage):
    """C43: where the provider is of that kind."""
    up = stage.up("renaming")
    up.replies = {"/userinfo": form_reply(id="f-1", login="alice & bob")}
    session = stage.accepted(up)
    assert session["idp_sub"] == "f-1" and session["preferred_username"] == "alice & bob"
    up.replies = {"/userinfo": Reply("id=1&id=2", content_type="application/x-www-form-urlencoded")}
    stage.refused(up, "stands there twice")
