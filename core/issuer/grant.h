/*
 * A grant: what an account (or a client for itself) has allowed one client. Code, refresh
 * generations and access tokens are all inside one record, so that exchange, rotation, replay
 * detection and revocation are each one atomic step on one key.
 *
 * A token is a tag that tells its kind, the grant's id, and 256 random bits; the record holds only
 * a SHA-256 of the latter. Refresh tokens of one grant form a chain: the next secret is an HMAC of
 * the one before, under a key that lies sealed in the grant. So a refresh token of any earlier
 * generation can be recognised (and ends the grant), the successor can be told again within the
 * grace, and neither needs a list.
 */
#ifndef CARDEA_ISSUER_GRANT_H
#define CARDEA_ISSUER_GRANT_H

#include "hub/request.h"
#include "store/record.h"

enum token_kind {
    TOKEN_CODE,
    TOKEN_ACCESS,
    TOKEN_REFRESH,
    TOKEN_KINDS
};

enum {
    GRANT_TOKENS_MAX = 64, /* living access tokens of one grant; one more ends the oldest */
    GRANT_CHAIN_MAX = 1000 /* generations back that are still recognised */
};

struct access_token {
    struct slice hash; /* SHA-256, 32 bytes */
    int64_t issued;
    int64_t expires;
    struct slice scope;    /* absent: the grant's */
    struct slice audience; /* words; absent: the grant's */
};

struct grant {
    struct slice id;
    struct slice client_id;
    struct slice account; /* `sub`; absent: the client for itself */
    struct slice session; /* in which it was given; absent: it outlives sessions (offline_access) */
    struct slice idp;
    struct slice scope;
    struct slice audience; /* words */
    struct slice claims;   /* what is issued about the account: members of a JSON object, sealed */
    struct slice nonce;
    struct slice acr;
    struct slice amr;
    int64_t auth_time;
    int64_t created;

    struct slice redirect_uri; /* as the authorization request had it; absent: it had none */
    struct slice code_challenge;
    struct slice code_hash;
    int64_t code_expires;
    int64_t code_used;

    struct slice chain; /* key of the refresh chain, sealed; absent: no refresh token was issued */
    struct slice refresh_hash;
    int64_t refresh_generation;
    int64_t refresh_expires;
    int64_t refresh_rotated; /* when the present generation came */
    int64_t refresh_retries; /* how often its predecessor was accepted since */

    struct record_list access; /* struct access_token */
    uint64_t version;
};

/* A token taken apart. Slices point into its text. */
struct token_text {
    enum token_kind kind;
    struct slice grant_id;
    struct slice secret; /* 43 characters */
    int64_t generation;  /* refresh tokens */
};

/* A fresh grant with an id; times are set. */
struct grant *grant_new(struct request *request, const struct client_settings *client);

/* Makes a token of a kind and notes its hash in the grant. Text in the arena. */
struct slice grant_issue_code(struct request *request, struct grant *grant);
struct slice grant_issue_access(struct request *request, struct grant *grant, struct slice scope,
                                struct slice audience);
/* For a signed access token: notes its `jti` (grant id, a dot, random) instead of a secret. */
struct slice grant_issue_jti(struct request *request, struct grant *grant, struct slice scope,
                             struct slice audience);
/* The first refresh token, or the successor of the one that was presented. */
struct slice grant_issue_refresh(struct request *request, struct grant *grant,
                                 struct slice presented);

/* What a presented refresh token is to its grant. */
enum refresh_verdict {
    REFRESH_CURRENT,
    REFRESH_WITHIN_GRACE, /* its successor is out, but only just: the answer may have been lost */
    REFRESH_REPLAYED,     /* an earlier generation: somebody has a copy */
    REFRESH_UNKNOWN
};
enum refresh_verdict grant_judge_refresh(const struct request *request, const struct grant *grant,
                                         const struct token_text *token);

/* False when it is no token of ours. */
bool token_text_read(struct slice text, struct token_text *token_r);

/* The living access token of that secret (or jti), or NULL. */
const struct access_token *grant_find_access(const struct grant *grant, struct slice secret);

/* The one code of a grant: is that its secret? */
bool grant_code_is(const struct grant *grant, struct slice secret);

/* Commands. The record lives until its last token dies. */
struct store_command grant_get(struct request *request, struct slice id);
struct store_command grant_put(struct request *request, const struct grant *grant,
                               enum store_verb verb);
struct store_command grant_remove(struct request *request, const struct grant *grant);
/* What a get has found; NULL when there is no such grant, or its provider is no longer configured.
 */
struct grant *grant_read(struct request *request, const struct store_command *command);

/* The same for who does not write it back: of what is sealed only the part that is named. */
enum grant_part {
    GRANT_PLAIN,
    GRANT_CLAIMS,
    GRANT_WHOLE
};
struct grant *grant_read_part(struct request *request, const struct store_command *command,
                              enum grant_part part);

#endif
