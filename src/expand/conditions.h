/* The tables of conditions, one per family. */
#ifndef EXPAND_CONDITIONS_H
#define EXPAND_CONDITIONS_H

#include "expand/tree.h"

extern const struct condition_table condition_logic_table;   /* conditions_logic.c */
extern const struct condition_table condition_compare_table; /* conditions_compare.c */
extern const struct condition_table condition_match_table;   /* conditions_match.c */
extern const struct condition_table condition_access_table;  /* conditions_access.c */

/* Calls each for every row of every table. */
void conditions_each(void (*each)(void *ctx, const struct condition_row *row), void *ctx);

#endif
