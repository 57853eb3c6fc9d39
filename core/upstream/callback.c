#include "upstream/routes.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "hub/account.h"
#include "hub/session.h"
#include "hub/ticket.h"
#include "protocol/errors.h"
#include "upstream/profile.h"

#include <assert.h>

enum {
    ACCOUNT_ID_BYTES = 16,
    COMMANDS = 3,
    CONFLICTS_MAX = 8,
    NOTED_SECONDS = 60 /* so exact is the time at which an identity was used last */
};

struct callback {
    struct login login; /* first: login_of() */
    struct ticket ticket;
    bool has_ticket;
    struct store_command commands[COMMANDS];
    struct account account;
    struct session session;
    struct slice claims; /* the profile as text */
    unsigned conflicts;
};

static struct slice used_key(struct callback *callback, struct arena *arena)
{
    return arena_concat(arena, SL("seen:login:"), sha256_text(arena, callback->login.attempt.id));
}

/* ---- whose answer it is ---- */

/* By `state`; an answer of OAuth 1.0a has none, and its request token says the same. One that was
 * denied may have that in the parameter that says so. NULL, or why there is none. */
static const char *find_attempt(struct request *request, const struct description *d,
                                struct attempt *attempt, const struct error_kind **kind_r)
{
    const struct params *params = request_params(request);
    bool oauth1 = d->protocol == PROTOCOL_OAUTH1;
    const char *name = !oauth1                                           ? "state"
                       : slice_is_set(params_get(params, "oauth_token")) ? "oauth_token"
                                                                         : "denied";
    struct slice value = params_get(params, name);

    *kind_r = &ERROR_LOGIN_MISMATCH;
    if (!slice_is_set(value) || params_count(params, name) != 1)
        return oauth1 ? "the answer has no oauth_token, or two" : "the answer has no state, or two";
    *kind_r = &ERROR_LOGIN_EXPIRED;
    if (oauth1 ? !attempt_find(request, value, attempt) : !attempt_open(request, value, attempt))
        return "no login of that state was begun in this browser";
    return NULL;
}

static enum step_result open_attempt(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct callback *callback = flow->state;
    struct attempt *attempt = &callback->login.attempt;
    const struct error_kind *kind;
    struct provider *provider = providers_find(&request->hub->providers, request->segment);

    if (provider == NULL)
        return flow_fail(flow, &ERROR_UNKNOWN_PROVIDER, "provider %.*s",
                         SLICE_ARG(request->segment));
    login_begin(&callback->login, flow, request->hub, provider);
    callback->login.traceparent = request->traceparent;
    const char *wrong = find_attempt(request, &provider->description, attempt, &kind);

    if (wrong != NULL)
        return flow_fail(flow, kind, "%s", wrong);
    if (!slice_equal(attempt->provider, provider->id))
        return flow_fail(flow, &ERROR_LOGIN_MISMATCH, "the login was begun at provider %.*s",
                         SLICE_ARG(attempt->provider));
    /* HEAD is no way to come back: what looks at links must not redeem a code. */
    if (request->exchange.head.method !=
        (provider->description.response_mode == RESPONSE_FORM_POST ? HTTP_POST : HTTP_GET))
        return flow_fail(flow, &ERROR_LOGIN_MISMATCH, "the answer came by the wrong method");
    attempt_drop(request, attempt->id);
    callback->has_ticket =
        slice_is_set(attempt->ticket) && ticket_open(request, attempt->ticket, &callback->ticket);
    if (callback->has_ticket || !slice_is_set(attempt->ticket))
        upstream_offer_again(request, attempt);
    callback->login.callback = *request_params(request);
    callback->login.callback_url = upstream_callback_url(request, provider);
    return STEP_NEXT;
}

static void recall_memory(struct login *login, struct arena *arena)
{
    const char *why;
    json_t *memory = slice_is_set(login->attempt.memory)
                         ? json_read_object(arena, login->attempt.memory, TICKET_MAX, &why)
                         : NULL;

    if (memory != NULL)
        json_object_update(login->memory, memory);
    json_decref(memory);
}

