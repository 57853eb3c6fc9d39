#include "cli/cli.h"

#include "base/slice.h"
#include "process/control.h"
#include "process/master.h"
#include "process/shared.h"

int cli_serve(struct cli *cli)
{
    struct arena arena = { 0 };
    bool missing;
    const char *text = cli_option(cli, "--workers", &missing);
    uint64_t workers = 0;

    if (missing || (text != NULL && !slice_to_u64(slice_of(text), WORKERS_MAX, &workers)))
        return cli_wrong_usage(cli, "--workers takes a number up to %d", WORKERS_MAX);
    if (cli->count > 0)
        return cli_wrong_usage(cli, "nothing is known about `%s`", cli->arguments[0]);
    const char *config = cli_config(cli, &arena);

    if (config == NULL)
        return EXIT_USAGE;
    int status = master_run(config, text != NULL ? (int)workers : -1);

    arena_release(&arena);
    return status;
}

int cli_reload(struct cli *cli)
{
    struct arena arena = { 0 };

    if (cli->count > 0)
        return cli_wrong_usage(cli, "nothing is known about `%s`", cli->arguments[0]);
    const char *config = cli_config(cli, &arena);
    int status = config != NULL ? control_ask(config, "reload") : EXIT_USAGE;

    arena_release(&arena);
    return status;
}
