#include "upstream/login.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/url.h"
#include "crypto/secret.h"
#include "plugin/template.h"
#include "protocol/errors.h"
#include "protocol/id_token.h"
#include "protocol/reply.h"
#include "upstream/api.h"
#include "upstream/metadata.h"
#include "upstream/profile.h"
#include "upstream/signature.h"
#include "upstream/token_request.h"

enum {
    CODE_MAX = 4096
};

/* ---- the callback's parameters ---- */

static struct slice callback_param(const struct login *login, const char *standard)
{
    const struct pairs *names = &login->provider->description.callback_rename;

    for (size_t i = 0; i < names->count; i++) {
        if (slice_is(names->at[i].name, standard)) {
            struct arena arena = { 0 };
            struct slice value =
                params_get(&login->callback, arena_string(&arena, names->at[i].value));

            arena_release(&arena);
            return value;
        }
    }
    return params_get(&login->callback, standard);
}

/* The parameters as a document for {callback:/...}; a value that is JSON itself (Apple's `user`) is
 * read. */
static json_t *callback_document(struct arena *arena, const struct params *params)
{
    json_t *document = json_object();

    for (size_t i = 0; i < params->count; i++) {
        struct slice value = params->at[i].value;
        const char *why;
        json_t *inner =
            value.len > 0 && value.at[0] == '{' ? json_read(arena, value, 16384, &why) : NULL;

        if (slice_has(params->at[i].name, '\0'))
            json_decref(inner);
        else if (inner != NULL)
            json_object_set_new(document, arena_string(arena, params->at[i].name), inner);
        else
            json_set_slice(document, arena_string(arena, params->at[i].name), value);
    }
    return document;
}

static bool was_denied(const struct login *login, struct slice error)
{
    const struct description *d = &login->provider->description;
    struct arena arena = { 0 };
    bool denied = slice_is(error, "access_denied") || slice_is(error, "user_denied") ||
                  slice_is(error, "consent_required");

    if (slice_is_set(d->callback_denied))
        denied =
            denied || params_count(&login->callback, arena_string(&arena, d->callback_denied)) > 0;
    arena_release(&arena);
    return denied;
}

/* RFC 9207: an answer from another provider than the one we asked. */
static const char *check_iss(const struct login *login)
{
    struct slice iss = params_get_raw(&login->callback, "iss");
    const struct description *d = &login->provider->description;

    if (!slice_is_set(iss))
        return upstream_endpoints(login->provider).iss_promised
                   ? "the answer does not say who it comes from, as this provider promises"
                   : NULL;
    if (!slice_is_set(d->issuer) || description_has_tenants(d))
        return NULL;
    return description_issuer_is(d, iss) ? NULL : "the answer comes from another provider";
}

static enum step_result read_callback(struct flow *flow)
{
    struct login *login = login_of(flow);
    struct slice error = callback_param(login, "error");
    struct slice code = callback_param(login, "code");
    const char *wrong = check_iss(login);

    login->callback_json = callback_document(&flow->arena, &login->callback);
    if (wrong != NULL)
        return flow_fail(flow, &ERROR_LOGIN_MISMATCH, "%s", wrong);
    if (slice_is_set(params_doubled(&login->callback)))
        return flow_fail(flow, &ERROR_LOGIN_MISMATCH,
                         "a parameter of the answer stands there twice");
    if (slice_is_set(error) && slice_is_set(code))
        return flow_fail(flow, &ERROR_LOGIN_MISMATCH, "the answer has an error and a code");
    login->error_code = error;
    login->error_text = params_get(&login->callback, "error_description");
    if (was_denied(login, error))
        return flow_fail(flow, &ERROR_ACCESS_DENIED, "denied at the provider: %.*s %.*s",
                         SLICE_ARG(error), SLICE_ARG(login->error_text));
    if (slice_is_set(error))
        return flow_fail(flow, &ERROR_UPSTREAM, "the provider answered %.*s: %.*s",
                         SLICE_ARG(error), SLICE_ARG(login->error_text));
    if (!slice_is_set(code) || code.len > CODE_MAX)
        return flow_fail(flow, &ERROR_LOGIN_MISMATCH, "the answer has no code");
    login->code = code;
    return STEP_NEXT;
}

