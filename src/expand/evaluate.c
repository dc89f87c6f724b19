/* Evaluating: walking a compiled template into a buffer (manual, chapter 11). */
#include "expand/evaluate.h"

#include <stdarg.h>

#include "base/log.h"
#include "base/print.h"
#include "base/truth.h"
#include "expand/trace.h"

/* How deep templates and conditions may nest, counted across everything that expands further strings on the
 * way: the expand operator, lists, ACLs that are run from an expansion. */
enum { DEPTH_LIMIT = 400 };

/* How many nodes may be evaluated and octets made by one expansion, and how long a string may get: enough for
 * anything sensible, and an end for what has run away (${reduce...} over a long list that doubles $value). */
enum { WORK_LIMIT = 1 << 28, LENGTH_LIMIT = 1 << 25 };

/* --- Failures */

enum expand_status evaluate_fail(struct evaluation *ev, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error_vset(ev->err, format, args);
    va_end(args);
    return EXPAND_FAILED;
}

enum expand_status evaluate_fault(struct evaluation *ev, const struct fault *fault)
{
    if (ev->err != NULL)
        ev->err->text = str_copy(ev->err->arena, fault->text);
    return EXPAND_FAILED;
}

enum expand_status evaluate_inside(struct evaluation *ev, enum expand_status status, const char *format, ...)
{
    if (status == EXPAND_OK || ev->err == NULL)
        return status;
    struct buffer text = BUFFER_IN(ev->err->arena);
    buffer_add(&text, ev->err->text);
    va_list args;
    va_start(args, format);
    buffer_vprintf(&text, format, args);
    va_end(args);
    ev->err->text = buffer_str(&text);
    return status;
}

enum expand_status evaluate_tainted(struct evaluation *ev, struct str text)
{
    struct str shown = printable(ev->arena, text);
    log_write(LOG_MAIN | LOG_PANIC, "attempt to expand tainted string '%.*s'", STR_ARG(shown));
    return evaluate_fail(ev, "attempt to expand tainted string '%.*s'", STR_ARG(text));
}

enum expand_status evaluate_allowed(struct evaluation *ev, unsigned bit)
{
    static const struct {
        unsigned bit;
        const char *text;
    } refusals[] = {
        {SCOPE_FORBID_DLFUNC, "dynamically-loaded functions are not permitted"},
        {SCOPE_FORBID_EXISTS, "File existence tests are not permitted"},
        {SCOPE_FORBID_LOOKUP, "lookup expansions are not permitted"},
        {SCOPE_FORBID_PERL, "Perl calls are not permitted"},
        {SCOPE_FORBID_READFILE, "file insertions are not permitted"},
        {SCOPE_FORBID_READSOCKET, "socket insertions are not permitted"},
        {SCOPE_FORBID_RUN, "running a command is not permitted"},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if ((ev->scope->forbid & bit & refusals[i].bit) != 0)
            return evaluate_fail(ev, "%s", refusals[i].text);
    }
    return EXPAND_OK;
}

enum expand_status evaluate_deeper(struct evaluation *ev)
{
    if (ev->scope->depth >= DEPTH_LIMIT)
        return evaluate_fail(ev, "expansion is nested too deeply");
    ev->scope->depth++;
    return EXPAND_OK;
}

enum expand_status evaluate_count(struct evaluation *ev, size_t octets)
{
    struct scope *scope = ev->scope;
    scope->work += 1 + octets;
    if (scope->work > (scope->work_limit > 0 ? scope->work_limit : WORK_LIMIT))
        return evaluate_fail(ev, "expansion takes too much work");
    return EXPAND_OK;
}

/* --- Branches */

/* A branch that is taken is evaluated; one that is not may still have a fault in it. */
static enum expand_status evaluate_branch(struct evaluation *ev, const struct template *t, bool taken,
                                          struct buffer *out)
{
    if (taken)
        return evaluate_into(ev, t, out);
    return t->fault == NULL ? EXPAND_OK : evaluate_fault(ev, t->fault);
}

