#include "hub/pages.h"

#include "base/file.h"
#include "base/map.h"
#include "base/memory.h"
#include "crypto/digest.h"
#include "hub/mustache.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <unistd.h>

enum {
    FILE_LIMIT = 1024 * 1024,
    PAGE_LIMIT = 2 * 1024 * 1024,
    LOCALES_MAX = 64,
    ACCEPTED_MAX = 32, /* elements of Accept-Language that are looked at */
    TAG_MAX = 64       /* bytes of a language tag; longer ones name no language of ours */
};

struct locale {
    struct slice tag; /* "en", "pt-br": lower case */
    struct map texts; /* id to struct slice * */
};

struct pages {
    struct arena arena;
    struct map templates; /* name without ".html" to struct slice * */
    struct map files;     /* name to struct page_file * */
    struct locale locales[LOCALES_MAX];
    size_t locale_count;
    struct slice fixed_locale; /* absent: by what the browser wants */
    struct slice title;
    struct slice logo;
};

static const struct {
    const char *ending;
    const char *type;
} content_types[] = {
    { ".css", "text/css; charset=utf-8" },
    { ".svg", "image/svg+xml" },
    { ".png", "image/png" },
    { ".ico", "image/x-icon" },
    { ".woff2", "font/woff2" },
    { ".jpg", "image/jpeg" },
    { ".webp", "image/webp" },
    { ".js", "text/javascript; charset=utf-8" },
};

/* ---- loading ---- */

static const char *content_type(struct slice name)
{
    for (size_t i = 0; i < sizeof(content_types) / sizeof(content_types[0]); i++) {
        if (slice_ends(name, slice_of(content_types[i].ending)))
            return content_types[i].type;
    }
    return NULL;
}

static void add_template(struct pages *pages, const char *path, struct slice name,
                         struct slice text, struct problems *problems)
{
    struct slice *value = arena_new(&pages->arena, struct slice);
    size_t at;
    const char *wrong = mustache_check(text, &at);

    if (wrong != NULL) {
        struct mark mark = { path, 1, 1 };

        for (size_t i = 0; i < at; i++) {
            mark.column = text.at[i] == '\n' ? 1 : mark.column + 1;
            mark.line += text.at[i] == '\n';
        }
        problem_add(problems, mark, "%s", wrong);
        return;
    }
    *value = text;
    map_set(&pages->templates, arena_copy(&pages->arena, slice_sub(name, 0, name.len - 5)), value);
}

static void add_file(struct pages *pages, struct slice name, struct slice bytes, const char *type)
{
    struct page_file *file = arena_new(&pages->arena, struct page_file);
    struct slice hash = sha256_text(&pages->arena, bytes);

    *file = (struct page_file){ bytes, type, arena_printf(&pages->arena, "\"%.22s\"", hash.at) };
    map_set(&pages->files, arena_copy(&pages->arena, name), file);
}

static struct locale *locale_for(struct pages *pages, struct slice tag)
{
    for (size_t i = 0; i < pages->locale_count; i++) {
        if (slice_equal_nocase(pages->locales[i].tag, tag))
            return &pages->locales[i];
    }
    if (pages->locale_count == LOCALES_MAX)
        return NULL;
    pages->locales[pages->locale_count].tag = arena_copy(&pages->arena, tag);
    return &pages->locales[pages->locale_count++];
}

static void add_locale(struct pages *pages, const char *path, struct slice tag,
                       struct problems *problems)
{
    struct node_options options = { 0 };
    struct node *root = node_read_file(path, &options, problems);
    struct locale *locale = locale_for(pages, tag);

    if (locale == NULL)
        problem_add(problems, (struct mark){ path, 0, 0 }, "is one language too many");
    for (size_t i = 0; root != NULL && locale != NULL && i < root->count; i++) {
        struct node_member *member = &root->members[i];
        struct slice *text = arena_new(&pages->arena, struct slice);
        size_t at;

        *text = arena_copy(&pages->arena, member->value->text);
        if (member->value->kind != NODE_TEXT || mustache_check(*text, &at) != NULL)
            problem_add(problems, member->mark, "`%.*s` is no text, or has a broken {{tag}}",
                        SLICE_ARG(member->name));
        else
            map_set(&locale->texts, arena_copy(&pages->arena, member->name), text);
    }
}

