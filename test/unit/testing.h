/* What every unit test begins with: cmocka and what it needs, and an arena as the test's state. */
#ifndef UNIT_TESTING_H
#define UNIT_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"

/* Setup and teardown for tests whose state is an arena. */
static inline int arena_setup(void **state)
{
    *state = arena_new(ARENA_PLAIN);
    return 0;
}

static inline int arena_teardown(void **state)
{
    arena_free(*state);
    return 0;
}

#define arena_test(f) cmocka_unit_test_setup_teardown(f, arena_setup, arena_teardown)

/* The value has exactly these octets, a NUL behind them, and this taint. */
#define assert_str(v, literal) assert_octets(v, literal, sizeof(literal) - 1)
#define assert_octets(v, expected, length) assert_octets_at(v, expected, length, __FILE__, __LINE__)

static inline void assert_octets_at(struct str v, const char *expected, size_t n, const char *file, int line)
{
    if (v.s == NULL || v.n != n || memcmp(v.s, expected, n) != 0 || v.s[v.n] != '\0') {
        print_error("got \"%.*s\" (%zu octets), expected \"%.*s\" (%zu octets)\n", STR_ARG(v), v.n, (int)n,
                    expected, n);
        _fail(file, line);
    }
}

#endif
