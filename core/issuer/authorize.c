#include "issuer/authorize.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "base/url.h"
#include "hub/session.h"
#include "issuer/claims.h"
#include "issuer/client.h"
#include "issuer/routes.h"
#include "protocol/errors.h"
#include "protocol/scope.h"

enum {
    CONSENT_SECONDS = 365 * 24 * 3600
};

/* ---- the request ---- */

/* Directly, or taken up again after a login: then it lies sealed in the browser's ticket. */
static enum step_result read_request(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct authorize *authorize = flow->state;
    struct slice ticket = params_get(&request->query, "ticket");

    if (!slice_is_set(ticket)) {
        authorize->params = *request_params(request);
        request->ui_locales = params_get(&authorize->params, "ui_locales");
        return STEP_NEXT;
    }
    if (!ticket_open(request, ticket, &authorize->ticket))
        return flow_fail(flow, &ERROR_LOGIN_EXPIRED, "there is no such ticket in this browser");
    if (params_read(&flow->arena, authorize->ticket.query, &authorize->params) != NULL)
        return flow_fail(flow, &ERROR_SERVER_ERROR, "bug: a ticket holds a broken request");
    return STEP_NEXT;
}

static enum step_result check_client(struct flow *flow)
{
    return authorize_check_client(flow, flow->state) ? STEP_NEXT : STEP_FAIL;
}

static enum step_result check_request(struct flow *flow)
{
    return authorize_check_request(flow, flow->state) ? STEP_NEXT : STEP_FAIL;
}

/* ---- who is there ---- */

static bool person_fits(const struct authorize *authorize, const struct session *session)
{
    return !slice_is_set(authorize->hint_sub) || slice_equal(authorize->hint_sub, session->account);
}

/* Somebody has logged in since this request sent the browser away to do so. */
static bool login_is_new(const struct authorize *authorize, const struct session *session)
{
    return slice_is_set(authorize->ticket.id) && session->auth_time >= authorize->ticket.created;
}

/* Is the session what this request asks for? A login made for the request itself always is fresh
 * enough. */
static bool session_serves(const struct authorize *authorize, const struct session *session)
{
    if (!client_takes(authorize->client, session->idp) || !person_fits(authorize, session))
        return false;
    if (login_is_new(authorize, session))
        return true;
    if ((authorize->prompt & (PROMPT_LOGIN | PROMPT_SELECT_ACCOUNT)) != 0)
        return false;
    return authorize->max_age < 0 || clock_now() - session->auth_time < authorize->max_age ||
           (authorize->max_age > 0 && clock_now() - session->auth_time == authorize->max_age);
}

static struct slice provider_hint(const struct authorize *authorize)
{
    static const char *const names[] = { "idp_hint", "kc_idp_hint", "connector_id" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct slice hint = params_get(&authorize->params, names[i]);

        if (slice_is_set(hint))
            return hint;
    }
    return slice_none();
}

static bool keep_ticket(struct request *request, struct authorize *authorize)
{
    struct buf query = BUF_INIT(TICKET_MAX);

    if (slice_is_set(authorize->ticket.id))
        return true;
    params_write(&authorize->params, &query);
    authorize->ticket.query = arena_copy(request_arena(request), buf_slice(&query));
    authorize->ticket.client_id = authorize->client->named.id;
    bool fits = buf_ok(&query);

    buf_release(&query);
    if (fits)
        return ticket_issue(request, &authorize->ticket);
    flow_fail_telling(&request->flow, &ERROR_INVALID_REQUEST, "The request is too long.",
                      "the request does not fit into a cookie");
    return false;
}

/* To the chooser, or straight to the provider that was hinted at. */
static enum step_result send_to_login(struct request *request, struct authorize *authorize)
{
    struct buf path = BUF_INIT(4096);
    struct slice hint = provider_hint(authorize);

    if (!keep_ticket(request, authorize))
        return STEP_FAIL;
    buf_add_text(&path, "/login");
    if (slice_is_set(hint)) {
        buf_add_byte(&path, '/');
        buf_add_percent(&path, hint);
    }
    buf_add_byte(&path, '?');
    buf_add_param(&path, SL("ticket"), authorize->ticket.id);
    struct slice url = request_url(request, buf_slice(&path).at);

    buf_release(&path);
    return request_redirect(request, url);
}

static enum step_result need_login(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct authorize *authorize = flow->state;

    if (slice_is_set(authorize->ticket.error))
        return flow_fail(flow, &ERROR_ACCESS_DENIED, "the login has ended with %.*s",
                         SLICE_ARG(authorize->ticket.error));
    if (request->session != NULL && session_serves(authorize, request->session))
        return STEP_NEXT;
    if ((authorize->prompt & PROMPT_NONE) != 0)
        return flow_fail(flow, &ERROR_LOGIN_REQUIRED,
                         "prompt=none, and nobody fitting is logged in");
    /* OpenID Connect Core, 3.1.2.1; and asking again would only lead round in a circle. */
    if (request->session != NULL && login_is_new(authorize, request->session) &&
        !person_fits(authorize, request->session))
        return flow_fail(flow, &ERROR_LOGIN_REQUIRED,
                         "somebody else has logged in than id_token_hint names");
    return send_to_login(request, authorize);
}

