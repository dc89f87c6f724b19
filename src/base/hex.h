/* Hexadecimal digits of octets. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stddef.h>

/* Writes 2 * n lower-case digits to hex, without a NUL. */
void hex_digits(const void *octets, size_t n, char *hex);

#endif
