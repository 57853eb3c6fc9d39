/*
 * What is SQLite's own in the store: its file, its locks, a full disk, a broken file, processes
 * that are killed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    TIMEOUT_MS = 300,
    PROCESSES = 4,
    KILLS = 40
};

static char folder[64];
static char path[96];
static char url[128];
static struct event_base *base;
static struct store *store;
static struct arena arena;

static int before(void **state)
{
    (void)state;
    temporary_folder(folder);
    snprintf(path, sizeof(path), "%s/store.db", folder);
    snprintf(url, sizeof(url), "sqlite:%s", path);
    base = event_base_new();
    store = NULL;
    return 0;
}

static int after(void **state)
{
    (void)state;
    store_close(store);
    event_base_free(base);
    arena_release(&arena);
    remove_folder(folder);
    return 0;
}

static void open_store(void)
{
    store = probe_open(base, url, NULL, TIMEOUT_MS);
}

static void close_store(void)
{
    store_close(store);
    store = NULL;
}

static enum store_status put(const char *key, struct slice value, int64_t ttl_ms)
{
    struct store_command command = {
        .verb = STORE_PUT, .key = slice_of(key), .value = value, .ttl_ms = ttl_ms
    };

    return probe_one(base, store, &arena, &command);
}

static enum store_status get(const char *key)
{
    struct store_command command = { .verb = STORE_GET, .key = slice_of(key) };

    return probe_one(base, store, &arena, &command);
}

static const char *why_not(const char *wanted)
{
    const char *why = NULL;
    struct store *opened =
        store_open(base, &arena, slice_of(wanted), &(struct store_settings){ 0 }, &why);

    assert_null(opened);
    assert_non_null(why);
    return why;
}

/* On a connection of its own, as another program would have it. */
static int64_t ask_file(const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    int result = sqlite3_step(statement);

    if (result == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    else
        assert_int_equal(result, SQLITE_DONE);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}

static void assert_whole(void)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), "ok");
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

static void test_the_files_are_the_owners_alone(void **state)
{
    static const char *const names[] = { "", "-wal", "-shm" };
    mode_t mask = umask(0);
    struct stat found;
    char name[128];

    (void)state;
    open_store();
    put("k", SL("v"), 0);
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof(name), "%s%s", path, names[i]);
        assert_int_equal(stat(name, &found), 0);
        assert_int_equal(found.st_mode & 0777, 0600);
    }
    umask(mask);
}

static void test_a_record_outlives_its_store(void **state)
{
    (void)state;
    open_store();
    put("k", SL("v"), 60000);
    close_store();
    open_store();
    assert_int_equal(get("k"), STORE_OK);
    assert_int_equal(ask_file("PRAGMA user_version"), 1);
}

static void test_an_odd_path_is_still_a_path(void **state)
{
    char was[256];

    (void)state;
    assert_non_null(getcwd(was, sizeof(was)));
    assert_int_equal(chdir(folder), 0);
    store = probe_open(base, "sqlite::memory:", NULL, TIMEOUT_MS);
    put("k", SL("v"), 0);
    close_store();
    assert_int_equal(access(":memory:", F_OK), 0);
    store = probe_open(base, "sqlite:file:x?mode=memory", NULL, TIMEOUT_MS);
    put("k", SL("v"), 0);
    close_store();
    assert_int_equal(access("file:x?mode=memory", F_OK), 0);
    assert_int_equal(chdir(was), 0);
}

static void test_a_bad_place_is_named(void **state)
{
    char wanted[160];

    (void)state;
    snprintf(wanted, sizeof(wanted), "sqlite:%s/none/store.db", folder);
    assert_non_null(strstr(why_not(wanted), "/none: No such file or directory"));
    snprintf(wanted, sizeof(wanted), "sqlite:%s", folder);
    assert_non_null(strstr(why_not(wanted), "is no file"));
    open_store();
    close_store();
    snprintf(wanted, sizeof(wanted), "sqlite:%s/store.db", path);
    assert_non_null(strstr(why_not(wanted), "is no folder"));
    assert_non_null(why_not("sqlite:"));
    assert_non_null(why_not("sqlite:/proc/none.db"));
}

static void write_file(const char *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    close(fd);
}

