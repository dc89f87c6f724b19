/* Domain and local part lists. What is expected is what the packaged Exim answers, unless it says so. */
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/dns.h"
#include "list_matching.h"
#include "testing.h"

struct expectation {
    const char *subject, *list, *outcome;
};

static void check_all(void **state, enum list_kind kind, const struct expectation *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *got = list_outcome(*state, kind, str_taint(str_of(rows[i].subject)), rows[i].list);
        if (strcmp(got, rows[i].outcome) != 0)
            fail_msg("\"%s\" in \"%s\": %s, not %s", rows[i].subject, rows[i].list, got, rows[i].outcome);
    }
}

#define check(kind, rows) check_all(state, kind, rows, sizeof(rows) / sizeof *(rows))

static void test_items(void **state)
{
    static const struct expectation rows[] = {
        {"a.b", "A.b", "[A.b][a.b]"},
        {"A.B", "a.b", "[a.b][a.b]"},
        {"a.b", "a.b.", "no"},
        {"a.b.", "a.b", "no"},
        {"a b", "a b", "[a b][a b]"},
        {"a.b", "*.b", "[*.b][a.b][a]"},
        {"A.b", "*b", "[*b][a.b][a.]"},
        {"a.b", "*", "[*][a.b][a.b]"},
        {"a.b", "*.B : *", "[*.B][a.b][a]"},
        {"b", "*.b", "no"},
        {"", "*", "[*][][]"},
        {"a.b", "\\N^(.)\\.(.)$\\N", "[^(.)\\.(.)$][a.b][a][b]"},
        {"a.b", "^A", "[^A][a.b]"},
        {"a.b", "^(?-i)A", "no"},
        {"A.b", "^(?-i)A", "[^(?-i)A][A.b]"},
        {"a.b", "*@a.b", "no"},
        {"mail.test", "@", "[mail.test][mail.test]"},
        {"MAIL.test", "@", "[mail.test][mail.test]"},
        {"mail.tes", "@", "no"},
        {"[127.0.0.1]", "@[]", "[@[]][[127.0.0.1]]"},
        {"[192.0.2.77]", "@[]", "no"},
        {"127.0.0.1", "@[]", "no"},
        {"[]", "@[]", "no"},
        {"[x]", "@[]", "no"},
        {"@foo", "@foo", "[@foo][@foo]"},
        {"a.b", "@mx_bogus", "no"},
    };
    check(LIST_DOMAIN, rows);
}

static bool no_name(void *ctx, struct str name)
{
    (void)ctx;
    (void)name;
    return false;
}

/* What the DNS has to say is for the parity tests; here, no domain exists. */
static void test_mx(void **state)
{
    static const struct dns_settings settings = {.name_allowed = no_name};
    static const struct expectation rows[] = {
        {"a.b", "@mx_any", "no"},
        {"a.b", "@mx_primary/ignore=127.0.0.1", "no"},
        {"a.b", "!@mx_any", "[]"},
        {"a.b", "@MX_Secondary : a.b", "[a.b][a.b]"},
        {"@mx_some", "@mx_some", "[@mx_some][@mx_some]"},
        {"@mx_any/x=y", "@mx_any/x=y", "[@mx_any/x=y][@mx_any/x=y]"},
    };

    dns_configure(&settings);
    check(LIST_DOMAIN, rows);
}

static void test_negation(void **state)
{
    static const struct expectation rows[] = {
        {"a.b", "!a.b", "no"},
        {"a.b", "!c.b", "[]"},
        {"a.b", "! c.b", "[]"},
        {"a.b", "!c.b:d.e", "no"},
        {"a.b", "d.e:!c.b", "[]"},
        {"a.b", "!a.b : *.b", "no"},
        {"c.b", "!a.b : *.b", "[*.b][c.b][c]"},
        {"a.b", "!!a.b", "[]"},
        {"a.b", "!*.b : *", "no"},
        {"a.b", "!^a", "no"},
    };
    check(LIST_DOMAIN, rows);
}

static void test_empty(void **state)
{
    static const struct expectation rows[] = {
        {"a.b", "", "no"},   {"a.b", ":", "no"}, {"", "", "no"},  {"", ":", "[][]"},
        {"", "!", "no"},     {"a", "!", "[]"},   {"", "a:", "no"}, {"", "a::b", "no"},
        {"", "a : : b", "[][]"},
    };
    check(LIST_DOMAIN, rows);
    assert_int_equal(list_match(&((struct list_matching *)*state)->scope, NULL, STR("a"), NULL, NULL),
                     MATCH_NO);
}

