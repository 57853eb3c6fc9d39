/*
 * The reply judge: Redis' protocol as hiredis' reader reads it, with nothing let through that one
 * of our commands could not be answered with.
 *
 * A reply is an integer, nil, a status or error of one line, a string of at most a record's size,
 * or one flat array of at most STORE_MEMBERS_MAX strings of a key's size. Anything else (nested or
 * larger arrays, other types, an error with a line break in it, a string that does not end where it
 * says) is wrong, and after that nothing is read any more: who has lost his place in the stream can
 * only close it.
 */
#ifndef CARDEA_STORE_REDIS_REPLY_H
#define CARDEA_STORE_REDIS_REPLY_H

#include "base/arena.h"

enum redis_reply_type {
    REDIS_NIL,
    REDIS_INTEGER,
    REDIS_STATUS,
    REDIS_ERROR,
    REDIS_STRING,
    REDIS_ARRAY
};

enum {
    REDIS_RECORD_HEAD = 8, /* the version in front of a record's value */
    REDIS_LINE_MAX = 512   /* of a status or error */
};

struct redis_reply {
    enum redis_reply_type type;
    int64_t integer;
    /* A string lies in the arena; status and error in the judge, until the next reply. Absent when
     * nobody wanted it. */
    struct slice text;
    struct slice *items; /* in the arena */
    size_t count;
};

enum redis_judgement {
    REDIS_MORE,  /* the reply is not complete yet */
    REDIS_READY, /* `*reply_r` is set */
    REDIS_WRONG  /* redis_judge_why() says why */
};

struct redis_judge;

struct redis_judge *redis_judge_new(void);
/* Accepts NULL. */
void redis_judge_free(struct redis_judge *judge);

/* Gives it bytes; they are copied. False when there are more than a reply can have. */
bool redis_judge_feed(struct redis_judge *judge, struct slice bytes);

/*
 * The next reply. What is in it goes to `arena`; NULL: it is judged and dropped. Between the calls
 * for one reply the arena may become NULL, but not another one.
 */
enum redis_judgement redis_judge_next(struct redis_judge *judge, struct arena *arena,
                                      struct redis_reply *reply_r);

/* Are there bytes that no reply was made of yet? */
bool redis_judge_has_bytes(const struct redis_judge *judge);

/* The part of an error that may go into a log: it may repeat what it is about, but it quotes that.
 */
struct slice redis_error_for_log(struct slice text);

/* A static string, or one in the judge. */
const char *redis_judge_why(const struct redis_judge *judge);

#endif
