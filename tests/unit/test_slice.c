#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "base/slice.h"

static void test_absent_and_empty_are_told_apart(void **state)
{
    (void)state;
    assert_false(slice_is_set(slice_none()));
    assert_false(slice_is_set(slice_of(NULL)));
    assert_true(slice_is_set(SL("")));
    assert_true(slice_is_empty(slice_none()));
    assert_true(slice_is_empty(SL("")));
    assert_true(slice_equal(slice_none(), SL("")));
}

static void test_equality_goes_by_every_byte(void **state)
{
    (void)state;
    assert_true(slice_equal(SL("a\0b"), SL("a\0b")));
    assert_false(slice_equal(SL("a\0b"), SL("a\0c")));
    assert_false(slice_equal(SL("a"), SL("a\0")));
    assert_true(slice_is(SL("abc"), "abc"));
    assert_false(slice_is(SL("abc"), "abcd"));
    assert_false(slice_is(SL("abc\0"), "abc"));
}

static void test_letter_case_is_ignored_in_ascii_only(void **state)
{
    (void)state;
    assert_true(slice_is_nocase(SL("Content-LENGTH"), "content-length"));
    assert_true(slice_equal_nocase(SL("azAZ"), SL("AZaz")));
    assert_false(slice_equal_nocase(SL("@[`{"), SL("`{@[")));
    assert_false(slice_equal_nocase(SL("\xc3\x84"), SL("\xc3\xa4")));
    assert_false(slice_is_nocase(SL("a"), "ab"));
}

static void test_case_insensitive_equality_does_not_stop_at_nul(void **state)
{
    (void)state;
    assert_false(slice_equal_nocase(SL("a\0x"), SL("a\0y")));
    assert_true(slice_equal_nocase(SL("a\0x"), SL("A\0X")));
}

static void test_beginnings_and_ends(void **state)
{
    (void)state;
    assert_true(slice_starts(SL("abc"), SL("ab")));
    assert_true(slice_starts(SL("abc"), SL("")));
    assert_true(slice_starts(slice_none(), SL("")));
    assert_false(slice_starts(SL("ab"), SL("abc")));
    assert_true(slice_ends(SL("abc"), SL("bc")));
    assert_true(slice_ends(SL("abc"), SL("abc")));
    assert_false(slice_ends(SL("bc"), SL("abc")));
    assert_false(slice_ends(SL("abc"), SL("ab")));
}

static void test_order_is_bytewise_and_the_shorter_comes_first(void **state)
{
    (void)state;
    assert_true(slice_compare(SL("a"), SL("b")) < 0);
    assert_true(slice_compare(SL("a"), SL("aa")) < 0);
    assert_true(slice_compare(SL("aa"), SL("a")) > 0);
    assert_true(slice_compare(SL("\xff"), SL("a")) > 0);
    assert_int_equal(slice_compare(SL("abc"), SL("abc")), 0);
    assert_int_equal(slice_compare(slice_none(), SL("")), 0);
    assert_true(slice_compare(slice_none(), SL("a")) < 0);
}

static void test_a_part_is_clamped_to_what_there_is(void **state)
{
    struct slice s = SL("hello");

    (void)state;
    assert_slice(slice_sub(s, 1, 3), "ell");
    assert_slice(slice_sub(s, 1, SIZE_MAX), "ello");
    assert_slice(slice_sub(s, 99, 1), "");
    assert_slice(slice_from(s, 5), "");
    assert_false(slice_is_set(slice_sub(slice_none(), 3, 3)));
    assert_int_equal(slice_sub(slice_none(), 3, 3).len, 0);
}

static void test_places_are_found_or_the_length_is_returned(void **state)
{
    (void)state;
    assert_int_equal(slice_find(SL("abcb"), 'b'), 1);
    assert_int_equal(slice_find(SL("abc"), 'x'), 3);
    assert_int_equal(slice_find(SL("a\0c"), 'c'), 2);
    assert_int_equal(slice_find(slice_none(), 'x'), 0);
    assert_int_equal(slice_find_text(SL("a--b"), SL("--")), 1);
    assert_int_equal(slice_find_text(SL("ab"), SL("abc")), 2);
    assert_int_equal(slice_find_text(slice_none(), SL("x")), 0);
    assert_true(slice_has_nocase(SL("GitHub"), SL("HUB")));
    assert_true(slice_has_nocase(SL("GitHub"), SL("git")));
    assert_true(slice_has_nocase(SL("a"), SL("A")));
    assert_true(slice_has_nocase(SL("a"), slice_none()));
    assert_true(slice_has_nocase(slice_none(), slice_none()));
    assert_false(slice_has_nocase(SL("GitHub"), SL("gitlab")));
    assert_false(slice_has_nocase(SL("a"), SL("ab")));
    assert_false(slice_has_nocase(slice_none(), SL("a")));
    assert_true(slice_has(SL("abc"), 'c'));
    assert_false(slice_has(SL(""), '\0'));
}

