/* Quoted strings with backslash escapes, as configurations write them (manual, 6.17). */
#ifndef BASE_QUOTED_H
#define BASE_QUOTED_H

#include "base/buffer.h"
#include "base/str.h"

/* Adds the octet that an escape stands for. *p is behind the backslash, before end, and afterwards behind
 * the escape: b f n r t v, up to three octal digits, x and up to two hexadecimal ones; any other octet
 * stands for itself. */
void unescape(struct buffer *out, const char **p, const char *end);

/* The contents of a quoted string. *p is at the opening quote, and afterwards behind the closing one, or at
 * end when there is none. */
struct str quoted_read(struct arena *arena, const char **p, const char *end);

#endif
