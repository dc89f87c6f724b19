/* How a string counts as a condition (manual, 33.1). */
#include "testing.h"

#include "base/truth.h"

static void test_truth(void **state)
{
    static const char *const no[] = {"", "0", "no", "NO", "No", "false", "FALSE", "fAlSe"};
    static const char *const yes[] = {"1", "yes", "YES", "true", "TRUE", "tRuE"};
    static const char *const other[] = {" ", "00", "01", "-1",  "2",    "y",   "n",
                                        "t", "f",  "on", "off", "yes ", " no", "ok"};

    (void)state;
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_int_equal(truth_of(str_of(no[i])), TRUTH_NO);
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_int_equal(truth_of(str_of(yes[i])), TRUTH_YES);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        assert_int_equal(truth_of(str_of(other[i])), TRUTH_OTHER);
    assert_int_equal(truth_of(STR_NULL), TRUTH_NO);
    assert_int_equal(truth_of(STR("yes\0")), TRUTH_OTHER);
    assert_int_equal(truth_of(STR("\0")), TRUTH_OTHER);
    assert_int_equal(truth_of(str_taint(STR("yes"))), TRUTH_YES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_truth)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
