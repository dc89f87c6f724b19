/* Matching with a single pattern: see pattern.h. */
#include "match/pattern.h"

#include "base/arena.h"
#include "expand/expand.h"
#include "match/walk.h"

enum match_result match_pattern(struct scope *scope, struct str subject, struct str pattern,
                                struct error *err)
{
    struct matching m = {.scope = scope, .kind = LIST_DOMAIN, .subject = subject, .err = err};
    struct item item;

    m.folded = str_lower(scope->arena, subject);
    item_parse(scope->arena, LIST_DOMAIN, PLACE_PATTERN, pattern, false, &item);
    enum found found = match_string_item(&m, &item, m.folded, m.subject, false);
    scope->capture_count = 0;
    if (found == FOUND_DEFER)
        return MATCH_DEFER;
    return (found == FOUND_YES) != item.negated ? MATCH_YES : MATCH_NO;
}

enum lookup_status match_pattern_service(void *scope_, struct str subject, struct str pattern, bool expanding,
                                         struct error *err)
{
    struct scope *scope = scope_;
    struct error why = ERROR_IN(scope->arena);

    if (expanding) {
        enum expand_status status = expand_string(scope, pattern, scope->arena, &pattern, &why);
        if (status == EXPAND_FORCED)
            return LOOKUP_NOT_FOUND;
        if (status != EXPAND_OK) {
            error_set(err, "%.*s", STR_ARG(why.text));
            return LOOKUP_DEFER;
        }
    }
    switch (match_pattern(scope, subject, pattern, err)) {
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
