/*
 * Wikimedia, and other wikis with the OAuth extension of MediaWiki.
 *
 * What an app may do is fixed when it is registered, so no scopes are asked for. Requests without a
 * User-Agent that names the client are refused. JSON has come under text/html. The id is that of
 * the global account, the same in all wikis of Wikimedia; names can be changed. The wiki says
 * itself whether an address is confirmed. The page of a user is not given as `profile`: which wiki
 * it is on is not told.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "rest_url", "Where rest.php of the wiki is.", "https://meta.wikimedia.org/w/rest.php", NULL,
      "url" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair headers[] = {
    { "User-Agent", "{user_agent}" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/sub" },
    { "name", "/realname | /username" },
    { "preferred_username", "/username" },
    { "email", "/email" },
    { "email_verified", "/confirmed_email" },
    { NULL, NULL },
};

static const struct cardea_provider wikimedia = {
    CARDEA_PROVIDER,
    .id = "wikimedia",
    .name = "Wikimedia",
    .protocol = CARDEA_OAUTH2,
    .about =
        "New apps wait for approval, and until then work for the account that registered them.",
    .console_url = "https://meta.wikimedia.org/wiki/Special:OAuthConsumerRegistration/propose",
    .color = "#006699",
    .parameters = parameters,
    .authorize_url = "{rest_url}/oauth2/authorize",
    .token_url = "{rest_url}/oauth2/access_token",
    .userinfo_url = "{rest_url}/oauth2/resource/profile",
    .token_auth = CARDEA_AUTH_POST,
    .token_headers = headers,
    .api_headers = headers,
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &wikimedia);
