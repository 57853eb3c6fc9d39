/* What several settings are together: every check here looks at what was written, in the document,
 * before it misses anything, so that one mistake is not reported as two. */
#include "base/map.h"
#include "config/settings_checks.h"
#include "net/address.h"

enum {
    LISTEN_MAX = 64
};

struct together {
    const struct settings *settings;
    const struct node *root;
    struct problems *problems;
    struct map providers; /* by id in lower case */
};

/* Was the key written with a value, be it a broken one? */
static bool is_written(const struct node *map, const char *key)
{
    const struct node *value = node_get(map, key);

    return value != NULL && (value->kind != NODE_NULL || value->broken);
}

/* Where the key stands; where its map does when it is not written; nowhere without a map. */
static struct mark mark_of(const struct node *map, const char *key)
{
    if (map == NULL)
        return (struct mark){ 0 };
    for (size_t i = 0; map->kind == NODE_MAP && i < map->count; i++) {
        if (slice_is(map->members[i].name, key))
            return map->members[i].mark;
    }
    return map->mark;
}

static bool texts_have(const struct texts *texts, struct slice text)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (slice_equal(texts->at[i], text))
            return true;
    }
    return false;
}

static void check_tls(const struct together *together)
{
    const struct node *tls = node_get(together->root, "tls");
    bool has_certificate = is_written(tls, "certificate");
    bool has_key = is_written(tls, "key");

    if (has_certificate != has_key)
        problem_add(together->problems, mark_of(tls, has_key ? "key" : "certificate"),
                    "`tls.%s` needs `tls.%s` beside it", has_key ? "key" : "certificate",
                    has_key ? "certificate" : "key");
}

static void check_listeners(const struct together *together)
{
    const struct settings *settings = together->settings;
    const struct texts *listen = &settings->listen;
    struct mark mark = mark_of(together->root, "listen");

    if (listen->count == 0 || listen->count > LISTEN_MAX) {
        problem_add(together->problems, mark, "`listen` needs from 1 to %d addresses", LISTEN_MAX);
        return;
    }
    for (size_t i = 1; i < listen->count; i++) {
        struct texts before = { listen->at, i };

        if (texts_have(&before, listen->at[i]))
            problem_add(together->problems, mark, "`listen` has `%.*s` twice",
                        SLICE_ARG(listen->at[i]));
    }
    if (texts_have(listen, settings->admin.listen))
        problem_add(together->problems, mark_of(together->root, "admin"),
                    "`admin.listen: %.*s` is where everybody is served: health, metrics and the "
                    "admin API need an address of their own",
                    SLICE_ARG(settings->admin.listen));
}

static void check_proxies(const struct together *together)
{
    const struct many *proxies = &together->settings->trusted_proxies;
    const struct cidr *at = proxies->at;
    bool everybody = false;

    for (size_t i = 0; i < proxies->count; i++)
        everybody = everybody || (at[i].family != 0 && at[i].bits == 0);
    if (everybody)
        problem_warn(together->problems, mark_of(together->root, "trusted_proxies"),
                     "`trusted_proxies` believes everybody: whoever reaches us directly can claim "
                     "any address");
}

static void check_secrets(const struct together *together)
{
    const struct node *secrets = node_get(together->root, "secrets");

    if (secrets != NULL && secrets->kind == NODE_LIST && secrets->count == 0)
        problem_add(together->problems, secrets->mark,
                    "`secrets` is empty: `cardea secret` prints a key for it");
}

static void check_signing(const struct together *together)
{
    const struct settings *settings = together->settings;
    const struct node *signing = node_get(together->root, "signing");

    if (settings->signing.algorithms.count == 0)
        problem_add(together->problems, mark_of(signing, "algorithms"),
                    "`signing.algorithms` is empty: write at least one, such as ES256");
    if (settings->signing.overlap >= settings->signing.rotate)
        problem_add(together->problems, mark_of(signing, "overlap"),
                    "`signing.overlap` must be shorter than `signing.rotate`");
}

/* Claims with a meaning in the protocol are not for the provider's data to set. */
static const char *const reserved_claims[] = {
    "iss",     "sub",       "aud",       "exp",   "nbf",       "iat",     "jti",
    "nonce",   "auth_time", "azp",       "acr",   "amr",       "at_hash", "c_hash",
    "s_hash",  "sid",       "client_id", "scope", "cnf",       "act",     "idp",
    "idp_sub", "events",    "may_act",   "typ",   "token_use", "active",  NULL,
};

