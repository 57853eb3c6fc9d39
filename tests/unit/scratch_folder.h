/*
 * A folder for the files of one test, gone afterwards.
 */
#ifndef CARDEA_TESTS_SCRATCH_FOLDER_H
#define CARDEA_TESTS_SCRATCH_FOLDER_H

#include "base/arena.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct scratch_folder {
    char path[PATH_MAX / 2];
};

static inline void scratch_make(struct scratch_folder *folder)
{
    snprintf(folder->path, sizeof(folder->path), "/tmp/cardea-test-XXXXXX");
    if (mkdtemp(folder->path) == NULL)
        abort();
}

/* "FOLDER/name", in the arena. */
static inline const char *scratch_path(const struct scratch_folder *folder, struct arena *arena,
                                       const char *name)
{
    return arena_printf(arena, "%s/%s", folder->path, name).at;
}

/* Writes a file that its owner alone may read; the folders in front of it are made. */
static inline const char *scratch_write(const struct scratch_folder *folder, struct arena *arena,
                                        const char *name, const char *text)
{
    const char *path = scratch_path(folder, arena, name);
    char *slash = strrchr(path, '/');

    *slash = '\0';
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        abort();
    *slash = '/';
    FILE *file = fopen(path, "w");

    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0 || chmod(path, 0600) != 0)
        abort();
    return path;
}

static inline int scratch_remove_one(const char *path, const struct stat *status, int kind,
                                     struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    return remove(path);
}

static inline void scratch_remove(const struct scratch_folder *folder)
{
    nftw(folder->path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