static void test_a_file_that_is_none_of_ours_is_left_alone(void **state)
{
    static char garbage[8192];

    (void)state;
    memset(garbage, 'x', sizeof(garbage));
    write_file(garbage, sizeof(garbage));
    assert_non_null(strstr(why_not(url), "not a database"));
    unlink(path);
    ask_file("CREATE TABLE theirs (x)");
    assert_non_null(strstr(why_not(url), "of another program"));
    assert_int_equal(ask_file("SELECT count(*) FROM sqlite_master"), 1);
    unlink(path);
    open_store();
    close_store();
    ask_file("PRAGMA user_version = 2");
    assert_non_null(strstr(why_not(url), "version 2"));
    ask_file("PRAGMA user_version = 1");
    ask_file("DROP TABLE counters");
    assert_non_null(strstr(why_not(url), "has not the tables"));
}

/* Root may write everything; so somebody else tries. */
static void test_a_file_that_cannot_be_written_is_a_sentence(void **state)
{
    pid_t child;
    int status;

    (void)state;
    open_store();
    close_store();
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    child = fork();
    if (child == 0) {
        const char *why = NULL;

        if (getuid() == 0 && setuid(65534) != 0)
            _exit(3);
        struct store *opened =
            store_open(base, &arena, slice_of(url), &(struct store_settings){ 0 }, &why);

        _exit(opened == NULL && strstr(why, "Permission denied") != NULL ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_one_process_can_open_it_twice(void **state)
{
    struct store *first;

    (void)state;
    open_store();
    first = store;
    open_store();
    for (int i = 0; i < 100; i++)
        assert_int_equal(put("k", SL("v"), 0), STORE_OK);
    close_store();
    store = first;
    assert_int_equal(get("k"), STORE_OK);
    assert_int_equal(put("k", SL("v"), 0), STORE_OK);
}

static void wait_for_all(const pid_t *children, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int status;

        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
}

static void test_many_processes_can_create_it_at_once(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        pid_t children[8];

        for (size_t i = 0; i < 8; i++) {
            children[i] = fork();
            if (children[i] == 0) {
                store = probe_open(base, url, NULL, 5000);
                _exit(put("k", SL("v"), 0) == STORE_OK ? 0 : 1);
            }
        }
        wait_for_all(children, 8);
        assert_whole();
        char name[128];

        unlink(path);
        snprintf(name, sizeof(name), "%s-wal", path);
        unlink(name);
        snprintf(name, sizeof(name), "%s-shm", path);
        unlink(name);
    }
}

static void test_what_is_over_is_swept_and_nothing_stalls(void **state)
{
    int64_t began;
    int64_t longest = 0;

    (void)state;
    open_store();
    put("stays", SL("v"), 0);
    for (int i = 0; i < 100; i++) {
        struct store_command batch[50];

        for (int k = 0; k < 50; k++)
            batch[k] = (struct store_command){ .verb = k % 5 == 0   ? STORE_COUNT
                                                       : k % 5 == 1 ? STORE_JOIN
                                                                    : STORE_PUT,
                                               .key = arena_printf(&arena, "%d-%d", i, k),
                                               .member = SL("m"),
                                               .amount = 1,
                                               .value = SL("value"),
                                               .ttl_ms = 1 };
        probe_run(base, store, &arena, batch, 50);
    }
    assert_true(ask_file("SELECT count(*) FROM records") > 1000);
    began = clock_monotonic_ms();
    while (ask_file("SELECT (SELECT count(*) FROM records) + (SELECT count(*) FROM counters)"
                    " + (SELECT count(*) FROM members)") > 1) {
        assert_true(clock_monotonic_ms() < began + 10000);
        for (int i = 0; i < 10; i++) {
            int64_t turn = clock_monotonic_us();

            event_base_loop(base, EVLOOP_NONBLOCK);
            turn = clock_monotonic_us() - turn;
            longest = turn > longest ? turn : longest;
            usleep(1000);
        }
    }
    assert_int_equal(get("stays"), STORE_OK);
    /* Two milliseconds are meant; a checkpoint and a busy machine come on top. */
    assert_in_range(longest, 0, 100000);
}

static void test_a_lock_is_waited_for_but_not_for_ever(void **state)
{
    sqlite3 *other = NULL;
    int64_t began;

    (void)state;
    open_store();
    assert_int_equal(put("k", SL("v"), 0), STORE_OK);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    began = clock_monotonic_ms();
    assert_int_equal(put("k", SL("w"), 0), STORE_UNAVAILABLE);
    assert_in_range(clock_monotonic_ms() - began, TIMEOUT_MS - 5, 10 * TIMEOUT_MS);
    assert_false(store_is_reachable(store));
    assert_int_equal(get("k"), STORE_OK);
    assert_true(store_is_reachable(store));
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(put("k", SL("w"), 0), STORE_OK);
    sqlite3_close(other);
}

/* Holds the lock for some time, in a process that has not inherited a store. */
static pid_t hold_lock(int64_t us)
{
    int ends[2];
    char byte;

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();

    if (child == 0) {
        sqlite3 *db = NULL;

        if (sqlite3_open(path, &db) != SQLITE_OK ||
            sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK ||
            write(ends[1], "x", 1) != 1)
            _exit(1);
        usleep((useconds_t)us);
        _exit(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ? 0 : 1);
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
    return child;
}

static void test_a_lock_that_is_let_go_in_time_is_got(void **state)
{
    (void)state;
    open_store();
    close_store();
    pid_t child = hold_lock(100000);

    open_store();
    assert_int_equal(put("k", SL("v"), 0), STORE_OK);
    wait_for_all(&child, 1);
}

static void test_a_batch_that_fails_has_written_nothing(void **state)
{
    struct store_command top = { .verb = STORE_COUNT, .key = SL("c"), .amount = INT64_MAX };
    struct store_command batch[] = {
        { .verb = STORE_PUT, .key = SL("a"), .value = SL("v") },
        { .verb = STORE_COUNT, .key = SL("c"), .amount = 1 },
        { .verb = STORE_PUT, .key = SL("b"), .value = SL("v") },
    };

    (void)state;
    open_store();
    assert_int_equal(probe_one(base, store, &arena, &top), STORE_OK);
    probe_run(base, store, &arena, batch, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(batch[i].status, STORE_UNAVAILABLE);
    assert_int_equal(get("a"), STORE_ABSENT);
    assert_int_equal(get("b"), STORE_ABSENT);
    assert_int_equal(put("a", SL("v"), 0), STORE_OK);
}

/* Writes until it fails, then sees that what is there can be read, and that it goes on once there
 * is room again. To be called in a child. */
static int fill_and_recover(int (*make_room)(void))
{
    static char value[16384];
    char key[16];
    int written = 0;

    open_store();
    if (put("first", SL("v"), 0) != STORE_OK)
        return 10;
    do
        snprintf(key, sizeof(key), "k%d", written++);
    while (written < 10000 && put(key, slice_make(value, sizeof(value)), 0) == STORE_OK);
    if (written == 10000)
        return 11;
    if (get("first") != STORE_OK || get("k0") != STORE_OK || get(key) == STORE_OK)
        return 12;
    if (put("again", slice_make(value, sizeof(value)), 0) != STORE_UNAVAILABLE)
        return 13;
    if (make_room() != 0)
        return 14;
    if (put("again", slice_make(value, sizeof(value)), 0) != STORE_OK || get("again") != STORE_OK)
        return 15;
    close_store();
    return ask_file("SELECT count(*) FROM records WHERE key = CAST('again' AS BLOB)") == 1 ? 0 : 16;
}

static int raise_limit(void)
{
    struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_FSIZE, &limit);
}

static void test_a_file_that_cannot_grow_is_unavailable_for_writes(void **state)
{
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        struct rlimit limit = { 512 * 1024, RLIM_INFINITY };

        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
            _exit(1);
        _exit(fill_and_recover(raise_limit));
    }
    wait_for_all(&child, 1);
    assert_whole();
}

static int grow_disk(void)
{
    return mount("none", folder, "tmpfs", MS_REMOUNT, "size=16m");
}

static void test_a_full_disk_is_unavailable_for_writes(void **state)
{
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0 ||
            mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
            mount("none", folder, "tmpfs", 0, "size=1m") != 0)
            _exit(77);
        _exit(fill_and_recover(grow_disk));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip(); /* no file system can be mounted here */
    assert_int_equal(status, 0);
}

/* One bad place in the file of a store that was closed; in a child, since a crash is the point. */
static int use_broken(void)
{
    const char *why = NULL;
    struct store_settings settings = { .timeout_ms = TIMEOUT_MS };

    store = store_open(base, &arena, slice_of(url), &settings, &why);
    if (store == NULL)
        return why != NULL ? 0 : 1;
    for (int i = 0; i < 100; i++) {
        char key[16];

        snprintf(key, sizeof(key), "k%d", i);
        if (get(key) > STORE_UNAVAILABLE || put(key, SL("v"), 1000) > STORE_UNAVAILABLE)
            return 1;
    }
    probe_loop(base, 30); /* a sweep as well */
    return 0;
}

static void break_file(uint64_t size)
{
    unsigned char bytes[64];
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    random_bytes(bytes, sizeof(bytes));
    assert_int_equal(pwrite(fd, bytes, sizeof(bytes), (off_t)(random_u64() % size)), 64);
    if (random_u64() % 8 == 0)
        assert_int_equal(ftruncate(fd, (off_t)(random_u64() % size)), 0);
    close(fd);
}

static void test_a_broken_file_is_never_a_crash(void **state)
{
    struct stat found;
    static char whole[1024 * 1024];
    int fd;

    (void)state;
    open_store();
    for (int i = 0; i < 100; i++) {
        char key[16];

        snprintf(key, sizeof(key), "k%d", i);
        put(key, slice_make(whole, (size_t)i * 50), i % 2 == 0 ? 0 : 60000);
    }
    close_store();
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fstat(fd, &found), 0);
    assert_int_equal(read(fd, whole, sizeof(whole)), found.st_size);
    close(fd);
    for (int round = 0; round < 40; round++) {
        write_file(whole, (size_t)found.st_size);
        for (int i = 0; i <= round % 10; i++)
            break_file((uint64_t)found.st_size);
        pid_t child = fork();

        if (child == 0)
            _exit(use_broken());
        wait_for_all(&child, 1);
    }
}

