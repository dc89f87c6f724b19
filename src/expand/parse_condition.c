/* Compiling conditions: their names and the shapes of what follows (manual, 11.7, 11.8). */
#include "expand/parse_condition.h"

#include <string.h>

#include "base/ascii.h"

struct str parse_condition_name(struct parser *p)
{
    if (p->p == p->end || strchr("=<>", *p->p) == NULL)
        return parse_name(p, false);
    const char *from = p->p++;
    parse_char(p, '=');
    return str_copy_n(p->arena, from, (size_t)(p->p - from), false);
}

/* The row that the next name stands for; NULL: p->fault is set. */
static const struct condition_row *parse_row(struct parser *p)
{
    struct str name = parse_condition_name(p);
    if (str_is_null(name)) {
        struct str rest = parse_rest(p);
        parse_fault(p, "condition name expected, but found \"%.*s\"", (int)(rest.n > 16 ? 16 : rest.n),
                    rest.s);
        return NULL;
    }
    const struct condition_row *row = condition_find(name);
    if (row == NULL)
        parse_fault(p, "unknown condition \"%.*s\"", STR_ARG(name));
    return row;
}

const struct condition_node *parse_condition(struct parser *p)
{
    bool negate = false;
    parse_space(p);
    for (; parse_char(p, '!'); parse_space(p))
        negate = !negate;
    const struct condition_row *row = parse_row(p);
    if (row == NULL || !parse_deeper(p))
        return NULL;
    struct condition_node *condition = ARENA_NEW(p->arena, struct condition_node);
    condition->row = row;
    if (row->test == condition_refuse)
        parse_unsupported(p, "condition \"%s\" is known to Exim but not supported by gatepost", row->name);
    condition->negate = negate;
    row->parse(p, condition);
    condition->fault = p->fault;
    p->depth--;
    return condition;
}

bool parse_no_operand(struct parser *p, struct condition_node *condition)
{
    (void)p, (void)condition;
    return true;
}

static void keep_operands(struct parser *p, struct condition_node *condition,
                          const struct argument_list *list)
{
    condition->args = argument_list_copy(p->arena, list);
    condition->arg_count = list->n;
}

static bool parse_operand(struct parser *p, struct argument_list *list, const char *name)
{
    const struct template *t = parse_braced(p);
    if (t != NULL) {
        list->v[list->n++] = t;
        return p->fault == NULL;
    }
    if (list->n == 0)
        return parse_fault(p, "missing { after \"%s\"", name);
    return parse_fault(p, "missing 2nd string in {} after \"%s\"", name);
}

bool parse_operands(struct parser *p, struct condition_node *condition)
{
    struct argument_list list = {.n = 0};
    while (list.n < condition->row->min && parse_operand(p, &list, condition->row->name))
        continue;
    keep_operands(p, condition, &list);
    return p->fault == NULL;
}

/* Text up to the closing brace: its backslashes mean what they mean everywhere, its dollars nothing. */
static bool parse_raw(struct parser *p, struct str *raw)
{
    struct buffer text = BUFFER_IN(p->arena);
    while (p->p < p->end && *p->p != '}') {
        if (*p->p != '\\')
            buffer_add_char(&text, *p->p++);
        else if (!parse_backslash(p, &text))
            return false;
    }
    *raw = buffer_str(&text);
    return parse_char(p, '}') || parse_fault(p, "missing } at end of string");
}

bool parse_operand_and_list(struct parser *p, struct condition_node *condition)
{
    struct argument_list list = {.n = 0};
    bool good = parse_operand(p, &list, condition->row->name);
    keep_operands(p, condition, &list);
    if (!good)
        return false;
    parse_space(p);
    if (!parse_char(p, '{'))
        return parse_fault(p, "missing 2nd string in {} after \"%s\"", condition->row->name);
    return parse_raw(p, &condition->raw);
}

