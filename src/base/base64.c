/* Base64: see base64.h. */
#include "base/base64.h"

#include <stdint.h>

#include "base/arena.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The six bits that an octet stands for, or -1. */
static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

struct str base64_encode(struct arena *arena, struct str data)
{
    const unsigned char *in = (const unsigned char *)data.s;
    size_t n = (data.n / 3 + (data.n % 3 != 0)) * 4;
    char *out = arena_array(arena, n + 1, 1), *at = out;

    for (size_t i = 0; i < data.n; i += 3) {
        size_t left = data.n - i;
        uint32_t bits = (uint32_t)in[i] << 16;
        if (left > 1)
            bits |= (uint32_t)in[i + 1] << 8;
        if (left > 2)
            bits |= in[i + 2];
        *at++ = alphabet[bits >> 18];
        *at++ = alphabet[bits >> 12 & 63];
        *at++ = left > 1 ? alphabet[bits >> 6 & 63] : '=';
        *at++ = left > 2 ? alphabet[bits & 63] : '=';
    }
    return (struct str){out, n, data.tainted};
}

/* The four octets at s, the last `padding` of them left out, become 3 - padding octets at out. */
static bool decode_group(const char *s, unsigned padding, char *out)
{
    uint32_t bits = 0;

    for (unsigned i = 0; i < 4; i++) {
        int six = i < 4 - padding ? sextet(s[i]) : 0;
        if (six < 0)
            return false;
        bits = bits << 6 | (uint32_t)six;
    }
    if ((bits & ((1U << 8 * padding) - 1)) != 0)
        return false;
    for (unsigned i = 0; i < 3 - padding; i++)
        out[i] = (char)(bits >> (16 - 8 * i) & 0xff);
    return true;
}

bool base64_decode(struct arena *arena, struct str text, struct str *data)
{
    unsigned padding = 0;

    if (text.n % 4 != 0)
        return false;
    while (padding < 2 && padding < text.n && text.s[text.n - 1 - padding] == '=')
        padding++;
    size_t n = text.n / 4 * 3 - padding;
    char *out = arena_array(arena, n + 1, 1);
    for (size_t i = 0, o = 0; i < text.n; i += 4, o += 3)
        if (!decode_group(text.s + i, i + 4 == text.n ? padding : 0, out + o))
            return false;
    *data = (struct str){out, n, text.tainted};
    return true;
}
