/* Text in the messages of NTLM: UTF-16 or an "OEM" character set that nobody names. See ntlm.h. */
#include <locale.h>
#include <wctype.h>

#include "auths/ntlm.h"
#include "base/buffer.h"

enum {
    SURROGATES = 0x10000, /* code points from here on take two units */
    HIGH = 0xd800,
    LOW = 0xdc00,
    SURROGATES_END = 0xe000,
    LAST = 0x10ffff,
};

/* --- UTF-8 */

/* The code point at *at, which moves behind it. False: this is no UTF-8. */
static bool next_utf8(struct str text, size_t *at, uint32_t *code)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least; /* less would be an overlong form */
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, SURROGATES}};
    unsigned char first = (unsigned char)text.s[*at];
    size_t more = 0;

    while (more < sizeof forms / sizeof *forms && (first & forms[more].mask) != forms[more].lead)
        more++;
    if (more == sizeof forms / sizeof *forms || text.n - *at <= more)
        return false;
    *code = first & (unsigned char)~forms[more].mask;
    for (size_t i = 1; i <= more; i++) {
        unsigned char next = (unsigned char)text.s[*at + i];

        if ((next & 0xc0) != 0x80)
            return false;
        *code = *code << 6 | (next & 0x3f);
    }
    *at += more + 1;
    return *code >= forms[more].least && *code <= LAST && (*code < HIGH || *code >= SURROGATES_END);
}

static bool is_utf8(struct str text)
{
    uint32_t code;

    for (size_t at = 0; at < text.n;)
        if (!next_utf8(text, &at, &code))
            return false;
    return true;
}

static void add_utf8(struct buffer *out, uint32_t code)
{
    if (code < 0x80) {
        buffer_add_char(out, (char)code);
        return;
    }
    if (code < 0x800) {
        buffer_add_char(out, (char)(0xc0 | code >> 6));
    } else {
        if (code < SURROGATES) {
            buffer_add_char(out, (char)(0xe0 | code >> 12));
        } else {
            buffer_add_char(out, (char)(0xf0 | code >> 18));
            buffer_add_char(out, (char)(0x80 | (code >> 12 & 0x3f)));
        }
        buffer_add_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
    }
    buffer_add_char(out, (char)(0x80 | (code & 0x3f)));
}

/* --- UTF-16 */

static void add_unit(struct buffer *out, uint32_t unit)
{
    buffer_add_char(out, (char)(unit & 0xff));
    buffer_add_char(out, (char)(unit >> 8));
}

static void add_utf16(struct buffer *out, uint32_t code)
{
    if (code < SURROGATES) {
        add_unit(out, code);
        return;
    }
    add_unit(out, HIGH + ((code - SURROGATES) >> 10));
    add_unit(out, LOW + ((code - SURROGATES) & 0x3ff));
}

/* The C library's knowledge of characters, whatever the process's locale; made once. (locale_t)0: it has none. */
static locale_t characters(void)
{
    static locale_t locale;
    static bool tried;

    if (!tried)
        locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    tried = true;
    return locale;
}

static uint32_t capital(uint32_t code)
{
    locale_t locale = characters();

    return locale ? (uint32_t)towupper_l((wint_t)code, locale) : (uint32_t)towupper((wint_t)code);
}

static struct str utf16(struct arena *arena, struct str text, bool upper)
{
    struct buffer out = BUFFER_IN(arena);
    bool utf8 = is_utf8(text);
    uint32_t code;

    for (size_t at = 0; at < text.n;) {
        if (utf8)
            next_utf8(text, &at, &code);
        else
            code = (unsigned char)text.s[at++];
        add_utf16(&out, upper ? capital(code) : code);
    }
    out.tainted = text.tainted;
    return buffer_str(&out);
}

struct str ntlm_utf16(struct arena *arena, struct str text)
{
    return utf16(arena, text, false);
}

struct str ntlm_utf16_upper(struct arena *arena, struct str text)
{
    return utf16(arena, text, true);
}

/* --- Names in messages */

static uint32_t unit_at(struct str encoded, size_t at)
{
    return (uint32_t)(unsigned char)encoded.s[at] | (uint32_t)(unsigned char)encoded.s[at + 1] << 8;
}

static bool from_utf16(struct str encoded, struct buffer *out)
{
    if (encoded.n % 2 != 0)
        return false;
    for (size_t at = 0; at < encoded.n; at += 2) {
        uint32_t unit = unit_at(encoded, at), second;

        if (unit == 0 || (unit >= LOW && unit < SURROGATES_END))
            return false;
        if (unit >= HIGH && unit < LOW) {
            at += 2;
            second = at < encoded.n ? unit_at(encoded, at) : 0;
            if (second < LOW || second >= SURROGATES_END)
                return false;
            unit = SURROGATES + ((unit - HIGH) << 10) + (second - LOW);
        }
        add_utf8(out, unit);
    }
    return true;
}

/* OEM text is whatever the client's system has: what is not UTF-8 stays as it is. */
static bool is_oem(uint32_t flags)
{
    return (flags & NTLM_OEM) && !(flags & NTLM_UNICODE);
}

bool ntlm_text(struct arena *arena, struct str encoded, uint32_t flags, struct str *text)
{
    struct buffer out = BUFFER_IN(arena);

    if (is_oem(flags)) {
        *text = str_copy(arena, encoded);
        return str_find(encoded, '\0') < 0;
    }
    if (!from_utf16(encoded, &out))
        return false;
    out.tainted = encoded.tainted;
    *text = buffer_str(&out);
    return true;
}

struct str ntlm_encode(struct arena *arena, struct str text, uint32_t flags)
{
    return is_oem(flags) ? text : ntlm_utf16(arena, text);
}
