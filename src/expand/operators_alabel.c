/* Operators on internationalised addresses: utf8_domain_to_alabel and its kin (manual, 11.6). */
#include "base/idna.h"
#include "base/print.h"
#include "expand/apply.h"
#include "expand/operators.h"

#define CONVERT(name, function, from, to) \
    APPLY_OPERATOR(name) \
    { \
        struct error why = ERROR_IN(ev->arena); \
        struct str result; \
        if (!function(ev->arena, op->operand, &result, &why)) \
            return evaluate_fail(ev, "error converting " from " (%.*s) to " to ": %.*s", \
                                 STR_ARG(printable(ev->arena, op->operand)), STR_ARG(why.text)); \
        buffer_add(out, result); \
        return EXPAND_OK; \
    }
CONVERT(apply_domain_from, idna_domain_from_alabel, "alabel", "utf8")
CONVERT(apply_domain_to, idna_domain_to_alabel, "utf8", "alabel")
CONVERT(apply_local_part_from, idna_local_part_from_alabel, "alabel", "utf8")
CONVERT(apply_local_part_to, idna_local_part_to_alabel, "utf8", "alabel")

static const struct operator_row rows[] = {
    {"utf8_domain_from_alabel", apply_domain_from},
    {"utf8_domain_to_alabel", apply_domain_to},
    {"utf8_localpart_from_alabel", apply_local_part_from},
    {"utf8_localpart_to_alabel", apply_local_part_to},
};

const struct operator_table operator_alabel_table = ROWS(rows);
