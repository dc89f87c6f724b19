/* Escaping as the manual's `escape` operator does it. */
#include "testing.h"

#include "base/print.h"

static struct str escaped(struct arena *arena, struct str v, unsigned flags)
{
    struct buffer b = BUFFER_IN(arena);

    print_escaped(&b, v, flags);
    return buffer_str(&b);
}

static void test_escape(void **state)
{
    struct arena *arena = *state;

    assert_str(escaped(arena, STR("plain text ~!"), 0), "plain text ~!");
    assert_str(escaped(arena, STR("a\nb\rc\bd\fe\vf"), 0), "a\\nb\\rc\\bd\\fe\\vf");
    assert_str(escaped(arena, STR("\x01\x07\x0e\x1b\x1f\x7f"), 0), "\\001\\007\\016\\033\\037\\177");
    assert_str(escaped(arena, STR("\x80\xe9\xff"), 0), "\\200\\351\\377");
    assert_str(escaped(arena, STR("\0"), 0), "\\000");
    assert_str(escaped(arena, STR("a\tb\\c\\\\"), 0), "a\tb\\c\\\\"); /* as they are, in Exim too */
    assert_str(escaped(arena, STR(""), 0), "");
    assert_str(escaped(arena, STR_NULL, 0), "");
}

static void test_flags(void **state)
{
    struct arena *arena = *state;

    assert_str(escaped(arena, STR(" a b "), PRINT_SPACE), "\\040a\\040b\\040");
    assert_str(escaped(arena, STR("\xc3\xa4\n"), PRINT_8BIT), "\xc3\xa4\\n");
    assert_str(escaped(arena, STR("a\tb"), PRINT_TAB), "a\\011b");
    assert_str(escaped(arena, STR(" \t\x80"), PRINT_SPACE | PRINT_TAB | PRINT_8BIT), "\\040\\011\x80");
}

static void test_lines(void **state)
{
    struct arena *arena = *state;

    assert_str(printable_lines(arena, STR("550-a\n550 b")), "550-a\n550 b");
    assert_str(printable_lines(arena, STR("550-a\r\n550 \xe9")), "550-a\\r\n550 \\351");
}

static void test_appends_and_taints(void **state)
{
    struct buffer b = BUFFER_IN(*state);

    buffer_add_cstr(&b, "x=");
    print_escaped(&b, STR("\n"), 0);
    assert_false(buffer_str(&b).tainted);
    print_escaped(&b, str_taint(STR("y")), 0);
    assert_str(buffer_str(&b), "x=\\ny");
    assert_true(buffer_str(&b).tainted);
}

static void test_printable(void **state)
{
    struct arena *arena = *state;
    struct str plain = str_taint(STR("nothing to do\t\\"));

    assert_ptr_equal(printable(arena, plain).s, plain.s);
    assert_true(printable(arena, plain).tainted);
    assert_str(printable(arena, STR("a\nb")), "a\\nb");
    assert_true(printable(arena, str_taint(STR("a\nb"))).tainted);
    assert_true(str_is_null(printable(arena, STR_NULL)));
}

static void test_every_octet(void **state)
{
    struct arena *arena = *state;

    for (int c = 0; c < 256; c++) {
        char octet = (char)c;
        struct str v = escaped(arena, (struct str){&octet, 1, false}, 0);
        for (size_t i = 0; i < v.n; i++)
            assert_true(v.s[i] == '\t' || (v.s[i] >= ' ' && v.s[i] <= '~'));
        assert_int_equal(v.n == 1, c == '\t' || (c >= ' ' && c <= '~'));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_escape),    arena_test(test_flags),
        arena_test(test_lines),       arena_test(test_appends_and_taints),
        arena_test(test_printable), arena_test(test_every_octet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
