#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "store/record.h"
#include "vectors.h"

struct pet {
    struct slice name;
    int64_t age;
};

struct person {
    struct slice name;
    struct slice secret;
    struct slice diary;
    int64_t age;
    struct record_list pets;
};

static const struct record_field pet_table[] = {
    RECORD_FIELD(1, RECORD_TEXT, struct pet, name),
    RECORD_FIELD(2, RECORD_INT, struct pet, age),
    RECORD_END,
};

static const struct record_field person_table[] = {
    RECORD_FIELD(1, RECORD_TEXT, struct person, name),
    RECORD_FIELD(2, RECORD_SEALED, struct person, secret),
    RECORD_FIELD(3, RECORD_INT, struct person, age),
    RECORD_LIST_FIELD(4, struct person, pets, pet_table, struct pet),
    RECORD_FIELD(9, RECORD_SEALED, struct person, diary),
    RECORD_END,
};

static const struct slice key = SLICE("person:1");
static struct pet pets[] = { { SLICE("Ada"), 3 }, { SLICE("Bob"), INT64_MAX }, { { NULL, 0 }, 0 } };
static const struct person mona = {
    .name = SLICE("Mona"),
    .secret = SLICE("hush"),
    .diary = SLICE("dear diary"),
    .age = 300,
    .pets = { pets, 3 },
};
static struct key_ring *ring;
static struct key_ring *other_ring;

static int make_rings(void **state)
{
    static const struct slice secrets[] = {
        SLICE("the first secret, of forty-two characters!"),
        SLICE("the second secret is as long as it needs be"),
    };

    (void)state;
    ring = key_ring_new(&secrets[0], 1, "store");
    other_ring = key_ring_new(&secrets[1], 1, "store");
    return 0;
}

static int free_rings(void **state)
{
    (void)state;
    key_ring_free(ring);
    key_ring_free(other_ring);
    arena_release(&arena);
    return 0;
}

static struct slice written(void)
{
    return record_write(&arena, ring, key, person_table, &mona);
}

/* A newer writer's fields, and fields in another order than the table's. */
static void test_unknown_fields_are_skipped_and_order_does_not_matter(void **state)
{
    static const struct record_field names_last[] = {
        RECORD_FIELD(7, RECORD_INT, struct person, age),
        RECORD_FIELD(3, RECORD_INT, struct person, age),
        RECORD_FIELD(1, RECORD_TEXT, struct person, name),
        RECORD_END,
    };
    struct person person = { 0 };

    (void)state;
    struct slice bytes = record_write(&arena, ring, key, names_last, &mona);

    assert_true(record_read(&arena, ring, key, person_table, bytes, &person));
    assert_slice(person.name, "Mona");
    assert_int_equal(person.age, 300);
}

static void test_a_part_has_only_the_sealed_fields_that_are_wanted(void **state)
{
    struct person nothing = { 0 };
    struct person diary = { 0 };

    (void)state;
    assert_true(record_read_part(&arena, ring, key, person_table, 0, written(), &nothing));
    assert_slice(nothing.name, "Mona");
    assert_false(slice_is_set(nothing.secret));
    assert_false(slice_is_set(nothing.diary));
    assert_true(
        record_read_part(&arena, ring, key, person_table, RECORD_TAG(9), written(), &diary));
    assert_false(slice_is_set(diary.secret));
    assert_slice(diary.diary, "dear diary");
    assert_int_equal(diary.pets.count, 3);
}

static void test_a_part_of_a_record_sealed_by_no_key_of_ours_is_refused(void **state)
{
    struct person person = { 0 };

    (void)state;
    assert_false(record_read_part(&arena, other_ring, key, person_table, 0, written(), &person));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_unknown_fields_are_skipped_and_order_does_not_matter),
        TEST(test_a_part_has_only_the_sealed_fields_that_are_wanted),
        TEST(test_a_part_of_a_record_sealed_by_no_key_of_ours_is_refused),
    };

    return cmocka_run_group_tests(tests, make_rings, free_rings);
}
