/* Every key of cardea.yaml. What is said about each here stands in the schema; config/cardea.yaml
 * is the reference for people, and a test keeps the two together. */
#include "config/settings_checks.h"

#include "net/address.h"

#define MINUTE_MS 60000ULL
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)
#define YEAR_MS   (365 * DAY_MS)
#define KIB       1024ULL
#define MIB       (1024ULL * 1024)

/* A row: key, kind, default, what it is about, and what else there is to say by name. */
#define ROW(place, key, field_kind, standard, sentence, ...)                                       \
    {                                                                                              \
        .name = #key, .kind = FIELD_##field_kind, .offset = (place), .otherwise = (standard),      \
        .about = (sentence), __VA_ARGS__                                                           \
    }

/* Of a member of a nested struct, as its own table counts. */
#define WITHIN(type, outer, inner) (offsetof(type, outer.inner) - offsetof(type, outer))

static const char *const trust_words[] = { "auto", "never", "always", NULL };
static const char *const consent_words[] = { "implicit", "explicit", "remember", NULL };
static const char *const client_auth_words[] = { "client_secret_basic", "client_secret_post",
                                                 "none", NULL };
static const char *const token_words[] = { "opaque", "jwt", NULL };
static const char *const link_words[] = { "verified_email", "never", NULL };
static const char *const level_words[] = { "debug", "info", "warn", "error", NULL };
static const char *const format_words[] = { "auto", "json", "text", NULL };
static const char *const worker_words[] = { "auto", NULL };

static const char *const grant_type_words[] = {
    "authorization_code", "refresh_token", "client_credentials", "implicit", "password", NULL,
};
static const char *const response_type_words[] = {
    "code",
    "id_token",
    "token",
    "id_token token",
    "code token",
    "code id_token",
    "code id_token token",
    NULL,
};
static const char *const algorithm_words[] = {
    "ES256", "RS256", "EdDSA", "ES384", "ES512", "RS384", "RS512", "PS256", "PS384", "PS512", NULL,
};
static const char *const oauth1_method_words[] = {
    "HMAC-SHA256", "HMAC-SHA1", "HMAC-SHA512", "RSA-SHA256", "RSA-SHA1", "PLAINTEXT", NULL,
};

#define ALLOW(key, ...) ROW(offsetof(struct allow_settings, key), key, __VA_ARGS__)

static const struct field allow_table[] = {
    ALLOW(emails, TEXTS, NULL, "E-mail addresses that may come in, if verified.",
          .check = check_email),
    ALLOW(email_domains, TEXTS, NULL, "Domains whose verified e-mail addresses may come in.",
          .check = check_domain),
    ALLOW(groups, TEXTS, NULL, "Groups whose members may come in."),
    ALLOW(claims, PAIRS, NULL, "Claims, and the value that each must have."),
    FIELD_END,
};

#define API(key, ...) ROW(WITHIN(struct provider_settings, api, key), key, __VA_ARGS__)

static const struct field api_table[] = {
    API(clients, TEXTS, NULL, "Clients that may use the provider's API through us."),
    API(paths, TEXTS, NULL, "Paths that they may use; a * at the end stands for what is below."),
    FIELD_END,
};

#define PROVIDER(key, ...) ROW(offsetof(struct provider_settings, key), key, __VA_ARGS__)

const struct field provider_table[] = {
    PROVIDER(plugin, TEXT, NULL,
             "The plugin that knows this provider; the id when left out. oidc, oauth2 and oauth1 "
             "are the generic ones.",
             .check = check_plugin),
    PROVIDER(client_id, TEXT, NULL, "What the provider knows us by."),
    PROVIDER(client_secret, SECRET, NULL, "The secret that the provider gave us."),
    PROVIDER(keys, PAIRS, NULL, "Private keys in PEM by name, for plugins that sign.",
             .flags = FIELD_MASKED | FIELD_LINES),
    PROVIDER(parameters, PAIRS, NULL,
             "What makes an instance of the plugin, such as tenant or domain."),
    PROVIDER(allow, STRUCT, NULL, "Who may come in; everybody when it is empty.",
             .table = allow_table, .size = sizeof(struct allow_settings)),
    PROVIDER(trust_email, WORD, "auto",
             "Whether an e-mail address counts as verified: as the plugin says, never, or always.",
             .words = trust_words),
    PROVIDER(hidden, BOOL, "false", "Not on the chooser; only a hint leads there."),
    PROVIDER(keep_tokens, BOOL, "false", "Keep the provider's tokens in the vault.",
             .flags = FIELD_LATER),
    PROVIDER(api, STRUCT, NULL, "Who may use the provider's API through us.", .flags = FIELD_LATER,
             .table = api_table, .size = sizeof(((struct provider_settings *)NULL)->api)),
    PROVIDER(simulator, TEXT, NULL,
             "Where \"cardea simulate\" plays this provider: http on loopback. For tests.",
             .check = check_simulator),
    PROVIDER(overrides, REST, NULL, NULL),
    FIELD_END,
};

