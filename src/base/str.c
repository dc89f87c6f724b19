/* The string value: see str.h. */
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"

struct str str_of(const char *cstring)
{
    return cstring == NULL ? STR_NULL : (struct str){cstring, strlen(cstring), false};
}

struct str str_taint(struct str v)
{
    v.tainted = true;
    return v;
}

/* memcmp() of n octets; n may be 0 with null pointers. */
static int compare(const char *a, const char *b, size_t n)
{
    return n == 0 ? 0 : memcmp(a, b, n);
}

static int compare_nocase(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char x = (unsigned char)ascii_lower(a[i]), y = (unsigned char)ascii_lower(b[i]);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && compare(a.s, b.s, a.n) == 0;
}

bool str_eq_nocase(struct str a, struct str b)
{
    return a.n == b.n && compare_nocase(a.s, b.s, a.n) == 0;
}

/* Tables are searched with it: most rows differ in the first octet, which is looked at first. */
bool str_is(struct str v, const char *cstring)
{
    if (v.n > 0 && v.s[0] != cstring[0])
        return false;
    return str_eq(v, str_of(cstring));
}

bool str_is_nocase(struct str v, const char *cstring)
{
    return str_eq_nocase(v, str_of(cstring));
}

/* The order of two values whose common octets compare as `common` says. */
static int order(struct str a, struct str b, int common)
{
    if (common != 0)
        return common;
    return a.n < b.n ? -1 : a.n > b.n;
}

int str_cmp(struct str a, struct str b)
{
    return order(a, b, compare(a.s, b.s, a.n < b.n ? a.n : b.n));
}

int str_cmp_nocase(struct str a, struct str b)
{
    return order(a, b, compare_nocase(a.s, b.s, a.n < b.n ? a.n : b.n));
}

bool str_starts(struct str v, const char *prefix)
{
    size_t n = strlen(prefix);

    return v.n >= n && compare(v.s, prefix, n) == 0;
}

bool str_starts_nocase(struct str v, const char *prefix)
{
    size_t n = strlen(prefix);

    return v.n >= n && compare_nocase(v.s, prefix, n) == 0;
}

bool str_ends(struct str v, const char *suffix)
{
    size_t n = strlen(suffix);

    return v.n >= n && (n == 0 || compare(v.s + v.n - n, suffix, n) == 0);
}

bool str_ends_nocase(struct str v, const char *suffix)
{
    size_t n = strlen(suffix);

    return v.n >= n && (n == 0 || compare_nocase(v.s + v.n - n, suffix, n) == 0);
}

ptrdiff_t str_find(struct str v, char c)
{
    const char *at = v.n == 0 ? NULL : memchr(v.s, c, v.n);

    return at == NULL ? -1 : at - v.s;
}

ptrdiff_t str_rfind(struct str v, char c)
{
    const char *at = v.n == 0 ? NULL : memrchr(v.s, c, v.n);

    return at == NULL ? -1 : at - v.s;
}

struct str str_copy_n(struct arena *arena, const char *s, size_t n, uint16_t tainted)
{
    char *copy = arena_array(arena, n + 1, 1); /* zeroed: the NUL is there */

    if (n > 0)
        memcpy(copy, s, n);
    return (struct str){copy, n, tainted};
}

struct str str_copy(struct arena *arena, struct str v)
{
    return v.s == NULL ? v : str_copy_n(arena, v.s, v.n, v.tainted);
}

struct str str_sub(struct arena *arena, struct str v, size_t from, size_t n)
{
    if (from > v.n)
        from = v.n;
    if (n > v.n - from)
        n = v.n - from;
    return str_copy_n(arena, n == 0 ? "" : v.s + from, n, v.tainted);
}

struct str str_trim(struct arena *arena, struct str v)
{
    size_t from = 0, to = v.n;

    while (from < to && ascii_is_space(v.s[from]))
        from++;
    while (to > from && ascii_is_space(v.s[to - 1]))
        to--;
    return str_sub(arena, v, from, to - from);
}

static struct str mapped(struct arena *arena, struct str v, char (*map)(char))
{
    if (v.s == NULL)
        return v;
    char *copy = arena_array(arena, v.n + 1, 1);
    for (size_t i = 0; i < v.n; i++)
        copy[i] = map(v.s[i]);
    return (struct str){copy, v.n, v.tainted};
}

struct str str_lower(struct arena *arena, struct str v)
{
    return mapped(arena, v, ascii_lower);
}

struct str str_upper(struct arena *arena, struct str v)
{
    return mapped(arena, v, ascii_upper);
}

struct str str_printf(struct arena *arena, const char *format, ...)
{
    char small[256];
    va_list args;

    va_start(args, format);
    int n = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (n < 0)
        return STR("");
    if ((size_t)n < sizeof small)
        return str_copy_n(arena, small, (size_t)n, false);
    char *s = arena_array(arena, (size_t)n + 1, 1);
    va_start(args, format);
    vsnprintf(s, (size_t)n + 1, format, args);
    va_end(args);
    return (struct str){s, (size_t)n, false};
}

struct str str_join(struct arena *arena, struct str a, struct str b)
{
    return str_join3(arena, a, b, STR_NULL);
}

struct str str_join3(struct arena *arena, struct str a, struct str b, struct str c)
{
    const struct str parts[] = {a, b, c};
    char *s = arena_array(arena, a.n + b.n + c.n + 1, 1), *at = s;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].n > 0)
            memcpy(at, parts[i].s, parts[i].n);
        at += parts[i].n;
    }
    return (struct str){s, (size_t)(at - s), a.tainted | b.tainted | c.tainted};
}
