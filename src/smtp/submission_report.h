/* What a caller without SMTP is told when its message is refused, or a part of it: on standard error, by mail, in the
 * log (manual, 5.2: -oe). */
#ifndef SMTP_SUBMISSION_REPORT_H
#define SMTP_SUBMISSION_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "config/config.h"

enum submission_fault {
    SUBMISSION_BAD_ARGUMENT,     /* a recipient on the command line; the message has not been read */
    SUBMISSION_BAD_HEADERS,      /* recipients in header lines */
    SUBMISSION_NOBODY,           /* no header line names a recipient */
    SUBMISSION_NOBODY_LEFT,      /* ... but those that the command line takes away */
    SUBMISSION_TOO_BIG,
    SUBMISSION_LONG_HEADERS,
    SUBMISSION_LONG_HEADER,
    SUBMISSION_REJECTED,         /* by an ACL */
};

struct submission_bad_address {
    struct submission_bad_address *next;
    struct str address, reason;
};

struct submission_report {
    enum submission_fault fault;
    const struct submission_bad_address *bad;
    bool goes_on;        /* the message is taken for the other recipients */
    struct str text;     /* what the ACL says */
    int64_t limit;       /* octets, where too many are the fault */
    struct str sender;   /* who is told; empty: nobody can be */
    struct str id;         /* of the message; empty: it has none yet */
    struct str message_id; /* value of its Message-Id:; empty: none */
    struct str headers;  /* of the message, as far as they are known; lines end in LF */
    struct str body;     /* its beginning */
    bool cut;            /* there was more of it */
};

/* -oep, -oeq: on standard error. */
void submission_report_print(const struct submission_report *report);

/* What the log says when the report cannot be mailed. */
struct str submission_report_summary(struct arena *arena, const struct submission_report *report);

/* The message that tells the sender: header lines, an empty line, the body. from: the value of its From: line. */
struct str submission_report_message(struct arena *arena, const struct submission_report *report,
                                     const struct main_options *options, struct str from);

#endif
