/*
 * One process instead of many, for debuggers.
 */
#ifndef CARDEA_PROCESS_ALONE_H
#define CARDEA_PROCESS_ALONE_H

/* Serves until SIGTERM or SIGINT, without a master: this process is the one worker. Returns the
 * exit status. */
int alone_run(const char *config);

#endif
