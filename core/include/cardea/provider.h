/*
 * cardea/provider.h: how an identity provider is described to Cardea. ABI 1.0.
 *
 * A plugin is a shared object that exports one constant, made by CARDEA_PLUGIN(): a list of
 * providers, each a struct of data. Most providers are nothing else. The odd ones have hooks
 * besides: small functions that look at one request or answer and change it.
 *
 * Ownership, in three sentences:
 * - What a hook receives belongs to Cardea, is valid until the hook returns, and is read-only
 *   unless its pointer is not const.
 * - What a hook hands back is static or came from host->alloc(); a plugin never frees.
 * - A provider has no mutable state: what must be known in a later call of the same login is
 *   written with host->remember(), read with host->recall(), and travels with the login.
 *
 * Hooks are synchronous, do no input or output and are called one at a time: they run in a process
 * of their own that has no network, no files and no keys (core/README.md, "The jail"). A hook that
 * takes longer than 10 ms is named in the log, one that takes 2 s is ended; a provider whose hooks
 * end that process, or hand back what they may not, three times in a minute is put aside.
 *
 * Versions. `abi_major` must be the same on both sides. Every struct begins with its size and grows
 * only at its end, and zero always means the default: an older plugin works with a newer Cardea,
 * and a newer plugin works with an older Cardea as long as it leaves at zero what that one does not
 * know. To be sure of it, `#define CARDEA_API 0x0100` before the include: then nothing newer can be
 * used by mistake.
 *
 * The names of the fields are those of the YAML form; both are the same description
 * (plugins/README.md).
 */
#ifndef CARDEA_PROVIDER_H
#define CARDEA_PROVIDER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CARDEA_ABI_MAJOR 1
#define CARDEA_ABI_MINOR 0
#define CARDEA_MAGIC     0x43415244u /* "CARD" */

#ifndef CARDEA_API
#define CARDEA_API 0x0100
#endif
#if (CARDEA_API >> 8) != CARDEA_ABI_MAJOR || (CARDEA_API & 0xff) > CARDEA_ABI_MINOR
#error "CARDEA_API asks for a version that this header does not have"
#endif

/* Data. */

/* A name and a value. Lists of them end with a pair whose name is NULL. */
struct cardea_pair {
    const char *name;
    const char *value;
};

/*
 * Something that an operator must or may set to make an instance: a tenant, a domain, a shop. Lists
 * end with a parameter whose name is NULL. `{name}` then stands for its value in every text of the
 * provider.
 */
struct cardea_parameter {
    const char *name;
    const char *about;     /* one sentence for the operator */
    const char *otherwise; /* the value when none is given; NULL: it must be given */
    const char *values;    /* the only ones allowed, separated by spaces; NULL: all of its kind */
    /* "host" (the default: a host name, perhaps with a port), "segment" (one path segment), "word"
     * (letters, digits, - _ .), "url" (https), "text". */
    const char *kind;
};

/*
 * One more call, made after the userinfo call unless `first`, with the access token as every API
 * call carries it. Its answer is known under `name` in claim paths and placeholders.
 */
struct cardea_lookup {
    uint32_t struct_size; /* CARDEA_LOOKUP */
    uint32_t first;       /* 1: before the userinfo call, which may then use its answer */
    const char *name;
    const char *url;
    const char *method;               /* "GET" (the default) or "POST" */
    const struct cardea_pair *params; /* query parameters */
    const struct cardea_pair *headers;
    const char *body;
    const char *body_type;
    const char *root;     /* as userinfo_root */
    const char *error;    /* as userinfo_error */
    const char *error_ok; /* as userinfo_error_ok */
    const char *reply;    /* as userinfo_reply */
    const char *unless;   /* a claim path: no call is made when there is something at it already */
    /* Who calls: CARDEA_PERSON (the default), with the access token; CARDEA_APP: the application
     * itself, before the token request, without a token. {client_secret} may then stand in params,
     * headers and body, and the answer is kept for all logins until shortly before it expires. */
    const char *as;
    const char *expires; /* with CARDEA_APP: path to its lifetime in seconds, "/expires_in" */
    uint32_t optional;   /* 1: an answer of 400 to 499, or an error in it, is no answer */
    uint32_t reserved;   /* 0 */
};
#define CARDEA_LOOKUP sizeof(struct cardea_lookup)

