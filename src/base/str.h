/* The string value: counted, always NUL-terminated, may hold NULs, and knows whether any
 * part of it came from outside (the peer, a message, DNS, a lookup keyed by such data).
 * Everything that joins or copies strings ORs the taint.
 *
 * The taint is a set of bits. Bit 0 stands for text as it came from outside; the others are for text from
 * outside that was quoted since, each for one kind of query (lookups/lookup.h). Any bit makes a value tainted:
 * who does not care for queries takes it for a bool. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct str {
    const char *s; /* s[n] == '\0'; NULL: no value at all (see str_is_null) */
    size_t n;      /* octets, without the terminating NUL */
    uint16_t tainted;
};

/* A string literal as a value, and the value that is none. */
#define STR(literal) ((struct str){(literal), sizeof(literal) - 1, false})
#define STR_NULL ((struct str){NULL, 0, false})

/* Arguments for a "%.*s" conversion. Stops at a NUL: print peers' data with print_escaped(). */
#define STR_ARG(v) (int)(v).n, (v).s ? (v).s : ""

static inline bool str_is_null(struct str v)
{
    return v.s == NULL;
}

/* Where it ends. No value has no end to point to, and C no arithmetic on a null pointer. */
static inline const char *str_end(struct str v)
{
    return v.s ? v.s + v.n : NULL;
}

static inline bool str_is_empty(struct str v)
{
    return v.n == 0;
}

/* The value of a C string, not copied, untainted. NULL gives STR_NULL. */
struct str str_of(const char *cstring);

/* The same octets, marked as coming from outside. */
struct str str_taint(struct str v);

/* Equality of the octets; the second form folds ASCII case. Taint does not count,
 * and STR_NULL equals the empty string. Not for secrets: see secret_equal(). */
bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b);

/* The same against a C string. */
bool str_is(struct str v, const char *cstring);
bool str_is_nocase(struct str v, const char *cstring);

/* Three-way comparison of the octets (as memcmp, the shorter one first). */
int str_cmp(struct str a, struct str b);
int str_cmp_nocase(struct str a, struct str b);

bool str_starts(struct str v, const char *prefix);
bool str_starts_nocase(struct str v, const char *prefix);
bool str_ends(struct str v, const char *suffix);
bool str_ends_nocase(struct str v, const char *suffix);

/* Index of the first (last) octet c in v, or -1. */
ptrdiff_t str_find(struct str v, char c);
ptrdiff_t str_rfind(struct str v, char c);

/* A copy of n octets at s in the arena, NUL-terminated. */
struct str str_copy_n(struct arena *arena, const char *s, size_t n, uint16_t tainted);

/* A copy of v in the arena; STR_NULL stays STR_NULL. */
struct str str_copy(struct arena *arena, struct str v);

/* A copy of v[from .. from+n), clipped to v. */
struct str str_sub(struct arena *arena, struct str v, size_t from, size_t n);

/* A copy without leading and trailing white space (space, TAB, CR, LF, VT, FF). */
struct str str_trim(struct arena *arena, struct str v);

/* A copy with ASCII letters in lower (upper) case. */
struct str str_lower(struct arena *arena, struct str v);
struct str str_upper(struct arena *arena, struct str v);

/* Formats into the arena, untainted; the caller adds taint where an argument had it. */
struct str str_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Joins a and b (and c), ORing the taint. */
struct str str_join(struct arena *arena, struct str a, struct str b);
struct str str_join3(struct arena *arena, struct str a, struct str b, struct str c);

#endif
