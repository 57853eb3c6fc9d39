/*
 * The store in one SQLite file, shared by the processes of one machine.
 *
 * Every verb is one SQL statement, prepared once. A row whose `expires` has passed is invisible to
 * all of them, and is deleted some time later by a timer that never works for long. Commands are
 * carried out at once, so no operation of this engine is ever pending.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "store/engines.h"
#include "store/sqlite_file.h"

enum {
    SWEEP_EVERY_MS = 1000,
    SWEEP_AGAIN_MS = 20,     /* when there is more to sweep */
    SWEEP_LONGEST_US = 2000, /* of one portion; then others have their turn */
    BUSY_PATIENCE_US = 20 * 1000
};

enum statement_name {
    SQL_GET,
    SQL_PUT,
    SQL_ADD,
    SQL_TAKE,
    SQL_SWAP,
    SQL_REMOVE,
    SQL_REMOVE_VERSION,
    SQL_EXISTS,
    SQL_COUNT,
    SQL_COUNTED,
    SQL_JOIN,
    SQL_LEAVE,
    SQL_MEMBERS,
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SWEEP_RECORDS,
    SQL_SWEEP_COUNTERS,
    SQL_SWEEP_MEMBERS,
    SQL_STATEMENTS
};

#define SWEEP(table)                                                                               \
    "DELETE FROM " table " WHERE rowid = (SELECT rowid FROM " table                                \
    " WHERE expires <= :now AND expires < " SQLITE_FILE_FOR_EVER " LIMIT 1)"

/* The names of the parameters are those of `parameters`. */
static const char *const statements[SQL_STATEMENTS] = {
    [SQL_GET] = "SELECT value, version FROM records WHERE key = :key AND expires > :now",
    [SQL_PUT] = "INSERT INTO records (key, version, expires, value)"
                " VALUES (:key, :written, :expires, :value)"
                " ON CONFLICT (key) DO UPDATE SET version = excluded.version,"
                " expires = excluded.expires, value = excluded.value",
    [SQL_ADD] = "INSERT INTO records (key, version, expires, value)"
                " VALUES (:key, :written, :expires, :value)"
                " ON CONFLICT (key) DO UPDATE SET version = excluded.version,"
                " expires = excluded.expires, value = excluded.value WHERE records.expires <= :now",
    [SQL_TAKE] = "DELETE FROM records WHERE key = :key AND expires > :now"
                 " RETURNING value, version",
    [SQL_SWAP] = "UPDATE records SET version = :written, expires = :expires, value = :value"
                 " WHERE key = :key AND version = :version AND expires > :now",
    [SQL_REMOVE] = "DELETE FROM records WHERE key = :key AND expires > :now",
    [SQL_REMOVE_VERSION] = "DELETE FROM records"
                           " WHERE key = :key AND version = :version AND expires > :now",
    [SQL_EXISTS] = "SELECT 1 FROM records WHERE key = :key AND expires > :now",
    [SQL_COUNT] = "INSERT INTO counters (key, value, expires) VALUES (:key, :amount, :expires)"
                  " ON CONFLICT (key) DO UPDATE SET"
                  " value = CASE WHEN expires > :now THEN value ELSE 0 END + excluded.value,"
                  " expires = CASE WHEN expires > :now THEN expires ELSE excluded.expires END"
                  " RETURNING value",
    [SQL_COUNTED] = "SELECT value FROM counters WHERE key = :key AND expires > :now",
    [SQL_JOIN] = "INSERT INTO members (key, member, expires) VALUES (:key, :member, :expires)"
                 " ON CONFLICT (key, member) DO UPDATE SET expires = excluded.expires",
    [SQL_LEAVE] = "DELETE FROM members WHERE key = :key AND member = :member",
    [SQL_MEMBERS] = "SELECT member FROM members WHERE key = :key AND expires > :now LIMIT 1000",
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SWEEP_RECORDS] = SWEEP("records"),
    [SQL_SWEEP_COUNTERS] = SWEEP("counters"),
    [SQL_SWEEP_MEMBERS] = SWEEP("members"),
};
_Static_assert(STORE_MEMBERS_MAX == 1000, "SQL_MEMBERS has the number too");

