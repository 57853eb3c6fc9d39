/*
 * A description: what there is to know of a provider, wherever it was written.
 *
 * A C plugin becomes one when the jail has loaded it, a provider in YAML is one as it stands, and
 * an operator's overrides are read on top. From here on they are one thing: data, and the names of
 * the hooks that exist.
 */
#ifndef CARDEA_PLUGIN_DESCRIPTION_H
#define CARDEA_PLUGIN_DESCRIPTION_H

#include "config/settings.h"
#include "plugin/description_fields.h"

/* The words of the WORD rows, in their order. */
enum provider_protocol {
    PROTOCOL_OAUTH2,
    PROTOCOL_OIDC,
    PROTOCOL_OAUTH1
};
enum response_mode {
    RESPONSE_QUERY,
    RESPONSE_FORM_POST
};
enum token_auth {
    TOKEN_AUTH_BASIC,
    TOKEN_AUTH_BASIC_RAW,
    TOKEN_AUTH_POST,
    TOKEN_AUTH_NONE,
    TOKEN_AUTH_BEARER,
    TOKEN_AUTH_PRIVATE_KEY_JWT,
    TOKEN_AUTH_SECRET_JWT,
    TOKEN_AUTH_ES256_SECRET
};
enum token_body {
    TOKEN_BODY_FORM,
    TOKEN_BODY_JSON,
    TOKEN_BODY_QUERY
};
enum reply_type {
    REPLY_AUTO,
    REPLY_JSON,
    REPLY_FORM,
    REPLY_JSONP,
    REPLY_JWT
};
enum token_expiry {
    EXPIRY_SECONDS,
    EXPIRY_MILLISECONDS,
    EXPIRY_UNIX,
    EXPIRY_UNIX_MS,
    EXPIRY_NEVER
};
enum owner {
    OWNER_PERSON,
    OWNER_APP
};
enum refresh_method {
    REFRESH_AS_TOKEN,
    REFRESH_POST,
    REFRESH_GET
};
enum revoke_auth {
    REVOKE_AUTH_CLIENT,
    REVOKE_AUTH_TOKEN,
    REVOKE_AUTH_NONE
};
enum api_token {
    API_TOKEN_HEADER,
    API_TOKEN_QUERY,
    API_TOKEN_BODY
};
enum email_trust {
    EMAIL_NEVER,
    EMAIL_CLAIM,
    EMAIL_ALWAYS
};
enum refresh {
    REFRESH_OPTIONAL,
    REFRESH_YES,
    REFRESH_NO
};
enum {
    WORD_YES = 0, /* pkce, id_token, userinfo; nonce, oauth1_confirmed "required" */
    WORD_NO = 1
};

enum {
    OAUTH1_CALLBACK_SENT,
    OAUTH1_CALLBACK_OOB
};

struct description_parameter {
    struct named named;
    struct slice about;
    struct slice otherwise;
    struct slice values;
    struct slice kind;
};

struct description_lookup {
    struct named named;
    bool first;
    struct slice url;
    unsigned method; /* as userinfo_method */
    struct pairs params;
    struct pairs headers;
    struct slice body;
    struct slice body_type;
    struct slice root;
    struct slice error;
    struct slice error_ok;
    unsigned reply; /* enum reply_type */
    struct slice unless;
    unsigned as; /* enum owner */
    struct slice expires;
    bool optional;
};

struct description {
#define DESCRIPTION_TEXT(field_name, about)        struct slice field_name;
#define DESCRIPTION_WORD(field_name, words, about) unsigned field_name;
#define DESCRIPTION_WORDS(field_name, about)       struct texts field_name;
#define DESCRIPTION_PAIRS(field_name, about)       struct pairs field_name;
    DESCRIPTION_FIELDS(DESCRIPTION_TEXT, DESCRIPTION_TEXT, DESCRIPTION_TEXT, DESCRIPTION_TEXT,
                       DESCRIPTION_WORD, DESCRIPTION_WORDS, DESCRIPTION_PAIRS)
#undef DESCRIPTION_TEXT
#undef DESCRIPTION_WORD
#undef DESCRIPTION_WORDS
#undef DESCRIPTION_PAIRS
    struct many parameters; /* struct description_parameter */
    struct many lookups;    /* struct description_lookup */
    struct pairs values;    /* what the parameters are, once filled in */
    unsigned hooks;         /* bits 1 << enum hook */
};

extern const struct field description_table[];
extern const char *const hook_names[HOOK_COUNT + 1]; /* NULL at the end */

static inline bool description_has_hook(const struct description *description, enum hook hook)
{
    return (description->hooks & 1U << hook) != 0;
}

/* Reads a description; `target` has its defaults (fields_default()) or an earlier one to go on top
 * of. */
void description_read(const struct node *map, const char *where, struct description *target,
                      struct problems *problems);

/* What a parameter is, once filled in; absent when it has no value. */
struct slice description_value(const struct description *description, struct slice parameter);

/* Is that the issuer, in one of its spellings? Has it many, a tenant's each ({claim} in `issuers`)?
 */
bool description_issuer_is(const struct description *description, struct slice issuer);
bool description_has_tenants(const struct description *description);

/* Does `id_token_algs` name HS256, and so take the client secret for a key? */
bool description_signs_with_secret(const struct description *description);

/* Every text of the description, one after the other, through `change`. */
void description_each_text(struct description *description,
                           struct slice (*change)(void *context, struct slice text), void *context);

/*
 * Puts the values of the parameters in: checks `given` (the configuration's `parameters`) against
 * what the description declares, then replaces {name} in every text. Names that are no parameter
 * stay for the time of a request.
 */
void description_fill(struct description *description, const struct pairs *given, struct mark mark,
                      struct problems *problems);

/*
 * Is it complete and safe, for its protocol? Endpoints there and https (http on loopback), claim
 * paths that parse, placeholders that exist, a mark without scripts. Every problem is added with
 * `mark`.
 */
void description_check(const struct description *description, struct mark mark,
                       struct problems *problems);

/* May an API call or a hook's further call go to this URL: https (or the operator's own http), and
 * a host that is one of `api_hosts` or of the description's own URLs? */
bool description_allows_url(const struct description *description, struct slice url);

#endif
