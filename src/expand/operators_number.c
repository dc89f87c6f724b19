/* Operators that make or take numbers: base32, base62, eval, randint, time_interval (manual, 11.6). */
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/secret.h"
#include "expand/apply.h"
#include "expand/arithmetic.h"
#include "expand/numbers.h"
#include "expand/operators.h"

/* --- base32, base62 and back */

static const char digits32[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char digits62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

enum { BASE62_WIDTH = 6 };

static bool read_decimal(struct str text, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (!ascii_is_digit(text.s[i]) || __builtin_mul_overflow(*value, (uint64_t)10, value) ||
            __builtin_add_overflow(*value, (uint64_t)(text.s[i] - '0'), value))
            return false;
    }
    return true;
}

static enum expand_status decimal_operand(struct evaluation *ev, const struct operation *op, const char *name,
                                          uint64_t *value)
{
    if (read_decimal(op->operand, value))
        return EXPAND_OK;
    return evaluate_fail(ev, "argument for %s operator is \"%.*s\", which is not a decimal number",
                         name, STR_ARG(op->operand));
}

APPLY_OPERATOR(apply_base32)
{
    char text[16];
    size_t at = sizeof text;
    uint64_t value;
    enum expand_status status = decimal_operand(ev, op, "base32", &value);
    if (status != EXPAND_OK)
        return status;
    for (; value > 0; value /= 32)
        text[--at] = digits32[value % 32];
    buffer_add_n(out, text + at, sizeof text - at);
    return EXPAND_OK;
}

/* Six digits, as message ids have them. */
APPLY_OPERATOR(apply_base62)
{
    char text[BASE62_WIDTH];
    uint64_t value;
    enum expand_status status = decimal_operand(ev, op, "base62", &value);
    if (status != EXPAND_OK)
        return status;
    for (size_t at = BASE62_WIDTH; at-- > 0; value /= 62)
        text[at] = digits62[value % 62];
    buffer_add_n(out, text, sizeof text);
    return EXPAND_OK;
}

static enum expand_status to_decimal(struct evaluation *ev, const struct operation *op, const char *digits,
                                     struct buffer *out)
{
    uint64_t value = 0, base = strlen(digits);
    for (size_t i = 0; i < op->operand.n; i++) {
        char c = op->operand.s[i];
        const char *digit = c == '\0' ? NULL : strchr(digits, c);
        if (digit == NULL)
            return evaluate_fail(
                ev, "argument for %.*s operator is \"%.*s\", which is not a base %" PRIu64 " number",
                STR_ARG(op->name), STR_ARG(op->operand), base);
        value = value * base + (uint64_t)(digit - digits);
    }
    buffer_printf(out, "%" PRId64, (int64_t)value);
    return EXPAND_OK;
}

APPLY_OPERATOR(apply_base32d)
{
    return to_decimal(ev, op, digits32, out);
}

APPLY_OPERATOR(apply_base62d)
{
    return to_decimal(ev, op, digits62, out);
}

/* --- eval, eval10 */

static enum expand_status evaluate_number(struct evaluation *ev, struct str text, bool decimal_only,
                                          struct buffer *out)
{
    int64_t value;
    struct arithmetic_error why;
    if (!arithmetic_evaluate(text, decimal_only, &value, &why))
        return evaluate_fail(ev, "error in expression evaluation: %s (after processing \"%.*s\")", why.text,
                             (int)why.at, text.s);
    buffer_printf(out, "%" PRId64, value);
    return EXPAND_OK;
}

APPLY_OPERATOR(apply_eval)
{
    return evaluate_number(ev, op->operand, false, out);
}

APPLY_OPERATOR(apply_eval10)
{
    return evaluate_number(ev, op->operand, true, out);
}

/* --- randint */

APPLY_OPERATOR(apply_randint)
{
    int64_t limit;
    uint64_t random;
    enum expand_status status = number_read(ev, op->operand, false, &limit);
    if (status != EXPAND_OK)
        return status;
    if (limit < 0)
        return evaluate_fail(ev, "non-negative integer expected but \"%.*s\" found", STR_ARG(op->operand));
    random_octets(&random, sizeof random);
    buffer_printf(out, "%" PRIu64, limit == 0 ? 0 : random % (uint64_t)limit);
    return EXPAND_OK;
}

/* --- Intervals */

APPLY_OPERATOR(apply_time_eval)
{
    int seconds;
    if (!interval_parse(op->operand, &seconds))
        return evaluate_fail(ev, "string \"%.*s\" is not an Exim time interval in \"%.*s\" operator",
                             STR_ARG(op->operand), STR_ARG(op->name));
    buffer_printf(out, "%d", seconds);
    return EXPAND_OK;
}

APPLY_OPERATOR(apply_time_interval)
{
    uint64_t seconds;
    if (!read_decimal(op->operand, &seconds) || seconds > INT_MAX)
        return evaluate_fail(ev, "string \"%.*s\" is not a positive number in \"%.*s\" operator",
                             STR_ARG(op->operand), STR_ARG(op->name));
    buffer_add(out, interval_format(ev->arena, (int)seconds));
    return EXPAND_OK;
}

static const struct operator_row rows[] = {
    {"base32", apply_base32},   {"base32d", apply_base32d},     {"base62", apply_base62},
    {"base62d", apply_base62d}, {"eval", apply_eval},           {"eval10", apply_eval10},
    {"randint", apply_randint}, {"time_eval", apply_time_eval}, {"time_interval", apply_time_interval},
};

const struct operator_table operator_number_table = ROWS(rows);
