/*
 * What the simulator needs for providers that speak OAuth 1.0a: requests whose signature is to be
 * verified, and a request for a request token that comes before anybody has chosen a case.
 */
#ifndef CARDEA_KIT_SIMULATOR_OAUTH1_H
#define CARDEA_KIT_SIMULATOR_OAUTH1_H

#include "kit/simulator.h"

/*
 * Reads and verifies the Authorization header of a request to `url` (without its query). Its
 * parameters, the realm among them, are `*protocol_r`; what later requests and answers need of them
 * is noted in the play. NULL, or a sentence in the play's arena. A client with an id of its own has
 * a secret of its own, which the simulator does not know: then all but the signature is judged.
 */
const char *oauth1_judge(struct simulator *simulator, struct play *play,
                         const struct request *request, struct slice url, const struct params *form,
                         struct params *protocol_r);

/* Is this a request for a request token? Then a play of the case "login" (or the first there is),
 * until somebody chooses another; NULL when it is none. */
struct play *oauth1_begin(struct simulator *simulator, const struct request *request,
                          const struct simulated *provider);

/* A play of `what` that goes on with the request token of an earlier one, which stands in
 * `request`, the parameters of the authorization request. NULL when nobody gave that token. */
struct play *oauth1_go_on(struct simulator *simulator, const struct kit_case *what,
                          const struct params *request, struct play **earlier_r);

#endif
