/* Failures as values: a text for people, and where in the configuration it belongs. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

#include "base/source.h"
#include "base/str.h"

struct error {
    struct arena *arena; /* the text is made here; set by the owner */
    struct str text;     /* STR_NULL: no error */
    struct source_pos where;
};

/* An error value whose text lives in the arena. */
#define ERROR_IN(arena_) ((struct error){.arena = (arena_)})

/* Sets the text and returns false, so that a function can end with `return error_set(...)`.
 * err may be NULL: the text is then not wanted. */
bool error_set(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool error_vset(struct error *err, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* The same with the place. */
bool error_at(struct error *err, struct source_pos where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
