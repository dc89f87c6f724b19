/* The dnslists condition (manual, 44.27 to 44.37): is a host, or whatever key is given, listed? An item is
 *
 *     DOMAIN[,DOMAIN][[!]=|==|&|=&ADDRESS[,ADDRESS]...][/KEY[:KEY]...]
 *
 * Of two domains the second is the one where addresses count, the first has the text. */
#include <string.h>

#include "acl/dnslist_lookup.h"
#include "acl/kinds.h"
#include "base/ascii.h"
#include "base/log.h"
#include "base/strlist.h"

/* What a list that does not answer counts as. */
enum unknown { UNKNOWN_EXCLUDED, UNKNOWN_INCLUDED, UNKNOWN_DEFERRED };

/* An item, taken apart. */
struct item {
    struct str domain;      /* where to look */
    struct str text_domain; /* which list that is; mostly the same */
    struct str match;       /* "==127.0.0.2", for debugging; STR_NULL: any address will do */
    struct str addresses;   /* of that, the part behind the comparison */
    bool negated, all, bits;
    struct str keys;        /* STR_NULL: the calling host's address */
    enum unknown unknown;
};

/* --- Taking an item apart */

static struct str part(struct arena *arena, struct str v, size_t from, size_t to)
{
    return str_sub(arena, v, from, to - from);
}

/* Splits off `=127.0.0.2` and the like. */
static struct str split_match(struct arena *arena, struct str head, struct item *item)
{
    size_t at = 0, begin;

    item->match = STR_NULL;
    while (at < head.n && head.s[at] != '=' && head.s[at] != '&')
        at++;
    if (at == head.n)
        return head;
    item->negated = at > 0 && head.s[at - 1] == '!';
    item->bits = head.s[at] == '&';
    begin = at + 1;
    if (!item->bits && begin < head.n && (head.s[begin] == '=' || head.s[begin] == '&')) {
        item->all = true;
        item->bits = head.s[begin++] == '&';
    }
    item->match = part(arena, head, at, head.n);
    item->addresses = part(arena, head, begin, head.n);
    return part(arena, head, 0, at - item->negated);
}

static struct item parse_item(struct arena *arena, struct str text, enum unknown unknown)
{
    struct item item = {.keys = STR_NULL, .unknown = unknown};
    ptrdiff_t slash = str_find(text, '/');
    struct str head = slash < 0 ? text : part(arena, text, 0, (size_t)slash);

    if (slash >= 0)
        item.keys = part(arena, text, (size_t)slash + 1, text.n);
    head = split_match(arena, head, &item);
    ptrdiff_t comma = str_find(head, ',');
    item.text_domain = comma < 0 ? head : part(arena, head, 0, (size_t)comma);
    item.domain = comma < 0 ? head : part(arena, head, (size_t)comma + 1, head.n);
    return item;
}

static void check_domain(struct str domain)
{
    for (size_t i = 0; i < domain.n; i++)
        if (!ascii_is_alnum(domain.s[i]) && !strchr("-._", domain.s[i])) {
            log_write(LOG_MAIN, "dnslists domain \"%.*s\" contains strange characters - is this right?",
                      STR_ARG(domain));
            return;
        }
}

/* --- Comparing addresses */

static bool matches(const struct item *item, const struct ip *address, const struct ip *wanted)
{
    for (unsigned i = 0; i < wanted->bits / 8; i++) {
        unsigned octet = item->bits ? address->octets[i] & wanted->octets[i] : address->octets[i];
        if (octet != wanted->octets[i])
            return false;
    }
    return true;
}

static bool matches_any(struct arena *arena, const struct item *item, const struct ip *address)
{
    size_t from = 0;

    while (from < item->addresses.n) {
        size_t to = from;
        struct ip wanted;

        while (to < item->addresses.n && item->addresses.s[to] != ',')
            to++;
        struct str text = str_trim(arena, part(arena, item->addresses, from, to));
        if (ip_parse(text, &wanted) && wanted.bits == address->bits && matches(item, address, &wanted))
            return true;
        from = to + 1;
    }
    return false;
}

static bool is_loopback_net(const struct ip *ip)
{
    return ip->octets[0] == 127;
}

/* Whether the addresses are those that the item asks for. */
static bool addresses_match(struct arena *arena, const struct item *item, const struct dnslist_entry *entry)
{
    const char *why;
    bool found = item->all;

    for (size_t i = 0; i < entry->address_count && found == item->all; i++)
        found = matches_any(arena, item, &entry->addresses[i]);
    if (found != item->negated)
        return true;
    if (item->all)
        why = item->negated ? "were no IP addresses that did not match"
                            : "was an IP address that did not match";
    else
        why = item->negated ? "was an exclude match" : "was no match";
    debug(DEBUG_dnsbl, "=> but we are not accepting this block class because");
    debug(DEBUG_dnsbl, "=> there %s for %.*s", why, STR_ARG(item->match));
    return false;
}

/* Lists have addresses of 127.0.0.0/8; others come from whoever has got the list's domain since. */
static bool any_is_genuine(const struct dnslist_entry *entry, struct str key, struct str domain,
                           struct arena *arena)
{
    bool genuine = false;

    for (size_t i = 0; i < entry->address_count; i++) {
        if (is_loopback_net(&entry->addresses[i])) {
            genuine = true;
            continue;
        }
        struct str address = ip_format(arena, &entry->addresses[i]);
        log_write(LOG_MAIN, "DNS list lookup for %.*s at %.*s returned %.*s; not in 127.0/8 and discarded",
                  STR_ARG(key), STR_ARG(domain), STR_ARG(address));
    }
    return genuine;
}

/* --- One key in one list */

