#include "upstream/profile.h"

#include "base/codec.h"
#include "base/url.h"
#include "plugin/template.h"
#include "protocol/errors.h"
#include "upstream/hooks.h"

enum {
    SUBJECT_MAX = 255,
    PROFILE_MAX = 32 * 1024
};

/* What an app may expect of a claim (OpenID Connect Core, 5.1). */
enum shape {
    SHAPE_TEXT,
    SHAPE_URL,
    SHAPE_TRUTH,
    SHAPE_NUMBER,
    SHAPE_OBJECT,
    SHAPE_TEXTS,
    SHAPE_ANY /* a claim of the provider's own: texts for what is one value, lists and objects as
                 they are */
};

/* The standard claims; a provider that speaks OIDC has them under these names unless its map says
 * otherwise. */
static const struct {
    const char *name;
    enum shape shape;
} standard_claims[] = {
    { "sub", SHAPE_TEXT },
    { "name", SHAPE_TEXT },
    { "given_name", SHAPE_TEXT },
    { "family_name", SHAPE_TEXT },
    { "middle_name", SHAPE_TEXT },
    { "nickname", SHAPE_TEXT },
    { "preferred_username", SHAPE_TEXT },
    { "profile", SHAPE_URL },
    { "picture", SHAPE_URL },
    { "website", SHAPE_URL },
    { "email", SHAPE_TEXT },
    { "email_verified", SHAPE_TRUTH },
    { "gender", SHAPE_TEXT },
    { "birthdate", SHAPE_TEXT },
    { "zoneinfo", SHAPE_TEXT },
    { "locale", SHAPE_TEXT },
    { "phone_number", SHAPE_TEXT },
    { "phone_number_verified", SHAPE_TRUTH },
    { "address", SHAPE_OBJECT },
    { "updated_at", SHAPE_NUMBER },
    { "groups", SHAPE_TEXTS },
};

static enum shape shape_of(struct slice name)
{
    for (size_t i = 0; i < sizeof(standard_claims) / sizeof(standard_claims[0]); i++) {
        if (slice_is(name, standard_claims[i].name))
            return standard_claims[i].shape;
    }
    return SHAPE_ANY;
}

static json_t *any_text(struct arena *arena, const json_t *value)
{
    struct slice text = json_text(arena, value);

    return text.len > 0 ? json_from_slice(text) : NULL;
}

/* Nobody is called "true": two people whose provider has lost their names must not become one. */
static json_t *as_text(struct arena *arena, const json_t *value)
{
    return json_is_boolean(value) ? NULL : any_text(arena, value);
}

/* Half an address ("/img/none.png") leads an app nowhere. */
static json_t *as_url(struct arena *arena, const json_t *value)
{
    struct url url;

    return url_read_http(json_text(arena, value), &url) == NULL ? as_text(arena, value) : NULL;
}

/* One value is a list of one. */
static json_t *as_texts(struct arena *arena, const json_t *value)
{
    json_t *texts = json_array();
    const json_t *each;
    size_t i;

    json_array_foreach(value, i, each)
    {
        json_array_append_new(texts, as_text(arena, each));
    }
    if (!json_is_array(value))
        json_array_append_new(texts, as_text(arena, value));
    return texts;
}

/* A new reference, or NULL when the value is not fit for that claim. Only JSON true counts as true:
 * "true", 1 and "false" are what attackers and sloppy providers send. */
static json_t *shape_claim(struct arena *arena, struct slice name, json_t *value)
{
    switch (shape_of(name)) {
    case SHAPE_URL:
        return as_url(arena, value);
    case SHAPE_TRUTH:
        return json_boolean(json_is_true(value));
    case SHAPE_NUMBER:
        return json_is_number(value) ? json_incref(value) : NULL;
    case SHAPE_OBJECT:
        return json_is_object(value) ? json_incref(value) : NULL;
    case SHAPE_TEXTS:
        return as_texts(arena, value);
    case SHAPE_ANY:
        return json_is_object(value) || json_is_array(value) ? json_incref(value)
                                                             : any_text(arena, value);
    default:
        break;
    }
    return as_text(arena, value);
}

static void set_claim(struct login *login, struct arena *arena, struct slice name, json_t *value)
{
    json_t *shaped = value != NULL ? shape_claim(arena, name, value) : NULL;

    if (shaped != NULL)
        json_object_set_new(login->profile, arena_string(arena, name), shaped);
    json_decref(value);
}

