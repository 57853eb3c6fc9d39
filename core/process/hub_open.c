#include "process/hub_open.h"

#include "base/memory.h"
#include "base/url.h"
#include "hub/pages.h"
#include "hub/router.h"
#include "hub/throttle.h"
#include "issuer/keys.h"
#include "process/routes.h"
#include "upstream/check_config.h"
#include "upstream/kept.h"

#include <limits.h>
#include <unistd.h>

enum {
    STORE_TIMEOUT_MS = 2000
};

/* Beside the program in the build tree, or in ../lib/cardea/plugins. */
static const char *shipped_plugins(struct arena *arena)
{
    static const char *const places[] = { "plugins", "../lib/cardea/plugins" };
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (len <= 0)
        return NULL;
    self[len] = '\0';
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const char *path = arena_printf(arena, "%s/%s", self, places[i]).at;

        if (access(path, R_OK | X_OK) == 0)
            return path;
    }
    return NULL;
}

const char *const *plugin_directories(struct arena *arena, const struct settings *settings)
{
    size_t given = settings != NULL ? settings->plugin_directories.count : 0;
    const char **directories = arena_zalloc(arena, (given + 2) * sizeof(*directories));
    const char *shipped = shipped_plugins(arena);
    size_t count = 0;

    if (shipped != NULL)
        directories[count++] = shipped;
    for (size_t i = 0; i < given; i++)
        directories[count++] = arena_string(arena, settings->plugin_directories.at[i]);
    return directories;
}

static const char *text_or_null(struct arena *arena, struct slice text)
{
    return slice_is_set(text) ? arena_string(arena, text) : NULL;
}

static void bind_anyhow(struct hub *hub, struct shared *shared, struct problems *problems)
{
    struct problems own = { .arena = problems->arena };

    providers_bind(&hub->providers, hub->settings, jail_plugins(hub->jail), shared->quarantines,
                   &own);
    for (const struct problem *each = own.first; each != NULL; each = each->next)
        problem_warn(problems, each->mark, "%.*s", SLICE_ARG(each->text));
}

static bool open_plugins(struct hub *hub, struct shared *shared, unsigned parts,
                         const char *const *files, struct problems *problems)
{
    static const char *const none[] = { NULL };
    struct problems loading = { .arena = problems->arena };
    struct jail_settings settings = { .directories =
                                          (parts & HUB_ONLY_FILES) != 0
                                              ? none
                                              : plugin_directories(&hub->arena, hub->settings),
                                      .files = files };

    hub->jail = jail_new(hub->base, &settings, &loading);
    /* A file that nobody uses may be broken; what is used and not there is said when it is bound.
     */
    for (const struct problem *each = loading.first; each != NULL; each = each->next) {
        if (hub->jail == NULL)
            problem_add(problems, each->mark, "%.*s", SLICE_ARG(each->text));
        else
            problem_warn(problems, each->mark, "%.*s", SLICE_ARG(each->text));
    }
    if (hub->jail == NULL)
        return false;
    if (hub->settings->providers.count > PROVIDERS_MAX) {
        problem_add(problems, (struct mark){ 0 }, "more than %d providers", PROVIDERS_MAX);
        return false;
    }
    if ((parts & HUB_ANYHOW) != 0)
        bind_anyhow(hub, shared, problems);
    else
        providers_bind(&hub->providers, hub->settings, jail_plugins(hub->jail), shared->quarantines,
                       problems);
    return true;
}

static void open_pages(struct hub *hub, struct problems *problems)
{
    const struct settings *settings = hub->settings;
    struct pages_settings pages = { .directory =
                                        text_or_null(&hub->arena, settings->pages.directory),
                                    .shipped = pages_find_shipped(&hub->arena),
                                    .locale = settings->pages.locale,
                                    .title = settings->pages.title,
                                    .logo = settings->pages.logo };

    if (pages.shipped == NULL)
        problem_add(problems, (struct mark){ 0 },
                    "the shipped pages are not beside the program and not in ../share/cardea");
    else
        hub->pages = pages_load(&pages, problems);
}

static void open_store(struct hub *hub, struct problems *problems)
{
    const struct settings *settings = hub->settings;
    struct store_settings store = { .timeout_ms = STORE_TIMEOUT_MS,
                                    .ca_file = text_or_null(&hub->arena, settings->http.ca_file) };
    const char *why;

    hub->store = store_open(hub->base, problems->arena, settings->store, &store, &why);
    if (hub->store == NULL)
        problem_add(problems, (struct mark){ 0 }, "store: %s", why);
}

static void open_http(struct hub *hub)
{
    const struct settings *settings = hub->settings;
    struct http_client_settings http = { .proxy = text_or_null(&hub->arena, settings->http.proxy),
                                         .ca_file =
                                             text_or_null(&hub->arena, settings->http.ca_file),
                                         .connect_timeout_ms = settings->http.connect_timeout,
                                         .timeout_ms = settings->http.timeout,
                                         .response_limit = settings->http.response_limit,
                                         .user_agent = "cardea/" CARDEA_VERSION };

    hub->http = http_client_new(hub->base, &http);
}

static void set_headers(struct hub *hub)
{
    hub->common_headers = arena_printf(
        &hub->arena, "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n%s",
        hub->secure ? "Strict-Transport-Security: max-age=31536000\r\n" : "");
}

struct hub *hub_open(struct event_base *base, const struct settings *settings,
                     struct shared *shared, unsigned slot, unsigned parts,
                     const char *const *plugin_files, struct problems *problems)
{
    struct hub *hub = mem_zalloc(1, sizeof(*hub));
    struct url issuer = { 0 };
    size_t errors = problems->errors;

    url_read_http(settings->issuer, &issuer);
    hub->base = base;
    hub->settings = settings;
    hub->secure = slice_is_nocase(issuer.scheme, "https");
    hub->base_path = issuer.path;
    hub->metrics = &shared->pages[slot];
    hub->metric_pages = shared->pages;
    hub->metric_page_count = shared->workers > 0 ? shared->workers : 1;
    hub->cookies = key_ring_new(settings->secrets.at, settings->secrets.count, "cookie");
    hub->records = key_ring_new(settings->secrets.at, settings->secrets.count, "store");
    hub->throttle = throttle_new();
    set_headers(hub);
    if ((parts & HUB_PLUGINS) != 0)
        open_plugins(hub, shared, parts, plugin_files, problems);
    /* Of a generation that serves already it was asked before. */
    if ((parts & (HUB_PLUGINS | HUB_ANYHOW)) == HUB_PLUGINS && problems->errors == errors)
        upstream_check_config(hub, problems);
    if ((parts & HUB_PAGES) != 0)
        open_pages(hub, problems);
    if ((parts & HUB_HTTP) != 0)
        open_http(hub);
    if ((parts & HUB_STORE) != 0 && problems->errors == errors)
        open_store(hub, problems);
    if (problems->errors > errors) {
        hub_close(hub);
        return NULL;
    }
    return hub;
}

void hub_close(struct hub *hub)
{
    if (hub == NULL)
        return;
    signing_free(hub->signing);
    flow_cancel_all(FLOW_GONE);
    for (size_t i = 0; i < hub->providers.count; i++)
        upstream_forget(&hub->providers.at[i]);
    http_client_free(hub->http);
    if (hub->store != NULL)
        store_close(hub->store);
    jail_free(hub->jail);
    pages_free(hub->pages);
    throttle_free(hub->throttle);
    key_ring_free(hub->cookies);
    key_ring_free(hub->records);
    arena_release(&hub->arena);
    mem_free(hub);
}
