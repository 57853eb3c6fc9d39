/*
 * Calls that must not appear in Cardea. Every source file is compiled with this header in front
 * (`-include base/banned.h`, see cmake/flags.cmake), so that a review never has to look for them.
 * The system headers come first: their own declarations must not meet the macros.
 */
#ifndef CARDEA_BASE_BANNED_H
#define CARDEA_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CARDEA_BANNED(name, instead) cardea_banned_##name##_use_##instead

/* No limit on what they write. */
#undef strcpy
#define strcpy(...) CARDEA_BANNED(strcpy, buf)
#undef strcat
#define strcat(...) CARDEA_BANNED(strcat, buf)
#undef strncpy
#define strncpy(...) CARDEA_BANNED(strncpy, slice)
#undef strncat
#define strncat(...) CARDEA_BANNED(strncat, buf)
#undef sprintf
#define sprintf(...) CARDEA_BANNED(sprintf, buf_printf)
#undef vsprintf
#define vsprintf(...) CARDEA_BANNED(vsprintf, buf_printf)
/* Cannot say that the text is no number. */
#undef atoi
#define atoi(...) CARDEA_BANNED(atoi, slice_to_u64)
#undef atol
#define atol(...) CARDEA_BANNED(atol, slice_to_u64)
/* Hidden state. */
#undef strtok
#define strtok(...) CARDEA_BANNED(strtok, slice_next)
#undef gmtime
#define gmtime(...) CARDEA_BANNED(gmtime, gmtime_r)
#undef localtime
#define localtime(...) CARDEA_BANNED(localtime, localtime_r)
#undef rand
#define rand(...) CARDEA_BANNED(rand, random_bytes)

#endif
