/*
 * A provider as configured: a description with the operator's overrides and parameters in it, and
 * the settings that are about this hub.
 */
#ifndef CARDEA_PLUGIN_PROVIDER_H
#define CARDEA_PLUGIN_PROVIDER_H

#include "base/map.h"
#include "plugin/description.h"
#include "plugin/jail.h"

struct provider {
    struct slice id;
    const struct provider_settings *settings;
    struct description description;
    const char *file;       /* of the plugin; NULL: a built-in one */
    struct slice plugin_id; /* in that file */
    struct quarantine *quarantine;
    unsigned index;    /* in the configuration: its place in shared memory */
    bool broken;       /* it could not be bound: nobody can log in there */
    struct kept *kept; /* what upstream/kept.h keeps about it; NULL: nothing yet */
};

struct providers {
    struct provider *at;
    size_t count;
};

/*
 * Binds every configured provider to the description of its plugin, among `plugins`
 * (jail_plugins()) and the built-in oauth2, oidc and oauth1. Everything wrong is added to
 * `problems`; of one whose settings are broken only what was read is judged. `quarantines` has room
 * for all. Lives in `problems->arena`.
 */
void providers_bind(struct providers *providers, const struct settings *settings,
                    const json_t *plugins, struct quarantine *quarantines,
                    struct problems *problems);

/*
 * The plain description of a plugin, for showing it: nothing is overridden or checked, and
 * placeholders of parameters stand as they are. False, with the problem added, when there is no
 * such plugin. `provider->settings` are the caller's: id and plugin.
 */
bool provider_read_plugin(struct provider *provider, const json_t *plugins,
                          struct problems *problems);

/* NULL when there is none. */
struct provider *providers_find(const struct providers *providers, struct slice id);

/* Can one log in there at the moment? */
bool provider_is_available(const struct provider *provider);

/* A key by its name: "client_secret", or one of `keys` of its configuration; absent when there is
 * none. */
struct slice provider_key(const struct provider *provider, struct slice name);

/* The address a request really goes to: `url`, or its place in the simulator. */
struct slice provider_url(struct arena *arena, const struct provider *provider, struct slice url);

/* May our HTTP client reach inner addresses for this URL: because the operator wrote that host, or
 * because it is the simulator's. */
bool provider_url_is_own(const struct provider *provider, struct slice url);

#endif