enum parameter {
    PARAMETER_KEY,
    PARAMETER_VALUE,
    PARAMETER_MEMBER,
    PARAMETER_AMOUNT,
    PARAMETER_VERSION, /* that there should be */
    PARAMETER_WRITTEN, /* the version that is written */
    PARAMETER_NOW,
    PARAMETER_EXPIRES,
    PARAMETERS
};

static const char *const parameters[PARAMETERS] = {
    ":key", ":value", ":member", ":amount", ":version", ":written", ":now", ":expires",
};

struct statement {
    sqlite3_stmt *prepared;
    enum parameter binds[PARAMETERS]; /* what goes to its first, second, ... place */
    int bind_count;
};

struct sqlite_store {
    struct store store;
    sqlite3 *db;
    struct statement statements[SQL_STATEMENTS];
    struct sqlite_patience patience;
    struct event *sweeper;
    char *path;
    bool healthy; /* the last command did not fail */
    bool busy;    /* somebody else had the lock for too long, and nothing was written since */
};

static struct sqlite_store *sqlite_of(struct store *store)
{
    return container_of(store, struct sqlite_store, store);
}

static int64_t expires_at(int64_t now, int64_t ttl_ms)
{
    return ttl_ms > 0 ? now + ttl_ms : INT64_MAX;
}

static int bind_bytes(sqlite3_stmt *statement, int place, struct slice bytes)
{
    /* An address, else an empty value would be NULL. */
    return sqlite3_bind_blob(statement, place, bytes.len > 0 ? bytes.at : "", (int)bytes.len,
                             SQLITE_STATIC);
}

static int bind_one(sqlite3_stmt *statement, int place, enum parameter what,
                    const struct store_command *command, int64_t now)
{
    switch (what) {
    case PARAMETER_KEY:
        return bind_bytes(statement, place, command->key);
    case PARAMETER_VALUE:
        return bind_bytes(statement, place, command->value);
    case PARAMETER_MEMBER:
        return bind_bytes(statement, place, command->member);
    case PARAMETER_AMOUNT:
        return sqlite3_bind_int64(statement, place, command->amount);
    case PARAMETER_VERSION:
        return sqlite3_bind_int64(statement, place, (int64_t)command->version);
    case PARAMETER_WRITTEN:
        return sqlite3_bind_int64(statement, place, (int64_t)command->found_version);
    case PARAMETER_NOW:
        return sqlite3_bind_int64(statement, place, now);
    case PARAMETER_EXPIRES:
        return sqlite3_bind_int64(statement, place, expires_at(now, command->ttl_ms));
    default:
        return SQLITE_MISUSE;
    }
}

static struct slice column(sqlite3_stmt *statement, int place, struct arena *arena)
{
    const void *bytes = sqlite3_column_blob(statement, place);
    int len = sqlite3_column_bytes(statement, place);

    return arena_copy(arena, slice_make(bytes != NULL ? bytes : "", (size_t)len));
}

/* How the file was made does not bind whoever wrote into it since. */
static bool row_is_within_limits(sqlite3_stmt *statement, enum store_verb verb)
{
    int most = verb == STORE_MEMBERS ? STORE_KEY_MAX : STORE_VALUE_MAX;

    return verb == STORE_COUNT || sqlite3_column_bytes(statement, 0) <= most;
}

static void add_member(struct store_command *command, struct slice member, struct arena *arena)
{
    size_t count = command->member_count;

    /* Room doubles: at 0, 8, 16, 32, ... */
    if (count == 0 || (count >= 8 && (count & (count - 1)) == 0)) {
        struct slice *grown =
            arena_alloc(arena, (count > 0 ? count * 2 : 8) * sizeof(struct slice));

        if (count > 0)
            memcpy(grown, command->members, count * sizeof(struct slice));
        command->members = grown;
    }
    command->members[command->member_count++] = member;
}

