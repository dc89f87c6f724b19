/* Operators on text: case, length, quoting, escaping. */
#include "base/ascii.h"
#include "base/print.h"
#include "expand/evaluate.h"
#include "expand/operators.h"

#define APPLY(name) static enum expand_status name(struct evaluation *ev, const struct operation *op, struct buffer *out)

APPLY(apply_lc)
{
    buffer_add(out, str_lower(ev->arena, op->operand));
    return EXPAND_OK;
}

APPLY(apply_uc)
{
    buffer_add(out, str_upper(ev->arena, op->operand));
    return EXPAND_OK;
}

APPLY(apply_strlen)
{
    (void)ev;
    buffer_printf(out, "%zu", op->operand.n);
    return EXPAND_OK;
}

static const struct operator_row rows[] = {
    {"lc", apply_lc},
    {"strlen", apply_strlen},
    {"uc", apply_uc},
};

const struct operator_table operator_text_table = ROWS(rows);
