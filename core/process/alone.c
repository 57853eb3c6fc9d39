#include "process/alone.h"

#include "base/log.h"
#include "process/sockets.h"
#include "process/worker.h"

struct alone {
    struct arena arena;
    struct settings *settings;
    struct sockets *sockets;
    struct tls_identity identity;
    int listeners[LISTEN_MAX];
    int admin; /* -1: off */
};

static bool read_settings(struct alone *alone, const char *config)
{
    struct problems problems = { .arena = &alone->arena };
    struct buf text = BUF_INIT(256 * 1024);

    alone->settings = settings_read(config, &problems);
    problems_write(&problems, &text);
    fputs(buf_slice(&text).at, stderr);
    buf_release(&text);
    return alone->settings != NULL;
}

/* NULL, or why not. */
static const char *open_listeners(struct alone *alone)
{
    const struct settings *settings = alone->settings;
    struct arena *arena = &alone->arena;
    const char *why = NULL;

    if (slice_is_set(settings->tls.certificate))
        why = tls_identity_read(arena, arena_string(arena, settings->tls.certificate),
                                arena_string(arena, settings->tls.key), &alone->identity);
    for (size_t i = 0; why == NULL && i < settings->listen.count; i++)
        alone->listeners[i] = sockets_open(alone->sockets, arena, settings->listen.at[i], 0, &why);
    if (why == NULL && !slice_is(settings->admin.listen, "off"))
        alone->admin = sockets_open(alone->sockets, arena, settings->admin.listen, 0, &why);
    return why;
}

static int work(const struct alone *alone)
{
    struct worker worker = { .settings = alone->settings,
                             .shared = shared_new(1),
                             .identity = alone->identity,
                             .listeners = alone->listeners,
                             .admin = alone->admin,
                             .master = -1 };

    log_configure(alone->settings->log.level, alone->settings->log.format);
    int status = worker_run(&worker);

    shared_free(worker.shared);
    return status;
}

int alone_run(const char *config)
{
    struct alone alone = { .sockets = sockets_new(), .admin = -1 };
    const char *why = NULL;
    int status = EXIT_CONFIGURATION;

    if (read_settings(&alone, config)) {
        why = open_listeners(&alone);
        if (why == NULL)
            status = work(&alone);
        else
            fprintf(stderr, "cardea: %s\n", why);
    }
    sockets_free(alone.sockets);
    arena_release(&alone.arena);
    return status;
}
