#include "config/node.h"

#include "base/json.h"

struct node *node_get(const struct node *map, const char *name)
{
    if (map == NULL || map->kind != NODE_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++) {
        if (slice_is(map->members[i].name, name))
            return map->members[i].value;
    }
    return NULL;
}

static struct node *new_node(struct arena *arena, enum node_kind kind, struct mark mark)
{
    struct node *node = arena_new(arena, struct node);

    node->kind = kind;
    node->mark = mark;
    return node;
}

static struct node *list_from_json(struct arena *arena, const json_t *json, struct mark mark)
{
    struct node *list = new_node(arena, NODE_LIST, mark);

    list->count = json_array_size(json);
    list->items = arena_alloc(arena, list->count * sizeof(*list->items));
    for (size_t i = 0; i < list->count; i++)
        list->items[i] = node_from_json(arena, json_array_get(json, i), mark);
    return list;
}

static struct node *map_from_json(struct arena *arena, const json_t *json, struct mark mark)
{
    struct node *map = new_node(arena, NODE_MAP, mark);
    /* The cast takes off a const that jansson's iterator cannot bear; nothing is changed. */
    json_t *object = (json_t *)(uintptr_t)json;
    const char *name;
    json_t *value;

    map->members = arena_alloc(arena, json_object_size(json) * sizeof(*map->members));
    json_object_foreach(object, name, value)
    {
        map->members[map->count++] =
            (struct node_member){ .name = arena_copy(arena, slice_of(name)),
                                  .mark = mark,
                                  .value = node_from_json(arena, value, mark) };
    }
    return map;
}

bool node_is_whole(const struct node *node)
{
    bool whole = !node->broken;

    for (size_t i = 0; i < node->count && whole; i++)
        whole = node_is_whole(node->kind == NODE_MAP ? node->members[i].value : node->items[i]);
    return whole;
}

static struct node *text_from_json(struct arena *arena, const json_t *json, struct mark mark)
{
    struct node *node = new_node(arena, NODE_TEXT, mark);
    char *written = json_is_string(json) ? NULL : json_dumps(json, JSON_ENCODE_ANY);

    node->quoted = written == NULL;
    node->text = arena_copy(arena, written != NULL ? slice_of(written) : json_slice(json));
    free(written); /* jansson's own malloc() */
    return node;
}

struct node *node_from_json(struct arena *arena, const json_t *json, struct mark mark)
{
    if (json_is_object(json))
        return map_from_json(arena, json, mark);
    if (json_is_array(json))
        return list_from_json(arena, json, mark);
    if (json == NULL || json_is_null(json))
        return new_node(arena, NODE_NULL, mark);
    return text_from_json(arena, json, mark);
}

/* What is no number, true, false or null in JSON, or a number too large for it, is a text. */
static json_t *text_to_json(const struct node *node)
{
    json_t *value = NULL;

    if (!node->quoted)
        value = json_loadb(node->text.at, node->text.len, JSON_DECODE_ANY, NULL);
    if (json_is_object(value) || json_is_array(value) || json_is_string(value)) {
        json_decref(value);
        value = NULL;
    }
    return value != NULL ? value : json_from_slice(node->text);
}

static json_t *list_to_json(const struct node *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(array, node_to_json(list->items[i]));
    return array;
}

static json_t *map_to_json(const struct node *map)
{
    json_t *object = json_object();

    for (size_t i = 0; i < map->count; i++)
        json_object_set_new(object, map->members[i].name.at, node_to_json(map->members[i].value));
    return object;
}

json_t *node_to_json(const struct node *node)
{
    switch (node->kind) {
    case NODE_TEXT:
        return text_to_json(node);
    case NODE_LIST:
        return list_to_json(node);
    case NODE_MAP:
        return map_to_json(node);
    case NODE_NULL:
        break;
    }
    return json_null();
}
