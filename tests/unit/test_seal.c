#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/map.h"
#include "base/memory.h"
#include "crypto/seal.h"
#include "vectors.h"

#include <openssl/err.h>
#include <sys/wait.h>

static const struct slice secrets[] = {
    SLICE("the first secret, of forty-two characters!"),
    SLICE("the second secret is as long as it needs be"),
};
static const struct slice context = SLICE("session:1");

static struct key_ring *ring;

static int make_ring(void **state)
{
    (void)state;
    ring = key_ring_new(secrets, 2, "store");
    return 0;
}

static int free_ring(void **state)
{
    (void)state;
    key_ring_free(ring);
    return 0;
}

static bool opens(const struct key_ring *keys, struct slice sealed)
{
    struct slice plain = slice_none();
    bool opened = seal_open(keys, &arena, context, sealed, &plain);

    assert_int_equal(opened, slice_is_set(plain)); /* untouched when refused */
    assert_int_equal(ERR_peek_error(), 0);         /* TLS would stumble over it */
    return opened;
}

static void test_what_was_sealed_opens(void **state)
{
    struct slice plain;
    char big[100000];

    (void)state;
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (char)(i * 7);
    for (size_t len = 0; len <= sizeof(big); len = len * 3 + 1) {
        struct slice sealed = seal(ring, &arena, context, slice_make(big, len));

        assert_int_equal(sealed.len, len + SEAL_OVERHEAD);
        assert_true(seal_open(ring, &arena, context, sealed, &plain));
        assert_int_equal(plain.len, len);
        assert_memory_equal(plain.at, big, len);
        assert_int_equal(plain.at[len], '\0');
    }
}

static void test_an_absent_plain_text_is_an_empty_one(void **state)
{
    struct slice plain = slice_none();

    (void)state;
    assert_true(
        seal_open(ring, &arena, SL(""), seal(ring, &arena, slice_none(), slice_none()), &plain));
    assert_true(slice_is_set(plain));
    assert_int_equal(plain.len, 0);
}

static void test_the_text_form_is_base64url_of_the_same(void **state)
{
    struct slice text = seal_text(ring, &arena, context, SL("hello"));
    struct slice plain;

    (void)state;
    assert_true(seal_open_text(ring, &arena, context, text, &plain));
    assert_slice(plain, "hello");
    assert_true(opens(ring, from_base64url(arena_string(&arena, text))));
    assert_false(seal_open_text(ring, &arena, context, SL("not+base64url/"), &plain));
    assert_false(seal_open_text(ring, &arena, context, arena_join(&arena, text, SL("=")), &plain));
    assert_false(seal_open_text(ring, &arena, context, SL(""), &plain));
}

static void test_version_key_name_and_nonce_stand_in_front(void **state)
{
    struct slice one = seal(ring, &arena, context, SL("hello"));
    struct slice two = seal(ring, &arena, context, SL("hello"));

    (void)state;
    assert_int_equal(one.at[0], 1);
    assert_memory_equal(one.at, two.at, 5);
    assert_memory_not_equal(one.at + 5, two.at + 5, 12);
    assert_memory_not_equal(one.at + 17, two.at + 17, 5);
    assert_int_equal(slice_find_text(one, SL("hello")), one.len);
}

