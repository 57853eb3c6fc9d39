/* Was built for another ABI. */
#include "../struct_of_plugin.h"

static const struct cardea_provider provider = MISBEHAVING_PROVIDER(wrong_major, NULL);

STRUCT_OF_PLUGIN(CARDEA_MAGIC, 7, sizeof(struct cardea_plugin), 1, &provider);
