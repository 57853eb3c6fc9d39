/*
 * Loading plugins: which files may be loaded, what of a struct is believed, and the document that
 * it becomes.
 */
#ifndef CARDEA_JAIL_LOAD_H
#define CARDEA_JAIL_LOAD_H

#include "base/arena.h"

#include <cardea/provider.h>
#include <jansson.h>

/* A provider that was loaded, in structs of our own size: what the plugin's header did not know is
 * zero. */
enum {
    LOOKUPS_MAX = 64
};

struct loaded_provider {
    char *file;
    struct cardea_provider data;
    struct cardea_hooks hooks;
    struct cardea_lookup lookups[LOOKUPS_MAX];
    const struct cardea_lookup *lookup_list[LOOKUPS_MAX + 1];
};

/*
 * Loads one file that was named (these first), or every `*.so` of a directory (absolute). Adds to
 * `plugins` {file, version, abi, providers: [description, ...]} and to `problems` {file, text}.
 * Files that others may write, that are no plain files, whose symbolic link leads out of the
 * directory, or that describe a provider which is there already are problems. Before each file the
 * worker is told with a "loading" frame. The files stay open until the caller closes all
 * descriptors. Names in `except` (an array of paths) are left out without a word.
 */
void load_named(const char *path, const json_t *except, json_t *plugins, json_t *problems);
void load_directory(const char *directory, const json_t *except, json_t *plugins, json_t *problems);

/* By file and id; NULL when there is none. */
const struct loaded_provider *load_find(const char *file, const char *id);

#endif
