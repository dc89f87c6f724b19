/* The small texts of the SMTP reader: folding of replies, parameters of commands, rate limits, headers
 * that ACLs add. */
#include "smtp/added_headers.h"
#include "smtp/fold.h"
#include "smtp/parameters.h"
#include "smtp/ratelimit.h"
#include "testing.h"

static void test_fold(void **state)
{
#define X40 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    static const struct {
        const char *text, *folded;
    } cases[] = {
        {"", ""},
        {"short", "short"},
        {"one\ntwo", "one\ntwo"},
        {"one\n \n\ttwo\n", "one\ntwo"},
        {X40 X40 X40, X40 X40 X40},
        {X40 " " X40, X40 "\n" X40},
        {X40 " y " X40, X40 " y\n" X40},
        {X40 X40 " " X40, X40 X40 "\n" X40},
        /* a colon is preferred to a later space, but not one in the first half */
        {X40 ": a b c d " X40, X40 ":\na b c d " X40},
        {"a: " X40 " b " X40, "a: " X40 " b\n" X40},
        {X40 "  y " X40, X40 "  y\n" X40},
        /* 75 octets stay, 76 do not */
        {X40 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx y", X40 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx y"},
        {X40 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx y", X40 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\ny"},
        /* lines of a text are folded one by one */
        {"first\n" X40 " " X40 "\nlast", "first\n" X40 "\n" X40 "\nlast"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str folded = smtp_fold(*state, str_of(cases[i].text));

        if (!str_is(folded, cases[i].folded))
            fail_msg("\"%s\" gives \"%.*s\"", cases[i].text, STR_ARG(folded));
    }
    assert_true(smtp_fold(*state, str_taint(STR(X40 " " X40))).tainted);
#undef X40
}

static void test_parameters(void **state)
{
    struct smtp_parameter p;

    assert_true(smtp_last_parameter(*state, STR("<a@b> SIZE=10 BODY=8BITMIME"), &p));
    assert_str(p.rest, "<a@b> SIZE=10");
    assert_str(p.word, "BODY=8BITMIME");
    assert_str(p.name, "BODY");
    assert_str(p.value, "8BITMIME");
    assert_true(smtp_last_parameter(*state, p.rest, &p));
    assert_str(p.rest, "<a@b>");
    assert_str(p.name, "SIZE");
    assert_false(smtp_last_parameter(*state, p.rest, &p));

    assert_true(smtp_last_parameter(*state, STR("<a@b>  FLAG  "), &p));
    assert_str(p.rest, "<a@b> ");
    assert_str(p.name, "FLAG");
    assert_true(str_is_null(p.value));

    assert_true(smtp_last_parameter(*state, STR("<a@b> ="), &p));
    assert_str(p.name, "");
    assert_str(p.value, "");

    /* the last equals sign counts, and quotes hold spaces together */
    assert_true(smtp_last_parameter(*state, STR("<a@b> X=y=z"), &p));
    assert_str(p.name, "X=y");
    assert_str(p.value, "z");
    assert_true(smtp_last_parameter(*state, STR("<a@b> X=\"y z\"@c"), &p));
    assert_str(p.word, "X=\"y z\"@c");
    assert_false(smtp_last_parameter(*state, STR("\"a b\"@c"), &p));
    assert_false(smtp_last_parameter(*state, STR(""), &p));
    assert_false(smtp_last_parameter(*state, STR("  "), &p));
    assert_false(smtp_last_parameter(*state, STR("a b\""), &p));
}

static void test_rate_limits(void **state)
{
    static const char *const bad[] = {"x",        "1",           "1,2s",      "1,2s,3",    "1,2s,3,",
                                      ",1s,2,3s", "1,2s,3,4s,5", "1 2s 3 4s", "1,2x,3,4s", "-1,2s,3,4s"};
    struct error err = ERROR_IN(*state);
    struct smtp_ratelimit limit;

    assert_true(smtp_ratelimit_parse(STR_NULL, &limit, &err));
    assert_false(limit.set);
    assert_true(smtp_ratelimit_parse(STR("2,0.5s,1.05,4m"), &limit, &err));
    assert_true(limit.set);
    assert_int_equal(limit.threshold, 2);
    assert_float_equal(limit.initial, 0.5, 1e-9);
    assert_float_equal(limit.factor, 1.05, 1e-9);
    assert_float_equal(limit.max, 240, 1e-9);
    assert_true(smtp_ratelimit_parse(STR("4 , .25s, 2, 1m30s") /* no digit in front */, &limit, NULL) ==
                false);
    assert_true(smtp_ratelimit_parse(STR("4 , 0.25 , 2, 1m30s"), &limit, &err));
    assert_float_equal(limit.initial, 0.25, 1e-9);
    assert_float_equal(limit.max, 90, 1e-9);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (smtp_ratelimit_parse(str_of(bad[i]), &limit, &err))
            fail_msg("%s", bad[i]);
}

static void test_added_headers(void **state)
{
    struct mail_message mail = {.arena = *state};

    mail_header_append(&mail, HEADER_RECEIVED, STR("Received: us\n\tnow\n"));
    mail_headers_append(&mail, STR("Received: before\n\tus\nResent-From: r\nFrom: f\nTo: t\n"));
    added_headers_apply(&mail,
                        STR("X-End: 1\n:at_start:X-Start: 2\n more\n:after_received:X-After: 3\n:at_start_rfc:X-Rfc: 4\n"
                            ":at_end:X-End: 5\n"));
    assert_str(mail_headers_text(*state, &mail),
               "X-Start: 2\n more\nReceived: us\n\tnow\nReceived: before\n\tus\nX-Rfc: 4\nX-After: 3\n"
               "Resent-From: r\nFrom: f\nTo: t\nX-End: 1\nX-End: 5\n");
    added_headers_apply(&mail, STR_NULL);
}

static void test_headers_added_twice(void **state)
{
    const struct str added = STR("A: 1\n:at_start:B: 2\n more\n");

    (void)state;
    assert_true(added_headers_have(added, STR("A: 1\n")));
    assert_true(added_headers_have(added, STR(":at_end:A: 1\n")));
    assert_true(added_headers_have(added, STR("B: 2\n more\n")));
    assert_false(added_headers_have(added, STR("B: 3\n")));
    assert_false(added_headers_have(added, STR("a: 1\n")));
    assert_false(added_headers_have(STR(""), STR("A: 1\n")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_fold),
        arena_test(test_parameters),
        arena_test(test_rate_limits),
        arena_test(test_added_headers),
        arena_test(test_headers_added_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
