/* What the files of the resolver share (dns.h is for others). */
#ifndef BASE_DNS_PRIVATE_H
#define BASE_DNS_PRIVATE_H

#include "base/dns.h"

enum { DNS_MESSAGE_MAX = 65535 };

/* Asks for a name as it is, without a search list and without following anything, by libresolv. The answer is
 * parsed; what the settings say of names and lists is not looked at. */
enum dns_status dns_ask(struct arena *arena, struct str name, const struct dns_question *question,
                        struct dns_answer *answer);

/* The system's search list: the domain of place i, STR_NULL behind the last; and how many dots a name must have
 * to be tried as it is before that list. */
struct str dns_search_domain(unsigned i);
unsigned dns_ndots(void);

#endif
