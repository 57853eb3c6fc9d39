/*
 * What time it is. Everybody asks here, so that one place decides.
 */
#ifndef CARDEA_BASE_CLOCK_H
#define CARDEA_BASE_CLOCK_H

#include "base/arena.h"

/* Seconds since 1970, as tokens and records have it. */
int64_t clock_now(void);
/* Milliseconds since 1970. */
int64_t clock_now_ms(void);
/* Milliseconds that never go back, for deadlines and durations. */
int64_t clock_monotonic_ms(void);
/* Microseconds that never go back, for histograms. */
int64_t clock_monotonic_us(void);

/* "2026-11-23T18:04:05.123Z" into a buffer of CLOCK_TEXT bytes. */
enum {
    CLOCK_TEXT = 32
};
void clock_format(int64_t milliseconds, char text[CLOCK_TEXT]);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7) into a buffer of CLOCK_TEXT bytes. */
void clock_format_http(int64_t seconds, char text[CLOCK_TEXT]);

#endif