#define OAUTH1(key, ...) ROW(offsetof(struct client_oauth1_settings, key), key, __VA_ARGS__)

static const struct field oauth1_table[] = {
    OAUTH1(signature_methods, WORDS, "HMAC-SHA256 HMAC-SHA1", "How its requests may be signed.",
           .words = oauth1_method_words),
    OAUTH1(callbacks, ANY_URLS, NULL, "Where it may be called back.", .check = check_redirect_uri),
    OAUTH1(realms, TEXTS, NULL, "Realms it may ask for."),
    OAUTH1(rsa_public_key, LONG_TEXT, NULL, "Its public key in PEM, for the RSA methods."),
    FIELD_END,
};

#define CLIENT(key, ...) ROW(offsetof(struct client_settings, key), key, __VA_ARGS__)

const struct field client_table[] = {
    CLIENT(client_name, TEXT, NULL, "The app's name as people know it."),
    CLIENT(client_secret, SECRET, NULL, "The app's secret, as long as a random key.",
           .check = check_client_secret),
    CLIENT(client_secret_hash, TEXT, NULL,
           "Instead of the secret its hash, as \"cardea secret\" prints it.",
           .check = check_secret_hash),
    CLIENT(jwks, TREE, NULL, "The app's public keys (RFC 7517).", .flags = FIELD_LATER),
    CLIENT(jwks_uri, URL, NULL, "Where the app's public keys are.", .flags = FIELD_LATER),
    CLIENT(redirect_uris, ANY_URLS, NULL,
           "Where browsers may be sent back to; compared letter by letter.",
           .check = check_redirect_uri),
    CLIENT(post_logout_redirect_uris, ANY_URLS, NULL,
           "Where browsers may be sent after logging out.", .check = check_redirect_uri),
    CLIENT(backchannel_logout_uri, URL, NULL, "Where the app is told that somebody logged out.",
           .flags = FIELD_LATER),
    CLIENT(grant_types, WORDS, "authorization_code refresh_token",
           "What the app may exchange for a token.", .words = grant_type_words),
    CLIENT(response_types, TEXTS, "code", "What the app may ask the authorization endpoint for.",
           .words = response_type_words),
    CLIENT(token_endpoint_auth_method, WORD, "client_secret_basic",
           "How the app shows who it is; none makes it a public client.",
           .words = client_auth_words),
    CLIENT(scope, WORDS, "openid profile email offline_access", "The scopes it may ask for.",
           .check = check_scope),
    CLIENT(audience, TEXTS, NULL, "The resources it may ask tokens for (RFC 8707)."),
    CLIENT(providers, TEXTS, NULL, "The providers its users may come from; empty means all."),
    CLIENT(consent, WORD, "implicit",
           "Whether people are asked: never (your own app), every time, or once.",
           .words = consent_words),
    CLIENT(access_token, WORD, "opaque",
           "The form of its access tokens: opaque, or a JWT (RFC 9068).", .words = token_words),
    CLIENT(require_pkce, BOOL, "true", "Refuse a login without a code challenge (RFC 7636)."),
    CLIENT(id_token_signed_response_alg, TEXT, "ES256",
           "How its ID tokens are signed; one of signing.algorithms.", .words = algorithm_words),
    CLIENT(oauth1, STRUCT, NULL, "The app's rights as an OAuth 1.0a client.", .flags = FIELD_LATER,
           .table = oauth1_table, .size = sizeof(struct client_oauth1_settings)),
    CLIENT(logo_uri, URL, NULL, "A picture for the consent page."),
    CLIENT(policy_uri, URL, NULL, "The app's privacy policy."),
    CLIENT(tos_uri, URL, NULL, "The app's terms of service."),
    CLIENT(cors_origins, URLS, NULL,
           "Origins whose scripts may call the token and userinfo endpoints.",
           .check = check_cors_origin),
    FIELD_END,
};

#define LOCAL_USER(key, ...) ROW(offsetof(struct local_user_settings, key), key, __VA_ARGS__)

static const struct field local_user_table[] = {
    LOCAL_USER(password_hash, SECRET, NULL, "The password's hash, as \"cardea secret\" prints it.",
               .flags = FIELD_REQUIRED),
    LOCAL_USER(profile, TREE, NULL, "The claims that are known of this person."),
    FIELD_END,
};

#define NESTED(outer, key, ...) ROW(WITHIN(struct settings, outer, key), key, __VA_ARGS__)

