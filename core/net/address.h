/*
 * Addresses: where we listen, who may speak for others, and where we may be sent.
 */
#ifndef CARDEA_NET_ADDRESS_H
#define CARDEA_NET_ADDRESS_H

#include "base/arena.h"

#include <sys/socket.h>

struct address {
    struct sockaddr_storage sockaddr;
    socklen_t len; /* 0: none */
};

/* An address range, "10.0.0.0/8", "::1/128" or a single address. */
struct cidr {
    int family;
    unsigned char bytes[16];
    unsigned bits;
};

/*
 * What `listen:` says: "127.0.0.1:8080", "[::1]:8080", "unix:/run/cardea.sock", "localhost:8080"
 * (nothing is looked up: localhost is 127.0.0.1). Port 0 lets the kernel choose. NULL, or a static
 * sentence. "systemd" is not an address and is judged by the caller.
 */
const char *address_read_listen(struct slice text, struct address *address_r);

/* "203.0.113.7:443", "[2001:db8::1]:443", "unix:/path", "unix:" for a nameless peer, "unknown" for
 * none. A mapped IPv4 address (::ffff:a.b.c.d) is written as the IPv4 address it is. */
struct slice address_text(struct arena *arena, const struct address *address);
/* The same without the port: what a rate limit and an audit line name. */
struct slice address_host_text(struct arena *arena, const struct address *address);

/* An IP literal as text, without a port. False when it is none; names are never looked up. */
bool address_read_ip(struct slice text, struct address *address_r);

/* NULL, or a static sentence; bits behind the prefix must be zero. */
const char *cidr_read(struct slice text, struct cidr *cidr_r);
/* An IPv4 address mapped into IPv6 (::ffff:a.b.c.d) counts as the IPv4 address it is. A unix socket
 * counts as 127.0.0.1. */
bool cidr_contains(const struct cidr *cidr, const struct address *address);

/*
 * Is that an address inside: loopback, private, link-local, unique local, unspecified, shared (RFC
 * 6598), benchmark, documentation, multicast, reserved, or an IPv4 one of these dressed as IPv6
 * (mapped, NAT64, 6to4)? What a stranger made us connect to must not be (security.md, group M). A
 * unix socket is inside, and so is no address at all.
 */
bool address_is_inner(const struct address *address);

#endif
