#include "kit/case.h"

#include "base/url.h"
#include "config/fields.h"

#include <dirent.h>
#include <errno.h>

enum {
    EXCHANGES_MAX = 32
};

/* The members a case may have, and the kind each must be of. */
static const struct {
    const char *name;
    enum node_kind kind;
    size_t offset;
} members[] = {
    { "about", NODE_TEXT, offsetof(struct kit_case, about) },
    { "config", NODE_MAP, offsetof(struct kit_case, config) },
    { "authorize", NODE_MAP, offsetof(struct kit_case, authorize) },
    { "callback", NODE_MAP, offsetof(struct kit_case, callback) },
    { "refresh", NODE_MAP, offsetof(struct kit_case, refresh) },
    { "revoke", NODE_MAP, offsetof(struct kit_case, revoke) },
    { "exchanges", NODE_LIST, 0 },
    { "id_token", NODE_MAP, offsetof(struct kit_case, id_token) },
    { "userinfo", NODE_MAP, offsetof(struct kit_case, userinfo) },
    { "id_token_alg", NODE_TEXT, offsetof(struct kit_case, id_token_alg) },
    { "profile", NODE_MAP, offsetof(struct kit_case, profile) },
    { "tokens", NODE_MAP, offsetof(struct kit_case, tokens) },
    { "fails", NODE_TEXT, offsetof(struct kit_case, fails) },
    { "said", NODE_MAP, offsetof(struct kit_case, said) },
};

enum {
    MEMBERS = sizeof(members) / sizeof(members[0])
};

static const char *const authorize_members[] = { "url", "query", "fragment", NULL };
static const char *const kept_members[] = { "refresh_token", "access_token", "sub", "callback",
                                            NULL };
static const char *const said_members[] = { "code", "text", NULL };
static const char *const exchange_members[] = { "request", "query",  "form",   "json",
                                                "headers", "oauth1", "answer", NULL };
static const char *const answer_members[] = { "status", "type", "headers", "body", NULL };
static const char *const provider_members[] = { "discovery", "id_token_alg", NULL };

struct slice kit_text(const struct node *map, const char *name)
{
    const struct node *value = map != NULL ? node_get(map, name) : NULL;

    return value != NULL && value->kind == NODE_TEXT ? value->text : slice_none();
}

static void say_unknown(const struct node_member *member, const char *const *names, size_t count,
                        struct problems *problems)
{
    const char *nearest = nearest_name(member->name, names, count);

    problem_add(problems, member->mark, "unknown key `%.*s`%s%s%s", SLICE_ARG(member->name),
                nearest != NULL ? "; did you mean `" : "", nearest != NULL ? nearest : "",
                nearest != NULL ? "`?" : "");
}

/* A map that has none but these members; NULL at the end, NULL for a map that is not there. */
static void check_members(const struct node *map, const char *const *names,
                          struct problems *problems)
{
    size_t count = 0;

    while (names[count] != NULL)
        count++;
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        if (word_find(names, map->members[i].name) < 0)
            say_unknown(&map->members[i], names, count, problems);
    }
}

/* Or `~`: nothing else could be compared, or sent. */
static void check_text(const struct node_member *member, struct problems *problems)
{
    enum node_kind kind = member->value->kind;

    if (kind != NODE_TEXT && kind != NODE_NULL)
        problem_add(problems, member->mark, "`%.*s` is a text", SLICE_ARG(member->name));
}

static void check_texts(const struct node *map, struct problems *problems)
{
    for (size_t i = 0; map != NULL && i < map->count; i++)
        check_text(&map->members[i], problems);
}

/* Such a map, or NULL where there is none. */
static const struct node *take_texts(const struct node *map, const char *name,
                                     struct problems *problems)
{
    const struct node *value = node_get(map, name);

    if (value == NULL || value->kind == NODE_NULL)
        return NULL;
    if (value->kind != NODE_MAP) {
        problem_add(problems, value->mark, "`%s` is a map", name);
        return NULL;
    }
    check_texts(value, problems);
    return value;
}

static void read_answer(struct kit_exchange *exchange, const struct node *answer,
                        struct problems *problems)
{
    struct slice status = kit_text(answer, "status");
    uint64_t number = 200;

    if (answer == NULL || answer->kind != NODE_MAP) {
        problem_add(problems, exchange->mark, "an exchange needs an `answer`");
        return;
    }
    check_members(answer, answer_members, problems);
    if (slice_is_set(status) && (!slice_to_u64(status, 599, &number) || number < 100))
        problem_add(problems, answer->mark, "`status` is a number from 100 to 599");
    exchange->status = (int)number;
    exchange->type = kit_text(answer, "type");
    exchange->answer_headers = take_texts(answer, "headers", problems);
    exchange->body = node_get(answer, "body");
}

static void read_exchange(struct kit_exchange *exchange, const struct node *node,
                          struct problems *problems)
{
    struct url url;

    exchange->mark = node->mark;
    if (node->kind != NODE_MAP) {
        problem_add(problems, node->mark, "an exchange is a map with `request` and `answer`");
        return;
    }
    check_members(node, exchange_members, problems);
    if (!slice_cut(kit_text(node, "request"), ' ', &exchange->method, &exchange->url) ||
        url_read_http(exchange->url, &url) != NULL || slice_is_set(url.query))
        problem_add(problems, node->mark,
                    "`request` is a method and a URL without its query, as \"GET https://...\"");
    exchange->query = take_texts(node, "query", problems);
    exchange->form = take_texts(node, "form", problems);
    exchange->json = take_texts(node, "json", problems);
    exchange->headers = take_texts(node, "headers", problems);
    exchange->oauth1 = take_texts(node, "oauth1", problems);
    read_answer(exchange, node_get(node, "answer"), problems);
}

