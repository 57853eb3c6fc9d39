/* What single values of the settings must be, beyond their kind. */
#include "base/json.h"
#include "base/params.h"
#include "base/url.h"
#include "config/settings_checks.h"
#include "crypto/secret.h"
#include "net/address.h"

enum {
    SEAL_SECRET_MIN = 32,
    CLIENT_SECRET_MIN = 16, /* shorter ones are guessed */
    CLIENT_SECRET_GOOD = 32 /* shorter ones are probably not random */
};

void check_issuer(struct slice text, struct mark mark, struct problems *problems)
{
    struct url url;

    if (url_read_http(text, &url) == NULL && slice_is_set(url.query))
        problem_add(problems, mark, "`issuer: %.*s` has a query (?): an issuer has none",
                    SLICE_ARG(text));
}

void check_listen(struct slice text, struct mark mark, struct problems *problems)
{
    struct address address;
    const char *wrong = address_read_listen(text, &address);

    if (slice_is(text, "systemd"))
        problem_add(problems, mark, "`listen: systemd` is not available in this version");
    else if (wrong != NULL)
        problem_add(problems, mark, "`listen: %.*s` %s", SLICE_ARG(text), wrong);
}

void check_admin_listen(struct slice text, struct mark mark, struct problems *problems)
{
    struct address address;
    const char *wrong = slice_is(text, "off") ? NULL : address_read_listen(text, &address);

    if (wrong != NULL)
        problem_add(problems, mark, "`admin.listen: %.*s` %s; or write off", SLICE_ARG(text),
                    wrong);
}

/* The store itself judges the rest of the URL: it is a room above this one. */
void check_store(struct slice text, struct mark mark, struct problems *problems)
{
    static const char *const kinds[] = { "sqlite", "redis", "rediss", "redis+unix", NULL };
    static const char *const later[] = { "redis+sentinel", "redis+cluster", NULL };
    struct slice kind;
    struct slice rest;

    slice_cut(text, ':', &kind, &rest);
    const char *near = nearest_name(kind, kinds, 4);

    if (word_find(later, kind) >= 0)
        problem_add(problems, mark, "`store: %.*s:...` is not available in this version",
                    SLICE_ARG(kind));
    else if (word_find(kinds, kind) < 0 && near != NULL)
        problem_add(problems, mark, "`store` is of no known kind; did you mean `%s:`?", near);
    else if (word_find(kinds, kind) < 0)
        problem_add(problems, mark,
                    "`store` is of no known kind: write sqlite:PATH, redis://HOST:PORT/DB, "
                    "rediss://HOST:PORT/DB or redis+unix:PATH");
    else if (slice_is_empty(rest) || slice_is(rest, "//"))
        problem_add(problems, mark, "`store: %.*s:` does not say where the store is",
                    SLICE_ARG(kind));
}

void check_seal_secret(struct slice text, struct mark mark, struct problems *problems)
{
    if (text.len < SEAL_SECRET_MIN)
        problem_add(problems, mark,
                    "`secrets` has one of %zu bytes: it needs %d or more; `cardea secret` prints a "
                    "good one",
                    text.len, SEAL_SECRET_MIN);
}

static struct slice without_login(struct slice text)
{
    size_t host = slice_find_text(text, SL("//")) + 2;
    size_t at = text.len;

    while (at > host && text.at[at - 1] != '@')
        at--;
    return slice_from(text, at > host ? at : host);
}

void check_proxy(struct slice text, struct mark mark, struct problems *problems)
{
    static const char *const schemes[] = { "http", "https", "socks5", "socks5h", NULL };
    struct arena scratch = { 0 };
    struct slice scheme;
    struct slice rest;
    struct url url;

    slice_cut(text, ':', &scheme, &rest);
    const char *wrong =
        url_read_http(arena_join(&scratch, SL("http://"), without_login(text)), &url);

    if (word_find(schemes, scheme) < 0 || !slice_starts(rest, SL("//")))
        problem_add(problems, mark,
                    "`http.proxy` needs a URL such as http://proxy:3128 (http, https, socks5 or "
                    "socks5h)");
    else if (wrong != NULL)
        problem_add(problems, mark, "`http.proxy` %s", wrong);
    arena_release(&scratch);
}

void check_plugin(struct slice text, struct mark mark, struct problems *problems)
{
    const char *wrong = id_check(text);

    if (wrong != NULL)
        problem_add(problems, mark, "`plugin: %.*s` %s", SLICE_ARG(text), wrong);
}

void check_simulator(struct slice text, struct mark mark, struct problems *problems)
{
    struct url url;
    const char *wrong = url_read_http(text, &url);

    if (wrong == NULL && (slice_is_set(url.query) || slice_is_set(url.fragment)))
        wrong = "has a query or a fragment";
    if (wrong == NULL && (!slice_is_nocase(url.scheme, "http") || !url_host_is_loopback(&url)))
        wrong = "is not http on this machine: a simulator is at an address such as "
                "http://127.0.0.1:9090";
    if (wrong != NULL)
        problem_add(problems, mark, "`simulator: %.*s` %s", SLICE_ARG(text), wrong);
}

