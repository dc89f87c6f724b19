/* Conditions that combine others or are words: and, or, forany, forall, bool, def, first_delivery. */
#include "base/ascii.h"
#include "base/strlist.h"
#include "base/truth.h"
#include "expand/conditions.h"
#include "expand/evaluate.h"
#include "expand/json.h"
#include "expand/parse_condition.h"

/* --- and, or */

/* Evaluates until one decides; those behind it may still have a fault in them. */
static enum expand_status evaluate_group(struct evaluation *ev, const struct condition_node *group,
                                         bool decides, bool *yes)
{
    *yes = !decides;
    for (unsigned i = 0; i < group->inner_count; i++) {
        const struct condition_node *inner = group->inner[i];
        enum expand_status status = EXPAND_OK;
        if (*yes != decides)
            status = evaluate_condition(ev, inner, yes);
        else if (inner->fault != NULL)
            status = evaluate_fault(ev, inner->fault);
        if (status != EXPAND_OK)
            return evaluate_inside(ev, status, " inside \"%s{...}\" condition", group->row->name);
    }
    return group->fault == NULL ? EXPAND_OK : evaluate_fault(ev, group->fault);
}

static enum expand_status evaluate_and(struct evaluation *ev, const struct condition_node *group, bool *yes)
{
    return evaluate_group(ev, group, false, yes);
}

static enum expand_status evaluate_or(struct evaluation *ev, const struct condition_node *group, bool *yes)
{
    return evaluate_group(ev, group, true, yes);
}

/* --- forany, forall and their JSON kin */

/* Where the items come from. */
struct item_source {
    enum { FROM_LIST, FROM_JSON, FROM_JSON_STRINGS } kind;
    struct strlist list;
    struct json_reader json;
};

static enum expand_status begin_items(struct evaluation *ev, struct item_source *source, struct str text)
{
    if (source->kind == FROM_LIST) {
        strlist_begin(&source->list, text, ':');
        return EXPAND_OK;
    }
    enum json_begin begin = json_begin_array(&source->json, text);
    if (begin == JSON_GOOD)
        return EXPAND_OK;
    return evaluate_fail(ev, "missing '%c' wrapping array", begin == JSON_NO_OPENING ? '[' : ']');
}

/* False: no more, or *status says that the item is not as it has to be. */
static bool next_item(struct evaluation *ev, struct item_source *source, struct str *item,
                      enum expand_status *status)
{
    if (source->kind == FROM_LIST)
        return strlist_next(&source->list, ev->arena, item);
    if (!json_next_element(&source->json, ev->arena, item))
        return false;
    if (source->kind == FROM_JSON)
        return true;
    if (item->n == 0 || item->s[0] != '"') {
        *status = evaluate_fail(ev, "missing '\"' wrapping string result for extract jsons");
        return false;
    }
    *item = json_unquote(ev->arena, *item);
    return true;
}

/* The condition over the items until one gives `decides`. */
static enum expand_status evaluate_each(struct evaluation *ev, const struct condition_node *node,
                                        struct item_source *source, bool decides, bool *yes)
{
    struct scope *scope = ev->scope;
    struct str text = STR(""), item, saved = scope->item;
    bool saved_in_item = scope->in_item;
    enum expand_status status = EXPAND_OK;

    *yes = false;
    if (node->arg_count > 0)
        status = evaluate_value(ev, node->args[0], &text);
    if (status == EXPAND_OK && node->fault != NULL)
        status = evaluate_fault(ev, node->fault);
    if (status == EXPAND_OK)
        status = begin_items(ev, source, text);
    if (status != EXPAND_OK)
        return status;

    scope->in_item = true;
    enum expand_status items = EXPAND_OK;
    while (status == EXPAND_OK && next_item(ev, source, &item, &items)) {
        scope->item = item;
        status = evaluate_condition(ev, node->inner[0], yes);
        if (status == EXPAND_OK && *yes == decides)
            break;
    }
    scope->item = saved;
    scope->in_item = saved_in_item;
    if (items != EXPAND_OK)
        return items;
    return evaluate_inside(ev, status, " inside \"%s\" condition", node->row->name);
}

