/* Lists of hosts: see host_list.h. */
#include "mail/host_list.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/ip.h"
#include "base/secret.h"
#include "base/strlist.h"

/* A port at the end of the text, and the colon before it: their place; text.n when there is none. */
static size_t find_port(struct str text, int *port)
{
    enum { HIGHEST = 65535 };
    size_t at = text.n;
    long value;

    *port = MAIL_NO_PORT;
    while (at > 0 && ascii_is_digit(text.s[at - 1]))
        at--;
    if (at == text.n || at == 0 || text.s[at - 1] != ':')
        return text.n;
    value = strtol(text.s + at, NULL, 10);
    if (value > HIGHEST)
        return text.n;
    *port = (int)value;
    return at - 1;
}

/* "[10.1.1.1]:1225", "host.example:1225", "host.example/mx:1225" */
static struct host_item *read_item(struct arena *arena, struct str text)
{
    struct host_item *item = ARENA_NEW(arena, struct host_item);
    struct ip ip;
    size_t end;

    item->name = text;
    item->port = MAIL_NO_PORT;
    if (ip_parse(text, &ip))
        return item;
    end = find_port(text, &item->port);
    if (item->port != MAIL_NO_PORT && end > 2 && text.s[0] == '[' && text.s[end - 1] == ']') {
        item->name = str_sub(arena, text, 1, end - 2);
        return item;
    }
    text = str_sub(arena, text, 0, end);
    item->mx = str_ends_nocase(text, "/mx");
    item->name = item->mx ? str_sub(arena, text, 0, text.n - 3) : text;
    return item;
}

/* Shuffles the items from *first on, n of them, each order being as likely as any other. */
static void shuffle(struct host_item **first, size_t n)
{
    for (; n > 1; n--, first = &(*first)->next) {
        struct host_item **chosen = first, *item;
        uint32_t skip;

        random_octets(&skip, sizeof skip);
        for (skip %= (uint32_t)n; skip > 0; skip--)
            chosen = &(*chosen)->next;
        item = *chosen;
        *chosen = item->next;
        item->next = *first;
        *first = item;
    }
}

/* Where the next item of the list goes. */
static struct host_item **end_of(struct host_item **list)
{
    while (*list)
        list = &(*list)->next;
    return list;
}

struct host_item *host_list_items(struct arena *arena, struct str list, bool randomize)
{
    struct host_item *first = NULL, **last = &first, **group = &first;
    size_t group_size = 0;
    struct strlist it;
    struct str text;

    strlist_begin(&it, list, ':');
    while (strlist_next(&it, arena, &text)) {
        if (str_is_empty(text))
            continue;
        if (!str_is(text, "+")) {
            *last = read_item(arena, text);
            last = &(*last)->next;
            group_size++;
            continue;
        }
        if (randomize)
            shuffle(group, group_size);
        group = last = end_of(&first);
        group_size = 0;
    }
    if (randomize)
        shuffle(group, group_size);
    return first;
}

struct mail_host *host_list_read(struct arena *arena, struct str list, bool randomize)
{
    struct mail_host *first = NULL, **last = &first;

    for (const struct host_item *item = host_list_items(arena, list, randomize); item; item = item->next) {
        struct mail_host *host = ARENA_NEW(arena, struct mail_host);

        host->name = item->mx ? str_join(arena, item->name, STR("/mx")) : item->name;
        host->port = item->port;
        host->mx = MAIL_NO_MX;
        *last = host;
        last = &host->next;
    }
    return first;
}
