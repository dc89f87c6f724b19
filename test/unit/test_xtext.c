/* xtext (RFC 3461 section 4). */
#include "testing.h"

#include "base/xtext.h"

static void test_encode(void **state)
{
    struct arena *arena = *state;

    assert_str(xtext_encode(arena, STR("user@example.org")), "user@example.org");
    assert_str(xtext_encode(arena, STR("a+b=c d")), "a+2Bb+3Dc+20d");
    assert_str(xtext_encode(arena, STR("\n\r\0\x7f\xff")), "+0A+0D+00+7F+FF");
    assert_str(xtext_encode(arena, STR("!~")), "!~");
    assert_str(xtext_encode(arena, STR("")), "");
    assert_str(xtext_encode(arena, STR_NULL), "");
    assert_true(xtext_encode(arena, str_taint(STR("x"))).tainted);
    assert_false(xtext_encode(arena, STR("x")).tainted);
}

static void test_decode(void **state)
{
    struct arena *arena = *state;
    struct str v;

    assert_true(xtext_decode(arena, STR("a+2Bb+3Dc+20d"), &v));
    assert_str(v, "a+b=c d");
    assert_true(xtext_decode(arena, STR("+2b+2B"), &v)); /* digits of either case are understood */
    assert_str(v, "++");
    assert_true(xtext_decode(arena, STR("+2B2B"), &v));
    assert_str(v, "+2B");
    assert_true(xtext_decode(arena, STR("<>"), &v));
    assert_str(v, "<>");
    assert_true(xtext_decode(arena, STR("+00+FF"), &v));
    assert_str(v, "\0\xff");
    assert_true(xtext_decode(arena, STR(""), &v));
    assert_str(v, "");
    assert_true(xtext_decode(arena, str_taint(STR("x")), &v));
    assert_true(v.tainted);
}

static void test_refused(void **state)
{
    static const char *const bad[] = {
        "+",     "a+",    "+4",    "a+4",   "+4g",   "+g4",   "++",       "++41",  "+ 41",      "+-1",
        "+0x41", "+4+41", "=",     "a=b",   "a=",    "==",    "a b",      " a",    "a ",        "a\tb",
        "a\nb",  "a\rb",  "a\x01", "a\x1f", "a\x7f", "a\x80", "\xc3\xa4", "a\xff", "+\xff\xff",
    };
    struct arena *arena = *state;
    struct str v = STR_NULL;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (xtext_decode(arena, str_of(bad[i]), &v))
            fail_msg("decoded \"%s\"", bad[i]);
    assert_false(xtext_decode(arena, STR("a\0"), &v));
    assert_false(xtext_decode(arena, STR("+4\0"), &v));
    assert_true(str_is_null(v));
}

/* A '+' at the end of the octets, whatever lies behind them. */
static void test_no_overread(void **state)
{
    static const char text[] = "a+41";
    struct str v;

    assert_false(xtext_decode(*state, (struct str){text, 2, false}, &v));
    assert_false(xtext_decode(*state, (struct str){text, 3, false}, &v));
    assert_true(xtext_decode(*state, (struct str){text, 4, false}, &v));
    assert_str(v, "aA");
}

static void test_every_octet(void **state)
{
    struct arena *arena = *state;

    for (int c = 0; c < 256; c++) {
        char octet = (char)c;
        struct str one = {&octet, 1, false}, encoded = xtext_encode(arena, one), v;
        bool plain = c >= 33 && c <= 126 && c != '+' && c != '=';
        assert_int_equal(encoded.n, plain ? 1 : 3);
        assert_true(xtext_decode(arena, encoded, &v));
        assert_octets(v, &octet, 1);
        assert_int_equal(xtext_decode(arena, one, &v), plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_encode),      arena_test(test_decode),      arena_test(test_refused),
        arena_test(test_no_overread), arena_test(test_every_octet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
