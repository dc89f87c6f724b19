/* Replies of SMTP and LMTP servers (RFC 5321 section 4.2): one or more lines of three digits and a text. Nothing
 * that a server sends is believed beyond its form. */
#ifndef TRANSPORTS_SMTP_REPLY_H
#define TRANSPORTS_SMTP_REPLY_H

#include "base/stream.h"

enum {
    SMTP_REPLY_LINE = 4096,   /* octets of a line at most (RFC 5321 section 4.5.3.1.5 says 512) */
    SMTP_REPLY_TOTAL = 65536, /* octets of a reply at most */
};

enum smtp_reply_status {
    SMTP_REPLY_OK,
    SMTP_REPLY_MALFORMED, /* text has what came */
    SMTP_REPLY_CLOSED,    /* the connection has ended, or broke */
    SMTP_REPLY_TIMEOUT,
};

struct smtp_reply {
    int code;        /* of the first line, 0 when there is none */
    struct str text; /* all lines with their codes, joined by LF; tainted */
};

/* Reads a reply into the arena. */
enum smtp_reply_status smtp_reply_read(struct stream *in, struct arena *arena, int64_t deadline,
                                       struct smtp_reply *reply);

#endif
