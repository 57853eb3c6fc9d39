#include "base/clock.h"
#include "kit/run_parts.h"

enum {
    LINE_MAX_BYTES = 64 * 1024
};

void run_say(struct run *run, struct mark mark, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    struct slice text = arena_vprintf(run->problems->arena, format, args);

    va_end(args);
    problem_add(run->problems, mark, "%.*s", SLICE_ARG(text));
}

static struct slice json_line(struct arena *arena, const json_t *value)
{
    struct buf text = BUF_INIT(LINE_MAX_BYTES);

    if (value == NULL)
        return SL("nothing");
    buf_add_json_value(&text, value);
    struct slice line = arena_copy(arena, buf_slice(&text));

    buf_release(&text);
    return line;
}

void compare_query(struct run *run, const struct node *wanted)
{
    for (size_t i = 0; wanted != NULL && i < wanted->count; i++) {
        const struct node_member *member = &wanted->members[i];
        const char *name = arena_string(run->problems->arena, member->name);
        struct slice given = params_get_raw(&run->request, name);

        if (member->value->kind == NODE_NULL) {
            if (slice_is_set(given))
                run_say(run, member->mark,
                        "the authorization request has `%s`, which must not be there", name);
        } else if (!play_matches(&run->kit->simulator, run->play, member->value->text, given)) {
            run_say(run, member->mark, "the authorization request has `%s: %.*s` instead of `%.*s`",
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

void compare_profile(struct run *run, const json_t *profile)
{
    const struct node *wanted = run->what->profile;
    struct arena *arena = run->problems->arena;
    const char *name;
    json_t *value;

    for (size_t i = 0; wanted != NULL && i < wanted->count; i++) {
        const struct node_member *member = &wanted->members[i];
        const json_t *given = json_object_get(profile, arena_string(arena, member->name));

        if (member->value->kind == NODE_NULL ? given != NULL : !same_value(member->value, given))
            run_say(run, member->mark, "the profile has `%.*s: %.*s`", SLICE_ARG(member->name),
                    SLICE_ARG(json_line(arena, given)));
    }
    json_object_foreach((json_t *)(uintptr_t)profile, name, value)
    {
        if (wanted != NULL && node_get(wanted, name) == NULL)
            run_say(run, wanted->mark, "the profile has `%s: %.*s` besides", name,
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

void compare_tokens(struct run *run, const struct tokens *tokens)
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
            run_say(run, member->mark, "the tokens have `%.*s: %.*s`", SLICE_ARG(member->name),
                    SLICE_ARG(given));
    }
}

void compare_failure(struct run *run, const struct flow *flow, const struct login *login)
{
    const struct kit_case *what = run->what;
    struct slice code = kit_text(what->said, "code");
    struct slice text = kit_text(what->said, "text");

    if (!slice_is(what->fails, flow->error.kind->code)) {
        run_say(run, what->mark, "it ended with %s (%.*s)%s%.*s", flow->error.kind->code,
                SLICE_ARG(flow->error.detail), slice_is_set(what->fails) ? " instead of " : "",
                SLICE_ARG(what->fails));
        return;
    }
    if (slice_is_set(code) && !slice_equal(code, login->error_code))
        run_say(run, what->said->mark, "the provider's error code was read as `%.*s`",
                SLICE_ARG(login->error_code));
    if (slice_is_set(text) && !slice_equal(text, login->error_text))
        run_say(run, what->said->mark, "the provider's words were read as `%.*s`",
                SLICE_ARG(login->error_text));
}

void compare_exchanges(struct run *run)
{
    const struct play *play = run->play;

    if (slice_is_set(play->complaint)) {
        run_say(run, play->complaint_mark, "%.*s", SLICE_ARG(play->complaint));
        return;
    }
    for (size_t i = 0; i < run->what->exchange_count; i++) {
        if (play->used[i] == 0)
            run_say(run, run->what->exchanges[i].mark, "this request was never made");
    }
}
