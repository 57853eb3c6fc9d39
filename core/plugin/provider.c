#include "plugin/provider.h"

#include "base/json.h"
#include "base/url.h"
#include "plugin/credentials.h"

/* The generic ones: a protocol, and everything else in YAML. */
static const struct {
    const char *id;
    unsigned protocol;
    const char *scopes;
} built_in[] = {
    { "oauth2", PROTOCOL_OAUTH2, "" },
    { "oidc", PROTOCOL_OIDC, "openid profile email" },
    { "oauth1", PROTOCOL_OAUTH1, "" },
};

enum {
    BUILT_IN = sizeof(built_in) / sizeof(built_in[0]),
    PLUGINS_MAX = 600
};

struct found {
    const json_t *document;
    const char *file;
};

static bool find_plugin(const json_t *plugins, struct slice id, struct found *found_r)
{
    const json_t *plugin;
    const json_t *document;
    size_t i;
    size_t k;

    json_array_foreach(plugins, i, plugin)
    {
        json_array_foreach(json_object_get(plugin, "providers"), k, document)
        {
            if (slice_equal(json_member(document, "id"), id)) {
                *found_r = (struct found){ document, json_member(plugin, "file").at };
                return true;
            }
        }
    }
    return false;
}

static void say_unknown(const json_t *plugins, struct slice id, struct mark mark,
                        struct problems *problems)
{
    const char *names[PLUGINS_MAX];
    size_t count = 0;
    const json_t *plugin;
    const json_t *document;
    size_t i;
    size_t k;

    for (; count < BUILT_IN; count++)
        names[count] = built_in[count].id;
    json_array_foreach(plugins, i, plugin)
    {
        json_array_foreach(json_object_get(plugin, "providers"), k, document)
        {
            if (count < PLUGINS_MAX)
                names[count++] = json_member(document, "id").at;
        }
    }
    const char *nearest = nearest_name(id, names, count);

    problem_add(problems, mark, "there is no plugin `%.*s`%s%s%s; `cardea plugin list` shows them",
                SLICE_ARG(id), nearest != NULL ? " (did you mean `" : "",
                nearest != NULL ? nearest : "", nearest != NULL ? "`?)" : "");
}

static unsigned hooks_of(const json_t *document)
{
    const json_t *each;
    unsigned hooks = 0;
    size_t i;

    json_array_foreach(json_object_get(document, "hooks"), i, each)
    {
        for (unsigned hook = 0; hook < HOOK_COUNT; hook++) {
            if (slice_is(json_slice(each), hook_names[hook]))
                hooks |= 1U << hook;
        }
    }
    return hooks;
}

/* The members that are not fields are taken off, so that the table can be strict about the rest. */
static const struct node *fields_of(struct arena *arena, const json_t *document, struct mark mark)
{
    json_t *copy = json_copy((json_t *)(uintptr_t)document);

    json_object_del(copy, "id");
    json_object_del(copy, "hooks");
    struct node *node = node_from_json(arena, copy, mark);

    json_decref(copy);
    return node;
}

static struct texts words_of(struct arena *arena, const char *text)
{
    struct texts words = { arena_alloc(arena, 3 * sizeof(struct slice)), 0 };
    struct slice rest = slice_of(text);

    while (words.count < 3 && slice_next_word(&rest, &words.at[words.count]))
        words.count++;
    return words;
}

bool provider_read_plugin(struct provider *provider, const json_t *plugins,
                          struct problems *problems)
{
    struct slice wanted =
        slice_is_set(provider->settings->plugin) ? provider->settings->plugin : provider->id;
    struct mark mark = provider->settings->named.mark;
    struct found found;

    fields_default(description_table, &provider->description, problems->arena);
    for (size_t i = 0; i < BUILT_IN; i++) {
        if (slice_is(wanted, built_in[i].id)) {
            provider->description.protocol = built_in[i].protocol;
            provider->description.scopes = words_of(problems->arena, built_in[i].scopes);
            return true;
        }
    }
    if (!find_plugin(plugins, wanted, &found)) {
        say_unknown(plugins, wanted, mark, problems);
        return false;
    }
    provider->file = arena_string(problems->arena, slice_of(found.file));
    struct mark inside = { provider->file, 0, 0 };

    provider->plugin_id = arena_copy(problems->arena, wanted);
    provider->description.hooks = hooks_of(found.document);
    description_read(fields_of(problems->arena, found.document, inside), "", &provider->description,
                     problems);
    return true;
}

