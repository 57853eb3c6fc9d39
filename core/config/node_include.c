#include "base/map.h"
#include "config/node_run.h"

#include <errno.h>
#include <glob.h>

/* A file that is being read, and who included it. */
struct document {
    const struct document *outer;
    const char *path;
    dev_t device; /* with `inode`: which file; 0 and 0 for a text from memory */
    ino_t inode;
};

static void follow_includes(struct node_run *run, struct node *root, const struct node *from,
                            const struct document *document);

static bool is_map_or_nothing(const struct node *node)
{
    return node->kind == NODE_MAP || (node->kind == NODE_NULL && !node->broken);
}

static void join(struct node_run *run, struct node *into, const struct node *from,
                 const char *where);

/* Two files give the same key: two maps at the top are one, anything else is a contradiction. */
static void join_member(struct node_run *run, struct node_member *first,
                        const struct node_member *second, const char *where)
{
    if (where == NULL && is_map_or_nothing(first->value) && is_map_or_nothing(second->value)) {
        if (first->value->kind == NODE_NULL)
            *first = *second;
        else if (second->value->kind == NODE_MAP)
            join(run, first->value, second->value, first->name.at);
        return;
    }
    problem_add(run->problems, second->mark,
                "the key `%s%s%.*s` is already given at %s:%u:%u: keep one of them",
                where != NULL ? where : "", where != NULL ? "." : "", SLICE_ARG(second->name),
                first->mark.file, first->mark.line, first->mark.column);
}

/* Takes the members of `from` into the map `into`. `where` is its key; NULL at the top. */
static void join(struct node_run *run, struct node *into, const struct node *from,
                 const char *where)
{
    struct node_member *members =
        arena_alloc(run->problems->arena, (into->count + from->count) * sizeof(*members));
    struct map known = { 0 };

    if (into->count > 0)
        memcpy(members, into->members, into->count * sizeof(*members));
    into->members = members;
    for (size_t i = 0; i < into->count; i++)
        map_set(&known, members[i].name, &members[i]);
    for (size_t i = 0; i < from->count; i++) {
        struct node_member *first = map_get(&known, from->members[i].name);

        if (where == NULL && slice_is(from->members[i].name, "include"))
            continue;
        if (first != NULL)
            join_member(run, first, &from->members[i], where);
        else
            members[into->count++] = from->members[i];
    }
    map_release(&known);
}

/* Which files were opened is known by device and inode: links and ".." do not deceive it. */
static bool is_open(const struct document *document, const struct stat *status)
{
    for (; document != NULL; document = document->outer) {
        if (document->device == status->st_dev && document->inode == status->st_ino)
            return true;
    }
    return false;
}

static bool was_read(const struct node_run *run, const struct stat *status)
{
    for (size_t i = 0; i < run->file_count; i++) {
        if (run->files[i].device == status->st_dev && run->files[i].inode == status->st_ino)
            return true;
    }
    return false;
}

static void remember(struct node_run *run, const struct stat *status)
{
    run->files[run->file_count].device = status->st_dev;
    run->files[run->file_count].inode = status->st_ino;
    run->file_count++;
}

static void read_included(struct node_run *run, struct node *root, const char *path,
                          const struct document *outer, const struct file *file)
{
    struct document document = { outer, path, file->status.st_dev, file->status.st_ino };
    struct node *tree = node_from_yaml(run, path, file->bytes);

    if (tree == NULL) {
        run->problems->incomplete = true;
    } else if (tree->kind != NODE_MAP) {
        problem_add(run->problems, tree->mark, "an included file has keys at its top");
    } else {
        join(run, root, tree, NULL);
        follow_includes(run, root, tree, &document);
    }
}

/* One file that a pattern has found. */
static void include_file(struct node_run *run, struct node *root, const char *found,
                         struct mark mark, const struct document *outer)
{
    struct arena scratch = { 0 };
    struct file file;
    const char *path = arena_string(run->problems->arena, slice_of(found));
    const char *wrong = file_read(&scratch, path, NODE_FILE_MAX, &file);

    if (wrong != NULL) {
        problem_add(run->problems, mark, "the included file `%s` %s", path, wrong);
        run->problems->incomplete = true;
    } else if (is_open(outer, &file.status)) {
        problem_add(run->problems, mark, "`%s` includes itself by this line", path);
    } else if (!was_read(run, &file.status)) {
        remember(run, &file.status);
        read_included(run, root, path, outer, &file);
    }
    arena_release(&scratch);
}