static void take_row(sqlite3_stmt *statement, struct store_command *command, struct arena *arena)
{
    switch (command->verb) {
    case STORE_GET:
    case STORE_TAKE:
        command->found = column(statement, 0, arena);
        command->found_version = (uint64_t)sqlite3_column_int64(statement, 1);
        return;
    case STORE_COUNT:
        command->counted = sqlite3_column_int64(statement, 0);
        return;
    case STORE_MEMBERS:
        add_member(command, column(statement, 0, arena), arena);
        return;
    default:
        return; /* the statements of the other verbs return no rows that are wanted */
    }
}

/* Runs one statement to its end. `*rows_r`: those it returned, or changed if it returns none. */
static bool perform(struct sqlite_store *sqlite, enum statement_name which,
                    struct store_command *command, struct arena *arena, int *rows_r)
{
    const struct statement *own = &sqlite->statements[which];
    sqlite3_stmt *statement = own->prepared;
    int64_t now = own->bind_count > 0 ? clock_now_ms() : 0;
    int rows = 0;
    int result = SQLITE_OK;

    for (int i = 0; i < own->bind_count && result == SQLITE_OK; i++)
        result = bind_one(statement, i + 1, own->binds[i], command, now);
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    while (result == SQLITE_ROW && row_is_within_limits(statement, command->verb)) {
        rows++;
        take_row(statement, command, arena);
        result = sqlite3_step(statement);
    }
    if ((result & 0xff) == SQLITE_BUSY)
        sqlite->busy = true;
    else if (result == SQLITE_DONE && !sqlite3_stmt_readonly(statement))
        sqlite->busy = false;
    if (result == SQLITE_DONE)
        *rows_r = rows > 0 || sqlite3_stmt_readonly(statement) ? rows : sqlite3_changes(sqlite->db);
    else
        store_complain(&sqlite->store, "sqlite %s: %s (%d)", sqlite->path,
                       result == SQLITE_ROW ? "a row is beyond its limits"
                                            : sqlite3_errmsg(sqlite->db),
                       result);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement); /* they point into the flow's memory */
    return result == SQLITE_DONE;
}

/* A statement that is no command's. */
static bool perform_plain(struct sqlite_store *sqlite, enum statement_name which, int *rows_r)
{
    struct store_command none = { .verb = STORE_PUT };

    return perform(sqlite, which, &none, NULL, rows_r);
}

static bool writes(const struct store_command *command)
{
    return command->verb != STORE_GET && command->verb != STORE_MEMBERS &&
           (command->verb != STORE_COUNT || command->amount != 0);
}

static enum statement_name statement_for(const struct store_command *command)
{
    static const enum statement_name by_verb[] = {
        [STORE_GET] = SQL_GET,         [STORE_PUT] = SQL_PUT,   [STORE_ADD] = SQL_ADD,
        [STORE_TAKE] = SQL_TAKE,       [STORE_SWAP] = SQL_SWAP, [STORE_REMOVE] = SQL_REMOVE,
        [STORE_COUNT] = SQL_COUNT,     [STORE_JOIN] = SQL_JOIN, [STORE_LEAVE] = SQL_LEAVE,
        [STORE_MEMBERS] = SQL_MEMBERS,
    };

    if (command->verb == STORE_COUNT && command->amount == 0)
        return SQL_COUNTED;
    if (command->verb == STORE_REMOVE && command->only_if_version)
        return SQL_REMOVE_VERSION;
    return by_verb[command->verb];
}

/* What it means that a statement found or changed nothing. */
static enum store_status status_of_nothing(const struct store_command *command)
{
    switch (command->verb) {
    case STORE_ADD:
        return STORE_CONFLICT;
    case STORE_GET:
    case STORE_TAKE:
    case STORE_SWAP:
    case STORE_REMOVE:
        return STORE_ABSENT;
    default:
        return STORE_OK;
    }
}

