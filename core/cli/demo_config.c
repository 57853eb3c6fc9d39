#include "cli/demo_config.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "kit/keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
    CONFIG_MAX = 1024 * 1024
};

static bool write_file(const char *folder, const char *name, struct slice text,
                       struct problems *problems)
{
    const char *path = arena_printf(problems->arena, "%s/%s", folder, name).at;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, text.at, text.len) == (ssize_t)text.len;

    if (!good)
        problem_add(problems, (struct mark){ path, 0, 0 }, "cannot be written: %s",
                    strerror(errno));
    if (fd >= 0)
        close(fd);
    return good;
}

/* The case "login", else the first in which somebody comes in; NULL when nobody does. */
static const struct kit_case *find_login(const struct kit_cases *cases)
{
    const struct kit_case *found = NULL;

    for (size_t i = 0; i < cases->count; i++) {
        const struct kit_case *each = &cases->at[i];

        if (slice_is(each->name, "login"))
            return each;
        if (found == NULL && each->callback != NULL && !slice_is_set(each->fails))
            found = each;
    }
    return found;
}

/* One more provider, as it is configured in the case of a login. */
static void add_provider(json_t *providers, const char *folder, const char *id,
                         const struct jwk *keys, struct problems *problems)
{
    struct kit_cases cases;

    kit_cases_read(&cases, arena_printf(problems->arena, "%s/%s", folder, id).at, problems);
    const struct kit_case *login = find_login(&cases);

    if (login != NULL) {
        json_t *config = kit_provider_config(problems->arena, login, keys);

        json_object_set_new(config, "simulator", json_string("${env:CARDEA_DEMO_SIMULATOR}"));
        json_object_set_new(providers, id, config);
    }
    kit_cases_release(&cases);
}

/* In JSON, which is YAML. */
static bool write_more(const char *shipped, const char *folder, const struct node *known,
                       struct problems *problems)
{
    const char *cases = arena_printf(problems->arena, "%s/cases", shipped).at;
    json_t *more = json_pack("{s:{}}", "providers");
    struct buf text = BUF_INIT(CONFIG_MAX);
    struct jwk keys[KIT_KEYS] = { 0 };
    struct dirent **entries = NULL;
    int count =
        kit_keys_make(problems->arena, keys) ? scandir(cases, &entries, NULL, alphasort) : 0;

    for (int i = 0; i < count; i++) {
        const char *id = entries[i]->d_name;

        if (id[0] != '.' && node_get(known, id) == NULL)
            add_provider(json_object_get(more, "providers"), cases, id, keys, problems);
        free(entries[i]);
    }
    free(entries);
    kit_keys_release(keys);
    buf_add_json_value(&text, more);
    json_decref(more);
    bool good = buf_ok(&text) && write_file(folder, DEMO_MORE, buf_slice(&text), problems);

    buf_release_secret(&text);
    return good;
}

bool demo_config_write(const char *shipped, const char *folder, bool all, struct problems *problems)
{
    const char *path = arena_printf(problems->arena, "%s/%s", shipped, DEMO_CONFIG).at;
    const struct node_options as_it_stands = { 0 };
    struct file file;
    const char *wrong = file_read(problems->arena, path, CONFIG_MAX, &file);

    if (wrong != NULL) {
        problem_add(problems, (struct mark){ path, 0, 0 }, "%s", wrong);
        return false;
    }
    if (!all)
        return write_file(folder, DEMO_CONFIG, file.bytes, problems);
    const struct node *root = node_read_text(path, file.bytes, &as_it_stands, problems);

    return write_file(folder, DEMO_CONFIG,
                      arena_join(problems->arena, file.bytes, SL("include: [" DEMO_MORE "]\n")),
                      problems) &&
           write_more(shipped, folder, node_get(root, "providers"), problems);
}