static const struct field tls_table[] = {
    NESTED(tls, certificate, PATH, NULL, "The certificate chain, a PEM file."),
    NESTED(tls, key, PATH, NULL, "Its private key, a PEM file."),
    FIELD_END,
};

static const struct field http_table[] = {
    NESTED(http, proxy, SECRET_URL, NULL, "A proxy for what we ask of providers.",
           .check = check_proxy),
    NESTED(http, ca_file, PATH, NULL, "Trusted certificates instead of the system's, a PEM file."),
    NESTED(http, connect_timeout, DURATION, "5s", "How long connecting may take.", .least = 100,
           .most = MINUTE_MS),
    NESTED(http, timeout, DURATION, "10s", "How long a whole exchange may take.", .least = 100,
           .most = 5 * MINUTE_MS),
    NESTED(http, response_limit, SIZE, "1m", "The longest answer that is read.", .least = KIB,
           .most = 64 * MIB),
    FIELD_END,
};

static const struct field accounts_table[] = {
    NESTED(accounts, link, WORD, "verified_email",
           "Whether identities with the same verified e-mail address become one account.",
           .words = link_words),
    FIELD_END,
};

#define LIFETIME(key, standard, shortest, longest, sentence)                                       \
    NESTED(lifetimes, key, DURATION, standard, sentence, .least = (shortest), .most = (longest))

static const struct field lifetimes_table[] = {
    LIFETIME(login, "10m", 1000, DAY_MS, "From the first redirect to a provider to the last."),
    LIFETIME(code, "60s", 1000, 10 * MINUTE_MS, "An authorization code."),
    LIFETIME(access_token, "1h", 1000, YEAR_MS, "An access token."),
    LIFETIME(id_token, "1h", 1000, YEAR_MS, "An ID token."),
    LIFETIME(refresh_token, "30d", 1000, 10 * YEAR_MS, "A refresh token."),
    LIFETIME(refresh_grace, "10s", 0, 5 * MINUTE_MS,
             "How long a rotated refresh token is taken once more, for apps that ask twice."),
    LIFETIME(session, "12h", 1000, YEAR_MS, "A browser's session."),
    LIFETIME(session_idle, "2h", 1000, YEAR_MS, "A session that is not used."),
    LIFETIME(device_code, "10m", 1000, DAY_MS, "A device code (RFC 8628)."),
    LIFETIME(request, "90s", 1000, 10 * MINUTE_MS, "A pushed authorization request (RFC 9126)."),
    FIELD_END,
};

static const struct field signing_table[] = {
    NESTED(signing, algorithms, WORDS, "ES256 RS256 EdDSA", "The algorithms that we have keys for.",
           .words = algorithm_words),
    NESTED(signing, rotate, DURATION, "90d", "How long a key signs.", .flags = FIELD_LATER,
           .least = 1000, .most = 10 * YEAR_MS),
    NESTED(signing, overlap, DURATION, "2d",
           "How long an old and a new key are published side by side.", .flags = FIELD_LATER,
           .least = 0, .most = YEAR_MS),
    FIELD_END,
};

static const struct field registration_table[] = {
    NESTED(registration, enabled, BOOL, "false", "Whether apps may register themselves (RFC 7591).",
           .flags = FIELD_LATER),
    NESTED(registration, initial_access_tokens, TEXTS, NULL,
           "Tokens that an app must show to register; empty means none.",
           .flags = FIELD_LATER | FIELD_MASKED),
    FIELD_END,
};

static const struct field legacy_table[] = {
    NESTED(legacy, implicit, BOOL, "false", "The implicit and hybrid flows.", .flags = FIELD_LATER),
    NESTED(legacy, password, BOOL, "false", "The password grant.", .flags = FIELD_LATER),
    NESTED(legacy, oauth1, BOOL, "false", "OAuth 1.0a for clients.", .flags = FIELD_LATER),
    FIELD_END,
};

static const struct field pages_table[] = {
    NESTED(pages, directory, PATH, NULL, "Templates of your own, instead of the built-in ones."),
    NESTED(pages, title, TEXT, "Cardea", "The name on every page."),
    NESTED(pages, logo, URL, NULL, "A picture for every page."),
    NESTED(pages, locale, TEXT, "auto",
           "The language: as the browser asks, or a tag such as de or pt-BR.",
           .check = check_locale),
    FIELD_END,
};

static const struct field admin_table[] = {
    NESTED(admin, listen, TEXT, "127.0.0.1:9464",
           "Where health, metrics and the admin API are; off for nowhere.",
           .check = check_admin_listen),
    FIELD_END,
};

