#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "base/log.h"

#include <errno.h>

static int pipes[2];
static char line[2 * LOG_LINE_MAX];

static int open_log(void **state)
{
    (void)state;
    if (pipe(pipes) != 0)
        return -1;
    log_to_descriptor(pipes[1]);
    log_configure(LEVEL_INFO, FORMAT_JSON);
    log_context = (struct log_context){ 0 };
    return 0;
}

static int close_log(void **state)
{
    log_to_descriptor(2);
    log_context = (struct log_context){ 0 };
    close(pipes[0]);
    close(pipes[1]);
    return release_arena(state);
}

#undef TEST
#define TEST(function) cmocka_unit_test_setup_teardown(function, open_log, close_log)

/* What was written since the last call; "" when nothing was. */
static const char *written(void)
{
    ssize_t got;

    fcntl(pipes[0], F_SETFL, O_NONBLOCK);
    got = read(pipes[0], line, sizeof(line) - 1);
    line[got > 0 ? got : 0] = '\0';
    return line;
}

static json_t *written_json(void)
{
    size_t len = strlen(written());

    assert_true(len > 0 && len <= LOG_LINE_MAX);
    assert_int_equal(line[len - 1], '\n');
    assert_ptr_equal(strchr(line, '\n'), line + len - 1); /* one line */
    return from_json(line);
}

static void test_a_json_line_says_when_what_and_how_bad(void **state)
{
    (void)state;
    log_warn("cannot reach %s", "redis");
    json_t *json = written_json();

    assert_slice(json_member(json, "level"), "warn");
    assert_slice(json_member(json, "message"), "cannot reach redis");
    struct slice time = json_member(json, "time");

    assert_int_equal(time.len, strlen("2026-11-23T18:04:05.123Z"));
    assert_int_equal(time.at[10], 'T');
    assert_int_equal(time.at[23], 'Z');
    assert_int_equal(json_object_size(json), 3); /* absent fields are left out */
    json_decref(json);
}

static void test_levels_below_the_least_are_not_written(void **state)
{
    (void)state;
    log_configure(LEVEL_WARN, FORMAT_JSON);
    log_debug("x");
    log_info("x");
    assert_string_equal(written(), "");
    assert_false(log_wants(LEVEL_INFO));
    log_error("x");
    assert_string_not_equal(written(), "");
    log_configure(LEVEL_DEBUG, FORMAT_JSON);
    log_debug("x");
    assert_string_not_equal(written(), "");
}

static void test_audit_lines_are_always_written_and_marked(void **state)
{
    (void)state;
    log_configure(LEVEL_ERROR, FORMAT_JSON);
    log_audit("login_failed", "by %s", "somebody");
    json_t *json = written_json();

    assert_slice(json_member(json, "level"), "audit");
    assert_slice(json_member(json, "event"), "login_failed");
    assert_slice(json_member(json, "message"), "by somebody");
    json_decref(json);
}

static void test_the_context_of_the_flow_stands_in_the_line(void **state)
{
    (void)state;
    log_context =
        (struct log_context){ "worker 1", SL("r-1"), "read_tokens", SL("github"), SL("grafana") };
    log_info("x");
    json_t *json = written_json();

    assert_slice(json_member(json, "process"), "worker 1");
    assert_slice(json_member(json, "request"), "r-1");
    assert_slice(json_member(json, "step"), "read_tokens");
    assert_slice(json_member(json, "provider"), "github");
    assert_slice(json_member(json, "client"), "grafana");
    json_decref(json);
}

/* Everything that a terminal or a log reader could take for something else. */
static const char nasty[] = "\x1b[2J\r\nfake \"line\" \\ \x07\x7f\xc2\x9b"
                            "31m \xff\xc3 end";

static void test_control_bytes_are_escaped_in_json(void **state)
{
    (void)state;
    log_context.request = SL("r\n\"1");
    log_info("%s", nasty);
    json_t *json = written_json();

    for (const char *at = line; at[1] != '\0'; at++)
        assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
    assert_null(strstr(line, "\xc2\x9b"));
    assert_slice(json_member(json, "message"), "\x1b[2J\r\nfake \"line\" \\ \x07\x7f\xc2\x9b"
                                               "31m \xef\xbf\xbd\xef\xbf\xbd end");
    assert_slice(json_member(json, "request"), "r\n\"1");
    json_decref(json);
}

