#include "store/redis_reply.h"

#include "base/memory.h"
#include "store/store.h"

#include <hiredis/hiredis.h>

enum {
    /* A thousand members of the greatest size, or one record: what may lie unread. */
    UNREAD_MAX = 2 * 1024 * 1024,
    ERROR_SHOWN = 80
};

struct redis_judge {
    redisReader *reader;
    struct arena *arena; /* of who waits for the reply that is being read */
    struct redis_reply reply;
    const char *why;
    char line[REDIS_LINE_MAX];
};

/* What hiredis gets instead of an object of its own: any address but NULL. */
static char made;

static struct redis_judge *judge_of(const redisReadTask *task)
{
    return task->privdata;
}

/* hiredis takes NULL for "out of memory" and reads no further. */
static void *refuse(struct redis_judge *judge, const char *why)
{
    judge->why = why;
    return NULL;
}

static bool is_one_line(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == '\x7f')
            return false;
    }
    return true;
}

static void *take_line(struct redis_judge *judge, enum redis_reply_type type, const char *text,
                       size_t len)
{
    if (len > sizeof(judge->line))
        return refuse(judge, "a status or error is too long");
    if (!is_one_line(text, len))
        return refuse(judge, "a status or error has a control character in it");
    if (len > 0)
        memcpy(judge->line, text, len);
    judge->reply.type = type;
    judge->reply.text = slice_make(judge->line, len);
    return &made;
}

static void *take_item(struct redis_judge *judge, const redisReadTask *task, struct slice text)
{
    if (text.len > STORE_KEY_MAX)
        return refuse(judge, "a member of a list is too long");
    if (judge->arena != NULL && judge->reply.items != NULL)
        judge->reply.items[task->idx] = arena_copy(judge->arena, text);
    return &made;
}

static void *take_string(const redisReadTask *task, char *text, size_t len)
{
    struct redis_judge *judge = judge_of(task);
    struct slice bytes = slice_make(text, len);

    if (task->type == REDIS_REPLY_STATUS || task->type == REDIS_REPLY_ERROR) {
        if (task->parent != NULL)
            return refuse(judge, "a list has something else than strings in it");
        return take_line(judge, task->type == REDIS_REPLY_ERROR ? REDIS_ERROR : REDIS_STATUS, text,
                         len);
    }
    if (task->type != REDIS_REPLY_STRING)
        return refuse(judge, "a reply is of a type that was not asked for");
    /* The reader skips two bytes behind a string without looking at them; they are there. */
    if (text[len] != '\r' || text[len + 1] != '\n')
        return refuse(judge, "a string does not end where it says");
    if (task->parent != NULL)
        return take_item(judge, task, bytes);
    if (len > STORE_VALUE_MAX + REDIS_RECORD_HEAD)
        return refuse(judge, "a string is too long");
    judge->reply.type = REDIS_STRING;
    judge->reply.text = judge->arena != NULL ? arena_copy(judge->arena, bytes) : slice_none();
    return &made;
}

static void *take_array_of(const redisReadTask *task, size_t count)
{
    struct redis_judge *judge = judge_of(task);

    if (task->type != REDIS_REPLY_ARRAY)
        return refuse(judge, "a reply is of a type that was not asked for");
    if (task->parent != NULL)
        return refuse(judge, "a list has a list in it");
    if (count > STORE_MEMBERS_MAX)
        return refuse(judge, "a list is too long");
    judge->reply.type = REDIS_ARRAY;
    judge->reply.count = count;
    if (judge->arena != NULL && count > 0)
        judge->reply.items = arena_zalloc(judge->arena, count * sizeof(struct slice));
    return &made;
}

#if HIREDIS_MAJOR >= 1
static void *take_array(const redisReadTask *task, size_t count)
{
    return take_array_of(task, count);
}
#else
static void *take_array(const redisReadTask *task, int count)
{
    return count < 0 ? NULL : take_array_of(task, (size_t)count);
}
#endif

static void *take_integer(const redisReadTask *task, long long value)
{
    struct redis_judge *judge = judge_of(task);

    if (task->type != REDIS_REPLY_INTEGER || task->parent != NULL)
        return refuse(judge, "a number stands where none belongs");
    judge->reply.type = REDIS_INTEGER;
    judge->reply.integer = value;
    return &made;
}

static void *take_nil(const redisReadTask *task)
{
    struct redis_judge *judge = judge_of(task);

    if (task->parent != NULL)
        return refuse(judge, "a list has nothing in one of its places");
    judge->reply.type = REDIS_NIL;
    return &made;
}

#if HIREDIS_MAJOR >= 1
/* Only RESP3 has these, and we never ask for it. */
static void *refuse_double(const redisReadTask *task, double value, char *text, size_t len)
{
    (void)value, (void)text, (void)len;
    return refuse(judge_of(task), "a reply is of a type that was not asked for");
}

static void *refuse_bool(const redisReadTask *task, int value)
{
    (void)value;
    return refuse(judge_of(task), "a reply is of a type that was not asked for");
}
#endif

static void let_go(void *object)
{
    (void)object;
}

static redisReplyObjectFunctions functions = {
    .createString = take_string,
    .createArray = take_array,
    .createInteger = take_integer,
#if HIREDIS_MAJOR >= 1
    .createDouble = refuse_double,
    .createBool = refuse_bool,
#endif
    .createNil = take_nil,
    .freeObject = let_go,
};

struct redis_judge *redis_judge_new(void)
{
    struct redis_judge *judge = mem_zalloc(1, sizeof(*judge));

    judge->reader = redisReaderCreateWithFunctions(&functions);
    if (judge->reader == NULL)
        abort();
    judge->reader->privdata = judge;
    return judge;
}

void redis_judge_free(struct redis_judge *judge)
{
    if (judge == NULL)
        return;
    redisReaderFree(judge->reader);
    mem_free(judge);
}

bool redis_judge_has_bytes(const struct redis_judge *judge)
{
    return judge->reader->pos < judge->reader->len;
}

bool redis_judge_feed(struct redis_judge *judge, struct slice bytes)
{
    size_t unread = judge->reader->len - judge->reader->pos;

    if (judge->why == NULL && (bytes.len > UNREAD_MAX || unread > UNREAD_MAX - bytes.len))
        judge->why = "a reply is too long";
    if (judge->why != NULL)
        return false;
    if (redisReaderFeed(judge->reader, bytes.at, bytes.len) == REDIS_OK)
        return true;
    judge->why = judge->reader->errstr;
    return false;
}

enum redis_judgement redis_judge_next(struct redis_judge *judge, struct arena *arena,
                                      struct redis_reply *reply_r)
{
    void *object = NULL;

    if (judge->why != NULL)
        return REDIS_WRONG;
    judge->arena = arena;
    if (arena == NULL)
        judge->reply.items = NULL; /* its flow has gone, and its memory with it */
    int result = redisReaderGetReply(judge->reader, &object);

    judge->arena = NULL;
    if (result != REDIS_OK) {
        if (judge->why == NULL)
            judge->why = judge->reader->errstr;
        return REDIS_WRONG;
    }
    if (object == NULL)
        return REDIS_MORE;
    *reply_r = judge->reply;
    judge->reply = (struct redis_reply){ 0 };
    return REDIS_READY;
}

const char *redis_judge_why(const struct redis_judge *judge)
{
    return judge->why != NULL ? judge->why : "nothing is wrong";
}

struct slice redis_error_for_log(struct slice text)
{
    size_t end = 0;

    while (end < text.len && end < ERROR_SHOWN && strchr("'\"`", text.at[end]) == NULL)
        end++;
    return slice_sub(text, 0, end);
}
