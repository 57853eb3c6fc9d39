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
struct loaded_provider {
    const char *file;
    struct cardea_provider data;
    struct cardea_hooks hooks;
};

/*
 * Loads every `*.so` of a directory (absolute), or one file. Adds to `plugins` {file, version, abi,
 * providers: [description, ...]} and to `problems` {file, text}. Files that others may write, that
 * are no plain files, or whose symbolic link leads out of the directory are problems. Before each
 * file the worker is told with a "loading" frame. The files stay open until the caller closes all
 * descriptors. Names in `except` (an array of paths) are left out.
 */
void load_directory(const char *directory, const json_t *except, json_t *plugins, json_t *problems);
void load_file(const char *path, const json_t *except, json_t *plugins, json_t *problems);

/* By file and id; NULL when there is none. */
const struct loaded_provider *load_find(const char *file, const char *id);

#endif
