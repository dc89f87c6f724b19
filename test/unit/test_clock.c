/* Deadlines, and Exim's notation for intervals. */
#include "testing.h"

#include <limits.h>

#include "base/clock.h"

static void test_deadline(void **state)
{
    int64_t before = clock_now_ms(), deadline = deadline_in(10), after = clock_now_ms();

    (void)state;
    assert_true(deadline >= before + 10000 && deadline <= after + 10000);
    assert_true(deadline_in(0) == DEADLINE_NONE);
    assert_true(deadline_in(-1) == DEADLINE_NONE);
    assert_true(deadline_in(INT_MAX) > after);
    int left = deadline_left_ms(deadline);
    assert_true(left > 5000 && left <= 10000);
    assert_int_equal(deadline_left_ms(DEADLINE_NONE), -1);
    assert_int_equal(deadline_left_ms(clock_now_ms()), 0);
    assert_int_equal(deadline_left_ms(0), 0);
    assert_int_equal(deadline_left_ms(-5), 0);
    assert_int_equal(deadline_left_ms(deadline_in(INT_MAX)), INT_MAX);
}

static void test_parse(void **state)
{
    static const struct {
        const char *text;
        int seconds;
    } good[] = {
        {"0s", 0},         {"5s", 5},         {"90m", 5400},   {"1h30m", 5400},      {"30m1h", 5400},
        {"1h1h", 7200},    {"2d4h5m", 187500}, {"1w2d3h4m5s", 788645}, {"2147483647s", INT_MAX},
        {"3550w5d3h14m7s", INT_MAX}, {"007s", 7},
    };
    static const char *const bad[] = {
        "", "5", "s", "10x", "1d5", " 1h", "1h ", "1 h", "1H", "-1s", "+1s", "1.5h", "2147483648s", "3551w",
        "3550w5d3h14m8s", "99999999999s", "1h\n", "1hs", "0x5s",
    };
    int seconds;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(interval_parse(str_of(good[i].text), &seconds));
        assert_int_equal(seconds, good[i].seconds);
    }
    seconds = 4711;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(interval_parse(str_of(bad[i]), &seconds));
    assert_false(interval_parse(STR_NULL, &seconds));
    assert_false(interval_parse(STR("1h\0"), &seconds));
    assert_int_equal(seconds, 4711); /* untouched */
}

static void test_format(void **state)
{
    struct arena *arena = *state;

    assert_str(interval_format(arena, 0), "0s");
    assert_str(interval_format(arena, 59), "59s");
    assert_str(interval_format(arena, 60), "1m");
    assert_str(interval_format(arena, 3600), "1h");
    assert_str(interval_format(arena, 86400), "1d");
    assert_str(interval_format(arena, 604800), "1w");
    assert_str(interval_format(arena, 694861), "1w1d1h1m1s");
    assert_str(interval_format(arena, 99999999), "165w2d9h46m39s");
    assert_str(interval_format(arena, INT_MAX), "3550w5d3h14m7s");
    assert_str(interval_format(arena, -61), "-1m1s");
    assert_str(interval_format(arena, INT_MIN), "-3550w5d3h14m8s");
}

static void test_round_trip(void **state)
{
    for (int seconds = 0; seconds < 2000000; seconds = seconds * 5 / 4 + 7) {
        int back;
        assert_true(interval_parse(interval_format(*state, seconds), &back));
        assert_int_equal(back, seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadline), cmocka_unit_test(test_parse), arena_test(test_format),
        arena_test(test_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
