/* The process's cache of handles and results: see cache.h. */
#include "lookups/cache.h"

#include "base/arena.h"
#include "base/clock.h"

enum {
    RESULTS = 16,              /* kept per handle */
    RESULT_ROOM = 256 * 1024,  /* octets of them after which all are dropped */
    OPEN_MAX_DEFAULT = 25,     /* lookup_open_max */
    NESTING_MAX = 10,          /* lookups in one file that each cause the next */
};

struct result {
    struct str key, options, value;
    enum lookup_status status;
    int64_t until; /* a moment of the monotonic clock */
};

struct kept {
    struct kept *next;
    struct arena *arena; /* of the struct and of the name */
    const struct lookup_type *type;
    struct str file;
    void *handle;
    unsigned long used; /* when: counts cache_open() calls */
    unsigned busy;      /* cache_open() calls not yet released */
    struct arena *results_arena;
    struct result results[RESULTS];
    size_t results_n;
};

/* A process-wide cache, as the design allows. */
static struct {
    struct kept *first;
    unsigned n, most;
    unsigned long calls;
} cache = {.most = OPEN_MAX_DEFAULT};

void *kept_handle(const struct kept *kept)
{
    return kept->handle;
}

/* --- Results */

void cache_forget(struct kept *kept)
{
    if (kept->results_n > 0)
        arena_reset(kept->results_arena);
    kept->results_n = 0;
}

bool cache_get(const struct kept *kept, struct str key, struct str options, struct arena *arena,
               enum lookup_status *status, struct str *result)
{
    for (size_t i = 0; i < kept->results_n; i++) {
        const struct result *r = &kept->results[i];
        if (str_eq(r->key, key) && str_eq(r->options, options) &&
            (r->until == INT64_MAX || clock_now_ms() < r->until)) {
            *status = r->status;
            *result = str_copy(arena, r->value);
            return true;
        }
    }
    return false;
}

void cache_put(struct kept *kept, struct str key, struct str options, enum lookup_status status,
               struct str result, uint32_t lifetime)
{
    if (!kept->results_arena)
        kept->results_arena = arena_new(ARENA_PLAIN);
    if (kept->results_n == RESULTS || arena_size(kept->results_arena) > RESULT_ROOM)
        cache_forget(kept);
    struct arena *arena = kept->results_arena;
    int64_t until = lifetime == UINT32_MAX ? INT64_MAX : clock_now_ms() + (int64_t)lifetime * 1000;
    kept->results[kept->results_n++] = (struct result){str_copy(arena, key), str_copy(arena, options),
                                                       str_copy(arena, result), status, until};
}

/* --- Handles */

static void close_kept(struct kept **place)
{
    struct kept *kept = *place;

    *place = kept->next;
    cache.n--;
    if (kept->type->close)
        kept->type->close(kept->handle);
    arena_free(kept->results_arena);
    arena_free(kept->arena);
}

/* Closes what was not used for longest until no more than `most` are left, or only busy ones. */
static void close_down_to(unsigned most)
{
    while (cache.n > most) {
        struct kept **oldest = NULL;
        for (struct kept **place = &cache.first; *place; place = &(*place)->next)
            if ((*place)->busy == 0 && (!oldest || (*place)->used < (*oldest)->used))
                oldest = place;
        if (!oldest)
            return;
        close_kept(oldest);
    }
}

static struct kept *keep(const struct lookup_type *type, struct str file, void *handle)
{
    close_down_to(cache.most - 1);
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct kept *kept = ARENA_NEW(arena, struct kept);
    *kept = (struct kept){.next = cache.first, .arena = arena, .type = type, .file = str_copy(arena, file),
                          .handle = handle, .used = cache.calls, .busy = 1};
    cache.first = kept;
    cache.n++;
    return kept;
}

/* The kept handle of a file when there is a current one; others of that file are closed. */
static struct kept *find_kept(const struct lookup_type *type, struct str file)
{
    for (struct kept **place = &cache.first; *place;) {
        struct kept *kept = *place;
        if (kept->type == type && str_eq(kept->file, file)) {
            if (!type->current || type->current(kept->handle, file))
                return kept;
            if (kept->busy == 0) {
                close_kept(place);
                continue;
            }
        }
        place = &kept->next;
    }
    return NULL;
}

struct kept *cache_open(const struct lookup_type *type, struct str file, struct error *err)
{
    struct kept *kept = find_kept(type, file);
    void *handle = NULL;

    cache.calls++;
    if (kept && kept->busy == NESTING_MAX) {
        error_set(err, "lookups in %.*s are nested too deeply", STR_ARG(file));
        return NULL;
    }
    if (kept) {
        kept->used = cache.calls;
        kept->busy++;
        return kept;
    }
    if (type->open && !(handle = type->open(file, err)))
        return NULL;
    return keep(type, file, handle);
}

void cache_release(struct kept *kept)
{
    kept->busy--;
}

void search_tidyup(void)
{
    for (struct kept **place = &cache.first; *place;) {
        cache_forget(*place);
        if ((*place)->type->current || (*place)->busy > 0)
            place = &(*place)->next;
        else
            close_kept(place);
    }
}

void search_close(void)
{
    close_down_to(0);
}

void search_open_max(unsigned files)
{
    cache.most = files > 0 ? files : 1;
    close_down_to(cache.most);
}
