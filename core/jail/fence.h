/*
 * A fence around the files that the jail can read while it loads: plugins and system libraries.
 *
 * The first seccomp filter has to let it open files, and a constructor of a plugin runs behind it;
 * without the fence that could read the configuration. Needs Landlock (Linux 5.13); where the
 * kernel has none, the permissions of the files are all there is.
 */
#ifndef CARDEA_JAIL_FENCE_H
#define CARDEA_JAIL_FENCE_H

#include <jansson.h>

/* From here on nothing but these files, what is below these directories, and libraries. */
void fence_files(const json_t *files, const json_t *directories);

#endif
