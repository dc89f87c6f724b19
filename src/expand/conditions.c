/* Conditions: finding a row, and evaluating one with its negation (manual, 11.7). */
#include "expand/conditions.h"

#include "expand/evaluate.h"

static const struct condition_table *const tables[] = {
    &condition_compare_table,
    &condition_logic_table,
    &condition_match_table,
    &condition_access_table,
};

const struct condition_row *condition_find(struct str name)
{
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            if (str_is(name, tables[t]->rows[i].name))
                return &tables[t]->rows[i];
        }
    }
    return NULL;
}

void conditions_each(void (*each)(void *ctx, const struct condition_row *row), void *ctx)
{
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (size_t i = 0; i < tables[t]->count; i++)
            each(ctx, &tables[t]->rows[i]);
    }
}

enum expand_status evaluate_condition(struct evaluation *ev, const struct condition_node *condition,
                                      bool *yes)
{
    const struct condition_row *row = condition->row;
    enum expand_status status = evaluate_count(ev, 0);
    *yes = false;
    if (status != EXPAND_OK)
        return status;
    if (row->evaluate != NULL) {
        status = row->evaluate(ev, condition, yes);
    } else {
        struct str args[MAX_ARGUMENTS];
        status = evaluate_arguments(ev, condition->args, condition->arg_count, args);
        if (status == EXPAND_OK && condition->fault != NULL)
            status = evaluate_fault(ev, condition->fault);
        if (status == EXPAND_OK)
            status = row->test(ev, condition, args, yes);
    }
    if (condition->negate)
        *yes = !*yes;
    return status;
}
