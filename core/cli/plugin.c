#include "cli/cli.h"

#include "base/json.h"
#include "kit/run.h"
#include "plugin/description.h"
#include "process/hub_open.h"

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what is loaded ---- */

struct loaded {
    struct arena arena;
    struct problems problems;
    struct settings *settings; /* NULL: no configuration, the shipped plugins only */
    struct event_base *base;
    struct jail *jail;
};

/* With the plugin directories of the configuration, when there is one. */
static bool load_plugins(struct cli *cli, struct loaded *loaded)
{
    *loaded = (struct loaded){ 0 };
    loaded->problems.arena = &loaded->arena;
    const char *config = settings_find(&loaded->arena, cli->config);

    if (config != NULL && (cli->config != NULL || access(config, R_OK) == 0)) {
        loaded->settings = settings_read(config, &loaded->problems);
        if (loaded->settings == NULL)
            return false;
    }
    struct jail_settings jail = { .directories =
                                      plugin_directories(&loaded->arena, loaded->settings) };

    loaded->base = event_base_new();
    loaded->jail = jail_new(loaded->base, &jail, &loaded->problems);
    return loaded->jail != NULL;
}

static void unload_plugins(struct loaded *loaded)
{
    jail_free(loaded->jail);
    if (loaded->base != NULL)
        event_base_free(loaded->base);
    arena_release(&loaded->arena);
}

int cli_plugin_list(struct cli *cli)
{
    struct loaded loaded;
    const json_t *plugin;
    const json_t *document;
    size_t i;
    size_t k;

    if (cli->count > 0)
        return cli_wrong_usage(cli, "nothing is known about `%s`", cli->arguments[0]);
    json_t *list = json_array();
    bool good = load_plugins(cli, &loaded);

    cli_say_problems(&loaded.problems);
    json_array_foreach(good ? jail_plugins(loaded.jail) : NULL, i, plugin)
    {
        json_array_foreach(json_object_get(plugin, "providers"), k, document)
        {
            json_array_append_new(list, json_pack("{s:O, s:O?, s:O?, s:O?, s:O, s:O}", "id",
                                                  json_object_get(document, "id"), "name",
                                                  json_object_get(document, "name"), "protocol",
                                                  json_object_get(document, "protocol"), "version",
                                                  json_object_get(plugin, "version"), "file",
                                                  json_object_get(plugin, "file"), "hooks",
                                                  json_object_get(document, "hooks")));
        }
    }
    if (good && cli->json) {
        cli_print_json(json_incref(list));
    } else if (good) {
        json_array_foreach(list, i, document)
        {
            printf("%-16s %-20s %-8s %-8s %s\n", json_member(document, "id").at,
                   json_member(document, "name").at, json_member(document, "protocol").at,
                   json_member(document, "version").at, json_member(document, "file").at);
        }
        printf("%-16s %-20s %-8s %-8s built in\n%-16s %-20s %-8s %-8s built in\n", "oauth2",
               "any OAuth 2.0", "oauth2", CARDEA_VERSION, "oidc", "any OpenID Connect", "oidc",
               CARDEA_VERSION);
    }
    json_decref(list);
    unload_plugins(&loaded);
    return good ? EXIT_DONE : EXIT_USAGE;
}

static const struct provider_settings *configured(const struct settings *settings, struct slice id)
{
    const struct provider_settings *each = settings != NULL ? settings->providers.at : NULL;

    for (size_t i = 0; settings != NULL && i < settings->providers.count; i++) {
        if (slice_equal(each[i].named.id, id))
            return &each[i];
    }
    return NULL;
}

