#include "kit/run.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/memory.h"
#include "base/random.h"
#include "kit/simulator.h"
#include "kit/small_server.h"
#include "upstream/login.h"
#include "upstream/metadata.h"

enum {
    CASE_DEADLINE_MS = 15 * 1000,
    SETTINGS_MAX = 64 * 1024
};

struct kit {
    struct arena arena;
    struct simulator simulator;
    struct small_server server;
};

/* One case on its way. */
struct run {
    struct kit *kit;
    const struct kit_case *what;
    struct simulated provider;
    struct hub *hub;
    struct play *play;
    struct problems *problems;
    struct params request; /* of the authorization request that came out */
    bool ended;
};

/* The flow's own struct: first the login, for login_of(). */
struct run_state {
    struct login login;
    struct run *run;
};

static struct run *run_of(struct flow *flow)
{
    struct run_state *state = flow->state;

    return state->run;
}

/* ---- the kit ---- */

static const struct route *const kit_routes[] = { simulator_routes, NULL };

struct kit *kit_new(const char **why_r)
{
    struct kit *kit = mem_zalloc(1, sizeof(*kit));
    struct problems problems = { .arena = &kit->arena };
    const char *url = NULL;
    int listener = small_listen(&kit->arena, 0, &url);

    if (listener >= 0 && simulator_init(&kit->simulator, url) &&
        small_server_open(&kit->server, listener, url, "plugin kit", HUB_PAGES, kit_routes,
                          &kit->simulator, &problems)) {
        kit->simulator.one_at_a_time = true;
        return kit;
    }
    *why_r = problems.first != NULL ? problems.first->text.at
                                    : "there is no loopback interface to play providers on";
    return NULL;
}

void kit_free(struct kit *kit)
{
    if (kit == NULL)
        return;
    small_server_close(&kit->server);
    simulator_release(&kit->simulator);
    arena_release(&kit->arena);
    mem_free(kit);
}

/* ---- comparing ---- */

