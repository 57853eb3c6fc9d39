#include "upstream/login.h"

#include "base/codec.h"
#include "plugin/template.h"

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
    flow->log_provider = provider->id;
    flow_own(flow, login->lookups, release_json);
    flow_own(flow, login->answers, release_json);
    flow_own(flow, login->memory, release_json);
    flow_own(flow, login, release_login);
}

struct value_name {
    const char *name;
    struct slice (*value)(const struct login *login);
};

static struct slice client_id(const struct login *login)
{
    return login->provider->settings->client_id;
}

static struct slice access_token(const struct login *login)
{
    return login->tokens.access_token;
}

static struct slice refresh_token(const struct login *login)
{
    return login->tokens.refresh_token;
}

static struct slice callback_url(const struct login *login)
{
    return login->callback_url;
}

static struct slice state(const struct login *login)
{
    return login->attempt.id;
}

static struct slice issuer(const struct login *login)
{
    return login->provider->description.issuer;
}

static struct slice user_agent(const struct login *login)
{
    (void)login;
    return SL("cardea/" CARDEA_VERSION);
}

static const struct value_name value_names[] = {
    { "client_id", client_id },
    { "access_token", access_token },
    { "refresh_token", refresh_token },
    { "callback_url", callback_url },
    { "state", state },
    { "issuer", issuer },
    { "user_agent", user_agent },
};

static struct slice named_value(void *context, struct slice name)
{
    for (size_t i = 0; i < sizeof(value_names) / sizeof(value_names[0]); i++) {
        if (slice_is(name, value_names[i].name))
            return value_names[i].value(context);
    }
    return slice_none();
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
