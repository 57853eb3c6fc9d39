#include "base/clock.h"
#include "base/codec.h"
#include "base/memory.h"
#include "base/random.h"
#include "kit/run_parts.h"
#include "upstream/metadata.h"

enum {
    DEADLINE_MS = 15 * 1000,
    SETTINGS_MAX = 64 * 1024
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
        run_say(run, wanted->mark, "the browser is sent to %.*s", SLICE_ARG(head));
    if (wanted != NULL && !slice_equal(kit_text(wanted, "fragment"), fragment))
        run_say(run, wanted->mark, "behind the URL stands the fragment `%.*s`",
                SLICE_ARG(fragment));
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
        run_say(run, run->what->mark, "it ended well instead of with %.*s",
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
        run_say(run, run->what->mark, "it ended well instead of with %.*s",
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
        run_say(run, run->what->mark, "it ended well instead of with %.*s",
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

static void keep_outcome(struct run *run, const struct flow *flow, enum flow_end end)
{
    struct arena *arena = run->problems->arena;
    const struct run_state *state = flow->state;

    run->outcome = (struct outcome){ .end = end, .profile = json_incref(state->login.profile) };
    if (end == FLOW_FAILED) {
        run->outcome.error = flow->error.kind;
        run->outcome.detail = arena_copy(arena, flow->error.detail);
    }
}

static void run_ended(struct flow *flow, enum flow_end end)
{
    struct run *run = run_of(flow);

    keep_outcome(run, flow, end);
    if (end == FLOW_FAILED)
        compare_failure(run, flow, login_of(flow));
    else if (end == FLOW_TOO_LATE)
        run_say(run, run->what->mark, "it did not come to an end within %d s",
                (int)(run->deadline_ms / 1000));
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
    flow_set_deadline(flow, run->deadline_ms);
    login_begin(&state->login, flow, run->hub, provider);
    *attempt = (struct attempt){ .id = random_token(&flow->arena, 18),
                                 .created = clock_now(),
                                 .provider = provider->id,
                                 .nonce = random_token(&flow->arena, 18),
                                 .verifier = random_token(&flow->arena, 32) };
    state->login.callback_url = SL("http://localhost:8400/callback/case");
    flow_run(flow);
}

bool run_open(struct run *run, struct slice plugin, const char *file, const struct kit_cases *cases)
{
    struct kit *kit = run->kit;
    const char *files[] = { file, NULL };
    struct settings *settings = settings_of(run, plugin);

    kit->server.shared->quarantines[0] = (struct quarantine){ 0 }; /* a case stands for itself */
    if (settings != NULL)
        run->hub = hub_open(kit->server.base, settings, kit->server.shared, 0,
                            HUB_PLUGINS | HUB_ONLY_FILES | HUB_HTTP, files, run->problems);
    if (run->hub == NULL)
        return false;
    const struct provider *bound = &run->hub->providers.at[0];

    /* A built-in one goes to the simulator by its own name. */
    run->provider = (struct simulated){ slice_is_set(bound->plugin_id) ? plugin : bound->id,
                                        &bound->description, cases };
    kit->simulator.count = 0;
    simulator_add(&kit->simulator, &run->provider);
    return true;
}

void run_close(struct run *run)
{
    hub_close(run->hub);
}

void run_play(struct run *run)
{
    run->play = NULL;
    run->request = (struct params){ 0 };
    run->ended = false;
    start_run(run);
    while (!run->ended)
        event_base_loop(run->kit->server.base, EVLOOP_ONCE);
    if (run->play != NULL)
        play_free(&run->kit->simulator, run->play);
    run->kit->simulator.only = NULL;
}

bool kit_run(struct kit *kit, struct slice plugin, const char *file, const struct kit_cases *cases,
             const struct kit_case *what, struct problems *problems)
{
    struct run run = { .kit = kit, .what = what, .problems = problems, .deadline_ms = DEADLINE_MS };
    size_t before = problems->errors;

    if (!run_open(&run, plugin, file, cases))
        return false;
    run_play(&run);
    json_decref(run.outcome.profile);
    run_close(&run);
    return run.problems->errors == before;
}