/* ---- the ID token ---- */

/* Absent where none counts. */
static struct slice id_token_of(const struct login *login)
{
    return login->provider->description.protocol == PROTOCOL_OIDC ? login->tokens.id_token
                                                                  : slice_none();
}

static enum step_result ask_for_id_token_keys(struct flow *flow)
{
    return signature_ask_for_keys(flow, id_token_of(login_of(flow)));
}

static enum step_result read_id_token_keys(struct flow *flow)
{
    return signature_read_keys(flow, id_token_of(login_of(flow)));
}

static enum step_result look_for_key(struct flow *flow)
{
    return signature_look_for_key(flow, id_token_of(login_of(flow)));
}

static const char *check_claims(struct flow *flow, struct login *login, enum jws_alg alg)
{
    const struct description *d = &login->provider->description;
    struct slice tenants = description_value(d, SL("issuer_values"));
    struct id_token_expectations expected = {
        .issuer = d->issuer,
        .issuers = d->issuers.at,
        .issuer_count = d->issuers.count,
        .issuer_values = slice_is(tenants, "*") ? slice_none() : tenants,
        .client_id = login->provider->settings->client_id,
        .nonce = login->refreshing ? slice_none() : login->attempt.nonce,
        .nonce_may_be_absent = d->nonce == WORD_NO,
        .access_token = login->tokens.access_token,
        .code = login->code,
        .alg = alg,
        .now = clock_now(),
        .skew = ID_TOKEN_SKEW_S,
        .subject = login->refreshing ? login->subject : slice_none(),
    };

    return id_token_check(&flow->arena, login->id_claims, &expected);
}

static enum step_result check_id_token(struct flow *flow)
{
    struct login *login = login_of(flow);
    const struct description *d = &login->provider->description;
    struct jws jws;
    const char *wrong;

    if (!slice_is_set(id_token_of(login))) {
        if (d->protocol == PROTOCOL_OIDC && d->id_token == WORD_YES && !login->refreshing)
            return flow_fail(flow, &ERROR_UPSTREAM, "the token reply has no ID token");
        return STEP_NEXT;
    }
    login->id_claims = signature_claims(flow, login->tokens.id_token, &jws, &wrong);
    if (login->id_claims == NULL)
        return flow_fail(flow, &ERROR_UPSTREAM, "ID token: %s", wrong);
    if ((wrong = check_claims(flow, login, jws.alg)) != NULL)
        return flow_fail(flow, &ERROR_UPSTREAM, "ID token: %s", wrong);
    return STEP_NEXT;
}

/* ---- the tables ---- */

static enum step_result redeem_code(struct flow *flow)
{
    return flow_enter(flow, token_request);
}

static enum step_result make_api_calls(struct flow *flow)
{
    return flow_enter(flow, profile_calls);
}

static enum step_result map_the_profile(struct flow *flow)
{
    return flow_enter(flow, map_profile);
}

const struct step identify[] = {
    STEP(ask_for_metadata), /* waits when it is not known */
    STEP(read_metadata),
    STEP(read_callback),
    STEP(redeem_code),           /* a table: the token request */
    STEP(ask_for_id_token_keys), /* waits when they are not known */
    STEP(read_id_token_keys),
    STEP(look_for_key), /* waits when the key is unknown, once in a while */
    STEP(check_id_token),
    STEP(make_api_calls),  /* a table: userinfo, lookups, what fetch_more wants */
    STEP(map_the_profile), /* a table: claims, then the hook */
    STEP_END,
};

const struct step refresh[] = {
    STEP(ask_for_metadata),   STEP(read_metadata),
    STEP(redeem_code),        STEP(ask_for_id_token_keys),
    STEP(read_id_token_keys), STEP(look_for_key),
    STEP(check_id_token),     STEP_END,
};
