/*
 * Reads a file that is none of its business while files may still be opened, keeps what it found,
 * and hands it out as a claim later. Where the file is it finds out from its own target: ../secret
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
    char entry[64];
    char target[4096];

    for (int fd = 3; fd < 256; fd++) {
        snprintf(entry, sizeof(entry), "/proc/self/fd/%d", fd);
        ssize_t len = readlink(entry, target, sizeof(target) - 32);

        if (len <= 0)
            continue;
        target[len] = '\0';
        char *name = strrchr(target, '/');

        if (name == NULL || strcmp(name, "/born_reading.so") != 0)
            continue;
        strcpy(name, "/../secret");
        return open(target, O_RDONLY);
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
