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

static enum expand_status evaluate_row(struct evaluation *ev, const struct condition_node *condition,
                                       bool *yes)
{
    const struct condition_row *row = condition->row;
    if (row->evaluate != NULL)
        return row->evaluate(ev, condition, yes);
    struct str args[MAX_ARGUMENTS];
    enum expand_status status = evaluate_arguments(ev, condition->args, condition->arg_count, args);
    if (status == EXPAND_OK && condition->fault != NULL)
        status = evaluate_fault(ev, condition->fault);
    return status == EXPAND_OK ? row->test(ev, condition, args, yes) : status;
}

enum expand_status evaluate_condition(struct evaluation *ev, const struct condition_node *condition,
                                      bool *yes)
{
    *yes = false;
    enum expand_status status = evaluate_deeper(ev);
    if (status != EXPAND_OK)
        return status;
    status = evaluate_count(ev, 0);
    if (status == EXPAND_OK)
        status = evaluate_row(ev, condition, yes);
    ev->scope->depth--;
    if (condition->negate)
        *yes = !*yes;
    return status;
}
