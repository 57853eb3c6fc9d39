/*
 * One pipelined connection to Redis over a unix socket: commands of one loop turn leave together,
 * replies come back in their order.
 */
#ifndef CARDEA_BENCH_MODELS_REDIS_H
#define CARDEA_BENCH_MODELS_REDIS_H

#include "tests/bench/models/http.h"

void redis_connect(struct event_base *base, const char *path);

/* Sends a command; `done(exchange)` is called when it is answered, whatever the answer is. */
void redis_send(const struct slice *words, size_t count, struct exchange *exchange,
                void (*done)(struct exchange *exchange));

#endif
