#include "cli/demo_app.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/random.h"
#include "crypto/jws.h"
#include "hub/routes.h"
#include "protocol/errors.h"
#include "protocol/id_token.h"
#include "protocol/pkce.h"

enum {
    VISITS_MAX = 1000,
    TOKEN_MAX = 64 * 1024
};

/* A browser, and what its person's login brought. In its own arena, renewed at a refresh. */
struct visit {
    struct list link;
    struct arena arena;
    struct slice id; /* of the cookie */
    struct slice access_token, refresh_token;
    struct slice claims, userinfo; /* JSON, for people to read */
    struct slice name, idp;
    unsigned refreshes;
};

/* What the steps of a login or a refresh share. */
struct conversation {
    struct demo_app *app;
    struct visit *visit; /* of a refresh */
    struct http_call call;
    struct slice nonce, verifier;
    json_t *tokens;
    json_t *claims;
};

static struct demo_app *app_of(struct flow *flow)
{
    return request_of(flow)->hub->context;
}

static void release_json(void *json)
{
    json_decref(json);
}

/* ---- visits ---- */

static struct visit *find_visit(struct request *request)
{
    struct demo_app *app = request->hub->context;
    struct slice cookie = request_cookie(request, "demo");

    list_each (&app->visits, link) {
        struct visit *visit = list_entry(link, struct visit, link);

        if (slice_is_set(cookie) && slice_equal(visit->id, cookie))
            return visit;
    }
    return NULL;
}

static void visit_free(struct demo_app *app, struct visit *visit)
{
    list_remove(&visit->link);
    app->visit_count--;
    arena_release(&visit->arena);
    mem_free(visit);
}

static struct visit *visit_new(struct demo_app *app)
{
    struct visit *visit = mem_zalloc(1, sizeof(*visit));

    if (app->visit_count >= VISITS_MAX)
        visit_free(app, list_entry(app->visits.next, struct visit, link));
    visit->id = random_token(&visit->arena, 18);
    list_init(&visit->link);
    list_add(&app->visits, &visit->link);
    app->visit_count++;
    return visit;
}

void demo_app_release(struct demo_app *app)
{
    list_each_safe (&app->visits, link)
        visit_free(app, list_entry(link, struct visit, link));
}

/* ---- home ---- */

/* An error code, and not whatever somebody wrote into a link. */
static bool is_code(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((text.at[i] < 'a' || text.at[i] > 'z') && text.at[i] != '_')
            return false;
    }
    return text.len > 0;
}

/* What the last answer of Cardea, or a logout, left to be said. */
static void add_news(const struct request *request, json_t *data)
{
    struct slice error = params_get(&request->query, "error");

    if (is_code(error))
        json_set_slice(data, "error", error);
    json_object_set_new(data, "denied", json_boolean(slice_is(error, "access_denied")));
    json_object_set_new(data, "left", json_boolean(params_count(&request->query, "left") > 0));
}

static enum step_result show_home(struct flow *flow)
{
    struct request *request = request_of(flow);
    const struct visit *visit = find_visit(request);
    json_t *data = json_object();

    json_set_slice(data, "issuer", slice_of(app_of(flow)->issuer));
    add_news(request, data);
    if (visit == NULL)
        return request_page(request, 200, "demo_out", data);
    json_set_slice(data, "name", visit->name);
    json_set_slice(data, "idp", visit->idp);
    json_set_slice(data, "claims", visit->claims);
    json_set_slice(data, "userinfo", visit->userinfo);
    json_set_slice(data, "access_token", visit->access_token);
    json_set_slice(data, "refresh_token", visit->refresh_token);
    json_object_set_new(data, "refreshes", json_integer(visit->refreshes));
    json_object_set_new(data, "refreshed", json_boolean(visit->refreshes > 0));
    return request_page(request, 200, "demo_in", data);
}

/* ---- to Cardea ---- */

static enum step_result go_home(struct flow *flow)
{
    return request_redirect(request_of(flow), arena_printf(&flow->arena, "%s/", app_of(flow)->url));
}

