/*
 * A real redis-server for tests, on a free port, a unix socket and, with certificates, TLS. It dies
 * with the test.
 */
#ifndef CARDEA_TESTS_REDIS_SERVER_H
#define CARDEA_TESTS_REDIS_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

struct redis_server {
    pid_t pid;
    int output; /* its log; read until it is ready, then kept open */
    int port;
    int tls_port; /* 0: none */
    char folder[64];
    char socket[96];
    char configuration[96];
};

/* "localhost" and 127.0.0.1 in DIR/good.pem, signed by DIR/ca.pem; see certificates.h. */
struct redis_server_options {
    const char *certificate; /* PEM file of certificate and key; NULL: no TLS */
    const char *lines;       /* more lines of configuration; NULL: none */
};

/* Returns when it is ready for connections; ends the program when it does not become so. `folder`
 * must exist. */
void redis_server_start(struct redis_server *server, const char *folder,
                        const struct redis_server_options *options);
/* The same configuration and ports once more, after redis_server_kill(). */
void redis_server_restart(struct redis_server *server);
/* SIGKILL; returns when it is dead. */
void redis_server_kill(struct redis_server *server);

/* A port of 127.0.0.1 that nobody listens on. */
int free_port(void);

/* A folder of its own under $TMPDIR or /tmp, and its end with all that is in it. */
void temporary_folder(char path[64]);
void remove_folder(const char *path);

#endif
