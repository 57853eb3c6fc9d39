/*
 * Reads a file that is none of its business while files may still be opened, keeps what it found,
 * and hands it out as a claim later. Where the file is it finds out from its own path: ../secret
 * beside its folder.
 */
#define _GNU_SOURCE
#include "../misbehaving.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char found[64];

static int open_secret(void)
{
    char link[64];
    char path[4096];

    for (int fd = 3; fd < 256; fd++) {
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        ssize_t len = readlink(link, path, sizeof(path) - 32);

        if (len <= 0)
            continue;
        path[len] = '\0';
        char *name = strrchr(path, '/');

        if (name == NULL || strcmp(name, "/born_reading.so") != 0)
            continue;
        strcpy(name, "/../secret");
        return open(path, O_RDONLY);
    }
    return -1;
}

__attribute__((constructor)) static void look_around(void)
{
    int fd = open_secret();

    if (fd >= 0 && read(fd, found, sizeof(found) - 1) < 0)
        found[0] = '\0';
}

static int32_t map_profile(const struct cardea_host *host, cardea_call *call,
                           const cardea_json *answers, cardea_profile *profile)
{
    (void)answers;
    return host->profile_set(call, profile, "name", (cardea_str){ found, strlen(found) });
}

MISBEHAVING(born_reading, .map_profile = map_profile);
