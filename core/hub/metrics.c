#include "hub/metrics.h"

#include "base/codec.h"
#include "base/log.h"
#include "plugin/description.h"

enum metric_kind {
    KIND_COUNTER,
    KIND_GAUGE,
    KIND_HISTOGRAM
};

/* Upper bounds in microseconds; one more bucket for all above, then the sum and the count. */
static const int64_t bounds[METRIC_BUCKETS] = { 100,   250,   500,    1000,   2500,    5000,
                                                10000, 25000, 100000, 250000, 1000000, 5000000 };

enum {
    HISTOGRAM_SLOTS = METRIC_BUCKETS + 3
};

static const char *const status_classes[] = { "2xx", "3xx", "4xx", "5xx", NULL };
static const char *const login_outcomes[] = { "done", "denied", "refused", "failed", NULL };
static const char *const call_outcomes[] = { "answered", "refused", "failed", "timed_out", NULL };
static const char *const grant_types[] = { "authorization_code", "refresh_token",
                                           "client_credentials", NULL };

/* The tables of open labels, filled at start-up. */
static struct metric_labels open_labels;

struct label {
    const char *name;
    const char *const *words; /* fixed ones; NULL: open */
    size_t open;              /* offset in struct metric_labels */
};

static const struct label label_route = { "route", NULL, offsetof(struct metric_labels, routes) };
static const struct label label_step = { "step", NULL, offsetof(struct metric_labels, steps) };
static const struct label label_provider = { "provider", NULL,
                                             offsetof(struct metric_labels, providers) };
static const struct label label_status = { "status", status_classes, 0 };
static const struct label label_login = { "outcome", login_outcomes, 0 };
static const struct label label_call = { "outcome", call_outcomes, 0 };
static const struct label label_hook = { "hook", hook_names, 0 };
static const struct label label_grant = { "grant_type", grant_types, 0 };

static const struct {
    const char *name;
    const char *help;
    enum metric_kind kind;
    const struct label *first;
    const struct label *second;
} families[METRIC_COUNT] = {
    [METRIC_REQUESTS] = { "cardea_http_requests_total", "Requests answered.", KIND_COUNTER,
                          &label_route, &label_status },
    [METRIC_REQUEST_TIME] = { "cardea_http_request_seconds",
                              "From the end of the head to the answer.", KIND_HISTOGRAM,
                              &label_route, NULL },
    [METRIC_STEP_TIME] = { "cardea_step_seconds", "One step of a flow, waiting included.",
                           KIND_HISTOGRAM, &label_step, NULL },
    [METRIC_LOGINS] = { "cardea_logins_total", "Logins at providers that have ended.", KIND_COUNTER,
                        &label_provider, &label_login },
    [METRIC_TOKENS] = { "cardea_token_responses_total", "Tokens issued.", KIND_COUNTER,
                        &label_grant, NULL },
    [METRIC_UPSTREAM_CALLS] = { "cardea_provider_calls_total", "Calls to providers.", KIND_COUNTER,
                                &label_provider, &label_call },
    [METRIC_UPSTREAM_TIME] = { "cardea_provider_call_seconds", "Calls to providers.",
                               KIND_HISTOGRAM, &label_provider, NULL },
    [METRIC_PLUGIN_FAILURES] = { "cardea_plugin_failures_total",
                                 "Hooks that ended the plugin jail or handed back what they may "
                                 "not.",
                                 KIND_COUNTER, &label_provider, &label_hook },
    [METRIC_AVAILABLE] = { "cardea_provider_available",
                           "1: one can log in there; 0: its plugin is put aside or missing.",
                           KIND_GAUGE, &label_provider, NULL },
    [METRIC_STORE_ERRORS] = { "cardea_store_errors_total", "Commands the store did not answer.",
                              KIND_COUNTER, NULL, NULL },
    [METRIC_CONNECTIONS] = { "cardea_connections", "Open client connections.", KIND_GAUGE, NULL,
                             NULL },
    [METRIC_FLOWS] = { "cardea_flows", "Flows under way.", KIND_GAUGE, NULL, NULL },
};

static struct {
    size_t start;
    size_t first_count;
    size_t second_count;
    bool there; /* false: it did not fit */
} layout[METRIC_COUNT];

static const char *const *words_of(const struct label *label)
{
    if (label->words != NULL)
        return label->words;
    return *(const char *const *const *)(const void *)((const char *)&open_labels + label->open);
}

static size_t count_words(const struct label *label)
{
    const char *const *words = label != NULL ? words_of(label) : NULL;
    size_t count = 0;

    if (label == NULL)
        return 1;
    while (words != NULL && words[count] != NULL)
        count++;
    return count;
}

void metrics_lay_out(const struct metric_labels *labels)
{
    size_t next = 0;

    open_labels = *labels;
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        size_t width = families[i].kind == KIND_HISTOGRAM ? HISTOGRAM_SLOTS : 1;

        layout[i].first_count = count_words(families[i].first);
        layout[i].second_count = count_words(families[i].second);
        layout[i].start = next;
        size_t size = layout[i].first_count * layout[i].second_count * width;

        layout[i].there = size <= METRIC_SLOTS - next;
        if (layout[i].there)
            next += size;
        else
            log_warn("metric %s has too many series and is not counted", families[i].name);
    }
}

