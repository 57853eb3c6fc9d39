#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "base/arena.h"
#include "base/memory.h"

static void test_pieces_are_aligned_and_apart(void **state)
{
    char *before = NULL;

    (void)state;
    for (size_t size = 0; size < 200; size++) {
        char *piece = arena_alloc(&arena, size);

        assert_non_null(piece);
        assert_int_equal((uintptr_t)piece % 16, 0);
        assert_true(piece != before);
        memset(piece, 0xee, size); /* NOLINT(clang-analyzer-core.NonNullParamChecker): asserted */
        before = piece;
    }
}

static void test_no_bytes_of_an_empty_arena_are_a_piece_too(void **state)
{
    struct arena own = { 0 };
    void *first = arena_alloc(&own, 0);

    (void)state;
    assert_non_null(first);
    assert_non_null(arena_zalloc(&own, 0));
    assert_ptr_not_equal(first, arena_alloc(&own, 0));
    arena_release(&own);
}

static void test_a_piece_larger_than_a_chunk_gets_its_own(void **state)
{
    char *big = arena_alloc(&arena, 1000000);
    char *little = arena_alloc(&arena, 16);

    (void)state;
    memset(big, 1, 1000000);
    memset(little, 2, 16);
    assert_int_equal(big[999999], 1);
    assert_true(arena_size(&arena) >= 1000016);
}

static void test_copies_end_in_nul_and_absent_stays_absent(void **state)
{
    struct slice copy = arena_copy(&arena, SL("a\0b"));

    (void)state;
    assert_int_equal(copy.len, 3);
    assert_memory_equal(copy.at, "a\0b", 4);
    assert_false(slice_is_set(arena_copy(&arena, slice_none())));
    assert_true(slice_is_set(arena_copy(&arena, SL(""))));
    assert_string_equal(arena_string(&arena, slice_none()), "");
    assert_string_equal(arena_string(&arena, SL("abc")), "abc");
}

static void test_formatted_and_joined_texts(void **state)
{
    (void)state;
    assert_slice(arena_printf(&arena, "%s-%d-%.*s", "a", 7, SLICE_ARG(SL("bcd"))), "a-7-bcd");
    assert_slice(arena_printf(&arena, "%s", ""), "");
    assert_slice(arena_join(&arena, SL("ab"), SL("cd")), "abcd");
    assert_slice(arena_join(&arena, slice_none(), SL("cd")), "cd");
    assert_slice(arena_join(&arena, slice_none(), slice_none()), "");
    assert_slice(arena_concat(&arena, SL("ab"), slice_none(), SL(""), SL(":"), SL("c")), "ab:c");
    assert_int_equal(arena_concat(&arena, SL("ab"), SL("c")).at[3], '\0');
}

static void test_a_released_arena_is_empty_and_usable(void **state)
{
    struct arena own = { 0 };

    (void)state;
    arena_release(&own);
    for (int round = 0; round < 3; round++) {
        memset(arena_alloc(&own, 20000), round, 20000);
        arena_release(&own);
        assert_null(own.chunks);
        assert_int_equal(arena_size(&own), 0);
    }
}

/* What the next arena gets from the cache must hold nothing of the last one. */
static void test_released_memory_is_wiped(void **state)
{
    struct arena own = { 0 };

    (void)state;
    arena_cache_release();
    for (int i = 0; i < 6; i++) /* three chunks, and something in the middle of each */
        memset(arena_alloc(&own, 3000), 0x5a, 3000);
    arena_release(&own);
    for (int i = 0; i < 6; i++) {
        unsigned char *piece = arena_alloc(&own, 3000);

        for (size_t at = 0; at < 3000; at++)
            assert_int_not_equal(piece[at], 0x5a);
    }
    arena_release(&own);
    arena_cache_release();
}

