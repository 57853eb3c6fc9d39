#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"

#include <errno.h>
#include <unistd.h>

struct log_context log_context;

enum {
    FIELD_MAX = 256 /* escaped bytes of one field beside the message */
};

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

/* The longest beginning of escaped text that fits and ends between two characters. */
static struct slice cut_escaped(struct slice text, size_t room)
{
    size_t at = 0;

    while (at < text.len) {
        unsigned char c = (unsigned char)text.at[at];
        size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

        if (c == '\\')
            len = text.at[at + 1] == 'u' ? 6 : 2;
        if (len > room - at)
            break;
        at += len;
    }
    return slice_sub(text, 0, at);
}

/* As the inside of a JSON text, which is safe on a terminal too, in at most `room` bytes. */
static void add_escaped(struct buf *line, struct slice text, size_t room)
{
    static const struct slice mark = SLICE(" ...(cut)");
    struct buf escaped = BUF_INIT(LOG_LINE_MAX * 6 + 2);

    buf_add_json(&escaped, slice_sub(text, 0, LOG_LINE_MAX));
    struct slice inside = slice_sub(buf_slice(&escaped), 1, escaped.len - 2);

    if (inside.len <= room) {
        buf_add(line, inside);
    } else {
        buf_add(line, cut_escaped(inside, room - mark.len));
        buf_add(line, mark);
    }
    buf_release(&escaped);
}

static void add_field(struct buf *line, const char *name, struct slice value)
{
    if (value.len == 0)
        return;
    buf_printf(line, ",\"%s\":\"", name);
    add_escaped(line, value, FIELD_MAX);
    buf_add_byte(line, '"');
}

static void format_json(struct buf *line, enum log_level level, const char *time, const char *event,
                        struct slice message)
{
    static const struct slice end = SLICE("\"}\n");

    buf_printf(line, "{\"time\":\"%s\",\"level\":\"%s\"", time, level_names[level]);
    add_field(line, "process", slice_of(log_context.process));
    add_field(line, "event", slice_of(event));
    add_field(line, "request", log_context.request);
    add_field(line, "step", slice_of(log_context.step));
    add_field(line, "provider", log_context.provider);
    add_field(line, "client", log_context.client);
    buf_add_text(line, ",\"message\":\"");
    add_escaped(line, message, LOG_LINE_MAX - line->len - end.len);
    buf_add(line, end);
}

/* "login_read_tokens, 1f3a": where it happened, in brackets behind the message. */
static void add_place(struct buf *place)
{
    if (log_context.step == NULL && log_context.request.len == 0)
        return;
    buf_add_text(place, " (");
    add_escaped(place, slice_of(log_context.step), FIELD_MAX);
    if (log_context.step != NULL && log_context.request.len > 0)
        buf_add_text(place, ", ");
    add_escaped(place, log_context.request, FIELD_MAX);
    buf_add_byte(place, ')');
}

static void format_text(struct buf *line, enum log_level level, const char *time, const char *event,
                        struct slice message)
{
    struct buf place = BUF_INIT(3 * FIELD_MAX);

    buf_printf(line, "%.8s %-5s ", time + 11, level_names[level]);
    if (log_context.process != NULL)
        buf_printf(line, "[%.*s] ", FIELD_MAX, log_context.process);
    if (event != NULL)
        buf_printf(line, "%.*s: ", FIELD_MAX, event);
    add_place(&place);
    add_escaped(line, message, LOG_LINE_MAX - line->len - place.len - 1);
    buf_add(line, buf_slice(&place));
    buf_add_byte(line, '\n');
    buf_release(&place);
}

static void write_line(enum log_level level, const char *event, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void write_line(enum log_level level, const char *event, const char *format, va_list args)
{
    /* One byte more than is ever written, so that a message that was cut here is cut again, with
     * its mark, when it is added to the line. */
    char message[LOG_LINE_MAX + 1];
    char time[CLOCK_TEXT];
    struct buf line = BUF_INIT(LOG_LINE_MAX);
    int len = vsnprintf(message, sizeof(message), format, args);
    int saved = errno;

    if (len < 0)
        return;
    if ((size_t)len >= sizeof(message))
        len = sizeof(message) - 1;
    if (chosen == FORMAT_AUTO)
        chosen = isatty(descriptor) ? FORMAT_TEXT : FORMAT_JSON;
    clock_format(clock_now_ms(), time);
    (chosen == FORMAT_JSON ? format_json : format_text)(&line, level, time, event,
                                                        slice_make(message, (size_t)len));
    struct slice text = buf_slice(&line);
    ssize_t written;

    do
        written = write(descriptor, text.at, text.len);
    while (written < 0 && errno == EINTR);
    buf_release(&line);
    errno = saved; /* a caller may log before it looks */
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
