/*
 * A request that nobody sent: a hub of settings and rings without server, store and network, for
 * functions that need no more of a request than its memory, its headers and the configuration.
 * Include after cmocka.h.
 */
#ifndef CARDEA_TESTS_BARE_REQUEST_H
#define CARDEA_TESTS_BARE_REQUEST_H

#include "base/log.h"
#include "hub/request.h"

enum {
    BARE_HEADERS = 8
};

struct bare {
    struct settings settings;
    struct hub hub;
    struct request request;
    struct http_header headers[BARE_HEADERS];
};

static struct bare bare;

/* Set-up of each test. */
__attribute__((unused)) static int bare_begin(void **state)
{
    static const struct slice secret = SLICE("0123456789abcdef0123456789abcdef");

    (void)state;
    memset(&bare, 0, sizeof(bare));
    bare.settings.issuer = SL("https://id.example");
    bare.settings.lifetimes.login = 600 * 1000;
    bare.settings.lifetimes.code = 60 * 1000;
    bare.settings.lifetimes.access_token = 3600 * 1000;
    bare.settings.lifetimes.id_token = 3600 * 1000;
    bare.settings.lifetimes.refresh_token = 86400 * 1000;
    bare.settings.lifetimes.refresh_grace = 10 * 1000;
    bare.hub.settings = &bare.settings;
    bare.hub.secure = true;
    bare.hub.cookies = key_ring_new(&secret, 1, "cookie");
    bare.hub.records = key_ring_new(&secret, 1, "store");
    bare.request.hub = &bare.hub;
    bare.request.exchange.head.headers = bare.headers;
    log_configure(LEVEL_AUDIT, FORMAT_JSON);
    return 0;
}

__attribute__((unused)) static int bare_end(void **state)
{
    (void)state;
    key_ring_free(bare.hub.cookies);
    key_ring_free(bare.hub.records);
    arena_release(&bare.request.flow.arena);
    arena_release(&bare.hub.arena);
    return 0;
}

#define BARE_TEST(function) cmocka_unit_test_setup_teardown(function, bare_begin, bare_end)

/* One more header; its texts live as long as the test. */
__attribute__((unused)) static void bare_header(const char *name, struct slice value)
{
    assert_true(bare.request.exchange.head.header_count < BARE_HEADERS);
    bare.headers[bare.request.exchange.head.header_count++] =
        (struct http_header){ slice_of(name), value };
}

__attribute__((unused)) static void assert_text(struct slice s, const char *expected)
{
    assert_true(slice_is_set(s));
    assert_string_equal(arena_string(request_arena(&bare.request), s), expected);
    assert_int_equal(s.len, strlen(expected));
}

#endif
