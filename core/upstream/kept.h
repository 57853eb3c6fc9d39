/*
 * What a worker keeps of a provider from one login to the next. Each part belongs to the file that
 * makes it; here they are only held together, and let go together.
 */
#ifndef CARDEA_UPSTREAM_KEPT_H
#define CARDEA_UPSTREAM_KEPT_H

#include "plugin/provider.h"

struct kept {
    struct metadata *metadata;       /* metadata.h: discovery document and key set */
    struct own_keys *own_keys;       /* own_keys.h: the keys we sign with there */
    struct client_jwt *client_jwt;   /* client_auth.h: the client secret that we sign ourselves */
    struct app_answers *app_answers; /* app_calls.h: answers to calls of the application itself */
};

/* Makes it when there is none yet. */
struct kept *kept_of(struct provider *provider);

/* Lets everything go. */
void upstream_forget(struct provider *provider);

#endif
