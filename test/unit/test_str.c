/* The string value. */
#include "testing.h"

#define NUL_STR ((struct str){"a\0b", 3, false})

static void test_values(void **state)
{
    (void)state;
    assert_true(str_is_null(STR_NULL));
    assert_true(str_is_empty(STR_NULL));
    assert_false(str_is_null(STR("")));
    assert_true(str_is_empty(STR("")));
    assert_true(str_is_null(str_of(NULL)));
    assert_str(str_of("abc"), "abc");
    assert_int_equal(STR("a\0b").n, 3);
    assert_false(str_of("abc").tainted);
    assert_true(str_taint(STR("abc")).tainted);
    assert_str(str_taint(STR("abc")), "abc");
}

static void test_equality(void **state)
{
    (void)state;
    assert_true(str_eq(STR("abc"), str_taint(STR("abc"))));
    assert_true(str_eq(STR_NULL, STR("")));
    assert_true(str_eq_nocase(STR(""), STR_NULL));
    assert_false(str_eq(STR("abc"), STR("abC")));
    assert_true(str_eq_nocase(STR("aBc-[]@"), STR("AbC-[]@")));
    assert_false(str_eq_nocase(STR("@"), STR("`"))); /* 0x40 and 0x60: no letters */
    assert_false(str_eq_nocase(STR("["), STR("{")));
    assert_false(str_eq_nocase(STR("\xc4"), STR("\xe4"))); /* letters elsewhere, not in ASCII */
    assert_false(str_eq(STR("a"), STR("ab")));
    assert_false(str_eq(NUL_STR, STR("a")));
    assert_true(str_eq(NUL_STR, STR("a\0b")));
    assert_false(str_eq(NUL_STR, STR("a\0c")));
    assert_true(str_is(STR("x"), "x"));
    assert_false(str_is(NUL_STR, "a"));
    assert_true(str_is(STR_NULL, ""));
    assert_true(str_is_nocase(STR("EhLo"), "eHlO"));
    assert_false(str_is_nocase(STR("ehlo "), "ehlo"));
}

static void test_order(void **state)
{
    (void)state;
    assert_int_equal(str_cmp(STR("abc"), STR("abc")), 0);
    assert_int_equal(str_cmp(STR_NULL, STR("")), 0);
    assert_true(str_cmp(STR("ab"), STR("abc")) < 0);
    assert_true(str_cmp(STR("abc"), STR("ab")) > 0);
    assert_true(str_cmp(STR("b"), STR("abc")) > 0);
    assert_true(str_cmp(STR("\x7f"), STR("\x80")) < 0); /* octets are unsigned */
    assert_true(str_cmp(STR("B"), STR("a")) < 0);
    assert_true(str_cmp_nocase(STR("B"), STR("a")) > 0);
    assert_int_equal(str_cmp_nocase(STR("aB"), STR("Ab")), 0);
    assert_true(str_cmp_nocase(STR("\x7f"), STR("\x80")) < 0);
    assert_true(str_cmp_nocase(STR("a"), STR("AB")) < 0);
}

static void test_ends(void **state)
{
    (void)state;
    assert_true(str_starts(STR("lsearch;x"), "lsearch;"));
    assert_false(str_starts(STR("lsearch"), "lsearch;"));
    assert_true(str_starts(STR("x"), ""));
    assert_true(str_starts(STR_NULL, ""));
    assert_false(str_starts(STR_NULL, "x"));
    assert_true(str_starts_nocase(STR("AUTH=x"), "auth="));
    assert_true(str_ends(STR("a.example"), ".example"));
    assert_false(str_ends(STR("example"), ".example"));
    assert_true(str_ends(STR_NULL, ""));
    assert_false(str_ends(STR("a.Example"), ".example"));
    assert_true(str_ends_nocase(STR("a.Example"), ".exAmple"));
    assert_false(str_ends_nocase(STR_NULL, "x"));
}

static void test_find(void **state)
{
    (void)state;
    assert_int_equal(str_find(STR("a@b@c"), '@'), 1);
    assert_int_equal(str_rfind(STR("a@b@c"), '@'), 3);
    assert_int_equal(str_find(STR("abc"), '@'), -1);
    assert_int_equal(str_rfind(STR("abc"), '@'), -1);
    assert_int_equal(str_find(STR_NULL, 'a'), -1);
    assert_int_equal(str_rfind(STR(""), '\0'), -1); /* the NUL behind is no part of it */
    assert_int_equal(str_find(NUL_STR, '\0'), 1);
    assert_int_equal(str_find(NUL_STR, 'b'), 2);
}