/* Where the series is in a page, or METRIC_SLOTS. */
static size_t place(size_t metric, size_t first, size_t second)
{
    size_t width = families[metric].kind == KIND_HISTOGRAM ? HISTOGRAM_SLOTS : 1;

    if (!layout[metric].there || first >= layout[metric].first_count ||
        second >= layout[metric].second_count)
        return METRIC_SLOTS;
    return layout[metric].start + (first * layout[metric].second_count + second) * width;
}

/* One writer, readers in other processes: a plain store that cannot be torn is enough. */
static void store(struct metrics *page, size_t at, uint64_t value)
{
    __atomic_store_n(&page->slot[at], value, __ATOMIC_RELAXED);
}

void metrics_count(struct metrics *page, enum metric metric, size_t first, size_t second)
{
    size_t at = place(metric, first, second);

    if (at < METRIC_SLOTS)
        store(page, at, page->slot[at] + 1);
}

void metrics_set(struct metrics *page, enum metric metric, size_t first, size_t second,
                 uint64_t value)
{
    size_t at = place(metric, first, second);

    if (at < METRIC_SLOTS)
        store(page, at, value);
}

void metrics_observe(struct metrics *page, enum metric metric, size_t first, int64_t microseconds)
{
    size_t at = place(metric, first, 0);
    size_t bucket = 0;

    if (at >= METRIC_SLOTS)
        return;
    while (bucket < METRIC_BUCKETS && microseconds > bounds[bucket])
        bucket++;
    store(page, at + bucket, page->slot[at + bucket] + 1);
    at += METRIC_BUCKETS + 1;
    store(page, at, page->slot[at] + (uint64_t)(microseconds > 0 ? microseconds : 0));
    store(page, at + 1, page->slot[at + 1] + 1);
}

/* ---- writing ---- */

struct writing {
    const struct metrics *const *pages;
    size_t count;
    struct buf *out;
};

static uint64_t sum(const struct writing *writing, size_t at)
{
    uint64_t total = 0;

    for (size_t i = 0; i < writing->count; i++)
        total += __atomic_load_n(&writing->pages[i]->slot[at], __ATOMIC_RELAXED);
    return total;
}

static void add_label(struct buf *out, bool *open, const char *name, const char *value)
{
    buf_printf(out, "%s%s=", *open ? "," : "{", name);
    buf_add_json(out, slice_of(value));
    *open = true;
}

static void add_name(const struct writing *writing, enum metric family, const char *suffix,
                     size_t first, size_t second, const char *le)
{
    bool open = false;

    buf_printf(writing->out, "%s%s", families[family].name, suffix);
    if (families[family].first != NULL)
        add_label(writing->out, &open, families[family].first->name,
                  words_of(families[family].first)[first]);
    if (families[family].second != NULL)
        add_label(writing->out, &open, families[family].second->name,
                  words_of(families[family].second)[second]);
    if (le != NULL)
        add_label(writing->out, &open, "le", le);
    buf_add_text(writing->out, open ? "} " : " ");
}

static void add_histogram(const struct writing *writing, enum metric family, size_t first,
                          size_t at)
{
    uint64_t below = 0;
    char le[32];

    for (size_t i = 0; i < METRIC_BUCKETS; i++) {
        below += sum(writing, at + i);
        snprintf(le, sizeof(le), "%g", (double)bounds[i] / 1e6);
        add_name(writing, family, "_bucket", first, 0, le);
        buf_printf(writing->out, "%llu\n", (unsigned long long)below);
    }
    uint64_t total = sum(writing, at + METRIC_BUCKETS + 2);

    add_name(writing, family, "_bucket", first, 0, "+Inf");
    buf_printf(writing->out, "%llu\n", (unsigned long long)total);
    add_name(writing, family, "_sum", first, 0, NULL);
    buf_printf(writing->out, "%.6f\n", (double)sum(writing, at + METRIC_BUCKETS + 1) / 1e6);
    add_name(writing, family, "_count", first, 0, NULL);
    buf_printf(writing->out, "%llu\n", (unsigned long long)total);
}

static void add_family(const struct writing *writing, enum metric family)
{
    static const char *const kinds[] = { "counter", "gauge", "histogram" };

    buf_printf(writing->out, "# HELP %s %s\n# TYPE %s %s\n", families[family].name,
               families[family].help, families[family].name, kinds[families[family].kind]);
    for (size_t first = 0; first < layout[family].first_count; first++) {
        for (size_t second = 0; second < layout[family].second_count; second++) {
            size_t at = place(family, first, second);

            if (families[family].kind == KIND_HISTOGRAM) {
                add_histogram(writing, family, first, at);
                continue;
            }
            add_name(writing, family, "", first, second, NULL);
            buf_printf(writing->out, "%llu\n", (unsigned long long)sum(writing, at));
        }
    }
}

void metrics_write(const struct metrics *const *pages, size_t count, struct buf *out)
{
    struct writing writing = { pages, count, out };

    for (enum metric family = 0; family < METRIC_COUNT; family++) {
        if (layout[family].there)
            add_family(&writing, family);
    }
}
