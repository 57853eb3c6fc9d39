#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "hub/metrics.h"
#include "plugin/description.h"

static const char *const routes[] = { "/a", "/b", NULL };
static const char *const steps[] = { "read", NULL };
static const char *const providers[] = { "github", "we\"ird\\", NULL };
static const struct metric_labels labels = { routes, steps, providers };

/* Pages of two workers. */
static struct metrics pages[2];
static struct buf out;

static int set_up(void **state)
{
    (void)state;
    memset(pages, 0, sizeof(pages));
    buf_init(&out, 1 << 20);
    log_configure(LEVEL_AUDIT, FORMAT_JSON);
    metrics_lay_out(&labels);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_release(&out);
    return 0;
}

#define METRICS(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

static const char *write_all(void)
{
    const struct metrics *all[] = { &pages[0], &pages[1] };

    buf_reset(&out);
    metrics_write(all, 2, &out);
    assert_true(buf_ok(&out));
    return out.at;
}

/* Is that one whole line? */
static bool has_line(const char *line)
{
    struct slice rest = slice_of(write_all());
    struct slice each;

    while (slice_next(&rest, '\n', &each)) {
        if (slice_is(each, line))
            return true;
    }
    return false;
}

#define assert_line(line)                                                                          \
    do {                                                                                           \
        if (!has_line(line))                                                                       \
            fail_msg("no line %s in\n%s", line, out.at);                                           \
    } while (0)

static void test_every_series_is_there_before_anything_was_counted(void **state)
{
    (void)state;
    assert_line("cardea_http_requests_total{route=\"/a\",status=\"2xx\"} 0");
    assert_line("cardea_http_requests_total{route=\"/b\",status=\"5xx\"} 0");
    assert_line("cardea_logins_total{provider=\"github\",outcome=\"denied\"} 0");
    assert_line("cardea_token_responses_total{grant_type=\"refresh_token\"} 0");
    assert_line("cardea_store_errors_total 0");
    assert_line("cardea_connections 0");
    assert_line("cardea_step_seconds_count{step=\"read\"} 0");
}

static void test_each_family_has_its_help_and_type_in_front(void **state)
{
    const char *text = write_all();

    (void)state;
    assert_line("# HELP cardea_http_requests_total Requests answered.");
    assert_line("# TYPE cardea_http_requests_total counter");
    assert_line("# TYPE cardea_connections gauge");
    assert_line("# TYPE cardea_step_seconds histogram");
    assert_true(strstr(text, "# TYPE cardea_logins_total") < strstr(text, "cardea_logins_total{"));
    assert_int_equal(text[strlen(text) - 1], '\n');
}

static void test_counts_of_all_workers_are_added_up(void **state)
{
    (void)state;
    metrics_count(&pages[0], METRIC_REQUESTS, 1, 2);
    metrics_count(&pages[0], METRIC_REQUESTS, 1, 2);
    metrics_count(&pages[1], METRIC_REQUESTS, 1, 2);
    metrics_count(&pages[1], METRIC_TOKENS, GRANT_CLIENT_CREDENTIALS, 0);
    metrics_set(&pages[0], METRIC_CONNECTIONS, 0, 0, 5);
    metrics_set(&pages[0], METRIC_CONNECTIONS, 0, 0, 3);
    metrics_set(&pages[1], METRIC_CONNECTIONS, 0, 0, 4);
    assert_line("cardea_http_requests_total{route=\"/b\",status=\"4xx\"} 3");
    assert_line("cardea_http_requests_total{route=\"/a\",status=\"4xx\"} 0");
    assert_line("cardea_token_responses_total{grant_type=\"client_credentials\"} 1");
    assert_line("cardea_connections 7");
}

static void test_labels_are_escaped(void **state)
{
    (void)state;
    metrics_count(&pages[0], METRIC_PLUGIN_FAILURES, 1, HOOK_read_token);
    assert_line("cardea_plugin_failures_total{provider=\"we\\\"ird\\\\\",hook=\"read_token\"} 1");
}

static void test_the_words_of_outcomes_are_in_the_order_of_their_enums(void **state)
{
    (void)state;
    metrics_count(&pages[0], METRIC_LOGINS, 0, LOGIN_FAILED);
    metrics_count(&pages[0], METRIC_LOGINS, 1, LOGIN_DENIED);
    metrics_count(&pages[0], METRIC_UPSTREAM_CALLS, 0, CALL_TIMED_OUT);
    metrics_count(&pages[0], METRIC_UPSTREAM_CALLS, 0, CALL_REFUSED);
    metrics_count(&pages[0], METRIC_TOKENS, GRANT_AUTHORIZATION_CODE, 0);
    assert_line("cardea_logins_total{provider=\"github\",outcome=\"failed\"} 1");
    assert_line("cardea_logins_total{provider=\"we\\\"ird\\\\\",outcome=\"denied\"} 1");
    assert_line("cardea_provider_calls_total{provider=\"github\",outcome=\"timed_out\"} 1");
    assert_line("cardea_provider_calls_total{provider=\"github\",outcome=\"refused\"} 1");
    assert_line("cardea_token_responses_total{grant_type=\"authorization_code\"} 1");
}

