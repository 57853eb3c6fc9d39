/*
 * Templates: a small Mustache, as pages.h describes it. Pure; a template is checked once and then
 * rendered as often as one likes.
 */
#ifndef CARDEA_HUB_MUSTACHE_H
#define CARDEA_HUB_MUSTACHE_H

#include "base/buf.h"
#include "base/json.h"

struct mustache_source {
    /* The text of a part ({{>name}}), or absent. */
    struct slice (*part)(void *context, struct slice name);
    /* A text of the catalogue ({{t.id}}), or absent. */
    struct slice (*text)(void *context, struct slice id);
    void *context;
};

/* NULL when every tag is closed and well-formed, else a static sentence; `*at_r` is the byte of the
 * tag. */
const char *mustache_check(struct slice template, size_t *at_r);

/* Renders into `out`, whose failure tells that it was too long. Parts, texts and sections inside
 * each other go 24 deep and what is deeper is left out; at most 100000 tags are followed, so that
 * texts which name each other come to an end. What is filled into a text of the catalogue keeps its
 * own direction of writing and leaves the sentence its own; elsewhere that is for <bdi>. */
void mustache_render(struct slice template, const json_t *data,
                     const struct mustache_source *source, struct buf *out);

#endif
