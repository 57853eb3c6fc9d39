/*
 * Making the hub: everything in it belongs to a room below, and is put together here.
 */
#ifndef CARDEA_PROCESS_HUB_OPEN_H
#define CARDEA_PROCESS_HUB_OPEN_H

#include "hub/hub.h"
#include "process/shared.h"

/* What a hub needs besides its settings: a worker needs all, the plugin kit and the simulator less.
 */
enum hub_part {
    HUB_PLUGINS = 1, /* the jail, and every provider bound */
    HUB_PAGES = 2,
    HUB_HTTP = 4,
    HUB_STORE = 8,
    HUB_WHOLE = 15,
    HUB_ONLY_FILES = 32, /* no plugins but those of `plugin_files` */
    HUB_ANYHOW = 16      /* a provider that cannot be bound is out of service, and no problem */
};

/* Makes the hub of a configuration. NULL, with problems, when the configuration does not allow it.
 * What listens, and the keys, are the worker's. `plugin_files` (NULL at the end, or NULL) are
 * loaded besides the directories. */
struct hub *hub_open(struct event_base *base, const struct settings *settings,
                     struct shared *shared, unsigned slot, unsigned parts,
                     const char *const *plugin_files, struct problems *problems);
void hub_close(struct hub *hub);

/* The plugin directories of a configuration, the shipped one first; NULL at the end. In the arena.
 */
const char *const *plugin_directories(struct arena *arena, const struct settings *settings);

#endif