const char *const settings_standard_claims[] = {
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "profile",
    "picture",
    "website",
    "email",
    "email_verified",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "updated_at",
    "phone_number_verified",
    "address",
    "preferred_username",
    "groups",
    NULL,
};

bool settings_claim_is_free(struct slice name)
{
    return word_find(reserved_claims, name) < 0 && word_find(settings_standard_claims, name) < 0;
}

static void check_claims(const struct together *together)
{
    const struct node *claims = node_get(together->root, "claims");

    for (size_t i = 0; claims != NULL && claims->kind == NODE_MAP && i < claims->count; i++) {
        struct slice name = claims->members[i].name;

        if (word_find(reserved_claims, name) >= 0)
            problem_add(together->problems, claims->members[i].mark,
                        "the claim `%.*s` has a meaning of its own and cannot be set",
                        SLICE_ARG(name));
        else if (!settings_claim_is_free(name))
            problem_add(together->problems, claims->members[i].mark,
                        "the claim `%.*s` is a standard one: write where it is found in `claims` "
                        "of the provider",
                        SLICE_ARG(name));
    }
}

static struct slice lower_case(struct arena *arena, struct slice text)
{
    char *lower = arena_string(arena, text);

    for (size_t i = 0; i < text.len; i++)
        lower[i] = (char)(lower[i] >= 'A' && lower[i] <= 'Z' ? lower[i] - 'A' + 'a' : lower[i]);
    return slice_make(lower, text.len);
}

/* Ids stand in URLs, and people and file systems do not tell letters of two cases apart. */
static void collect_providers(struct together *together)
{
    const struct many *providers = &together->settings->providers;
    struct provider_settings *at = providers->at;

    for (size_t i = 0; i < providers->count; i++) {
        const struct provider_settings *other = map_set(
            &together->providers, lower_case(together->problems->arena, at[i].named.id), &at[i]);

        if (other != NULL)
            problem_add(together->problems, at[i].named.mark,
                        "the provider `%.*s` differs from `%.*s` in case only",
                        SLICE_ARG(at[i].named.id), SLICE_ARG(other->named.id));
    }
}

static void check_client_credentials(const struct together *together,
                                     const struct client_settings *client)
{
    const struct node *map = client->named.map;
    bool has_secret = is_written(map, "client_secret");
    bool has_hash = is_written(map, "client_secret_hash");
    bool is_public = client->token_endpoint_auth_method == CLIENT_AUTH_NONE;
    const char *key = has_secret ? "client_secret" : "client_secret_hash";

    if (has_secret && has_hash)
        problem_add(together->problems, mark_of(map, "client_secret_hash"),
                    "`clients.%s` has both client_secret and client_secret_hash: keep one of them",
                    client->named.id.at);
    if (is_public && (has_secret || has_hash))
        problem_add(together->problems, mark_of(map, key),
                    "`clients.%s` is a public client (token_endpoint_auth_method: none), which has "
                    "no secret: remove `%s`, or let the app show it with client_secret_basic",
                    client->named.id.at, key);
    if (!is_public && !has_secret && !has_hash)
        problem_add(together->problems, client->named.mark,
                    "`clients.%s` has no secret: write client_secret or client_secret_hash, or "
                    "token_endpoint_auth_method: none for an app that cannot keep one",
                    client->named.id.at);
}

static void check_public_client(const struct together *together,
                                const struct client_settings *client)
{
    if (client->token_endpoint_auth_method != CLIENT_AUTH_NONE)
        return;
    if (!client->require_pkce)
        problem_add(together->problems, mark_of(client->named.map, "require_pkce"),
                    "`clients.%s` is a public client, and without PKCE whoever gets hold of a code "
                    "can use it: remove require_pkce",
                    client->named.id.at);
    if (texts_have(&client->grant_types, SL("client_credentials")))
        problem_add(together->problems, mark_of(client->named.map, "grant_types"),
                    "`clients.%s` is a public client, so that anybody could use client_credentials "
                    "in its name: give it a secret",
                    client->named.id.at);
}

static void check_client_addresses(const struct together *together,
                                   const struct client_settings *client)
{
    const struct node *written = node_get(client->named.map, "redirect_uris");
    bool has_none = !is_written(client->named.map, "redirect_uris") ||
                    (written->kind == NODE_LIST && written->count == 0);

    if (has_none && texts_have(&client->grant_types, SL("authorization_code")))
        problem_add(together->problems, client->named.mark,
                    "`clients.%s` has no redirect_uris: write where browsers go back to after a "
                    "login, or grant_types without authorization_code",
                    client->named.id.at);
}

