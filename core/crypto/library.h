/*
 * Two things that every caller of OpenSSL needs.
 */
#ifndef CARDEA_CRYPTO_LIBRARY_H
#define CARDEA_CRYPTO_LIBRARY_H

#include <stdbool.h>

/*
 * For calls that fail only when memory is gone or the installation is broken: says `what` and
 * aborts, as memory.h does, so that no caller has an error path that nobody ever ran.
 */
void library_must(bool worked, const char *what);

/*
 * To be called after a call that failed. OpenSSL queues its errors per thread, and SSL_get_error()
 * looks there first: a refused signature would break the next TLS connection of the worker.
 */
void library_forget_errors(void);

#endif
