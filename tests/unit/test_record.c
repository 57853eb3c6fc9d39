#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "store/record.h"
#include "store/store.h"

struct item {
    struct slice name;
    struct slice hidden;
    int64_t count; /* last: what is written must not be read beyond it */
};

struct thing {
    struct slice name;
    struct slice hidden;
    struct record_list items;
    int64_t count;
};

static const struct record_field item_table[] = {
    RECORD_FIELD(1, RECORD_TEXT, struct item, name),
    RECORD_FIELD(2, RECORD_SEALED, struct item, hidden),
    RECORD_FIELD(3, RECORD_INT, struct item, count),
    RECORD_END,
};

static const struct record_field thing_table[] = {
    RECORD_FIELD(1, RECORD_TEXT, struct thing, name),
    RECORD_FIELD(2, RECORD_SEALED, struct thing, hidden),
    RECORD_FIELD(3, RECORD_INT, struct thing, count),
    RECORD_LIST_FIELD(255, struct thing, items, item_table, struct item),
    RECORD_END,
};

/* The same as an older node knows it. */
static const struct record_field older_table[] = {
    RECORD_FIELD(3, RECORD_INT, struct thing, count),
    RECORD_END,
};

static struct key_ring *ring;

static int set_up(void **state)
{
    static const struct slice secret = SLICE("0123456789abcdef0123456789abcdef");

    (void)state;
    ring = key_ring_new(&secret, 1, "store");
    return 0;
}

static int tear_down(void **state)
{
    key_ring_free(ring);
    return release_arena(state);
}

#define RECORD(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

static struct slice write_thing(const struct thing *thing)
{
    return record_write(&arena, ring, SL("thing:1"), thing_table, thing);
}

static bool read_thing(struct slice key, struct slice bytes, struct thing *thing_r)
{
    *thing_r = (struct thing){ 0 };
    return record_read(&arena, ring, key, thing_table, bytes, thing_r);
}

static struct thing round_trip(const struct thing *thing)
{
    struct thing back;
    struct slice bytes = write_thing(thing);

    assert_true(slice_is_set(bytes));
    assert_true(read_thing(SL("thing:1"), bytes, &back));
    return back;
}

static void test_what_was_written_is_read(void **state)
{
    struct item items[] = { { SL("a"), SL("hush"), 1 },
                            { SL(""), slice_none(), 0 },
                            { .count = 7 } };
    struct thing thing = { SL("na\0me"), SL("se\0cret"), { items, 3 }, 1700000000 };
    struct thing back = round_trip(&thing);
    const struct item *list = back.items.at;

    (void)state;
    assert_true(slice_equal(back.name, thing.name));
    assert_true(slice_equal(back.hidden, thing.hidden));
    assert_int_equal(back.count, 1700000000);
    assert_int_equal(back.items.count, 3);
    assert_slice(list[0].name, "a");
    assert_slice(list[0].hidden, "hush");
    assert_int_equal(list[0].count, 1);
    assert_false(slice_is_set(list[1].name));
    assert_int_equal(list[2].count, 7);
}

static void test_numbers_keep_their_value(void **state)
{
    static const int64_t numbers[] = { 0, 1, 127, 128, 255, 256, 65535, 1LL << 32, INT64_MAX };

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        assert_int_equal(round_trip(&(struct thing){ .count = numbers[i] }).count, numbers[i]);
}

static void test_texts_of_every_length_keep_their_length(void **state)
{
    static const size_t lengths[] = { 1, 127, 128, 129, 16383, 16384, 70000 };

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        char *text = arena_alloc(&arena, lengths[i]);

        memset(text, 't', lengths[i]);
        struct thing thing = { .name = slice_make(text, lengths[i]) };
        struct thing back = round_trip(&thing);

        assert_true(slice_equal(back.name, thing.name));
    }
}

