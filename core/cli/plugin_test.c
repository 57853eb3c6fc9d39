#include "cli/cli.h"

#include "base/json.h"
#include "base/log.h"
#include "kit/lint.h"
#include "kit/run.h"
#include "plugin/jail.h"
#include "process/hub_open.h"

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

struct testing {
    struct cli *cli;
    struct kit *kit;
    struct event_base *base; /* for the jails of the lints */
    bool strict;             /* warnings count */
    bool mutates;
    size_t passed;
    size_t failed;
    size_t mutations;
    json_t *list;
};

/* `what` may be absent: the plugin as such. */
static void note(struct testing *testing, struct slice plugin, struct slice what, bool passed)
{
    *(passed ? &testing->passed : &testing->failed) += 1;
    if (testing->cli->json)
        json_array_append_new(testing->list,
                              json_pack("{s:o, s:o, s:b}", "plugin", json_from_slice(plugin),
                                        "case", json_from_slice(what), "passed", passed));
    else
        printf("%s %.*s/%.*s\n", passed ? "ok  " : "FAIL", SLICE_ARG(plugin), SLICE_ARG(what));
}

/* ---- which plugin ---- */

/* A shared object inside a plugin's folder, for plugins outside of this tree. */
static const char *object_in(struct arena *arena, const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    const char *found = NULL;

    while (dir != NULL && found == NULL && (entry = readdir(dir)) != NULL) {
        if (slice_ends(slice_of(entry->d_name), SL(".so")))
            found = arena_printf(arena, "%s/%s", folder, entry->d_name).at;
    }
    if (dir != NULL)
        closedir(dir);
    return found;
}

static bool is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static const char *absolute(struct arena *arena, const char *path)
{
    char real[PATH_MAX];

    return path != NULL && realpath(path, real) != NULL ? arena_string(arena, slice_of(real))
                                                        : path;
}

/* The last part of a path, without slashes behind it and without ".so". */
static struct slice id_of(const char *path)
{
    struct slice id = slice_of(path);

    while (id.len > 1 && id.at[id.len - 1] == '/')
        id.len--;
    while (slice_has(id, '/'))
        id = slice_from(id, slice_find(id, '/') + 1);
    if (slice_ends(id, SL(".so")))
        id.len -= 3;
    return id;
}

/* The path when there is such a file, else NULL. */
static const char *if_there(const char *path)
{
    return access(path, R_OK) == 0 ? path : NULL;
}

/* The one that is shipped with this program; NULL: it is none of these. */
static const char *shipped_object(struct arena *arena, struct slice id)
{
    const char *const *directories = plugin_directories(arena, NULL);

    return directories[0] == NULL
               ? NULL
               : if_there(arena_printf(arena, "%s/%.*s.so", directories[0], SLICE_ARG(id)).at);
}

static struct kit_plugin find_plugin(struct arena *arena, const char *path, const char *cases)
{
    struct kit_plugin plugin = { .id = id_of(path) };
    struct slice folder = slice_of(path);

    while (folder.len > 1 && folder.at[folder.len - 1] == '/')
        folder.len--;
    plugin.folder = cases != NULL ? cases : arena_printf(arena, "%.*s/cases", SLICE_ARG(folder)).at;
    if (!is_folder(path)) {
        plugin.file = absolute(arena, path);
        return plugin;
    }
    plugin.source =
        if_there(arena_printf(arena, "%.*s/%.*s.c", SLICE_ARG(folder), SLICE_ARG(plugin.id)).at);
    plugin.file = absolute(arena, object_in(arena, path));
    if (plugin.file == NULL)
        plugin.file = shipped_object(arena, plugin.id);
    return plugin;
}

/* ---- testing ---- */

