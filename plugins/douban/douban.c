/*
 * Douban, whose API has taken no new applications for years: of use to those who have one.
 *
 * `uid` is a name that the person can choose, the id is a number as text. An error is `code` and
 * `msg`. There is no e-mail address.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "/name" },
    { "preferred_username", "/uid" },
    { "picture", "/large_avatar | /avatar" },
    { "profile", "/alt" },
    { NULL, NULL },
};

static const struct cardea_provider douban = {
    CARDEA_PROVIDER,
    .id = "douban",
    .name = "Douban",
    .protocol = CARDEA_OAUTH2,
    .about = "New applications are not accepted any more.",
    .console_url = "https://developers.douban.com",
    .authorize_url = "https://www.douban.com/service/auth2/auth",
    .token_url = "https://www.douban.com/service/auth2/token",
    .userinfo_url = "https://api.douban.com/v2/user/~me",
    .api_base = "https://api.douban.com/v2",
    .scopes = "douban_basic_common",
    .scope_separator = ",",
    .token_auth = CARDEA_AUTH_POST,
    .token_error = "/code",
    .token_error_text = "/msg",
    .userinfo_error = "/code",
    .userinfo_error_text = "/msg",
    .claims = claims,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &douban);
