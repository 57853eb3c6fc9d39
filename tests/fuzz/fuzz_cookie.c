/*
 * A Cookie header from a stranger: it comes to an end, and all pieces lie in it, in order.
 */
#include "base/memory.h"
#include "protocol/cookies.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_make((const char *)data, size);
    const char *end = (const char *)data + size;
    const char *at = (const char *)data;
    struct slice name;
    struct slice value;

    while (cookie_next(&rest, &name, &value)) {
        if (name.at < at || name.at + name.len >= value.at || value.at + value.len > end)
            abort();
        struct slice pair = slice_make(name.at, (size_t)(value.at + value.len - name.at));

        if (slice_has(name, '=') || slice_has(pair, ';') || !slice_equal(slice_trim(pair), pair))
            abort();
        at = value.at + value.len;
    }
    return 0;
}