/* The description of one provider: as configured, or as its plugin has it. */
static bool find_description(struct loaded *loaded, const char *id, struct provider *provider_r)
{
    static struct quarantine quarantine;
    const struct provider_settings *known = configured(loaded->settings, slice_of(id));
    static struct provider_settings plain;
    struct settings one = { .providers = { .at = (void *)(uintptr_t)known, .count = 1 } };
    struct providers providers;

    if (known != NULL) {
        providers_bind(&providers, &one, jail_plugins(loaded->jail), &quarantine,
                       &loaded->problems);
        *provider_r = providers.at[0];
    } else {
        plain.plugin = plain.named.id = slice_of(id);
        *provider_r = (struct provider){ .id = slice_of(id), .settings = &plain };
        provider_read_plugin(provider_r, jail_plugins(loaded->jail), &loaded->problems);
    }
    return loaded->problems.errors == 0;
}

/* What an operator has to write, as an operator would write it. */
static void print_settings(const struct provider *provider)
{
    const struct description *d = &provider->description;
    const struct description_parameter *parameters = d->parameters.at;

    printf("# in the configuration:\n#   providers:\n#     %.*s:\n#       client_id: ...\n",
           SLICE_ARG(provider->id));
    if (d->token_auth != TOKEN_AUTH_NONE && d->token_auth != TOKEN_AUTH_PRIVATE_KEY_JWT &&
        d->token_auth != TOKEN_AUTH_ES256_SECRET)
        printf("#       client_secret: ...\n");
    if (d->token_auth == TOKEN_AUTH_PRIVATE_KEY_JWT || d->token_auth == TOKEN_AUTH_ES256_SECRET)
        printf("#       keys: {client: \"${file:PATH}\"}  # the private key, in PEM\n");
    if (d->parameters.count > 0)
        printf("#       parameters:\n");
    for (size_t i = 0; i < d->parameters.count; i++) {
        const struct description_parameter *each = &parameters[i];

        printf("#         %.*s: %.*s", SLICE_ARG(each->named.id),
               SLICE_ARG(slice_is_set(each->otherwise) ? each->otherwise : SL("...")));
        printf("  # %s%.*s%s%.*s\n", slice_is_set(each->otherwise) ? "may be left out: " : "",
               SLICE_ARG(each->about), slice_is_set(each->values) ? " One of: " : "",
               SLICE_ARG(each->values));
    }
}

static struct slice issuer_of(const struct settings *settings)
{
    return settings != NULL ? settings->issuer : SL("https://YOUR-ISSUER");
}

static void print_as_json(const struct provider *provider, const struct settings *settings)
{
    const struct description *d = &provider->description;
    struct buf text = BUF_INIT(1024 * 1024);
    struct arena arena = { 0 };
    json_t *hooks = json_array();

    for (unsigned hook = 0; hook < HOOK_COUNT; hook++) {
        if (description_has_hook(d, hook))
            json_array_append_new(hooks, json_string(hook_names[hook]));
    }
    fields_print(description_table, d, 0, &text);
    struct slice callback = arena_printf(&arena, "%.*s/callback/%.*s",
                                         SLICE_ARG(issuer_of(settings)), SLICE_ARG(provider->id));

    cli_print_json(json_pack("{s:o, s:s, s:s?, s:o, s:o}", "id", json_from_slice(provider->id),
                             "callback", callback.at, "file", provider->file, "hooks", hooks,
                             "description", cli_json_of(buf_slice(&text))));
    buf_release(&text);
    arena_release(&arena);
}

static void print_description(const struct provider *provider, const struct settings *settings)
{
    const struct description *d = &provider->description;
    struct buf text = BUF_INIT(1024 * 1024);
    struct slice issuer = issuer_of(settings);

    printf("# %.*s\n# callback URL to register: %.*s/callback/%.*s\n", SLICE_ARG(d->name),
           SLICE_ARG(issuer), SLICE_ARG(provider->id));
    if (slice_is_set(d->console_url))
        printf("# register at: %.*s\n", SLICE_ARG(d->console_url));
    if (slice_is_set(d->about))
        printf("# %.*s\n", SLICE_ARG(d->about));
    print_settings(provider);
    printf("# from: %s\n", provider->file != NULL ? provider->file : "(built in)");
    for (unsigned hook = 0; hook < HOOK_COUNT; hook++) {
        if (description_has_hook(d, hook))
            printf("# hook: %s\n", hook_names[hook]);
    }
    fields_print(description_table, d, 0, &text);
    fputs(buf_slice(&text).at, stdout);
    buf_release(&text);
}

