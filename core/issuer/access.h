/*
 * An access token that is presented to us: which grant, and does it still live?
 */
#ifndef CARDEA_ISSUER_ACCESS_H
#define CARDEA_ISSUER_ACCESS_H

#include "issuer/grant.h"

struct access {
    struct slice grant_id; /* absent: it is no token of ours at all */
    struct slice secret;   /* of an opaque token, or the jti of a signed one */
    struct store_command command;
    struct grant *grant; /* NULL: dead, or never was */
    const struct access_token *token;
    struct slice scope;
    struct slice audience; /* words */
};

/* Recognises an opaque token or one that we have signed (RFC 9068). Nothing is looked up. */
bool access_recognise(struct request *request, struct slice text, struct access *access_r);

/* The lookup, as an operation of the flow; and what it found. False, with flow.error set, when the
 * store does not answer. A dead token is no error: `grant` is NULL then. */
enum step_result access_ask(struct request *request, struct access *access);
bool access_read(struct request *request, struct access *access, enum grant_part part);

#endif