static enum acl_check unanswered(const struct item *item, struct str name)
{
    static const struct {
        enum acl_check check;
        const char *text;
    } answers[] = {
        [UNKNOWN_EXCLUDED] = {CHECK_FALSE, "assumed not in list"},
        [UNKNOWN_INCLUDED] = {CHECK_TRUE, "assumed in list"},
        [UNKNOWN_DEFERRED] = {CHECK_DEFER, "returned DEFER"},
    };

    if (log_selected(LOG_SEL_dnslist_defer))
        log_write(LOG_MAIN, "DNS list lookup defer (probably timeout) for %.*s: %s", STR_ARG(name),
                  answers[item->unknown].text);
    return answers[item->unknown].check;
}

/* Looks prefix.domain up. key: what that is for, as texts name it. any: any address will do. */
static enum acl_check look_up(struct acl_run *run, const struct item *item, struct str domain, struct str key,
                              struct str prefix, bool any, struct dnslist_entry **entry)
{
    struct arena *arena = run->context->arena;
    struct str name = str_join3(arena, prefix, STR("."), domain);

    *entry = dnslist_lookup(run->context->scope, arena, name);
    switch ((*entry)->status) {
    case DNS_AGAIN:
    case DNS_FAIL:
        return unanswered(item, name);
    case DNS_NO_DATA:
    case DNS_NO_MATCH:
        debug(DEBUG_dnsbl, "DNS lookup for %.*s failed", STR_ARG(name));
        debug(DEBUG_dnsbl, "=> that means %.*s is not listed at %.*s", STR_ARG(key), STR_ARG(domain));
        return CHECK_FALSE;
    case DNS_FOUND:
        break;
    }
    debug(DEBUG_dnsbl, "DNS lookup for %.*s succeeded (yielding %.*s)", STR_ARG(name), STR_ARG((*entry)->value));
    bool counts = any ? any_is_genuine(*entry, key, domain, arena) : addresses_match(arena, item, *entry);
    return counts ? CHECK_TRUE : CHECK_FALSE;
}

static enum acl_check check_key(struct acl_run *run, const struct item *item, struct str key)
{
    struct scope *scope = run->context->scope;
    struct arena *arena = run->context->arena;
    struct dnslist_entry *entry;
    struct str prefix = key, text = STR("");
    struct ip ip;

    if (ip_parse(key, &ip)) {
        ip_unmap(&ip);
        prefix = dns_reverse_labels(arena, &ip);
    }
    enum acl_check check =
        look_up(run, item, item->domain, key, prefix, str_is_null(item->match), &entry);
    if (check == CHECK_TRUE && entry->status == DNS_FOUND && !str_eq(item->domain, item->text_domain))
        check = look_up(run, item, item->text_domain, key, prefix, true, &entry);
    if (check != CHECK_TRUE)
        return check;
    if (entry->status == DNS_FOUND)
        text = dnslist_text(scope, arena, entry);
    debug(DEBUG_dnsbl, "=> that means %.*s is listed at %.*s", STR_ARG(key), STR_ARG(item->text_domain));
    scope->acl->dnslist_domain = str_copy(scope->arena, item->text_domain);
    scope->acl->dnslist_matched = str_copy(scope->arena, key);
    scope->acl->dnslist_text = text;
    scope->acl->dnslist_value = entry->value;
    return CHECK_TRUE;
}

/* --- Lists */

/* The keys of an item: one that is listed decides, else one that could not be looked up. */
static enum acl_check check_item(struct acl_run *run, const struct item *item)
{
    const struct scope_connection *connection = run->context->scope->connection;
    enum acl_check result = CHECK_FALSE;
    struct strlist it;
    struct str key;

    check_domain(item->domain);
    if (!str_eq(item->domain, item->text_domain))
        check_domain(item->text_domain);
    if (str_is_null(item->keys))
        return connection && connection->host_address.n > 0 ? check_key(run, item, connection->host_address)
                                                            : CHECK_FALSE;
    strlist_begin(&it, item->keys, ':');
    while (strlist_next(&it, run->context->arena, &key))
        switch (check_key(run, item, key)) {
        case CHECK_TRUE:
            return CHECK_TRUE;
        case CHECK_DEFER:
            result = CHECK_DEFER;
            break;
        default:
            break;
        }
    return result;
}

/* +include_unknown and its kin. */
static void set_unknown(struct str item, enum unknown *unknown)
{
    static const char *const names[] = {
        [UNKNOWN_EXCLUDED] = "+exclude_unknown",
        [UNKNOWN_INCLUDED] = "+include_unknown",
        [UNKNOWN_DEFERRED] = "+defer_unknown",
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_is_nocase(item, names[i])) {
            *unknown = (enum unknown)i;
            return;
        }
    log_write(LOG_MAIN | LOG_PANIC, "unknown item in dnslist (ignored): %.*s", STR_ARG(item));
}

enum acl_check acl_check_dnslists(struct acl_run *run, const struct acl_item *acl_item, struct str value)
{
    enum unknown unknown = UNKNOWN_EXCLUDED;
    struct strlist it;
    struct str text;

    (void)acl_item;
    strlist_begin(&it, value, ':');
    while (strlist_next(&it, run->context->arena, &text)) {
        debug(DEBUG_dnsbl, "dnslists check: %.*s", STR_ARG(text));
        if (text.n > 0 && text.s[0] == '+') {
            set_unknown(text, &unknown);
            continue;
        }
        struct item item = parse_item(run->context->arena, text, unknown);
        enum acl_check check = check_item(run, &item);
        if (check != CHECK_FALSE)
            return check;
    }
    return CHECK_FALSE;
}