/* Words for the fields below; each stands for itself in YAML. */
#define CARDEA_OAUTH1 "oauth1"
#define CARDEA_OAUTH2 "oauth2"
#define CARDEA_OIDC   "oidc"

#define CARDEA_GET  "GET"
#define CARDEA_POST "POST"

#define CARDEA_AUTH_BASIC           "basic"     /* HTTP Basic, percent-encoded (RFC 6749, 2.3.1) */
#define CARDEA_AUTH_BASIC_RAW       "basic_raw" /* HTTP Basic, not encoded */
#define CARDEA_AUTH_POST            "post"      /* client_id and client_secret as parameters */
#define CARDEA_AUTH_NONE            "none"      /* client_id alone */
#define CARDEA_AUTH_BEARER          "bearer"    /* the secret as Authorization: Bearer */
#define CARDEA_AUTH_PRIVATE_KEY_JWT "private_key_jwt"   /* RFC 7523 with the key named "client" */
#define CARDEA_AUTH_SECRET_JWT      "client_secret_jwt" /* RFC 7523 with HS256 */
#define CARDEA_AUTH_ES256_SECRET    "es256_secret"      /* client_secret is a JWT, as at Apple */

#define CARDEA_FORM  "form"
#define CARDEA_JSON  "json"
#define CARDEA_QUERY "query"
#define CARDEA_AUTO  "auto"
#define CARDEA_JSONP "jsonp"

#define CARDEA_HEADER "header"
#define CARDEA_BODY   "body"

#define CARDEA_CLAIM  "claim"
#define CARDEA_ALWAYS "always"
#define CARDEA_NEVER  "never"

#define CARDEA_PERSON "person"
#define CARDEA_APP    "app"

#define CARDEA_YES      "yes"
#define CARDEA_NO       "no"
#define CARDEA_OPTIONAL "optional"

struct cardea_hooks;

/*
 * Texts may have placeholders: {client_id}, {access_token}, {refresh_token}, {callback_url},
 * {state}, {issuer}, {user_agent}, {random} (new for each login), {now} (seconds since 1970), any
 * parameter of the provider, and values of the present login: {token:/path} from the token reply,
 * {id_token:/path}, {callback:/name}, {userinfo:/path}, {name:/path} from the lookup of that name.
 * "{{" is "{". In a URL their values are percent-encoded; one that stands in front of everything
 * else is the beginning of the URL ("{token:/instance_url}/me"), and leads only to hosts that
 * `api_hosts` names.
 *
 * Claim paths are JSON Pointers (RFC 6901) with one more kind of step, "/[name=value]" or
 * "/[name]": the first element of a list where it holds. They read the userinfo reply unless a
 * source stands in front: "id_token:/email", "token:/user_id", "callback:/user/name", "emails:/0"
 * of a lookup, "1:/0" of the first call of fetch_more. Alternatives are separated by " | ", the
 * first that is there and not empty counts. "=text" is a text with placeholders, where {/path}
 * reads like a claim path; it may be the last alternative: "/display_name | ={/first_name}
 * {/last_name}".
 *
 * Filters behind a path, or a name in a placeholder, change what was found, one after the other:
 * "/user_id > tail", "{access_token > before(.)}". One that makes nothing of a value (a date that
 * is none) gives nothing, and the next alternative counts.
 *
 *     text, number, bool    that type: "7", "12" as 12, 1 or "yes" as true; lists are no text
 *     not, is(x)            the other boolean; whether the text is x
 *     map(1=male, *=other)  another word for each; what is not listed is nothing
 *     when(PATH), when(PATH=x), unless(...)   kept or dropped by what stands at another path
 *     at(PATH), each(PATH), keys              a part; that part of each element; names of members
 *     split(,), join(, )    a text to a list, and back
 *     lower, replace(a,b), before(x), after(x), tail (the last segment of a URL)
 *     html_decode, url_decode
 *     time, iso             ISO 8601, seconds or milliseconds as seconds since 1970; as ISO 8601
 *     date(MM/DD/YYYY)      a date as YYYY-MM-DD; D and M are one or two digits
 *     format(YYYY-MM-DD hh:mm:ss, +08:00)     a time written so, in that zone (none: UTC)
 *     md5, sha256, hmac_sha256(KEY)           hexadecimal; KEY is client_secret or one of `keys`
 */
