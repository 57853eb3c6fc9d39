#include "base/codec.h"
#include "base/map.h"
#include "config/node_run.h"

#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the one that is looked at */
    struct node_run *run;
    const char *name;
    struct slice text;
    unsigned depth;
    bool failed; /* a problem was added after which nothing can be read */
};

/* libyaml speaks of tokens; people have lines in front of them. */
static const struct {
    const char *theirs;
    const char *ours;
} syntax_problems[] = {
    { "found character that cannot start any token",
      "no value can begin with this character: indent with spaces instead of tabs, and put text "
      "that "
      "begins with @ ` or % in quotes" },
    { "did not find expected key",
      "this does not fit what stands above it: check the indentation, and put text with quotes or "
      "brackets in it in quotes" },
    { "did not find expected '-' indicator",
      "this does not fit the list above it: check the indentation" },
    { "did not find expected ',' or ']'", "a \",\" or the \"]\" of the list is missing here" },
    { "did not find expected ',' or '}'", "a \",\" or the \"}\" of the map is missing here" },
    { "did not find expected node content",
      "a value is missing here, or the list or map before it is not closed" },
    { "mapping values are not allowed in this context",
      "\":\" cannot stand here: check the indentation, and put text with \": \" in it in quotes" },
    { "could not find expected ':'",
      "this is neither a key with \":\" nor part of the text above it" },
    { "found unexpected end of stream", "the quotes that begin here are not closed" },
    { "found unknown escape character",
      "an unknown escape after \"\\\": write \"\\\\\" for a backslash, or use single quotes" },
    { "found a tab character where an indentation space is expected",
      "a tab in the indentation: use spaces" },
    { "block sequence entries are not allowed in this context",
      "\"- \" cannot stand here: a list begins on a line of its own" },
    { "invalid leading UTF-8 octet", "this is no UTF-8 text" },
    { "invalid trailing UTF-8 octet", "this is no UTF-8 text" },
    { "incomplete UTF-8 octet sequence", "this is no UTF-8 text" },
    { "invalid length of a UTF-8 sequence", "this is no UTF-8 text" },
    { "invalid Unicode character", "this is no UTF-8 text" },
    { "control characters are not allowed", "a control character stands here" },
};

static const char *translate(const char *theirs)
{
    for (size_t i = 0; i < sizeof(syntax_problems) / sizeof(syntax_problems[0]); i++) {
        if (strcmp(syntax_problems[i].theirs, theirs) == 0)
            return syntax_problems[i].ours;
    }
    return theirs;
}

static struct mark mark_at(const struct reader *reader, yaml_mark_t at)
{
    return (struct mark){ reader->name, (unsigned)at.line + 1, (unsigned)at.column + 1 };
}

/* Of a byte, for what libyaml refuses before it counts lines. */
static struct mark mark_at_byte(const struct reader *reader, size_t byte)
{
    struct slice text = reader->text;
    struct mark mark = { reader->name, 1, 1 };

    for (size_t i = 0; i < byte && i < text.len; i++) {
        bool is_break = text.at[i] == '\n';

        mark.line += is_break;
        /* A column is a character: what continues one does not count. */
        if (is_break)
            mark.column = 1;
        else
            mark.column += ((unsigned char)text.at[i] & 0xc0) != 0x80;
    }
    return mark;
}

static bool refuse(struct reader *reader, struct mark mark, const char *text)
{
    problem_add(reader->run->problems, mark, "%s", text);
    reader->failed = true;
    return false;
}

static bool report_syntax(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem != NULL ? parser->problem : "this cannot be read";
    struct mark mark;

    if (parser->error == YAML_MEMORY_ERROR)
        abort(); /* as in base/memory.h */
    if (parser->error == YAML_READER_ERROR)
        mark = mark_at_byte(reader, parser->problem_offset);
    else if (strcmp(problem, "found unexpected end of stream") == 0)
        mark = mark_at(reader, parser->context_mark); /* where it began, not where the file ends */
    else
        mark = mark_at(reader, parser->problem_mark);
    return refuse(reader, mark, translate(problem));
}

/* Goes on to the next event. False when there is none to be had. */
static bool next(struct reader *reader)
{
    yaml_event_delete(&reader->event);
    return yaml_parser_parse(&reader->parser, &reader->event) != 0 || report_syntax(reader);
}

static bool next_within(struct reader *reader, yaml_event_type_t end)
{
    return next(reader) && reader->event.type != end;
}

