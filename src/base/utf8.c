/* UTF-8: see utf8.h. */
#include "base/utf8.h"

bool utf8_read(struct str s, size_t at, size_t *length, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char c = (unsigned char)s.s[at];
    size_t needed = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf8 ? 4 : 0;

    *length = 1;
    if (needed <= 1) {
        *character = c;
        return needed == 1;
    }
    *character = c & (0x7fU >> needed);
    for (; *length < needed && at + *length < s.n; ++*length) {
        unsigned char next = (unsigned char)s.s[at + *length];

        if ((next & 0xc0) != 0x80)
            break;
        *character = *character << 6 | (next & 0x3f);
    }
    return *length == needed && *character >= least[needed] && *character <= 0x10ffff &&
           (*character < 0xd800 || *character > 0xdfff);
}

bool utf8_is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.s[i] >= 0x80)
            return false;
    return true;
}

bool utf8_is_valid(struct str s)
{
    uint32_t character;
    size_t length;

    for (size_t i = 0; i < s.n; i += length)
        if (!utf8_read(s, i, &length, &character))
            return false;
    return true;
}

void utf8_add(struct buffer *out, uint32_t character)
{
    int more = character < 0x80 ? 0 : character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};

    buffer_add_char(out, (char)(lead[more] | character >> (6 * more)));
    while (more-- > 0)
        buffer_add_char(out, (char)(0x80 | (character >> (6 * more) & 0x3f)));
}
