/* Internationalised addresses (RFC 5890, RFC 6531): domains between UTF-8 and the A-labels of the DNS, local
 * parts likewise. */
#ifndef BASE_IDNA_H
#define BASE_IDNA_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

/* Whether this build can convert domains (SUPPORT_I18N). */
bool idna_is_supported(void);

/* A domain in UTF-8 to A-labels, by IDNA 2008; one that is all ASCII stays as it is. False: err says why. */
bool idna_domain_to_alabel(struct arena *arena, struct str domain, struct str *alabel, struct error *err);

/* Back; what is not an A-label stays as it is. */
bool idna_domain_from_alabel(struct arena *arena, struct str alabel, struct str *domain, struct error *err);

/* A local part as xn-- and Punycode; one that is all ASCII stays as it is. Back: it must begin with xn--. */
bool idna_local_part_to_alabel(struct arena *arena, struct str local_part, struct str *alabel, struct error *err);
bool idna_local_part_from_alabel(struct arena *arena, struct str alabel, struct str *local_part, struct error *err);

/* Both of an address. A quoted local part that is not all ASCII has no such form. */
bool idna_address_to_alabel(struct arena *arena, struct str address, struct str *alabel, struct error *err);

#endif