static bool carry_out(struct sqlite_store *sqlite, struct store_command *command,
                      struct arena *arena)
{
    bool on_version =
        command->verb == STORE_SWAP || (command->verb == STORE_REMOVE && command->only_if_version);
    int rows = 0;

    if (command->verb == STORE_PUT || command->verb == STORE_ADD || command->verb == STORE_SWAP)
        command->found_version = random_u64();
    if (!perform(sqlite, statement_for(command), command, arena, &rows))
        return false;
    command->status = rows > 0 ? STORE_OK : status_of_nothing(command);
    if (rows == 0 && on_version) {
        if (!perform(sqlite, SQL_EXISTS, command, arena, &rows))
            return false;
        command->status = rows > 0 ? STORE_CONFLICT : STORE_ABSENT;
    }
    return true;
}

static bool run_commands(struct sqlite_store *sqlite, struct store_batch *batch)
{
    struct arena *arena = &batch->op.flow->arena;

    for (; batch->answered < batch->count; batch->answered++) {
        if (!carry_out(sqlite, &batch->commands[batch->answered], arena))
            return false;
    }
    return true;
}

static bool run_transaction(struct sqlite_store *sqlite, struct store_batch *batch)
{
    int rows;

    if (!perform_plain(sqlite, SQL_BEGIN, &rows))
        return false;
    if (run_commands(sqlite, batch) && perform_plain(sqlite, SQL_COMMIT, &rows))
        return true;
    /* Some errors have rolled back already. */
    if (sqlite3_get_autocommit(sqlite->db) == 0)
        perform_plain(sqlite, SQL_ROLLBACK, &rows);
    batch->answered = 0;
    return false;
}

/* Waiting for the lock holds up all that this worker does. So only the first waits for it to the
 * end; while it is not to be had, the others just try. */
static int64_t patience_of(const struct sqlite_store *sqlite)
{
    int64_t whole = sqlite->store.settings.timeout_ms * 1000;

    return sqlite->busy && whole > BUSY_PATIENCE_US ? BUSY_PATIENCE_US : whole;
}

static void sqlite_run(struct store *store, struct store_batch *batch)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    size_t writing = 0;

    for (size_t i = 0; i < batch->count; i++)
        writing += writes(&batch->commands[i]);
    sqlite->patience.limit_us = patience_of(sqlite);
    sqlite->healthy = writing > 1 ? run_transaction(sqlite, batch) : run_commands(sqlite, batch);
    if (sqlite->healthy)
        store_completed(batch);
    else
        store_failed(batch);
}

/* Deletes expired rows of one table until the time is over. True when none are left. */
static bool sweep_table(struct sqlite_store *sqlite, enum statement_name which, int64_t until_us)
{
    int rows = 1;

    while (clock_monotonic_us() < until_us) {
        if (!perform_plain(sqlite, which, &rows) || rows == 0)
            return true;
    }
    return false;
}

static void sweep(evutil_socket_t fd, short what, void *arg)
{
    struct sqlite_store *sqlite = arg;
    int64_t until_us = clock_monotonic_us() + SWEEP_LONGEST_US;
    int64_t patience_us = sqlite->patience.limit_us;
    bool all = true;
    int rows;

    (void)fd, (void)what;
    sqlite->patience.limit_us = 0; /* whoever holds the lock has better things to do */
    if (sqlite3_step(sqlite->statements[SQL_BEGIN].prepared) == SQLITE_DONE) {
        for (enum statement_name which = SQL_SWEEP_RECORDS; which <= SQL_SWEEP_MEMBERS; which++)
            all = sweep_table(sqlite, which, until_us) && all;
        if (!perform_plain(sqlite, SQL_COMMIT, &rows) && sqlite3_get_autocommit(sqlite->db) == 0)
            perform_plain(sqlite, SQL_ROLLBACK, &rows);
    }
    sqlite3_reset(sqlite->statements[SQL_BEGIN].prepared);
    sqlite->patience.limit_us = patience_us;
    /* At different moments in each process. */
    int64_t next =
        all ? SWEEP_EVERY_MS / 2 + (int64_t)(random_u64() % SWEEP_EVERY_MS) : SWEEP_AGAIN_MS;

    event_add(sqlite->sweeper, &(struct timeval){ next / 1000, next % 1000 * 1000 });
}

