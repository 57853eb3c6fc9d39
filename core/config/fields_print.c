#include "config/fields_kinds.h"
#include "config/yaml_write.h"

#include <arpa/inet.h>

enum {
    LIST_LINE = 70 /* a list that is longer has a line for each element */
};

static const struct slice mask = SLICE("***");

/* Where to, and whether secrets are shown. */
struct printing {
    struct buf *out;
    bool reveal;
};

/* Writes what comes behind the colon of a key, to the end of the line or of the lines below it. */
typedef void value_print(const struct field *field, const void *value, unsigned indent,
                         struct printing *to);

static const void *place(const struct field *field, const void *target)
{
    return (const char *)target + field->offset;
}

static bool is_absent(const struct field *field, const void *value);
static void print_fields(const struct field *table, const void *target, unsigned indent,
                         struct printing *to);

static bool is_printed(const struct field *field, const void *target)
{
    return field->kind != FIELD_BESIDE && (field->flags & (FIELD_HIDDEN | FIELD_UNPRINTED)) == 0 &&
           !is_absent(field, place(field, target));
}

static void print_line(struct printing *to, struct slice bare)
{
    buf_printf(to->out, " %.*s\n", SLICE_ARG(bare));
}

static void print_text(const struct field *field, const void *value, unsigned indent,
                       struct printing *to)
{
    (void)indent;
    buf_add_byte(to->out, ' ');
    yaml_write_text(to->out,
                    field_is_secret(field) && !to->reveal ? mask : *(const struct slice *)value);
    buf_add_byte(to->out, '\n');
}

/*
 * All from the first ':' behind "//" to the last '@' is a password, and so is what comes behind
 * "password=": rather too much is masked than a password with odd letters shown in part.
 */
static struct slice mask_url(struct arena *arena, struct slice url)
{
    size_t login = slice_find_text(url, SL("//")) + 2;
    size_t query = slice_find_text(url, SL("password="));
    size_t at = url.len;

    while (at > login && url.at[at - 1] != '@')
        at--;
    if (query < url.len && (at <= login || query > at))
        url = arena_printf(arena, "%.*spassword=***", SLICE_ARG(slice_sub(url, 0, query)));
    if (at <= login || login > url.len)
        return url;
    size_t colon = login + slice_find(slice_sub(url, login, at - 1 - login), ':');
    struct slice name = slice_sub(url, 0, colon < at - 1 ? colon + 1 : login);

    return arena_printf(arena, "%.*s***@%.*s", SLICE_ARG(name), SLICE_ARG(slice_from(url, at)));
}

static void print_secret_url(const struct field *field, const void *value, unsigned indent,
                             struct printing *to)
{
    struct arena scratch = { 0 };

    (void)field, (void)indent;
    buf_add_byte(to->out, ' ');
    struct slice url = *(const struct slice *)value;

    yaml_write_text(to->out, to->reveal ? url : mask_url(&scratch, url));
    buf_add_byte(to->out, '\n');
    arena_release(&scratch);
}

static void print_word(const struct field *field, const void *value, unsigned indent,
                       struct printing *to)
{
    (void)indent;
    print_line(to, slice_of(field->words[*(const unsigned *)value]));
}

static void print_bool(const struct field *field, const void *value, unsigned indent,
                       struct printing *to)
{
    (void)field, (void)indent;
    print_line(to, *(const bool *)value ? SL("true") : SL("false"));
}

static void print_count(const struct field *field, const void *value, unsigned indent,
                        struct printing *to)
{
    unsigned count = *(const unsigned *)value;

    (void)indent;
    for (unsigned i = 0; field->words != NULL && field->words[i] != NULL; i++) {
        if (count == FIELD_COUNT_WORD(i)) {
            print_line(to, slice_of(field->words[i]));
            return;
        }
    }
    buf_printf(to->out, " %u\n", count);
}

static void print_duration(const struct field *field, const void *value, unsigned indent,
                           struct printing *to)
{
    struct arena scratch = { 0 };

    (void)field, (void)indent;
    print_line(to, duration_text(&scratch, (uint64_t)(*(const int64_t *)value)));
    arena_release(&scratch);
}

static void print_size(const struct field *field, const void *value, unsigned indent,
                       struct printing *to)
{
    struct arena scratch = { 0 };

    (void)field, (void)indent;
    print_line(to, size_text(&scratch, *(const size_t *)value));
    arena_release(&scratch);
}

static void print_rate(const struct field *field, const void *value, unsigned indent,
                       struct printing *to)
{
    struct arena scratch = { 0 };

    (void)field, (void)indent;
    print_line(to, rate_text(&scratch, *(const struct rate *)value));
    arena_release(&scratch);
}

static void print_list(struct printing *to, const struct slice *items, size_t count,
                       unsigned indent)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++)
        len += items[i].len + 2;
    bool is_block = len > LIST_LINE;

    buf_add_text(to->out, is_block ? "\n" : " [");
    for (size_t i = 0; i < count; i++) {
        if (is_block) {
            yaml_indent(to->out, indent);
            buf_add_text(to->out, "- ");
        } else if (i > 0) {
            buf_add_text(to->out, ", ");
        }
        yaml_write_text(to->out, items[i]);
        if (is_block)
            buf_add_byte(to->out, '\n');
    }
    buf_add_text(to->out, is_block ? "" : "]\n");
}

static void print_texts(const struct field *field, const void *value, unsigned indent,
                        struct printing *to)
{
    const struct texts *texts = value;
    struct arena scratch = { 0 };
    struct slice *items = arena_alloc(&scratch, texts->count * sizeof(*items));

    for (size_t i = 0; i < texts->count; i++)
        items[i] = field_is_secret(field) && !to->reveal ? mask : texts->at[i];
    print_list(to, items, texts->count, indent);
    arena_release(&scratch);
}

