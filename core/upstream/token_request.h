/*
 * The token request of a login or a refresh, by the rules of the description (RFC 6749, 4.1.3 and
 * 6).
 */
#ifndef CARDEA_UPSTREAM_TOKEN_REQUEST_H
#define CARDEA_UPSTREAM_TOKEN_REQUEST_H

#include "upstream/login.h"

/* login->code (or, refreshing, login->tokens) in; login->tokens and login->token_reply out. */
extern const struct step token_request[];

#endif
