#include "issuer/tokens.h"

#include "base/clock.h"
#include "base/codec.h"
#include "crypto/jws.h"
#include "issuer/keys.h"
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

static void add_text(struct buf *out, const char *name, struct slice value)
{
    if (!slice_is_set(value))
        return;
    buf_add_json_name(out, name);
    buf_add_json(out, value);
}

static void add_number(struct buf *out, const char *name, int64_t value)
{
    buf_add_json_name(out, name);
    buf_add_u64(out, (uint64_t)value);
}

/* One word is a text, several are a list. */
static void add_audience(struct buf *out, struct slice words)
{
    struct slice word;
    bool several = slice_has(words, ' ');
    bool first = true;

    buf_add_json_name(out, "aud");
    if (several)
        buf_add_byte(out, '[');
    while (slice_next_word(&words, &word)) {
        if (!first)
            buf_add_byte(out, ',');
        buf_add_json(out, word);
        first = false;
    }
    if (several)
        buf_add_byte(out, ']');
}

static void add_words(struct buf *out, const char *name, struct slice words)
{
    struct slice word;
    bool first = true;

    if (!slice_is_set(words))
        return;
    buf_add_json_name(out, name);
    buf_add_byte(out, '[');
    while (slice_next_word(&words, &word)) {
        if (!first)
            buf_add_byte(out, ',');
        buf_add_json(out, word);
        first = false;
    }
    buf_add_byte(out, ']');
}

static void begin_payload(struct buf *out, const struct request *request, struct slice subject,
                          int64_t lifetime_ms)
{
    int64_t now = clock_now();

    buf_add_byte(out, '{');
    add_text(out, "iss", request->hub->settings->issuer);
    add_text(out, "sub", subject);
    add_number(out, "iat", now);
    add_number(out, "exp", now + lifetime_ms / 1000);
}

static struct slice finish(struct request *request, struct buf *payload, const struct jwk *key,
                           const char *typ)
{
    struct slice text = slice_none();

    buf_add_byte(payload, '}');
    if (buf_ok(payload))
        text = jws_sign(request_arena(request), key, typ, buf_slice(payload));
    buf_release_secret(payload);
    return text;
}

static struct slice subject_of(const struct grant *grant)
{
    return slice_is_set(grant->account) ? grant->account : grant->client_id;
}

/* RFC 9068. */
static struct slice signed_access_token(struct request *request, const struct issue *issue,
                                        const struct jwk *key, struct slice jti)
{
    const struct grant *grant = issue->grant;
    struct buf payload = BUF_INIT(TOKEN_MAX);

    begin_payload(&payload, request, subject_of(grant),
                  request->hub->settings->lifetimes.access_token);
    add_audience(&payload,
                 grant->audience.len > 0 ? grant->audience : request->hub->settings->issuer);
    add_text(&payload, "jti", jti);
    add_text(&payload, "client_id", grant->client_id);
    add_text(&payload, "scope", issue->scope);
    if (grant->auth_time > 0)
        add_number(&payload, "auth_time", grant->auth_time);
    add_text(&payload, "acr", grant->acr);
    add_words(&payload, "amr", grant->amr);
    return finish(request, &payload, key, "at+jwt");
}

/* OpenID Connect Core, 2. */
static struct slice signed_id_token(struct request *request, const struct issue *issue,
                                    const struct jwk *key)
{
    const struct grant *grant = issue->grant;
    struct buf payload = BUF_INIT(TOKEN_MAX);

    begin_payload(&payload, request, grant->account, request->hub->settings->lifetimes.id_token);
    add_text(&payload, "aud", grant->client_id);
    add_number(&payload, "auth_time", grant->auth_time);
    add_text(&payload, "nonce", issue->nonce);
    add_text(&payload, "sid", grant->session);
    add_text(&payload, "acr", grant->acr);
    add_words(&payload, "amr", grant->amr);
    add_text(&payload, "at_hash",
             jws_half_hash(request_arena(request), key->alg, issue->access_token));
    if (grant->claims.len > 0) {
        buf_add_byte(&payload, ',');
        buf_add(&payload, grant->claims);
    }
    return finish(request, &payload, key, NULL);
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
    if (is_jwt) {
        struct slice jti = grant_issue_jti(request, issue->grant, issue->scope);

        issue->access_token = signed_access_token(request, issue, key, jti);
    } else {
        issue->access_token = grant_issue_access(request, issue->grant, issue->scope);
    }
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

    buf_add_byte(&body, '{');
    add_text(&body, "access_token", issue->access_token);
    add_text(&body, "token_type", SL("Bearer"));
    add_number(&body, "expires_in", request->hub->settings->lifetimes.access_token / 1000);
    add_text(&body, "refresh_token", issue->refresh_text);
    add_text(&body, "id_token", issue->id_text);
    if (issue->scope.len > 0)
        add_text(&body, "scope", issue->scope);
    buf_add_byte(&body, '}');
    metrics_count(request->hub->metrics, METRIC_TOKENS, grant_type, 0);
    enum step_result result = request_answer(request, 200, "application/json", buf_slice(&body));

    buf_release_secret(&body);
    return result;
}