static struct mark mark_here(const struct reader *reader)
{
    return mark_at(reader, reader->event.start_mark);
}

static struct node *new_node(struct reader *reader, enum node_kind kind)
{
    struct node *node = arena_new(reader->run->problems->arena, struct node);

    node->kind = kind;
    node->mark = mark_here(reader);
    return node;
}

static void refuse_decoration(struct reader *reader, const yaml_char_t *anchor,
                              const yaml_char_t *tag)
{
    struct problems *problems = reader->run->problems;

    if (anchor != NULL)
        problem_add(problems, mark_here(reader),
                    "an anchor (&%.64s): write the value out where it is "
                    "needed",
                    (const char *)anchor);
    if (tag != NULL)
        problem_add(problems, mark_here(reader), "a tag (%.64s): types are known here, remove it",
                    (const char *)tag);
}

static struct slice scalar_text(const struct reader *reader)
{
    return slice_make((const char *)reader->event.data.scalar.value,
                      reader->event.data.scalar.length);
}

static bool scalar_is_plain(const struct reader *reader)
{
    return reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static bool means_nothing(struct slice plain)
{
    return plain.len == 0 || slice_is(plain, "~") || slice_is(plain, "null");
}

bool node_text_is_clean(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
            return false;
        if (c == 0xc2 && i + 1 < text.len && (unsigned char)text.at[i + 1] < 0xa0)
            return false;
    }
    return utf8_is_valid(text);
}

static struct node *read_scalar(struct reader *reader)
{
    struct slice text = scalar_text(reader);
    bool plain = scalar_is_plain(reader);
    struct node *node = new_node(reader, plain && means_nothing(text) ? NODE_NULL : NODE_TEXT);

    refuse_decoration(reader, reader->event.data.scalar.anchor, reader->event.data.scalar.tag);
    if (node->kind == NODE_NULL)
        return node;
    node->quoted = !plain;
    node->text = arena_copy(reader->run->problems->arena, text);
    if (!node_text_is_clean(text)) {
        problem_add(reader->run->problems, node->mark, "a control character stands in this text");
        node->broken = true;
    } else if (reader->run->options->substitute) {
        node_substitute(reader->run, node);
    }
    return node;
}

static struct node *read_alias(struct reader *reader)
{
    struct node *node = new_node(reader, NODE_NULL);

    problem_add(reader->run->problems, node->mark,
                "an alias (*%.64s): write the value out where it is needed",
                (const char *)reader->event.data.alias.anchor);
    node->broken = true;
    return node;
}

/* Room for one more in an array that grows in the arena: doubled each time it is full. */
static void *grow(struct arena *arena, void *array, size_t count, size_t size)
{
    if (count != 0 && (count < 4 || (count & (count - 1)) != 0))
        return array;
    if (count == 0)
        return arena_alloc(arena, 4 * size);
    return memcpy(arena_alloc(arena, 2 * count * size), array, count * size);
}

static struct node *read_value(struct reader *reader);

static struct node *read_list(struct reader *reader)
{
    struct node *list = new_node(reader, NODE_LIST);

    refuse_decoration(reader, reader->event.data.sequence_start.anchor,
                      reader->event.data.sequence_start.tag);
    while (next_within(reader, YAML_SEQUENCE_END_EVENT)) {
        struct node *item = read_value(reader);

        if (item == NULL)
            return NULL;
        list->items =
            grow(reader->run->problems->arena, list->items, list->count, sizeof(*list->items));
        list->items[list->count++] = item;
    }
    return reader->failed ? NULL : list;
}

/* NULL, or why this scalar cannot be a key. */
static const char *judge_key(const struct reader *reader)
{
    struct slice name = scalar_text(reader);

    if (scalar_is_plain(reader) && slice_is(name, "<<"))
        return "a merge key (<<): write the members out where they are needed";
    if (name.len == 0 || (scalar_is_plain(reader) && means_nothing(name)))
        return "there is no key in front of this \":\"";
    if (!utf8_is_text(name) || !node_text_is_clean(name))
        return "a key is one line of text without control characters";
    if (reader->run->options->substitute && slice_find_text(name, SL("${")) < name.len)
        return "\"${\" is replaced in values only, not in keys";
    return NULL;
}

