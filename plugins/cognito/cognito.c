/*
 * Amazon Cognito user pools.
 *
 * The issuer is an AWS host and the endpoints are those of the pool's own domain; discovery tells
 * them. userInfo writes booleans as text ("true"), the ID token as booleans, so what is verified is
 * read from the ID token. The subject is `sub`: the user name may be an address.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "region", "AWS region of the user pool, as eu-west-1.", NULL, NULL, "word" },
    { "user_pool_id", "Id of the user pool, as eu-west-1_AbCdEfGhI.", NULL, NULL, "word" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "preferred_username", "/preferred_username | /username" },
    { "email_verified", "id_token:/email_verified" },
    { "phone_number_verified", "id_token:/phone_number_verified" },
    { NULL, NULL },
};

static const struct cardea_provider cognito = {
    CARDEA_PROVIDER,
    .id = "cognito",
    .name = "Amazon Cognito",
    .protocol = CARDEA_OIDC,
    .console_url = "https://console.aws.amazon.com/cognito",
    .color = "#dd344c",
    .parameters = parameters,
    .issuer = "https://cognito-idp.{region}.amazonaws.com/{user_pool_id}",
    .scopes = "openid profile email",
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &cognito);