/* What each writer was told is written, in memory that outlives it. */
static volatile int64_t *acknowledged;

static void write_until_killed(int process)
{
    char key[32];

    store = probe_open(base, url, NULL, 5000);
    for (int64_t number = acknowledged[process] + 1;; number++) {
        struct slice value = arena_printf(&arena, "%lld", (long long)number);
        struct store_command pair[2];

        snprintf(key, sizeof(key), "%d-%lld", process, (long long)number % 50);
        pair[0] = (struct store_command){ .verb = STORE_PUT, .key = slice_of(key), .value = value };
        pair[1] = (struct store_command){ .verb = STORE_PUT,
                                          .key = arena_printf(&arena, "last-%d", process),
                                          .value = value };
        probe_run(base, store, &arena, pair, 2);
        if (pair[0].status != STORE_OK || pair[1].status != STORE_OK)
            abort();
        acknowledged[process] = number;
        arena_release(&arena);
    }
}

static int64_t read_number(const char *key)
{
    struct store_command command = { .verb = STORE_GET, .key = slice_of(key) };
    uint64_t number = 0;

    if (probe_one(base, store, &arena, &command) == STORE_OK)
        assert_true(slice_to_u64(command.found, INT64_MAX, &number));
    return (int64_t)number;
}

/* The last number is the acknowledged one, or the one that was being written; and both records of
 * its batch have it. */
