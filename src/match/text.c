/* Lists that come as text with each use, as conditions such as match_domain have them: the process keeps
 * the last few compiled. */
#include <string.h>

#include "base/arena.h"
#include "match/pattern.h"
#include "match/walk.h"

enum { KEPT = 16, KEPT_TEXT_MAX = 4096 };

/* A process-wide cache, as the design allows. */
static struct kept_list {
    struct arena *arena; /* NULL: free */
    const struct list *list;
    unsigned long used;
    unsigned busy; /* matches under way: a lookup in a list may lead to other lists */
} kept[KEPT];
static unsigned long uses;

static const enum list_kind list_kinds[] = {
    [MATCH_DOMAIN_LIST] = LIST_DOMAIN,
    [MATCH_HOST_LIST] = LIST_HOST,
    [MATCH_ADDRESS_LIST] = LIST_ADDRESS,
    [MATCH_LOCAL_PART_LIST] = LIST_LOCAL_PART,
};

/* The kept list of that text, or the place for it: the one not used for longest. NULL: all are busy. */
static struct kept_list *place_for(enum list_kind kind, enum item_place place, struct str text)
{
    struct kept_list *oldest = NULL;

    for (struct kept_list *k = kept; k < kept + KEPT; k++) {
        if (k->arena && k->list->kind == kind && k->list->place == place && str_eq(k->list->source, text))
            return k;
        if (k->busy == 0 && (!oldest || k->used < oldest->used))
            oldest = k;
    }
    if (oldest) {
        arena_free(oldest->arena);
        *oldest = (struct kept_list){.arena = arena_new(ARENA_PLAIN)};
        oldest->list = list_compile_plain(oldest->arena, kind, place, text);
    }
    return oldest;
}

enum match_result list_match_text(struct scope *scope, enum match_kind kind, struct str subject,
                                  struct str text, struct str *value, struct error *err)
{
    if (kind == MATCH_PATTERN)
        return match_pattern(scope, subject, text, err);
    enum item_place place = kind == MATCH_HOST_LIST ? PLACE_MATCH_IP : PLACE_LIST;
    bool keep = text.n <= KEPT_TEXT_MAX && !text.tainted;
    struct kept_list *k = keep ? place_for(list_kinds[kind], place, text) : NULL;
    if (!k)
        return list_match(scope, list_compile_plain(scope->arena, list_kinds[kind], place, text), subject,
                          value, err);
    k->used = ++uses;
    k->busy++;
    enum match_result result = list_match(scope, k->list, subject, value, err);
    k->busy--;
    return result;
}
