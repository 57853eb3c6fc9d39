/*
 * Talking to a running master: a unix socket whose name follows from the configuration file's real
 * path, so that `cardea reload` needs nothing but what `cardea serve` was given. Only the same user
 * and root get in.
 *
 * The asker sends one line ("reload", "status") and gets lines of text; the last one is "ok" or
 * "failed".
 */
#ifndef CARDEA_PROCESS_CONTROL_H
#define CARDEA_PROCESS_CONTROL_H

#include "base/arena.h"

/* The socket's path for a configuration file. In the arena; absent when the file has no real path.
 */
struct slice control_path(struct arena *arena, const char *config);

/* The master's end. -1, with errno: EADDRINUSE when another master serves this configuration. */
int control_listen(struct slice path);

/* May this peer ask? */
bool control_peer_is_allowed(int fd);

/*
 * Asks and prints what comes to standard output (errors to standard error). 0: ok, 1: failed, 2:
 * nobody is running there.
 */
int control_ask(const char *config, const char *what);

#endif
