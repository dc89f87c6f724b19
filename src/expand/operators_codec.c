/* Operators that encode and decode: base64, hex2b64, rfc2047, UTF-8, xtext (manual, 11.6). */
#include "base/ascii.h"
#include "base/base64.h"
#include "base/xtext.h"
#include "expand/apply.h"
#include "expand/encoded_words.h"
#include "expand/operators.h"

/* --- base64 */

APPLY_OPERATOR(apply_base64)
{
    buffer_add(out, base64_encode(ev->arena, op->operand));
    return EXPAND_OK;
}

static enum expand_status not_well_formed(struct evaluation *ev, const struct operation *op)
{
    return evaluate_fail(ev, "string \"%.*s\" is not well-formed for \"%.*s\" operator", STR_ARG(op->operand),
                         STR_ARG(op->name));
}

/* White space in the encoding is let pass. */
APPLY_OPERATOR(apply_base64d)
{
    struct buffer text = BUFFER_IN(ev->arena);
    struct str data;
    for (size_t i = 0; i < op->operand.n; i++) {
        if (!ascii_is_space(op->operand.s[i]))
            buffer_add_char(&text, op->operand.s[i]);
    }
    text.tainted = op->operand.tainted;
    if (!base64_decode(ev->arena, buffer_str(&text), &data))
        return not_well_formed(ev, op);
    buffer_add(out, data);
    return EXPAND_OK;
}

APPLY_OPERATOR(apply_hex2b64)
{
    struct buffer octets = BUFFER_IN(ev->arena);
    struct str hex = op->operand;
    for (size_t i = 0; i < hex.n; i++) {
        if (ascii_hex_value(hex.s[i]) < 0)
            return evaluate_fail(ev, "\"%.*s\" is not a hex string", STR_ARG(hex));
    }
    if (hex.n % 2 != 0)
        return evaluate_fail(ev, "\"%.*s\" contains an odd number of characters", STR_ARG(hex));
    for (size_t i = 0; i < hex.n; i += 2)
        buffer_add_char(&octets, (char)(ascii_hex_value(hex.s[i]) * 16 + ascii_hex_value(hex.s[i + 1])));
    octets.tainted = hex.tainted;
    buffer_add(out, base64_encode(ev->arena, buffer_str(&octets)));
    return EXPAND_OK;
}

APPLY_OPERATOR(apply_xtextd)
{
    struct str data;
    if (!xtext_decode(ev->arena, op->operand, &data))
        return not_well_formed(ev, op);
    buffer_add(out, data);
    return EXPAND_OK;
}

/* --- Encoded words */

static struct str headers_charset(const struct scope *scope)
{
    bool set = scope->process != NULL && scope->process->headers_charset.n > 0;
    return set ? scope->process->headers_charset : STR("UTF-8");
}

APPLY_OPERATOR(apply_rfc2047)
{
    buffer_add(out, encoded_words_encode(ev->arena, op->operand, headers_charset(ev->scope)));
    return EXPAND_OK;
}

APPLY_OPERATOR(apply_rfc2047d)
{
    struct str value;
    if (!encoded_words_decode(ev->arena, op->operand, headers_charset(ev->scope), &value, ev->err))
        return EXPAND_FAILED;
    buffer_add(out, value);
    return EXPAND_OK;
}

/* --- UTF-8 */

/* The character at s[at]: *length octets of it are there, which may be fewer than it needs. False: it is
 * not valid (RFC 3629). */
static bool read_character(struct str s, size_t at, size_t *length, unsigned *character)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
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

/* To ISO-8859-1; what that does not have becomes an underscore. */
APPLY_OPERATOR(apply_from_utf8)
{
    struct str s = op->operand;
    size_t length;
    for (size_t i = 0; i < s.n; i += length) {
        unsigned character;
        bool valid = read_character(s, i, &length, &character);
        buffer_add_char(out, valid && character > 255 ? '_' : valid ? (char)character : s.s[i]);
        if (!valid)
            length = 1;
    }
    out->tainted |= s.tainted;
    return EXPAND_OK;
}

APPLY_OPERATOR(apply_utf8clean)
{
    struct str s = op->operand;
    size_t length;
    for (size_t i = 0; i < s.n; i += length) {
        unsigned character;
        if (read_character(s, i, &length, &character))
            buffer_add_n(out, s.s + i, length);
        else
            buffer_add_char(out, '?');
    }
    out->tainted |= s.tainted;
    return EXPAND_OK;
}

/* --- Names in other scripts (manual, 60.1), which come with SMTPUTF8 */

APPLY_OPERATOR(refuse_alabel)
{
    (void)out;
    return evaluate_fail(ev, "expansion operator \"%.*s\" is known to Exim but not supported by gatepost",
                         STR_ARG(op->name));
}

static const struct operator_row rows[] = {
    {"base64", apply_base64},
    {"base64d", apply_base64d},
    {"from_utf8", apply_from_utf8},
    {"hex2b64", apply_hex2b64},
    {"rfc2047", apply_rfc2047},
    {"rfc2047d", apply_rfc2047d},
    {"str2b64", apply_base64},
    {"utf8_domain_from_alabel", refuse_alabel},
    {"utf8_domain_to_alabel", refuse_alabel},
    {"utf8_localpart_from_alabel", refuse_alabel},
    {"utf8_localpart_to_alabel", refuse_alabel},
    {"utf8clean", apply_utf8clean},
    {"xtextd", apply_xtextd},
};

const struct operator_table operator_codec_table = ROWS(rows);
