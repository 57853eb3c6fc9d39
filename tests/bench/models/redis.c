#include "tests/bench/models/redis.h"

#include "base/buf.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <hiredis/hiredis.h>
#include <sys/un.h>

enum {
    WAITING_MAX = 4096 /* a power of two; more than there are connections */
};

static struct {
    struct exchange *exchange;
    void (*done)(struct exchange *exchange);
} waiting[WAITING_MAX];
static size_t first, next;
static struct bufferevent *connection;
static redisReader *reader;

static void on_read(struct bufferevent *bev, void *context)
{
    struct evbuffer *input = bufferevent_get_input(bev);
    size_t len = evbuffer_get_length(input);
    void *reply = NULL;

    (void)context;
    redisReaderFeed(reader, (const char *)evbuffer_pullup(input, -1), len);
    evbuffer_drain(input, len);
    while (redisReaderGetReply(reader, &reply) == REDIS_OK && reply != NULL) {
        size_t place = first++ % WAITING_MAX;

        if (((redisReply *)reply)->type == REDIS_REPLY_ERROR)
            fprintf(stderr, "redis: %s\n", ((redisReply *)reply)->str);
        freeReplyObject(reply);
        waiting[place].done(waiting[place].exchange);
    }
}

static void on_event(struct bufferevent *bev, short what, void *context)
{
    (void)bev;
    (void)context;
    if ((what & BEV_EVENT_CONNECTED) == 0)
        exit(1); /* the run is over */
}

void redis_connect(struct event_base *base, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    reader = redisReaderCreate();
    connection = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(connection, on_read, NULL, on_event, NULL);
    bufferevent_enable(connection, EV_READ);
    if (bufferevent_socket_connect(connection, (struct sockaddr *)&address, sizeof(address)) != 0) {
        perror(path);
        exit(1);
    }
}

void redis_send(const struct slice *words, size_t count, struct exchange *exchange,
                void (*done)(struct exchange *exchange))
{
    static struct buf out = BUF_INIT(64 * 1024);

    buf_reset(&out);
    buf_add_byte(&out, '*');
    buf_add_u64(&out, count);
    for (size_t i = 0; i < count; i++) {
        buf_add(&out, SL("\r\n$"));
        buf_add_u64(&out, words[i].len);
        buf_add(&out, SL("\r\n"));
        buf_add(&out, words[i]);
    }
    buf_add(&out, SL("\r\n"));
    bufferevent_write(connection, out.at, out.len);
    waiting[next % WAITING_MAX].exchange = exchange;
    waiting[next++ % WAITING_MAX].done = done;
}
