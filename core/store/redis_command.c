#include "store/redis_command.h"

#include "base/clock.h"

#include <hiredis/hiredis.h>
#include <openssl/evp.h>

#define KEY_PREFIX "cardea:"

enum {
    WORDS_MAX = 12,
    SHA1_TEXT = 40
};

/* Conditions on the version are judged on the first eight bytes alone. 0: absent, -1: changed. */
static const char swap_script[] = "local v = redis.call('GETRANGE', KEYS[1], 0, 7)\n"
                                  "if v == '' then return 0 end\n"
                                  "if v ~= ARGV[1] then return -1 end\n"
                                  "if ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2])\n"
                                  "else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end\n"
                                  "return 1\n";

static const char remove_script[] = "local v = redis.call('GETRANGE', KEYS[1], 0, 7)\n"
                                    "if v == '' then return 0 end\n"
                                    "if v ~= ARGV[1] then return -1 end\n"
                                    "redis.call('DEL', KEYS[1])\n"
                                    "return 1\n";

/* The sum goes back as text: a number would pass through Lua's floating point. */
static const char count_script[] =
    "local new = redis.call('EXISTS', KEYS[1]) == 0\n"
    "redis.call('INCRBY', KEYS[1], ARGV[1])\n"
    "if new and ARGV[2] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end\n"
    "return redis.call('GET', KEYS[1])\n";

/* The key lives as long as its last member. */
static const char join_script[] =
    "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])\n"
    "redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])\n"
    "local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]\n"
    "if last == 'inf' then redis.call('PERSIST', KEYS[1])\n"
    "else redis.call('PEXPIRE', KEYS[1], tonumber(last) - tonumber(ARGV[3])) end\n"
    "return 1\n";

#define TYPE(type)    (1U << (type))
#define STATUS        TYPE(REDIS_STATUS)
#define STATUS_OR_NIL (TYPE(REDIS_STATUS) | TYPE(REDIS_NIL))
#define STRING        TYPE(REDIS_STRING)
#define STRING_OR_NIL (TYPE(REDIS_STRING) | TYPE(REDIS_NIL))
#define INTEGER       TYPE(REDIS_INTEGER)
#define ARRAY         TYPE(REDIS_ARRAY)

/*
 * One row per kind, in the order of the enum: its words, its script, the replies it may get and the
 * range of a number. A word that begins with '%' is filled in by add_word(); those of a script come
 * behind the script and its key count.
 */
static const struct {
    const char *name; /* for log lines */
    const char *words;
    const char *script;
    unsigned types;
    int64_t least, most;
} kinds[] = {
    { "GET", "GET %k", NULL, STRING_OR_NIL, 0, 0 },
    { "SET", "SET %k %r %p", NULL, STATUS, 0, 0 },
    { "SET NX", "SET %k %r NX %p", NULL, STATUS_OR_NIL, 0, 0 },
    { "GETDEL", "GETDEL %k", NULL, STRING_OR_NIL, 0, 0 },
    { "swap", "%k %v %r %t", swap_script, INTEGER, -1, 1 },
    { "DEL", "DEL %k", NULL, INTEGER, 0, 1 },
    { "remove", "%k %v", remove_script, INTEGER, -1, 1 },
    { "count", "%k %a %t", count_script, STRING, 0, 0 },
    { "GET", "GET %k", NULL, STRING_OR_NIL, 0, 0 },
    { "join", "%k %m %e %n", join_script, INTEGER, 1, 1 },
    { "ZREM", "ZREM %k %m", NULL, INTEGER, 0, 1 },
    { "members", "ZRANGEBYSCORE %k %( +inf LIMIT 0 1000", NULL, ARRAY, 0, 0 },
};
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == REDIS_KINDS, "a row for each kind");
_Static_assert(STORE_MEMBERS_MAX == 1000, "REDIS_MEMBERS has the number too");

const char *redis_kind_name(enum redis_kind kind)
{
    return kinds[kind].name;
}

bool redis_kind_is_script(enum redis_kind kind)
{
    return kinds[kind].script != NULL;
}

