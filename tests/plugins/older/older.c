/*
 * Plugins built with the header of an older Cardea, whose structs ended earlier: behind their ends
 * stands garbage, which nobody may read. ABI 1.0 is the first, so that their ends are made up.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { NULL, NULL },
};

/* Ends with `method`. */
static const struct cardea_lookup lookup = {
    offsetof(struct cardea_lookup, params),
    .name = "more",
    .url = "https://older.invalid/more",
    .params = (void *)16,
};
static const struct cardea_lookup *const lookups[] = { &lookup, NULL };

/* Ends with `claims`. */
static const struct cardea_provider older = {
    offsetof(struct cardea_provider, email_trust),
    .id = "older",
    .name = "Older",
    .protocol = CARDEA_OAUTH2,
    .authorize_url = "https://older.invalid/authorize",
    .token_url = "https://older.invalid/token",
    .userinfo_url = "https://older.invalid/userinfo",
    .lookups = lookups,
    .claims = claims,
    .email_trust = (void *)16,
    .refuse = (void *)16,
    .refresh_params = (void *)16,
    .hooks = (void *)16,
};

static int32_t shape_authorize(const struct cardea_host *host, cardea_call *call,
                               cardea_request *request)
{
    return host->request_set_param(call, request, "hooked", (cardea_str){ "yes", 3 });
}

static int32_t shape_token(const struct cardea_host *host, cardea_call *call,
                           cardea_request *request)
{
    (void)request;
    return host->fail(call, "server_error", "a hook was called that is not there");
}

/* End with `shape_authorize`. */
static const struct cardea_hooks hooks = {
    offsetof(struct cardea_hooks, shape_token),
    .shape_authorize = shape_authorize,
    .shape_token = shape_token,
};

static const struct cardea_provider older_hooks = {
    CARDEA_PROVIDER,
    .id = "older_hooks",
    .name = "Older",
    .protocol = CARDEA_OAUTH2,
    .authorize_url = "https://older.invalid/authorize",
    .token_url = "https://older.invalid/token",
    .userinfo_url = "https://older.invalid/userinfo",
    .claims = claims,
    .hooks = &hooks,
};

CARDEA_PLUGIN("0.1.0", &older, &older_hooks);
