#include "plugin/description.h"

#include "base/codec.h"
#include "base/url.h"
#include "crypto/jwk.h"
#include "plugin/template.h"

const char *const hook_names[HOOK_COUNT] = {
#define HOOK_NAME(hook_name) [HOOK_##hook_name] = #hook_name,
    DESCRIPTION_HOOKS(HOOK_NAME)
#undef HOOK_NAME
};

#define STRIP(...) __VA_ARGS__
#define WORD_LIST(list)                                                                            \
    (const char *const[])                                                                          \
    {                                                                                              \
        STRIP list, NULL                                                                           \
    }

static const struct field parameter_table[] = {
#define PARAMETER_ROW(field_name, about_text)                                                      \
    { .name = #field_name,                                                                         \
      .kind = FIELD_TEXT,                                                                          \
      .offset = offsetof(struct description_parameter, field_name),                                \
      .about = about_text },
    DESCRIPTION_PARAMETER(PARAMETER_ROW)
#undef PARAMETER_ROW
        FIELD_END
};

#define LOOKUP_ROW(field_name, field_kind, about_text)                                             \
    {                                                                                              \
        .name = #field_name, .kind = field_kind,                                                   \
        .offset = offsetof(struct description_lookup, field_name), .about = about_text             \
    }

static const struct field lookup_table[] = {
    LOOKUP_ROW(first, FIELD_BOOL, "Before the userinfo call."),
    LOOKUP_ROW(url, FIELD_URL_TEMPLATE, "Where."),
    { .name = "method",
      .kind = FIELD_WORD,
      .offset = offsetof(struct description_lookup, method),
      .otherwise = "GET",
      .words = WORD_LIST(("GET", "POST")),
      .about = "Method of the call." },
    LOOKUP_ROW(params, FIELD_PAIRS, "Query parameters."),
    LOOKUP_ROW(headers, FIELD_PAIRS, "Headers."),
    LOOKUP_ROW(body, FIELD_LONG_TEXT, "Body."),
    LOOKUP_ROW(body_type, FIELD_TEXT, "Content type of the body."),
    LOOKUP_ROW(root, FIELD_TEXT, "Where in the reply the value is."),
    LOOKUP_ROW(error, FIELD_TEXT, "What makes the reply an error."),
    LOOKUP_ROW(error_ok, FIELD_TEXT, "The value there that is no error."),
    { .name = "reply",
      .kind = FIELD_WORD,
      .offset = offsetof(struct description_lookup, reply),
      .otherwise = "auto",
      .words = WORD_LIST(("auto", "json", "form", "jsonp", "jwt")),
      .about = "What the reply is." },
    LOOKUP_ROW(unless, FIELD_TEXT, "A claim path; no call when something is there."),
    FIELD_END
};

#define ROW(field_name, field_kind, about_text)                                                    \
    { .name = #field_name,                                                                         \
      .kind = field_kind,                                                                          \
      .offset = offsetof(struct description, field_name),                                          \
      .about = about_text },
#define TEXT_ROW(field_name, about_text)  ROW(field_name, FIELD_TEXT, about_text)
#define LONG_ROW(field_name, about_text)  ROW(field_name, FIELD_LONG_TEXT, about_text)
#define URL_ROW(field_name, about_text)   ROW(field_name, FIELD_URL_TEMPLATE, about_text)
#define PATH_ROW(field_name, about_text)  ROW(field_name, FIELD_JSON_PATH, about_text)
#define WORDS_ROW(field_name, about_text) ROW(field_name, FIELD_WORDS, about_text)
#define PAIRS_ROW(field_name, about_text) ROW(field_name, FIELD_PAIRS, about_text)
#define WORD_ROW(field_name, list, about_text)                                                     \
    { .name = #field_name,                                                                         \
      .kind = FIELD_WORD,                                                                          \
      .offset = offsetof(struct description, field_name),                                          \
      .about = about_text,                                                                         \
      .words = WORD_LIST(list) },

