#include "cli/cli.h"

#include "config/settings.h"

int cli_wrong_usage(const struct cli *cli, const char *format, ...)
{
    va_list args;

    fputs("cardea: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nusage: cardea %s %s\n", cli->verb, cli->usage);
    return EXIT_USAGE;
}

static void take_off(struct cli *cli, int place, int how_many)
{
    cli->count -= how_many;
    for (int i = place; i <= cli->count; i++)
        cli->arguments[i] = cli->arguments[i + how_many];
}

const char *cli_option(struct cli *cli, const char *name, bool *missing_r)
{
    size_t len = strlen(name);
    const char *value = NULL;

    *missing_r = false;
    for (int i = 0; i < cli->count; i++) {
        const char *argument = cli->arguments[i];

        if (strncmp(argument, name, len) != 0 || (argument[len] != '\0' && argument[len] != '='))
            continue;
        bool beside = argument[len] == '\0';

        value = beside ? cli->arguments[i + 1] : argument + len + 1;
        take_off(cli, i, beside && value != NULL ? 2 : 1);
        *missing_r = value == NULL || value[0] == '\0';
        break;
    }
    return *missing_r ? NULL : value;
}

bool cli_flag(struct cli *cli, const char *name)
{
    for (int i = 0; i < cli->count; i++) {
        if (strcmp(cli->arguments[i], name) == 0) {
            take_off(cli, i, 1);
            return true;
        }
    }
    return false;
}

const char *cli_config(struct cli *cli, struct arena *arena)
{
    const char *config = settings_find(arena, cli->config);

    if (config == NULL)
        fputs("cardea: there is no configuration: give --config FILE, set $CARDEA_CONFIG, or put "
              "cardea.yaml here or into /etc/cardea\n",
              stderr);
    return config;
}

void cli_say_problems(const struct problems *problems)
{
    struct buf text = BUF_INIT(4 * 1024 * 1024);

    problems_write(problems, &text);
    fputs(buf_slice(&text).at, stderr);
    buf_release(&text);
}

json_t *cli_json_of(struct slice yaml)
{
    struct arena arena = { 0 };
    struct problems problems = { .arena = &arena };
    const struct node_options options = { 0 };
    const struct node *node = node_read_text("our own", yaml, &options, &problems);
    json_t *json = node != NULL ? node_to_json(node) : json_null();

    arena_release(&arena);
    return json;
}

void cli_print_json(json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2));
    fputc('\n', stdout);
    json_decref(json);
}
