/* Where mailboxes end in header lines (RFC 5322 section 3.4, and its obsolete forms). */
#ifndef BASE_MAILBOX_H
#define BASE_MAILBOX_H

#include <stddef.h>

#include "base/str.h"

/* The next octet from there on that is one of `wanted` and in no comment, quoted string or angle brackets;
 * text.n: there is none. */
size_t mailbox_find(struct str text, size_t from, const char *wanted);

/* The beginning of white space and comments' end: the first octet from there on that is neither; text.n: none. */
size_t mailbox_skip_blank(struct str text, size_t from);

/* The colon that ends a source route without angle brackets, which begins there behind white space and comments:
 * what is in it separates no mailboxes. text.n: the route does not end; from: none begins there. */
size_t mailbox_skip_route(struct str text, size_t from);

#endif
