#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"

#include <errno.h>
#include <unistd.h>

struct log_context log_context;

static enum log_level least = LEVEL_INFO;
static enum log_format chosen = FORMAT_AUTO;
static int descriptor = 2;

static const char *const level_names[] = { "debug", "info", "warn", "error", "audit" };

void log_configure(enum log_level level, enum log_format format)
{
    least = level;
    chosen = format;
}

bool log_wants(enum log_level level)
{
    return level >= least;
}

void log_to_descriptor(int fd)
{
    descriptor = fd;
}

static void add_field(struct buf *line, const char *name, struct slice value)
{
    if (value.len == 0)
        return;
    buf_printf(line, ",\"%s\":", name);
    buf_add_json(line, slice_sub(value, 0, 128));
}

static void format_json(struct buf *line, enum log_level level, const char *time, const char *event,
                        struct slice message)
{
    buf_printf(line, "{\"time\":\"%s\",\"level\":\"%s\"", time, level_names[level]);
    add_field(line, "process", slice_of(log_context.process));
    add_field(line, "event", slice_of(event));
    add_field(line, "request", log_context.request);
    add_field(line, "step", slice_of(log_context.step));
    add_field(line, "provider", log_context.provider);
    add_field(line, "client", log_context.client);
    buf_add_text(line, ",\"message\":");
    buf_add_json(line, message);
    buf_add_text(line, "}\n");
}

static void format_text(struct buf *line, enum log_level level, const char *time, const char *event,
                        struct slice message)
{
    struct buf escaped = BUF_INIT(LOG_LINE_MAX * 6);

    /* The JSON escaper keeps terminals safe from control bytes; its quotes are cut off again. */
    buf_add_json(&escaped, message);
    struct slice inside = slice_sub(buf_slice(&escaped), 1, escaped.len - 2);

    buf_printf(line, "%.8s %-5s ", time + 11, level_names[level]);
    if (log_context.process != NULL)
        buf_printf(line, "[%s] ", log_context.process);
    if (event != NULL)
        buf_printf(line, "%s: ", event);
    buf_add(line, inside);
    if (log_context.step != NULL)
        buf_printf(line, " (%s", log_context.step);
    if (log_context.request.len > 0)
        buf_printf(line, "%s%.*s", log_context.step != NULL ? ", " : " (",
                   SLICE_ARG(log_context.request));
    if (log_context.step != NULL || log_context.request.len > 0)
        buf_add_byte(line, ')');
    buf_add_byte(line, '\n');
    buf_release(&escaped);
}

static void write_line(enum log_level level, const char *event, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void write_line(enum log_level level, const char *event, const char *format, va_list args)
{
    char message[LOG_LINE_MAX];
    char time[CLOCK_TEXT];
    struct buf line = BUF_INIT(LOG_LINE_MAX * 8);
    int len = vsnprintf(message, sizeof(message), format, args);

    if (len < 0)
        return;
    if ((size_t)len >= sizeof(message)) {
        static const char cut[] = " ...(cut)";

        len = (int)sizeof(message) - 1;
        memcpy(message + len - sizeof(cut) + 1, cut, sizeof(cut));
    }
    if (chosen == FORMAT_AUTO)
        chosen = isatty(descriptor) ? FORMAT_TEXT : FORMAT_JSON;
    clock_format(clock_now_ms(), time);
    (chosen == FORMAT_JSON ? format_json : format_text)(&line, level, time, event,
                                                        slice_make(message, (size_t)len));
    /* One write per line, so that the lines of several processes do not mix. */
    struct slice text = buf_slice(&line);
    ssize_t written;

    do
        written = write(descriptor, text.at, text.len);
    while (written < 0 && errno == EINTR);
    buf_release(&line);
}

void log_write(enum log_level level, const char *format, ...)
{
    va_list args;

    if (!log_wants(level))
        return;
    va_start(args, format);
    write_line(level, NULL, format, args);
    va_end(args);
}

void log_audit(const char *event, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_line(LEVEL_AUDIT, event, format, args);
    va_end(args);
}