static void test_separators(void **state)
{
    static const struct expectation rows[] = {
        {"a.b", "<;x.y;a.b", "[a.b][a.b]"},
        {"a.b", "<; x.y ; a.b ;", "[a.b][a.b]"},
        {"a:b", "x:a::b", "[a:b][a:b]"},
        {"a.b", "<\\n x.y\\n a.b", "[a.b][a.b]"},
    };
    check(LIST_DOMAIN, rows);
}

static void test_lookups(void **state)
{
    static const struct expectation rows[] = {
        {"key1", "lsearch;~/ls", "[value one][key1]"},
        {"KEY1", "lsearch; ~/ls", "[value one][key1]"},
        {"KEY1", "lsearch,ret=key;~/ls", "[key1][key1]"},
        {"a.b.c", "partial-lsearch;~/ls", "[partial][a.b.c][a][b.c]"},
        {"zork", "lsearch*;~/ls", "[dflt][zork][zork][]"},
        {"zork", "lsearch;~/ls", "no"},
        {"zork", "!lsearch;~/ls", "[]"},
        {"key1", "!lsearch;~/ls", "no"},
        {"empty", "lsearch;~/ls", "[][empty]"},
        {"ls", "dsearch;~", "[ls][ls]"},
        {"ls", "dsearch,filter=dir;~", "no"},
        {"zork", "passwd;nosuchone", "no"},
        {"a/b", "dsearch;~", "defer key for dsearch lookup contains a slash: a/b"},
        {"a/b", "a/b : dsearch;~", "[a/b][a/b]"},
        {"x.dd", "wildlsearch;~/wild", "[dots][x.dd]"},
        {"12.x", "nwildlsearch;~/nwild", "[digits][12.x]"},
        {"lit", "nwildlsearch;~/nwild", "[lit][lit]"},
        {"@", "nwildlsearch;~/nwild", "[at][@]"},
        {"mail.test", "nwildlsearch;~/nwild", "no"},
        {"a:b", "nwildlsearch;~/nwild", "[colon][a:b]"},
        {"key1", "nwildlsearch;~/nwild", "[nested][key1]"},
        {"forced", "wildlsearch;~/forced", "[f][forced]"},
        {"zz", "nwildlsearch;~/neg", "[neg][zz]"},
    };
    struct list_matching *t = *state;

    temp_file(t->files, "ls", "key1: value one\n*.b.c: partial\n*: dflt\nempty:\n");
    temp_file(t->files, "wild", "\"*.${if eq{1}{1}{dd}}\" : dots\n");
    temp_file(
        t->files, "nwild",
        in_directory(
            t, "^\\d+\\.x$: digits\n\"^l\\\\w(t)$\": lit\n@: at\n\"a:b\": colon\nlsearch;~/ls: nested\n"));
    temp_file(t->files, "forced", "\"${if eq{a}{b}{x}fail}\": exp\nforced: f\n");
    temp_file(t->files, "neg", "!yy: neg\nzz: f\n");
    temp_file(t->files, "ls", "key1: value one\n*.b.c: partial\n*: dflt\nempty:\n");
    check(LIST_DOMAIN, rows);
    assert_string_equal(logged(t), "");
}

/* What Exim says in the panic log before it gives up. */
static void test_panics(void **state)
{
    static const struct {
        const char *list, *text;
    } rows[] = {
        {"^(", "regular expression error: missing closing parenthesis at offset 2 while compiling ^("},
        {"lsearch;/no/such", "failed to open /no/such for linear search: No such file or directory"},
        {"lsearch;no/such", "failed to open no/such for linear search: No such file or directory"},
        {"nosuch;/x", "unknown lookup type \"nosuch\""},
        {"lsearch ; /x", "unknown lookup type \"lsearch \""},
        {"a;b", "unknown lookup type \"a\""},
        {";", "unknown lookup type \"\""},
        {"net-lsearch;/x", "unknown lookup type \"net-lsearch\""},
        {"/no/such", "failed to open /no/such when checking \"/no/such\": No such file or directory"},
        {"x:/no/such:a", "failed to open /no/such when checking \"x:/no/such:a\": No such file or directory"},
        {"+nosuch", "unknown named domain list \"+nosuch\""},
        {"! + nosuch", "unknown named domain list \"+ nosuch\""},
        {"${bad",
         "failed to expand \"${bad\" while checking a list: \"${bad\" is not a known operator (or a } is "
         "missing in a variable reference)"},
        {"/", "failed to open / when checking \"/\": Is a directory"},
    };
    struct list_matching *t = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(list_outcome(t, LIST_DOMAIN, STR("zork"), rows[i].list), "defer ");
        assert_string_equal(logged(t), str_printf(t->arena, "%s\n", rows[i].text).s);
        /* A list that has to be expanded fails the same way. */
        assert_string_equal(
            list_outcome(t, LIST_DOMAIN, STR("q"), str_printf(t->arena, "q : %s", rows[i].list).s),
            rows[i].list[0] == '$' ? "defer " : "[q][q]");
        logged(t);
    }
}