static void test_nothing_is_one_byte(void **state)
{
    (void)state;
    assert_int_equal(write_thing(&(struct thing){ 0 }).len, 1);
    assert_int_equal(write_thing(&(struct thing){ .name = SL(""), .hidden = SL("") }).len, 1);
    assert_false(slice_is_set(round_trip(&(struct thing){ 0 }).name));
}

/* An account with its last number at the end of an array: reading more than the field is a fault a
 * sanitizer sees. */
static void test_a_field_at_the_end_of_its_struct_is_read_and_no_more(void **state)
{
    struct item *exact = malloc(sizeof(*exact));

    (void)state;
    assert_non_null(exact);
    *exact = (struct item){ .count = 5 };
    struct thing back = round_trip(&(struct thing){ .items = { exact, 1 } });

    assert_int_equal(((struct item *)back.items.at)->count, 5);
    free(exact);
}

static void test_a_sealed_field_cannot_be_seen(void **state)
{
    struct item item = { .hidden = SL("inner-secret") };
    struct thing thing = { .hidden = SL("outer-secret"), .items = { &item, 1 } };
    struct slice bytes = write_thing(&thing);

    (void)state;
    assert_int_equal(slice_find_text(bytes, SL("secret")), bytes.len);
}

static void test_a_sealed_field_belongs_to_its_record(void **state)
{
    struct slice bytes = write_thing(&(struct thing){ .hidden = SL("hush") });
    struct thing back;

    (void)state;
    assert_true(read_thing(SL("thing:1"), bytes, &back));
    assert_false(read_thing(SL("thing:2"), bytes, &back));
    assert_false(read_thing(SL("thing:1#"), bytes, &back));
}

/* Somebody who can write to the store moves a sealed value to where it is shown. */
static void test_a_sealed_field_belongs_to_its_tag(void **state)
{
    static const struct record_field other_table[] = {
        RECORD_FIELD(4, RECORD_SEALED, struct thing, hidden),
        RECORD_END,
    };
    struct slice bytes = write_thing(&(struct thing){ .hidden = SL("hush") });
    char *moved = arena_string(&arena, bytes);
    struct thing back = { 0 };

    (void)state;
    assert_int_equal(moved[1], 2);
    moved[1] = 4;
    assert_false(
        record_read(&arena, ring, SL("thing:1"), other_table, slice_make(moved, bytes.len), &back));
    assert_false(slice_is_set(back.hidden));
}

static void test_a_sealed_field_that_was_changed_does_not_open(void **state)
{
    struct slice bytes = write_thing(&(struct thing){ .hidden = SL("hush") });
    struct thing back;

    (void)state;
    for (size_t i = 3; i < bytes.len; i++) {
        char *changed = arena_string(&arena, bytes);

        changed[i] = (char)(changed[i] ^ 1);
        assert_false(read_thing(SL("thing:1"), slice_make(changed, bytes.len), &back));
    }
}

static void test_another_secret_opens_nothing(void **state)
{
    static const struct slice other = SLICE("fedcba9876543210fedcba9876543210");
    struct slice bytes = write_thing(&(struct thing){ .hidden = SL("hush") });
    struct key_ring *others = key_ring_new(&other, 1, "store");
    struct thing back = { 0 };

    (void)state;
    assert_false(record_read(&arena, others, SL("thing:1"), thing_table, bytes, &back));
    key_ring_free(others);
}

static void test_an_unknown_tag_is_skipped(void **state)
{
    struct item item = { .name = SL("new") };
    struct thing thing = { SL("name"), SL("hush"), { &item, 1 }, 9 };
    struct thing back = { 0 };

    (void)state;
    assert_true(record_read(&arena, NULL, SL("thing:1"), older_table, write_thing(&thing), &back));
    assert_int_equal(back.count, 9);
    assert_false(slice_is_set(back.name));
}

