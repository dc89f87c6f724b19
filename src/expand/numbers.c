/* Numbers in expansions: see numbers.h. */
#include "expand/numbers.h"

#include "base/ascii.h"

/* Digits into *value. False: there is none, or too many (*overflow). */
static bool read_digits(struct str text, size_t *at, bool negative, int64_t *value, bool *overflow)
{
    size_t from = *at;
    *value = 0;
    for (; *at < text.n && ascii_is_digit(text.s[*at]); ++*at) {
        int digit = text.s[*at] - '0';
        *overflow |= __builtin_mul_overflow(*value, 10, value) ||
                     __builtin_add_overflow(*value, negative ? -digit : digit, value);
    }
    return *at > from && !*overflow;
}

enum expand_status number_read(struct evaluation *ev, struct str text, bool empty_is_zero, int64_t *value)
{
    size_t at = 0;
    bool overflow = false;
    *value = 0;
    while (at < text.n && ascii_is_space(text.s[at]))
        at++;
    if (at == text.n && (at > 0 || empty_is_zero))
        return EXPAND_OK;
    bool negative = at < text.n && text.s[at] == '-';
    if (at < text.n && (text.s[at] == '-' || text.s[at] == '+'))
        at++;
    bool digits = read_digits(text, &at, negative, value, &overflow);
    if (!digits && !overflow)
        return evaluate_fail(ev, "integer expected but \"%.*s\" found", STR_ARG(text));

    char unit = at < text.n ? ascii_lower(text.s[at]) : '\0';
    int shift = unit == 'k' ? 10 : unit == 'm' ? 20 : unit == 'g' ? 30 : 0;
    if (shift != 0) {
        at++;
        overflow |= __builtin_mul_overflow(*value, (int64_t)1 << shift, value);
    }
    if (overflow)
        return evaluate_fail(ev, "absolute value of integer \"%.*s\" is too large (overflow)", STR_ARG(text));
    while (at < text.n && ascii_is_space(text.s[at]))
        at++;
    if (at < text.n)
        return evaluate_fail(ev, "invalid integer \"%.*s\"", STR_ARG(text));
    return EXPAND_OK;
}
