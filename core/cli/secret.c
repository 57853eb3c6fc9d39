#include "cli/cli.h"

#include "base/buf.h"
#include "base/random.h"
#include "crypto/secret.h"

#include <unistd.h>

enum {
    SECRET_BYTES = 32,
    SECRET_LEAST = 22, /* characters: 128 bits as base64url */
    INPUT_MAX = 4096
};

/* Everything on standard input, without the line break at its end. */
static bool read_input(struct buf *input)
{
    ssize_t got;

    do {
        char *room = buf_reserve(input, 512);

        got = room != NULL ? read(STDIN_FILENO, room, 512) : -1;
        if (got > 0)
            buf_grew(input, (size_t)got);
    } while (got > 0);
    if (input->len > 0 && input->at[input->len - 1] == '\n')
        input->at[--input->len] = '\0';
    return got == 0;
}

static int hash_input(struct cli *cli)
{
    struct arena arena = { 0 };
    struct buf input = BUF_INIT(INPUT_MAX);
    int status = EXIT_DONE;

    if (!read_input(&input))
        status = cli_wrong_usage(cli, "standard input is too long for a secret");
    else if (input.len < SECRET_LEAST)
        status = cli_wrong_usage(
            cli, "a secret that short could be guessed from its hash; let `cardea secret` "
                 "make one");
    else
        printf("%s\n", secret_hash(&arena, buf_slice(&input)).at);
    buf_release_secret(&input);
    arena_release(&arena);
    return status;
}

int cli_secret(struct cli *cli)
{
    struct arena arena = { 0 };
    bool hash = cli_flag(cli, "--hash");

    if (cli->count > 0)
        return cli_wrong_usage(cli, "nothing is known about `%s`", cli->arguments[0]);
    if (hash)
        return hash_input(cli);
    struct slice secret = random_token(&arena, SECRET_BYTES);

    if (cli->json)
        cli_print_json(json_pack("{s:s, s:s}", "secret", secret.at, "client_secret_hash",
                                 secret_hash(&arena, secret).at));
    else
        printf("%s\n", secret.at);
    arena_release(&arena);
    return EXIT_DONE;
}
