/* Named lists (manual, 10.6): a table of names for each kind of list. */
#include "match/named.h"

#include "base/arena.h"
#include "match/walk.h"

enum { KINDS = LIST_LOCAL_PART + 1, BUCKETS = 64 };

struct named_list {
    struct named_list *next;         /* in the order of definition */
    struct named_list *next_in_bucket;
    struct str name;
    const struct list *list;
    bool hide;
};

struct named_lists {
    struct arena *arena;
    struct {
        struct named_list *first, **last;
        struct named_list *buckets[BUCKETS];
    } kinds[KINDS];
};

const char *list_kind_name(enum list_kind kind)
{
    static const char *const names[KINDS] = {
        [LIST_DOMAIN] = "domain",
        [LIST_HOST] = "host",
        [LIST_ADDRESS] = "address",
        [LIST_LOCAL_PART] = "local part",
    };
    return names[kind];
}

struct named_lists *named_lists_new(struct arena *arena)
{
    struct named_lists *lists = ARENA_NEW(arena, struct named_lists);

    lists->arena = arena;
    for (unsigned kind = 0; kind < KINDS; kind++)
        lists->kinds[kind].last = &lists->kinds[kind].first;
    return lists;
}

static unsigned bucket_of(struct str name)
{
    unsigned hash = 2166136261U;

    for (size_t i = 0; i < name.n; i++)
        hash = (hash ^ (unsigned char)name.s[i]) * 16777619U;
    return hash % BUCKETS;
}

static const struct named_list *find(const struct named_lists *lists, enum list_kind kind, struct str name)
{
    const struct named_list *named = lists ? lists->kinds[kind].buckets[bucket_of(name)] : NULL;

    while (named && !str_eq(named->name, name))
        named = named->next_in_bucket;
    return named;
}

bool named_lists_add(struct named_lists *lists, enum list_kind kind, struct str name, struct str text,
                     bool hide, bool cache, struct source_pos where, struct error *err)
{
    struct arena *arena = lists->arena;

    if (name.n == 0)
        return error_at(err, where, "missing name for a named %s list", list_kind_name(kind));
    if (find(lists, kind, name))
        return error_at(err, where, "duplicate name \"%.*s\" for a named %s list", STR_ARG(name),
                        list_kind_name(kind));
    struct named_list *named = ARENA_NEW(arena, struct named_list);
    struct named_list **bucket = &lists->kinds[kind].buckets[bucket_of(name)];
    *named = (struct named_list){.next_in_bucket = *bucket, .name = str_copy(arena, name), .hide = hide};
    struct list *list = list_compile_mutable(arena, kind, text, where);
    list->cache = cache;
    named->list = list;
    *bucket = named;
    *lists->kinds[kind].last = named;
    lists->kinds[kind].last = &named->next;
    return true;
}

const struct list *named_lists_find(const struct named_lists *lists, enum list_kind kind, struct str name)
{
    const struct named_list *named = find(lists, kind, name);

    return named ? named->list : NULL;
}

bool named_lists_hidden(const struct named_lists *lists, enum list_kind kind, struct str name)
{
    const struct named_list *named = find(lists, kind, name);

    return named && named->hide;
}

void named_lists_each(const struct named_lists *lists, enum list_kind kind,
                      void (*each)(void *ctx, struct str name, const struct list *list, bool hide), void *ctx)
{
    for (const struct named_list *named = lists->kinds[kind].first; named; named = named->next)
        each(ctx, named->name, named->list, named->hide);
}
