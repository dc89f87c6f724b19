/* Client SMTP Authorization (draft-ietf-marid-csv-csa; manual, 44.52): SRV records below _client._smtp say which
 * domains' names may be used in HELO, and by whom. */
#ifndef BASE_DNS_CSA_H
#define BASE_DNS_CSA_H

#include "base/dns.h"

enum csa_authorization {
    CSA_NONE,     /* the record says nothing that is understood */
    CSA_NO,       /* the domain may not send mail */
    CSA_YES,      /* it may, from the addresses of the target */
    CSA_UNKNOWN,  /* it may, but its addresses are not in the DNS */
    CSA_EXPLICIT, /* a parent domain says that its subdomains must have records, and this one has none */
};

/* The records for a domain, or for the parent domain that makes assertions about it: of_parent. */
enum dns_status csa_lookup(struct arena *arena, struct str domain, const struct dns_question *how,
                           struct dns_answer *answer, bool *of_parent);

/* What one of these records (an SRV record in the answer section) says of the domain. */
enum csa_authorization csa_authorization(const struct dns_record *srv, bool of_parent);

#endif
