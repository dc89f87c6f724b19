/* What a server offers in its response to EHLO or LHLO (RFC 5321 section 4.1.1.1, and the RFCs named below). */
#ifndef TRANSPORTS_SMTP_EHLO_H
#define TRANSPORTS_SMTP_EHLO_H

#include <stdbool.h>

#include "base/str.h"

enum smtp_feature { /* bits */
    SMTP_8BITMIME = 1,       /* RFC 6152 */
    SMTP_AUTH = 2,           /* RFC 4954 */
    SMTP_CHUNKING = 4,       /* RFC 3030 */
    SMTP_DSN = 8,            /* RFC 3461 */
    SMTP_IGNOREQUOTA = 16,   /* LMTP servers of Cyrus */
    SMTP_PIPECONNECT = 32,   /* commands may come before the banner */
    SMTP_PIPELINING = 64,    /* RFC 2920 */
    SMTP_PRDR = 128,         /* a response for each recipient behind the data */
    SMTP_SIZE = 256,         /* RFC 1870 */
    SMTP_SMTPUTF8 = 512,     /* RFC 6531 */
    SMTP_STARTTLS = 1024,    /* RFC 3207 */
    SMTP_LIMITS = 2048,      /* RFC 9422 */
};

struct smtp_offer {
    unsigned features;      /* bits of enum smtp_feature */
    struct str mechanisms;  /* what stands behind AUTH: words */
    unsigned mail_max, rcpt_max, rcpt_domain_max; /* LIMITS; 0: no limit said */
};

/* Reads a response: lines with their codes, joined by LF. */
void smtp_offer_parse(struct str response, struct smtp_offer *offer);

static inline bool smtp_offers(const struct smtp_offer *offer, enum smtp_feature feature)
{
    return (offer->features & feature) != 0;
}

/* Whether two servers, or one at two times, offer the same. */
bool smtp_offers_same(const struct smtp_offer *a, const struct smtp_offer *b);

/* Whether the mechanism is among those of AUTH; names are matched caselessly. */
bool smtp_offers_mechanism(const struct smtp_offer *offer, struct str mechanism);

#endif
