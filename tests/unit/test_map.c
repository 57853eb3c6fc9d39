#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "base/map.h"

static int values[5000];

static struct slice name_of(size_t i)
{
    return arena_printf(&arena, "name %zu", i);
}

static void test_an_empty_map_has_nothing(void **state)
{
    struct map map = { 0 };
    size_t position = 0;
    struct slice name;
    void *value;

    (void)state;
    assert_null(map_get(&map, SL("a")));
    assert_null(map_remove(&map, SL("a")));
    assert_false(map_each (&map, &position, &name, &value));
    map_release(&map);
}

static void test_what_was_set_is_found_by_every_byte_of_its_name(void **state)
{
    struct map map = { 0 };

    (void)state;
    assert_null(map_set(&map, SL("a\0b"), &values[1]));
    assert_null(map_set(&map, SL("a"), &values[2]));
    assert_null(map_set(&map, SL("A"), &values[3]));
    assert_ptr_equal(map_get(&map, SL("a\0b")), &values[1]);
    assert_ptr_equal(map_get(&map, SL("a")), &values[2]);
    assert_null(map_get(&map, SL("a\0")));
    assert_int_equal(map.count, 3);
    map_release(&map);
}

static void test_setting_again_returns_the_old_value(void **state)
{
    struct map map = { 0 };

    (void)state;
    map_set(&map, SL("a"), &values[1]);
    assert_ptr_equal(map_set(&map, SL("a"), &values[2]), &values[1]);
    assert_ptr_equal(map_get(&map, SL("a")), &values[2]);
    assert_int_equal(map.count, 1);
    map_release(&map);
}

static void test_the_absent_name_is_the_empty_one(void **state)
{
    struct map map = { 0 };

    (void)state;
    assert_null(map_set(&map, slice_none(), &values[1]));
    assert_ptr_equal(map_set(&map, slice_none(), &values[2]), &values[1]);
    assert_ptr_equal(map_get(&map, SL("")), &values[2]);
    assert_ptr_equal(map_set(&map, SL(""), &values[3]), &values[2]);
    assert_int_equal(map.count, 1);
    assert_ptr_equal(map_remove(&map, slice_none()), &values[3]);
    assert_null(map_get(&map, slice_none()));
    assert_int_equal(map.count, 0);
    map_release(&map);
}

static void test_thousands_of_names_come_and_go(void **state)
{
    struct map map = { 0 };

    (void)state;
    for (size_t i = 0; i < 5000; i++)
        assert_null(map_set(&map, name_of(i), &values[i]));
    for (size_t i = 0; i < 5000; i += 2)
        assert_ptr_equal(map_remove(&map, name_of(i)), &values[i]);
    assert_int_equal(map.count, 2500);
    for (size_t i = 0; i < 5000; i++)
        assert_ptr_equal(map_get(&map, name_of(i)), i % 2 == 0 ? NULL : &values[i]);
    for (size_t i = 0; i < 5000; i += 2)
        assert_null(map_set(&map, name_of(i), &values[i]));
    for (size_t i = 0; i < 5000; i++)
        assert_ptr_equal(map_get(&map, name_of(i)), &values[i]);
    map_release(&map);
}

/* Removed places must not fill the table: that would make a search endless. */
static void test_a_few_names_that_change_for_ever_need_little_room(void **state)
{
    struct map map = { 0 };

    (void)state;
    for (size_t i = 0; i < 100000; i++) {
        char name[32];

        snprintf(name, sizeof(name), "name %zu", i);
        map_set(&map, slice_of(name), &values[0]);
        map_remove(&map, slice_of(name));
        assert_null(map_get(&map, SL("never set")));
    }
    assert_int_equal(map.count, 0);
    assert_true(map.capacity <= 64);
    map_release(&map);
}

static void test_each_living_name_is_visited_once(void **state)
{
    struct map map = { 0 };
    int seen[100] = { 0 };
    size_t count = 0;
    struct slice name;
    void *value;

    (void)state;
    for (size_t i = 0; i < 100; i++)
        map_set(&map, name_of(i), &values[i]);
    for (size_t i = 0; i < 100; i += 3)
        map_remove(&map, name_of(i));
    for (size_t i = 0; map_each (&map, &i, &name, &value); count++) {
        seen[(int *)value - values]++;
        assert_true(slice_equal(name, name_of((size_t)((int *)value - values))));
    }
    assert_int_equal(count, 66);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(seen[i], i % 3 != 0);
    map_release(&map);
}

static void test_the_hash_depends_on_every_byte_and_the_length(void **state)
{
    char text[40] = { 0 };
    uint64_t whole;

    (void)state;
    for (size_t len = 0; len < sizeof(text); len++) {
        whole = map_hash(slice_make(text, len));
        assert_true(whole == map_hash(slice_make(text, len)));
        assert_true(whole != map_hash(slice_make(text, len + 1)));
        for (size_t i = 0; i < len; i++) {
            text[i] = 1;
            assert_true(whole != map_hash(slice_make(text, len)));
            text[i] = 0;
        }
    }
}

/* The key is drawn at start-up: what collides in one process does not in the next. */
static void test_another_process_hashes_otherwise(void **state)
{
    char buffer[64] = "";
    char here[64];
    FILE *other;

    (void)state;
    snprintf(here, sizeof(here), "%016llx", (unsigned long long)map_hash(SL("x")));
    char path[512];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 10);

    assert_true(len > 0);
    memcpy(path + len, " hash", 6);
    other = popen(path, "re");
    assert_non_null(other);
    assert_non_null(fgets(buffer, sizeof(buffer), other));
    assert_int_equal(pclose(other), 0);
    assert_int_equal(strlen(buffer), 16);
    assert_string_not_equal(buffer, here);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_empty_map_has_nothing),
        TEST(test_what_was_set_is_found_by_every_byte_of_its_name),
        TEST(test_setting_again_returns_the_old_value),
        TEST(test_the_absent_name_is_the_empty_one),
        TEST(test_thousands_of_names_come_and_go),
        TEST(test_a_few_names_that_change_for_ever_need_little_room),
        TEST(test_each_living_name_is_visited_once),
        TEST(test_the_hash_depends_on_every_byte_and_the_length),
        TEST(test_another_process_hashes_otherwise),
    };

    if (argc > 1 && strcmp(argv[1], "hash") == 0) {
        printf("%016llx", (unsigned long long)map_hash(SL("x")));
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
