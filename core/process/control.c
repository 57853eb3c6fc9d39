#include "process/control.h"

#include "crypto/digest.h"

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A folder of our own that nobody else can write: systemd's, the user's, or one we make. */
static struct slice runtime_folder(struct arena *arena)
{
    const char *given = getenv("RUNTIME_DIRECTORY");
    struct stat status;

    if (given != NULL)
        return arena_copy(arena, slice_of(given));
    struct slice folder = geteuid() == 0 ? SL("/run/cardea")
                          : getenv("XDG_RUNTIME_DIR") != NULL
                              ? arena_printf(arena, "%s/cardea", getenv("XDG_RUNTIME_DIR"))
                              : arena_printf(arena, "/tmp/cardea-%u", (unsigned)geteuid());

    mkdir(folder.at, 0700);
    if (lstat(folder.at, &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != geteuid())
        return slice_none();
    return folder;
}

struct slice control_path(struct arena *arena, const char *config)
{
    char real[PATH_MAX];
    struct slice folder = runtime_folder(arena);

    if (!slice_is_set(folder) || realpath(config, real) == NULL)
        return slice_none();
    struct slice hash = sha256_text(arena, slice_of(real));

    return arena_printf(arena, "%.*s/%.16s.sock", SLICE_ARG(folder), hash.at);
}

static bool fill_address(struct sockaddr_un *address, struct slice path)
{
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (path.len == 0 || path.len >= sizeof(address->sun_path))
        return false;
    memcpy(address->sun_path, path.at, path.len);
    return true;
}

static int connect_to(struct slice path)
{
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (!fill_address(&address, path) ||
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int control_listen(struct slice path)
{
    struct sockaddr_un address;
    int living = connect_to(path);

    if (living >= 0) {
        close(living);
        errno = EADDRINUSE;
        return -1;
    }
    if (!fill_address(&address, path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    unlink(address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    mode_t mask = umask(0177);
    bool good =
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 8) == 0;
    int error = errno;

    umask(mask);
    if (good)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

bool control_peer_is_allowed(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

/* Prints line by line; the last one is the verdict. */
static int relay(int fd)
{
    FILE *lines = fdopen(fd, "r");
    char line[8192];
    int verdict = 1;

    while (lines != NULL && fgets(line, sizeof(line), lines) != NULL) {
        if (strcmp(line, "ok\n") == 0)
            verdict = 0;
        else if (strcmp(line, "failed\n") != 0)
            fputs(line, stderr);
    }
    if (lines != NULL)
        fclose(lines);
    return verdict;
}

int control_ask(const char *config, const char *what)
{
    struct arena arena = { 0 };
    struct slice path = control_path(&arena, config);
    int fd = connect_to(path);

    arena_release(&arena);
    if (fd < 0) {
        fprintf(stderr, "cardea: nothing serves %s (or it is another user's)\n", config);
        return 2;
    }
    dprintf(fd, "%s\n", what);
    return relay(fd);
}