static void test_control_bytes_are_escaped_in_text(void **state)
{
    (void)state;
    log_configure(LEVEL_INFO, FORMAT_TEXT);
    log_context.request = SL("r\n\x1b[31m");
    log_context.step = "read_tokens";
    log_context.process = "worker 1";
    log_info("%s", nasty);
    size_t len = strlen(written());

    assert_true(len > 0);
    assert_int_equal(line[len - 1], '\n');
    for (size_t i = 0; i + 1 < len; i++)
        assert_true((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
    assert_null(strstr(line, "\xc2\x9b"));
    assert_non_null(strstr(line, " info  [worker 1] \\u001b[2J\\r\\nfake \\\"line\\\""));
    assert_non_null(strstr(line, "(read_tokens, r\\n\\u001b[31m)\n"));
}

static void test_a_text_line_reads_well(void **state)
{
    (void)state;
    log_configure(LEVEL_INFO, FORMAT_TEXT);
    log_warn("hello");
    assert_string_equal(written() + 8, " warn  hello\n");
    log_context.request = SL("r-1");
    log_info("hello");
    assert_string_equal(written() + 8, " info  hello (r-1)\n");
    log_context.request = slice_none();
    log_context.step = "step";
    log_audit("event", "hello");
    assert_string_equal(written() + 8, " audit event: hello (step)\n");
}

/* Every length around the limit, with characters that grow when they are escaped. */
static void test_a_long_message_is_cut_and_the_line_stays_whole(void **state)
{
    static const char *const pieces[] = {
        "x", "\xc3\xa4", "\x01", "\"", "\xff", "\xf0\x9f\x98\x80"
    };
    static char message[3 * LOG_LINE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        size_t len = strlen(pieces[i]);

        for (size_t at = 0; at + len < sizeof(message); at += len)
            memcpy(message + at, pieces[i], len);
        for (int shown = 300; shown < (int)sizeof(message); shown += 37) {
            log_info("%.*s", shown, message);
            json_t *json = written_json();
            struct slice got = json_member(json, "message");

            assert_true(got.len > 200);
            if (shown > LOG_LINE_MAX)
                assert_true(slice_ends(got, SL(" ...(cut)")));
            json_decref(json);
        }
    }
}

static void test_long_fields_are_cut_too(void **state)
{
    static char field[3000];

    (void)state;
    memset(field, '"', sizeof(field));
    for (int format = FORMAT_JSON; format <= FORMAT_TEXT; format++) {
        log_configure(LEVEL_INFO, (enum log_format)format);
        log_context.request = slice_make(field, sizeof(field));
        log_context.provider = slice_make(field, sizeof(field));
        log_context.client = slice_make(field, sizeof(field));
        log_context.step = "step";
        log_info("%.*s", (int)sizeof(field), field);
        size_t len = strlen(written());

        assert_in_range(len, 1000, LOG_LINE_MAX);
        assert_int_equal(line[len - 1], '\n');
        if (format == FORMAT_JSON)
            json_decref(from_json(line));
    }
}

static void test_errno_survives_a_line(void **state)
{
    (void)state;
    log_configure(LEVEL_INFO, FORMAT_AUTO); /* asks whether this is a terminal */
    errno = ECONNREFUSED;
    log_info("x");
    assert_int_equal(errno, ECONNREFUSED);
    assert_int_equal(written()[0], '{'); /* a pipe is none */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_json_line_says_when_what_and_how_bad),
        TEST(test_levels_below_the_least_are_not_written),
        TEST(test_audit_lines_are_always_written_and_marked),
        TEST(test_the_context_of_the_flow_stands_in_the_line),
        TEST(test_control_bytes_are_escaped_in_json),
        TEST(test_control_bytes_are_escaped_in_text),
        TEST(test_a_text_line_reads_well),
        TEST(test_a_long_message_is_cut_and_the_line_stays_whole),
        TEST(test_long_fields_are_cut_too),
        TEST(test_errno_survives_a_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
