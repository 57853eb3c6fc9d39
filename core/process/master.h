/*
 * The master: sockets and supervision. It reads no configuration itself, loads no plugin, speaks no
 * TLS and no Redis; it never calls anything that could be made to fail by what a stranger sends.
 */
#ifndef CARDEA_PROCESS_MASTER_H
#define CARDEA_PROCESS_MASTER_H

/*
 * Serves until SIGTERM or SIGINT. `workers` -1: as configured; 0: everything in this process (but
 * the jail), for debuggers. Returns the exit status.
 */
int master_run(const char *config, int workers);

#endif
