#include "issuer/tokens.h"

#include "base/clock.h"
#include "base/codec.h"
#include "crypto/jws.h"
#include "issuer/claims.h"
#include "issuer/keys.h"
#include "issuer/members.h"
#include "issuer/payload.h"
#include "protocol/errors.h"

enum {
    TOKEN_MAX = 64 * 1024
};

enum jws_alg client_alg(const struct client_settings *client)
{
    return slice_is_set(client->id_token_signed_response_alg)
               ? jws_alg_read(client->id_token_signed_response_alg)
               : ALG_ES256;
}

static struct slice sign(struct request *request, const struct jwk *key, const char *typ,
                         struct buf *payload)
{
    struct slice text = slice_none();

    if (buf_ok(payload))
        text = jws_sign(request_arena(request), key, typ, buf_slice(payload));
    buf_release_secret(payload);
    return text;
}

static struct slice signed_access_token(struct request *request, const struct issue *issue,
                                        const struct jwk *key)
{
    const struct payload payload = {
        .issuer = request->hub->settings->issuer,
        .grant = issue->grant,
        .now = clock_now(),
        .lifetime = request->hub->settings->lifetimes.access_token / 1000,
        .jti = grant_issue_jti(request, issue->grant, issue->scope, issue->audience),
        .scope = issue->scope,
        .audience = issue->audience,
    };
    struct buf text = BUF_INIT(TOKEN_MAX);

    payload_access_token(&payload, &text);
    return sign(request, key, "at+jwt", &text);
}

static struct slice signed_id_token(struct request *request, const struct issue *issue,
                                    const struct jwk *key)
{
    const struct payload payload = {
        .issuer = request->hub->settings->issuer,
        .grant = issue->grant,
        .now = clock_now(),
        .lifetime = request->hub->settings->lifetimes.id_token / 1000,
        .claims = claims_within(request_arena(request), issue->grant, issue->scope),
        .nonce = issue->nonce,
        .at_hash = jws_half_hash(request_arena(request), key->alg, issue->access_token),
    };
    struct buf text = BUF_INIT(TOKEN_MAX);

    payload_id_token(&payload, &text);
    return sign(request, key, NULL, &text);
}

bool tokens_issue(struct request *request, struct issue *issue)
{
    bool is_jwt = request->client->access_token == TOKEN_JWT;
    const struct jwk *key = signing_key(request->hub->signing, client_alg(request->client));

    if ((is_jwt || issue->id_token) && key == NULL) {
        flow_fail(&request->flow, &ERROR_TEMPORARILY_UNAVAILABLE,
                  "there is no signing key for %s yet", jws_alg_name(client_alg(request->client)));
        return false;
    }
    issue->access_token =
        is_jwt ? signed_access_token(request, issue, key)
               : grant_issue_access(request, issue->grant, issue->scope, issue->audience);
    if (issue->refresh_token)
        issue->refresh_text = grant_issue_refresh(request, issue->grant, issue->presented);
    if (issue->id_token)
        issue->id_text = signed_id_token(request, issue, key);
    if (slice_is_set(issue->access_token) && slice_is_set(issue->id_text) == issue->id_token)
        return true;
    flow_fail(&request->flow, &ERROR_SERVER_ERROR, "a token could not be signed");
    return false;
}

enum step_result tokens_answer(struct request *request, const struct issue *issue,
                               enum grant_type grant_type)
{
    struct buf body = BUF_INIT(4 * TOKEN_MAX);

    buf_add_text(&body, "{\"access_token\":");
    buf_add_json(&body, issue->access_token);
    buf_add_text(&body, ",\"token_type\":\"Bearer\"");
    member_add_number(&body, "expires_in", request->hub->settings->lifetimes.access_token / 1000);
    member_add_text(&body, "refresh_token", issue->refresh_text);
    member_add_text(&body, "id_token", issue->id_text);
    member_add_text(&body, "scope", issue->scope);
    buf_add_byte(&body, '}');
    metrics_count(request->hub->metrics, METRIC_TOKENS, grant_type, 0);
    enum step_result result = request_answer(request, 200, "application/json", buf_slice(&body));

    buf_release_secret(&body);
    return result;
}
