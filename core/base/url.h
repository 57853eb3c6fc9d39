/*
 * URLs, read strictly (RFC 3986 without its tolerance) and never by regular expression.
 *
 * One reader for what operators write and for what strangers send: a URL with a control character,
 * a space, a backslash, userinfo, an empty host, a bad port or a broken percent escape is no URL at
 * all.
 */
#ifndef CARDEA_BASE_URL_H
#define CARDEA_BASE_URL_H

#include "base/arena.h"

struct url {
    struct slice whole;
    struct slice scheme; /* as written */
    struct slice host;   /* as written; an IPv6 literal without its brackets */
    bool host_is_ipv6;
    uint16_t port;         /* 0: not written */
    struct slice path;     /* may be empty */
    struct slice query;    /* absent when there is no '?' */
    struct slice fragment; /* absent when there is no '#' */
};

enum {
    URL_MAX = 2048
};

/*
 * Reads an absolute URL. NULL when it is good, else a static sentence. Without "//" behind the
 * scheme
 * (`com.example:/callback`) host is empty: only redirect addresses of native apps may be so, and
 * callers who want a host ask for one with url_read_http().
 */
const char *url_read(struct slice text, struct url *url_r);

/* The same for http and https, with a host. */
const char *url_read_http(struct slice text, struct url *url_r);

/* https, or http to a loopback host: the rule for everything that carries a token. */
bool url_is_safe(const struct url *url);

/* "localhost", "*.localhost", 127.0.0.0/8 or ::1, as text; nothing is looked up. */
bool url_host_is_loopback(const struct url *url);

/* The port that is meant: as written, else 443 or 80. */
uint16_t url_port(const struct url *url);

/* scheme://host[:port], lower case, no default port. */
struct slice url_origin(struct arena *arena, const struct url *url);

/*
 * `base` with a path under it: exactly one '/' between the two. For issuer + "/oauth2/token".
 */
struct slice url_below(struct arena *arena, struct slice base, const char *path);

/* Is this a path on our own host that a browser cannot take for another one: one leading '/', no
 * second one, no backslash, no control character, and not percent-encoded into any of these? */
bool url_is_local_path(struct slice text);

#endif
