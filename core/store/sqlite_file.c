#include "store/sqlite_file.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SCHEMA_VERSION = 1,
    WAIT_FIRST_US = 100, /* about as long as a write has the lock */
    WAIT_STEADY_TIMES = 16,
    WAIT_LONGEST_US = 2000
};

/* `%s` is STRICT where the library has it. Rows go by an index on their last instant: a partial
 * one, so that what lives for ever costs nothing there. */
static const char *const tables[] = {
    "CREATE TABLE records (key BLOB PRIMARY KEY, version INTEGER NOT NULL,"
    " expires INTEGER NOT NULL, value BLOB NOT NULL) %s",
    "CREATE INDEX records_expire ON records (expires) WHERE expires < " SQLITE_FILE_FOR_EVER,
    /* A sum that does not fit would become a real number where tables are not strict. */
    "CREATE TABLE counters (key BLOB PRIMARY KEY,"
    " value INTEGER NOT NULL CHECK (typeof(value) = 'integer'), expires INTEGER NOT NULL) %s",
    "CREATE INDEX counters_expire ON counters (expires) WHERE expires < " SQLITE_FILE_FOR_EVER,
    "CREATE TABLE members (key BLOB NOT NULL, member BLOB NOT NULL, expires INTEGER NOT NULL,"
    " PRIMARY KEY (key, member)) %s",
    "CREATE INDEX members_expire ON members (expires) WHERE expires < " SQLITE_FILE_FOR_EVER,
};

/* NORMAL: the log is synced at checkpoints, so that power loss may take the last instants but never
 * the file. */
static const char *const settings[] = {
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = OFF",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 16777216",
};

static const char *sentence(struct arena *arena, const char *path, const char *what)
{
    return arena_printf(arena, "the store's file %s %s", path, what).at;
}

static const char *failure(struct arena *arena, const char *path, sqlite3 *db)
{
    return arena_printf(arena, "the store's file %s cannot be used: %s", path, sqlite3_errmsg(db))
        .at;
}

static const char *check_folder(struct arena *arena, const char *path)
{
    struct stat found;
    const char *slash = strrchr(path, '/');
    const char *folder = ".";

    if (slash != NULL)
        folder = arena_string(arena,
                              slice_make(path, slash > path ? (size_t)(slash - path) : (size_t)1));
    if (stat(folder, &found) != 0)
        return arena_printf(arena, "the store's folder %s: %s", folder, strerror(errno)).at;
    if (!S_ISDIR(found.st_mode))
        return arena_printf(arena, "the store's folder %s is no folder", folder).at;
    return NULL;
}

/*
 * SQLite would create the file with the umask's permissions. One that is there already is not
 * opened here: closing it again would drop the locks that another store of this process has on it
 * (POSIX locks belong to the process and file, not to the descriptor).
 */
static const char *create_file(struct arena *arena, const char *path)
{
    struct stat found;

    if (stat(path, &found) == 0 && !S_ISREG(found.st_mode))
        return sentence(arena, path, "is no file");
    if (access(path, R_OK | W_OK) == 0)
        return NULL;
    if (errno != ENOENT)
        return arena_printf(arena, "the store's file %s cannot be written: %s", path,
                            strerror(errno))
            .at;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd >= 0)
        close(fd);
    else if (errno != EEXIST)
        return arena_printf(arena, "the store's file %s cannot be created: %s", path,
                            strerror(errno))
            .at;
    return NULL;
}

/* SQLite asks: wait once more? */
static int wait_for_lock(void *arg, int times)
{
    struct sqlite_patience *patience = arg;
    int64_t now = clock_monotonic_us();
    int64_t pause = WAIT_FIRST_US;

    if (times == 0)
        patience->began_us = now;
    if (now - patience->began_us >= patience->limit_us)
        return 0;
    /* Nobody is told when a lock becomes free, so that whoever asks too seldom never gets it. */
    if (times > WAIT_STEADY_TIMES)
        pause += (int64_t)(times - WAIT_STEADY_TIMES) * WAIT_FIRST_US / 4;
    usleep((useconds_t)(pause < WAIT_LONGEST_US ? pause : WAIT_LONGEST_US));
    return 1;
}

static bool run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* The first column of the first row, or -1. */
static int64_t ask_number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

/* Two processes that open a new file at once meet here: SQLite does not call the busy handler for
 * every part of that change. */
