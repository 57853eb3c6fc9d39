/*
 * What a browser carries for us while it is away: sealed cookies, so that nothing is stored for a
 * visitor who has not logged in.
 *
 * A return ticket is what a login is for: the authorization request it interrupted, or a path of
 * ours. An attempt is one way to a provider and back: several may be under way, in several tabs,
 * for one ticket. Both are named for a random id and carry their time; a browser that begins many
 * logins and ends none loses the oldest, so that its requests never grow too large.
 */
#ifndef CARDEA_HUB_TICKET_H
#define CARDEA_HUB_TICKET_H

#include "hub/request.h"

enum {
    TICKET_MAX = 3000, /* bytes of a sealed cookie; browsers take 4096 with name and flags */
    TICKETS_KEPT = 4,
    ATTEMPTS_KEPT = 6
};

struct ticket {
    struct slice id;
    int64_t created;
    struct slice query;     /* the authorization request, as a query; absent: a login of our own */
    struct slice return_to; /* a path of ours */
    struct slice client_id; /* whose request it is */
    struct slice error;     /* how the login ended, when it did not: an error code for the client */
    struct slice session;   /* id of the session that a login for this ticket has begun */
};

struct attempt {
    struct slice id; /* is the `state` that the provider gets */
    int64_t created;
    struct slice provider;
    struct slice nonce;
    struct slice verifier;
    struct slice ticket;    /* id; may be absent */
    struct slice return_to; /* without a ticket */
    struct slice memory;    /* what hooks remember, JSON */
    bool form_post;
    /* The temporary credentials of OAuth 1.0a, which has no `state`. */
    struct slice oauth_token;
    struct slice oauth_token_secret;
};

/* Gives it a fresh id and adds its cookie. False, with flow.error set, when it is too large. */
bool ticket_issue(struct request *request, struct ticket *ticket);
/* The same cookie anew, with what has changed. */
void ticket_update(struct request *request, const struct ticket *ticket);
/* False when there is no such cookie, or it does not open, or is older than `lifetimes.login`. */
bool ticket_open(struct request *request, struct slice id, struct ticket *ticket_r);
void ticket_drop(struct request *request, struct slice id);

/* Fresh secrets for an attempt, its id among them; then, when all is known, its cookie. */
void attempt_begin(struct request *request, struct attempt *attempt);
bool attempt_issue(struct request *request, const struct attempt *attempt);
bool attempt_open(struct request *request, struct slice id, struct attempt *attempt_r);
/* The attempt whose oauth_token that is. */
bool attempt_find(struct request *request, struct slice oauth_token, struct attempt *attempt_r);
void attempt_drop(struct request *request, struct slice id);

#endif