struct cardea_provider {
    uint32_t struct_size; /* CARDEA_PROVIDER */
    uint32_t reserved;    /* 0 */

    /* Who it is. */
    const char *id;       /* letters, digits, - and _: the default id in URLs and configuration */
    const char *name;     /* for people */
    const char *protocol; /* CARDEA_OAUTH1, CARDEA_OAUTH2, CARDEA_OIDC */
    const char *about;    /* a sentence an operator should read */
    const char *console_url; /* where an app is registered */
    const char *color;       /* "#24292f" */
    const char *mark;        /* an SVG document of at most 4 KiB, without scripts and references */
    const struct cardea_parameter *parameters;

    /* Endpoints. With an issuer and without authorize_url they come from discovery. */
    const char *issuer;
    const char *discovery_url;     /* when it is not issuer + /.well-known/openid-configuration */
    const char *request_token_url; /* OAuth 1.0a */
    const char *authorize_url;
    const char *token_url;
    const char *refresh_url; /* when it is not token_url */
    const char *userinfo_url;
    const char *jwks_url;
    const char *revoke_url;
    const char *end_session_url;

    /* The authorization request. */
    const char *scopes;          /* separated by spaces here, whatever the provider wants */
    const char *scope_separator; /* what the provider wants between them: " " by default */
    const struct cardea_pair *authorize_params; /* added, or in place of the standard ones */
    const struct cardea_pair *authorize_rename; /* standard name to the provider's name */
    const char *authorize_omit;                 /* standard names that are not sent */
    const char *authorize_fragment;             /* "#..." at the end of the URL, without the "#" */
    const char *response_mode;                  /* "form_post" where the provider insists on it */
    const char *pkce;  /* CARDEA_YES (the default): S256; CARDEA_NO: the provider cannot bear it */
    const char *nonce; /* "required" (the default for OIDC) or "absent": it never comes back */

    /* The callback. */
    const struct cardea_pair *callback_rename; /* standard name to the provider's name */
    /* What means that the person said no, besides error=access_denied: "name" (that parameter is
     * there), "name=value", "-name" (it is not there, nor an error). */
    const char *callback_denied;
    const char
        *callback_forward; /* parameters to be sent on in the token request, and to refresh */
    /* A parameter that has, in hexadecimal, the HMAC-SHA256 of all others under the client secret:
     * sorted by name and written as a query. */
    const char *callback_hmac;
    const struct cardea_pair *callback_expect; /* parameters, and what each must be */

    /* The token request. */
    const char *token_auth; /* CARDEA_AUTH_BASIC (the default), ... */
    /* Of the three that sign, what their JWT says otherwise. "kid", "x5t", "x5t#S256" and "typ"
     * stand in its header, "alg" is how it is signed, all else are claims. Without it iss and sub
     * are the client and aud is the token endpoint; with es256_secret iss is the parameter team_id,
     * kid the parameter key_id, and aud the issuer. A certificate behind the key in PEM becomes
     * x5t#S256. */
    const struct cardea_pair *client_jwt;
    const char *token_method; /* CARDEA_POST (the default) or CARDEA_GET */
    const char *token_body;   /* CARDEA_FORM (the default), CARDEA_JSON, CARDEA_QUERY */
    const struct cardea_pair *token_params;
    const struct cardea_pair *token_rename;
    const struct cardea_pair *token_headers;
    const char *token_omit; /* standard names that are not sent for a code */
    /* Whose the token is: CARDEA_PERSON (the default); CARDEA_APP: the application's own, the same
     * for all logins. It is then asked for once until it expires, and never handed out. */
    const char *token_owner;

