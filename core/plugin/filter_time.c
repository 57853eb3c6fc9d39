#include "base/clock.h"
#include "base/codec.h"
#include "plugin/filter_kinds.h"

/* From the year 1000 to 9999: what four digits can say. */
static const int64_t TIME_MIN = INT64_C(-30610224000);
static const int64_t TIME_MAX = INT64_C(253402300799);
/* Whatever is larger counts milliseconds: as seconds it would be the year 5138. */
static const int64_t SECONDS_MAX = INT64_C(100000000000);

struct moment {
    int year, month, day, hour, minute, second;
};

/* ---- reading ---- */

/* From `least` to `most` digits at the front of `*rest`. */
static bool read_digits(struct slice *rest, size_t least, size_t most, int *number_r)
{
    size_t i = 0;
    int number = 0;

    while (i < most && i < rest->len && rest->at[i] >= '0' && rest->at[i] <= '9')
        number = number * 10 + (rest->at[i++] - '0');
    *rest = slice_from(*rest, i);
    *number_r = number;
    return i >= least;
}

static bool read_byte(struct slice *rest, char wanted)
{
    if (rest->len == 0 || rest->at[0] != wanted)
        return false;
    *rest = slice_from(*rest, 1);
    return true;
}

static int days_of_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

/* A year of 0 is one that is not known; then the 29th of February may be. */
static bool is_date(int year, int month, int day)
{
    return month >= 1 && month <= 12 && day >= 1 &&
           day <= days_of_month(year == 0 ? 2000 : year, month);
}

/* "Z", "+02:00", "-0700"; seconds east of Greenwich. */
static bool read_zone(struct slice *rest, int *offset_r)
{
    int sign = read_byte(rest, '-') ? -1 : 1;
    int hours;
    int minutes = 0;

    if (sign == 1 && (read_byte(rest, 'Z') || read_byte(rest, 'z') || rest->len == 0)) {
        *offset_r = 0;
        return true;
    }
    if (sign == 1 && !read_byte(rest, '+'))
        return false;
    if (!read_digits(rest, 2, 2, &hours))
        return false;
    read_byte(rest, ':');
    if (rest->len > 0 && !read_digits(rest, 2, 2, &minutes))
        return false;
    *offset_r = sign * (hours * 3600 + minutes * 60);
    return hours < 24 && minutes < 60;
}

static bool read_clock(struct slice *rest, struct moment *moment)
{
    int fraction;

    if (!read_digits(rest, 2, 2, &moment->hour) || !read_byte(rest, ':') ||
        !read_digits(rest, 2, 2, &moment->minute))
        return false;
    if (read_byte(rest, ':') && !read_digits(rest, 2, 2, &moment->second))
        return false;
    if (read_byte(rest, '.')) {
        while (read_digits(rest, 1, 9, &fraction))
            continue;
    }
    return moment->hour < 24 && moment->minute < 60 && moment->second <= 60;
}

/* Days since 1970 of a date of the Gregorian calendar. */
static int64_t days_since_1970(int year, int month, int day)
{
    int64_t y =
        month <= 2 ? year - 1 : year; /* a year that begins in March ends with the odd day */
    int64_t in_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return 365 * y + y / 4 - y / 100 + y / 400 + in_year - 719468;
}

/* ISO 8601: a date, perhaps with a time, perhaps with a zone (none: UTC). */
static bool read_iso(struct slice text, int64_t *seconds_r)
{
    struct slice rest = slice_trim(text);
    struct moment m = { 0 };
    int offset = 0;

    if (!read_digits(&rest, 4, 4, &m.year) || m.year == 0 || !read_byte(&rest, '-') ||
        !read_digits(&rest, 2, 2, &m.month) || !read_byte(&rest, '-') ||
        !read_digits(&rest, 2, 2, &m.day) || !is_date(m.year, m.month, m.day))
        return false;
    if (rest.len > 0 && ((!read_byte(&rest, 'T') && !read_byte(&rest, ' ')) ||
                         !read_clock(&rest, &m) || !read_zone(&rest, &offset) || rest.len > 0))
        return false;
    *seconds_r = days_since_1970(m.year, m.month, m.day) * 86400 + m.hour * 3600 + m.minute * 60 +
                 m.second - offset;
    return true;
}

/* Seconds or milliseconds since 1970, as a number or its text. */
static bool read_count(const struct filtering *filtering, const json_t *value, int64_t *seconds_r)
{
    struct slice text = filter_text_of(filtering, value);
    bool negative = text.len > 1 && text.at[0] == '-';
    uint64_t count;

    if (json_is_real(value) && json_real_value(value) > -1e15 && json_real_value(value) < 1e15) {
        *seconds_r = (int64_t)json_real_value(value);
    } else {
        text = slice_sub(text, 0, slice_find(text, '.'));
        if (!slice_to_u64(slice_from(text, negative), INT64_MAX, &count))
            return false;
        *seconds_r = negative ? -(int64_t)count : (int64_t)count;
    }
    if (*seconds_r > SECONDS_MAX || *seconds_r < -SECONDS_MAX)
        *seconds_r /= 1000;
    return true;
}

static bool read_time(const struct filtering *filtering, const json_t *value, int64_t *seconds_r)
{
    return (read_count(filtering, value, seconds_r) || read_iso(json_slice(value), seconds_r)) &&
           *seconds_r >= TIME_MIN && *seconds_r <= TIME_MAX;
}

/* ---- filters ---- */

json_t *filter_time(const struct filtering *filtering, const json_t *value)
{
    int64_t seconds;

    return read_time(filtering, value, &seconds) ? json_integer(seconds) : NULL;
}

