/* Expansion operators: finding a row (manual, 11.6). */
#include "expand/operators.h"

static const struct operator_table *const tables[] = {
    &operator_text_table,  &operator_hash_table, &operator_number_table, &operator_address_table,
    &operator_codec_table, &operator_ip_table,   &operator_list_table,   &operator_system_table,
    &operator_alabel_table,
};

static const struct operator_row *find_row(struct str name)
{
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            if (str_is(name, tables[t]->rows[i].name))
                return &tables[t]->rows[i];
        }
    }
    return NULL;
}

/* The whole name, or the part before an underscore (the first of them: what follows may have its own). */
const struct operator_row *operator_find(struct str name, struct str *suffix)
{
    const struct operator_row *row = find_row(name);
    ptrdiff_t underscore = str_find(name, '_');
    *suffix = STR_NULL;
    if (row != NULL || underscore < 0)
        return row;
    *suffix = (struct str){name.s + underscore + 1, name.n - (size_t)underscore - 1, false};
    return find_row((struct str){name.s, (size_t)underscore, false});
}

void operators_each(void (*each)(void *ctx, const struct operator_row *row), void *ctx)
{
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (size_t i = 0; i < tables[t]->count; i++)
            each(ctx, &tables[t]->rows[i]);
    }
}