static void assert_nothing_lost(int process)
{
    char key[32];

    snprintf(key, sizeof(key), "last-%d", process);
    int64_t last = read_number(key);

    assert_in_range(last, acknowledged[process], acknowledged[process] + 1);
    snprintf(key, sizeof(key), "%d-%lld", process, (long long)last % 50);
    assert_true(read_number(key) == last);
    acknowledged[process] = last;
}

static void test_a_killed_writer_loses_nothing_and_breaks_nothing(void **state)
{
    (void)state;
    acknowledged = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int round = 0; round < KILLS; round++) {
        pid_t children[PROCESSES];

        for (int i = 0; i < PROCESSES; i++) {
            children[i] = fork();
            if (children[i] == 0)
                write_until_killed(i);
        }
        usleep((useconds_t)(5000 + random_u64() % 40000));
        for (int i = 0; i < PROCESSES; i++) {
            kill(children[i], SIGKILL);
            waitpid(children[i], NULL, 0);
        }
        assert_whole();
        open_store();
        for (int i = 0; i < PROCESSES; i++)
            assert_nothing_lost(i);
        close_store();
    }
    /* And there was something to lose. */
    for (int i = 0; i < PROCESSES; i++)
        assert_true(acknowledged[i] > KILLS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, before, after)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_the_files_are_the_owners_alone),
        TEST(test_a_record_outlives_its_store),
        TEST(test_an_odd_path_is_still_a_path),
        TEST(test_a_bad_place_is_named),
        TEST(test_a_file_that_is_none_of_ours_is_left_alone),
        TEST(test_a_file_that_cannot_be_written_is_a_sentence),
        TEST(test_one_process_can_open_it_twice),
        TEST(test_many_processes_can_create_it_at_once),
        TEST(test_what_is_over_is_swept_and_nothing_stalls),
        TEST(test_a_lock_is_waited_for_but_not_for_ever),
        TEST(test_a_lock_that_is_let_go_in_time_is_got),
        TEST(test_a_batch_that_fails_has_written_nothing),
        TEST(test_a_file_that_cannot_grow_is_unavailable_for_writes),
        TEST(test_a_full_disk_is_unavailable_for_writes),
        TEST(test_a_broken_file_is_never_a_crash),
        TEST(test_a_killed_writer_loses_nothing_and_breaks_nothing),
    };

    signal(SIGPIPE, SIG_IGN);
    log_to_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    arena_cache_release();
    return failed;
}
