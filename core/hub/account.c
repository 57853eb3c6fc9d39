#include "hub/account.h"

#include "crypto/digest.h"

static const struct record_field identity_table[] = {
    RECORD_FIELD(1, RECORD_TEXT, struct identity, provider),
    RECORD_FIELD(2, RECORD_SEALED, struct identity, subject),
    RECORD_FIELD(3, RECORD_SEALED, struct identity, claims),
    RECORD_FIELD(4, RECORD_INT, struct identity, linked),
    RECORD_FIELD(5, RECORD_INT, struct identity, used),
    RECORD_END,
};

static const struct record_field account_table[] = {
    RECORD_FIELD(1, RECORD_INT, struct account, created),
    RECORD_LIST_FIELD(2, struct account, identities, identity_table, struct identity),
    RECORD_END,
};

struct slice identity_key(struct arena *arena, struct slice provider, struct slice subject)
{
    /* The subject may be anything, an e-mail address too: its hash is the name. */
    return arena_concat(arena, SL("identity:"), provider, SL(":"), sha256_text(arena, subject));
}

struct slice account_key(struct arena *arena, struct slice id)
{
    return arena_concat(arena, SL("account:"), id);
}

struct slice account_write(struct request *request, const struct account *account)
{
    struct arena *arena = request_arena(request);

    return record_write(arena, request->hub->records, account_key(arena, account->id),
                        account_table, account);
}

bool account_read(struct request *request, struct slice id, struct slice bytes,
                  struct account *account_r)
{
    struct arena *arena = request_arena(request);

    *account_r = (struct account){ .id = id };
    return record_read(arena, request->hub->records, account_key(arena, id), account_table, bytes,
                       account_r);
}
