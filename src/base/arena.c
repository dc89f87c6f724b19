/* Arenas: see arena.h. Memory comes in blocks that grow with the arena; what is not in use is
 * always zero, so that an allocation only moves a mark. Under AddressSanitizer unused memory is
 * poisoned and allocations keep their distance: an overrun within an arena is found like one on the heap. */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISONS 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ARENA_POISONS 1
#endif

#ifdef ARENA_POISONS
#include <sanitizer/asan_interface.h>
#define POISON(p, n) __asan_poison_memory_region((p), (n))
#define UNPOISON(p, n) __asan_unpoison_memory_region((p), (n))
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

enum {
    ALIGNMENT = _Alignof(max_align_t),
    BLOCK_FIRST = 2048,  /* octets of the first block, its head included: most exchanges need no more */
    BLOCK_LAST = 65536,  /* blocks double up to this; what is larger gets a block of its own */
#ifdef ARENA_POISONS
    REDZONE = ALIGNMENT, /* kept poisoned behind every allocation */
#else
    REDZONE = 0,
#endif
};

struct block {
    struct block *next; /* older, or of its own */
    size_t capacity;    /* octets of data */
    size_t used;
    _Alignas(ALIGNMENT) char data[];
};

struct deferred {
    struct deferred *next;
    void (*fn)(void *);
    void *p;
};

struct arena {
    enum arena_kind kind;
    struct block *blocks; /* the one that allocations are taken from first */
    size_t block_size;    /* of the next block */
    char *newest;         /* the newest allocation in blocks->data, or NULL */
    struct deferred *deferred;
    size_t size;
};

static _Noreturn void out_of_memory(void)
{
    static const char text[] = "gatepost: out of memory\n";

    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        abort();
    _exit(EXIT_FAILURE);
}

struct arena *arena_new(enum arena_kind kind)
{
    struct arena *arena = calloc(1, sizeof *arena);

    if (arena == NULL)
        out_of_memory();
    arena->kind = kind;
    arena->block_size = BLOCK_FIRST;
    return arena;
}

/* Octets that an allocation of n takes from a block. */
static size_t footprint(size_t n)
{
    if (n > SIZE_MAX / 2)
        out_of_memory();
    return ((n == 0 ? 1 : n) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + REDZONE;
}

static struct block *block_new(struct arena *arena, size_t capacity)
{
    struct block *block = calloc(1, sizeof *block + capacity);

    if (block == NULL)
        out_of_memory();
    block->capacity = capacity;
    arena->size += capacity;
    POISON(block->data, capacity);
    return block;
}

/* Makes the used part zero again. */
static void block_clear(struct arena *arena, struct block *block)
{
    UNPOISON(block->data, block->used);
    if (arena->kind == ARENA_SECRET)
        secret_wipe(block->data, block->used);
    else
        memset(block->data, 0, block->used);
    POISON(block->data, block->used);
    block->used = 0;
}

static void block_free(struct arena *arena, struct block *block)
{
    if (arena->kind == ARENA_SECRET)
        block_clear(arena, block);
    UNPOISON(block->data, block->capacity);
    arena->size -= block->capacity;
    free(block);
}

/* An allocation too large for the common blocks stands alone, behind the block in use. */
static void *alloc_large(struct arena *arena, size_t n)
{
    struct block *block = block_new(arena, footprint(n));

    block->used = block->capacity;
    if (arena->blocks == NULL) {
        arena->blocks = block;
    } else {
        block->next = arena->blocks->next;
        arena->blocks->next = block;
    }
    UNPOISON(block->data, n);
    return block->data;
}

void *arena_alloc(struct arena *arena, size_t n)
{
    size_t need = footprint(n);

    if (arena->blocks == NULL || need > arena->blocks->capacity - arena->blocks->used) {
        if (need > BLOCK_LAST / 4)
            return alloc_large(arena, n);
        while (need > arena->block_size - sizeof(struct block))
            arena->block_size *= 2;
        struct block *block = block_new(arena, arena->block_size - sizeof *block);
        block->next = arena->blocks;
        arena->blocks = block;
        if (arena->block_size < BLOCK_LAST)
            arena->block_size *= 2;
    }
    struct block *block = arena->blocks;
    arena->newest = block->data + block->used;
    block->used += need;
    UNPOISON(arena->newest, n == 0 ? 1 : n);
    return arena->newest;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t n;

    if (__builtin_mul_overflow(count, size, &n))
        out_of_memory();
    return arena_alloc(arena, n);
}

/* Whether the newest allocation, at p, now has room for n octets; takes (gives back) the difference. */
static bool resize_in_place(struct arena *arena, char *p, size_t old_n, size_t n)
{
    if (p == NULL || p != arena->newest)
        return false;
    struct block *block = arena->blocks;
    size_t at = (size_t)(p - block->data), need = footprint(n);
    if (need > block->capacity - at)
        return false;
    if (n < old_n) {
        memset(p + n, 0, old_n - n);
        POISON(p, old_n);
    }
    block->used = at + need;
    UNPOISON(p, n == 0 ? 1 : n);
    return true;
}

void *arena_grow(struct arena *arena, void *p, size_t old_n, size_t new_n)
{
    if (resize_in_place(arena, p, old_n, new_n))
        return p;
    void *moved = arena_alloc(arena, new_n);
    size_t kept = old_n < new_n ? old_n : new_n;
    if (kept > 0)
        memcpy(moved, p, kept);
    return moved;
}

void arena_defer(struct arena *arena, void (*fn)(void *), void *p)
{
    struct deferred *deferred = ARENA_NEW(arena, struct deferred);

    *deferred = (struct deferred){.next = arena->deferred, .fn = fn, .p = p};
    arena->deferred = deferred;
}

void arena_reset(struct arena *arena)
{
    while (arena->deferred != NULL) {
        struct deferred *deferred = arena->deferred;
        arena->deferred = deferred->next;
        deferred->fn(deferred->p);
    }
    arena->newest = NULL;

    struct block *kept = NULL;
    for (struct block *block = arena->blocks, *next; block != NULL; block = next) {
        next = block->next;
        if (kept == NULL && block->capacity <= BLOCK_LAST) {
            kept = block;
            block_clear(arena, block);
            block->next = NULL;
        } else {
            block_free(arena, block);
        }
    }
    arena->blocks = kept;
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    arena_reset(arena);
    if (arena->blocks != NULL)
        block_free(arena, arena->blocks);
    free(arena);
}

size_t arena_size(const struct arena *arena)
{
    return arena->size;
}
