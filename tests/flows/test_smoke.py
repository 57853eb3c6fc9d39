"""The shortest way through everything: a login, a code, tokens, userinfo, refresh, revocation."""

from hub import Browser, Hub, claims, request


def test_a_person_logs_in_and_an_app_gets_tokens():
    with Hub() as hub:
        browser = Browser()
        tokens = hub.tokens(browser=browser, scope="openid profile email offline_access")
        identity = claims(tokens["id_token"])
        assert identity["iss"] == hub.issuer and identity["aud"] == "app"
        assert identity["name"] == "The Octocat" and identity["idp"] == "github"
        assert identity["email"] == "octocat@example.com" and identity["email_verified"] is True

        bearer = {"Authorization": "Bearer " + tokens["access_token"]}
        info = hub.get("/oauth2/userinfo", headers=bearer)
        assert info.status == 200 and info.json["sub"] == identity["sub"], info

        again = hub.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        assert again.status == 200 and again.json["refresh_token"] != tokens["refresh_token"], again

        about = hub.post("/oauth2/introspect", {"token": again.json["access_token"]}, headers=hub.basic("app"))
        assert about.json["active"] is True and about.json["sub"] == identity["sub"], about

        gone = hub.post("/oauth2/revoke", {"token": again.json["refresh_token"]}, headers=hub.basic("app"))
        assert gone.status == 200
        assert hub.get("/oauth2/userinfo", headers=bearer).status == 401

        session = request(hub.issuer + "/session", headers={
            "Cookie": "; ".join(f"{n}={v}" for n, v in browser.cookies().items())})
        assert session.status == 200 and session.json["sub"] == identity["sub"], session


def test_a_second_app_needs_no_second_login_and_sees_the_same_sub():
    with Hub() as hub:
        browser = Browser()
        first = claims(hub.tokens(browser=browser)["id_token"])
        second = claims(hub.tokens(client="other", browser=browser)["id_token"])
        assert first["sub"] == second["sub"] and first["auth_time"] == second["auth_time"]
