/*
 * The walls of the jail.
 *
 * sandbox_enter() before any plugin file is opened: no new privileges, no core file, small resource
 * limits, no process or network calls (a constructor of a plugin already runs behind this wall).
 * sandbox_close() when all is loaded: from then on only memory, the clock, random bytes and the one
 * socket.
 *
 * A call that is not allowed is caught, named in a "broken" frame, and ends the process: a plugin
 * author reads "called openat", not "killed by signal 31".
 */
#ifndef CARDEA_JAIL_SANDBOX_H
#define CARDEA_JAIL_SANDBOX_H

#include <stdbool.h>

/* NULL, or a static sentence: then nothing must be loaded. */
const char *sandbox_enter(void);
const char *sandbox_close(void);

#endif