static void say(struct run *run, struct mark mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void say(struct run *run, struct mark mark, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    struct slice text = arena_vprintf(run->problems->arena, format, args);

    va_end(args);
    problem_add(run->problems, mark, "%.*s", SLICE_ARG(text));
}

static struct slice json_line(struct arena *arena, const json_t *value)
{
    struct buf text = BUF_INIT(SETTINGS_MAX);

    if (value == NULL)
        return SL("nothing");
    buf_add_json_value(&text, value);
    struct slice line = arena_copy(arena, buf_slice(&text));

    buf_release(&text);
    return line;
}

static void compare_query(struct run *run, const struct node *wanted)
{
    for (size_t i = 0; wanted != NULL && i < wanted->count; i++) {
        const struct node_member *member = &wanted->members[i];
        const char *name = arena_string(run->problems->arena, member->name);
        struct slice given = params_get_raw(&run->request, name);

        if (member->value->kind == NODE_NULL) {
            if (slice_is_set(given))
                say(run, member->mark,
                    "the authorization request has `%s`, which must not be there", name);
        } else if (!play_matches(&run->kit->simulator, run->play, member->value->text, given)) {
            say(run, member->mark, "the authorization request has `%s: %.*s` instead of `%.*s`",
                name, SLICE_ARG(given),
                SLICE_ARG(play_fill(&run->kit->simulator, run->play, member->value->text)));
        }
    }
}

/* A text that looks like a number in YAML is the text here: claims know what they are. */
static bool same_value(const struct node *wanted, const json_t *given)
{
    json_t *json = node_to_json(wanted);
    bool same = json_equal(json, given) != 0 ||
                (json_is_string(given) && wanted->kind == NODE_TEXT &&
                 slice_equal(wanted->text, json_slice(given)) && wanted->quoted);

    json_decref(json);
    return same;
}

static void compare_profile(struct run *run, const json_t *profile)
{
    const struct node *wanted = run->what->profile;
    struct arena *arena = run->problems->arena;
    const char *name;
    json_t *value;

    for (size_t i = 0; wanted != NULL && i < wanted->count; i++) {
        const struct node_member *member = &wanted->members[i];
        const json_t *given = json_object_get(profile, arena_string(arena, member->name));

        if (member->value->kind == NODE_NULL ? given != NULL : !same_value(member->value, given))
            say(run, member->mark, "the profile has `%.*s: %.*s`", SLICE_ARG(member->name),
                SLICE_ARG(json_line(arena, given)));
    }
    json_object_foreach((json_t *)(uintptr_t)profile, name, value)
    {
        if (wanted != NULL && node_get(wanted, name) == NULL)
            say(run, wanted->mark, "the profile has `%s: %.*s` besides", name,
                SLICE_ARG(json_line(arena, value)));
    }
}

static struct slice token_named(const struct tokens *tokens, struct arena *arena, struct slice name)
{
    if (slice_is(name, "access_token"))
        return tokens->access_token;
    if (slice_is(name, "token_secret"))
        return tokens->token_secret;
    if (slice_is(name, "refresh_token"))
        return tokens->refresh_token;
    if (slice_is(name, "scope"))
        return tokens->scope;
    if (slice_is(name, "expires_in"))
        return tokens->expires > 0
                   ? arena_printf(arena, "%lld", (long long)(tokens->expires - clock_now()))
                   : slice_none();
    return slice_none();
}

/* A lifetime may have lost a second on the way. */
static bool same_token(struct arena *arena, struct slice name, struct slice wanted,
                       struct slice given)
{
    uint64_t a;
    uint64_t b;

    (void)arena;
    if (slice_equal(wanted, given))
        return true;
    return slice_is(name, "expires_in") && slice_to_u64(wanted, UINT32_MAX, &a) &&
           slice_to_u64(given, UINT32_MAX, &b) && (a == b + 1 || a == b + 2);
}

static void compare_tokens(struct run *run, const struct tokens *tokens)
{
    const struct node *wanted = run->what->tokens;
    struct arena *arena = run->problems->arena;

    for (size_t i = 0; wanted != NULL && i < wanted->count; i++) {
        const struct node_member *member = &wanted->members[i];
        struct slice given = token_named(tokens, arena, member->name);
        bool same = member->value->kind == NODE_NULL
                        ? given.len == 0
                        : same_token(arena, member->name, member->value->text, given);

        if (!same)
            say(run, member->mark, "the tokens have `%.*s: %.*s`", SLICE_ARG(member->name),
                SLICE_ARG(given));
    }
}

static void compare_failure(struct run *run, const struct flow *flow, const struct login *login)
{
    const struct kit_case *what = run->what;
    struct slice code = kit_text(what->said, "code");
    struct slice text = kit_text(what->said, "text");

    if (!slice_is(what->fails, flow->error.kind->code)) {
        say(run, what->mark, "it ended with %s (%.*s)%s%.*s", flow->error.kind->code,
            SLICE_ARG(flow->error.detail), slice_is_set(what->fails) ? " instead of " : "",
            SLICE_ARG(what->fails));
        return;
    }
    if (slice_is_set(code) && !slice_equal(code, login->error_code))
        say(run, what->said->mark, "the provider's error code was read as `%.*s`",
            SLICE_ARG(login->error_code));
    if (slice_is_set(text) && !slice_equal(text, login->error_text))
        say(run, what->said->mark, "the provider's words were read as `%.*s`",
            SLICE_ARG(login->error_text));
}

static void compare_exchanges(struct run *run)
{
    const struct play *play = run->play;

    if (slice_is_set(play->complaint)) {
        say(run, play->complaint_mark, "%.*s", SLICE_ARG(play->complaint));
        return;
    }
    for (size_t i = 0; i < run->what->exchange_count; i++) {
        if (play->used[i] == 0)
            say(run, run->what->exchanges[i].mark, "this request was never made");
    }
}

/* ---- the flows ---- */

/* OAuth 1.0a has asked for something before the browser goes anywhere. */
static enum step_result make_request(struct flow *flow)
{
    struct run *run = run_of(flow);
    static const struct params none;

    if (login_of(flow)->provider->description.protocol == PROTOCOL_OAUTH1) {
        run->play = simulator_play(&run->kit->simulator, &run->provider, run->what, &none);
        run->play->callback = arena_copy(&run->play->arena, login_of(flow)->callback_url);
        run->kit->simulator.only = run->play;
    }
    return flow_enter(flow, authorize_upstream);
}

/* What came out is also what the play is begun with. */
static enum step_result judge_request(struct flow *flow)
{
    struct run *run = run_of(flow);
    struct login *login = login_of(flow);
    const struct node *wanted = run->what->authorize;
    struct slice url = outgoing_url(&login->request, run->problems->arena,
                                    login->provider->description.authorize_fragment);
    struct slice fragment;
    struct slice head;
    struct slice query;

    slice_cut(url, '#', &url, &fragment);
    slice_cut(url, '?', &head, &query);
    params_read(run->problems->arena, query, &run->request);
    if (run->play == NULL)
        run->play = simulator_play(&run->kit->simulator, &run->provider, run->what, &run->request);
    /* A provider that names its parameters otherwise still gets ours. */
    run->play->state = arena_copy(&run->play->arena, login->attempt.id);
    run->play->nonce = arena_copy(&run->play->arena, login->attempt.nonce);
    run->play->callback = arena_copy(&run->play->arena, login->callback_url);
    run->kit->simulator.only = run->play;
    if (slice_is_set(kit_text(wanted, "url")) && !slice_equal(kit_text(wanted, "url"), head))
        say(run, wanted->mark, "the browser is sent to %.*s", SLICE_ARG(head));
    if (wanted != NULL && !slice_equal(kit_text(wanted, "fragment"), fragment))
        say(run, wanted->mark, "behind the URL stands the fragment `%.*s`", SLICE_ARG(fragment));
    compare_query(run, wanted != NULL ? node_get(wanted, "query") : NULL);
    return STEP_NEXT;
}

static void fill_callback(struct run *run, struct login *login, struct arena *arena,
                          const struct node *callback)
{
    login->callback = params_new(arena);
    for (size_t i = 0; callback != NULL && i < callback->count; i++)
        params_add(&login->callback, callback->members[i].name,
                   arena_copy(arena, play_fill(&run->kit->simulator, run->play,
                                               callback->members[i].value->text)));
}

static enum step_result come_back(struct flow *flow)
{
    struct run *run = run_of(flow);
    struct login *login = login_of(flow);

    fill_callback(run, login, &flow->arena, run->what->callback);
    return flow_enter(flow, identify);
}

static enum step_result judge_login(struct flow *flow)
{
    struct run *run = run_of(flow);
    struct login *login = login_of(flow);

    if (slice_is_set(run->what->fails)) {
        say(run, run->what->mark, "it ended well instead of with %.*s",
            SLICE_ARG(run->what->fails));
        return STEP_DONE;
    }
    compare_profile(run, login->profile);
    compare_tokens(run, &login->tokens);
    return STEP_DONE;
}

static const struct step login_steps[] = {
    STEP(make_request),                   /* a table */
    STEP(judge_request), STEP(come_back), /* a table */
    STEP(judge_login),   STEP_END,
};

/* What would have been kept of an earlier login. */
static void begin_with_tokens(struct flow *flow, const struct node *kept)
{
    struct run *run = run_of(flow);
    struct login *login = login_of(flow);
    struct params none = { 0 };

    run->play = simulator_play(&run->kit->simulator, &run->provider, run->what, &none);
    run->kit->simulator.only = run->play;
    login->tokens.refresh_token = kit_text(kept, "refresh_token");
    login->tokens.access_token = kit_text(kept, "access_token");
    login->subject = kit_text(kept, "sub");
    fill_callback(run, login, &flow->arena, node_get(kept, "callback"));
}

static enum step_result begin_refresh(struct flow *flow)
{
    begin_with_tokens(flow, run_of(flow)->what->refresh);
    login_of(flow)->refreshing = true;
    return flow_enter(flow, refresh);
}

static enum step_result begin_revocation(struct flow *flow)
{
    begin_with_tokens(flow, run_of(flow)->what->revoke);
    return flow_enter(flow, revoke);
}

static enum step_result judge_revocation(struct flow *flow)
{
    struct run *run = run_of(flow);

    if (slice_is_set(run->what->fails))
        say(run, run->what->mark, "it ended well instead of with %.*s",
            SLICE_ARG(run->what->fails));
    return STEP_DONE;
}

static const struct step revoke_steps[] = {
    STEP(begin_revocation), /* a table */
    STEP(judge_revocation),
    STEP_END,
};

static enum step_result judge_refresh(struct flow *flow)
{
    struct run *run = run_of(flow);

    if (slice_is_set(run->what->fails))
        say(run, run->what->mark, "it ended well instead of with %.*s",
            SLICE_ARG(run->what->fails));
    else
        compare_tokens(run, &login_of(flow)->tokens);
    return STEP_DONE;
}

static const struct step refresh_steps[] = {
    STEP(begin_refresh), /* a table */
    STEP(judge_refresh),
    STEP_END,
};

static void run_ended(struct flow *flow, enum flow_end end)
{
    struct run *run = run_of(flow);

    if (end == FLOW_FAILED)
        compare_failure(run, flow, login_of(flow));
    else if (end == FLOW_TOO_LATE)
        say(run, run->what->mark, "it did not come to an end within %d s", CASE_DEADLINE_MS / 1000);
    if (run->play != NULL)
        compare_exchanges(run);
    run->ended = true;
    event_base_loopbreak(run->kit->server.base);
}

/* ---- one case ---- */

/* The case's `config` as a whole configuration, in JSON, which is YAML. */
static struct settings *settings_of(struct run *run, struct slice plugin)
{
    struct buf text = BUF_INIT(SETTINGS_MAX);
    json_t *provider =
        kit_provider_config(run->problems->arena, run->what, run->kit->simulator.keys);
    json_t *root = json_object();
    json_t *providers = json_object();

    json_set_slice(provider, "plugin", plugin);
    json_object_set_new(provider, "simulator", json_string(run->kit->simulator.url));
    json_object_set_new(providers, "case", provider);
    json_object_set_new(root, "issuer", json_string("http://localhost:8400"));
    json_object_set_new(root, "secrets",
                        json_pack("[s]", "a secret for cases, which guard nothing at all"));
    json_object_set_new(root, "providers", providers);
    buf_add_json_value(&text, root);
    json_decref(root);
    struct settings *settings = settings_read_text(
        run->what->file, arena_copy(run->problems->arena, buf_slice(&text)), run->problems);

    buf_release(&text);
    return settings;
}

static void start_run(struct run *run)
{
    struct provider *provider = &run->hub->providers.at[0];
    const struct step *steps = run->what->refresh != NULL  ? refresh_steps
                               : run->what->revoke != NULL ? revoke_steps
                                                           : login_steps;
    struct flow *flow = flow_new(sizeof(struct flow), "case", steps);
    struct run_state *state = arena_new(&flow->arena, struct run_state);
    struct attempt *attempt = &state->login.attempt;

    flow->state = state;
    state->run = run;
    flow->on_end = run_ended;
    flow_set_deadline(flow, CASE_DEADLINE_MS);
    login_begin(&state->login, flow, run->hub, provider);
    *attempt = (struct attempt){ .id = random_token(&flow->arena, 18),
                                 .created = clock_now(),
                                 .provider = provider->id,
                                 .nonce = random_token(&flow->arena, 18),
                                 .verifier = random_token(&flow->arena, 32) };
    state->login.callback_url = SL("http://localhost:8400/callback/case");
    flow_run(flow);
}

bool kit_run(struct kit *kit, struct slice plugin, const char *file, const struct kit_cases *cases,
             const struct kit_case *what, struct problems *problems)
{
    const char *files[] = { file, NULL };
    struct run run = { .kit = kit, .what = what, .problems = problems };
    size_t before = problems->errors;
    struct settings *settings = settings_of(&run, plugin);

    kit->server.shared->quarantines[0] = (struct quarantine){ 0 }; /* a case stands for itself */
    if (settings != NULL)
        run.hub = hub_open(kit->server.base, settings, kit->server.shared, 0,
                           HUB_PLUGINS | HUB_HTTP, file != NULL ? files : NULL, problems);
    if (run.hub == NULL)
        return false;
    const struct provider *bound = &run.hub->providers.at[0];

    /* A built-in one goes to the simulator by its own name. */
    run.provider = (struct simulated){ slice_is_set(bound->plugin_id) ? plugin : bound->id,
                                       &bound->description, cases };
    kit->simulator.count = 0;
    simulator_add(&kit->simulator, &run.provider);
    start_run(&run);
    while (!run.ended)
        event_base_loop(kit->server.base, EVLOOP_ONCE);
    if (run.play != NULL)
        play_free(&kit->simulator, run.play);
    kit->simulator.only = NULL;
    hub_close(run.hub);
    return problems->errors == before;
}
