/* Templates whose value is the same for every connection, message and address: made of text, of what is known of the
 * process, of files that exist or not, and of choices between these. Whoever needs such a value can have it made
 * once, before there is a connection. */
#include "expand/tree.h"

/* Conditions about nothing but their operands. */
static bool condition_is_known(const char *name)
{
    static const char *const known[] = {"and", "bool", "eq", "eqi", "exists", "match", "or"};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_is(str_of(name), known[i]))
            return true;
    return false;
}

static bool all_unchanging(const struct template *const *v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (!template_is_unchanging(v[i]))
            return false;
    return true;
}

static bool condition_is_unchanging(const struct condition_node *c)
{
    if (c == NULL || c->fault != NULL || !condition_is_known(c->row->name))
        return false;
    for (unsigned i = 0; i < c->inner_count; i++)
        if (!condition_is_unchanging(c->inner[i]))
            return false;
    return all_unchanging(c->args, c->arg_count);
}

static bool node_is_unchanging(const struct node *node)
{
    switch (node->kind) {
    case NODE_TEXT:
        return true;
    case NODE_VARIABLE:
        return node->variable.row->group == IN_PROCESS && node->variable.row->get == NULL;
    case NODE_ITEM:
        return str_is(str_of(node->item->row->name), "if") && node->item->fault == NULL &&
               condition_is_unchanging(node->item->condition) &&
               all_unchanging(node->item->args, node->item->arg_count);
    case NODE_CAPTURE:
    case NODE_HEADER:
    case NODE_OPERATOR:
    case NODE_FAULT:
        break;
    }
    return false;
}

bool template_is_unchanging(const struct template *t)
{
    for (unsigned i = 0; i < t->node_count; i++)
        if (!node_is_unchanging(&t->nodes[i]))
            return false;
    return true;
}
