/* Failures as values: see error.h. */
#include "base/error.h"

#include "base/buffer.h"

bool error_vset(struct error *err, const char *format, va_list args)
{
    if (err == NULL)
        return false;
    struct buffer text = BUFFER_IN(err->arena);
    buffer_vprintf(&text, format, args);
    err->text = buffer_str(&text);
    return false;
}

bool error_set(struct error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    error_vset(err, format, args);
    va_end(args);
    return false;
}

bool error_at(struct error *err, struct source_pos where, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    error_vset(err, format, args);
    va_end(args);
    if (err != NULL)
        err->where = where;
    return false;
}
