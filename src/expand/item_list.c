/* Items on lists: map, filter, reduce, listextract (manual, 11.5). */
#include "base/ascii.h"
#include "base/strlist.h"
#include "expand/evaluate.h"
#include "expand/items.h"
#include "expand/parse_item.h"

/* --- Shapes */

/* row->min strings, of which the last is evaluated for every item of the list. */
static bool parse_list_and_template(struct parser *p, struct item_node *item)
{
    const char *name = item->row->name;
    struct argument_list list = {.n = 0};
    bool good = parse_argument(p, &list, "first arg", name) &&
                (item->row->min < 3 || parse_argument(p, &list, "second arg", name));
    if (good && !parse_argument(p, &list, "last arg", name)) {
        good = false;
        if (list.n == item->row->min) /* it is there, and faulty */
            parse_fault_inside(p, " inside \"%s\" item", name);
    }
    keep_arguments(p, item, &list);
    return good && parse_end_of_item(p, name);
}

/* A list and a condition. */
static bool parse_filter(struct parser *p, struct item_node *item)
{
    struct argument_list list = {.n = 0};
    bool good = parse_argument(p, &list, "first arg", "filter");
    keep_arguments(p, item, &list);
    if (!good)
        return false;
    parse_space(p);
    if (!parse_char(p, '{'))
        return parse_fault(p, "missing '{' for last arg of filter");
    item->condition = parse_condition(p);
    if (p->fault != NULL) {
        parse_fault_inside(p, " inside \"filter\" item");
        return false;
    }
    parse_space(p);
    if (!parse_char(p, '}'))
        return parse_fault(p, "missing } at end of condition or expression inside \"filter\"; "
                              "could be an unquoted } in the content");
    return parse_end_of_item(p, "filter");
}

/* --- Going through a list */

/* The list that an item works on, and the list that it makes. */
struct pass {
    struct strlist list;
    struct str saved_item;
    bool saved_in_item;
};

/* Evaluates the first `n` arguments; a fault behind them comes before any work. */
static enum expand_status begin_pass(struct evaluation *ev, const struct item_node *item, unsigned n,
                                     struct str *args, struct pass *pass)
{
    enum expand_status status =
        evaluate_arguments(ev, item->args, item->arg_count < n ? item->arg_count : n, args);
    if (status == EXPAND_OK && item->fault != NULL)
        status = evaluate_fault(ev, item->fault);
    if (status != EXPAND_OK)
        return status;
    pass->saved_item = ev->scope->item;
    pass->saved_in_item = ev->scope->in_item;
    ev->scope->in_item = true;
    strlist_begin(&pass->list, args[0], ':');
    return EXPAND_OK;
}

/* Puts the next item into $item. */
static bool next_item(struct evaluation *ev, struct pass *pass)
{
    return strlist_next(&pass->list, ev->arena, &ev->scope->item);
}

static void end_pass(struct evaluation *ev, const struct pass *pass)
{
    ev->scope->item = pass->saved_item;
    ev->scope->in_item = pass->saved_in_item;
}

static enum expand_status evaluate_map(struct evaluation *ev, const struct item_node *item,
                                       struct buffer *out)
{
    struct pass pass;
    struct str list, value;
    struct buffer result = BUFFER_IN(ev->arena);
    enum expand_status status = begin_pass(ev, item, 1, &list, &pass);
    if (status != EXPAND_OK)
        return status;
    for (bool first = true; status == EXPAND_OK && next_item(ev, &pass); first = false) {
        status = evaluate_value(ev, item->args[1], &value);
        if (status == EXPAND_OK)
            strlist_add(&result, value, pass.list.separator, first);
    }
    end_pass(ev, &pass);
    buffer_add(out, buffer_str(&result));
    return evaluate_inside(ev, status, " inside \"map\" item");
}

static enum expand_status evaluate_filter(struct evaluation *ev, const struct item_node *item,
                                          struct buffer *out)
{
    struct pass pass;
    struct str list;
    struct buffer result = BUFFER_IN(ev->arena);
    bool yes, first = true;
    enum expand_status status = begin_pass(ev, item, 1, &list, &pass);
    if (status != EXPAND_OK)
        return status;
    while (status == EXPAND_OK && next_item(ev, &pass)) {
        status = evaluate_condition(ev, item->condition, &yes);
        if (status == EXPAND_OK && yes) {
            strlist_add(&result, ev->scope->item, pass.list.separator, first);
            first = false;
        }
    }
    end_pass(ev, &pass);
    buffer_add(out, buffer_str(&result));
    return evaluate_inside(ev, status, " inside \"filter\" condition");
}

static enum expand_status evaluate_reduce(struct evaluation *ev, const struct item_node *item,
                                          struct buffer *out)
{
    struct pass pass;
    struct str args[2], saved = ev->scope->value;
    enum expand_status status = begin_pass(ev, item, 2, args, &pass);
    if (status != EXPAND_OK)
        return status;
    ev->scope->value = args[1];
    while (status == EXPAND_OK && next_item(ev, &pass)) {
        struct str value;
        status = evaluate_value(ev, item->args[2], &value);
        if (status == EXPAND_OK)
            ev->scope->value = value;
    }
    buffer_add(out, ev->scope->value);
    ev->scope->value = saved;
    end_pass(ev, &pass);
    return evaluate_inside(ev, status, " inside \"reduce\" item");
}

/* --- listextract */

/* Digits with an optional minus and white space around. False: something else. */
static bool read_index(struct evaluation *ev, struct str text, long *index)
{
    text = str_trim(ev->arena, text);
    size_t i = text.n > 0 && text.s[0] == '-';
    for (*index = 0; i < text.n && ascii_is_digit(text.s[i]); i++)
        *index = *index > 1000000000 ? *index : *index * 10 + (text.s[i] - '0');
    if (text.n > 0 && text.s[0] == '-')
        *index = -*index;
    return i == text.n;
}

static bool list_element(struct evaluation *ev, struct str list, long index, struct str *element)
{
    struct strlist it;
    if (index < 0) {
        strlist_begin(&it, list, ':');
        for (index++; strlist_next(&it, ev->arena, element);)
            index++;
    }
    strlist_begin(&it, list, ':');
    while (index > 0 && strlist_next(&it, ev->arena, element)) {
        if (--index == 0)
            return true;
    }
    return false;
}

static enum expand_status find_list_element(struct evaluation *ev, const struct item_node *item,
                                            const struct str *args, struct finding *finding)
{
    long index;
    (void)item;
    if (str_trim(ev->arena, args[0]).n == 0)
        return evaluate_fail(ev, "first argument of \"listextract\" must not be empty");
    if (!read_index(ev, args[0], &index))
        return evaluate_fail(ev, "first argument of \"listextract\" must be numeric");
    finding->found = list_element(ev, args[1], index, &finding->value);
    return EXPAND_OK;
}

static const struct item_row rows[] = {
    {"filter", parse_filter, 1, 1, NULL, NULL, evaluate_filter, 0},
    {"listextract", parse_arguments_and_branches, 2, 2, NULL, find_list_element, NULL, 0},
    {"map", parse_list_and_template, 2, 2, NULL, NULL, evaluate_map, 0},
    {"reduce", parse_list_and_template, 3, 3, NULL, NULL, evaluate_reduce, 0},
};

const struct item_table item_list_table = ROWS(rows);
