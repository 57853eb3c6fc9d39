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
    struct slice id;      /* its name in the store; apps get it as `sid` */
    struct slice secret;  /* SHA-256 of the cookie's secret, as text */
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
 * id (that of the present one when it is the same account), secret and limits, and sets the cookie.
 * It is there when the command of session_put() has been run. */
void session_begin(struct request *request, struct session *session);
struct store_command session_put(struct request *request, const struct session *session);
/* The command that ends a session. */
struct store_command session_remove(struct request *request, struct slice id);

/* For those who know a session by its id alone: the command that reads it, and what it read. False
 * when there is no such session any more. */
struct store_command session_get(struct request *request, struct slice id);
bool session_read(struct request *request, const struct store_command *command,
                  struct session *session_r);
/* Is it time to move the idle limit? Then fills the command. */
bool session_touch(struct request *request, struct session *session,
                   struct store_command *command_r);

/* A token for forms of this session, for one purpose (CSRF); and is it the right one? */
struct slice session_form_token(struct request *request, struct slice purpose);
bool session_form_token_is_good(struct request *request, struct slice purpose, struct slice given);

#endif