static void test_what_is_cut_off_anywhere_is_no_record_of_the_same(void **state)
{
    struct item items[] = { { SL("a"), SL("hush"), 300 }, { SL("b"), slice_none(), 0 } };
    struct thing thing = { SL("name"), slice_none(), { items, 2 }, 300 };
    struct slice bytes = write_thing(&thing);
    struct thing back;
    size_t refused = 0;

    (void)state;
    for (size_t len = 0; len < bytes.len; len++) {
        char *exact = malloc(len > 0 ? len : 1);

        assert_non_null(exact);
        memcpy(exact, bytes.at, len);
        if (!read_thing(SL("thing:1"), slice_make(exact, len), &back))
            refused++;
        else
            assert_true(back.items.count < 2);
        free(exact);
    }
    assert_true(refused > bytes.len / 2);
}

static bool reads(struct slice bytes)
{
    struct thing back;

    return read_thing(SL("thing:1"), bytes, &back);
}

static void test_hostile_bytes_are_no_record(void **state)
{
    (void)state;
    assert_false(reads(slice_none()));
    assert_false(reads(SL("")));
    assert_false(reads(SL("\0")));
    assert_false(reads(SL("\2\1\1a")));                              /* of another version */
    assert_false(reads(SL("\1\1")));                                 /* no length */
    assert_false(reads(SL("\1\1\2a")));                              /* shorter than its length */
    assert_false(reads(SL("\1\1\xff\xff\xff\xff\xff\xff\xff\x7f"))); /* a length without end */
    assert_false(reads(SL("\1\7\xff\xff\xff\x7f")));                 /* of an unknown tag too */
    assert_false(reads(SL("\1\3\11123456789")));                     /* nine bytes of number */
    assert_false(reads(SL("\1\3\10\0\0\0\0\0\0\0\x80")));            /* a negative one */
    assert_false(reads(SL("\1\2\4hush")));                           /* not sealed */
    assert_false(reads(SL("\1\xff\2\1\5")));                         /* a broken element */
    assert_true(reads(SL("\1\1\1a")));
    assert_true(reads(SL("\1\3\0")));
}

static void test_a_list_has_a_limit(void **state)
{
    struct buf bytes = BUF_INIT(100000);
    struct thing back;

    (void)state;
    buf_add_byte(&bytes, 1);
    for (int i = 0; i < 4096; i++)
        buf_add(&bytes, SL("\xff\0"));
    assert_true(read_thing(SL("thing:1"), buf_slice(&bytes), &back));
    assert_int_equal(back.items.count, 4096);
    buf_add(&bytes, SL("\xff\0"));
    assert_false(read_thing(SL("thing:1"), buf_slice(&bytes), &back));
    buf_release(&bytes);
}

static void test_what_the_store_would_not_take_is_not_written(void **state)
{
    size_t len = STORE_VALUE_MAX + 1;
    char *text = arena_alloc(&arena, len);

    (void)state;
    memset(text, 't', len);
    struct item item = { .name = slice_make(text, len) };

    assert_false(slice_is_set(write_thing(&(struct thing){ .name = item.name })));
    assert_false(slice_is_set(write_thing(&(struct thing){ .items = { &item, 1 } })));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RECORD(test_what_was_written_is_read),
        RECORD(test_numbers_keep_their_value),
        RECORD(test_texts_of_every_length_keep_their_length),
        RECORD(test_nothing_is_one_byte),
        RECORD(test_a_field_at_the_end_of_its_struct_is_read_and_no_more),
        RECORD(test_a_sealed_field_cannot_be_seen),
        RECORD(test_a_sealed_field_belongs_to_its_record),
        RECORD(test_a_sealed_field_belongs_to_its_tag),
        RECORD(test_a_sealed_field_that_was_changed_does_not_open),
        RECORD(test_another_secret_opens_nothing),
        RECORD(test_an_unknown_tag_is_skipped),
        RECORD(test_what_is_cut_off_anywhere_is_no_record_of_the_same),
        RECORD(test_hostile_bytes_are_no_record),
        RECORD(test_a_list_has_a_limit),
        RECORD(test_what_the_store_would_not_take_is_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
