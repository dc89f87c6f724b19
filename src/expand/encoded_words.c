/* Encoded words: see encoded_words.h. */
#include "expand/encoded_words.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/base64.h"
#include "base/buffer.h"

/* RFC 2047, section 2. */
enum { WORD_LIMIT = 75 };

/* --- Decoding */

struct encoded_word {
    struct str charset, text; /* slices */
    char encoding;            /* lower case */
    size_t length;
};

/* The length of the part up to a question mark, of visible octets; -1: it is no such part. */
static ptrdiff_t part_length(const char *p, const char *end)
{
    const char *from = p;
    while (p < end && *p != '?' && (unsigned char)*p > 32 && *p != 127)
        p++;
    return p < end && *p == '?' ? p - from : -1;
}

/* Is there an encoded word at p? */
static bool find_word(const char *p, const char *end, bool any_length, struct encoded_word *word)
{
    const char *from = p;
    if (end - p < 8 || p[0] != '=' || p[1] != '?')
        return false;
    p += 2;
    ptrdiff_t n = part_length(p, end);
    if (n < 0 || end - (p + n) < 5 || p[n + 2] != '?')
        return false;
    word->charset = (struct str){p, (size_t)n, false};
    word->encoding = ascii_lower(p[n + 1]);
    p += n + 3;
    n = part_length(p, end);
    if (n < 0 || end - (p + n) < 2 || p[n + 1] != '=')
        return false;
    word->text = (struct str){p, (size_t)n, false};
    word->length = (size_t)(p + n + 2 - from);
    return (any_length || word->length <= WORD_LIMIT) && (word->encoding == 'b' || word->encoding == 'q');
}

/* The Q encoding: =XX, and _ for a space. */
static bool decode_q(struct arena *arena, struct str text, struct str *value)
{
    struct buffer out = BUFFER_IN(arena);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.s[i];
        if (c == '_') {
            c = ' ';
        } else if (c == '=') {
            int high = i + 1 < text.n ? ascii_hex_value(text.s[i + 1]) : -1;
            int low = i + 2 < text.n ? ascii_hex_value(text.s[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        buffer_add_char(&out, c);
    }
    *value = buffer_str(&out);
    return true;
}

static bool decode_word(struct arena *arena, const struct encoded_word *word, struct str *value)
{
    if (word->encoding == 'q')
        return decode_q(arena, word->text, value);
    return base64_decode(arena, str_copy_n(arena, word->text.s, word->text.n, false), value);
}

/* Names of character sets as they are registered. Others are not for iconv_open(), which makes file names of
 * them and knows suffixes that change what it does. */
static bool is_charset_name(struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        if (!ascii_is_alnum(name.s[i]) && strchr("-_.:+()", name.s[i]) == NULL)
            return false;
    }
    return name.n <= 40;
}

/* Translates; text that is not valid in its character set stays as it is. */
static bool translate(struct arena *arena, struct str from, struct str to, struct str *text,
                      struct error *err)
{
    if (to.n == 0 || from.n == 0 || str_eq_nocase(from, to))
        return true;
    struct str name = str_copy(arena, from);
    iconv_t converter = (iconv_t)-1;
    errno = EINVAL;
    if (is_charset_name(name))
        converter = iconv_open(to.s, name.s);
    if (converter == (iconv_t)-1)
        return error_set(err, "iconv_open(\"%.*s\", \"%.*s\") failed: %s%s", STR_ARG(to), STR_ARG(from),
                         strerror(errno), errno == EINVAL ? " (maybe unsupported conversion)" : "");
    size_t in_left = text->n, out_left = text->n * 4 + 16, room = out_left;
    char *in = arena_alloc(arena, text->n + 1), *out = arena_alloc(arena, room + 1), *in_at = in,
         *out_at = out;
    memcpy(in, text->s, text->n);
    if (iconv(converter, &in_at, &in_left, &out_at, &out_left) != (size_t)-1)
        *text = (struct str){out, room - out_left, text->tainted};
    iconv_close(converter);
    return true;
}

static void add_without_nul(struct buffer *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        buffer_add_char(out, text.s[i] == '\0' ? '?' : text.s[i]);
}

bool encoded_words_decode(struct arena *arena, struct str text, const struct encoded_words_style *style,
                          struct str *value, struct error *err)
{
    struct buffer out = BUFFER_IN(arena);
    const char *p = text.s, *end = str_end(text);
    size_t after_word = 0; /* length of out behind the last word, when only white space followed */
    bool was_word = false;
    *value = text;
    if (text.n == 0 || memmem(text.s, text.n, "=?", 2) == NULL)
        return true;
    out.tainted = text.tainted;
    while (p < end) {
        struct encoded_word word;
        struct str decoded;
        if (find_word(p, end, style->any_length, &word) && decode_word(arena, &word, &decoded)) {
            if (!translate(arena, word.charset, style->charset, &decoded, err))
                return false;
            if (was_word)
                buffer_cut(&out, after_word);
            add_without_nul(&out, decoded);
            p += word.length;
            was_word = true;
            after_word = out.n;
        } else {
            was_word = was_word && ascii_is_space(*p);
            buffer_add_char(&out, *p++);
        }
    }
    *value = buffer_str(&out);
    return true;
}

/* --- Encoding */

static bool must_encode(char c)
{
    return (unsigned char)c < 33 || (unsigned char)c > 126 || strchr("?=()<>@,;:\\\".[]_", c) != NULL;
}

/* The octets of the UTF-8 character at p; 1 for what is not UTF-8. */
static size_t character_length(const char *p, const char *end)
{
    unsigned char c = (unsigned char)*p;
    size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    if ((size_t)(end - p) < n)
        return 1;
    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)p[i] & 0xc0) != 0x80)
            return 1;
    }
    return n;
}

/* The Q encoding of n octets. Returns its length. */
static size_t encode_q(const char *p, size_t n, char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c == ' ') {
            out[at++] = '_';
        } else if (must_encode(p[i])) {
            out[at++] = '=';
            out[at++] = digits[c >> 4];
            out[at++] = digits[c & 15];
        } else {
            out[at++] = p[i];
        }
    }
    return at;
}

struct str encoded_words_encode(struct arena *arena, struct str text, struct str charset)
{
    bool needed = false;
    for (size_t i = 0; i < text.n && !needed; i++)
        needed = text.s[i] != ' ' && must_encode(text.s[i]);
    if (!needed)
        return text;

    struct buffer out = BUFFER_IN(arena);
    const char *p = text.s, *end = str_end(text);
    size_t word = 0; /* octets of the word so far */
    out.tainted = text.tainted;
    while (p < end) {
        char encoded[12];
        size_t n = character_length(p, end);
        size_t length = encode_q(p, n, encoded);
        if (word > 0 && word + length + 2 > WORD_LIMIT) {
            buffer_add_cstr(&out, "?= ");
            word = 0;
        }
        if (word == 0) {
            size_t before = out.n;
            buffer_printf(&out, "=?%.*s?Q?", STR_ARG(charset));
            word = out.n - before;
        }
        buffer_add_n(&out, encoded, length);
        word += length;
        p += n;
    }
    buffer_add_cstr(&out, "?=");
    return buffer_str(&out);
}
