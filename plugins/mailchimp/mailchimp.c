/*
 * Mailchimp.
 *
 * `user_id` is an account, which several people can share; `login` is the person in it, and its
 * login_id the subject. Clients differ in that, and falling back from one to the other would make
 * one person of many. `accountname` is the company's and not taken for a name. Tokens do not
 * expire, which is said by expires_in 0, and travel behind the word OAuth. API calls of a person go
 * to a host that `api_endpoint` names (us6.api.mailchimp.com), so there is no api_base. Nobody says
 * whether an address is verified.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "/login/login_id" },
    { "name", "/login/login_name" },
    { "preferred_username", "/login/login_name" },
    { "email", "/login/login_email | /login/email" },
    { "picture", "/login/avatar" },
    { NULL, NULL },
};

static const struct cardea_provider mailchimp = {
    CARDEA_PROVIDER,
    .id = "mailchimp",
    .name = "Mailchimp",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://admin.mailchimp.com/account/oauth2/",
    .color = "#ffe01b",
    .authorize_url = "https://login.mailchimp.com/oauth2/authorize",
    .token_url = "https://login.mailchimp.com/oauth2/token",
    .userinfo_url = "https://login.mailchimp.com/oauth2/metadata",
    .token_auth = CARDEA_AUTH_POST,
    .api_hosts = "*.api.mailchimp.com",
    .api_scheme = "OAuth",
    .userinfo_error = "/error",
    .userinfo_error_text = "/error_description",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &mailchimp);
