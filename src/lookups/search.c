/* Searching: the series of keys that partial matching and defaults make of one (manual, 9.6, 9.7), each
 * looked up through the cache. */
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "base/log.h"
#include "base/print.h"
#include "lookups/cache.h"
#include "lookups/option.h"

/* One search under way. */
struct run {
    const struct search *search;
    struct kept *kept;
    struct lookup_request request;
    struct search_parts *parts; /* may be NULL */
    struct str *result;
    struct error *err;
};

static void set_parts(const struct run *run, struct str wild, struct str fixed)
{
    if (run->parts)
        *run->parts = (struct search_parts){true, wild, fixed};
}

/* The key as log and debugging may show it: a query that is made while a peer authenticates may have the
 * password in it. */
static struct str shown_key(const struct run *run, struct str key)
{
    const struct lookup_services *services = run->request.services;

    if (services && services->secret && !run->search->type->single_key)
        return STR("(not shown: there may be a password in it)");
    return printable(run->request.arena, key);
}

/* Whoever sends such a query lets a peer write part of it: the log says so (manual, 9.2 and 9.9). */
static void check_quoting(const struct run *run, struct str query)
{
    const struct lookup_type *type = run->search->type;
    const struct lookup_services *services = run->request.services;
    struct arena *arena = run->request.arena;
    struct str place = STR_NULL, shown = shown_key(run, query);

    if (!type->quote || (query.tainted & ~(unsigned)type->quoted) == 0)
        return;
    if (services && services->place)
        place = services->place(services->ctx, arena);
    if (str_is_null(place))
        log_write(LOG_MAIN | LOG_PANIC, "tainted search query is not properly quoted: %.*s", STR_ARG(shown));
    else
        log_write(LOG_MAIN | LOG_PANIC, "tainted search query is not properly quoted (%.*s): %.*s",
                  STR_ARG(place), STR_ARG(shown));
}

/* Looks one key up. */
static enum lookup_status find(struct run *run, struct str key)
{
    const struct lookup_type *type = run->search->type;
    struct str options = run->search->options;
    enum lookup_status status;
    uint32_t lifetime = UINT32_MAX;
    bool keep = type->keep_results, changed = false;

    if (key.n == 0) /* nothing has such a key, and an empty query asks for nothing */
        return LOOKUP_NOT_FOUND;
    if (keep && !run->search->no_cache_read &&
        cache_get(run->kept, key, options, run->request.arena, &status, run->result)) {
        struct str shown = shown_key(run, key);
        debug(DEBUG_lookup, "cached data used for lookup of %.*s", STR_ARG(shown));
        return status;
    }
    check_quoting(run, key);
    run->request.key = key;
    run->request.changed = &changed;
    run->request.lifetime = &lifetime;
    *run->result = STR_NULL;
    status = type->find(kept_handle(run->kept), &run->request, run->result, run->err);
    if (changed)
        cache_forget(run->kept);
    else if (keep && status != LOOKUP_DEFER)
        cache_put(run->kept, key, options, status, *run->result, lifetime);
    struct str shown = shown_key(run, key);
    debug(DEBUG_lookup, "%s lookup of %.*s%s%.*s: %s", type->name, STR_ARG(shown),
          run->request.file.n > 0 ? " in " : "", STR_ARG(run->request.file),
          status == LOOKUP_FOUND ? "found" : status == LOOKUP_NOT_FOUND ? "not found" : "deferred");
    return status;
}

/* The last try of partial0: what is looked up when nothing is left of the key. STR_NULL: nothing. */
static struct str bare_affix(struct arena *arena, struct str affix)
{
    if (affix.n == 0)
        return STR_NULL;
    bool dot = affix.n > 1 && affix.s[affix.n - 1] == '.';
    return str_sub(arena, affix, 0, dot ? affix.n - 1 : affix.n);
}

static int components(struct str key)
{
    int n = 1;

    for (size_t i = 0; i < key.n; i++)
        n += key.s[i] == '.';
    return n;
}

/* Tries the affix before the whole key and before what is left when components are taken off its front. */
static enum lookup_status find_partial(struct run *run, struct str key)
{
    struct arena *arena = run->request.arena;
    struct str affix = run->search->affix, rest = key;
    int left = components(key);

    for (;;) {
        size_t gone = key.n - rest.n; /* with the dot behind */
        /* Without an affix the first of these would be the key itself. */
        if (gone > 0 || affix.n > 0) {
            enum lookup_status status = find(run, str_join(arena, affix, rest));
            if (status != LOOKUP_NOT_FOUND) {
                set_parts(run, str_sub(arena, key, 0, gone > 0 ? gone - 1 : 0), str_copy(arena, rest));
                return status;
            }
        }
        ptrdiff_t dot = str_find(rest, '.');
        if (dot < 0 || --left < run->search->partial) {
            if (run->search->partial > 0)
                return LOOKUP_NOT_FOUND;
            struct str bare = bare_affix(arena, affix);
            set_parts(run, str_sub(arena, key, 0, gone), STR(""));
            return str_is_null(bare) ? LOOKUP_NOT_FOUND : find(run, bare);
        }
        rest = (struct str){rest.s + dot + 1, rest.n - (size_t)dot - 1, rest.tainted};
    }
}

