#include "protocol/id_token.h"

#include "crypto/jws.h"
#include "crypto/secret.h"
#include "plugin/template.h"

enum {
    SUBJECT_MAX = 255
};

/* Beyond this a double has no whole seconds either; and sums with it stay within an int64_t. */
static const int64_t TIME_MAX = INT64_C(1) << 53;

struct issuer_context {
    const json_t *claims;
    struct slice allowed;
    bool refused;
};

static struct slice issuer_value(void *context, struct slice name)
{
    struct issuer_context *issuer = context;
    char text[64];

    if (name.len >= sizeof(text))
        return slice_none();
    memcpy(text, name.at, name.len);
    text[name.len] = '\0';
    struct slice value = json_member(issuer->claims, text);

    /* The value comes from the token: it must be a plain word, and one of those allowed. */
    if (value.len == 0 || !slice_is_plain(value, "-_.") ||
        (slice_is_set(issuer->allowed) && !slice_has_word(issuer->allowed, value)))
        issuer->refused = true;
    return value;
}

static bool issuer_is_good(struct arena *arena, const json_t *claims, struct slice iss,
                           const struct id_token_expectations *expected)
{
    if (iss.len == 0) /* equal to an issuer that is not known */
        return false;
    if (slice_equal(iss, expected->issuer))
        return true;
    for (size_t i = 0; i < expected->issuer_count; i++) {
        struct issuer_context context = { claims, expected->issuer_values, false };
        struct slice filled =
            template_fill_known(arena, expected->issuers[i], issuer_value, &context);

        if (!context.refused && slice_equal(iss, filled))
            return true;
    }
    return false;
}

static const char *check_audience(const json_t *claims, struct slice client_id)
{
    const json_t *aud = json_object_get(claims, "aud");
    struct slice azp = json_member(claims, "azp");
    const json_t *each;
    size_t count = 0;
    size_t i;
    bool ours = false;

    if (json_is_string(aud)) {
        count = 1;
        ours = slice_equal(json_slice(aud), client_id);
    }
    json_array_foreach(aud, i, each)
    {
        if (!json_is_string(each))
            return "aud has something that is no text";
        count++;
        ours = ours || slice_equal(json_slice(each), client_id);
    }
    if (!ours)
        return "aud does not name this client";
    if (json_object_get(claims, "azp") != NULL && !slice_equal(azp, client_id))
        return "azp names another client";
    return count > 1 && !slice_is_set(azp) ? "aud names others too and there is no azp" : NULL;
}

/* NumericDate (RFC 7519, 2). */
static bool read_time(const json_t *claims, const char *name, int64_t *time_r)
{
    *time_r = json_member_int(claims, name, -1);
    return *time_r >= 0 && *time_r <= TIME_MAX;
}

static const char *check_times(const json_t *claims, const struct id_token_expectations *expected)
{
    int64_t exp;
    int64_t iat;
    int64_t nbf;
    int64_t auth_time;

    if (!read_time(claims, "exp", &exp) || !read_time(claims, "iat", &iat))
        return "exp or iat is missing or no time";
    if (exp + expected->skew <= expected->now)
        return "it has expired";
    if (iat - expected->skew > expected->now)
        return "it was issued in the future";
    if (json_object_get(claims, "nbf") != NULL &&
        (!read_time(claims, "nbf", &nbf) || nbf - expected->skew > expected->now))
        return "it is not valid yet";
    if (expected->max_age > 0 && (!read_time(claims, "auth_time", &auth_time) ||
                                  auth_time + expected->max_age + expected->skew < expected->now))
        return "the login at the provider is older than was asked for";
    return NULL;
}

/* What is there of exp and nbf must hold. */
static const char *check_validity(const json_t *claims,
                                  const struct id_token_expectations *expected)
{
    int64_t time;

    if (json_object_get(claims, "exp") != NULL &&
        (!read_time(claims, "exp", &time) || time + expected->skew <= expected->now))
        return "it has expired";
    if (json_object_get(claims, "nbf") != NULL &&
        (!read_time(claims, "nbf", &time) || time - expected->skew > expected->now))
        return "it is not valid yet";
    return NULL;
}

static const char *check_nonce(const json_t *claims, const struct id_token_expectations *expected)
{
    struct slice nonce = json_member(claims, "nonce");

    if (!slice_is_set(expected->nonce))
        return NULL;
    if (json_object_get(claims, "nonce") == NULL)
        return expected->nonce_may_be_absent ? NULL : "nonce is missing";
    return secret_equal(nonce, expected->nonce) ? NULL : "nonce is not the one of this login";
}

/* A hash that is there is right; an algorithm without a hash of its own vouches for nothing. */
static bool hash_is_good(struct arena *arena, const json_t *claims, const char *name,
                         enum jws_alg alg, struct slice of)
{
    if (json_object_get(claims, name) == NULL || !slice_is_set(of))
        return true;
    struct slice right = jws_half_hash(arena, alg, of);

    return slice_is_set(right) && secret_equal(json_member(claims, name), right);
}

static const char *check_hashes(struct arena *arena, const json_t *claims,
                                const struct id_token_expectations *expected)
{
    if (!hash_is_good(arena, claims, "at_hash", expected->alg, expected->access_token))
        return "at_hash does not belong to the access token";
    return hash_is_good(arena, claims, "c_hash", expected->alg, expected->code)
               ? NULL
               : "c_hash does not belong to the code";
}

static const char *check_subject(const json_t *claims, const struct id_token_expectations *expected)
{
    struct slice sub = json_member(claims, "sub");

    if (sub.len == 0 || sub.len > SUBJECT_MAX)
        return "sub is missing, empty, too long or no text";
    if (slice_is_set(expected->subject) && !slice_equal(sub, expected->subject))
        return "sub is another one than before";
    return NULL;
}

const char *id_token_check(struct arena *arena, const json_t *claims,
                           const struct id_token_expectations *expected)
{
    struct slice iss = json_member(claims, "iss");
    const char *wrong;

    if (!issuer_is_good(arena, claims, iss, expected))
        return arena_printf(arena, "iss is %.*s, not %.*s", SLICE_ARG(iss),
                            SLICE_ARG(expected->issuer))
            .at;
    /* A logout token is not an ID token (RFC 8725, 3.11). */
    if (json_object_get(claims, "events") != NULL)
        return "it is a logout token";
    if ((wrong = check_audience(claims, expected->client_id)) != NULL ||
        (wrong = check_times(claims, expected)) != NULL ||
        (wrong = check_nonce(claims, expected)) != NULL ||
        (wrong = check_subject(claims, expected)) != NULL)
        return wrong;
    return check_hashes(arena, claims, expected);
}

const char *userinfo_token_check(const json_t *claims, const struct id_token_expectations *expected)
{
    const char *wrong = check_audience(claims, expected->client_id);

    if (slice_is_set(expected->issuer) &&
        !slice_equal(json_member(claims, "iss"), expected->issuer))
        return "iss is another one";
    return wrong != NULL ? wrong : check_validity(claims, expected);
}