static const char *switch_to_wal(struct arena *arena, const char *path, sqlite3 *db,
                                 struct sqlite_patience *patience)
{
    static const char sql[] = "PRAGMA journal_mode = WAL";
    sqlite3_stmt *statement = NULL;
    bool done = false;
    int result;
    int times = 0;

    do {
        result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
        if (result == SQLITE_OK)
            result = sqlite3_step(statement);
        if (result == SQLITE_ROW) {
            const char *mode = (const char *)sqlite3_column_text(statement, 0);

            done = mode != NULL && strcmp(mode, "wal") == 0;
        }
        sqlite3_finalize(statement);
        statement = NULL;
    } while ((result & 0xff) == SQLITE_BUSY && wait_for_lock(patience, times++));
    if (result != SQLITE_ROW)
        return failure(arena, path, db);
    return done ? NULL : sentence(arena, path, "lies on a file system without shared memory");
}

static bool create_tables(sqlite3 *db)
{
    const char *strict = sqlite3_libversion_number() >= 3037000 ? "STRICT" : "";
    char sql[512];
    bool good = true;

    for (size_t i = 0; good && i < sizeof(tables) / sizeof(tables[0]); i++) {
        /* sqlite3_snprintf() for a format that is no literal; `tables` is all that comes here. */
        sqlite3_snprintf((int)sizeof(sql), sql, tables[i], strict);
        good = run(db, sql);
    }
    snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", SCHEMA_VERSION);
    return good && run(db, sql);
}

/* NULL when the tables are ours, or when there are none yet (`*empty_r`). */
static const char *check_version(struct arena *arena, const char *path, sqlite3 *db, bool *empty_r)
{
    int64_t objects = ask_number(db, "SELECT count(*) FROM sqlite_master");
    int64_t version = ask_number(db, "PRAGMA user_version");

    *empty_r = false;
    if (objects < 0 || version < 0)
        return failure(arena, path, db);
    if (version == 0 && objects == 0) {
        *empty_r = true;
        return NULL;
    }
    if (version == 0)
        return sentence(arena, path, "is a database of another program");
    if (version != SCHEMA_VERSION)
        return arena_printf(arena, "the store's file %s is of version %lld; this program reads %d",
                            path, (long long)version, SCHEMA_VERSION)
            .at;
    return NULL;
}

static const char *prepare_tables(struct arena *arena, const char *path, sqlite3 *db)
{
    bool empty;
    const char *why;

    if (!run(db, "BEGIN IMMEDIATE"))
        return failure(arena, path, db);
    why = check_version(arena, path, db, &empty); /* another process may have been here first */
    if (why == NULL && empty && !create_tables(db))
        why = failure(arena, path, db);
    if (why == NULL && !run(db, "COMMIT"))
        why = failure(arena, path, db);
    if (why != NULL)
        run(db, "ROLLBACK");
    return why;
}

static const char *prepare_file(struct arena *arena, const char *path, sqlite3 *db,
                                struct sqlite_patience *patience)
{
    bool empty;
    const char *why = check_version(arena, path, db, &empty);

    /* Nothing is changed in a file that turns out to be somebody else's. */
    if (why == NULL && sqlite3_db_readonly(db, "main") != 0)
        why = sentence(arena, path, "is read-only");
    if (why == NULL)
        why = switch_to_wal(arena, path, db, patience);
    for (size_t i = 0; why == NULL && i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (!run(db, settings[i]))
            why = failure(arena, path, db);
    }
    if (why == NULL && empty)
        why = prepare_tables(arena, path, db);
    return why;
}

sqlite3 *sqlite_file_open(struct arena *arena, const char *path, struct sqlite_patience *patience,
                          const char **why_r)
{
    sqlite3 *db = NULL;

    *why_r = check_folder(arena, path);
    if (*why_r == NULL)
        *why_r = create_file(arena, path);
    if (*why_r != NULL)
        return NULL;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        *why_r = failure(arena, path, db);
    } else {
        sqlite3_extended_result_codes(db, 1);
        sqlite3_busy_handler(db, wait_for_lock, patience);
        /* A file somebody prepared must not make us run what is written in it. */
        sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        *why_r = prepare_file(arena, path, db, patience);
    }
    if (*why_r == NULL)
        return db;
    sqlite3_close(db);
    return NULL;
}
