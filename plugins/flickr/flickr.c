/*
 * Flickr.
 *
 * One address for the whole API: a parameter says which method is called, another whose profile is
 * wanted, and that comes with the token. Without nojsoncallback the answer is wrapped in a function
 * call. An error has status 200 and `stat` is not "ok". Texts stand in `_content`. The permission
 * asked for is one word in the authorization request; there is no e-mail address.
 */
#include <cardea/provider.h>

static const struct cardea_pair authorize_params[] = {
    { "perms", "read" },
    { NULL, NULL },
};

static const struct cardea_pair userinfo_params[] = {
    { "method", "flickr.people.getInfo" },
    { "user_id", "{token:/user_nsid}" },
    { "format", "json" },
    { "nojsoncallback", "1" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "token:/user_nsid" },
    { "name", "/realname/_content | token:/fullname | /username/_content" },
    { "preferred_username", "/username/_content" },
    { "profile", "/profileurl/_content" },
    { NULL, NULL },
};

static const struct cardea_provider flickr = {
    CARDEA_PROVIDER,
    .id = "flickr",
    .name = "Flickr",
    .protocol = CARDEA_OAUTH1,
    .console_url = "https://www.flickr.com/services/apps/create/",
    .color = "#0063dc",
    .request_token_url = "https://www.flickr.com/services/oauth/request_token",
    .authorize_url = "https://www.flickr.com/services/oauth/authorize",
    .token_url = "https://www.flickr.com/services/oauth/access_token",
    .userinfo_url = "https://api.flickr.com/services/rest/",
    .api_base = "https://api.flickr.com/services/rest",
    .authorize_params = authorize_params,
    .callback_denied = "denied -oauth_verifier",
    .userinfo_params = userinfo_params,
    .userinfo_root = "/person",
    .userinfo_error = "/stat",
    .userinfo_error_ok = "ok",
    .userinfo_error_text = "/message",
    .claims = claims,
    .email_trust = CARDEA_NEVER, /* there is none */
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &flickr);
