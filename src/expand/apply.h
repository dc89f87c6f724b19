/* How the function of an operator is declared. Inside src/expand only. */
#ifndef EXPAND_APPLY_H
#define EXPAND_APPLY_H

#include "expand/evaluate.h"

/* Adds what the operator makes of op->operand to out. */
#define APPLY_OPERATOR(name) \
    static enum expand_status name(__attribute__((unused)) struct evaluation *ev, \
                                   const struct operation *op, struct buffer *out)

#endif
