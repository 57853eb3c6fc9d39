#include "store/redis_wire.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "store/redis_dial.h"

#include <errno.h>
#include <event2/buffer.h>
#include <hiredis/hiredis.h>
#include <unistd.h>

enum {
    QUEUE_FIRST = 64,
    QUEUE_MAX = 65536,             /* requests under way; a power of two */
    UNSENT_MAX = 64 * 1024 * 1024, /* bytes */
    BACKOFF_FIRST_MS = 50,
    BACKOFF_LONGEST_MS = 2000,
    STEADY_MS = 1000 /* a connection that stood so long was of use, asked or not */
};

enum wire_state {
    WIRE_DOWN,     /* waits for its next attempt */
    WIRE_DIALLING, /* no connection yet */
    WIRE_SECURING, /* TLS handshake */
    WIRE_GREETING, /* AUTH, SELECT, PING */
    WIRE_READY
};

enum greeting {
    GREETING_AUTH,
    GREETING_SELECT,
    GREETING_PING,
    GREETINGS
};

static const char *const greeting_names[] = { "AUTH", "SELECT", "PING" };

struct redis_wire {
    struct event_base *base;
    const struct redis_address *address;
    SSL_CTX *tls;
    int64_t timeout_ms;
    struct store *store;
    const struct redis_wire_owner *owner;

    enum wire_state state;
    bool known_down;        /* the last attempt failed: nothing is taken until one succeeds */
    bool healthy;           /* the last request was answered without an error */
    bool useful;            /* this connection has answered a request */
    bool closing;           /* redis_wire_free() */
    enum greeting greeting; /* the one whose reply is awaited */
    int64_t ready_since;    /* clock_monotonic_ms() */
    int64_t backoff_ms;
    char why[160]; /* the last reason for being down, so that it is told once */

    struct redis_dial *dial;
    struct bufferevent *connection;
    struct redis_judge *judge;
    struct evbuffer *unsent; /* requests taken before WIRE_READY */

    /* A ring: request number n is at queue[n & (capacity - 1)]. */
    struct redis_request *queue;
    size_t capacity;
    uint64_t first; /* the number of the oldest */
    uint64_t next;  /* the number of the one to come */

    struct event *timer; /* next attempt, end of the attempt, or earliest deadline */
    bool timer_set;      /* in WIRE_READY */
};

static void set_timer(struct redis_wire *wire, int64_t ms)
{
    if (ms < 0)
        ms = 0;
    event_add(wire->timer, &(struct timeval){ ms / 1000, (suseconds_t)(ms % 1000 * 1000) });
}

static size_t queue_count(const struct redis_wire *wire)
{
    return (size_t)(wire->next - wire->first);
}

static struct redis_request *queue_at(const struct redis_wire *wire, uint64_t number)
{
    return &wire->queue[number & (wire->capacity - 1)];
}

static void queue_grow(struct redis_wire *wire)
{
    size_t capacity = wire->capacity > 0 ? wire->capacity * 2 : QUEUE_FIRST;
    struct redis_request *grown = mem_alloc(capacity * sizeof(*grown));

    for (uint64_t n = wire->first; n < wire->next; n++)
        grown[n & (capacity - 1)] = *queue_at(wire, n);
    mem_free(wire->queue);
    wire->queue = grown;
    wire->capacity = capacity;
}

struct redis_request *redis_wire_request(struct redis_wire *wire, uint64_t number)
{
    return number >= wire->first && number < wire->next ? queue_at(wire, number) : NULL;
}

/* The oldest request is not always the one with the earliest deadline: a script that is sent again
 * keeps its own. */
static int64_t earliest_deadline(const struct redis_wire *wire)
{
    int64_t earliest = INT64_MAX;

    for (uint64_t n = wire->first; n < wire->next; n++) {
        if (queue_at(wire, n)->deadline < earliest)
            earliest = queue_at(wire, n)->deadline;
    }
    return earliest;
}

/* Where the reply to the oldest request goes. */
static struct arena *arena_for_reply(const struct redis_wire *wire)
{
    const struct store_batch *batch =
        wire->state == WIRE_READY ? queue_at(wire, wire->first)->batch : NULL;

    return batch != NULL ? &batch->op.flow->arena : NULL;
}