/* Which plugin is meant cannot be told. */
static bool names_no_plugin(const struct provider_settings *settings)
{
    const struct node *plugin = node_get(settings->named.map, "plugin");

    return settings->named.broken && plugin != NULL &&
           (plugin->broken || plugin->kind != NODE_TEXT);
}

static void bind_one(struct provider *provider, const json_t *plugins, struct problems *problems)
{
    const struct named *named = &provider->settings->named;
    struct mark mark = named->mark;
    struct slice where = arena_printf(problems->arena, "providers.%.*s", SLICE_ARG(provider->id));

    if (names_no_plugin(provider->settings) || !provider_read_plugin(provider, plugins, problems)) {
        provider->description.name = provider->id;
        return;
    }
    if (provider->settings->overrides != NULL)
        description_read(provider->settings->overrides, where.at, &provider->description, problems);
    if (!slice_is_set(provider->description.name))
        provider->description.name = provider->id;
    if (named->broken)
        return; /* what it lacks may be what could not be read */
    description_fill(&provider->description, &provider->settings->parameters, mark, problems);
    description_check(&provider->description, mark, problems);
    credentials_check(provider, problems);
}

void providers_bind(struct providers *providers, const struct settings *settings,
                    const json_t *plugins, struct quarantine *quarantines,
                    struct problems *problems)
{
    const struct provider_settings *each = settings->providers.at;

    providers->count = settings->providers.count;
    providers->at = arena_zalloc(problems->arena, providers->count * sizeof(*providers->at));
    for (size_t i = 0; i < providers->count; i++) {
        size_t errors = problems->errors;

        providers->at[i].id = each[i].named.id;
        providers->at[i].settings = &each[i];
        providers->at[i].index = (unsigned)i;
        providers->at[i].quarantine = &quarantines[i];
        bind_one(&providers->at[i], plugins, problems);
        providers->at[i].broken = problems->errors > errors || each[i].named.broken;
    }
}

struct provider *providers_find(const struct providers *providers, struct slice id)
{
    /* A handful to a hundred: compared by length first, this is a microsecond. */
    for (size_t i = 0; i < providers->count; i++) {
        if (slice_equal(providers->at[i].id, id))
            return &providers->at[i];
    }
    return NULL;
}

bool provider_is_available(const struct provider *provider)
{
    return !provider->broken && !quarantine_holds(provider->quarantine);
}

struct slice provider_key(const struct provider *provider, struct slice name)
{
    const struct pairs *keys = &provider->settings->keys;

    if (slice_is(name, "client_secret"))
        return provider->settings->client_secret;
    for (size_t i = 0; i < keys->count; i++) {
        if (slice_equal(keys->at[i].name, name))
            return keys->at[i].value;
    }
    return slice_none();
}

struct slice provider_url(struct arena *arena, const struct provider *provider, struct slice url)
{
    struct url parts;
    struct slice simulator = provider->settings->simulator;

    if (!slice_is_set(simulator) || url_read_http(url, &parts) != NULL)
        return url;
    /* https://host/path becomes SIMULATOR/plugin/host/path: one server can play them all. */
    struct slice id = slice_is_set(provider->plugin_id) ? provider->plugin_id : provider->id;
    size_t path = (size_t)(parts.path.at - url.at);
    struct slice authority = slice_sub(url, parts.scheme.len + 3, path - parts.scheme.len - 3);

    return arena_printf(arena, "%.*s/%.*s/%.*s%.*s", SLICE_ARG(simulator), SLICE_ARG(id),
                        SLICE_ARG(authority), SLICE_ARG(slice_from(url, path)));
}

/* To the same host and port. */
static bool leads_to(struct slice own, const struct url *url)
{
    struct url parts;

    return slice_is_set(own) && url_read_http(own, &parts) == NULL &&
           slice_equal_nocase(parts.host, url->host) && url_port(&parts) == url_port(url);
}

bool provider_url_is_own(const struct provider *provider, struct slice text)
{
    const struct node *overrides = provider->settings->overrides;
    struct url url;

    if (url_read_http(text, &url) != NULL)
        return false;
    if (leads_to(provider->settings->simulator, &url))
        return true;
    /* What stands in the configuration (and only there: a plugin's own hosts are public) may be
     * inside. */
    for (size_t i = 0; overrides != NULL && i < overrides->count; i++) {
        const struct node *value = overrides->members[i].value;

        if (value->kind == NODE_TEXT && leads_to(value->text, &url))
            return true;
    }
    return false;
}
