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

/* VSCHAR (RFC 6749, A.12 and A.17). What is not could not be sent on, and nobody would notice that
 * it was not. */
bool token_is_visible(struct slice token);

/*
 * Reads a reply that came with tokens or an error from `endpoint` (for the log), of whatever kind
 * it is: `*top_r`, a new reference. STEP_NEXT, or the flow has failed.
 */
enum step_result token_reply_read(struct flow *flow, const char *endpoint, json_t **top_r);
/* Judges it by the error rules of the description: the object with the tokens, borrowed, or NULL
 * when the flow has failed. */
const json_t *token_reply_judge(struct flow *flow, const char *endpoint, json_t *top, int status);

#endif
