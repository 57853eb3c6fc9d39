#include "hub/session.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/random.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "store/record.h"

enum {
    COOKIE_BYTES = 32,
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
    RECORD_END,
};

/* What the two steps share between them. */
struct session_lookup {
    struct store_command commands[2];
    struct slice id;
};

static struct slice session_key(struct arena *arena, struct slice id)
{
    return arena_printf(arena, "session:%.*s", SLICE_ARG(id));
}

struct slice session_grants_key(struct arena *arena, struct slice session_id)
{
    return arena_printf(arena, "session-grants:%.*s", SLICE_ARG(session_id));
}

enum step_result ask_for_session(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct slice cookie = request_cookie(request, "session");

    request->session = NULL;
    request->session_lookup = NULL;
    if (cookie.len != (COOKIE_BYTES * 4 + 2) / 3)
        return STEP_NEXT;
    struct session_lookup *lookup = arena_new(&flow->arena, struct session_lookup);

    lookup->id = sha256_text(&flow->arena, cookie);
    lookup->commands[0] =
        (struct store_command){ .verb = STORE_GET, .key = session_key(&flow->arena, lookup->id) };
    request->session_lookup = lookup;
    return request_store(request, lookup->commands, 1);
}

static int64_t time_left(const struct request *request, const struct session *session)
{
    int64_t idle = session->used + request->hub->settings->lifetimes.session_idle / 1000;

    return (idle < session->ends ? idle : session->ends) - clock_now();
}

/* Is the provider by which this session came still one of ours? One that was taken out of the
 * configuration is dead everywhere at once. */
static bool provider_lives(const struct request *request, const struct session *session)
{
    return providers_find(&request->hub->providers, session->idp) != NULL;
}

enum step_result read_session(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct session_lookup *lookup = request->session_lookup;
    struct store_command *command = lookup != NULL ? &lookup->commands[0] : NULL;
    struct session *session;

    if (command == NULL)
        return STEP_NEXT;
    if (request_store_failed(request, command))
        return STEP_FAIL;
    session = arena_new(&flow->arena, struct session);
    if (command->status != STORE_OK ||
        !record_read(&flow->arena, request->hub->records, command->key, session_table,
                     command->found, session) ||
        time_left(request, session) <= 0 || !provider_lives(request, session))
        return STEP_NEXT;
    session->id = lookup->id;
    session->version = command->found_version;
    request->session = session;
    return STEP_NEXT;
}

struct store_command session_put(struct request *request, const struct session *session)
{
    struct arena *arena = request_arena(request);
    struct slice key = session_key(arena, session->id);

    return (struct store_command){
        .verb = STORE_PUT,
        .key = key,
        .value = record_write(arena, request->hub->records, key, session_table, session),
        .ttl_ms = time_left(request, session) * 1000,
    };
}

/* Written when the minute is over and only over what was read: a session that has just ended must
 * not come back. */
enum step_result touch_session(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct session *session = request->session;

    if (session == NULL || session->used + TOUCH_SECONDS > clock_now())
        return STEP_NEXT;
    struct store_command *command = &request->session_lookup->commands[1];

    session->used = clock_now();
    *command = session_put(request, session);
    command->verb = STORE_SWAP;
    command->version = session->version;
    return request_store(request, command, 1);
}

void session_begin(struct request *request, struct session *session)
{
    struct arena *arena = request_arena(request);
    struct slice cookie = random_token(arena, COOKIE_BYTES);
    int64_t now = clock_now();

    session->id = sha256_text(arena, cookie);
    session->auth_time = session->auth_time > 0 ? session->auth_time : now;
    session->used = now;
    session->ends = now + request->hub->settings->lifetimes.session / 1000;
    request_set_cookie(request, "session", cookie, 0, SAME_SITE_LAX);
    request->session = session;
}

size_t session_end(struct request *request, struct store_command *commands)
{
    struct arena *arena = request_arena(request);

    request_drop_cookie(request, "session");
    if (request->session == NULL)
        return 0;
    commands[0] = (struct store_command){ .verb = STORE_REMOVE,
                                          .key = session_key(arena, request->session->id) };
    commands[1] = (struct store_command){ .verb = STORE_MEMBERS,
                                          .key = session_grants_key(arena, request->session->id) };
    return 2;
}

struct slice session_form_token(struct request *request, struct slice purpose)
{
    /* The cookie is the secret: whoever can compute this has it already. */
    struct slice cookie = request_cookie(request, "session");
    struct slice pieces[] = { SL("form token"), cookie, purpose };
    unsigned char out[SHA256_SIZE];

    sha256(out, pieces, sizeof(pieces) / sizeof(pieces[0]));
    return base64url_encode(request_arena(request), slice_make((const char *)out, sizeof(out)));
}

bool session_form_token_is_good(struct request *request, struct slice purpose, struct slice given)
{
    return request->session != NULL && secret_equal(given, session_form_token(request, purpose));
}
