/*
 * The commands. Each verb is a row of the table in main.c and a function in a file of this room.
 *
 * Exit status: 0 done, 1 the answer is no, 2 wrong usage or wrong configuration. Data goes to
 * standard output, all else to standard error.
 */
#ifndef CARDEA_CLI_CLI_H
#define CARDEA_CLI_CLI_H

#include "config/node.h"

enum {
    EXIT_DONE = 0,
    EXIT_NO = 1,
    EXIT_USAGE = 2
};

/* What all verbs understand, taken off the arguments. */
struct cli {
    const char *verb;   /* "plugin test" */
    const char *usage;  /* what --help says */
    const char *config; /* --config FILE, or NULL */
    bool json;          /* -o json */
    char **arguments;   /* those that are no common options; NULL at the end */
    int count;
};

struct verb {
    const char *name;
    int (*run)(struct cli *cli);
    const char *synopsis; /* behind "cardea NAME" */
    const char *about;    /* one sentence */
    const char *help;     /* options, one a line; may be NULL */
};

int cli_serve(struct cli *cli);
int cli_demo(struct cli *cli);
int cli_check(struct cli *cli);
int cli_reload(struct cli *cli);
int cli_plugin_list(struct cli *cli);
int cli_plugin_show(struct cli *cli);
int cli_plugin_test(struct cli *cli);
int cli_simulate(struct cli *cli);
int cli_secret(struct cli *cli);
int cli_version(struct cli *cli);

/* Says what is wrong with the call, and how it should be. Returns EXIT_USAGE. */
int cli_wrong_usage(const struct cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Takes "--name VALUE" or "--name=VALUE" off the arguments; NULL when it is not there. A missing or
 * empty value is NULL with `*missing_r` true. */
const char *cli_option(struct cli *cli, const char *name, bool *missing_r);
/* Takes "--name" off. */
bool cli_flag(struct cli *cli, const char *name);

/* The configuration file: as given, else where it usually is. NULL, and said, when there is none.
 * In the arena. */
const char *cli_config(struct cli *cli, struct arena *arena);

/* Writes all problems to standard error. */
void cli_say_problems(const struct problems *problems);

/* What fields_print() has written, as JSON: a new reference. */
json_t *cli_json_of(struct slice yaml);

/* Prints JSON with a line break, and frees it. */
void cli_print_json(json_t *json);

#endif