static enum step_result ask_if_used(struct flow *flow)
{
    struct callback *callback = flow->state;

    recall_memory(&callback->login, &flow->arena);
    if (!provider_is_available(callback->login.provider))
        return flow_fail(flow, &ERROR_PLUGIN, "the provider is out of service");
    callback->commands[0] =
        (struct store_command){ .verb = STORE_GET, .key = used_key(callback, &flow->arena) };
    return request_store(request_of(flow), callback->commands, 1);
}

static enum step_result refuse_second_use(struct flow *flow)
{
    struct callback *callback = flow->state;

    if (request_store_failed(request_of(flow), &callback->commands[0]))
        return STEP_FAIL;
    if (callback->commands[0].status == STORE_OK)
        return flow_fail(flow, &ERROR_LOGIN_MISMATCH, "the state was used before");
    return STEP_NEXT;
}

static enum step_result identify_person(struct flow *flow)
{
    return flow_enter(flow, identify);
}

static enum step_result check_allowed(struct flow *flow)
{
    struct callback *callback = flow->state;
    struct login *login = &callback->login;
    struct buf text = BUF_INIT(64 * 1024);
    const char *wrong =
        profile_allowed(&flow->arena, &login->provider->settings->allow, login->profile);

    if (wrong != NULL) {
        log_audit("login_refused", "subject %s of provider %.*s: %s", secret_name(login->subject),
                  SLICE_ARG(login->provider->id), wrong);
        return flow_fail(flow, &ERROR_NOT_ALLOWED, "%s", wrong);
    }
    buf_add_json_value(&text, login->profile);
    callback->claims = arena_copy(&flow->arena, buf_slice(&text));
    buf_release_secret(&text);
    return STEP_NEXT;
}

/* ---- the account ---- */

/* From here on things are stored: the person is known. The state is used up for good, and of two
 * who bring the same answer at once one goes on. */
static enum step_result use_up_state(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct callback *callback = flow->state;
    struct login *login = &callback->login;

    callback->commands[0] =
        (struct store_command){ .verb = STORE_ADD,
                                .key = used_key(callback, &flow->arena),
                                .value = SL("1"),
                                .ttl_ms = request->hub->settings->lifetimes.login + 60000 };
    callback->commands[1] = (struct store_command){
        .verb = STORE_GET, .key = identity_key(&flow->arena, login->provider->id, login->identity)
    };
    return request_store(request, callback->commands, 2);
}

static enum step_result find_account(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct callback *callback = flow->state;
    struct store_command *identity = &callback->commands[1];

    if (request_store_failed(request, &callback->commands[0]) ||
        request_store_failed(request, identity))
        return STEP_FAIL;
    if (callback->commands[0].status == STORE_CONFLICT)
        return flow_fail(flow, &ERROR_LOGIN_MISMATCH, "the state was used at the same moment");
    if (identity->status == STORE_OK) {
        callback->account.id = identity->found;
        return STEP_NEXT;
    }
    callback->account.id = random_token(&flow->arena, ACCOUNT_ID_BYTES);
    callback->commands[2] = (struct store_command){ .verb = STORE_ADD,
                                                    .key = identity->key,
                                                    .value = callback->account.id };
    return request_store(request, &callback->commands[2], 1);
}

/* Somebody else made the identity in between: theirs counts. */
static enum step_result settle_identity(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct callback *callback = flow->state;
    struct store_command *added = &callback->commands[2];

    if (added->verb != STORE_ADD)
        return STEP_NEXT;
    if (request_store_failed(request, added))
        return STEP_FAIL;
    if (added->status == STORE_OK)
        return STEP_NEXT;
    callback->commands[1].verb = STORE_GET;
    return request_store(request, &callback->commands[1], 1);
}