void check_email(struct slice text, struct mark mark, struct problems *problems)
{
    size_t at = slice_find(text, '@');

    if (at == 0 || at + 1 >= text.len || slice_has(slice_from(text, at + 1), '@') ||
        slice_has(text, ' ') || slice_has(text, '*'))
        problem_add(problems, mark,
                    "`%.*s` is no e-mail address; whole domains go into "
                    "email_domains",
                    SLICE_ARG(text));
}

void check_domain(struct slice text, struct mark mark, struct problems *problems)
{
    struct arena scratch = { 0 };
    struct url url;
    const char *wrong = url_read_http(arena_join(&scratch, SL("https://"), text), &url);

    if (wrong != NULL || !slice_equal(url.host, text))
        problem_add(problems, mark, "`%.*s` is no domain: write example.com", SLICE_ARG(text));
    arena_release(&scratch);
}

void check_client_secret(struct slice text, struct mark mark, struct problems *problems)
{
    if (text.len < CLIENT_SECRET_MIN)
        problem_add(problems, mark,
                    "this client_secret is shorter than %d characters and can be guessed; `cardea "
                    "secret` prints a good one",
                    CLIENT_SECRET_MIN);
    else if (text.len < CLIENT_SECRET_GOOD)
        problem_warn(problems, mark,
                     "this client_secret is shorter than %d characters; `cardea secret` prints a "
                     "good one",
                     CLIENT_SECRET_GOOD);
}

void check_secret_hash(struct slice text, struct mark mark, struct problems *problems)
{
    struct slice digest;
    const char *wrong = secret_hash_read(problems->arena, text, &digest);

    if (wrong != NULL)
        problem_add(problems, mark, "`client_secret_hash` %s", wrong);
}

/* Custom schemes are those of an app's own reversed domain (RFC 8252, 7.1). */
static const char *judge_scheme(const struct url *url)
{
    if (slice_is_nocase(url->scheme, "https"))
        return url->host.len > 0 ? NULL : "has no host";
    if (slice_is_nocase(url->scheme, "http")) {
        if (url->host.len == 0)
            return "has no host";
        return url_host_is_loopback(url) ? NULL
                                         : "is http: only https is safe from others in the network";
    }
    if (!slice_has(url->scheme, '.'))
        return "has a scheme without a dot: an app's own scheme is its reversed domain, such as "
               "com.example.app:/callback";
    return NULL;
}

/* What we add to an address must not stand in it already. */
static const char *judge_query(struct slice query)
{
    static const char *const ours[] = {
        "code",         "state",    "iss",      "error",        "error_description",
        "access_token", "id_token", "response", "session_state"
    };
    struct arena scratch = { 0 };
    struct params params;
    const char *wrong = params_read(&scratch, query, &params);

    for (size_t i = 0; wrong == NULL && i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (params_count(&params, ours[i]) > 0)
            wrong = "has a parameter in its query that is ours to add (code, state, iss, error and "
                    "the like): remove it";
    }
    arena_release(&scratch);
    return wrong;
}

void check_redirect_uri(struct slice text, struct mark mark, struct problems *problems)
{
    struct url url;
    const char *wrong = url_read(text, &url);

    if (wrong == NULL && slice_is_set(url.fragment))
        wrong = "has a fragment (#): a redirect address has none";
    if (wrong == NULL)
        wrong = judge_scheme(&url);
    if (wrong == NULL && slice_is_set(url.query))
        wrong = judge_query(url.query);
    if (wrong != NULL)
        problem_add(problems, mark, "`%.*s` %s", SLICE_ARG(text), wrong);
}

/* scope-token of RFC 6749, 3.3. */
void check_scope(struct slice text, struct mark mark, struct problems *problems)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        if (c < 0x21 || c > 0x7e || c == '"' || c == '\\') {
            problem_add(problems, mark,
                        "`%.*s` is no scope: it has a character that RFC 6749 does "
                        "not allow",
                        SLICE_ARG(text));
            return;
        }
    }
}

void check_cors_origin(struct slice text, struct mark mark, struct problems *problems)
{
    struct arena scratch = { 0 };
    struct url url;

    if (url_read_http(text, &url) == NULL && !slice_equal(text, url_origin(&scratch, &url)))
        problem_add(problems, mark, "`%.*s` is no origin: write %.*s", SLICE_ARG(text),
                    SLICE_ARG(url_origin(&scratch, &url)));
    arena_release(&scratch);
}

void check_claim_path(struct slice text, struct mark mark, struct problems *problems)
{
    const char *wrong = json_path_check(text);

    if (wrong != NULL)
        problem_add(problems, mark, "`%.*s` is no path to a claim: %s", SLICE_ARG(text), wrong);
}

/* A language tag (RFC 5646) as far as translations have them: de, pt-BR, zh-Hant. */
void check_locale(struct slice text, struct mark mark, struct problems *problems)
{
    struct slice rest = text;
    struct slice part;
    bool good = true;

    for (bool first = true; slice_next(&rest, '-', &part); first = false) {
        good = good && part.len >= 2 && part.len <= (first ? 3 : 8);
        for (size_t i = 0; i < part.len; i++) {
            char c = part.at[i];

            good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (!first && c >= '0' && c <= '9'));
        }
    }
    if (!good && !slice_is(text, "auto"))
        problem_add(problems, mark,
                    "`pages.locale: %.*s` is no language: write auto, or a tag such "
                    "as de or pt-BR",
                    SLICE_ARG(text));
}
