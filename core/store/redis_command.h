/*
 * What each store command is in Redis: its words, its script if it has one, and the replies it may
 * get.
 *
 * A record is a string: eight bytes of version, then the value. A counter is a number, a list a
 * sorted set of members by the instant at which each ends. Every verb is one command on one key;
 * the four that Redis has no command for are small scripts. KEYS, FLUSH, CONFIG, DEBUG and SCRIPT
 * are never used. A user for Cardea needs `~cardea:*` and, of commands, what the table names (+get
 * +set +getdel +del +zrem +zrangebyscore +eval +evalsha), what its scripts call (+getrange +exists
 * +incrby +pexpire +persist +zadd +zrevrange +zremrangebyscore), and +select if the URL names a
 * database.
 */
#ifndef CARDEA_STORE_REDIS_COMMAND_H
#define CARDEA_STORE_REDIS_COMMAND_H

#include "base/buf.h"
#include "store/redis_reply.h"
#include "store/store.h"

enum redis_kind {
    REDIS_GET,
    REDIS_PUT,
    REDIS_ADD,
    REDIS_TAKE,
    REDIS_SWAP,
    REDIS_REMOVE,
    REDIS_REMOVE_VERSION,
    REDIS_COUNT,
    REDIS_COUNTED,
    REDIS_JOIN,
    REDIS_LEAVE,
    REDIS_MEMBERS,
    REDIS_KINDS
};

/* For log lines. */
const char *redis_kind_name(enum redis_kind kind);

enum redis_kind redis_kind_of(const struct store_command *command);
bool redis_kind_is_script(enum redis_kind kind);

/*
 * The bytes of the command, in the protocol. `by_hash`: a script is called by its hash (EVALSHA),
 * which Redis may not know. `*text_r` is freed with redisFreeCommand(). `scratch` is overwritten;
 * it is a buffer of REDIS_RECORD_HEAD + STORE_VALUE_MAX bytes at least.
 */
size_t redis_command_format(const struct store_command *command, enum redis_kind kind, bool by_hash,
                            struct buf *scratch, char **text_r);

/* May a command of that kind be answered so? Of errors the caller judges. */
bool redis_kind_accepts(enum redis_kind kind, const struct redis_reply *reply);

/* Fills in what the command asks for, from an accepted reply. STORE_UNAVAILABLE: what lies there is
 * none of ours. */
enum store_status redis_command_take(struct store_command *command, enum redis_kind kind,
                                     const struct redis_reply *reply);

#endif