json_t *filter_iso(const struct filtering *filtering, const json_t *value)
{
    char text[CLOCK_TEXT];
    int64_t seconds;

    if (!read_time(filtering, value, &seconds))
        return NULL;
    clock_format(seconds * 1000, text);
    struct slice head = slice_sub(slice_of(text), 0, slice_find(slice_of(text), '.'));

    return json_from_slice(arena_join(filtering->arena, head, SL("Z")));
}

/* How many times the letter stands at the front. */
static size_t run_of(struct slice format)
{
    size_t len = 1;

    while (len < format.len && format.at[len] == format.at[0])
        len++;
    return len;
}

/* One run of Y, M or D, or one byte that stands for itself. One letter is one or two digits. */
static bool read_part(struct slice *format, struct slice *rest, struct moment *moment)
{
    char letter = format->at[0];
    size_t run = run_of(*format);
    int *part = letter == 'Y'   ? &moment->year
                : letter == 'M' ? &moment->month
                : letter == 'D' ? &moment->day
                                : NULL;

    if (part == NULL) {
        *format = slice_from(*format, 1);
        return read_byte(rest, letter);
    }
    *format = slice_from(*format, run);
    return read_digits(rest, run, run == 1 ? 2 : run, part);
}

/* As OpenID Connect has it (Core, 5.1): "YYYY-MM-DD", the year alone, or 0000 for one not known. */
json_t *filter_date(const struct filtering *filtering, const json_t *value)
{
    struct slice format = filtering->argument;
    struct slice rest = slice_trim(filter_text_of(filtering, value));
    struct moment m = { 0 };

    while (format.len > 0) {
        if (!read_part(&format, &rest, &m))
            return NULL;
    }
    if (rest.len > 0)
        return NULL;
    if (!slice_has(filtering->argument, 'M'))
        return m.year > 0 ? json_from_slice(arena_printf(filtering->arena, "%04d", m.year)) : NULL;
    if (!is_date(m.year, m.month, m.day))
        return NULL;
    return json_from_slice(
        arena_printf(filtering->arena, "%04d-%02d-%02d", m.year, m.month, m.day));
}

/* One run of each letter: a year of four, a month and a day of one or two, those two together. */
const char *filter_judge_date(struct slice argument)
{
    static const char wrong[] = "a date is written with YYYY, MM or M, and DD or D, each once";
    size_t runs[3] = { 0, 0, 0 };

    for (struct slice rest = argument; rest.len > 0;) {
        const char *letter = strchr("YMD", rest.at[0]);
        size_t run = letter != NULL && *letter != '\0' ? run_of(rest) : 0;

        if (run > 0 && runs[letter - "YMD"]++ > 0)
            return wrong;
        if (run > 0 && (*letter == 'Y' ? run != 4 : run > 2))
            return wrong;
        rest = slice_from(rest, run > 0 ? run : 1);
    }
    return runs[1] == runs[2] && runs[0] + runs[1] > 0 ? NULL : wrong;
}

/* ---- written ---- */

/* "FORMAT" or "FORMAT, +08:00". */
static bool split_zone(struct slice argument, struct slice *format_r, int *offset_r)
{
    size_t comma = argument.len;

    while (comma > 0 && argument.at[comma - 1] != ',')
        comma--;
    *offset_r = 0;
    *format_r = argument;
    if (comma == 0)
        return true;
    struct slice zone = slice_trim(slice_from(argument, comma));

    *format_r = slice_sub(argument, 0, comma - 1);
    return zone.len > 0 && read_zone(&zone, offset_r) && zone.len == 0;
}

/* The parts of a time by the letters that stand for them, two or (a year) four of each. */
static int part_of(const struct tm *tm, char letter)
{
    switch (letter) {
    case 'Y':
        return tm->tm_year + 1900;
    case 'M':
        return tm->tm_mon + 1;
    case 'D':
        return tm->tm_mday;
    case 'h':
        return tm->tm_hour;
    case 'm':
        return tm->tm_min;
    case 's':
        return tm->tm_sec;
    default:
        return -1;
    }
}

json_t *filter_format(const struct filtering *filtering, const json_t *value)
{
    struct slice format;
    struct buf out = BUF_INIT(FILTER_TEXT_MAX);
    struct tm tm = { 0 };
    int64_t seconds;
    int offset;

    if (!split_zone(filtering->argument, &format, &offset) ||
        !read_time(filtering, value, &seconds))
        return NULL;
    time_t when = (time_t)(seconds + offset);

    gmtime_r(&when, &tm);
    while (format.len > 0) {
        size_t run = run_of(format);
        int part = part_of(&tm, format.at[0]);

        if (part >= 0)
            buf_printf(&out, "%0*d", (int)run, part);
        else
            buf_add(&out, slice_sub(format, 0, run));
        format = slice_from(format, run);
    }
    return filter_take(&out);
}

const char *filter_judge_format(struct slice argument)
{
    static const char wrong[] = "a time is written with YYYY, MM, DD, hh, mm and ss, perhaps with "
                                "a zone: \"hh:mm, +08:00\"";
    struct slice format;
    struct tm tm = { 0 };
    int offset;

    if (!split_zone(argument, &format, &offset) || format.len == 0)
        return wrong;
    for (; format.len > 0; format = slice_from(format, run_of(format))) {
        if (part_of(&tm, format.at[0]) >= 0 && run_of(format) != (format.at[0] == 'Y' ? 4U : 2U))
            return wrong;
    }
    return NULL;
}
