/*
 * The keys of the kit: with them the simulator signs ID tokens, and they stand where a case has
 * $rsa_key and $ec_key, so that no case needs a key of its own and what we sign can be verified.
 */
#ifndef CARDEA_KIT_KEYS_H
#define CARDEA_KIT_KEYS_H

#include "crypto/jwk.h"
#include "kit/case.h"

enum {
    KIT_KEYS = 2 /* RS256, ES256 */
};

/* Fresh ones. False when the library makes none. */
bool kit_keys_make(struct arena *arena, struct jwk keys[KIT_KEYS]);
void kit_keys_release(struct jwk keys[KIT_KEYS]);

/* A new reference to the case's `config` in JSON, its keys filled in. */
json_t *kit_provider_config(struct arena *arena, const struct kit_case *what,
                            const struct jwk keys[KIT_KEYS]);

#endif
