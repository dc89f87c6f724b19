/* Finding the ACL that an option or a condition names: by name, in a file, inline; and what is kept of it. */
#include "acl_session.h"

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fputs(text, f) < 0, 0);
    assert_int_equal(fclose(f), 0);
}

static void test_specs(void **state)
{
    struct session *s = *state;
    struct acl_outcome outcome;
    static const struct {
        const char *spec, *expected;
    } cases[] = {
        {"accept", "ACCEPT"},
        {"deny message = $domain", "DENY"}, /* expanded before it is compiled: tainted, see below */
        {"accept\\n hosts = 1.2.3.4\\ndeny message = x\\n log_message = y", "DENY <x> log<y>"},
        {"", "DENY implicit"},
        {"$acl_c1", "DENY implicit"},
        {"nosuch", "ERROR log<unknown ACL verb \"nosuch\" in \"nosuch\">"},
        {"A", "ERROR log<unknown ACL verb \"A\" in \"A\">"},
        {"deny bogus = 1", "ERROR log<unknown ACL condition/modifier in \"deny bogus = 1\">"},
        {"deny spf = pass",
         "ERROR log<ACL condition \"spf\" is known to Exim but not supported by gatepost>"},
        {"x: deny", "DENY implicit"},
        {"${if eq{1}{2}{yes}fail}", "ACCEPT"},
        {"${bogus}", "ERROR log<failed to expand ACL string \"${bogus}\": unknown variable in \"${bogus}\">"},
        {"/nonexistent/file",
         "ERROR log<failed to open ACL file \"/nonexistent/file\": No such file or directory>"},
        {"/dev/null", "ERROR log<ACL file \"/dev/null\" is not a regular file>"},
        {"/", "ERROR log<failed to read ACL file \"/\": Is a directory>"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str got = run_spec(s, "a:\n accept\n", cases[i].spec);

        if (i == 1)
            assert_str(got, "ERROR log<internal configuration error>\n"
                            "main: attempt to use tainted ACL text \"deny message = d.test\"\n"
                            "panic: attempt to use tainted ACL text \"deny message = d.test\"\n");
        else
            assert_octets(got, str_printf(s->arena, "%s\n", cases[i].expected).s,
                          strlen(cases[i].expected) + 1);
    }
    acl_run(&s->context, NULL, &outcome);
    assert_int_equal(outcome.result, ACL_ACCEPT);
    assert_true(str_is_null(outcome.user_message) && str_is_null(outcome.log_message));
}

/* A file is read again when it has changed, not otherwise. */
static void test_files(void **state)
{
    struct session *s = *state;
    struct str path = str_printf(s->arena, "%s/acl", s->directory),
               moved = str_printf(s->arena, "%s.new", path.s);
    struct acl_outcome outcome;
    const struct template *spec = template_compile(s->arena, path, (struct source_pos){NULL, 0});

    write_file(path.s, "# comment\naccept hosts = 1.2.3.4\n\ndeny message = x\\\n   y\n");
    run_spec(s, "a:\n accept\n", "a");
    for (unsigned i = 0; i < 3; i++) {
        acl_run(&s->context, spec, &outcome);
        assert_int_equal(outcome.result, ACL_DENY);
        assert_str(outcome.user_message, "xy");
    }
    write_file(moved.s, "accept\nfoo:\n deny\n");
    assert_int_equal(rename(moved.s, path.s), 0);
    acl_run(&s->context, spec, &outcome);
    assert_int_equal(outcome.result, ACL_ACCEPT);
    write_file(moved.s, "bogus\n");
    assert_int_equal(rename(moved.s, path.s), 0);
    acl_run(&s->context, spec, &outcome);
    assert_int_equal(outcome.result, ACL_ERROR);
    assert_str(outcome.log_message, "unknown ACL verb \"bogus\" in \"bogus\"");
}

/* Texts that are all different are not kept without end. */
static void test_kept_is_bounded(void **state)
{
    struct session *s = *state;
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct acl_outcome outcome;
    struct error err = ERROR_IN(arena);

    run_spec(s, "a:\n accept\n", "a");
    s->context.arena = arena;
    for (unsigned i = 0; i < 2000; i++) {
        struct str text = str_printf(arena, "deny message = %u", i);

        acl_run(&s->context, template_compile(arena, text, (struct source_pos){NULL, 0}), &outcome);
        assert_int_equal(outcome.result, ACL_DENY);
        assert_true(str_eq(outcome.user_message, str_printf(arena, "%u", i)));
        arena_reset(arena);
    }
    for (unsigned i = 0; i < 2000; i++) {
        struct str message;

        assert_int_equal(
            acl_run_named(&s->context, str_printf(arena, "deny message = %u", i), NULL, 0, &message, &err),
            MATCH_NO);
        assert_true(str_eq(message, str_printf(arena, "%u", i)));
        arena_reset(arena);
    }
    arena_free(arena);
    s->context.arena = s->arena;
}

/* An ACL of the configuration runs without taking memory. */
static void test_constant_spec_takes_no_memory(void **state)
{
    struct session *s = *state;
    const struct template *spec = template_compile(s->arena, STR("a"), (struct source_pos){NULL, 0});
    struct acl_outcome outcome;
    struct arena *arena = arena_new(ARENA_PLAIN);
    size_t before;

    run_spec(s, "a:\n deny condition = 0\n accept message = fixed\n", "a");
    s->context.arena = arena;
    arena_alloc(arena, 1);
    before = arena_size(arena);
    for (unsigned i = 0; i < 100000; i++)
        acl_run(&s->context, spec, &outcome);
    assert_int_equal(arena_size(arena), before);
    assert_int_equal(outcome.result, ACL_ACCEPT);
    assert_str(outcome.user_message, "fixed");
    s->context.arena = s->arena;
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(test_specs),
        session_test(test_files),
        session_test(test_kept_is_bounded),
        session_test(test_constant_spec_takes_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
