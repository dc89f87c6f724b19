/* A message on standard input without SMTP: -bm and -t (manual, 5.2). */
#ifndef SMTP_SUBMIT_H
#define SMTP_SUBMIT_H

#include "smtp/session.h"
#include "smtp/submission_report.h"

struct smtp_submission {
    struct str sender;        /* -f; STR_NULL: the caller */
    char *const *recipients;  /* arguments, each of them one or more addresses; NULL-terminated */
    bool from_headers;        /* -t */
    bool dot_is_data;         /* -i: a line with a dot alone does not end the message */
    bool no_qualify;          /* -bnq: addresses in header lines stay without a domain */
    bool no_fixups;           /* -G */
    struct str protocol;      /* -oMr; STR_NULL: "local" */
    bool is_report;           /* a report that mail wanted to have sent */
    /* Has the sender told by mail what is wrong. False: it cannot be told. NULL: it is said on standard error. */
    bool (*mail)(void *ctx, const struct submission_report *report);
    void *ctx;
};

enum smtp_submission_end {
    SUBMISSION_TAKEN,
    SUBMISSION_REFUSED_BY_MAIL, /* and the sender knows */
    SUBMISSION_NO_RECIPIENTS,   /* and the sender could not be told by mail */
    SUBMISSION_FAILED,          /* refused, or not to be kept, or with mua_wrapper not delivered: said on standard
                                 * error, or in the log */
};

/* Reads the message from peer->in_fd and takes it over. */
enum smtp_submission_end smtp_submit(const struct smtp_settings *settings, const struct smtp_peer *peer,
                                     const struct smtp_submission *submission);

/* While the headers are taken: the recipients that they name, when those are wanted. Private to src/smtp. */
struct smtp_session;
struct mail_message;
void smtp_submission_extract(struct smtp_session *s, struct mail_message *mail);

/* The message has a line in front that uucp_from_pattern matches; the scope has what was captured. Private to
 * src/smtp. */
void smtp_submission_from_line(struct smtp_session *s);

#endif
