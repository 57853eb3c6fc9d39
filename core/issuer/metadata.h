/*
 * What we publish about ourselves: made once, from what is configured, and sent as it lies there.
 */
#ifndef CARDEA_ISSUER_METADATA_H
#define CARDEA_ISSUER_METADATA_H

#include "hub/hub.h"

/* The discovery document (OpenID Connect Discovery, 3; RFC 8414, 2). In the hub's arena. */
struct slice metadata_document(struct hub *hub);

#endif
