#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "base/codec.h"
#include "base/random.h"

/* RFC 4648, 10. */
static const struct {
    const char *plain;
    const char *padded;
    const char *hex;
} published[] = {
    { "", "", "" },
    { "f", "Zg==", "66" },
    { "fo", "Zm8=", "666f" },
    { "foo", "Zm9v", "666f6f" },
    { "foob", "Zm9vYg==", "666f6f62" },
    { "fooba", "Zm9vYmE=", "666f6f6261" },
    { "foobar", "Zm9vYmFy", "666f6f626172" },
};

static void test_the_published_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++) {
        struct slice plain = slice_of(published[i].plain);
        struct slice bare = slice_of(published[i].padded);
        struct slice back;

        assert_slice(base64_encode(&arena, plain), published[i].padded);
        assert_true(base64_decode(&arena, bare, &back));
        assert_slice(back, published[i].plain);
        bare.len = slice_find(bare, '=');
        assert_true(slice_equal(base64url_encode(&arena, plain), bare));
        assert_true(base64url_decode(&arena, bare, &back));
        assert_slice(back, published[i].plain);
        assert_slice(hex_encode(&arena, plain), published[i].hex);
    }
}

static void test_the_two_alphabets(void **state)
{
    struct slice bytes = SL("\xfb\xff\xbf");

    (void)state;
    assert_slice(base64url_encode(&arena, bytes), "-_-_");
    assert_slice(base64_encode(&arena, bytes), "+/+/");
    assert_false(base64url_decode(&arena, SL("+/+/"), &bytes));
    assert_false(base64_decode(&arena, SL("-_-_"), &bytes));
}

static void test_every_length_comes_back(void **state)
{
    char bytes[300];
    struct slice back;

    (void)state;
    random_bytes(bytes, sizeof(bytes));
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        struct slice s = slice_make(bytes, len);
        struct buf buf = BUF_INIT(1000);

        assert_true(base64url_decode(&arena, base64url_encode(&arena, s), &back));
        assert_true(slice_equal(back, s));
        assert_true(base64_decode(&arena, base64_encode(&arena, s), &back));
        assert_true(slice_equal(back, s));
        assert_true(percent_decode(&arena, percent_encode(&arena, s), false, &back));
        assert_true(slice_equal(back, s));
        buf_add_base64url(&buf, s);
        assert_true(slice_equal(buf_slice(&buf), base64url_encode(&arena, s)));
        buf_reset(&buf);
        buf_add_hex(&buf, s);
        assert_true(slice_equal(buf_slice(&buf), hex_encode(&arena, s)));
        buf_release(&buf);
    }
}

static void test_base64url_has_one_spelling(void **state)
{
    static const char *const wrong[] = { "Zg==",  "Zg=",   "Z",      "Zh",     "Zm9",
                                         "Zm9vY", " Zm9v", "Zm9v ",  "Zm\n9v", "Zm9v=",
                                         "====",  "=",     "Zm9\xc3" };
    struct slice bytes = SL("untouched");

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (base64url_decode(&arena, slice_of(wrong[i]), &bytes))
            fail_msg("%s was accepted", wrong[i]);
    }
    assert_false(base64url_decode(&arena, SL("Zm9v\0Zm9v"), &bytes));
    assert_slice(bytes, "untouched");
}

static void test_padding_of_base64_may_be_missing_but_not_wrong(void **state)
{
    static const char *const wrong[] = { "Zg=",  "Zm9v=", "====", "=",        "A===", "Zm8==",
                                         "Z=g=", "Zh==",  "Zm9=", "Zg==Zg==", "Zg== " };
    struct slice bytes;

    (void)state;
    assert_true(base64_decode(&arena, SL("Zg"), &bytes));
    assert_slice(bytes, "f");
    assert_true(base64_decode(&arena, SL("Zm8"), &bytes));
    assert_slice(bytes, "fo");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (base64_decode(&arena, slice_of(wrong[i]), &bytes))
            fail_msg("%s was accepted", wrong[i]);
    }
}

