#include "admin/routes.h"

enum {
    TEXT_MAX = 8 * 1024 * 1024
};

static enum step_result tell_metrics(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct hub *hub = request->hub;
    struct buf text = BUF_INIT(TEXT_MAX);
    const struct metrics **pages =
        arena_alloc(&flow->arena, hub->metric_page_count * sizeof(*pages));

    for (size_t i = 0; i < hub->metric_page_count; i++)
        pages[i] = &hub->metric_pages[i];
    metrics_write(pages, hub->metric_page_count, &text);
    enum step_result result =
        request_answer(request, 200, "text/plain; version=0.0.4; charset=utf-8", buf_slice(&text));

    buf_release(&text);
    return result;
}

static const struct step metrics_steps[] = { STEP(tell_metrics), STEP_END };

const struct flow_kind metrics_flow = { "metrics", metrics_steps, 0, request_fail_json };
