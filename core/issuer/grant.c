#include "issuer/grant.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/random.h"
#include "crypto/digest.h"
#include "crypto/secret.h"

enum {
    GRANT_ID_BYTES = 16,
    GRANT_ID_LEN = 22,
    SECRET_BYTES = 32,
    SECRET_LEN = 43,
    TAG_LEN = 4,
    CLAIMS_TAG = 7, /* in the record */
    RETRIES_MAX = 5
};

static const struct slice tags[TOKEN_KINDS] = { SLICE("cac_"), SLICE("cat_"), SLICE("crt_") };

static const struct record_field access_table[] = {
    RECORD_FIELD(1, RECORD_TEXT, struct access_token, hash),
    RECORD_FIELD(2, RECORD_INT, struct access_token, issued),
    RECORD_FIELD(3, RECORD_INT, struct access_token, expires),
    RECORD_FIELD(4, RECORD_TEXT, struct access_token, scope),
    RECORD_FIELD(5, RECORD_TEXT, struct access_token, audience),
    RECORD_END,
};

static const struct record_field grant_table[] = {
    RECORD_FIELD(1, RECORD_TEXT, struct grant, client_id),
    RECORD_FIELD(2, RECORD_TEXT, struct grant, account),
    RECORD_FIELD(3, RECORD_TEXT, struct grant, session),
    RECORD_FIELD(4, RECORD_TEXT, struct grant, idp),
    RECORD_FIELD(5, RECORD_TEXT, struct grant, scope),
    RECORD_FIELD(6, RECORD_TEXT, struct grant, audience),
    RECORD_FIELD(CLAIMS_TAG, RECORD_SEALED, struct grant, claims),
    RECORD_FIELD(8, RECORD_TEXT, struct grant, nonce),
    RECORD_FIELD(9, RECORD_TEXT, struct grant, acr),
    RECORD_FIELD(10, RECORD_TEXT, struct grant, amr),
    RECORD_FIELD(11, RECORD_INT, struct grant, auth_time),
    RECORD_FIELD(12, RECORD_INT, struct grant, created),
    RECORD_FIELD(13, RECORD_TEXT, struct grant, redirect_uri),
    RECORD_FIELD(14, RECORD_TEXT, struct grant, code_challenge),
    RECORD_FIELD(15, RECORD_TEXT, struct grant, code_hash),
    RECORD_FIELD(16, RECORD_INT, struct grant, code_expires),
    RECORD_FIELD(17, RECORD_INT, struct grant, code_used),
    RECORD_FIELD(18, RECORD_SEALED, struct grant, chain),
    RECORD_FIELD(19, RECORD_TEXT, struct grant, refresh_hash),
    RECORD_FIELD(20, RECORD_INT, struct grant, refresh_generation),
    RECORD_FIELD(21, RECORD_INT, struct grant, refresh_expires),
    RECORD_FIELD(22, RECORD_INT, struct grant, refresh_rotated),
    RECORD_FIELD(23, RECORD_INT, struct grant, refresh_retries),
    RECORD_LIST_FIELD(24, struct grant, access, access_table, struct access_token),
    RECORD_END,
};

static struct slice hash_bytes(struct arena *arena, struct slice secret)
{
    unsigned char out[SHA256_SIZE];

    sha256(out, &secret, 1);
    return arena_copy(arena, slice_make((const char *)out, sizeof(out)));
}

static bool hash_is(const unsigned char right[SHA256_SIZE], struct slice hash)
{
    return hash.len == SHA256_SIZE && secret_equal_bytes(right, hash.at, SHA256_SIZE);
}

static bool is_hash_of(struct slice hash, struct slice secret)
{
    unsigned char right[SHA256_SIZE];

    sha256(right, &secret, 1);
    return hash_is(right, hash);
}

static struct slice make_text(struct arena *arena, enum token_kind kind, struct slice id,
                              struct slice secret)
{
    return arena_concat(arena, tags[kind], id, secret);
}

struct grant *grant_new(struct request *request, const struct client_settings *client)
{
    struct grant *grant = arena_new(request_arena(request), struct grant);

    grant->id = random_token(request_arena(request), GRANT_ID_BYTES);
    grant->client_id = client->named.id;
    grant->created = clock_now();
    return grant;
}

/* ---- issuing ---- */

struct slice grant_issue_code(struct request *request, struct grant *grant)
{
    struct arena *arena = request_arena(request);
    struct slice secret = random_token(arena, SECRET_BYTES);

