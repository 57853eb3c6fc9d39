#include "tests/bench/load/scenario.h"

#include "base/memory.h"

#define REDIRECT "https%3A%2F%2Fapp.test%2Fcallback"
#define SCOPE    "openid+profile+email+offline_access"
/* The verifier and its SHA-256 (RFC 7636, appendix B): to the server, one is like another. */
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

/* ---- requests ---- */

static void get(struct visit *visit, struct slice target)
{
    struct buf *request = &visit->client.request;

    buf_reset(request);
    buf_add_text(request, "GET ");
    buf_add(request, target);
    buf_add_text(request, " HTTP/1.1\r\nHost: localhost\r\n");
    for (size_t i = 0; i < visit->cookie_count; i++) {
        buf_add_text(request, i == 0 ? "Cookie: " : "; ");
        buf_add(request, buf_slice(&visit->cookies[i]));
    }
    buf_add_text(request, visit->cookie_count > 0 ? "\r\n\r\n" : "\r\n");
}

static void post_token(struct visit *visit, struct slice first, struct slice value,
                       struct slice rest)
{
    struct buf *request = &visit->client.request;

    buf_reset(request);
    buf_printf(request,
               "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic %s\r\n"
               "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ",
               visit->plan->basic);
    buf_add_u64(request, first.len + value.len + rest.len);
    buf_add_text(request, "\r\n\r\n");
    buf_add(request, first);
    buf_add(request, value);
    buf_add(request, rest);
}

/* ---- cookies ---- */

static size_t find_cookie(const struct visit *visit, struct slice name)
{
    size_t i = 0;

    while (i < visit->cookie_count && !slice_starts(buf_slice(&visit->cookies[i]), name))
        i++;
    return i;
}

static void set_cookie(struct visit *visit, struct slice pair)
{
    size_t place = find_cookie(visit, slice_sub(pair, 0, slice_find(pair, '=') + 1));

    if (place == COOKIES)
        abort();
    if (place == visit->cookie_count)
        visit->cookie_count++;
    buf_reset(&visit->cookies[place]);
    buf_add(&visit->cookies[place], pair);
}

static void drop_cookie(struct visit *visit, struct slice pair)
{
    size_t place = find_cookie(visit, slice_sub(pair, 0, slice_find(pair, '=') + 1));

    if (place == visit->cookie_count)
        return;
    struct buf last = visit->cookies[--visit->cookie_count];

    visit->cookies[visit->cookie_count] = visit->cookies[place];
    visit->cookies[place] = last;
}

static void take_cookies(struct visit *visit, struct slice head)
{
    struct slice line;

    while (slice_next(&head, '\n', &line)) {
        struct slice pair = text_behind(line, "Set-Cookie: ", ";");

        if (!slice_is_set(pair))
            continue;
        if (slice_find_text(line, SL("Max-Age=0")) < line.len)
            drop_cookie(visit, pair);
        else
            set_cookie(visit, pair);
    }
}

/* The path of a redirect to the server itself. */
static struct slice own_path(const struct answer *answer)
{
    struct slice url = text_behind(answer->head, "Location: http://", "\r");

    return slice_from(url, slice_find(url, '/'));
}

/* ---- authorization ---- */

static bool ask_authorize(struct visit *visit, const struct answer *before)
{
    char target[1024];
    int len = snprintf(target, sizeof(target),
                       "/oauth2/authorize?response_type=code&client_id=%s&redirect_uri=%s&scope=%s"
                       "&state=3cYT7lhxMrkoaP6M&nonce=n-0S6_WzA2Mj&code_challenge=%s"
                       "&code_challenge_method=S256&idp_hint=%s",
                       visit->plan->client_id, REDIRECT, SCOPE, CHALLENGE, visit->plan->provider);

    (void)before;
    visit->cookie_count = 0;
    if (visit->user != NULL)
        set_cookie(visit, *visit->user);
    get(visit, slice_make(target, (size_t)len));
    return true;
}

