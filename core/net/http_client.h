/*
 * HTTP out: libcurl's multi interface on the worker's event base, as operations of flows.
 *
 * Always: certificates verified, no redirects followed, no compression asked for, http and https
 * only, one total deadline, one limit on the body, no cookies, no .netrc, no environment proxies.
 * Connections are reused. Where a call may lead is judged at the socket about to be connected:
 * inner addresses (address_is_inner()) are refused unless the operator's own configuration named
 * such a host; plain http is for these hosts only. A proxy resolves names itself, so that with one
 * only hosts written as addresses can be judged; our own loopback is reached without it.
 */
#ifndef CARDEA_NET_HTTP_CLIENT_H
#define CARDEA_NET_HTTP_CLIENT_H

#include "base/buf.h"
#include "flow/flow.h"
#include "net/http_parse.h"

#include <event2/event.h>

struct http_client;

struct http_client_settings {
    const char *proxy;   /* URL; NULL: none, whatever the environment says */
    const char *ca_file; /* NULL: the system's */
    int64_t connect_timeout_ms;
    int64_t timeout_ms;    /* whole call */
    size_t response_limit; /* bytes of body */
    const char *user_agent;
};

struct http_client *http_client_new(struct event_base *base,
                                    const struct http_client_settings *settings);
/* All calls must have ended (flow_cancel_all()); not from within a step that a call has woken.
 * Accepts NULL. */
void http_client_free(struct http_client *client);

enum http_call_failure {
    HTTP_CALL_OK,          /* an answer came, whatever its status */
    HTTP_CALL_UNREACHABLE, /* no connection, no name, TLS refused */
    HTTP_CALL_TIMEOUT,
    HTTP_CALL_TOO_LONG,  /* the body passed the limit */
    HTTP_CALL_FORBIDDEN, /* the address policy, the scheme, or a header that no call may have */
    HTTP_CALL_BROKEN     /* the answer was no HTTP, had too many headers, or was cut off */
};

/* One request and its answer. Lives in the flow's arena, as do all its slices. */
struct http_call {
    /* in */
    struct slice method; /* "GET"; absent: GET, or POST when there is a body */
    struct slice url;
    struct http_header *headers; /* but those of framing and connection, Host, Accept-Encoding */
    size_t header_count;
    struct slice body;     /* absent: none */
    bool inner_allowed;    /* the operator's configuration names this host */
    int64_t timeout_ms;    /* 0: the client's */
    size_t response_limit; /* 0: the client's */

    /* out */
    enum http_call_failure failure;
    const char *failure_text; /* for the log; NULL when an answer came */
    int status;
    struct http_header *reply_headers; /* of the final answer; names as sent */
    size_t reply_header_count;
    struct slice content_type; /* without parameters, lower case; absent when there is none */
    struct slice reply;        /* the body; never absent when an answer came */

    /* the client's own */
    struct op op;
    void *transfer;
};

/*
 * Starts the call as the flow's pending operation; the step then returns STEP_WAIT. It completes
 * from the event loop, never inside this function, except when it fails before anything is sent.
 */
void http_call_start(struct http_client *client, struct flow *flow, struct http_call *call);

/* The value of a header of the answer, or absent. */
struct slice http_call_header(const struct http_call *call, const char *name);

#endif
