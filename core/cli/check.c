#include "cli/cli.h"

#include "config/settings.h"
#include "net/tls.h"
#include "plugin/description.h"
#include "process/hub_open.h"

/* What the workers would find: plugins, pages, certificate, and whether the store's address is one.
 */
static void check_deeper(const struct settings *settings, struct problems *problems)
{
    struct event_base *base = event_base_new();
    struct shared *shared = shared_new(1);
    struct arena *arena = problems->arena;
    /* An address of no known kind was reported already. */
    const char *wrong = problems->errors == 0 ? store_check_url(arena, settings->store) : NULL;
    struct hub *hub = hub_open(base, settings, shared, 0, HUB_PLUGINS | HUB_PAGES, NULL, problems);

    if (wrong != NULL)
        problem_add(problems, (struct mark){ 0 }, "store: %s", wrong);
    if (slice_is_set(settings->tls.certificate) && slice_is_set(settings->tls.key)) {
        SSL_CTX *tls = tls_server_context(arena, arena_string(arena, settings->tls.certificate),
                                          arena_string(arena, settings->tls.key), false, &wrong);

        if (tls == NULL)
            problem_add(problems, (struct mark){ 0 }, "tls: %s", wrong);
        SSL_CTX_free(tls);
    }
    hub_close(hub);
    shared_free(shared);
    event_base_free(base);
}

static void print_settings(const struct cli *cli, const struct settings *settings)
{
    struct buf text = BUF_INIT(8 * 1024 * 1024);

    fields_print(settings_table, settings, 0, &text);
    if (cli->json)
        cli_print_json(cli_json_of(buf_slice(&text)));
    else
        fputs(buf_slice(&text).at, stdout);
    buf_release(&text);
}

static int print_schema(void)
{
    struct arena arena = { 0 };
    json_t *overrides = fields_schema(description_table);

    fputs(settings_schema(&arena, overrides).at, stdout);
    json_decref(overrides);
    arena_release(&arena);
    return EXIT_DONE;
}

int cli_check(struct cli *cli)
{
    struct arena arena = { 0 };
    struct problems problems = { .arena = &arena };
    bool print = cli_flag(cli, "--print");
    bool schema = cli_flag(cli, "--schema");

    if (cli->count > 0)
        return cli_wrong_usage(cli, "nothing is known about `%s`", cli->arguments[0]);
    if (schema)
        return print_schema();
    const char *config = cli_config(cli, &arena);

    if (config == NULL)
        return EXIT_USAGE;
    struct settings *settings = settings_look(config, &problems);

    if (settings != NULL)
        check_deeper(settings, &problems);
    cli_say_problems(&problems);
    if (settings != NULL && problems.errors == 0) {
        if (print)
            print_settings(cli, settings);
        else
            fprintf(stderr, "%s is good: %zu providers, %zu clients\n", config,
                    settings->providers.count, settings->clients.count);
    }
    int status = problems.errors == 0 && settings != NULL ? EXIT_DONE : EXIT_USAGE;

    arena_release(&arena);
    return status;
}
