#include "base/codec.h"
#include "kit/mutation.h"
#include "kit/run_parts.h"
#include "protocol/errors.h"
#include "upstream/app_calls.h"

enum {
    DEADLINE_MS = 5000,
    MUTATIONS_MAX = 1000, /* of one answer */
    TEXTS_MAX = 4 * 1024 * 1024
};

/* The altered answer of the present play. */
struct alteration {
    struct altered altered; /* first */
    size_t index;
    struct mutation mutation;
    struct arena *arena; /* of the play */
    bool asked;          /* the answer was asked for */
    bool made;           /* there was a mutation of that number */
};

/* What a case says when nothing is altered. */
struct original {
    struct slice texts; /* all that its provider says, one behind the other */
    json_t *profile;
    bool well; /* it does not fail */
    bool revokes;
    bool oidc;
};

static void alter(struct altered *altered, struct arena *arena, struct slice *body, int *status,
                  struct slice *type)
{
    struct alteration *it = (struct alteration *)altered;

    (void)arena;
    it->asked = true;
    it->made = it->made || mutation_make(it->arena, *body, it->index, &it->mutation);
    if (!it->made)
        return;
    *body = it->mutation.body;
    if (it->mutation.status != 0)
        *status = it->mutation.status;
    if (it->mutation.type != NULL)
        *type = slice_of(it->mutation.type);
}

/* ---- judging ---- */

static bool occurs(const struct original *original, struct slice text)
{
    return text.len > 0 && slice_find_text(original->texts, text) < original->texts.len &&
           !slice_is(text, "true") && !slice_is(text, "false") && !slice_is(text, "null");
}

/* An address counts as verified only if it did, and was said by the provider. */
static bool believes_more(const struct original *original, const json_t *profile)
{
    struct slice email = json_member(profile, "email");
    bool verified = json_is_true(json_object_get(profile, "email_verified"));
    bool was = json_is_true(json_object_get(original->profile, "email_verified"));

    return verified && (!was || !occurs(original, email));
}

static const char *judge_success(const struct original *original, const struct alteration *it,
                                 const json_t *profile)
{
    struct slice sub = json_member(profile, "sub");

    if (original->revokes) /* of an odd answer nothing can come */
        return NULL;
    if (!original->well && profile == NULL)
        return "it ends with a token";
    if (it->mutation.expected == EXPECT_FAILURE && original->oidc)
        return "nobody minds";
    if (profile == NULL) /* a refresh */
        return NULL;
    if (it->mutation.expected == EXPECT_SAME)
        return json_equal(profile, original->profile) ? NULL : "the profile is another one";
    if (!occurs(original, sub))
        return "somebody is logged in whom the provider has not named";
    return believes_more(original, profile) ? "an e-mail address is believed that was not" : NULL;
}

/* A hook must bear whatever comes. What leads to a foreign host was refused, and that is clean. */
static bool is_unclean(const struct outcome *outcome)
{
    bool refused = slice_find_text(outcome->detail, SL("none of its hosts")) < outcome->detail.len;

    return outcome->error == &ERROR_SERVER_ERROR || (outcome->error == &ERROR_PLUGIN && !refused);
}

static const char *judge(struct arena *arena, const struct original *original,
                         const struct alteration *it, const struct outcome *outcome)
{
    if (outcome->end == FLOW_TOO_LATE)
        return "it does not come to an end";
    if (outcome->error == NULL)
        return judge_success(original, it, outcome->profile);
    if (is_unclean(outcome))
        return arena_printf(arena, "it ends with %s (%.*s)", outcome->error->code,
                            SLICE_ARG(outcome->detail))
            .at;
    if (it->mutation.expected == EXPECT_SAME && original->well)
        return arena_printf(arena, "it ends with %s (%.*s), though it says the same",
                            outcome->error->code, SLICE_ARG(outcome->detail))
            .at;
    return NULL;
}

static void say(struct problems *problems, const struct kit_exchange *exchange,
                const struct mutation *mutation, const char *what)
{
    if (slice_is_set(mutation->member))
        problem_add(problems, exchange->mark, "with %s instead of `%.*s` in the answer %s",
                    mutation->name, SLICE_ARG(mutation->member), what);
    else
        problem_add(problems, exchange->mark, "with %s instead of the answer %s", mutation->name,
                    what);
}

/* ---- playing ---- */

