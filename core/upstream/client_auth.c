#include "upstream/client_auth.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/memory.h"
#include "base/random.h"
#include "crypto/jws.h"
#include "upstream/kept.h"
#include "upstream/own_keys.h"

enum {
    ASSERTION_S = 120,   /* used at once, and once */
    SECRET_S = 3600,     /* Apple allows six months */
    SECRET_LEFT_S = 300, /* a new one is made when this is left */
    JTI_BYTES = 16,
    PAYLOAD_MAX = 16 * 1024
};

struct client_jwt {
    struct arena arena;
    struct slice text;
    int64_t made; /* clock_monotonic_ms(); 0: never */
};

void client_jwt_free(struct client_jwt *jwt)
{
    if (jwt == NULL)
        return;
    arena_release(&jwt->arena);
    mem_free(jwt);
}

bool client_auth_names_client(const struct provider *provider)
{
    unsigned auth = provider->description.token_auth;

    return auth != TOKEN_AUTH_BASIC && auth != TOKEN_AUTH_BASIC_RAW && auth != TOKEN_AUTH_BEARER;
}

struct slice token_name(const struct login *login, const char *standard)
{
    const struct pairs *names = &login->provider->description.token_rename;
    struct slice name = slice_of(standard);

    for (size_t i = 0; i < names->count; i++) {
        if (slice_is(names->at[i].name, standard))
            name = names->at[i].value;
    }
    return name;
}

bool token_omits(const struct login *login, const char *standard)
{
    const struct description *d = &login->provider->description;
    const struct texts *names = login->refreshing ? &d->refresh_omit : &d->token_omit;

    for (size_t i = 0; i < names->count; i++) {
        if (slice_is(names->at[i], standard))
            return true;
    }
    return false;
}

/* ---- assertions ---- */

/* What stands in the header of a JWT; everything else that `client_jwt` names is a claim. */
static bool is_header_member(struct slice name)
{
    return slice_is(name, "kid") || slice_is(name, "x5t") || slice_is(name, "x5t#S256") ||
           slice_is(name, "typ");
}

struct assertion {
    struct login *login;
    struct arena *arena;
    struct slice audience;
    int64_t lifetime;
    json_t *header;
    json_t *claims;
};

static void begin_assertion(struct assertion *it)
{
    struct slice client_id = it->login->provider->settings->client_id;
    int64_t now = clock_now();

    it->header = json_object();
    it->claims = json_object();
    json_set_slice(it->header, "typ", SL("JWT"));
    json_set_slice(it->claims, "iss", client_id);
    json_set_slice(it->claims, "sub", client_id);
    json_set_slice(it->claims, "aud", it->audience);
    json_object_set_new(it->claims, "iat", json_integer(now));
    json_object_set_new(it->claims, "exp", json_integer(now + it->lifetime));
}

static void set_unless_empty(json_t *object, const char *name, struct slice value)
{
    if (value.len > 0)
        json_set_slice(object, name, value);
    else
        json_object_del(object, name);
}

static enum jws_alg follow_client_jwt(struct assertion *it, enum jws_alg alg)
{
    const struct pairs *wanted = &it->login->provider->description.client_jwt;
    struct template_values values = login_values(it->login);

    for (size_t i = 0; i < wanted->count; i++) {
        struct slice name = wanted->at[i].name;
        struct slice value =
            template_fill(it->arena, wanted->at[i].value, &values, ESCAPE_NOTHING, NULL);

        if (slice_is(name, "alg"))
            alg = jws_alg_read(value);
        else
            set_unless_empty(is_header_member(name) ? it->header : it->claims,
                             arena_string(it->arena, name), value);
    }
    return alg;
}

/* Absent when the key does not fit its algorithm; lets go what begin_assertion() made. */
static struct slice finish_assertion(struct assertion *it, const struct jwk *key)
{
    struct jwk own = *key; /* a copy shares all but the algorithm */
    struct buf payload = BUF_INIT(PAYLOAD_MAX);

    own.alg = follow_client_jwt(it, key->alg);
    buf_add_json_value(&payload, it->claims);
    struct slice token = buf_ok(&payload)
                             ? jws_sign_with(it->arena, &own, it->header, buf_slice(&payload))
                             : slice_none();

    buf_release(&payload);
    json_decref(it->header);
    json_decref(it->claims);
    return token;
}

static const char *explain(struct arena *arena, const char *why)
{
    return arena_printf(arena, "the key named \"client\" %s", why).at;
}

/* RFC 7523, 3: with a number used once. */
static const char *add_assertion(struct login *login, struct arena *arena, struct params *params,
                                 struct slice url)
{
    struct provider *provider = login->provider;
    struct jwk secret = jwk_secret(provider->settings->client_secret);
    const struct jwk *key = &secret;
    const char *why = NULL;
    struct assertion it = {
        .login = login, .arena = arena, .audience = url, .lifetime = ASSERTION_S
    };

