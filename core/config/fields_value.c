/* Values that are one text in the document. */
#include "base/file.h"
#include "config/fields_kinds.h"

enum {
    SHOWN_MAX = 60 /* bytes of a value in a message */
};

#define A_TEXT "needs a text"
#define LIST   "needs a text or a list of texts such as [a, b]"
#define KEYS   "needs keys with values under it"
#define WORD   "needs a word"
#define BOOL   "needs true or false"
#define COUNT  "needs a whole number"
#define TIME   "needs a duration such as 30s or 12h"
#define SIZE   "needs a size such as 64k"
#define RATE   "needs a rate such as 30/m"
#define SECRET "needs a secret: without one, leave the key out"

#define OF(type, shape) sizeof(type), SHAPE_##shape

typedef const struct node *tree;

/* In the order of enum field_kind. */
const struct kind field_kinds[FIELD_KINDS] = {
    { OF(struct slice, TEXT), value_read_text, judge_text, false, true, A_TEXT },
    { OF(struct slice, TEXT), value_read_text, judge_long_text, false, true, A_TEXT },
    { OF(struct slice, TEXT), value_read_text, judge_text, true, false, SECRET },
    { OF(struct slice, TEXT), value_read_text, judge_text, true, true, A_TEXT },
    { OF(struct slice, TEXT), value_read_text, judge_url, false, true, A_TEXT },
    { OF(struct slice, TEXT), value_read_text, judge_any_url, false, true, A_TEXT },
    { OF(struct slice, TEXT), value_read_text, judge_url_template, false, true, A_TEXT },
    { OF(struct slice, TEXT), value_read_text, judge_text, false, true, A_TEXT },
    { OF(struct slice, TEXT), value_read_text, judge_json_path, false, true, A_TEXT },
    { OF(struct cidr, TEXT), value_read_cidr, NULL, false, true, A_TEXT },
    { OF(unsigned, TEXT), value_read_word, NULL, false, false, WORD },
    { OF(bool, BARE), value_read_bool, NULL, false, false, BOOL },
    { OF(unsigned, BARE), value_read_count, NULL, false, false, COUNT },
    { OF(int64_t, TEXT), value_read_duration, NULL, false, false, TIME },
    { OF(size_t, TEXT), value_read_size, NULL, false, false, SIZE },
    { OF(struct rate, TEXT), value_read_rate, NULL, false, false, RATE },
    { OF(struct texts, TEXTS), value_read_texts, judge_text, false, true, LIST },
    { OF(struct texts, TEXTS), value_read_texts, judge_text, false, true, LIST },
    { OF(struct texts, TEXTS), value_read_texts, judge_url, false, true, LIST },
    { OF(struct texts, TEXTS), value_read_texts, judge_any_url, false, true, LIST },
    { OF(struct texts, TEXTS), value_read_texts, judge_text, false, true, LIST },
    { OF(struct many, TEXTS), value_read_cidrs, NULL, false, true, LIST },
    { OF(struct pairs, MAP), value_read_pairs, judge_text, false, true, KEYS },
    { OF(tree, ANY), value_read_tree, NULL, false, true, A_TEXT },
    { 0, SHAPE_MAP, value_read_struct, NULL, false, true, KEYS },
    { OF(struct many, MAP), value_read_many, NULL, false, true, KEYS },
    { OF(tree, ANY), NULL, NULL, false, true, KEYS },
    { 0, SHAPE_ANY, NULL, NULL, false, true, KEYS },
};

const char *reading_path(const struct reading *reading)
{
    return arena_printf(reading->problems->arena, "%s%s%s", reading->where,
                        reading->where[0] != '\0' ? "." : "", reading->field->name)
        .at;
}

/* A cut never leaves half a character. */
static int shown_length(struct slice text)
{
    size_t len = text.len < SHOWN_MAX ? text.len : SHOWN_MAX;

    while (len > 0 && len < text.len && ((unsigned char)text.at[len] & 0xc0) == 0x80)
        len--;
    return (int)len;
}