/* A word that is not given is the first one, which is index 0: no `otherwise` is needed. */
const struct field description_table[] = {
    DESCRIPTION_FIELDS(TEXT_ROW, LONG_ROW, URL_ROW, PATH_ROW, WORD_ROW, WORDS_ROW,
                       PAIRS_ROW){ .name = "parameters",
                                   .kind = FIELD_MANY,
                                   .offset = offsetof(struct description, parameters),
                                   .table = parameter_table,
                                   .size = sizeof(struct description_parameter),
                                   .about = "What an operator sets to make an instance." },
    { .name = "lookups",
      .kind = FIELD_MANY,
      .offset = offsetof(struct description, lookups),
      .table = lookup_table,
      .size = sizeof(struct description_lookup),
      .about = "Further calls for the profile." },
    /* In cardea.yaml the same map holds what is the hub's: offered when a key is misspelt. */
    { .name = "", .kind = FIELD_BESIDE, .table = provider_table },
    FIELD_END
};

void description_read(const struct node *map, const char *where, struct description *target,
                      struct problems *problems)
{
    fields_read(description_table, map, where, target, problems);
}

/* Every text of the description, one after the other, through `change`. */
static void each_text(struct description *d,
                      struct slice (*change)(void *context, struct slice text), void *context)
{
    for (const struct field *field = description_table; field->name != NULL; field++) {
        void *place = (char *)d + field->offset;
        struct texts *texts = place;
        struct pairs *pairs = place;

        switch (field->kind) {
        case FIELD_TEXT:
        case FIELD_LONG_TEXT:
        case FIELD_URL_TEMPLATE:
            *(struct slice *)place = change(context, *(struct slice *)place);
            break;
        case FIELD_WORDS:
            for (size_t i = 0; i < texts->count; i++)
                texts->at[i] = change(context, texts->at[i]);
            break;
        case FIELD_PAIRS:
            for (size_t i = 0; i < pairs->count; i++)
                pairs->at[i].value = change(context, pairs->at[i].value);
            break;
        default:
            break;
        }
    }
    struct description_lookup *lookups = d->lookups.at;

    for (size_t i = 0; i < d->lookups.count; i++) {
        lookups[i].url = change(context, lookups[i].url);
        lookups[i].body = change(context, lookups[i].body);
        for (size_t k = 0; k < lookups[i].params.count; k++)
            lookups[i].params.at[k].value = change(context, lookups[i].params.at[k].value);
        for (size_t k = 0; k < lookups[i].headers.count; k++)
            lookups[i].headers.at[k].value = change(context, lookups[i].headers.at[k].value);
    }
}

struct filling {
    struct arena *arena;
    const struct pairs *values;
};

static struct slice parameter_value(void *context, struct slice name)
{
    const struct filling *filling = context;

    for (size_t i = 0; i < filling->values->count; i++) {
        if (slice_equal(filling->values->at[i].name, name))
            return filling->values->at[i].value;
    }
    return slice_none();
}

static struct slice fill_text(void *context, struct slice text)
{
    struct filling *filling = context;

    return template_fill_known(filling->arena, text, parameter_value, filling);
}

/* A segment of dots alone leads elsewhere in a path. */
static bool is_segment(struct slice text, const char *besides)
{
    return text.len > 0 && slice_is_plain(text, besides) && !slice_is(text, ".") &&
           !slice_is(text, "..");
}

/* What an operator writes ends in a URL that gets a secret: a tenant must not become another host.
 */
static const char *check_parameter(const struct description_parameter *parameter,
                                   struct slice value)
{
    struct arena arena = { 0 };
    struct url url;
    const char *wrong = NULL;
    struct slice kind = parameter->kind;

    if (slice_is_set(parameter->values) && !slice_has_word(parameter->values, value))
        wrong = "is not one of the values it can have";
    else if (slice_is(kind, "text"))
        wrong = utf8_is_text(value) ? NULL : "has control characters";
    else if (slice_is(kind, "word"))
        wrong = is_segment(value, "-_.") ? NULL
                                         : "is no word of letters, digits, \"-\", \"_\" and \".\"";
    else if (slice_is(kind, "segment"))
        wrong = is_segment(value, "-_.~@:") ? NULL : "is no single segment of a path";
    else if (slice_is(kind, "url"))
        wrong = url_read_http(value, &url) != NULL || !url_is_safe(&url) ? "is no https URL" : NULL;
    else if (url_read_http(arena_join(&arena, SL("https://"), value), &url) != NULL ||
             url.path.len > 0 || slice_is_set(url.query) || slice_is_set(url.fragment))
        wrong = "is no host name";
    arena_release(&arena);
    return wrong;
}