    /* The token reply. */
    const char *token_reply; /* CARDEA_AUTO (the default), _JSON, _FORM, _JSONP */
    const char *token_root;  /* path to the token object */
    /* Standard name to claim path, for those with other names. Without a source a path is looked up
     * in the token object, then from the top. */
    const struct cardea_pair *token_fields;
    /* What expires_in holds: "seconds" (the default), "milliseconds", "unix" (an absolute time),
     * "unix_ms", "never". */
    const char *token_expiry;
    const char *token_scope_separator; /* between granted scopes, when it is not scope_separator */
    /* Paths, from the top, to what makes the reply an error: "/error" is the default. Several are
     * separated by " | ", and each of them makes it one. */
    const char *token_error;
    const char *token_error_ok;   /* the value there that is no error after all: "0" */
    const char *token_error_text; /* path to the words: "/error_description" is the default */

    /* The ID token. */
    const char *id_token_algs; /* those we accept: "RS256" is the default */
    /* Further spellings of the issuer; "{tid}" reads a claim of the token itself, whose value must
     * be one of the words of the parameter `issuer_values` ("*": any). */
    const char *issuers;
    const char *id_token; /* CARDEA_YES (the default for OIDC), CARDEA_NO: none comes */

    /* Calls to the provider's API, of which the userinfo call is one. */
    const char *api_base;
    /* Hosts that hooks, URLs made of answers and the API proxy may reach besides those of the URLs
     * here; "*.example.com" is all below example.com. */
    const char *api_hosts;
    /* Where the access token goes: CARDEA_HEADER (the default), CARDEA_QUERY, CARDEA_BODY. */
    const char *api_token;
    const char *api_token_name; /* header or parameter: "Authorization" or "access_token" */
    /* The word in front of the token in the header: "Bearer" by default; "none": the bare token. */
    const char *api_scheme;
    const struct cardea_pair *api_headers; /* {client_secret} may stand here; no hook sees it */
    const struct cardea_pair *api_params;  /* in the form where the token is, in a POST */

    /* The userinfo call. */
    const char *userinfo; /* CARDEA_NO: none, though discovery names an endpoint */
    const char *userinfo_method;
    const struct cardea_pair *userinfo_params;
    const struct cardea_pair *userinfo_headers;
    const char *userinfo_body;      /* text with placeholders */
    const char *userinfo_body_type; /* "application/json", ... */
    const char *userinfo_reply;     /* as token_reply; also "jwt" */
    const char *userinfo_root;
    const char *userinfo_error; /* as token_error; none by default */
    const char *userinfo_error_ok;
    const char *userinfo_error_text;
    const struct cardea_lookup *const *lookups; /* ends with NULL */

    /* The profile. */
    const struct cardea_pair *claims; /* claim to claim path; OIDC has the standard ones, of which
                                         "-" takes one away */
    /* CARDEA_CLAIM: email_verified says it; CARDEA_ALWAYS: the provider gives verified addresses
     * only; CARDEA_NEVER (the default). */
    const char *email_trust;
    /* Who cannot come in: a reason for the log to a claim path; anything there but null, false, 0
     * and
     * "" ends the login. */
    const struct cardea_pair *refuse;

    /* Afterwards. */
    const char *refresh;         /* CARDEA_YES, CARDEA_NO, CARDEA_OPTIONAL (the default) */
    const char *refresh_rotates; /* CARDEA_YES: each use gives a new one; CARDEA_NO (the default) */
    const char *refresh_grant;   /* grant_type, when it is not "refresh_token" */
    const char *refresh_token_param; /* the parameter, when it is not "refresh_token" */
    const char *refresh_source;      /* "access_token": the grant extends the access token itself */
    const struct cardea_pair *refresh_params;
    const char *refresh_omit;   /* standard names that are not sent to refresh */
    const char *refresh_method; /* "as_token" (the default), CARDEA_POST, CARDEA_GET */
    const char *revoke_method;  /* "POST" (the default), "GET", "DELETE" */
    const char *revoke_body;    /* CARDEA_FORM (the default), CARDEA_JSON, CARDEA_QUERY */
    /* Who asks: "client" (the default), as at the token endpoint; "token": whoever has the access
     * token, which goes where API calls have it; "none". */
    const char *revoke_auth;
    /* Instead of `token` and `token_type_hint` (RFC 7009); {subject} is who it is. */
    const struct cardea_pair *revoke_params;

