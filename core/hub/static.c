#include "hub/routes.h"

#include "base/codec.h"
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

/* Of "#rrggbb", which the description has been checked for. */
static unsigned long part_of(struct slice color, size_t at)
{
    char digits[3] = { color.at[at], color.at[at + 1], '\0' };

    return strtoul(digits, NULL, 16);
}

/* Light or dark letters, by the brightness of the colour. */
static const char *ink_on(struct slice color)
{
    unsigned long red = part_of(color, 1);
    unsigned long green = part_of(color, 3);
    unsigned long blue = part_of(color, 5);

    return red * 299 + green * 587 + blue * 114 > 160000 ? "#111" : "#fff";
}

/* For a provider that brings no mark: its initial on its colour. */
static struct slice draw_mark(struct arena *arena, const struct description *d)
{
    struct slice color = slice_is_set(d->color) ? d->color : SL("#5b6570");
    size_t len = 1;

    while (len < d->name.len && ((unsigned char)d->name.at[len] & 0xc0) == 0x80)
        len++; /* a whole character */
    struct buf out = BUF_INIT(1024);

    buf_printf(&out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 28 28\"><rect width=\"28\" "
               "height=\"28\" rx=\"6\" fill=\"%.*s\"/><text x=\"14\" y=\"19.5\" font-size=\"16\" "
               "font-weight=\"600\" font-family=\"sans-serif\" text-anchor=\"middle\" fill=\"%s\">",
               SLICE_ARG(color), ink_on(color));
    buf_add_html(&out, slice_sub(d->name, 0, len));
    buf_add_text(&out, "</text></svg>");
    struct slice svg = arena_copy(arena, buf_slice(&out));

    buf_release(&out);
    return svg;
}

static enum step_result send_mark(struct flow *flow)
{
    struct request *request = request_of(flow);
    const struct provider *provider = providers_find(&request->hub->providers, request->segment);

    if (provider == NULL)
        return flow_fail(flow, &ERROR_NOT_FOUND, "mark of %.*s", SLICE_ARG(request->segment));
    struct slice svg = slice_is_set(provider->description.mark)
                           ? provider->description.mark
                           : draw_mark(&flow->arena, &provider->description);
    struct page_file file = { svg, "image/svg+xml",
                              arena_printf(&flow->arena, "\"%.22s\"",
                                           sha256_text(&flow->arena, svg).at) };

    return send_file(request, &file);
}

static const struct step static_steps[] = { STEP(send_static), STEP_END };
static const struct step mark_steps[] = { STEP(send_mark), STEP_END };

const struct flow_kind static_flow = { "static file", static_steps, 0, request_fail_page };
const struct flow_kind mark_flow = { "provider mark", mark_steps, 0, request_fail_page };
