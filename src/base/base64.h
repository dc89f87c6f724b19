/* Base64 (RFC 4648 section 4), strict: what is not exactly an encoding is refused. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>

#include "base/str.h"

/* Encodes with padding, no line breaks. The taint is kept. */
struct str base64_encode(struct arena *arena, struct str data);

/* Decodes. False: wrong length, an octet outside the alphabet (white space included), padding
 * elsewhere than at the end, or non-zero bits behind the last octet. The taint is kept. */
bool base64_decode(struct arena *arena, struct str text, struct str *data);

#endif