static enum lookup_status find_default(struct run *run, struct str key)
{
    struct arena *arena = run->request.arena;
    ptrdiff_t at = run->search->deflt == SEARCH_STAR_AT ? str_rfind(key, '@') : -1;

    if (at >= 0) {
        struct str domain = {key.s + at, key.n - (size_t)at, key.tainted};
        set_parts(run, str_sub(arena, key, 0, (size_t)at), STR(""));
        enum lookup_status status = find(run, str_join(arena, STR("*"), domain));
        if (status != LOOKUP_NOT_FOUND)
            return status;
    }
    set_parts(run, key, STR(""));
    return find(run, STR("*"));
}

static enum lookup_status find_any(struct run *run, struct str key)
{
    enum lookup_status status = find(run, key);

    if (status != LOOKUP_NOT_FOUND) {
        if (run->search->partial >= 0)
            set_parts(run, STR(""), key);
        return status;
    }
    if (run->search->partial >= 0 && key.n > 0)
        status = find_partial(run, key);
    if (status == LOOKUP_NOT_FOUND && run->search->deflt != SEARCH_NO_DEFAULT)
        status = find_default(run, key);
    return status;
}

/* --- Files */

/* Takes the file's name off the front of a query, and the white space around it. */
static struct str split_query(struct arena *arena, struct str *query)
{
    size_t from = 0, to, end = query->n;

    while (from < end && ascii_is_space(query->s[from]))
        from++;
    if (from == end || query->s[from] != '/')
        return STR_NULL;
    for (to = from; to < end && !ascii_is_space(query->s[to]);)
        to++;
    struct str file = str_sub(arena, *query, from, to - from);
    while (to < end && ascii_is_space(query->s[to]))
        to++;
    *query = str_sub(arena, *query, to, end - to);
    return file;
}

/* The first `file=` of the style. */
static struct str file_option(struct arena *arena, struct str options)
{
    struct str rest = options, file = STR_NULL;

    while (!str_is_null(rest) && rest.n > 0) {
        ptrdiff_t comma = str_find(rest, ',');
        struct str one = {rest.s, comma < 0 ? rest.n : (size_t)comma, rest.tainted};
        if (lookup_option(one, "file", &file))
            return str_copy(arena, file);
        rest = comma < 0 ? STR_NULL
                         : (struct str){rest.s + comma + 1, rest.n - (size_t)comma - 1, rest.tainted};
    }
    return STR_NULL;
}

/* The file that a query goes to. */
static bool query_file(const struct search *search, struct arena *arena, struct str *query, struct str *file,
                       struct error *err)
{
    *file = file_option(arena, search->options);
    if (str_is_empty(*file))
        *file = split_query(arena, query);
    if (str_is_empty(*file))
        *file = search->type->default_file(lookup_settings());
    if (file->n > 0 && file->s[0] == '/')
        return true;
    return error_set(err, "absolute file name expected for \"%s\" lookup", search->type->name);
}

/* The file to open, STR_NULL for queries that need none. */
static bool choose_file(const struct search *search, struct arena *arena, struct str *key, struct str *file,
                        struct error *err)
{
    const struct lookup_type *type = search->type;

    if (!type->single_key && !file->tainted)
        *file = STR_NULL;
    if (type->default_file && !query_file(search, arena, key, file, err))
        return false;
    if (file->tainted)
        return error_set(err, "Tainted filename for search: '%.*s'", STR_ARG(*file));
    if (file->n > 0 && memchr(file->s, '\0', file->n))
        return error_set(err, "NUL in the name of a file for search");
    return true;
}

enum lookup_status search_find(const struct search *search, struct arena *arena, struct str file,
                               struct str key, const struct lookup_services *services,
                               struct search_parts *parts, struct str *result, struct error *err)
{
    if (parts)
        parts->set = false;
    if (!choose_file(search, arena, &key, &file, err))
        return LOOKUP_NO_FILE;
    struct run run = {
        .search = search,
        .kept = cache_open(search->type, file, err),
        .request = {.arena = arena, .file = file, .options = search->options, .services = services},
        .parts = parts,
        .result = result,
        .err = err,
    };
    if (!run.kept)
        return LOOKUP_NO_FILE;
    enum lookup_status status = find_any(&run, key);
    cache_release(run.kept);
    if (status != LOOKUP_FOUND && parts)
        parts->set = false;
    if (status == LOOKUP_FOUND && search->ret_key)
        *result = str_copy_n(arena, key.s, key.n, false);
    return status;
}