    const struct cardea_hooks *hooks;
    /* Things of the provider's own, by id ("com.example.thing/1"); may be NULL. */
    const void *(*extension)(const char *id);

    /*
     * OAuth 1.0a (RFC 5849). In the callback and in replies the standard names are those of this
     * protocol: oauth_verifier for code, oauth_token for access_token, oauth_problem and
     * oauth_problem_advice for errors. token_method, token_params and token_fields are of the
     * request that redeems the verifier; token_headers go with that for a request token, too. API
     * calls are signed, whatever api_token says.
     */
    /* "HMAC-SHA1" (the default), "HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT"; "RSA-SHA1",
     * "RSA-SHA256" and "RSA-SHA512" sign with the key named "client". */
    const char *oauth1_signature;
    const char *oauth1_realm;
    /* "sent" (the default), or "oob" where the provider calls back only where it was told to when
     * the app was registered. */
    const char *oauth1_callback;
    /* "required" (the default), or "absent" where oauth_callback_confirmed never comes; then the
     * verifier alone shows that the provider knows this revision of the protocol. */
    const char *oauth1_confirmed;
    const char *request_token_method; /* CARDEA_POST (the default) or CARDEA_GET */
    const struct cardea_pair *request_token_params;
};
#define CARDEA_PROVIDER sizeof(struct cardea_provider)

/* Code. */

/* Bytes with their length; `at` may be NULL when there are none. */
typedef struct cardea_str {
    const char *at;
    size_t len;
} cardea_str;

/* One call of a hook; everything that is asked of the host is asked for this call. */
typedef struct cardea_call cardea_call;
/* A JSON value. NULL stands for "there is none" and may be given to every json_ function. */
typedef struct cardea_json cardea_json;
/* A request to be made. */
typedef struct cardea_request cardea_request;
/* An answer that came. */
typedef struct cardea_response cardea_response;
/* The tokens read from an answer. */
typedef struct cardea_tokens cardea_tokens;
/* The claims of the person who logs in. */
typedef struct cardea_profile cardea_profile;

/* What a hook returns. Anything else is misbehaviour and ends the login. */
#define CARDEA_OK    0    /* done; go on */
#define CARDEA_FETCH 1    /* fetch_more: make the request I have filled in, then call me again */
#define CARDEA_FAIL  (-1) /* end this login; host->fail() has said why */

/* For host->log(). */
#define CARDEA_LOG_DEBUG 0
#define CARDEA_LOG_INFO  1
#define CARDEA_LOG_WARN  2

/*
 * What Cardea does for a hook. All texts are copied before the call returns. A function that fails
 * (a header that no header may be, too much memory) returns CARDEA_FAIL or NULL, and the login ends
 * when the hook returns, whatever it returns.
 */
struct cardea_host {
    uint32_t struct_size;
    uint32_t abi; /* major << 8 | minor of this Cardea */

    /* Optional functions, by id and revision: "cardea.digest/1". NULL: not here. */
    const void *(*extension)(const char *id);

    /* Memory until the hook returns, cleared; at most 1 MiB in all. */
    void *(*alloc)(cardea_call *call, size_t size);
    cardea_str (*printf)(cardea_call *call, const char *format, ...);

    /* A line in Cardea's log. Never put a token in. */
    void (*log)(cardea_call *call, int32_t level, const char *text);
    /* Why this login ends. `code` is an OAuth error code ("access_denied", "server_error", ...);
     * `text` is for the log. Returns CARDEA_FAIL:
     * `return host->fail(call, "server_error", "...");` */
    int32_t (*fail)(cardea_call *call, const char *code, const char *text);

    /* The operator's configuration of this instance: "client_id", a parameter; never a secret. */
    cardea_str (*config)(cardea_call *call, const char *name);

