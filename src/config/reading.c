/* What the files that read a configuration share: errors, names, expansion. */
#include "config/reading.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "config/text.h"
#include "expand/expand.h"

enum { NAME_LIMIT = 63 };

bool reading_error(struct reading *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    error_vset(r->err, format, args);
    va_end(args);
    r->err->where = lines_pos(&r->lines);
    return false;
}

bool reading_error_extra(struct reading *r, struct str extra, const char *format, ...)
{
    struct buffer what = BUFFER_IN(r->err->arena);
    va_list args;

    va_start(args, format);
    buffer_vprintf(&what, format, args);
    va_end(args);
    if (str_starts(text_skip_space(extra), "#"))
        buffer_add_cstr(&what, " (# is comment only at line start)");
    return reading_error(r, "extra characters follow %.*s", STR_ARG(buffer_str(&what)));
}

bool reading_error_framed(struct reading *r, const char *format, ...)
{
    struct buffer text = BUFFER_IN(r->err->arena);
    va_list args;

    buffer_add_cstr(&text, "Exim configuration error:\n  ");
    va_start(args, format);
    buffer_vprintf(&text, format, args);
    va_end(args);
    r->err->text = buffer_str(&text);
    r->err->where = (struct source_pos){NULL, 0};
    return false;
}

bool reading_error_from(struct reading *r, const struct error *why)
{
    if (!why->where.file)
        return reading_error_framed(r, "%.*s", STR_ARG(why->text));
    return error_at(r->err, why->where, "%.*s", STR_ARG(why->text));
}

bool reading_name(struct reading *r, struct str text, struct str *name)
{
    *name = text_word(text);
    if (name->n > 0 && !ascii_is_alpha(*name->s))
        name->n = 0;
    return name->n <= NAME_LIMIT ||
           reading_error(r, "exim item name too long (>%d), unable to use \"%.*s\" (truncated)",
                         NAME_LIMIT + 1, NAME_LIMIT, name->s);
}

/* The capacity of a run of lines is the power of two that its number has reached. */
void reading_keep_line(struct reading *r, struct source_lines *lines, struct str text)
{
    if ((lines->n & (lines->n - 1)) == 0)
        lines->v = arena_grow(r->arena, lines->v, lines->n * sizeof *lines->v,
                              (lines->n ? 2 * lines->n : 1) * sizeof *lines->v);
    lines->v[lines->n++] = (struct source_line){.text = text, .where = lines_pos(&r->lines)};
}

bool reading_expand(struct reading *r, struct str text, struct str *value, struct error *why)
{
    return expand_string(&r->scope, text, r->arena, value, why) == EXPAND_OK;
}
