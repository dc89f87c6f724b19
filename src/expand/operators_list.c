/* Operators on lists: listcount, listnamed (manual, 11.6). */
#include "base/strlist.h"
#include "expand/apply.h"
#include "expand/operators.h"

APPLY_OPERATOR(apply_listcount)
{
    struct strlist list;
    struct str item;
    unsigned count = 0;
    for (strlist_begin(&list, op->operand, ':'); strlist_next(&list, ev->arena, &item);)
        count++;
    buffer_printf(out, "%u", count);
    return EXPAND_OK;
}

/* ${listnamed:name} and ${listnamed_d:name}; a plus sign in front of the name is let pass. */
APPLY_OPERATOR(apply_listnamed)
{
    const struct scope_services *services = ev->scope->services;
    struct str name = op->operand, value;
    char kind = '\0';
    if (!str_is_null(op->suffix)) {
        kind = op->suffix.n > 0 ? op->suffix.s[0] : '\0';
        if (kind != 'a' && kind != 'd' && kind != 'h' && kind != 'l')
            return evaluate_fail(ev, "bad suffix on \"list\" operator");
    }
    if (name.n > 0 && name.s[0] == '+')
        name = str_sub(ev->arena, name, 1, name.n);
    if (services == NULL || services->named_list == NULL)
        return evaluate_fail(ev, "\"%.*s\" is not a named list", STR_ARG(name));
    if (!services->named_list(ev->scope, name, kind, &value, ev->err))
        return EXPAND_FAILED;
    buffer_add(out, value);
    return EXPAND_OK;
}

static const struct operator_row rows[] = {
    {"listcount", apply_listcount},
    {"listnamed", apply_listnamed},
};

const struct operator_table operator_list_table = ROWS(rows);