/* In a jail of its own, where nothing else is that could have the same id. */
static void lint(struct testing *testing, const struct kit_plugin *plugin,
                 const struct kit_cases *cases, struct problems *problems)
{
    const char *const none[] = { NULL };
    const char *const files[] = { plugin->file, NULL };
    const struct jail_settings settings = { .directories = none, .files = files };

    if (plugin->file == NULL)
        return; /* a built-in one, whose description stands in the cases */
    kit_lint_object(plugin, problems);
    struct jail *jail = jail_new(testing->base, &settings, problems);

    if (jail != NULL && problems->errors == 0)
        kit_lint(plugin, jail_plugins(jail), cases, problems);
    jail_free(jail);
}

/* Quietly: every altered answer would be a warning of the simulator's. */
static void mutate(struct testing *testing, const struct kit_plugin *plugin,
                   const struct kit_cases *cases)
{
    struct arena arena = { 0 };
    struct problems problems = { .arena = &arena };
    struct kit_seen *seen = arena_new(&arena, struct kit_seen);

    log_configure(LEVEL_AUDIT, FORMAT_AUTO);
    for (size_t i = 0; i < cases->count; i++)
        testing->mutations += kit_mutate(testing->kit, plugin->id, plugin->file, cases,
                                         &cases->at[i], seen, &problems);
    log_configure(LEVEL_WARN, FORMAT_AUTO);
    note(testing, plugin->id, SL("mutations"), problems.errors == 0);
    cli_say_problems(&problems);
    arena_release(&arena);
}

static void test_plugin(struct testing *testing, const char *path, const char *cases_folder)
{
    struct arena arena = { 0 };
    struct problems problems = { .arena = &arena };
    struct kit_plugin plugin = find_plugin(&arena, path, cases_folder);
    struct kit_cases cases;

    kit_cases_read(&cases, plugin.folder, &problems);
    if (problems.errors == 0 && cases.count == 0)
        problem_add(&problems, (struct mark){ plugin.folder, 0, 0 }, "there are no cases");
    size_t unreadable = problems.errors;

    lint(testing, &plugin, &cases, &problems);
    cli_say_problems(&problems);
    if (problems.errors > 0 || (testing->strict && problems.warnings > 0))
        note(testing, plugin.id, SL("lint"), false);
    for (size_t i = 0; unreadable == 0 && i < cases.count; i++) {
        struct problems own = { .arena = &arena };
        bool passed = kit_run(testing->kit, plugin.id, plugin.file, &cases, &cases.at[i], &own);

        note(testing, plugin.id, cases.at[i].name, passed);
        if (!passed)
            cli_say_problems(&own);
    }
    if (unreadable == 0 && testing->mutates)
        mutate(testing, &plugin, &cases);
    kit_cases_release(&cases);
    arena_release(&arena);
}

static void test_all(struct testing *testing)
{
    char *const *arguments = testing->cli->arguments;

    for (int i = 0; i < testing->cli->count; i++) {
        /* A file is followed by the folder of its cases. */
        bool has_cases =
            !is_folder(arguments[i]) && i + 1 < testing->cli->count && is_folder(arguments[i + 1]);

        test_plugin(testing, arguments[i], has_cases ? arguments[i + 1] : NULL);
        i += has_cases;
    }
}

int cli_plugin_test(struct cli *cli)
{
    const char *why;
    bool strict = cli_flag(cli, "--strict");
    bool mutates = cli_flag(cli, "--mutate");

    if (cli->count == 0)
        return cli_wrong_usage(cli, "the folder or file of a plugin is needed");
    struct testing testing = {
        .cli = cli, .strict = strict, .mutates = mutates, .kit = kit_new(&why)
    };

    if (testing.kit == NULL) {
        fprintf(stderr, "cardea: %s\n", why);
        return EXIT_USAGE;
    }
    testing.base = event_base_new();
    testing.list = json_array();
    test_all(&testing);
    kit_free(testing.kit);
    event_base_free(testing.base);
    if (cli->json)
        cli_print_json(json_incref(testing.list));
    else
        printf("%zu passed, %zu failed\n", testing.passed, testing.failed);
    if (mutates && !cli->json)
        printf("%zu answers were altered\n", testing.mutations);
    json_decref(testing.list);
    return testing.failed == 0 && testing.passed > 0 ? EXIT_DONE : EXIT_NO;
}
