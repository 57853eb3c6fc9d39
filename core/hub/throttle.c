#include "hub/throttle.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/memory.h"

enum {
    THROTTLE_SLOTS = 8192
};

struct throttle {
    struct {
        uint64_t name;
        int64_t window;
        unsigned count;
    } slot[THROTTLE_SLOTS];
};

struct throttle *throttle_new(void)
{
    return mem_zalloc(1, sizeof(struct throttle));
}

void throttle_free(struct throttle *throttle)
{
    mem_free(throttle);
}

bool throttle_exceeds(struct throttle *throttle, const struct rate *rate, struct slice kind,
                      struct slice name, unsigned amount)
{
    if (rate->count == 0)
        return false;
    uint64_t hash = map_hash(name) * 31 + map_hash(kind);
    int64_t window = clock_monotonic_ms() / rate->window_ms;
    size_t place = hash % THROTTLE_SLOTS;

    if (throttle->slot[place].name != hash || throttle->slot[place].window != window) {
        if (amount == 0)
            return false;
        throttle->slot[place].name = hash;
        throttle->slot[place].window = window;
        throttle->slot[place].count = 0;
    }
    throttle->slot[place].count += amount;
    return throttle->slot[place].count > rate->count;
}
