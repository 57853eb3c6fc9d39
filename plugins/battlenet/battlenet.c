/*
 * Battle.net: OpenID Connect by discovery.
 *
 * The subject is `sub`; some clients take the number `id`. China has accounts of its own: an
 * instance for that host is another provider here. A
 * BattleTag can be changed, and is battle_tag in the ID token and battletag in the profile. There
 * is no address.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "host", "oauth.battle.net, or oauth.battlenet.com.cn for China.", "oauth.battle.net",
      "oauth.battle.net oauth.battlenet.com.cn", NULL },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "name", "/battletag | /battle_tag | id_token:/battle_tag" },
    { "preferred_username", "/battletag | /battle_tag | id_token:/battle_tag" },
    { NULL, NULL },
};

static const struct cardea_provider battlenet = {
    CARDEA_PROVIDER,
    .id = "battlenet",
    .name = "Battle.net",
    .protocol = CARDEA_OIDC,
    .console_url = "https://develop.battle.net/access/clients",
    .color = "#148eff",
    .parameters = parameters,
    .issuer = "https://{host}",
    .scopes = "openid",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &battlenet);
