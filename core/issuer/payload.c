#include "issuer/payload.h"

#include "base/codec.h"
#include "issuer/members.h"

static void begin(const struct payload *payload, struct buf *out)
{
    const struct grant *grant = payload->grant;

    buf_add_text(out, "{\"iss\":");
    buf_add_json(out, payload->issuer);
    member_add_text(out, "sub", slice_is_set(grant->account) ? grant->account : grant->client_id);
    member_add_number(out, "iat", payload->now);
    member_add_number(out, "exp", payload->now + payload->lifetime);
}

/* How the person has logged in; nobody has when a client asks for itself. */
static void add_login(const struct grant *grant, struct buf *out)
{
    if (grant->auth_time > 0)
        member_add_number(out, "auth_time", grant->auth_time);
    member_add_text(out, "acr", grant->acr);
    member_add_words(out, "amr", grant->amr);
}

void payload_access_token(const struct payload *payload, struct buf *out)
{
    const struct grant *grant = payload->grant;

    begin(payload, out);
    member_add_audience(out, payload->audience.len > 0 ? payload->audience : payload->issuer);
    member_add_text(out, "jti", payload->jti);
    member_add_text(out, "client_id", grant->client_id);
    member_add_text(out, "scope", payload->scope);
    add_login(grant, out);
    buf_add_byte(out, '}');
}

void payload_id_token(const struct payload *payload, struct buf *out)
{
    const struct grant *grant = payload->grant;

    begin(payload, out);
    member_add_text(out, "aud", grant->client_id);
    member_add_text(out, "nonce", payload->nonce);
    member_add_text(out, "sid", grant->session);
    add_login(grant, out);
    member_add_text(out, "at_hash", payload->at_hash);
    if (payload->claims.len > 0) {
        buf_add_byte(out, ',');
        buf_add(out, payload->claims);
    }
    buf_add_byte(out, '}');
}
