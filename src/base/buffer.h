/* A growing octet buffer in an arena, for building strings piece by piece. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct buffer {
    struct arena *arena;
    char *s; /* NULL until the first octet */
    size_t n, capacity;
    uint16_t tainted; /* the taint of all that was added */
};

/* An empty buffer that grows in the arena. */
#define BUFFER_IN(arena_) ((struct buffer){.arena = (arena_)})

void buffer_add(struct buffer *b, struct str v);
void buffer_add_n(struct buffer *b, const char *s, size_t n);
void buffer_add_cstr(struct buffer *b, const char *s);
void buffer_add_char(struct buffer *b, char c);
void buffer_printf(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_vprintf(struct buffer *b, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* Room for n more octets at the returned place; buffer_added() says how many were written. */
char *buffer_room(struct buffer *b, size_t n);
void buffer_added(struct buffer *b, size_t n);

/* Cuts back to n octets (n <= b->n); the taint stays. */
void buffer_cut(struct buffer *b, size_t n);

/* The contents as a value, NUL-terminated, not copied: valid until the buffer is added to.
 * An empty buffer gives the empty string, not STR_NULL. */
struct str buffer_str(struct buffer *b);

#endif
