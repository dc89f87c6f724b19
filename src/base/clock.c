/* Time: see clock.h. */
#include "base/clock.h"

#include <limits.h>
#include <time.h>

#include "base/ascii.h"
#include "base/buffer.h"

static const struct {
    char letter;
    int seconds;
} units[] = {{'w', 7 * 24 * 60 * 60}, {'d', 24 * 60 * 60}, {'h', 60 * 60}, {'m', 60}, {'s', 1}};

enum { UNITS = sizeof units / sizeof *units };

int64_t clock_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t deadline_in(int seconds)
{
    return seconds <= 0 ? DEADLINE_NONE : clock_now_ms() + (int64_t)seconds * 1000;
}

int deadline_left_ms(int64_t deadline)
{
    if (deadline == DEADLINE_NONE)
        return -1;
    int64_t now = clock_now_ms();
    if (deadline <= now)
        return 0;
    return deadline - now > INT_MAX ? INT_MAX : (int)(deadline - now);
}

/* Seconds of a unit; 0: there is no such unit. */
static int unit_seconds(char letter)
{
    for (int i = 0; i < UNITS; i++)
        if (units[i].letter == letter)
            return units[i].seconds;
    return 0;
}

bool interval_parse(struct str text, int *seconds)
{
    int total = 0;
    size_t i = 0;

    if (text.n == 0)
        return false;
    while (i < text.n) {
        int count = 0;
        size_t digits = i;
        for (; i < text.n && ascii_is_digit(text.s[i]); i++)
            if (__builtin_mul_overflow(count, 10, &count) ||
                __builtin_add_overflow(count, text.s[i] - '0', &count))
                return false;
        int unit = i > digits && i < text.n ? unit_seconds(text.s[i++]) : 0;
        if (unit == 0 || __builtin_mul_overflow(count, unit, &count) ||
            __builtin_add_overflow(total, count, &total))
            return false;
    }
    *seconds = total;
    return true;
}

struct str interval_format(struct arena *arena, int seconds)
{
    struct buffer b = BUFFER_IN(arena);
    unsigned left = seconds < 0 ? 0U - (unsigned)seconds : (unsigned)seconds;

    if (seconds < 0)
        buffer_add_char(&b, '-');
    for (int i = 0; i < UNITS; i++) {
        unsigned unit = (unsigned)units[i].seconds;
        if (left >= unit)
            buffer_printf(&b, "%u%c", left / unit, units[i].letter);
        left %= unit;
    }
    if (seconds == 0)
        buffer_add_cstr(&b, "0s");
    return buffer_str(&b);
}
