#include "issuer/access.h"

#include "base/clock.h"
#include "crypto/jws.h"
#include "issuer/keys.h"

static bool recognise_signed(struct request *request, struct slice text, struct access *access)
{
    const jws_algs pinned = 1U << ALG_ES256 | 1U << ALG_RS256 | 1U << ALG_EDDSA | 1U << ALG_PS256;
    struct arena *arena = request_arena(request);
    struct jws jws;
    const char *why;

    /* The type keeps ID tokens and others of ours out (RFC 9068, 4). */
    if (jws_read(arena, text, &jws) != NULL || !slice_is_nocase(jws.typ, "at+jwt") ||
        jws_verify(&jws, signing_keys(request->hub->signing), pinned) != JWS_GOOD)
        return false;
    json_t *claims = json_read_object(arena, jws.payload, JWS_MAX, &why);
    bool good = slice_equal(json_member(claims, "iss"), request->hub->settings->issuer) &&
                json_member_int(claims, "exp", 0) > clock_now();
    struct slice jti = arena_copy(arena, json_member(claims, "jti"));
    struct slice random;

    json_decref(claims);
    access->secret = jti;
    return good && slice_cut(jti, '.', &access->grant_id, &random);
}

bool access_recognise(struct request *request, struct slice text, struct access *access_r)
{
    struct token_text token;

    *access_r = (struct access){ 0 };
    if (token_text_read(text, &token)) {
        if (token.kind != TOKEN_ACCESS)
            return false;
        access_r->grant_id = token.grant_id;
        access_r->secret = token.secret;
        return true;
    }
    return recognise_signed(request, text, access_r);
}

enum step_result access_ask(struct request *request, struct access *access)
{
    access->command = grant_get(request, access->grant_id);
    return request_store(request, &access->command, 1);
}

bool access_read(struct request *request, struct access *access, enum grant_part part)
{
    if (request_store_failed(request, &access->command))
        return false;
    access->grant = grant_read_part(request, &access->command, part);
    if (access->grant == NULL)
        return true;
    access->token = grant_find_access(access->grant, access->secret);
    /* A client that is no longer configured has no tokens. */
    if (access->token == NULL ||
        settings_client(request->hub->settings, access->grant->client_id) == NULL) {
        access->grant = NULL;
        return true;
    }
    access->scope =
        slice_is_set(access->token->scope) ? access->token->scope : access->grant->scope;
    access->audience =
        slice_is_set(access->token->audience) ? access->token->audience : access->grant->audience;
    return true;
}