static void test_files(void **state)
{
    static const struct expectation rows[] = {
        {"a.b.c", "~/list", "[a.b.c][a.b.c]"},
        {"n.b.c", "~/list", "no"},
        {"x.b.c", "~/list", "[*.b.c][x.b.c][x]"},
        {"n.b.c", "!~/list", "[n.b.c][n.b.c]"},
        {"x.b.c", "!~/list", "no"},
        {"r12.e", "~/list", "[^r\\d+\\.e$][r12.e]"},
        {"zz", "~/list", "no"},
        {"zz", "!~/list", "[]"},
        {"+dl", "~/list", "[+dl][+dl]"},
        {"/etc/passwd", "~/list", "[/etc/passwd][/etc/passwd]"},
        {"a:b", "~/list", "[a:b][a:b]"},
        {"a b", "~/list", "[a b][a b]"},
        {"mail.test", "~/list", "[@][mail.test]"},
        {"last", "~/list", "[last][last]"},
        {"key1", "~/list", "no"},
        /* The last item's sign counts, wherever that item stands. */
        {"x", "~/neg", "no"},
        {"y", "~/neg", "[]"},
        {"y", "~/neg : y", "[y][y]"},
        {"z", "~/neg : y", "no"},
        {"x", "!~/neg", "[x][x]"},
        {"y", "!~/neg", "no"},
        {"y", "~/empty", "no"},
        {"y", "!~/empty", "[]"},
    };
    struct list_matching *t = *state;

    temp_file(t->files, "list",
              " a.b.c # trailing\n!n.b.c\n*.b.c\n\n^r\\d+\\.e$\n/etc/passwd\n+dl\n#x\na:b\na b\n@\nlast");
    temp_file(t->files, "neg", "!x\n");
    temp_file(t->files, "empty", "\n# nothing\n");
    check(LIST_DOMAIN, rows);
}

/* In files of local parts and addresses a # belongs to a word it does not begin. */
static void test_local_part_files(void **state)
{
    static const struct expectation rows[] = {
        {"not#comment", "~/lp", "[not#comment][not#comment]"}, {"local", "~/lp", "[local][local]"},
        {"b#", "~/lp", "[b#][b#]"},                            {"b", "~/lp", "no"},
        {"Joe", "~/lp", "[jOE][joe]"},                         {"Joe", "+caseful : ~/lp", "no"},
    };
    struct list_matching *t = *state;

    temp_file(t->files, "lp", "not#comment\nlocal # comment\n\n  # x\nb#\njOE\n");
    check(LIST_LOCAL_PART, rows);
}

static void test_local_parts(void **state)
{
    static const struct expectation rows[] = {
        {"Joe", "joe", "[joe][joe]"},
        {"Joe", "JOE", "[JOE][joe]"},
        {"Joe", "*OE", "[*OE][joe][j]"},
        {"Joe", "+caseful:joe", "no"},
        {"Joe", "+caseful:Joe", "[Joe][Joe]"},
        {"Joe", "joe : +caseful", "[joe][joe]"},
        {"Joe", "+caseful:*OE", "no"},
        {"Joe", "+caseful:*oe", "[*oe][Joe][J]"},
        {"JIM", "^j", "[^j][JIM]"},
        {"JIM", "+caseful:^j", "no"},
        {"JIM", "+caseful:^J(.)", "[^J(.)][JIM][I]"},
        {"@", "@", "[@][@]"},
        {"mail.test", "@", "no"},
        {"[127.0.0.1]", "@[]", "no"},
        {"@mx_any", "@mx_any", "[@mx_any][@mx_any]"},
        {"key1", "lsearch;~/ls", "[v][key1]"},
        {"Key1", "+caseful:lsearch;~/ls", "[v][Key1]"},
        {"x.b.c", "partial-lsearch;~/ls", "[p][x.b.c][x][b.c]"},
        {"", ":", "[][]"},
        {"", "", "no"},
        {"Jim", "+cased : jim", "no"},
    };
    struct list_matching *t = *state;

    temp_file(t->files, "ls", "key1: v\n*.b.c: p\n");
    define_list(t, LIST_LOCAL_PART, "cased", "+caseful : joe");
    check(LIST_LOCAL_PART, rows);
}

