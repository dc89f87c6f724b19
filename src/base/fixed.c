/* Fixed-point numbers: see fixed.h. */
#include "base/fixed.h"

#include <limits.h>

#include "base/ascii.h"
#include "base/buffer.h"

size_t fixed_read(struct str text, int *thousandths, bool *too_large)
{
    int64_t value = 0;
    size_t p = 0;
    int unit = 1000;

    for (; p < text.n && ascii_is_digit(text.s[p]); p++)
        if (value <= INT_MAX)
            value = value * 10 + text.s[p] - '0';
    if (p == 0)
        return 0;
    value *= 1000;
    if (p < text.n && text.s[p] == '.')
        for (p++; p < text.n && ascii_is_digit(text.s[p]); p++) {
            unit /= 10;
            value += unit * (text.s[p] - '0');
        }
    if (value > INT_MAX)
        *too_large = true;
    *thousandths = (int)(value > INT_MAX ? INT_MAX : value);
    return p;
}

void fixed_add(struct buffer *out, int thousandths)
{
    int decimals = thousandths % 1000, width = 3;

    if (thousandths < 0)
        return;
    while (width > 1 && decimals % 10 == 0) {
        decimals /= 10;
        width--;
    }
    buffer_printf(out, "%d.%0*d", thousandths / 1000, width, decimals);
}
