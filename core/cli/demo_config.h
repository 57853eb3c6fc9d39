/*
 * The configuration of the demo: the shipped demo.yaml, and on request every provider there is.
 */
#ifndef CARDEA_CLI_DEMO_CONFIG_H
#define CARDEA_CLI_DEMO_CONFIG_H

#include "config/node.h"

/* The files that demo_config_write() makes. */
#define DEMO_CONFIG "demo.yaml"
#define DEMO_MORE   "more.yaml"

/* Writes the configuration into `folder`, from what is shipped. `all`: with every provider that has
 * cases, configured as in the case of a login. False, with problems. */
bool demo_config_write(const char *shipped, const char *folder, bool all,
                       struct problems *problems);

#endif
