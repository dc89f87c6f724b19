/* xtext (RFC 3461 section 4): how AUTH= and ORCPT= carry arbitrary octets. */
#ifndef BASE_XTEXT_H
#define BASE_XTEXT_H

#include <stdbool.h>

#include "base/str.h"

/* Encodes '+', '=' and everything outside 33..126 as +XX, upper-case hex. The taint is kept. */
struct str xtext_encode(struct arena *arena, struct str data);

/* Decodes; hex digits of either case are taken, as Exim does. False: an octet that must be encoded, or
 * '+' without two hex digits. What comes out may hold any octet: where control characters must not
 * get any further (AUTH=, CVE-2020-28021), the caller has to look. The taint is kept. */
bool xtext_decode(struct arena *arena, struct str text, struct str *data);

#endif
