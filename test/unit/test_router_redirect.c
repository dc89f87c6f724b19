/* Lists of aliases and forwards: what is an item, what an item is. */
#include "routers/redirect_list.h"

#include "base/arena.h"
#include "base/buffer.h"

#include "temp_files.h"
#include "testing.h"

/* The result in one line: the items with a letter for their kind, or what became of the list. */
static struct str describe(struct arena *arena, const struct redirect_result *result, const struct error *err)
{
    static const char letters[] = {[TARGET_ADDRESS] = 'a', [TARGET_FILE] = 'f', [TARGET_PIPE] = 'p'};
    struct buffer b = BUFFER_IN(arena);

    switch (result->kind) {
    case REDIRECT_NOTHING:
        buffer_add_cstr(&b, "nothing");
        break;
    case REDIRECT_ADDRESSES:
        for (const struct redirect_item *item = result->items; item; item = item->next)
            buffer_printf(&b, "%s%c<%.*s>", b.n ? " " : "", letters[item->target], STR_ARG(item->text));
        break;
    case REDIRECT_BLACKHOLE:
        buffer_add_cstr(&b, "blackhole");
        break;
    case REDIRECT_FAIL:
        buffer_printf(&b, "fail<%.*s>", STR_ARG(result->message));
        break;
    case REDIRECT_DEFER:
        buffer_printf(&b, "defer<%.*s>", STR_ARG(result->message));
        break;
    case REDIRECT_ERROR:
        buffer_printf(&b, "error: %.*s", STR_ARG(err->text));
        break;
    }
    for (const struct redirect_fault *fault = result->faults; fault; fault = fault->next)
        buffer_printf(&b, " skipped: %.*s in \"%.*s\"", STR_ARG(fault->why), STR_ARG(fault->item));
    return buffer_str(&b);
}

static const struct redirect_rules usual = {
    .allow_fail = true,
    .allow_defer = true,
    .include_directory = {0},
    .incoming_domain = {"in.test", 7, 0},
    .qualify_domain = {"q.test", 6, 0},
};

static void check(const struct redirect_rules *rules, const char *list, const char *expected)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct error err = ERROR_IN(arena);
    struct redirect_result result;

    redirect_list_read(arena, str_of(list), rules, &result, &err);
    assert_string_equal(describe(arena, &result, &err).s, expected);
    arena_free(arena);
}

struct list_case {
    const char *list, *expected;
};

static void check_all(const struct redirect_rules *rules, const struct list_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check(rules, cases[i].list, cases[i].expected);
}

#define CHECK(rules, cases) check_all(rules, cases, sizeof(cases) / sizeof *(cases))

static void reads_addresses(void **state)
{
    static const struct list_case cases[] = {
        {"", "nothing"},
        {" \n , ,\n", "nothing"},
        {"# a comment, a@b", "nothing"},
        {"a@b.test", "a<a@b.test>"},
        {"a@b.test, c@d.test\ne@f.test", "a<a@b.test> a<c@d.test> a<e@f.test>"},
        {"a@b.test, # comment\nc@d.test", "a<a@b.test> a<c@d.test>"},
        {"local", "a<local@q.test>"},
        {"\\local", "a<local@in.test>"},
        {"\\local@b.test", "a<\\local@b.test>"},
        {"\"a@b.test\"", "a<a@b.test>"},
        {"\"x y\"@b.test, z@b.test", "a<\"x y\"@b.test> a<z@b.test>"},
        {"\"a, b\" <c@d.test>", "a<c@d.test>"},
        {"J Smith <a@b.test> (a, comment), c@d.test", "a<a@b.test> a<c@d.test>"},
        {"(a, comment)", "nothing"},
        {"@x,@y:a@b.test, <@x,@y:c@d.test>", "a<a@b.test> a<c@d.test>"},
        {"a@[192.0.2.1]", "a<a@[192.0.2.1]>"},
        {"a@b@c", "error: malformed address: @c may not follow a@b in \"a@b@c\""},
        {"<>", "error: missing or malformed local part in \"<>\""},
    };

    (void)state;
    CHECK(&usual, cases);
}

