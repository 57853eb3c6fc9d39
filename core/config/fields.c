#include "config/fields.h"

#include "config/fields_kinds.h"

enum {
    NAMES_MAX = 128 /* rows of a table that are offered when a key is misspelt */
};

static void *place(const struct field *field, void *target)
{
    return (char *)target + field->offset;
}

const struct field *fields_find(const struct field *table, struct slice name)
{
    for (; table->name != NULL; table++) {
        if (field_kind_is_key(table->kind) && slice_is(name, table->name))
            return table;
    }
    return NULL;
}

/* A default as a node: what its text would be in a document. */
static struct node *default_node(const struct field *field, struct arena *arena)
{
    struct node *node = arena_new(arena, struct node);

    node->kind = NODE_TEXT;
    node->text = slice_of(field->otherwise);
    return node;
}

void fields_default(const struct field *table, void *target, struct arena *arena)
{
    struct problems problems = { .arena = arena };

    for (const struct field *field = table; field->name != NULL; field++) {
        struct reading reading = { field, "", &problems };

        if (field->kind == FIELD_STRUCT)
            fields_default(field->table, place(field, target), arena);
        else if (field->otherwise != NULL)
            field_kinds[field->kind].read(&reading, default_node(field, arena),
                                          place(field, target));
    }
    if (problems.errors > 0) {
        fprintf(stderr, "a default cannot be read: %s\n", problems.first->text.at);
        abort();
    }
}

/* Is the value what fields_default() would have put there? Compared as it is printed. */
static bool is_default(const struct field *field, const void *target, struct arena *arena)
{
    struct field alone[] = { *field, FIELD_END };
    size_t size = field_kinds[field->kind].size;
    struct buf said[2] = { BUF_INIT(NODE_FILE_MAX), BUF_INIT(NODE_FILE_MAX) };

    if (size == 0)
        size = field->size;
    void *otherwise = arena_zalloc(arena, size);

    fields_print(alone, target, 0, &said[0]);
    alone[0].offset = 0;
    fields_default(alone, otherwise, arena);
    fields_print(alone, otherwise, 0, &said[1]);
    bool equal = buf_ok(&said[0]) && slice_equal(buf_slice(&said[0]), buf_slice(&said[1]));

    buf_release_secret(&said[0]);
    buf_release_secret(&said[1]);
    return equal;
}

static void read_field(const struct reading *reading, const struct node *node, void *target)
{
    const struct field *field = reading->field;
    const struct kind *kind = &field_kinds[field->kind];
    size_t errors = reading->problems->errors;

    if (node->broken)
        return;
    if (node->kind == NODE_NULL) {
        if (!kind->may_be_nothing || (field->flags & FIELD_REQUIRED) != 0)
            reading_problem(reading, node, "%s", kind->wanted);
        return;
    }
    if (reading_fits(reading, node))
        kind->read(reading, node, place(field, target));
    if ((field->flags & FIELD_LATER) != 0 && reading->problems->errors == errors &&
        !is_default(field, target, reading->problems->arena))
        problem_add(reading->problems, node->mark, "`%s` is not available in this version",
                    reading_path(reading));
}

static size_t collect_names(const struct field *table, const char *names[NAMES_MAX], size_t count)
{
    for (; table->name != NULL && count < NAMES_MAX; table++) {
        if (table->kind == FIELD_BESIDE)
            count = collect_names(table->table, names, count);
        else if (table->kind != FIELD_REST && (table->flags & FIELD_HIDDEN) == 0)
            names[count++] = table->name;
    }
    return count;
}

static void report_unknown(const struct field *table, const struct node_member *member,
                           const char *where, struct problems *problems)
{
    const char *names[NAMES_MAX];
    /* What is only counted needs no good advice. */
    bool is_kept = problems->kept < PROBLEMS_KEPT_MAX;
    size_t count = is_kept ? collect_names(table, names, 0) : 0;
    int shown = (int)(member->name.len < 64 ? member->name.len : 64);
    const char *near = nearest_name(member->name, names, count);

    if (near != NULL)
        problem_add(problems, member->mark, "unknown key `%.*s`; did you mean `%s`?", shown,
                    member->name.at, near);
    else if (where[0] != '\0')
        problem_add(problems, member->mark, "unknown key `%.*s` in `%s`", shown, member->name.at,
                    where);
    else
        problem_add(problems, member->mark, "unknown key `%.*s`", shown, member->name.at);
}

static const struct field *find_rest(const struct field *table)
{
    while (table->name != NULL && table->kind != FIELD_REST)
        table++;
    return table->name != NULL ? table : NULL;
}

/* The members that no row takes: a map of their own, or problems. */
static void read_rest(const struct field *table, const struct node *map, const char *where,
                      void *target, struct problems *problems)
{
    const struct field *field = find_rest(table);
    struct node *rest = field != NULL ? arena_new(problems->arena, struct node) : NULL;

    if (rest != NULL) {
        *rest = *map;
        rest->members = arena_alloc(problems->arena, map->count * sizeof(*rest->members));
        rest->count = 0;
    }
    for (size_t i = 0; i < map->count; i++) {
        if (fields_find(table, map->members[i].name) != NULL)
            continue;
        if (rest != NULL)
            rest->members[rest->count++] = map->members[i];
        else
            report_unknown(table, &map->members[i], where, problems);
    }
    if (rest != NULL)
        *(const struct node **)place(field, target) = rest->count > 0 ? rest : NULL;
}

static void report_missing(const struct field *table, const struct node *map, const char *where,
                           struct problems *problems)
{
    struct mark mark = map != NULL ? map->mark : (struct mark){ 0 };

    if (problems->incomplete)
        return; /* it may stand in the file that could not be read */
    for (; table->name != NULL; table++) {
        if ((table->flags & FIELD_REQUIRED) != 0 && node_get(map, table->name) == NULL)
            problem_add(problems, mark, "the key `%s` is missing%s%s%s", table->name,
                        where[0] != '\0' ? " in `" : "", where, where[0] != '\0' ? "`" : "");
    }
}

void fields_read(const struct field *table, const struct node *map, const char *where, void *target,
                 struct problems *problems)
{
    bool is_map = map != NULL && map->kind == NODE_MAP;

    if (map != NULL && map->broken)
        return;
    if (map != NULL && !is_map && map->kind != NODE_NULL) {
        problem_add(problems, map->mark, "%s%s%sneeds keys with values under it",
                    where[0] != '\0' ? "`" : "", where[0] != '\0' ? where : "the document ",
                    where[0] != '\0' ? "` " : "");
        return;
    }
    for (size_t i = 0; is_map && i < map->count; i++) {
        struct reading reading = { fields_find(table, map->members[i].name), where, problems };

        if (reading.field != NULL)
            read_field(&reading, map->members[i].value, target);
    }
    if (is_map)
        read_rest(table, map, where, target, problems);
    report_missing(table, map, where, problems);
}
