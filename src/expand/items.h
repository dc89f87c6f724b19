/* The tables of expansion items, one per family. */
#ifndef EXPAND_ITEMS_H
#define EXPAND_ITEMS_H

#include "expand/tree.h"

extern const struct item_table item_acl_table;         /* item_acl.c */
extern const struct item_table item_authresults_table; /* item_authresults.c */
extern const struct item_table item_env_table;         /* item_env.c */
extern const struct item_table item_extract_table;     /* item_extract.c */
extern const struct item_table item_file_table;        /* item_file.c */
extern const struct item_table item_if_table;          /* item_if.c */
extern const struct item_table item_imapfolder_table;  /* item_imapfolder.c */
extern const struct item_table item_list_table;        /* item_list.c */
extern const struct item_table item_lookup_table;      /* item_lookup.c */
extern const struct item_table item_prvs_table;        /* item_prvs.c */
extern const struct item_table item_readsocket_table;  /* item_readsocket.c */
extern const struct item_table item_run_table;         /* item_run.c */
extern const struct item_table item_sort_table;        /* item_sort.c */
extern const struct item_table item_string_table;      /* item_string.c */
extern const struct item_table item_certextract_table; /* item_certextract.c */
extern const struct item_table item_unsupported_table; /* item_unsupported.c */

/* Calls each for every row of every table. */
void items_each(void (*each)(void *ctx, const struct item_row *row), void *ctx);

#endif