static void reads_files_and_pipes(void **state)
{
    static const struct list_case cases[] = {
        {"/a/file", "f</a/file>"},
        {"/a/directory/, |/bin/cat x", "f</a/directory/> p<|/bin/cat x>"},
        {"|/bin/cat a,b", "p<|/bin/cat a> a<b@q.test>"},
        {"\"|/bin/cat a,b\"", "p<|/bin/cat a,b>"},
        {"|\"/bin/cat a,b\" c", "p<|\"/bin/cat a,b\" c>"},
        {"\"|/bin/echo \\\"a b\\\"\"", "p<|/bin/echo \"a b\">"},
        {"/s=x/@gate.test", "a</s=x/@gate.test>"},
        {"|x@gate.test", "a<|x@gate.test>"},
        {"\\|x", "a<|x@in.test>"},
        {"./x", "a<./x@q.test>"},
    };

    (void)state;
    CHECK(&usual, cases);
}

static void knows_special_items(void **state)
{
    static const struct list_case cases[] = {
        {":blackhole:", "blackhole"},
        {"a@b.test, :blackhole:", "blackhole"},
        {":blackhole: anything", "blackhole"},
        {":fail: 551 gone, away", "fail<551 gone, away>"},
        {"a@b.test, :fail:", "fail<>"},
        {":defer: later", "defer<later>"},
        {":unknown:", "nothing"},
        {"a@b.test, :unknown:", "a<a@b.test>"},
        {":FAIL: x", "error: missing or malformed local part (expected word or \"<\") in \":FAIL: x\""},
        {":include:relative", "error: included file \"relative\" is not an absolute path"},
        {":include:/nowhere/at/all",
         "error: failed to open included file /nowhere/at/all: No such file or directory"},
    };
    static const struct redirect_rules strict = {.forbid_blackhole = true, .forbid_include = true};
    static const struct list_case forbidden[] = {
        {":blackhole:", "error: \":blackhole:\" is not permitted"},
        {":fail: x", "error: \":fail: x\" is not permitted"},
        {":defer:", "error: \":defer:\" is not permitted"},
        {":include:/x", "error: included files not permitted"},
    };

    (void)state;
    CHECK(&usual, cases);
    CHECK(&strict, forbidden);
}

static void skips_errors(void **state)
{
    struct redirect_rules rules = usual;

    (void)state;
    rules.skip_errors = true;
    check(&rules, "a@@b, c@d.test", "a<c@d.test> skipped: domain missing or malformed in \"a@@b\"");
    check(&rules, "a@@b", "nothing skipped: domain missing or malformed in \"a@@b\"");
}

static void includes_files(void **state)
{
    struct temp_files *files = *state;
    struct redirect_rules rules = usual;
    struct arena *arena = files->arena;
    const char *inner = temp_file(files, "inner", "b@x.test # no comment\n").s;
    const char *outer = temp_file(files, "outer", "# comment\na@x.test,\n\n:include:/dev/null\nc@x.test").s;
    struct str list = str_printf(arena, "z@x.test, :include:%s, y@x.test", outer);

    check(&rules, str_printf(arena, ":include:%s", inner).s,
          "error: malformed address: # no comment may not follow b@x.test  in \"b@x.test # no comment\"");
    check(&rules, list.s, "error: included file /dev/null is not a regular file in the  directory");
    outer = temp_file(files, "outer", "# comment\na@x.test,\n\nc@x.test").s;
    check(&rules, list.s, "a<z@x.test> a<a@x.test> a<c@x.test> a<y@x.test>");
    rules.include_directory = STR("/somewhere");
    check(&rules, list.s,
          str_printf(arena, "error: included file %s is not in directory /somewhere", outer).s);
}

/* A name that came from outside is not opened. */
static void refuses_tainted_files(void **state)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct error err = ERROR_IN(arena);
    struct redirect_result result;

    (void)state;
    redirect_list_read(arena, str_taint(STR(":include:/etc/passwd")), &usual, &result, &err);
    assert_string_equal(describe(arena, &result, &err).s,
                        "error: Tainted name '/etc/passwd' for file read not permitted");
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_addresses),
        cmocka_unit_test(reads_files_and_pipes),
        cmocka_unit_test(knows_special_items),
        cmocka_unit_test(skips_errors),
        temp_files_test(includes_files),
        cmocka_unit_test(refuses_tainted_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
