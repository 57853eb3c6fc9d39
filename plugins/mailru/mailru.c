/*
 * Mail.ru, at oauth.mail.ru; connect.mail.ru and o2.mail.ru, which some clients have, are older.
 *
 * The profile call takes the token in the query and reports errors with status 200. The subject is
 * the id; some clients take the address, which is no id. Nobody says whether an address is
 * verified.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "/name | /nickname" },
    { "given_name", "/first_name" },
    { "family_name", "/last_name" },
    { "nickname", "/nickname" },
    { "email", "/email" },
    { "picture", "/image" },
    { "gender", "/gender > map(m=male, f=female)" },
    { "birthdate", "/birthday > date(DD.MM.YYYY)" },
    { "locale", "/locale" },
    { NULL, NULL },
};

static const struct cardea_provider mailru = {
    CARDEA_PROVIDER,
    .id = "mailru",
    .name = "Mail.ru",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://o2.mail.ru/app/",
    .color = "#005ff9",
    .authorize_url = "https://oauth.mail.ru/login",
    .token_url = "https://oauth.mail.ru/token",
    .userinfo_url = "https://oauth.mail.ru/userinfo",
    .scopes = "userinfo",
    .api_token = CARDEA_QUERY,
    .userinfo_error = "/error",
    .userinfo_error_text = "/error_description",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &mailru);