/* To the provider, or back from the login: wherever the server sends the browser on its own. */
static bool follow(struct visit *visit, const struct answer *before)
{
    struct slice path = own_path(before);

    take_cookies(visit, before->head);
    if (before->status != 303 || path.len == 0)
        return false;
    get(visit, path);
    return true;
}

/* What the provider would do: send the browser back with a code, which is a person's number. */
static bool ask_callback(struct visit *visit, const struct answer *before)
{
    struct slice state = text_behind(before->head, "&state=", "& \r");
    char target[1024];

    take_cookies(visit, before->head);
    if (before->status != 303 || !slice_is_set(state))
        return false;
    int len = snprintf(target, sizeof(target), "/callback/%s?code=%llu&state=%.*s",
                       visit->plan->provider, (unsigned long long)visit->number, SLICE_ARG(state));

    get(visit, slice_make(target, (size_t)len));
    return true;
}

static bool ask_for_tokens(struct visit *visit, const struct answer *before)
{
    struct slice code = text_behind(before->head, "callback?code=", "& \r");

    if (before->status != 303 || !slice_is_set(code))
        return false;
    post_token(visit,
               SL("grant_type=authorization_code&redirect_uri=" REDIRECT "&code_verifier=" VERIFIER
                  "&code="),
               code, SL(""));
    return true;
}

/* ---- other grants ---- */

static bool ask_refresh(struct visit *visit, const struct answer *before)
{
    (void)before;
    post_token(visit, SL("grant_type=refresh_token&refresh_token="), *visit->user, SL(""));
    return true;
}

static bool ask_credentials(struct visit *visit, const struct answer *before)
{
    (void)before;
    post_token(visit, SL("grant_type=client_credentials"), SL(""), SL(""));
    return true;
}

/* ---- ends ---- */

static void replace(struct slice *user, struct slice text)
{
    mem_free((char *)(uintptr_t)user->at);
    *user = slice_make(mem_strndup(text.at, text.len), text.len);
}

static bool end_refresh(struct visit *visit, const struct answer *last, FILE *keep)
{
    struct slice token = text_behind(last->body, "\"refresh_token\":\"", "\"");

    (void)keep;
    if (last->status != 200 || !slice_is_set(token))
        return false;
    replace(visit->user, token);
    return true;
}

/* Keeps the session, where there is a new one, and both tokens. */
static bool end_code(struct visit *visit, const struct answer *last, FILE *keep)
{
    struct slice access = text_behind(last->body, "\"access_token\":\"", "\"");
    struct slice refresh = text_behind(last->body, "\"refresh_token\":\"", "\"");
    size_t session = find_cookie(visit, SL("cardea-session="));

    if (last->status != 200 || !slice_is_set(access))
        return false;
    if (keep != NULL && session < visit->cookie_count)
        fprintf(keep, "%s %.*s %.*s\n", visit->cookies[session].at, SLICE_ARG(access),
                SLICE_ARG(refresh));
    return true;
}

static bool end_credentials(struct visit *visit, const struct answer *last, FILE *keep)
{
    struct slice access = text_behind(last->body, "\"access_token\":\"", "\"");

    (void)visit;
    if (last->status != 200 || !slice_is_set(access))
        return false;
    if (keep != NULL)
        fprintf(keep, "%.*s\n", SLICE_ARG(access));
    return true;
}

static const struct scenario scenarios[] = {
    { "credentials", false, { ask_credentials }, end_credentials },
    { "refresh", true, { ask_refresh }, end_refresh },
    { "flow", true, { ask_authorize, ask_for_tokens }, end_code },
    { "login", false, { ask_authorize, follow, ask_callback, follow, ask_for_tokens }, end_code },
};

const struct scenario *scenario_find(const char *name)
{
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
        if (strcmp(scenarios[i].name, name) == 0)
            return &scenarios[i];
    }
    return NULL;
}
