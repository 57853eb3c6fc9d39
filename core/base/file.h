/*
 * Whole files, and the paths that lead to them.
 *
 * Reading never waits: a FIFO, a device, a socket or a folder is refused, and so is what is longer
 * than the caller's limit, whatever its size claims to be.
 */
#ifndef CARDEA_BASE_FILE_H
#define CARDEA_BASE_FILE_H

#include "base/arena.h"

#include <sys/stat.h>

struct file {
    struct slice bytes; /* in the arena, with a NUL behind them */
    struct stat status;
};

/* NULL, or what is wrong, as the end of a sentence that begins with the path ("is a folder"; static
 * or in the arena). */
const char *file_read(struct arena *arena, const char *path, size_t limit, struct file *file_r);

/* Where a file stands: all before its last '/', "/" for one at the top, "." when there is none. */
struct slice path_folder(struct slice path);

/* `path` as seen from `folder`: itself when it is absolute or when the folder is ".". */
struct slice path_from(struct arena *arena, struct slice folder, struct slice path);

/* The same path from the root, with the working directory in front when it needs one. */
struct slice path_absolute(struct arena *arena, struct slice path);

#endif