static struct slice pairs_get(const struct pairs *pairs, struct slice name)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (slice_equal(pairs->at[i].name, name))
            return pairs->at[i].value;
    }
    return slice_none();
}

struct slice description_value(const struct description *description, struct slice parameter)
{
    return pairs_get(&description->values, parameter);
}

bool description_issuer_is(const struct description *description, struct slice issuer)
{
    bool is = slice_equal(issuer, description->issuer);

    for (size_t i = 0; i < description->issuers.count; i++)
        is = is || slice_equal(issuer, description->issuers.at[i]);
    return is;
}

bool description_has_tenants(const struct description *description)
{
    for (size_t i = 0; i < description->issuers.count; i++) {
        if (slice_has(description->issuers.at[i], '{'))
            return true;
    }
    return false;
}

bool description_signs_with_secret(const struct description *description)
{
    for (size_t i = 0; i < description->id_token_algs.count; i++) {
        if (jws_alg_read(description->id_token_algs.at[i]) == ALG_HS256)
            return true;
    }
    return false;
}

static void check_names(const struct description *d, const struct pairs *given, struct mark mark,
                        struct problems *problems)
{
    const struct description_parameter *parameters = d->parameters.at;
    const char *names[32];
    size_t count = 0;

    for (size_t i = 0; i < d->parameters.count && count < 32; i++)
        names[count++] = arena_string(problems->arena, parameters[i].named.id);
    for (size_t i = 0; i < given->count; i++) {
        struct slice name = given->at[i].name;
        bool known = false;

        for (size_t k = 0; k < d->parameters.count; k++)
            known = known || slice_equal(parameters[k].named.id, name);
        if (known || d->parameters.count == 0)
            continue; /* a provider in YAML alone declares nothing and fills what it likes */
        const char *nearest = nearest_name(name, names, count);

        problem_add(problems, mark, "this plugin has no parameter `%.*s`%s%s%s", SLICE_ARG(name),
                    nearest != NULL ? "; did you mean `" : "", nearest != NULL ? nearest : "",
                    nearest != NULL ? "`?" : "");
    }
}

void description_fill(struct description *description, const struct pairs *given, struct mark mark,
                      struct problems *problems)
{
    const struct description_parameter *parameters = description->parameters.at;
    size_t room = description->parameters.count + given->count;
    struct pairs values = { arena_alloc(problems->arena, room * sizeof(struct pair)), 0 };
    struct filling filling = { problems->arena, &values };

    check_names(description, given, mark, problems);
    for (size_t i = 0; i < description->parameters.count; i++) {
        struct slice value = pairs_get(given, parameters[i].named.id);

        if (!slice_is_set(value))
            value = parameters[i].otherwise;
        if (!slice_is_set(value)) {
            problem_add(problems, mark, "parameter `%.*s` is missing: %.*s",
                        SLICE_ARG(parameters[i].named.id), SLICE_ARG(parameters[i].about));
            continue;
        }
        const char *wrong = check_parameter(&parameters[i], value);

        if (wrong != NULL)
            problem_add(problems, mark, "parameter `%.*s` %s", SLICE_ARG(parameters[i].named.id),
                        wrong);
        else
            values.at[values.count++] = (struct pair){ parameters[i].named.id, value };
    }
    for (size_t i = 0; description->parameters.count == 0 && i < given->count; i++)
        values.at[values.count++] = given->at[i];
    each_text(description, fill_text, &filling);
    description->values = values;
}

struct checking {
    const struct description *description;
    struct mark mark;
    struct problems *problems;
};

