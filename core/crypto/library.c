#include "crypto/library.h"

#include <openssl/err.h>

void library_must(bool worked, const char *what)
{
    char reason[256] = "no reason given";

    if (worked)
        return;
    if (ERR_peek_error() != 0)
        ERR_error_string_n(ERR_peek_error(), reason, sizeof(reason));
    fprintf(stderr, "cardea: the crypto library failed at: %s (%s)\n", what, reason);
    abort();
}

void library_forget_errors(void)
{
    ERR_clear_error();
}