static enum step_result ask_for_account(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct callback *callback = flow->state;
    struct store_command *identity = &callback->commands[1];

    if (callback->commands[2].status == STORE_CONFLICT) {
        if (request_store_failed(request, identity))
            return STEP_FAIL;
        callback->account.id = identity->found;
    }
    callback->commands[0] =
        (struct store_command){ .verb = STORE_GET,
                                .key = account_key(&flow->arena, callback->account.id) };
    return request_store(request, &callback->commands[0], 1);
}

/* False when just that was noted a moment ago, by a login in another tab: then there is nothing to
 * write, and however many come at once, nobody waits for more than one other. */
static bool note_identity(struct callback *callback, struct arena *arena)
{
    struct account *account = &callback->account;
    struct identity *old = account->identities.at;
    size_t count = account->identities.count;
    struct identity *list = arena_zalloc(arena, (count + 1) * sizeof(*list));
    size_t mine = 0;

    if (count > 0)
        memcpy(list, old, count * sizeof(*list));
    while (mine < count && !(slice_equal(list[mine].provider, callback->login.provider->id) &&
                             slice_equal(list[mine].subject, callback->login.identity)))
        mine++;
    if (mine == count)
        list[count++] = (struct identity){ .provider = callback->login.provider->id,
                                           .subject = callback->login.identity,
                                           .linked = clock_now() };
    if (list[mine].used + NOTED_SECONDS > clock_now() &&
        slice_equal(list[mine].claims, callback->claims))
        return false;
    list[mine].claims = callback->claims;
    list[mine].used = clock_now();
    account->identities = (struct record_list){ list, count };
    return true;
}

static enum step_result write_account(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct callback *callback = flow->state;
    struct store_command *found = &callback->commands[0];
    struct account *account = &callback->account;
    bool exists = found->status == STORE_OK;

    if (request_store_failed(request, found))
        return STEP_FAIL;
    /* An identity whose account is missing was cut short by a crash: it is made now, under its id.
     */
    if (!exists)
        account->created = clock_now();
    else if (!account_read(request, account->id, found->found, account))
        return flow_fail(flow, &ERROR_SERVER_ERROR,
                         "account %.*s cannot be read: was a secret taken out of `secrets`?",
                         SLICE_ARG(account->id));
    callback->commands[1] = (struct store_command){ .status = STORE_OK };
    if (!note_identity(callback, &flow->arena))
        return STEP_NEXT;
    callback->commands[1] = (struct store_command){ .verb = exists ? STORE_SWAP : STORE_ADD,
                                                    .key = found->key,
                                                    .value = account_write(request, account),
                                                    .version = found->found_version };
    return request_store(request, &callback->commands[1], 1);
}

static const struct step account_round[] = {
    STEP(ask_for_account), /* waits */
    STEP(write_account),   /* waits */
    STEP_END,
};

/* Until nobody else has written in between. */
static enum step_result update_account(struct flow *flow)
{
    struct callback *callback = flow->state;
    struct store_command *written = &callback->commands[1];

    if (callback->conflicts > 0) {
        if (request_store_failed(request_of(flow), written))
            return STEP_FAIL;
        if (written->status == STORE_OK)
            return STEP_NEXT;
    }
    if (callback->conflicts++ > CONFLICTS_MAX)
        return flow_fail(flow, &ERROR_TEMPORARILY_UNAVAILABLE, "the account changes all the time");
    return flow_enter_again(flow, account_round);
}

/* ---- the session ---- */

static struct slice claim_words(struct arena *arena, const json_t *claims, const char *name)
{
    struct buf words = BUF_INIT(512);
    const json_t *each;
    size_t i;

    json_array_foreach(json_object_get(claims, name), i, each)
    {
        if (i > 0)
            buf_add_byte(&words, ' ');
        buf_add(&words, json_slice(each));
    }
    struct slice text = words.len > 0 ? arena_copy(arena, buf_slice(&words)) : slice_none();

    buf_release(&words);
    return text;
}

