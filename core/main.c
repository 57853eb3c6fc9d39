/* cardea: verbs, nothing else. */
#include "cli/cli.h"

#include <errno.h>

static const struct verb verbs[] = {
    { "serve", cli_serve, "[--config FILE] [--workers N]", "Runs the hub.",
      "  --workers N  instead of the configured number; 0 is one process in the foreground\n" },
    { "demo", cli_demo, "[--all] [--port N]",
      "A hub with simulated providers and a demo app; needs no configuration and no network.",
      "  --all        with every provider that can be played, instead of five\n"
      "  --port N     where the app listens, and the hub and the providers on the next two;\n"
      "               8970 when left out, or any free ones when these are taken\n" },
    { "check", cli_check, "[--config FILE] [--print [-o json] | --schema]",
      "Says everything that is wrong with a configuration.",
      "  --print      shows the effective configuration, secrets masked\n"
      "  --schema     prints the JSON Schema of the file\n" },
    { "reload", cli_reload, "[--config FILE]",
      "Makes the running hub read its configuration again, and waits until it serves.", NULL },
    { "plugin list", cli_plugin_list, "[--config FILE] [-o json]",
      "What is loaded, and from where.", NULL },
    { "plugin show", cli_plugin_show, "[--config FILE] ID [-o json]",
      "The effective description of a provider, and the callback URL to register.", NULL },
    { "plugin test", cli_plugin_test, "FOLDER... | FILE.so CASES [--mutate] [--strict] [-o json]",
      "Looks plugins over and runs their cases.",
      "  --mutate  each case again with answers that are cut off, retyped, doubled, too long or "
      "forged\n"
      "  --strict  warnings count as well\n" },
    { "simulate", cli_simulate, "[ID...] [--listen HOST:PORT] [--cases FOLDER]",
      "Plays providers from their cases, over HTTP.",
      "  --listen     127.0.0.1:9090 when left out\n"
      "  --cases      the folder in which ID/cases is; the shipped ones when left out\n" },
    { "secret", cli_secret, "[--hash] [-o json]", "Prints a fresh secret.",
      "  --hash       prints the hash of the secret on standard input, for client_secret_hash\n" },
    { "version", cli_version, "[-o json]", "Version, ABI and libraries.", NULL },
};

enum {
    VERBS = sizeof(verbs) / sizeof(verbs[0])
};

static void print_overview(FILE *where)
{
    fputs("usage: cardea VERB [options]\n\n", where);
    for (size_t i = 0; i < VERBS; i++)
        fprintf(where, "  %-12s %s\n", verbs[i].name, verbs[i].about);
    fputs("\n`cardea VERB --help` says more.\n", where);
}

static void print_help(const struct verb *verb)
{
    printf("usage: cardea %s %s\n\n%s\n", verb->name, verb->synopsis, verb->about);
    if (verb->help != NULL)
        printf("\n%s", verb->help);
}

/* "plugin list" is two arguments. */
static const struct verb *find_verb(int argc, char **argv, int *words_r)
{
    for (size_t i = 0; i < VERBS; i++) {
        struct slice first;
        struct slice second;

        slice_cut(slice_of(verbs[i].name), ' ', &first, &second);
        *words_r = slice_is_set(second) ? 2 : 1;
        if (argc > *words_r && slice_is(first, argv[1]) &&
            (!slice_is_set(second) || slice_is(second, argv[2])))
            return &verbs[i];
    }
    return NULL;
}

/* "plugin" alone, or with a word behind it that is none of its verbs. False when it heads none. */
static bool say_second_words(const char *first)
{
    const char *separator = "";

    for (size_t i = 0; i < VERBS; i++) {
        struct slice head;
        struct slice second;

        if (!slice_cut(slice_of(verbs[i].name), ' ', &head, &second) || !slice_is(head, first))
            continue;
        if (separator[0] == '\0')
            fprintf(stderr, "cardea: behind `%s` stands ", first);
        fprintf(stderr, "%s`%.*s`", separator, SLICE_ARG(second));
        separator = " or ";
    }
    if (separator[0] != '\0')
        fputs("\n", stderr);
    return separator[0] != '\0';
}

static void say_unknown(const char *word)
{
    const char *names[VERBS];

    for (size_t i = 0; i < VERBS; i++)
        names[i] = verbs[i].name;
    const char *near = nearest_name(slice_of(word), names, VERBS);

    fprintf(stderr, "cardea: there is no verb `%s`%s%s%s\n", word,
            near != NULL ? "; did you mean `" : "", near != NULL ? near : "",
            near != NULL ? "`?" : "");
}

static int run(const struct verb *verb, char **arguments, int count)
{
    struct cli cli = {
        .verb = verb->name, .usage = verb->synopsis, .arguments = arguments, .count = count
    };
    bool missing;

    if (cli_flag(&cli, "--help") || cli_flag(&cli, "-h")) {
        print_help(verb);
        return EXIT_DONE;
    }
    cli.config = cli_option(&cli, "--config", &missing);
    if (missing)
        return cli_wrong_usage(&cli, "--config takes a file");
    const char *output = cli_option(&cli, "-o", &missing);

    if (missing || (output != NULL && strcmp(output, "json") != 0))
        return cli_wrong_usage(&cli, "-o takes json");
    cli.json = output != NULL;
    return verb->run(&cli);
}

/* What was to be printed and is not is no success. */
static int after_printing(int status)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    fprintf(stderr, "cardea: standard output cannot be written: %s\n", strerror(errno));
    return status == EXIT_DONE ? EXIT_NO : status;
}

int main(int argc, char **argv)
{
    int words;
    const struct verb *verb = find_verb(argc, argv, &words);

    if (verb != NULL)
        return after_printing(run(verb, argv + 1 + words, argc - 1 - words));
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        print_overview(stdout);
        return after_printing(EXIT_DONE);
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("cardea %s\n", CARDEA_VERSION);
        return EXIT_DONE;
    }
    if (argc > 1 && say_second_words(argv[1]))
        return EXIT_USAGE;
    if (argc > 1)
        say_unknown(argv[1]);
    print_overview(stderr);
    return EXIT_USAGE;
}
