/*
 * The profile of a person: what the claim map finds in the answers, in the shapes OpenID Connect
 * gives to claims (Core, 5.1), and what the hook changes in it.
 */
#ifndef CARDEA_UPSTREAM_PROFILE_H
#define CARDEA_UPSTREAM_PROFILE_H

#include "upstream/login.h"

/* login->profile and login->subject out. */
extern const struct step map_profile[];

/* May a person with this profile come in? NULL, or a sentence for the log (in the arena). */
const char *profile_allowed(struct arena *arena, const struct allow_settings *allow,
                            const json_t *profile);

#endif