/* ---- consent ---- */

static struct slice consent_key(struct request *request, const struct authorize *authorize)
{
    return arena_printf(request_arena(request), "consent:%.*s:%.*s",
                        SLICE_ARG(request->session->account),
                        SLICE_ARG(authorize->client->named.id));
}

static enum step_result ask_for_consent(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct authorize *authorize = flow->state;
    bool asked = (authorize->prompt & PROMPT_CONSENT) != 0;

    authorize->consent_needed = asked || authorize->client->consent != CONSENT_IMPLICIT;
    if (asked || authorize->client->consent != CONSENT_REMEMBER)
        return STEP_NEXT;
    authorize->commands[0] =
        (struct store_command){ .verb = STORE_GET, .key = consent_key(request, authorize) };
    return request_store(request, authorize->commands, 1);
}

static enum step_result read_consent(struct flow *flow)
{
    struct authorize *authorize = flow->state;
    struct store_command *command = &authorize->commands[0];

    if (!slice_is_set(command->key))
        return STEP_NEXT;
    if (request_store_failed(request_of(flow), command))
        return STEP_FAIL;
    if (command->status == STORE_OK && scope_within(authorize->scope, command->found))
        authorize->consent_needed = false;
    return STEP_NEXT;
}

/* One line per scope, in words where we have them. */
static json_t *scope_lines(struct request *request, struct slice scope)
{
    json_t *lines = json_array();
    struct slice word;

    while (slice_next_word(&scope, &word)) {
        struct slice id = arena_printf(request_arena(request), "scope.%.*s", SLICE_ARG(word));
        struct slice text = pages_text(request->hub->pages, request_locale(request), id.at);

        json_array_append_new(lines, json_from_slice(slice_equal(text, id) ? word : text));
    }
    return lines;
}

/* A browser follows the redirect behind the form only where the policy lets it. */
static void allow_redirect(struct request *request, const struct authorize *authorize,
                           const char *script)
{
    struct url url;
    struct slice target = slice_none();

    if (url_read(authorize->redirect_uri, &url) == NULL)
        target = url.host.len > 0
                     ? url_origin(request_arena(request), &url)
                     : arena_printf(request_arena(request), "%.*s:", SLICE_ARG(url.scheme));
    request_add_header(request, "Content-Security-Policy",
                       arena_printf(request_arena(request),
                                    "default-src 'none'; style-src 'self'; img-src 'self'; "
                                    "form-action 'self' %.*s; frame-ancestors 'none'; base-uri "
                                    "'none'%s",
                                    SLICE_ARG(target), script));
}

static enum step_result show_consent(struct request *request, struct authorize *authorize)
{
    json_t *data = json_object();
    struct slice name = authorize->client->client_name;
    const struct session *session = request->session;
    const char *why;
    json_t *claims = json_read_object(request_arena(request), session->claims, 64 * 1024, &why);
    struct slice person = json_member(claims, "name");

    json_set_slice(data, "client", slice_is_set(name) ? name : authorize->client->named.id);
    json_set_slice(data, "person", slice_is_set(person) ? person : session->account);
    json_set_slice(data, "ticket", authorize->ticket.id);
    json_set_slice(data, "csrf", session_form_token(request, authorize->ticket.id));
    json_set_slice(data, "policy_uri", authorize->client->policy_uri);
    json_set_slice(data, "tos_uri", authorize->client->tos_uri);
    json_object_set_new(data, "scopes", scope_lines(request, authorize->scope));
    json_decref(claims);
    allow_redirect(request, authorize, "");
    return request_page(request, 200, "consent", data);
}

static enum step_result ask_person(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct authorize *authorize = flow->state;
    struct slice decision = params_get(&request->form, "decision");
    bool answered = request->exchange.head.method == HTTP_POST &&
                    slice_is_set(authorize->ticket.id) && slice_is_set(decision);

    if (!authorize->consent_needed)
        return STEP_NEXT;
    if ((authorize->prompt & PROMPT_NONE) != 0)
        return flow_fail(flow, &ERROR_CONSENT_REQUIRED, "prompt=none, and consent is needed");
    if (!answered)
        return keep_ticket(request, authorize) ? show_consent(request, authorize) : STEP_FAIL;
    if (!session_form_token_is_good(request, authorize->ticket.id,
                                    params_get(&request->form, "csrf"))) {
        authorize->redirect_uri = slice_none(); /* this error is for a page */
        return flow_fail(flow, &ERROR_FORBIDDEN, "the form token of the consent is not right");
    }
    if (!slice_is(decision, "allow"))
        return flow_fail(flow, &ERROR_ACCESS_DENIED, "the person did not agree");
    authorize->consent_given = true;
    return STEP_NEXT;
}

/* ---- the code ---- */

