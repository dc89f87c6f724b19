/* Routing rules and lists of hosts. */
#include "mail/host_list.h"
#include "routers/route_rule.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "testing.h"

static void reads_rules(void **state)
{
    static const struct {
        const char *rule, *hosts, *options;
    } cases[] = {
        {"a.test h1", "h1", ""},
        {"a.test  h1:h2  byname  randomize ", "h1:h2", "byname  randomize"},
        {"\"a.test\" \"h1 : h2\" bydns", "h1 : h2", "bydns"},
        {"a.test", "", ""},
        {"a.test \"\" local", "", "local"},
        {"^x: h", "h", ""},
    };
    struct arena *arena = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct route_rule rule;

        route_rule_read(arena, str_of(cases[i].rule), (struct source_pos){NULL, 0}, &rule);
        assert_non_null(rule.pattern);
        assert_string_equal(template_source(rule.hosts).s, cases[i].hosts);
        assert_string_equal(rule.options.s, cases[i].options);
    }
}

static void reads_data(void **state)
{
    struct route_rule rule;

    route_rule_read_data(*state, STR("\"h1 : h2\" byname local"), (struct source_pos){NULL, 0}, &rule);
    assert_null(rule.pattern);
    assert_str(template_source(rule.hosts), "h1 : h2");
    assert_str(rule.options, "byname local");
}

static struct str describe(struct arena *arena, const struct host_item *item)
{
    struct buffer b = BUFFER_IN(arena);

    for (; item; item = item->next) {
        buffer_printf(&b, "%s%.*s", b.n ? " " : "", STR_ARG(item->name));
        if (item->port != MAIL_NO_PORT)
            buffer_printf(&b, "=%d", item->port);
        if (item->mx)
            buffer_add_cstr(&b, "/mx");
    }
    return buffer_str(&b);
}

static void reads_hosts(void **state)
{
    static const struct {
        const char *list, *expected;
    } cases[] = {
        {"", ""},
        {"a.test : b.test", "a.test b.test"},
        {"a.test::26:10.1.1.1", "a.test=26 10.1.1.1"},
        {"<; [2001:db8::1]:26 ; 2001:db8::2 ; [10.1.1.1]:27", "2001:db8::1=26 2001:db8::2 10.1.1.1=27"},
        {"a.test/MX : b.test/mx::26", "a.test/mx b.test=26/mx"},
        {"a.test : + : b.test : :", "a.test b.test"},
        {"[10.1.1.1]", "[10.1.1.1]"},
        {"a.test::99999", "a.test:99999"},
    };
    struct arena *arena = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(describe(arena, host_list_items(arena, str_of(cases[i].list), false)).s,
                            cases[i].expected);
}

/* Each of the groups keeps its place, and all orders occur. */
static void randomizes_groups(void **state)
{
    struct arena *arena = *state;
    bool swapped = false, straight = false;

    for (int i = 0; i < 200; i++) {
        const struct host_item *first = host_list_items(arena, STR("a:b:+:c"), true);

        assert_str(first->next->next->name, "c");
        assert_null(first->next->next->next);
        swapped |= str_is(first->name, "b");
        straight |= str_is(first->name, "a");
    }
    assert_true(swapped && straight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(reads_rules),
        arena_test(reads_data),
        arena_test(reads_hosts),
        arena_test(randomizes_groups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
