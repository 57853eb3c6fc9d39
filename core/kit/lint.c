#include "kit/lint.h"

#include "base/file.h"
#include "base/json.h"
#include "plugin/provider.h"

enum {
    SOURCE_MAX = 1024 * 1024
};

struct lint {
    const struct kit_plugin *plugin;
    const json_t *document;
    struct slice source; /* absent: it is not there */
    struct description description;
    struct problems *problems;
};

/* ---- places ---- */

static struct mark mark_at(const struct lint *lint, size_t offset)
{
    struct slice before = slice_sub(lint->source, 0, offset);
    struct mark mark = { lint->plugin->source, 1, 1 };

    for (size_t i = 0; i < before.len; i++) {
        mark.line += before.at[i] == '\n';
        mark.column = before.at[i] == '\n' ? 1 : mark.column + 1;
    }
    return mark;
}

/* Where `word` is written as a C string, as the name of a field, or as the beginning of a string.
 */
static bool find_word(const struct lint *lint, struct arena *arena, struct slice word,
                      struct mark *mark_r)
{
    const struct slice forms[] = {
        arena_printf(arena, "\"%.*s\"", SLICE_ARG(word)),
        arena_printf(arena, ".%.*s =", SLICE_ARG(word)),
        arena_printf(arena, "\"%.*s", SLICE_ARG(word)),
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && word.len > 1; i++) {
        size_t at = slice_find_text(lint->source, forms[i]);

        if (at < lint->source.len) {
            *mark_r = mark_at(lint, at + 1);
            return true;
        }
    }
    return false;
}

/* The first of the words that a message quotes in backticks which is found in the source. */
static struct mark find_place(const struct lint *lint, struct arena *arena, struct slice message)
{
    struct mark mark = { lint->plugin->source != NULL ? lint->plugin->source : lint->plugin->file,
                         0, 0 };
    struct slice part;
    bool quoted = false;

    while (slice_is_set(lint->source) && slice_next(&message, '`', &part)) {
        if (quoted && find_word(lint, arena, part, &mark))
            break;
        quoted = !quoted;
    }
    return mark;
}

static void say(struct lint *lint, bool warning, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void say(struct lint *lint, bool warning, const char *format, ...)
{
    struct arena *arena = lint->problems->arena;
    va_list args;

    va_start(args, format);
    struct slice text = arena_vprintf(arena, format, args);

    va_end(args);
    (warning ? problem_warn : problem_add)(lint->problems, find_place(lint, arena, text), "%.*s",
                                           SLICE_ARG(text));
}

/* ---- the description ---- */

/* A value that fits the parameter, so that what it stands in can be judged. */
static struct slice sample_of(const struct description_parameter *parameter)
{
    static const struct {
        const char *kind;
        const char *value;
    } samples[] = {
        { "segment", "sample" },
        { "word", "sample" },
        { "url", "https://sample.example" },
        { "text", "sample" },
    };
    struct slice rest = parameter->values;
    struct slice first;

    if (slice_is_set(parameter->otherwise))
        return parameter->otherwise;
    if (slice_next_word(&rest, &first))
        return first;
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        if (slice_is(parameter->kind, samples[i].kind))
            return slice_of(samples[i].value);
    }
    return SL("sample.example");
}

/* Reads the description as the hub would, with sample values for the parameters. */
static void read_description(struct lint *lint, const json_t *plugins)
{
    struct arena *arena = lint->problems->arena;
    struct problems found = { .arena = arena };
    const struct provider_settings plain = { .plugin = lint->plugin->id };
    struct provider provider = { .id = lint->plugin->id, .settings = &plain };

    provider_read_plugin(&provider, plugins, &found);
    lint->description = provider.description;
    const struct description_parameter *parameters = lint->description.parameters.at;
    struct pairs samples = {
        arena_alloc(arena, (lint->description.parameters.count + 1) * sizeof(struct pair)), 0
    };

    for (size_t i = 0; i < lint->description.parameters.count; i++)
        samples.at[samples.count++] =
            (struct pair){ parameters[i].named.id, sample_of(&parameters[i]) };
    description_fill(&lint->description, &samples, (struct mark){ 0 }, &found);
    description_check(&lint->description, (struct mark){ 0 }, &found);
    for (const struct problem *each = found.first; each != NULL; each = each->next)
        say(lint, each->warning, "%.*s", SLICE_ARG(each->text));
}

/* The document of the jail, which has only what the author wrote. */
static const json_t *find_document(const json_t *plugins, struct slice id)
{
    const json_t *plugin;
    const json_t *document;
    size_t i;
    size_t k;

    json_array_foreach(plugins, i, plugin)
    {
        json_array_foreach(json_object_get(plugin, "providers"), k, document)
        {
            if (slice_equal(json_member(document, "id"), id))
                return document;
        }
    }
    return NULL;
}

static bool has_member(const struct lint *lint, const char *name)
{
    return json_object_get(lint->document, name) != NULL;
}

