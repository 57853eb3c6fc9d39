#include "kit/small_server.h"

#include "base/json.h"
#include "hub/router.h"
#include "net/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

int small_listen(struct arena *arena, uint16_t port, const char **url_r)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    socklen_t len = sizeof(address);
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 128) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        close(fd);
        return -1;
    }
    *url_r = arena_printf(arena, "http://127.0.0.1:%u", ntohs(address.sin_port)).at;
    return fd;
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    (void)context;
    flow_check_deadlines();
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
    (void)number;
    (void)what;
    event_base_loopexit(context, NULL);
}

/* Defaults, but for the few things such a server has. In JSON, which is YAML. */
static struct settings *small_settings(const char *url, const char *title,
                                       struct problems *problems)
{
    struct buf text = BUF_INIT(4096);
    json_t *root =
        json_pack("{s:s, s:[s], s:{s:s}}", "issuer", url, "secrets",
                  "nothing here is worth a secret, but there must be one", "pages", "title", title);

    buf_add_json_value(&text, root);
    json_decref(root);
    struct settings *settings =
        settings_read_text(title, arena_copy(problems->arena, buf_slice(&text)), problems);

    buf_release(&text);
    return settings;
}

bool small_server_open(struct small_server *server, int listener, const char *url,
                       const char *title, unsigned parts, const struct route *const *routes,
                       void *context, struct problems *problems)
{
    struct timeval tick = { 0, 250000 };
    struct http_server_settings http = {
        .limits = { .head = 65536, .target = 32768, .headers = 100, .body = 1024 * 1024 },
        .connections = 1000,
        .idle_ms = 60000,
        .total_ms = 15000,
        .requests_per_connection = 100000,
    };

    signal(SIGPIPE, SIG_IGN);
    server->listener = listener;
    server->url = url;
    server->base = event_base_new();
    server->shared = shared_new(1);
    server->settings = small_settings(url, title, problems);
    if (server->settings == NULL)
        return false;
    server->hub =
        hub_open(server->base, server->settings, server->shared, 0, parts, NULL, problems);
    if (server->hub == NULL)
        return false;
    server->hub->context = context;
    server->router = router_new(server->hub, routes, SL(""), false);
    struct http_handler handler = router_handler(server->router);

    http.error_headers = router_error_headers(server->hub);
    server->server = http_server_new(server->base, &http, &handler);
    server->tick = event_new(server->base, -1, EV_PERSIST, on_tick, NULL);
    event_add(server->tick, &tick);
    return http_server_listen(server->server, listener, NULL);
}

void small_server_run(struct small_server *server)
{
    static const int numbers[2] = { SIGTERM, SIGINT };

    for (int i = 0; i < 2; i++) {
        server->signals[i] = evsignal_new(server->base, numbers[i], on_signal, server->base);
        event_add(server->signals[i], NULL);
    }
    event_base_dispatch(server->base);
}

void small_server_close(struct small_server *server)
{
    http_server_free(server->server);
    hub_close(server->hub);
    router_free(server->router);
    for (int i = 0; i < 2; i++) {
        if (server->signals[i] != NULL)
            event_free(server->signals[i]);
    }
    if (server->tick != NULL)
        event_free(server->tick);
    if (server->base != NULL)
        event_base_free(server->base);
    if (server->listener >= 0)
        close(server->listener);
    shared_free(server->shared);
    arena_release(&server->arena);
}
