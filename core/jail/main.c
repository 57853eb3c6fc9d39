/*
 * cardea-jail: the process in which plugin code runs, and nothing else does.
 *
 * A worker starts it with an empty environment and one end of a socketpair as descriptor 3. It
 * shuts itself in, loads what the first frame names, shuts the last doors, and then answers one
 * call after the other until the worker has gone.
 */
#include "jail/fence.h"
#include "jail/host.h"
#include "jail/load.h"
#include "jail/sandbox.h"
#include "jail/wire.h"

#include "base/json.h"

#include <fcntl.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
/* The leak checker would want to stop and trace this process, and a report would want to open
 * files, which the walls forbid. A bus error comes from a file that was cut off, inside of the
 * loader, whose locks a report would wait for. */
extern CARDEA_EXPORT const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0:color=never:symbolize=0:handle_sigbus=0";
}
#endif

static void close_the_rest(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = 0; fd < JAIL_SOCKET; fd++) {
#if defined(__SANITIZE_ADDRESS__)
        if (fd == 2)
            continue; /* a sanitizer's report has to go somewhere */
#endif
        if (dup2(null, fd) < 0)
            close(fd);
    }
    close_range(JAIL_SOCKET + 1, ~0U, 0);
}

static void load_all(const json_t *start)
{
    json_t *plugins = json_array();
    json_t *problems = json_array();
    const json_t *except = json_object_get(start, "except");
    const json_t *each;
    size_t i;

    json_array_foreach(json_object_get(start, "files"), i, each)
    {
        if (json_is_string(each))
            load_named(json_string_value(each), except, plugins, problems);
    }
    json_array_foreach(json_object_get(start, "directories"), i, each)
    {
        if (json_is_string(each))
            load_directory(json_string_value(each), except, plugins, problems);
    }
    json_t *loaded = wire_frame("loaded");

    json_object_set_new(loaded, "plugins", plugins);
    json_object_set_new(loaded, "problems", problems);
    close_range(JAIL_SOCKET + 1, ~0U, 0);
    const char *wrong = sandbox_close();

    if (wrong != NULL) {
        wire_write_broken(wrong);
        _exit(1);
    }
    wire_write(loaded);
}

int main(void)
{
    close_the_rest();
    const char *wrong = sandbox_enter();

    if (wrong != NULL) {
        wire_write_broken(wrong);
        return 1;
    }
    json_t *start = wire_read();

    if (!frame_is(start, "start"))
        return 1;
    fence_files(json_object_get(start, "files"), json_object_get(start, "directories"));
    load_all(start);
    json_decref(start);
    for (;;) {
        json_t *frame = wire_read();

        if (!frame_is(frame, "call"))
            return 1;
        wire_write(host_run(frame));
        json_decref(frame);
    }
}
