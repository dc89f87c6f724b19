/* Looking a key up in a DNS list: see dnslist_lookup.h. */
#include "acl/dnslist_lookup.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"

enum { LIFETIME_DEFAULT = 3600 }; /* of answers that say nothing of it, in seconds */

/* What is remembered lives as long as the connection; without one, nothing is. */
static struct arena *arena_of(struct scope *scope, struct arena *arena)
{
    return scope->connection && scope->connection->acl_c.arena ? scope->connection->acl_c.arena : arena;
}

static struct dnslist_entry *remembered(const struct scope *scope, struct str name)
{
    struct dnslist_entry *entry = scope->connection ? scope->connection->dnslists : NULL;
    int64_t now = clock_now_ms();

    while (entry && !(str_eq(entry->name, name) && now < entry->until))
        entry = entry->next;
    return entry;
}

static void take_addresses(struct arena *arena, struct dnslist_entry *entry, const struct dns_answer *answer)
{
    struct buffer value = BUFFER_IN(arena);
    const struct dns_record *r = NULL;

    entry->addresses = ARENA_ARRAY(arena, struct ip, answer->count);
    while ((r = dns_next(answer, DNS_A, r))) {
        if (value.n > 0)
            buffer_add_cstr(&value, ", ");
        buffer_add(&value, ip_format(arena, &r->ip));
        entry->addresses[entry->address_count++] = r->ip;
    }
    entry->value = buffer_str(&value);
}

static struct dnslist_entry *ask(struct scope *scope, struct arena *arena, struct str name)
{
    struct arena *kept = arena_of(scope, arena);
    const struct dns_question question = {.name = name, .type = DNS_A};
    struct dnslist_entry *entry = ARENA_NEW(kept, struct dnslist_entry);
    struct dns_answer answer;

    debug(DEBUG_dnsbl, "new DNS lookup for %.*s", STR_ARG(name));
    dns_lookup(arena, &question, &answer);
    uint32_t lifetime = answer.ttl > 0 ? answer.ttl : LIFETIME_DEFAULT;
    *entry = (struct dnslist_entry){.name = str_copy(kept, name),
                                    .status = answer.status,
                                    .value = STR(""),
                                    .text = STR(""),
                                    .until = clock_now_ms() + (int64_t)lifetime * 1000};
    if (answer.status == DNS_FOUND)
        take_addresses(kept, entry, &answer);
    if (scope->connection) {
        entry->next = scope->connection->dnslists;
        scope->connection->dnslists = entry;
    }
    debug(DEBUG_dnsbl, "dnslists: wrote cache entry, ttl=%u", lifetime);
    return entry;
}

struct dnslist_entry *dnslist_lookup(struct scope *scope, struct arena *arena, struct str name)
{
    struct dnslist_entry *entry = remembered(scope, name);

    if (!entry)
        return ask(scope, arena, name);
    debug(DEBUG_dnsbl, "dnslists: using result of previous lookup");
    return entry;
}

struct str dnslist_text(struct scope *scope, struct arena *arena, struct dnslist_entry *entry)
{
    const struct dns_question question = {.name = entry->name, .type = DNS_TXT};
    struct dns_answer answer;

    if (entry->text_known)
        return entry->text;
    entry->text_known = true;
    if (dns_lookup(arena, &question, &answer) == DNS_FOUND) {
        const struct dns_record *txt = dns_next(&answer, DNS_TXT, NULL);
        if (txt && txt->string_count > 0)
            entry->text = str_copy(arena_of(scope, arena), txt->strings[0]);
    }
    return entry->text;
}
