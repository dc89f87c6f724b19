/* Conditions that compare: strings (eq, lt, ...) and numbers (=, <, ...). */
#include "expand/conditions.h"
#include "expand/numbers.h"
#include "expand/parse_condition.h"

#define COMPARE(function, compare, relation) \
    static enum expand_status function(struct evaluation *ev, const struct condition_node *node, \
                                       const struct str *args, bool *yes) \
    { \
        (void)ev, (void)node; \
        *yes = compare(args[0], args[1]) relation 0; \
        return EXPAND_OK; \
    }
COMPARE(test_eq, str_cmp, ==)
COMPARE(test_eqi, str_cmp_nocase, ==)
COMPARE(test_ge, str_cmp, >=)
COMPARE(test_gei, str_cmp_nocase, >=)
COMPARE(test_gt, str_cmp, >)
COMPARE(test_gti, str_cmp_nocase, >)
COMPARE(test_le, str_cmp, <=)
COMPARE(test_lei, str_cmp_nocase, <=)
COMPARE(test_lt, str_cmp, <)
COMPARE(test_lti, str_cmp_nocase, <)

/* Each is read before the one behind it is expanded. */
static enum expand_status read_both(struct evaluation *ev, const struct condition_node *node, int64_t *numbers)
{
    for (unsigned i = 0; i < node->arg_count; i++) {
        struct str value;
        enum expand_status status = evaluate_value(ev, node->args[i], &value);
        if (status == EXPAND_OK)
            status = number_read(ev, value, true, &numbers[i]);
        if (status != EXPAND_OK)
            return status;
    }
    return node->fault == NULL ? EXPAND_OK : evaluate_fault(ev, node->fault);
}

#define COMPARE_NUMBERS(function, relation) \
    static enum expand_status function(struct evaluation *ev, const struct condition_node *node, bool *yes) \
    { \
        int64_t numbers[2] = {0, 0}; \
        enum expand_status status = read_both(ev, node, numbers); \
        *yes = status == EXPAND_OK && numbers[0] relation numbers[1]; \
        return status; \
    }
COMPARE_NUMBERS(test_equal, ==)
COMPARE_NUMBERS(test_less, <)
COMPARE_NUMBERS(test_less_or_equal, <=)
COMPARE_NUMBERS(test_greater, >)
COMPARE_NUMBERS(test_greater_or_equal, >=)

static const struct condition_row rows[] = {
    {"<", parse_operands, 2, 2, NULL, test_less},
    {"<=", parse_operands, 2, 2, NULL, test_less_or_equal},
    {"=", parse_operands, 2, 2, NULL, test_equal},
    {"==", parse_operands, 2, 2, NULL, test_equal},
    {">", parse_operands, 2, 2, NULL, test_greater},
    {">=", parse_operands, 2, 2, NULL, test_greater_or_equal},
    {"eq", parse_operands, 2, 2, test_eq, NULL},
    {"eqi", parse_operands, 2, 2, test_eqi, NULL},
    {"ge", parse_operands, 2, 2, test_ge, NULL},
    {"gei", parse_operands, 2, 2, test_gei, NULL},
    {"gt", parse_operands, 2, 2, test_gt, NULL},
    {"gti", parse_operands, 2, 2, test_gti, NULL},
    {"le", parse_operands, 2, 2, test_le, NULL},
    {"lei", parse_operands, 2, 2, test_lei, NULL},
    {"lt", parse_operands, 2, 2, test_lt, NULL},
    {"lti", parse_operands, 2, 2, test_lti, NULL},
};

const struct condition_table condition_compare_table = ROWS(rows);