enum redis_kind redis_kind_of(const struct store_command *command)
{
    static const enum redis_kind by_verb[] = {
        [STORE_GET] = REDIS_GET,         [STORE_PUT] = REDIS_PUT,   [STORE_ADD] = REDIS_ADD,
        [STORE_TAKE] = REDIS_TAKE,       [STORE_SWAP] = REDIS_SWAP, [STORE_REMOVE] = REDIS_REMOVE,
        [STORE_COUNT] = REDIS_COUNT,     [STORE_JOIN] = REDIS_JOIN, [STORE_LEAVE] = REDIS_LEAVE,
        [STORE_MEMBERS] = REDIS_MEMBERS,
    };

    if (command->verb == STORE_COUNT && command->amount == 0)
        return REDIS_COUNTED;
    if (command->verb == STORE_REMOVE && command->only_if_version)
        return REDIS_REMOVE_VERSION;
    return by_verb[command->verb];
}

/* The words of one command, and the room for those that are made for it. */
struct words {
    int count;
    const char *at[WORDS_MAX];
    size_t len[WORDS_MAX];
    char key[sizeof(KEY_PREFIX) + STORE_KEY_MAX];
    char version[REDIS_RECORD_HEAD];
    char numbers[3][24];
    int number_count;
    struct buf *scratch;
};

static void add_bytes(struct words *words, struct slice bytes)
{
    words->at[words->count] = bytes.len > 0 ? bytes.at : "";
    words->len[words->count++] = bytes.len;
}

static void add_number(struct words *words, const char *format, int64_t number)
{
    char *text = words->numbers[words->number_count++];

    snprintf(text, sizeof(words->numbers[0]), "%s%lld", format, (long long)number);
    add_bytes(words, slice_of(text));
}

static void write_version(char bytes[REDIS_RECORD_HEAD], uint64_t version)
{
    for (int i = 0; i < REDIS_RECORD_HEAD; i++)
        bytes[i] = (char)(version >> (56 - 8 * i));
}

static uint64_t read_version(struct slice record)
{
    uint64_t version = 0;

    for (int i = 0; i < REDIS_RECORD_HEAD; i++)
        version = version << 8 | (unsigned char)record.at[i];
    return version;
}

static void add_key(struct words *words, struct slice key)
{
    const size_t prefix = sizeof(KEY_PREFIX) - 1;

    memcpy(words->key, KEY_PREFIX, prefix);
    memcpy(words->key + prefix, key.at, key.len); /* store.c looked at its length */
    add_bytes(words, slice_make(words->key, prefix + key.len));
}

static void add_record(struct words *words, const struct store_command *command)
{
    char head[REDIS_RECORD_HEAD];

    write_version(head, command->found_version);
    buf_reset(words->scratch);
    buf_add(words->scratch, slice_make(head, sizeof(head)));
    buf_add(words->scratch, command->value);
    add_bytes(words, buf_slice(words->scratch));
}

static void add_word(struct words *words, struct slice word, const struct store_command *command)
{
    switch (word.at[0] == '%' ? word.at[1] : '\0') {
    case 'k':
        add_key(words, command->key);
        return;
    case 'r': /* the record: a new version, and the value */
        add_record(words, command);
        return;
    case 'v': /* the version there should be */
        write_version(words->version, command->version);
        add_bytes(words, slice_make(words->version, sizeof(words->version)));
        return;
    case 'p': /* how long, as SET wants it */
        if (command->ttl_ms > 0) {
            add_bytes(words, SL("PX"));
            add_number(words, "", command->ttl_ms);
        }
        return;
    case 't': /* how long, as the scripts want it */
        add_number(words, "", command->ttl_ms);
        return;
    case 'a':
        add_number(words, "", command->amount);
        return;
    case 'm':
        add_bytes(words, command->member);
        return;
    case 'n':
        add_number(words, "", clock_now_ms());
        return;
    case '(': /* after now */
        add_number(words, "(", clock_now_ms());
        return;
    case 'e': /* until when */
        if (command->ttl_ms > 0)
            add_number(words, "", clock_now_ms() + command->ttl_ms);
        else
            add_bytes(words, SL("+inf"));
        return;
    default:
        add_bytes(words, word);
        return;
    }
}

