#include "config/node_run.h"

/* Where a replacement comes from: NULL and the value, or what is wrong. */
typedef const char *source_read(struct node_run *run, struct node *node, struct slice argument,
                                struct slice *value_r);

static bool is_word(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '_')
            return false;
    }
    return text.len > 0;
}

static const char *read_environment(struct node_run *run, struct node *node, struct slice argument,
                                    struct slice *value_r)
{
    (void)node;
    if (!is_word(argument))
        return "a variable's name has letters, digits and `_` only";
    *value_r = slice_of(getenv(arena_string(run->problems->arena, argument)));
    return slice_is_set(*value_r) ? NULL : "this environment variable is not set";
}

static struct slice without_newline(struct slice text)
{
    if (slice_ends(text, SL("\n")))
        text.len--;
    else
        return text;
    if (slice_ends(text, SL("\r")))
        text.len--;
    return text;
}

static const char *read_secret_file(struct node_run *run, const char *path, struct file *file)
{
    const char *wrong = file_read(run->problems->arena, path, NODE_FILE_MAX, file);

    if (wrong != NULL)
        return arena_printf(run->problems->arena, "`%s` %s", path, wrong).at;
    file->bytes = without_newline(file->bytes);
    return NULL;
}

static const char *read_file(struct node_run *run, struct node *node, struct slice argument,
                             struct slice *value_r)
{
    struct file file;
    const char *path =
        path_from(run->problems->arena, path_folder(slice_of(node->mark.file)), argument).at;
    const char *wrong =
        argument.len > 0 ? read_secret_file(run, path, &file) : "the path is missing";

    if (wrong != NULL)
        return wrong;
    if ((file.status.st_mode & (S_IRGRP | S_IROTH)) != 0)
        node->open_file = path;
    *value_r = file.bytes;
    return NULL;
}

static const char *read_credential(struct node_run *run, struct node *node, struct slice argument,
                                   struct slice *value_r)
{
    struct file file;
    const char *folder = getenv("CREDENTIALS_DIRECTORY");

    (void)node;
    if (argument.len == 0 || argument.at[0] == '.' || slice_has(argument, '/'))
        return "a credential's name is the name of a file without its folder";
    if (folder == NULL)
        return "$CREDENTIALS_DIRECTORY is not set: systemd sets it for units with LoadCredential=";
    const char *wrong = read_secret_file(
        run, path_from(run->problems->arena, slice_of(folder), argument).at, &file);

    if (wrong == NULL)
        *value_r = file.bytes;
    return wrong;
}

static const struct {
    const char *name;
    source_read *read;
} sources[] = {
    { "env", read_environment },
    { "file", read_file },
    { "credential", read_credential },
};

/* `what` is all between the braces. */
static const char *find_value(struct node_run *run, struct node *node, struct slice what,
                              struct slice *value_r)
{
    struct slice name;
    struct slice argument;

    slice_cut(what, ':', &name, &argument);
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        if (!slice_is(name, sources[i].name))
            continue;
        const char *wrong = sources[i].read(run, node, argument, value_r);

        if (wrong == NULL && !node_text_is_clean(*value_r))
            wrong = "what it holds is no text: keys and other bytes are written in base64";
        return wrong;
    }
    return "write ${env:NAME}, ${file:PATH} or ${credential:NAME}, and $${ where \"${\" itself is "
           "meant";
}

static void replace(struct node_run *run, struct node *node, struct slice what, struct buf *buf)
{
    struct slice value = slice_none();
    const char *wrong = "all replacements together are longer than 8 MiB";

    node->substituted = true;
    if (run->substituted <= NODE_SUBSTITUTED_MAX)
        wrong = find_value(run, node, what, &value);
    if (wrong == NULL) {
        run->substituted += value.len;
        buf_add(buf, value);
        return;
    }
    problem_add(run->problems, node->mark, "`${%.*s}`: %s", SLICE_ARG(what), wrong);
    node->broken = true;
}

/* Copies up to the next "${" and replaces it; false at the end of the text. */
static bool replace_next(struct node_run *run, struct node *node, struct slice *rest,
                         struct buf *buf)
{
    size_t at = slice_find_text(*rest, SL("${"));
    struct slice what = slice_from(*rest, at + 2);
    size_t end = slice_find(what, '}');

    if (at == rest->len) {
        buf_add(buf, *rest);
        return false;
    }
    if (at > 0 && rest->at[at - 1] == '$') {
        buf_add(buf, slice_sub(*rest, 0, at - 1));
        buf_add(buf, SL("${"));
        *rest = what;
        return true;
    }
    if (end == what.len) {
        problem_add(run->problems, node->mark, "the \"}\" of `${%.*s` is missing",
                    (int)(what.len < 32 ? what.len : 32), what.at);
        node->broken = true;
        return false;
    }
    buf_add(buf, slice_sub(*rest, 0, at));
    replace(run, node, slice_sub(what, 0, end), buf);
    *rest = slice_from(what, end + 1);
    return true;
}

void node_substitute(struct node_run *run, struct node *node)
{
    struct slice rest = node->text;
    struct buf buf = BUF_INIT(NODE_FILE_MAX + NODE_SUBSTITUTED_MAX);

    if (slice_find_text(rest, SL("${")) == rest.len)
        return;
    while (replace_next(run, node, &rest, &buf))
        continue;
    node->text = arena_copy(run->problems->arena, buf_slice(&buf));
    buf_release_secret(&buf);
}
