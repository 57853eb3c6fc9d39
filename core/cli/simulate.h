/*
 * A simulator with the plugins that are there: for `cardea simulate` and the demo.
 */
#ifndef CARDEA_CLI_SIMULATE_H
#define CARDEA_CLI_SIMULATE_H

#include "kit/simulator.h"
#include "kit/small_server.h"

struct simulation_server {
    struct simulator simulator;
    struct small_server server;
    struct kit_cases cases[512];
    size_t count;
};

/*
 * Plays the plugins named (`ids`, NULL at the end; none named: all) that have cases in
 * CASES/ID/cases, or in the shipped folder when `cases` is NULL. False, with problems.
 */
bool simulation_open(struct simulation_server *simulation, int listener, const char *url,
                     char *const *ids, const char *cases, struct problems *problems);
void simulation_close(struct simulation_server *simulation);

#endif
