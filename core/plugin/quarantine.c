#include "plugin/quarantine.h"

#include "base/clock.h"
#include "base/log.h"

bool quarantine_holds(const struct quarantine *quarantine)
{
    return quarantine->until > clock_monotonic_ms();
}

static void count_failure(struct quarantine *quarantine, const char *hook)
{
    for (unsigned i = 0; i < HOOK_COUNT; i++) {
        if (strcmp(hook_names[i], hook) == 0)
            __atomic_fetch_add(&quarantine->failures[i], 1, __ATOMIC_RELAXED);
    }
}

void quarantine_strike(struct quarantine *quarantine, struct slice provider, const char *hook)
{
    int64_t now = clock_monotonic_ms();

    count_failure(quarantine, hook);
    memmove(&quarantine->strikes[0], &quarantine->strikes[1],
            (QUARANTINE_STRIKES - 1) * sizeof(quarantine->strikes[0]));
    quarantine->strikes[QUARANTINE_STRIKES - 1] = now;
    if (quarantine->strikes[0] == 0 || now - quarantine->strikes[0] > QUARANTINE_WINDOW_MS)
        return;
    quarantine->until = now + QUARANTINE_MS;
    log_audit("provider_quarantined",
              "provider %.*s is put aside for ten minutes: its hooks misbehaved %d times in a "
              "minute, last %s",
              SLICE_ARG(provider), QUARANTINE_STRIKES, hook);
}