static void test_expansion(void **state)
{
    static const struct expectation rows[] = {
        {"exp.d", "${lc:EXP.D}", "[exp.d][exp.d]"},
        {"exp.d", "x : ${lc:EXP.D : Y}", "[exp.d][exp.d]"},
        {"exp.d", "${if eq{1}{2}{x}fail}", "no"},
        {"exp.d", "${if eq{1}{2}{x}fail} : exp.d", "no"},
        {"exp.d", "! ${if eq{1}{2}{x}fail}", "no"},
        {"exp.d", "", "no"},
        {"exp.d", "${if eq{1}{2}{x}}", "no"},
        {"exp.d", "${if eq{1}{1}{^EXP\\N\\.(.)$\\N}}", "[^EXP\\.(.)$][exp.d][d]"},
    };
    check(LIST_DOMAIN, rows);
}

/* A list that a tainted value makes is tainted, and so is what matches in it; it names no files. */
static void test_taint(void **state)
{
    struct list_matching *t = *state;
    struct scope_address address = {.local_part = str_taint(STR("/etc/passwd")),
                                    .domain = str_taint(STR("a.b"))};
    struct error err = ERROR_IN(t->arena);
    struct str value;

    t->scope.address = &address;
    assert_string_equal(list_outcome(t, LIST_DOMAIN, STR("x"), "$local_part"), "defer ");
    assert_string_equal(logged(t), "Tainted filename '/etc/passwd'\n");
    assert_string_equal(list_outcome(t, LIST_DOMAIN, STR("x"), "lsearch;/tmp/$domain"), "defer ");
    assert_string_equal(logged(t), "Tainted filename for search: '/tmp/a.b'\n");

    const struct list *list =
        list_compile(t->arena, LIST_DOMAIN, STR("$domain"), (struct source_pos){NULL, 0});
    assert_int_equal(list_match(&t->scope, list, str_taint(STR("a.b")), &value, &err), MATCH_YES);
    assert_true(value.tainted);
    assert_true(t->scope.captures[0].tainted);
    list = list_compile(t->arena, LIST_DOMAIN, STR("a.b"), (struct source_pos){NULL, 0});
    assert_int_equal(list_match(&t->scope, list, str_taint(STR("a.b")), &value, &err), MATCH_YES);
    assert_false(value.tainted);
    list = list_compile(t->arena, LIST_DOMAIN, STR("*.b"), (struct source_pos){NULL, 0});
    assert_int_equal(list_match(&t->scope, list, str_taint(STR("a.b")), &value, &err), MATCH_YES);
    assert_false(value.tainted);
    assert_true(t->scope.captures[1].tainted);
}

/* Long lists, long items, NULs. */
static void test_size(void **state)
{
    struct list_matching *t = *state;
    struct buffer list = BUFFER_IN(t->arena);
    char *item = arena_alloc(t->arena, 70001);

    for (int i = 0; i < 3000; i++)
        buffer_printf(&list, "d%d.example : ", i);
    memset(item, 'x', 70000);
    buffer_add_n(&list, item, 70000);
    assert_string_equal(list_outcome(t, LIST_DOMAIN, STR("d2999.example"), buffer_str(&list).s),
                        "[d2999.example][d2999.example]");
    assert_int_equal(
        strlen(list_outcome(t, LIST_DOMAIN, (struct str){item, 70000, true}, buffer_str(&list).s)), 140004);
    assert_string_equal(list_outcome(t, LIST_DOMAIN, STR("a\0b"), "a"), "no");
    assert_string_equal(list_outcome(t, LIST_DOMAIN, STR("a\0b"), "*b"), "[*b][a][a]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        list_matching_test(test_items),       list_matching_test(test_mx),
        list_matching_test(test_negation),    list_matching_test(test_empty),
        list_matching_test(test_separators),  list_matching_test(test_lookups),
        list_matching_test(test_panics),      list_matching_test(test_files),
        list_matching_test(test_local_part_files), list_matching_test(test_local_parts),
        list_matching_test(test_expansion),   list_matching_test(test_taint),
        list_matching_test(test_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