static struct evbuffer *output_of(const struct redis_wire *wire)
{
    return wire->state == WIRE_READY ? bufferevent_get_output(wire->connection) : wire->unsent;
}

bool redis_wire_takes(const struct redis_wire *wire)
{
    return !wire->known_down && !wire->closing && queue_count(wire) < QUEUE_MAX &&
           evbuffer_get_length(output_of(wire)) < UNSENT_MAX;
}

uint64_t redis_wire_send(struct redis_wire *wire, const struct redis_request *request,
                         const char *bytes, size_t len)
{
    if (queue_count(wire) == wire->capacity)
        queue_grow(wire);
    *queue_at(wire, wire->next) = *request;
    if (evbuffer_add(output_of(wire), bytes, len) != 0)
        abort(); /* out of memory */
    if (wire->state == WIRE_READY && !wire->timer_set) {
        set_timer(wire, request->deadline - clock_monotonic_ms());
        wire->timer_set = true;
    }
    return wire->next++;
}

static void send_greeting(struct redis_wire *wire, int count, const struct slice *words)
{
    const char *at[3];
    size_t lens[3];
    char *text = NULL;

    for (int i = 0; i < count; i++) {
        at[i] = words[i].at;
        lens[i] = words[i].len;
    }
    int len = redisFormatCommandArgv(&text, count, at, lens);

    if (len < 0 || bufferevent_write(wire->connection, text, (size_t)len) != 0)
        abort(); /* out of memory */
    mem_wipe(text, (size_t)len);
    redisFreeCommand(text);
}

static void greet(struct redis_wire *wire)
{
    const struct redis_address *address = wire->address;
    char number[16];

    wire->state = WIRE_GREETING;
    wire->greeting = GREETING_PING;
    if (address->database != 0)
        wire->greeting = GREETING_SELECT;
    if (slice_is_set(address->password)) {
        wire->greeting = GREETING_AUTH;
        if (slice_is_set(address->user))
            send_greeting(wire, 3,
                          (struct slice[]){ SL("AUTH"), address->user, address->password });
        else
            send_greeting(wire, 2, (struct slice[]){ SL("AUTH"), address->password });
    }
    if (address->database != 0) {
        snprintf(number, sizeof(number), "%u", address->database);
        send_greeting(wire, 2, (struct slice[]){ SL("SELECT"), slice_of(number) });
    }
    send_greeting(wire, 1, (struct slice[]){ SL("PING") });
    bufferevent_enable(wire->connection, EV_READ | EV_WRITE);
}

static void became_ready(struct redis_wire *wire)
{
    if (wire->why[0] != '\0')
        log_info("store: %s is back", wire->address->name);
    else
        log_debug("store: connected to %s", wire->address->name);
    wire->why[0] = '\0';
    wire->state = WIRE_READY;
    wire->known_down = false;
    wire->healthy = true;
    wire->useful = false;
    wire->ready_since = clock_monotonic_ms();
    event_del(wire->timer);
    wire->timer_set = queue_count(wire) > 0;
    if (wire->timer_set)
        set_timer(wire, earliest_deadline(wire) - wire->ready_since);
    evbuffer_add_buffer(bufferevent_get_output(wire->connection), wire->unsent);
}

static void hang_up(struct redis_wire *wire)
{
    redis_dial_cancel(wire->dial);
    wire->dial = NULL;
    if (wire->connection != NULL)
        bufferevent_free(wire->connection);
    wire->connection = NULL;
    redis_judge_free(wire->judge);
    wire->judge = NULL;
    evbuffer_drain(wire->unsent, evbuffer_get_length(wire->unsent));
    event_del(wire->timer);
    wire->timer_set = false;
    wire->healthy = false;
}

/* At once if the connection had been of use; else later and later, and never two workers in step.
 */
static void plan_next_attempt(struct redis_wire *wire)
{
    int64_t delay = 0;

    if (wire->useful ||
        (wire->state == WIRE_READY && clock_monotonic_ms() - wire->ready_since > STEADY_MS)) {
        wire->backoff_ms = 0;
    } else {
        wire->backoff_ms = wire->backoff_ms == 0 ? BACKOFF_FIRST_MS : wire->backoff_ms * 2;
        if (wire->backoff_ms > BACKOFF_LONGEST_MS)
            wire->backoff_ms = BACKOFF_LONGEST_MS;
        delay = wire->backoff_ms / 2 + (int64_t)(random_u64() % (uint64_t)wire->backoff_ms) / 2;
    }
    wire->useful = false;
    wire->known_down = delay > 0;
    wire->state = WIRE_DOWN;
    set_timer(wire, delay);
}

