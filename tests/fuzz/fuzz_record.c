/*
 * Bytes from a store that somebody else can write to. A record that was read is the same after it
 * was written and read again.
 */
#include "base/memory.h"
#include "store/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct item {
    struct slice name;
    int64_t count;
};

struct thing {
    struct slice name;
    struct record_list items;
    int64_t count;
};

static const struct record_field item_table[] = {
    RECORD_FIELD(1, RECORD_TEXT, struct item, name),
    RECORD_FIELD(3, RECORD_INT, struct item, count),
    RECORD_END,
};

static const struct record_field thing_table[] = {
    RECORD_FIELD(1, RECORD_TEXT, struct thing, name),
    RECORD_FIELD(3, RECORD_INT, struct thing, count),
    RECORD_LIST_FIELD(255, struct thing, items, item_table, struct item),
    RECORD_END,
};

static void compare(const struct thing *a, const struct thing *b)
{
    const struct item *left = a->items.at;
    const struct item *right = b->items.at;

    if (!slice_equal(a->name, b->name) || a->count != b->count || a->items.count != b->items.count)
        abort();
    for (size_t i = 0; i < a->items.count; i++) {
        if (!slice_equal(left[i].name, right[i].name) || left[i].count != right[i].count)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice key = SL("thing:1");
    struct arena arena = { 0 };
    struct thing thing = { 0 };
    struct thing again = { 0 };

    if (record_read(&arena, NULL, key, thing_table, slice_make((const char *)data, size), &thing)) {
        struct slice bytes = record_write(&arena, NULL, key, thing_table, &thing);

        if (!slice_is_set(bytes) || bytes.len > size ||
            !record_read(&arena, NULL, key, thing_table, bytes, &again))
            abort();
        compare(&thing, &again);
    }
    arena_release(&arena);
    return 0;
}
