#include "store/record.h"

#include "store/store.h"

enum {
    RECORD_VERSION = 1
};

static void add_length(struct buf *out, size_t length)
{
    while (length >= 0x80) {
        buf_add_byte(out, (char)(length | 0x80));
        length >>= 7;
    }
    buf_add_byte(out, (char)length);
}

static bool take_length(struct slice *rest, size_t *length_r)
{
    size_t length = 0;

    for (unsigned shift = 0; shift < 28 && rest->len > 0; shift += 7) {
        unsigned char byte = (unsigned char)rest->at[0];

        *rest = slice_from(*rest, 1);
        length |= (size_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            *length_r = length;
            return true;
        }
    }
    return false;
}

static void add_field(struct buf *out, unsigned char tag, struct slice value)
{
    buf_add_byte(out, (char)tag);
    add_length(out, value.len);
    buf_add(out, value);
}

static void add_int(struct buf *out, unsigned char tag, int64_t value)
{
    char bytes[8];
    size_t len = 0;

    for (uint64_t rest = (uint64_t)value; rest > 0; rest >>= 8)
        bytes[len++] = (char)(rest & 0xff);
    add_field(out, tag, slice_make(bytes, len));
}

struct writing {
    struct arena *arena;
    const struct key_ring *ring;
    struct slice key;
};

static struct slice seal_context(struct arena *arena, struct slice key, unsigned char tag)
{
    return arena_printf(arena, "%.*s#%u", SLICE_ARG(key), tag);
}

static void write_fields(struct buf *out, const struct writing *writing,
                         const struct record_field *table, const void *record);

static void write_list(struct buf *out, const struct writing *writing,
                       const struct record_field *field, const struct record_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct buf inner = BUF_INIT(STORE_VALUE_MAX);

        write_fields(&inner, writing, field->table, (const char *)list->at + i * field->size);
        add_field(out, field->tag, buf_slice(&inner));
        out->failed = out->failed || !buf_ok(&inner);
        buf_release_secret(&inner);
    }
    out->failed = out->failed || list->count > RECORD_LIST_MAX;
}

static void write_field(struct buf *out, const struct writing *writing,
                        const struct record_field *field, const void *place)
{
    const struct slice *text = place;
    const int64_t *number = place;

    switch (field->kind) {
    case RECORD_TEXT:
        if (text->len > 0)
            add_field(out, field->tag, *text);
        break;
    case RECORD_SEALED:
        if (text->len > 0)
            add_field(out, field->tag,
                      seal(writing->ring, writing->arena,
                           seal_context(writing->arena, writing->key, field->tag), *text));
        break;
    case RECORD_INT:
        if (*number > 0)
            add_int(out, field->tag, *number);
        break;
    case RECORD_LIST:
        write_list(out, writing, field, place);
        break;
    }
}

static void write_fields(struct buf *out, const struct writing *writing,
                         const struct record_field *table, const void *record)
{
    for (const struct record_field *field = table; field->tag != 0; field++)
        write_field(out, writing, field, (const char *)record + field->offset);
}

struct slice record_write(struct arena *arena, const struct key_ring *ring, struct slice key,
                          const struct record_field *table, const void *record)
{
    const struct writing writing = { arena, ring, key };
    struct buf out = BUF_INIT(STORE_VALUE_MAX);

    buf_add_byte(&out, RECORD_VERSION);
    write_fields(&out, &writing, table, record);
    struct slice bytes = buf_ok(&out) ? arena_copy(arena, buf_slice(&out)) : slice_none();

    buf_release_secret(&out);
    return bytes;
}

struct reading {
    struct arena *arena;
    const struct key_ring *ring;
    struct slice key;
    uint64_t wanted; /* tags of sealed fields */
};

static bool read_fields(const struct reading *reading, const struct record_field *table,
                        struct slice rest, void *record);

/* Lists arrive element by element; room for them doubles. */
static bool read_element(const struct reading *reading, const struct record_field *field,
                         struct slice value, struct record_list *list)
{
    if (list->count >= RECORD_LIST_MAX)
        return false;
    if ((list->count & (list->count - 1)) == 0) { /* grow at 0, 1, 2, 4, ... */
        size_t room = list->count > 0 ? list->count * 2 : 1;
        void *grown = arena_zalloc(reading->arena, room * field->size);

        if (list->count > 0)
            memcpy(grown, list->at, list->count * field->size);
        list->at = grown;
    }
    return read_fields(reading, field->table, value,
                       (char *)list->at + list->count++ * field->size);
}

static bool read_int(struct slice value, int64_t *number)
{
    uint64_t rest = 0;

    if (value.len > 8)
        return false;
    for (size_t i = value.len; i > 0; i--)
        rest = rest << 8 | (unsigned char)value.at[i - 1];
    *number = (int64_t)rest;
    return rest <= INT64_MAX;
}

static bool read_field(const struct reading *reading, const struct record_field *field,
                       struct slice value, void *record)
{
    char *place = (char *)record + field->offset;

    switch (field->kind) {
    case RECORD_TEXT:
        *(struct slice *)(void *)place = value;
        return true;
    case RECORD_SEALED:
        if (field->tag < 64 && (reading->wanted & RECORD_TAG(field->tag)) == 0)
            return seal_is_known(reading->ring, value);
        return seal_open(reading->ring, reading->arena,
                         seal_context(reading->arena, reading->key, field->tag), value,
                         (struct slice *)(void *)place);
    case RECORD_INT:
        return read_int(value, (int64_t *)(void *)place);
    case RECORD_LIST:
        return read_element(reading, field, value, (struct record_list *)(void *)place);
    }
    return false;
}

static bool read_fields(const struct reading *reading, const struct record_field *table,
                        struct slice rest, void *record)
{
    while (rest.len > 0) {
        unsigned char tag = (unsigned char)rest.at[0];
        const struct record_field *field = table;
        size_t len;

        rest = slice_from(rest, 1);
        if (!take_length(&rest, &len) || len > rest.len)
            return false;
        struct slice value = slice_sub(rest, 0, len);

        rest = slice_from(rest, len);
        while (field->tag != 0 && field->tag != tag)
            field++;
        if (field->tag != 0 && !read_field(reading, field, value, record))
            return false;
    }
    return true;
}

bool record_read_part(struct arena *arena, const struct key_ring *ring, struct slice key,
                      const struct record_field *table, uint64_t wanted, struct slice bytes,
                      void *record)
{
    struct reading reading = { arena, ring, key, wanted };

    if (bytes.len == 0 || bytes.at[0] != RECORD_VERSION)
        return false;
    return read_fields(&reading, table, slice_from(bytes, 1), record);
}

bool record_read(struct arena *arena, const struct key_ring *ring, struct slice key,
                 const struct record_field *table, struct slice bytes, void *record)
{
    return record_read_part(arena, ring, key, table, UINT64_MAX, bytes, record);
}
