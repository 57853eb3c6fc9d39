#include "protocol/redirect.h"

/* A loopback address literal, as RFC 8252 wants it: "localhost" can be made to lead elsewhere. */
static bool is_loopback_literal(const struct url *url)
{
    return slice_is(url->scheme, "http") &&
           (slice_is(url->host, "127.0.0.1") || (url->host_is_ipv6 && slice_is(url->host, "::1")));
}

static bool same(struct slice a, struct slice b)
{
    return slice_is_set(a) == slice_is_set(b) && slice_equal(a, b);
}

bool redirect_uri_matches(struct slice registered, struct slice given)
{
    struct url a;
    struct url b;

    if (url_read(given, &b) != NULL || slice_is_set(b.fragment))
        return false;
    if (slice_equal(registered, given))
        return true;
    return url_read(registered, &a) == NULL && is_loopback_literal(&a) && is_loopback_literal(&b) &&
           a.host_is_ipv6 == b.host_is_ipv6 && same(a.host, b.host) && same(a.path, b.path) &&
           same(a.query, b.query) && !slice_is_set(a.fragment);
}
