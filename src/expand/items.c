/* Expansion items: finding a row (manual, 11.5). */
#include "expand/items.h"

static const struct item_table *const tables[] = {
    &item_if_table,          &item_lookup_table,      &item_extract_table, &item_string_table,
    &item_list_table,        &item_acl_table,         &item_authresults_table,
    &item_certextract_table, &item_env_table,         &item_file_table,    &item_imapfolder_table,
    &item_prvs_table,        &item_readsocket_table,  &item_run_table,     &item_sort_table,
    &item_unsupported_table,
};

const struct item_row *item_find(struct str name)
{
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            if (str_is(name, tables[t]->rows[i].name))
                return &tables[t]->rows[i];
        }
    }
    return NULL;
}

void items_each(void (*each)(void *ctx, const struct item_row *row), void *ctx)
{
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (size_t i = 0; i < tables[t]->count; i++)
            each(ctx, &tables[t]->rows[i]);
    }
}
