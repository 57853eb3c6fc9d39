/*
 * Tumblr, OAuth 1.0a.
 *
 * There is no number of an account: its name is all there is to know somebody by, and people can
 * change it. Whoever renames the primary blog is a stranger to us afterwards; whoever takes the old
 * name is somebody else. There is no e-mail address. The profile stands two levels deep, and what a
 * person is called is the title of the primary one among the blogs.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "/name" },
    { "preferred_username", "/name" },
    { "name", "/blogs/[primary=true]/title | /name" },
    { "profile", "/blogs/[primary=true]/url" },
    { NULL, NULL },
};

static const struct cardea_provider tumblr_oauth1 = {
    CARDEA_PROVIDER,
    .id = "tumblr_oauth1",
    .name = "Tumblr (OAuth 1.0a)",
    .protocol = CARDEA_OAUTH1,
    .about = "Knows people by a name that they can change and others can take over: not for apps "
             "that guard anything.",
    .console_url = "https://www.tumblr.com/oauth/apps",
    .color = "#36465d",
    .request_token_url = "https://www.tumblr.com/oauth/request_token",
    .authorize_url = "https://www.tumblr.com/oauth/authorize",
    .token_url = "https://www.tumblr.com/oauth/access_token",
    .userinfo_url = "https://api.tumblr.com/v2/user/info",
    .api_base = "https://api.tumblr.com/v2",
    .callback_denied = "denied -oauth_verifier",
    .userinfo_root = "/response/user",
    .userinfo_error = "/errors/0/title",
    .userinfo_error_text = "/errors/0/detail",
    .claims = claims,
    .email_trust = CARDEA_NEVER, /* there is none */
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &tumblr_oauth1);
