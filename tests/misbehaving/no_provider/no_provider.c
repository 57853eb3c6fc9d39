/* Says that it has a provider where it has none. */
#include "../struct_of_plugin.h"

STRUCT_OF_PLUGIN(CARDEA_MAGIC, CARDEA_ABI_MAJOR, sizeof(struct cardea_plugin), 1, NULL);
