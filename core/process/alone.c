#include "process/alone.h"

#include "base/log.h"
#include "config/settings.h"
#include "process/plan.h"
#include "process/sockets.h"
#include "process/worker.h"

int alone_run(const char *config)
{
    struct arena arena = { 0 };
    struct problems problems = { .arena = &arena };
    struct settings *settings = settings_read(config, &problems);
    struct sockets *sockets = sockets_new();
    struct buf text = BUF_INIT(256 * 1024);
    int listeners[LISTEN_MAX];
    struct tls_identity identity = { 0 };
    const char *why = NULL;
    int status = EXIT_CONFIGURATION;
    int admin = -1;

    problems_write(&problems, &text);
    fputs(buf_slice(&text).at, stderr);
    buf_release(&text);
    if (settings != NULL && slice_is_set(settings->tls.certificate))
        why = tls_identity_read(&arena, arena_string(&arena, settings->tls.certificate),
                                arena_string(&arena, settings->tls.key), &identity);
    for (size_t i = 0; settings != NULL && why == NULL && i < settings->listen.count; i++)
        listeners[i] = sockets_open(sockets, &arena, settings->listen.at[i], 0, &why);
    if (settings != NULL && why == NULL && !slice_is(settings->admin.listen, "off"))
        admin = sockets_open(sockets, &arena, settings->admin.listen, 0, &why);
    if (why != NULL)
        fprintf(stderr, "cardea: %s\n", why);
    if (settings != NULL && why == NULL) {
        struct worker worker = { .settings = settings,
                                 .shared = shared_new(1),
                                 .identity = identity,
                                 .listeners = listeners,
                                 .admin = admin,
                                 .master = -1 };

        log_configure(settings->log.level, settings->log.format);
        status = worker_run(&worker);
        shared_free(worker.shared);
    }
    sockets_free(sockets);
    arena_release(&arena);
    return status;
}
