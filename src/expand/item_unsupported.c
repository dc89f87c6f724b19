/* Items that Exim has and that need what there is not (yet) here: embedded interpreters, the fields of
 * certificates, SRS. Their syntax is read, using them is one clear error. */
#include "expand/evaluate.h"
#include "expand/items.h"
#include "expand/parse_item.h"

static enum expand_status refuse(struct evaluation *ev, const struct item_node *item, struct buffer *out)
{
    (void)out;
    if (item->fault != NULL)
        return evaluate_fault(ev, item->fault);
    return evaluate_fail(ev, "expansion item \"%s\" is known to Exim but not supported by gatepost",
                         item->row->name);
}

/* --- certextract: without a certificate there is nothing to find, and that much is said */

/* The second argument has to be $name or ${name}, and the name that of a certificate. */
static bool is_certificate(struct parser *p, const struct template *t)
{
    if (t->node_count != 1 || t->nodes[0].kind != NODE_VARIABLE)
        return parse_fault(p, "second argument of \"certextract\" must be a certificate variable");
    if (t->nodes[0].variable.row->type != AS_CERTIFICATE)
        return parse_fault(p, "\"%.*s\" is not a certificate", STR_ARG(t->nodes[0].variable.name));
    return true;
}

static bool parse_certextract(struct parser *p, struct item_node *item)
{
    struct argument_list list = {.n = 0};
    if (parse_argument(p, &list, "field arg", "certextract") &&
        parse_argument(p, &list, "cert variable arg", "certextract") && is_certificate(p, list.v[1]))
        return parse_branches(p, item, &list);
    keep_arguments(p, item, &list);
    return false;
}

static enum expand_status find_field(struct evaluation *ev, const struct item_node *item,
                                     const struct str *args, struct finding *finding)
{
    if (args[1].n > 0)
        return refuse(ev, item, NULL);
    finding->found = false;
    return EXPAND_OK;
}

static const struct item_row rows[] = {
    {"certextract", parse_certextract, 2, 2, NULL, find_field, NULL, 0},
    {"dlfunc", parse_arguments, 2, 10, NULL, NULL, refuse, SCOPE_FORBID_DLFUNC},
    {"perl", parse_arguments, 1, 9, NULL, NULL, refuse, SCOPE_FORBID_PERL},
    {"srs_encode", parse_arguments, 3, 3, NULL, NULL, refuse, 0},
};

const struct item_table item_unsupported_table = ROWS(rows);
