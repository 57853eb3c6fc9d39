#include "cli/simulate.h"

#include "base/memory.h"
#include "cli/cli.h"
#include "hub/pages.h"
#include "net/address.h"
#include "plugin/jail.h"
#include "process/hub_open.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

static const struct route *const routes[] = { simulator_routes, NULL };

static bool is_wanted(struct slice id, char *const *ids)
{
    if (ids == NULL || *ids == NULL)
        return true;
    for (; *ids != NULL; ids++) {
        if (slice_is(id, *ids))
            return true;
    }
    return false;
}

/* CASES/ID/cases, as in a source tree; the shipped ones are CASES/ID. NULL when there are none. */
static const char *find_cases(struct arena *arena, const char *given, struct slice id)
{
    const char *path;

    if (given != NULL)
        path = arena_printf(arena, "%s/%.*s/cases", given, SLICE_ARG(id)).at;
    else
        path = arena_printf(arena, "%s/cases/%.*s", pages_find_shipped(arena), SLICE_ARG(id)).at;
    return access(path, R_OK | X_OK) == 0 ? path : NULL;
}

/* {host} and the like with their defaults: what is played is the provider as it comes. */
static void read_plugin(struct description *d, const json_t *document, struct problems *problems)
{
    json_t *copy = json_copy((json_t *)(uintptr_t)document);
    const struct pairs none = { NULL, 0 };
    struct problems ignored = { .arena = problems->arena };

    json_object_del(copy, "id");
    json_object_del(copy, "hooks");
    fields_default(description_table, d, problems->arena);
    description_read(node_from_json(problems->arena, copy, (struct mark){ 0 }), "", d, problems);
    description_fill(d, &none, (struct mark){ 0 }, &ignored);
    json_decref(copy);
}

static void add_plugin(struct simulation_server *simulation, const json_t *document,
                       char *const *ids, const char *cases, struct problems *problems)
{
    struct arena *arena = problems->arena;
    struct slice id = arena_copy(arena, json_member(document, "id"));
    const char *folder = is_wanted(id, ids) ? find_cases(arena, cases, id) : NULL;
    struct description *d = arena_new(arena, struct description);

    if (folder == NULL ||
        simulation->count == sizeof(simulation->cases) / sizeof(simulation->cases[0]))
        return;
    read_plugin(d, document, problems);
    kit_cases_read(&simulation->cases[simulation->count], folder, problems);
    simulator_add(&simulation->simulator,
                  &(struct simulated){ id, d, &simulation->cases[simulation->count++] });
}

static void add_plugins(struct simulation_server *simulation, char *const *ids, const char *cases,
                        struct problems *problems)
{
    struct jail_settings settings = { .directories = plugin_directories(problems->arena, NULL) };
    struct jail *jail = jail_new(simulation->server.base, &settings, problems);
    const json_t *plugin;
    const json_t *document;
    size_t i;
    size_t k;

    json_array_foreach(jail != NULL ? jail_plugins(jail) : NULL, i, plugin)
    {
        json_array_foreach(json_object_get(plugin, "providers"), k, document)
            add_plugin(simulation, document, ids, cases, problems);
    }
    jail_free(jail); /* only the data was needed */
    for (; ids != NULL && *ids != NULL; ids++) {
        if (simulator_find(&simulation->simulator, slice_of(*ids)) == NULL)
            problem_add(problems, (struct mark){ 0 }, "there is no plugin `%s` with cases", *ids);
    }
}

bool simulation_open(struct simulation_server *simulation, int listener, const char *url,
                     char *const *ids, const char *cases, struct problems *problems)
{
    if (!simulator_init(&simulation->simulator, url) ||
        !small_server_open(&simulation->server, listener, url, "Simulated", HUB_PAGES, routes,
                           &simulation->simulator, problems))
        return false;
    add_plugins(simulation, ids, cases, problems);
    return problems->errors == 0;
}

void simulation_close(struct simulation_server *simulation)
{
    small_server_close(&simulation->server);
    for (size_t i = 0; i < simulation->count; i++)
        kit_cases_release(&simulation->cases[i]);
    simulator_release(&simulation->simulator);
}

int cli_simulate(struct cli *cli)
{
    struct arena arena = { 0 };
    struct problems problems = { .arena = &arena };
    bool missing;
    const char *listen = cli_option(cli, "--listen", &missing);
    const char *cases = missing ? NULL : cli_option(cli, "--cases", &missing);
    struct address address = { 0 };
    const char *url = NULL;

    if (missing)
        return cli_wrong_usage(cli, "an option lacks its value");
    const char *wrong =
        address_read_listen(listen != NULL ? slice_of(listen) : SL("127.0.0.1:9090"), &address);
    const struct sockaddr_in *in = (const void *)&address.sockaddr;

    if (wrong != NULL || in->sin_family != AF_INET || (ntohl(in->sin_addr.s_addr) >> 24) != 127)
        return cli_wrong_usage(cli,
                               "--listen takes 127.0.0.1:PORT: simulated providers let anybody in");
    int listener = small_listen(&arena, ntohs(in->sin_port), &url);

    if (listener < 0) {
        fprintf(stderr, "cardea: cannot listen on %s: %s\n",
                listen != NULL ? listen : "127.0.0.1:9090", strerror(errno));
        return EXIT_USAGE;
    }
    struct simulation_server *simulation = mem_zalloc(1, sizeof(*simulation));
    bool good = simulation_open(simulation, listener, url, cli->arguments, cases, &problems);

    cli_say_problems(&problems);
    if (good) {
        printf("%zu providers are played at %s\n", simulation->count, url);
        fflush(stdout);
        small_server_run(&simulation->server);
    }
    simulation_close(simulation);
    mem_free(simulation);
    arena_release(&arena);
    return good ? EXIT_DONE : EXIT_USAGE;
}
