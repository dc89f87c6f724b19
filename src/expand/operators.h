/* The tables of expansion operators, one per family. */
#ifndef EXPAND_OPERATORS_H
#define EXPAND_OPERATORS_H

#include "expand/tree.h"

extern const struct operator_table operator_text_table; /* operators_text.c */

/* Calls each for every row of every table. */
void operators_each(void (*each)(void *ctx, const struct operator_row *row), void *ctx);

#endif
