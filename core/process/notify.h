/*
 * A word to systemd (sd_notify(3)): nothing happens where nobody listens.
 */
#ifndef CARDEA_PROCESS_NOTIFY_H
#define CARDEA_PROCESS_NOTIFY_H

/* "READY=1", "RELOADING=1", "STOPPING=1", ... */
void notify_systemd(const char *state);

#endif
