/*
 * A login at a provider, as far as the provider is concerned: from the answer that came back to the
 * profile of a person. No session, no account, no browser: those are the callback's business.
 *
 * The table `identify` is entered by the callback of a real login and by the plugin kit, so that a
 * case of the kit runs what a login runs.
 */
#ifndef CARDEA_UPSTREAM_LOGIN_H
#define CARDEA_UPSTREAM_LOGIN_H

#include "base/params.h"
#include "flow/flow.h"
#include "hub/hub.h"
#include "hub/ticket.h"
#include "plugin/template.h"
#include "upstream/outgoing.h"

struct tokens {
    struct slice access_token;
    struct slice token_secret; /* of OAuth 1.0a, which signs with it; may be empty */
    struct slice refresh_token;
    struct slice id_token;
    struct slice token_type;
    struct slice scope;
    int64_t expires; /* seconds since 1970; 0: not said, or never */
    bool of_app;     /* the application's own: not to be kept for a person or handed out */
};

/* How the reply of an API call is to be read. */
struct expected {
    enum reply_type type;
    struct slice root, error, error_ok, error_text;
    bool optional; /* a refusal is no answer, and not the end */
};

/* What a flow that logs somebody in keeps; `flow->state` of such a flow points to it. */
struct login {
    /* in */
    struct hub *hub;
    struct provider *provider;
    struct attempt attempt;
    struct params callback; /* what the provider sent with the browser; at a refresh, of that what
                               `callback_forward` names and was kept with the tokens */
    struct slice callback_url; /* ours, as registered */
    struct slice traceparent;  /* passed on; absent when there is none */
    struct slice login_hint;   /* of the app, for providers that speak OpenID Connect */
    bool login_again;          /* the app wants a fresh login: asked of the provider as well */
    bool refreshing;           /* a refresh instead of a code: `tokens.refresh_token` is there */

    /* under way */
    struct slice random;      /* {random} */
    struct slice now;         /* {now} */
    struct slice code;        /* of OAuth 1.0a the verifier */
    struct slice oauth_nonce; /* of the request that was signed last */
    json_t *callback_json;
    json_t *token_reply;
    json_t *id_claims;
    json_t *userinfo;
    json_t *lookups; /* name to answer */
    json_t *answers; /* userinfo, then what fetch_more asked for */
    json_t *memory;  /* what hooks remember */
    struct outgoing request;
    struct http_call call;
    struct hook_call hook;
    json_t *answer;                   /* of the API call just made */
    const struct pairs *call_headers; /* of the description, for the call being made */
    size_t lookup;                    /* number of the next one */
    unsigned round;                   /* of fetch_more */
    bool fetching;                    /* a call of fetch_more is being made */
    bool fetched_all;
    int64_t call_began;
    struct expected expected;

    /* out */
    struct tokens tokens;
    json_t *profile; /* claims; `sub` is a non-empty text */
    struct slice subject;
    struct slice identity;   /* who it is among all at this provider: the subject, where it has many
                                issuers with the issuer in front */
    struct slice error_code; /* as the provider spelt it, when that was the end */
    struct slice error_text;
};

static inline struct login *login_of(struct flow *flow)
{
    return flow->state;
}

/* Prepares the parts that are under way; `flow` lets them go at its end. */
void login_begin(struct login *login, struct flow *flow, struct hub *hub,
                 struct provider *provider);

/* From the callback's parameters to the profile. */
extern const struct step identify[];
/* From a refresh token to new tokens; the ID token that may come is checked. */
extern const struct step refresh[];
/* Takes `tokens` back (RFC 7009, or as this provider wants it); `subject` is who they are of. */
extern const struct step revoke[];

/* What the placeholders of a description stand for in this login. */
struct template_values login_values(struct login *login);
/* The same with {client_secret}: for requests that no hook sees any more, where the description may
 * name it. */
struct template_values login_secret_values(struct login *login);

/* The outgoing authorization request. False, with an error, when it cannot be made. */
extern const struct step authorize_upstream[];

#endif