    if (provider->description.token_auth == TOKEN_AUTH_PRIVATE_KEY_JWT)
        key = own_key(provider, SL("client"), &why);
    if (key == NULL)
        return explain(arena, why);
    begin_assertion(&it);
    json_set_slice(it.claims, "jti", random_token(arena, JTI_BYTES));
    json_set_slice(it.header, "x5t#S256", own_key_certificate(provider, SL("client")));
    struct slice assertion = finish_assertion(&it, key);

    if (!slice_is_set(assertion))
        return explain(arena, "cannot sign the assertion");
    params_set(params, token_name(login, "client_assertion_type"),
               SL("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
    params_set(params, token_name(login, "client_assertion"), assertion);
    return NULL;
}

/*
 * The client secret of Sign in with Apple: ES256, `iss` the team, `kid` the key, both parameters
 * unless `client_jwt` says otherwise.
 */
static const char *make_secret(struct login *login, struct arena *arena, struct slice *secret_r)
{
    const struct description *d = &login->provider->description;
    const char *why;
    const struct jwk *key = own_key(login->provider, SL("client"), &why);
    struct assertion it = {
        .login = login, .arena = arena, .audience = d->issuer, .lifetime = SECRET_S
    };

    if (key == NULL)
        return explain(arena, why);
    begin_assertion(&it);
    json_set_slice(it.claims, "iss", description_value(d, SL("team_id")));
    json_set_slice(it.header, "kid", description_value(d, SL("key_id")));
    *secret_r = finish_assertion(&it, key);
    return slice_is_set(*secret_r) ? NULL : explain(arena, "cannot sign the client secret");
}

static const char *kept_secret(struct login *login, struct arena *arena, struct slice *secret_r)
{
    struct kept *kept = kept_of(login->provider);

    if (kept->client_jwt == NULL)
        kept->client_jwt = mem_zalloc(1, sizeof(*kept->client_jwt));
    struct client_jwt *jwt = kept->client_jwt;

    if (jwt->made == 0 || clock_monotonic_ms() - jwt->made > (SECRET_S - SECRET_LEFT_S) * 1000) {
        struct slice made = slice_none();
        const char *wrong = make_secret(login, arena, &made);

        if (wrong != NULL)
            return wrong;
        arena_release(&jwt->arena);
        jwt->text = arena_copy(&jwt->arena, made);
        jwt->made = clock_monotonic_ms();
    }
    *secret_r = arena_copy(arena, jwt->text);
    return NULL;
}

/* ---- secrets ---- */

static struct slice basic(struct arena *arena, const struct provider *provider, bool encoded)
{
    struct slice id = provider->settings->client_id;
    struct slice secret = provider->settings->client_secret;

    if (encoded) {
        id = percent_encode(arena, id);
        secret = percent_encode(arena, secret);
    }
    struct slice pair = arena_printf(arena, "%.*s:%.*s", SLICE_ARG(id), SLICE_ARG(secret));

    return arena_join(arena, SL("Basic "), base64_encode(arena, pair));
}

static void add_header(struct login *login, struct slice value)
{
    if (!outgoing_has_header(&login->request, SL("Authorization")))
        outgoing_header(&login->request, SL("Authorization"), value);
}

static void add_secret(struct login *login, struct arena *arena, struct params *params,
                       struct slice secret)
{
    struct slice name = token_name(login, "client_secret");

    if (slice_is_set(secret) && !token_omits(login, "client_secret") &&
        params_count(params, arena_string(arena, name)) == 0)
        params_set(params, name, secret);
}

const char *client_auth_add(struct login *login, struct arena *arena, struct params *params,
                            struct slice url)
{
    const struct provider *provider = login->provider;
    struct slice secret = provider->settings->client_secret;
    const char *wrong = NULL;

    switch (provider->description.token_auth) {
    case TOKEN_AUTH_BASIC:
    case TOKEN_AUTH_BASIC_RAW:
        add_header(login,
                   basic(arena, provider, provider->description.token_auth == TOKEN_AUTH_BASIC));
        break;
    case TOKEN_AUTH_BEARER:
        add_header(login, arena_join(arena, SL("Bearer "), secret));
        break;
    case TOKEN_AUTH_NONE:
        break;
    case TOKEN_AUTH_PRIVATE_KEY_JWT:
    case TOKEN_AUTH_SECRET_JWT:
        wrong = add_assertion(login, arena, params, url);
        break;
    case TOKEN_AUTH_ES256_SECRET:
        wrong = kept_secret(login, arena, &secret);
        if (wrong == NULL)
            add_secret(login, arena, params, secret);
        break;
    default:
        add_secret(login, arena, params, secret);
    }
    return wrong;
}
