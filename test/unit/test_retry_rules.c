/* Retry rules: which failures they are for, and when they say to try again. What -brt shows of them is compared
 * with the packaged Exim's by the parity tests. */
#include "mail/retry_rules.h"

#include <errno.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "mail/delivery_error.h"
#include "match/list.h"
#include "testing.h"

struct bench {
    struct arena *arena;
    struct retry_rules rules;
    struct scope scope;
};

static int setup(void **state)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct bench *bench = ARENA_NEW(arena, struct bench);

    bench->arena = arena;
    bench->scope = (struct scope){.arena = arena, .lists = named_lists_new(arena)};
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    arena_free(bench->arena);
    return 0;
}

/* Compiles the lines: each ends in a newline. The error, or NULL. */
static const char *compile(struct bench *bench, const char *text)
{
    struct source_lines lines = {ARENA_ARRAY(bench->arena, struct source_line, 16), 0};
    struct error err = ERROR_IN(bench->arena);

    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        lines.v[lines.n].text = str_copy_n(bench->arena, text, (size_t)(end - text), false);
        lines.v[lines.n].where = (struct source_pos){"conf", (unsigned)lines.n + 10};
        lines.n++;
    }
    if (retry_rules_compile(bench->arena, &lines, &bench->rules, &err))
        return NULL;
    return str_printf(bench->arena, "%u: %.*s", err.where.line, STR_ARG(err.text)).s;
}

/* The rule that applies, as it is shown; "" for none. */
static const char *find(struct bench *bench, const char *key, int error, int more)
{
    struct retry_key k = {.key = str_of(key), .failure = {error, more}, .sender = STR_NULL};
    const struct retry_rule *rule = retry_rules_find(&bench->scope, &bench->rules, &k);
    struct buffer out = BUFFER_IN(bench->arena);

    if (rule)
        retry_rule_print(&out, rule);
    return buffer_str(&out).s;
}

static void says_what_is_wrong(void **state)
{
    assert_string_equal(compile(*state, "* * F,1h,5m\n* * F\n"), "11: comma expected");
    assert_string_equal(compile(*state, "* timeout_dns F,1h,5m\n* * G,99999999w,1m,2\n"),
                        "11: bad parameters for retry rule");
    assert_string_equal(compile(*state, "* * G,1h,1m,9999999999\n"), "10: bad parameters for retry rule");
}

static void knows_failures(void **state)
{
    assert_null(compile(*state, "q quota_1h F,1h,1m\n"
                                "* quota F,1h,2m\n"
                                "* rcpt_45x F,1h,3m\n"
                                "* data_4xx F,1h,4m\n"
                                "* refused_MX F,1h,5m\n"
                                "* timeout_connect_A F,1h,6m\n"
                                "* timeout F,1h,7m\n"
                                "* tls_required F,1h,8m\n"));
    assert_string_equal(find(*state, "q", DELIVERY_QUOTA, 3600), "q  quota_1h  F,1h,1m; ");
    assert_string_equal(find(*state, "q", DELIVERY_QUOTA, 3599), "*  quota  F,1h,2m; ");
    assert_string_equal(find(*state, "q", EDQUOT, 4000), "q  quota_1h  F,1h,1m; ");
    assert_string_equal(find(*state, "x", ENOSPC, 0), "*  quota  F,1h,2m; ");
    assert_string_equal(find(*state, "x", DELIVERY_RCPT_4XX, delivery_more_4xx(452, true)), "*  *  F,1h,3m; ");
    assert_string_equal(find(*state, "x", DELIVERY_RCPT_4XX, delivery_more_4xx(462, true)), "");
    assert_string_equal(find(*state, "x", DELIVERY_DATA_4XX, delivery_more_4xx(499, false)), "*  *  F,1h,4m; ");
    assert_string_equal(find(*state, "x", DELIVERY_MAIL_4XX, delivery_more_4xx(452, false)), "");
    assert_string_equal(find(*state, "x", ECONNREFUSED, DELIVERY_MORE_MX), "*  refused_MX  F,1h,5m; ");
    assert_string_equal(find(*state, "x", ECONNREFUSED, DELIVERY_MORE_ADDRESS), "");
    assert_string_equal(find(*state, "x", ETIMEDOUT, DELIVERY_MORE_ADDRESS | DELIVERY_MORE_CONNECT),
                        "*  timeout_connect_A  F,1h,6m; ");
    assert_string_equal(find(*state, "x", ETIMEDOUT, DELIVERY_MORE_ADDRESS), "*  timeout  F,1h,7m; ");
    assert_string_equal(find(*state, "x", DELIVERY_TLS_REQUIRED, 0), "*  *  F,1h,8m; ");
    assert_string_equal(find(*state, "x", EIO, 0), "");
}

enum { DAY = 86400 };

