/* Looking a key up in a DNS list: what there is at KEY.DOMAIN, remembered for the connection. Private to src/acl. */
#ifndef ACL_DNSLIST_LOOKUP_H
#define ACL_DNSLIST_LOOKUP_H

#include <stdint.h>

#include "base/dns.h"
#include "expand/scope.h"

struct dnslist_entry {
    struct dnslist_entry *next;
    struct str name;        /* KEY.DOMAIN */
    enum dns_status status;
    struct ip *addresses;   /* DNS_FOUND: of its A records */
    size_t address_count;
    struct str value;       /* the same as text: "127.0.0.2, 127.0.0.3" */
    bool text_known;
    struct str text;        /* of its TXT record */
    int64_t until;          /* a moment of the monotonic clock, in milliseconds */
};

/* The entry for the name; asked for unless the connection remembers it. */
struct dnslist_entry *dnslist_lookup(struct scope *scope, struct arena *arena, struct str name);

/* The first string of the TXT record, asked for when it is first wanted; empty when there is none. */
struct str dnslist_text(struct scope *scope, struct arena *arena, struct dnslist_entry *entry);

#endif
