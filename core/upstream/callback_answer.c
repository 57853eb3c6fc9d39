#include "upstream/callback_answer.h"

#include "base/codec.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "protocol/errors.h"
#include "upstream/metadata.h"

enum {
    CODE_MAX = 4096,
    SIGNED_MAX = 64 * 1024
};

/* Names of the one protocol, and what they are in the other. */
static const char *usual_name(const struct login *login, const char *standard)
{
    static const char *const oauth1[][2] = {
        { "code", "oauth_verifier" },
        { "error", "oauth_problem" },
        { "error_description", "oauth_problem_advice" },
    };

    for (size_t i = 0; i < sizeof(oauth1) / sizeof(oauth1[0]); i++) {
        if (login->provider->description.protocol == PROTOCOL_OAUTH1 &&
            strcmp(standard, oauth1[i][0]) == 0)
            return oauth1[i][1];
    }
    return standard;
}

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
    return params_get(&login->callback, usual_name(login, standard));
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

/* "name", "name=value", "-name". */
static bool says_no(const struct login *login, struct arena *arena, struct slice rule, bool failed)
{
    struct slice name;
    struct slice value;
    bool compares = slice_cut(rule, '=', &name, &value);
    bool absent = name.len > 1 && name.at[0] == '-';
    const char *parameter = arena_string(arena, slice_from(name, absent));

    if (absent)
        return !failed && params_count(&login->callback, parameter) == 0;
    return compares ? slice_equal(params_get(&login->callback, parameter), value)
                    : params_count(&login->callback, parameter) > 0;
}

static bool was_denied(const struct login *login, struct arena *arena, struct slice error)
{
    const struct texts *rules = &login->provider->description.callback_denied;
    bool denied = slice_is(error, "access_denied") || slice_is(error, "user_denied") ||
                  slice_is(error, "consent_required") || slice_is(error, "user_refused") ||
                  slice_is(error, "permission_denied");

    for (size_t i = 0; i < rules->count && !denied; i++)
        denied = says_no(login, arena, rules->at[i], slice_is_set(error));
    return denied;
}

/* ---- whether it is what the provider sent ---- */

static int by_name(const void *a, const void *b)
{
    const struct param *first = a;
    const struct param *second = b;

    return slice_compare(first->name, second->name);
}

/* All but the signature, sorted by name and written as a query. */
static struct slice signed_text(const struct login *login, struct arena *arena)
{
    const struct params *all = &login->callback;
    struct params rest = params_new(arena);
    struct buf out = BUF_INIT(SIGNED_MAX);

    for (size_t i = 0; i < all->count; i++) {
        if (!slice_equal(all->at[i].name, login->provider->description.callback_hmac))
            params_add(&rest, all->at[i].name, all->at[i].value);
    }
    if (rest.count > 0)
        qsort(rest.at, rest.count, sizeof(rest.at[0]), by_name);
    params_write(&rest, &out);
    struct slice text = arena_copy(arena, buf_slice(&out));

    buf_release(&out);
    return text;
}

static const char *check_hmac(const struct login *login, struct arena *arena)
{
    const struct provider *provider = login->provider;
    struct slice name = provider->description.callback_hmac;
    unsigned char out[DIGEST_MAX];

    if (!slice_is_set(name))
        return NULL;
    size_t len = digest_hmac(DIGEST_SHA256, provider->settings->client_secret,
                             signed_text(login, arena), out);
    struct slice right = hex_encode(arena, slice_make((const char *)out, len));

    return secret_equal(params_get(&login->callback, arena_string(arena, name)), right)
               ? NULL
               : "the signature of the answer is not the provider's";
}

static const char *check_expected(struct login *login, struct arena *arena)
{
    const struct pairs *expected = &login->provider->description.callback_expect;
    struct template_values values = login_values(login);

    for (size_t i = 0; i < expected->count; i++) {
        struct slice wanted =
            template_fill(arena, expected->at[i].value, &values, ESCAPE_NOTHING, NULL);

        if (!slice_equal(params_get(&login->callback, arena_string(arena, expected->at[i].name)),
                         wanted))
            return arena_printf(arena, "%.*s of the answer is another one than was expected",
                                SLICE_ARG(expected->at[i].name))
                .at;
    }
    return NULL;
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

/* RFC 5849, 2.2: the token says which request is meant, and there is no `state`. */
static const char *check_oauth_token(const struct login *login, struct slice verifier)
{
    struct slice token = params_get(&login->callback, "oauth_token");

    if (!slice_is_set(token) && !slice_is_set(verifier))
        return NULL;
    return secret_equal(token, login->attempt.oauth_token)
               ? NULL
               : "the answer is about another request token";
}

/* A refusal may come without what only a code comes with; it opens no door. */
static const char *check_answer(struct login *login, struct arena *arena, struct slice code)
{
    const char *wrong = check_iss(login);

    if (wrong == NULL && slice_is_set(params_doubled(&login->callback)))
        wrong = "a parameter of the answer stands there twice";
    if (wrong == NULL && login->provider->description.protocol == PROTOCOL_OAUTH1)
        wrong = check_oauth_token(login, code);
    if (wrong == NULL && slice_is_set(code))
        wrong = check_hmac(login, arena);
    return wrong == NULL && slice_is_set(code) ? check_expected(login, arena) : wrong;
}

enum step_result read_callback_answer(struct flow *flow)
{
    struct login *login = login_of(flow);
    struct slice error = callback_param(login, "error");
    struct slice code = callback_param(login, "code");
    const char *wrong = check_answer(login, &flow->arena, code);

    login->callback_json = callback_document(&flow->arena, &login->callback);
    if (wrong != NULL)
        return flow_fail(flow, &ERROR_LOGIN_MISMATCH, "%s", wrong);
    if (slice_is_set(error) && slice_is_set(code))
        return flow_fail(flow, &ERROR_LOGIN_MISMATCH, "the answer has an error and a code");
    login->error_code = error;
    login->error_text = callback_param(login, "error_description");
    if (was_denied(login, &flow->arena, error))
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

enum step_result read_kept_answer(struct flow *flow)
{
    struct login *login = login_of(flow);

    login->callback_json = callback_document(&flow->arena, &login->callback);
    return STEP_NEXT;
}