static void lose_requests(struct redis_wire *wire)
{
    uint64_t end = wire->next; /* flows that go on may send more, and those wait for a connection */

    while (wire->first < end) {
        struct redis_request request = *queue_at(wire, wire->first++);

        if (request.batch != NULL)
            wire->owner->lost(wire->store, &request);
    }
}

static void wire_lose(struct redis_wire *wire, const char *why)
{
    if (strcmp(why, wire->why) != 0) {
        snprintf(wire->why, sizeof(wire->why), "%s", why);
        log_warn("store: %s %s: %s", wire->address->name,
                 wire->state == WIRE_READY ? "is lost" : "cannot be reached", wire->why);
    }
    hang_up(wire);
    plan_next_attempt(wire);
    lose_requests(wire);
}

/* What may be told of an answer to AUTH. An old or a false server may repeat the password, quoted
 * or not: so the code alone, if it is one. */
static struct slice code_for_log(struct slice error)
{
    struct slice code = slice_sub(error, 0, slice_find(error, ' '));

    for (size_t i = 0; i < code.len; i++) {
        if (code.at[i] < 'A' || code.at[i] > 'Z')
            return SL("an error");
    }
    return code;
}

static bool greeting_is_good(enum greeting greeting, const struct redis_reply *reply)
{
    if (greeting != GREETING_PING)
        return reply->type == REDIS_STATUS && slice_is(reply->text, "OK");
    /* A user who may not PING is answered too, and that is all we want to know. */
    return (reply->type == REDIS_STATUS && slice_is(reply->text, "PONG")) ||
           (reply->type == REDIS_ERROR && slice_starts(reply->text, SL("NOPERM ")));
}

/* False when the attempt has failed. */
static bool take_greeting(struct redis_wire *wire, const struct redis_reply *reply)
{
    char why[160];

    if (!greeting_is_good(wire->greeting, reply)) {
        struct slice text = SL("something else");

        if (reply->type == REDIS_ERROR)
            text =
                (wire->greeting == GREETING_AUTH ? code_for_log : redis_error_for_log)(reply->text);
        snprintf(why, sizeof(why), "%s was answered with: %.*s", greeting_names[wire->greeting],
                 SLICE_ARG(text));
        wire_lose(wire, why);
        return false;
    }
    if (wire->greeting == GREETING_AUTH && wire->address->database == 0)
        wire->greeting = GREETING_PING;
    else if (wire->greeting == GREETING_PING)
        became_ready(wire);
    else
        wire->greeting++;
    return true;
}

static bool take_reply(struct redis_wire *wire, const struct redis_reply *reply)
{
    struct redis_request request = *queue_at(wire, wire->first);

    if (!wire->owner->accepts(wire->store, &request, reply)) {
        wire_lose(wire, "a reply is not one to what was asked");
        return false;
    }
    wire->first++;
    wire->healthy = true;
    wire->useful = true;
    if (request.batch != NULL)
        wire->owner->answered(wire->store, &request, reply);
    return true;
}

/* All replies that are complete. False when the connection is gone. */
static bool take_replies(struct redis_wire *wire)
{
    struct redis_reply reply;

    while (redis_judge_has_bytes(wire->judge)) {
        if (wire->state == WIRE_READY && queue_count(wire) == 0) {
            wire_lose(wire, "it spoke without being asked");
            return false;
        }
        switch (redis_judge_next(wire->judge, arena_for_reply(wire), &reply)) {
        case REDIS_MORE:
            return true;
        case REDIS_WRONG:
            wire_lose(wire, redis_judge_why(wire->judge));
            return false;
        case REDIS_READY:
            break;
        }
        if (!(wire->state == WIRE_READY ? take_reply : take_greeting)(wire, &reply))
            return false;
    }
    return true;
}

