/* Hexadecimal digits: see hex.h. */
#include "base/hex.h"

void hex_digits(const void *octets, size_t n, char *hex)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *from = octets;

    for (size_t i = 0; i < n; i++) {
        hex[2 * i] = digits[from[i] >> 4];
        hex[2 * i + 1] = digits[from[i] & 15];
    }
}
