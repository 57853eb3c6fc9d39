/*
 * The least that an operation of ours can cost: a small server that does its hashes, random bytes,
 * commands to Redis and signatures, and nothing else. Figures of Cardea are given as a share of
 * what this reaches in the same run.
 *
 *     bench_model NAME PORT [REDIS-SOCKET [SIZE]]
 *
 * SIZE is that of the fixed answer; no socket is an empty text. Records `model:0` to `model:9999`
 * must be there.
 */
#include "base/buf.h"
#include "tests/bench/models/provider.h"
#include "tests/bench/models/redis.h"
#include "tests/bench/models/work.h"

#include <openssl/sha.h>
#include <signal.h>

enum {
    RECORDS = 10000,
    WRITTEN = 200000, /* records that are written to, in turn */
    RECORD_SIZE = 400,
    FIXED_MAX = 64 * 1024
};

/*
 * A model's work, letter by letter:
 *   h hash    m HMAC    r random token    e sign ES256    R sign RS256
 *   g GET     s SET     w SET if unchanged, by a script   (each waits for the answer)
 *   F answer the fixed text    T answer with tokens    L answer with a redirect and a code
 */
static const struct {
    const char *name;
    const char *work;
    const char *work_of_token; /* where the path ends in /token; NULL: the same */
} models[] = {
    { "fixed", "F", NULL },
    { "get", "gF", NULL },
    { "bearer", "hgF", NULL },
    { "introspect", "hhgF", NULL },
    { "opaque", "hrhsT", NULL },
    { "es256", "hrhesT", NULL },
    { "rs256", "hrhRsT", NULL },
    { "refresh-es256", "hhgmhrhewT", NULL },
    { "refresh-rs256", "hhgmhrhRwT", NULL },
    { "flow-es256", "hgrhsL", "hhghrhewT" },
    { "flow-rs256", "hgrhsL", "hhghrhRwT" },
};

static const char swap_script[] = "local v = redis.call('GETRANGE', KEYS[1], 0, 7)\n"
                                  "if v == '' then return 0 end\n"
                                  "if v ~= ARGV[1] then return -1 end\n"
                                  "redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])\n"
                                  "return 1\n";

static size_t chosen;
static char swap_hash[41];
static char record[RECORD_SIZE + 1];
static struct slice fixed;

static void go_on(struct exchange *exchange);

static void ask_redis(struct exchange *exchange, char verb)
{
    char key[32];
    uint64_t number = verb == 's' ? exchange->number % WRITTEN : exchange->number % RECORDS;
    struct slice name = { key, (size_t)snprintf(key, sizeof(key), "model:%llu",
                                                (unsigned long long)number) };
    struct slice value = { record, RECORD_SIZE };
    struct slice life = SL("3600000");

    if (verb == 'g')
        redis_send((struct slice[]){ SL("GET"), name }, 2, exchange, go_on);
    else if (verb == 's')
        redis_send((struct slice[]){ SL("SET"), name, value, SL("PX"), life }, 5, exchange, go_on);
    else
        redis_send((struct slice[]){ SL("EVALSHA"), slice_of(swap_hash), SL("1"), name,
                                     SL("00000000"), value, life },
                   7, exchange, go_on);
}

static void answer_tokens(struct exchange *exchange)
{
    static struct buf body = BUF_INIT(4096);

    buf_reset(&body);
    buf_printf(&body,
               "{\"access_token\":\"cat_0123456789abcdefghijkl%.43s\",\"token_type\":\"Bearer\","
               "\"expires_in\":3600,\"refresh_token\":\"crt_0123456789abcdefghijkl%.43s.1\","
               "\"id_token\":\"%.*s\",\"scope\":\"openid profile email offline_access\"}",
               exchange->secret, exchange->secret, (int)exchange->token_len, exchange->token);
    http_respond(exchange, "200 OK", SL("Content-Type: application/json\r\n"), buf_slice(&body));
}

static void answer_redirect(struct exchange *exchange)
{
    char location[160];
    int len = snprintf(location, sizeof(location),
                       "Location: https://app.test/callback?"
                       "code=cac_0123456789abcdefghijkl%.43s&state=s\r\n",
                       exchange->secret);

    http_respond(exchange, "303 See Other", slice_make(location, (size_t)len), SL(""));
}

/* Until it has to wait, or has answered. */
static void go_on(struct exchange *exchange)
{
    struct slice secret = { exchange->secret, 43 };

    for (;;) {
        char letter = *exchange->work++;

        switch (letter) {
        case 'h':
            work_hash(secret, exchange->hash);
            break;
        case 'm':
            work_mac(secret, exchange->hash);
            break;
        case 'r':
            work_random(exchange->secret);
            break;
        case 'e':
        case 'R':
            exchange->token_len =
                work_sign(letter == 'R', exchange->token, sizeof(exchange->token));
            break;
        case 'F':
            http_respond(exchange, "200 OK", SL("Content-Type: application/json\r\n"), fixed);
            return;
        case 'T':
            answer_tokens(exchange);
            return;
        case 'L':
            answer_redirect(exchange);
            return;
        default:
            ask_redis(exchange, letter);
            return;
        }
    }
}

static void handle(struct exchange *exchange)
{
    static uint64_t count;
    bool is_token =
        models[chosen].work_of_token != NULL && slice_ends(exchange->path, SL("/token"));

    exchange->number = count++;
    exchange->token_len = 0;
    exchange->work = is_token ? models[chosen].work_of_token : models[chosen].work;
    go_on(exchange);
}

static void loaded(struct exchange *exchange)
{
    (void)exchange;
}

static void load_script(void)
{
    unsigned char sum[SHA_DIGEST_LENGTH];

    SHA1((const unsigned char *)swap_script, sizeof(swap_script) - 1, sum);
    for (size_t i = 0; i < sizeof(sum); i++)
        snprintf(swap_hash + 2 * i, 3, "%02x", sum[i]);
    redis_send((struct slice[]){ SL("SCRIPT"), SL("LOAD"), slice_of(swap_script) }, 3, NULL,
               loaded);
}

static bool choose(const char *name)
{
    for (chosen = 0; chosen < sizeof(models) / sizeof(models[0]); chosen++) {
        if (strcmp(models[chosen].name, name) == 0)
            return true;
    }
    return strcmp(name, "provider") == 0;
}

int main(int argc, char **argv)
{
    static char text[FIXED_MAX];
    struct event_base *base = event_base_new();
    uint64_t port = 0;
    uint64_t size = 100;

    if (argc < 3 || !choose(argv[1]) || !slice_to_u64(slice_of(argv[2]), 65535, &port) ||
        (argc > 4 && !slice_to_u64(slice_of(argv[4]), sizeof(text), &size))) {
        fprintf(stderr, "usage: bench_model NAME PORT [REDIS-SOCKET [SIZE]]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    memset(record, '0', RECORD_SIZE);
    memset(text, 'x', sizeof(text));
    fixed = slice_make(text, size);
    if (argc > 3 && argv[3][0] != '\0') {
        redis_connect(base, argv[3]);
        load_script();
    }
    http_serve(base, (uint16_t)port, strcmp(argv[1], "provider") == 0 ? provider_handle : handle);
    event_base_dispatch(base);
    return 0;
}
