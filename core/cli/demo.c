#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "cli/cli.h"
#include "cli/demo_app.h"
#include "cli/demo_config.h"
#include "cli/simulate.h"
#include "hub/pages.h"
#include "process/master.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    HERALD_TRIES = 400, /* of 25 ms */
    CHILDREN = 3,
    USUAL_PORT = 8970 /* of the app; the hub and the simulator have the next two */
};

/* One process each for the simulator, the app and whoever says that all is there; this one is the
 * hub's master. */
struct demo {
    struct arena arena;
    const char *folder;
    const char *config;
    const char *issuer;
    uint16_t port;
    const char *app_url;
    const char *simulator_url;
    const char *client_secret;
    int app_listener;
    int simulator_listener;
    pid_t children[CHILDREN];
};

static int play_providers(struct demo *demo)
{
    struct problems problems = { .arena = &demo->arena };
    struct simulation_server *simulation = mem_zalloc(1, sizeof(*simulation));
    bool good = simulation_open(simulation, demo->simulator_listener, demo->simulator_url, NULL,
                                NULL, &problems);

    cli_say_problems(&problems);
    if (good)
        small_server_run(&simulation->server);
    simulation_close(simulation);
    mem_free(simulation);
    return good ? 0 : 1;
}

static int run_app(struct demo *demo)
{
    static const struct route *const routes[] = { demo_app_routes, NULL };
    struct problems problems = { .arena = &demo->arena };
    struct small_server server = { .listener = -1 };
    struct demo_app app = { .issuer = demo->issuer,
                            .url = demo->app_url,
                            .client_id = "demo",
                            .client_secret = demo->client_secret };

    list_init(&app.visits);
    bool good = small_server_open(&server, demo->app_listener, demo->app_url, "Demo",
                                  HUB_PAGES | HUB_HTTP, routes, &app, &problems);

    cli_say_problems(&problems);
    if (good)
        small_server_run(&server);
    small_server_close(&server);
    demo_app_release(&app);
    return good ? 0 : 1;
}

static bool answers(uint16_t port)
{
    static const char request[] = "GET /oauth2/jwks HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char answer[16] = "";

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bool good = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
                send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0 &&
                recv(fd, answer, sizeof(answer) - 1, 0) > 0 && strstr(answer, " 200") != NULL;

    close(fd);
    return good;
}

static int announce(struct demo *demo)
{
    for (int i = 0; i < HERALD_TRIES; i++) {
        if (answers(demo->port)) {
            printf("\n  The demo runs. Open this in a browser:\n\n      %s/\n\n"
                   "  An app, Cardea, and providers that are only played: all on this machine.\n"
                   "  Ctrl-C ends it.\n\n",
                   demo->app_url);
            fflush(stdout);
            return 0;
        }
        poll(NULL, 0, 25);
    }
    return 1;
}

static pid_t start(struct demo *demo, int (*run)(struct demo *demo))
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1);
    log_configure(LEVEL_WARN, FORMAT_TEXT);
    exit(run(demo));
}

/* Three neighbours, or any three when `first` is 0. */
static bool take_ports(struct demo *demo, uint16_t first)
{
    uint16_t step = first != 0 ? 1 : 0;
    int hub = small_listen(&demo->arena, (uint16_t)(first + step), &demo->issuer);
    uint64_t port = 0;

    demo->app_listener = small_listen(&demo->arena, first, &demo->app_url);
    demo->simulator_listener =
        small_listen(&demo->arena, (uint16_t)(first + 2 * step), &demo->simulator_url);
    if (hub >= 0 && demo->app_listener >= 0 && demo->simulator_listener >= 0) {
        close(hub); /* only to find a port that is free: the hub listens for itself */
        slice_to_u64(slice_from(slice_of(demo->issuer), sizeof("http://127.0.0.1:") - 1),
                     UINT16_MAX, &port);
        demo->port = (uint16_t)port;
        return true;
    }
    int error = errno;
    const int opened[] = { hub, demo->app_listener, demo->simulator_listener };

    for (size_t i = 0; i < sizeof(opened) / sizeof(opened[0]); i++) {
        if (opened[i] >= 0)
            close(opened[i]);
    }
    errno = error;
    return false;
}

