/* Lists of hosts as route rules, fallback_hosts, the queryprogram router and the smtp transport have them (manual,
 * 20.4 to 20.6): names or addresses, perhaps with a port, or with /MX behind. */
#ifndef MAIL_HOST_LIST_H
#define MAIL_HOST_LIST_H

#include <stdbool.h>

#include "mail/recipient.h"

/* One item. */
struct host_item {
    struct host_item *next;
    struct str name; /* without /MX, port and brackets */
    int port;        /* MAIL_NO_PORT: none given */
    bool mx;         /* stands for the hosts that its MX records name */
};

/* Takes the list apart. randomize: in random order, but none moves across an item that is just "+". Items that
 * are just "+" are not in the result. */
struct host_item *host_list_items(struct arena *arena, struct str list, bool randomize);

/* The list as hosts that have not been looked up; NULL for an empty one. */
struct mail_host *host_list_read(struct arena *arena, struct str list, bool randomize);

#endif
