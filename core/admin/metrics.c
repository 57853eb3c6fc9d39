#include "admin/routes.h"

enum {
    TEXT_MAX = 8 * 1024 * 1024
};

/* What is known of providers lies in memory of all workers, and is told once. */
static const struct metrics *page_of_providers(struct arena *arena, const struct hub *hub)
{
    struct metrics *page = arena_new(arena, struct metrics);

    for (size_t i = 0; i < hub->providers.count; i++) {
        const struct provider *provider = &hub->providers.at[i];

        for (unsigned hook = 0; hook < HOOK_COUNT; hook++)
            metrics_set(page, METRIC_PLUGIN_FAILURES, provider->index, hook,
                        __atomic_load_n(&provider->quarantine->failures[hook], __ATOMIC_RELAXED));
        metrics_set(page, METRIC_AVAILABLE, provider->index, 0, provider_is_available(provider));
    }
    return page;
}

static enum step_result tell_metrics(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct hub *hub = request->hub;
    struct buf text = BUF_INIT(TEXT_MAX);
    const struct metrics **pages =
        arena_alloc(&flow->arena, (hub->metric_page_count + 1) * sizeof(*pages));

    for (size_t i = 0; i < hub->metric_page_count; i++)
        pages[i] = &hub->metric_pages[i];
    pages[hub->metric_page_count] = page_of_providers(&flow->arena, hub);
    metrics_write(pages, hub->metric_page_count + 1, &text);
    enum step_result result =
        request_answer(request, 200, "text/plain; version=0.0.4; charset=utf-8", buf_slice(&text));

    buf_release(&text);
    return result;
}

static const struct step metrics_steps[] = { STEP(tell_metrics), STEP_END };

const struct flow_kind metrics_flow = { "metrics", metrics_steps, 0, request_fail_json };
