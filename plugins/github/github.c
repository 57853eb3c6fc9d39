/*
 * GitHub and GitHub Enterprise Server.
 *
 * The e-mail address of /user is the public one: it may be absent, and nobody says that it is
 * verified. The list of /user/emails says both, so it is always asked for.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "host", "github.com, or the host of GitHub Enterprise Server.", "github.com", NULL, "host" },
    { "api_base", "https://api.github.com, or https://HOST/api/v3 on an Enterprise Server.",
      "https://api.github.com", NULL, "url" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair token_headers[] = {
    { "Accept", "application/json" }, /* else the reply is a form */
    { NULL, NULL },
};

static const struct cardea_pair api_headers[] = {
    { "Accept", "application/vnd.github+json" },
    { "User-Agent", "{user_agent}" }, /* requests without one are refused */
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/id" }, /* the login name can be given away to somebody else */
    { "name", "/name | /login" },
    { "preferred_username", "/login" },
    { "picture", "/avatar_url" },
    { "profile", "/html_url" },
    { NULL, NULL },
};

/* Once, after /user. */
static int32_t fetch_more(const struct cardea_host *host, cardea_call *call, uint32_t round,
                          const cardea_json *answers, cardea_request *request)
{
    cardea_str base = host->config(call, "api_base");
    cardea_str url = host->printf(call, "%.*s/user/emails", (int)base.len, base.at);

    (void)answers;
    if (round > 0)
        return CARDEA_OK;
    if (host->request_get(call, request, url.at) != CARDEA_OK)
        return CARDEA_FAIL;
    return CARDEA_FETCH;
}

static int32_t map_profile(const struct cardea_host *host, cardea_call *call,
                           const cardea_json *answers, cardea_profile *profile)
{
    cardea_str email = host->json_str(call, answers, "/1/[primary]/email");

    if (email.len == 0)
        return CARDEA_OK;
    host->profile_set(call, profile, "email", email);
    return host->profile_set(call, profile, "email_verified",
                             host->json_str(call, answers, "/1/[primary]/verified"));
}

static const struct cardea_hooks hooks = {
    CARDEA_HOOKS,
    .fetch_more = fetch_more,
    .map_profile = map_profile,
};

static const struct cardea_provider github = {
    CARDEA_PROVIDER,
    .id = "github",
    .name = "GitHub",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://github.com/settings/developers",
    .color = "#24292f",
    .parameters = parameters,
    .authorize_url = "https://{host}/login/oauth/authorize",
    .token_url = "https://{host}/login/oauth/access_token",
    .userinfo_url = "{api_base}/user",
    .api_base = "{api_base}",
    .scopes = "read:user user:email",
    .token_auth = CARDEA_AUTH_POST,
    .token_headers = token_headers,
    .token_scope_separator = ",",
    .api_headers = api_headers,
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_OPTIONAL, /* GitHub Apps with expiring tokens; OAuth apps have none */
    .refresh_rotates = CARDEA_YES,
    .hooks = &hooks,
};

CARDEA_PLUGIN("1.0.0", &github);
