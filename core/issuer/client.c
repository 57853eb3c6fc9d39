#include "issuer/client.h"

#include "base/log.h"
#include "base/url.h"
#include "crypto/secret.h"
#include "protocol/credentials.h"
#include "protocol/errors.h"

/* What a caller says of itself. */
struct claimed {
    bool by_header;
    bool by_form;
    struct slice id;
    struct slice secret; /* absent: none */
    struct slice raw_id; /* of a header that was not percent-encoded */
    struct slice raw_secret;
};

static enum step_result refuse(struct flow *flow, struct slice id, const char *why)
{
    struct request *request = request_of(flow);

    if (request_throttle_failure(request, id))
        log_audit("client_throttled", "too many failures for client %.*s from %.*s", SLICE_ARG(id),
                  SLICE_ARG(request->peer));
    return flow_fail(flow, &ERROR_INVALID_CLIENT, "client %.*s: %s", SLICE_ARG(id), why);
}

static const char *read_claimed(struct request *request, struct claimed *claimed_r)
{
    struct basic_credentials basic = { 0 };
    const char *wrong = basic_read(request_arena(request), request_header(request, "Authorization"),
                                   &claimed_r->by_header, &basic);
    struct slice id = params_get(&request->form, "client_id");
    struct slice secret = params_get(&request->form, "client_secret");

    if (wrong != NULL)
        return wrong;
    claimed_r->by_form = slice_is_set(secret);
    claimed_r->id = claimed_r->by_header ? basic.id : id;
    claimed_r->secret = claimed_r->by_header ? basic.secret : secret;
    claimed_r->raw_id = basic.raw_id;
    claimed_r->raw_secret = basic.raw_secret;
    return NULL;
}

static const char *judge(const struct client_settings *client, const struct claimed *claimed)
{
    /* For a client that is not there the same work is done. */
    struct slice digest = client != NULL ? client->secret_digest : slice_none();
    unsigned method = claimed->by_header ? CLIENT_AUTH_BASIC
                      : claimed->by_form ? CLIENT_AUTH_POST
                                         : CLIENT_AUTH_NONE;
    bool right = secret_matches(claimed->secret, digest) ||
                 (claimed->by_header && secret_matches(claimed->raw_secret, digest));

    if (client == NULL)
        return "is not known";
    if (client->token_endpoint_auth_method != method)
        return "authenticates in another way than it is registered for";
    return method == CLIENT_AUTH_NONE || right ? NULL : "has a wrong secret";
}

enum step_result authenticate_client(struct flow *flow)
{
    struct request *request = request_of(flow);
    const struct settings *settings = request->hub->settings;
    struct claimed claimed = { 0 };
    struct slice doubled = params_doubled(&request->form);
    const char *wrong;

    if (slice_is_set(doubled))
        return flow_fail(flow, &ERROR_INVALID_REQUEST, "parameter %.*s stands there twice",
                         SLICE_ARG(doubled));
    if ((wrong = read_claimed(request, &claimed)) != NULL)
        return refuse(flow, SL("?"), wrong);
    if (claimed.by_header && claimed.by_form)
        return flow_fail(flow, &ERROR_INVALID_REQUEST, "two ways of authentication at once");
    if (!slice_is_set(claimed.id))
        return flow_fail(flow, &ERROR_INVALID_CLIENT,
                         "the request does not say which client it is");
    if (request_is_throttled(request, claimed.id))
        return flow_fail(flow, &ERROR_TOO_MANY_REQUESTS, "client %.*s from %.*s",
                         SLICE_ARG(claimed.id), SLICE_ARG(request->peer));
    const struct client_settings *client = settings_client(settings, claimed.id);

    if (client == NULL && claimed.by_header)
        client = settings_client(settings, claimed.raw_id);
    if ((wrong = judge(client, &claimed)) != NULL)
        return refuse(flow, claimed.id, wrong);
    struct slice also = params_get(&request->form, "client_id");

    if (slice_is_set(also) && !slice_equal(also, client->named.id))
        return flow_fail(flow, &ERROR_INVALID_REQUEST, "header and form name two clients");
    request->client = client;
    flow->log_client = client->named.id;
    log_context.client = client->named.id;
    return STEP_NEXT;
}

enum step_result authenticate_confidential_client(struct flow *flow)
{
    enum step_result result = authenticate_client(flow);
    struct request *request = request_of(flow);

    if (result == STEP_NEXT && request->client->token_endpoint_auth_method == CLIENT_AUTH_NONE)
        return flow_fail(flow, &ERROR_INVALID_CLIENT, "a public client may not do this");
    return result;
}

bool client_may(const struct client_settings *client, const char *grant_type)
{
    for (size_t i = 0; i < client->grant_types.count; i++) {
        if (slice_is(client->grant_types.at[i], grant_type))
            return true;
    }
    return false;
}

bool client_takes(const struct client_settings *client, struct slice provider)
{
    for (size_t i = 0; i < client->providers.count; i++) {
        if (slice_equal(client->providers.at[i], provider))
            return true;
    }
    return client->providers.count == 0;
}

static struct slice join_words(struct arena *arena, const struct texts *words)
{
    struct buf out = BUF_INIT(8192);

    for (size_t i = 0; i < words->count; i++) {
        if (i > 0)
            buf_add_byte(&out, ' ');
        buf_add(&out, words->at[i]);
    }
    struct slice text = arena_copy(arena, buf_slice(&out));

    buf_release(&out);
    return text;
}

struct slice client_scope(struct arena *arena, const struct client_settings *client)
{
    return join_words(arena, &client->scope);
}

struct slice client_audience(struct arena *arena, const struct client_settings *client)
{
    return join_words(arena, &client->audience);
}

bool resources_read(struct arena *arena, const struct params *params, struct slice allowed,
                    struct slice *audience_r)
{
    struct buf out = BUF_INIT(8192);
    struct url url;
    bool good = true;

    for (size_t i = 0; i < params->count; i++) {
        struct slice value = params->at[i].value;

        if (!slice_is(params->at[i].name, "resource") || value.len == 0)
            continue;
        good = good && slice_has_word(allowed, value) &&
               (url_read(value, &url) != NULL || !slice_is_set(url.fragment));
        if (out.len > 0)
            buf_add_byte(&out, ' ');
        buf_add(&out, value);
    }
    *audience_r = out.len > 0 ? arena_copy(arena, buf_slice(&out)) : allowed;
    buf_release(&out);
    return good;
}

void client_fail(struct request *request)
{
    if (request->flow.error.kind->status == 401 &&
        slice_is_set(request_header(request, "Authorization")))
        request_add_header(request, "WWW-Authenticate",
                           arena_printf(request_arena(request), "Basic realm=\"%.*s\"",
                                        SLICE_ARG(request->hub->settings->issuer)));
    request_fail_json(request);
}
