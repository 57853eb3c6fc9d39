/*
 * The jail as a process: starting it, frames to and from it, ending it. No calls and no event loop:
 * those are jail.c's.
 */
#ifndef CARDEA_PLUGIN_JAIL_PROCESS_H
#define CARDEA_PLUGIN_JAIL_PROCESS_H

#include "plugin/jail.h"

#include "base/buf.h"

#include <limits.h>

struct jail_process {
    struct jail_settings settings;
    pid_t pid; /* 0: there is none */
    int socket;
    struct buf incoming;
    json_t *plugins;        /* what was loaded last */
    json_t *except;         /* files that ended a jail while they were loaded */
    char loading[PATH_MAX]; /* the file being loaded, for blame; empty: none yet */
    bool loaded;            /* ready for calls */
};

void jail_process_init(struct jail_process *process, const struct jail_settings *settings);
void jail_process_release(struct jail_process *process);

/* fork, exec and the first frame. False, with errno, when that fails; then there is no process. */
bool jail_process_start(struct jail_process *process);

/* Start and wait for "loaded", again without the file to blame when one ends the process. */
bool jail_process_start_and_wait(struct jail_process *process, struct problems *problems);

/* Blocking for the budget at most. */
bool jail_process_send(struct jail_process *process, const json_t *frame);

/* Takes what has arrived, without waiting. False when the process has closed its end. */
bool jail_process_receive(struct jail_process *process);

/* The next whole frame (a new reference) or NULL. What is no frame sets `*why_r`: there will be
 * none any more. "loading" and "loaded" are noted here as well. */
json_t *jail_process_next(struct jail_process *process, const char **why_r);

/* Waits until something can be received. False after `milliseconds`. */
bool jail_process_wait(const struct jail_process *process, int64_t milliseconds);

/* Ends the process; writes how it ended into `why` unless something stands there already. */
void jail_process_end(struct jail_process *process, char *why, size_t size);

#endif