static bool source_exists(const struct description *d, struct slice source)
{
    static const char *const always[] = { "token", "id_token", "callback", "userinfo",
                                          "1",     "2",        "3",        "4" };
    const struct description_lookup *lookups = d->lookups.at;

    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
        if (slice_is(source, always[i]))
            return true;
    }
    for (size_t i = 0; i < d->lookups.count; i++) {
        if (slice_equal(lookups[i].named.id, source))
            return true;
    }
    return false;
}

static bool name_exists(const void *context, struct slice source, struct slice name)
{
    static const char *const known[] = { "client_id", "access_token",  "callback_url", "user_agent",
                                         "state",     "refresh_token", "issuer" };
    const struct checking *checking = context;

    if (slice_is_set(source))
        return source_exists(checking->description, source);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (slice_is(name, known[i]))
            return true;
    }
    return false;
}

static struct slice check_text(void *context, struct slice text)
{
    struct checking *checking = context;
    struct template_fault fault = template_check(text, name_exists, checking);

    if (fault.text != NULL)
        problem_add(checking->problems, checking->mark, "`%.*s` %s", SLICE_ARG(text),
                    template_fault_text(checking->problems->arena, &fault, text).at);
    return text;
}

static void check_claims(const struct description *d, struct mark mark, struct problems *problems)
{
    struct checking checking = { d, mark, problems };

    for (size_t i = 0; i < d->claims.count; i++) {
        struct slice path = d->claims.at[i].value;
        struct template_fault fault = claim_path_check(path, name_exists, &checking);

        if (fault.text != NULL && path.len > 0) /* an empty one takes a claim away */
            problem_add(problems, mark, "claim `%.*s`: %s", SLICE_ARG(d->claims.at[i].name),
                        template_fault_text(problems->arena, &fault, path).at);
    }
}

static void need(struct slice value, const char *name, const char *why, struct mark mark,
                 struct problems *problems)
{
    if (!slice_is_set(value))
        problem_add(problems, mark, "`%s` is missing: %s", name, why);
}

/* Not where the client secret signs everything. */
static bool needs_key_set(const struct description *d)
{
    return !description_signs_with_secret(d) || d->id_token_algs.count > 1;
}

static void check_endpoints(const struct description *d, struct mark mark,
                            struct problems *problems)
{
    bool discovers = slice_is_set(d->issuer) && !slice_is_set(d->authorize_url);

    switch (d->protocol) {
    case PROTOCOL_OIDC:
        need(d->issuer, "issuer", "the provider's issuer identifier", mark, problems);
        if (!discovers) {
            need(d->token_url, "token_url", "without discovery it must be given", mark, problems);
            if (needs_key_set(d))
                need(d->jwks_url, "jwks_url", "without discovery it must be given", mark, problems);
        }
        break;
    case PROTOCOL_OAUTH1:
        need(d->request_token_url, "request_token_url", "OAuth 1.0a begins there", mark, problems);
        __attribute__((fallthrough));
    default:
        need(d->authorize_url, "authorize_url", "where the browser is sent", mark, problems);
        need(d->token_url, "token_url", "where the code is redeemed", mark, problems);
        if (!slice_is_set(pairs_get(&d->claims, SL("sub"))) &&
            !description_has_hook(d, HOOK_map_profile))
            problem_add(problems, mark,
                        "`claims` has no `sub`: nothing says who the person is at this provider");
    }
}

/* What would let everybody in, or nobody, and is seen only when somebody tries. */
static void check_id_token(const struct description *d, struct mark mark, struct problems *problems)
{
    if (d->protocol == PROTOCOL_OIDC && description_has_tenants(d) &&
        !slice_is_set(description_value(d, SL("issuer_values"))))
        problem_add(problems, mark,
                    "`issuers` takes a part of the issuer from the token: the parameter "
                    "`issuer_values` must say which are allowed (* for all of them)");
    for (size_t i = 0; i < d->id_token_algs.count; i++) {
        enum jws_alg alg = jws_alg_read(d->id_token_algs.at[i]);

        if (alg == ALG_NONE || alg == ALG_HS384 || alg == ALG_HS512)
            problem_add(problems, mark, "`id_token_algs` has `%.*s`, which no ID token may have",
                        SLICE_ARG(d->id_token_algs.at[i]));
    }
    if (d->userinfo_reply == REPLY_JWT && d->protocol != PROTOCOL_OIDC && needs_key_set(d))
        need(d->jwks_url, "jwks_url", "a signed userinfo reply is verified by the keys there", mark,
             problems);
}

