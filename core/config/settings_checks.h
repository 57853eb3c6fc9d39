/*
 * What the tables of settings ask of single values beyond their kind (settings_values.c), and of
 * several values together (settings_together.c).
 */
#ifndef CARDEA_CONFIG_SETTINGS_CHECKS_H
#define CARDEA_CONFIG_SETTINGS_CHECKS_H

#include "config/settings.h"

/* Fits `struct field`. */
typedef void value_check(struct slice text, struct mark mark, struct problems *problems);

value_check check_issuer, check_listen, check_admin_listen, check_store, check_seal_secret,
    check_proxy, check_plugin, check_simulator, check_email, check_domain, check_client_secret,
    check_secret_hash, check_redirect_uri, check_scope, check_cors_origin, check_claim_path,
    check_locale;

/* What no single value shows. `root` is the document, for the places. */
void settings_check_together(const struct settings *settings, const struct node *root,
                             struct problems *problems);

#endif
