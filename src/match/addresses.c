/* Items of address lists (manual, 10.20 and 10.21). */
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/strlist.h"
#include "match/walk.h"

enum { CHAIN_MAX = 50 };

/* The address as items see it: its domain in lower case always, its local part unless +caseful was said. */
static struct str subject_of(const struct matching *m)
{
    return m->caseful ? m->subject : m->folded;
}

/* Local part and domain of a non-empty address; false: it has no @. */
static bool divide(struct matching *m, struct str *local, struct str *domain)
{
    struct str subject = subject_of(m);
    ptrdiff_t at = str_rfind(subject, '@');

    if (at < 0)
        return false;
    *local = str_sub(m->scope->arena, subject, 0, (size_t)at);
    *domain = str_sub(m->scope->arena, subject, (size_t)at + 1, subject.n);
    return true;
}

/* --- local@domain */

static bool same_local(const struct matching *m, const struct item_address *address, struct str local)
{
    if (str_is_null(address->local))
        return true;
    if (address->local_suffix) {
        if (local.n < address->local.n)
            return false;
        local.s += local.n - address->local.n;
        local.n = address->local.n;
    }
    return m->caseful ? str_eq(local, address->local) : str_eq_nocase(local, address->local);
}

/* The value is the item with the domain replaced by what the domain's own match gave. */
static struct str address_value(struct arena *arena, const struct item_address *address, struct str domain)
{
    struct str at = STR("@");

    if (str_is_null(address->local))
        return str_join(arena, at, domain);
    if (address->local_suffix)
        at = str_join3(arena, STR("*"), address->local, at);
    else
        at = str_join(arena, address->local, at);
    return str_join(arena, at, domain);
}

/* $0 is the address; then what an asterisk in front of the local part stands for; then what the domain's item set. */
static void set_captures(struct matching *m, const struct item_address *address, struct str local)
{
    struct scope *scope = m->scope;
    struct str captures[SCOPE_CAPTURES];
    unsigned n = 0;

    captures[n++] = m->subject;
    if (address->local_suffix)
        captures[n++] = str_sub(scope->arena, local, 0, local.n - address->local.n);
    for (unsigned i = 1; i < scope->capture_count && n < SCOPE_CAPTURES; i++)
        captures[n++] = scope->captures[i];
    match_set_captures(m, captures, n);
}

static enum found match_divided(struct matching *m, const struct item *item, struct str local,
                                struct str domain)
{
    const struct item_address *address = item->address;

    if (!same_local(m, address, local))
        return FOUND_NO;
    struct matching of_domain = {.scope = m->scope, .kind = LIST_DOMAIN, .subject = domain, .folded = domain,
                                 .caseful = m->caseful, .depth = m->depth, .err = m->err};
    enum match_result result = match_walk(&of_domain, address->domain);
    m->unstable |= of_domain.unstable;
    switch (result) {
    case MATCH_YES:
        m->value = address_value(m->scope->arena, address, of_domain.value);
        if (m->captures)
            set_captures(m, address, local);
        return FOUND_YES;
    case MATCH_NO:
        return FOUND_NO;
    case MATCH_DEFER:
    case MATCH_ERROR:
        break;
    }
    return FOUND_DEFER;
}

/* --- @@lookup: the domain is the key of a list of local parts */

/* Looks for the local part among the items of `list`. *next: the key of the list that goes on where
 * this one ends; STR_NULL: there is none. */
static enum found match_local_parts(struct matching *m, struct str list, struct str local, struct str *next)
{
    struct arena *arena = m->scope->arena;
    struct strlist items;
    struct str raw;

    *next = STR_NULL;
    strlist_begin(&items, list, ':');
    while (strlist_next(&items, arena, &raw)) {
        struct item item;
        struct str after = *next;
        *next = STR_NULL;
        if (!str_is_null(after)) /* only the last item is a continuation */
            continue;
        if (raw.n > 0 && raw.s[0] == '>') {
            *next = str_trim(arena, (struct str){raw.s + 1, raw.n - 1, raw.tainted});
            continue;
        }
        item_parse(arena, LIST_LOCAL_PART, PLACE_PATTERN, raw, false, &item);
        enum found found = match_string_item(m, &item, local, local, m->caseful);
        if (found == FOUND_YES)
            return item.negated ? FOUND_NO : FOUND_YES;
        if (found != FOUND_NO)
            return found;
    }
    return FOUND_UNKNOWN; /* undecided */
}

static enum found match_at_lookup(struct matching *m, const struct item *item, struct str local,
                                  struct str domain)
{
    struct str key = domain, next;

    for (int links = 0; links < CHAIN_MAX; links++) {
        struct search_parts parts;
        enum found found = match_search(m, item, key, &parts);
        if (found != FOUND_YES)
            return found;
        found = match_local_parts(m, m->value, local, &next);
        if (found != FOUND_UNKNOWN)
            return found;
        if (str_is_null(next) || !item->lookup->search.type->single_key)
            return FOUND_NO;
        key = next;
    }
    return match_panic(m, "Loop detected in lookup of local part of %.*s in %.*s", STR_ARG(m->subject),
                       STR_ARG(item->text));
}

/* --- Any item */

static enum found match_whole(struct matching *m, const struct item *item, struct str subject)
{
    struct search_parts parts;

    if (item->type == ITEM_REGEX)
        return match_regex(m, item, subject, m->caseful, m->captures);
    if (item->lookup->partial_ignored)
        log_write(
            LOG_MAIN | LOG_PANIC,
            "partial matching is not applicable to whole-address lookups: ignored \"partial-\" in \"%.*s\"",
            STR_ARG(item->text));
    return match_search(m, item, subject, &parts);
}

enum found match_address_item(struct matching *m, const struct item *item)
{
    struct str subject = subject_of(m), local, domain;

    if (subject.n > 0 && !divide(m, &local, &domain)) {
        log_write(LOG_MAIN | LOG_PANIC,
                  "no @ found in the subject of an address list match: subject=\"%.*s\" pattern=\"%.*s\"",
                  STR_ARG(m->subject), STR_ARG(item->text));
        return FOUND_NO;
    }
    if (item->type == ITEM_REGEX || item->type == ITEM_LOOKUP)
        return match_whole(m, item, subject);
    if (subject.n == 0)
        return item->type == ITEM_EMPTY ? FOUND_YES : FOUND_NO;
    switch (item->type) {
    case ITEM_ADDRESS:
    case ITEM_EMPTY:
        return match_divided(m, item, local, domain);
    case ITEM_AT_LOOKUP:
        return match_at_lookup(m, item, local, domain);
    default:
        return FOUND_NO;
    }
}
