/* Settings of names with plus and minus: log_selector, and what they have in common with -d. */
#include "testing.h"

#include "base/log.h"
#include "base/selector.h"

static uint64_t bits(struct arena *arena, const char *text)
{
    struct error err = ERROR_IN(arena);
    uint64_t selectors = 0;

    if (!log_selector_parse(str_of(text), &selectors, &err))
        fail_msg("%s: %s", text, err.text.s);
    return selectors;
}

#define BIT(id) ((uint64_t)1 << LOG_SEL_##id)

static void test_defaults(void **state)
{
    const uint64_t defaults = BIT(acl_warn_skipped) | BIT(connection_reject) | BIT(delay_delivery) |
                              BIT(dkim) | BIT(dnslist_defer) | BIT(etrn) | BIT(host_lookup_failed) |
                              BIT(lost_incoming_connection) | BIT(msg_id) | BIT(queue_run) |
                              BIT(rejected_header) | BIT(retry_defer) | BIT(sender_verify_fail) |
                              BIT(size_reject) | BIT(skip_delivery) | BIT(smtp_confirmation) |
                              BIT(tls_certificate_verified) | BIT(tls_cipher);

    assert_true(bits(*state, "") == defaults);
    assert_true(bits(*state, "  \n ") == defaults);
    assert_true(bits(*state, "+arguments -retry_defer") == ((defaults | BIT(arguments)) & ~BIT(retry_defer)));
    assert_true(bits(*state, "+8bitmime") == (defaults | BIT(eightbitmime)));
}

static void test_all(void **state)
{
    assert_true(bits(*state, "-all") == 0);
    assert_true(bits(*state, "-all +pid") == BIT(pid));
    assert_true(bits(*state, "+all") == ((uint64_t)1 << LOG_SEL_COUNT) - 1);
    assert_true(bits(*state, "+all -pid") == (bits(*state, "+all") & ~BIT(pid)));
    assert_true(bits(*state, "+pid -all") == 0);
}

static void test_white_space(void **state)
{
    assert_true(bits(*state, "-all+pid+millisec-pid") == BIT(millisec));
    assert_true(bits(*state, "  -all\t+pid\n+millisec ") == (BIT(pid) | BIT(millisec)));
}

static void test_errors(void **state)
{
    static const struct {
        const char *text, *error;
    } v[] = {
        {"+foo", "unknown log_selector setting: +foo"},
        {"+pid -foo", "unknown log_selector setting: -foo"},
        {"-foo+pid", "unknown log_selector setting: -foo"},
        {"+", "unknown log_selector setting: +"},
        {"+ all", "unknown log_selector setting: +"},
        {"+ALL", "unknown log_selector setting: +ALL"},
        {"+pi", "unknown log_selector setting: +pi"},
        {"+pids", "unknown log_selector setting: +pids"},
        {"foo", "malformed log_selector setting: + or - expected but found \"foo\""},
        {"+acl_warn_skipped foo", "malformed log_selector setting: + or - expected but found \"foo\""},
        {"+arguments,-pid", "malformed log_selector setting: + or - expected but found \",-pid\""},
        {"+all=1", "malformed log_selector setting: + or - expected but found \"=1\""},
        {"7+pid", "malformed log_selector setting: + or - expected but found \"7+pid\""},
        {"=x", "malformed numeric log_selector setting: =x"},
    };

    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        struct error err = ERROR_IN(*state);
        uint64_t selectors;
        assert_false(log_selector_parse(str_of(v[i].text), &selectors, &err));
        assert_octets(err.text, v[i].error, strlen(v[i].error));
    }
}

static void test_failure_changes_nothing(void **state)
{
    static const char *const names[] = {"a", "b"};
    const struct selector_set set = {.setting = "test", .names = names, .n = 2, .all = 3};
    uint64_t selectors = 2;

    assert_false(selector_parse(&set, STR("+a -b +c"), &selectors, NULL));
    assert_true(selectors == 2);
    assert_true(selector_parse(&set, STR("+a -b"), &selectors, NULL));
    assert_true(selectors == 1);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_defaults), arena_test(test_all), arena_test(test_white_space),
        arena_test(test_errors),   arena_test(test_failure_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
