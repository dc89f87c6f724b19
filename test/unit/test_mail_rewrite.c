/* Rewriting: rules, the order they are applied in, and header lines. What -brw shows is compared with the packaged
 * Exim's by the parity tests. */
#include "mail/rewrite.h"

#include "base/arena.h"
#include "match/list.h"
#include "testing.h"

static const struct scope_services services = {.match = list_match_text, .named_list = list_named_text};

struct bench {
    struct arena *arena;
    struct scope_process process;
    struct scope scope;
};

static int setup(void **state)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct bench *bench = ARENA_NEW(arena, struct bench);

    bench->arena = arena;
    bench->process = (struct scope_process){.qualify_domain = STR("q.test"), .qualify_recipient = STR("r.test")};
    bench->scope = (struct scope){
        .arena = arena, .services = &services, .lists = named_lists_new(arena), .process = &bench->process};
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    arena_free(((struct bench *)*state)->arena);
    return 0;
}

#define bench_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

enum { MOST_RULES = 8 };

/* Compiles up to MOST_RULES lines; NULL: *err. */
static const struct rewrite_rules *compile(struct bench *bench, const char *const *rules, struct error *err)
{
    struct source_line lines[MOST_RULES];
    struct source_lines all = {lines, 0};

    for (; rules[all.n]; all.n++)
        lines[all.n] = (struct source_line){.text = str_of(rules[all.n]), .where = {"conf", (unsigned)all.n + 1}};
    *err = ERROR_IN(bench->arena);
    return rewrite_compile(bench->arena, &all, err);
}

struct rewrite_case {
    const char *rules[MOST_RULES];
    const char *address, *expected;
    enum rewrite_place place;
};

static void rewrites_addresses(void **state)
{
    static const struct rewrite_case cases[] = {
        {{"*@a.test $1@b.test"}, "X@A.test", "X@b.test", REWRITE_ENV_TO},
        {{"*@a.test $1@b.test h"}, "x@a.test", "x@a.test", REWRITE_ENV_TO},
        {{"*@a.test $1@b.test E"}, "x@a.test", "x@b.test", REWRITE_ENV_FROM},
        {{"*@a.test $1@b.test", "*@b.test $1@c.test"}, "x@a.test", "x@c.test", REWRITE_ENV_TO},
        {{"*@a.test $1@b.test q", "*@b.test $1@c.test"}, "x@a.test", "x@b.test", REWRITE_ENV_TO},
        {{"x@a.test *", "*@a.test $1@b.test"}, "x@a.test", "x@a.test", REWRITE_ENV_TO},
        {{"*y@*.a.test $1.$2@b.test"}, "xy@z.a.test", "x.z@b.test", REWRITE_ENV_TO},
        {{"^(.)(.*)@a\\\\.test\\$ $2.$1@b.test"}, "xyz@a.test", "yz.x@b.test", REWRITE_ENV_TO},
        {{"*@a.test a$1@a.test R"}, "x@a.test", "aaaaaaaaaax@a.test", REWRITE_ENV_TO},
        {{"*@a.test \"${if eq{$1}{x}{y@a.test}fail}\" R", "y@a.test z@a.test"}, "x@a.test", "z@a.test",
         REWRITE_ENV_TO},
        {{"*@a.test \"${if eq{a}{b}{x}fail}\" q", "*@a.test z@a.test"}, "x@a.test", "x@a.test", REWRITE_ENV_TO},
        {{"*@a.test local Q"}, "x@a.test", "local@r.test", REWRITE_ENV_TO},
        {{"*@a.test local"}, "x@a.test", "x@a.test", REWRITE_ENV_TO},
        {{"*@a.test ${bad", "*@a.test z@a.test"}, "x@a.test", "x@a.test", REWRITE_ENV_TO},
        {{"*@a.test $local_part+$domain@b.test"}, "X@A.test", "X+A.test@b.test", REWRITE_ENV_TO},
        {{"\"*@a.test\" \"Name <$1@b.test>\" w"}, "x@a.test", "x@b.test", REWRITE_ENV_TO},
        {{"x@a.test y@b.test"}, "X@a.test", "X@a.test", REWRITE_ENV_TO},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err;
        const struct rewrite_rules *rules = compile(bench, cases[i].rules, &err);
        struct str result;

        assert_non_null(rules);
        result = rewrite_address(&bench->scope, rules, str_of(cases[i].address), cases[i].place);
        assert_string_equal(result.s, cases[i].expected);
    }
    assert_str(rewrite_address(&bench->scope, NULL, STR("a@b"), REWRITE_ENV_TO), "a@b");
}

