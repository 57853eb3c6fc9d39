#include "config/settings.h"

#include "base/json.h"
#include "config/settings_checks.h"
#include "crypto/secret.h"

#include <sched.h>
#include <unistd.h>

static const struct node_options options = { .substitute = true, .include = true };

/* The same without '/' at its end, still with a NUL behind it. */
static struct slice without_slash(struct arena *arena, struct slice url)
{
    if (!slice_ends(url, SL("/")))
        return url;
    while (slice_ends(url, SL("/")))
        url.len--;
    return arena_copy(arena, url);
}

/* What a provider says about itself only by leaving it out. */
static void complete_providers(struct settings *settings, struct arena *arena)
{
    struct provider_settings *providers = settings->providers.at;

    for (size_t i = 0; i < settings->providers.count; i++) {
        if (!slice_is_set(providers[i].plugin))
            providers[i].plugin = providers[i].named.id;
        providers[i].simulator = without_slash(arena, providers[i].simulator);
    }
}

static bool has_algorithm(const struct settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->signing.algorithms.count; i++) {
        if (slice_is(settings->signing.algorithms.at[i], name))
            return true;
    }
    return false;
}

/* Where we have no keys for the default algorithm, the first one that we have keys for is it. */
static void complete_clients(struct settings *settings)
{
    struct client_settings *clients = settings->clients.at;

    if (has_algorithm(settings, "ES256") || settings->signing.algorithms.count == 0)
        return;
    for (size_t i = 0; i < settings->clients.count; i++) {
        if (node_get(clients[i].named.map, "id_token_signed_response_alg") == NULL)
            clients[i].id_token_signed_response_alg = settings->signing.algorithms.at[0];
    }
}

static void digest_secrets(struct settings *settings, struct arena *arena)
{
    struct client_settings *clients = settings->clients.at;

    for (size_t i = 0; i < settings->clients.count; i++) {
        if (slice_is_set(clients[i].client_secret))
            clients[i].secret_digest = secret_digest(arena, clients[i].client_secret);
        else
            secret_hash_read(arena, clients[i].client_secret_hash, &clients[i].secret_digest);
    }
}

static int compare_ids(const void *a, const void *b)
{
    const struct client_settings *const *left = a;
    const struct client_settings *const *right = b;

    return slice_compare((*left)->named.id, (*right)->named.id);
}

static void sort_clients(struct settings *settings, struct arena *arena)
{
    size_t count = settings->clients.count;
    const struct client_settings **sorted = arena_alloc(arena, count * sizeof(*sorted));

    for (size_t i = 0; i < count; i++)
        sorted[i] = (const struct client_settings *)settings->clients.at + i;
    qsort(sorted, count, sizeof(*sorted), compare_ids);
    settings->clients_by_id = sorted;
}

static void complete(struct settings *settings, struct arena *arena)
{
    settings->issuer = without_slash(arena, settings->issuer);
    complete_providers(settings, arena);
    complete_clients(settings);
    digest_secrets(settings, arena);
    sort_clients(settings, arena);
}

static struct settings *make_settings(const struct node *root, struct problems *problems)
{
    struct settings *settings = arena_new(problems->arena, struct settings);

    fields_default(settings_table, settings, problems->arena);
    fields_read(settings_table, root, "", settings, problems);
    complete(settings, problems->arena);
    if (root->kind == NODE_MAP)
        settings_check_together(settings, root, problems);
    return settings;
}

struct settings *settings_look(const char *path, struct problems *problems)
{
    const struct node *root = node_read_file(path, &options, problems);

    return root != NULL ? make_settings(root, problems) : NULL;
}

struct settings *settings_read(const char *path, struct problems *problems)
{
    size_t errors = problems->errors;
    struct settings *settings = settings_look(path, problems);

    return problems->errors == errors ? settings : NULL;
}

struct settings *settings_read_text(const char *name, struct slice text, struct problems *problems)
{
    size_t errors = problems->errors;
    const struct node *root = node_read_text(name, text, &options, problems);
    struct settings *settings = root != NULL ? make_settings(root, problems) : NULL;

    return problems->errors == errors ? settings : NULL;
}

void settings_write(const struct settings *settings, struct buf *buf)
{
    struct settings whole = *settings;

    whole.include = (struct texts){ NULL, 0 };
    fields_write(settings_table, &whole, buf);
}

unsigned settings_workers(const struct settings *settings)
{
    cpu_set_t processors;
    int count = 0;

    if (settings->workers != WORKERS_AUTO)
        return settings->workers;
    if (sched_getaffinity(0, sizeof(processors), &processors) == 0)
        count = CPU_COUNT(&processors);
    if (count < 1)
        count = 1;
    return count < WORKERS_MAX ? (unsigned)count : WORKERS_MAX;
}

const char *settings_find(struct arena *arena, const char *given)
{
    static const char *const usual[] = { "cardea.yaml", "/etc/cardea/cardea.yaml" };
    const char *named = given != NULL ? given : getenv("CARDEA_CONFIG");

    if (named != NULL && named[0] != '\0')
        return arena_string(arena, slice_of(named));
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        if (access(usual[i], F_OK) == 0)
            return usual[i];
    }
    return NULL;
}

const struct client_settings *settings_client(const struct settings *settings, struct slice id)
{
    size_t low = 0;
    size_t high = settings->clients.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_compare(id, settings->clients_by_id[middle]->named.id);

        if (order == 0)
            return settings->clients_by_id[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* A provider has the keys of its own and those of the description; its own come first. */
static void put_overrides(json_t *provider, const json_t *overrides)
{
    json_t *properties = json_object_get(provider, "properties");
    json_t *more = json_deep_copy(json_object_get(overrides, "properties"));

    json_object_update_missing(properties, more);
    json_decref(more);
    json_object_set_new(provider, "additionalProperties", json_false());
}

struct slice settings_schema(struct arena *arena, const json_t *overrides)
{
    json_t *schema = fields_schema(settings_table);
    struct buf buf = BUF_INIT(NODE_FILE_MAX);

    if (overrides != NULL)
        put_overrides(json_at(schema, SL("/properties/providers/additionalProperties")), overrides);
    json_object_set_new(schema, "$schema",
                        json_string("https://json-schema.org/draft/2020-12/schema"));
    json_object_set_new(schema, "title", json_string("cardea.yaml"));
    char *text = json_dumps(schema, JSON_INDENT(2));

    buf_add_text(&buf, text);
    buf_add_byte(&buf, '\n');
    struct slice result = arena_copy(arena, buf_slice(&buf));

    free(text); /* jansson's own malloc() */
    buf_release(&buf);
    json_decref(schema);
    return result;
}
