/*
 * The engines there are. A new one is one file, one line here and one in the table of store.c.
 */
#ifndef CARDEA_STORE_ENGINES_H
#define CARDEA_STORE_ENGINES_H

#include "store/store.h"

extern const struct store_engine store_sqlite;
extern const struct store_engine store_redis;

#endif