    grant->code_hash = hash_bytes(arena, secret);
    grant->code_expires = clock_now() + request->hub->settings->lifetimes.code / 1000;
    grant->code_used = 0;
    return make_text(arena, TOKEN_CODE, grant->id, secret);
}

/* Without the dead ones and, of too many living, the oldest; with room for one more. */
static struct access_token *add_access(struct arena *arena, struct grant *grant)
{
    const struct access_token *old = grant->access.at;
    struct access_token *list = arena_zalloc(arena, (grant->access.count + 1) * sizeof(*list));
    int64_t now = clock_now();
    size_t count = 0;

    for (size_t i = 0; i < grant->access.count; i++) {
        if (old[i].expires > now)
            list[count++] = old[i];
    }
    if (count >= GRANT_TOKENS_MAX) {
        size_t surplus = count - GRANT_TOKENS_MAX + 1;

        list += surplus;
        count -= surplus;
    }
    list[count] = (struct access_token){ 0 };
    grant->access = (struct record_list){ list, count + 1 };
    return &list[count];
}

static void note_access(struct request *request, struct grant *grant, struct slice secret,
                        struct slice scope, struct slice audience)
{
    struct access_token *token = add_access(request_arena(request), grant);

    token->hash = hash_bytes(request_arena(request), secret);
    token->issued = clock_now();
    token->expires = token->issued + request->hub->settings->lifetimes.access_token / 1000;
    /* What is the grant's own is not repeated for each token. */
    token->scope = slice_equal(scope, grant->scope) ? slice_none() : scope;
    token->audience = slice_equal(audience, grant->audience) ? slice_none() : audience;
}

struct slice grant_issue_access(struct request *request, struct grant *grant, struct slice scope,
                                struct slice audience)
{
    struct slice secret = random_token(request_arena(request), SECRET_BYTES);

    note_access(request, grant, secret, scope, audience);
    return make_text(request_arena(request), TOKEN_ACCESS, grant->id, secret);
}

struct slice grant_issue_jti(struct request *request, struct grant *grant, struct slice scope,
                             struct slice audience)
{
    struct arena *arena = request_arena(request);
    struct slice jti = arena_concat(arena, grant->id, SL("."), random_token(arena, GRANT_ID_BYTES));

    note_access(request, grant, jti, scope, audience);
    return jti;
}

static struct slice next_secret(struct arena *arena, struct slice chain, struct slice secret)
{
    unsigned char out[DIGEST_MAX];
    size_t len = digest_hmac(DIGEST_SHA256, chain, secret, out);

    return base64url_encode(arena, slice_make((const char *)out, len));
}

struct slice grant_issue_refresh(struct request *request, struct grant *grant,
                                 struct slice presented)
{
    struct arena *arena = request_arena(request);
    struct slice secret;

    if (!slice_is_set(grant->chain)) {
        char key[SECRET_BYTES];

        random_bytes(key, sizeof(key));
        grant->chain = arena_copy(arena, slice_make(key, sizeof(key)));
        grant->refresh_generation = 0;
        grant->refresh_expires =
            clock_now() + request->hub->settings->lifetimes.refresh_token / 1000;
        secret = random_token(arena, SECRET_BYTES);
    } else {
        secret = next_secret(arena, grant->chain, presented);
    }
    if (!is_hash_of(grant->refresh_hash, secret)) { /* not the successor that is out already */
        grant->refresh_generation++;
        grant->refresh_hash = hash_bytes(arena, secret);
        grant->refresh_rotated = clock_now();
        grant->refresh_retries = 0;
    } else {
        grant->refresh_retries++;
    }
    return arena_printf(arena, "%.*s.%lld",
                        SLICE_ARG(make_text(arena, TOKEN_REFRESH, grant->id, secret)),
                        (long long)grant->refresh_generation);
}

/* ---- judging ---- */

bool token_text_read(struct slice text, struct token_text *token_r)
{
    struct slice generation = slice_none();
    uint64_t number = 0;
    size_t kind = 0;

    while (kind < TOKEN_KINDS && !slice_starts(text, tags[kind]))
        kind++;
    if (kind == TOKEN_KINDS)
        return false;
    if (kind == TOKEN_REFRESH && (!slice_cut(text, '.', &text, &generation) ||
                                  !slice_to_u64(generation, INT64_MAX, &number)))
        return false;
    if (text.len != TAG_LEN + GRANT_ID_LEN + SECRET_LEN ||
        !slice_is_plain(slice_from(text, TAG_LEN), "-_"))
        return false;
    *token_r = (struct token_text){ .kind = (enum token_kind)kind,
                                    .grant_id = slice_sub(text, TAG_LEN, GRANT_ID_LEN),
                                    .secret = slice_from(text, TAG_LEN + GRANT_ID_LEN),
                                    .generation = (int64_t)number };
    return true;
}

