#include "hub/routes.h"

#include "crypto/digest.h"
#include "hub/pages.h"
#include "protocol/errors.h"

/* With its ETag; 304 when the browser has it already. */
static enum step_result send_file(struct request *request, const struct page_file *file)
{
    request_add_header(request, "ETag", file->etag);
    request_add_header(request, "Cache-Control", SL("public, max-age=3600"));
    if (slice_equal(request_header(request, "If-None-Match"), file->etag))
        return request_answer(request, 304, NULL, SL(""));
    /* An SVG that is opened by itself is a document: it gets no script either. */
    request_add_header(request, "Content-Security-Policy", SL("default-src 'none'; sandbox"));
    return request_answer(request, 200, file->content_type, file->bytes);
}

static enum step_result send_static(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct page_file file;

    if (!pages_file(request->hub->pages, request->segment, &file))
        return flow_fail(flow, &ERROR_NOT_FOUND, "file %.*s", SLICE_ARG(request->segment));
    return send_file(request, &file);
}

static enum step_result send_mark(struct flow *flow)
{
    struct request *request = request_of(flow);
    const struct provider *provider = providers_find(&request->hub->providers, request->segment);

    if (provider == NULL || !slice_is_set(provider->description.mark))
        return flow_fail(flow, &ERROR_NOT_FOUND, "mark of %.*s", SLICE_ARG(request->segment));
    struct slice hash = sha256_text(&flow->arena, provider->description.mark);
    struct page_file file = { provider->description.mark, "image/svg+xml",
                              arena_printf(&flow->arena, "\"%.22s\"", hash.at) };

    return send_file(request, &file);
}

static const struct step static_steps[] = { STEP(send_static), STEP_END };
static const struct step mark_steps[] = { STEP(send_mark), STEP_END };

const struct flow_kind static_flow = { "static file", static_steps, 0, request_fail_page };
const struct flow_kind mark_flow = { "provider mark", mark_steps, 0, request_fail_page };