/* A hub is known by its file: with one each, several demos run side by side. */
static bool prepare(struct demo *demo, const char *shipped, uint16_t port, bool all)
{
    static char folder[] = "/tmp/cardea-demo-XXXXXX";
    struct problems problems = { .arena = &demo->arena };
    bool has_ports =
        port != 0 ? take_ports(demo, port) : take_ports(demo, USUAL_PORT) || take_ports(demo, 0);

    if (!has_ports && port != 0) {
        fprintf(stderr,
                "cardea: the demo cannot listen on ports %d to %d: %s; leave --port out for any "
                "that are free\n",
                port, port + 2, strerror(errno));
        return false;
    }
    demo->folder = has_ports ? mkdtemp(folder) : NULL;
    if (demo->folder == NULL) {
        fprintf(stderr, "cardea: the demo cannot begin: %s\n", strerror(errno));
        return false;
    }
    demo->config = arena_printf(&demo->arena, "%s/%s", demo->folder, DEMO_CONFIG).at;
    demo->client_secret = random_token(&demo->arena, 32).at;
    bool good = demo_config_write(shipped, demo->folder, all, &problems);

    cli_say_problems(&problems);
    return good;
}

static void set_environment(struct demo *demo)
{
    setenv("CARDEA_DEMO_ISSUER", demo->issuer, 1);
    setenv("CARDEA_DEMO_LISTEN", demo->issuer + sizeof("http://") - 1, 1);
    setenv("CARDEA_DEMO_FOLDER", demo->folder, 1);
    setenv("CARDEA_DEMO_SECRET", random_token(&demo->arena, 32).at, 1);
    setenv("CARDEA_DEMO_CLIENT_SECRET", demo->client_secret, 1);
    setenv("CARDEA_DEMO_SIMULATOR", demo->simulator_url, 1);
    setenv("CARDEA_DEMO_APP", demo->app_url, 1);
}

static void clean_up(struct demo *demo)
{
    static const char *const files[] = { DEMO_CONFIG, DEMO_MORE, "cardea.db", "cardea.db-wal",
                                         "cardea.db-shm" };

    for (size_t i = 0; i < CHILDREN; i++) {
        if (demo->children[i] > 0) {
            kill(demo->children[i], SIGTERM);
            waitpid(demo->children[i], NULL, 0);
        }
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        unlink(arena_printf(&demo->arena, "%s/%s", demo->folder, files[i]).at);
    rmdir(demo->folder);
    close(demo->app_listener);
    close(demo->simulator_listener);
    arena_release(&demo->arena);
}

int cli_demo(struct cli *cli)
{
    struct demo demo = { 0 };
    bool missing;
    const char *text = cli_option(cli, "--port", &missing);
    bool all = cli_flag(cli, "--all");
    uint64_t port = 0;

    if (missing || (text != NULL && !slice_to_u64(slice_of(text), UINT16_MAX - 2, &port)))
        return cli_wrong_usage(cli, "--port takes a number up to 65533");
    if (cli->count > 0)
        return cli_wrong_usage(cli, "nothing is known about `%s`", cli->arguments[0]);
    const char *shipped = pages_find_shipped(&demo.arena);

    if (shipped == NULL)
        fprintf(stderr, "cardea: the demo cannot begin: share/cardea is not beside the program\n");
    if (shipped == NULL || !prepare(&demo, shipped, (uint16_t)port, all)) {
        if (demo.folder != NULL)
            clean_up(&demo);
        arena_release(&demo.arena);
        return EXIT_USAGE;
    }
    set_environment(&demo);
    demo.children[0] = start(&demo, play_providers);
    demo.children[1] = start(&demo, run_app);
    demo.children[2] = start(&demo, announce);
    int status = master_run(demo.config, -1);

    clean_up(&demo);
    return status;
}
