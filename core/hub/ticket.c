#include "hub/ticket.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "crypto/secret.h"
#include "protocol/errors.h"
#include "store/record.h"

enum {
    ID_BYTES = 18,  /* 24 characters; as `state` it is to be unguessable */
    DROPPED_MAX = 4 /* by one answer, which has other header lines to carry as well */
};

static const struct record_field ticket_table[] = {
    RECORD_FIELD(1, RECORD_INT, struct ticket, created),
    RECORD_FIELD(2, RECORD_TEXT, struct ticket, query),
    RECORD_FIELD(3, RECORD_TEXT, struct ticket, return_to),
    RECORD_FIELD(4, RECORD_TEXT, struct ticket, client_id),
    RECORD_FIELD(5, RECORD_TEXT, struct ticket, error),
    RECORD_FIELD(6, RECORD_TEXT, struct ticket, session),
    RECORD_END,
};

static const struct record_field attempt_table[] = {
    RECORD_FIELD(1, RECORD_INT, struct attempt, created),
    RECORD_FIELD(2, RECORD_TEXT, struct attempt, provider),
    RECORD_FIELD(3, RECORD_TEXT, struct attempt, nonce),
    RECORD_FIELD(4, RECORD_TEXT, struct attempt, verifier),
    RECORD_FIELD(5, RECORD_TEXT, struct attempt, ticket),
    RECORD_FIELD(6, RECORD_TEXT, struct attempt, return_to),
    RECORD_FIELD(7, RECORD_TEXT, struct attempt, memory),
    RECORD_FIELD(8, RECORD_TEXT, struct attempt, oauth_token),
    RECORD_FIELD(9, RECORD_TEXT, struct attempt, oauth_token_secret),
    RECORD_END,
};

/* What is common to both: a cookie per id, with the time in its name so that the oldest can be told
 * without opening it. */
struct kind {
    const char *prefix; /* of the cookie's name */
    size_t kept;
    const struct record_field *table;
};

static const struct kind ticket_kind = { "ticket-", TICKETS_KEPT, ticket_table };
static const struct kind attempt_kind = { "login-", ATTEMPTS_KEPT, attempt_table };

/* Ids begin with the time in seconds as eight hexadecimal digits. */
static struct slice new_id(struct request *request)
{
    return arena_printf(request_arena(request), "%08llx%.*s",
                        (unsigned long long)clock_now() & 0xffffffff,
                        SLICE_ARG(random_token(request_arena(request), ID_BYTES)));
}

static bool id_is_valid(struct slice id)
{
    return id.len == 8 + ID_BYTES / 3 * 4 && slice_is_plain(id, "-_");
}

static const char *cookie_name(struct request *request, const struct kind *kind, struct slice id)
{
    return arena_join(request_arena(request), slice_of(kind->prefix), id).at;
}

static bool issue(struct request *request, const struct kind *kind, struct slice id,
                  const void *record, enum same_site same_site)
{
    const char *name = cookie_name(request, kind, id);
    struct slice plain = record_write(request_arena(request), NULL, id, kind->table, record);
    struct slice sealed =
        seal_text(request->hub->cookies, request_arena(request), slice_of(name), plain);

    if (sealed.len > TICKET_MAX)
        return false;
    request_set_cookie(request, name, sealed, request->hub->settings->lifetimes.login / 1000,
                       same_site);
    return true;
}

static bool open_record(struct request *request, const struct kind *kind, struct slice id,
                        void *record)
{
    if (!id_is_valid(id))
        return false;
    const char *name = cookie_name(request, kind, id);
    struct slice sealed = request_cookie(request, name);
    struct slice plain;

    return slice_is_set(sealed) && sealed.len <= TICKET_MAX &&
           seal_open_text(request->hub->cookies, request_arena(request), slice_of(name), sealed,
                          &plain) &&
           record_read(request_arena(request), NULL, id, kind->table, plain, record);
}

static bool is_fresh(const struct request *request, int64_t created)
{
    return created + request->hub->settings->lifetimes.login / 1000 > clock_now();
}

