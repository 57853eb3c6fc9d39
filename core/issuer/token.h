/*
 * What the token endpoint's flow keeps, for its grants.
 */
#ifndef CARDEA_ISSUER_TOKEN_H
#define CARDEA_ISSUER_TOKEN_H

#include "hub/session.h"
#include "issuer/tokens.h"

struct token {
    struct token_text presented;  /* code or refresh token */
    struct store_command command; /* on the grant */
    struct store_command session_commands[2];
    struct issue issue;
    unsigned conflicts;
};

#endif
