/*
 * What the author of a plugin should hear before its users do: what a description lacks or says
 * wrongly, what a shared object exports and calls that no plugin may, which cases are missing.
 *
 * Problems point into the plugin's source where it is there and the words are found in it, else
 * at the shared object.
 */
#ifndef CARDEA_KIT_LINT_H
#define CARDEA_KIT_LINT_H

#include "kit/case.h"

/* One plugin as it is tested. */
struct kit_plugin {
    struct slice id;
    const char *file;   /* the shared object; NULL: a built-in one */
    const char *source; /* its C source; NULL: it is not there */
    const char *folder; /* of its cases, as the user wrote it */
};

/*
 * Judges the description (among `plugins`, jail_plugins()) and the cases. Errors are added to
 * `problems`, and warnings where something is only likely to be missed.
 */
void kit_lint(const struct kit_plugin *plugin, const json_t *plugins, const struct kit_cases *cases,
              struct problems *problems);

/*
 * Judges the shared object, without running any of it: one symbol is exported, and nothing is
 * called but what a hook may call (no input or output, no memory, no other process).
 */
void kit_lint_object(const struct kit_plugin *plugin, struct problems *problems);

#endif
