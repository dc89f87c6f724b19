/* xtext (RFC 3461 section 4): how AUTH= and ORCPT= carry arbitrary octets. */
#ifndef BASE_XTEXT_H
#define BASE_XTEXT_H

#include <stdbool.h>

#include "base/str.h"

/* Encodes '+', '=' and everything outside 33..126 as +XX, upper-case hex. */
struct str xtext_encode(struct arena *arena, struct str data);

/* Decodes. False: an octet that must be encoded, or '+' without two hex digits. */
bool xtext_decode(struct arena *arena, struct str text, struct str *data);

#endif