static void take_standard_claims(struct login *login, struct arena *arena)
{
    const json_t *sources[] = { login->id_claims, login->userinfo };

    for (size_t source = 0; source < 2; source++) {
        for (size_t i = 0; i < sizeof(standard_claims) / sizeof(standard_claims[0]); i++) {
            const char *name = standard_claims[i].name;

            set_claim(login, arena, slice_of(name),
                      json_incref(json_object_get(sources[source], name)));
        }
    }
}

static enum step_result follow_claim_map(struct flow *flow)
{
    struct login *login = login_of(flow);
    const struct pairs *claims = &login->provider->description.claims;
    struct template_values values = login_values(login);

    login->profile = json_object();
    if (login->provider->description.protocol == PROTOCOL_OIDC)
        take_standard_claims(login, &flow->arena);
    for (size_t i = 0; i < claims->count; i++) {
        /* A standard claim that the provider means otherwise. */
        if (slice_is(claims->at[i].value, "-"))
            json_object_del(login->profile, arena_string(&flow->arena, claims->at[i].name));
        else
            set_claim(login, &flow->arena, claims->at[i].name,
                      claim_path_follow(&flow->arena, claims->at[i].value, &values));
    }
    return STEP_NEXT;
}

static bool means_no(const json_t *value)
{
    return value == NULL || json_is_null(value) || json_is_false(value) ||
           (json_is_integer(value) && json_integer_value(value) == 0) ||
           (json_is_string(value) && json_string_length(value) == 0);
}

/* Accounts that are none of a person's own. */
static enum step_result refuse_some(struct flow *flow)
{
    struct login *login = login_of(flow);
    const struct pairs *reasons = &login->provider->description.refuse;
    struct template_values values = login_values(login);

    for (size_t i = 0; i < reasons->count; i++) {
        json_t *found = claim_path_follow(&flow->arena, reasons->at[i].value, &values);
        bool refused = !means_no(found);

        json_decref(found);
        if (refused)
            return flow_fail(flow, &ERROR_NOT_ALLOWED, "%.*s", SLICE_ARG(reasons->at[i].name));
    }
    return STEP_NEXT;
}

static enum step_result ask_map_profile(struct flow *flow)
{
    struct login *login = login_of(flow);

    return call_hook(flow, HOOK_map_profile,
                     json_pack("{s:O, s:O}", "answers", login->answers, "profile", login->profile));
}

/* A hook writes texts; where a claim is a boolean, the words mean it. */
static void take_hook_profile(struct login *login, json_t *profile)
{
    const char *name;
    json_t *value;
    void *next;

    json_object_foreach_safe(profile, next, name, value)
    {
        if (shape_of(slice_of(name)) == SHAPE_TRUTH && json_is_string(value))
            json_object_set_new(profile, name, json_boolean(slice_is(json_slice(value), "true")));
    }
    json_incref(profile);
    json_decref(login->profile);
    login->profile = profile;
}

static enum step_result read_map_profile(struct flow *flow)
{
    struct login *login = login_of(flow);
    json_t *profile = json_object_get(login->hook.output, "profile");

    switch (hook_result(flow, HOOK_map_profile)) {
    case HOOK_FAILED:
        return STEP_FAIL;
    case HOOK_DONE:
        if (!json_is_object(profile))
            return fail_misbehaving(flow, HOOK_map_profile, "made no profile");
        take_hook_profile(login, profile);
        break;
    default:
        break;
    }
    return STEP_NEXT;
}

static bool email_is_sound(struct slice email)
{
    size_t at = slice_find(email, '@');

    return at > 0 && at + 1 < email.len && !slice_has(slice_from(email, at + 1), '@') &&
           utf8_is_text(email) && !slice_has(email, ' ') && email.len <= 254;
}

/* Whose word counts: the provider's as the plugin knows it, or the operator's. */
static void judge_email(struct login *login)
{
    const struct provider *provider = login->provider;
    struct slice email = json_member(login->profile, "email");
    bool claimed = json_is_true(json_object_get(login->profile, "email_verified"));
    unsigned trust = provider->settings->trust_email;
    bool verified = trust == TRUST_EMAIL_ALWAYS ||
                    (trust == TRUST_EMAIL_AUTO &&
                     (provider->description.email_trust == EMAIL_ALWAYS ||
                      (provider->description.email_trust == EMAIL_CLAIM && claimed)));

    if (!email_is_sound(email)) {
        json_object_del(login->profile, "email");
        json_object_del(login->profile, "email_verified");
        return;
    }
    json_object_set_new(login->profile, "email_verified", json_boolean(verified));
}