static struct slice check_url(void *context, struct slice text)
{
    struct checking *checking = context;
    struct url url;

    /* After filling, a URL without placeholders must be a safe one; the others are judged when
     * made. */
    if (slice_is_set(text) && !slice_has(text, '{') &&
        (url_read_http(text, &url) != NULL || !url_is_safe(&url)))
        problem_add(checking->problems, checking->mark,
                    "`%.*s` is no https URL (http is for loopback hosts only)", SLICE_ARG(text));
    return text;
}

static void check_urls(const struct description *d, struct checking *checking)
{
    for (const struct field *field = description_table; field->name != NULL; field++) {
        if (field->kind == FIELD_URL_TEMPLATE)
            check_url(checking,
                      *(const struct slice *)(const void *)((const char *)d + field->offset));
    }
    const struct description_lookup *lookups = d->lookups.at;

    for (size_t i = 0; i < d->lookups.count; i++)
        check_url(checking, lookups[i].url);
}

static bool is_color(struct slice text)
{
    bool good = text.len == 7 && text.at[0] == '#';

    for (size_t i = 1; good && i < text.len; i++)
        good = strchr("0123456789abcdefABCDEF", text.at[i]) != NULL && text.at[i] != '\0';
    return good;
}

static void check_mark(const struct description *d, struct mark mark, struct problems *problems)
{
    static const char *const dangers[] = { "<script", "href", "<!",     "url(",  "<foreignObject",
                                           " on",     "<use", "<image", "<style" };

    if (slice_is_set(d->color) && !is_color(d->color))
        problem_add(problems, mark, "`color` is written #rrggbb");
    if (!slice_is_set(d->mark))
        return;
    if (d->mark.len > 4096 || !slice_starts(d->mark, SL("<svg ")))
        problem_add(problems, mark, "`mark` is an SVG document of at most 4 KiB");
    for (size_t i = 0; i < sizeof(dangers) / sizeof(dangers[0]); i++) {
        if (slice_find_text(d->mark, slice_of(dangers[i])) < d->mark.len)
            problem_add(problems, mark, "`mark` must not have `%s` in it", dangers[i]);
    }
}

void description_check(const struct description *description, struct mark mark,
                       struct problems *problems)
{
    struct checking checking = { description, mark, problems };
    struct description copy = *description;

    check_endpoints(description, mark, problems);
    check_urls(description, &checking);
    check_claims(description, mark, problems);
    check_id_token(description, mark, problems);
    check_mark(description, mark, problems);
    copy.claims = (struct pairs){ NULL, 0 };
    copy.token_fields = (struct pairs){ NULL, 0 };
    copy.issuers = (struct texts){ NULL, 0 };
    copy.mark = slice_none();
    each_text(&copy, check_text, &checking);
}

static bool same_host(struct slice a, const struct url *b)
{
    struct url url;

    return url_read_http(a, &url) == NULL && slice_equal_nocase(url.host, b->host) &&
           url_port(&url) == url_port(b);
}

bool description_allows_url(const struct description *description, struct slice text)
{
    struct url url;

    if (url_read_http(text, &url) != NULL || !url_is_safe(&url))
        return false;
    for (size_t i = 0; i < description->api_hosts.count; i++) {
        if (slice_equal_nocase(description->api_hosts.at[i], url.host) && url_port(&url) == 443)
            return true;
    }
    for (const struct field *field = description_table; field->name != NULL; field++) {
        const char *place = (const char *)description + field->offset;

        if (field->kind == FIELD_URL_TEMPLATE &&
            same_host(*(const struct slice *)(const void *)place, &url))
            return true;
    }
    const struct description_lookup *lookups = description->lookups.at;

    for (size_t i = 0; i < description->lookups.count; i++) {
        if (same_host(lookups[i].url, &url))
            return true;
    }
    return false;
}
