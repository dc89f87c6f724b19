/* Going through a list from left to right (manual, 10.2 to 10.6): negation, named lists, files, and
 * what is to be done when something cannot be found out. */
#include "match/walk.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/strlist.h"
#include "expand/expand.h"
#include "match/file.h"
#include "match/named.h"

enum { DEPTH_MAX = 20 };

/* What to do about an item for which something could not be found. */
enum lenience { STRICT, INCLUDE, IGNORE };

/* One list being gone through. */
struct walk {
    struct matching *m;
    const struct list *list;
    struct str text;        /* as expanded, for the trace */
    enum lenience unknown;  /* +include_unknown, +ignore_unknown */
    enum lenience deferred; /* +include_defer, +ignore_defer */
    bool last_negated;      /* the last item that did not match was a negative one */
    enum match_result result;
};

enum found match_panic(struct matching *m, const char *format, ...)
{
    struct buffer text = BUFFER_IN(m->scope->arena);
    va_list args;

    va_start(args, format);
    buffer_vprintf(&text, format, args);
    va_end(args);
    log_write_str(LOG_MAIN | LOG_PANIC, buffer_str(&text));
    if (m->err)
        m->err->text = STR_NULL;
    return FOUND_DEFER;
}

/* --- The trace, which a tester sees: `SUBJECT in "LIST"? yes (matched "ITEM")` */

__attribute__((format(printf, 2, 3))) static void trace(const struct walk *w, const char *format, ...)
{
    if (!debug_on(DEBUG_lists))
        return;
    struct buffer text = BUFFER_IN(w->m->scope->arena);
    va_list args;
    va_start(args, format);
    buffer_vprintf(&text, format, args);
    va_end(args);
    struct str subject = w->m->kind == LIST_HOST ? STR("host") : w->m->subject;
    if (w->m->option && w->m->depth == 0) {
        debug(DEBUG_lists, "%.*s in %s? %.*s", STR_ARG(subject), w->m->option, STR_ARG(buffer_str(&text)));
        return;
    }
    debug(DEBUG_lists, "%.*s in \"%.*s\"? %.*s", STR_ARG(subject), STR_ARG(w->text),
          STR_ARG(buffer_str(&text)));
}

/* --- One item */

static enum found match_item(struct matching *m, const struct item *item)
{
    switch (m->kind) {
    case LIST_DOMAIN:
        return match_domain_item(m, item);
    case LIST_HOST:
        return match_host_item(m, item);
    case LIST_ADDRESS:
        return match_address_item(m, item);
    case LIST_LOCAL_PART:
        return match_local_part_item(m, item);
    }
    return FOUND_NO;
}

/* The list is decided: returns true so that the walk ends. */
static bool decide(struct walk *w, enum match_result result)
{
    w->result = result;
    return true;
}

/* The name and the address of a host may stay unknown (10.15), and asking for them be put off (10.17). */
static bool decide_unknown(struct walk *w, enum lenience lenience, const char *what)
{
    struct str why = w->m->why;

    switch (lenience) {
    case INCLUDE:
        trace(w, "yes (%.*s)", STR_ARG(why));
        log_write(LOG_MAIN, "%.*s: accepted by +include_%s", STR_ARG(why), what);
        return decide(w, MATCH_YES);
    case IGNORE:
        debug(DEBUG_lists, "%.*s: item ignored by +ignore_%s", STR_ARG(why), what);
        return false;
    case STRICT:
        break;
    }
    trace(w, "no (%.*s)", STR_ARG(why));
    if (log_selected(LOG_SEL_unknown_in_list))
        log_write(LOG_MAIN, "list matching forced to fail: %.*s", STR_ARG(why));
    return decide(w, MATCH_NO);
}

static bool decide_deferred(struct walk *w, const struct item *item)
{
    trace(w, "list match deferred for %.*s", STR_ARG(item->text));
    return decide(w, MATCH_DEFER);
}

static bool decide_later(struct walk *w, const struct item *item)
{
    if (w->deferred != STRICT)
        return decide_unknown(w, w->deferred, "defer");
    error_set(w->m->err, "%.*s", STR_ARG(w->m->why));
    return decide_deferred(w, item);
}

/* One item of the list itself (file: STR_NULL) or of a file. True: the list is decided. */
static bool step(struct walk *w, const struct item *item, bool negated, struct str file)
{
    struct matching *m = w->m;

    m->value = STR_NULL;
    switch (match_item(m, item)) {
    case FOUND_NO:
        w->last_negated = negated;
        return false;
    case FOUND_DEFER:
        return decide_deferred(w, item);
    case FOUND_UNKNOWN:
        return decide_unknown(w, w->unknown, "unknown");
    case FOUND_LATER:
        return decide_later(w, item);
    case FOUND_YES:
        break;
    }
    const char *answer = negated ? "no" : "yes";
    if (str_is_null(file)) {
        trace(w, "%s (matched \"%.*s\")", answer, STR_ARG(item->raw));
    } else {
        trace(w, "%s (matched \"%.*s\" in %.*s)", answer, STR_ARG(item->raw), STR_ARG(file));
        m->value = item->text;
    }
    return decide(w, negated ? MATCH_NO : MATCH_YES);
}

