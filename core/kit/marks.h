/*
 * Marks: by what stands behind the codes and tokens of a play ("gho_1~4f2a"), later requests are
 * told apart, although every play of a case has the same ones. They are put on when something goes
 * out, and taken off before a request is compared with the case. The token that an app gets for
 * itself has none.
 */
#ifndef CARDEA_KIT_MARKS_H
#define CARDEA_KIT_MARKS_H

#include "kit/simulator.h"

/* The length of the code or token of the case that stands at `text.at[at]`, behind which the mark
 * belongs; 0 when there is none, or the play has no mark. */
size_t mark_token_at(const struct play *play, struct slice text, size_t at);

/* Has such a request to bring a code or a token of its login, by which one knows whose it is? */
bool mark_is_wanted(const struct play *play, const struct kit_exchange *exchange);

/* Does this play's mark stand in what came? */
bool mark_stands_in(const struct play *play, struct slice text);

/* What came, without this play's mark. In its arena. */
struct slice mark_remove(struct play *play, struct slice text);

#endif
