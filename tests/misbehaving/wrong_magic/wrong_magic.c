/* Was not made by CARDEA_PLUGIN(). */
#include "../struct_of_plugin.h"

static const struct cardea_provider provider = MISBEHAVING_PROVIDER(wrong_magic, NULL);

STRUCT_OF_PLUGIN(0x12345678, CARDEA_ABI_MAJOR, sizeof(struct cardea_plugin), 1, &provider);