/* A folder that is not there holds no files; one that may not be read could hold some. */
static int judge_folder(const char *path, int error)
{
    (void)path;
    errno = error;
    return error != ENOENT && error != ENOTDIR;
}

/* The folder of the document may have letters in its name that mean something in a pattern. */
static const char *whole_pattern(struct arena *arena, const struct document *document,
                                 struct slice pattern)
{
    struct slice folder = path_folder(slice_of(document->path));
    struct buf buf = BUF_INIT(2 * folder.len + 1);

    for (size_t i = 0; i < folder.len; i++) {
        if (strchr("*?[\\", folder.at[i]) != NULL)
            buf_add_byte(&buf, '\\');
        buf_add_byte(&buf, folder.at[i]);
    }
    struct slice whole = path_from(arena, buf_slice(&buf), pattern);

    buf_release(&buf);
    return whole.at;
}

static void report_glob(struct node_run *run, const struct node *pattern, int result)
{
    if (result == GLOB_NOMATCH && strpbrk(pattern->text.at, "*?[") == NULL)
        problem_add(run->problems, pattern->mark, "there is no file `%.*s` to include",
                    SLICE_ARG(pattern->text));
    else if (result != GLOB_NOMATCH)
        problem_add(run->problems, pattern->mark, "the files for `%.*s` cannot be listed: %s",
                    SLICE_ARG(pattern->text), strerror(errno));
    else
        return;
    run->problems->incomplete = true;
}

static void include_pattern(struct node_run *run, struct node *root, struct node *pattern,
                            const struct document *document)
{
    struct arena scratch = { 0 };
    glob_t found = { 0 };

    if (pattern->broken)
        return;
    if (pattern->kind != NODE_TEXT || pattern->text.len == 0) {
        problem_add(run->problems, pattern->mark,
                    "`include` is a list of file names or patterns such as providers.d/*.yaml");
        pattern->broken = true;
        return;
    }
    int result = glob(whole_pattern(&scratch, document, pattern->text), 0, judge_folder, &found);

    if (result != 0)
        report_glob(run, pattern, result);
    for (size_t i = 0; result == 0 && i < found.gl_pathc; i++) {
        if (run->file_count == NODE_FILES_MAX) {
            problem_add(run->problems, pattern->mark, "more than %d files are included",
                        NODE_FILES_MAX);
            run->problems->incomplete = true;
            break;
        }
        include_file(run, root, found.gl_pathv[i], pattern->mark, document);
    }
    globfree(&found);
    arena_release(&scratch);
}

/* `from` is the tree of the document; what it includes is joined into `root`. */
static void follow_includes(struct node_run *run, struct node *root, const struct node *from,
                            const struct document *document)
{
    struct node *include = node_get(from, "include");

    if (include == NULL || include->kind == NODE_NULL)
        return;
    if (include->kind != NODE_LIST) {
        include_pattern(run, root, include, document);
        return;
    }
    for (size_t i = 0; i < include->count; i++)
        include_pattern(run, root, include->items[i], document);
}

static struct node *read_document(struct node_run *run, const struct document *document,
                                  struct slice text)
{
    struct node *root = node_from_yaml(run, document->path, text);

    if (root == NULL)
        run->problems->incomplete = true;
    else if (run->options->include && root->kind == NODE_MAP)
        follow_includes(run, root, root, document);
    return root;
}

struct node *node_read_file(const char *path, const struct node_options *options,
                            struct problems *problems)
{
    struct node_run run = { .options = options, .problems = problems };
    struct document document = { .path = arena_string(problems->arena, slice_of(path)) };
    struct arena scratch = { 0 };
    struct node *root = NULL;
    struct file file;
    const char *wrong = file_read(&scratch, path, NODE_FILE_MAX, &file);

    if (wrong == NULL) {
        document.device = file.status.st_dev;
        document.inode = file.status.st_ino;
        remember(&run, &file.status);
        root = read_document(&run, &document, file.bytes);
    } else {
        problem_add(problems, (struct mark){ .file = document.path }, "this file %s", wrong);
        problems->incomplete = true;
    }
    arena_release(&scratch);
    return root;
}

struct node *node_read_text(const char *name, struct slice text, const struct node_options *options,
                            struct problems *problems)
{
    struct node_run run = { .options = options, .problems = problems };
    struct document document = { .path = arena_string(problems->arena, slice_of(name)) };

    if (text.len > NODE_FILE_MAX) {
        problem_add(problems, (struct mark){ .file = document.path },
                    "this text is longer than %d bytes", NODE_FILE_MAX);
        return NULL;
    }
    return read_document(&run, &document, text);
}
