#include "hub/request.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/log.h"
#include "base/url.h"
#include "hub/pages.h"
#include "hub/throttle.h"
#include "protocol/cookies.h"
#include "protocol/errors.h"

enum {
    BODY_MAX = 4 * 1024 * 1024 /* of an answer of ours */
};

const struct params *request_params(const struct request *request)
{
    return request->exchange.head.method == HTTP_POST && (request->route->flags & ROUTE_FORM) != 0
               ? &request->form
               : &request->query;
}

struct slice request_param(const struct request *request, const char *name)
{
    return params_get(request_params(request), name);
}

struct slice request_header(const struct request *request, const char *name)
{
    return http_header(&request->exchange.head, name);
}

struct slice request_url(struct request *request, const char *path)
{
    return url_below(request_arena(request), request->hub->settings->issuer, path);
}

struct slice request_locale(const struct request *request)
{
    struct slice wanted = slice_is_set(request->ui_locales)
                              ? request->ui_locales
                              : params_get(&request->query, "ui_locales");

    return pages_locale(request->hub->pages, wanted, request_header(request, "Accept-Language"));
}

/* ---- cookies ---- */

static const char *cookie_prefix(const struct request *request)
{
    return request->hub->secure ? "__Host-cardea-" : "cardea-";
}

bool request_next_cookie(const struct request *request, struct request_cookies *cookies,
                         struct slice *name_r, struct slice *value_r)
{
    const struct http_head *head = &request->exchange.head;
    struct slice prefix = slice_of(cookie_prefix(request));
    struct slice name;

    for (;;) {
        while (cookie_next(&cookies->rest, &name, value_r)) {
            if (slice_starts(name, prefix)) {
                *name_r = slice_from(name, prefix.len);
                return true;
            }
        }
        if (cookies->header == head->header_count)
            return false;
        const struct http_header *header = &head->headers[cookies->header++];

        if (slice_is_nocase(header->name, "cookie"))
            cookies->rest = header->value;
    }
}

struct slice request_cookie(const struct request *request, const char *name)
{
    struct request_cookies cookies = { 0 };
    struct slice found = slice_none();
    struct slice each;
    struct slice value;

    while (request_next_cookie(request, &cookies, &each, &value)) {
        if (!slice_is(each, name))
            continue;
        if (slice_is_set(found))
            return slice_none(); /* two: one of them was planted, and nobody can tell which */
        found = value;
    }
    return found;
}

void request_add_header(struct request *request, const char *name, struct slice value)
{
    if (request->line_count == REQUEST_LINES || !http_value_is_valid(value)) {
        log_error("a header line %s was dropped: too many, or not fit for a header", name);
        return;
    }
    request->lines[request->line_count++] =
        arena_concat(request_arena(request), slice_of(name), SL(": "), value, SL("\r\n"));
}

static void set_cookie(struct request *request, const char *name, struct slice value,
                       const char *age, enum same_site same_site)
{
    bool secure = request->hub->secure || same_site == SAME_SITE_NONE;
    struct slice line =
        arena_printf(request_arena(request), "%s%s=%.*s; Path=/; HttpOnly; SameSite=%s%s%s",
                     cookie_prefix(request), name, SLICE_ARG(value),
                     same_site == SAME_SITE_NONE ? "None" : "Lax", secure ? "; Secure" : "", age);

    request_add_header(request, "Set-Cookie", line);
}

void request_set_cookie(struct request *request, const char *name, struct slice value,
                        int64_t seconds, enum same_site same_site)
{
    struct slice age =
        seconds > 0 ? arena_printf(request_arena(request), "; Max-Age=%lld", (long long)seconds)
                    : SL("");

    set_cookie(request, name, value, age.at, same_site);
}

void request_drop_cookie(struct request *request, const char *name)
{
    set_cookie(request, name, SL(""), "; Max-Age=0", SAME_SITE_LAX);
}

/* ---- answers ---- */

static struct slice join_headers(struct request *request, int status, struct slice content_type)
{
    struct slice pieces[REQUEST_LINES + 8];
    size_t count = 0;
    unsigned flags = request->route != NULL ? request->route->flags : 0;

    pieces[count++] = request->hub->common_headers;
    if ((flags & ROUTE_CACHEABLE) == 0 || status >= 400)
        pieces[count++] = SL("Cache-Control: no-store\r\n");
    if (slice_is_set(content_type)) {
        pieces[count++] = SL("Content-Type: ");
        pieces[count++] = content_type;
        pieces[count++] = SL("\r\n");
    }
    pieces[count++] = SL("X-Request-Id: ");
    pieces[count++] = request->id;
    pieces[count++] = SL("\r\n");
    for (size_t i = 0; i < request->line_count; i++)
        pieces[count++] = request->lines[i];
    return arena_gather(request_arena(request), pieces, count);
}

enum step_result request_answer(struct request *request, int status, const char *content_type,
                                struct slice body)
{
    struct http_answer answer = { .status = status,
                                  .headers = join_headers(request, status, slice_of(content_type)),
                                  .body = body };

    request->answered = true;
    request->status = status;
    http_answer(&request->exchange, &answer);
    return STEP_DONE;
}

enum step_result request_json(struct request *request, int status, const json_t *json)
{
    struct buf body = BUF_INIT(BODY_MAX);

    buf_add_json_value(&body, json);
    enum step_result result = request_answer(request, status, "application/json", buf_slice(&body));

    buf_release_secret(&body);
    return result;
}

enum step_result request_redirect(struct request *request, struct slice url)
{
    request_add_header(request, "Location", url);
    return request_answer(request, 303, NULL, SL(""));
}

