/*
 * Wikimedia: MediaWiki's Extension:OAuth, as on meta.wikimedia.org.
 *
 * All endpoints are one script; its query says which is meant. An error is a line of text with
 * status 200. Who came is a JWT that the wiki signs with the client secret, and its nonce must be
 * that of the very request. The callback is sent: the consumer must be registered to allow that,
 * with the callback as a prefix. One that is not wants `oauth1_callback: oob`. Without a User-Agent
 * Wikimedia turns requests away.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "host", "The wiki at which the consumer is registered.", "meta.wikimedia.org", NULL, "host" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair user_agent[] = {
    { "User-Agent", "{user_agent}" },
    { NULL, NULL },
};

static const struct cardea_pair authorize_params[] = {
    { "oauth_consumer_key", "{client_id}" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/sub" },
    { "name", "/username" },
    { "preferred_username", "/username" },
    { "email", "/email" },
    { "email_verified", "/confirmed_email" },
    { "profile", "=https://{host}/wiki/User:{/username}" },
    { NULL, NULL },
};

static const struct cardea_provider wikimedia_oauth1 = {
    CARDEA_PROVIDER,
    .id = "wikimedia_oauth1",
    .name = "Wikimedia (OAuth 1.0a)",
    .protocol = CARDEA_OAUTH1,
    .about =
        "Register the consumer with \"Allow consumer to specify a callback\" and this server's "
        "callback as the prefix, or configure `oauth1_callback: oob`.",
    .console_url = "https://meta.wikimedia.org/wiki/Special:OAuthConsumerRegistration/propose",
    .color = "#006699",
    .parameters = parameters,
    .issuer = "https://{host}",
    .request_token_url = "https://{host}/w/index.php?title=Special%3AOAuth%2Finitiate",
    .authorize_url = "https://{host}/w/index.php?title=Special%3AOAuth%2Fauthenticate",
    .token_url = "https://{host}/w/index.php?title=Special%3AOAuth%2Ftoken",
    .userinfo_url = "https://{host}/w/index.php?title=Special%3AOAuth%2Fidentify",
    .api_base = "https://{host}/w/api.php",
    .authorize_params = authorize_params,
    .callback_denied = "denied -oauth_verifier",
    .token_headers = user_agent,
    .api_headers = user_agent,
    .userinfo_reply = "jwt",
    .id_token_algs = "HS256",
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &wikimedia_oauth1);
