#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

enum {
    PORT_MAX = 65535
};

/* The address as bytes, an IPv4 one in IPv6 clothes (::ffff:a.b.c.d) as the IPv4 one it is. */
struct plain {
    int family; /* AF_INET, AF_INET6; else AF_UNSPEC */
    unsigned char bytes[16];
    uint16_t port;
};

static const unsigned char mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

static const unsigned char loopback[4] = { 127, 0, 0, 1 };

static void unmap(struct plain *plain)
{
    if (plain->family != AF_INET6 || memcmp(plain->bytes, mapped_prefix, 12) != 0)
        return;
    plain->family = AF_INET;
    memmove(plain->bytes, plain->bytes + 12, 4);
}

static struct plain plain_of(const struct address *address)
{
    struct plain plain = { .family = AF_UNSPEC };

    if (address->len == 0)
        return plain;
    if (address->sockaddr.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)&address->sockaddr;

        plain.family = AF_INET;
        plain.port = ntohs(in->sin_port);
        memcpy(plain.bytes, &in->sin_addr, 4);
    } else if (address->sockaddr.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)&address->sockaddr;

        plain.family = AF_INET6;
        plain.port = ntohs(in6->sin6_port);
        memcpy(plain.bytes, &in6->sin6_addr, 16);
        unmap(&plain);
    }
    return plain;
}

static bool read_bytes(struct slice text, struct plain *plain_r)
{
    char name[INET6_ADDRSTRLEN];

    if (text.len == 0 || text.len >= sizeof(name) || slice_has(text, '\0'))
        return false;
    memcpy(name, text.at, text.len);
    name[text.len] = '\0';
    *plain_r = (struct plain){ .family = slice_has(text, ':') ? AF_INET6 : AF_INET };
    return inet_pton(plain_r->family, name, plain_r->bytes) == 1;
}

/* Unlike plain_of() this keeps the family: who listens on ::ffff:a.b.c.d wants an IPv6 socket. */
static void address_set(struct address *address, const struct plain *plain, uint16_t port)
{
    *address = (struct address){ 0 };
    if (plain->family == AF_INET) {
        struct sockaddr_in *in = (void *)&address->sockaddr;

        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        memcpy(&in->sin_addr, plain->bytes, 4);
        address->len = sizeof(*in);
    } else {
        struct sockaddr_in6 *in6 = (void *)&address->sockaddr;

        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(port);
        memcpy(&in6->sin6_addr, plain->bytes, 16);
        address->len = sizeof(*in6);
    }
}

bool address_read_ip(struct slice text, struct address *address_r)
{
    struct plain plain;

    if (!read_bytes(text, &plain))
        return false;
    address_set(address_r, &plain, 0);
    return true;
}

static const char *read_unix(struct slice path, struct address *address_r)
{
    struct address address = { 0 };
    struct sockaddr_un *un = (void *)&address.sockaddr;

    if (path.len == 0 || slice_has(path, '\0'))
        return "has no path behind unix:";
    if (path.len >= sizeof(un->sun_path))
        return "has a path that is too long for a socket";
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path.at, path.len);
    address.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len + 1);
    *address_r = address;
    return NULL;
}

/* "[host]:port" or "host:port" into its two; false when it is neither. */
static bool split_port(struct slice text, struct slice *host_r, struct slice *port_r)
{
    if (text.len > 0 && text.at[0] == '[') {
        size_t end = slice_find(text, ']');

        *host_r = slice_sub(text, 1, end - 1);
        *port_r = slice_from(text, end + 2);
        return end + 1 < text.len && text.at[end + 1] == ':' && slice_has(*host_r, ':');
    }
    return slice_cut(text, ':', host_r, port_r) && !slice_has(*port_r, ':');
}

const char *address_read_listen(struct slice text, struct address *address_r)
{
    struct slice host;
    struct slice digits;
    struct plain plain;
    uint64_t port;

    if (slice_starts(text, SL("unix:")))
        return read_unix(slice_from(text, 5), address_r);
    if (!split_port(text, &host, &digits))
        return "is not host:port, [v6]:port or unix:PATH";
    if (!slice_to_u64(digits, PORT_MAX, &port))
        return "has no valid port";
    if (slice_is_nocase(host, "localhost"))
        host = SL("127.0.0.1");
    if (!read_bytes(host, &plain))
        return "names a host that is neither an IP address nor localhost";
    address_set(address_r, &plain, (uint16_t)port);
    return NULL;
}

static struct slice unix_text(struct arena *arena, const struct address *address)
{
    const struct sockaddr_un *un = (const void *)&address->sockaddr;
    size_t offset = offsetof(struct sockaddr_un, sun_path);
    size_t len = address->len > offset ? strnlen(un->sun_path, address->len - offset) : 0;

    return arena_printf(arena, "unix:%.*s", (int)len, un->sun_path);
}

static bool is_unix(const struct address *address)
{
    return address->len > 0 && address->sockaddr.ss_family == AF_UNIX;
}

/* By hand: inet_ntop() prints, and this is asked for every request. */
static void write_ipv4(const unsigned char bytes[4], char *text)
{
    for (int i = 0; i < 4; i++) {
        if (i > 0)
            *text++ = '.';
        if (bytes[i] >= 100)
            *text++ = (char)('0' + bytes[i] / 100);
        if (bytes[i] >= 10)
            *text++ = (char)('0' + bytes[i] / 10 % 10);
        *text++ = (char)('0' + bytes[i] % 10);
    }
    *text = '\0';
}

struct slice address_host_text(struct arena *arena, const struct address *address)
{
    struct plain plain = plain_of(address);
    char text[INET6_ADDRSTRLEN];