static void read_exchanges(struct kit_case *result, const struct node *list,
                           struct problems *problems)
{
    if (list->count > EXCHANGES_MAX) {
        problem_add(problems, list->mark, "more than %d exchanges", EXCHANGES_MAX);
        return;
    }
    result->exchanges = arena_zalloc(problems->arena, list->count * sizeof(*result->exchanges));
    result->exchange_count = list->count;
    for (size_t i = 0; i < list->count; i++)
        read_exchange(&result->exchanges[i], list->items[i], problems);
}

static void take_member(struct kit_case *result, const struct node_member *member,
                        struct problems *problems)
{
    const char *names[MEMBERS];

    for (size_t i = 0; i < MEMBERS; i++) {
        char *place = (char *)result + members[i].offset;

        names[i] = members[i].name;
        if (!slice_is(member->name, members[i].name))
            continue;
        if (member->value->kind != members[i].kind)
            problem_add(problems, member->mark, "`%s` is a %s", members[i].name,
                        members[i].kind == NODE_TEXT  ? "text"
                        : members[i].kind == NODE_MAP ? "map"
                                                      : "list");
        else if (members[i].kind == NODE_TEXT)
            *(struct slice *)(void *)place = member->value->text;
        else if (members[i].kind == NODE_MAP)
            *(const struct node **)(void *)place = member->value;
        else
            read_exchanges(result, member->value, problems);
        return;
    }
    say_unknown(member, names, MEMBERS, problems);
}

/* What would have been kept of an earlier login. */
static void check_kept(const struct node *kept, struct problems *problems)
{
    check_members(kept, kept_members, problems);
    for (size_t i = 0; kept != NULL && i < kept->count; i++) {
        if (!slice_is(kept->members[i].name, "callback"))
            check_text(&kept->members[i], problems);
    }
    take_texts(kept, "callback", problems);
}

static void check_case(const struct kit_case *result, struct problems *problems)
{
    if (!slice_is_set(result->about))
        problem_add(problems, result->mark, "`about` is missing: one line that says what happens");
    if (result->config == NULL)
        problem_add(problems, result->mark,
                    "`config` is missing: at least client_id and client_secret");
    if ((result->callback != NULL) + (result->refresh != NULL) + (result->revoke != NULL) != 1)
        problem_add(problems, result->mark,
                    "a case has either a `callback`, a `refresh` or a `revoke`");
    if (result->profile == NULL && result->tokens == NULL && result->revoke == NULL &&
        !slice_is_set(result->fails))
        problem_add(problems, result->mark,
                    "a case says what must come of it: `profile`, `tokens` or `fails`");
    check_members(result->authorize, authorize_members, problems);
    check_members(result->said, said_members, problems);
    check_texts(result->callback, problems);
    check_texts(result->tokens, problems);
    check_texts(result->said, problems);
    take_texts(result->authorize, "query", problems);
    check_kept(result->refresh, problems);
    check_kept(result->revoke, problems);
}

static void read_provider(struct kit_cases *cases, const struct node *root,
                          struct problems *problems)
{
    const struct node *discovery = node_get(root, "discovery");

    check_members(root, provider_members, problems);
    if (discovery != NULL && discovery->kind == NODE_LIST)
        cases->discovery = node_to_json(discovery);
    else if (discovery != NULL)
        cases->discovery = json_pack("[o]", node_to_json(discovery));
    cases->id_token_alg = kit_text(root, "id_token_alg");
}

static void read_case(struct kit_cases *cases, const char *path, const char *file,
                      struct problems *problems)
{
    struct node_options options = { 0 };
    const struct node *root = node_read_file(path, &options, problems);
    struct slice name = slice_of(file);

    if (root == NULL)
        return;
    if (root->kind != NODE_MAP) {
        problem_add(problems, root->mark, "a case is a map");
        return;
    }
    if (slice_is(name, "provider.yaml")) {
        read_provider(cases, root, problems);
        return;
    }
    struct kit_case *result = &cases->at[cases->count++];

    *result = (struct kit_case){ .file = path, .mark = { path, 1, 1 } };
    result->name = arena_copy(problems->arena, slice_sub(name, 0, name.len - 5));
    for (size_t i = 0; i < root->count; i++)
        take_member(result, &root->members[i], problems);
    check_case(result, problems);
}

static int is_yaml(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && slice_ends(slice_of(entry->d_name), SL(".yaml"));
}

void kit_cases_read(struct kit_cases *cases, const char *folder, struct problems *problems)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_yaml, alphasort);

    *cases = (struct kit_cases){ 0 };
    if (count < 0)
        problem_add(problems,
                    (struct mark){ arena_string(problems->arena, slice_of(folder)), 0, 0 },
                    "the cases cannot be read: %s", strerror(errno));
    cases->at = arena_zalloc(problems->arena, (size_t)(count > 0 ? count : 1) * sizeof(*cases->at));
    for (int i = 0; i < count; i++) {
        const char *path = arena_printf(problems->arena, "%s/%s", folder, entries[i]->d_name).at;

        read_case(cases, path, entries[i]->d_name, problems);
        free(entries[i]);
    }
    free(entries);
    for (size_t i = 0; i < cases->count; i++) {
        if (!slice_is_set(cases->at[i].id_token_alg))
            cases->at[i].id_token_alg = cases->id_token_alg;
    }
}

void kit_cases_release(struct kit_cases *cases)
{
    json_decref(cases->discovery);
    *cases = (struct kit_cases){ 0 };
}
