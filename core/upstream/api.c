#include "upstream/api.h"

#include "plugin/template.h"
#include "protocol/errors.h"
#include "upstream/call.h"
#include "upstream/hooks.h"
#include "upstream/metadata.h"

enum {
    ROUNDS_MAX = 4 /* of fetch_more */
};

static const struct description_lookup *lookup_at(const struct login *login, size_t number)
{
    const struct many *lookups = &login->provider->description.lookups;

    return number < lookups->count ? &((const struct description_lookup *)lookups->at)[number]
                                   : NULL;
}

struct described_call lookup_call(const struct description_lookup *lookup)
{
    return (struct described_call){ .method = lookup->method == 1 ? "POST" : "GET",
                                    .url = lookup->url,
                                    .params = &lookup->params,
                                    .headers = &lookup->headers,
                                    .body = lookup->body,
                                    .body_type = lookup->body_type };
}

void lookup_expect(struct login *login, const struct description_lookup *lookup)
{
    login->expected = (struct expected){ .type = lookup->reply,
                                         .root = lookup->root,
                                         .error = lookup->error,
                                         .error_ok = lookup->error_ok,
                                         .optional = lookup->optional };
}

static bool is_needed(struct login *login, struct arena *arena,
                      const struct description_lookup *lookup)
{
    struct template_values values = login_values(login);

    if (!slice_is_set(lookup->unless))
        return true;
    json_t *there = claim_path_follow(arena, lookup->unless, &values);

    json_decref(there);
    return there == NULL;
}

static void begin_lookup(struct login *login, struct arena *arena,
                         const struct description_lookup *lookup)
{
    const struct described_call call = lookup_call(lookup);

    call_begin(login, arena, &call);
    lookup_expect(login, lookup);
}

static void keep_lookup(struct login *login, struct arena *arena)
{
    const struct description_lookup *lookup = lookup_at(login, login->lookup - 1);

    if (login->answer == NULL || lookup == NULL)
        return;
    json_object_set_new(login->lookups, arena_string(arena, lookup->named.id), login->answer);
    login->answer = NULL;
}

/* The lookups of one side of the userinfo call, one after the other. */
static enum step_result make_lookups(struct flow *flow, bool first)
{
    struct login *login = login_of(flow);
    const struct description_lookup *lookup;

    keep_lookup(login, &flow->arena);
    while ((lookup = lookup_at(login, login->lookup)) != NULL) {
        login->lookup++;
        if (lookup->first != first || lookup->as == OWNER_APP ||
            !is_needed(login, &flow->arena, lookup))
            continue;
        begin_lookup(login, &flow->arena, lookup);
        return flow_enter_again(flow, api_call);
    }
    login->lookup = 0;
    return STEP_NEXT;
}

static enum step_result look_up_first(struct flow *flow)
{
    return make_lookups(flow, true);
}

static enum step_result ask_for_userinfo(struct flow *flow)
{
    struct login *login = login_of(flow);
    const struct description *d = &login->provider->description;
    struct described_call call = { .method = d->userinfo_method == 1 ? "POST" : "GET",
                                   .url = upstream_endpoints(login->provider).userinfo,
                                   .params = &d->userinfo_params,
                                   .headers = &d->userinfo_headers,
                                   .body = d->userinfo_body,
                                   .body_type = d->userinfo_body_type };

    if (!slice_is_set(call.url) || d->userinfo == WORD_NO)
        return STEP_NEXT;
    call_begin(login, &flow->arena, &call);
    login->expected = (struct expected){ .type = d->userinfo_reply,
                                         .root = d->userinfo_root,
                                         .error = d->userinfo_error,
                                         .error_ok = d->userinfo_error_ok,
                                         .error_text = d->userinfo_error_text };
    return flow_enter(flow, api_call);
}

/* OpenID Connect Core, 5.3.2: the userinfo reply must speak of the same person as the ID token. */
static enum step_result keep_userinfo(struct flow *flow)
{
    struct login *login = login_of(flow);

    if (login->answer == NULL)
        return STEP_NEXT;
    login->userinfo = login->answer;
    login->answer = NULL;
    json_array_append(login->answers, login->userinfo);
    if (login->id_claims == NULL)
        return STEP_NEXT;
    if (!slice_equal(json_member(login->userinfo, "sub"), json_member(login->id_claims, "sub")))
        return flow_fail(flow, &ERROR_UPSTREAM,
                         "userinfo speaks of another person than the ID token");
    return STEP_NEXT;
}

static enum step_result look_up_more(struct flow *flow)
{
    return make_lookups(flow, false);
}

/* Gives the hook what came so far; it may fill in one more request. */
static enum step_result ask_fetch_more(struct flow *flow)
{
    struct login *login = login_of(flow);

    if (json_array_size(login->answers) == 0)
        json_array_append_new(login->answers, json_null());
    return call_hook(
        flow, HOOK_fetch_more,
        json_pack("{s:i, s:O}", "round", (int)login->round, "answers", login->answers));
}

static enum step_result make_fetched_call(struct flow *flow)
{
    struct login *login = login_of(flow);
    struct outgoing wanted = { 0 };

    if (login->fetching && login->answer != NULL) { /* the call was made: back to the hook */
        json_array_append_new(login->answers, login->answer);
        login->answer = NULL;
        login->fetching = false;
        return STEP_NEXT;
    }
    switch (hook_result(flow, HOOK_fetch_more)) {
    case HOOK_FAILED:
        return STEP_FAIL;
    case HOOK_FETCH:
        break;
    default:
        login->fetched_all = true;
        return STEP_NEXT;
    }
    if (login->round >= ROUNDS_MAX)
        return fail_misbehaving(flow, HOOK_fetch_more, "has no end");
    wanted.query = params_new(&flow->arena);
    wanted.form = params_new(&flow->arena);
    if (!outgoing_from_json(&wanted, &flow->arena, json_object_get(login->hook.output, "request")))
        return fail_misbehaving(flow, HOOK_fetch_more, "made no request");
    call_begin(login, &flow->arena, &(struct described_call){ .method = "GET", .url = wanted.url });
    login->request.method = wanted.method;
    login->request.body = wanted.body;
    login->request.body_type = wanted.body_type;
    for (size_t i = 0; i < wanted.query.count; i++)
        params_set(&login->request.query, wanted.query.at[i].name, wanted.query.at[i].value);
    for (size_t i = 0; i < wanted.header_count; i++)
        outgoing_header(&login->request, wanted.headers[i].name, wanted.headers[i].value);
    login->expected = (struct expected){ .type = REPLY_AUTO };
    login->fetching = true;
    return flow_enter_again(flow, api_call);
}

static const struct step fetch_round[] = {
    STEP(ask_fetch_more),    /* waits */
    STEP(make_fetched_call), /* a table, then once more */
    STEP_END,
};

static enum step_result fetch_more(struct flow *flow)
{
    struct login *login = login_of(flow);

    if (!description_has_hook(&login->provider->description, HOOK_fetch_more) || login->fetched_all)
        return STEP_NEXT;
    /* The first of the answers is the userinfo reply, or null where there is none. */
    login->round =
        json_array_size(login->answers) > 0 ? (unsigned)json_array_size(login->answers) - 1 : 0;
    return flow_enter_again(flow, fetch_round);
}

const struct step profile_calls[] = {
    STEP(look_up_first),    /* a table, once for each */
    STEP(ask_for_userinfo), /* a table */
    STEP(keep_userinfo),
    STEP(look_up_more), /* a table, once for each */
    STEP(fetch_more),   /* a table, at most four times */
    STEP_END,
};