/* SHA-1 is how Redis names scripts; nothing rests on it. Where it is forbidden (FIPS) the name is
 * wrong, and each script goes along in full after all. */
static struct slice hash_of_script(enum redis_kind kind)
{
    static const char digits[] = "0123456789abcdef";
    static char hashes[REDIS_KINDS][SHA1_TEXT];
    unsigned char sum[EVP_MAX_MD_SIZE] = { 0 };

    if (hashes[kind][0] == '\0') {
        EVP_Digest(kinds[kind].script, strlen(kinds[kind].script), sum, NULL, EVP_sha1(), NULL);
        for (int i = 0; i < SHA1_TEXT; i++)
            hashes[kind][i] = digits[(i % 2 == 0 ? sum[i / 2] >> 4 : sum[i / 2]) & 15];
    }
    return slice_make(hashes[kind], SHA1_TEXT);
}

size_t redis_command_format(const struct store_command *command, enum redis_kind kind, bool by_hash,
                            struct buf *scratch, char **text_r)
{
    struct words words = { .scratch = scratch };
    struct slice rest = slice_of(kinds[kind].words);
    struct slice word;
    const char *script = kinds[kind].script;

    if (script != NULL) {
        add_bytes(&words, slice_of(by_hash ? "EVALSHA" : "EVAL"));
        add_bytes(&words, by_hash ? hash_of_script(kind) : slice_of(script));
        add_bytes(&words, SL("1"));
    }
    while (slice_next_word(&rest, &word))
        add_word(&words, word, command);
    int len = redisFormatCommandArgv(text_r, words.count, words.at, words.len);

    if (len < 0)
        abort(); /* out of memory */
    return (size_t)len;
}

bool redis_kind_accepts(enum redis_kind kind, const struct redis_reply *reply)
{
    if ((kinds[kind].types & TYPE(reply->type)) == 0)
        return false;
    if (reply->type == REDIS_STATUS)
        return slice_is(reply->text, "OK");
    return reply->type != REDIS_INTEGER ||
           (reply->integer >= kinds[kind].least && reply->integer <= kinds[kind].most);
}

static enum store_status take_record(struct store_command *command, const struct redis_reply *reply)
{
    if (reply->type == REDIS_NIL)
        return STORE_ABSENT;
    if (reply->text.len < REDIS_RECORD_HEAD)
        return STORE_UNAVAILABLE;
    command->found = slice_from(reply->text, REDIS_RECORD_HEAD);
    command->found_version = read_version(reply->text);
    return STORE_OK;
}

static enum store_status take_count(struct store_command *command, const struct redis_reply *reply)
{
    bool negative = reply->text.len > 0 && reply->text.at[0] == '-';
    uint64_t number = 0;

    if (reply->type == REDIS_STRING &&
        !slice_to_u64(slice_from(reply->text, negative), (uint64_t)INT64_MAX + negative, &number))
        return STORE_UNAVAILABLE;
    command->counted = negative ? (int64_t)(0 - number) : (int64_t)number;
    return STORE_OK;
}

static enum store_status take_members(struct store_command *command,
                                      const struct redis_reply *reply)
{
    command->members = reply->items;
    command->member_count = reply->count;
    return STORE_OK;
}

enum store_status redis_command_take(struct store_command *command, enum redis_kind kind,
                                     const struct redis_reply *reply)
{
    switch (kind) {
    case REDIS_GET:
    case REDIS_TAKE:
        return take_record(command, reply);
    case REDIS_COUNT:
    case REDIS_COUNTED:
        return take_count(command, reply);
    case REDIS_MEMBERS:
        return take_members(command, reply);
    case REDIS_ADD:
        return reply->type == REDIS_NIL ? STORE_CONFLICT : STORE_OK;
    case REDIS_SWAP:
    case REDIS_REMOVE:
    case REDIS_REMOVE_VERSION:
        if (reply->integer < 0)
            return STORE_CONFLICT;
        return reply->integer == 0 ? STORE_ABSENT : STORE_OK;
    default:
        return STORE_OK;
    }
}
