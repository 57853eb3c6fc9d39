#include "base/json.h"
#include "config/fields_kinds.h"

/* Every value may be put in for one of these: a schema sees the text before that happens. */
#define PUT_IN "\\$\\{(env|file|credential):"

#define WEB_ADDRESS "[Hh][Tt][Tt][Pp][Ss]?://[^\\s#\\\\]+"
#define ADDRESS     "[A-Za-z][A-Za-z0-9+.-]*:[^\\s*\\\\]+"
#define RANGE       "[0-9A-Fa-f.:]+(/[0-9]{1,3})?"
#define AN_ID       "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"

/* The schema of a value: a new reference. */
typedef json_t *value_schema(const struct field *field);

static json_t *text_like(const char *pattern)
{
    struct buf buf = BUF_INIT(1024);

    buf_printf(&buf, "^(?:%s)$|" PUT_IN, pattern);
    json_t *schema = json_pack("{s:s, s:s}", "type", "string", "pattern", buf.at);

    buf_release(&buf);
    return schema;
}

/* For values that are no texts: the text that is put in for, beside `schema` (stolen). */
static json_t *any_of(json_t *schema)
{
    return json_pack("{s:[o, {s:s, s:s}]}", "anyOf", schema, "type", "string", "pattern", PUT_IN);
}

static void or_else(json_t *schema, json_t *other)
{
    json_array_append_new(json_object_get(schema, "anyOf"), other);
}

static json_t *one_of(const char *const *words)
{
    json_t *array = json_array();

    for (; words[0] != NULL; words++)
        json_array_append_new(array, json_string(words[0]));
    return json_pack("{s:o}", "enum", array);
}

/* An unquoted number is a text to us, and none to a schema. */
static json_t *schema_of_text(const struct field *field)
{
    if (field->words != NULL)
        return any_of(one_of(field->words));
    return json_pack("{s:[s, s]}", "type", "string", "number");
}

static json_t *schema_of_web_address(const struct field *field)
{
    (void)field;
    return text_like(WEB_ADDRESS);
}

static json_t *schema_of_address(const struct field *field)
{
    (void)field;
    return text_like(ADDRESS);
}

static json_t *schema_of_json_path(const struct field *field)
{
    (void)field;
    return text_like("(/.*)?");
}

static json_t *schema_of_range(const struct field *field)
{
    (void)field;
    return text_like(RANGE);
}

static json_t *schema_of_bool(const struct field *field)
{
    static const char *const words[] = { "yes", "no", "on", "off", NULL };
    json_t *schema = any_of(json_pack("{s:s}", "type", "boolean"));

    (void)field;
    or_else(schema, one_of(words));
    return schema;
}

static json_t *schema_of_count(const struct field *field)
{
    json_t *number =
        json_pack("{s:s, s:I}", "type", "integer", "minimum", (json_int_t)field->least);

    if (field->most > 0)
        json_object_set_new(number, "maximum", json_integer((json_int_t)field->most));
    json_t *schema = any_of(number);

    if (field->words != NULL)
        or_else(schema, one_of(field->words));
    return schema;
}

static json_t *schema_of_duration(const struct field *field)
{
    (void)field;
    return text_like("(0|[1-9][0-9]*)(ms|s|m|h|d)");
}

static json_t *schema_of_size(const struct field *field)
{
    json_t *schema = any_of(json_pack("{s:s, s:i}", "type", "integer", "minimum", 0));

    (void)field;
    or_else(schema, text_like("(0|[1-9][0-9]*)[kmg]?"));
    return schema;
}

/* Some readers of YAML take an unquoted off for false. */
static json_t *schema_of_rate(const struct field *field)
{
    json_t *schema = any_of(json_pack("{s:b}", "const", false));

    (void)field;
    or_else(schema, text_like("[1-9][0-9]*/[smh]|off"));
    return schema;
}

/* A list, or one text for a list of one. `text` is stolen. */
static json_t *list_of(const struct field *field, json_t *text)
{
    json_t *list = json_pack("{s:s, s:o}", "type", "array", "items", text);

    if ((field->flags & FIELD_LIST) != 0)
        return list;
    if (field->kind == FIELD_WORDS) /* several words may stand in it */
        return json_pack("{s:[o, {s:s}]}", "anyOf", list, "type", "string");
    return json_pack("{s:[o, O]}", "anyOf", list, text);
}

static json_t *schema_of_texts(const struct field *field)
{
    return list_of(field, schema_of_text(field));
}

static json_t *schema_of_web_addresses(const struct field *field)
{
    return list_of(field, text_like(WEB_ADDRESS));
}