enum step_result request_page(struct request *request, int status, const char *page, json_t *data)
{
    static const struct slice policy =
        SLICE("default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
              "frame-ancestors 'none'; base-uri 'none'");
    bool has_policy = false;

    for (size_t i = 0; i < request->line_count; i++)
        has_policy = has_policy || slice_starts(request->lines[i], SL("Content-Security-Policy:"));
    if (!has_policy)
        request_add_header(request, "Content-Security-Policy", policy);
    json_set_slice(data, "base", request->hub->base_path);
    struct slice html = pages_render(request->hub->pages, request_arena(request), page,
                                     request_locale(request), data);

    json_decref(data);
    return request_answer(request, status, "text/html; charset=utf-8", html);
}

/* ---- errors ---- */

void request_log_failure(const struct request *request)
{
    const struct error *error = &request->flow.error;
    enum log_level level = error->kind->status >= 500 ? LEVEL_WARN : LEVEL_INFO;
    struct log_context outer = log_context;

    if (!log_wants(level))
        return;
    log_context.request = request->id;
    log_context.provider = request->flow.log_provider;
    log_context.client = request->flow.log_client;
    log_write(level, "%s: %s: %.*s", request->flow.name, error->kind->code,
              SLICE_ARG(error->detail));
    log_context = outer;
}

/* "error.invalid_request" in the reader's language, else the words of the kind. */
static struct slice error_sentence(struct request *request)
{
    const struct error *error = &request->flow.error;
    struct slice id = arena_printf(request_arena(request), "error.%s", error->kind->code);
    struct slice text = pages_text(request->hub->pages, request_locale(request), id.at);

    if (slice_is_set(error->description))
        return error->description;
    return slice_equal(text, id) ? slice_of(error->kind->description) : text;
}

static void add_retry_after(struct request *request)
{
    int status = request->flow.error.kind->status;

    if (status == 503)
        request_add_header(request, "Retry-After", SL("5"));
    if (status == 429)
        request_add_header(request, "Retry-After", SL("60"));
}

void request_fail_page(struct request *request)
{
    const struct error *error = &request->flow.error;

    request_log_failure(request);
    add_retry_after(request);
    if (error->kind->status == 401)
        request_add_header(request, "WWW-Authenticate", SL("Cookie"));
    json_t *data = json_object();

    json_set_slice(data, "sentence", error_sentence(request));
    json_set_slice(data, "reference", request->id);
    json_set_slice(data, "home",
                   request_url(request, slice_is_set(request->again) ? request->again.at : "/"));
    request_page(request, error->kind->status, "error", data);
}

/* The characters that RFC 6749, 5.2 allows in an error_description. */
static struct slice plain_description(struct arena *arena, struct slice text)
{
    char *plain = arena_string(arena, text);

    for (size_t i = 0; i < text.len; i++) {
        if (plain[i] < 0x20 || plain[i] > 0x7e || plain[i] == '"' || plain[i] == '\\')
            plain[i] = '\'';
    }
    return slice_make(plain, text.len);
}

void request_fail_json(struct request *request)
{
    const struct error *error = &request->flow.error;
    json_t *body = json_object();
    int status = error->kind->status;

    request_log_failure(request);
    add_retry_after(request);
    json_set_slice(body, "error", slice_of(error->kind->code));
    json_set_slice(body, "error_description",
                   plain_description(request_arena(request), error_description(error)));
    request_json(request, status, body);
    json_decref(body);
}

void request_fail_bearer(struct request *request)
{
    const struct error *error = &request->flow.error;
    struct slice realm = request->hub->settings->issuer;

    if (error->kind->status != 401 && error->kind->status != 403 && error->kind->status != 400) {
        request_fail_json(request);
        return;
    }
    if (error->kind->code[0] == '\0') {
        /* No token at all: no error code either (RFC 6750, 3.1). */
        request_log_failure(request);
        request_add_header(
            request, "WWW-Authenticate",
            arena_printf(request_arena(request), "Bearer realm=\"%.*s\"", SLICE_ARG(realm)));
        request_answer(request, 401, NULL, SL(""));
        return;
    }
    request_add_header(
        request, "WWW-Authenticate",
        arena_printf(
            request_arena(request),
            "Bearer realm=\"%.*s\", error=\"%s\", error_description=\"%.*s\"", SLICE_ARG(realm),
            error->kind->code,
            SLICE_ARG(plain_description(request_arena(request), error_description(error)))));
    request_fail_json(request);
}

/* ---- the store, and limits ---- */

enum step_result request_store(struct request *request, struct store_command *commands,
                               size_t count)
{
    store_run(request->hub->store, &request->flow, commands, count);
    return STEP_WAIT;
}

bool request_store_failed(struct request *request, const struct store_command *command)
{
    if (command->status != STORE_UNAVAILABLE)
        return false;
    metrics_count(request->hub->metrics, METRIC_STORE_ERRORS, 0, 0);
    flow_fail(&request->flow, &ERROR_STORE, "the store does not answer");
    return true;
}

static struct slice throttle_name(struct request *request, struct slice what)
{
    return arena_concat(request_arena(request), request->peer, SL(" "), what);
}

bool request_throttle_failure(struct request *request, struct slice what)
{
    return throttle_exceeds(request->hub->throttle,
                            &request->hub->settings->limits.per_address.failures, SL("failures"),
                            throttle_name(request, what), 1);
}

bool request_is_throttled(struct request *request, struct slice what)
{
    return throttle_exceeds(request->hub->throttle,
                            &request->hub->settings->limits.per_address.failures, SL("failures"),
                            throttle_name(request, what), 0);
}
