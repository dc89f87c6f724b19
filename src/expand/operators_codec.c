/* Operators that encode and decode: base64, hex2b64, rfc2047, UTF-8, xtext (manual, 11.6). */
#include "base/ascii.h"
#include "base/base64.h"
#include "base/xtext.h"
#include "base/utf8.h"
#include "expand/apply.h"
#include "expand/encoded_words.h"
#include "expand/headers.h"
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

APPLY_OPERATOR(apply_rfc2047)
{
    buffer_add(out, encoded_words_encode(ev->arena, op->operand, scope_headers_charset(ev->scope->process)));
    return EXPAND_OK;
}

APPLY_OPERATOR(apply_rfc2047d)
{
    const struct encoded_words_style style = header_words_style(ev->scope);
    struct str value;
    if (!encoded_words_decode(ev->arena, op->operand, &style, &value, ev->err))
        return EXPAND_FAILED;
    buffer_add(out, value);
    return EXPAND_OK;
}

/* --- UTF-8 */

/* To ISO-8859-1; what that does not have becomes an underscore. */
APPLY_OPERATOR(apply_from_utf8)
{
    struct str s = op->operand;
    size_t length;
    for (size_t i = 0; i < s.n; i += length) {
        uint32_t character;
        bool valid = utf8_read(s, i, &length, &character);
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
        uint32_t character;
        if (utf8_read(s, i, &length, &character))
            buffer_add_n(out, s.s + i, length);
        else
            buffer_add_char(out, '?');
    }
    out->tainted |= s.tainted;
    return EXPAND_OK;
}

/* --- Names in other scripts (manual, 60.1), which come with SMTPUTF8 */

static const struct operator_row rows[] = {
    {"base64", apply_base64},
    {"base64d", apply_base64d},
    {"from_utf8", apply_from_utf8},
    {"hex2b64", apply_hex2b64},
    {"rfc2047", apply_rfc2047},
    {"rfc2047d", apply_rfc2047d},
    {"str2b64", apply_base64},
    {"utf8clean", apply_utf8clean},
    {"xtextd", apply_xtextd},
};

const struct operator_table operator_codec_table = ROWS(rows);