    if (is_unix(address))
        return unix_text(arena, address);
    if (plain.family == AF_UNSPEC)
        return SL("unknown");
    if (plain.family == AF_INET)
        write_ipv4(plain.bytes, text);
    else
        inet_ntop(AF_INET6, plain.bytes, text, sizeof(text));
    return arena_copy(arena, slice_of(text));
}

struct slice address_text(struct arena *arena, const struct address *address)
{
    struct plain plain = plain_of(address);
    struct slice host = address_host_text(arena, address);

    if (plain.family == AF_UNSPEC)
        return host;
    return arena_printf(arena, plain.family == AF_INET6 ? "[%.*s]:%u" : "%.*s:%u", SLICE_ARG(host),
                        plain.port);
}

static bool bits_equal(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned rest = bits % 8;
    unsigned char mask = (unsigned char)(0xff00 >> rest);

    return memcmp(a, b, bits / 8) == 0 && (rest == 0 || ((a[bits / 8] ^ b[bits / 8]) & mask) == 0);
}

static bool bits_are_zero_from(const unsigned char *bytes, unsigned from, unsigned end)
{
    for (unsigned i = from; i < end; i++) {
        if (bytes[i / 8] & 0x80 >> i % 8)
            return false;
    }
    return true;
}

const char *cidr_read(struct slice text, struct cidr *cidr_r)
{
    struct slice host;
    struct slice digits;
    struct plain plain;
    bool has_bits = slice_cut(text, '/', &host, &digits);

    if (!read_bytes(host, &plain))
        return "is not an IP address or a range of them";
    unsigned width = plain.family == AF_INET ? 32 : 128;
    uint64_t bits = width;

    if (has_bits && !slice_to_u64(digits, width, &bits))
        return "has no valid prefix length";
    if (!bits_are_zero_from(plain.bytes, (unsigned)bits, width))
        return "has bits set behind its prefix";
    if (bits >= 96) {
        unmap(&plain);
        bits -= plain.family == AF_INET && width == 128 ? 96 : 0;
    }
    *cidr_r = (struct cidr){ .family = plain.family, .bits = (unsigned)bits };
    memcpy(cidr_r->bytes, plain.bytes, plain.family == AF_INET ? 4 : 16);
    return NULL;
}

bool cidr_contains(const struct cidr *cidr, const struct address *address)
{
    struct plain plain = plain_of(address);

    if (is_unix(address)) {
        plain.family = AF_INET;
        memcpy(plain.bytes, loopback, sizeof(loopback));
    }
    return plain.family == cidr->family && bits_equal(plain.bytes, cidr->bytes, cidr->bits);
}

/* What the IANA registries of special-purpose addresses list (RFC 6890), and multicast. */
static const struct cidr inner_ipv4[] = {
    { AF_INET, { 0 }, 8 },
    { AF_INET, { 10 }, 8 },
    { AF_INET, { 100, 64 }, 10 },
    { AF_INET, { 127 }, 8 },
    { AF_INET, { 169, 254 }, 16 },
    { AF_INET, { 172, 16 }, 12 },
    { AF_INET, { 192, 0, 0 }, 24 },
    { AF_INET, { 192, 0, 2 }, 24 },
    { AF_INET, { 192, 88, 99 }, 24 },
    { AF_INET, { 192, 168 }, 16 },
    { AF_INET, { 198, 18 }, 15 },
    { AF_INET, { 198, 51, 100 }, 24 },
    { AF_INET, { 203, 0, 113 }, 24 },
    { AF_INET, { 224 }, 4 },
    { AF_INET, { 240 }, 4 }, /* with 255.255.255.255 */
};

/* Only 2000::/3 is global unicast, so that is where exceptions must be named. */
static const struct cidr global_ipv6 = { AF_INET6, { 0x20 }, 3 };
static const struct cidr inner_ipv6[] = {
    { AF_INET6, { 0x20, 0x01 }, 23 }, /* Teredo, benchmarks, ORCHID */
    { AF_INET6, { 0x20, 0x01, 0x0d, 0xb8 }, 32 },
    { AF_INET6, { 0x3f, 0xff }, 20 },
};

static const struct cidr nat64 = { AF_INET6, { 0, 0x64, 0xff, 0x9b }, 96 };
static const struct cidr six_to_four = { AF_INET6, { 0x20, 0x02 }, 16 };

static bool any_contains(const struct cidr *cidrs, size_t count, const unsigned char *bytes)
{
    for (size_t i = 0; i < count; i++) {
        if (bits_equal(bytes, cidrs[i].bytes, cidrs[i].bits))
            return true;
    }
    return false;
}

static bool ipv4_is_inner(const unsigned char *bytes)
{
    return any_contains(inner_ipv4, sizeof(inner_ipv4) / sizeof(inner_ipv4[0]), bytes);
}

static bool ipv6_is_inner(const unsigned char *bytes)
{
    if (bits_equal(bytes, nat64.bytes, nat64.bits))
        return ipv4_is_inner(bytes + 12);
    if (bits_equal(bytes, six_to_four.bytes, six_to_four.bits))
        return ipv4_is_inner(bytes + 2);
    return !bits_equal(bytes, global_ipv6.bytes, global_ipv6.bits) ||
           any_contains(inner_ipv6, sizeof(inner_ipv6) / sizeof(inner_ipv6[0]), bytes);
}

bool address_is_inner(const struct address *address)
{
    struct plain plain = plain_of(address);

    if (plain.family == AF_INET)
        return ipv4_is_inner(plain.bytes);
    return plain.family != AF_INET6 || ipv6_is_inner(plain.bytes);
}
