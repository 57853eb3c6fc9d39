#include "upstream/login.h"

#include "base/clock.h"
#include "protocol/errors.h"
#include "protocol/id_token.h"
#include "upstream/api.h"
#include "upstream/app_calls.h"
#include "upstream/callback_answer.h"
#include "upstream/metadata.h"
#include "upstream/profile.h"
#include "upstream/signature.h"
#include "upstream/token_reply.h"
#include "upstream/token_request.h"

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

static enum step_result call_as_app(struct flow *flow)
{
    return flow_enter(flow, app_calls);
}

/* The application's own token is asked for once until it expires. */
static enum step_result redeem_code(struct flow *flow)
{
    struct login *login = login_of(flow);
    json_t *known = login->provider->description.token_owner == OWNER_APP
                        ? app_answer_find(login->provider, APP_TOKEN)
                        : NULL;

    return known != NULL ? token_reply_use(flow, known, 200) : flow_enter(flow, token_request);
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
    STEP(read_callback_answer),
    STEP(call_as_app),           /* a table */
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
    STEP(ask_for_metadata), /* waits when it is not known */
    STEP(read_metadata),
    STEP(read_kept_answer),
    STEP(call_as_app),           /* a table */
    STEP(redeem_code),           /* a table */
    STEP(ask_for_id_token_keys), /* waits when they are not known */
    STEP(read_id_token_keys),
    STEP(look_for_key), /* waits when the key is unknown, once in a while */
    STEP(check_id_token),
    STEP_END,
};
