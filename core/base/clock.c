#include "base/clock.h"

static int64_t read_us(clockid_t which)
{
    struct timespec now;

    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_now(void)
{
    return read_us(CLOCK_REALTIME) / 1000000;
}

int64_t clock_now_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_monotonic_ms(void)
{
    return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_monotonic_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

void clock_format(int64_t milliseconds, char text[CLOCK_TEXT])
{
    time_t seconds = (time_t)(milliseconds / 1000);
    struct tm tm;
    char date[24];

    gmtime_r(&seconds, &tm);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text, CLOCK_TEXT, "%s.%03dZ", date, (int)(milliseconds % 1000));
}

void clock_format_http(int64_t seconds, char text[CLOCK_TEXT])
{
    static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t when = (time_t)seconds;
    struct tm tm;
    char rest[20];

    gmtime_r(&when, &tm); /* names by hand: strftime would follow the locale */
    strftime(rest, sizeof(rest), "%Y %H:%M:%S GMT", &tm);
    snprintf(text, CLOCK_TEXT, "%s, %02d %s %s", days[tm.tm_wday % 7], tm.tm_mday % 100,
             months[tm.tm_mon % 12], rest);
}
