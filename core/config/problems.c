#include "config/node.h"

enum {
    TEXT_MAX = 3000 /* bytes: a URL and a sentence, not a whole document */
};

/* A text that stands in one line whatever it quotes. */
static void make_printable(struct slice text)
{
    char *at = (char *)(uintptr_t)text.at;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)at[i];

        if (c < 0x20 || c == 0x7f)
            at[i] = '?';
        else if (c == 0xc2 && i + 1 < text.len && (unsigned char)at[i + 1] < 0xa0)
            at[i] = at[i + 1] = '?'; /* U+0080 to U+009F: terminals obey them too */
    }
}

static int compare_files(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static int compare_marks(const struct mark *a, const struct mark *b)
{
    int order = compare_files(a->file, b->file);

    if (order == 0)
        order = (a->line > b->line) - (a->line < b->line);
    return order != 0 ? order : (a->column > b->column) - (a->column < b->column);
}

static bool is_known(const struct problems *problems, struct mark mark, struct slice text)
{
    for (const struct problem *each = problems->first; each != NULL; each = each->next) {
        if (compare_marks(&each->mark, &mark) == 0 && slice_equal(each->text, text))
            return true;
    }
    return false;
}

static void keep(struct problems *problems, struct mark mark, bool warning, struct slice text)
{
    struct problem *problem = arena_new(problems->arena, struct problem);

    *problem = (struct problem){ .mark = mark, .warning = warning, .text = text };
    if (problems->last != NULL)
        problems->last->next = problem;
    else
        problems->first = problem;
    problems->last = problem;
    problems->kept++;
}

static void add(struct problems *problems, struct mark mark, bool warning, const char *format,
                va_list args) __attribute__((format(printf, 4, 0)));

static void add(struct problems *problems, struct mark mark, bool warning, const char *format,
                va_list args)
{
    if (problems->kept < PROBLEMS_KEPT_MAX) {
        struct slice text = arena_vprintf(problems->arena, format, args);

        text = slice_sub(text, 0, TEXT_MAX);
        make_printable(text);
        if (is_known(problems, mark, text))
            return;
        keep(problems, mark, warning, text);
    }
    if (warning)
        problems->warnings++;
    else
        problems->errors++;
}

void problem_add(struct problems *problems, struct mark mark, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(problems, mark, false, format, args);
    va_end(args);
}

void problem_warn(struct problems *problems, struct mark mark, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(problems, mark, true, format, args);
    va_end(args);
}

/* By insertion, because what stands at the same place stays in the order it was found. */
static size_t sort(const struct problem *problem, const struct problem *sorted[PROBLEMS_KEPT_MAX])
{
    size_t count = 0;

    for (; problem != NULL; problem = problem->next) {
        size_t at = count++;

        for (; at > 0 && compare_marks(&sorted[at - 1]->mark, &problem->mark) > 0; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = problem;
    }
    return count;
}

static void write_problem(const struct problem *problem, struct buf *buf)
{
    if (problem->mark.file != NULL)
        buf_printf(buf, "%s:", problem->mark.file);
    if (problem->mark.line > 0)
        buf_printf(buf, "%u:%u:", problem->mark.line, problem->mark.column);
    if (problem->mark.file != NULL || problem->mark.line > 0)
        buf_add_byte(buf, ' ');
    buf_printf(buf, "%s: %.*s\n", problem->warning ? "warning" : "error", SLICE_ARG(problem->text));
}

void problems_write(const struct problems *problems, struct buf *buf)
{
    const struct problem *sorted[PROBLEMS_KEPT_MAX];
    size_t count = sort(problems->first, sorted);

    for (size_t i = 0; i < count; i++)
        write_problem(sorted[i], buf);
    if (problems->errors + problems->warnings > count)
        buf_printf(buf, "error: and %zu more\n", problems->errors + problems->warnings - count);
}
