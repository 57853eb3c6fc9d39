#include "upstream/outgoing.h"

#include "base/codec.h"
#include "base/url.h"

enum {
    OUTGOING_MAX = 64 * 1024
};

void outgoing_begin(struct outgoing *request, struct arena *arena, const char *method,
                    struct slice url)
{
    *request = (struct outgoing){ .method = slice_of(method),
                                  .url = url,
                                  .query = params_new(arena),
                                  .form = params_new(arena) };
}

static bool header_name_is_valid(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.at[i];

        if (c <= 0x20 || c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", c) != NULL)
            return false;
    }
    /* These are the client's own. */
    return name.len > 0 && !slice_is_nocase(name, "host") &&
           !slice_is_nocase(name, "content-length") &&
           !slice_is_nocase(name, "transfer-encoding") && !slice_is_nocase(name, "connection");
}

bool outgoing_header(struct outgoing *request, struct slice name, struct slice value)
{
    size_t i = 0;

    if (!header_name_is_valid(name) || (slice_is_set(value) && !http_value_is_valid(value)))
        return false;
    while (i < request->header_count && !slice_equal_nocase(request->headers[i].name, name))
        i++;
    if (!slice_is_set(value)) {
        if (i < request->header_count)
            request->headers[i] = request->headers[--request->header_count];
        return true;
    }
    if (i == OUTGOING_HEADERS)
        return false;
    request->headers[i] = (struct http_header){ name, value };
    if (i == request->header_count)
        request->header_count++;
    return true;
}

bool outgoing_has_header(const struct outgoing *request, struct slice name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (slice_equal_nocase(request->headers[i].name, name))
            return true;
    }
    return false;
}

static bool has_form(const struct outgoing *request)
{
    return request->form.count > 0;
}

json_t *outgoing_to_json(const struct outgoing *request)
{
    struct arena arena = { 0 };
    json_t *json = json_object();
    json_t *params = json_object();
    json_t *headers = json_object();
    const struct params *source = has_form(request) ? &request->form : &request->query;

    for (size_t i = 0; i < source->count; i++)
        json_set_slice(params, arena_string(&arena, source->at[i].name), source->at[i].value);
    for (size_t i = 0; i < request->header_count; i++)
        json_set_slice(headers, arena_string(&arena, request->headers[i].name),
                       request->headers[i].value);
    json_set_slice(json, "method", request->method);
    json_set_slice(json, "url", request->url);
    json_set_slice(json, "body", request->body);
    json_set_slice(json, "body_type", request->body_type);
    json_object_set_new(json, "params", params);
    json_object_set_new(json, "headers", headers);
    arena_release(&arena);
    return json;
}

static bool take_params(struct params *target, struct arena *arena, const json_t *json)
{
    const char *name;
    json_t *value;

    target->count = 0;
    json_object_foreach((json_t *)(uintptr_t)json, name, value)
    {
        if (!json_is_string(value) || target->count == PARAMS_MAX)
            return false;
        params_add(target, arena_copy(arena, slice_of(name)), arena_copy(arena, json_slice(value)));
    }
    return true;
}

bool outgoing_from_json(struct outgoing *request, struct arena *arena, const json_t *json)
{
    struct slice method = json_member(json, "method");
    struct url url;
    const char *name;
    json_t *value;

    if (!slice_is(method, "GET") && !slice_is(method, "POST") && !slice_is(method, "DELETE"))
        return false;
    request->method = arena_copy(arena, method);
    request->url = arena_copy(arena, json_member(json, "url"));
    request->body = arena_copy(arena, json_member(json, "body"));
    request->body_type = arena_copy(arena, json_member(json, "body_type"));
    if (url_read_http(request->url, &url) != NULL ||
        !take_params(has_form(request) ? &request->form : &request->query, arena,
                     json_object_get(json, "params")))
        return false;
    request->header_count = 0;
    json_object_foreach(json_object_get(json, "headers"), name, value)
    {
        if (!json_is_string(value) || !outgoing_header(request, arena_copy(arena, slice_of(name)),
                                                       arena_copy(arena, json_slice(value))))
            return false;
    }
    return true;
}

/* Half a request would be another one. */
static struct slice take_text(struct arena *arena, struct buf *out)
{
    struct slice text = buf_ok(out) ? arena_copy(arena, buf_slice(out)) : slice_none();

    buf_release_secret(out);
    return text;
}

struct slice outgoing_url(const struct outgoing *request, struct arena *arena,
                          struct slice fragment)
{
    struct buf out = BUF_INIT(OUTGOING_MAX);
    struct slice base;
    struct slice own;

    if (slice_cut(request->url, '#', &base, &own) && !slice_is_set(fragment))
        fragment = own;
    buf_add(&out, base);
    if (request->query.count > 0 && !slice_has(base, '?'))
        buf_add_byte(&out, '?');
    params_write(&request->query, &out);
    if (slice_is_set(fragment)) {
        buf_add_byte(&out, '#');
        buf_add(&out, fragment);
    }
    return take_text(arena, &out);
}

static struct slice form_as_json(const struct params *form, struct arena *arena)
{
    struct buf out = BUF_INIT(OUTGOING_MAX);
    json_t *object = json_object();

    for (size_t i = 0; i < form->count; i++)
        json_set_slice(object, arena_string(arena, form->at[i].name), form->at[i].value);
    buf_add_json_value(&out, object);
    json_decref(object);
    return take_text(arena, &out);
}

static struct slice form_as_text(const struct params *form, struct arena *arena)
{
    struct buf out = BUF_INIT(OUTGOING_MAX);

    params_write(form, &out);
    return take_text(arena, &out);
}

bool outgoing_to_call(const struct outgoing *request, struct arena *arena, bool json_body,
                      struct http_call *call)
{
    struct slice type = request->body_type;
    bool has_form = request->form.count > 0 && !slice_is_set(request->body);

    *call = (struct http_call){ .method = request->method,
                                .url = outgoing_url(request, arena, slice_none()),
                                .body = request->body };
    if (has_form) {
        call->body =
            json_body ? form_as_json(&request->form, arena) : form_as_text(&request->form, arena);
        type = json_body ? SL("application/json") : SL("application/x-www-form-urlencoded");
    }
    call->headers = arena_alloc(arena, (request->header_count + 1) * sizeof(*call->headers));
    if (request->header_count > 0)
        memcpy(call->headers, request->headers, request->header_count * sizeof(*call->headers));
    call->header_count = request->header_count;
    if (slice_is_set(type))
        call->headers[call->header_count++] = (struct http_header){ SL("Content-Type"), type };
    return slice_is_set(call->url) &&
           slice_is_set(call->body) == (has_form || slice_is_set(request->body));
}