static void load_one(struct pages *pages, const char *folder, const char *file,
                     struct problems *problems)
{
    struct slice name = slice_of(file);
    const char *path = arena_printf(problems->arena, "%s/%s", folder, file).at;
    struct file read;

    if (slice_ends(name, SL(".yaml"))) {
        add_locale(pages, path, slice_sub(name, 0, name.len - 5), problems);
    } else if (slice_ends(name, SL(".html")) || content_type(name) != NULL) {
        const char *wrong = file_read(&pages->arena, path, FILE_LIMIT, &read);

        if (wrong != NULL)
            problem_add(problems, (struct mark){ path, 0, 0 }, "%s", wrong);
        else if (slice_ends(name, SL(".html")))
            add_template(pages, path, name, read.bytes, problems);
        else
            add_file(pages, name, read.bytes, content_type(name));
    }
}

static void load_folder(struct pages *pages, const char *folder, bool must_exist,
                        struct problems *problems)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    if (dir == NULL && must_exist)
        problem_add(problems,
                    (struct mark){ arena_string(problems->arena, slice_of(folder)), 0, 0 },
                    "cannot be read: %s", strerror(errno));
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.')
            load_one(pages, folder, entry->d_name, problems);
    }
    if (dir != NULL)
        closedir(dir);
}

static const char *below(struct pages *pages, const char *folder, const char *name)
{
    return arena_printf(&pages->arena, "%s/%s", folder, name).at;
}

/* The catalogue of a tag: its own, or that of a shorter one, "de" for "de-AT" (RFC 4647, 3.4). */
static const struct locale *match(const struct pages *pages, struct slice tag)
{
    while (tag.len > 0 && tag.len <= TAG_MAX) {
        for (size_t i = 0; i < pages->locale_count; i++) {
            if (slice_equal_nocase(pages->locales[i].tag, tag))
                return &pages->locales[i];
        }
        do
            tag.len--;
        while (tag.len > 0 && tag.at[tag.len] != '-');
    }
    return NULL;
}

static void fix_locale(struct pages *pages, struct slice tag, struct problems *problems)
{
    const struct locale *found = match(pages, tag);

    if (found == NULL)
        problem_add(problems, (struct mark){ NULL, 0, 0 },
                    "`pages.locale: %.*s` has no file in locales/", SLICE_ARG(tag));
    else
        pages->fixed_locale = found->tag;
}

struct pages *pages_load(const struct pages_settings *settings, struct problems *problems)
{
    struct pages *pages = mem_zalloc(1, sizeof(*pages));

    /* English first: it is what everything falls back on. */
    locale_for(pages, SL("en"));
    load_folder(pages, below(pages, settings->shipped, "pages"), true, problems);
    load_folder(pages, below(pages, settings->shipped, "locales"), true, problems);
    if (settings->directory != NULL) {
        load_folder(pages, settings->directory, true, problems);
        load_folder(pages, below(pages, settings->directory, "locales"), false, problems);
    }
    pages->title = arena_copy(&pages->arena, settings->title);
    pages->logo = arena_copy(&pages->arena, settings->logo);
    if (slice_is_set(settings->locale) && !slice_is(settings->locale, "auto"))
        fix_locale(pages, settings->locale, problems);
    return pages;
}

void pages_free(struct pages *pages)
{
    if (pages == NULL)
        return;
    for (size_t i = 0; i < pages->locale_count; i++)
        map_release(&pages->locales[i].texts);
    map_release(&pages->templates);
    map_release(&pages->files);
    arena_release(&pages->arena);
    mem_free(pages);
}

/* ---- languages ---- */

/* A weight in thousandths (RFC 9110, 12.4.2); what is none is 0: not wanted. */
static unsigned read_weight(struct slice text)
{
    struct slice whole;
    struct slice digits;
    unsigned weight = 0;

    slice_cut(text, '.', &whole, &digits);
    if (slice_is(whole, "1"))
        return 1000;
    if (!slice_is(whole, "0") || digits.len > 3)
        return 0;
    for (size_t i = 0; i < 3; i++) {
        char digit = i < digits.len ? digits.at[i] : '0';

        if (digit < '0' || digit > '9')
            return 0;
        weight = weight * 10 + (unsigned)(digit - '0');
    }
    return weight;
}