/* Drops the oldest of this kind when there are too many: their ids sort by time. An answer has room
 * for so many lines only; what is left over goes the next time. */
static void make_room(struct request *request, const struct kind *kind)
{
    struct request_cookies cookies = { 0 };
    struct slice ids[32];
    struct slice name;
    struct slice value;
    size_t count = 0;

    while (count < sizeof(ids) / sizeof(ids[0]) &&
           request_next_cookie(request, &cookies, &name, &value)) {
        if (slice_starts(name, slice_of(kind->prefix)) &&
            id_is_valid(slice_from(name, strlen(kind->prefix))))
            ids[count++] = slice_from(name, strlen(kind->prefix));
    }
    for (size_t dropped = 0; count >= kind->kept && dropped < DROPPED_MAX; dropped++) {
        size_t oldest = 0;

        for (size_t i = 1; i < count; i++) {
            if (slice_compare(ids[i], ids[oldest]) < 0)
                oldest = i;
        }
        request_drop_cookie(request, cookie_name(request, kind, ids[oldest]));
        ids[oldest] = ids[--count];
    }
}

bool ticket_issue(struct request *request, struct ticket *ticket)
{
    ticket->id = new_id(request);
    ticket->created = clock_now();
    make_room(request, &ticket_kind);
    if (issue(request, &ticket_kind, ticket->id, ticket, SAME_SITE_LAX))
        return true;
    flow_fail_telling(&request->flow, &ERROR_INVALID_REQUEST, "The request is too long.",
                      "the request does not fit into a cookie");
    return false;
}

void ticket_update(struct request *request, const struct ticket *ticket)
{
    if (!issue(request, &ticket_kind, ticket->id, ticket, SAME_SITE_LAX))
        log_error("a ticket grew too large");
}

bool ticket_open(struct request *request, struct slice id, struct ticket *ticket_r)
{
    struct params params;

    *ticket_r = (struct ticket){ .id = id };
    if (!open_record(request, &ticket_kind, id, ticket_r) || !is_fresh(request, ticket_r->created))
        return false;
    if (params_read(request_arena(request), ticket_r->query, &params) == NULL)
        request->ui_locales = params_get(&params, "ui_locales");
    return true;
}

void ticket_drop(struct request *request, struct slice id)
{
    request_drop_cookie(request, cookie_name(request, &ticket_kind, id));
}

void attempt_begin(struct request *request, struct attempt *attempt)
{
    attempt->id = new_id(request);
    attempt->created = clock_now();
    attempt->nonce = random_token(request_arena(request), ID_BYTES);
    attempt->verifier = random_token(request_arena(request), 32);
}

bool attempt_issue(struct request *request, const struct attempt *attempt)
{
    make_room(request, &attempt_kind);
    if (issue(request, &attempt_kind, attempt->id, attempt,
              attempt->form_post ? SAME_SITE_NONE : SAME_SITE_LAX))
        return true;
    flow_fail(&request->flow, &ERROR_SERVER_ERROR, "a login attempt does not fit into a cookie");
    return false;
}

bool attempt_open(struct request *request, struct slice id, struct attempt *attempt_r)
{
    *attempt_r = (struct attempt){ .id = id };
    return open_record(request, &attempt_kind, id, attempt_r) &&
           is_fresh(request, attempt_r->created);
}

bool attempt_find(struct request *request, struct slice oauth_token, struct attempt *attempt_r)
{
    struct request_cookies cookies = { 0 };
    struct slice name;
    struct slice value;

    while (request_next_cookie(request, &cookies, &name, &value)) {
        struct slice id = slice_from(name, strlen(attempt_kind.prefix));

        if (slice_starts(name, slice_of(attempt_kind.prefix)) &&
            attempt_open(request, id, attempt_r) &&
            secret_equal(oauth_token, attempt_r->oauth_token))
            return true;
    }
    return false;
}

void attempt_drop(struct request *request, struct slice id)
{
    request_drop_cookie(request, cookie_name(request, &attempt_kind, id));
}
