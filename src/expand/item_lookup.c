/* ${lookup ...} (manual, 11.5 and chapter 9). */
#include <string.h>

#include "base/ascii.h"
#include "expand/evaluate.h"
#include "expand/items.h"
#include "expand/parse_item.h"
#include "lookups/lookup.h"

/* --- Compiling: {key} type {file}, or type {query} */

/* The type with its decorations, up to white space or a brace. */
static bool parse_search_style(struct parser *p, struct item_node *item, bool has_key)
{
    parse_space(p);
    const char *from = p->p;
    while (p->p < p->end && *p->p != '{' && !ascii_is_space(*p->p))
        p->p++;
    struct str style = str_copy_n(p->arena, from, (size_t)(p->p - from), false);
    if (style.n == 0 || style.s[0] == '}') {
        p->p = from;
        return parse_fault(p, "missing lookup type");
    }
    struct search *search = ARENA_NEW(p->arena, struct search);
    struct error why = ERROR_IN(p->arena);
    if (!search_parse(p->arena, style, search, &why))
        return parse_fault(p, "%.*s", STR_ARG(why.text));
    if (search->type->single_key && !has_key)
        return parse_fault(p, "missing {key} for single-key \"%.*s\" lookup", STR_ARG(style));
    if (!search->type->single_key && has_key)
        return parse_fault(
            p, "a single key was given for lookup type \"%.*s\", which is not a single-key lookup type",
            STR_ARG(style));
    item->extra = search;
    return true;
}

static bool parse_lookup(struct parser *p, struct item_node *item)
{
    struct argument_list list = {.n = 0};
    parse_strings(p, &list, 1);
    if (p->fault == NULL && parse_search_style(p, item, list.n == 1)) {
        unsigned before = list.n;
        parse_strings(p, &list, before + 1);
        if (list.n > before && p->fault == NULL)
            return parse_branches(p, item, &list);
        parse_fault(p, "missing '{' for lookup file-or-query arg");
    }
    keep_arguments(p, item, &list);
    return false;
}

/* --- Evaluating */

static enum lookup_status match_pattern(void *ctx, struct str subject, struct str pattern, bool expand_it,
                                        struct error *err)
{
    struct scope *scope = ctx;
    if (scope->services == NULL || scope->services->match == NULL) {
        error_set(err, "patterns cannot be matched here");
        return LOOKUP_DEFER;
    }
    if (expand_it) {
        enum expand_status status = expand_string(scope, pattern, scope->arena, &pattern, err);
        if (status != EXPAND_OK)
            return status == EXPAND_FORCED ? LOOKUP_NOT_FOUND : LOOKUP_DEFER;
    }
    switch (scope->services->match(scope, MATCH_PATTERN, subject, pattern, NULL, err)) {
    case MATCH_YES:
        return LOOKUP_FOUND;
    case MATCH_NO:
        return LOOKUP_NOT_FOUND;
    case MATCH_DEFER:
    case MATCH_ERROR:
        break;
    }
    return LOOKUP_DEFER;
}

/* $1 and $2 are the wild and the fixed part of a key that was found by part of it. */
static void set_parts(struct scope *scope, const struct search_parts *parts)
{
    if (!parts->set)
        return;
    scope->captures[0] = STR_NULL;
    scope->captures[1] = parts->wild;
    scope->captures[2] = parts->fixed;
    scope->capture_count = 3;
}

static enum expand_status find(struct evaluation *ev, const struct search *search, const struct str *args,
                               struct finding *finding)
{
    struct lookup_services services = {.match_pattern = match_pattern,
                                       .place = scope_place,
                                       .validated = scope_set_validated,
                                       .ctx = ev->scope,
                                       .secret = scope_has_secrets(ev->scope)};
    struct search_parts parts = {.set = false};
    struct error why = ERROR_IN(ev->arena);
    bool single_key = search->type->single_key;
    struct str file = single_key ? args[1] : STR_NULL;
    switch (search_find(search, ev->arena, file, args[0], &services, &parts, &finding->value, &why)) {
    case LOOKUP_FOUND:
        finding->found = true;
        set_parts(ev->scope, &parts);
        return EXPAND_OK;
    case LOOKUP_NOT_FOUND:
        return EXPAND_OK;
    case LOOKUP_NO_FILE:
        return evaluate_fail(ev, "%.*s", STR_ARG(why.text));
    case LOOKUP_DEFER:
        break;
    }
    /* The text goes to the log. */
    struct str shown = services.secret && !single_key ? STR("(not shown)") : args[0];
    evaluate_fail(ev, "lookup of \"%.*s\" gave DEFER: %.*s", STR_ARG(shown), STR_ARG(why.text));
    return EXPAND_DEFER;
}

static enum expand_status find_and_branch(struct evaluation *ev, const struct item_node *item,
                                          const struct str *args, unsigned wanted, struct buffer *out)
{
    struct scope *scope = ev->scope;
    struct finding finding = {false, STR("")};
    struct str saved[3], saved_value = scope->value;
    unsigned saved_count = scope->capture_count;
    memcpy(saved, scope->captures, sizeof saved);
    enum expand_status status = find(ev, item->extra, args, &finding);
    if (status != EXPAND_OK)
        return status;
    if (finding.found)
        scope->value = finding.value;
    status = evaluate_branches(ev, item, wanted, &finding, out);
    scope->value = saved_value;
    memcpy(scope->captures, saved, sizeof saved);
    scope->capture_count = saved_count;
    return status;
}

static enum expand_status evaluate_lookup(struct evaluation *ev, const struct item_node *item,
                                          struct buffer *out)
{
    struct str args[2];
    const struct search *search = item->extra;
    unsigned wanted = search != NULL && search->type->single_key ? 2 : 1;
    unsigned given = item->arg_count < wanted ? item->arg_count : wanted;
    enum expand_status status = evaluate_arguments(ev, item->args, given, args);
    if (status != EXPAND_OK)
        return status;
    if (search == NULL || given < wanted)
        return evaluate_fault(ev, item->fault);
    return find_and_branch(ev, item, args, wanted, out);
}

static const struct item_row rows[] = {
    {"lookup", parse_lookup, 0, 2, NULL, NULL, evaluate_lookup, SCOPE_FORBID_LOOKUP},
};

const struct item_table item_lookup_table = ROWS(rows);
