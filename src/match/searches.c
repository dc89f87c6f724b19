/* Lookups as items of lists. */
#include <string.h>

#include "base/arena.h"
#include "expand/expand.h"
#include "match/pattern.h"
#include "match/walk.h"

void match_set_captures(struct matching *m, const struct str *captures, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        m->scope->captures[i] = captures[i];
    m->scope->capture_count = n;
}

enum found match_search(struct matching *m, const struct item *item, struct str key,
                        struct search_parts *parts)
{
    const struct item_lookup *lookup = item->lookup;
    const struct lookup_services services = {.match_pattern = match_pattern_service,
                                             .place = scope_place,
                                             .validated = scope_set_validated,
                                             .ctx = m->scope,
                                             .secret = scope_has_secrets(m->scope)};
    struct arena *arena = m->scope->arena;
    struct error why = ERROR_IN(arena);

    if (!str_is_null(lookup->error))
        return match_panic(m, "%.*s", STR_ARG(lookup->error));
    if (m->scope->forbid & SCOPE_FORBID_LOOKUP) {
        error_set(m->err, "lookup expansions are not permitted");
        return FOUND_DEFER;
    }
    if (!lookup->search.type->single_key)
        key = lookup->query;
    struct str file = lookup->file;
    switch (search_find(&lookup->search, arena, file, key, &services, parts, &m->value, &why)) {
    case LOOKUP_FOUND:
        return FOUND_YES;
    case LOOKUP_NOT_FOUND:
        return FOUND_NO;
    case LOOKUP_NO_FILE:
        return match_panic(m, "%.*s", STR_ARG(why.text));
    case LOOKUP_DEFER:
        break;
    }
    error_set(m->err, "%.*s", STR_ARG(why.text));
    return FOUND_DEFER;
}
