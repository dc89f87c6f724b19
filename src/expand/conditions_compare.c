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

static enum expand_status read_both(struct evaluation *ev, const struct str *args, int64_t *numbers)
{
    enum expand_status status = number_read(ev, args[0], true, &numbers[0]);
    return status == EXPAND_OK ? number_read(ev, args[1], true, &numbers[1]) : status;
}

#define COMPARE_NUMBERS(function, relation) \
    static enum expand_status function(struct evaluation *ev, const struct condition_node *node, \
                                       const struct str *args, bool *yes) \
    { \
        int64_t numbers[2]; \
        (void)node; \
        enum expand_status status = read_both(ev, args, numbers); \
        *yes = status == EXPAND_OK && numbers[0] relation numbers[1]; \
        return status; \
    }
COMPARE_NUMBERS(test_equal, ==)
COMPARE_NUMBERS(test_less, <)
COMPARE_NUMBERS(test_less_or_equal, <=)
COMPARE_NUMBERS(test_greater, >)
COMPARE_NUMBERS(test_greater_or_equal, >=)

static const struct condition_row rows[] = {
    {"<", parse_operands, 2, 2, test_less, NULL},
    {"<=", parse_operands, 2, 2, test_less_or_equal, NULL},
    {"=", parse_operands, 2, 2, test_equal, NULL},
    {"==", parse_operands, 2, 2, test_equal, NULL},
    {">", parse_operands, 2, 2, test_greater, NULL},
    {">=", parse_operands, 2, 2, test_greater_or_equal, NULL},
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
