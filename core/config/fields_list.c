/* Values that consist of several. */
#include "config/fields_kinds.h"

/* The elements of a list, or the one text that stands for a list of one. */
static size_t element_count(const struct node *node)
{
    return node->kind == NODE_LIST ? node->count : 1;
}

static const struct node *element(const struct node *node, size_t i)
{
    return node->kind == NODE_LIST ? node->items[i] : node;
}

/* "a b c" as a list of three. They all stand where the text does. */
static const struct node *split_words(struct arena *arena, const struct node *text)
{
    struct node *list = arena_new(arena, struct node);
    struct slice rest = text->text;
    struct slice word;
    size_t count = 0;

    while (slice_next_word(&rest, &word))
        count++;
    list->kind = NODE_LIST;
    list->items = arena_alloc(arena, count * sizeof(*list->items));
    rest = text->text;
    while (slice_next_word(&rest, &word)) {
        struct node *item = arena_new(arena, struct node);

        *item = *text;
        item->text = arena_copy(arena, word);
        list->items[list->count++] = item;
    }
    return list;
}

void value_read_texts(const struct reading *reading, const struct node *node, void *value)
{
    struct arena *arena = reading->problems->arena;

    if (reading->field->kind == FIELD_WORDS && node->kind == NODE_TEXT)
        node = split_words(arena, node);
    size_t count = element_count(node);
    struct texts texts = { arena_alloc(arena, count * sizeof(*texts.at)), 0 };
    bool good = true;

    for (size_t i = 0; i < count; i++) {
        const struct node *item = element(node, i);

        if (item->broken || !reading_take(reading, item, &texts.at[texts.count]))
            good = false;
        else
            texts.count++;
    }
    if (good)
        *(struct texts *)value = texts;
}

void value_read_cidrs(const struct reading *reading, const struct node *node, void *value)
{
    size_t count = element_count(node);
    struct cidr *cidrs = arena_zalloc(reading->problems->arena, count * sizeof(*cidrs));

    for (size_t i = 0; i < count; i++) {
        if (!element(node, i)->broken)
            value_read_cidr(reading, element(node, i), &cidrs[i]);
    }
    *(struct many *)value = (struct many){ cidrs, count };
}

static void remove_pair(struct pairs *pairs, struct slice name, bool says_nothing)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (slice_equal(pairs->at[i].name, name)) {
            pairs->count--;
            memmove(&pairs->at[i], &pairs->at[i + 1], (pairs->count - i) * sizeof(*pairs->at));
            return;
        }
    }
    if (says_nothing)
        pairs->at[pairs->count++] = (struct pair){ name, SL("") };
}

/* One of the first `known` pairs gets the new value, or the pair comes behind all others. */
static void set_pair(struct pairs *pairs, size_t known, struct pair pair)
{
    for (size_t i = 0; i < known && i < pairs->count; i++) {
        if (slice_equal(pairs->at[i].name, pair.name)) {
            pairs->at[i].value = pair.value;
            return;
        }
    }
    pairs->at[pairs->count++] = pair;
}

void value_read_pairs(const struct reading *reading, const struct node *node, void *value)
{
    struct pairs *old = value;
    struct pairs pairs = { arena_alloc(reading->problems->arena,
                                       (old->count + node->count) * sizeof(*pairs.at)),
                           old->count };

    if (old->count > 0)
        memcpy(pairs.at, old->at, old->count * sizeof(*old->at));
    for (size_t i = 0; i < node->count; i++) {
        const struct node_member *member = &node->members[i];
        struct pair pair = { .name = member->name };
        bool is_nothing = member->value->kind == NODE_NULL || member->value->text.len == 0;

        if (member->value->broken)
            continue;
        if (member->value->kind == NODE_LIST || member->value->kind == NODE_MAP)
            reading_problem(reading, member->value, "has a value that is no text");
        else if (is_nothing && !field_is_secret(reading->field))
            remove_pair(&pairs, pair.name, (reading->field->flags & FIELD_EMPTIES) != 0);
        else if (reading_take(reading, member->value, &pair.value))
            set_pair(&pairs, old->count, pair);
    }
    *old = pairs;
}

void value_read_tree(const struct reading *reading, const struct node *node, void *value)
{
    (void)reading;
    *(const struct node **)value = node;
}

void value_read_struct(const struct reading *reading, const struct node *node, void *value)
{
    fields_read(reading->field->table, node, reading_path(reading), value, reading->problems);
}

static bool check_id(const struct reading *reading, const struct node_member *member)
{
    const char *wrong = id_check(member->name);

    if (wrong == NULL)
        return true;
    problem_add(reading->problems, member->mark, "`%.*s` in `%s` %s",
                (int)(member->name.len < 64 ? member->name.len : 64), member->name.at,
                reading_path(reading), wrong);
    return false;
}

void value_read_many(const struct reading *reading, const struct node *node, void *value)
{
    const struct field *field = reading->field;
    struct problems *problems = reading->problems;
    const char *path = reading_path(reading);
    char *elements = arena_alloc(problems->arena, node->count * field->size);
    char *otherwise = arena_zalloc(problems->arena, field->size);
    size_t count = 0;

    fields_default(field->table, otherwise, problems->arena);
    for (size_t i = 0; i < node->count; i++) {
        const struct node_member *member = &node->members[i];
        char *at = elements + count * field->size;
        struct named *named = (void *)at;
        size_t errors = problems->errors;

        if (!check_id(reading, member))
            continue;
        memcpy(at, otherwise, field->size);
        *named = (struct named){ .id = member->name, .mark = member->mark, .map = member->value };
        fields_read(field->table, member->value,
                    arena_printf(problems->arena, "%s.%s", path, member->name.at).at, at, problems);
        named->broken = problems->errors > errors || !node_is_whole(member->value);
        count++;
    }
    *(struct many *)value = (struct many){ elements, count };
}