static void test_copies(void **state)
{
    struct arena *arena = *state;
    struct str v = str_taint(NUL_STR), copy = str_copy(arena, v);

    assert_octets(copy, "a\0b", 3);
    assert_ptr_not_equal(copy.s, v.s);
    assert_true(copy.tainted);
    assert_true(str_is_null(str_copy(arena, STR_NULL)));
    assert_str(str_copy(arena, STR("")), "");
    assert_str(str_copy_n(arena, NULL, 0, false), "");
    assert_true(str_copy_n(arena, "abc", 2, true).tainted);
    assert_str(str_copy_n(arena, "abc", 2, true), "ab");
}

static void test_sub(void **state)
{
    struct arena *arena = *state;

    assert_str(str_sub(arena, STR("abcdef"), 2, 3), "cde");
    assert_str(str_sub(arena, STR("abcdef"), 4, 10), "ef");
    assert_str(str_sub(arena, STR("abcdef"), 6, 1), "");
    assert_str(str_sub(arena, STR("abcdef"), 7, 1), "");
    assert_str(str_sub(arena, STR("abcdef"), SIZE_MAX, SIZE_MAX), "");
    assert_str(str_sub(arena, STR("abcdef"), 1, SIZE_MAX), "bcdef");
    assert_str(str_sub(arena, STR_NULL, 0, 1), "");
    assert_true(str_sub(arena, str_taint(STR("abc")), 0, 0).tainted);
}

static void test_trim(void **state)
{
    struct arena *arena = *state;

    assert_str(str_trim(arena, STR(" \t\r\n\v\fab c \t\r\n\v\f")), "ab c");
    assert_str(str_trim(arena, STR("   ")), "");
    assert_str(str_trim(arena, STR("")), "");
    assert_str(str_trim(arena, STR_NULL), "");
    assert_octets(str_trim(arena, STR(" \0 ")), "\0", 1);
    assert_str(str_trim(arena, STR("\xa0x\x85")), "\xa0x\x85"); /* white space in no ASCII */
}

static void test_case(void **state)
{
    struct arena *arena = *state;

    assert_str(str_lower(arena, STR("AbZz@[`{\xc4")), "abzz@[`{\xc4");
    assert_str(str_upper(arena, STR("AbZz@[`{\xe4")), "ABZZ@[`{\xe4");
    assert_true(str_is_null(str_lower(arena, STR_NULL)));
    assert_true(str_upper(arena, str_taint(STR("x"))).tainted);
}

static void test_printf(void **state)
{
    struct arena *arena = *state;
    char long_text[1000];

    assert_str(str_printf(arena, "%d-%s", 42, "x"), "42-x");
    assert_str(str_printf(arena, "%s", ""), "");
    assert_str(str_printf(arena, "%.*s|", STR_ARG(STR_NULL)), "|");
    for (size_t n = 250; n < 262; n++) { /* around the size of the buffer on the stack */
        memset(long_text, 'x', n);
        long_text[n] = '\0';
        assert_octets(str_printf(arena, "%s", long_text), long_text, n);
    }
    assert_int_equal(str_printf(arena, "%999d", 1).n, 999);
}

static void test_join(void **state)
{
    struct arena *arena = *state;

    assert_str(str_join(arena, STR("a"), STR("b")), "ab");
    assert_str(str_join(arena, STR_NULL, STR_NULL), "");
    assert_octets(str_join3(arena, NUL_STR, STR(""), STR("c")), "a\0bc", 4);
    assert_false(str_join3(arena, STR("a"), STR("b"), STR("c")).tainted);
    assert_true(str_join(arena, str_taint(STR("")), STR("b")).tainted);
    assert_true(str_join(arena, STR("a"), str_taint(STR("b"))).tainted);
    assert_true(str_join3(arena, STR("a"), STR("b"), str_taint(STR("c"))).tainted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_equality), cmocka_unit_test(test_order),
        cmocka_unit_test(test_ends),   cmocka_unit_test(test_find),     arena_test(test_copies),
        arena_test(test_sub),          arena_test(test_trim),           arena_test(test_case),
        arena_test(test_printf),       arena_test(test_join),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
