/*
 * A hub without a master: this process is the one worker, for debuggers, sanitizers and small
 * machines. It has a jail all the same.
 */
#ifndef CARDEA_PROCESS_ALONE_H
#define CARDEA_PROCESS_ALONE_H

/* Serves until SIGTERM or SIGINT. Returns the exit status. */
int alone_run(const char *config);

#endif
