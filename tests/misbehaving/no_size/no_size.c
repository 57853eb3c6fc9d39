/* Its provider has no size. */
#include "../struct_of_plugin.h"

static const struct cardea_provider provider = { .id = "no_size", .name = "No size" };

STRUCT_OF_PLUGIN(CARDEA_MAGIC, CARDEA_ABI_MAJOR, sizeof(struct cardea_plugin), 1, &provider);
