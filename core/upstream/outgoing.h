/*
 * A request to a provider while it is being made: parts that rules and hooks can still change, then
 * one call.
 */
#ifndef CARDEA_UPSTREAM_OUTGOING_H
#define CARDEA_UPSTREAM_OUTGOING_H

#include "base/json.h"
#include "base/params.h"
#include "config/fields.h"
#include "net/http_client.h"

enum {
    OUTGOING_HEADERS = 24
};

struct outgoing {
    struct slice method;
    struct slice url;
    struct params query;
    struct params form;
    struct http_header headers[OUTGOING_HEADERS];
    size_t header_count;
    struct slice body; /* instead of the form */
    struct slice body_type;
};

/* Empty, with room. */
void outgoing_begin(struct outgoing *request, struct arena *arena, const char *method,
                    struct slice url);

/* Sets or (absent value) removes. A header that no header may be is dropped, and false returned. */
bool outgoing_header(struct outgoing *request, struct slice name, struct slice value);
bool outgoing_has_header(const struct outgoing *request, struct slice name);

/* For hooks: {method, url, params, headers, body, body_type}. `params` is the form when the request
 * has one, else the query. A new reference. */
json_t *outgoing_to_json(const struct outgoing *request);
/* What a hook made of it. False when it is not fit for a request. Texts are copied into the arena.
 */
bool outgoing_from_json(struct outgoing *request, struct arena *arena, const json_t *json);

/* The whole URL with its query (which may have some already), and a fragment behind: the one given,
 * else that of the URL. Absent when it would be longer than 64 KiB. */
struct slice outgoing_url(const struct outgoing *request, struct arena *arena,
                          struct slice fragment);

/* Fills the call. `json_body`: the form goes as a JSON object. False when the URL or the body would
 * be longer than 64 KiB. */
bool outgoing_to_call(const struct outgoing *request, struct arena *arena, bool json_body,
                      struct http_call *call);

#endif