static void test_all_but_unreserved_characters_are_percent_encoded(void **state)
{
    (void)state;
    assert_slice(percent_encode(&arena, SL("azAZ09-._~")), "azAZ09-._~");
    assert_slice(percent_encode(&arena, SL(" !*'()+/&=%\x7f\xc3\xa4")),
                 "%20%21%2A%27%28%29%2B%2F%26%3D%25%7F%C3%A4");
    assert_true(slice_equal(percent_encode(&arena, slice_make("\0a\0", 3)), SL("%00a%00")));
    assert_slice(percent_encode(&arena, SL("")), "");
    assert_slice(percent_encode(&arena, slice_none()), "");
}

static void test_percent_escapes_are_undone(void **state)
{
    struct slice bytes;

    (void)state;
    assert_true(percent_decode(&arena, SL("a%2Fb%2fc+d"), false, &bytes));
    assert_slice(bytes, "a/b/c+d");
    assert_true(percent_decode(&arena, SL("a+b%2Bc"), true, &bytes));
    assert_slice(bytes, "a b+c");
    assert_true(percent_decode(&arena, SL("%41"), false, &bytes));
    assert_slice(bytes, "A");
    assert_true(percent_decode(&arena, SL("x%00y"), false, &bytes));
    assert_true(slice_equal(bytes, SL("x\0y")));
    assert_true(percent_decode(&arena, SL("%2541"), false, &bytes));
    assert_slice(bytes, "%41"); /* once */
    assert_true(percent_decode(&arena, slice_none(), true, &bytes));
    assert_false(slice_is_set(bytes));
}

static void test_broken_percent_escapes_are_refused(void **state)
{
    static const char *const wrong[] = {
        "%", "a%", "%4", "%zz", "%4g", "%g4", "%%41", "% 41", "%-1"
    };
    struct slice bytes = SL("untouched");

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (percent_decode(&arena, slice_of(wrong[i]), true, &bytes))
            fail_msg("%s was accepted", wrong[i]);
    }
    assert_slice(bytes, "untouched");
}

static void test_well_formed_utf8(void **state)
{
    (void)state;
    assert_true(utf8_is_valid(SL("")));
    assert_true(utf8_is_valid(slice_none()));
    assert_true(utf8_is_valid(SL("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80")));
    assert_true(utf8_is_valid(SL("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\xef\xbf\xbf")));
    assert_true(utf8_is_valid(SL("\0")));
}

