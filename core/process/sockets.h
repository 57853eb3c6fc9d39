/*
 * Listening sockets: opened and kept by the master, one per address and worker slot, and inherited
 * by every generation of that slot. So neither a reload nor a killed worker loses a connection that
 * the kernel has accepted for it.
 */
#ifndef CARDEA_PROCESS_SOCKETS_H
#define CARDEA_PROCESS_SOCKETS_H

#include "process/plan.h"

struct sockets; /* all that are open */

struct sockets *sockets_new(void);
void sockets_free(struct sockets *sockets);

/* The socket of an address and slot, opened when it is not yet. -1, with a sentence in `arena`. A
 * unix socket has one for all slots. */
int sockets_open(struct sockets *sockets, struct arena *arena, struct slice address, unsigned slot,
                 const char **why_r);

/* Closes those that none of the plans (NULL at the end) wants any more. */
void sockets_keep(struct sockets *sockets, const struct plan *const *plans);

#endif
