#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "base/memory.h"
#include "plugin/frame.h"

#include <arpa/inet.h>

/* A length as it stands in front of a frame, then `text`. */
static struct slice bytes_of(uint32_t length, const char *text)
{
    uint32_t network = htonl(length);

    return arena_join(&arena, slice_make((const char *)&network, sizeof(network)), slice_of(text));
}

static struct slice framed(const char *text)
{
    return bytes_of((uint32_t)strlen(text), text);
}

static void test_a_frame_comes_out_as_it_went_in(void **state)
{
    struct buf buf = BUF_INIT(4096);
    json_t *first = json_pack("{s:s, s:[i,n]}", "type", "call", "list", 7);
    json_t *second = json_pack("{s:s}", "type", "answer");
    json_t *read = NULL;
    const char *why = NULL;

    (void)state;
    frame_write(&buf, first);
    frame_write(&buf, second);
    assert_true(buf_ok(&buf));
    ssize_t used = frame_read(buf_slice(&buf), &read, &why);

    assert_in_range(used, FRAME_HEAD + 2, (ssize_t)buf.len - 1);
    assert_true(json_equal(read, first));
    assert_true(frame_is(read, "call"));
    assert_false(frame_is(read, "answer"));
    json_decref(read);
    assert_int_equal(frame_read(slice_from(buf_slice(&buf), (size_t)used), &read, &why),
                     (ssize_t)buf.len - used);
    assert_true(json_equal(read, second));
    json_decref(read);
    json_decref(first);
    json_decref(second);
    buf_release(&buf);
}

static void test_an_unfinished_frame_waits_for_more(void **state)
{
    struct slice whole = framed("{\"type\":\"ask\"}");
    json_t *read = NULL;
    const char *why = NULL;

    (void)state;
    for (size_t len = 0; len < whole.len; len++)
        assert_int_equal(frame_read(slice_sub(whole, 0, len), &read, &why), 0);
    assert_int_equal(frame_read(slice_none(), &read, &why), 0);
    assert_null(read);
    assert_null(why);
    assert_int_equal(frame_read(whole, &read, &why), (ssize_t)whole.len);
    json_decref(read);
}

static void test_a_frame_that_is_too_long_is_refused_before_it_has_come(void **state)
{
    json_t *read = NULL;
    const char *why = NULL;

    (void)state;
    assert_int_equal(frame_read(bytes_of(FRAME_MAX, ""), &read, &why), 0);
    assert_int_equal(frame_read(bytes_of(FRAME_MAX + 1, ""), &read, &why), -1);
    assert_non_null(why);
    assert_int_equal(frame_read(bytes_of(UINT32_MAX, ""), &read, &why), -1);
}

static void test_only_a_typed_object_is_a_frame(void **state)
{
    static const char *const bad[] = { "",
                                       "{}",
                                       "[]",
                                       "null",
                                       "{",
                                       "{\"type\":\"\"}",
                                       "{\"type\":7}",
                                       "{\"type\":null}",
                                       "\"type\"",
                                       "{\"type\":\"a\"} x",
                                       "{\"type\":\"a\",\"type\":\"b\"}" };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        json_t *read = NULL;
        const char *why = NULL;

        if (frame_read(framed(bad[i]), &read, &why) != -1)
            fail_msg("%s is taken", bad[i]);
        assert_non_null(why);
    }
}

static void test_a_document_that_is_too_long_makes_no_frame(void **state)
{
    struct buf buf = BUF_INIT(2 * FRAME_MAX);
    char *text = mem_alloc(FRAME_MAX);
    json_t *json = json_object();

    (void)state;
    memset(text, 'x', FRAME_MAX);
    json_object_set_new(json, "type", json_stringn(text, FRAME_MAX));
    frame_write(&buf, json);
    assert_false(buf_ok(&buf));
    json_decref(json);
    mem_free(text);
    buf_release(&buf);
}

static void test_a_frame_that_passes_the_limit_of_the_buffer_fails_it(void **state)
{
    struct buf buf = BUF_INIT(10);
    json_t *json = json_pack("{s:s}", "type", "call");

    (void)state;
    frame_write(&buf, json);
    assert_false(buf_ok(&buf));
    json_decref(json);
    buf_release(&buf);
}

static void test_something_that_is_no_frame_is_of_no_type(void **state)
{
    (void)state;
    assert_false(frame_is(NULL, "call"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_frame_comes_out_as_it_went_in),
        TEST(test_an_unfinished_frame_waits_for_more),
        TEST(test_a_frame_that_is_too_long_is_refused_before_it_has_come),
        TEST(test_only_a_typed_object_is_a_frame),
        TEST(test_a_document_that_is_too_long_makes_no_frame),
        TEST(test_a_frame_that_passes_the_limit_of_the_buffer_fails_it),
        TEST(test_something_that_is_no_frame_is_of_no_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
