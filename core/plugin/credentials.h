/*
 * Has a provider as configured what its description needs to say who we are: client id, secret,
 * keys?
 */
#ifndef CARDEA_PLUGIN_CREDENTIALS_H
#define CARDEA_PLUGIN_CREDENTIALS_H

#include "plugin/provider.h"

enum {
    /* Of a client secret that signs ID tokens (RFC 7518, 3.2): whoever has a token may guess at the
     * secret for as long as he likes. LINE's channel secrets are 32 digits. */
    CLIENT_SECRET_MIN = 32
};

/* Everything wrong is added to `problems`, with the place in the configuration. */
void credentials_check(const struct provider *provider, struct problems *problems);

#endif