/* What everybody needs to know of a provider, and no default can say. */
static void check_presence(struct lint *lint)
{
    static const struct {
        const char *field;
        const char *why;
    } needed[] = {
        { "name", "what people read on the button" },
        { "protocol", "CARDEA_OAUTH2, CARDEA_OIDC or CARDEA_OAUTH1" },
    };

    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (!has_member(lint, needed[i].field))
            say(lint, false, "`%s` is missing: %s", needed[i].field, needed[i].why);
    }
    if (id_check(lint->plugin->id) != NULL)
        say(lint, false, "the id `%.*s` %s", SLICE_ARG(lint->plugin->id),
            id_check(lint->plugin->id));
}

/* Those that hub or core know by name. */
static bool is_known_parameter(struct slice name)
{
    return slice_is(name, "issuer_values") || slice_is(name, "team_id") || slice_is(name, "key_id");
}

static bool is_used(const char *texts, struct slice name, struct arena *arena)
{
    static const char *const behind[] = { "}", " ", ">" };

    for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
        const char *wanted = arena_printf(arena, "{%.*s%s", SLICE_ARG(name), behind[i]).at;

        if (strstr(texts, wanted) != NULL)
            return true;
    }
    return false;
}

static void check_parameters(struct lint *lint)
{
    static const char *const kinds[] = { "host", "segment", "word", "url", "text" };
    const struct description_parameter *parameters = lint->description.parameters.at;
    struct arena *arena = lint->problems->arena;
    struct buf text = BUF_INIT(SOURCE_MAX);

    buf_add_json_value(&text, lint->document);
    const char *texts = arena_string(arena, buf_slice(&text));

    buf_release(&text);
    for (size_t i = 0; i < lint->description.parameters.count; i++) {
        struct slice name = parameters[i].named.id;
        struct slice kind = parameters[i].kind;
        bool is_kind = !slice_is_set(kind);

        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
            is_kind = is_kind || slice_is(kind, kinds[k]);
        if (!is_kind)
            say(lint, false, "parameter `%.*s` is of the kind `%.*s`, which is none",
                SLICE_ARG(name), SLICE_ARG(kind));
        if (!slice_is_set(parameters[i].about))
            say(lint, false, "parameter `%.*s` does not say what it is", SLICE_ARG(name));
        if (lint->description.hooks == 0 && !is_known_parameter(name) &&
            !is_used(texts, name, arena))
            say(lint, false, "parameter `%.*s` stands in nothing: write {%.*s} where it belongs",
                SLICE_ARG(name), SLICE_ARG(name));
    }
}

static void check_lookups(struct lint *lint)
{
    const struct description_lookup *lookups = lint->description.lookups.at;

    for (size_t i = 0; i < lint->description.lookups.count; i++) {
        if (!slice_is_set(lookups[i].url))
            say(lint, false, "lookup `%.*s` has no url", SLICE_ARG(lookups[i].named.id));
    }
}

/* ---- the cases ---- */

struct kinds_of_cases {
    bool login, denied, error, refresh;
};

static void check_cases(struct lint *lint, const struct kit_cases *cases)
{
    struct kinds_of_cases seen = { 0 };
    const struct mark folder = { lint->plugin->folder, 0, 0 };

    for (size_t i = 0; i < cases->count; i++) {
        const struct kit_case *each = &cases->at[i];
        bool fails = slice_is_set(each->fails);

        seen.login = seen.login || each->profile != NULL;
        seen.denied = seen.denied || slice_is(each->fails, "access_denied");
        seen.error = seen.error || (fails && !slice_is(each->fails, "access_denied"));
        seen.refresh = seen.refresh || (each->refresh != NULL && !fails);
    }
    if (!seen.login)
        problem_warn(lint->problems, folder, "no case is a login, with a `profile` at its end");
    if (!seen.denied)
        problem_warn(lint->problems, folder,
                     "no case is a person who says no: `fails: access_denied`");
    if (!seen.error)
        problem_warn(lint->problems, folder, "no case is an error as this provider tells it");
    if (!seen.refresh && lint->description.refresh != REFRESH_NO)
        problem_warn(lint->problems, folder,
                     "no case is a refresh; if there is none at this provider, it says "
                     "`refresh: no`");
}

void kit_lint(const struct kit_plugin *plugin, const json_t *plugins, const struct kit_cases *cases,
              struct problems *problems)
{
    struct lint lint = { .plugin = plugin,
                         .document = find_document(plugins, plugin->id),
                         .problems = problems };
    struct file file;

    if (plugin->source != NULL &&
        file_read(problems->arena, plugin->source, SOURCE_MAX, &file) == NULL)
        lint.source = file.bytes;
    if (lint.document == NULL) {
        say(&lint, false, "it describes no provider `%.*s`, as its file is called",
            SLICE_ARG(plugin->id));
        return;
    }
    read_description(&lint, plugins);
    check_presence(&lint);
    check_parameters(&lint);
    check_lookups(&lint);
    check_cases(&lint, cases);
}