static void test_every_flipped_bit_is_refused(void **state)
{
    struct slice sealed = seal(ring, &arena, context, SL("a few bytes"));
    char *bytes = arena_string(&arena, sealed);

    (void)state;
    for (size_t bit = 0; bit < sealed.len * 8; bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        assert_false(opens(ring, slice_make(bytes, sealed.len)));
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
    assert_true(opens(ring, slice_make(bytes, sealed.len)));
}

static void test_every_other_length_is_refused(void **state)
{
    struct slice sealed = seal(ring, &arena, context, SL("a few bytes"));

    (void)state;
    for (size_t len = 0; len < sealed.len; len++) {
        assert_false(opens(ring, slice_sub(sealed, 0, len)));
        assert_false(opens(ring, slice_from(sealed, sealed.len - len)));
    }
    assert_false(opens(ring, arena_join(&arena, sealed, SL("\0"))));
    assert_false(opens(ring, slice_none()));
}

static void test_another_context_does_not_open(void **state)
{
    struct slice sealed = seal(ring, &arena, context, SL("hello"));
    struct slice plain;

    (void)state;
    assert_false(seal_open(ring, &arena, SL("session:2"), sealed, &plain));
    assert_false(seal_open(ring, &arena, SL("session:1\0"), sealed, &plain));
    assert_false(seal_open(ring, &arena, SL(""), sealed, &plain));
    assert_true(seal_open(ring, &arena, context, sealed, &plain));
}

static void test_another_ring_does_not_open(void **state)
{
    struct slice sealed = seal(ring, &arena, context, SL("hello"));
    struct key_ring *purpose = key_ring_new(secrets, 2, "cookie");
    struct key_ring *second = key_ring_new(secrets + 1, 1, "store");
    struct key_ring *none = key_ring_new(NULL, 0, "store");

    (void)state;
    assert_false(opens(purpose, sealed));
    assert_false(opens(second, sealed));
    assert_false(opens(none, sealed));
    key_ring_free(purpose);
    key_ring_free(second);
    key_ring_free(none);
    key_ring_free(NULL);
}

static void test_an_older_key_still_opens_and_is_known_as_old(void **state)
{
    struct key_ring *before = key_ring_new(secrets + 1, 1, "store");
    struct slice old = seal(before, &arena, context, SL("hello"));
    struct slice fresh = seal(ring, &arena, context, SL("hello"));

    (void)state;
    assert_true(opens(ring, old));
    assert_true(seal_is_old(ring, old));
    assert_false(seal_is_old(ring, fresh));
    assert_false(seal_is_old(before, old));
    assert_false(seal_is_old(before, fresh)); /* not of this ring: neither old nor new */
    assert_false(seal_is_old(ring, SL("")));
    key_ring_free(before);
}

/* X05: the name of another key of the ring is not "tried without". */
static void test_the_name_of_another_key_of_the_ring_is_refused(void **state)
{
    struct key_ring *before = key_ring_new(secrets + 1, 1, "store");
    struct slice old = seal(before, &arena, context, SL("hello"));
    char *bytes = arena_string(&arena, seal(ring, &arena, context, SL("hello")));

    (void)state;
    memcpy(bytes + 1, old.at + 1, 4);
    assert_false(opens(ring, slice_make(bytes, old.len)));
    memset(bytes + 1, 0, 4);
    assert_false(opens(ring, slice_make(bytes, old.len)));
    key_ring_free(before);
}

/* Looks at all that a fresh arena has handed out, and at the gaps that a sanitizer guards. */
__attribute__((no_sanitize("address"))) static bool arena_has(const struct arena *own,
                                                              const char *from, const char *text)
{
    size_t len = strlen(text);

    for (const char *at = from; at + len <= own->at; at++) {
        size_t same = 0;

        while (same < len && at[same] == text[same])
            same++;
        if (same == len)
            return true;
    }
    return false;
}

static void test_a_refused_text_leaves_nothing_in_the_arena(void **state)
{
    static const char marker[] = "canary-0123456789-canary-0123456789";
    struct arena own = { 0 };
    struct slice plain;
    struct slice sealed = seal(ring, &arena, context, slice_of(marker));
    char *bytes = arena_string(&arena, sealed);

    (void)state;
    const char *first = arena_alloc(&own, 16);

    bytes[sealed.len - 1] ^= 1;
    assert_false(seal_open(ring, &own, context, slice_make(bytes, sealed.len), &plain));
    assert_false(arena_has(&own, first, "canary"));
    assert_true(seal_open(ring, &own, context, sealed, &plain));
    assert_true(arena_has(&own, first, "canary"));
    arena_release(&own);
}

static void test_a_hundred_thousand_seals_repeat_no_nonce(void **state)
{
    enum {
        SEALS = 100000
    };
    struct map seen = { 0 };
    char *nonces = mem_alloc((size_t)SEALS * 12);

    (void)state;
    for (size_t i = 0; i < SEALS; i++) {
        struct arena own = { 0 };

        memcpy(nonces + i * 12, seal(ring, &own, context, SL("the same")).at + 5, 12);
        assert_null(map_set(&seen, slice_make(nonces + i * 12, 12), ring));
        arena_release(&own);
    }
    assert_int_equal(seen.count, SEALS);
    map_release(&seen);
    mem_free(nonces);
}

/* The ring works on in a forked worker, and its nonces are not its parent's. */
static void test_a_child_seals_under_other_nonces(void **state)
{
    char there[64];
    int pipes[2];
    int status = -1;

    (void)state;
    seal(ring, &arena, context, SL("hello")); /* so that there is a block of random bytes */
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();

    if (child == 0) {
        struct slice sealed = seal(ring, &arena, context, SL("hello"));

        _exit(write(pipes[1], sealed.at, sealed.len) == (ssize_t)sealed.len ? 0 : 1);
    }
    ssize_t got = read(pipes[0], there, sizeof(there));
    struct slice here = seal(ring, &arena, context, SL("hello"));

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(got, here.len);
    assert_memory_not_equal(there + 5, here.at + 5, 12);
    assert_true(opens(ring, slice_make(there, (size_t)got)));
    close(pipes[0]);
    close(pipes[1]);
}

/*
 * Sealed by another implementation: python3-cryptography's HKDF and AESGCM, with the layout as
 * seal.h has it. So the format cannot change unnoticed, and the derivation is what it says.
 */
static void test_a_text_sealed_by_another_implementation_opens(void **state)
{
    struct slice plain;

    (void)state;
    assert_true(seal_open_text(
        ring, &arena, context,
        SL("AVkqAK8AAQIDBAUGBwgJCgs_JMcpnpIRLGNlLB1srICL5lNPeikX-WOXCq0Ev96DFw"), &plain));
    assert_slice(plain, "sealed elsewhere");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_was_sealed_opens),
        TEST(test_an_absent_plain_text_is_an_empty_one),
        TEST(test_the_text_form_is_base64url_of_the_same),
        TEST(test_version_key_name_and_nonce_stand_in_front),
        TEST(test_every_flipped_bit_is_refused),
        TEST(test_every_other_length_is_refused),
        TEST(test_another_context_does_not_open),
        TEST(test_another_ring_does_not_open),
        TEST(test_an_older_key_still_opens_and_is_known_as_old),
        TEST(test_the_name_of_another_key_of_the_ring_is_refused),
        TEST(test_a_refused_text_leaves_nothing_in_the_arena),
        TEST(test_a_hundred_thousand_seals_repeat_no_nonce),
        TEST(test_a_child_seals_under_other_nonces),
        TEST(test_a_text_sealed_by_another_implementation_opens),
    };

    return cmocka_run_group_tests(tests, make_ring, free_ring);
}