static void fill_grant(struct request *request, struct authorize *authorize)
{
    const struct session *session = request->session;
    struct grant *grant = grant_new(request, authorize->client);

    grant->account = session->account;
    grant->idp = session->idp;
    grant->session =
        slice_has_word(authorize->scope, SL("offline_access")) ? slice_none() : session->id;
    grant->scope = authorize->scope;
    grant->audience = authorize->audience;
    grant->claims = claims_issue(request, session, authorize->scope);
    grant->nonce = authorize->nonce;
    grant->acr = session->acr;
    grant->amr = session->amr;
    grant->auth_time = session->auth_time;
    grant->redirect_uri = authorize->redirect_given ? authorize->redirect_uri : slice_none();
    grant->code_challenge = authorize->code_challenge;
    authorize->grant = grant;
}

static enum step_result give_code(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct authorize *authorize = flow->state;
    size_t count = 1;

    fill_grant(request, authorize);
    authorize->code = grant_issue_code(request, authorize->grant);
    authorize->commands[0] = grant_put(request, authorize->grant, STORE_PUT);
    if (authorize->consent_given && authorize->client->consent == CONSENT_REMEMBER)
        authorize->commands[count++] =
            (struct store_command){ .verb = STORE_PUT,
                                    .key = consent_key(request, authorize),
                                    .value = authorize->scope,
                                    .ttl_ms = CONSENT_SECONDS * 1000LL };
    return request_store(request, authorize->commands, count);
}

static enum step_result send_code(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct authorize *authorize = flow->state;
    struct params answer = params_new(&flow->arena);

    if (request_store_failed(request, &authorize->commands[0]))
        return STEP_FAIL;
    params_add(&answer, SL("code"), authorize->code);
    return authorize_answer(request, authorize, &answer);
}

/* ---- the answer ---- */

static enum step_result answer_by_form(struct request *request, const struct authorize *authorize,
                                       const struct params *answer)
{
    struct slice nonce = random_token(request_arena(request), 18);
    json_t *data = json_object();
    json_t *fields = json_array();

    for (size_t i = 0; i < answer->count; i++) {
        json_t *field = json_object();

        json_set_slice(field, "name", answer->at[i].name);
        json_set_slice(field, "value", answer->at[i].value);
        json_array_append_new(fields, field);
    }
    json_set_slice(data, "action", authorize->redirect_uri);
    json_set_slice(data, "script_nonce", nonce);
    json_object_set_new(data, "fields", fields);
    allow_redirect(
        request, authorize,
        arena_printf(request_arena(request), "; script-src 'nonce-%.*s'", SLICE_ARG(nonce)).at);
    return request_page(request, 200, "form_post", data);
}

enum step_result authorize_answer(struct request *request, const struct authorize *authorize,
                                  const struct params *answer)
{
    struct params whole = params_new(request_arena(request));
    struct buf url = BUF_INIT(64 * 1024);

    for (size_t i = 0; i < answer->count; i++)
        params_add(&whole, answer->at[i].name, answer->at[i].value);
    if (slice_is_set(authorize->state))
        params_add(&whole, SL("state"), authorize->state);
    params_add(&whole, SL("iss"), request->hub->settings->issuer);
    if (slice_is_set(authorize->ticket.id))
        ticket_drop(request, authorize->ticket.id);
    if (authorize->answer_mode == ANSWER_FORM_POST)
        return answer_by_form(request, authorize, &whole);
    buf_add(&url, authorize->redirect_uri);
    if (!slice_has(authorize->redirect_uri, '?'))
        buf_add_byte(&url, '?');
    params_write(&whole, &url);
    struct slice target = arena_copy(request_arena(request), buf_slice(&url));

    buf_release_secret(&url);
    return request_redirect(request, target);
}

/* To the client, when it is known where it is and the error is one for it; else a page. */
static void authorize_fail(struct request *request)
{
    struct authorize *authorize = request->flow.state;
    const struct error *error = &request->flow.error;
    struct params answer = params_new(request_arena(request));

    if (authorize == NULL || !slice_is_set(authorize->redirect_uri) ||
        error->kind == &ERROR_STORE) {
        request_fail_page(request);
        return;
    }
    request_log_failure(request);
    params_add(&answer, SL("error"), slice_of(error->kind->code));
    params_add(&answer, SL("error_description"), error_description(error));
    authorize_answer(request, authorize, &answer);
}

static const struct step authorize_steps[] = {
    STEP(read_request),    STEP(check_client),
    STEP(check_request),   STEP(ask_for_session), /* waits, when there is a cookie */
    STEP(read_session),    STEP(need_login),      /* perhaps to the chooser */
    STEP(touch_session),                          /* waits, once a minute */
    STEP(ask_for_consent),                        /* waits, where it may be remembered */
    STEP(read_consent),    STEP(ask_person),      /* perhaps the consent page */
    STEP(give_code),                              /* waits */
    STEP(send_code),       STEP_END,
};

const struct flow_kind authorize_flow = { "authorize", authorize_steps, sizeof(struct authorize),
                                          authorize_fail };
