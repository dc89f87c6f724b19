/* Arenas: memory that is freed all at once, when the thing it belongs to (configuration,
 * session, message, exchange, one expansion) ends. Nothing in an arena is freed singly. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena;

enum arena_kind {
    ARENA_PLAIN,
    ARENA_SECRET, /* every octet is overwritten before it goes back to the system or is used again */
};

/* A new arena. Never NULL: running out of memory ends the process (nothing sensible can be
 * answered to a peer then, and an accepted message is already on disk). */
struct arena *arena_new(enum arena_kind kind);

/* n octets, zeroed, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t n);

/* count objects of size octets each, zeroed; count * size must not overflow (checked: ends the process). */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* Grows the newest allocation in place where possible, else moves it; new octets are zeroed. */
void *arena_grow(struct arena *arena, void *p, size_t old_n, size_t new_n);

/* Runs fn(p) when the arena is reset or freed; last registered runs first. */
void arena_defer(struct arena *arena, void (*fn)(void *), void *p);

/* Runs the deferred functions, takes everything back and keeps one block for the next use. */
void arena_reset(struct arena *arena);

/* arena_reset(), then the arena itself goes. NULL is allowed. */
void arena_free(struct arena *arena);

/* Octets taken from the system, for debugging and tests. */
size_t arena_size(const struct arena *arena);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_array((arena), (count), sizeof(type)))

#endif
