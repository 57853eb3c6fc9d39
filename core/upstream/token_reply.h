/*
 * What a token reply says, by the rules of the description: where the tokens stand in it, what is
 * an error, when they expire.
 */
#ifndef CARDEA_UPSTREAM_TOKEN_REPLY_H
#define CARDEA_UPSTREAM_TOKEN_REPLY_H

#include "upstream/login.h"

/* Takes the tokens of a reply that came with that status; `top` becomes login->token_reply (its
 * reference is given away). STEP_NEXT, or the flow has failed. */
enum step_result token_reply_use(struct flow *flow, json_t *top, int status);

/* The same for what the hook read_token has made of a reply. Borrowed. */
enum step_result token_reply_of_hook(struct flow *flow, json_t *tokens);

#endif
