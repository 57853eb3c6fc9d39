#include "base/file.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

enum {
    PIECE = 65536
};

static const char *kind_check(mode_t mode)
{
    if (S_ISREG(mode))
        return NULL;
    return S_ISDIR(mode) ? "is a folder" : "is no plain file";
}

static const char *why_unreadable(struct arena *arena)
{
    return arena_printf(arena, "cannot be read: %s", strerror(errno)).at;
}

/* To the end, not to the size: files in /proc have none, and others may be growing. */
static const char *read_all(struct arena *arena, int fd, struct buf *buf)
{
    for (;;) {
        size_t left = buf->limit - buf->len;
        char *room = left > 0 ? buf_reserve(buf, left < PIECE ? left : PIECE) : NULL;
        char surplus;
        ssize_t got =
            room != NULL ? read(fd, room, left < PIECE ? left : PIECE) : read(fd, &surplus, 1);

        if (got == 0)
            return NULL;
        if (got < 0 && errno != EINTR)
            return why_unreadable(arena);
        if (got > 0 && room == NULL)
            return arena_printf(arena, "is longer than %zu bytes", buf->limit).at;
        if (got > 0)
            buf_grew(buf, (size_t)got);
    }
}

const char *file_read(struct arena *arena, const char *path, size_t limit, struct file *file_r)
{
    struct buf buf = BUF_INIT(limit);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    const char *wrong = NULL;

    if (fd < 0 || fstat(fd, &file_r->status) != 0)
        wrong = why_unreadable(arena);
    if (wrong == NULL)
        wrong = kind_check(file_r->status.st_mode);
    if (wrong == NULL)
        wrong = read_all(arena, fd, &buf);
    if (wrong == NULL)
        file_r->bytes = arena_copy(arena, buf_slice(&buf));
    if (fd >= 0)
        close(fd);
    buf_release_secret(&buf);
    return wrong;
}

struct slice path_folder(struct slice path)
{
    for (size_t end = path.len; end > 0; end--) {
        if (path.at[end - 1] == '/')
            return slice_sub(path, 0, end > 1 ? end - 1 : 1);
    }
    return SL(".");
}

struct slice path_from(struct arena *arena, struct slice folder, struct slice path)
{
    if (slice_starts(path, SL("/")) || slice_is(folder, "."))
        return arena_copy(arena, path);
    return arena_printf(arena, slice_is(folder, "/") ? "%.*s%.*s" : "%.*s/%.*s", SLICE_ARG(folder),
                        SLICE_ARG(path));
}

struct slice path_absolute(struct arena *arena, struct slice path)
{
    char folder[PATH_MAX];

    if (slice_starts(path, SL("/")) || getcwd(folder, sizeof(folder)) == NULL)
        return arena_copy(arena, path);
    return path_from(arena, slice_of(folder), path);
}
