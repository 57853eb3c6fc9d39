/*
 * Pages: templates and texts.
 *
 * Templates are a small Mustache: {{name}} (always escaped), {{#name}}...{{/name}} (for each
 * element of a list, or once when it is true), {{^name}}...{{/name}} (when it is not), {{>part}}
 * (another file). {{t.id}} is a text of the catalogue in the reader's language, in which {{name}}
 * may stand as well. Names may have dots. There is no way to write something unescaped. The text
 * `direction` is "rtl" in a catalogue whose language is written from right to left.
 *
 * Files come from `pages.directory` first, then from the shipped ones; so an operator overrides
 * what he likes. Everything is read and checked once, at start-up: a broken template is a
 * configuration error.
 */
#ifndef CARDEA_HUB_PAGES_H
#define CARDEA_HUB_PAGES_H

#include "base/json.h"
#include "config/node.h"

struct pages;

struct pages_settings {
    const char *directory; /* the operator's; NULL: none */
    const char *shipped;   /* share/cardea: has pages/ and locales/ */
    struct slice locale;   /* "auto" or a tag that is always taken */
    struct slice title;
    struct slice logo; /* URL, or absent */
};

struct pages *pages_load(const struct pages_settings *settings, struct problems *problems);
void pages_free(struct pages *pages);

/* Which language: of `ui_locales` (OIDC, words), else of an Accept-Language header. One of those
 * that exist; static as long as the pages. */
struct slice pages_locale(const struct pages *pages, struct slice ui_locales,
                          struct slice accept_language);

/* The page, in the arena. Absent when there is no such template (a bug). */
struct slice pages_render(const struct pages *pages, struct arena *arena, const char *page,
                          struct slice locale, const json_t *data);

/* A text of the catalogue by its id; the id itself when it is missing. */
struct slice pages_text(const struct pages *pages, struct slice locale, const char *id);

/* A static file (style, mark, logo): its bytes, type and strong ETag (with quotes). False when
 * there is none. */
struct page_file {
    struct slice bytes;
    const char *content_type;
    struct slice etag;
};
bool pages_file(const struct pages *pages, struct slice name, struct page_file *file_r);

/* Where the shipped files are: beside the program in the build tree, or in ../share/cardea. In the
 * arena; NULL when there are none. */
const char *pages_find_shipped(struct arena *arena);

#endif
