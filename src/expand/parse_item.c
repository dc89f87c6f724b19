/* Compiling expansion items: the shapes of their arguments (manual, 11.5). */
#include "expand/parse_item.h"

#include "base/ascii.h"

bool parse_item(struct parser *p, const struct item_row *row, const char *start, struct node *node)
{
    struct item_node *item = ARENA_NEW(p->arena, struct item_node);
    item->row = row;
    if (row->evaluate == item_refuse)
        parse_unsupported(p, "expansion item \"%s\" is known to Exim but not supported by gatepost", row->name);
    *node = (struct node){.kind = NODE_ITEM, .item = item};
    row->parse(p, item);
    item->fault = p->fault;
    item->source = (struct str){start, (size_t)(p->p - start), false};
    return p->fault == NULL;
}

void parse_strings(struct parser *p, struct argument_list *list, unsigned max)
{
    while (list->n < max && p->fault == NULL) {
        const struct template *t = parse_braced(p);
        if (t == NULL)
            break;
        list->v[list->n++] = t;
    }
}

void keep_arguments(struct parser *p, struct item_node *item, const struct argument_list *list)
{
    item->args = argument_list_copy(p->arena, list);
    item->arg_count = list->n;
}

bool parse_arguments(struct parser *p, struct item_node *item)
{
    const struct item_row *row = item->row;
    struct argument_list list = {.n = 0};
    parse_strings(p, &list, row->max);
    keep_arguments(p, item, &list);
    if (p->fault != NULL)
        return false;
    parse_space(p);
    if (list.n < row->min)
        return parse_fault(p, "Not enough arguments for '%s' (min is %u)", row->name, row->min);
    if (parse_char(p, '}'))
        return true;
    if (parse_at(p, '{'))
        return parse_fault(p, "Too many arguments for '%s' (max is %u)", row->name, row->max);
    return parse_fault(p, "missing '}' after '%s'", row->name);
}

bool parse_argument(struct parser *p, struct argument_list *list, const char *what, const char *item_name)
{
    const struct template *t = parse_braced(p);
    if (t == NULL)
        return parse_fault(p, "missing '{' for %s of %s", what, item_name);
    list->v[list->n++] = t;
    return p->fault == NULL;
}

static bool branches_fault(struct parser *p, const char *problem)
{
    struct str rest = parse_rest(p);
    if (p->brace_in_header)
        return parse_fault(p, "missing or misplaced { or } - could be header name not terminated by colon");
    return parse_fault(p,
                       "curly-bracket problem in conditional yes/no parsing: %s\n remaining string is '%.*s'",
                       problem, STR_ARG(rest));
}

bool parse_branches(struct parser *p, struct item_node *item, struct argument_list *list)
{
    unsigned before = list->n;
    parse_strings(p, list, before + 2);
    return parse_end_of_branches(p, item, list, list->n - before);
}

bool parse_end_of_branches(struct parser *p, struct item_node *item, const struct argument_list *list,
                           unsigned branches)
{
    keep_arguments(p, item, list);
    if (p->fault != NULL)
        return false;
    parse_space(p);
    if (parse_char(p, '}'))
        return true;
    if (branches == 0)
        return branches_fault(p, "'yes' part did not start with '{'");
    if (branches == 1) {
        struct str word = parse_name(p, false);
        if (!str_is(word, "fail"))
            return parse_fault(p, "syntax error in \"%s\" item - \"fail\" expected", item->row->name);
        item->fail = true;
        parse_space(p);
        if (parse_char(p, '}'))
            return true;
    }
    return branches_fault(p, "did not close with '}'");
}

bool parse_arguments_and_branches(struct parser *p, struct item_node *item)
{
    struct argument_list list = {.n = 0};
    for (unsigned i = 0; i < item->row->min; i++) {
        char what[16] = "arg 1";
        what[4] = (char)('1' + i);
        if (!parse_argument(p, &list, what, item->row->name)) {
            keep_arguments(p, item, &list);
            return false;
        }
    }
    return parse_branches(p, item, &list);
}

bool parse_end_of_item(struct parser *p, const char *name)
{
    parse_space(p);
    return parse_char(p, '}') || parse_fault(p, "missing } at end of \"%s\"", name);
}
