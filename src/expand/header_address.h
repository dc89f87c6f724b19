/* Addresses as header lines have them (RFC 5322, section 3.4, and its obsolete forms).
 */
#ifndef EXPAND_HEADER_ADDRESS_H
#define EXPAND_HEADER_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* The operative part of one mailbox: local-part@domain or an unqualified local part, without comments and
 * white space. The domain begins behind the @; empty when there is none. */
struct header_address {
    struct str address, local_part, domain;
};

/* Reads all of text as one mailbox. utf8_domains: the domain may be in UTF-8 (RFC 6532). False: it is none. */
bool header_address_parse(struct arena *arena, struct str text, bool utf8_domains, struct header_address *address);

/* Walks over a list of mailboxes and groups: what stands between the commas, without a group's name and
 * semicolon. */
struct header_address_list {
    struct str text;
    size_t at;
    bool in_group;
};
bool header_address_next(struct header_address_list *list, struct arena *arena, struct str *mailbox);

#endif