static void on_readable(struct bufferevent *connection, void *arg)
{
    struct redis_wire *wire = arg;
    struct evbuffer *input = bufferevent_get_input(connection);
    size_t len;

    while ((len = evbuffer_get_contiguous_space(input)) > 0) {
        const char *bytes = (const char *)evbuffer_pullup(input, (ev_ssize_t)len);

        if (!redis_judge_feed(wire->judge, slice_make(bytes, len))) {
            wire_lose(wire, redis_judge_why(wire->judge));
            return;
        }
        evbuffer_drain(input, len);
        if (!take_replies(wire))
            return;
    }
}

static void on_event(struct bufferevent *connection, short what, void *arg)
{
    struct redis_wire *wire = arg;
    int error = EVUTIL_SOCKET_ERROR();
    char why[160];

    if ((what & BEV_EVENT_CONNECTED) != 0) {
        greet(wire);
        return;
    }
    if (wire->state == WIRE_SECURING)
        redis_tls_explain(connection, why, sizeof(why));
    else if ((what & BEV_EVENT_EOF) != 0 || error == 0)
        snprintf(why, sizeof(why), "it closed the connection");
    else
        snprintf(why, sizeof(why), "%s", evutil_socket_error_to_string(error));
    wire_lose(wire, why);
}

static void dialled(void *arg, int fd, const char *why)
{
    struct redis_wire *wire = arg;

    wire->dial = NULL;
    if (fd < 0) {
        wire_lose(wire, why);
        return;
    }
    if (wire->tls != NULL)
        wire->connection = redis_tls_wrap(wire->base, fd, wire->tls, wire->address);
    else
        wire->connection = bufferevent_socket_new(wire->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (wire->connection == NULL) {
        if (wire->tls == NULL)
            close(fd);
        wire_lose(wire, "no connection can be made of its socket");
        return;
    }
    wire->judge = redis_judge_new();
    bufferevent_setcb(wire->connection, on_readable, NULL, on_event, wire);
    if (wire->tls != NULL)
        wire->state = WIRE_SECURING;
    else
        greet(wire);
}

static void begin_attempt(struct redis_wire *wire)
{
    wire->state = WIRE_DIALLING;
    wire->dial = redis_dial_start(wire->base, wire->address, wire->timeout_ms, dialled, wire);
    set_timer(wire, wire->timeout_ms);
}

/* Set once per time-out rather than once per request: what is due then is found by looking. */
static void check_deadlines(struct redis_wire *wire)
{
    int64_t left = earliest_deadline(wire) - clock_monotonic_ms();

    wire->timer_set = queue_count(wire) > 0;
    if (!wire->timer_set)
        return;
    if (left <= 0)
        wire_lose(wire, "it does not answer in time");
    else
        set_timer(wire, left);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct redis_wire *wire = arg;

    (void)fd, (void)what;
    switch (wire->state) {
    case WIRE_DOWN:
        begin_attempt(wire);
        return;
    case WIRE_READY:
        check_deadlines(wire);
        return;
    default:
        wire_lose(wire, "it does not answer in time");
        return;
    }
}

struct redis_wire *redis_wire_new(struct event_base *base, const struct redis_address *address,
                                  SSL_CTX *tls, int64_t timeout_ms, struct store *store,
                                  const struct redis_wire_owner *owner)
{
    struct redis_wire *wire = mem_zalloc(1, sizeof(*wire));

    wire->base = base;
    wire->address = address;
    wire->tls = tls;
    wire->timeout_ms = timeout_ms;
    wire->store = store;
    wire->owner = owner;
    wire->unsent = evbuffer_new();
    wire->timer = evtimer_new(base, on_timer, wire);
    if (wire->unsent == NULL || wire->timer == NULL)
        abort(); /* out of memory */
    begin_attempt(wire);
    return wire;
}

void redis_wire_free(struct redis_wire *wire)
{
    if (wire == NULL)
        return;
    wire->closing = true;
    hang_up(wire);
    wire->state = WIRE_DOWN;
    lose_requests(wire);
    event_free(wire->timer);
    evbuffer_free(wire->unsent);
    mem_free(wire->queue);
    mem_free(wire);
}

bool redis_wire_is_healthy(const struct redis_wire *wire)
{
    return wire->state == WIRE_READY && wire->healthy;
}

void redis_wire_unhealthy(struct redis_wire *wire)
{
    wire->healthy = false;
}
