/* Conditions that match: regular expressions, address and string lists, IP addresses. */
#include "base/ip.h"
#include "base/strlist.h"
#include "expand/conditions.h"
#include "expand/evaluate.h"
#include "expand/parse_condition.h"
#include "expand/regex.h"

/* --- match */

/* A pattern that is constant is compiled once. One that is wrong raises its error when it is used. */
static bool parse_match(struct parser *p, struct condition_node *node)
{
    struct str pattern;
    if (!parse_operands(p, node))
        return false;
    if (template_constant(node->args[1], &pattern))
        node->extra = regex_compile(p->arena, pattern, NULL);
    return true;
}

static enum expand_status test_match(struct evaluation *ev, const struct condition_node *node,
                                     const struct str *args, bool *yes)
{
    struct regex_match match;
    const struct regex *regex = node->extra != NULL ? node->extra : regex_cached(args[1], ev->err);
    if (regex == NULL)
        return EXPAND_FAILED;
    *yes = regex_match(regex, args[0], 0, false, &match);
    if (*yes)
        regex_set_captures(ev->scope, ev->arena, args[0], &match);
    return EXPAND_OK;
}

/* --- match_domain and its kin */

static enum expand_status match_list(struct evaluation *ev, const struct condition_node *node,
                                     enum match_kind kind, struct str subject, bool *yes)
{
    const struct scope_services *services = ev->scope->services;
    if (services == NULL || services->match == NULL)
        return evaluate_fail(ev, "condition \"%s\" cannot be used here", node->row->name);

    struct error why = ERROR_IN(ev->arena);
    struct str value = STR_NULL;
    switch (services->match(ev->scope, kind, subject, node->raw, &value, &why)) {
    case MATCH_NO:
        return EXPAND_OK;
    case MATCH_YES:
        *yes = true;
        ev->scope->value = value;
        return EXPAND_OK;
    case MATCH_DEFER:
    case MATCH_ERROR:
        break;
    }
    /* What the list's matching has logged itself it does not say again. */
    if (str_is_null(why.text))
        why.text = STR("NULL");
    return evaluate_fail(ev, "unable to complete match against \"%.*s\": %.*s", STR_ARG(node->raw),
                         STR_ARG(why.text));
}

static enum expand_status test_match_address(struct evaluation *ev, const struct condition_node *node,
                                             const struct str *args, bool *yes)
{
    return match_list(ev, node, MATCH_ADDRESS_LIST, args[0], yes);
}

static enum expand_status test_match_domain(struct evaluation *ev, const struct condition_node *node,
                                            const struct str *args, bool *yes)
{
    return match_list(ev, node, MATCH_DOMAIN_LIST, args[0], yes);
}

static enum expand_status test_match_ip(struct evaluation *ev, const struct condition_node *node,
                                        const struct str *args, bool *yes)
{
    struct ip ip;
    if (args[0].n > 0 && !ip_parse(args[0], &ip))
        return evaluate_fail(ev, "\"%.*s\" is not an IP address", STR_ARG(args[0]));
    return match_list(ev, node, MATCH_HOST_LIST, args[0], yes);
}

static enum expand_status test_match_local_part(struct evaluation *ev, const struct condition_node *node,
                                                const struct str *args, bool *yes)
{
    return match_list(ev, node, MATCH_LOCAL_PART_LIST, args[0], yes);
}

/* --- inlist */

static enum expand_status find_in_list(struct evaluation *ev, const struct str *args,
                                       bool (*equal)(struct str, struct str), bool *yes)
{
    struct strlist list;
    struct str item;
    strlist_begin(&list, args[1], ':');
    while (!*yes && strlist_next(&list, ev->arena, &item)) {
        *yes = equal(args[0], item);
        if (*yes)
            ev->scope->value = item;
    }
    return EXPAND_OK;
}

static enum expand_status test_inlist(struct evaluation *ev, const struct condition_node *node,
                                      const struct str *args, bool *yes)
{
    (void)node;
    return find_in_list(ev, args, str_eq, yes);
}

static enum expand_status test_inlisti(struct evaluation *ev, const struct condition_node *node,
                                       const struct str *args, bool *yes)
{
    (void)node;
    return find_in_list(ev, args, str_eq_nocase, yes);
}

/* --- isip */

#define IS_IP(function, right) \
    static enum expand_status function(struct evaluation *ev, const struct condition_node *node, \
                                       const struct str *args, bool *yes) \
    { \
        struct ip ip; \
        (void)ev, (void)node; \
        *yes = ip_parse(args[0], &ip) && (right); \
        return EXPAND_OK; \
    }
IS_IP(test_isip, ip.bits != 0)
IS_IP(test_isip4, ip.bits == 32)
IS_IP(test_isip6, ip.bits == 128)

static const struct condition_row rows[] = {
    {"inlist", parse_operands, 2, 2, test_inlist, NULL},
    {"inlisti", parse_operands, 2, 2, test_inlisti, NULL},
    {"isip", parse_operands, 1, 1, test_isip, NULL},
    {"isip4", parse_operands, 1, 1, test_isip4, NULL},
    {"isip6", parse_operands, 1, 1, test_isip6, NULL},
    {"match", parse_match, 2, 2, test_match, NULL},
    {"match_address", parse_operand_and_list, 1, 1, test_match_address, NULL},
    {"match_domain", parse_operand_and_list, 1, 1, test_match_domain, NULL},
    {"match_ip", parse_operand_and_list, 1, 1, test_match_ip, NULL},
    {"match_local_part", parse_operand_and_list, 1, 1, test_match_local_part, NULL},
};

const struct condition_table condition_match_table = ROWS(rows);
