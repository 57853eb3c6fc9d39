#include "net/http_transfer.h"

#include "base/memory.h"

enum {
    SPARE_MAX = 32, /* handles kept for the next calls */
    CONNECTIONS_KEPT = 64
};

/*
 * libcurl keeps connections, and names it has resolved, per multi handle. A connection to an inner
 * address must never be found by a call that may not go there, so these calls have their own.
 */
struct pool {
    struct http_client *client;
    CURLM *multi;
    struct event *timer;
};

struct http_client {
    struct event_base *base;
    struct http_client_settings settings;
    struct arena arena;
    struct pool outer;
    struct pool inner;
    struct list spare; /* transfers that wait for a call */
    size_t spare_count;
};

static struct transfer *transfer_take(struct http_client *client)
{
    struct transfer *transfer;

    if (!list_is_empty(&client->spare)) {
        transfer = list_entry(client->spare.next, struct transfer, link);
        list_remove(&transfer->link);
        client->spare_count--;
        return transfer;
    }
    transfer = mem_zalloc(1, sizeof(*transfer));
    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL)
        abort();
    return transfer;
}

static void transfer_free(struct transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    mem_free(transfer);
}

/* Lets go of all that belongs to the call. Not from a callback of libcurl. */
static void transfer_give(struct http_client *client, struct transfer *transfer)
{
    CURL *easy = transfer->easy;

    if (transfer->pool != NULL)
        curl_multi_remove_handle(transfer->pool->multi, easy);
    curl_easy_reset(easy);
    curl_slist_free_all(transfer->headers);
    buf_release_secret(&transfer->body);
    transfer->call->transfer = NULL;
    *transfer = (struct transfer){ .easy = easy };
    if (client->spare_count == SPARE_MAX) {
        transfer_free(transfer);
        return;
    }
    list_add(&client->spare, &transfer->link);
    client->spare_count++;
}

static void call_cancel(struct op *op)
{
    struct transfer *transfer = container_of(op, struct http_call, op)->transfer;

    transfer_give(transfer->pool->client, transfer);
}

static void transfer_complete(struct transfer *transfer, CURLcode code)
{
    struct http_call *call = transfer->call;

    transfer_read_outcome(transfer, code);
    transfer_give(transfer->pool->client, transfer);
    flow_op_completed(&call->op);
}

/* The one place where calls complete: libcurl has returned, and what a flow does next, ending other
 * calls included, cannot pull the rug from under it. */
static void pool_complete(const struct pool *pool)
{
    const CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(pool->multi, &left)) != NULL) {
        CURLcode code = message->data.result;
        char *private = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        transfer_complete((struct transfer *)(void *)private, code);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    const struct pool *pool = context;
    int running;

    (void)fd;
    (void)what;
    curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    pool_complete(pool);
}

static void on_socket(evutil_socket_t fd, short what, void *context)
{
    const struct pool *pool = context;
    int action =
        ((what & EV_READ) ? CURL_CSELECT_IN : 0) | ((what & EV_WRITE) ? CURL_CSELECT_OUT : 0);
    int running;

    curl_multi_socket_action(pool->multi, fd, action, &running);
    pool_complete(pool);
}

static int on_timer_wish(CURLM *multi, long ms, void *context)
{
    const struct pool *pool = context;
    struct timeval after = { ms / 1000, ms % 1000 * 1000 };

    (void)multi;
    if (ms < 0)
        event_del(pool->timer);
    else
        event_add(pool->timer, &after);
    return 0;
}

static int on_socket_wish(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
    struct pool *pool = context;
    struct event *event = assigned;
    short events =
        (short)(((what & CURL_POLL_IN) ? EV_READ : 0) | ((what & CURL_POLL_OUT) ? EV_WRITE : 0));

    (void)easy;
    if (event != NULL)
        event_free(event);
    event = NULL;
    if (what != CURL_POLL_REMOVE) {
        event = event_new(pool->client->base, fd, (short)(events | EV_PERSIST), on_socket, pool);
        if (event == NULL || event_add(event, NULL) != 0)
            abort();
    }
    curl_multi_assign(pool->multi, fd, event);
    return 0;
}

static bool transfer_start(struct transfer *transfer, struct http_client *client)
{
    struct http_call *call = transfer->call;
    struct pool *pool = call->inner_allowed ? &client->inner : &client->outer;

    if (!transfer_prepare(transfer, &client->settings))
        return false;
    if (curl_multi_add_handle(pool->multi, transfer->easy) == CURLM_OK) {
        transfer->pool = pool;
        return true;
    }
    call->failure = HTTP_CALL_UNREACHABLE;
    call->failure_text = "libcurl does not take the call";
    return false;
}

void http_call_start(struct http_client *client, struct flow *flow, struct http_call *call)
{
    struct transfer *transfer = transfer_take(client);

    transfer->call = call;
    call->transfer = transfer;
    call->failure = HTTP_CALL_OK;
    call->failure_text = NULL;
    call->status = 0;
    call->reply_header_count = 0;
    call->content_type = call->reply = slice_none();
    flow_op_started(flow, &call->op, call_cancel);
    if (!transfer_start(transfer, client)) {
        transfer_give(client, transfer);
        flow_op_completed(&call->op);
    }
}

struct slice http_call_header(const struct http_call *call, const char *name)
{
    struct http_head head = { .headers = call->reply_headers,
                              .header_count = call->reply_header_count };

    return http_header(&head, name);
}

static void pool_open(struct pool *pool, struct http_client *client)
{
    pool->client = client;
    pool->multi = curl_multi_init();
    pool->timer = event_new(client->base, -1, 0, on_timer, pool);
    if (pool->multi == NULL || pool->timer == NULL)
        abort();
    curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wish);
    curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool);
    curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, on_timer_wish);
    curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool);
    curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
}

static void pool_close(struct pool *pool)
{
    curl_multi_cleanup(pool->multi);
    event_free(pool->timer);
}

static const char *keep(struct arena *arena, const char *text)
{
    return text != NULL ? arena_string(arena, slice_of(text)) : NULL;
}

struct http_client *http_client_new(struct event_base *base,
                                    const struct http_client_settings *settings)
{
    struct http_client *client = mem_zalloc(1, sizeof(*client));

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
    client->base = base;
    client->settings = *settings;
    client->settings.proxy = keep(&client->arena, settings->proxy);
    client->settings.ca_file = keep(&client->arena, settings->ca_file);
    client->settings.user_agent = keep(&client->arena, settings->user_agent);
    list_init(&client->spare);
    pool_open(&client->outer, client);
    pool_open(&client->inner, client);
    return client;
}

void http_client_free(struct http_client *client)
{
    if (client == NULL)
        return;
    while (!list_is_empty(&client->spare)) {
        struct transfer *transfer = list_entry(client->spare.next, struct transfer, link);

        list_remove(&transfer->link);
        transfer_free(transfer);
    }
    pool_close(&client->outer);
    pool_close(&client->inner);
    arena_release(&client->arena);
    mem_free(client);
    curl_global_cleanup();
}
