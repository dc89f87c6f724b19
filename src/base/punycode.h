/* Punycode (RFC 3492): characters beyond ASCII as letters, digits and hyphens. */
#ifndef BASE_PUNYCODE_H
#define BASE_PUNYCODE_H

#include <stdbool.h>

#include "base/str.h"

/* Encodes UTF-8. False: the text is no UTF-8, or does not fit the arithmetic. */
bool punycode_encode(struct arena *arena, struct str text, struct str *encoded);

/* Decodes to UTF-8. False: the text is not what encoding gives. */
bool punycode_decode(struct arena *arena, struct str text, struct str *decoded);

#endif
