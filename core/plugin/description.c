#include "plugin/description.h"

#include "base/codec.h"
#include "base/url.h"
#include "crypto/jwk.h"
#include "plugin/template.h"

const char *const hook_names[HOOK_COUNT + 1] = {
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
    { .name = "as",
      .kind = FIELD_WORD,
      .offset = offsetof(struct description_lookup, as),
      .otherwise = "person",
      .words = WORD_LIST(("person", "app")),
      .about = "Who calls." },
    LOOKUP_ROW(expires, FIELD_TEXT, "Where the lifetime of an application's answer is."),
    LOOKUP_ROW(optional, FIELD_BOOL, "Whether a refusal is no answer instead of the end."),
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
/* A claim without a path is one that is taken away. */
#define PAIRS_ROW(field_name, about_text)                                                          \
    { .name = #field_name,                                                                         \
      .kind = FIELD_PAIRS,                                                                         \
      .flags = offsetof(struct description, field_name) == offsetof(struct description, claims)    \
                   ? FIELD_EMPTIES                                                                 \
                   : 0,                                                                            \
      .offset = offsetof(struct description, field_name),                                          \
      .about = about_text },
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

void description_each_text(struct description *d,
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
    description_each_text(description, fill_text, &filling);
    description->values = values;
}

/* An endpoint without its path: there values of a login may stand, but in its host they open none.
 */
static struct slice host_part(struct slice endpoint)
{
    size_t slashes = slice_find_text(endpoint, SL("://"));

    return slashes == endpoint.len
               ? endpoint
               : slice_sub(endpoint, 0,
                           slashes + 3 + slice_find(slice_from(endpoint, slashes + 3), '/'));
}

static bool same_host(struct slice endpoint, const struct url *b)
{
    struct url url;

    return url_read_http(host_part(endpoint), &url) == NULL &&
           slice_equal_nocase(url.host, b->host) && url_port(&url) == url_port(b);
}

/* "api.example.com", or "*.example.com" for what is below. */
static bool host_matches(struct slice pattern, struct slice host)
{
    if (!slice_starts(pattern, SL("*.")))
        return slice_equal_nocase(pattern, host);
    struct slice suffix = slice_from(pattern, 1); /* with its dot */

    return host.len > suffix.len &&
           slice_equal_nocase(slice_from(host, host.len - suffix.len), suffix);
}

bool description_allows_url(const struct description *description, struct slice text)
{
    struct url url;

    if (url_read_http(text, &url) != NULL || !url_is_safe(&url))
        return false;
    for (size_t i = 0; i < description->api_hosts.count; i++) {
        if (host_matches(description->api_hosts.at[i], url.host) && url_port(&url) == 443)
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
