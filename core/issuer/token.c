#include "issuer/token.h"

#include "issuer/client.h"
#include "issuer/routes.h"
#include "protocol/errors.h"

static const struct {
    const char *grant_type;
    const struct step *steps;
} grants[] = {
    { "authorization_code", grant_authorization_code },
    { "refresh_token", grant_refresh_token },
    { "client_credentials", grant_client_credentials },
};

static enum step_result choose_grant(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct slice wanted = params_get(&request->form, "grant_type");

    if (!slice_is_set(wanted))
        return flow_fail_telling(flow, &ERROR_INVALID_REQUEST, "grant_type is missing.",
                                 "grant_type is missing");
    for (size_t i = 0; i < sizeof(grants) / sizeof(grants[0]); i++) {
        if (!slice_is(wanted, grants[i].grant_type))
            continue;
        if (!client_may(request->client, grants[i].grant_type))
            return flow_fail(flow, &ERROR_UNAUTHORIZED_CLIENT, "grant_type %s is not the client's",
                             grants[i].grant_type);
        return flow_enter(flow, grants[i].steps);
    }
    return flow_fail(flow, &ERROR_UNSUPPORTED_GRANT_TYPE, "grant_type %.*s", SLICE_ARG(wanted));
}

static const struct step token_steps[] = {
    STEP(authenticate_client),
    STEP(choose_grant), /* a table for each */
    STEP_END,
};

const struct flow_kind token_flow = { "token", token_steps, sizeof(struct token), client_fail };
