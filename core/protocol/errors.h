/*
 * The errors of the protocols we speak, spelt as their RFCs spell them.
 *
 * Descriptions are for strangers: plain, without detail, in the characters that RFC 6749, 5.2
 * allows.
 */
#ifndef CARDEA_PROTOCOL_ERRORS_H
#define CARDEA_PROTOCOL_ERRORS_H

#include "base/error.h"

/* RFC 6749, 4.1.2.1 and 5.2 */
extern const struct error_kind ERROR_INVALID_REQUEST;
extern const struct error_kind ERROR_INVALID_CLIENT;
extern const struct error_kind ERROR_INVALID_GRANT;
extern const struct error_kind ERROR_UNAUTHORIZED_CLIENT;
extern const struct error_kind ERROR_UNSUPPORTED_GRANT_TYPE;
extern const struct error_kind ERROR_INVALID_SCOPE;
extern const struct error_kind ERROR_ACCESS_DENIED;
extern const struct error_kind ERROR_UNSUPPORTED_RESPONSE_TYPE;
extern const struct error_kind ERROR_SERVER_ERROR;
extern const struct error_kind ERROR_TEMPORARILY_UNAVAILABLE;

/* OpenID Connect Core, 3.1.2.6 */
extern const struct error_kind ERROR_LOGIN_REQUIRED;
extern const struct error_kind ERROR_CONSENT_REQUIRED;
extern const struct error_kind ERROR_INTERACTION_REQUIRED;
extern const struct error_kind ERROR_REQUEST_NOT_SUPPORTED;
extern const struct error_kind ERROR_REQUEST_URI_NOT_SUPPORTED;
extern const struct error_kind ERROR_REGISTRATION_NOT_SUPPORTED;

/* RFC 8707 */
extern const struct error_kind ERROR_INVALID_TARGET;

/* RFC 6750, 3.1; ERROR_NO_TOKEN is the challenge without an error code */
extern const struct error_kind ERROR_NO_TOKEN;
extern const struct error_kind ERROR_INVALID_TOKEN;
extern const struct error_kind ERROR_INSUFFICIENT_SCOPE;

/* HTTP */
extern const struct error_kind ERROR_NOT_FOUND;
extern const struct error_kind ERROR_METHOD_NOT_ALLOWED;
extern const struct error_kind ERROR_UNSUPPORTED_MEDIA_TYPE;
extern const struct error_kind ERROR_FORBIDDEN;
extern const struct error_kind ERROR_TOO_MANY_REQUESTS;
extern const struct error_kind ERROR_TOO_LATE;

/* A page or GET /session says these, no protocol. */
extern const struct error_kind ERROR_LOGIN_REQUIRED_401; /* nobody is logged in */
extern const struct error_kind ERROR_UNKNOWN_CLIENT;
extern const struct error_kind ERROR_BAD_REDIRECT_URI;
extern const struct error_kind ERROR_LOGIN_EXPIRED;  /* the attempt's cookie is gone or too old */
extern const struct error_kind ERROR_LOGIN_MISMATCH; /* an answer not meant for this browser */
extern const struct error_kind ERROR_NOT_ALLOWED;    /* this person may not come in */
extern const struct error_kind ERROR_UNKNOWN_PROVIDER;

/* The provider is at fault. */
extern const struct error_kind ERROR_UPSTREAM;      /* an answer we cannot use */
extern const struct error_kind ERROR_UPSTREAM_DOWN; /* no answer */
extern const struct error_kind ERROR_PLUGIN;        /* its plugin misbehaves, or is in quarantine */

/* The store does not answer: 503 with Retry-After. */
extern const struct error_kind ERROR_STORE;

#endif