static void knows_each_failure_by_its_name(void **state)
{
    const struct {
        const char *name;
        int error, more, other, other_more; /* one that the name is for, and one that it is not for */
    } cases[] = {
        {"auth_failed", DELIVERY_AUTH_FAILED, 0, DELIVERY_AUTH_PROBLEM, 0},
        {"lost_connection", DELIVERY_CONNECTION_LOST, 0, ECONNRESET, 0},
        {"lookup", DELIVERY_HOST_LOOKUP, 0, ETIMEDOUT, 0},
        {"tls_required", DELIVERY_TLS_REQUIRED, 0, DELIVERY_TLS_FAILED, 0},
        {"mail_4xx", DELIVERY_MAIL_4XX, delivery_more_4xx(451, true), DELIVERY_RCPT_4XX, delivery_more_4xx(451, true)},
        {"mail_421", DELIVERY_MAIL_4XX, delivery_more_4xx(421, false), DELIVERY_MAIL_4XX, delivery_more_4xx(422, false)},
        {"rcpt_4xx", DELIVERY_RCPT_4XX, delivery_more_4xx(450, true), DELIVERY_DATA_4XX, delivery_more_4xx(450, true)},
        {"data_45x", DELIVERY_DATA_4XX, delivery_more_4xx(459, true), DELIVERY_DATA_4XX, delivery_more_4xx(449, true)},
        {"refused", ECONNREFUSED, DELIVERY_MORE_MX, ETIMEDOUT, DELIVERY_MORE_MX},
        {"refused_A", ECONNREFUSED, DELIVERY_MORE_ADDRESS, ECONNREFUSED, DELIVERY_MORE_MX},
        {"refused_MX", ECONNREFUSED, DELIVERY_MORE_MX, ECONNREFUSED, DELIVERY_MORE_ADDRESS},
        {"timeout", ETIMEDOUT, DELIVERY_MORE_MX | DELIVERY_MORE_CONNECT, ECONNREFUSED, DELIVERY_MORE_MX},
        {"timeout_A", ETIMEDOUT, DELIVERY_MORE_ADDRESS, ETIMEDOUT, DELIVERY_MORE_MX},
        {"timeout_MX", ETIMEDOUT, DELIVERY_MORE_MX, ETIMEDOUT, DELIVERY_MORE_ADDRESS},
        {"timeout_DNS", ETIMEDOUT, DELIVERY_MORE_ADDRESS, EHOSTUNREACH, 0},
        {"timeout_connect", ETIMEDOUT, DELIVERY_MORE_MX | DELIVERY_MORE_CONNECT, ETIMEDOUT, DELIVERY_MORE_MX},
        {"timeout_connect_A", ETIMEDOUT, DELIVERY_MORE_ADDRESS | DELIVERY_MORE_CONNECT, ETIMEDOUT,
         DELIVERY_MORE_MX | DELIVERY_MORE_CONNECT},
        {"timeout_connect_MX", ETIMEDOUT, DELIVERY_MORE_MX | DELIVERY_MORE_CONNECT, ETIMEDOUT,
         DELIVERY_MORE_ADDRESS | DELIVERY_MORE_CONNECT},
        {"quota", DELIVERY_QUOTA, 0, DELIVERY_NOT_REGULAR, 0},
        {"quota_3d", DELIVERY_QUOTA, 3 * 86400, DELIVERY_QUOTA, 3 * 86400 - 1},
        {"QUOTA_1h", ENOSPC, 3600, EDQUOT, 3599},
        {"*", EIO, 0, 0, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench *bench = *state;

        assert_null(compile(bench, str_printf(bench->arena, "* %s F,1h,1m\n", cases[i].name).s));
        assert_string_not_equal(find(bench, "x.example", cases[i].error, cases[i].more), "");
        if (cases[i].other != 0)
            assert_string_equal(find(bench, "x.example", cases[i].other, cases[i].other_more), "");
    }
}

static const struct retry_rule *find_for(struct bench *bench, const char *key, const char *alternate, const char *sender)
{
    struct retry_key k = {.key = str_of(key),
                          .alternate = alternate ? str_of(alternate) : STR_NULL,
                          .failure = {ECONNREFUSED, DELIVERY_MORE_MX},
                          .sender = sender ? str_of(sender) : STR_NULL};

    return retry_rules_find(&bench->scope, &bench->rules, &k);
}

static void takes_the_first_rule_that_fits(void **state)
{
    struct bench *bench = *state;

    assert_null(compile(bench, "alice@a.example * F,1h,1m\n"
                               "a.example * senders=\"s@s.example\" F,1h,2m\n"
                               "a.example * senders=: F,1h,3m\n"
                               "*.a.example * F,1h,4m\n"
                               "mx.host.test * F,1h,5m\n"));
    assert_ptr_equal(find_for(bench, "alice@a.example", NULL, "s@s.example"), &bench->rules.v[0]);
    assert_ptr_equal(find_for(bench, "bob@a.example", NULL, "s@s.example"), &bench->rules.v[1]);
    assert_ptr_equal(find_for(bench, "a.example", NULL, "s@s.example"), &bench->rules.v[1]);
    assert_ptr_equal(find_for(bench, "a.example", NULL, ""), &bench->rules.v[2]);
    assert_null(find_for(bench, "a.example", NULL, NULL)); /* the pattern with the asterisk is for what is below the domain */
    assert_ptr_equal(find_for(bench, "b.a.example", NULL, NULL), &bench->rules.v[3]);
    /* A host is looked for by its name, and by the domain that it was to be called for. */
    assert_ptr_equal(find_for(bench, "mx.host.test", "other.test", NULL), &bench->rules.v[4]);
    assert_ptr_equal(find_for(bench, "mx.host.test", "b.a.example", NULL), &bench->rules.v[3]);
    assert_null(find_for(bench, "unknown.test", "other.test", NULL));
}

/* Failures at the times when the rule says to try, until it says that it has been tried for long enough. */
static int tries(struct bench *bench, int64_t *duration)
{
    struct retry_times times = {.first_failed = 1000};
    int64_t now = 1000;
    bool expired = false;
    int n = 0;

    while (!expired && n < 10000) {
        int64_t next = retry_rule_next(&bench->rules.v[0], &times, now, DAY, &expired);

        assert_true(next > now);
        times = (struct retry_times){.first_failed = 1000, .last_try = now, .next_try = next};
        *duration = now - 1000;
        now = next;
        n++;
    }
    return n;
}

static void comes_to_an_end(void **state)
{
    int64_t duration;

    assert_null(compile(*state, "* * F,1h,15m\n"));
    assert_int_equal(tries(*state, &duration), 5); /* at 0, 15, 30, 45 and 60 minutes: the last finds the time gone */
    assert_int_equal(duration, 3600);
    assert_null(compile(*state, "* * F,2h,15m; G,16h,1h,1.5; F,4d,6h\n"));
    assert_in_range(tries(*state, &duration), 20, 35);
    assert_in_range(duration, 4 * DAY, 4 * DAY + 6 * 3600);
    assert_null(compile(*state, "* * G,1d,1h,2\n"));
    assert_int_equal(tries(*state, &duration), 6); /* after 1, 2, 4, 8 and 16 hours more */
    assert_int_equal(duration, 31 * 3600);
    assert_null(compile(*state, "* * H,1d,1h,2\n"));
    assert_in_range(tries(*state, &duration), 4, 26);
    assert_in_range(duration, DAY, 3 * DAY);
}

/* The interval that the only rule asks for after one of `before`, `failing` seconds after the first failure;
 * negative when the last cutoff has passed. */
static int64_t interval(struct bench *bench, int64_t failing, int64_t before)
{
    struct retry_times times = {.first_failed = 5000, .last_try = 100, .next_try = 100 + before};
    bool expired;
    int64_t next = retry_rule_next(bench->rules.n ? &bench->rules.v[0] : NULL, &times, 5000 + failing, DAY, &expired);

    next -= 5000 + failing;
    return expired ? -next : next;
}

static void says_when(void **state)
{
    assert_null(compile(*state, "* * F,2h,15m; G,16h,1h,1.5; F,4d,2d\n"));
    assert_int_equal(interval(*state, 0, 0), 900);
    assert_int_equal(interval(*state, 7199, 900), 900);
    assert_int_equal(interval(*state, 7200, 900), 3600);
    assert_int_equal(interval(*state, 10000, 3600), 5400);
    assert_int_equal(interval(*state, 20000, 5400), 8100);
    assert_int_equal(interval(*state, 20000, 6000), 8100);
    assert_int_equal(interval(*state, 16 * 3600, 8100), DAY); /* at most */
    assert_int_equal(interval(*state, 4 * DAY, 0), -DAY);
    assert_null(compile(*state, "* * G,1h,10m,1.0\n"));
    assert_int_equal(interval(*state, 0, 3600), 600);
    assert_null(compile(*state, "* *\n"));
    assert_int_equal(interval(*state, 0, 0), 0);
    assert_null(compile(*state, "* * H,1h,10m,3\n"));
    assert_int_equal(interval(*state, 0, 0), 600);
    assert_int_equal(interval(*state, 0, INT64_C(-500)), 600);
    for (int i = 0; i < 1000; i++)
        assert_in_range(interval(*state, 0, 700), 600, 2100);
    assert_in_range(interval(*state, 0, INT64_MAX / 2), 600, DAY);
}

static void no_rule_is_expired_at_once(void **state)
{
    const struct retry_times times = {.first_failed = 5};
    bool expired = false;

    (void)state;
    assert_int_equal(retry_rule_next(NULL, &times, 7, DAY, &expired), 7);
    assert_true(expired);
}

#define bench_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(says_what_is_wrong),
        bench_test(knows_failures),
        bench_test(knows_each_failure_by_its_name),
        bench_test(takes_the_first_rule_that_fits),
        bench_test(comes_to_an_end),
        bench_test(says_when),
        cmocka_unit_test(no_rule_is_expired_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
