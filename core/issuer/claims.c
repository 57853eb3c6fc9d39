#include "issuer/claims.h"

#include "base/codec.h"
#include "base/json.h"
#include "base/log.h"
#include "hub/session.h"
#include "protocol/scope.h"

enum {
    CLAIMS_MAX = 64 * 1024
};

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

/* Is it among the claims of one of these scopes; of `openid` when it is no standard one? */
static bool is_given(struct slice name, struct slice scope)
{
    bool standard = false;

    for (size_t i = 0; i < sizeof(scope_claims) / sizeof(scope_claims[0]); i++) {
        if (!slice_is(name, scope_claims[i].claim))
            continue;
        if (slice_has_word(scope, slice_of(scope_claims[i].scope)))
            return true;
        standard = true;
    }
    return !standard && slice_has_word(scope, SL("openid"));
}

/* The members in the arena. A part of a claim would be another claim: all or nothing. */
static struct slice take_members(struct arena *arena, struct buf *out)
{
    struct slice members = buf_ok(out) ? arena_copy(arena, buf_slice(out)) : SL("");

    if (!buf_ok(out))
        log_error("claims longer than %d bytes are left out of a grant", CLAIMS_MAX);
    buf_release_secret(out);
    return members;
}

struct slice claims_within(struct arena *arena, const struct grant *grant, struct slice scope)
{
    struct buf out = BUF_INIT(CLAIMS_MAX);
    const char *name;
    const char *why;
    json_t *value;

    if (scope_within(grant->scope, scope) || grant->claims.len == 0)
        return grant->claims;
    struct slice text = arena_printf(arena, "{%.*s}", SLICE_ARG(grant->claims));
    json_t *all = json_read_object(arena, text, CLAIMS_MAX + 2, &why);

    json_object_foreach(all, name, value)
    {
        if (is_given(slice_of(name), scope))
            add_member(&out, slice_of(name), value);
    }
    json_decref(all);
    return take_members(arena, &out);
}

struct slice claims_issue(struct request *request, const struct session *session,
                          struct slice scope)
{
    struct arena *arena = request_arena(request);
    const struct pairs *mapped = &request->hub->settings->claims;
    struct buf out = BUF_INIT(CLAIMS_MAX);
    const char *why;
    json_t *said = json_read_object(arena, session->claims, CLAIMS_MAX, &why);
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
        if (settings_claim_is_free(mapped->at[i].name))
            add_member(&out, mapped->at[i].name, json_at(said, mapped->at[i].value));
    }
    json_decref(idp);
    json_decref(idp_sub);
    json_decref(said);
    return take_members(arena, &out);
}