static const struct field log_table[] = {
    NESTED(log, level, WORD, "info", "What is not worth less than this is logged.",
           .words = level_words),
    NESTED(log, format, WORD, "auto",
           "One JSON object a line, or text; auto is text on a terminal and JSON elsewhere.",
           .words = format_words),
    FIELD_END,
};

#define PER_ADDRESS(key, ...)                                                                      \
    ROW(WITHIN(struct settings, limits.per_address, key), key, __VA_ARGS__)

static const struct field per_address_table[] = {
    PER_ADDRESS(logins, RATE, "30/m", "Logins that an address may begin."),
    PER_ADDRESS(failures, RATE, "10/m", "Wrong secrets, codes and tokens from an address."),
    FIELD_END,
};

static const struct field limits_table[] = {
    NESTED(limits, header, SIZE, "16k", "The longest head of a request.", .least = KIB,
           .most = MIB),
    NESTED(limits, body, SIZE, "64k", "The longest body of a request.", .least = KIB,
           .most = 64 * MIB),
    NESTED(limits, connections, COUNT, "10000", "Connections at once, to each worker.", .least = 1,
           .most = 1000000),
    NESTED(limits, idle, DURATION, "60s", "How long a connection may say nothing.", .least = 1000,
           .most = HOUR_MS),
    NESTED(limits, per_address, STRUCT, NULL, "Limits for each address.",
           .table = per_address_table),
    FIELD_END,
};

#define KEY(key, ...) ROW(offsetof(struct settings, key), key, __VA_ARGS__)

const struct field settings_table[] = {
    KEY(include, TEXTS, NULL, "More files, as patterns; their maps are joined with those here.",
        .flags = FIELD_UNPRINTED),
    KEY(issuer, URL, NULL, "The address that apps and browsers know us by.",
        .flags = FIELD_REQUIRED, .check = check_issuer),
    KEY(listen, TEXTS, "127.0.0.1:8080", "Where we listen: HOST:PORT, [V6]:PORT or unix:PATH.",
        .check = check_listen),
    KEY(tls, STRUCT, NULL, "TLS of our own; without it a proxy in front has to do it.",
        .table = tls_table),
    KEY(trusted_proxies, CIDRS, NULL,
        "Addresses of proxies whose X-Forwarded-For, -Proto and -Host are believed."),
    KEY(workers, COUNT, "auto",
        "How many processes serve: auto is one for each processor, 0 is one for everything.",
        .words = worker_words, .most = WORKERS_MAX),
    KEY(store, SECRET_URL, "sqlite:cardea.db",
        "Where records are kept: sqlite:PATH, redis://USER:PASSWORD@HOST:PORT/DB, the same with "
        "rediss for TLS, or redis+unix:PATH.",
        .check = check_store),
    KEY(secrets, TEXTS, NULL,
        "Keys of 32 bytes or more that seal what leaves us: the first seals, every one opens.",
        .flags = FIELD_REQUIRED | FIELD_MASKED, .check = check_seal_secret),
    KEY(plugin_directories, PATHS, NULL, "Folders with plugins, besides the built-in one."),
    KEY(http, STRUCT, NULL, "How we speak to providers.", .table = http_table),
    KEY(providers, MANY, NULL,
        "Where people's accounts are, by id. The id stands in URLs. Any field of the plugin's "
        "description may stand beside the keys here and overrides it.",
        .table = provider_table, .size = sizeof(struct provider_settings)),
    KEY(clients, MANY, NULL, "The apps, by client_id.", .table = client_table,
        .size = sizeof(struct client_settings)),
    KEY(accounts, STRUCT, NULL, "How identities become accounts.", .table = accounts_table),
    KEY(claims, PAIRS, NULL,
        "Further claims in tokens, and where each is found in what the provider says of a person.",
        .check = check_claim_path),
    KEY(lifetimes, STRUCT, NULL, "How long things live.", .table = lifetimes_table),
    KEY(signing, STRUCT, NULL, "Our signing keys.", .table = signing_table),
    KEY(registration, STRUCT, NULL, "Apps that register themselves.", .table = registration_table),
    KEY(legacy, STRUCT, NULL, "What OAuth 2.1 has dropped.", .table = legacy_table),
    KEY(local_users, MANY, NULL, "People without a provider, by name.", .flags = FIELD_LATER,
        .table = local_user_table, .size = sizeof(struct local_user_settings)),
    KEY(pages, STRUCT, NULL, "What people see.", .table = pages_table),
    KEY(admin, STRUCT, NULL, "The listener for operators.", .table = admin_table),
    KEY(log, STRUCT, NULL, "The log, on standard error.", .table = log_table),
    KEY(limits, STRUCT, NULL, "What strangers may cost.", .table = limits_table),
    FIELD_END,
};
