/* Quoted strings: see quoted.h. */
#include "base/quoted.h"

#include "base/ascii.h"

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

void unescape(struct buffer *out, const char **p, const char *end)
{
    static const char meanings[128] = {['b'] = '\b', ['f'] = '\f', ['n'] = '\n',
                                       ['r'] = '\r', ['t'] = '\t', ['v'] = '\v'};
    const char *s = *p;
    unsigned char c = (unsigned char)*s++;
    unsigned value = c;

    if (is_octal((char)c)) {
        value = c - '0';
        for (const char *stop = s + 2; s < end && s < stop && is_octal(*s); s++)
            value = value * 8 + (unsigned)(*s - '0');
    } else if (c == 'x') {
        value = 0;
        for (const char *stop = s + 2; s < end && s < stop && ascii_hex_value(*s) >= 0; s++)
            value = value * 16 + (unsigned)ascii_hex_value(*s);
    } else if (c < sizeof meanings && meanings[c] != '\0') {
        value = (unsigned char)meanings[c];
    }
    buffer_add_char(out, (char)(value & 0xff));
    *p = s;
}

struct str quoted_read(struct arena *arena, const char **p, const char *end)
{
    struct buffer text = BUFFER_IN(arena);
    const char *s = *p + 1;

    while (s < end && *s != '"')
        if (*s == '\\' && s + 1 < end) {
            s++;
            unescape(&text, &s, end);
        } else {
            buffer_add_char(&text, *s++);
        }
    *p = s < end ? s + 1 : end;
    return buffer_str(&text);
}
