/* ${acl{name}{arg}...} and the running of ACLs that it shares with the condition (manual, 11.5). */
#include "expand/call_acl.h"
#include "expand/items.h"
#include "expand/parse_item.h"

enum expand_status call_acl(struct evaluation *ev, const struct str *args, unsigned n, bool *accepted,
                            struct str *message)
{
    const struct scope_services *services = ev->scope->services;
    enum match_result result = MATCH_ERROR;
    struct error why = ERROR_IN(ev->arena);
    *accepted = false;
    *message = STR_NULL;
    if (services != NULL && services->acl != NULL)
        result = services->acl(ev->scope, args[0], args + 1, n - 1, message, &why);
    if (str_is_null(*message))
        *message = STR("");
    switch (result) {
    case MATCH_YES:
        *accepted = true;
        return EXPAND_OK;
    case MATCH_NO:
        return EXPAND_OK;
    case MATCH_DEFER:
        evaluate_fail(ev, "DEFER from acl \"%.*s\"", STR_ARG(args[0]));
        return EXPAND_FORCED;
    case MATCH_ERROR:
        break;
    }
    return evaluate_fail(ev, "ERROR from acl \"%.*s\"", STR_ARG(args[0]));
}

static enum expand_status apply_acl(struct evaluation *ev, const struct str *args, unsigned n,
                                    struct buffer *out)
{
    bool accepted;
    struct str message;
    enum expand_status status = call_acl(ev, args, n, &accepted, &message);
    if (status == EXPAND_OK)
        buffer_add(out, message);
    return status;
}

static const struct item_row rows[] = {
    {"acl", parse_arguments, 1, 10, apply_acl, NULL, NULL, 0},
};

const struct item_table item_acl_table = ROWS(rows);