static void test_only_spaces_and_tabs_are_trimmed(void **state)
{
    (void)state;
    assert_slice(slice_trim(SL(" \t a b\t ")), "a b");
    assert_slice(slice_trim(SL("  ")), "");
    assert_slice(slice_trim(SL("\r\na\n")), "\r\na\n");
    assert_int_equal(slice_trim(slice_none()).len, 0);
}

static void test_parts_may_be_empty(void **state)
{
    struct slice rest = SL(",a,,b,");
    static const char *const parts[] = { "", "a", "", "b", "" };
    struct slice part;

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        assert_true(slice_next(&rest, ',', &part));
        assert_slice(part, parts[i]);
    }
    assert_false(slice_next(&rest, ',', &part));
    assert_false(slice_next(&rest, ',', &part));
    rest = SL("");
    assert_true(slice_next(&rest, ',', &part));
    assert_slice(part, "");
    assert_false(slice_next(&rest, ',', &part));
    rest = slice_none();
    assert_false(slice_next(&rest, ',', &part));
}

static void test_words_are_never_empty(void **state)
{
    struct slice rest = SL("  openid   email ");
    struct slice word;

    (void)state;
    assert_true(slice_next_word(&rest, &word));
    assert_slice(word, "openid");
    assert_true(slice_next_word(&rest, &word));
    assert_slice(word, "email");
    assert_false(slice_next_word(&rest, &word));
    rest = SL("   ");
    assert_false(slice_next_word(&rest, &word));
}

static void test_a_word_of_a_list_is_a_whole_word(void **state)
{
    (void)state;
    assert_true(slice_has_word(SL("openid email"), SL("email")));
    assert_false(slice_has_word(SL("openid email"), SL("mail")));
    assert_false(slice_has_word(SL("openid email"), SL("openid email")));
    assert_false(slice_has_word(SL("openid  email"), SL("")));
    assert_false(slice_has_word(slice_none(), SL("email")));
    assert_false(slice_has_word(SL("openid\temail"), SL("email")));
}

static void test_a_cut_is_at_the_first_separator(void **state)
{
    struct slice head;
    struct slice tail;

    (void)state;
    assert_true(slice_cut(SL("a=b=c"), '=', &head, &tail));
    assert_slice(head, "a");
    assert_slice(tail, "b=c");
    assert_true(slice_cut(SL("a="), '=', &head, &tail));
    assert_slice(tail, "");
    assert_false(slice_cut(SL("abc"), '=', &head, &tail));
    assert_slice(head, "abc");
    assert_false(slice_is_set(tail));
}

static void test_numbers_are_plain_decimal(void **state)
{
    static const char *const wrong[] = { "",
                                         " 1",
                                         "1 ",
                                         "+1",
                                         "-1",
                                         "01",
                                         "00",
                                         "1a",
                                         "0x1",
                                         "1e3",
                                         "1.0",
                                         "1_0",
                                         "\xd9\xa1",
                                         "18446744073709551616",
                                         "99999999999999999999" };
    uint64_t value;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(slice_to_u64(slice_of(wrong[i]), UINT64_MAX, &value));
    assert_true(slice_to_u64(SL("0"), 0, &value));
    assert_int_equal(value, 0);
    assert_true(slice_to_u64(SL("18446744073709551615"), UINT64_MAX, &value));
    assert_true(value == UINT64_MAX);
    assert_true(slice_to_u64(SL("65535"), 65535, &value));
    assert_false(slice_to_u64(SL("65536"), 65535, &value));
    assert_false(slice_to_u64(SL("1\0"), 65535, &value));
    assert_false(slice_to_u64(slice_none(), 65535, &value));
}

static void test_plain_is_letters_digits_and_what_is_said_besides(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        const char text[] = { 'a', (char)byte, '9' };
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                      (byte >= '0' && byte <= '9');

        assert_int_equal(slice_is_plain(slice_make(text, 3), ""), letter);
        assert_int_equal(slice_is_plain(slice_make(text, 3), "-_"),
                         letter || byte == '-' || byte == '_');
    }
    assert_true(slice_is_plain(SL(""), "-"));
    assert_true(slice_is_plain(slice_none(), ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_absent_and_empty_are_told_apart),
        TEST(test_equality_goes_by_every_byte),
        TEST(test_letter_case_is_ignored_in_ascii_only),
        TEST(test_case_insensitive_equality_does_not_stop_at_nul),
        TEST(test_beginnings_and_ends),
        TEST(test_order_is_bytewise_and_the_shorter_comes_first),
        TEST(test_a_part_is_clamped_to_what_there_is),
        TEST(test_places_are_found_or_the_length_is_returned),
        TEST(test_only_spaces_and_tabs_are_trimmed),
        TEST(test_parts_may_be_empty),
        TEST(test_words_are_never_empty),
        TEST(test_a_word_of_a_list_is_a_whole_word),
        TEST(test_a_cut_is_at_the_first_separator),
        TEST(test_plain_is_letters_digits_and_what_is_said_besides),
        TEST(test_numbers_are_plain_decimal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
