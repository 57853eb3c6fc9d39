/*
 * Evernote.
 *
 * Both kinds of tokens come from one address, by GET. The access token has an empty secret, so that
 * later calls are signed with the client's alone; a time in milliseconds says when it ends. There
 * is no profile: the number of the account comes with the token, and nothing else is known of a
 * person. Whoever says no comes back without a verifier.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "host", "The service: www.evernote.com, or the sandbox.", "www.evernote.com",
      "www.evernote.com sandbox.evernote.com", "host" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair token_fields[] = {
    { "expires_in", "/edam_expires" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "token:/edam_userId" },
    { NULL, NULL },
};

static const struct cardea_provider evernote = {
    CARDEA_PROVIDER,
    .id = "evernote",
    .name = "Evernote",
    .protocol = CARDEA_OAUTH1,
    .about = "Says nothing of a person but a number; API keys are given on request only.",
    .console_url = "https://dev.evernote.com/",
    .color = "#00a82d",
    .parameters = parameters,
    .request_token_url = "https://{host}/oauth",
    .request_token_method = CARDEA_GET,
    .authorize_url = "https://{host}/OAuth.action",
    .token_url = "https://{host}/oauth",
    .token_method = CARDEA_GET,
    .token_fields = token_fields,
    .token_expiry = "unix_ms",
    .callback_denied = "-oauth_verifier",
    .claims = claims,
    .email_trust = CARDEA_NEVER, /* there is none */
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &evernote);