static const char *nearest_provider(const struct together *together, struct slice id)
{
    const struct many *providers = &together->settings->providers;
    const struct provider_settings *at = providers->at;
    const char *near = NULL;

    /* What is only counted needs no good advice. */
    if (together->problems->kept == PROBLEMS_KEPT_MAX)
        return NULL;
    for (size_t i = 0; i < providers->count && near == NULL; i++)
        near = nearest_name(id, &at[i].named.id.at, 1);
    return near;
}

static void check_client_providers(const struct together *together,
                                   const struct client_settings *client)
{
    struct mark mark = mark_of(client->named.map, "providers");

    for (size_t i = 0; i < client->providers.count && !together->problems->incomplete; i++) {
        struct slice id = client->providers.at[i];
        const struct provider_settings *provider =
            map_get(&together->providers, lower_case(together->problems->arena, id));

        if (provider != NULL && slice_equal(provider->named.id, id))
            continue;
        const char *near = nearest_provider(together, id);

        problem_add(together->problems, mark,
                    "`clients.%s` wants the provider `%.*s`, and there is none of that id%s%s%s",
                    client->named.id.at, SLICE_ARG(id), near != NULL ? "; did you mean `" : "",
                    near != NULL ? near : "", near != NULL ? "`?" : "");
    }
}

static void check_client_algorithm(const struct together *together,
                                   const struct client_settings *client)
{
    if (!texts_have(&together->settings->signing.algorithms, client->id_token_signed_response_alg))
        problem_add(together->problems, mark_of(client->named.map, "id_token_signed_response_alg"),
                    "`clients.%s` wants ID tokens signed with %.*s, which is not among "
                    "signing.algorithms",
                    client->named.id.at, SLICE_ARG(client->id_token_signed_response_alg));
}

/* What OAuth 2.1 has dropped is off until it is asked for twice: here and under `legacy`. */
static void check_client_legacy(const struct together *together,
                                const struct client_settings *client)
{
    const struct settings *settings = together->settings;
    const struct texts *types = &client->response_types;

    if (texts_have(&client->grant_types, SL("password")) && !settings->legacy.password)
        problem_add(together->problems, mark_of(client->named.map, "grant_types"),
                    "`clients.%s` has the grant type password, which needs legacy.password: true",
                    client->named.id.at);
    if (texts_have(&client->grant_types, SL("implicit")) && !settings->legacy.implicit)
        problem_add(together->problems, mark_of(client->named.map, "grant_types"),
                    "`clients.%s` has the grant type implicit, which needs legacy.implicit: true",
                    client->named.id.at);
    for (size_t i = 0; i < types->count && !settings->legacy.implicit; i++) {
        if (!slice_is(types->at[i], "code"))
            problem_add(together->problems, mark_of(client->named.map, "response_types"),
                        "`clients.%s` has the response type `%.*s`, which needs "
                        "legacy.implicit: true",
                        client->named.id.at, SLICE_ARG(types->at[i]));
    }
}

typedef void client_check(const struct together *together, const struct client_settings *client);

static client_check *const client_checks[] = {
    check_client_credentials, check_public_client,    check_client_addresses,
    check_client_providers,   check_client_algorithm, check_client_legacy,
};

static void check_clients(const struct together *together)
{
    const struct many *clients = &together->settings->clients;
    const struct client_settings *at = clients->at;

    for (size_t i = 0; i < clients->count; i++) {
        enum node_kind kind = at[i].named.map->kind;

        if (at[i].named.map->broken || (kind != NODE_MAP && kind != NODE_NULL))
            continue; /* that is said already, and everything would seem to be missing */
        for (size_t j = 0; j < sizeof(client_checks) / sizeof(client_checks[0]); j++)
            client_checks[j](together, &at[i]);
    }
}

void settings_check_together(const struct settings *settings, const struct node *root,
                             struct problems *problems)
{
    struct together together = { .settings = settings, .root = root, .problems = problems };

    collect_providers(&together);
    check_tls(&together);
    check_listeners(&together);
    check_proxies(&together);
    check_secrets(&together);
    check_signing(&together);
    check_claims(&together);
    check_clients(&together);
    map_release(&together.providers);
}
