/* -bP config: the configuration as it was read, without comments and conditional parts, macros replaced,
 * included files in place. */
#include <string.h>

#include "base/buffer.h"
#include "config/macros.h"
#include "config/print.h"
#include "config/text.h"

enum indent { INDENT_MAIN = 0, INDENT_SECTION = 2, INDENT_ITEM = 4 };

/* The line with one space for each run of white space, up to the first quote: behind it spaces count. */
static void add_squeezed(struct buffer *out, struct str line)
{
    const char *quote = memchr(line.s, '"', line.n);
    size_t n = quote ? (size_t)(quote - line.s) : line.n;

    for (size_t i = 0; i < n; i++)
        if (!ascii_is_space(line.s[i]))
            buffer_add_char(out, line.s[i]);
        else if (!ascii_is_space(line.s[i + 1]))
            buffer_add_char(out, ' ');
    buffer_add(out, text_from(line, n));
}

/* Whether what stands behind the equals sign is nobody's business: a secret may be in a macro as well. */
static bool is_secret(const struct print_style *style, struct str line)
{
    return !style->admin && (str_is(text_word(line), "hide") || macros_is_definition(line));
}

static void add_line(const struct print_style *style, struct str line, enum indent indent, struct buffer *out)
{
    ptrdiff_t equals = is_secret(style, line) ? str_find(line, '=') : -1;

    buffer_printf(out, "%*s", (int)indent, "");
    if (equals < 0) {
        add_squeezed(out, line);
    } else {
        add_squeezed(out, text_trim((struct str){line.s, (size_t)equals, false}));
        buffer_add_cstr(out, " = <value not displayable>");
    }
    buffer_add_char(out, '\n');
}

void print_config_text(const struct print_style *style, struct buffer *out)
{
    const struct config *config = style->config;
    enum indent indent = INDENT_MAIN;

    buffer_printf(out, "# Exim Configuration (%.*s)\n", STR_ARG(config->main.exim_version));
    for (size_t i = 0; i < config->text.n; i++) {
        const struct source_line *line = &config->text.v[i];
        struct str text = line->text;

        if (str_is_null(text)) {
            buffer_printf(out, "# %u \"%s\"\n", line->where.line, line->where.file);
        } else if (str_is_nocase(text_word(text), "begin")) {
            buffer_add_char(out, '\n');
            add_line(style, text, INDENT_MAIN, out);
            indent = INDENT_SECTION;
        } else if (indent != INDENT_MAIN && text.s[text.n - 1] == ':' && str_find(text, '=') < 0) {
            buffer_add_char(out, '\n');
            add_line(style, text, INDENT_SECTION, out);
            indent = INDENT_ITEM;
        } else {
            add_line(style, text, indent, out);
        }
    }
}
