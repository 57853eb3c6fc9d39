/*
 * What plugins themselves have to say about their configuration: the hook check_config, at start-up
 * and for `cardea check`.
 */
#ifndef CARDEA_UPSTREAM_CHECK_CONFIG_H
#define CARDEA_UPSTREAM_CHECK_CONFIG_H

#include "config/node.h"
#include "hub/hub.h"

/* Asks every provider that has the hook, running the event loop meanwhile: nothing is served yet.
 * Objections are added to `problems`. */
void upstream_check_config(struct hub *hub, struct problems *problems);

#endif