static void rewrites_headers(void **state)
{
    static const char *const rules[] = {"*@a.test $1@b.test", "*@w.test \"N M <$1@b.test>\" w", NULL};
    static const struct {
        const char *line, *expected;
    } cases[] = {
        {"To: x@a.test\n", "To: x@b.test\n"},
        {"To: x@c.test\n", "To: x@c.test\n"},
        {"To: X Y <x@a.test> (c), \"a, b\" <y@a.test>\n", "To: X Y <x@b.test> (c), \"a, b\" <y@b.test>\n"},
        {"To: g: x@a.test, y@c.test;,\n (c) z@a.test (d)\n", "To: g: x@b.test, y@c.test;,\n (c) z@b.test (d)\n"},
        {"To: <@r.test:x@a.test>\n", "To: <x@b.test>\n"},
        {"To: \"q q\"@a.test , a@@b , y@a.test\n", "To: \"q q\"@b.test , a@@b , y@b.test\n"},
        {"To: Old Name <x@w.test> (c), y@a.test\n", "To: N M <x@b.test>, y@b.test\n"},
        {"To:\n", "To:\n"},
        {"no header\n", "no header\n"},
    };
    struct bench *bench = *state;
    struct error err;
    const struct rewrite_rules *compiled = compile(bench, rules, &err);

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(rewrite_header(&bench->scope, compiled, str_of(cases[i].line), REWRITE_TO, false).s,
                            cases[i].expected);
    assert_str(rewrite_header(&bench->scope, NULL, STR("To: a, b@c.test\n"), REWRITE_TO, true),
               "To: a@r.test, b@c.test\n");
    assert_str(rewrite_header(&bench->scope, NULL, STR("From: a\n"), REWRITE_FROM, true), "From: a@q.test\n");
}

static void rewrites_at_smtp_time(void **state)
{
    static const char *const rules[] = {"^<?([^!@]+)!([^>]+)>?\\$ $2@$1 S", "*@a.test x@y.test", NULL};
    struct bench *bench = *state;
    struct error err;
    const struct rewrite_rules *compiled = compile(bench, rules, &err);

    assert_str(rewrite_smtp(&bench->scope, compiled, STR("<host.test!user>")), "user@host.test");
    assert_str(rewrite_smtp(&bench->scope, compiled, STR("<u@a.test>")), "<u@a.test>");
    assert_str(rewrite_address(&bench->scope, compiled, STR("u@a.test"), REWRITE_ENV_TO), "x@y.test");
}

static void refuses_bad_rules(void **state)
{
    static const struct {
        const char *rule, *error;
    } cases[] = {
        {"*@a.test", "missing rewrite replacement string"},
        {"*@a.test x@y Z",
         "unknown rewrite flag character 'Z' (could be missing quotes round replacement item)"},
        {"*@a.test x@y S", "rewrite rule has the S flag but is not a regular expression"},
    };
    struct bench *bench = *state;
    struct error err;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const rules[] = {cases[i].rule, NULL};

        assert_null(compile(bench, rules, &err));
        assert_string_equal(err.text.s, cases[i].error);
        assert_int_equal(err.where.line, 1);
    }
    err = ERROR_IN(bench->arena);
    assert_null(rewrite_compile_list(bench->arena, STR("*@a x@y : *@b x@y T"), (struct source_pos){"conf", 7}, &err));
    assert_str(err.text, "rewrite rule specifies a non-header rewrite - not allowed at transport time -");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(rewrites_addresses),
        bench_test(rewrites_headers),
        bench_test(rewrites_at_smtp_time),
        bench_test(refuses_bad_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