/* State, nonce and verifier lie in a cookie of this login; a real app would keep them in its
 * session. */
static enum step_result send_to_cardea(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct demo_app *app = app_of(flow);
    struct slice state = random_token(&flow->arena, 18);
    struct slice nonce = random_token(&flow->arena, 18);
    struct slice verifier = pkce_verifier(&flow->arena);
    struct buf url = BUF_INIT(8192);

    buf_printf(&url, "%s/oauth2/authorize?", app->issuer);
    buf_add_param(&url, SL("response_type"), SL("code"));
    buf_add_param(&url, SL("client_id"), slice_of(app->client_id));
    buf_add_param(&url, SL("redirect_uri"), arena_printf(&flow->arena, "%s/callback", app->url));
    buf_add_param(&url, SL("scope"), SL("openid profile email groups offline_access"));
    buf_add_param(&url, SL("state"), state);
    buf_add_param(&url, SL("nonce"), nonce);
    buf_add_param(&url, SL("code_challenge"), pkce_challenge(&flow->arena, verifier));
    buf_add_param(&url, SL("code_challenge_method"), SL("S256"));
    if (params_count(&request->query, "other") > 0)
        buf_add_param(&url, SL("prompt"), SL("select_account"));
    request_set_cookie(
        request, arena_printf(&flow->arena, "demo-login-%.*s", SLICE_ARG(state)).at,
        arena_printf(&flow->arena, "%.*s.%.*s", SLICE_ARG(nonce), SLICE_ARG(verifier)), 600,
        SAME_SITE_LAX);
    struct slice target = arena_copy(&flow->arena, buf_slice(&url));

    buf_release(&url);
    return request_redirect(request, target);
}

/* ---- and back ---- */

static enum step_result read_answer(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct conversation *c = flow->state;
    struct slice state = params_get(&request->query, "state");
    struct slice error = params_get(&request->query, "error");
    const char *name = arena_printf(&flow->arena, "demo-login-%.*s", SLICE_ARG(state)).at;
    struct slice cookie = request_cookie(request, name);

    c->app = app_of(flow);
    if (!slice_cut(cookie, '.', &c->nonce, &c->verifier)) {
        /* Reloaded, or gone back to: that login has been completed. */
        if (find_visit(request) != NULL)
            return go_home(flow);
        return flow_fail(flow, &ERROR_LOGIN_MISMATCH, "no login of that state was begun here");
    }
    request_drop_cookie(request, name);
    if (!slice_is(params_get(&request->query, "iss"), c->app->issuer))
        return flow_fail(flow, &ERROR_LOGIN_MISMATCH, "the answer comes from somebody else");
    if (slice_is_set(error))
        return request_redirect(request,
                                arena_printf(&flow->arena, "%s/?error=%.*s", c->app->url,
                                             SLICE_ARG(percent_encode(&flow->arena, error))));
    return STEP_NEXT;
}

static void call_cardea(struct flow *flow, const char *path, struct slice body,
                        struct slice authorization)
{
    struct conversation *c = flow->state;
    struct http_header *headers = arena_alloc(&flow->arena, 3 * sizeof(*headers));
    size_t count = 0;

    if (slice_is_set(authorization))
        headers[count++] = (struct http_header){ SL("Authorization"), authorization };
    if (slice_is_set(body))
        headers[count++] =
            (struct http_header){ SL("Content-Type"), SL("application/x-www-form-urlencoded") };
    c->call = (struct http_call){ .url = arena_printf(&flow->arena, "%s%s", c->app->issuer, path),
                                  .headers = headers,
                                  .header_count = count,
                                  .body = body,
                                  .inner_allowed = true };
    http_call_start(request_of(flow)->hub->http, flow, &c->call);
}

static void call_token_endpoint(struct flow *flow, const struct params *form)
{
    struct conversation *c = flow->state;
    struct buf body = BUF_INIT(TOKEN_MAX);
    struct slice pair =
        arena_printf(&flow->arena, "%s:%s", c->app->client_id, c->app->client_secret);

    params_write(form, &body);
    struct slice text = arena_copy(&flow->arena, buf_slice(&body));

    buf_release_secret(&body);
    call_cardea(flow, "/oauth2/token", text,
                arena_join(&flow->arena, SL("Basic "), base64_encode(&flow->arena, pair)));
}