static struct slice path_of(struct slice url)
{
    return slice_from(url, slice_find(url, ':') + 1);
}

static const char *sqlite_check(struct arena *arena, struct slice url)
{
    struct slice path = path_of(url);

    (void)arena;
    if (path.len == 0)
        return "the store's URL has no path behind sqlite:";
    if (slice_has(path, '\0'))
        return "the store's path has a NUL in it";
    return NULL;
}

static void sqlite_close(struct store *store)
{
    struct sqlite_store *sqlite = sqlite_of(store);

    if (sqlite->sweeper != NULL)
        event_free(sqlite->sweeper);
    for (size_t i = 0; i < SQL_STATEMENTS; i++)
        sqlite3_finalize(sqlite->statements[i].prepared);
    sqlite3_close(sqlite->db);
    mem_free(sqlite->path);
    mem_free(sqlite);
}

static bool prepare(sqlite3 *db, const char *sql, struct statement *statement)
{
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement->prepared, NULL) !=
        SQLITE_OK)
        return false;
    statement->bind_count = sqlite3_bind_parameter_count(statement->prepared);
    for (int i = 0; i < statement->bind_count; i++) {
        const char *name = sqlite3_bind_parameter_name(statement->prepared, i + 1);
        enum parameter which = 0;

        while (strcmp(name, parameters[which]) != 0)
            which++;
        statement->binds[i] = which;
    }
    return true;
}

static const char *prepare_statements(struct sqlite_store *sqlite, struct arena *arena)
{
    for (size_t i = 0; i < SQL_STATEMENTS; i++) {
        if (!prepare(sqlite->db, statements[i], &sqlite->statements[i]))
            return arena_printf(arena, "the store's file %s has not the tables it should have: %s",
                                sqlite->path, sqlite3_errmsg(sqlite->db))
                .at;
    }
    return NULL;
}

static struct store *sqlite_open(struct event_base *base, struct arena *arena, struct slice url,
                                 const struct store_settings *settings, const char **why_r)
{
    struct sqlite_store *sqlite = mem_zalloc(1, sizeof(*sqlite));
    struct slice path = path_of(url);

    /* With "./" in front, SQLite sees no special name (":memory:", "file:") in it. */
    if (path.at[0] != '/')
        path = arena_join(arena, SL("./"), path);
    sqlite->path = mem_strndup(path.at, path.len);
    sqlite->patience.limit_us = settings->timeout_ms * 1000;
    sqlite->healthy = true;
    sqlite->db = sqlite_file_open(arena, sqlite->path, &sqlite->patience, why_r);
    if (sqlite->db != NULL)
        *why_r = prepare_statements(sqlite, arena);
    if (*why_r != NULL) {
        sqlite_close(&sqlite->store);
        return NULL;
    }
    sqlite->sweeper = evtimer_new(base, sweep, sqlite);
    event_add(sqlite->sweeper, &(struct timeval){ 0, SWEEP_AGAIN_MS * 1000 });
    return &sqlite->store;
}

static bool sqlite_is_reachable(const struct store *store)
{
    const struct sqlite_store *sqlite = (const void *)store; /* its head */

    return sqlite->healthy;
}

static const char *const schemes[] = { "sqlite", NULL };

const struct store_engine store_sqlite = {
    .schemes = schemes,
    .check = sqlite_check,
    .open = sqlite_open,
    .run = sqlite_run,
    .is_reachable = sqlite_is_reachable,
    .close = sqlite_close,
};
