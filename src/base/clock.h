/* Time: a monotonic clock for deadlines, and Exim's notation for intervals. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* A deadline is a point of the monotonic clock in milliseconds. */
#define DEADLINE_NONE INT64_MAX

/* Milliseconds of the monotonic clock. */
int64_t clock_now_ms(void);

/* The deadline that lies that many seconds ahead; 0 or less: DEADLINE_NONE. */
int64_t deadline_in(int seconds);

/* Milliseconds left for poll(): 0 when it has passed, -1 for DEADLINE_NONE, capped at INT_MAX. */
int deadline_left_ms(int64_t deadline);

/* Reads an interval: numbers with the units w d h m s, in any order, added up (manual, 6.16),
 * such as 1h30m. False: malformed or more than INT_MAX seconds. */
bool interval_parse(struct str text, int *seconds);

/* Writes an interval in that notation: 0s, 5m, 1w2d. */
struct str interval_format(struct arena *arena, int seconds);

#endif
