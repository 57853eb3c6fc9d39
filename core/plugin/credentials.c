#include "plugin/credentials.h"

#include "crypto/algorithm.h"

static struct mark mark_of(const struct provider *provider, const char *key)
{
    const struct node *node = node_get(provider->settings->named.map, key);

    return node != NULL ? node->mark : provider->settings->named.mark;
}

static const char *word_of(const char *field, unsigned word)
{
    return fields_find(description_table, slice_of(field))->words[word];
}

static bool signs_by_rsa(const struct description *d)
{
    return slice_starts(slice_of(word_of("oauth1_signature", d->oauth1_signature)), SL("RSA-"));
}

static bool needs_client_key(const struct description *d)
{
    return d->protocol == PROTOCOL_OAUTH1 ? signs_by_rsa(d)
                                          : d->token_auth == TOKEN_AUTH_PRIVATE_KEY_JWT ||
                                                d->token_auth == TOKEN_AUTH_ES256_SECRET;
}

/* The field that wants a key, and its word. */
static const char *what_wants_key(struct arena *arena, const struct description *d)
{
    bool oauth1 = d->protocol == PROTOCOL_OAUTH1;
    const char *name = oauth1 ? "oauth1_signature" : "token_auth";

    return arena_printf(arena, "%s: %s", name,
                        word_of(name, oauth1 ? d->oauth1_signature : d->token_auth))
        .at;
}

static const char *kinds_of_key(const struct description *d)
{
    if (d->protocol == PROTOCOL_OAUTH1)
        return "an RSA key";
    return d->token_auth == TOKEN_AUTH_ES256_SECRET ? "a P-256 key" : "an RSA, EC or Ed25519 key";
}

/* ---- keys ---- */

/* The algorithm that the description names for its JWT; ALG_NONE: the key's own. */
static enum jws_alg named_alg(const struct description *d, bool *wrong_r)
{
    for (size_t i = 0; i < d->client_jwt.count; i++) {
        if (slice_is(d->client_jwt.at[i].name, "alg")) {
            enum jws_alg alg = jws_alg_read(d->client_jwt.at[i].value);

            *wrong_r = alg == ALG_NONE;
            return alg;
        }
    }
    *wrong_r = false;
    return ALG_NONE;
}

/* NULL, or what is wrong with the key for that use. */
static const char *judge_key(const struct description *d, const struct jwk *key)
{
    bool wrong;
    enum jws_alg alg = named_alg(d, &wrong);

    if (wrong)
        return "cannot sign by the algorithm that `client_jwt` names, which nobody knows";
    if (d->protocol == PROTOCOL_OAUTH1)
        return key->kty == 'R' ? NULL : "is no RSA key, by which the RSA methods sign";
    if (d->token_auth == TOKEN_AUTH_ES256_SECRET && key->alg != ALG_ES256)
        return "is no P-256 key, by which ES256 signs";
    /* RSA signs by six of them, every other kind of key by one. */
    if (alg != ALG_NONE && !(key->kty == 'R' ? jws_algorithm(alg)->kty == 'R' : alg == key->alg))
        return "is of another kind than the algorithm that `client_jwt` names";
    return NULL;
}

static void check_client_key(const struct provider *provider, struct problems *problems)
{
    const struct description *d = &provider->description;
    const struct pairs *keys = &provider->settings->keys;
    struct mark mark = mark_of(provider, "keys");
    struct arena arena = { 0 };
    struct jwk key = { 0 };
    size_t i = 0;

    while (i < keys->count && !slice_is(keys->at[i].name, "client"))
        i++;
    if (i == keys->count) {
        problem_add(problems, mark,
                    "provider `%.*s` wants `%s`, which needs a private key: "
                    "`keys: {client: \"${file:PATH}\"}` with %s in PEM",
                    SLICE_ARG(provider->id), what_wants_key(problems->arena, d), kinds_of_key(d));
        return;
    }
    const char *wrong = jwk_read_pem(&arena, keys->at[i].value, &key);

    if (wrong == NULL)
        wrong = judge_key(d, &key);
    if (wrong != NULL)
        problem_add(problems, mark, "the key `client` of provider `%.*s` %s",
                    SLICE_ARG(provider->id), wrong);
    jwk_release(&key);
    arena_release(&arena);
}

static bool says(const struct pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (slice_is(pairs->at[i].name, name))
            return true;
    }
    return false;
}

/* Whose key it is goes into the signed secret. */
static void check_signed_secret(const struct provider *provider, struct problems *problems)
{
    static const struct {
        const char *member;
        const char *parameter;
        const char *about;
    } needed[] = {
        { "iss", "team_id", "the team that the key belongs to" },
        { "kid", "key_id", "the identifier that the provider gave to the key" },
    };
    const struct description *d = &provider->description;

    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (!says(&d->client_jwt, needed[i].member) &&
            !slice_is_set(description_value(d, slice_of(needed[i].parameter))))
            problem_add(problems, mark_of(provider, "parameters"),
                        "provider `%.*s` wants `token_auth: es256_secret`, which needs the "
                        "parameter `%s`: %s",
                        SLICE_ARG(provider->id), needed[i].parameter, needed[i].about);
    }
}

/* ---- secrets ---- */

static bool needs_secret(const struct description *d)
{
    unsigned auth = d->token_auth;

    if (d->protocol == PROTOCOL_OAUTH1)
        return !signs_by_rsa(d);
    return auth != TOKEN_AUTH_NONE && auth != TOKEN_AUTH_PRIVATE_KEY_JWT &&
           auth != TOKEN_AUTH_ES256_SECRET;
}

static void check_secret(const struct provider *provider, struct problems *problems)
{
    const struct provider_settings *settings = provider->settings;
    const struct description *d = &provider->description;
    size_t len = settings->client_secret.len;

    if (needs_secret(d) && !slice_is_set(settings->client_secret))
        problem_add(problems, settings->named.mark, "provider `%.*s` has no `client_secret`",
                    SLICE_ARG(provider->id));
    else if (description_signs_with_secret(d) && len < CLIENT_SECRET_MIN)
        problem_add(problems, mark_of(provider, "client_secret"),
                    "the ID tokens of provider `%.*s` are signed with the client secret (HS256 in "
                    "`id_token_algs`), which must have %d bytes or more; it has %zu",
                    SLICE_ARG(provider->id), CLIENT_SECRET_MIN, len);
}

void credentials_check(const struct provider *provider, struct problems *problems)
{
    const struct provider_settings *settings = provider->settings;
    unsigned auth = provider->description.token_auth;

    if (!slice_is_set(settings->client_id))
        problem_add(problems, settings->named.mark,
                    "provider `%.*s` has no `client_id`; register an app%s%.*s",
                    SLICE_ARG(provider->id),
                    slice_is_set(provider->description.console_url) ? " at " : "",
                    SLICE_ARG(provider->description.console_url));
    check_secret(provider, problems);
    if (needs_client_key(&provider->description))
        check_client_key(provider, problems);
    if (auth == TOKEN_AUTH_ES256_SECRET)
        check_signed_secret(provider, problems);
}