static enum step_result redeem_code(struct flow *flow)
{
    struct conversation *c = flow->state;
    struct params form = params_new(&flow->arena);

    params_add(&form, SL("grant_type"), SL("authorization_code"));
    params_add(&form, SL("code"), params_get(&request_of(flow)->query, "code"));
    params_add(&form, SL("redirect_uri"), arena_printf(&flow->arena, "%s/callback", c->app->url));
    params_add(&form, SL("code_verifier"), c->verifier);
    call_token_endpoint(flow, &form);
    return STEP_WAIT;
}

/* The answer as an object; the flow lets it go. */
static json_t *read_object(struct flow *flow)
{
    struct conversation *c = flow->state;
    const char *why = "no answer";
    json_t *object = NULL;

    if (c->call.failure == HTTP_CALL_OK)
        object = json_read_object(&flow->arena, c->call.reply, TOKEN_MAX, &why);
    if (object == NULL || c->call.status != 200) {
        flow_fail(flow, &ERROR_UPSTREAM, "%.*s: status %d, %.*s %s", SLICE_ARG(c->call.url),
                  c->call.status, SLICE_ARG(json_member(object, "error")), why != NULL ? why : "");
        json_decref(object);
        return NULL;
    }
    flow_own(flow, object, release_json);
    return object;
}

static enum step_result read_tokens(struct flow *flow)
{
    struct conversation *c = flow->state;

    c->tokens = read_object(flow);
    return c->tokens != NULL ? STEP_NEXT : STEP_FAIL;
}

static enum step_result ask_for_keys(struct flow *flow)
{
    call_cardea(flow, "/oauth2/jwks", slice_none(), slice_none());
    return STEP_WAIT;
}

static const char *believe(struct flow *flow, const json_t *key_set, struct slice token)
{
    struct conversation *c = flow->state;
    const jws_algs pinned = 1U << ALG_ES256;
    struct jwk_set keys = { 0 };
    struct jws jws;
    const char *wrong = jwk_set_read(&flow->arena, key_set, &keys);

    if (wrong == NULL)
        wrong = jws_read(&flow->arena, token, &jws);
    if (wrong == NULL && jws_verify(&jws, &keys, pinned) != JWS_GOOD)
        wrong = "the signature is not right";
    jwk_set_release(&keys);
    if (wrong != NULL)
        return wrong;
    c->claims = json_read_object(&flow->arena, jws.payload, JWS_MAX, &wrong);
    if (c->claims == NULL)
        return wrong;
    flow_own(flow, c->claims, release_json);
    struct id_token_expectations expected = {
        .issuer = slice_of(c->app->issuer),
        .client_id = slice_of(c->app->client_id),
        .nonce = c->nonce,
        .access_token = json_member(c->tokens, "access_token"),
        .alg = ALG_ES256,
        .now = clock_now(),
        .skew = 60,
    };

    return id_token_check(&flow->arena, c->claims, &expected);
}

static enum step_result check_id_token(struct flow *flow)
{
    struct conversation *c = flow->state;
    const json_t *key_set = read_object(flow);

    if (key_set == NULL)
        return STEP_FAIL;
    const char *wrong = believe(flow, key_set, json_member(c->tokens, "id_token"));

    return wrong == NULL ? STEP_NEXT : flow_fail(flow, &ERROR_UPSTREAM, "ID token: %s", wrong);
}

static enum step_result ask_for_userinfo(struct flow *flow)
{
    struct conversation *c = flow->state;

    call_cardea(flow, "/oauth2/userinfo", slice_none(),
                arena_join(&flow->arena, SL("Bearer "), json_member(c->tokens, "access_token")));
    return STEP_WAIT;
}

static struct slice pretty(struct arena *arena, const json_t *json)
{
    char *text = json_dumps(json, JSON_INDENT(2));
    struct slice copy = arena_copy(arena, slice_of(text));