/* The key that is looked at; its name is absent when it cannot be one, and is then reported. */
static bool read_key(struct reader *reader, struct node_member *member)
{
    struct problems *problems = reader->run->problems;

    *member = (struct node_member){ .mark = mark_here(reader) };
    if (reader->event.type != YAML_SCALAR_EVENT) {
        problem_add(problems, member->mark, "a key is plain text");
        return read_value(reader) != NULL;
    }
    refuse_decoration(reader, reader->event.data.scalar.anchor, reader->event.data.scalar.tag);
    const char *wrong = judge_key(reader);

    if (wrong != NULL)
        problem_add(problems, member->mark, "%s", wrong);
    else
        member->name = arena_copy(problems->arena, scalar_text(reader));
    return true;
}

static bool is_new(struct reader *reader, struct map *seen, const struct node *map,
                   const struct node_member *member)
{
    /* The map's values are places in `members`, counted from 1. */
    uintptr_t first = (uintptr_t)map_get(seen, member->name);

    if (first == 0) {
        map_set(seen, member->name, (void *)(map->count + 1));
        return true;
    }
    problem_add(reader->run->problems, member->mark,
                "the key `%.*s` stands twice in this map; the first one is in line %u",
                SLICE_ARG(member->name), map->members[first - 1].mark.line);
    return false;
}

static bool read_member(struct reader *reader, struct node *map, struct map *seen)
{
    struct node_member member;

    if (!read_key(reader, &member) || !next(reader))
        return false;
    bool is_kept = slice_is_set(member.name) && is_new(reader, seen, map, &member);

    member.value = read_value(reader);
    if (member.value == NULL)
        return false;
    if (is_kept) {
        map->members =
            grow(reader->run->problems->arena, map->members, map->count, sizeof(*map->members));
        map->members[map->count++] = member;
    }
    return true;
}

static struct node *read_map(struct reader *reader)
{
    struct node *map = new_node(reader, NODE_MAP);
    struct map seen = { 0 };
    bool good = true;

    refuse_decoration(reader, reader->event.data.mapping_start.anchor,
                      reader->event.data.mapping_start.tag);
    while (good && next_within(reader, YAML_MAPPING_END_EVENT))
        good = read_member(reader, map, &seen);
    map_release(&seen);
    return reader->failed ? NULL : map;
}

/* From the event that begins a value to the one that ends it. NULL when nothing more can be read.
 */
static struct node *read_value(struct reader *reader)
{
    struct node *node = NULL;

    if (++reader->run->values > NODE_VALUES_MAX) {
        refuse(reader, mark_here(reader), "there are more than 50000 values up to here");
        return NULL;
    }
    if (reader->event.type == YAML_SCALAR_EVENT)
        return read_scalar(reader);
    if (reader->event.type == YAML_ALIAS_EVENT)
        return read_alias(reader);
    if (++reader->depth > NODE_DEPTH_MAX)
        refuse(reader, mark_here(reader), "this is nested more than 32 deep");
    else if (reader->event.type == YAML_SEQUENCE_START_EVENT)
        node = read_list(reader);
    else
        node = read_map(reader);
    reader->depth--;
    return node;
}

static struct node *empty_map(struct reader *reader)
{
    struct node *map = arena_new(reader->run->problems->arena, struct node);

    map->kind = NODE_MAP;
    map->mark = (struct mark){ reader->name, 1, 1 };
    return map;
}

static struct node *read_stream(struct reader *reader)
{
    if (!next(reader)) /* the stream begins */
        return NULL;
    if (!next(reader)) /* a document begins */
        return NULL;
    if (reader->event.type == YAML_STREAM_END_EVENT)
        return empty_map(reader);
    if (!next(reader))
        return NULL;
    struct node *root = read_value(reader);

    if (root == NULL || !next(reader) || !next(reader)) /* the document ends; so does the stream */
        return NULL;
    if (reader->event.type != YAML_STREAM_END_EVENT) {
        refuse(reader, mark_here(reader), "a second document begins here: one file holds one");
        return NULL;
    }
    return root->kind == NODE_NULL && !root->broken ? empty_map(reader) : root;
}

struct node *node_from_yaml(struct node_run *run, const char *name, struct slice text)
{
    struct reader reader = { .run = run, .name = name, .text = text };

    if (yaml_parser_initialize(&reader.parser) == 0)
        abort();
    /* Said, because libyaml would else take UTF-16 for what it looks like. */
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser,
                                 (const unsigned char *)(text.len > 0 ? text.at : ""), text.len);
    struct node *root = read_stream(&reader);

    yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    return root;
}
