/*
 * The Cookie header (RFC 6265, 4.2.1): `name=value` pairs with "; " between them.
 *
 * Read as it stands: nothing is decoded, quotes belong to the value, names are compared byte by
 * byte. The prefix of a name (`__Host-`) is worth something only because browsers keep to it.
 */
#ifndef CARDEA_PROTOCOL_COOKIES_H
#define CARDEA_PROTOCOL_COOKIES_H

#include "base/slice.h"

/*
 * Cuts the next pair off `*rest`, which is the value of a Cookie header at first; false when there
 * is none left. Pieces without '=' are passed over, white space around a pair is not part of it.
 */
bool cookie_next(struct slice *rest, struct slice *name_r, struct slice *value_r);

#endif
