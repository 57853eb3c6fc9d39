/*
 * A registered redirect address in the first line, one that somebody asks for in the rest. What
 * matches is the same text, or the same loopback address but for its port.
 */
#include "base/memory.h"
#include "protocol/redirect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice registered;
    struct slice given;
    struct url a;
    struct url b;

    if (!slice_cut(slice_make((const char *)data, size), '\n', &registered, &given) ||
        !redirect_uri_matches(registered, given))
        return 0;
    if (url_read(given, &b) != NULL || slice_is_set(b.fragment))
        abort();
    if (slice_equal(registered, given))
        return 0;
    if (url_read(registered, &a) != NULL || !slice_is(b.scheme, "http") ||
        !url_host_is_loopback(&b) || slice_is(b.host, "localhost") ||
        !slice_equal(a.host, b.host) || !slice_equal(a.path, b.path) ||
        !slice_equal(a.query, b.query))
        abort();
    /* NOLINTNEXTLINE(readability-suspicious-call-argument): the other way round as well */
    if (!redirect_uri_matches(given, registered))
        abort();
    return 0;
}