/* A subject is unique at its issuer (OpenID Connect Core, 2), and a provider of many tenants has
 * many. */
static struct slice identity_of(struct login *login, struct arena *arena)
{
    struct slice iss = json_member(login->id_claims, "iss");

    if (login->id_claims == NULL || description_issuer_is(&login->provider->description, iss))
        return login->subject;
    return arena_printf(arena, "%.*s %.*s", SLICE_ARG(iss), SLICE_ARG(login->subject));
}

static enum step_result check_profile(struct flow *flow)
{
    struct login *login = login_of(flow);
    struct buf text = BUF_INIT(PROFILE_MAX);
    struct slice sub = json_member(login->profile, "sub");

    if (sub.len == 0 || sub.len > SUBJECT_MAX || !utf8_is_text(sub))
        return flow_fail(flow, &ERROR_UPSTREAM,
                         "nothing in the provider's answers says who the person is");
    /* A claim map may not make somebody else of the person in the ID token. */
    if (login->id_claims != NULL && login->provider->description.claims.count == 0 &&
        !slice_equal(sub, json_member(login->id_claims, "sub")))
        return flow_fail(flow, &ERROR_UPSTREAM, "the profile is not that of the ID token");
    login->subject = arena_copy(&flow->arena, sub);
    login->identity = identity_of(login, &flow->arena);
    judge_email(login);
    buf_add_json_value(&text, login->profile);
    bool fits = buf_ok(&text);

    buf_release(&text);
    return fits ? STEP_NEXT
                : flow_fail(flow, &ERROR_UPSTREAM, "the profile is longer than %d bytes",
                            PROFILE_MAX);
}

const struct step map_profile[] = {
    STEP(refuse_some),
    STEP(follow_claim_map),
    STEP(ask_map_profile), /* waits, where there is such a hook */
    STEP(read_map_profile),
    STEP(check_profile),
    STEP_END,
};

/* ---- who may come in ---- */

static bool names_value(const json_t *value, struct slice wanted)
{
    const json_t *each;
    size_t i;

    if (json_is_string(value))
        return slice_equal(json_slice(value), wanted);
    json_array_foreach(value, i, each)
    {
        if (json_is_string(each) && slice_equal(json_slice(each), wanted))
            return true;
    }
    return json_is_true(value) && slice_is(wanted, "true");
}

static bool any_group(const struct texts *groups, const json_t *profile)
{
    for (size_t i = 0; i < groups->count; i++) {
        if (names_value(json_object_get(profile, "groups"), groups->at[i]))
            return true;
    }
    return false;
}

static bool any_email(const struct allow_settings *allow, const json_t *profile)
{
    struct slice email = json_member(profile, "email");
    struct slice domain = slice_from(email, slice_find(email, '@') + 1);

    if (!json_is_true(json_object_get(profile, "email_verified")))
        return false; /* an address that anybody could have written opens no door */
    for (size_t i = 0; i < allow->emails.count; i++) {
        if (slice_equal_nocase(allow->emails.at[i], email))
            return true;
    }
    for (size_t i = 0; i < allow->email_domains.count; i++) {
        if (slice_equal_nocase(allow->email_domains.at[i], domain))
            return true;
    }
    return false;
}

const char *profile_allowed(struct arena *arena, const struct allow_settings *allow,
                            const json_t *profile)
{
    if (allow->emails.count + allow->email_domains.count > 0 && !any_email(allow, profile))
        return "the person's verified e-mail address is none of those allowed";
    if (allow->groups.count > 0 && !any_group(&allow->groups, profile))
        return "the person is in none of the groups allowed";
    for (size_t i = 0; i < allow->claims.count; i++) {
        const json_t *value =
            json_object_get(profile, arena_string(arena, allow->claims.at[i].name));

        if (!names_value(value, allow->claims.at[i].value))
            return arena_printf(arena, "claim %.*s is not as it must be",
                                SLICE_ARG(allow->claims.at[i].name))
                .at;
    }
    return NULL;
}
