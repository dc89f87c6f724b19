/* Prefixes and suffixes of local parts (manual, 15: local_part_prefix, local_part_suffix). */
#include "base/strlist.h"
#include "routers/routing.h"

/* How many octets of the local part the prefix covers, *wild of them by its asterisk; 0: it does not fit. What it
 * leaves must not be empty. */
static size_t prefix_length(struct str local_part, struct str prefix, size_t *wild)
{
    bool any = prefix.n > 0 && prefix.s[0] == '*';
    struct str fixed = {prefix.s + any, prefix.n - any, prefix.tainted};

    *wild = 0;
    if (!any)
        return local_part.n >= fixed.n &&
               str_eq_nocase((struct str){local_part.s, fixed.n, false}, fixed) ? fixed.n : 0;
    for (size_t at = local_part.n; at-- > 0;)
        if (at + fixed.n <= local_part.n &&
            str_eq_nocase((struct str){local_part.s + at, fixed.n, false}, fixed)) {
            *wild = at;
            return at + fixed.n;
        }
    return 0;
}

/* The same at the end, the asterisk being the last octet. */
static size_t suffix_length(struct str local_part, struct str suffix, size_t *wild)
{
    bool any = suffix.n > 0 && suffix.s[suffix.n - 1] == '*';
    struct str fixed = {suffix.s, suffix.n - any, suffix.tainted};

    *wild = 0;
    if (!any)
        return local_part.n >= fixed.n &&
               str_eq_nocase((struct str){local_part.s + local_part.n - fixed.n, fixed.n, false}, fixed)
                   ? fixed.n : 0;
    for (size_t at = 0; at + fixed.n <= local_part.n; at++)
        if (str_eq_nocase((struct str){local_part.s + at, fixed.n, false}, fixed)) {
            *wild = local_part.n - at - fixed.n;
            return local_part.n - at;
        }
    return 0;
}

/* What was taken for an affix is what the configuration says, wherever it has no asterisk: such text is not
 * tainted. */
static struct str part(struct arena *arena, struct str text, size_t from, size_t n, bool fixed)
{
    struct str copy = str_sub(arena, text, from, n);

    if (fixed)
        copy.tainted = 0;
    return copy;
}

static bool take_prefix(struct routing *r, struct mail_recipient *recipient)
{
    struct str local_part = recipient->local_part, item;
    struct strlist it;
    size_t length, wild;

    strlist_begin(&it, r->router->local_part_prefix, ':');
    while (strlist_next(&it, r->arena, &item)) {
        length = prefix_length(local_part, item, &wild);
        if (length == 0)
            continue;
        recipient->prefix = part(r->arena, local_part, 0, length, wild == 0);
        recipient->prefix_v = part(r->arena, local_part, 0, wild, false);
        recipient->local_part = part(r->arena, local_part, length, local_part.n, false);
        debug(DEBUG_route, "stripped prefix %.*s", STR_ARG(recipient->prefix));
        return true;
    }
    return r->router->local_part_prefix_optional;
}

static bool take_suffix(struct routing *r, struct mail_recipient *recipient)
{
    struct str local_part = recipient->local_part, item;
    struct strlist it;
    size_t length, wild;

    strlist_begin(&it, r->router->local_part_suffix, ':');
    while (strlist_next(&it, r->arena, &item)) {
        length = suffix_length(local_part, item, &wild);
        if (length == 0)
            continue;
        recipient->suffix = part(r->arena, local_part, local_part.n - length, length, wild == 0);
        recipient->suffix_v = part(r->arena, local_part, local_part.n - wild, wild, false);
        recipient->local_part = part(r->arena, local_part, 0, local_part.n - length, false);
        debug(DEBUG_route, "stripped suffix %.*s", STR_ARG(recipient->suffix));
        return true;
    }
    return r->router->local_part_suffix_optional;
}

bool routing_take_affixes(struct routing *r)
{
    struct mail_recipient *recipient = r->recipient;

    recipient->prefix = recipient->prefix_v = recipient->suffix = recipient->suffix_v = STR_NULL;
    recipient->local_part = r->router->caseful_local_part ? recipient->caseful_local_part
                                                          : recipient->lower_local_part;
    if (!str_is_null(r->router->local_part_prefix) && !take_prefix(r, recipient)) {
        debug(DEBUG_route, "%.*s router skipped: prefix mismatch", STR_ARG(r->router->instance.name));
        return false;
    }
    if (!str_is_null(r->router->local_part_suffix) && !take_suffix(r, recipient)) {
        debug(DEBUG_route, "%.*s router skipped: suffix mismatch", STR_ARG(r->router->instance.name));
        return false;
    }
    return true;
}
