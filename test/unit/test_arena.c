/* Arenas: alignment, zeroed memory, growth, what reset and free do, and who is stopped when it cannot be. */
#include "testing.h"

#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define POISONED 1
#endif

#ifdef POISONED
#include <sanitizer/asan_interface.h>
#endif

static bool all_zero(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != 0)
            return false;
    return true;
}

static void test_zeroed_and_aligned(void **state)
{
    struct arena *arena = *state;

    for (size_t n = 0; n < 3000; n = n * 3 / 2 + 1) {
        char *p = arena_alloc(arena, n);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        assert_true(all_zero(p, n));
        memset(p, 0xff, n);
    }
}

static void test_do_not_overlap(void **state)
{
    enum { COUNT = 2000 };
    struct arena *arena = *state;
    static unsigned char *blocks[COUNT];

    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = arena_alloc(arena, i % 97);
        memset(blocks[i], (int)(i % 251), i % 97);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t at = 0; at < i % 97; at++)
            assert_int_equal(blocks[i][at], i % 251);
}

static void test_empty_allocations_differ(void **state)
{
    struct arena *arena = *state;
    char *a = arena_alloc(arena, 0), *b = arena_alloc(arena, 0);

    assert_ptr_not_equal(a, b);
    a = arena_grow(arena, a, 0, 10);
    memset(a, 'a', 10);
    b = arena_grow(arena, b, 0, 10);
    memset(b, 'b', 10);
    assert_memory_equal(a, "aaaaaaaaaa", 10);
}

static void test_large(void **state)
{
    struct arena *arena = *state;
    char *small = arena_alloc(arena, 10), *large = arena_alloc(arena, 5000000),
         *after = arena_alloc(arena, 10);

    memset(small, 1, 10);
    memset(large, 2, 5000000);
    memset(after, 3, 10);
    assert_int_equal(small[9], 1);
    assert_int_equal(large[0], 2);
    assert_int_equal(large[4999999], 2);
    assert_true(arena_size(arena) >= 5000000);
    arena_reset(arena);
    assert_true(arena_size(arena) < 100000); /* a large allocation does not stay for ever */
}

static void test_grow_in_place(void **state)
{
    struct arena *arena = *state;
    char *p = arena_alloc(arena, 10);

    memset(p, 'x', 10);
    char *q = arena_grow(arena, p, 10, 500);
    assert_ptr_equal(p, q);
    assert_true(all_zero(q + 10, 490));
    memset(q, 'y', 500);
    q = arena_grow(arena, q, 500, 5);
    assert_ptr_equal(p, q);
    q = arena_grow(arena, q, 5, 500); /* what was given back is zero again */
    assert_ptr_equal(p, q);
    assert_memory_equal(q, "yyyyy", 5);
    assert_true(all_zero(q + 5, 495));
}

static void test_grow_moves(void **state)
{
    struct arena *arena = *state;
    char *p = arena_alloc(arena, 10);

    memset(p, 'x', 10);
    char *other = arena_alloc(arena, 1);
    *other = 'o';
    char *q = arena_grow(arena, p, 10, 30);
    assert_ptr_not_equal(p, q);
    assert_memory_equal(q, "xxxxxxxxxx", 10);
    assert_true(all_zero(q + 10, 20));
    assert_int_equal(*other, 'o');

    for (size_t n = 30; n < 1000000; n *= 2) { /* across blocks, and into one of its own */
        q = arena_grow(arena, q, n, n * 2);
        assert_memory_equal(q, "xxxxxxxxxx", 10);
        assert_true(all_zero(q + n, n));
    }
    assert_non_null(arena_grow(arena, NULL, 0, 7));
}

static void test_reset(void **state)
{
    struct arena *arena = *state;
    size_t size = 0;

    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < 300; i++) {
            char *p = arena_alloc(arena, 100);
            assert_true(all_zero(p, 100));
            memset(p, 0xff, 100);
        }
        arena_reset(arena);
        if (round == 3)
            size = arena_size(arena);
    }
    assert_int_equal(arena_size(arena), size); /* one block is kept, and no more of them */
    assert_true(size <= 65536);
    arena_reset(arena);
    arena_reset(arena);
}

static char order[8];

static void note(void *p)
{
    strcat(order, p);
}

struct nested {
    struct arena *arena;
    bool again;
};

static void defer_again(void *p)
{
    struct nested *nested = p;

    strcat(order, "n");
    if (nested->again) {
        nested->again = false;
        arena_defer(nested->arena, defer_again, nested);
    }
}

static void test_defer(void **state)
{
    struct arena *arena = *state;
    struct nested nested = {arena, true};

    order[0] = '\0';
    arena_defer(arena, note, "1");
    arena_alloc(arena, 100000);
    arena_defer(arena, note, "2");
    arena_defer(arena, note, "3");
    arena_reset(arena);
    assert_string_equal(order, "321");
    arena_reset(arena);
    assert_string_equal(order, "321"); /* once */

    order[0] = '\0';
    arena_defer(arena, defer_again, &nested); /* one that registers another */
    arena_reset(arena);
    assert_string_equal(order, "nn");

    order[0] = '\0';
    struct arena *other = arena_new(ARENA_SECRET);
    arena_defer(other, note, "x");
    arena_free(other);
    assert_string_equal(order, "x");
    arena_free(NULL);
}

static void test_secret_is_wiped(void **state)
{
    struct arena *arena = arena_new(ARENA_SECRET);
    char *p = arena_alloc(arena, 64);

    (void)state;
    memcpy(p, "correct horse battery staple", 28);
    arena_reset(arena);
#ifdef POISONED
    __asan_unpoison_memory_region(p, 64);
#endif
    assert_true(all_zero(p, 64)); /* the block is kept, so this still is ours to read */
    arena_free(arena);
}

#ifdef POISONED
static void test_overruns_are_found(void **state)
{
    struct arena *arena = *state;
    char *a = arena_alloc(arena, 13), *b = arena_alloc(arena, 16), *large = arena_alloc(arena, 100001);

    assert_false(__asan_address_is_poisoned(a + 12));
    assert_true(__asan_address_is_poisoned(a + 13));
    assert_false(__asan_address_is_poisoned(b + 15));
    assert_true(__asan_address_is_poisoned(b + 16));
    assert_true(__asan_address_is_poisoned(large + 100001));
    arena_reset(arena);
    assert_true(__asan_address_is_poisoned(b)); /* use after reset */
}
#endif

/* Runs fn in a child process and returns its wait status; what it writes is nobody's. */
static int status_of(void (*fn)(struct arena *), struct arena *arena)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        close(STDERR_FILENO);
        fn(arena);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void overflow(struct arena *arena)
{
    arena_array(arena, SIZE_MAX / 2, 3);
}

static void too_much(struct arena *arena)
{
    arena_alloc(arena, SIZE_MAX - 4);
}

static void fits(struct arena *arena)
{
    arena_array(arena, 3, 5);
}

static void test_out_of_memory_ends_the_process(void **state)
{
    int status = status_of(fits, *state);

    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    status = status_of(overflow, *state);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    status = status_of(too_much, *state);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_zeroed_and_aligned),
        arena_test(test_do_not_overlap),
        arena_test(test_empty_allocations_differ),
        arena_test(test_large),
        arena_test(test_grow_in_place),
        arena_test(test_grow_moves),
        arena_test(test_reset),
        arena_test(test_defer),
        cmocka_unit_test(test_secret_is_wiped),
#ifdef POISONED
        arena_test(test_overruns_are_found),
#endif
        arena_test(test_out_of_memory_ends_the_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
