/* Classes of octets by ASCII alone: protocols and configuration files know no locale, and char
 * may be signed, so that <ctype.h> is the wrong tool on both counts. */
#ifndef BASE_ASCII_H
#define BASE_ASCII_H

#include <stdbool.h>

/* Space, TAB, LF, VT, FF, CR. */
static inline bool ascii_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool ascii_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool ascii_is_alnum(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c);
}

/* 0 to 31 and DEL. */
static inline bool ascii_is_control(char c)
{
    return (unsigned char)c < 32 || c == 127;
}

/* Visible, and neither letter nor digit. */
static inline bool ascii_is_punct(char c)
{
    return c > 32 && c < 127 && !ascii_is_alnum(c);
}

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static inline char ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
}

/* The value of a hexadecimal digit of either case, or -1. */
static inline int ascii_hex_value(char c)
{
    if (ascii_is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
