#include "issuer/claims.h"

#include "base/codec.h"
#include "base/json.h"
#include "hub/session.h"
#include "issuer/grant.h"

static const struct {
    const char *scope;
    const char *claim;
} scope_claims[] = {
    { "profile", "name" },        { "profile", "given_name" },
    { "profile", "family_name" }, { "profile", "middle_name" },
    { "profile", "nickname" },    { "profile", "preferred_username" },
    { "profile", "profile" },     { "profile", "picture" },
    { "profile", "website" },     { "profile", "gender" },
    { "profile", "birthdate" },   { "profile", "zoneinfo" },
    { "profile", "locale" },      { "profile", "updated_at" },
    { "email", "email" },         { "email", "email_verified" },
    { "phone", "phone_number" },  { "phone", "phone_number_verified" },
    { "address", "address" },     { "groups", "groups" },
};

const char *const scopes_supported[] = { "openid",  "profile", "email",          "phone",
                                         "address", "groups",  "offline_access", NULL };

const char *const claims_supported[] = {
    "sub",          "iss",
    "aud",          "exp",
    "iat",          "auth_time",
    "nonce",        "at_hash",
    "acr",          "amr",
    "azp",          "sid",
    "idp",          "idp_sub",
    "name",         "given_name",
    "family_name",  "middle_name",
    "nickname",     "preferred_username",
    "profile",      "picture",
    "website",      "gender",
    "birthdate",    "zoneinfo",
    "locale",       "updated_at",
    "email",        "email_verified",
    "phone_number", "phone_number_verified",
    "address",      "groups",
    NULL,
};

static void add_member(struct buf *out, struct slice name, const json_t *value)
{
    if (value == NULL || json_is_null(value))
        return;
    if (out->len > 0)
        buf_add_byte(out, ',');
    buf_add_json(out, name);
    buf_add_byte(out, ':');
    buf_add_json_value(out, value);
}

static bool is_reserved(struct slice name)
{
    static const char *const own[] = { "iss", "sub",       "aud",       "exp",     "iat",
                                       "nbf", "jti",       "nonce",     "at_hash", "c_hash",
                                       "azp", "auth_time", "sid",       "idp",     "idp_sub",
                                       "acr", "amr",       "client_id", "scope",   "active" };

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (slice_is(name, own[i]))
            return true;
    }
    return false;
}

static bool is_standard(struct slice name)
{
    for (size_t i = 0; i < sizeof(scope_claims) / sizeof(scope_claims[0]); i++) {
        if (slice_is(name, scope_claims[i].claim))
            return true;
    }
    return false;
}

struct slice claims_issue(struct request *request, const struct session *session,
                          struct slice scope)
{
    struct arena *arena = request_arena(request);
    const struct pairs *mapped = &request->hub->settings->claims;
    struct buf out = BUF_INIT(64 * 1024);
    const char *why;
    json_t *said = json_read_object(arena, session->claims, 64 * 1024, &why);
    json_t *idp_sub = json_from_slice(session->idp_sub);
    json_t *idp = json_from_slice(session->idp);

    if (slice_has_word(scope, SL("openid"))) {
        add_member(&out, SL("idp"), idp);
        add_member(&out, SL("idp_sub"), idp_sub);
    }
    for (size_t i = 0; i < sizeof(scope_claims) / sizeof(scope_claims[0]); i++) {
        if (slice_has_word(scope, slice_of(scope_claims[i].scope)))
            add_member(&out, slice_of(scope_claims[i].claim),
                       json_object_get(said, scope_claims[i].claim));
    }
    for (size_t i = 0; slice_has_word(scope, SL("openid")) && i < mapped->count; i++) {
        if (!is_reserved(mapped->at[i].name) && !is_standard(mapped->at[i].name))
            add_member(&out, mapped->at[i].name, json_at(said, mapped->at[i].value));
    }
    json_decref(idp);
    json_decref(idp_sub);
    json_decref(said);
    struct slice members = arena_copy(arena, buf_slice(&out));

    buf_release_secret(&out);
    return members;
}

/* One that no scope is known for goes with openid, as it was issued. */
static bool is_given(struct slice scope, struct slice claim)
{
    for (size_t i = 0; i < sizeof(scope_claims) / sizeof(scope_claims[0]); i++) {
        if (slice_is(claim, scope_claims[i].claim))
            return slice_has_word(scope, slice_of(scope_claims[i].scope));
    }
    return slice_has_word(scope, SL("openid"));
}

struct slice claims_within(struct arena *arena, const struct grant *grant, struct slice scope)
{
    struct buf out = BUF_INIT(64 * 1024);
    const char *why;
    const char *name;
    const json_t *value;

    if (grant->claims.len == 0 || slice_equal(scope, grant->scope))
        return grant->claims;
    json_t *all = json_read_object(arena, arena_printf(arena, "{%.*s}", SLICE_ARG(grant->claims)),
                                   64 * 1024, &why);

    json_object_foreach(all, name, value)
    {
        if (is_given(scope, slice_of(name)))
            add_member(&out, slice_of(name), value);
    }
    json_decref(all);
    struct slice members = arena_copy(arena, buf_slice(&out));

    buf_release_secret(&out);
    return members;
}
