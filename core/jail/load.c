#include "jail/load.h"

#include "base/memory.h"
#include "jail/document.h"
#include "jail/wire.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PROVIDERS_MAX = 512,
    FILE_MAX = 64 * 1024 * 1024
};

static struct loaded_provider *loaded[PROVIDERS_MAX];
static size_t loaded_count;
static size_t named_count; /* of those, from files that were named: they come first, and count */

static void problem(json_t *problems, const char *file, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void problem(json_t *problems, const char *file, const char *format, ...)
{
    struct arena arena = { 0 };
    va_list args;

    va_start(args, format);
    struct slice text = arena_vprintf(&arena, format, args);

    va_end(args);
    json_t *entry = json_pack("{s:s}", "file", file);

    json_set_slice(entry, "text", text);
    json_array_append_new(problems, entry);
    arena_release(&arena);
}

static bool others_may_write(const struct stat *stat)
{
    return (stat->st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
           (stat->st_uid != 0 && stat->st_uid != geteuid());
}

/* Whoever can rename a folder on the way can put another file there. A sticky folder (/tmp) is fine
 * for what is below it and ours. */
static const char *check_folders(const char *path)
{
    char folder[PATH_MAX];
    struct stat status;

    snprintf(folder, sizeof(folder), "%s", path);
    for (char *slash = strrchr(folder, '/'); slash != NULL; slash = strrchr(folder, '/')) {
        slash[slash == folder] = '\0'; /* keep the root's own slash */
        if (stat(folder, &status) != 0)
            return "a folder on its path cannot be read";
        if (others_may_write(&status) && (status.st_mode & S_ISVTX) == 0)
            return "others may write to a folder on its path";
        if (slash == folder)
            break;
    }
    return NULL;
}

static const char *check_file(int fd, const char *path)
{
    struct stat status;

    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return "is no plain file";
    if (others_may_write(&status))
        return "may be written by others; it must belong to root or to the service's user, with "
               "mode "
               "go-w";
    if (status.st_size == 0 || status.st_size > FILE_MAX)
        return "has no sensible size";
    return check_folders(path);
}

/* Rule 2 of the ABI: what both know is copied, and a newer plugin may not use what we lack. */
static bool take_struct(void *target, size_t ours, const void *source, size_t theirs)
{
    const unsigned char *bytes = source;

    memset(target, 0, ours);
    memcpy(target, source, theirs < ours ? theirs : ours);
    for (size_t i = ours; i < theirs; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

static const char *take_lookups(struct loaded_provider *target, const char **lacking_r)
{
    const struct cardea_lookup *const *theirs = target->data.lookups;
    size_t count = 0;

    if (theirs == NULL)
        return NULL;
    for (; theirs[count] != NULL; count++) {
        struct cardea_lookup *own = &target->lookups[count];

        if (count == LOOKUPS_MAX)
            return "has too many lookups";
        if (theirs[count]->struct_size < offsetof(struct cardea_lookup, method) ||
            theirs[count]->struct_size > 4096)
            return "has a lookup without a struct_size";
        if (!take_struct(own, sizeof(*own), theirs[count], theirs[count]->struct_size))
            *lacking_r = "a field of struct cardea_lookup";
        target->lookup_list[count] = own;
    }
    target->data.lookups = target->lookup_list;
    return NULL;
}

static const struct loaded_provider *find_id(const char *id)
{
    for (size_t i = 0; i < loaded_count; i++) {
        if (strcmp(loaded[i]->data.id, id) == 0)
            return loaded[i];
    }
    return NULL;
}

/* NULL, or what is wrong. `*lacking_r` is set when it uses something that we do not have. */
static const char *take_provider(const struct cardea_provider *source,
                                 struct loaded_provider *target, const char **lacking_r)
{
    if (source == NULL || source->struct_size < offsetof(struct cardea_provider, protocol) ||
        source->struct_size > 65536)
        return "has a provider without a struct_size";
    if (!take_struct(&target->data, sizeof(target->data), source, source->struct_size))
        *lacking_r = "a field of struct cardea_provider";
    if (target->data.id == NULL || target->data.id[0] == '\0')
        return "has a provider without an id";
    const char *wrong = take_lookups(target, lacking_r);
    const struct cardea_hooks *hooks = target->data.hooks;

    if (wrong != NULL || hooks == NULL)
        return wrong;
    if (hooks->struct_size < offsetof(struct cardea_hooks, check_config) ||
        hooks->struct_size > 4096)
        return "has hooks without a struct_size";
    if (!take_struct(&target->hooks, sizeof(target->hooks), hooks, hooks->struct_size))
        *lacking_r = "a hook";
    return NULL;
}

static const char *check_plugin(const struct cardea_plugin *plugin, struct arena *arena)
{
    if (plugin->magic != CARDEA_MAGIC)
        return "exports a cardea_plugin that CARDEA_PLUGIN() did not make";
    if (plugin->abi_major != CARDEA_ABI_MAJOR)
        return arena_printf(arena, "was built for ABI %u, this Cardea has ABI %d",
                            plugin->abi_major, CARDEA_ABI_MAJOR)
            .at;
    if (plugin->struct_size < sizeof(struct cardea_plugin))
        return "has a cardea_plugin of a wrong size";
    if (plugin->provider_count == 0)
        return "describes no provider";
    if (plugin->provider_count > PROVIDERS_MAX)
        return "describes more providers than anybody can need";
    return NULL;
}

/* Two plugins for one id: nobody could say which is meant. What was named beats what lies in a
 * folder, because somebody is trying out a new one. */
static bool is_taken(const char *path, const char *id, json_t *problems)
{
    const struct loaded_provider *other = find_id(id);

    if (other == NULL)
        return false;
    for (size_t i = 0; i < named_count; i++) {
        if (loaded[i] == other)
            return true;
    }
    problem(problems, path, "describes provider `%s`, and so does %s, which is used", id,
            other->file);
    return true;
}

static void say_lacking(const char *path, const struct cardea_plugin *plugin, const char *lacking,
                        json_t *problems)
{
    if (plugin->abi_minor > CARDEA_ABI_MINOR)
        problem(problems, path, "uses %s added in ABI %d.%u, this Cardea has ABI %d.%d", lacking,
                CARDEA_ABI_MAJOR, plugin->abi_minor, CARDEA_ABI_MAJOR, CARDEA_ABI_MINOR);
    else
        problem(problems, path, "uses %s that ABI %d.%d does not have", lacking, CARDEA_ABI_MAJOR,
                CARDEA_ABI_MINOR);
}

static void free_provider(struct loaded_provider *provider)
{
    mem_free(provider->file);
    mem_free(provider);
}

/* All of a file or nothing. */
static bool take_providers(const char *path, const struct cardea_plugin *plugin, json_t *documents,
                           json_t *problems)
{
    size_t before = loaded_count;

    for (uint32_t i = 0; i < plugin->provider_count; i++) {
        struct loaded_provider *provider = mem_zalloc(1, sizeof(*provider));
        const char *lacking = NULL;
        const char *wrong = take_provider(plugin->providers[i], provider, &lacking);

        if (wrong == NULL && loaded_count == PROVIDERS_MAX)
            wrong = "is one plugin too many";
        if (wrong != NULL)
            problem(problems, path, "%s", wrong);
        else if (lacking != NULL)
            say_lacking(path, plugin, lacking, problems);
        if (wrong != NULL || lacking != NULL || is_taken(path, provider->data.id, problems)) {
            free_provider(provider);
            while (loaded_count > before)
                free_provider(loaded[--loaded_count]);
            return false;
        }
        provider->file = mem_strndup(path, strlen(path));
        loaded[loaded_count++] = provider;
        json_array_append_new(documents, document_of(&provider->data, &provider->hooks));
    }
    return true;
}

static void load_open(int fd, const char *path, json_t *plugins, json_t *problems)
{
    struct arena arena = { 0 };
    char proc[64];
    json_t *notice = wire_frame("loading");

    json_object_set_new(notice, "file", json_string(path));
    wire_write(notice);
    snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
    void *library = dlopen(proc, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    const struct cardea_plugin *plugin = library != NULL ? dlsym(library, "cardea_plugin") : NULL;
    const char *reason = library != NULL && plugin != NULL ? NULL : dlerror();

    if (plugin == NULL) {
        problem(problems, path, "cannot be loaded as a plugin: %s", reason != NULL ? reason : "?");
        return;
    }
    const char *wrong = check_plugin(plugin, &arena);
    json_t *documents = json_array();

    if (wrong != NULL)
        problem(problems, path, "%s", wrong);
    else if (take_providers(path, plugin, documents, problems))
        json_array_append_new(plugins, json_pack("{s:s, s:s?, s:i, s:O}", "file", path, "version",
                                                 plugin->version, "abi_minor",
                                                 (int)plugin->abi_minor, "providers", documents));
    json_decref(documents);
    arena_release(&arena);
}

static bool is_excepted(const char *path, const json_t *except)
{
    const json_t *each;
    size_t i;

    json_array_foreach(except, i, each)
    {
        if (json_is_string(each) && strcmp(json_string_value(each), path) == 0)
            return true;
    }
    return false;
}

static void load_file(const char *path, const json_t *except, json_t *plugins, json_t *problems)
{
    if (is_excepted(path, except))
        return; /* whoever excepts it has said why */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const char *wrong = fd < 0 ? strerror(errno) : check_file(fd, path);

    if (wrong != NULL)
        problem(problems, path, "%s", wrong);
    else
        load_open(fd, path, plugins, problems);
    /* Not closed: the loader knows libraries by their path, and the next one must not get the same.
     */
}

void load_named(const char *path, const json_t *except, json_t *plugins, json_t *problems)
{
    load_file(path, except, plugins, problems);
    named_count = loaded_count;
}

static void load_entry(const char *directory, const char *name, const json_t *except,
                       json_t *plugins, json_t *problems)
{
    char path[PATH_MAX];
    size_t len = strlen(directory);

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    char *real = realpath(path, NULL);

    if (real == NULL)
        problem(problems, path, "cannot be found: %s", strerror(errno));
    else if (strncmp(real, directory, len) != 0 || real[len] != '/')
        problem(problems, path, "is a link that leads out of the plugin directory");
    else
        load_file(real, except, plugins, problems);
    free(real);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_plugin(const struct dirent *entry)
{
    return slice_ends(slice_of(entry->d_name), SL(".so"));
}

void load_directory(const char *directory, const json_t *except, json_t *plugins, json_t *problems)
{
    char *real = realpath(directory, NULL);
    struct dirent **entries = NULL;
    int count = real != NULL && real[0] == '/' ? scandir(real, &entries, is_plugin, by_name) : -1;

    if (count < 0)
        problem(problems, directory, "cannot be read as a plugin directory: %s", strerror(errno));
    for (int i = 0; i < count; i++) {
        load_entry(real, entries[i]->d_name, except, plugins, problems);
        free(entries[i]);
    }
    free(entries);
    free(real);
}

const struct loaded_provider *load_find(const char *file, const char *id)
{
    for (size_t i = 0; i < loaded_count; i++) {
        if (strcmp(loaded[i]->file, file) == 0 && strcmp(loaded[i]->data.id, id) == 0)
            return loaded[i];
    }
    return NULL;
}