/* Of one element of Accept-Language; 1000 when nothing is said. */
static unsigned quality(struct slice parameters)
{
    struct slice parameter;

    while (slice_next(&parameters, ';', &parameter)) {
        parameter = slice_trim(parameter);
        if (slice_starts(parameter, SL("q=")) || slice_starts(parameter, SL("Q=")))
            return read_weight(slice_from(parameter, 2));
    }
    return 1000;
}

struct slice pages_locale(const struct pages *pages, struct slice ui_locales,
                          struct slice accept_language)
{
    const struct locale *best = &pages->locales[0];
    unsigned best_quality = 0;
    struct slice part;

    if (slice_is_set(pages->fixed_locale))
        return pages->fixed_locale;
    while (slice_next_word(&ui_locales, &part)) {
        const struct locale *found = match(pages, part);

        if (found != NULL)
            return found->tag;
    }
    for (int i = 0; i < ACCEPTED_MAX && slice_next(&accept_language, ',', &part); i++) {
        struct slice tag;
        struct slice parameters;

        slice_cut(slice_trim(part), ';', &tag, &parameters);
        const struct locale *found = match(pages, slice_trim(tag));

        if (found != NULL && quality(parameters) > best_quality) {
            best = found;
            best_quality = quality(parameters);
        }
    }
    return best->tag;
}

/* ---- rendering ---- */

struct rendering {
    const struct pages *pages;
    const struct locale *locale;
};

static struct slice find_part(void *context, struct slice name)
{
    const struct rendering *rendering = context;
    const struct slice *text = map_get(&rendering->pages->templates, name);

    return text != NULL ? *text : slice_none();
}

static struct slice find_text(void *context, struct slice id)
{
    const struct rendering *rendering = context;
    const struct slice *text = NULL;

    if (rendering->locale != NULL)
        text = map_get(&rendering->locale->texts, id);
    if (text == NULL)
        text = map_get(&rendering->pages->locales[0].texts, id);
    return text != NULL ? *text : slice_none();
}

struct slice pages_text(const struct pages *pages, struct slice locale, const char *id)
{
    struct rendering rendering = { pages, match(pages, locale) };
    struct slice text = find_text(&rendering, slice_of(id));

    return slice_is_set(text) ? text : slice_of(id);
}

struct slice pages_render(const struct pages *pages, struct arena *arena, const char *page,
                          struct slice locale, const json_t *data)
{
    struct rendering rendering = { pages, match(pages, locale) };
    struct mustache_source source = { find_part, find_text, &rendering };
    const struct slice *text = map_get(&pages->templates, slice_of(page));
    struct buf out = BUF_INIT(PAGE_LIMIT);
    json_t *whole;

    if (text == NULL)
        return slice_none();
    whole = json_copy((json_t *)(uintptr_t)data);
    json_set_slice(whole, "locale", locale);
    json_set_slice(whole, "site", pages->title);
    json_set_slice(whole, "logo", pages->logo);
    mustache_render(*text, whole, &source, &out);
    json_decref(whole);
    struct slice html = arena_copy(arena, buf_slice(&out));

    buf_release_secret(&out);
    return html;
}

bool pages_file(const struct pages *pages, struct slice name, struct page_file *file_r)
{
    const struct page_file *file = map_get(&pages->files, name);

    if (file != NULL)
        *file_r = *file;
    return file != NULL;
}

const char *pages_find_shipped(struct arena *arena)
{
    static const char *const places[] = { "share/cardea", "../share/cardea" };
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (len <= 0)
        return NULL;
    self[len] = '\0';
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const char *path = arena_printf(arena, "%s/%s", self, places[i]).at;
        const char *pages = arena_printf(arena, "%s/pages", path).at;

        if (access(pages, R_OK | X_OK) == 0)
            return path;
    }
    return NULL;
}
