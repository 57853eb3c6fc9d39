#include "cli/cli.h"

#include "base/json.h"
#include "plugin/description.h"
#include "process/hub_open.h"

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
