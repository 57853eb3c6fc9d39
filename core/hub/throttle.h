/*
 * How often somebody may try: counts per name and window, in the worker's own memory.
 *
 * A fixed table: names that fall on the same place displace each other, so that a stranger with
 * many addresses costs no memory and at worst forgets somebody's count. Nothing is stored.
 */
#ifndef CARDEA_HUB_THROTTLE_H
#define CARDEA_HUB_THROTTLE_H

#include "config/fields.h"

struct throttle;

struct throttle *throttle_new(void);
void throttle_free(struct throttle *throttle);

/* Counts `amount` (0: only looks) and tells whether the name is beyond `rate` in the present
 * window. */
bool throttle_exceeds(struct throttle *throttle, const struct rate *rate, struct slice kind,
                      struct slice name, unsigned amount);

#endif
