/* Making strings from outside fit to be shown: log lines, replies, debugging. */
#ifndef BASE_PRINT_H
#define BASE_PRINT_H

#include "base/buffer.h"
#include "base/str.h"

enum print_flags {
    PRINT_SPACE = 1, /* a space also becomes \040 */
    PRINT_8BIT = 2,  /* octets above 127 are printed as they are */
    PRINT_TAB = 4,   /* a TAB also becomes \011 */
    PRINT_LF = 8,    /* an LF stays */
};

/* Whether octets above 127 count as printing everywhere (manual, 14: print_topbitchars): a setting of the process. */
void print_topbitchars(bool printing);
bool print_has_topbitchars(void);

/* Adds v with non-printing octets escaped as the manual's `escape` operator does (11.7): \b \n
 * \v \f \r and \ooo. As there, TAB and backslash stay: the result is for eyes, not for decoding. */
void print_escaped(struct buffer *b, struct str v, unsigned flags);

/* The same as a value; returns v itself when nothing needs escaping. */
struct str printable(struct arena *arena, struct str v);

/* The same for a text of several lines: LFs stay. */
struct str printable_lines(struct arena *arena, struct str v);

#endif
