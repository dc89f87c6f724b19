/* The names in the tables, for -bV, -bP and the predefined macros. */
#include <string.h>

#include "expand/conditions.h"
#include "expand/items.h"
#include "expand/operators.h"
#include "expand/variables.h"

/* Whom to tell. */
struct listener {
    void (*each)(void *ctx, const char *name);
    void *ctx;
};

static void tell_item(void *ctx, const struct item_row *row)
{
    const struct listener *listener = ctx;
    listener->each(listener->ctx, row->name);
}

static void tell_operator(void *ctx, const struct operator_row *row)
{
    const struct listener *listener = ctx;
    listener->each(listener->ctx, row->name);
}

static void tell_condition(void *ctx, const struct condition_row *row)
{
    const struct listener *listener = ctx;
    listener->each(listener->ctx, row->name);
}

static void tell_refused_item(void *ctx, const struct item_row *row)
{
    if (row->evaluate == item_refuse)
        tell_item(ctx, row);
}

static void tell_refused_condition(void *ctx, const struct condition_row *row)
{
    if (row->test == condition_refuse)
        tell_condition(ctx, row);
}

void expand_names_unsupported(const char *kind, void (*each)(void *ctx, const char *name), void *ctx)
{
    struct listener listener = {each, ctx};

    if (strcmp(kind, "item") == 0)
        items_each(tell_refused_item, &listener);
    else if (strcmp(kind, "condition") == 0)
        conditions_each(tell_refused_condition, &listener);
}

void expand_names(const char *kind, void (*each)(void *ctx, const char *name), void *ctx)
{
    struct listener listener = {each, ctx};
    if (strcmp(kind, "item") == 0)
        items_each(tell_item, &listener);
    else if (strcmp(kind, "operator") == 0)
        operators_each(tell_operator, &listener);
    else if (strcmp(kind, "condition") == 0)
        conditions_each(tell_condition, &listener);
    else if (strcmp(kind, "variable") == 0) {
        for (size_t i = 0; i < variable_table.count; i++)
            each(ctx, variable_table.rows[i].name);
    }
}
