#include "upstream/login.h"

#include "base/clock.h"
#include "base/random.h"
#include "plugin/template.h"

enum {
    RANDOM_BYTES = 18
};

static void release_json(void *json)
{
    json_decref(json);
}

static void release_login(void *thing)
{
    struct login *login = thing;

    json_decref(login->callback_json);
    json_decref(login->token_reply);
    json_decref(login->id_claims);
    json_decref(login->userinfo);
    json_decref(login->answer);
    json_decref(login->profile);
}

void login_begin(struct login *login, struct flow *flow, struct hub *hub, struct provider *provider)
{
    login->hub = hub;
    login->provider = provider;
    login->lookups = json_object();
    login->answers = json_array();
    login->memory = json_object();
    login->random = random_token(&flow->arena, RANDOM_BYTES);
    login->now = arena_printf(&flow->arena, "%lld", (long long)clock_now());
    flow->log_provider = provider->id;
    flow_own(flow, login->lookups, release_json);
    flow_own(flow, login->answers, release_json);
    flow_own(flow, login->memory, release_json);
    flow_own(flow, login, release_login);
}

/* ---- named values ---- */

static struct slice value_client_id(const struct login *login)
{
    return login->provider->settings->client_id;
}

static struct slice value_access_token(const struct login *login)
{
    return login->tokens.access_token;
}

static struct slice value_refresh_token(const struct login *login)
{
    return login->tokens.refresh_token;
}

static struct slice value_callback_url(const struct login *login)
{
    return login->callback_url;
}

static struct slice value_state(const struct login *login)
{
    return login->attempt.id;
}

static struct slice value_issuer(const struct login *login)
{
    return login->provider->description.issuer;
}

static struct slice value_user_agent(const struct login *login)
{
    (void)login;
    return SL("cardea/" CARDEA_VERSION);
}

static struct slice value_random(const struct login *login)
{
    return login->random;
}

static struct slice value_now(const struct login *login)
{
    return login->now;
}

static struct slice value_subject(const struct login *login)
{
    return login->subject;
}

static const struct {
    const char *name;
    struct slice (*value)(const struct login *login);
} named_values[] = {
#define NAMED_VALUE(value_name) { #value_name, value_##value_name },
    DESCRIPTION_NAMES(NAMED_VALUE)
#undef NAMED_VALUE
};

static struct slice named_value(void *context, struct slice name)
{
    for (size_t i = 0; i < sizeof(named_values) / sizeof(named_values[0]); i++) {
        if (slice_is(name, named_values[i].name))
            return named_values[i].value(context);
    }
    return slice_none();
}

static struct slice named_value_or_secret(void *context, struct slice name)
{
    const struct login *login = context;

    return slice_is(name, "client_secret") ? login->provider->settings->client_secret
                                           : named_value(context, name);
}

/* An absent source is the userinfo reply, and the ID token where there is none. */
static const json_t *source_document(void *context, struct slice source)
{
    const struct login *login = context;
    uint64_t number;

    if (!slice_is_set(source))
        return login->userinfo != NULL ? login->userinfo : login->id_claims;
    if (slice_is(source, "userinfo"))
        return login->userinfo;
    if (slice_is(source, "id_token"))
        return login->id_claims;
    if (slice_is(source, "token"))
        return login->token_reply;
    if (slice_is(source, "callback"))
        return login->callback_json;
    if (slice_to_u64(source, 9, &number))
        return json_array_get(login->answers, (size_t)number);
    char name[65] = "";

    if (source.len < sizeof(name))
        memcpy(name, source.at, source.len);
    return json_object_get(login->lookups, name);
}

static struct slice key_by_name(void *context, struct slice name)
{
    const struct login *login = context;

    return provider_key(login->provider, name);
}

struct template_values login_values(struct login *login)
{
    return (struct template_values){ named_value, source_document, login, key_by_name };
}

struct template_values login_secret_values(struct login *login)
{
    return (struct template_values){ named_value_or_secret, source_document, login, key_by_name };
}
