/* Rows of a database as text: see columns.h. */
#include "lookups/columns.h"

static bool needs_quotes(struct str value)
{
    if (value.n == 0 || value.s[0] == '"')
        return true;
    for (size_t i = 0; i < value.n; i++)
        switch (value.s[i]) {
        case ' ':
        case '\t':
        case '\n':
        case '\r':
            return true;
        default:
            break;
        }
    return false;
}

void columns_begin_row(struct buffer *out, size_t row)
{
    if (row > 0)
        buffer_add_char(out, '\n');
}

void columns_add(struct buffer *out, struct str name, struct str value)
{
    buffer_add(out, name);
    buffer_add_char(out, '=');
    if (!needs_quotes(value)) {
        buffer_add(out, value);
    } else {
        buffer_add_char(out, '"');
        for (size_t i = 0; i < value.n; i++) {
            if (value.s[i] == '"' || value.s[i] == '\\')
                buffer_add_char(out, '\\');
            buffer_add_char(out, value.s[i]);
        }
        buffer_add_char(out, '"');
    }
    buffer_add_char(out, ' ');
}
