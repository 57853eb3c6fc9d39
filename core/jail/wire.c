#include "jail/wire.h"

#include <errno.h>
#include <unistd.h>

static struct buf incoming = BUF_INIT(FRAME_MAX + FRAME_HEAD + 65536);

json_t *wire_read(void)
{
    for (;;) {
        const char *why;
        json_t *frame;
        ssize_t used = frame_read(buf_slice(&incoming), &frame, &why);

        if (used < 0)
            _exit(1);
        if (used > 0) {
            incoming.len -= (size_t)used;
            memmove(incoming.at, incoming.at + used, incoming.len);
            return frame;
        }
        char *room = buf_reserve(&incoming, 65536);
        ssize_t got = room != NULL ? read(JAIL_SOCKET, room, 65536) : -1;

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            _exit(0); /* the worker has gone: nobody needs a jail */
        buf_grew(&incoming, (size_t)got);
    }
}

static void write_all(const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t written = write(JAIL_SOCKET, bytes, len);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            _exit(1);
        bytes += written;
        len -= (size_t)written;
    }
}

void wire_write(json_t *frame)
{
    struct buf buf = BUF_INIT(FRAME_MAX + FRAME_HEAD);

    frame_write(&buf, frame);
    json_decref(frame);
    if (!buf_ok(&buf)) {
        wire_write_broken("handed back more than a frame can hold");
        _exit(1);
    }
    write_all(buf.at, buf.len);
    buf_release(&buf);
}

json_t *wire_frame(const char *type)
{
    return json_pack("{s:s}", "type", type);
}

void wire_write_broken(const char *why)
{
    static const char head[] = "{\"type\":\"broken\",\"why\":\"";
    static const char tail[] = "\"}";
    size_t len = sizeof(head) - 1 + strlen(why) + sizeof(tail) - 1;
    char size[FRAME_HEAD] = { 0, 0, (char)(len >> 8), (char)len };

    write_all(size, sizeof(size));
    write_all(head, sizeof(head) - 1);
    write_all(why, strlen(why));
    write_all(tail, sizeof(tail) - 1);
}
