/* Base64: every length and remainder, between guard pages, and everything that is not an encoding. */
#include "testing.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/base64.h"

enum { LENGTH_MAX = 12288 }; /* of a line of an AUTH exchange */

/* Memory that ends at a page nobody may touch: text at the end of it cannot be overread. */
struct guarded {
    char *map;
    size_t size, page;
};

static int guarded_setup(void **state)
{
    static struct guarded g;

    g.page = (size_t)sysconf(_SC_PAGESIZE);
    g.size = (LENGTH_MAX * 2 + g.page) / g.page * g.page;
    g.map = mmap(NULL, g.size + g.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *state = &g;
    return g.map == MAP_FAILED || mprotect(g.map + g.size, g.page, PROT_NONE) != 0;
}

static int guarded_teardown(void **state)
{
    struct guarded *g = *state;

    return munmap(g->map, g->size + g->page);
}

/* The n octets of v, moved up to the guard page; the NUL that values have is not there to lean on. */
static struct str at_edge(const struct guarded *g, const char *s, size_t n)
{
    char *at = g->map + g->size - n;

    if (n > 0)
        memmove(at, s, n);
    return (struct str){at, n, false};
}

static void fill(char *p, size_t n)
{
    uint32_t x = (uint32_t)n * 2654435761U + 1;

    for (size_t i = 0; i < n; i++) {
        x = x * 1664525U + 1013904223U;
        p[i] = (char)(x >> 24);
    }
}

static void test_vectors(void **state)
{
    static const struct {
        const char *plain, *encoded;
    } v[] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"}, {"\xff\xff\xff", "////"}, {"\xfb\xef\xbe", "++++"},
    };
    struct arena *arena = *state;

    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        struct str back;
        assert_octets(base64_encode(arena, str_of(v[i].plain)), v[i].encoded, strlen(v[i].encoded));
        assert_true(base64_decode(arena, str_of(v[i].encoded), &back));
        assert_octets(back, v[i].plain, strlen(v[i].plain));
    }
    assert_str(base64_encode(arena, STR("\0user\0pass")), "AHVzZXIAcGFzcw==");
    assert_str(base64_encode(arena, STR_NULL), "");
}

static void test_null_decodes_to_empty(void **state)
{
    struct str back = STR_NULL;

    assert_true(base64_decode(*state, STR_NULL, &back));
    assert_str(back, "");
}

static void test_taint(void **state)
{
    struct str back;

    assert_true(base64_encode(*state, str_taint(STR("x"))).tainted);
    assert_false(base64_encode(*state, STR("x")).tainted);
    assert_true(base64_decode(*state, str_taint(STR("Zg==")), &back));
    assert_true(back.tainted);
    assert_true(base64_decode(*state, STR("Zg=="), &back));
    assert_false(back.tainted);
}

/* Lengths up to the limit: all of the small ones and those near the limit, and every remainder between. */
static void test_every_length_of_data(void **state)
{
    static char data[LENGTH_MAX];
    struct arena *arena = arena_new(ARENA_PLAIN);

    for (size_t n = 0; n <= LENGTH_MAX; n++) {
        fill(data, n);
        struct str encoded = base64_encode(arena, at_edge(*state, data, n)), back;
        assert_int_equal(encoded.n, (n + 2) / 3 * 4);
        assert_int_equal(encoded.s[encoded.n], '\0');
        assert_true(base64_decode(arena, at_edge(*state, encoded.s, encoded.n), &back));
        assert_int_equal(back.n, n);
        assert_int_equal(back.s[n], '\0');
        assert_memory_equal(back.s, data, n);
        arena_reset(arena);
    }
    arena_free(arena);
}

/* Texts of the alphabet, of every length: only multiples of four are encodings. */
static void test_every_length_of_text(void **state)
{
    static char text[LENGTH_MAX + 1];
    struct arena *arena = arena_new(ARENA_PLAIN);

    memset(text, 'Q', sizeof text);
    for (size_t n = 0; n <= LENGTH_MAX + 1; n++) {
        struct str back = STR_NULL;
        bool good = base64_decode(arena, at_edge(*state, text, n), &back);
        assert_int_equal(good, n % 4 == 0);
        if (good)
            assert_int_equal(back.n, n / 4 * 3);
        else
            assert_true(str_is_null(back));
        arena_reset(arena);
    }
    arena_free(arena);
}

static void test_refused(void **state)
{
    static const char *const bad[] = {
        "=", "==", "===", "====", "Z", "Zg", "Zg=", "Zg===", "Z===",
        "Zm9v=", "Zm9v==", "Zm9v===", "Zm9v====", "=Zm9", "Z=m9", "Zm=9", "Zg=v", "Zg==Zg==", "Zm8=Zm9v",
        "Zm9v\n", "Zm9\n", "Zm 9", " Zm9v", "Zm9v ", "Zm9v    ", "Zm\r\n", "Zm\t9",
        "Zm-9", "Zm_9", "Zm*9", "*", "Zm.9", "Zm,9", "Zm9`", "Zm9@", "Zm9[", "Zm9{", "Zm9:", "Zm9;",
        "Zm9\x01", "Zm9\x7f", "Zm9\xc3", "\xff\xff\xff\xff",
        /* bits behind the last octet */
        "Zh==", "Zi==", "Zo==", "Zv==", "Z/==", "Zm9=", "Zm+=", "Zm//Zm/=", "//==", "///=",
    };
    struct arena *arena = *state;
    struct str back = STR_NULL;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (base64_decode(arena, str_of(bad[i]), &back))
            fail_msg("decoded \"%s\"", bad[i]);
    assert_false(base64_decode(arena, STR("Zm9\0"), &back));
    assert_false(base64_decode(arena, STR("\0\0\0\0"), &back));
    assert_false(base64_decode(arena, STR("Zm\0v"), &back));
    assert_true(str_is_null(back));
}

/* Each octet in each place of a group. */
static void test_alphabet(void **state)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct arena *arena = *state;

    for (int c = 0; c < 256; c++)
        for (int at = 0; at < 8; at++) {
            char text[8] = {'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A'};
            const char *in_alphabet = c == 0 ? NULL : strchr(alphabet, c);
            struct str back;
            text[at] = (char)c;
            bool good = base64_decode(arena, (struct str){text, 8, false}, &back);
            if (c == '=' && at == 7) {
                assert_true(good); /* padding, in its place */
                assert_int_equal(back.n, 5);
                continue;
            }
            assert_int_equal(good, in_alphabet != NULL);
            if (!good)
                continue;
            unsigned long bits = 0;
            for (int i = 0; i < 6; i++)
                bits = bits << 8 | (unsigned char)back.s[i];
            assert_int_equal(bits, (unsigned long)(in_alphabet - alphabet) << (42 - 6 * at));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_vectors),
        arena_test(test_null_decodes_to_empty),
        arena_test(test_taint),
        cmocka_unit_test_setup_teardown(test_every_length_of_data, guarded_setup, guarded_teardown),
        cmocka_unit_test_setup_teardown(test_every_length_of_text, guarded_setup, guarded_teardown),
        arena_test(test_refused),
        arena_test(test_alphabet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