int cli_plugin_show(struct cli *cli)
{
    struct loaded loaded;
    struct provider provider;

    if (cli->count != 1)
        return cli_wrong_usage(cli, "one provider or plugin id is needed");
    bool good =
        load_plugins(cli, &loaded) && find_description(&loaded, cli->arguments[0], &provider);

    cli_say_problems(&loaded.problems);
    if (good)
        (cli->json ? print_as_json : print_description)(&provider, loaded.settings);
    unload_plugins(&loaded);
    return good ? EXIT_DONE : EXIT_USAGE;
}

/* ---- the kit ---- */

struct tally {
    size_t passed;
    size_t failed;
    json_t *list;
};

static void note(struct cli *cli, struct tally *tally, struct slice plugin,
                 const struct kit_case *what, bool passed)
{
    *(passed ? &tally->passed : &tally->failed) += 1;
    if (cli->json)
        json_array_append_new(tally->list,
                              json_pack("{s:o, s:o, s:b}", "plugin", json_from_slice(plugin),
                                        "case", json_from_slice(what->name), "passed", passed));
    else
        printf("%s %.*s/%.*s\n", passed ? "ok  " : "FAIL", SLICE_ARG(plugin),
               SLICE_ARG(what->name));
}

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

static void test_plugin(struct cli *cli, struct kit *kit, const char *path,
                        const char *cases_folder, struct tally *tally)
{
    struct arena arena = { 0 };
    struct problems problems = { .arena = &arena };
    const char *file = absolute(&arena, is_folder(path) ? object_in(&arena, path) : path);
    struct kit_cases cases;

    if (cases_folder == NULL)
        cases_folder = arena_printf(&arena, "%s/cases", path).at;
    kit_cases_read(&cases, cases_folder, &problems);
    if (problems.errors == 0 && cases.count == 0)
        problem_add(&problems, (struct mark){ cases_folder, 0, 0 }, "there are no cases");
    if (problems.errors > 0)
        tally->failed++;
    for (size_t i = 0; problems.errors == 0 && i < cases.count; i++) {
        struct problems own = { .arena = &arena };
        bool passed = kit_run(kit, id_of(path), file, &cases, &cases.at[i], &own);

        note(cli, tally, id_of(path), &cases.at[i], passed);
        if (!passed)
            cli_say_problems(&own);
    }
    cli_say_problems(&problems);
    kit_cases_release(&cases);
    arena_release(&arena);
}

int cli_plugin_test(struct cli *cli)
{
    const char *why;

    if (cli->count == 0)
        return cli_wrong_usage(cli, "the folder or file of a plugin is needed");
    struct kit *kit = kit_new(&why);

    if (kit == NULL) {
        fprintf(stderr, "cardea: %s\n", why);
        return EXIT_USAGE;
    }
    struct tally tally = { .list = json_array() };

    for (int i = 0; i < cli->count; i++) {
        char *const *path = &cli->arguments[i];
        /* A file is followed by the folder of its cases. */
        bool has_cases = !is_folder(path[0]) && i + 1 < cli->count && is_folder(path[1]);

        test_plugin(cli, kit, path[0], has_cases ? path[1] : NULL, &tally);
        i += has_cases;
    }
    kit_free(kit);
    if (cli->json)
        cli_print_json(json_incref(tally.list));
    else
        printf("%zu passed, %zu failed\n", tally.passed, tally.failed);
    json_decref(tally.list);
    return tally.failed == 0 && tally.passed > 0 ? EXIT_DONE : EXIT_NO;
}
