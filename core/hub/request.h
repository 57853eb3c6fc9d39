/*
 * A request as a flow: what came, what the shared steps found out, and the ways to answer.
 *
 * Every route is a row (struct route): methods, path, the table of steps, the size of the struct in
 * which its steps keep what they find, flags, and how its errors are answered. A step gets the
 * flow; `request_of(flow)` is the request, `flow->state` the route's own struct.
 */
#ifndef CARDEA_HUB_REQUEST_H
#define CARDEA_HUB_REQUEST_H

#include "base/params.h"
#include "flow/flow.h"
#include "hub/hub.h"
#include "net/http_server.h"

struct request;
struct router;
struct session;
struct session_lookup;
struct client_settings;

enum route_flag {
    ROUTE_FORM = 1, /* a POST has an application/x-www-form-urlencoded body; any other is refused */
    ROUTE_CORS = 2, /* scripts of registered origins may read it; it never looks at cookies */
    ROUTE_CORS_ANY = 4,   /* scripts of any origin may: what is public anyway */
    ROUTE_NO_QUERY = 8,   /* parameters in the URL are refused: they end in logs (RFC 6749, 3.2) */
    ROUTE_CACHEABLE = 16, /* the step says for how long; an error is not kept */
    ROUTE_THROTTLED = 32, /* counts as a login: limits.per_address.logins */
    ROUTE_NO_HEAD = 64 /* its GET has effects (a login begins, a code is made): HEAD is refused */
};

enum {
    REQUEST_LINES = 16 /* header lines that steps may add */
};

/* What a route does: defined in the file that has the steps. */
struct flow_kind {
    const char *name; /* in logs and metrics */
    const struct step *steps;
    size_t state; /* size of the struct its steps share (flow->state), cleared for each request */
    void (*fail)(struct request *request); /* answers when a step has failed: flow.error says why */
};

struct route {
    unsigned methods; /* enum http_method, joined; HEAD goes with GET */
    const char *path; /* below the issuer; a last part "{name}" stands for one segment, "*" for
                         everything that has no route of its own */
    const struct flow_kind *flow;
    unsigned flags;
};

struct request {
    struct flow flow;
    struct http_exchange exchange;
    struct hub *hub;
    struct router *router;     /* by which it came */
    const struct route *route; /* NULL: nothing is there */
    size_t route_index;        /* for metrics */
    struct slice path;         /* decoded, below the issuer's path */
    struct slice segment;      /* what the "{name}" of the route's path stands for */
    struct slice id;           /* X-Request-Id */
    struct slice traceparent;  /* W3C Trace Context, as it came and if it was one; absent: none */
    struct slice peer;         /* address of the client, behind trusted proxies */
    struct params query;
    struct params form;
    struct slice lines[REQUEST_LINES]; /* header lines of the answer that steps have added */
    size_t line_count;
    bool answered;
    int status;

    /* What shared steps found. */
    const struct client_settings *client;  /* issuer/client.h: authenticated */
    struct session *session;               /* hub/session.h; NULL: nobody is logged in */
    struct session_lookup *session_lookup; /* session.c's own */
    struct slice ui_locales; /* of the app's request, for all pages on the way; absent: the URL's */
    struct slice again;      /* a path of ours, where a person who sees an error page starts again;
                                absent: "/" */
};

static inline struct request *request_of(struct flow *flow)
{
    return container_of(flow, struct request, flow);
}

/* Memory that dies with the request. */
static inline struct arena *request_arena(struct request *request)
{
    return &request->flow.arena;
}

/* A parameter: of the form for POST, else of the query. Absent when missing or empty. */
struct slice request_param(const struct request *request, const char *name);
/* The parameters of the present method. */
const struct params *request_params(const struct request *request);

/* A header of the request, or absent. */
struct slice request_header(const struct request *request, const char *name);

/* The value of our cookie of that name ("session", "login-..."), or absent; also absent when a
 * browser sends two of that name, because one of them is not ours. */
struct slice request_cookie(const struct request *request, const char *name);

/* All cookies of ours, one after the other; `cookies` is zeroed at first. The name comes without
 * prefix. False when there are no more. */
struct request_cookies {
    size_t header; /* number of the next one to be looked at */
    struct slice rest;
};
bool request_next_cookie(const struct request *request, struct request_cookies *cookies,
                         struct slice *name_r, struct slice *value_r);

enum same_site {
    SAME_SITE_LAX,
    SAME_SITE_NONE /* for an answer that comes as a cross-site POST */
};
/* Adds Set-Cookie, with prefix and flags as contract.md says. `seconds` 0: until the browser is
 * closed. */
void request_set_cookie(struct request *request, const char *name, struct slice value,
                        int64_t seconds, enum same_site same_site);
void request_drop_cookie(struct request *request, const char *name);

/* Adds a header line to the answer that will come. The value must be fit for a header. */
void request_add_header(struct request *request, const char *name, struct slice value);

/* Answers. Each ends the exchange; the step then returns STEP_DONE. A body is copied. */
enum step_result request_answer(struct request *request, int status, const char *content_type,
                                struct slice body);
enum step_result request_json(struct request *request, int status, const json_t *json);
/* 303 See Other: the browser fetches `url` with GET, whatever it did before. */
enum step_result request_redirect(struct request *request, struct slice url);
/* A page of pages/, in the language of the browser; `data` is given away. */
enum step_result request_page(struct request *request, int status, const char *page, json_t *data);

/* The ways to answer an error. */
void request_fail_page(struct request *request);   /* a plain sentence and the reference */
void request_fail_json(struct request *request);   /* RFC 6749, 5.2 */
void request_fail_bearer(struct request *request); /* RFC 6750, 3 */
/* For steps that have to add a line of their own: the log line every failure gets. */
void request_log_failure(const struct request *request);

/* The language of whoever sent it, for pages_text(). */
struct slice request_locale(const struct request *request);

/* One more failure of this client address at `what` (a client id, a provider); true when there were
 * too many lately. Kept in the worker's memory only. */
bool request_throttle_failure(struct request *request, struct slice what);
bool request_is_throttled(struct request *request, struct slice what);

/* The absolute URL of a path of ours: issuer + path. */
struct slice request_url(struct request *request, const char *path);

/* Runs store commands as the flow's operation; the step returns what this returns. */
enum step_result request_store(struct request *request, struct store_command *commands,
                               size_t count);

/* Did the store answer at all? Call at the head of the step behind: fails the flow with ERROR_STORE
 * when it did not. */
bool request_store_failed(struct request *request, const struct store_command *command);

#endif
