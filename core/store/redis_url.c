#include "store/redis_url.h"

#include "base/codec.h"
#include "base/params.h"
#include "base/url.h"

#include <sys/un.h>

static const char *read_database(struct slice text, struct redis_address *address)
{
    uint64_t number;

    if (!slice_to_u64(text, REDIS_DATABASE_MAX, &number))
        return "the store's URL has no valid database number";
    address->database = (unsigned)number;
    return NULL;
}

/* user:password, :password or user:, each percent-encoded. */
static const char *read_userinfo(struct arena *arena, struct slice text,
                                 struct redis_address *address)
{
    struct slice user;
    struct slice password;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if (c <= ' ' || c >= 0x7f)
            return "the store's URL has a character in user or password that must be escaped";
    }
    if (!slice_cut(text, ':', &user, &password) || password.len == 0)
        return "the store's URL has a user but no password";
    if (!percent_decode(arena, password, false, &address->password) ||
        (user.len > 0 && !percent_decode(arena, user, false, &address->user)))
        return "the store's URL has a broken percent escape in user or password";
    return NULL;
}

/* The URL without its userinfo, so that the one strict reader of URLs reads the rest. */
static const char *cut_userinfo(struct arena *arena, struct slice text, struct slice *rest_r,
                                struct redis_address *address)
{
    size_t begin = slice_find_text(text, SL("://")) + 3;
    struct slice rest = slice_from(text, begin);
    size_t end = 0;
    size_t at = 0;
    bool found = false;

    while (end < rest.len && strchr("/?#", rest.at[end]) == NULL) {
        if (rest.at[end] == '@') {
            at = end;
            found = true;
        }
        end++;
    }
    *rest_r = text;
    if (!found)
        return NULL;
    *rest_r = arena_join(arena, slice_sub(text, 0, begin), slice_from(rest, at + 1));
    return read_userinfo(arena, slice_sub(rest, 0, at), address);
}

static const char *read_network(struct arena *arena, struct slice text,
                                struct redis_address *address)
{
    struct url url;
    struct slice rest;
    const char *why;

    if (text.len > URL_MAX || slice_has(text, '\0'))
        return "the store's URL is too long, or has a NUL in it";
    if ((why = cut_userinfo(arena, text, &rest, address)) != NULL)
        return why;
    if ((why = url_read(rest, &url)) != NULL)
        return arena_printf(arena, "the store's URL %s", why).at;
    if (url.host.len == 0)
        return "the store's URL has no host; it begins with redis:// or rediss://";
    if (slice_is_set(url.query) || slice_is_set(url.fragment))
        return "the store's URL has something behind its database number";
    address->tls = slice_is_nocase(url.scheme, "rediss");
    address->place = arena_string(arena, url.host);
    address->port = url.port != 0 ? url.port : REDIS_PORT;
    address->name = arena_printf(arena, url.host_is_ipv6 ? "redis [%s]:%u" : "redis %s:%u",
                                 address->place, (unsigned)address->port)
                        .at;
    return url.path.len > 1 ? read_database(slice_from(url.path, 1), address) : NULL;
}

static const char *read_unix(struct arena *arena, struct slice text, struct redis_address *address)
{
    static const char *const known[] = { "db", "user", "password" };
    struct slice path;
    struct slice query;
    struct params params = { 0 };
    size_t expected = 0;

    slice_cut(slice_from(text, slice_find(text, ':') + 1), '?', &path, &query);
    if (path.len == 0 || path.len >= sizeof(((struct sockaddr_un *)0)->sun_path) ||
        slice_has(path, '\0'))
        return "the store's URL has no path, or too long a one, behind redis+unix:";
    if (params_read(arena, query, &params) != NULL)
        return "the store's URL has a broken query";
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        expected += slice_is_set(params_get(&params, known[i]));
    if (expected != params.count)
        return "the store's URL knows db, user and password in its query, each once";
    address->is_unix = true;
    address->place = arena_string(arena, path);
    address->name = arena_printf(arena, "redis %s", address->place).at;
    address->user = params_get(&params, "user");
    address->password = params_get(&params, "password");
    if (slice_is_set(address->user) && !slice_is_set(address->password))
        return "the store's URL has a user but no password";
    query = params_get(&params, "db");
    return slice_is_set(query) ? read_database(query, address) : NULL;
}

const char *redis_url_read(struct arena *arena, struct slice text, struct redis_address *address_r)
{
    *address_r = (struct redis_address){ 0 };
    if (slice_is_nocase(slice_sub(text, 0, slice_find(text, ':')), "redis+unix"))
        return read_unix(arena, text, address_r);
    return read_network(arena, text, address_r);
}
