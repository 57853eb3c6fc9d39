#include "config/yaml_write.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Words that some reader of YAML takes for a truth or for nothing. */
static bool is_reserved(struct slice text)
{
    static const char *const words[] = {
        "true", "false", "yes", "no", "on", "off", "y", "n", "null"
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (slice_is_nocase(text, words[i]))
            return true;
    }
    return false;
}

/* What begins with a letter and has nothing in it that YAML knows is a text without quotes. */
static bool is_plain(struct slice text)
{
    if (text.len == 0 || text.len > 200 || is_reserved(text))
        return false;
    if (!is_letter(text.at[0]) && text.at[0] != '/')
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool is_last = i + 1 == text.len;

        if ((c == ' ' || c == ':') && (is_last || text.at[i + 1] == ' '))
            return false;
        if (!is_letter(c) && !is_digit(c) && (c == '\0' || strchr(" :-_./@+=~%", c) == NULL))
            return false;
    }
    return true;
}

/* A number or a truth that was written as one stays one. */
static bool is_bare(const struct node *node)
{
    if (node->quoted || node->text.len == 0)
        return false;
    for (size_t i = 0; i < node->text.len; i++) {
        char c = node->text.at[i];

        if (!is_letter(c) && !is_digit(c) && c != '.' && !((c == '-' || c == '+') && i > 0) &&
            !(c == '-' && node->text.len > 1 && is_digit(node->text.at[1])))
            return false;
    }
    return true;
}

/* U+0085, U+2028 and U+2029 break lines, U+FEFF disappears. How long one that begins here is. */
static size_t odd_character(struct slice text, unsigned *point_r)
{
    static const struct {
        const char *bytes;
        unsigned point;
    } odd[] = {
        { "\xc2\x85", 0x0085 },
        { "\xe2\x80\xa8", 0x2028 },
        { "\xe2\x80\xa9", 0x2029 },
        { "\xef\xbb\xbf", 0xfeff },
    };

    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        if (slice_starts(text, slice_of(odd[i].bytes))) {
            *point_r = odd[i].point;
            return strlen(odd[i].bytes);
        }
    }
    return 0;
}

static void write_quoted(struct buf *buf, struct slice text)
{
    buf_add_byte(buf, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        unsigned point = 0;
        size_t odd = odd_character(slice_from(text, i), &point);

        if (odd > 0)
            buf_printf(buf, "\\u%04x", point);
        else if (c == '"' || c == '\\')
            buf_printf(buf, "\\%c", c);
        else if (c == '\n')
            buf_add_text(buf, "\\n");
        else if (c < 0x20 || c == 0x7f)
            buf_printf(buf, "\\x%02x", c);
        else if (slice_starts(slice_from(text, i), SL("${")))
            buf_add_text(buf, "$$");
        else
            buf_add_byte(buf, (char)c);
        i += odd > 0 ? odd - 1 : 0;
    }
    buf_add_byte(buf, '"');
}

void yaml_write_text(struct buf *buf, struct slice text)
{
    if (is_plain(text))
        buf_add(buf, text);
    else
        write_quoted(buf, text);
}

void yaml_indent(struct buf *buf, unsigned indent)
{
    for (unsigned i = 0; i < indent; i++)
        buf_add_byte(buf, ' ');
}

static void write_scalar(struct buf *buf, const struct node *node, bool reveal)
{
    if (node->kind == NODE_NULL)
        buf_add_text(buf, "null");
    else if (node->substituted && !reveal)
        buf_add_text(buf, "\"***\"");
    else if (!node->substituted && is_bare(node))
        buf_add(buf, node->text);
    else
        yaml_write_text(buf, node->text);
}

/* On one line, as JSON would be. */
static void write_flow(struct buf *buf, const struct node *node, bool reveal)
{
    if (node->kind != NODE_LIST && node->kind != NODE_MAP) {
        write_scalar(buf, node, reveal);
        return;
    }
    buf_add_byte(buf, node->kind == NODE_LIST ? '[' : '{');
    for (size_t i = 0; i < node->count; i++) {
        if (i > 0)
            buf_add_text(buf, ", ");
        if (node->kind == NODE_MAP) {
            yaml_write_text(buf, node->members[i].name);
            buf_add_text(buf, ": ");
        }
        write_flow(buf, node->kind == NODE_LIST ? node->items[i] : node->members[i].value, reveal);
    }
    buf_add_byte(buf, node->kind == NODE_LIST ? ']' : '}');
}

void yaml_write_node(struct buf *buf, const struct node *node, unsigned indent, bool reveal)
{
    bool is_block = node->kind == NODE_MAP && node->count > 0;

    buf_add_byte(buf, is_block ? '\n' : ' ');
    if (is_block) {
        yaml_write_members(buf, node, indent, reveal);
        return;
    }
    write_flow(buf, node, reveal);
    buf_add_byte(buf, '\n');
}

void yaml_write_members(struct buf *buf, const struct node *map, unsigned indent, bool reveal)
{
    for (size_t i = 0; i < map->count; i++) {
        yaml_indent(buf, indent);
        yaml_write_text(buf, map->members[i].name);
        buf_add_byte(buf, ':');
        yaml_write_node(buf, map->members[i].value, indent + 2, reveal);
    }
}
