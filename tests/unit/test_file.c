#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "scratch_folder.h"

struct fixture {
    struct arena arena;
    struct scratch_folder folder;
};

static struct fixture it;

static int set_up(void **state)
{
    (void)state;
    it = (struct fixture){ 0 };
    scratch_make(&it.folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&it.arena);
    arena_cache_release();
    scratch_remove(&it.folder);
    return 0;
}

static void test_a_file_is_read_whole(void **state)
{
    struct file file;

    (void)state;
    const char *path = scratch_write(&it.folder, &it.arena, "a", "hello\n");

    assert_null(file_read(&it.arena, path, 6, &file));
    assert_true(slice_is(file.bytes, "hello\n"));
    assert_int_equal(file.bytes.at[6], '\0');
    assert_int_equal(file.status.st_mode & 0777, 0600);
    assert_null(file_read(&it.arena, scratch_write(&it.folder, &it.arena, "b", ""), 6, &file));
    assert_int_equal(file.bytes.len, 0);
    assert_true(slice_is_set(file.bytes));
}

static void test_a_file_longer_than_the_limit_is_refused(void **state)
{
    struct file file;

    (void)state;
    const char *path = scratch_write(&it.folder, &it.arena, "a", "hello\n");

    assert_string_equal(file_read(&it.arena, path, 5, &file), "is longer than 5 bytes");
    assert_int_equal(truncate(path, 1 << 20), 0);
    assert_string_equal(file_read(&it.arena, path, 100000, &file), "is longer than 100000 bytes");
}

static void test_a_file_without_a_size_is_read_to_its_end(void **state)
{
    struct file file;

    (void)state;
    assert_null(file_read(&it.arena, "/proc/self/status", 65536, &file));
    assert_int_equal(file.status.st_size, 0);
    assert_true(slice_starts(file.bytes, SL("Name:")));
}

static void test_what_is_no_plain_file_is_refused_without_waiting(void **state)
{
    struct file file;

    (void)state;
    const char *fifo = scratch_path(&it.folder, &it.arena, "fifo");

    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_string_equal(file_read(&it.arena, fifo, 10, &file), "is no plain file");
    assert_string_equal(file_read(&it.arena, "/dev/zero", 10, &file), "is no plain file");
    assert_string_equal(file_read(&it.arena, it.folder.path, 10, &file), "is a folder");
    assert_string_equal(file_read(&it.arena, "/none/at/all", 10, &file),
                        "cannot be read: No such file or directory");
}

static void test_paths_are_seen_from_a_folder(void **state)
{
    (void)state;
    assert_true(slice_is(path_folder(SL("a/b/c")), "a/b"));
    assert_true(slice_is(path_folder(SL("/c")), "/"));
    assert_true(slice_is(path_folder(SL("c")), "."));
    assert_true(slice_is(path_folder(SL("")), "."));
    assert_true(slice_is(path_from(&it.arena, SL("a/b"), SL("c")), "a/b/c"));
    assert_true(slice_is(path_from(&it.arena, SL("a/b"), SL("/c")), "/c"));
    assert_true(slice_is(path_from(&it.arena, SL("/"), SL("c")), "/c"));
    assert_true(slice_is(path_from(&it.arena, SL("."), SL("c")), "c"));
}

static void test_an_absolute_path_begins_at_the_root(void **state)
{
    char before[PATH_MAX];

    (void)state;
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(it.folder.path), 0);
    struct slice path = path_absolute(&it.arena, SL("a/b"));

    assert_int_equal(chdir(before), 0);
    assert_true(slice_ends(path, SL("/a/b")));
    assert_true(slice_is(path_folder(path_folder(path)), it.folder.path));
    assert_true(slice_is(path_absolute(&it.arena, SL("/a")), "/a"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_file_is_read_whole),
        TEST(test_a_file_longer_than_the_limit_is_refused),
        TEST(test_a_file_without_a_size_is_read_to_its_end),
        TEST(test_what_is_no_plain_file_is_refused_without_waiting),
        TEST(test_paths_are_seen_from_a_folder),
        TEST(test_an_absolute_path_begins_at_the_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
