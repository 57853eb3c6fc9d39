/*
 * Accounts: people as we know them. One stable `sub`, and the identities by which they come in.
 */
#ifndef CARDEA_HUB_ACCOUNT_H
#define CARDEA_HUB_ACCOUNT_H

#include "hub/request.h"
#include "store/record.h"

struct identity {
    struct slice provider;
    struct slice subject; /* with the issuer in front where the provider has many */
    struct slice claims;  /* as of the last login there, JSON */
    int64_t linked;
    int64_t used;
};

struct account {
    struct slice id; /* is the `sub` */
    int64_t created;
    struct record_list identities; /* struct identity */
    uint64_t version;
};

/* The record of an identity holds the id of its account. */
struct slice identity_key(struct arena *arena, struct slice provider, struct slice subject);
struct slice account_key(struct arena *arena, struct slice id);

struct slice account_write(struct request *request, const struct account *account);
bool account_read(struct request *request, struct slice id, struct slice bytes,
                  struct account *account_r);

#endif
