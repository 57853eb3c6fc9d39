/*
 * Yahoo! JAPAN (YConnect v2): another company than Yahoo, with other endpoints.
 *
 * Lifetimes come as text. Names come in scripts as well (family_name#ja-Kana-JP), which are left
 * out. The record rests on one client and the vendor's documentation; the endpoints are those of
 * the discovery document.
 */
#include <cardea/provider.h>

static const struct cardea_provider yahoo_japan = {
    CARDEA_PROVIDER,
    .id = "yahoo_japan",
    .name = "Yahoo! JAPAN",
    .protocol = CARDEA_OIDC,
    .console_url = "https://e.developer.yahoo.co.jp/dashboard/",
    .color = "#ff0033",
    .issuer = "https://auth.login.yahoo.co.jp/yconnect/v2",
    .scopes = "openid profile email",
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &yahoo_japan);