    /* Reading JSON. Paths are those of claims, without sources. */
    const cardea_json *(*json_parse)(cardea_call *call, cardea_str text);
    const cardea_json *(*json_at)(const cardea_json *json, const char *path);
    /* Texts as they are, integers and booleans as text; empty for all else. */
    cardea_str (*json_str)(cardea_call *call, const cardea_json *json, const char *path);
    /* The integer there, or `otherwise`. */
    int64_t (*json_num)(const cardea_json *json, const char *path, int64_t otherwise);
    /* Element or member number `index`, counted from 0; its name in `*name` (may be NULL) when it
     * is a member. NULL behind the last. */
    const cardea_json *(*json_each)(const cardea_json *json, size_t index, cardea_str *name);

    /* Writing a request. In shape_ hooks the request is filled already and these change it. */
    int32_t (*request_get)(cardea_call *call, cardea_request *request, const char *url);
    int32_t (*request_post)(cardea_call *call, cardea_request *request, const char *url);
    /* An absent value (at == NULL) removes. */
    int32_t (*request_set_header)(cardea_call *call, cardea_request *request, const char *name,
                                  cardea_str value);
    /* A parameter of the query, or of the form when the request has one. */
    int32_t (*request_set_param)(cardea_call *call, cardea_request *request, const char *name,
                                 cardea_str value);
    cardea_str (*request_param)(const cardea_request *request, const char *name);
    cardea_str (*request_url)(const cardea_request *request);
    /* A body of your own, instead of a form. */
    int32_t (*request_set_body)(cardea_call *call, cardea_request *request, const char *type,
                                cardea_str body);

    /* Reading an answer. */
    int32_t (*response_status)(const cardea_response *response);
    cardea_str (*response_header)(const cardea_response *response, const char *name);
    cardea_str (*response_body)(const cardea_response *response);

    /* "access_token", "refresh_token", "id_token", "token_type", "expires_in", "scope". */
    int32_t (*tokens_set)(cardea_call *call, cardea_tokens *tokens, const char *name,
                          cardea_str value);
    cardea_str (*tokens_get)(const cardea_tokens *tokens, const char *name);

    /* Claims as text, and as any JSON. "email_verified" and other booleans are the texts "true" and
     * "false". */
    int32_t (*profile_set)(cardea_call *call, cardea_profile *profile, const char *claim,
                           cardea_str value);
    int32_t (*profile_set_json)(cardea_call *call, cardea_profile *profile, const char *claim,
                                const cardea_json *value);
    cardea_str (*profile_get)(cardea_call *call, const cardea_profile *profile, const char *claim);

    /* A note to a later hook of the same login; names and values of at most 256 and 2048 bytes.
     * What shape_authorize remembers travels with the browser: about 1500 bytes in all. */
    int32_t (*remember)(cardea_call *call, const char *name, cardea_str value);
    cardea_str (*recall)(cardea_call *call, const char *name);

    /* A compact JWS over `claims` (JSON text), signed by Cardea with the configured key of that
     * name. `header` is JSON text with further header members, or NULL. Key bytes never reach a
     * plugin. */
    cardea_str (*jwt_sign)(cardea_call *call, const char *key_name, const char *header,
                           cardea_str claims);

    /* Parameter number `index` of a request, counted from 0; its name in `*name`. Absent behind the
     * last. */
    cardea_str (*request_each)(const cardea_request *request, size_t index, cardea_str *name);
};

/* The extension "cardea.digest/1". Keys are named: "client_secret", or one of `keys`. */
struct cardea_digest_1 {
    /* Lower-case hexadecimal text. `digest` is "sha1", "sha256", "sha384", "sha512" or "md5". */
    cardea_str (*hmac_hex)(cardea_call *call, const char *digest, const char *key_name,
                           cardea_str data);
    cardea_str (*hash_hex)(cardea_call *call, const char *digest, cardea_str data);
};

/*
 * The extension "cardea.sign/1", for signatures of a provider's own making. Keys are named: one of
 * `keys`, or "client_secret".
 */
