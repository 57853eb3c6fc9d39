/* The exported struct, made by hand with something wrong in it. */
#ifndef CARDEA_TESTS_STRUCT_OF_PLUGIN_H
#define CARDEA_TESTS_STRUCT_OF_PLUGIN_H

#include "misbehaving.h"

#define STRUCT_OF_PLUGIN(its_magic, its_major, its_size, its_count, ...)                           \
    static const struct cardea_provider *const providers[] = { __VA_ARGS__ };                      \
    extern CARDEA_EXPORT const struct cardea_plugin cardea_plugin;                                 \
    const struct cardea_plugin cardea_plugin = { its_magic, its_major, 0,        its_size,         \
                                                 its_count, "0.0.1",   providers }

#endif
