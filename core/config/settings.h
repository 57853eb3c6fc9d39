/*
 * What cardea.yaml says, as structs. The table that fills them is settings.c, the names are those
 * of the file. Everything lives in one arena and never changes once it is read: a reload reads
 * anew, in new workers.
 */
#ifndef CARDEA_CONFIG_SETTINGS_H
#define CARDEA_CONFIG_SETTINGS_H

#include "config/fields.h"

struct allow_settings {
    struct texts emails;
    struct texts email_domains;
    struct texts groups;
    struct pairs claims;
};

enum trust_email {
    TRUST_EMAIL_AUTO, /* as the plugin says */
    TRUST_EMAIL_NEVER,
    TRUST_EMAIL_ALWAYS
};

struct provider_settings {
    struct named named;
    struct slice plugin;    /* never absent: the id where nothing else is written */
    struct slice client_id; /* whether it is needed is for those to say who know the plugin */
    struct slice client_secret;
    struct pairs keys;       /* name to PEM text, for plugins that sign */
    struct pairs parameters; /* tenant, domain, ...: what makes an instance of the plugin */
    struct allow_settings allow;
    unsigned trust_email; /* enum trust_email */
    bool hidden;
    bool keep_tokens;
    struct {
        struct texts clients;
        struct texts paths;
    } api;
    struct slice simulator;       /* http on loopback, where `cardea simulate` plays this provider;
                                     absent: the real one; no trailing slash */
    const struct node *overrides; /* the fields of the description, which plugin/description.h
                                     reads; NULL: none */
};

enum consent {
    CONSENT_IMPLICIT,
    CONSENT_EXPLICIT,
    CONSENT_REMEMBER
};

enum client_auth {
    CLIENT_AUTH_BASIC,
    CLIENT_AUTH_POST,
    CLIENT_AUTH_NONE
};

enum token_format {
    TOKEN_OPAQUE,
    TOKEN_JWT
};

struct client_oauth1_settings {
    struct texts signature_methods;
    struct texts callbacks;
    struct texts realms;
    struct slice rsa_public_key; /* PEM */
};

struct client_settings {
    struct named named; /* the id is the client_id */
    struct slice client_name;
    struct slice client_secret;
    struct slice client_secret_hash; /* "sha256:..." as `cardea secret` prints it */
    const struct node *jwks;
    struct slice jwks_uri;
    struct texts redirect_uris;
    struct texts post_logout_redirect_uris;
    struct slice backchannel_logout_uri;
    struct texts grant_types;
    struct texts response_types;
    unsigned token_endpoint_auth_method; /* enum client_auth */
    struct texts scope;
    struct texts audience;
    struct texts providers;
    unsigned consent;      /* enum consent */
    unsigned access_token; /* enum token_format */
    bool require_pkce;
    struct slice id_token_signed_response_alg; /* one of settings->signing.algorithms */
    struct client_oauth1_settings oauth1;
    struct slice logo_uri; /* shown, never fetched by us */
    struct slice policy_uri;
    struct slice tos_uri;
    struct texts cors_origins;

    /* Made of the above. */
    struct slice secret_digest; /* SHA-256 of the secret; absent: it has none */
};

struct local_user_settings {
    struct named named;
    struct slice password_hash;
    const struct node *profile;
};

enum account_link {
    LINK_VERIFIED_EMAIL,
    LINK_NEVER
};

/* The number of workers that `auto` reads as; settings_workers() says what it means. */
#define WORKERS_AUTO FIELD_COUNT_WORD(0)

enum {
    WORKERS_MAX = 64
};

struct settings {
    struct texts include; /* of the first file; already followed */
    struct slice issuer;  /* without a trailing slash */
    struct texts listen;
    struct {
        struct slice certificate;
        struct slice key;
    } tls;
    struct many trusted_proxies; /* struct cidr */
    unsigned workers;            /* or WORKERS_AUTO */
    struct slice store;
    struct texts secrets;
    struct texts plugin_directories;
    struct {
        struct slice proxy;
        struct slice ca_file;
        int64_t connect_timeout;
        int64_t timeout;
        size_t response_limit;
    } http;
    struct many providers; /* struct provider_settings */
    struct many clients;   /* struct client_settings */
    struct {
        unsigned link; /* enum account_link */
    } accounts;
    struct pairs claims; /* issued claim to path in the identity's data */
    struct {
        int64_t login, code, access_token, id_token, refresh_token, refresh_grace, session,
            session_idle, device_code, request;
    } lifetimes;
    struct {
        struct texts algorithms;
        int64_t rotate, overlap;
    } signing;
    struct {
        bool enabled;
        struct texts initial_access_tokens;
    } registration;
    struct {
        bool implicit, password, oauth1;
    } legacy;
    struct many local_users; /* struct local_user_settings */
    struct {
        struct slice directory;
        struct slice title;
        struct slice logo;   /* a URL */
        struct slice locale; /* "auto" or a tag */
    } pages;
    struct {
        struct slice listen; /* "off": none */
    } admin;
    struct {
        unsigned level;  /* enum log_level */
        unsigned format; /* enum log_format */
    } log;
    struct {
        size_t header, body;
        unsigned connections;
        int64_t idle;
        struct {
            struct rate logins, failures;
        } per_address;
    } limits;

    /* Made of the above. */
    const struct client_settings **clients_by_id; /* sorted, for settings_client() */
};

extern const struct field settings_table[];
/* Of one provider and of one client, for those who look for a key or override it. */
extern const struct field provider_table[];
extern const struct field client_table[];

/*
 * Reads the file and everything it includes; reports all that is wrong with it, also what no single
 * field shows (a client that names a provider that is not there, a code client without redirect
 * addresses, an issuer with http on a public host, secrets that are too short). NULL when there are
 * errors. What needs the plugins is judged later (plugin/description.h), and all of the store's URL
 * but its kind by store_check_url(). Settings live in `problems->arena`.
 */
struct settings *settings_read(const char *path, struct problems *problems);
/* The same for looking at what else is wrong: what could not be read has its default. NULL only
 * when there is nothing to look at. */
struct settings *settings_look(const char *path, struct problems *problems);
/* As settings_read(), from memory, for the demo and tests. */
struct settings *settings_read_text(const char *name, struct slice text, struct problems *problems);

/* All of it as YAML that settings_read_text() reads back, secrets included, nothing included from
 * elsewhere and every path absolute. Wipe it. */
void settings_write(const struct settings *settings, struct buf *buf);

/* How many workers are meant: `auto` is the number of processors that we may use. 0: everything in
 * one process. */
unsigned settings_workers(const struct settings *settings);

/* Where the file is: `given` (--config), $CARDEA_CONFIG, ./cardea.yaml, /etc/cardea/cardea.yaml.
 * The first two count whether or not they exist, so that a wrong name is reported and not passed
 * over; NULL when there is none. In the arena. */
const char *settings_find(struct arena *arena, const char *given);

/* The client, or NULL. */
const struct client_settings *settings_client(const struct settings *settings, struct slice id);

/* The claims about a person of OpenID Connect Core, 5.1, and `groups`; but for `sub`. NULL at the
 * end. */
extern const char *const settings_standard_claims[];

/* May `claims` set it: is it neither a claim with a meaning in the protocol nor a standard one, for
 * which the provider has a map of its own? */
bool settings_claim_is_free(struct slice name);

/* The whole JSON Schema as text. The description's fields are put in by the caller, because they
 * belong to a room above: `overrides` (borrowed) is what fields_schema() gave for them; NULL: a
 * provider may have any other key. */
struct slice settings_schema(struct arena *arena, const json_t *overrides);

#endif
