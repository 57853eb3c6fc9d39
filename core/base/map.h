/*
 * A hash table from names to pointers.
 *
 * Names are slices that the caller keeps alive as long as the map (they usually lie in an arena, or
 * in the value itself); the map stores neither names nor values. The hash is SipHash-1-3 with a key
 * drawn at start-up, so that strangers cannot choose names that collide.
 */
#ifndef CARDEA_BASE_MAP_H
#define CARDEA_BASE_MAP_H

#include "base/slice.h"

struct map_slot {
    struct slice name; /* absent: never used, or removed */
    void *value;       /* NULL with an absent name: never used; else a removed slot */
};

struct map {
    struct map_slot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t used;     /* live and removed slots */
    size_t count;    /* live ones */
};

/* A zeroed struct is an empty map. */
void map_release(struct map *map);

/* The value, or NULL. */
void *map_get(const struct map *map, struct slice name);

/* Sets; returns the value that was there before, or NULL. `value` must not be NULL. The absent name
 * and the empty one are the same. */
void *map_set(struct map *map, struct slice name, void *value);

/* Removes; returns what was there, or NULL. */
void *map_remove(struct map *map, struct slice name);

/* for (size_t i = 0; map_each(map, &i, &name, &value);) in no particular order. */
bool map_each (const struct map *map, size_t * position, struct slice * name_r, void **value_r);

/* SipHash-1-3 of some bytes under this process' key. */
uint64_t map_hash(struct slice s);

#endif
