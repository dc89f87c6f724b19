/* ${if condition {yes}{no}} (manual, 11.5). */
#include <string.h>

#include "expand/evaluate.h"
#include "expand/items.h"
#include "expand/parse_item.h"

static bool parse_if(struct parser *p, struct item_node *item)
{
    struct argument_list list = {.n = 0};
    item->condition = parse_condition(p);
    return p->fault == NULL && parse_branches(p, item, &list);
}

static enum expand_status evaluate_both(struct evaluation *ev, const struct item_node *item,
                                        struct buffer *out)
{
    struct finding finding = {false, STR("true")};
    if (item->condition != NULL) {
        enum expand_status status = evaluate_condition(ev, item->condition, &finding.found);
        if (status != EXPAND_OK)
            return status;
    }
    return evaluate_branches(ev, item, 0, &finding, out);
}

/* What the condition sets ($1, $value) is there for the strings and gone afterwards. */
static enum expand_status evaluate_if(struct evaluation *ev, const struct item_node *item, struct buffer *out)
{
    struct scope *scope = ev->scope;
    struct str captures[SCOPE_CAPTURES], value = scope->value;
    unsigned count = scope->capture_count;
    memcpy(captures, scope->captures, count * sizeof captures[0]);

    enum expand_status status = evaluate_both(ev, item, out);

    memcpy(scope->captures, captures, count * sizeof captures[0]);
    scope->capture_count = count;
    scope->value = value;
    return status;
}

static const struct item_row rows[] = {
    {"if", parse_if, 0, 0, NULL, NULL, evaluate_if, 0},
};

const struct item_table item_if_table = ROWS(rows);
