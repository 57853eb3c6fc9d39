/*
 * The Authorization header, as clients and callers of ours send it.
 */
#ifndef CARDEA_PROTOCOL_CREDENTIALS_H
#define CARDEA_PROTOCOL_CREDENTIALS_H

#include "base/arena.h"

struct basic_credentials {
    struct slice id; /* percent-decoded, as RFC 6749, 2.3.1 has it */
    struct slice secret;
    struct slice raw_id; /* as it stands in the header, for clients that do not encode */
    struct slice raw_secret;
};

/*
 * Reads "Basic ...". NULL, or a static sentence. An absent header is no error: `*present_r` is
 * false then, and also when the scheme is another one.
 */
const char *basic_read(struct arena *arena, struct slice header, bool *present_r,
                       struct basic_credentials *basic_r);

/*
 * Reads "Bearer TOKEN" (RFC 6750, 2.1): the scheme in any case, exactly one space, then nothing but
 * a b64token. `*present_r` as above.
 */
const char *bearer_read(struct slice header, bool *present_r, struct slice *token_r);

#endif
