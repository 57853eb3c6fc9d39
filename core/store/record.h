/*
 * Records as bytes: a struct and a table of its fields, written as tag, length, value.
 *
 * A field that is absent, 0 or empty is not written. Tags are for ever: a field that goes leaves
 * its tag unused. An unknown tag is skipped, so that a newer node's records can be read by an older
 * one. Sealed fields (and lists of them) are encrypted under the ring, bound to the record's key
 * and the field's tag: what is in the store is of no use to who reads the store.
 */
#ifndef CARDEA_STORE_RECORD_H
#define CARDEA_STORE_RECORD_H

#include "base/buf.h"
#include "crypto/seal.h"

enum {
    RECORD_LIST_MAX = 4096 /* elements of one list */
};

enum record_kind {
    RECORD_TEXT,   /* struct slice */
    RECORD_INT,    /* int64_t, not negative */
    RECORD_SEALED, /* struct slice, sealed */
    RECORD_LIST    /* struct record_list of structs with a table of their own */
};

struct record_list {
    void *at;
    size_t count;
};

struct record_field {
    unsigned char tag; /* 1 to 255; 0 ends the table */
    enum record_kind kind;
    size_t offset;
    const struct record_field *table; /* RECORD_LIST */
    size_t size;                      /* RECORD_LIST: of one element */
};

#define RECORD_FIELD(tag, kind, type, member)                                                      \
    {                                                                                              \
        tag, kind, offsetof(type, member), NULL, 0                                                 \
    }
#define RECORD_LIST_FIELD(tag, type, member, table, element)                                       \
    {                                                                                              \
        tag, RECORD_LIST, offsetof(type, member), table, sizeof(element)                           \
    }
#define RECORD_END                                                                                 \
    {                                                                                              \
        0, RECORD_TEXT, 0, NULL, 0                                                                 \
    }

/* The bytes, in the arena. `key` is the key under which they will be stored. Absent, which the
 * store refuses as a value, when they would be more than STORE_VALUE_MAX, or a list too long. */
struct slice record_write(struct arena *arena, const struct key_ring *ring, struct slice key,
                          const struct record_field *table, const void *record);

/* Fills `record` (cleared memory). False when the bytes are no such record, or something sealed in
 * them does not open. Slices point into `bytes` or the arena. */
bool record_read(struct arena *arena, const struct key_ring *ring, struct slice key,
                 const struct record_field *table, struct slice bytes, void *record);

/*
 * The same for who reads and does not write back: of the sealed fields only those are opened whose
 * tags (below 64) are in `wanted`, as RECORD_TAG(7) | RECORD_TAG(18). The others stay absent, but
 * are good only if the ring has the key they name: a secret that was taken out of the configuration
 * still ends the whole record.
 */
#define RECORD_TAG(tag) (UINT64_C(1) << (tag))
bool record_read_part(struct arena *arena, const struct key_ring *ring, struct slice key,
                      const struct record_field *table, uint64_t wanted, struct slice bytes,
                      void *record);

#endif
