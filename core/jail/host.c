#include "jail/host.h"

#include "base/codec.h"
#include "base/json.h"
#include "jail/load.h"
#include "jail/wire.h"
#include "plugin/description_fields.h"

enum {
    ALLOC_MAX = 1024 * 1024,
    MEMORY_NAME_MAX = 256,
    MEMORY_VALUE_MAX = 2048,
    LOG_LINES_MAX = 32
};

/* The opaque types are JSON values of the call; only cardea_call is a struct of its own. */
struct cardea_call {
    struct arena arena;
    size_t allocated;
    json_t *frame;  /* what came */
    json_t *result; /* what goes back */
    json_t *parsed; /* documents from json_parse(), to be freed */
    bool failed;    /* a host function failed: the login ends */
};

static const json_t *as_json(const void *opaque)
{
    return opaque;
}

static const void *as_opaque(const json_t *json)
{
    return json;
}

static cardea_str to_str(struct slice s)
{
    return (cardea_str){ s.at, s.len };
}

static struct slice from_str(cardea_str s)
{
    return slice_make(s.at, s.len);
}

/* A host function cannot do what is asked of it, and that is the plugin's fault. The first counts.
 */
static int32_t give_up(cardea_call *call, const char *why)
{
    if (!call->failed)
        json_object_set_new(call->result, "misbehaved", json_string(why));
    call->failed = true;
    return CARDEA_FAIL;
}

static void *host_alloc(cardea_call *call, size_t size)
{
    if (call->failed || size > ALLOC_MAX - call->allocated) {
        give_up(call, "the hook wanted more than 1 MiB of memory");
        return NULL;
    }
    call->allocated += size;
    return arena_zalloc(&call->arena, size);
}

