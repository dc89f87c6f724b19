/* Results of named lists: see cache.h. */
#include "match/cache.h"

#include "base/arena.h"

enum { RESULTS = 32 };

struct result {
    const struct list *list;
    struct str subject, value;
    enum match_result result;
};

struct match_cache {
    struct arena *arena; /* of subjects and values */
    struct result results[RESULTS];
    size_t n;
};

static void free_arena(void *arena)
{
    arena_free(arena);
}

struct match_cache *match_cache_new(struct arena *arena)
{
    struct match_cache *cache = ARENA_NEW(arena, struct match_cache);

    cache->arena = arena_new(ARENA_PLAIN);
    arena_defer(arena, free_arena, cache->arena);
    return cache;
}

void match_cache_clear(struct match_cache *cache)
{
    if (!cache)
        return;
    if (cache->n > 0)
        arena_reset(cache->arena);
    cache->n = 0;
}

bool match_cache_get(const struct match_cache *cache, const struct list *list, struct str subject,
                     enum match_result *result, struct str *value)
{
    for (size_t i = 0; cache && i < cache->n; i++) {
        const struct result *r = &cache->results[i];
        if (r->list == list && str_eq(r->subject, subject)) {
            *result = r->result;
            *value = r->value;
            return true;
        }
    }
    return false;
}

void match_cache_put(struct match_cache *cache, const struct list *list, struct str subject,
                     enum match_result result, struct str value)
{
    if (!cache)
        return;
    if (cache->n == RESULTS)
        match_cache_clear(cache);
    cache->results[cache->n++] =
        (struct result){list, str_copy(cache->arena, subject), str_copy(cache->arena, value), result};
}
