/*
 * The jail's end of the socketpair: whole frames, read and written blockingly. The jail does one
 * thing at a time, so it may.
 */
#ifndef CARDEA_JAIL_WIRE_H
#define CARDEA_JAIL_WIRE_H

#include "plugin/frame.h"

enum {
    JAIL_SOCKET = 3 /* the only descriptor that means anything */
};

/* The next frame, a new reference. Ends the process when the worker has gone or sends no frames. */
json_t *wire_read(void);

/* Writes and frees. Ends the process when that cannot be done. */
void wire_write(json_t *frame);

/* {"type": type}, to be filled. */
json_t *wire_frame(const char *type);

/* For a signal handler: a frame {"type":"broken","why":why}, without touching the heap. */
void wire_write_broken(const char *why);

#endif
