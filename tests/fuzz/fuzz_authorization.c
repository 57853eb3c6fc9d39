/*
 * An Authorization header from a stranger: what is taken for credentials stands in it letter by
 * letter, and is made of nothing else than credentials may be.
 */
#include "base/memory.h"
#include "protocol/credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool lies_in(struct slice part, struct slice whole)
{
    return part.at >= whole.at && part.at + part.len <= whole.at + whole.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice header = slice_make((const char *)data, size);
    struct arena arena = { 0 };
    struct basic_credentials basic = { 0 };
    struct slice token = slice_none();
    bool is_basic = false;
    bool is_bearer = false;
    const char *wrong_basic = basic_read(&arena, header, &is_basic, &basic);
    const char *wrong_bearer = bearer_read(header, &is_bearer, &token);

    if ((is_basic && is_bearer) || (!is_basic && wrong_basic != NULL) ||
        (!is_bearer && wrong_bearer != NULL))
        abort();
    if (is_bearer && wrong_bearer == NULL &&
        (token.len == 0 || !lies_in(token, header) || !slice_is_plain(token, "-._~+/=")))
        abort();
    if (is_basic && wrong_basic == NULL &&
        (!slice_is_set(basic.id) || !slice_is_set(basic.secret) || slice_has(basic.raw_id, ':') ||
         basic.id.len > basic.raw_id.len || basic.secret.len > basic.raw_secret.len))
        abort();
    arena_release(&arena);
    return 0;
}