void reading_problem(const struct reading *reading, const struct node *node, const char *format,
                     ...)
{
    if (reading->problems->kept == PROBLEMS_KEPT_MAX) {
        problem_add(reading->problems, node->mark, "one more"); /* counted, and no memory taken */
        return;
    }
    const char *path = reading_path(reading);
    bool is_shown = node->kind == NODE_TEXT && node->text.len > 0 && !node->substituted &&
                    !field_is_secret(reading->field);
    int shown = is_shown ? shown_length(node->text) : 0;
    va_list args;

    va_start(args, format);
    const char *sentence = arena_vprintf(reading->problems->arena, format, args).at;

    va_end(args);
    problem_add(reading->problems, node->mark, "`%s%s%.*s%s` %s", path, is_shown ? ": " : "", shown,
                is_shown ? node->text.at : "",
                is_shown && (size_t)shown < node->text.len ? "..." : "", sentence);
}

static bool has_texts_only(const struct reading *reading, const struct node *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i]->kind != NODE_TEXT && !list->items[i]->broken) {
            reading_problem(reading, list->items[i], "%s",
                            list->items[i]->kind == NODE_NULL ? "has an empty element"
                                                              : "has an element that is no text");
            return false;
        }
    }
    return true;
}

/* Numbers and booleans are written without quotes; what was put in for ${...} may need them. */
static bool is_bare(const struct reading *reading, const struct node *node)
{
    if (!node->quoted || node->substituted)
        return true;
    reading_problem(reading, node, "is a text: write it without quotes");
    return false;
}

bool reading_fits(const struct reading *reading, const struct node *node)
{
    const struct kind *kind = &field_kinds[reading->field->kind];
    bool one_is_enough = (reading->field->flags & FIELD_LIST) == 0;

    if (kind->shape == SHAPE_ANY)
        return true;
    if (kind->shape == SHAPE_MAP && node->kind == NODE_MAP)
        return true;
    if (kind->shape == SHAPE_TEXTS && node->kind == NODE_LIST)
        return has_texts_only(reading, node);
    if (node->kind == NODE_TEXT && (kind->shape != SHAPE_TEXTS || one_is_enough) &&
        kind->shape != SHAPE_MAP)
        return kind->shape != SHAPE_BARE || is_bare(reading, node);
    reading_problem(reading, node, "%s",
                    one_is_enough ? kind->wanted : "needs a list of texts such as [a, b]");
    return false;
}

int word_find(const char *const *words, struct slice text)
{
    for (int i = 0; words != NULL && words[i] != NULL; i++) {
        if (slice_is(text, words[i]))
            return i;
    }
    return -1;
}

void reading_unknown_word(const struct reading *reading, const struct node *node)
{
    const char *const *words = reading->field->words;
    size_t count = 0;

    while (words[count] != NULL)
        count++;
    const char *near = nearest_name(node->text, words, count);

    if (near != NULL) {
        reading_problem(reading, node, "is unknown; did you mean `%s`?", near);
        return;
    }
    struct slice choice = SL("");

    for (size_t i = 0; i < count; i++)
        choice = arena_printf(reading->problems->arena, "%.*s%s`%s`", SLICE_ARG(choice),
                              i == 0           ? ""
                              : i + 1 == count ? " or "
                                               : ", ",
                              words[i]);
    reading_problem(reading, node, "is unknown; it can be %.*s", SLICE_ARG(choice));
}

/* A secret that everybody on the machine can read is none. */
static bool check_openness(const struct reading *reading, const struct node *node)
{
    if (!field_is_secret(reading->field) || node->open_file == NULL)
        return true;
    reading_problem(reading, node,
                    "comes from a file that others on this machine may read: chmod 600 %s",
                    node->open_file);
    return false;
}

bool reading_take(const struct reading *reading, const struct node *node, struct slice *text_r)
{
    const struct field *field = reading->field;
    text_judge *judge =
        (field->flags & FIELD_LINES) != 0 ? judge_long_text : field_kinds[field->kind].judge;
    const char *wrong = judge(node->text);

    if (wrong != NULL) {
        reading_problem(reading, node, "%s", wrong);
        return false;
    }
    if (!check_openness(reading, node))
        return false;
    if (field->words != NULL && word_find(field->words, node->text) < 0) {
        reading_unknown_word(reading, node);
        return false;
    }
    if (field->check != NULL)
        field->check(node->text, node->mark, reading->problems);
    *text_r = node->text;
    if (field->kind == FIELD_PATH || field->kind == FIELD_PATHS)
        *text_r = path_absolute(
            reading->problems->arena,
            path_from(reading->problems->arena, path_folder(slice_of(node->mark.file)), *text_r));
    return true;
}

