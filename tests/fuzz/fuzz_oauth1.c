/*
 * A signed request: "METHOD URL", the Authorization header, then a form. What can be read of the
 * header can be written and read again as the same, and a base string has three parts, of which the
 * last can be taken apart into what went in.
 */
#include "base/codec.h"
#include "base/memory.h"
#include "protocol/oauth1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round(struct arena *arena, const struct params *first)
{
    struct slice text = oauth1_header(arena, slice_none(), first);
    struct params second;
    struct slice realm;
    bool present;

    if (!slice_is_set(text))
        return; /* too long, encoded */
    if (first->count == 0)
        return;
    if (oauth1_header_read(arena, text, &present, &second, &realm) != NULL || !present ||
        second.count != first->count)
        abort();
    for (size_t i = 0; i < first->count; i++) {
        /* The name of the realm's own place. */
        if (!slice_equal(first->at[i].name, second.at[i].name) ||
            !slice_equal(first->at[i].value, second.at[i].value))
            abort();
    }
}

static bool has_realm(const struct params *params)
{
    for (size_t i = 0; i < params->count; i++) {
        if (slice_is_nocase(params->at[i].name, "realm"))
            return true;
    }
    return false;
}

static void check_base(struct arena *arena, struct slice base)
{
    struct slice method;
    struct slice uri;
    struct slice rest;
    struct slice normal;

    if (!slice_cut(base, '&', &method, &rest) || !slice_cut(rest, '&', &uri, &rest) ||
        slice_has(rest, '&') || !percent_decode(arena, uri, false, &uri) ||
        !percent_decode(arena, rest, false, &normal))
        abort();
    if (!slice_equal(oauth1_base_uri(arena, uri), uri))
        abort();
    struct slice last = slice_none();
    struct slice part;

    while (slice_next(&normal, '&', &part)) {
        struct slice name;
        struct slice value;

        if (!slice_cut(part, '=', &name, &value) || !slice_is_plain(name, "-._~%") ||
            !slice_is_plain(value, "-._~%"))
            abort();
        if (slice_is_set(last) && slice_compare(last, name) > 0)
            abort();
        last = name;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_make((const char *)data, size);
    struct arena arena = { 0 };
    struct slice line = slice_none();
    struct slice header = slice_none();
    struct params protocol;
    struct params form = { 0 };
    struct slice realm;
    bool present;
    struct oauth1_request request = { .form = &form };

    slice_cut(rest, '\n', &line, &rest);
    slice_cut(rest, '\n', &header, &rest);
    slice_cut(line, ' ', &request.method, &request.url);
    if (oauth1_header_read(&arena, header, &present, &protocol, &realm) == NULL) {
        if (!has_realm(&protocol))
            check_round(&arena, &protocol);
        if (params_read(&arena, rest, &form) != NULL)
            form = (struct params){ 0 };
        struct slice base = !slice_has(request.method, '&')
                                ? oauth1_base_string(&arena, &request, &protocol)
                                : slice_none();

        if (slice_is_set(base))
            check_base(&arena, base);
    }
    arena_release(&arena);
    return 0;
}