enum expand_status evaluate_branches(struct evaluation *ev, const struct item_node *item, unsigned skip,
                                     const struct finding *finding, struct buffer *out)
{
    if (item->arg_count < skip)
        return evaluate_fault(ev, item->fault);
    unsigned count = item->arg_count - skip;
    const struct template *const *branches = count > 0 ? item->args + skip : NULL;
    enum expand_status status = EXPAND_OK;

    if (count == 0 && item->fault == NULL && finding->found)
        buffer_add(out, finding->value);
    if (count > 0)
        status = evaluate_branch(ev, branches[0], finding->found, out);
    if (count > 1 && status == EXPAND_OK)
        status = evaluate_branch(ev, branches[1], !finding->found, out);
    if (status != EXPAND_OK)
        return status;
    if (item->fault != NULL)
        return evaluate_fault(ev, item->fault);
    if (item->fail && !finding->found) {
        evaluate_fail(ev, "\"%s\" failed and \"fail\" requested", item->row->name);
        return EXPAND_FORCED;
    }
    return EXPAND_OK;
}

/* --- Items and operators */

static enum expand_status evaluate_found(struct evaluation *ev, const struct item_node *item,
                                         const struct str *args, struct buffer *out)
{
    struct finding finding = {false, STR("")};
    enum expand_status status = item->row->find(ev, item, args, &finding);
    if (status != EXPAND_OK)
        return status;
    struct str saved = ev->scope->value;
    if (finding.found)
        ev->scope->value = finding.value;
    status = evaluate_branches(ev, item, item->row->min, &finding, out);
    ev->scope->value = saved;
    return status;
}

static enum expand_status evaluate_item(struct evaluation *ev, const struct item_node *item,
                                        struct buffer *out)
{
    const struct item_row *row = item->row;
    enum expand_status status = evaluate_allowed(ev, row->forbid);
    if (status != EXPAND_OK)
        return status;
    if (row->evaluate != NULL)
        return row->evaluate(ev, item, out);

    struct str args[MAX_ARGUMENTS];
    unsigned wanted = row->find != NULL && item->arg_count > row->min ? row->min : item->arg_count;
    status = evaluate_arguments(ev, item->args, wanted, args);
    if (status != EXPAND_OK)
        return status;
    if (row->find != NULL && wanted == row->min)
        return evaluate_found(ev, item, args, out);
    if (item->fault != NULL)
        return evaluate_fault(ev, item->fault);
    return row->apply(ev, args, wanted, out);
}

static enum expand_status evaluate_operator(struct evaluation *ev, const struct operator_node *node,
                                            struct buffer *out)
{
    struct operation op = {node->name, node->suffix, STR_NULL, node->operand};
    enum expand_status status = evaluate_value(ev, node->operand, &op.operand);
    return status == EXPAND_OK ? node->row->apply(ev, &op, out) : status;
}

/* --- Nodes */

static struct str capture_value(const struct scope *scope, unsigned number)
{
    if (number >= SCOPE_CAPTURES || number >= scope->capture_count || str_is_null(scope->captures[number]))
        return STR("");
    return scope->captures[number];
}

/* A node whose value is there already, without building it: true, and *status says how it went. */
static bool node_value(struct evaluation *ev, const struct node *node, enum expand_status *status,
                       struct str *value)
{
    *status = EXPAND_OK;
    switch (node->kind) {
    case NODE_TEXT:
        *value = node->text;
        return true;
    case NODE_CAPTURE:
        *value = capture_value(ev->scope, node->capture);
        return true;
    case NODE_VARIABLE:
        *status = variable_value(ev, node->variable.row, node->variable.name, value);
        return true;
    case NODE_HEADER:
        *status = header_value(ev, node->header.kind, node->header.name, value);
        return true;
    case NODE_FAULT:
        *status = evaluate_fault(ev, node->fault);
        return true;
    case NODE_OPERATOR:
    case NODE_ITEM:
        break;
    }
    return false;
}

static enum expand_status evaluate_node(struct evaluation *ev, const struct node *node, struct buffer *out)
{
    enum expand_status status;
    struct str value;
    if (node_value(ev, node, &status, &value)) {
        if (status == EXPAND_OK)
            buffer_add(out, value);
        return status;
    }
    if (node->kind == NODE_OPERATOR)
        return evaluate_operator(ev, node->operation, out);
    return evaluate_item(ev, node->item, out);
}

