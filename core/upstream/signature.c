#include "upstream/signature.h"

#include "plugin/credentials.h"
#include "upstream/metadata.h"

static const jws_algs secret_algs = 1U << ALG_HS256 | 1U << ALG_HS384 | 1U << ALG_HS512;

static jws_algs pinned_algs(const struct description *d)
{
    jws_algs pinned = 0;

    for (size_t i = 0; i < d->id_token_algs.count; i++)
        pinned |= 1U << jws_alg_read(d->id_token_algs.at[i]);
    if (d->id_token_algs.count == 0)
        pinned = 1U << ALG_RS256;
    return pinned & ~(1U << ALG_NONE);
}

static enum jws_verdict verify_by_secret(const struct provider *provider, const struct jws *jws)
{
    struct jwk secret = jwk_secret(provider->settings->client_secret);
    struct jwk_set only = { &secret, 1 };

    if (secret.secret.len < CLIENT_SECRET_MIN)
        return JWS_BAD_ALGORITHM;
    return jws_verify(jws, &only, pinned_algs(&provider->description) & 1U << ALG_HS256);
}

enum jws_verdict upstream_verify(const struct provider *provider, const struct jws *jws)
{
    const struct jwk_set *keys = upstream_keys(provider);
    static const struct jwk_set none = { NULL, 0 };

    if ((secret_algs & 1U << jws->alg) != 0)
        return verify_by_secret(provider, jws);
    return jws_verify(jws, keys != NULL ? keys : &none,
                      pinned_algs(&provider->description) & ~secret_algs);
}

/* Not for one that the client secret signs, nor for one that no key could make good. */
static bool needs_keys(struct flow *flow, struct slice token)
{
    struct jws jws;

    return slice_is_set(token) && jws_read(&flow->arena, token, &jws) == NULL &&
           (pinned_algs(&login_of(flow)->provider->description) & ~secret_algs & 1U << jws.alg) !=
               0;
}

enum step_result signature_ask_for_keys(struct flow *flow, struct slice token)
{
    return needs_keys(flow, token) ? ask_for_keys(flow) : STEP_NEXT;
}

enum step_result signature_read_keys(struct flow *flow, struct slice token)
{
    return needs_keys(flow, token) ? read_keys(flow) : STEP_NEXT;
}

enum step_result signature_look_for_key(struct flow *flow, struct slice token)
{
    struct jws jws;

    if (!needs_keys(flow, token) || jws_read(&flow->arena, token, &jws) != NULL)
        return STEP_NEXT;
    enum jws_verdict verdict = upstream_verify(login_of(flow)->provider, &jws);

    return verdict == JWS_UNKNOWN_KEY || verdict == JWS_BAD_SIGNATURE ? upstream_refetch_keys(flow)
                                                                      : STEP_NEXT;
}

json_t *signature_claims(struct flow *flow, struct slice token, struct jws *jws_r,
                         const char **why_r)
{
    struct arena *arena = &flow->arena;

    *why_r = jws_read(arena, token, jws_r);
    if (*why_r != NULL)
        return NULL;
    enum jws_verdict verdict = upstream_verify(login_of(flow)->provider, jws_r);

    if (verdict != JWS_GOOD)
        *why_r = arena_printf(arena, "%s (alg %.*s, kid %.*s)", jws_verdict_text(verdict),
                              SLICE_ARG(jws_r->alg_name), SLICE_ARG(jws_r->kid))
                     .at;
    /* A token for another purpose says so in its type (RFC 8725, 3.11). */
    else if (slice_is_set(jws_r->typ) && !slice_is_nocase(jws_r->typ, "JWT"))
        *why_r = arena_printf(arena, "its type is %.*s", SLICE_ARG(jws_r->typ)).at;
    return *why_r == NULL ? json_read_object(arena, jws_r->payload, JWS_MAX, why_r) : NULL;
}
