#include "base/url.h"
#include "crypto/jwk.h"
#include "plugin/description.h"
#include "plugin/template.h"

struct checking {
    const struct description *description;
    struct mark mark;
    struct problems *problems;
    bool secret_allowed; /* {client_secret} may stand there */
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
    static const char *const known[] = {
#define KNOWN(known_name) #known_name,
        DESCRIPTION_NAMES(KNOWN)
#undef KNOWN
    };
    const struct checking *checking = context;

    if (slice_is_set(source))
        return source_exists(checking->description, source);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (slice_is(name, known[i]))
            return true;
    }
    return checking->secret_allowed && slice_is(name, "client_secret");
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

/* `what` and `name` say whose path it is. */
static void check_path(struct checking *checking, const char *what, struct slice name,
                       struct slice path)
{
    struct template_fault fault = claim_path_check(path, name_exists, checking);

    if (fault.text != NULL && !slice_is(path, "-")) /* which takes a claim away */
        problem_add(checking->problems, checking->mark, "%s `%.*s`: %s", what, SLICE_ARG(name),
                    template_fault_text(checking->problems->arena, &fault, path).at);
}

static void check_paths(struct checking *checking, const char *what, const struct pairs *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        check_path(checking, what, paths->at[i].name, paths->at[i].value);
}

/* Paths in one reply, separated by "|". */
static void check_error_paths(struct checking *checking, const char *name, struct slice paths)
{
    struct slice path;
    struct slice rest = paths;

    while (slice_next(&rest, '|', &path)) {
        path = slice_trim(path);
        const char *wrong =
            path.len == 0 ? "a path stands on each side of a \"|\"" : json_path_check(path);

        if (wrong != NULL)
            problem_add(checking->problems, checking->mark, "`%s: %.*s`: %s", name,
                        SLICE_ARG(paths), wrong);
    }
}

static void check_all_paths(struct checking *checking)
{
    const struct description *d = checking->description;
    const struct description_lookup *lookups = d->lookups.at;

    check_paths(checking, "claim", &d->claims);
    check_paths(checking, "token field", &d->token_fields);
    check_paths(checking, "refuse", &d->refuse);
    check_error_paths(checking, "token_error", d->token_error);
    check_error_paths(checking, "token_error_text", d->token_error_text);
    check_error_paths(checking, "userinfo_error", d->userinfo_error);
    check_error_paths(checking, "userinfo_error_text", d->userinfo_error_text);
    for (size_t i = 0; i < d->lookups.count; i++) {
        if (slice_is_set(lookups[i].unless))
            check_path(checking, "`unless` of lookup", lookups[i].named.id, lookups[i].unless);
        check_error_paths(checking, "error", lookups[i].error);
        check_error_paths(checking, "root", lookups[i].root);
        check_error_paths(checking, "expires", lookups[i].expires);
    }
}

/* ---- placeholders ---- */

static void check_pairs(struct checking *checking, const struct pairs *pairs, bool secret_allowed)
{
    checking->secret_allowed = secret_allowed;
    for (size_t i = 0; i < pairs->count; i++)
        check_text(checking, pairs->at[i].value);
    checking->secret_allowed = false;
}

static void check_lookup(struct checking *checking, const struct description_lookup *lookup)
{
    bool of_app = lookup->as == OWNER_APP;
    struct pair body = { .value = lookup->body };

    check_text(checking, lookup->url);
    check_pairs(checking, &lookup->headers, true);
    check_pairs(checking, &lookup->params, of_app);
    check_pairs(checking, &(struct pairs){ &body, slice_is_set(lookup->body) }, of_app);
    if (of_app && lookup->first)
        problem_add(checking->problems, checking->mark,
                    "lookup `%.*s` is made by the application, before the token request: `first` "
                    "says nothing more",
                    SLICE_ARG(lookup->named.id));
}

/* Paths have their own check, headers may have the secret, and these are none of ours. */
static void check_texts(struct checking *checking)
{
    struct description rest = *checking->description;
    const struct description_lookup *lookups = rest.lookups.at;

    rest.claims = rest.token_fields = rest.refuse = (struct pairs){ NULL, 0 };
    rest.api_headers = rest.userinfo_headers = (struct pairs){ NULL, 0 };
    rest.lookups = (struct many){ NULL, 0 };
    rest.issuers = (struct texts){ NULL, 0 };
    rest.mark = slice_none();
    description_each_text(&rest, check_text, checking);
    check_pairs(checking, &checking->description->api_headers, true);
    check_pairs(checking, &checking->description->userinfo_headers, true);
    for (size_t i = 0; i < checking->description->lookups.count; i++)
        check_lookup(checking, &lookups[i]);
}

/* ---- completeness ---- */

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

static bool has_pair(const struct pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (slice_is(pairs->at[i].name, name) && pairs->at[i].value.len > 0)
            return true;
    }
    return false;
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
        if (!has_pair(&d->claims, "sub") && !description_has_hook(d, HOOK_map_profile))
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

/* A pattern opens what is below one name, not a whole top-level domain. */
static void check_hosts(const struct description *d, struct mark mark, struct problems *problems)
{
    for (size_t i = 0; i < d->api_hosts.count; i++) {
        struct slice host = d->api_hosts.at[i];
        bool is_pattern = slice_starts(host, SL("*."));
        struct slice rest = is_pattern ? slice_from(host, 2) : host;

        if (!slice_is_plain(rest, "-.{}_") || (is_pattern && !slice_has(rest, '.')))
            problem_add(problems, mark,
                        "`api_hosts` has `%.*s`: a host is written \"api.example.com\" or "
                        "\"*.example.com\"",
                        SLICE_ARG(host));
    }
}

void description_check(const struct description *description, struct mark mark,
                       struct problems *problems)
{
    struct checking checking = { description, mark, problems, false };

    check_endpoints(description, mark, problems);
    check_urls(description, &checking);
    check_all_paths(&checking);
    check_id_token(description, mark, problems);
    check_hosts(description, mark, problems);
    check_mark(description, mark, problems);
    check_texts(&checking);
}
