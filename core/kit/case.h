/*
 * Cases: recorded conversations with a provider, in YAML. One file does four jobs: `cardea plugin
 * test` runs it, `cardea simulate` plays the provider from it, mutations are made of it, and a
 * reader learns from it.
 *
 *     about: a login whose e-mail address is private
 *     config: {client_id: app, client_secret: hush}     of the provider, as in cardea.yaml
 *     authorize: {url: ..., query: {...}}                what must come out
 *     callback: {code: c0de, state: $state}              what comes back with the browser
 *     refresh: {refresh_token: r1}            instead of a callback: a refresh of such tokens
 *     revoke: {refresh_token: r1, sub: "1"}   instead of a callback: such tokens are taken back
 *     exchanges:                              requests that must be made, and their answers
 *     - request: POST https://...
 *       query: {...}  form: {...}  json: {...}  headers: {...}  oauth1: {...}
 *       answer: {status: 200, type: application/json, headers: {...}, body: ...}
 *     id_token: {email: ...}                  claims of $id_token, besides those every one has
 *     userinfo: {name: ...}                   the same of $userinfo, a signed userinfo reply
 *     profile: {...}                          what must result
 *     tokens: {...}
 *     fails: access_denied                    how it must end, if not in a profile
 *     said: {code: ..., text: ...}            in the provider's own words
 *
 * What a request must have is listed; it may have more, but what is listed as `~` must not be
 * there, what is `$any` must be, whatever it says, and what is `$signed` must be a token that the
 * client has signed. Texts may have $callback, $state, $nonce, $challenge, $verifier, $client_id,
 * $client_secret, $id_token, $userinfo, $now, $hmac_sha256(KEY,TEXT), $md5(TEXT) and
 * $rsa_sha256(TEXT). In `config` a key may be $rsa_key or $ec_key, which the kit has. A refresh may
 * have a `callback:` of its own, for what is kept of it.
 *
 * `oauth1` are protocol parameters of OAuth 1.0a, and the realm. Whatever a provider that speaks it
 * is sent must be signed with the client's secret (or its key) and with the secret of the token
 * that an answer gave, a form, before.
 *
 * `provider.yaml` in the same folder is no case: its `discovery:` is the provider's discovery
 * document, or a list of those of several instances, and its `id_token_alg:` signs the ID tokens of
 * cases that do not say otherwise.
 */
#ifndef CARDEA_KIT_CASE_H
#define CARDEA_KIT_CASE_H

#include "config/node.h"

struct kit_exchange {
    struct mark mark;
    struct slice method;
    struct slice url;
    const struct node *query, *form, *json, *headers, *oauth1; /* maps, or NULL */
    int status;
    struct slice type;
    const struct node *answer_headers;
    const struct node *body; /* text, or anything that becomes JSON; NULL: empty */
};

struct kit_case {
    const char *file;
    struct slice name; /* of the file, without folder and ending */
    struct mark mark;
    struct slice about;
    const struct node *config, *authorize, *callback, *refresh, *revoke;
    const struct node *id_token, *userinfo, *profile, *tokens, *said;
    struct slice fails;
    struct slice id_token_alg; /* "RS256" when none is given */
    struct kit_exchange *exchanges;
    size_t exchange_count;
};

/* All cases of one provider. */
struct kit_cases {
    struct kit_case *at;
    size_t count;
    json_t *discovery; /* of provider.yaml: a list of documents; NULL: none */
    struct slice id_token_alg;
};

/* Reads every *.yaml of a folder, in the order of their names. Everything wrong is added to
 * `problems`, in whose arena the cases live. */
void kit_cases_read(struct kit_cases *cases, const char *folder, struct problems *problems);
void kit_cases_release(struct kit_cases *cases);

/* The text of a member of a map, or absent. */
struct slice kit_text(const struct node *map, const char *name);

#endif
