/*
 * The store: records under keys, with a time to live, on one of several engines.
 *
 * Small on purpose. Every command touches one key; what must be atomic is one command. All are
 * asynchronous in shape: they are operations of a flow, although an engine may complete them before
 * the call returns. A new engine is one file that fills in `struct store_engine`.
 *
 * Every record carries a version, a random number that changes with each write; store_swap() writes
 * only if the version is still the one that was read. Keys are text without spaces, at most
 * STORE_KEY_MAX bytes; values are bytes, at most STORE_VALUE_MAX; an empty one is a value, an
 * absent one is none and is refused. A record whose time is over is absent from that instant on,
 * whether or not the engine has cleaned it up.
 *
 * One key is used for one thing: a record, a counter or a list. Counters and lists are no records,
 * and what get, put and the like do to their keys is not defined.
 *
 * When the engine cannot be reached or does not answer in time every command ends with
 * STORE_UNAVAILABLE, and whether a write has happened is then unknown.
 *
 * A store belongs to the process that opened it: after fork() the child must neither use nor close
 * it. Nor may it open the same SQLite file again, because the library's own notes on which locks
 * are held would be its parent's: whoever lets children open stores has none open when it forks.
 * The process ignores SIGPIPE.
 */
#ifndef CARDEA_STORE_STORE_H
#define CARDEA_STORE_STORE_H

#include "flow/flow.h"

#include <event2/event.h>

struct store;

enum {
    STORE_KEY_MAX = 256,
    STORE_VALUE_MAX = 1024 * 1024,
    STORE_MEMBERS_MAX = 1000,
    STORE_BATCH_MAX = 64
};

/* A hundred years. */
#define STORE_TTL_MAX_MS ((int64_t)100 * 365 * 24 * 3600 * 1000)

enum store_status {
    STORE_OK,
    STORE_ABSENT,     /* get, take, swap, remove: there is no such record */
    STORE_CONFLICT,   /* add: there is one already; swap, remove only_if_version: it has changed
                         since */
    STORE_UNAVAILABLE /* the engine does not answer, or the command was not within the limits */
};

enum store_verb {
    STORE_GET,    /* value and version */
    STORE_PUT,    /* writes, whatever was there */
    STORE_ADD,    /* writes if absent */
    STORE_TAKE,   /* value, and the record is gone: of many takers one gets it */
    STORE_SWAP,   /* writes if the version is still `version` */
    STORE_REMOVE, /* deletes */
    STORE_COUNT,  /* adds `amount` to a counter that lives `ttl_ms` from its first count; its new
                     value. Past the range of an int64_t it is STORE_UNAVAILABLE, and not counted */
    STORE_JOIN,   /* adds `member` to the list `key`, for `ttl_ms` */
    STORE_LEAVE,  /* takes it off; STORE_OK also when it was not on */
    STORE_MEMBERS /* the members whose time is not over, at most STORE_MEMBERS_MAX, any order */
};

struct store_command {
    /* in */
    enum store_verb verb;
    struct slice key;
    struct slice value;   /* put, add, swap */
    struct slice member;  /* join, leave: at most STORE_KEY_MAX bytes */
    uint64_t version;     /* swap, remove only_if_version */
    int64_t amount;       /* count; 0 reads, and starts no counter */
    int64_t ttl_ms;       /* put, add, swap, count, join; 0: for ever */
    bool only_if_version; /* remove: only if the version is still `version` */

    /* out; slices lie in the flow's arena */
    enum store_status status;
    struct slice found;     /* get, take */
    uint64_t found_version; /* get, take; put, add, swap: of what was written */
    int64_t counted;
    struct slice *members;
    size_t member_count;
};

/*
 * Runs `count` commands as one operation of the flow: they leave together, are carried out in their
 * order, and the operation completes when all are answered. They are not one transaction: another
 * client may come between two of them. The array, and what its slices point at, lives as long as
 * the operation.
 *
 * Limits are the caller's to keep. If one of the commands is beyond them none is carried out: a
 * get, take, swap or remove of a key that cannot exist (empty, too long, with a space or control
 * character) is STORE_ABSENT, since strangers choose ids; all else is STORE_UNAVAILABLE, with a
 * line in the log. At most STORE_BATCH_MAX commands.
 */
void store_run(struct store *store, struct flow *flow, struct store_command *commands,
               size_t count);

struct store_settings {
    int64_t timeout_ms;  /* a command not answered by then is STORE_UNAVAILABLE; 0: two seconds */
    const char *ca_file; /* for TLS; NULL: the system's. Read by store_open() only. */
};

/*
 * One engine. `run` starts commands (already checked: keys and sizes are within limits) and calls
 * store_completed() when all have their status, perhaps before it returns.
 */
struct store_batch;
struct store_engine {
    const char *const *schemes; /* "redis", "rediss", ...; NULL at the end */
    /* Can that URL be opened, as far as its text tells? NULL, or a sentence (in the arena). */
    const char *(*check)(struct arena *arena, struct slice url);
    /* NULL and a sentence (in the arena) when the URL or file is no good. An engine that is merely
     * out of reach opens all the same and reports STORE_UNAVAILABLE until it is back. */
    struct store *(*open)(struct event_base *base, struct arena *arena, struct slice url,
                          const struct store_settings *settings, const char **why_r);
    void (*run)(struct store *store, struct store_batch *batch);
    /* The flow goes away, and the batch with it: what is still answered is dropped. NULL when run()
     * always completes. */
    void (*cancel)(struct store *store, struct store_batch *batch);
    /* Would a command be answered now? For readiness; starts nothing. */
    bool (*is_reachable)(const struct store *store);
    void (*close)(struct store *store);
};

/* The head of every engine's own struct. */
struct store {
    const struct store_engine *engine;
    struct event_base *base;
    struct store_settings settings;
    int64_t quiet_until; /* clock_monotonic_ms(); see store_complain() */
    unsigned unsaid;
};

/* What an engine is given to do. Lives in the flow's arena. */
struct store_batch {
    struct store *store;
    struct op op;
    struct store_command *commands;
    size_t count;
    size_t answered;      /* the first so many have their status */
    uint64_t engine_data; /* the engine's own */
};

/*
 * Opens the store a URL names: `sqlite:PATH`, `redis://[user:pass@]host[:port][/db]`,
 * `rediss://...`, `redis+unix:PATH[?db=N&user=U&password=P]`. User and password are percent-encoded
 * (in the last form '+' is a space); paths are taken as they are. The URL may hold a password and
 * is never logged; messages name the host only. NULL and a sentence when it cannot be.
 */
struct store *store_open(struct event_base *base, struct arena *arena, struct slice url,
                         const struct store_settings *settings, const char **why_r);
/* Operations still pending end with STORE_UNAVAILABLE. Not from within a step of a flow. Accepts
 * NULL. */
void store_close(struct store *store);
bool store_is_reachable(const struct store *store);

/* Is that a URL store_open() would take? Opens nothing; for `cardea check`. NULL, or a sentence (in
 * the arena). */
const char *store_check_url(struct arena *arena, struct slice url);

/* For engines: all commands of the batch have their status. */
void store_completed(struct store_batch *batch);
/* For engines: every unanswered command is STORE_UNAVAILABLE, and the batch completes. */
void store_failed(struct store_batch *batch);
/* For engines: tells the operator what is wrong, but at most one line a second, so that a store
 * that is down does not fill the log. */
void store_complain(struct store *store, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
