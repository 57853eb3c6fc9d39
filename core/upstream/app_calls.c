#include "upstream/app_calls.h"

#include "base/clock.h"
#include "base/memory.h"
#include "upstream/api.h"
#include "upstream/call.h"
#include "upstream/kept.h"

enum {
    LEFT_S = 60,               /* an answer is not used any more when this is left */
    LIFETIME_MAX_S = 24 * 3600 /* however long it says that it is good */
};

struct app_answer {
    struct slice name; /* of the description */
    json_t *answer;    /* NULL: none */
    int64_t until;     /* clock_monotonic_ms() */
};

/* One for each lookup, and one for the token reply. */
struct app_answers {
    size_t count;
    struct app_answer at[];
};

/* ---- keeping ---- */

static struct app_answers *answers_of(struct provider *provider)
{
    struct kept *kept = kept_of(provider);
    const struct many *lookups = &provider->description.lookups;
    const struct description_lookup *lookup = lookups->at;

    if (kept->app_answers != NULL)
        return kept->app_answers;
    struct app_answers *answers =
        mem_zalloc(1, sizeof(*answers) + (lookups->count + 1) * sizeof(answers->at[0]));

    answers->count = lookups->count + 1;
    for (size_t i = 0; i < lookups->count; i++)
        answers->at[i].name = lookup[i].named.id;
    answers->at[lookups->count].name = APP_TOKEN;
    kept->app_answers = answers;
    return answers;
}

static struct app_answer *answer_named(struct provider *provider, struct slice name)
{
    struct app_answers *answers = answers_of(provider);
    size_t i = 0;

    while (i + 1 < answers->count && !slice_equal(answers->at[i].name, name))
        i++;
    return &answers->at[i];
}

json_t *app_answer_find(struct provider *provider, struct slice name)
{
    const struct app_answer *kept = answer_named(provider, name);

    return clock_monotonic_ms() < kept->until ? json_incref(kept->answer) : NULL;
}

void app_answer_keep(struct provider *provider, struct slice name, json_t *answer,
                     int64_t lifetime_s)
{
    struct app_answer *kept = answer_named(provider, name);

    json_decref(kept->answer);
    kept->answer = json_incref(answer);
    if (lifetime_s > LIFETIME_MAX_S)
        lifetime_s = LIFETIME_MAX_S;
    kept->until = lifetime_s > LEFT_S ? clock_monotonic_ms() + (lifetime_s - LEFT_S) * 1000 : 0;
}

void app_answers_forget(struct provider *provider)
{
    struct app_answers *answers = answers_of(provider);

    for (size_t i = 0; i < answers->count; i++)
        answers->at[i].until = 0;
}

void app_answers_free(struct app_answers *answers)
{
    for (size_t i = 0; answers != NULL && i < answers->count; i++)
        json_decref(answers->at[i].answer);
    mem_free(answers);
}

/* ---- calling ---- */

static const struct description_lookup *lookup_at(const struct login *login, size_t number)
{
    const struct many *lookups = &login->provider->description.lookups;
    const struct description_lookup *at = lookups->at;

    return number < lookups->count ? &at[number] : NULL;
}

static int64_t lifetime_of(struct arena *arena, const struct description_lookup *lookup,
                           const json_t *answer)
{
    struct slice path = slice_is_set(lookup->expires) ? lookup->expires : SL("/expires_in");
    uint64_t seconds;

    return slice_to_u64(json_text(arena, json_at(answer, path)), INT32_MAX, &seconds)
               ? (int64_t)seconds
               : 0;
}

/* Takes what the call before has brought. */
static void keep_answer(struct login *login, struct arena *arena)
{
    const struct description_lookup *lookup = lookup_at(login, login->lookup - 1);

    if (login->answer == NULL || lookup == NULL)
        return;
    app_answer_keep(login->provider, lookup->named.id, login->answer,
                    lifetime_of(arena, lookup, login->answer));
    json_object_set_new(login->lookups, arena_string(arena, lookup->named.id), login->answer);
    login->answer = NULL;
}

static enum step_result call_next(struct flow *flow)
{
    struct login *login = login_of(flow);
    const struct description_lookup *lookup;

    keep_answer(login, &flow->arena);
    while ((lookup = lookup_at(login, login->lookup)) != NULL) {
        login->lookup++;
        if (lookup->as != OWNER_APP)
            continue;
        json_t *known = app_answer_find(login->provider, lookup->named.id);

        if (known != NULL) {
            json_object_set_new(login->lookups, arena_string(&flow->arena, lookup->named.id),
                                known);
            continue;
        }
        const struct described_call call = lookup_call(lookup);

        call_begin_as_app(login, &flow->arena, &call);
        lookup_expect(login, lookup);
        return flow_enter_again(flow, app_call);
    }
    login->lookup = 0;
    return STEP_NEXT;
}

const struct step app_calls[] = {
    STEP(call_next), /* a table, once for each */
    STEP_END,
};