static enum expand_status evaluate_nodes(struct evaluation *ev, const struct template *t, struct buffer *out)
{
    struct scope *scope = ev->scope;
    enum expand_status status = EXPAND_OK;
    if (scope->depth == 0)
        scope->work = 0;
    status = evaluate_deeper(ev);
    if (status != EXPAND_OK)
        return status;
    for (unsigned i = 0; i < t->node_count && status == EXPAND_OK; i++) {
        size_t before = out->n;
        status = evaluate_node(ev, &t->nodes[i], out);
        if (status == EXPAND_OK)
            status = evaluate_count(ev, out->n - before);
        if (status == EXPAND_OK && out->n > LENGTH_LIMIT)
            status = evaluate_fail(ev, "expansion result is too long");
    }
    scope->depth--;
    return status;
}

enum expand_status evaluate_into(struct evaluation *ev, const struct template *t, struct buffer *out)
{
    if (!debug_on(DEBUG_expand))
        return evaluate_nodes(ev, t, out);
    size_t before = out->n;
    trace_begin(ev, t);
    enum expand_status status = evaluate_nodes(ev, t, out);
    struct str whole = buffer_str(out);
    trace_end(ev, t, status, (struct str){whole.s + before, whole.n - before, false});
    return status;
}

enum expand_status evaluate_value(struct evaluation *ev, const struct template *t, struct str *value)
{
    enum expand_status status;
    *value = STR("");
    if (t->node_count == 0)
        return EXPAND_OK;
    if (t->node_count == 1 && !debug_on(DEBUG_expand) && node_value(ev, &t->nodes[0], &status, value))
        return status;
    struct buffer out = BUFFER_IN(ev->arena);
    status = evaluate_into(ev, t, &out);
    if (status == EXPAND_OK)
        *value = buffer_str(&out);
    return status;
}

enum expand_status evaluate_arguments(struct evaluation *ev, const struct template *const *args, unsigned n,
                                      struct str *values)
{
    for (unsigned i = 0; i < n; i++) {
        enum expand_status status = evaluate_value(ev, args[i], &values[i]);
        if (status != EXPAND_OK)
            return status;
    }
    return EXPAND_OK;
}

enum expand_status evaluate_text(struct evaluation *ev, struct str text, struct str *value)
{
    if (text.tainted)
        return evaluate_tainted(ev, text);
    const struct template *t = template_compile(ev->arena, text, (struct source_pos){NULL, 0});
    return evaluate_value(ev, t, value);
}

/* --- The public side */

enum expand_status expand(struct scope *scope, const struct template *t, struct arena *arena, struct str *out,
                          struct error *err)
{
    *out = STR_NULL;
    if (t == NULL || template_constant(t, out))
        return EXPAND_OK;
    struct evaluation ev = {scope, arena, err};
    struct buffer buffer = BUFFER_IN(arena);
    enum expand_status status = evaluate_into(&ev, t, &buffer);
    if (status == EXPAND_OK)
        *out = buffer_str(&buffer);
    return status;
}

enum expand_status expand_string(struct scope *scope, struct str source, struct arena *arena, struct str *out,
                                 struct error *err)
{
    struct evaluation ev = {scope, arena, err};
    struct str value = STR_NULL;
    enum expand_status status = evaluate_text(&ev, source, &value);
    /* The value may be the scope's own. */
    *out = status == EXPAND_OK ? str_copy(arena, value) : STR_NULL;
    return status;
}

enum expand_status expand_truth(struct scope *scope, const struct template *t, bool *yes, struct error *err)
{
    struct str value;
    *yes = false;
    if (t == NULL)
        return EXPAND_OK;
    /* What is tested here may be made of passwords. */
    struct arena *arena = template_constant(t, &value) ? NULL : arena_new(ARENA_SECRET);
    enum expand_status status = arena == NULL ? EXPAND_OK : expand(scope, t, arena, &value, err);
    if (status == EXPAND_OK)
        *yes = truth_of(value) != TRUTH_NO;
    else if (status == EXPAND_FORCED)
        status = EXPAND_OK;
    arena_free(arena);
    return status;
}
