#include "base/url.h"

#include "base/codec.h"

#include <arpa/inet.h>

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* All that RFC 3986 lets stand somewhere in a URL; the rest must be escaped. */
static const char *check_characters(struct slice text)
{
    static const char allowed[] = "-._~:/?#[]@!$&'()*+,;=%";

    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        if (c == '%') {
            if (i + 2 >= text.len || !is_hex(text.at[i + 1]) || !is_hex(text.at[i + 2]))
                return "has a broken percent escape";
        } else if (c == '\0' || (!is_alpha(c) && !is_digit(c) && strchr(allowed, c) == NULL)) {
            return "has a character that a URL cannot have";
        }
    }
    return NULL;
}

static const char *read_scheme(struct slice *rest, struct slice *scheme_r)
{
    struct slice tail;

    if (!slice_cut(*rest, ':', scheme_r, &tail) || scheme_r->len == 0)
        return "has no scheme";
    for (size_t i = 0; i < scheme_r->len; i++) {
        char c = scheme_r->at[i];

        if (!is_alpha(c) && (i == 0 || (!is_digit(c) && c != '+' && c != '-' && c != '.')))
            return "has no valid scheme";
    }
    *rest = tail;
    return NULL;
}

static bool host_is_name(struct slice host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.at[i];

        if (!is_alpha(c) && !is_digit(c) && c != '-' && c != '.' && c != '_')
            return false;
    }
    return host.len > 0 && host.len <= 253 && host.at[0] != '.' && host.at[0] != '-';
}

static const char *read_ipv6(struct slice *authority, struct url *url)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char bytes[16];
    size_t end = slice_find(*authority, ']');

    if (end == authority->len || end == 1 || end > sizeof(text))
        return "has a broken IPv6 address";
    url->host = slice_sub(*authority, 1, end - 1);
    url->host_is_ipv6 = true;
    memcpy(text, url->host.at, url->host.len);
    text[url->host.len] = '\0';
    if (inet_pton(AF_INET6, text, bytes) != 1)
        return "has a broken IPv6 address";
    *authority = slice_from(*authority, end + 1);
    return NULL;
}

static const char *read_port(struct slice text, struct url *url)
{
    uint64_t port;

    if (!slice_to_u64(text, 65535, &port) || port == 0)
        return "has no valid port";
    url->port = (uint16_t)port;
    return NULL;
}

static const char *read_authority(struct slice authority, struct url *url)
{
    if (slice_has(authority, '@'))
        return "has a user name in front of its host";
    if (authority.len > 0 && authority.at[0] == '[') {
        const char *wrong = read_ipv6(&authority, url);

        if (wrong != NULL)
            return wrong;
        if (authority.len > 0 && authority.at[0] != ':')
            return "has something behind its IPv6 address";
        return authority.len > 0 ? read_port(slice_from(authority, 1), url) : NULL;
    }
    struct slice port;

    if (slice_cut(authority, ':', &url->host, &port)) {
        const char *wrong = read_port(port, url);

        if (wrong != NULL)
            return wrong;
    }
    return host_is_name(url->host) ? NULL : "has no valid host";
}

const char *url_read(struct slice text, struct url *url_r)
{
    struct url url = { .whole = text };
    struct slice rest = text;
    struct slice head;
    const char *wrong;

    if (text.len == 0)
        return "is empty";
    if (text.len > URL_MAX)
        return "is longer than 2048 bytes";
    if ((wrong = check_characters(text)) != NULL ||
        (wrong = read_scheme(&rest, &url.scheme)) != NULL)
        return wrong;
    slice_cut(rest, '#', &head, &url.fragment);
    if (slice_has(url.fragment, '#'))
        return "has two fragments";
    rest = head;
    slice_cut(rest, '?', &head, &url.query);
    rest = head;
    if (slice_starts(rest, SL("//"))) {
        rest = slice_from(rest, 2);
        size_t end = slice_find(rest, '/');

        if ((wrong = read_authority(slice_sub(rest, 0, end), &url)) != NULL)
            return wrong;
        rest = slice_from(rest, end);
    } else {
        url.host = SL("");
        if (rest.len == 0)
            return "has nothing behind its scheme";
    }
    if (slice_has(rest, '[') || slice_has(rest, ']'))
        return "has a bracket in its path";
    url.path = rest;
    *url_r = url;
    return NULL;
}

const char *url_read_http(struct slice text, struct url *url_r)
{
    const char *wrong = url_read(text, url_r);

    if (wrong != NULL)
        return wrong;
    if (!slice_is_nocase(url_r->scheme, "https") && !slice_is_nocase(url_r->scheme, "http"))
        return "is neither http nor https";
    return url_r->host.len > 0 ? NULL : "has no host";
}

bool url_host_is_loopback(const struct url *url)
{
    char text[16];
    unsigned char bytes[4];

    if (url->host_is_ipv6)
        return slice_is(url->host, "::1");
    if (slice_is_nocase(url->host, "localhost"))
        return true;
    if (url->host.len > 10 &&
        slice_is_nocase(slice_from(url->host, url->host.len - 10), ".localhost"))
        return true;
    if (url->host.len >= sizeof(text))
        return false;
    memcpy(text, url->host.at, url->host.len);
    text[url->host.len] = '\0';
    return inet_pton(AF_INET, text, bytes) == 1 && bytes[0] == 127;
}

bool url_is_safe(const struct url *url)
{
    return slice_is_nocase(url->scheme, "https") ||
           (slice_is_nocase(url->scheme, "http") && url_host_is_loopback(url));
}

uint16_t url_port(const struct url *url)
{
    if (url->port != 0)
        return url->port;
    return slice_is_nocase(url->scheme, "https") ? 443 : 80;
}

struct slice url_origin(struct arena *arena, const struct url *url)
{
    bool is_default =
        url->port == 0 || url->port == (slice_is_nocase(url->scheme, "https") ? 443 : 80);
    struct slice origin = arena_printf(arena, url->host_is_ipv6 ? "%.*s://[%.*s]" : "%.*s://%.*s",
                                       SLICE_ARG(url->scheme), SLICE_ARG(url->host));

    for (size_t i = 0; i < origin.len; i++) {
        char c = origin.at[i];

        if (c >= 'A' && c <= 'Z')
            ((char *)(uintptr_t)origin.at)[i] = (char)(c - 'A' + 'a');
    }
    return is_default ? origin : arena_printf(arena, "%.*s:%u", SLICE_ARG(origin), url->port);
}

struct slice url_below(struct arena *arena, struct slice base, const char *path)
{
    while (base.len > 0 && base.at[base.len - 1] == '/')
        base.len--;
    return arena_concat(arena, base, path[0] == '/' ? SL("") : SL("/"), slice_of(path));
}

bool url_is_local_path(struct slice text)
{
    struct arena arena = { 0 };
    struct slice decoded;

    /* Browsers take "/\", "//" and their escaped forms behind a redirect for another host. */
    bool good = text.len > 0 && text.len <= URL_MAX && text.at[0] == '/' &&
                check_characters(text) == NULL && percent_decode(&arena, text, false, &decoded) &&
                !slice_starts(text, SL("//")) && !slice_starts(decoded, SL("//")) &&
                !slice_has(decoded, '\\') && utf8_is_text(decoded);

    arena_release(&arena);
    return good;
}
