#include "cli/demo_config.h"

#include "base/buf.h"
#include "base/file.h"
#include "config/yaml_write.h"
#include "kit/case.h"

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
static void add_provider(struct buf *text, const char *folder, const char *id,
                         struct problems *problems)
{
    struct kit_cases cases;

    kit_cases_read(&cases, arena_printf(problems->arena, "%s/%s", folder, id).at, problems);
    const struct kit_case *login = find_login(&cases);

    if (login != NULL && login->config != NULL) {
        buf_printf(text, "  %s:\n", id);
        yaml_write_members(text, login->config, 4, true);
        buf_add_text(text, "    simulator: ${env:CARDEA_DEMO_SIMULATOR}\n");
    }
    kit_cases_release(&cases);
}

static bool write_more(const char *shipped, const char *folder, const struct node *known,
                       struct problems *problems)
{
    const char *cases = arena_printf(problems->arena, "%s/cases", shipped).at;
    struct buf text = BUF_INIT(CONFIG_MAX);
    struct dirent **entries = NULL;
    int count = scandir(cases, &entries, NULL, alphasort);

    buf_add_text(&text, "providers:\n");
    for (int i = 0; i < count; i++) {
        const char *id = entries[i]->d_name;

        if (id[0] != '.' && node_get(known, id) == NULL)
            add_provider(&text, cases, id, problems);
        free(entries[i]);
    }
    free(entries);
    bool good = buf_ok(&text) && write_file(folder, DEMO_MORE, buf_slice(&text), problems);

    buf_release(&text);
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
