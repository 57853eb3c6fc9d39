/*
 * Bytes from a stranger in a log line, in both formats: one line, no control byte, not longer than
 * allowed, and in JSON a document.
 */
#include "base/json.h"
#include "base/log.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice take_line(int fd, char line[LOG_LINE_MAX + 1])
{
    ssize_t len = pread(fd, line, LOG_LINE_MAX + 1, 0);

    if (len < 1 || len > LOG_LINE_MAX || line[len - 1] != '\n' || ftruncate(fd, 0) != 0 ||
        lseek(fd, 0, SEEK_SET) != 0)
        abort();
    return slice_make(line, (size_t)len - 1);
}

static void check_line(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    struct arena arena = { 0 };
    char line[LOG_LINE_MAX + 1];
    struct slice text = slice_make((const char *)data, size);
    const char *why;

    if (fd < 0)
        fd = memfd_create("log", MFD_CLOEXEC);
    log_to_descriptor(fd);
    log_context.request = slice_sub(text, size / 2, size);
    log_configure(LEVEL_INFO, FORMAT_TEXT);
    log_info("%.*s", SLICE_ARG(text));
    check_line(take_line(fd, line));
    log_configure(LEVEL_INFO, FORMAT_JSON);
    log_info("%.*s", SLICE_ARG(text));
    struct slice written = take_line(fd, line);

    check_line(written);
    if (memchr(data, '\0', size) == NULL) { /* json_read() refuses an escaped NUL */
        json_t *json = json_read(&arena, written, LOG_LINE_MAX, &why);

        if (json == NULL)
            abort();
        json_decref(json);
    }
    arena_release(&arena);
    return 0;
}