/* False when there is no mutation of that number, or the answer is not asked for. */
static bool play_altered(struct run *run, const struct original *original,
                         const struct kit_exchange *exchange, size_t index,
                         struct problems *problems)
{
    struct arena arena = { 0 };
    struct problems unheeded = { .arena = &arena };
    struct alteration it = { .altered = { exchange, alter }, .index = index, .arena = &arena };

    run->problems = &unheeded;
    run->kit->simulator.altered = &it.altered;
    run->kit->server.shared->quarantines[0] = (struct quarantine){ 0 };
    app_answers_forget(&run->hub->providers.at[0]);
    run_play(run);
    run->kit->simulator.altered = NULL;
    const char *wrong = it.made ? judge(&arena, original, &it, &run->outcome) : NULL;

    if (wrong != NULL)
        say(problems, exchange, &it.mutation, wrong);
    json_decref(run->outcome.profile);
    arena_release(&arena);
    return it.made;
}

static void add_texts(struct buf *texts, const struct node *node)
{
    json_t *json = node != NULL ? node_to_json(node) : NULL;

    if (json_is_string(json))
        buf_add(texts, json_slice(json));
    else if (json != NULL)
        buf_add_json_value(texts, json);
    buf_add_byte(texts, '\n');
    json_decref(json);
}

static struct slice texts_of(struct arena *arena, const struct kit_case *what)
{
    struct buf texts = BUF_INIT(TEXTS_MAX);

    add_texts(&texts, what->callback);
    add_texts(&texts, what->id_token);
    add_texts(&texts, what->userinfo);
    for (size_t i = 0; i < what->exchange_count; i++)
        add_texts(&texts, what->exchanges[i].body);
    add_texts(&texts, what->profile);
    struct slice all = arena_copy(arena, buf_slice(&texts));

    buf_release(&texts);
    return all;
}

/* FNV-1a: two answers that are taken for one cost nothing but a mutation. */
static uint64_t hash_more(uint64_t hash, struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.at[i]) * UINT64_C(1099511628211);
    return hash;
}

static bool is_seen(struct kit_seen *seen, const struct kit_case *what,
                    const struct kit_exchange *exchange)
{
    struct buf text = BUF_INIT(TEXTS_MAX);
    uint64_t hash = UINT64_C(14695981039346656037);

    add_texts(&text, exchange->body);
    hash = hash_more(hash, exchange->method);
    hash = hash_more(hash, exchange->url);
    hash = hash_more(hash, buf_slice(&text));
    hash = hash_more(hash, slice_is_set(what->fails) ? SL("fails") : SL("well"));
    buf_release(&text);
    for (size_t i = 0; i < seen->count; i++) {
        if (seen->hashes[i] == hash)
            return true;
    }
    if (seen->count < sizeof(seen->hashes) / sizeof(seen->hashes[0]))
        seen->hashes[seen->count++] = hash;
    return false;
}

static size_t mutate_exchanges(struct run *run, const struct original *original,
                               struct kit_seen *seen, struct problems *problems)
{
    size_t played = 0;

    for (size_t i = 0; i < run->what->exchange_count; i++) {
        const struct kit_exchange *exchange = &run->what->exchanges[i];
        size_t index = 0;

        if (is_seen(seen, run->what, exchange))
            continue;
        while (index < MUTATIONS_MAX && play_altered(run, original, exchange, index, problems))
            index++;
        played += index;
    }
    return played;
}

size_t kit_mutate(struct kit *kit, struct slice plugin, const char *file,
                  const struct kit_cases *cases, const struct kit_case *what, struct kit_seen *seen,
                  struct problems *problems)
{
    struct run run = { .kit = kit, .what = what, .problems = problems, .deadline_ms = DEADLINE_MS };
    size_t played = 0;

    /* Who is refused for what an answer says may come in when it does not say it. */
    if (slice_is(what->fails, ERROR_NOT_ALLOWED.code) || !run_open(&run, plugin, file, cases))
        return 0;
    run_play(&run);
    struct original original = { .texts = texts_of(problems->arena, what),
                                 .profile = run.outcome.profile,
                                 .well = !slice_is_set(what->fails),
                                 .revokes = what->revoke != NULL,
                                 .oidc = run.provider.description->protocol == PROTOCOL_OIDC };

    if ((run.outcome.error == NULL) == original.well)
        played = mutate_exchanges(&run, &original, seen, problems);
    json_decref(original.profile);
    run_close(&run);
    return played;
}