static void run_check(const struct reading *reading, const struct node *node)
{
    if (reading->field->check != NULL)
        reading->field->check(node->text, node->mark, reading->problems);
}

void value_read_text(const struct reading *reading, const struct node *node, void *value)
{
    reading_take(reading, node, value);
}

void value_read_cidr(const struct reading *reading, const struct node *node, void *value)
{
    struct cidr cidr;
    const char *wrong = cidr_read(node->text, &cidr);

    if (wrong != NULL) {
        reading_problem(reading, node, "%s", wrong);
        return;
    }
    run_check(reading, node);
    *(struct cidr *)value = cidr;
}

void value_read_word(const struct reading *reading, const struct node *node, void *value)
{
    int index = word_find(reading->field->words, node->text);

    if (index < 0) {
        reading_unknown_word(reading, node);
        return;
    }
    run_check(reading, node);
    *(unsigned *)value = (unsigned)index;
}

void value_read_bool(const struct reading *reading, const struct node *node, void *value)
{
    static const char *const words[] = { "false", "no", "off", "true", "yes", "on", NULL };
    int index = word_find(words, node->text);

    if (index < 0)
        reading_problem(reading, node, "is neither true nor false");
    else
        *(bool *)value = index >= 3;
}

typedef struct slice number_text(struct arena *arena, uint64_t number);

static struct slice count_text(struct arena *arena, uint64_t number)
{
    return arena_printf(arena, "%llu", (unsigned long long)number);
}

/* False, and a problem that writes the limits as `write` does. */
static bool is_within(const struct reading *reading, const struct node *node, uint64_t number,
                      number_text *write)
{
    const struct field *field = reading->field;
    struct slice least = write(reading->problems->arena, field->least);
    struct slice most = write(reading->problems->arena, field->most);

    if (number >= field->least && (field->most == 0 || number <= field->most))
        return true;
    if (field->most == 0)
        reading_problem(reading, node, "must be %.*s or more", SLICE_ARG(least));
    else
        reading_problem(reading, node, "must be from %.*s to %.*s", SLICE_ARG(least),
                        SLICE_ARG(most));
    return false;
}

void value_read_count(const struct reading *reading, const struct node *node, void *value)
{
    const struct field *field = reading->field;
    int word = word_find(field->words, node->text);
    uint64_t number;

    if (word >= 0)
        *(unsigned *)value = FIELD_COUNT_WORD((unsigned)word);
    else if (slice_to_u64(node->text, INT_MAX, &number)) {
        if (is_within(reading, node, number, count_text))
            *(unsigned *)value = (unsigned)number;
    } else if (field->words != NULL)
        reading_problem(reading, node, "is neither a whole number nor `%s`", field->words[0]);
    else
        reading_problem(reading, node, "is no whole number");
}

void value_read_duration(const struct reading *reading, const struct node *node, void *value)
{
    int64_t milliseconds = 0;
    const char *wrong = duration_read(node->text, &milliseconds);

    if (wrong != NULL)
        reading_problem(reading, node, "%s", wrong);
    else if (is_within(reading, node, (uint64_t)milliseconds, duration_text))
        *(int64_t *)value = milliseconds;
}

void value_read_size(const struct reading *reading, const struct node *node, void *value)
{
    size_t bytes = 0;
    const char *wrong = size_read(node->text, &bytes);

    if (wrong != NULL)
        reading_problem(reading, node, "%s", wrong);
    else if (is_within(reading, node, bytes, size_text))
        *(size_t *)value = bytes;
}

void value_read_rate(const struct reading *reading, const struct node *node, void *value)
{
    struct rate rate;
    const char *wrong = rate_read(node->text, &rate);

    if (wrong != NULL)
        reading_problem(reading, node, "%s", wrong);
    else
        *(struct rate *)value = rate;
}