/* A text is formatted where it might fit; when it does not, it must not stay there either. */
static void test_a_text_that_moves_to_another_chunk_is_wiped_in_the_first(void **state)
{
    struct arena own = { 0 };
    char text[601] = "";

    (void)state;
    arena_cache_release();
    memset(text, 0x5a, sizeof(text) - 1);
    arena_alloc(&own, 8000); /* a chunk has 8160 */
    assert_slice(arena_printf(&own, "%s", text), text);
    arena_release(&own);
    for (int i = 0; i < 2; i++) {
        unsigned char *piece = arena_alloc(&own, 8144);

        for (size_t at = 0; at < 8144; at++)
            assert_int_not_equal(piece[at], 0x5a);
    }
    arena_release(&own);
    arena_cache_release();
}

static void test_texts_of_every_length_up_to_the_end_of_a_chunk(void **state)
{
    struct arena own = { 0 };

    (void)state;
    for (int len = 0; len < 200; len++) {
        arena_alloc(&own, 8040);
        struct slice text = arena_printf(&own, "%*s", len, "");

        assert_int_equal(text.len, len);
        assert_int_equal(strlen(text.at), len);
        arena_release(&own);
    }
}

static void test_an_arena_may_live_in_itself(void **state)
{
    struct arena outside = { 0 };
    struct arena *inside = arena_new(&outside, struct arena);

    (void)state;
    *inside = outside;
    memset(arena_alloc(inside, 30000), 1, 30000);
    arena_release(inside);
}

static void test_zeroed_pieces_are_zero_in_reused_chunks(void **state)
{
    struct arena own = { 0 };

    (void)state;
    for (int round = 0; round < 2; round++) {
        unsigned char *piece = arena_zalloc(&own, 5000);

        for (size_t i = 0; i < 5000; i++)
            assert_int_equal(piece[i], 0);
        memset(piece, 0xff, 5000);
        arena_release(&own);
    }
}

static void test_locked_pages_are_zero_and_writable(void **state)
{
    unsigned char *pages = mem_locked_alloc(5000);

    (void)state;
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(pages[i], 0);
    memset(pages, 0xff, 5000);
    mem_locked_free(pages, 5000);
    mem_locked_free(NULL, 5000);
}

/* "dd" (do not dump) among the flags of the mapping; RLIMIT_MEMLOCK decides about "lo". */
static void test_locked_pages_are_left_out_of_core_dumps(void **state)
{
    void *pages = mem_locked_alloc(100);
    FILE *maps = fopen("/proc/self/smaps", "re");
    char line[512];
    char start[32];
    bool ours = false;
    bool excluded = false;

    (void)state;
    assert_non_null(maps);
    snprintf(start, sizeof(start), "%lx-", (unsigned long)(uintptr_t)pages);
    while (fgets(line, sizeof(line), maps) != NULL) {
        if (strncmp(line, "VmFlags:", 8) == 0)
            excluded |= ours && strstr(line, " dd") != NULL;
        else if (strchr(line, '-') != NULL && strchr(line, ':') > strchr(line, '-'))
            ours = strncmp(line, start, strlen(start)) == 0;
    }
    fclose(maps);
    assert_true(excluded);
    mem_locked_free(pages, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pieces_are_aligned_and_apart),
        TEST(test_no_bytes_of_an_empty_arena_are_a_piece_too),
        TEST(test_a_piece_larger_than_a_chunk_gets_its_own),
        TEST(test_copies_end_in_nul_and_absent_stays_absent),
        TEST(test_formatted_and_joined_texts),
        TEST(test_a_released_arena_is_empty_and_usable),
        TEST(test_released_memory_is_wiped),
        TEST(test_a_text_that_moves_to_another_chunk_is_wiped_in_the_first),
        TEST(test_texts_of_every_length_up_to_the_end_of_a_chunk),
        TEST(test_an_arena_may_live_in_itself),
        TEST(test_zeroed_pieces_are_zero_in_reused_chunks),
        TEST(test_locked_pages_are_zero_and_writable),
        TEST(test_locked_pages_are_left_out_of_core_dumps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