/* Unicode, table 3-7: what is not in it. */
static void test_malformed_utf8_is_refused(void **state)
{
    static const char *const wrong[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc3",
        "\xc3(",
        "\xe0\x9f\xbf",
        "\xe2\x82",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf",
        "\xf0\x9f\x98",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "\xfe\xff",
        "a\xe2\x28\xa1",
        "\xf8\x88\x80\x80\x80",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(utf8_is_valid(slice_of(wrong[i])));
}

static void test_text_has_no_control_characters(void **state)
{
    (void)state;
    assert_true(utf8_is_text(SL("h\xc3\xa4llo \xe2\x82\xac")));
    assert_false(utf8_is_text(SL("a\nb")));
    assert_false(utf8_is_text(SL("a\x7f")));
    assert_false(utf8_is_text(SL("a\0")));
    assert_false(utf8_is_text(SL("\x1b[2J")));
    assert_false(utf8_is_text(SL("\xff")));
}

static void test_html_is_escaped_for_text_and_attributes(void **state)
{
    struct buf buf = BUF_INIT(200);

    (void)state;
    buf_add_html(&buf, SL("<a href=\"x\" b='y'>&amp;\xc3\xa4"));
    assert_slice(buf_slice(&buf), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;\xc3\xa4");
    buf_release(&buf);
}

static const char *as_json(struct slice text)
{
    struct buf buf = BUF_INIT(1000);

    buf_add_json(&buf, text);
    const char *copy = arena_string(&arena, buf_slice(&buf));

    buf_release(&buf);
    return copy;
}

static void test_json_texts_are_escaped(void **state)
{
    (void)state;
    assert_string_equal(as_json(SL("")), "\"\"");
    assert_string_equal(as_json(slice_none()), "\"\"");
    assert_string_equal(as_json(SL("a\"b\\c/d")), "\"a\\\"b\\\\c/d\"");
    assert_string_equal(as_json(SL("\n\r\t\b\x01\x1f\x7f")),
                        "\"\\n\\r\\t\\u0008\\u0001\\u001f\\u007f\"");
    assert_string_equal(as_json(SL("a\0b")), "\"a\\u0000b\"");
    assert_string_equal(as_json(SL("\xc3\xa4\xe2\x82\xac")), "\"\xc3\xa4\xe2\x82\xac\"");
}

static void test_members_of_a_json_object_have_commas_between_them(void **state)
{
    (void)state;
    struct buf buf = BUF_INIT(100);

    buf_add_byte(&buf, '{');
    buf_add_json_name(&buf, "a");
    buf_add_json(&buf, SL("{"));
    buf_add_json_name(&buf, "b");
    buf_add_byte(&buf, '1');
    assert_slice(buf_slice(&buf), "{\"a\":\"{\",\"b\":1");
    buf_release(&buf);
}

static void test_c1_controls_are_escaped_in_json(void **state)
{
    (void)state;
    assert_string_equal(as_json(SL("\xc2\x9b"
                                   "2J\xc2\x80\xc2\x9f\xc2\xa0")),
                        "\"\\u009b2J\\u0080\\u009f\xc2\xa0\"");
}

static void test_malformed_utf8_is_replaced_in_json(void **state)
{
    (void)state;
    assert_string_equal(as_json(SL("a\xff"
                                   "b\xc3")),
                        "\"a\xef\xbf\xbd"
                        "b\xef\xbf\xbd\"");
    assert_string_equal(as_json(SL("\xed\xa0\x80")), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void test_parameters_are_joined_to_what_is_there(void **state)
{
    struct buf buf = BUF_INIT(200);

    (void)state;
    buf_add_param(&buf, SL("a"), SL("1 2"));
    buf_add_param(&buf, SL("b&"), SL("="));
    assert_slice(buf_slice(&buf), "a=1%202&b%26=%3D");
    buf_reset(&buf);
    buf_add_text(&buf, "https://a.test/?");
    buf_add_param(&buf, SL("a"), SL(""));
    assert_slice(buf_slice(&buf), "https://a.test/?a=");
    buf_reset(&buf);
    buf_add_text(&buf, "https://a.test/?x=1");
    buf_add_param(&buf, SL("a"), slice_none());
    assert_slice(buf_slice(&buf), "https://a.test/?x=1&a=");
    buf_reset(&buf);
    buf_add_text(&buf, "https://a.test/#");
    buf_add_param(&buf, SL("a"), SL("b"));
    assert_slice(buf_slice(&buf), "https://a.test/#a=b");
    buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_published_vectors),
        TEST(test_the_two_alphabets),
        TEST(test_every_length_comes_back),
        TEST(test_base64url_has_one_spelling),
        TEST(test_padding_of_base64_may_be_missing_but_not_wrong),
        TEST(test_all_but_unreserved_characters_are_percent_encoded),
        TEST(test_percent_escapes_are_undone),
        TEST(test_broken_percent_escapes_are_refused),
        TEST(test_well_formed_utf8),
        TEST(test_malformed_utf8_is_refused),
        TEST(test_text_has_no_control_characters),
        TEST(test_html_is_escaped_for_text_and_attributes),
        TEST(test_json_texts_are_escaped),
        TEST(test_members_of_a_json_object_have_commas_between_them),
        TEST(test_c1_controls_are_escaped_in_json),
        TEST(test_malformed_utf8_is_replaced_in_json),
        TEST(test_parameters_are_joined_to_what_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
