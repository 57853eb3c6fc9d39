#include "hub/session.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/random.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "store/record.h"

enum {
    ID_BYTES = 16,
    SECRET_BYTES = 32,
    ID_LEN = (ID_BYTES * 4 + 2) / 3,
    SECRET_LEN = (SECRET_BYTES * 4 + 2) / 3,
    TOUCH_SECONDS = 60
};

static const struct record_field session_table[] = {
    RECORD_FIELD(1, RECORD_TEXT, struct session, account),
    RECORD_FIELD(2, RECORD_TEXT, struct session, idp),
    RECORD_FIELD(3, RECORD_SEALED, struct session, idp_sub),
    RECORD_FIELD(4, RECORD_INT, struct session, auth_time),
    RECORD_FIELD(5, RECORD_INT, struct session, used),
    RECORD_FIELD(6, RECORD_INT, struct session, ends),
    RECORD_FIELD(7, RECORD_TEXT, struct session, amr),
    RECORD_FIELD(8, RECORD_TEXT, struct session, acr),
    RECORD_FIELD(9, RECORD_SEALED, struct session, claims),
    RECORD_FIELD(10, RECORD_TEXT, struct session, secret),
    RECORD_END,
};

/* What the steps share between them. */
struct session_lookup {
    struct store_command get;
    struct store_command touch;
    struct slice secret;
};

static struct slice session_key(struct arena *arena, struct slice id)
{
    return arena_concat(arena, SL("session:"), id);
}

struct store_command session_get(struct request *request, struct slice id)
{
    return (struct store_command){ .verb = STORE_GET,
                                   .key = session_key(request_arena(request), id) };
}

enum step_result ask_for_session(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct slice cookie = request_cookie(request, "session");

    request->session = NULL;
    request->session_lookup = NULL;
    if (cookie.len != ID_LEN + SECRET_LEN || !slice_is_plain(cookie, "-_"))
        return STEP_NEXT;
    struct session_lookup *lookup = arena_new(&flow->arena, struct session_lookup);

    lookup->get = session_get(request, slice_sub(cookie, 0, ID_LEN));
    lookup->secret = sha256_text(&flow->arena, slice_from(cookie, ID_LEN));
    request->session_lookup = lookup;
    return request_store(request, &lookup->get, 1);
}

static int64_t time_left(const struct request *request, const struct session *session)
{
    int64_t idle = session->used + request->hub->settings->lifetimes.session_idle / 1000;

    return (idle < session->ends ? idle : session->ends) - clock_now();
}

bool session_read(struct request *request, const struct store_command *command,
                  struct session *session_r)
{
    struct arena *arena = request_arena(request);

    *session_r = (struct session){ 0 };
    if (command->status != STORE_OK || !record_read(arena, request->hub->records, command->key,
                                                    session_table, command->found, session_r))
        return false;
    session_r->id = slice_from(command->key, sizeof("session:") - 1);
    session_r->version = command->found_version;
    /* A provider that was taken out of the configuration is dead everywhere at once. */
    return time_left(request, session_r) > 0 &&
           providers_find(&request->hub->providers, session_r->idp) != NULL;
}

enum step_result read_session(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct session_lookup *lookup = request->session_lookup;
    struct session *session;

    if (lookup == NULL)
        return STEP_NEXT;
    if (request_store_failed(request, &lookup->get))
        return STEP_FAIL;
    session = arena_new(&flow->arena, struct session);
    if (session_read(request, &lookup->get, session) &&
        secret_equal(lookup->secret, session->secret))
        request->session = session;
    return STEP_NEXT;
}

struct store_command session_put(struct request *request, const struct session *session)
{
    struct arena *arena = request_arena(request);
    struct slice key = session_key(arena, session->id);
    int64_t left = time_left(request, session);

    /* One that has just ended is not written for ever, which is what 0 means. */
    return (struct store_command){
        .verb = STORE_PUT,
        .key = key,
        .value = record_write(arena, request->hub->records, key, session_table, session),
        .ttl_ms = (left > 0 ? left : 1) * 1000,
    };
}

struct store_command session_remove(struct request *request, struct slice id)
{
    return (struct store_command){ .verb = STORE_REMOVE,
                                   .key = session_key(request_arena(request), id) };
}

bool session_touch(struct request *request, struct session *session,
                   struct store_command *command_r)
{
    if (session->used + TOUCH_SECONDS > clock_now())
        return false;
    session->used = clock_now();
    *command_r = session_put(request, session);
    /* Only over what was read: a session that has just ended must not come back. */
    command_r->verb = STORE_SWAP;
    command_r->version = session->version;
    return true;
}

enum step_result touch_session(struct flow *flow)
{
    struct request *request = request_of(flow);

    if (request->session == NULL ||
        !session_touch(request, request->session, &request->session_lookup->touch))
        return STEP_NEXT;
    return request_store(request, &request->session_lookup->touch, 1);
}

void session_begin(struct request *request, struct session *session)
{
    struct arena *arena = request_arena(request);
    const struct session *before = request->session;
    struct slice secret = random_token(arena, SECRET_BYTES);
    int64_t now = clock_now();

    session->id = before != NULL && slice_equal(before->account, session->account)
                      ? before->id
                      : random_token(arena, ID_BYTES);
    session->secret = sha256_text(arena, secret);
    session->auth_time = now;
    session->used = now;
    session->ends = now + request->hub->settings->lifetimes.session / 1000;
    request_set_cookie(request, "session", arena_join(arena, session->id, secret), 0,
                       SAME_SITE_LAX);
}

struct slice session_form_token(struct request *request, struct slice purpose)
{
    /* The cookie is the secret: whoever can compute this has it already. */
    struct slice pieces[] = { SL("form token"), request_cookie(request, "session"), purpose };
    unsigned char out[SHA256_SIZE];

    sha256(out, pieces, sizeof(pieces) / sizeof(pieces[0]));
    return base64url_encode(request_arena(request), slice_make((const char *)out, sizeof(out)));
}

bool session_form_token_is_good(struct request *request, struct slice purpose, struct slice given)
{
    return request->session != NULL && secret_equal(given, session_form_token(request, purpose));
}
