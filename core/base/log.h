/*
 * The log: one line per event on standard error, JSON (one object a line) or text for a terminal.
 *
 * A line says what happened, and where in which flow: the flow engine sets `log_context` while a
 * flow runs, so that no caller has to pass it on. Bytes from strangers may go into a message: they
 * are escaped, and the message is cut where the line would pass LOG_LINE_MAX, which one write() to
 * a pipe takes whole: lines of several processes do not mix. Secrets, codes, tokens and cookies
 * never go in, at any level; log them as `secret_name()` (crypto/secret.h), a short hash that lets
 * two lines be compared.
 */
#ifndef CARDEA_BASE_LOG_H
#define CARDEA_BASE_LOG_H

#include "base/slice.h"

enum log_level {
    LEVEL_DEBUG,
    LEVEL_INFO,
    LEVEL_WARN,
    LEVEL_ERROR,
    LEVEL_AUDIT /* security events: always written, marked "audit" */
};

enum log_format {
    FORMAT_AUTO, /* text when standard error is a terminal, else JSON */
    FORMAT_JSON,
    FORMAT_TEXT
};

enum {
    LOG_LINE_MAX = 4096
};

/* What the running flow is; absent fields are left out of the line. */
struct log_context {
    const char *process; /* "master", "worker 1", "jail", ... */
    struct slice request;
    const char *step;
    struct slice provider;
    struct slice client;
};

extern struct log_context log_context;

void log_configure(enum log_level level, enum log_format format);
bool log_wants(enum log_level level);

/* Where lines go; standard error unless told. For tests and for `cardea demo`. */
void log_to_descriptor(int fd);

void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_debug(...)                                                                             \
    do {                                                                                           \
        if (log_wants(LEVEL_DEBUG))                                                                \
            log_write(LEVEL_DEBUG, __VA_ARGS__);                                                   \
    } while (0)
#define log_info(...)  log_write(LEVEL_INFO, __VA_ARGS__)
#define log_warn(...)  log_write(LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_write(LEVEL_ERROR, __VA_ARGS__)

/* One audit line: a fixed event name, then what is to be known of it. */
void log_audit(const char *event, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
