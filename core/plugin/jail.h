/*
 * The worker's side of the jail: starting it, calling hooks, ending it when it misbehaves.
 *
 * A call is an operation of a flow, one at a time in the order they were asked for. A call has a
 * budget: more than 10 ms is a warning in the log, JAIL_BUDGET_MS is the end of the jail. When the
 * jail ends in the middle of a call, that call fails, its provider is blamed, and a new jail is
 * started; the calls behind it go to the new one. Three in a minute put the provider aside
 * (plugin/quarantine.h).
 */
#ifndef CARDEA_PLUGIN_JAIL_H
#define CARDEA_PLUGIN_JAIL_H

#include "config/node.h"
#include "flow/flow.h"
#include "plugin/quarantine.h"

#include <event2/event.h>
#include <jansson.h>

enum {
    JAIL_BUDGET_MS = 2000,
    JAIL_SLOW_MS = 10,
    JAIL_LOAD_MS = 5000 /* until the first plugin file, and for each of them */
};

struct jail_settings {
    const char *program; /* the cardea-jail binary; NULL: beside the running program, or in
                            ../libexec/cardea of it */
    const char *const *directories; /* NULL at the end */
    const char *const *files;       /* NULL at the end; may itself be NULL */
};

struct jail;

/*
 * Starts a jail and waits until it has loaded its plugins. What could not be
 * loaded is added to `problems`; a file that ends the jail is left out and named. NULL, with a
 * problem, only when there can be no jail at all. The texts of `settings` must live as long as the
 * jail.
 */
struct jail *jail_new(struct event_base *base, const struct jail_settings *settings,
                      struct problems *problems);
void jail_free(struct jail *jail);

/* What was loaded: an array of {file, version, abi_minor, providers: [description]}. Borrowed. */
const json_t *jail_plugins(const struct jail *jail);

pid_t jail_pid(const struct jail *jail);

enum jail_failure {
    JAIL_OK,
    JAIL_ENDED,       /* the jail ended in this call; the provider was blamed */
    JAIL_QUARANTINED, /* the provider is put aside; nothing was called */
    JAIL_LIED,        /* the answer is not what a hook may answer */
    JAIL_GONE         /* no jail can be started */
};

struct hook_call {
    /* in */
    struct slice name;     /* of the provider as configured, for the log */
    const char *file;      /* of the plugin */
    struct slice provider; /* id in the plugin */
    const char *hook;
    json_t *input; /* members of the call frame; given away */
    struct quarantine *quarantine;
    /* Something that needs a key: the text of the answer (in the arena given), absent to refuse. */
    struct slice (*ask)(struct hook_call *call, struct arena *arena, const json_t *question);
    void *context;

    /* out */
    enum jail_failure failure;
    struct slice failure_text; /* for the log, in the flow's arena */
    json_t *output;            /* the result frame; let go with the flow */

    /* the jail's own */
    struct op op;
    struct list link;
    struct jail *jail;
};

/* Starts the call as the flow's pending operation. */
void jail_call(struct jail *jail, struct flow *flow, struct hook_call *call);

#endif