static struct slice cidr_text(struct arena *arena, const struct cidr *cidr)
{
    char address[INET6_ADDRSTRLEN];

    if (inet_ntop(cidr->family, cidr->bytes, address, sizeof(address)) == NULL)
        address[0] = '\0';
    return arena_printf(arena, "%s/%u", address, cidr->bits);
}

static void print_cidr(const struct field *field, const void *value, unsigned indent,
                       struct printing *to)
{
    struct arena scratch = { 0 };

    (void)field, (void)indent;
    buf_add_byte(to->out, ' ');
    yaml_write_text(to->out, cidr_text(&scratch, value));
    buf_add_byte(to->out, '\n');
    arena_release(&scratch);
}

static void print_cidrs(const struct field *field, const void *value, unsigned indent,
                        struct printing *to)
{
    const struct many *cidrs = value;
    struct arena scratch = { 0 };
    struct slice *items = arena_alloc(&scratch, cidrs->count * sizeof(*items));

    (void)field;
    for (size_t i = 0; i < cidrs->count; i++)
        items[i] = cidr_text(&scratch, (const struct cidr *)cidrs->at + i);
    print_list(to, items, cidrs->count, indent);
    arena_release(&scratch);
}

static void print_pairs(const struct field *field, const void *value, unsigned indent,
                        struct printing *to)
{
    const struct pairs *pairs = value;

    buf_add_text(to->out, pairs->count > 0 ? "\n" : " {}\n");
    for (size_t i = 0; i < pairs->count; i++) {
        yaml_indent(to->out, indent);
        yaml_write_text(to->out, pairs->at[i].name);
        buf_add_text(to->out, ": ");
        yaml_write_text(to->out, field_is_secret(field) && !to->reveal ? mask : pairs->at[i].value);
        buf_add_byte(to->out, '\n');
    }
}

static void print_tree(const struct field *field, const void *value, unsigned indent,
                       struct printing *to)
{
    (void)field;
    yaml_write_node(to->out, *(const struct node *const *)value, indent, to->reveal);
}

static void print_map(const struct field *table, const void *target, unsigned indent,
                      struct printing *to)
{
    bool is_empty = true;

    for (const struct field *field = table; field->name != NULL; field++)
        is_empty = is_empty && !is_printed(field, target);
    buf_add_text(to->out, is_empty ? " {}\n" : "\n");
    print_fields(table, target, indent, to);
}

static void print_struct(const struct field *field, const void *value, unsigned indent,
                         struct printing *to)
{
    print_map(field->table, value, indent, to);
}

static void print_many(const struct field *field, const void *value, unsigned indent,
                       struct printing *to)
{
    const struct many *many = value;

    buf_add_text(to->out, many->count > 0 ? "\n" : " {}\n");
    for (size_t i = 0; i < many->count; i++) {
        const char *at = (const char *)many->at + i * field->size;

        yaml_indent(to->out, indent);
        yaml_write_text(to->out, ((const struct named *)(const void *)at)->id);
        buf_add_byte(to->out, ':');
        print_map(field->table, at, indent + 2, to);
    }
}

static value_print *const prints[FIELD_KINDS] = {
    [FIELD_TEXT] = print_text,         [FIELD_LONG_TEXT] = print_text,
    [FIELD_SECRET] = print_text,       [FIELD_SECRET_URL] = print_secret_url,
    [FIELD_URL] = print_text,          [FIELD_ANY_URL] = print_text,
    [FIELD_URL_TEMPLATE] = print_text, [FIELD_PATH] = print_text,
    [FIELD_JSON_PATH] = print_text,    [FIELD_CIDR] = print_cidr,
    [FIELD_WORD] = print_word,         [FIELD_BOOL] = print_bool,
    [FIELD_COUNT] = print_count,       [FIELD_DURATION] = print_duration,
    [FIELD_SIZE] = print_size,         [FIELD_RATE] = print_rate,
    [FIELD_WORDS] = print_texts,       [FIELD_TEXTS] = print_texts,
    [FIELD_URLS] = print_texts,        [FIELD_ANY_URLS] = print_texts,
    [FIELD_PATHS] = print_texts,       [FIELD_CIDRS] = print_cidrs,
    [FIELD_PAIRS] = print_pairs,       [FIELD_TREE] = print_tree,
    [FIELD_STRUCT] = print_struct,     [FIELD_MANY] = print_many,
};

/* Has the value nothing to say? */
static bool is_absent(const struct field *field, const void *value)
{
    if (field->kind == FIELD_CIDR)
        return ((const struct cidr *)value)->family == 0;
    if (field->kind == FIELD_TREE || field->kind == FIELD_REST)
        return *(const struct node *const *)value == NULL;
    if (field_kinds[field->kind].read == value_read_text)
        return !slice_is_set(*(const struct slice *)value);
    return false;
}

static void print_fields(const struct field *table, const void *target, unsigned indent,
                         struct printing *to)
{
    for (const struct field *field = table; field->name != NULL; field++) {
        const void *value = place(field, target);

        if (!is_printed(field, target))
            continue;
        if (field->kind == FIELD_REST) {
            yaml_write_members(to->out, *(const struct node *const *)value, indent, to->reveal);
            continue;
        }
        yaml_indent(to->out, indent);
        buf_printf(to->out, "%s:", field->name);
        prints[field->kind](field, value, indent + 2, to);
    }
}

void fields_print(const struct field *table, const void *target, unsigned indent, struct buf *buf)
{
    struct printing to = { buf, false };

    print_fields(table, target, indent, &to);
}

void fields_write(const struct field *table, const void *target, struct buf *buf)
{
    struct printing to = { buf, true };

    print_fields(table, target, 0, &to);
}
