/*
 * Yandex ID.
 *
 * The access token goes into the header behind the word OAuth. default_email may be an address of
 * another provider that belonged to the person when the account was made, so it is not trusted;
 * login names can be changed, the id cannot.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "domain", "yandex.com, or yandex.ru for pages in Russian.", "yandex.com",
      "yandex.com yandex.ru", NULL },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair userinfo_params[] = {
    { "format", "json" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "/real_name | /display_name | /login" },
    { "given_name", "/first_name" },
    { "family_name", "/last_name" },
    { "preferred_username", "/login" },
    { "email", "/default_email | /emails/0" },
    { "picture", "=https://avatars.yandex.net/get-yapic/{/default_avatar_id > "
                 "unless(/is_avatar_empty)}/islands-200" },
    { NULL, NULL },
};

static const struct cardea_provider yandex = {
    CARDEA_PROVIDER,
    .id = "yandex",
    .name = "Yandex",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://oauth.yandex.com",
    .color = "#fc3f1d",
    .parameters = parameters,
    .authorize_url = "https://oauth.{domain}/authorize",
    .token_url = "https://oauth.{domain}/token",
    .userinfo_url = "https://login.yandex.ru/info",
    .revoke_url = "https://oauth.{domain}/revoke_token",
    .api_base = "https://login.yandex.ru",
    .scopes = "login:info login:email login:avatar",
    .api_scheme = "OAuth",
    .userinfo_params = userinfo_params,
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &yandex);