static void test_a_histogram_is_cumulative_and_its_bounds_belong_to_the_lower_bucket(void **state)
{
    (void)state;
    metrics_observe(&pages[0], METRIC_UPSTREAM_TIME, 0, 100);
    metrics_observe(&pages[1], METRIC_UPSTREAM_TIME, 0, 101);
    metrics_observe(&pages[0], METRIC_UPSTREAM_TIME, 0, 5000000);
    metrics_observe(&pages[0], METRIC_UPSTREAM_TIME, 0, 5000001);
    assert_line("cardea_provider_call_seconds_bucket{provider=\"github\",le=\"0.0001\"} 1");
    assert_line("cardea_provider_call_seconds_bucket{provider=\"github\",le=\"0.00025\"} 2");
    assert_line("cardea_provider_call_seconds_bucket{provider=\"github\",le=\"1\"} 2");
    assert_line("cardea_provider_call_seconds_bucket{provider=\"github\",le=\"5\"} 3");
    assert_line("cardea_provider_call_seconds_bucket{provider=\"github\",le=\"+Inf\"} 4");
    assert_line("cardea_provider_call_seconds_sum{provider=\"github\"} 10.000202");
    assert_line("cardea_provider_call_seconds_count{provider=\"github\"} 4");
    assert_line("cardea_provider_call_seconds_count{provider=\"we\\\"ird\\\\\"} 0");
}

static void test_a_clock_that_went_back_spoils_no_sum(void **state)
{
    (void)state;
    metrics_observe(&pages[0], METRIC_STEP_TIME, 0, 1000000);
    metrics_observe(&pages[0], METRIC_STEP_TIME, 0, -5);
    assert_line("cardea_step_seconds_sum{step=\"read\"} 1.000000");
    assert_line("cardea_step_seconds_count{step=\"read\"} 2");
}

static void test_what_is_not_laid_out_is_not_counted(void **state)
{
    struct metrics before = pages[0];

    (void)state;
    metrics_count(&pages[0], METRIC_REQUESTS, 2, 0);
    metrics_count(&pages[0], METRIC_REQUESTS, 0, 4);
    metrics_count(&pages[0], METRIC_LOGINS, SIZE_MAX, SIZE_MAX);
    metrics_observe(&pages[0], METRIC_REQUEST_TIME, 2, 1);
    assert_memory_equal(&before, &pages[0], sizeof(before));
}

/* No series of one family is a series of another. */
static void test_no_two_series_share_a_place(void **state)
{
    size_t before = 0;

    (void)state;
    for (size_t route = 0; route < 2; route++) {
        metrics_observe(&pages[0], METRIC_REQUEST_TIME, route, 1);
        for (size_t status = 0; status < 4; status++)
            metrics_count(&pages[0], METRIC_REQUESTS, route, status);
    }
    metrics_observe(&pages[0], METRIC_STEP_TIME, 0, 1);
    metrics_count(&pages[0], METRIC_STORE_ERRORS, 0, 0);
    metrics_set(&pages[0], METRIC_FLOWS, 0, 0, 1);
    for (size_t i = 0; i < METRIC_SLOTS; i++) {
        assert_true(pages[0].slot[i] <= 1);
        before += pages[0].slot[i];
    }
    assert_int_equal(before, 2 * (3 + 4) + 3 + 1 + 1);
}

static void test_a_family_with_too_many_series_is_left_out_and_the_others_are_not(void **state)
{
    static const char *many[METRIC_SLOTS + 1];
    static const struct metric_labels crowded = { routes, many, providers };

    (void)state;
    for (size_t i = 0; i < METRIC_SLOTS; i++)
        many[i] = "x";
    metrics_lay_out(&crowded);
    metrics_observe(&pages[0], METRIC_STEP_TIME, 0, 1);
    metrics_count(&pages[0], METRIC_STORE_ERRORS, 0, 0);
    assert_null(strstr(write_all(), "cardea_step_seconds"));
    assert_line("cardea_store_errors_total 1");
}

static void test_no_labels_are_no_series(void **state)
{
    static const struct metric_labels none = { NULL, NULL, NULL };

    (void)state;
    metrics_lay_out(&none);
    metrics_count(&pages[0], METRIC_LOGINS, 0, 0);
    assert_line("# TYPE cardea_logins_total counter");
    assert_null(strstr(write_all(), "cardea_logins_total{"));
    assert_line("cardea_flows 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        METRICS(test_every_series_is_there_before_anything_was_counted),
        METRICS(test_each_family_has_its_help_and_type_in_front),
        METRICS(test_counts_of_all_workers_are_added_up),
        METRICS(test_labels_are_escaped),
        METRICS(test_the_words_of_outcomes_are_in_the_order_of_their_enums),
        METRICS(test_a_histogram_is_cumulative_and_its_bounds_belong_to_the_lower_bucket),
        METRICS(test_a_clock_that_went_back_spoils_no_sum),
        METRICS(test_what_is_not_laid_out_is_not_counted),
        METRICS(test_no_two_series_share_a_place),
        METRICS(test_a_family_with_too_many_series_is_left_out_and_the_others_are_not),
        METRICS(test_no_labels_are_no_series),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
