/* The growing buffer. */
#include "testing.h"

#include "base/buffer.h"

static void test_empty(void **state)
{
    struct buffer b = BUFFER_IN(*state);
    struct str v = buffer_str(&b);

    assert_str(v, "");
    assert_false(str_is_null(v));
    assert_false(v.tainted);
}

static void test_add(void **state)
{
    struct buffer b = BUFFER_IN(*state);

    buffer_add(&b, STR("ab"));
    buffer_add(&b, STR_NULL);
    buffer_add_n(&b, "c\0d", 3);
    buffer_add_n(&b, NULL, 0);
    buffer_add_cstr(&b, "ef");
    buffer_add_cstr(&b, "");
    buffer_add_char(&b, 'g');
    buffer_add_char(&b, '\0');
    assert_octets(buffer_str(&b), "abc\0defg\0", 9);
}

static void test_every_length(void **state)
{
    for (size_t n = 0; n < 300; n++) { /* capacities are powers of two: every edge of them is here */
        struct buffer b = BUFFER_IN(*state);
        for (size_t i = 0; i < n; i++)
            buffer_add_char(&b, (char)('a' + i % 26));
        struct str v = buffer_str(&b);
        assert_int_equal(v.n, n);
        assert_int_equal(v.s[n], '\0');
        for (size_t i = 0; i < n; i++)
            assert_int_equal(v.s[i], 'a' + i % 26);
    }
}

static void test_taint(void **state)
{
    struct buffer b = BUFFER_IN(*state);

    buffer_add(&b, STR("a"));
    assert_false(buffer_str(&b).tainted);
    buffer_add(&b, str_taint(STR("")));
    buffer_add(&b, STR("b"));
    assert_true(buffer_str(&b).tainted);
    buffer_cut(&b, 0);
    assert_true(buffer_str(&b).tainted);
}

static void test_printf(void **state)
{
    for (int n = 0; n < 300; n++) {
        struct buffer b = BUFFER_IN(*state);
        buffer_add_cstr(&b, "x");
        buffer_printf(&b, "%*s", n, "");
        buffer_printf(&b, "<%d>", n);
        struct str v = buffer_str(&b);
        assert_int_equal(v.s[v.n], '\0');
        assert_int_equal(v.s[v.n - 1], '>');
        assert_int_equal(v.n, strlen(v.s));
        assert_int_equal(strspn(v.s + 1, " "), n);
    }
}

static void test_room(void **state)
{
    struct buffer b = BUFFER_IN(*state);

    buffer_add_cstr(&b, "ab");
    for (size_t n = 1; n < 5000; n = n * 2 + 1) {
        char *p = buffer_room(&b, n);
        memset(p, 'c', n);
        buffer_added(&b, 1);
    }
    buffer_room(&b, 100); /* asked for and not used */
    struct str v = buffer_str(&b);
    assert_int_equal(strspn(v.s, "abc"), v.n);
    assert_int_equal(strlen(v.s), v.n);
}

static void test_cut(void **state)
{
    struct buffer b = BUFFER_IN(*state);

    buffer_add_cstr(&b, "abcdef");
    buffer_cut(&b, 6);
    assert_str(buffer_str(&b), "abcdef");
    buffer_cut(&b, 2);
    assert_str(buffer_str(&b), "ab");
    buffer_add_char(&b, 'x');
    assert_str(buffer_str(&b), "abx");
}

static void test_two_in_one_arena(void **state)
{
    struct buffer a = BUFFER_IN(*state), b = BUFFER_IN(*state);

    for (int i = 0; i < 1000; i++) {
        buffer_add_char(&a, 'a');
        buffer_add_char(&b, 'b');
    }
    assert_int_equal(strspn(buffer_str(&a).s, "a"), 1000);
    assert_int_equal(strspn(buffer_str(&b).s, "b"), 1000);
}

static void test_adding_itself(void **state)
{
    struct buffer b = BUFFER_IN(*state);

    buffer_add_cstr(&b, "0123456789");
    for (int i = 0; i < 8; i++)
        buffer_add(&b, buffer_str(&b));
    struct str v = buffer_str(&b);
    assert_int_equal(v.n, 2560);
    for (size_t i = 0; i < v.n; i++)
        assert_int_equal(v.s[i], '0' + i % 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_empty), arena_test(test_add),  arena_test(test_every_length),
        arena_test(test_taint), arena_test(test_printf), arena_test(test_room),
        arena_test(test_cut),   arena_test(test_two_in_one_arena), arena_test(test_adding_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
