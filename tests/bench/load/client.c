#include "tests/bench/load/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    REQUEST_MAX = 64 * 1024,
    INPUT_MAX = 1024 * 1024,
    READ_SIZE = 16 * 1024,
    ROUND = 256, /* events */
    ROUND_MS = 100
};

static int events = -1;
static uint16_t server_port;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void client_connect(struct client *client)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(server_port) };
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };
    int on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0 ||
        connect(client->fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        die("connect");
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (epoll_ctl(events, EPOLL_CTL_ADD, client->fd, &event) != 0)
        die("epoll_ctl");
}

void client_init(struct client *client, uint16_t port,
                 void (*answered)(struct client *client, const struct answer *answer))
{
    if (events < 0)
        events = epoll_create1(EPOLL_CLOEXEC);
    server_port = port;
    client->answered = answered;
    buf_init(&client->request, REQUEST_MAX);
    buf_init(&client->input, INPUT_MAX);
    client_connect(client);
}

void client_send(struct client *client)
{
    buf_reset(&client->input);
    if (!buf_ok(&client->request) || send(client->fd, client->request.at, client->request.len,
                                          MSG_NOSIGNAL) != (ssize_t)client->request.len)
        die("send");
}

/* It closes after so many requests, and a request that crossed with that is sent again. */
static void client_again(struct client *client)
{
    close(client->fd);
    client_connect(client);
    if (client->request.len > 0)
        client_send(client);
}

struct slice text_behind(struct slice text, const char *mark, const char *ends)
{
    struct slice wanted = slice_of(mark);
    size_t at = slice_find_text(text, wanted) + wanted.len;
    size_t end = at;

    if (at > text.len)
        return slice_none();
    while (end < text.len && strchr(ends, text.at[end]) == NULL)
        end++;
    return slice_sub(text, at, end - at);
}

/* False when more has to come. */
static bool read_answer(struct slice bytes, struct answer *answer_r)
{
    size_t end = slice_find_text(bytes, SL("\r\n\r\n"));
    uint64_t status = 0;
    uint64_t length = 0;

    if (end == bytes.len)
        return false;
    answer_r->head = slice_sub(bytes, 0, end + 2);
    slice_to_u64(slice_sub(bytes, 9, 3), 999, &status);
    slice_to_u64(text_behind(answer_r->head, "Content-Length: ", "\r"), INPUT_MAX, &length);
    answer_r->status = (int)status;
    answer_r->body = slice_sub(bytes, end + 4, length);
    return answer_r->body.len == length;
}

static void client_read(struct client *client)
{
    char *room = buf_reserve(&client->input, READ_SIZE);
    ssize_t got = room != NULL ? recv(client->fd, room, READ_SIZE, 0) : -1;
    struct answer answer;

    if (got <= 0) {
        client_again(client);
        return;
    }
    buf_grew(&client->input, (size_t)got);
    if (read_answer(buf_slice(&client->input), &answer))
        client->answered(client, &answer);
}

void clients_run(bool (*running)(void *context), void *context)
{
    struct epoll_event ready[ROUND];

    while (running(context)) {
        int count = epoll_wait(events, ready, ROUND, ROUND_MS);

        if (count < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < count; i++)
            client_read(ready[i].data.ptr);
    }
}
