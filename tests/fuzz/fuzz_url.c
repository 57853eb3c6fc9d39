/*
 * A URL or a path to return to. The parts of a URL must lie in it, a URL must be its own origin's,
 * and a path that counts as local must stay on our host when it is put behind it.
 */
#include "base/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct slice whole, struct slice part)
{
    if (slice_is_set(part) && part.len > 0 &&
        (part.at < whole.at || part.at + part.len > whole.at + whole.len))
        abort();
}

static void check_url(struct arena *arena, struct slice text)
{
    struct url url;
    struct url origin;

    if (url_read(text, &url) != NULL)
        return;
    inside(text, url.scheme);
    inside(text, url.host);
    inside(text, url.path);
    inside(text, url.query);
    inside(text, url.fragment);
    if (url_read_http(text, &url) != NULL)
        return;
    if (url_read_http(url_origin(arena, &url), &origin) != NULL ||
        !slice_equal_nocase(origin.host, url.host) || url_port(&origin) != url_port(&url) ||
        url_is_safe(&origin) != url_is_safe(&url))
        abort();
}

static void check_path(struct arena *arena, struct slice text)
{
    struct url url;

    if (!url_is_local_path(text))
        return;
    struct slice whole = url_below(arena, SL("https://our.test"), arena_string(arena, text));

    if (whole.len > URL_MAX)
        return;
    /* '[' in a path is no URL, and so leads nowhere else either. */
    if (url_read_http(whole, &url) == NULL && !slice_is(url.host, "our.test"))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { 0 };
    struct slice text = slice_make((const char *)data, size);

    check_url(&arena, text);
    check_path(&arena, text);
    arena_release(&arena);
    return 0;
}
