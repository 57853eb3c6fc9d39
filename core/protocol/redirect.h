/*
 * Where an authorization response may go (RFC 6749, 3.1.2; RFC 9700, 2.1; RFC 8252).
 *
 * Comparison is byte by byte. One exception: a registered http address on 127.0.0.1 or [::1]
 * matches any port (RFC 8252, 7.3), because a native app cannot choose its port beforehand.
 */
#ifndef CARDEA_PROTOCOL_REDIRECT_H
#define CARDEA_PROTOCOL_REDIRECT_H

#include "base/url.h"

bool redirect_uri_matches(struct slice registered, struct slice given);

#endif
