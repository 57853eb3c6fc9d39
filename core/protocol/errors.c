#include "protocol/errors.h"

#define KIND(name, code, status, description)                                                      \
    const struct error_kind name = { code, status, description };

KIND(ERROR_INVALID_REQUEST, "invalid_request", 400, "The request is not well-formed.")
KIND(ERROR_INVALID_CLIENT, "invalid_client", 401, "The client could not be authenticated.")
KIND(ERROR_INVALID_GRANT, "invalid_grant", 400,
     "The code or token is not valid, has expired or was used before.")
KIND(ERROR_UNAUTHORIZED_CLIENT, "unauthorized_client", 400,
     "This client is not allowed to make such a request.")
KIND(ERROR_UNSUPPORTED_GRANT_TYPE, "unsupported_grant_type", 400,
     "This grant type is not supported.")
KIND(ERROR_INVALID_SCOPE, "invalid_scope", 400,
     "The scope is malformed or more than this client may have.")
KIND(ERROR_ACCESS_DENIED, "access_denied", 403, "The request was refused.")
KIND(ERROR_UNSUPPORTED_RESPONSE_TYPE, "unsupported_response_type", 400,
     "This response type is not supported for this client.")
KIND(ERROR_SERVER_ERROR, "server_error", 500, "Something went wrong here.")
KIND(ERROR_TEMPORARILY_UNAVAILABLE, "temporarily_unavailable", 503,
     "This is not possible at the moment.")

KIND(ERROR_LOGIN_REQUIRED, "login_required", 400, "The person has to log in.")
KIND(ERROR_CONSENT_REQUIRED, "consent_required", 400, "The person has to agree.")
KIND(ERROR_INTERACTION_REQUIRED, "interaction_required", 400, "The person has to be asked.")
KIND(ERROR_REQUEST_NOT_SUPPORTED, "request_not_supported", 400,
     "Request objects are not supported.")
KIND(ERROR_REQUEST_URI_NOT_SUPPORTED, "request_uri_not_supported", 400,
     "Requests by reference are not supported.")
KIND(ERROR_REGISTRATION_NOT_SUPPORTED, "registration_not_supported", 400,
     "The registration parameter is not supported.")

KIND(ERROR_INVALID_TARGET, "invalid_target", 400,
     "The resource is unknown or not one this client may ask for.")

KIND(ERROR_NO_TOKEN, "", 401, "An access token is needed.")
KIND(ERROR_INVALID_TOKEN, "invalid_token", 401, "The access token is not valid.")
KIND(ERROR_INSUFFICIENT_SCOPE, "insufficient_scope", 403,
     "The access token does not reach that far.")

KIND(ERROR_NOT_FOUND, "not_found", 404, "There is nothing at this address.")
KIND(ERROR_METHOD_NOT_ALLOWED, "invalid_request", 405, "This method is not possible here.")
KIND(ERROR_UNSUPPORTED_MEDIA_TYPE, "invalid_request", 415,
     "The body must be application/x-www-form-urlencoded.")
KIND(ERROR_FORBIDDEN, "access_denied", 403, "This is not allowed.")
KIND(ERROR_TOO_MANY_REQUESTS, "temporarily_unavailable", 429,
     "Too many attempts. Please wait a little.")
KIND(ERROR_TOO_LATE, "temporarily_unavailable", 504, "This took too long.")

KIND(ERROR_LOGIN_REQUIRED_401, "login_required", 401, "Nobody is logged in.")
KIND(ERROR_UNKNOWN_CLIENT, "unknown_client", 400,
     "The app that sent you here is not known to this service.")
KIND(ERROR_BAD_REDIRECT_URI, "bad_redirect_uri", 400,
     "The app that sent you here asked for an address that is not registered for it.")
KIND(ERROR_LOGIN_EXPIRED, "login_expired", 400,
     "This login has expired or was started in another browser. Please start again.")
KIND(ERROR_LOGIN_MISMATCH, "login_mismatch", 400,
     "This answer does not belong to a login that was started here. Please start again.")
KIND(ERROR_NOT_ALLOWED, "not_allowed", 403, "This account may not be used here.")
KIND(ERROR_UNKNOWN_PROVIDER, "unknown_provider", 404, "There is no such way to log in.")

KIND(ERROR_UPSTREAM, "provider_error", 502,
     "The login service answered in a way that cannot be used. Please try again.")
KIND(ERROR_UPSTREAM_DOWN, "provider_unreachable", 502,
     "The login service cannot be reached at the moment. Please try again later.")
KIND(ERROR_PLUGIN, "provider_unavailable", 502,
     "This way to log in is temporarily unavailable. Please try again later.")

KIND(ERROR_STORE, "temporarily_unavailable", 503,
     "This service cannot reach its memory at the moment. Please try again in a moment.")
