#include "base/map.h"

#include "base/memory.h"
#include "base/random.h"

static uint64_t hash_key[2];

static uint64_t rotate(uint64_t value, int bits)
{
    return (value << bits) | (value >> (64 - bits));
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

uint64_t map_hash(struct slice s)
{
    if (hash_key[0] == 0 && hash_key[1] == 0)
        random_bytes(hash_key, sizeof(hash_key));
    uint64_t v[4] = { hash_key[0] ^ 0x736f6d6570736575U, hash_key[1] ^ 0x646f72616e646f6dU,
                      hash_key[0] ^ 0x6c7967656e657261U, hash_key[1] ^ 0x7465646279746573U };
    uint64_t word = 0;
    size_t i = 0;

    for (; i + 8 <= s.len; i += 8) {
        memcpy(&word, s.at + i, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    word = (uint64_t)s.len << 56;
    if (i < s.len) {
        uint64_t tail = 0;

        memcpy(&tail, s.at + i, s.len - i);
        word |= tail;
    }
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
    v[2] ^= 0xff;
    for (int round = 0; round < 3; round++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static bool slot_is_free(const struct map_slot *slot)
{
    return slot->name.at == NULL && slot->value == NULL;
}

static struct map_slot *find(const struct map *map, struct slice name)
{
    if (map->capacity == 0)
        return NULL;
    size_t mask = map->capacity - 1;

    for (size_t i = (size_t)map_hash(name) & mask;; i = (i + 1) & mask) {
        struct map_slot *slot = &map->slots[i];

        if (slot_is_free(slot))
            return NULL;
        if (slot->name.at != NULL && slice_equal(slot->name, name))
            return slot;
    }
}

static void insert(struct map *map, struct slice name, void *value)
{
    size_t mask = map->capacity - 1;
    size_t i = (size_t)map_hash(name) & mask;

    while (!slot_is_free(&map->slots[i]))
        i = (i + 1) & mask;
    map->slots[i] = (struct map_slot){ name, value };
    map->used++;
    map->count++;
}

static void grow(struct map *map)
{
    struct map old = *map;

    map->capacity = 16;
    while (map->capacity < old.count * 4)
        map->capacity *= 2;
    map->slots = mem_zalloc(map->capacity, sizeof(*map->slots));
    map->used = map->count = 0;
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.slots[i].name.at != NULL)
            insert(map, old.slots[i].name, old.slots[i].value);
    }
    mem_free(old.slots);
}

void map_release(struct map *map)
{
    mem_free(map->slots);
    *map = (struct map){ 0 };
}

void *map_get(const struct map *map, struct slice name)
{
    struct map_slot *slot = find(map, name);

    return slot != NULL ? slot->value : NULL;
}

void *map_set(struct map *map, struct slice name, void *value)
{
    if (!slice_is_set(name))
        name = SL(""); /* an absent name would mark the slot as removed */
    struct map_slot *slot = find(map, name);

    if (slot != NULL) {
        void *old = slot->value;

        *slot = (struct map_slot){ name, value };
        return old;
    }
    if ((map->used + 1) * 4 > map->capacity * 3)
        grow(map);
    insert(map, name, value);
    return NULL;
}

void *map_remove(struct map *map, struct slice name)
{
    struct map_slot *slot = find(map, name);

    if (slot == NULL)
        return NULL;
    void *old = slot->value;

    slot->name = slice_none(); /* the value stays as the mark of a removed slot */
    map->count--;
    return old;
}

bool map_each (const struct map *map, size_t * position, struct slice * name_r, void **value_r)
{
    for (; *position < map->capacity; (*position)++) {
        struct map_slot *slot = &map->slots[*position];

        if (slot->name.at != NULL) {
            *name_r = slot->name;
            *value_r = slot->value;
            (*position)++;
            return true;
        }
    }
    return false;
}
