/*
 * Spotify.
 *
 * The address is one that the person typed and Spotify never checked, by its own word, so it is not
 * trusted. An app in development mode lets in only people who are listed in the dashboard: for
 * everybody else the profile call fails with a line of plain text. A refresh may bring a new
 * refresh token or none, and then the old one stays good.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "/display_name | /id" },
    { "email", "/email" },
    { "picture", "/images/0/url" },
    { "profile", "/external_urls/spotify" },
    { NULL, NULL },
};

static const struct cardea_provider spotify = {
    CARDEA_PROVIDER,
    .id = "spotify",
    .name = "Spotify",
    .protocol = CARDEA_OAUTH2,
    .about = "An app in development mode lets in only the people listed in its dashboard.",
    .console_url = "https://developer.spotify.com/dashboard",
    .color = "#1ed760",
    .authorize_url = "https://accounts.spotify.com/authorize",
    .token_url = "https://accounts.spotify.com/api/token",
    .userinfo_url = "https://api.spotify.com/v1/me",
    .api_base = "https://api.spotify.com/v1",
    .scopes = "user-read-email",
    .userinfo_error = "/error/status",
    .userinfo_error_text = "/error/message",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &spotify);