static cardea_str host_printf(cardea_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static cardea_str host_printf(cardea_call *call, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    struct slice text = arena_vprintf(&call->arena, format, args);

    va_end(args);
    call->allocated += text.len;
    if (call->allocated > ALLOC_MAX)
        give_up(call, "the hook wanted more than 1 MiB of memory");
    return to_str(text);
}

static void host_log(cardea_call *call, int32_t level, const char *text)
{
    json_t *lines = json_object_get(call->result, "log");

    if (lines == NULL) {
        lines = json_array();
        json_object_set_new(call->result, "log", lines);
    }
    if (json_array_size(lines) < LOG_LINES_MAX && text != NULL) {
        json_t *line = json_array();

        json_array_append_new(line, json_integer(level));
        json_array_append_new(line, json_from_slice(slice_of(text)));
        json_array_append_new(lines, line);
    }
}

static int32_t host_fail(cardea_call *call, const char *code, const char *text)
{
    json_t *fail = json_object();

    json_set_slice(fail, "code", slice_of(code != NULL ? code : "server_error"));
    json_set_slice(fail, "text", slice_of(text != NULL ? text : ""));
    json_object_set_new(call->result, "fail", fail);
    return CARDEA_FAIL;
}

static cardea_str host_config(cardea_call *call, const char *name)
{
    return to_str(json_member(json_object_get(call->frame, "config"), name));
}

static const cardea_json *host_json_parse(cardea_call *call, cardea_str text)
{
    const char *why;
    json_t *value = json_read(&call->arena, from_str(text), FRAME_MAX, &why);

    if (value != NULL)
        json_array_append_new(call->parsed, value);
    return as_opaque(value);
}

static const cardea_json *host_json_at(const cardea_json *json, const char *path)
{
    return as_opaque(json_at(as_json(json), slice_of(path)));
}

static cardea_str host_json_str(cardea_call *call, const cardea_json *json, const char *path)
{
    return to_str(json_text(&call->arena, json_at(as_json(json), slice_of(path))));
}

static int64_t host_json_num(const cardea_json *json, const char *path, int64_t otherwise)
{
    const json_t *value = json_at(as_json(json), slice_of(path));

    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static const cardea_json *host_json_each(const cardea_json *json, size_t index, cardea_str *name)
{
    json_t *value = (json_t *)(uintptr_t)as_json(json);

    if (json_is_array(value))
        return as_opaque(json_array_get(value, index));
    for (void *at = json_object_iter(value); at != NULL; at = json_object_iter_next(value, at)) {
        if (index-- > 0)
            continue;
        if (name != NULL)
            *name = to_str(slice_of(json_object_iter_key(at)));
        return as_opaque(json_object_iter_value(at));
    }
    return NULL;
}

/* Sets or removes one text member of an object inside the result. */
static int32_t set_member(cardea_call *call, json_t *object, const char *name, cardea_str value)
{
    if (object == NULL || name == NULL || name[0] == '\0')
        return give_up(call, "a host function was called without a name");
    if (value.at == NULL)
        json_object_del(object, name);
    else if (!utf8_is_valid(from_str(value)))
        return give_up(call, "a hook handed back text that is no UTF-8");
    else
        json_set_slice(object, name, from_str(value));
    return CARDEA_OK;
}

static int32_t start_request(cardea_call *call, cardea_request *request, const char *method,
                             const char *url)
{
    json_t *json = (json_t *)(uintptr_t)as_json(request);

    if (json == NULL || url == NULL)
        return give_up(call, "a request was asked for without an address");
    json_object_set_new(json, "method", json_string(method));
    json_object_set_new(json, "url", json_from_slice(slice_of(url)));
    return CARDEA_OK;
}

static int32_t host_request_get(cardea_call *call, cardea_request *request, const char *url)
{
    return start_request(call, request, "GET", url);
}

static int32_t host_request_post(cardea_call *call, cardea_request *request, const char *url)
{
    return start_request(call, request, "POST", url);
}

static json_t *request_part(const cardea_request *request, const char *name)
{
    return json_object_get(as_json(request), name);
}

static int32_t host_request_set_header(cardea_call *call, cardea_request *request, const char *name,
                                       cardea_str value)
{
    return set_member(call, request_part(request, "headers"), name, value);
}

static int32_t host_request_set_param(cardea_call *call, cardea_request *request, const char *name,
                                      cardea_str value)
{
    return set_member(call, request_part(request, "params"), name, value);
}

static cardea_str host_request_param(const cardea_request *request, const char *name)
{
    return to_str(json_member(request_part(request, "params"), name));
}

static cardea_str host_request_each(const cardea_request *request, size_t index, cardea_str *name)
{
    const cardea_json *params = as_opaque(request_part(request, "params"));

    return to_str(json_slice(as_json(host_json_each(params, index, name))));
}

static cardea_str host_request_url(const cardea_request *request)
{
    return to_str(json_member(as_json(request), "url"));
}

static int32_t host_request_set_body(cardea_call *call, cardea_request *request, const char *type,
                                     cardea_str body)
{
    json_t *json = (json_t *)(uintptr_t)as_json(request);

    if (type == NULL || set_member(call, json, "body_type", to_str(slice_of(type))) != CARDEA_OK)
        return CARDEA_FAIL;
    return set_member(call, json, "body", body);
}

static int32_t host_response_status(const cardea_response *response)
{
    return (int32_t)json_integer_value(json_object_get(as_json(response), "status"));
}

static cardea_str host_response_header(const cardea_response *response, const char *name)
{
    json_t *headers = json_object_get(as_json(response), "headers");
    const char *each;
    json_t *value;

    json_object_foreach(headers, each, value)
    {
        if (name != NULL && slice_is_nocase(slice_of(each), name))
            return to_str(json_slice(value));
    }
    return to_str(slice_none());
}

static cardea_str host_response_body(const cardea_response *response)
{
    return to_str(json_member(as_json(response), "body"));
}

static int32_t host_tokens_set(cardea_call *call, cardea_tokens *tokens, const char *name,
                               cardea_str value)
{
    return set_member(call, (json_t *)(uintptr_t)as_json(tokens), name, value);
}

static cardea_str host_tokens_get(const cardea_tokens *tokens, const char *name)
{
    return to_str(json_member(as_json(tokens), name));
}

static int32_t host_profile_set(cardea_call *call, cardea_profile *profile, const char *claim,
                                cardea_str value)
{
    return set_member(call, (json_t *)(uintptr_t)as_json(profile), claim, value);
}

static int32_t host_profile_set_json(cardea_call *call, cardea_profile *profile, const char *claim,
                                     const cardea_json *value)
{
    if (claim == NULL || value == NULL)
        return give_up(call, "profile_set_json() was called without a claim or a value");
    json_object_set_new((json_t *)(uintptr_t)as_json(profile), claim,
                        json_deep_copy(as_json(value)));
    return CARDEA_OK;
}

static cardea_str host_profile_get(cardea_call *call, const cardea_profile *profile,
                                   const char *claim)
{
    return to_str(json_text(&call->arena, json_object_get(as_json(profile), claim)));
}

static int32_t host_remember(cardea_call *call, const char *name, cardea_str value)
{
    if (name == NULL || strlen(name) > MEMORY_NAME_MAX || value.len > MEMORY_VALUE_MAX)
        return give_up(call, "remember() takes names of 256 and values of 2048 bytes at most");
    return set_member(call, json_object_get(call->result, "memory"), name, value);
}

static cardea_str host_recall(cardea_call *call, const char *name)
{
    return to_str(json_member(json_object_get(call->result, "memory"), name));
}

/* What belongs to a call says so. */
static void add_id(const cardea_call *call, json_t *frame)
{
    json_object_set(frame, "id", json_object_get(call->frame, "id"));
}

/* Something that needs a key: the worker does it, and this process waits. */
static cardea_str ask(cardea_call *call, json_t *question)
{
    add_id(call, question);
    wire_write(question);
    json_t *answer = wire_read();

    if (!frame_is(answer, "answer"))
        _Exit(1);
    struct slice text = arena_copy(&call->arena, json_member(answer, "text"));

    json_decref(answer);
    if (!slice_is_set(text))
        give_up(call, "a key or digest was asked for that this provider does not have");
    return to_str(text);
}

static json_t *question(const char *what, const char *first_name, const char *first,
                        const char *second_name, const char *second)
{
    json_t *frame = wire_frame("ask");

    json_object_set_new(frame, "what", json_string(what));
    json_set_slice(frame, first_name, slice_of(first));
    json_set_slice(frame, second_name, slice_of(second));
    return frame;
}

static cardea_str host_jwt_sign(cardea_call *call, const char *key_name, const char *header,
                                cardea_str claims)
{
    json_t *frame = question("jwt", "key", key_name, "header", header);

    json_set_slice(frame, "claims", from_str(claims));
    return ask(call, frame);
}

static cardea_str ask_digest(cardea_call *call, const char *what, const char *digest,
                             const char *key_name, cardea_str data)
{
    json_t *frame = question(what, "digest", digest, "key", key_name);

    json_set_slice(frame, "data", base64url_encode(&call->arena, from_str(data)));
    return ask(call, frame);
}

static cardea_str digest_hmac_hex(cardea_call *call, const char *digest, const char *key_name,
                                  cardea_str data)
{
    return ask_digest(call, "hmac", digest, key_name, data);
}

static cardea_str digest_hash_hex(cardea_call *call, const char *digest, cardea_str data)
{
    return ask_digest(call, "hash", digest, NULL, data);
}

static cardea_str sign_base64(cardea_call *call, const char *algorithm, const char *key_name,
                              cardea_str data)
{
    json_t *frame = question("sign", "algorithm", algorithm, "key", key_name);

    json_set_slice(frame, "data", base64url_encode(&call->arena, from_str(data)));
    return ask(call, frame);
}

static cardea_str sign_hash_with_key_hex(cardea_call *call, const char *digest, cardea_str before,
                                         const char *key_name, cardea_str after)
{
    json_t *frame = question("keyed hash", "digest", digest, "key", key_name);

    json_set_slice(frame, "before", base64url_encode(&call->arena, from_str(before)));
    json_set_slice(frame, "after", base64url_encode(&call->arena, from_str(after)));
    return ask(call, frame);
}

static const struct cardea_digest_1 digest_1 = { digest_hmac_hex, digest_hash_hex };

static const struct cardea_sign_1 sign_1 = { sign_base64, sign_hash_with_key_hex };

static const struct {
    const char *id;
    const void *functions;
} extensions[] = {
    { "cardea.digest/1", &digest_1 },
    { "cardea.sign/1", &sign_1 },
};

static const void *host_extension(const char *id)
{
    for (size_t i = 0; id != NULL && i < sizeof(extensions) / sizeof(extensions[0]); i++) {
        if (strcmp(id, extensions[i].id) == 0)
            return extensions[i].functions;
    }
    return NULL;
}

static const struct cardea_host host = {
    .struct_size = sizeof(struct cardea_host),
    .abi = CARDEA_ABI_MAJOR << 8 | CARDEA_ABI_MINOR,
    .extension = host_extension,
    .alloc = host_alloc,
    .printf = host_printf,
    .log = host_log,
    .fail = host_fail,
    .config = host_config,
    .json_parse = host_json_parse,
    .json_at = host_json_at,
    .json_str = host_json_str,
    .json_num = host_json_num,
    .json_each = host_json_each,
    .request_get = host_request_get,
    .request_post = host_request_post,
    .request_set_header = host_request_set_header,
    .request_set_param = host_request_set_param,
    .request_param = host_request_param,
    .request_url = host_request_url,
    .request_set_body = host_request_set_body,
    .response_status = host_response_status,
    .response_header = host_response_header,
    .response_body = host_response_body,
    .tokens_set = host_tokens_set,
    .tokens_get = host_tokens_get,
    .profile_set = host_profile_set,
    .profile_set_json = host_profile_set_json,
    .profile_get = host_profile_get,
    .remember = host_remember,
    .recall = host_recall,
    .jwt_sign = host_jwt_sign,
    .request_each = host_request_each,
};

/* The part of the frame that the hook may change, copied into the result; an empty object when the
 * frame has none. */
static void *changeable(cardea_call *call, const char *name)
{
    json_t *part = json_object_get(call->frame, name);
    json_t *copy = json_is_object(part) ? json_deep_copy(part) : json_object();

    json_object_set_new(call->result, name, copy);
    return copy;
}

static void *changeable_request(cardea_call *call)
{
    json_t *request = changeable(call, "request");

    if (json_object_get(request, "headers") == NULL)
        json_object_set_new(request, "headers", json_object());
    if (json_object_get(request, "params") == NULL)
        json_object_set_new(request, "params", json_object());
    return request;
}

static const void *readable(cardea_call *call, const char *name)
{
    return as_opaque(json_object_get(call->frame, name));
}

static int32_t run_hook(enum hook hook, const struct cardea_hooks *hooks, cardea_call *call)
{
    uint32_t round = (uint32_t)json_integer_value(json_object_get(call->frame, "round"));

    switch (hook) {
    case HOOK_check_config:
        return hooks->check_config(&host, call);
    case HOOK_shape_authorize:
        return hooks->shape_authorize(&host, call, changeable_request(call));
    case HOOK_shape_token:
        return hooks->shape_token(&host, call, changeable_request(call));
    case HOOK_read_token:
        return hooks->read_token(&host, call, readable(call, "response"),
                                 changeable(call, "tokens"));
    case HOOK_fetch_more:
        return hooks->fetch_more(&host, call, round, readable(call, "answers"),
                                 changeable_request(call));
    case HOOK_map_profile:
        return hooks->map_profile(&host, call, readable(call, "answers"),
                                  changeable(call, "profile"));
    case HOOK_shape_api:
        return hooks->shape_api(&host, call, changeable_request(call));
    case HOOK_shape_logout:
        return hooks->shape_logout(&host, call, changeable_request(call));
    case HOOK_COUNT:
        break;
    }
    return CARDEA_FAIL;
}

/* Is there such a hook? The worker asks only for those that the description names, but a worker may
 * be wrong too. */
static bool has_hook(enum hook hook, const struct cardea_hooks *hooks)
{
    switch (hook) {
#define HOOK_CASE(hook_name)                                                                       \
    case HOOK_##hook_name:                                                                         \
        return hooks->hook_name != NULL;
        DESCRIPTION_HOOKS(HOOK_CASE)
#undef HOOK_CASE
    case HOOK_COUNT:
        break;
    }
    return false;
}

static enum hook hook_by_name(struct slice name)
{
#define HOOK_MATCH(hook_name)                                                                      \
    if (slice_is(name, #hook_name))                                                                \
        return HOOK_##hook_name;
    DESCRIPTION_HOOKS(HOOK_MATCH)
#undef HOOK_MATCH
    return HOOK_COUNT;
}

json_t *host_run(json_t *frame)
{
    cardea_call call = { .frame = frame, .result = wire_frame("result"), .parsed = json_array() };
    const char *file = json_string_value(json_object_get(frame, "plugin"));
    const char *id = json_string_value(json_object_get(frame, "provider"));
    enum hook hook = hook_by_name(json_member(frame, "hook"));
    const struct loaded_provider *provider =
        file != NULL && id != NULL ? load_find(file, id) : NULL;
    int32_t result = CARDEA_FAIL;

    add_id(&call, call.result);
    json_object_set_new(call.result, "memory", json_object());
    changeable(&call, "memory");
    if (provider == NULL || !has_hook(hook, &provider->hooks))
        give_up(&call, "there is no such hook");
    else
        result = run_hook(hook, &provider->hooks, &call);
    json_object_set_new(call.result, "result", json_integer(call.failed ? CARDEA_FAIL : result));
    json_decref(call.parsed);
    arena_release(&call.arena);
    return call.result;
}
