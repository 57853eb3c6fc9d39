/*
 * Names in sentences (Unicode Standard Annex 9). A name may be written from right to left, or bring
 * characters that turn round what comes after it: "You are signed in as" and a name that makes it
 * read otherwise.
 */
#ifndef CARDEA_HUB_BIDI_H
#define CARDEA_HUB_BIDI_H

#include "base/buf.h"

/* Adds text that stands in a sentence, escaped for HTML. Where it could turn that sentence it
 * stands between FSI and PDI, without embeddings, overrides and isolates of its own; most text is
 * added as it is. */
void buf_add_isolated_html(struct buf *buf, struct slice text);

#endif
