#include "upstream/kept.h"

#include "base/memory.h"
#include "upstream/app_calls.h"
#include "upstream/client_auth.h"
#include "upstream/metadata.h"
#include "upstream/own_keys.h"

struct kept *kept_of(struct provider *provider)
{
    if (provider->kept == NULL)
        provider->kept = mem_zalloc(1, sizeof(*provider->kept));
    return provider->kept;
}

void upstream_forget(struct provider *provider)
{
    struct kept *kept = provider->kept;

    if (kept == NULL)
        return;
    metadata_free(kept->metadata);
    own_keys_free(kept->own_keys);
    client_jwt_free(kept->client_jwt);
    app_answers_free(kept->app_answers);
    mem_free(kept);
    provider->kept = NULL;
}
