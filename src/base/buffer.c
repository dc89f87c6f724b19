/* A growing octet buffer: see buffer.h. There is always room for the NUL that buffer_str() adds. */
#include "base/buffer.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"

enum { CAPACITY_FIRST = 64 };

char *buffer_room(struct buffer *b, size_t n)
{
    if (b->s == NULL || n >= b->capacity - b->n) {
        size_t capacity = b->capacity == 0 ? CAPACITY_FIRST : b->capacity, need;
        if (__builtin_add_overflow(b->n + 1, n, &need))
            need = SIZE_MAX; /* more than there is: the arena says so */
        capacity = capacity < need / 2 ? need : capacity;
        while (capacity < need)
            capacity *= 2;
        b->s = arena_grow(b->arena, b->s, b->capacity, capacity);
        b->capacity = capacity;
    }
    return b->s + b->n;
}

void buffer_added(struct buffer *b, size_t n)
{
    b->n += n;
}

void buffer_add_n(struct buffer *b, const char *s, size_t n)
{
    if (n == 0)
        return;
    memcpy(buffer_room(b, n), s, n);
    b->n += n;
}

void buffer_add(struct buffer *b, struct str v)
{
    buffer_add_n(b, v.s, v.n);
    b->tainted |= v.tainted;
}

void buffer_add_cstr(struct buffer *b, const char *s)
{
    buffer_add_n(b, s, strlen(s));
}

void buffer_add_char(struct buffer *b, char c)
{
    *buffer_room(b, 1) = c;
    b->n++;
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buffer_vprintf(b, format, args);
    va_end(args);
}

void buffer_vprintf(struct buffer *b, const char *format, va_list args)
{
    va_list again;
    char *at = buffer_room(b, 0);

    va_copy(again, args);
    int n = vsnprintf(at, b->capacity - b->n, format, args);
    if (n > 0 && (size_t)n >= b->capacity - b->n)
        n = vsnprintf(buffer_room(b, (size_t)n), (size_t)n + 1, format, again);
    va_end(again);
    if (n > 0)
        b->n += (size_t)n;
}

void buffer_cut(struct buffer *b, size_t n)
{
    b->n = n;
}

struct str buffer_str(struct buffer *b)
{
    *buffer_room(b, 0) = '\0';
    return (struct str){b->s, b->n, b->tainted};
}
