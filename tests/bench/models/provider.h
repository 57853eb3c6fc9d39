/*
 * A provider that costs next to nothing: it speaks for "discord" behind `simulator:`. A code is the
 * number of a person; the token that it is exchanged for has the number in it, and so has the
 * profile.
 */
#ifndef CARDEA_BENCH_MODELS_PROVIDER_H
#define CARDEA_BENCH_MODELS_PROVIDER_H

#include "tests/bench/models/http.h"

void provider_handle(struct exchange *exchange);

#endif
