/* A message that Gatepost has taken over, or is about to: the envelope, the header lines, where the body is.
 * The queue reads it from and writes it to its spool files, the SMTP reader fills in a new one, transports
 * write it out. */
#ifndef MAIL_MESSAGE_H
#define MAIL_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/types.h>

#include "base/str.h"
#include "expand/scope.h"
#include "mail/address_set.h"

struct mail_recipient;

/* What a header line is to Exim; the letter in the spool file (manual, 58: format of spool files). */
enum mail_header_type {
    HEADER_OTHER = ' ',
    HEADER_DELETED = '*', /* replaced by rewriting, or removed; kept for the record */
    HEADER_BCC = 'B',
    HEADER_CC = 'C',
    HEADER_FROM = 'F',
    HEADER_ID = 'I',
    HEADER_RECEIVED = 'P',
    HEADER_REPLY_TO = 'R',
    HEADER_SENDER = 'S',
    HEADER_TO = 'T',
};

/* One header with its continuation lines; every line ends in LF. */
struct mail_header {
    struct mail_header *next;
    enum mail_header_type type;
    struct str text;
};

/* What ACLs, options and the command line say is to be done with it. */
struct mail_handling {
    bool submission;             /* control = submission */
    bool sender_retain;          /* .../sender_retain */
    struct str submission_domain, submission_name; /* .../domain=, /name=; STR_NULL: not given */
    bool suppress_local_fixups;
    bool freeze;                 /* control = freeze */
    bool freeze_no_tell;
    bool overloaded;             /* an earlier message of the connection waits because the load was high */
    bool queue_only, queue_first_pass_routing; /* control = queue_only, queue/first_pass_route */
    struct str queue;            /* queue = name; empty: the default queue */
    bool utf8_downconvert, utf8_downconvert_maybe;
    bool no_mbox_unspool;
};

struct mail_message {
    struct arena *arena;
    struct str id;               /* 6-11-4 in base 62 */
    struct str sender;           /* "" for bounces */
    struct str login;            /* of who submitted it, and numbers */
    uid_t uid;
    gid_t gid;
    struct timeval received, received_complete;
    struct mail_header *headers, **last_header;
    struct mail_recipient *recipients;
    size_t recipient_count;
    struct address_set delivered; /* those of the envelope, and generated ones, that are done with */
    struct mail_handling handling;

    /* Where it came from: what the scope's connection knew, for expansions at delivery time. */
    struct scope_connection origin;
    struct str authenticated_sender;
    bool sender_local;           /* from this machine, not by TCP/IP (origin.is_local), with a sender of its own */
    bool local_error;            /* a bounce or a warning that was made here */
    bool dont_deliver;           /* -N */
    bool sender_set_untrusted;   /* by somebody who may not; becomes a Sender: line */
    bool allow_unqualified_recipient, allow_unqualified_sender;
    bool smtputf8, eightbit;
    bool id_created;             /* the Message-ID: line was made here */
    struct str dsn_envid;        /* ENVID=; STR_NULL: none */
    enum { DSN_RET_NONE, DSN_RET_FULL, DSN_RET_HDRS } dsn_ret;
    struct varset acl_m; /* as at the end of reception; acl_c is in origin */

    /* Its time in the queue. */
    bool first_delivery, frozen, manual_thaw;
    int64_t frozen_at;           /* seconds since 1970 */
    int warning_count;
    bool spool_wireformat;       /* the body's lines end in CRLF */

    /* The body: what follows the empty line. */
    int body_fd;                 /* -1: not open */
    int64_t body_offset;         /* octets in front of it in that file */
    int64_t body_size;           /* octets; -1: not known */
    int linecount, body_linecount, body_zerocount, max_received_linelength;
};

/* Up to n octets of the body as expansions see it: NULs, and unless they are wanted newlines, become spaces. from:
 * octets of the body in front; a negative number is 0. */
struct str mail_body_part(struct arena *arena, const struct mail_message *message, int64_t from, size_t n,
                          bool newlines);

#endif
