#include "upstream/check_config.h"

#include "upstream/hooks.h"

/* The flow's own struct: first the login, for login_of(). */
struct checking {
    struct login login;
    struct problems *problems;
    bool *ended;
};

static enum step_result ask_check_config(struct flow *flow)
{
    return call_hook(flow, HOOK_check_config, json_object());
}

static enum step_result read_check_config(struct flow *flow)
{
    return hook_result(flow, HOOK_check_config) == HOOK_FAILED ? STEP_FAIL : STEP_NEXT;
}

static const struct step check_steps[] = { STEP(ask_check_config), STEP(read_check_config),
                                           STEP_END };

static void check_ended(struct flow *flow, enum flow_end end)
{
    struct checking *checking = flow->state;
    const struct login *login = &checking->login;
    bool objected = slice_is_set(login->error_text) && login->error_text.len > 0;

    if (end == FLOW_FAILED)
        problem_add(checking->problems, login->provider->settings->named.mark, "%.*s",
                    SLICE_ARG(objected ? login->error_text : flow->error.detail));
    *checking->ended = true;
}

void upstream_check_config(struct hub *hub, struct problems *problems)
{
    for (size_t i = 0; i < hub->providers.count; i++) {
        struct provider *provider = &hub->providers.at[i];
        bool ended = false;

        if (provider->broken || !description_has_hook(&provider->description, HOOK_check_config))
            continue;
        struct flow *flow = flow_new(sizeof(struct flow), "check configuration", check_steps);
        struct checking *checking = arena_new(&flow->arena, struct checking);

        flow->state = checking;
        flow->on_end = check_ended;
        checking->problems = problems;
        checking->ended = &ended;
        login_begin(&checking->login, flow, hub, provider);
        flow_run(flow);
        while (!ended)
            event_base_loop(hub->base, EVLOOP_ONCE);
    }
}
