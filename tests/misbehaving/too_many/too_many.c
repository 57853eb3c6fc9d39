/* Says that it has four thousand million providers. */
#include "../struct_of_plugin.h"

static const struct cardea_provider provider = MISBEHAVING_PROVIDER(too_many, NULL);

STRUCT_OF_PLUGIN(CARDEA_MAGIC, CARDEA_ABI_MAJOR, sizeof(struct cardea_plugin), UINT32_MAX,
                 &provider);
