/* Has less of the exported struct than there must be. */
#include "../struct_of_plugin.h"

static const struct cardea_provider provider = MISBEHAVING_PROVIDER(wrong_size, NULL);

STRUCT_OF_PLUGIN(CARDEA_MAGIC, CARDEA_ABI_MAJOR, 12, 1, &provider);
