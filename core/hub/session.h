/*
 * A browser's session with us: single sign-on.
 *
 * The cookie holds 256 random bits; the store knows the session under their SHA-256, so that
 * reading the store gives nobody a session. A session is always new after a login. It ends when it
 * was idle for `session_idle` or is `session` old; use moves the idle limit, at most once a minute.
 */
#ifndef CARDEA_HUB_SESSION_H
#define CARDEA_HUB_SESSION_H

#include "hub/request.h"

struct session {
    struct slice id;      /* hash of the cookie: its name in the store and in lists */
    struct slice account; /* `sub` */
    struct slice idp;     /* provider id */
    struct slice idp_sub;
    int64_t auth_time;
    int64_t used;     /* last written use */
    int64_t ends;     /* absolute */
    struct slice amr; /* words, from upstream */
    struct slice acr;
    struct slice claims; /* what the provider said of the person, JSON */
    uint64_t version;
};

/* A row of every table that wants to know who is there: request->session is set or stays NULL. Two
 * steps, because the store has to be asked. */
enum step_result ask_for_session(struct flow *flow);
enum step_result read_session(struct flow *flow);
/* A row for pages that people use: moves the idle limit. */
enum step_result touch_session(struct flow *flow);

/* A new session, in which account, idp and what was said of the person are filled in: gives it its
 * id and its limits and sets the cookie. It is there when the command of session_put() has been
 * run. */
void session_begin(struct request *request, struct session *session);
struct store_command session_put(struct request *request, const struct session *session);

/* Ends the present session: drops the cookie and fills commands (at most SESSION_END_COMMANDS): the
 * record goes, and the grants that were given in it are read as members of the second one. */
enum {
    SESSION_END_COMMANDS = 2
};
size_t session_end(struct request *request, struct store_command *commands);

/* A token for forms of this session, for one purpose (CSRF); and is it the right one? */
struct slice session_form_token(struct request *request, struct slice purpose);
bool session_form_token_is_good(struct request *request, struct slice purpose, struct slice given);

/* The list of grants that were given in a session, and its key in the store. */
struct slice session_grants_key(struct arena *arena, struct slice session_id);

#endif