struct cardea_sign_1 {
    /* Base64 of a signature: "rsa-sha256" (PKCS #1 v1.5) by a private key in PEM. */
    cardea_str (*sign_base64)(cardea_call *call, const char *algorithm, const char *key_name,
                              cardea_str data);
    /* Lower-case hexadecimal of the digest (as cardea_digest_1 has them) of `before`, the key
     * itself and `after`, one behind the other. */
    cardea_str (*hash_with_key_hex)(cardea_call *call, const char *digest, cardea_str before,
                                    const char *key_name, cardea_str after);
};

/* Hooks, each of which may be NULL. In the order of a login. */
struct cardea_hooks {
    uint32_t struct_size; /* CARDEA_HOOKS */
    uint32_t reserved;    /* 0 */

    /* The configuration is loaded or checked: is it complete and sensible? fail() with a sentence
     * for the operator otherwise. */
    int32_t (*check_config)(const struct cardea_host *host, cardea_call *call);
    /* The authorization request, before the browser is sent there. */
    int32_t (*shape_authorize)(const struct cardea_host *host, cardea_call *call,
                               cardea_request *request);
    /* The token request; parameter grant_type tells a refresh from an exchange. */
    int32_t (*shape_token)(const struct cardea_host *host, cardea_call *call,
                           cardea_request *request);
    /* The token reply, instead of the rules above. */
    int32_t (*read_token)(const struct cardea_host *host, cardea_call *call,
                          const cardea_response *response, cardea_tokens *tokens);
    /* After the userinfo call and the lookups, and again after each further call (`round` counts
     * from 0, at most four): fill in one more request and return CARDEA_FETCH, or return CARDEA_OK.
     * `answers` is a list: /0 the userinfo reply, /1 the first further one, ... The access token is
     * added by Cardea. */
    int32_t (*fetch_more)(const struct cardea_host *host, cardea_call *call, uint32_t round,
                          const cardea_json *answers, cardea_request *request);
    /* The profile, after the claim map was followed. */
    int32_t (*map_profile)(const struct cardea_host *host, cardea_call *call,
                           const cardea_json *answers, cardea_profile *profile);
    /* Every call to the provider's API, the userinfo call and further ones among them. */
    int32_t (*shape_api)(const struct cardea_host *host, cardea_call *call,
                         cardea_request *request);
    /* The request that ends the session at the provider. */
    int32_t (*shape_logout)(const struct cardea_host *host, cardea_call *call,
                            cardea_request *request);
};
#define CARDEA_HOOKS sizeof(struct cardea_hooks)

/* The exported symbol. */

struct cardea_plugin {
    uint32_t magic; /* CARDEA_MAGIC */
    uint16_t abi_major;
    uint16_t abi_minor; /* what the plugin was written for: CARDEA_API & 0xff */
    uint32_t struct_size;
    uint32_t provider_count;
    const char *version; /* the plugin's own */
    const struct cardea_provider *const *providers;
};

#if defined(__GNUC__)
#define CARDEA_EXPORT __attribute__((visibility("default")))
#else
#define CARDEA_EXPORT
#endif

#ifdef __cplusplus
}
#define CARDEA_EXTERN extern "C"
#else
#define CARDEA_EXTERN extern
#endif

/* CARDEA_PLUGIN("1.0.0", &acme, &acme_sandbox); once, at the end of the file. */
#define CARDEA_PLUGIN(plugin_version, ...)                                                         \
    static const struct cardea_provider *const cardea_plugin_providers[] = { __VA_ARGS__ };        \
    CARDEA_EXTERN CARDEA_EXPORT const struct cardea_plugin cardea_plugin;                          \
    const struct cardea_plugin cardea_plugin = {                                                   \
        CARDEA_MAGIC,                                                                              \
        CARDEA_ABI_MAJOR,                                                                          \
        (uint16_t)(CARDEA_API & 0xff),                                                             \
        (uint32_t)sizeof(struct cardea_plugin),                                                    \
        (uint32_t)(sizeof(cardea_plugin_providers) / sizeof(cardea_plugin_providers[0])),          \
        plugin_version,                                                                            \
        cardea_plugin_providers,                                                                   \
    }

#endif
