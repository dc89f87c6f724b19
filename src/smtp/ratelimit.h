/* Delays for hosts that send too much in one session (manual, 14: smtp_ratelimit_hosts). */
#ifndef SMTP_RATELIMIT_H
#define SMTP_RATELIMIT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

/* "threshold,initial delay,factor,maximum": the setting of smtp_ratelimit_mail or smtp_ratelimit_rcpt. */
struct smtp_ratelimit {
    bool set;
    int threshold;  /* so many commands are not delayed */
    double initial; /* seconds */
    double factor;
    double max;     /* seconds */
};

/* Reads a setting; an empty one leaves it unset. False: err says what is wrong. */
bool smtp_ratelimit_parse(struct str text, struct smtp_ratelimit *limit, struct error *err);

struct smtp_session;

/* Delays the count-th command of its kind when it is due. *delay is the kind's delay so far (seconds). */
void smtp_ratelimit_apply(struct smtp_session *s, const struct smtp_ratelimit *limit, int count,
                          double *delay);

#endif
