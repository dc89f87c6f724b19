/* Addresses in SMTP commands (RFC 5321 section 4.1.2), read as liberally as Exim reads them: comments,
 * white space and a name in front are taken and thrown away. */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

enum { ADDRESS_LONGEST = 256 }; /* octets */

struct address_rules {
    bool allow_null;            /* <> is an address */
    bool allow_domain_literals; /* option allow_domain_literals, and the others of these names */
    bool allow_utf8_domains;    /* valid UTF-8 (RFC 6531); local parts may have any octets with the top bit set */
    bool strip_excess_angle_brackets;
    bool strip_trailing_dot;
};

struct address {
    struct str text;       /* "local@domain", "local" when there is no domain, "" for <> */
    struct str local_part; /* with its quotes, if any */
    struct str domain;     /* STR_NULL when there is none */
};

/* Reads the address that the text consists of. False: err has Exim's text. */
bool address_parse(struct arena *arena, struct str text, const struct address_rules *rules,
                   struct address *address, struct error *err);

/* The addresses of a header line, one after the other (RFC 5322 section 3.4): those of groups as well. */
struct address_list {
    struct str text; /* what follows the header's colon */
    size_t at;
    bool in_group;
    size_t begin, end; /* of the latest item: what was read as an address, in the text */
};

/* The next item, as it is written, up to the comma or the end of the text; items that hold nothing are left out,
 * as are names of groups and what follows their ends. False: no more.
 * *good: the item is an address; if not, err has Exim's text. */
bool address_list_next(struct address_list *list, struct arena *arena, const struct address_rules *rules,
                       struct str *item, struct address *address, bool *good, struct error *err);

/* A local part without its quoting: "x y" becomes x y. */
struct str address_unquote(struct arena *arena, struct str local_part);

#endif
