/* Error values. */
#include "testing.h"

#include "base/error.h"

static void test_set(void **state)
{
    struct error err = ERROR_IN(*state);

    assert_true(str_is_null(err.text));
    assert_false(error_set(&err, "option \"%s\" unknown", "foo"));
    assert_str(err.text, "option \"foo\" unknown");
    assert_null(err.where.file);
    assert_false(error_set(&err, "%s", ""));
    assert_str(err.text, "");
}

static void test_at(void **state)
{
    struct error err = ERROR_IN(*state);

    assert_false(error_at(&err, (struct source_pos){"/etc/x", 7}, "bad %d", 3));
    assert_str(err.text, "bad 3");
    assert_string_equal(err.where.file, "/etc/x");
    assert_int_equal(err.where.line, 7);
    error_set(&err, "other"); /* the place stays: who knows it and who knows the text may differ */
    assert_int_equal(err.where.line, 7);
}

static void test_not_wanted(void **state)
{
    (void)state;
    assert_false(error_set(NULL, "%s", "x"));
    assert_false(error_at(NULL, (struct source_pos){NULL, 0}, "%s", "x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {arena_test(test_set), arena_test(test_at),
                                       cmocka_unit_test(test_not_wanted)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