    free(text);
    return copy;
}

static void keep(struct visit *visit, const struct conversation *c, const json_t *userinfo)
{
    struct arena *arena = &visit->arena;

    visit->access_token = arena_copy(arena, json_member(c->tokens, "access_token"));
    visit->refresh_token = arena_copy(arena, json_member(c->tokens, "refresh_token"));
    visit->claims = pretty(arena, c->claims);
    visit->userinfo = pretty(arena, userinfo);
    visit->idp = arena_copy(arena, json_member(c->claims, "idp"));
    visit->name = arena_copy(arena, json_member(c->claims, "name"));
    if (!slice_is_set(visit->name))
        visit->name = arena_copy(arena, json_member(c->claims, "sub"));
}

static enum step_result keep_visit(struct flow *flow)
{
    struct conversation *c = flow->state;
    const json_t *userinfo = read_object(flow);

    if (userinfo == NULL)
        return STEP_FAIL;
    if (c->visit != NULL) {
        c->visit->refreshes++;
    } else {
        c->visit = visit_new(c->app);
        request_set_cookie(request_of(flow), "demo", c->visit->id, 0, SAME_SITE_LAX);
    }
    keep(c->visit, c, userinfo);
    return go_home(flow);
}

/* ---- refresh, logout ---- */

static enum step_result ask_to_refresh(struct flow *flow)
{
    struct conversation *c = flow->state;
    struct params form = params_new(&flow->arena);

    c->app = app_of(flow);
    c->visit = find_visit(request_of(flow));
    if (c->visit == NULL)
        return go_home(flow);
    params_add(&form, SL("grant_type"), SL("refresh_token"));
    params_add(&form, SL("refresh_token"), c->visit->refresh_token);
    call_token_endpoint(flow, &form);
    return STEP_WAIT;
}

/* Out of the app; the session at Cardea is another matter, and the page says so. */
static enum step_result log_out(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct visit *visit = find_visit(request);

    if (visit != NULL)
        visit_free(app_of(flow), visit);
    request_drop_cookie(request, "demo");
    return request_redirect(request, arena_printf(&flow->arena, "%s/?left=1", app_of(flow)->url));
}

static const struct step home_steps[] = { STEP(show_home), STEP_END };
static const struct step login_steps[] = { STEP(send_to_cardea), STEP_END };
static const struct step callback_steps[] = {
    STEP(read_answer),    STEP(redeem_code),      /* waits */
    STEP(read_tokens),    STEP(ask_for_keys),     /* waits */
    STEP(check_id_token), STEP(ask_for_userinfo), /* waits */
    STEP(keep_visit),     STEP_END,
};
static const struct step refresh_steps[] = {
    STEP(ask_to_refresh),                         /* waits */
    STEP(read_tokens),    STEP(ask_for_keys),     /* waits */
    STEP(check_id_token), STEP(ask_for_userinfo), /* waits */
    STEP(keep_visit),     STEP_END,
};
static const struct step logout_steps[] = { STEP(log_out), STEP_END };

static const struct flow_kind app_home = { "demo home", home_steps, 0, request_fail_page };
static const struct flow_kind app_login = { "demo login", login_steps, 0, request_fail_page };
static const struct flow_kind app_callback = { "demo callback", callback_steps,
                                               sizeof(struct conversation), request_fail_page };
static const struct flow_kind app_refresh = { "demo refresh", refresh_steps,
                                              sizeof(struct conversation), request_fail_page };
static const struct flow_kind app_logout = { "demo logout", logout_steps, 0, request_fail_page };

const struct route demo_app_routes[] = {
    { HTTP_GET, "/", &app_home, 0 },
    { HTTP_GET, "/login", &app_login, 0 },
    { HTTP_GET, "/callback", &app_callback, 0 },
    { HTTP_POST, "/refresh", &app_refresh, ROUTE_FORM },
    { HTTP_POST, "/logout", &app_logout, ROUTE_FORM },
    { HTTP_GET, "/static/{file}", &static_flow, ROUTE_CACHEABLE },
    { 0, NULL, NULL, 0 },
};
