/* UTF-8 (RFC 3629), one character at a time. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/str.h"

/* The character at s.s[at]: *length octets of it are there, which may be fewer than it needs. False: it is
 * not valid. */
bool utf8_read(struct str s, size_t at, size_t *length, uint32_t *character);

/* Whether there is nothing in it that UTF-8 would be needed for. */
bool utf8_is_ascii(struct str s);

/* Whether all of it is valid. */
bool utf8_is_valid(struct str s);

/* Adds a character; it must be one of Unicode's. */
void utf8_add(struct buffer *out, uint32_t character);

#endif
