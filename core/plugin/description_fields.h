/*
 * The fields of a provider's description, once for all: the C struct of the public header, the
 * document that the jail hands over, the YAML of operators and authors, the messages and the schema
 * have the same names because they all come from this list.
 *
 * Each row is KIND(name, about) or WORD(name, (the words, the default first), about). Kinds: TEXT
 * one line; LONG may have line breaks; URL with {placeholders}; PATH a claim path; WORDS words
 * separated by spaces, or a list; PAIRS a map of texts. `parameters`, `lookups` and `hooks` are not
 * plain and stand in description.c.
 */
#ifndef CARDEA_PLUGIN_DESCRIPTION_FIELDS_H
#define CARDEA_PLUGIN_DESCRIPTION_FIELDS_H

#define DESCRIPTION_FIELDS(TEXT, LONG, URL, PATH, WORD, WORDS, PAIRS)                              \
    TEXT(name, "The provider's name for people.")                                                  \
    WORD(protocol, ("oauth2", "oidc", "oauth1"), "What the provider speaks.")                      \
    TEXT(about, "A sentence an operator should read.")                                             \
    URL(console_url, "Where an app is registered.")                                                \
    TEXT(color, "Brand colour, as #rrggbb.")                                                       \
    LONG(mark, "Brand mark, an SVG document.")                                                     \
    URL(issuer, "OpenID Connect issuer; endpoints come from its discovery document.")              \
    URL(discovery_url, "Where the discovery document is, when not below the issuer.")              \
    URL(request_token_url, "OAuth 1.0a temporary credentials endpoint.")                           \
    URL(authorize_url, "Authorization endpoint.")                                                  \
    URL(token_url, "Token endpoint.")                                                              \
    URL(refresh_url, "Where tokens are refreshed, when not at the token endpoint.")                \
    URL(userinfo_url, "Where the profile of the person is.")                                       \
    URL(jwks_url, "The provider's key set.")                                                       \
    URL(revoke_url, "Where tokens are revoked.")                                                   \
    URL(end_session_url, "Where a session at the provider is ended.")                              \
    WORDS(scopes, "Scopes asked for.")                                                             \
    TEXT(scope_separator, "What stands between scopes; a space when not given.")                   \
    PAIRS(authorize_params, "Parameters added to the authorization request.")                      \
    PAIRS(authorize_rename, "Standard parameters that have another name here.")                    \
    WORDS(authorize_omit, "Standard parameters that are not sent.")                                \
    TEXT(authorize_fragment, "A fragment at the end of the authorization URL.")                    \
    WORD(response_mode, ("query", "form_post"), "How the answer comes back.")                      \
    WORD(pkce, ("yes", "no"), "Whether the provider can bear PKCE.")                               \
    WORD(nonce, ("required", "absent"), "Whether the nonce comes back in the ID token.")           \
    PAIRS(callback_rename, "Standard parameters of the answer that have another name here.")       \
    WORDS(callback_denied, "What in the answer means that the person said no.")                    \
    TEXT(callback_hmac, "Parameter of the answer that signs the others.")                          \
    PAIRS(callback_expect, "Parameters of the answer, and what each must be.")                     \
    WORDS(callback_forward, "Parameters of the answer sent on in the token request.")              \
    WORD(token_auth,                                                                               \
         ("basic", "basic_raw", "post", "none", "bearer", "private_key_jwt", "client_secret_jwt",  \
          "es256_secret"),                                                                         \
         "How the client authenticates at the token endpoint.")                                    \
    PAIRS(client_jwt, "What the JWT by which the client authenticates says besides or otherwise.") \
    WORD(token_owner, ("person", "app"), "Whose the token is that the token request gives.")       \
    WORD(token_method, ("POST", "GET"), "Method of the token request.")                            \
    WORD(token_body, ("form", "json", "query"), "Form of the token request.")                      \
    PAIRS(token_params, "Parameters added to the token request.")                                  \
    PAIRS(token_rename, "Standard parameters that have another name here.")                        \
    WORDS(token_omit, "Standard parameters that are not sent for a code.")                         \
    PAIRS(token_headers, "Headers added to the token request.")                                    \
    WORD(token_reply, ("auto", "json", "form", "jsonp"), "What the token reply is.")               \
    PATH(token_root, "Where in the reply the token object is.")                                    \
    PAIRS(token_fields, "Standard members that stand elsewhere in the reply.")                     \
    WORD(token_expiry, ("seconds", "milliseconds", "unix", "unix_ms", "never"),                    \
         "What expires_in holds.")                                                                 \
    TEXT(token_scope_separator, "What stands between granted scopes.")                             \
    TEXT(token_error, "What makes a token reply an error.")                                        \
    TEXT(token_error_ok, "The value there that is no error.")                                      \
    TEXT(token_error_text, "Where the words of an error are.")                                     \
    WORDS(id_token_algs, "Algorithms accepted for the ID token.")                                  \
    WORDS(issuers, "Further spellings of the issuer.")                                             \
    WORD(id_token, ("yes", "no"), "Whether an ID token comes.")                                    \
    URL(api_base, "What paths of the provider's API are below.")                                   \
    WORDS(api_hosts, "Further hosts that API calls may reach.")                                    \
    WORD(api_token, ("header", "query", "body"), "Where the access token goes in API calls.")      \
    TEXT(api_token_name, "Header or parameter that carries the access token.")                     \
    TEXT(api_scheme, "The word in front of the token; \"none\" for the bare token.")               \
    PAIRS(api_headers, "Headers of every API call.")                                               \
    PAIRS(api_params, "Query parameters of every API call.")                                       \
    WORD(userinfo, ("yes", "no"), "Whether there is a userinfo call.")                             \
    WORD(userinfo_method, ("GET", "POST"), "Method of the userinfo call.")                         \
    PAIRS(userinfo_params, "Query parameters of the userinfo call.")                               \
    PAIRS(userinfo_headers, "Headers of the userinfo call.")                                       \
    LONG(userinfo_body, "Body of the userinfo call.")                                              \
    TEXT(userinfo_body_type, "Content type of that body.")                                         \
    WORD(userinfo_reply, ("auto", "json", "form", "jsonp", "jwt"), "What the userinfo reply is.")  \
    PATH(userinfo_root, "Where in the reply the profile is.")                                      \
    TEXT(userinfo_error, "What makes a userinfo reply an error.")                                  \
    TEXT(userinfo_error_ok, "The value there that is no error.")                                   \
    TEXT(userinfo_error_text, "Where the words of an error are.")                                  \
    PAIRS(claims, "Claims, and where in the answers each is found.")                               \
    PAIRS(refuse, "Why nobody is let in, and the claim path that says so.")                        \
    WORD(email_trust, ("never", "claim", "always"), "When an e-mail address counts as verified.")  \
    WORD(refresh, ("optional", "yes", "no"), "Whether tokens can be refreshed.")                   \
    WORD(refresh_rotates, ("no", "yes"), "Whether a refresh token is good for one use.")           \
    WORD(refresh_method, ("as_token", "POST", "GET"), "Method of the refresh request.")            \
    TEXT(refresh_grant, "grant_type of the refresh, when not refresh_token.")                      \
    TEXT(refresh_token_param, "Parameter that carries the refresh token.")                         \
    WORD(refresh_source, ("refresh_token", "access_token"), "What is sent to refresh.")            \
    PAIRS(refresh_params, "Parameters added to the refresh request.")                              \
    WORDS(refresh_omit, "Standard parameters that are not sent to refresh.")                       \
    WORD(revoke_method, ("POST", "GET", "DELETE"), "Method of the revocation request.")            \
    WORD(revoke_auth, ("client", "token", "none"), "Who asks for a revocation.")                   \
    WORD(revoke_body, ("form", "json", "query"), "Form of the revocation request.")                \
    PAIRS(revoke_params, "Parameters of the revocation request.")                                  \
    WORD(oauth1_signature,                                                                         \
         ("HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256", "RSA-SHA512",       \
          "PLAINTEXT"),                                                                            \
         "How requests of OAuth 1.0a are signed.")                                                 \
    TEXT(oauth1_realm, "The realm in the Authorization header of OAuth 1.0a.")                     \
    WORD(oauth1_callback, ("sent", "oob"),                                                         \
         "Whether the callback is sent, or out-of-band because the one registered counts.")        \
    WORD(oauth1_confirmed, ("required", "absent"),                                                 \
         "Whether the callback is confirmed in the reply.")                                        \
    WORD(request_token_method, ("POST", "GET"), "Method of the request for a request token.")      \
    PAIRS(request_token_params, "Parameters added to the request for a request token.")

