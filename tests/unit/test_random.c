#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "base/map.h"
#include "base/random.h"

#include <sys/wait.h>

static void test_a_million_bytes_have_every_value_about_equally_often(void **state)
{
    static unsigned char bytes[1000000];
    unsigned counts[256] = { 0 };

    (void)state;
    random_bytes(bytes, sizeof(bytes)); /* more than a block: straight from the kernel */
    for (size_t i = 0; i < sizeof(bytes); i++)
        counts[bytes[i]]++;
    for (size_t i = 0; i < 256; i++)
        assert_in_range(counts[i], 3500, 4320); /* 3906 expected, 6 deviations either way */
}

static void test_small_draws_do_not_repeat(void **state)
{
    enum {
        DRAWS = 20000
    };
    static uint64_t drawn[DRAWS];
    struct map seen = { 0 };

    (void)state;
    for (size_t i = 0; i < DRAWS; i++) {
        drawn[i] = random_u64();
        assert_null(map_set(&seen, slice_make((const char *)&drawn[i], 8), drawn));
    }
    map_release(&seen);
}

static void test_draws_of_every_length_across_the_end_of_a_block(void **state)
{
    unsigned char bytes[1100];

    (void)state;
    for (size_t len = 1; len < sizeof(bytes); len += 37) {
        memset(bytes, 0, sizeof(bytes));
        random_bytes(bytes, len);
        for (size_t i = len; i < sizeof(bytes); i++)
            assert_int_equal(bytes[i], 0);
        if (len > 16)
            assert_memory_not_equal(bytes, bytes + sizeof(bytes) - 16, 16);
    }
    random_bytes(bytes, 0);
}

static void test_a_token_is_base64url_of_so_many_bytes(void **state)
{
    struct slice token = random_token(&arena, 32);
    struct slice bytes;

    (void)state;
    assert_int_equal(token.len, 43);
    assert_true(base64url_decode(&arena, token, &bytes));
    assert_int_equal(bytes.len, 32);
    assert_false(slice_equal(token, random_token(&arena, 32)));
    assert_int_equal(random_token(&arena, 64).len, 86);
}

static void draw_in_child(int fd)
{
    unsigned char bytes[32];

    random_bytes(bytes, sizeof(bytes));
    _exit(write(fd, bytes, sizeof(bytes)) == sizeof(bytes) ? 0 : 1);
}

/* Two children and their parent, all with a block that was half used before the fork. */
static void test_forks_do_not_repeat(void **state)
{
    unsigned char drawn[3][32];
    int pipes[2];

    (void)state;
    random_u64();
    assert_int_equal(pipe(pipes), 0);
    for (size_t i = 0; i < 2; i++) {
        int status = -1;
        pid_t child = fork();

        if (child == 0)
            draw_in_child(pipes[1]);
        assert_int_equal(read(pipes[0], drawn[i], 32), 32);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    random_bytes(drawn[2], 32);
    assert_memory_not_equal(drawn[0], drawn[1], 32);
    assert_memory_not_equal(drawn[0], drawn[2], 32);
    assert_memory_not_equal(drawn[1], drawn[2], 32);
    close(pipes[0]);
    close(pipes[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_million_bytes_have_every_value_about_equally_often),
        TEST(test_small_draws_do_not_repeat),
        TEST(test_draws_of_every_length_across_the_end_of_a_block),
        TEST(test_a_token_is_base64url_of_so_many_bytes),
        TEST(test_forks_do_not_repeat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
