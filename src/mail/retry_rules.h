/* Retry rules (manual, chapter 32): what `begin retry` says about when to try again after a temporary error. */
#ifndef MAIL_RETRY_RULES_H
#define MAIL_RETRY_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/source.h"
#include "base/str.h"
#include "expand/scope.h"

struct buffer;

/* What failed, as a recipient's error and more_error have it (mail/delivery_error.h, errno). */
struct retry_failure {
    int error;
    /* Last digits of the response, MX or A, connecting or not, seconds since a mailbox that is over quota was
     * read. */
    int more;
};

/* Which failures a rule is for. */
struct retry_error {
    int error;            /* 0: all */
    char host;            /* DELIVERY_MORE_MX or DELIVERY_MORE_ADDRESS; 0: both */
    bool connecting;      /* time-outs of connecting only */
    signed char digits[2]; /* the last two of a 4xx response; -1: any */
    int unread;           /* mailboxes that were not read for that many seconds */
};

enum retry_algorithm { RETRY_FIXED = 'F', RETRY_GEOMETRIC = 'G', RETRY_RANDOM = 'H' };

struct retry_step {
    enum retry_algorithm algorithm;
    int cutoff, interval; /* seconds */
    int factor;           /* thousandths; not for RETRY_FIXED */
};

struct retry_rule {
    struct str pattern;         /* as written, without quotes */
    const struct list *matches; /* the pattern as an address list of one item */
    struct retry_error error;
    const struct list *senders; /* NULL: any */
    struct retry_step *steps;
    size_t step_count;          /* 0: no retries */
};

struct retry_rules {
    struct retry_rule *v;
    size_t n;
};

/* Compiles the section. False: err has Exim's text and the place. */
bool retry_rules_compile(struct arena *arena, const struct source_lines *lines, struct retry_rules *rules,
                         struct error *err);

/* Reads the name of an error, such as rcpt_45x or quota_5d. False: err has Exim's text. */
bool retry_error_read(struct str text, struct retry_error *error, struct error *err);

/* A failure as that name describes it: for trying rules out. */
struct retry_failure retry_error_example(const struct retry_error *error);

bool retry_error_matches(const struct retry_error *error, const struct retry_failure *failure);

/* The name as -brt shows it. */
void retry_error_print(struct buffer *out, const struct retry_error *error);

/* What a rule is looked for with. A domain alone stands for any local part of it. */
struct retry_key {
    struct str key;       /* address, domain or host name */
    struct str alternate; /* tried with a rule that does not match key; STR_NULL: none */
    struct retry_failure failure;
    struct str sender;    /* STR_NULL: not known, so that rules with senders do not match */
};

/* The first rule that matches, or NULL: no retries. Lists are expanded in the scope; one that cannot be does
 * not match. */
const struct retry_rule *retry_rules_find(struct scope *scope, const struct retry_rules *rules,
                                          const struct retry_key *key);

/* When to try again. */
struct retry_times {
    int64_t first_failed;        /* seconds since 1970 */
    int64_t last_try, next_try;  /* as the last failure left them; 0: there was none */
};

/* The next time, after a failure now. The interval is at most interval_max seconds. expired: the last cutoff
 * has passed. rule may be NULL, which is expired at once. */
int64_t retry_rule_next(const struct retry_rule *rule, const struct retry_times *times, int64_t now, int interval_max,
                        bool *expired);

/* The rule as -brt shows it: "*  refused_MX  F,1h,5m; ". */
void retry_rule_print(struct buffer *out, const struct retry_rule *rule);

#endif