/* The hooks, in the order of struct cardea_hooks. */
#define DESCRIPTION_HOOKS(HOOK)                                                                    \
    HOOK(check_config)                                                                             \
    HOOK(shape_authorize)                                                                          \
    HOOK(shape_token)                                                                              \
    HOOK(read_token)                                                                               \
    HOOK(fetch_more)                                                                               \
    HOOK(map_profile)                                                                              \
    HOOK(shape_api)                                                                                \
    HOOK(shape_logout)

enum hook {
#define DESCRIPTION_HOOK_ENUM(hook_name) HOOK_##hook_name,
    DESCRIPTION_HOOKS(DESCRIPTION_HOOK_ENUM)
#undef DESCRIPTION_HOOK_ENUM
    HOOK_COUNT
};

/* The names that placeholders may have besides parameters; login.c knows their values. */
#define DESCRIPTION_NAMES(NAME)                                                                    \
    NAME(client_id)                                                                                \
    NAME(access_token)                                                                             \
    NAME(refresh_token)                                                                            \
    NAME(callback_url)                                                                             \
    NAME(state)                                                                                    \
    NAME(issuer)                                                                                   \
    NAME(user_agent)                                                                               \
    NAME(random)                                                                                   \
    NAME(now)                                                                                      \
    NAME(subject)

/* Members of a parameter and of a lookup, all TEXT; `first` of a lookup is a number in C and stands
 * apart. */
#define DESCRIPTION_PARAMETER(TEXT)                                                                \
    TEXT(about, "What it is, for the operator.")                                                   \
    TEXT(otherwise, "The value when none is given.")                                               \
    TEXT(values, "The only values allowed, separated by spaces.")                                  \
    TEXT(kind, "host, segment, word, url or text.")

#endif
