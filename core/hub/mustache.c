#include "hub/mustache.h"

#include "base/codec.h"
#include "hub/bidi.h"

enum {
    DEPTH_MAX = 12,
    NAME_MAX_BYTES = 64,
    TAGS_MAX = 100000 /* of one rendering: texts and parts may name each other */
};

struct tag {
    char kind; /* '#', '^', '/', '>', '!' or 'v' for a value */
    struct slice name;
    size_t start; /* of "{{" */
    size_t end;   /* behind "}}" */
};

/* The next tag from `from` on. 1: found, 0: none, -1: not closed. */
static int next_tag(struct slice text, size_t from, struct tag *tag_r)
{
    size_t start = from + slice_find_text(slice_from(text, from), SL("{{"));

    if (start >= text.len)
        return 0;
    size_t end = start + 2 + slice_find_text(slice_from(text, start + 2), SL("}}"));

    if (end >= text.len)
        return -1;
    struct slice inside = slice_trim(slice_sub(text, start + 2, end - start - 2));

    tag_r->kind = inside.len > 0 && slice_has(SL("#^/>!"), inside.at[0]) ? inside.at[0] : 'v';
    tag_r->name = tag_r->kind == 'v' ? inside : slice_trim(slice_from(inside, 1));
    tag_r->start = start;
    tag_r->end = end + 2;
    return 1;
}

/* The place of the tag that closes the section opened by `open`; false when there is none. */
static bool find_close(struct slice text, const struct tag *open, struct tag *close_r)
{
    int depth = 1;
    size_t at = open->end;

    while (next_tag(text, at, close_r) == 1) {
        at = close_r->end;
        if (!slice_equal(close_r->name, open->name))
            continue;
        if (close_r->kind == '#' || close_r->kind == '^')
            depth++;
        else if (close_r->kind == '/' && --depth == 0)
            return true;
    }
    return false;
}

static const char *check_tag(const struct tag *tag)
{
    if (tag->kind == '!')
        return NULL;
    if (tag->name.len == 0 || tag->name.len > NAME_MAX_BYTES)
        return "a tag has no name, or a name of more than 64 bytes";
    return tag->kind == 'v' && (tag->name.at[0] == '{' || tag->name.at[0] == '&')
               ? "there is no way to write something unescaped"
               : NULL;
}

const char *mustache_check(struct slice template, size_t *at_r)
{
    struct tag open[DEPTH_MAX];
    size_t depth = 0;
    size_t at = 0;
    struct tag tag;
    int found;

    while ((found = next_tag(template, at, &tag)) == 1) {
        const char *wrong = check_tag(&tag);

        *at_r = tag.start;
        if (wrong != NULL)
            return wrong;
        if ((tag.kind == '#' || tag.kind == '^') && depth == DEPTH_MAX)
            return "sections are nested too deeply";
        if (tag.kind == '#' || tag.kind == '^')
            open[depth++] = tag;
        if (tag.kind == '/' && (depth == 0 || !slice_equal(open[--depth].name, tag.name)))
            return "a section is closed that was not opened last";
        at = tag.end;
    }
    if (found < 0) {
        *at_r = at + slice_find_text(slice_from(template, at), SL("{{"));
        return "a tag is not closed";
    }
    *at_r = depth > 0 ? open[depth - 1].start : 0;
    return depth > 0 ? "a section is not closed" : NULL;
}

struct frame {
    const struct frame *outer;
    const json_t *data;
    int depth;
};

static const json_t *step_into(const json_t *object, struct slice name)
{
    char text[NAME_MAX_BYTES + 1];

    if (name.len > NAME_MAX_BYTES)
        return NULL;
    memcpy(text, name.at, name.len);
    text[name.len] = '\0';
    return json_object_get(object, text);
}

static const json_t *find(const struct frame *frame, struct slice name)
{
    struct slice first;
    struct slice rest;
    const json_t *value = NULL;

    if (slice_is(name, "."))
        return frame->data;
    slice_cut(name, '.', &first, &rest);
    for (; frame != NULL && value == NULL; frame = frame->outer)
        value = step_into(frame->data, first);
    while (value != NULL && slice_next(&rest, '.', &first))
        value = step_into(value, first);
    return value;
}

static bool is_true(const json_t *value)
{
    if (json_is_string(value))
        return json_string_length(value) > 0;
    if (json_is_array(value))
        return json_array_size(value) > 0;
    return value != NULL && !json_is_false(value) && !json_is_null(value);
}

struct rendering {
    const struct mustache_source *source;
    struct buf *out;
    unsigned tags;  /* so far */
    unsigned texts; /* of the catalogue, in which we are */
};

static void render(struct rendering *rendering, struct slice text, const struct frame *frame);

static void add_value(const struct rendering *rendering, const json_t *value)
{
    if (json_is_integer(value))
        buf_printf(rendering->out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (!json_is_string(value))
        return;
    if (rendering->texts > 0)
        buf_add_isolated_html(rendering->out, json_slice(value));
    else
        buf_add_html(rendering->out, json_slice(value));
}

static void add_text(struct rendering *rendering, struct slice id, const struct frame *frame)
{
    rendering->texts++;
    render(rendering, rendering->source->text(rendering->source->context, id), frame);
    rendering->texts--;
}

static void add_section(struct rendering *rendering, struct slice inside, bool wanted,
                        const json_t *value, const struct frame *frame)
{
    struct frame inner = { frame, value, frame->depth + 1 };
    const json_t *each;
    size_t i;

    if (is_true(value) != wanted)
        return;
    if (!wanted || !json_is_array(value)) {
        inner.data = json_is_object(value) ? value : frame->data;
        render(rendering, inside, &inner);
        return;
    }
    json_array_foreach(value, i, each)
    {
        inner.data = each;
        render(rendering, inside, &inner);
    }
}

static void render_tag(struct rendering *rendering, struct slice text, struct tag *tag,
                       const struct frame *frame)
{
    const struct mustache_source *source = rendering->source;
    struct frame inner = { frame->outer, frame->data, frame->depth + 1 };
    struct tag close;

    switch (tag->kind) {
    case 'v':
        if (slice_starts(tag->name, SL("t.")))
            add_text(rendering, slice_from(tag->name, 2), &inner);
        else
            add_value(rendering, find(frame, tag->name));
        break;
    case '>':
        render(rendering, source->part(source->context, tag->name), &inner);
        break;
    case '#':
    case '^':
        if (!find_close(text, tag, &close))
            return;
        add_section(rendering, slice_sub(text, tag->end, close.start - tag->end), tag->kind == '#',
                    find(frame, tag->name), frame);
        tag->end = close.end;
        break;
    default:
        break;
    }
}

static void render(struct rendering *rendering, struct slice text, const struct frame *frame)
{
    size_t at = 0;
    struct tag tag;

    if (frame->depth > DEPTH_MAX * 2)
        return;
    while (next_tag(text, at, &tag) == 1 && rendering->tags++ < TAGS_MAX) {
        buf_add(rendering->out, slice_sub(text, at, tag.start - at));
        render_tag(rendering, text, &tag, frame);
        at = tag.end;
    }
    if (rendering->tags <= TAGS_MAX)
        buf_add(rendering->out, slice_from(text, at));
}

void mustache_render(struct slice template, const json_t *data,
                     const struct mustache_source *source, struct buf *out)
{
    struct rendering rendering = { source, out, 0, 0 };
    struct frame frame = { NULL, data, 0 };

    render(&rendering, template, &frame);
}