static bool step_file(struct walk *w, const struct item *item)
{
    struct matching *m = w->m;
    struct list_file file;
    struct item line_item;
    struct str line;
    bool decided = false;

    if (item->arg.tainted) {
        match_panic(m, "Tainted filename '%.*s'", STR_ARG(item->arg));
        return decide(w, MATCH_DEFER);
    }
    if (!list_file_open(&file, item->arg)) {
        struct error why = ERROR_IN(m->scope->arena);
        list_file_error(&why, item->arg, w->list->source, errno);
        match_panic(m, "%.*s", STR_ARG(why.text));
        return decide(w, MATCH_DEFER);
    }
    w->last_negated = item->negated;
    while (!decided && list_file_next(&file, m->kind, m->scope->arena, &line)) {
        item_parse(m->scope->arena, m->kind, PLACE_FILE, line, false, &line_item);
        decided = step(w, &line_item, line_item.negated != item->negated, item->arg);
    }
    list_file_close(&file);
    return decided;
}

/* What a cached result depends on besides the list. */
static struct str cache_key(const struct matching *m)
{
    if (m->kind == LIST_HOST)
        return m->host->address;
    return m->caseful ? str_join(m->scope->arena, STR("+"), m->subject) : m->folded;
}

/* Goes through a named list as a match of its own. */
static enum match_result walk_named(struct matching *m, const struct list *list)
{
    bool unstable = m->unstable;

    m->unstable = false;
    m->depth++;
    enum match_result result = match_walk(m, list);
    m->depth--;
    if ((!m->unstable || list->cache) && (result == MATCH_YES || result == MATCH_NO))
        match_cache_put(m->scope->match_cache, list, cache_key(m), result, m->value);
    m->unstable |= unstable;
    return result;
}

static bool step_named(struct walk *w, const struct item *item)
{
    struct matching *m = w->m;
    const struct list *list = named_lists_find(m->scope->lists, m->kind, item->arg);
    enum match_result result;
    bool cached;

    if (!list || m->depth >= DEPTH_MAX) {
        if (list)
            match_panic(m, "named %s list \"%.*s\" refers to itself", list_kind_name(m->kind),
                        STR_ARG(item->text));
        else
            match_panic(m, "unknown named %s list \"%.*s\"", list_kind_name(m->kind), STR_ARG(item->text));
        return decide(w, MATCH_DEFER);
    }
    cached = match_cache_get(m->scope->match_cache, list, cache_key(m), &result, &m->value);
    if (!cached)
        result = walk_named(m, list);
    w->last_negated = item->negated;
    if (result == MATCH_NO)
        return false;
    if (result != MATCH_YES)
        return decide_deferred(w, item);
    trace(w, "%s (matched \"%.*s\"%s)", item->negated ? "no" : "yes", STR_ARG(item->raw),
          cached ? " - cached" : "");
    return decide(w, item->negated ? MATCH_NO : MATCH_YES);
}

static void step_control(struct walk *w, enum control control)
{
    switch (control) {
    case CONTROL_CASEFUL:
        w->m->caseful = true;
        break;
    case CONTROL_INCLUDE_UNKNOWN:
        w->unknown = INCLUDE;
        break;
    case CONTROL_IGNORE_UNKNOWN:
        w->unknown = IGNORE;
        break;
    case CONTROL_INCLUDE_DEFER:
        w->deferred = INCLUDE;
        break;
    case CONTROL_IGNORE_DEFER:
        w->deferred = IGNORE;
        break;
    }
}

static bool step_any(struct walk *w, const struct item *item)
{
    switch (item->type) {
    case ITEM_CONTROL:
        step_control(w, item->control);
        return false;
    case ITEM_NAMED:
        return step_named(w, item);
    case ITEM_FILE:
        return step_file(w, item);
    default:
        return step(w, item, item->negated, STR_NULL);
    }
}

/* --- The list */

/* A list that has to be expanded: its items are taken apart as they are reached. */
static bool walk_text(struct walk *w)
{
    struct arena *arena = w->m->scope->arena;
    struct strlist items;
    struct item item;
    struct str raw;

    list_items(w->list, w->text, &items);
    while (strlist_next(&items, arena, &raw)) {
        item_parse(arena, w->list->kind, w->list->place, raw, false, &item);
        if (step_any(w, &item))
            return true;
    }
    return false;
}

static bool walk_items(struct walk *w)
{
    for (size_t i = 0; i < w->list->n; i++)
        if (step_any(w, &w->list->items[i]))
            return true;
    return false;
}

/* False: the list is decided, since it cannot be expanded. */
static bool expand_list(struct walk *w)
{
    struct matching *m = w->m;
    struct error why = ERROR_IN(m->scope->arena);

    m->unstable = true;
    switch (expand(m->scope, w->list->template, m->scope->arena, &w->text, &why)) {
    case EXPAND_OK:
        return true;
    case EXPAND_FORCED:
        debug(DEBUG_lists, "expansion of \"%.*s\" forced failure: assume not in this list",
              STR_ARG(w->list->source));
        w->result = MATCH_NO;
        return false;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        break;
    }
    match_panic(m, "failed to expand \"%.*s\" while checking a list: %.*s", STR_ARG(w->list->source),
                STR_ARG(why.text));
    w->result = MATCH_DEFER;
    return false;
}

enum match_result match_walk(struct matching *m, const struct list *list)
{
    struct walk w = {.m = m, .list = list, .text = list->text};

    if (list->template && !expand_list(&w))
        return w.result;
    if (list->template ? walk_text(&w) : walk_items(&w))
        return w.result;
    m->value = STR_NULL;
    trace(&w, "%s (end of list)", w.last_negated ? "yes" : "no");
    return w.last_negated ? MATCH_YES : MATCH_NO;
}
