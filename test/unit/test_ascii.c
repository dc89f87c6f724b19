/* Classes of octets, checked against what their definitions say for each of the 256. */
#include "testing.h"

#include "base/ascii.h"

static bool is_one_of(int c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

static void test_classes(void **state)
{
    (void)state;
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        bool digit = is_one_of(i, "0123456789");
        bool lower = is_one_of(i, "abcdefghijklmnopqrstuvwxyz"),
             upper = is_one_of(i, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        assert_int_equal(ascii_is_space(c), is_one_of(i, " \t\n\v\f\r"));
        assert_int_equal(ascii_is_digit(c), digit);
        assert_int_equal(ascii_is_alpha(c), lower || upper);
        assert_int_equal(ascii_is_alnum(c), lower || upper || digit);
        assert_int_equal(ascii_is_control(c), i < 32 || i == 127);
        assert_int_equal(ascii_is_punct(c), is_one_of(i, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"));
    }
}

static void test_case(void **state)
{
    (void)state;
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        assert_int_equal(ascii_lower(c), i >= 'A' && i <= 'Z' ? (char)(i + 32) : c);
        assert_int_equal(ascii_upper(c), i >= 'a' && i <= 'z' ? (char)(i - 32) : c);
    }
}

static void test_hex(void **state)
{
    static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";

    (void)state;
    for (int i = 0; i < 256; i++) {
        const char *at = i == 0 ? NULL : strchr(lower, i);
        int expected = at == NULL ? -1 : (int)(at - lower);
        if (expected < 0 && is_one_of(i, upper))
            expected = (int)(strchr(upper, i) - upper);
        assert_int_equal(ascii_hex_value((char)i), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes), cmocka_unit_test(test_case), cmocka_unit_test(test_hex),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
