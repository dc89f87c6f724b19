/* Items that Exim has and that need what there is not here: embedded interpreters, SRS. Their syntax is read,
 * using them is one clear error. */
#include "expand/evaluate.h"
#include "expand/items.h"
#include "expand/parse_item.h"

enum expand_status item_refuse(struct evaluation *ev, const struct item_node *item, struct buffer *out)
{
    (void)out;
    if (item->fault != NULL)
        return evaluate_fault(ev, item->fault);
    return evaluate_fail(ev, "expansion item \"%s\" is known to Exim but not supported by gatepost",
                         item->row->name);
}

static const struct item_row rows[] = {
    {"dlfunc", parse_arguments, 2, 10, NULL, NULL, item_refuse, SCOPE_FORBID_DLFUNC},
    {"perl", parse_arguments, 1, 9, NULL, NULL, item_refuse, SCOPE_FORBID_PERL},
    {"srs_encode", parse_arguments, 3, 3, NULL, NULL, item_refuse, 0},
};

const struct item_table item_unsupported_table = ROWS(rows);