static json_t *schema_of_addresses(const struct field *field)
{
    return list_of(field, text_like(ADDRESS));
}

static json_t *schema_of_ranges(const struct field *field)
{
    return list_of(field, text_like(RANGE));
}

static json_t *schema_of_pairs(const struct field *field)
{
    (void)field;
    return json_pack("{s:s, s:{s:[s, s, s, s]}}", "type", "object", "additionalProperties", "type",
                     "string", "number", "boolean", "null");
}

static json_t *schema_of_anything(const struct field *field)
{
    (void)field;
    return json_object();
}

static json_t *schema_of_struct(const struct field *field)
{
    return fields_schema(field->table);
}

static json_t *schema_of_many(const struct field *field)
{
    return json_pack("{s:s, s:{s:s}, s:o}", "type", "object", "propertyNames", "pattern",
                     "^" AN_ID "$", "additionalProperties", fields_schema(field->table));
}

static value_schema *const schemas[FIELD_KINDS] = {
    [FIELD_TEXT] = schema_of_text,
    [FIELD_LONG_TEXT] = schema_of_text,
    [FIELD_SECRET] = schema_of_text,
    [FIELD_SECRET_URL] = schema_of_text,
    [FIELD_URL] = schema_of_web_address,
    [FIELD_ANY_URL] = schema_of_address,
    [FIELD_URL_TEMPLATE] = schema_of_web_address,
    [FIELD_PATH] = schema_of_text,
    [FIELD_JSON_PATH] = schema_of_json_path,
    [FIELD_CIDR] = schema_of_range,
    [FIELD_WORD] = schema_of_text,
    [FIELD_BOOL] = schema_of_bool,
    [FIELD_COUNT] = schema_of_count,
    [FIELD_DURATION] = schema_of_duration,
    [FIELD_SIZE] = schema_of_size,
    [FIELD_RATE] = schema_of_rate,
    [FIELD_WORDS] = schema_of_texts,
    [FIELD_TEXTS] = schema_of_texts,
    [FIELD_URLS] = schema_of_web_addresses,
    [FIELD_ANY_URLS] = schema_of_addresses,
    [FIELD_PATHS] = schema_of_texts,
    [FIELD_CIDRS] = schema_of_ranges,
    [FIELD_PAIRS] = schema_of_pairs,
    [FIELD_TREE] = schema_of_anything,
    [FIELD_STRUCT] = schema_of_struct,
    [FIELD_MANY] = schema_of_many,
};

/* A key without a value. */
static void allow_nothing(json_t *schema)
{
    json_t *type = json_object_get(schema, "type");

    if (json_is_string(type))
        json_object_set_new(schema, "type", json_pack("[O, s]", type, "null"));
    else if (type != NULL)
        json_array_append_new(type, json_string("null"));
    else if (json_object_get(schema, "anyOf") != NULL)
        or_else(schema, json_pack("{s:s}", "type", "null"));
}

static json_t *default_list(struct slice words)
{
    json_t *list = json_array();
    struct slice word;

    while (slice_next_word(&words, &word))
        json_array_append_new(list, json_from_slice(word));
    return list;
}

static json_t *default_value(const struct field *field)
{
    struct node node = { .kind = NODE_TEXT, .text = slice_of(field->otherwise) };

    if (field_kinds[field->kind].shape == SHAPE_TEXTS)
        return default_list(node.text);
    return node_to_json(&node);
}

static void describe(const struct field *field, json_t *schema)
{
    bool is_later = (field->flags & FIELD_LATER) != 0;

    if (field->about != NULL)
        json_object_set_new(
            schema, "description",
            json_sprintf("%s%s", field->about, is_later ? " Not available in this version." : ""));
    if (field->otherwise != NULL)
        json_object_set_new(schema, "default", default_value(field));
}

json_t *fields_schema(const struct field *table)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    bool is_open = false;

    for (const struct field *field = table; field->name != NULL; field++) {
        is_open = is_open || field->kind == FIELD_REST;
        if ((field->flags & FIELD_HIDDEN) != 0 || !field_kind_is_key(field->kind))
            continue;
        json_t *schema = schemas[field->kind](field);

        if ((field->flags & FIELD_REQUIRED) != 0)
            json_array_append_new(required, json_string(field->name));
        else if (field_kinds[field->kind].may_be_nothing)
            allow_nothing(schema);
        describe(field, schema);
        json_object_set_new(properties, field->name, schema);
    }
    json_t *schema = json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
                               "additionalProperties", is_open);

    if (json_array_size(required) > 0)
        json_object_set(schema, "required", required);
    json_decref(required);
    return schema;
}
