#include "jail/fence.h"

#if defined(__has_include)
#if __has_include(<linux/landlock.h>)
#define WITH_LANDLOCK 1
#endif
#endif

#ifndef WITH_LANDLOCK

void fence_files(const json_t *files, const json_t *directories)
{
    (void)files, (void)directories;
}

#else

#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where the dynamic loader looks. */
static const char *const libraries[] = {
    "/etc/ld.so.cache", "/etc/ld.so.preload", "/lib",       "/lib32",
    "/lib64",           "/usr/lib",           "/usr/lib32", "/usr/lib64",
    "/usr/libx32",      "/usr/local/lib",     "/nix/store", "/gnu/store",
};

static const uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

/* What is not there needs no permission. */
static void permit(int fence, const char *path)
{
    struct landlock_path_beneath_attr rule = { .allowed_access = reading,
                                               .parent_fd = open(path, O_PATH | O_CLOEXEC) };
    struct stat status;

    if (rule.parent_fd < 0)
        return;
    if (fstat(rule.parent_fd, &status) == 0 && !S_ISDIR(status.st_mode))
        rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
    syscall(SYS_landlock_add_rule, fence, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
}

static void permit_all(int fence, const json_t *paths)
{
    const json_t *each;
    size_t i;

    json_array_foreach(paths, i, each)
    {
        if (json_is_string(each))
            permit(fence, json_string_value(each));
    }
}

void fence_files(const json_t *files, const json_t *directories)
{
    /* All rights of Landlock's first version: what is not permitted below is not to be had. */
    struct landlock_ruleset_attr rights = { .handled_access_fs =
                                                (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 };
    int fence = (int)syscall(SYS_landlock_create_ruleset, &rights, sizeof(rights), 0);

    if (fence < 0)
        return;
    for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
        permit(fence, libraries[i]);
    permit_all(fence, files);
    permit_all(fence, directories);
    syscall(SYS_landlock_restrict_self, fence, 0);
    close(fence);
}

#endif
