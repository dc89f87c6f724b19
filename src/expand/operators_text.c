/* Operators on text: case, length, quoting, escaping, wrapping (manual, 11.6). */
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/print.h"
#include "expand/apply.h"
#include "expand/operators.h"
#include "lookups/lookup.h"

APPLY_OPERATOR(apply_lc)
{
    buffer_add(out, str_lower(ev->arena, op->operand));
    return EXPAND_OK;
}

APPLY_OPERATOR(apply_uc)
{
    buffer_add(out, str_upper(ev->arena, op->operand));
    return EXPAND_OK;
}

APPLY_OPERATOR(apply_strlen)
{
    buffer_printf(out, "%zu", op->operand.n);
    return EXPAND_OK;
}

/* --- Escaping */

APPLY_OPERATOR(apply_escape)
{
    print_escaped(out, op->operand, 0);
    return EXPAND_OK;
}

/* Only what a 7-bit channel cannot carry, and the backslash. */
APPLY_OPERATOR(apply_escape8bit)
{
    for (size_t i = 0; i < op->operand.n; i++) {
        unsigned char c = (unsigned char)op->operand.s[i];
        if (c == '\\' || c >= 127)
            buffer_printf(out, "\\%03o", c);
        else
            buffer_add_char(out, (char)c);
    }
    out->tainted |= op->operand.tainted;
    return EXPAND_OK;
}

APPLY_OPERATOR(apply_hexquote)
{
    for (size_t i = 0; i < op->operand.n; i++) {
        unsigned char c = (unsigned char)op->operand.s[i];
        if (c > 32 && c < 127)
            buffer_add_char(out, (char)c);
        else
            buffer_printf(out, "\\x%02x", c);
    }
    out->tainted |= op->operand.tainted;
    return EXPAND_OK;
}

APPLY_OPERATOR(apply_rxquote)
{
    for (size_t i = 0; i < op->operand.n; i++) {
        if (!ascii_is_alnum(op->operand.s[i]))
            buffer_add_char(out, '\\');
        buffer_add_char(out, op->operand.s[i]);
    }
    out->tainted |= op->operand.tainted;
    return EXPAND_OK;
}

/* --- Quoting */

static void add_quoted(struct buffer *out, struct str text)
{
    buffer_add_char(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        char c = text.s[i];
        if (c == '\n' || c == '\r') {
            buffer_add_char(out, '\\');
            c = c == '\n' ? 'n' : 'r';
        } else if (c == '"' || c == '\\') {
            buffer_add_char(out, '\\');
        }
        buffer_add_char(out, c);
    }
    buffer_add_char(out, '"');
    out->tainted |= text.tainted;
}

/* Quoting for a lookup type that wants it. */
static enum expand_status quote_for_lookup(struct evaluation *ev, const struct operation *op,
                                           struct buffer *out)
{
    ptrdiff_t bar = str_find(op->suffix, '_');
    struct str name = str_sub(ev->arena, op->suffix, 0, bar < 0 ? op->suffix.n : (size_t)bar);
    struct str option = bar < 0 ? STR_NULL : str_sub(ev->arena, op->suffix, (size_t)bar + 1, op->suffix.n);
    const struct lookup_type *type = lookup_type_find(name, ev->err);
    if (type == NULL)
        return EXPAND_FAILED;
    struct str quoted = op->operand;
    if (type->quote != NULL)
        quoted = type->quote(ev->arena, op->operand, option);
    if (str_is_null(quoted) || (type->quote == NULL && !str_is_null(option)))
        return evaluate_fail(ev, "\"%.*s\" unrecognized after \"${quote_%s\"", STR_ARG(option), type->name);
    if (quoted.tainted && type->quote != NULL)
        quoted.tainted = type->quoted;
    buffer_add(out, quoted);
    return EXPAND_OK;
}

/* ${quote:...}, and ${quote_<lookup type>:...} */
APPLY_OPERATOR(apply_quote)
{
    if (!str_is_null(op->suffix))
        return quote_for_lookup(ev, op, out);
    bool plain = op->operand.n > 0;
    for (size_t i = 0; i < op->operand.n && plain; i++)
        plain =
            ascii_is_alnum(op->operand.s[i]) || (op->operand.s[i] != '\0' && strchr("_.-", op->operand.s[i]));
    if (plain)
        buffer_add(out, op->operand);
    else
        add_quoted(out, op->operand);
    return EXPAND_OK;
}

/* RFC 5322, section 3.2.3, with dots that are not at an end. */
static bool is_plain_local_part(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.s[i];
        bool dot = c == '.' && i > 0 && i + 1 < text.n;
        if (!dot && !ascii_is_alnum(c) && (c == '\0' || strchr("!#$%&'*+-/=?^_`{|}~", c) == NULL))
            return false;
    }
    return text.n > 0;
}

APPLY_OPERATOR(apply_quote_local_part)
{
    if (is_plain_local_part(op->operand))
        buffer_add(out, op->operand);
    else
        add_quoted(out, op->operand);
    return EXPAND_OK;
}

/* --- headerwrap_<columns>_<limit> */

enum { WRAP_COLUMNS = 80, WRAP_LIMIT = 998, TAB_COLUMNS = 8 };

/* Reads `80` or `80_998`; numbers that are not there keep their defaults. */
static bool read_wrap_sizes(struct str suffix, size_t *columns, size_t *limit)
{
    char *end = NULL;
    if (suffix.n == 0)
        return true;
    *columns = strtoul(suffix.s, &end, 10);
    if (*end == '_')
        *limit = strtoul(end + 1, &end, 10);
    return end == suffix.s + suffix.n && *columns > TAB_COLUMNS;
}

/* Breaks lines at white space where there is some, with a tab in front of what follows. */
APPLY_OPERATOR(apply_headerwrap)
{
    size_t columns = WRAP_COLUMNS, limit = WRAP_LIMIT, before = out->n;
    if (!read_wrap_sizes(str_copy(ev->arena, op->suffix), &columns, &limit))
        return evaluate_fail(ev, "bad suffix on \"%.*s\" operator", STR_ARG(op->name));
    struct str text = op->operand;
    size_t from = 0, room = columns;
    while (text.n - from > room) {
        size_t to = from + room;
        while (to > from && !ascii_is_space(text.s[to]))
            to--;
        if (to == from)
            to = from + room;
        buffer_add_n(out, text.s + from, to - from);
        buffer_add_cstr(out, "\n\t");
        for (from = to; from < text.n && ascii_is_space(text.s[from]);)
            from++;
        room = columns - TAB_COLUMNS;
    }
    buffer_add_n(out, text.s + from, text.n - from);
    if (out->n - before > limit)
        buffer_cut(out, before + limit);
    out->tainted |= text.tainted;
    return EXPAND_OK;
}

static const struct operator_row rows[] = {
    {"escape", apply_escape},
    {"escape8bit", apply_escape8bit},
    {"headerwrap", apply_headerwrap},
    {"hexquote", apply_hexquote},
    {"lc", apply_lc},
    {"quote", apply_quote},
    {"quote_local_part", apply_quote_local_part},
    {"rxquote", apply_rxquote},
    {"strlen", apply_strlen},
    {"uc", apply_uc},
};

const struct operator_table operator_text_table = ROWS(rows);