#define EACH(function, from, decides) \
    static enum expand_status function(struct evaluation *ev, const struct condition_node *node, bool *yes) \
    { \
        struct item_source source = {.kind = from}; \
        return evaluate_each(ev, node, &source, decides, yes); \
    }
EACH(evaluate_forany, FROM_LIST, true)
EACH(evaluate_forall, FROM_LIST, false)
EACH(evaluate_forany_json, FROM_JSON, true)
EACH(evaluate_forall_json, FROM_JSON, false)
EACH(evaluate_forany_jsons, FROM_JSON_STRINGS, true)
EACH(evaluate_forall_jsons, FROM_JSON_STRINGS, false)

/* --- bool, bool_lax */

static enum expand_status test_bool(struct evaluation *ev, const struct condition_node *node,
                                    const struct str *args, bool *yes)
{
    (void)node;
    struct str text = str_trim(ev->arena, args[0]);
    bool digits = true, nonzero = false;
    for (size_t i = text.n > 1 && text.s[0] == '-'; i < text.n; i++) {
        digits = digits && ascii_is_digit(text.s[i]);
        nonzero = nonzero || text.s[i] != '0';
    }
    if (digits) { /* the empty string too */
        *yes = nonzero;
        return EXPAND_OK;
    }
    enum truth truth = truth_of(text);
    if (truth == TRUTH_OTHER)
        return evaluate_fail(ev, "unrecognised boolean value \"%.*s\"", STR_ARG(text));
    *yes = truth == TRUTH_YES;
    return EXPAND_OK;
}

static enum expand_status test_bool_lax(struct evaluation *ev, const struct condition_node *node,
                                        const struct str *args, bool *yes)
{
    (void)node;
    *yes = truth_of(str_trim(ev->arena, args[0])) != TRUTH_NO;
    return EXPAND_OK;
}

/* --- def */

static enum expand_status evaluate_def(struct evaluation *ev, const struct condition_node *node, bool *yes)
{
    if (node->fault != NULL)
        return evaluate_fault(ev, node->fault);
    if (node->variable.kind == NODE_HEADER) {
        *yes = header_exists(ev->scope, node->variable.header.name);
        return EXPAND_OK;
    }
    struct str value;
    enum expand_status status =
        variable_value(ev, node->variable.variable.row, node->variable.variable.name, &value);
    *yes = status == EXPAND_OK && value.n > 0;
    return status;
}

/* --- Conditions about deliveries, of which there is none while a message is received */

static enum expand_status test_no_delivery(struct evaluation *ev, const struct condition_node *node,
                                           const struct str *args, bool *yes)
{
    (void)ev, (void)node, (void)args;
    *yes = false;
    return EXPAND_OK;
}

static const struct condition_row rows[] = {
    {"and", parse_condition_group, 0, 0, NULL, evaluate_and},
    {"bool", parse_operands, 1, 1, test_bool, NULL},
    {"bool_lax", parse_operands, 1, 1, test_bool_lax, NULL},
    {"def", parse_definition, 0, 0, NULL, evaluate_def},
    {"first_delivery", parse_no_operand, 0, 0, test_no_delivery, NULL},
    {"forall", parse_list_and_condition, 1, 1, NULL, evaluate_forall},
    {"forall_json", parse_list_and_condition, 1, 1, NULL, evaluate_forall_json},
    {"forall_jsons", parse_list_and_condition, 1, 1, NULL, evaluate_forall_jsons},
    {"forany", parse_list_and_condition, 1, 1, NULL, evaluate_forany},
    {"forany_json", parse_list_and_condition, 1, 1, NULL, evaluate_forany_json},
    {"forany_jsons", parse_list_and_condition, 1, 1, NULL, evaluate_forany_jsons},
    {"or", parse_condition_group, 0, 0, NULL, evaluate_or},
    {"queue_running", parse_no_operand, 0, 0, test_no_delivery, NULL},
};

const struct condition_table condition_logic_table = ROWS(rows);
