/* The tables of expansion operators, one per family. */
#ifndef EXPAND_OPERATORS_H
#define EXPAND_OPERATORS_H

#include "expand/tree.h"

extern const struct operator_table operator_address_table; /* operators_address.c */
extern const struct operator_table operator_alabel_table;  /* operators_alabel.c */
extern const struct operator_table operator_codec_table;   /* operators_codec.c */
extern const struct operator_table operator_hash_table;    /* operators_hash.c */
extern const struct operator_table operator_ip_table;      /* operators_ip.c */
extern const struct operator_table operator_list_table;    /* operators_list.c */
extern const struct operator_table operator_number_table;  /* operators_number.c */
extern const struct operator_table operator_system_table;  /* operators_system.c */
extern const struct operator_table operator_text_table;    /* operators_text.c */

/* Calls each for every row of every table. */
void operators_each(void (*each)(void *ctx, const struct operator_row *row), void *ctx);

#endif
