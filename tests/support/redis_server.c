#include "tests/support/redis_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    START_TRIES = 5, /* somebody else may take the port that was free */
    RESTART_TRIES = 50,
    RESTART_PAUSE_US = 100 * 1000
};

static void give_up(const char *what)
{
    perror(what);
    abort();
}

int free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        give_up("free port");
    close(fd);
    return ntohs(address.sin_port);
}

void temporary_folder(char path[64])
{
    const char *root = getenv("TMPDIR");

    /* A unix socket's path has to fit into 107 bytes. */
    snprintf(path, 64, "%s/cardea-XXXXXX", root != NULL && strlen(root) < 40 ? root : "/tmp");
    if (mkdtemp(path) == NULL)
        give_up(path);
}

static int remove_one(const char *path, const struct stat *found, int kind, struct FTW *where)
{
    (void)found, (void)kind, (void)where;
    return remove(path);
}

void remove_folder(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void write_configuration(struct redis_server *server,
                                const struct redis_server_options *options)
{
    FILE *file = fopen(server->configuration, "we");

    if (file == NULL)
        give_up(server->configuration);
    fprintf(file,
            "bind 127.0.0.1\nport %d\nunixsocket %s\ndir %s\nsave \"\"\nappendonly no\n"
            "daemonize no\nlogfile \"\"\n",
            server->port, server->socket, server->folder);
    if (options != NULL && options->certificate != NULL)
        fprintf(file,
                "tls-port %d\ntls-cert-file %s\ntls-key-file %s\ntls-ca-cert-file %s\n"
                "tls-auth-clients no\n",
                server->tls_port, options->certificate, options->certificate, options->certificate);
    if (options != NULL && options->lines != NULL)
        fprintf(file, "%s\n", options->lines);
    fclose(file);
}

static void spawn(struct redis_server *server)
{
    pid_t parent = getpid();
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        give_up("pipe");
    server->pid = fork();
    if (server->pid < 0)
        give_up("fork");
    if (server->pid == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent || dup2(ends[1], 1) < 0 ||
            dup2(ends[1], 2) < 0)
            _exit(1);
        execlp("redis-server", "redis-server", server->configuration, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    server->output = ends[0];
}

/* Reads the log up to the line that says so. False when the server has ended before. */
static bool becomes_ready(struct redis_server *server)
{
    char text[65536];
    size_t len = 0;
    ssize_t got;

    do {
        got = read(server->output, text + len, sizeof(text) - 1 - len);
        if (got > 0)
            len += (size_t)got;
        text[len] = '\0';
        /* The last thing it says, whether or not it listens on TCP. */
        if (strstr(text, "The server is now ready to accept connections at") != NULL)
            return true;
    } while (got > 0 && len < sizeof(text) - 1);
    fprintf(stderr, "redis-server: %s\n", text);
    return false;
}

void redis_server_kill(struct redis_server *server)
{
    if (server->pid <= 0)
        return;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    close(server->output);
    server->pid = 0;
}

void redis_server_start(struct redis_server *server, const char *folder,
                        const struct redis_server_options *options)
{
    snprintf(server->folder, sizeof(server->folder), "%s", folder);
    snprintf(server->socket, sizeof(server->socket), "%s/redis.sock", folder);
    snprintf(server->configuration, sizeof(server->configuration), "%s/redis.conf", folder);
    for (int i = 0; i < START_TRIES; i++) {
        server->port = free_port();
        server->tls_port = options != NULL && options->certificate != NULL ? free_port() : 0;
        write_configuration(server, options);
        spawn(server);
        if (becomes_ready(server))
            return;
        redis_server_kill(server);
    }
    abort();
}

void redis_server_restart(struct redis_server *server)
{
    unlink(server->socket);
    for (int i = 0; i < RESTART_TRIES; i++) { /* somebody's connection may have got its port */
        spawn(server);
        if (becomes_ready(server))
            return;
        redis_server_kill(server);
        usleep(RESTART_PAUSE_US);
    }
    abort();
}
