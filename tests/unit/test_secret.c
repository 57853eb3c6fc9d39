#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/digest.h"
#include "crypto/secret.h"
#include "vectors.h"

static void test_equal_secrets_are_equal(void **state)
{
    (void)state;
    assert_true(secret_equal(SL("s3cret"), SL("s3cret")));
    assert_true(secret_equal(SL("a\0b"), SL("a\0b")));
}

static void test_other_secrets_are_not(void **state)
{
    (void)state;
    assert_false(secret_equal(SL("s3cret"), SL("s3creT")));
    assert_false(secret_equal(SL("s3cret"), SL("s3cre")));
    assert_false(secret_equal(SL("s3cre"), SL("s3cret")));
    assert_false(secret_equal(SL("S3cret"), SL("s3cret")));
    assert_false(secret_equal(SL("a\0b"), SL("a\0c")));
    assert_false(secret_equal(SL("s3cret\0"), SL("s3cret")));
}

static void test_an_empty_secret_equals_nothing(void **state)
{
    (void)state;
    assert_false(secret_equal(SL(""), SL("")));
    assert_false(secret_equal(slice_none(), slice_none()));
    assert_false(secret_equal(SL(""), slice_none()));
    assert_false(secret_equal(SL("x"), slice_none()));
    assert_false(secret_equal(slice_none(), SL("x")));
}

static void test_digests_are_compared_to_the_last_byte(void **state)
{
    unsigned char a[SHA256_SIZE] = { 0 };
    unsigned char b[SHA256_SIZE] = { 0 };

    (void)state;
    assert_true(secret_equal_bytes(a, b, sizeof(a)));
    for (size_t i = 0; i < sizeof(a); i++) {
        b[i] = 1;
        assert_false(secret_equal_bytes(a, b, sizeof(a)));
        b[i] = 0;
    }
}

static void test_one_secret_has_one_name_of_eight_characters(void **state)
{
    char first[9];
    const char *again;

    (void)state;
    memcpy(first, secret_name(SL("token one")), sizeof(first));
    again = secret_name(SL("token one"));
    assert_string_equal(first, again);
    assert_int_equal(strlen(again), 8);
    assert_string_not_equal(first, secret_name(SL("token two")));
}

static void test_a_name_lives_until_the_fourth_call_after(void **state)
{
    const char *name = secret_name(SL("token one"));
    char kept[9];

    (void)state;
    memcpy(kept, name, sizeof(kept));
    secret_name(SL("2"));
    secret_name(SL("3"));
    secret_name(SL("4"));
    assert_string_equal(name, kept);
    secret_name(SL("5"));
    assert_string_not_equal(name, kept);
}

/* Records are found by sha256_text(): a log must not say which record. */
static void test_a_name_is_no_part_of_the_stored_hash(void **state)
{
    struct slice stored = sha256_text(&arena, SL("token"));

    (void)state;
    assert_int_equal(slice_find_text(stored, slice_of(secret_name(SL("token")))), stored.len);
}

static void test_a_hash_matches_its_secret_only(void **state)
{
    struct slice secret = SL("a secret of many bytes");
    struct slice digest = slice_none();

    (void)state;
    assert_null(secret_hash_read(&arena, secret_hash(&arena, secret), &digest));
    assert_true(slice_equal(digest, secret_digest(&arena, secret)));
    assert_true(secret_matches(secret, digest));
    assert_false(secret_matches(SL("a secret of many byteS"), digest));
    assert_false(secret_matches(SL(""), digest));
    assert_false(secret_matches(slice_none(), digest));
    assert_false(secret_matches(secret, slice_sub(digest, 0, 31)));
}

/* printf %s abc | openssl dgst -sha256 -binary | base64, in the other alphabet. */
static void test_the_form_of_a_hash_is_fixed(void **state)
{
    (void)state;
    assert_slice(secret_hash(&arena, SL("abc")),
                 "sha256:ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
}

static void test_the_hash_of_nothing_lets_nobody_in(void **state)
{
    (void)state;
    assert_false(secret_matches(SL(""), secret_digest(&arena, SL(""))));
    assert_false(secret_matches(SL("anything"), slice_none()));
    assert_false(secret_matches(slice_none(), slice_none()));
}

static void test_what_is_no_hash_is_refused_with_a_reason(void **state)
{
    static const char *const wrong[] = {
        "",
        "abc",
        "sha256:",
        "SHA256:ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0",
        "sha256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0",
        "sha256:ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0=",
        "sha256:ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa1",
        "sha256:ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIA",
        "sha256:ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0AA",
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "sha1:qZk-NkcGgWq6PiVxeFDCbJzQ2J0",
    };

    struct slice digest = slice_none();

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_non_null(secret_hash_read(&arena, slice_of(wrong[i]), &digest));
    assert_non_null(secret_hash_read(&arena, slice_none(), &digest));
    assert_false(slice_is_set(digest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_equal_secrets_are_equal),
        TEST(test_other_secrets_are_not),
        TEST(test_an_empty_secret_equals_nothing),
        TEST(test_digests_are_compared_to_the_last_byte),
        TEST(test_one_secret_has_one_name_of_eight_characters),
        TEST(test_a_name_lives_until_the_fourth_call_after),
        TEST(test_a_name_is_no_part_of_the_stored_hash),
        TEST(test_a_hash_matches_its_secret_only),
        TEST(test_the_form_of_a_hash_is_fixed),
        TEST(test_the_hash_of_nothing_lets_nobody_in),
        TEST(test_what_is_no_hash_is_refused_with_a_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