static enum step_result begin_session(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct callback *callback = flow->state;
    const struct login *login = &callback->login;
    const struct session *before = request->session;
    size_t count = 0;

    callback->session =
        (struct session){ .account = callback->account.id,
                          .idp = login->provider->id,
                          .idp_sub = login->subject,
                          .claims = callback->claims,
                          .amr = claim_words(&flow->arena, login->id_claims, "amr"),
                          .acr = arena_copy(&flow->arena, json_member(login->id_claims, "acr")) };
    session_begin(request, &callback->session);
    callback->commands[count++] = session_put(request, &callback->session);
    /* Another person was logged in here: that session ends. */
    if (before != NULL && !slice_equal(before->id, callback->session.id))
        callback->commands[count++] = session_remove(request, before->id);
    return request_store(request, callback->commands, count);
}

static enum step_result send_back(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct callback *callback = flow->state;
    struct slice to = callback->login.attempt.return_to;

    if (request_store_failed(request, &callback->commands[0]))
        return STEP_FAIL;
    metrics_count(request->hub->metrics, METRIC_LOGINS, callback->login.provider->index,
                  LOGIN_DONE);
    log_audit("login", "account %.*s by provider %.*s", SLICE_ARG(callback->account.id),
              SLICE_ARG(callback->login.provider->id));
    if (callback->has_ticket)
        to = arena_printf(&flow->arena, "/oauth2/authorize?ticket=%.*s",
                          SLICE_ARG(callback->ticket.id));
    return request_redirect(request, request_url(request, slice_is_set(to) ? to.at : "/"));
}

static const struct step callback_steps[] = {
    STEP(open_attempt),
    STEP(ask_if_used), /* waits */
    STEP(refuse_second_use),
    STEP(identify_person), /* a table: the code, the ID token, the profile */
    STEP(check_allowed),
    STEP(ask_for_session), /* waits, when there is a cookie */
    STEP(read_session),
    STEP(use_up_state),    /* waits */
    STEP(find_account),    /* waits, the first time */
    STEP(settle_identity), /* waits, when two come at once */
    STEP(update_account),  /* a table: read it, write it, until that has worked */
    STEP(begin_session),   /* waits */
    STEP(send_back),
    STEP_END,
};

static enum login_outcome outcome_of(const struct error_kind *kind)
{
    if (kind == &ERROR_ACCESS_DENIED)
        return LOGIN_DENIED;
    return kind == &ERROR_UPSTREAM || kind == &ERROR_UPSTREAM_DOWN || kind == &ERROR_PLUGIN
               ? LOGIN_FAILED
               : LOGIN_REFUSED;
}

/* The person said no: that is an answer, and goes back to whoever asked. */
static void send_denial(struct request *request, struct callback *callback)
{
    assert(callback->login.provider != NULL); /* an attempt has one */
    request_log_failure(request);
    if (callback->has_ticket) {
        callback->ticket.error = SL("access_denied");
        ticket_update(request, &callback->ticket);
        request_redirect(request,
                         arena_printf(request_arena(request), "%.*s/oauth2/authorize?ticket=%.*s",
                                      SLICE_ARG(request->hub->settings->issuer),
                                      SLICE_ARG(callback->ticket.id)));
        return;
    }
    request_redirect(request, arena_printf(request_arena(request), "%.*s/login?cancelled=%.*s",
                                           SLICE_ARG(request->hub->settings->issuer),
                                           SLICE_ARG(callback->login.provider->id)));
}

static void callback_fail(struct request *request)
{
    struct callback *callback = request->flow.state;
    const struct error_kind *kind = request->flow.error.kind;

    if (callback->login.provider != NULL)
        metrics_count(request->hub->metrics, METRIC_LOGINS, callback->login.provider->index,
                      outcome_of(kind));
    request_throttle_failure(request, SL("login"));
    if (kind == &ERROR_ACCESS_DENIED && callback->login.attempt.created != 0)
        send_denial(request, callback);
    else
        request_fail_page(request);
}

const struct flow_kind callback_flow = { "callback", callback_steps, sizeof(struct callback),
                                         callback_fail };
