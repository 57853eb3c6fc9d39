/*
 * A case file of the plugin kit, as the kit reads it: what it lets through has the shape that the
 * simulator and the runner take for granted. Text that begins with "# provider" is read as
 * provider.yaml.
 */
#include "base/memory.h"
#include "kit/case.h"

#include <fcntl.h>
#include <unistd.h>

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void write_file(const char *path, const uint8_t *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
}

static void check_texts(const struct node *map)
{
    must(map == NULL || map->kind == NODE_MAP);
    for (size_t i = 0; map != NULL && i < map->count; i++)
        must(map->members[i].value->kind == NODE_TEXT || map->members[i].value->kind == NODE_NULL);
}

static void check_case(const struct kit_case *what)
{
    must(slice_is_set(what->about) && what->config != NULL);
    must((what->callback != NULL) + (what->refresh != NULL) + (what->revoke != NULL) == 1);
    must(what->revoke != NULL || what->profile != NULL || what->tokens != NULL ||
         slice_is_set(what->fails));
    check_texts(what->callback);
    check_texts(node_get(what->refresh, "callback"));
    check_texts(node_get(what->revoke, "callback"));
    check_texts(what->tokens);
    check_texts(what->said);
    check_texts(node_get(what->authorize, "query"));
    for (size_t i = 0; i < what->exchange_count; i++) {
        const struct kit_exchange *exchange = &what->exchanges[i];

        must(exchange->status >= 100 && exchange->status <= 599);
        must(exchange->method.len > 0 && exchange->url.len > 0);
        check_texts(exchange->query);
        check_texts(exchange->form);
        check_texts(exchange->json);
        check_texts(exchange->headers);
        check_texts(exchange->answer_headers);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { 0 };
    struct problems problems = { .arena = &arena };
    struct slice text = slice_make((const char *)data, size);
    bool is_provider = slice_starts(text, SL("# provider"));
    char folder[] = "/tmp/cardea-fuzz-XXXXXX";
    struct kit_cases cases;

    must(mkdtemp(folder) != NULL);
    const char *path =
        arena_printf(&arena, "%s/%s.yaml", folder, is_provider ? "provider" : "login").at;

    write_file(path, data, size);
    kit_cases_read(&cases, folder, &problems);
    unlink(path);
    rmdir(folder);
    if (problems.errors == 0) {
        must(cases.count == (is_provider ? 0 : 1));
        if (!is_provider)
            check_case(&cases.at[0]);
    }
    kit_cases_release(&cases);
    arena_release(&arena);
    return 0;
}
