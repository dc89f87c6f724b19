/* Headers that ACLs add to a message (manual, 44.24: add_header). Private to src/smtp. */
#ifndef SMTP_ADDED_HEADERS_H
#define SMTP_ADDED_HEADERS_H

#include "base/str.h"

/* The header section with everything in its place: the message's own headers, its Received: header and the
 * added ones. These may begin with :at_start:, :after_received:, :at_start_rfc: or :at_end: (which is where
 * they go otherwise). All are complete lines. */
struct str added_headers_merge(struct arena *arena, struct str received, struct str original,
                               struct str added);

#endif
