/* ${imapfolder{name}{separator}{specials}}: mailbox names in modified UTF-7 (manual, 11.5 and 60.2). */
#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "base/base64.h"
#include "expand/evaluate.h"
#include "expand/items.h"
#include "expand/parse_item.h"

/* The name in UTF-16, big-endian; *octets of them. */
static enum expand_status to_utf16(struct evaluation *ev, struct str name, unsigned char **units,
                                   size_t *octets)
{
    const char *charset = scope_headers_charset(ev->scope->process).s;
    iconv_t converter = iconv_open("UTF-16BE", charset);
    if (converter == (iconv_t)-1)
        return evaluate_fail(ev, "imapfolder: iconv_open() failed for %s: %s", charset, strerror(errno));
    size_t left = name.n, room = name.n * 4 + 4, out_left = room;
    struct str copy = str_copy(ev->arena, name);
    char *in = (char *)copy.s, *out = arena_alloc(ev->arena, room);
    *units = (unsigned char *)out;
    size_t result = iconv(converter, &in, &left, &out, &out_left);
    int why = errno;
    iconv_close(converter);
    *octets = room - out_left;
    if (result == (size_t)-1)
        return evaluate_fail(ev, "imapfolder: iconv() failed to convert from %s: %s", charset, strerror(why));
    return EXPAND_OK;
}

/* Base64 with a comma for the slash and without padding. */
static void add_shifted(struct evaluation *ev, const unsigned char *units, size_t n, struct buffer *out)
{
    struct str text = base64_encode(ev->arena, (struct str){(const char *)units, n, false});
    buffer_add_char(out, '&');
    for (size_t i = 0; i < text.n && text.s[i] != '='; i++)
        buffer_add_char(out, text.s[i] == '/' ? ',' : text.s[i]);
    buffer_add_char(out, '-');
}

enum folder_char { AS_IS, AS_AMPERSAND, AS_SEPARATOR, SHIFTED, ILLEGAL };

static enum folder_char classify(const unsigned char *unit, char separator, struct str specials)
{
    char c = (char)unit[1];
    if (unit[0] != 0 || unit[1] < 32 || unit[1] > 126)
        return SHIFTED;
    if (c == '&')
        return AS_AMPERSAND;
    if (c == separator)
        return AS_SEPARATOR;
    if (str_find(specials, c) >= 0)
        return SHIFTED;
    return c == '.' || c == '/' ? ILLEGAL : AS_IS;
}

static enum expand_status apply_imapfolder(struct evaluation *ev, const struct str *args, unsigned n,
                                           struct buffer *out)
{
    unsigned char *units = NULL;
    size_t octets = 0, shifted = 0;
    if (n > 1 && args[1].n != 1)
        return evaluate_fail(ev, "IMAP folder separator must be one character, found \"%.*s\"",
                             STR_ARG(args[1]));
    enum expand_status status = to_utf16(ev, args[0], &units, &octets);
    if (status != EXPAND_OK)
        return status;
    out->tainted |= args[0].tainted;
    for (size_t i = 0; i < octets; i += 2) {
        enum folder_char class = classify(units + i, n > 1 ? args[1].s[0] : '/', n > 2 ? args[2] : STR(""));
        if (class == SHIFTED) {
            shifted += 2;
            continue;
        }
        if (shifted > 0)
            add_shifted(ev, units + i - shifted, shifted, out);
        shifted = 0;
        if (class == ILLEGAL)
            return evaluate_fail(ev, "imapfolder: illegal character '%c'", units[i + 1]);
        buffer_add_char(out, class == AS_SEPARATOR ? '.' : (char)units[i + 1]);
        if (class == AS_AMPERSAND)
            buffer_add_char(out, '-');
    }
    if (shifted > 0)
        add_shifted(ev, units + octets - shifted, shifted, out);
    return EXPAND_OK;
}

static const struct item_row rows[] = {
    {"imapfolder", parse_arguments, 1, 3, apply_imapfolder, NULL, NULL, 0},
};

const struct item_table item_imapfolder_table = ROWS(rows);