bool grant_code_is(const struct grant *grant, struct slice secret)
{
    return is_hash_of(grant->code_hash, secret);
}

const struct access_token *grant_find_access(const struct grant *grant, struct slice secret)
{
    const struct access_token *list = grant->access.at;
    unsigned char hash[SHA256_SIZE];

    sha256(hash, &secret, 1);
    for (size_t i = 0; i < grant->access.count; i++) {
        if (hash_is(hash, list[i].hash))
            return list[i].expires > clock_now() ? &list[i] : NULL;
    }
    return NULL;
}

enum refresh_verdict grant_judge_refresh(const struct request *request, const struct grant *grant,
                                         const struct token_text *token)
{
    int64_t behind = grant->refresh_generation - token->generation;
    struct arena arena = { 0 };
    struct slice secret = token->secret;
    int64_t now = clock_now();

    if (!slice_is_set(grant->chain) || behind < 0 || behind > GRANT_CHAIN_MAX ||
        grant->refresh_expires <= now)
        return REFRESH_UNKNOWN;
    for (int64_t i = 0; i < behind; i++)
        secret = next_secret(&arena, grant->chain, secret);
    bool genuine = is_hash_of(grant->refresh_hash, secret);

    arena_release(&arena);
    if (!genuine)
        return REFRESH_UNKNOWN;
    if (behind == 0)
        return REFRESH_CURRENT;
    /* Not <=: times are whole seconds, and a grace of none must not last for the rest of this one.
     */
    bool in_time =
        now - grant->refresh_rotated < request->hub->settings->lifetimes.refresh_grace / 1000;

    return behind == 1 && in_time && grant->refresh_retries < RETRIES_MAX ? REFRESH_WITHIN_GRACE
                                                                          : REFRESH_REPLAYED;
}

/* ---- the store ---- */

static struct slice grant_key(struct arena *arena, struct slice id)
{
    return arena_concat(arena, SL("grant:"), id);
}

struct store_command grant_get(struct request *request, struct slice id)
{
    return (struct store_command){ .verb = STORE_GET,
                                   .key = grant_key(request_arena(request), id) };
}

static int64_t last_moment(const struct grant *grant)
{
    const struct access_token *list = grant->access.at;
    int64_t last = grant->code_used == 0 ? grant->code_expires : 0;

    if (slice_is_set(grant->chain) && grant->refresh_expires > last)
        last = grant->refresh_expires;
    for (size_t i = 0; i < grant->access.count; i++) {
        if (list[i].expires > last)
            last = list[i].expires;
    }
    return last;
}

struct store_command grant_put(struct request *request, const struct grant *grant,
                               enum store_verb verb)
{
    struct arena *arena = request_arena(request);
    struct slice key = grant_key(arena, grant->id);
    int64_t left = last_moment(grant) - clock_now();

    return (struct store_command){
        .verb = verb,
        .key = key,
        .value = record_write(arena, request->hub->records, key, grant_table, grant),
        .version = grant->version,
        .ttl_ms = (left > 0 ? left : 1) * 1000,
    };
}

struct store_command grant_remove(struct request *request, const struct grant *grant)
{
    return (struct store_command){ .verb = STORE_REMOVE,
                                   .key = grant_key(request_arena(request), grant->id) };
}

struct grant *grant_read_part(struct request *request, const struct store_command *command,
                              enum grant_part part)
{
    static const uint64_t sealed[] = {
        [GRANT_PLAIN] = 0, [GRANT_CLAIMS] = RECORD_TAG(CLAIMS_TAG), [GRANT_WHOLE] = UINT64_MAX
    };
    struct arena *arena = request_arena(request);
    struct grant *grant = arena_new(arena, struct grant);

    if (command->status != STORE_OK ||
        !record_read_part(arena, request->hub->records, command->key, grant_table, sealed[part],
                          command->found, grant))
        return NULL;
    grant->id = slice_from(command->key, sizeof("grant:") - 1);
    grant->version = command->found_version;
    if (slice_is_set(grant->idp) && providers_find(&request->hub->providers, grant->idp) == NULL)
        return NULL;
    return grant;
}

struct grant *grant_read(struct request *request, const struct store_command *command)
{
    return grant_read_part(request, command, GRANT_WHOLE);
}
