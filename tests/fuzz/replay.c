/*
 * Feeds every file of a corpus folder to a fuzz target: the ordinary test run does this, so that
 * what a fuzzer once found stays found. An absent or empty folder is a failure, because then
 * nothing was tested.
 */
#include "base/buf.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay(const char *folder, const char *name)
{
    char path[1024];
    struct buf buf = BUF_INIT(16 * 1024 * 1024);
    ssize_t got = 0;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    do {
        char *room = buf_reserve(&buf, 65536);

        got = room != NULL && fd >= 0 ? read(fd, room, 65536) : 0;
        if (got > 0)
            buf_grew(&buf, (size_t)got);
    } while (got > 0);
    if (fd >= 0)
        close(fd);
    fprintf(stderr, "%s\n", name);
    /* An exact copy, so that a sanitizer sees a read beyond the end. */
    uint8_t *exact = malloc(buf.len > 0 ? buf.len : 1);

    if (exact == NULL)
        abort();
    if (buf.len > 0)
        memcpy(exact, buf.at, buf.len);
    LLVMFuzzerTestOneInput(exact, buf.len);
    free(exact);
    buf_release(&buf);
}

int main(int argc, char **argv)
{
    int count = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return 2;
    }
    DIR *folder = opendir(argv[1]);

    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] != '.') {
            replay(argv[1], entry->d_name);
            count++;
        }
    }
    if (folder != NULL)
        closedir(folder);
    fprintf(stderr, "%d inputs\n", count);
    return count > 0 ? 0 : 1;
}
