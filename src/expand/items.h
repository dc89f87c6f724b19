/* The tables of expansion items, one per family. */
#ifndef EXPAND_ITEMS_H
#define EXPAND_ITEMS_H

#include "expand/tree.h"

extern const struct item_table item_acl_table;     /* item_acl.c */
extern const struct item_table item_if_table;      /* item_if.c */

/* Calls each for every row of every table. */
void items_each(void (*each)(void *ctx, const struct item_row *row), void *ctx);

#endif
