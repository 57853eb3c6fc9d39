/*
 * The file of the SQLite engine: opening it, and its tables.
 */
#ifndef CARDEA_STORE_SQLITE_FILE_H
#define CARDEA_STORE_SQLITE_FILE_H

#include "base/arena.h"

#include <sqlite3.h>

/* What stands in `expires` of a row that lives for ever: the end of time. */
#define SQLITE_FILE_FOR_EVER "9223372036854775807"

/* How long a connection may wait for a lock that another process holds. */
struct sqlite_patience {
    int64_t limit_us;
    int64_t began_us; /* of the wait that is under way */
};

/*
 * Opens `path`, and creates file (0600) and tables if there are none; the folder must exist. The
 * connection is for one thread and for this process; while it waits for a lock it goes by
 * `patience`, which must live as long. NULL and a sentence (in the arena) when the file is not
 * there to be written, is no database, or is one of another program or version.
 */
sqlite3 *sqlite_file_open(struct arena *arena, const char *path, struct sqlite_patience *patience,
                          const char **why_r);

#endif
