/*
 * For suites about the HTTP server: a loop, a server whose handler does what the path says, and
 * clients that say exactly what they are told to. All of them live in one event base.
 *
 *   /now       answered within serve(); its body tells what was understood of the request
 *   /later     answered by later_answer()
 *   /big       answered within serve() with BIG_SIZE bytes
 *   /empty     204
 *   /other     answers the oldest /later from within its own serve(), then itself
 */
#ifndef CARDEA_TESTS_HTTP_FIXTURE_H
#define CARDEA_TESTS_HTTP_FIXTURE_H

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/memory.h"
#include "net/http_conn.h"
#include "net/http_server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 20000, /* for what must happen; sanitizers on a busy machine are slow */
    BIG_SIZE = 8 * 1024 * 1024
};

struct request {
    struct http_exchange exchange;
    struct arena arena;
    struct list link;
};

static struct {
    struct event_base *base;
    struct event *heartbeat;
    struct http_server *server;
    struct address address;
    int listening;
    SSL_CTX *tls;
    struct list later; /* requests that wait for later_answer() */
    int opened, served, answered, abandoned, abandoned_served;
    int idle;
    int beats; /* of 20 ms */
    char *big;
} world;

static inline void on_heartbeat(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    (void)context;
    world.beats++;
}

/* Runs the loop until it is so. */
#define WAIT(condition)                                                                            \
    do {                                                                                           \
        int64_t wait_end = clock_monotonic_ms() + PATIENCE_MS;                                     \
                                                                                                   \
        while (!(condition)) {                                                                     \
            if (clock_monotonic_ms() > wait_end)                                                   \
                fail_msg("in vain: %s", #condition);                                               \
            event_base_loop(world.base, EVLOOP_ONCE);                                              \
        }                                                                                          \
    } while (0)

/* For what must not happen: there is no event to wait for. */
static inline void pass_time(int64_t ms)
{
    int64_t end = clock_monotonic_ms() + ms;

    while (clock_monotonic_ms() < end)
        event_base_loop(world.base, EVLOOP_ONCE);
}

static inline void request_end(struct request *request)
{
    list_remove(&request->link);
    arena_release(&request->arena);
    mem_free(request);
}

static inline void request_answer(struct request *request, int status, struct slice body)
{
    struct http_answer answer = { .status = status,
                                  .headers = SL("Content-Type: text/plain\r\n"),
                                  .body = body };

    http_answer(&request->exchange, &answer);
    assert_null(request->exchange.conn);
    world.answered++;
    request_end(request);
}

static inline struct request *later_first(void)
{
    return list_is_empty(&world.later) ? NULL : list_entry(world.later.next, struct request, link);
}

static inline void later_answer(const char *body)
{
    request_answer(later_first(), 200, slice_of(body));
}

static inline struct http_exchange *on_open(void *context)
{
    struct request *request = mem_zalloc(1, sizeof(*request));

    assert_ptr_equal(context, &world);
    world.opened++;
    list_init(&request->link);
    request->exchange.arena = &request->arena;
    return &request->exchange;
}

static inline void answer_with_echo(struct request *request)
{
    const struct http_exchange *exchange = &request->exchange;
    const struct http_head *head = &exchange->head;
    struct slice text =
        arena_printf(&request->arena, "%s %.*s [%.*s] %s", http_method_name(head->method),
                     SLICE_ARG(head->target), SLICE_ARG(exchange->body),
                     slice_is_set(exchange->body) ? "body" : "none");

    request_answer(request, 200, text);
}

static inline void on_serve(struct http_exchange *exchange)
{
    struct request *request = container_of(exchange, struct request, exchange);
    struct slice path = exchange->head.path;

    world.served++;
    assert_true(exchange->began_us > 0);
    if (slice_is(path, "/later")) {
        list_add(&world.later, &request->link);
        return;
    }
    if (slice_is(path, "/other"))
        later_answer("by another");
    if (slice_is(path, "/big"))
        request_answer(request, 200, slice_make(world.big, BIG_SIZE));
    else if (slice_is(path, "/empty"))
        request_answer(request, 204, SL("ignored"));
    else
        answer_with_echo(request);
}

static inline void on_abandon(struct http_exchange *exchange, bool served)
{
    struct request *request = container_of(exchange, struct request, exchange);
    struct http_answer answer = { .status = 500 };

    world.abandoned++;
    world.abandoned_served += served;
    assert_null(exchange->conn);
    http_answer(exchange, &answer); /* too late, and harmless */
    request_end(request);
}

static inline struct http_server_settings default_settings(void)
{
    return (struct http_server_settings){
        .limits = { .head = 4096, .target = 1024, .headers = 30, .body = 8192 },
        .connections = 100,
        .idle_ms = 60000,
        .total_ms = 60000,
        .requests_per_connection = 1000000,
        .error_headers = SL("X-Error: yes\r\n"),
    };
}

static inline void world_listen(const char *where)
{
    assert_null(address_read_listen(slice_of(where), &world.address));
    world.listening = socket(world.address.sockaddr.ss_family, SOCK_STREAM, 0);
    assert_int_equal(
        bind(world.listening, (struct sockaddr *)&world.address.sockaddr, world.address.len), 0);
    assert_int_equal(listen(world.listening, 512), 0);
    world.address.len = sizeof(world.address.sockaddr);
    assert_int_equal(getsockname(world.listening, (struct sockaddr *)&world.address.sockaddr,
                                 &world.address.len),
                     0);
    assert_true(http_server_listen(world.server, world.listening, world.tls));
}

static inline void world_start_at(const struct http_server_settings *settings, const char *where)
{
    struct http_handler handler = { &world, on_open, on_serve, on_abandon };
    struct timeval interval = { 0, 20000 };

    signal(SIGPIPE, SIG_IGN);
    list_init(&world.later);
    world.opened = world.served = world.answered = 0;
    world.abandoned = world.abandoned_served = world.idle = 0;
    world.base = event_base_new();
    world.heartbeat = event_new(world.base, -1, EV_PERSIST, on_heartbeat, NULL);
    event_add(world.heartbeat, &interval);
    world.server = http_server_new(world.base, settings, &handler);
    world_listen(where);
}

static inline void world_start(const struct http_server_settings *settings)
{
    world_start_at(settings, "127.0.0.1:0");
}

static inline int world_begin(void **state)
{
    struct http_server_settings settings = default_settings();

    (void)state;
    world_start(&settings);
    return 0;
}

/* Every request that was opened has been answered or abandoned, once. */
static inline int world_end(void **state)
{
    (void)state;
    http_server_free(world.server);
    world.server = NULL;
    close(world.listening);
    if (world.address.sockaddr.ss_family == AF_UNIX)
        unlink(((struct sockaddr_un *)&world.address.sockaddr)->sun_path);
    event_free(world.heartbeat);
    event_base_free(world.base);
    arena_cache_release();
    if (world.opened != world.answered + world.abandoned)
        print_error("%d opened, %d answered, %d abandoned\n", world.opened, world.answered,
                    world.abandoned);
    return world.opened != world.answered + world.abandoned;
}

/* With other settings than the default. */
static inline void world_restart(const struct http_server_settings *settings)
{
    assert_int_equal(world_end(NULL), 0);
    world_start(settings);
}

struct client {
    struct bufferevent *bev;
    bool connected;
    bool eof;   /* the server closed politely */
    bool error; /* or not */
};

static inline void on_client_event(struct bufferevent *bev, short what, void *context)
{
    struct client *client = context;

    (void)bev;
    client->connected |= (what & BEV_EVENT_CONNECTED) != 0;
    client->eof |= (what & BEV_EVENT_EOF) != 0;
    client->error |= (what & (BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) != 0;
}

static inline void client_use(struct client *client, struct bufferevent *bev)
{
    *client = (struct client){ .bev = bev };
    bufferevent_setcb(bev, NULL, NULL, on_client_event, client);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
    assert_int_equal(bufferevent_socket_connect(bev, (struct sockaddr *)&world.address.sockaddr,
                                                (int)world.address.len),
                     0);
}

static inline void client_open(struct client *client)
{
    client_use(client, bufferevent_socket_new(world.base, -1, BEV_OPT_CLOSE_ON_FREE));
    WAIT(client->connected);
}

static inline void client_say(struct client *client, struct slice bytes)
{
    bufferevent_write(client->bev, bytes.at, bytes.len);
}

#define SAY(client, text) client_say(client, SL(text))

static inline bool client_has_said(const struct client *client)
{
    return evbuffer_get_length(bufferevent_get_output(client->bev)) == 0;
}

static inline size_t client_heard(const struct client *client)
{
    return evbuffer_get_length(bufferevent_get_input(client->bev));
}

static inline bool client_hears(const struct client *client, const char *text)
{
    return evbuffer_search(bufferevent_get_input(client->bev), text, strlen(text), NULL).pos >= 0;
}

/* What has come so far, as text; overwritten by the next call. */
static inline const char *client_text(const struct client *client)
{
    static char text[65536];
    ssize_t len = evbuffer_copyout(bufferevent_get_input(client->bev), text, sizeof(text) - 1);

    text[len > 0 ? len : 0] = '\0';
    return text;
}

static inline void client_forget(const struct client *client)
{
    evbuffer_drain(bufferevent_get_input(client->bev), SIZE_MAX);
}

static inline void client_close(struct client *client)
{
    bufferevent_free(client->bev);
    client->bev = NULL;
    event_base_loop(world.base, EVLOOP_NONBLOCK); /* the descriptor is closed by the loop */
}

static inline void client_shut_down(const struct client *client)
{
    WAIT(client_has_said(client));
    shutdown(bufferevent_getfd(client->bev), SHUT_WR);
}

/* A close that the other side hears as RST. */
static inline void client_reset(struct client *client)
{
    struct linger linger = { 1, 0 };

    WAIT(client_has_said(client) || client->eof || client->error);
    setsockopt(bufferevent_getfd(client->bev), SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    client_close(client);
}

static inline void chaos_act(struct client *client, unsigned what)
{
    static const struct slice words[] = {
        SLICE("GET /now HTTP/1.1\r\nHost: a\r\n\r\n"),
        SLICE("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"),
        SLICE("GET /later HTTP/1.1\r\nHost: a\r\n\r\nGET /later HTTP/1.1\r\nHost: a\r\n\r\n"),
        SLICE("GET /later HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        SLICE("POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel"),
        SLICE("POST /later HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc"),
        SLICE("lo"),
        SLICE("\r\n0\r\n\r\n"),
        SLICE("GET /big HTTP/1.1\r\nHost: a\r\n\r\n"),
        SLICE("BAD\r\n\r\n"),
    };

    if (client->eof || client->error || what == 0)
        client_close(client);
    else if (what == 1)
        client_reset(client);
    else if (what == 2)
        shutdown(bufferevent_getfd(client->bev), SHUT_WR);
    else if (what < 6 && later_first() != NULL)
        later_answer("at last");
    else if (what == 6)
        client_forget(client);
    else
        client_say(client, words[what % 10]);
}

/*
 * Clients that do whatever comes to mind, and a handler that answers when it likes: in the end
 * every request has been answered or abandoned, and no connection is left.
 */
static inline void chaos(void (*open)(struct client *client))
{
    enum {
        CLIENTS = 40,
        ACTS = 6000
    };
    struct client clients[CLIENTS] = { 0 };
    unsigned dice = 1;

    for (int act = 0; act < ACTS; act++) {
        dice = dice * 1103515245 + 12345;
        struct client *client = &clients[dice / 65536 % CLIENTS];

        if (client->bev == NULL)
            open(client);
        else
            chaos_act(client, dice / 65536 / CLIENTS % 20);
        event_base_loop(world.base, EVLOOP_NONBLOCK);
    }
    for (int i = 0; i < CLIENTS; i++) {
        if (clients[i].bev != NULL)
            client_close(&clients[i]);
    }
    WAIT(http_server_connections(world.server) == 0);
    assert_true(world.answered > 100 && world.abandoned > 100);
    assert_int_equal(world.opened, world.answered + world.abandoned);
}

#endif
