/* The item certextract (manual, 11.5). */
#include "expand/certificate.h"
#include "expand/evaluate.h"
#include "expand/items.h"
#include "expand/parse_item.h"

static bool parse_certextract(struct parser *p, struct item_node *item)
{
    struct argument_list list = {.n = 0};
    if (parse_argument(p, &list, "field arg", "certextract") &&
        parse_argument(p, &list, "cert variable arg", "certextract"))
        return parse_branches(p, item, &list);
    keep_arguments(p, item, &list);
    return false;
}

/* Exim takes nothing but $name and ${name} of a certificate; here it can also be any value in PEM form. */
static enum expand_status check_certificate(struct evaluation *ev, const struct template *t, struct str value)
{
    bool variable = t->node_count == 1 && t->nodes[0].kind == NODE_VARIABLE;

    if ((variable && t->nodes[0].variable.row->type == AS_CERTIFICATE) || certificate_is_pem(value))
        return EXPAND_OK;
    if (variable)
        return evaluate_fail(ev, "\"%.*s\" is not a certificate", STR_ARG(t->nodes[0].variable.name));
    return evaluate_fail(ev, "second argument of \"certextract\" must be a certificate variable");
}

static enum expand_status find_field(struct evaluation *ev, const struct item_node *item,
                                     const struct str *args, struct finding *finding)
{
    struct error err = ERROR_IN(ev->arena);
    enum expand_status status = check_certificate(ev, item->args[1], args[1]);

    finding->found = false;
    if (status != EXPAND_OK || args[1].n == 0) /* without a certificate there is nothing to find */
        return status;
    switch (certificate_field(ev->arena, args[1], args[0], &finding->value, &err)) {
    case CERTIFICATE_FOUND:
        finding->found = true;
        break;
    case CERTIFICATE_ABSENT:
        break;
    case CERTIFICATE_BAD:
        return evaluate_fail(ev, "%.*s", STR_ARG(err.text));
    }
    return EXPAND_OK;
}

static const struct item_row rows[] = {
    {"certextract", parse_certextract, 2, 2, NULL, find_field, NULL, 0},
};

const struct item_table item_certextract_table = ROWS(rows);
