/* Slices of a line: nothing is copied, so what these give lives as long as the line. */
#ifndef CONFIG_TEXT_H
#define CONFIG_TEXT_H

#include "base/ascii.h"
#include "base/str.h"

/* v without white space around it. Not NUL-terminated when something was cut off at the end. */
static inline struct str text_trim(struct str v)
{
    while (v.n > 0 && ascii_is_space(v.s[v.n - 1]))
        v.n--;
    while (v.n > 0 && ascii_is_space(*v.s))
        v.s++, v.n--;
    return v;
}

/* v from its n-th octet on, and from the first one there that is not white space on. */
static inline struct str text_from(struct str v, size_t n)
{
    return (struct str){v.s + n, v.n - n, v.tainted};
}

static inline struct str text_skip_space(struct str v)
{
    while (v.n > 0 && ascii_is_space(*v.s))
        v.s++, v.n--;
    return v;
}

/* The letters, digits and underscores that v begins with. */
static inline struct str text_word(struct str v)
{
    size_t n = 0;

    while (n < v.n && (ascii_is_alnum(v.s[n]) || v.s[n] == '_'))
        n++;
    return (struct str){v.s, n, v.tainted};
}

#endif
