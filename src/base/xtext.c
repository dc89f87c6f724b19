/* xtext: see xtext.h. */
#include "base/xtext.h"

#include "base/arena.h"
#include "base/ascii.h"

/* Whether an octet stands for itself (xchar in RFC 3461). */
static bool is_xchar(char c)
{
    return c > 32 && c < 127 && c != '+' && c != '=';
}

struct str xtext_encode(struct arena *arena, struct str data)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = data.n;

    for (size_t i = 0; i < data.n; i++)
        n += is_xchar(data.s[i]) ? 0 : 2;
    char *out = arena_array(arena, n + 1, 1), *at = out;
    for (size_t i = 0; i < data.n; i++) {
        unsigned char c = (unsigned char)data.s[i];
        if (is_xchar(data.s[i])) {
            *at++ = data.s[i];
        } else {
            *at++ = '+';
            *at++ = digits[c >> 4];
            *at++ = digits[c & 15];
        }
    }
    return (struct str){out, n, data.tainted};
}

bool xtext_decode(struct arena *arena, struct str text, struct str *data)
{
    char *out = arena_array(arena, text.n + 1, 1);
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (is_xchar(text.s[i])) {
            out[n++] = text.s[i];
            continue;
        }
        if (text.s[i] != '+' || text.n - i < 3)
            return false;
        int high = ascii_hex_value(text.s[i + 1]), low = ascii_hex_value(text.s[i + 2]);
        if (high < 0 || low < 0)
            return false;
        out[n++] = (char)(high << 4 | low);
        i += 2;
    }
    *data = (struct str){out, n, text.tainted};
    return true;
}