bool parse_wrapped_operands(struct parser *p, struct condition_node *condition)
{
    const struct condition_row *row = condition->row;
    struct argument_list list = {.n = 0};
    parse_space(p);
    if (!parse_char(p, '{'))
        return parse_fault(p, "missing { after \"%s\"", row->name);
    while (list.n < row->max && p->fault == NULL) {
        const struct template *t = parse_braced(p);
        if (t == NULL)
            break;
        list.v[list.n++] = t;
    }
    keep_operands(p, condition, &list);
    if (p->fault != NULL)
        return false;
    parse_space(p);
    if (list.n >= row->min && parse_char(p, '}'))
        return true;
    if (parse_at(p, '{'))
        return parse_fault(p, "Too many arguments for '%s' (max is %u)", row->name, row->max);
    return parse_fault(p, "too few arguments or bracketing error for %s", row->name);
}

/* One {condition} of a group. False: it is the last, or faulty. */
static bool parse_subcondition(struct parser *p, const char *name, const struct condition_node **inner)
{
    *inner = NULL;
    parse_space(p);
    if (parse_at(p, '}'))
        return false;
    if (!parse_char(p, '{'))
        return parse_fault(p, "each subcondition inside an \"%s{...}\" condition must be in its own {}",
                           name);
    *inner = parse_condition(p);
    if (p->fault != NULL) {
        parse_fault_inside(p, " inside \"%s{...}\" condition", name);
        return false;
    }
    parse_space(p);
    return parse_char(p, '}') || parse_fault(p, "missing } at end of condition inside \"%s\" group", name);
}

bool parse_condition_group(struct parser *p, struct condition_node *condition)
{
    const char *name = condition->row->name;
    parse_space(p);
    if (!parse_char(p, '{'))
        return parse_fault(p, "missing { after \"%s\"", name);

    const struct condition_node **inner = NULL, *next;
    unsigned n = 0, capacity = 0;
    bool more = true;
    while (more) {
        more = parse_subcondition(p, name, &next);
        if (next == NULL)
            continue;
        if (n == capacity) {
            unsigned wanted = capacity == 0 ? 4 : capacity * 2;
            inner = arena_grow(p->arena, inner, capacity * sizeof inner[0], wanted * sizeof inner[0]);
            capacity = wanted;
        }
        inner[n++] = next;
    }
    condition->inner = inner;
    condition->inner_count = n;
    return p->fault == NULL && parse_char(p, '}');
}

bool parse_list_and_condition(struct parser *p, struct condition_node *condition)
{
    const char *name = condition->row->name;
    struct argument_list list = {.n = 0};
    bool good = parse_operand(p, &list, name);
    keep_operands(p, condition, &list);
    if (!good)
        return false;
    parse_space(p);
    if (!parse_char(p, '{'))
        return parse_fault(p, "missing { after \"%s\"", name);

    const struct condition_node **inner = ARENA_NEW(p->arena, const struct condition_node *);
    inner[0] = parse_condition(p);
    condition->inner = inner;
    condition->inner_count = inner[0] != NULL;
    if (p->fault != NULL) {
        parse_fault_inside(p, " inside \"%s\" condition", name);
        return false;
    }
    parse_space(p);
    return parse_char(p, '}') || parse_fault(p, "missing } at end of condition inside \"%s\"", name);
}

bool parse_definition(struct parser *p, struct condition_node *condition)
{
    if (!parse_char(p, ':'))
        return parse_fault(p, "\":\" expected after \"def\"");
    if (parse_header(p, &condition->variable))
        return true;
    const char *from = p->p;
    while (p->p < p->end && (ascii_is_alnum(*p->p) || *p->p == '_'))
        p->p++;
    struct str name = str_copy_n(p->arena, from, (size_t)(p->p - from), false);
    if (name.n == 0)
        return parse_fault(p, "variable name omitted after \"def:\"");
    const char *note;
    const struct variable_row *row = variable_find(name, &note);
    if (row == NULL)
        return parse_fault(p, "unknown variable \"%.*s\" after \"def:\"%s", STR_ARG(name), note);
    condition->variable = (struct node){.kind = NODE_VARIABLE, .variable = {row, name}};
    return true;
}
