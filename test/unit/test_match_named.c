/* Named lists: their table, references between them, the cache of results, the listnamed operator, and the
 * trace of it all that a tester sees. */
#include <stdio.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "expand/expand.h"
#include "list_matching.h"
#include "testing.h"

static const struct source_pos nowhere = {NULL, 0};

static void collect(void *ctx, struct str name, const struct list *list, bool hide)
{
    buffer_printf(ctx, "%.*s=%.*s%s;", STR_ARG(name), STR_ARG(list_source(list)), hide ? " hidden" : "");
}

static void test_table(void **state)
{
    struct list_matching *t = *state;
    struct error err = ERROR_IN(t->arena);
    struct buffer all = BUFFER_IN(t->arena);
    const struct source_pos where = {"conf", 7};

    assert_true(
        named_lists_add(t->lists, LIST_DOMAIN, STR("b"), STR("x : ${y"), false, false, nowhere, &err));
    assert_true(named_lists_add(t->lists, LIST_DOMAIN, STR("a"), STR("z"), true, false, nowhere, &err));
    assert_true(named_lists_add(t->lists, LIST_LOCAL_PART, STR("a"), STR("q"), false, false, nowhere, &err));
    assert_false(named_lists_add(t->lists, LIST_DOMAIN, STR("a"), STR("q"), false, false, where, &err));
    assert_str(err.text, "duplicate name \"a\" for a named domain list");
    assert_int_equal(err.where.line, 7);
    assert_false(named_lists_add(t->lists, LIST_LOCAL_PART, STR("a"), STR("q"), false, false, where, &err));
    assert_str(err.text, "duplicate name \"a\" for a named local part list");
    assert_str(list_source(named_lists_find(t->lists, LIST_DOMAIN, STR("a"))), "z");
    assert_null(named_lists_find(t->lists, LIST_HOST, STR("a")));
    assert_null(named_lists_find(NULL, LIST_HOST, STR("a")));
    assert_true(named_lists_hidden(t->lists, LIST_DOMAIN, STR("a")));
    assert_false(named_lists_hidden(t->lists, LIST_DOMAIN, STR("b")));
    assert_false(named_lists_hidden(t->lists, LIST_DOMAIN, STR("c")));
    named_lists_each(t->lists, LIST_DOMAIN, collect, &all);
    assert_str(buffer_str(&all), "b=x : ${y;a=z hidden;");
    for (int i = 0; i < 200; i++)
        assert_true(named_lists_add(t->lists, LIST_HOST, str_printf(t->arena, "h%d", i), STR("*"), false,
                                    false, nowhere, &err));
    assert_non_null(named_lists_find(t->lists, LIST_HOST, STR("h199")));
}

#define assert_domain(subject, list, outcome) \
    assert_string_equal(list_outcome(*state, LIST_DOMAIN, STR(subject), list), outcome)

static void test_references(void **state)
{
    struct list_matching *t = *state;

    define_list(t, LIST_DOMAIN, "dl1", "a.b : *.c.d");
    define_list(t, LIST_DOMAIN, "dl2", "!x.y : *.y");
    define_list(t, LIST_DOMAIN, "neg", "!x.y");
    define_list(t, LIST_DOMAIN, "expanded", "${lc:EXP.D}");
    define_list(t, LIST_DOMAIN, "forced", "${if eq{1}{2}{x}fail}");
    define_list(t, LIST_DOMAIN, "bad", "${bad");
    define_list(t, LIST_DOMAIN, "nest", "+dl1 : q.r");
    define_list(t, LIST_DOMAIN, "self", "+self");
    define_list(t, LIST_DOMAIN, "one", "+two");
    define_list(t, LIST_DOMAIN, "two", "! +one : x");
    assert_domain("a.b", "+dl1", "[a.b][a.b]");
    assert_domain("x.c.d", "+dl1", "[*.c.d][x.c.d][x]");
    assert_domain("a.b", "+ dl1", "[a.b][a.b]");
    assert_domain("a.y", "+dl2", "[*.y][a.y][a]");
    assert_domain("x.y", "+dl2", "no");
    assert_domain("a.b", "+neg", "[]");
    assert_domain("a.b", "!+dl1", "no");
    assert_domain("a.z", "!+dl1", "[]");
    assert_domain("a.z", "! +dl1", "[]");
    assert_domain("exp.d", "+expanded", "[exp.d][exp.d]");
    assert_domain("exp.d", "+forced", "no");
    assert_domain("exp.d", "!+forced", "[]");
    assert_domain("exp.d", "+forced:exp.d", "[exp.d][exp.d]");
    assert_domain("q.r", "+nest", "[q.r][q.r]");
    assert_domain("a.b", "+nest", "[a.b][a.b]");
    assert_string_equal(logged(t), "");
    assert_domain("a.b", "+bad", "defer ");
    assert_string_equal(logged(t),
                        "failed to expand \"${bad\" while checking a list: \"${bad\" is not a known operator "
                        "(or a } is missing in a variable reference)\n");
    assert_domain("a.b", "x : +self", "defer ");
    assert_string_equal(logged(t), "named domain list \"+self\" refers to itself\n");
    assert_domain("a.b", "+one", "defer ");
}

/* How often a list is really gone through shows in a lookup's file that changes. */
static void test_cache(void **state)
{
    struct list_matching *t = *state;
    struct error err = ERROR_IN(t->arena);

    define_list(t, LIST_DOMAIN, "constant", "lsearch;~/f");
    define_list(t, LIST_DOMAIN, "outer", "+constant");
    define_list(t, LIST_DOMAIN, "expanded", "${if eq{1}{1}{lsearch;~/f}}");
    define_list(t, LIST_DOMAIN, "outer2", "+expanded");
    assert_true(named_lists_add(t->lists, LIST_DOMAIN, STR("told"),
                                str_of(in_directory(t, "${if eq{1}{1}{lsearch;~/f}}")), false, true, nowhere,
                                &err));
    t->scope.match_cache = match_cache_new(t->arena);
    temp_file(t->files, "f", "a: one\n");
    assert_domain("a", "+constant", "[one][a]");
    assert_domain("b", "+constant", "no");
    assert_domain("a", "+outer", "[one]");
    assert_domain("a", "+expanded", "[one][a]");
    assert_domain("a", "+outer2", "[one][a]");
    assert_domain("a", "+told", "[one][a]");
    temp_file(t->files, "f", "a: two\nb: three\n");
    assert_domain("a", "+constant", "[one]");
    assert_domain("A", "+constant", "[one]");
    assert_domain("a", "!+constant", "no");
    assert_domain("b", "+constant", "no");
    assert_domain("a", "+outer", "[one]");
    assert_domain("a", "+expanded", "[two][a]");
    assert_domain("a", "+outer2", "[two][a]");
    assert_domain("a", "+told", "[one]");
    match_cache_clear(t->scope.match_cache);
    assert_domain("a", "+constant", "[two][a]");
    assert_domain("b", "+constant", "[three][b]");
    assert_domain("a", "+told", "[two][a]");
    match_cache_clear(NULL);
}

static void test_cache_keys(void **state)
{
    struct list_matching *t = *state;

    t->scope.match_cache = match_cache_new(t->arena);
    define_list(t, LIST_LOCAL_PART, "ll", "joe");
    define_list(t, LIST_HOST, "hl", "1.2.3.4");
    assert_string_equal(list_outcome(t, LIST_LOCAL_PART, STR("Joe"), "+ll"), "[joe][joe]");
    assert_string_equal(list_outcome(t, LIST_LOCAL_PART, STR("Joe"), "+caseful : +ll"), "no");
    assert_string_equal(list_outcome(t, LIST_LOCAL_PART, STR("JOE"), "+ll"), "[joe]");
    assert_string_equal(list_outcome(t, LIST_HOST, STR("1.2.3.4"), "+hl"), "[]");
    assert_string_equal(list_outcome(t, LIST_HOST, STR("1.2.3.5"), "+hl"), "no");
    for (int i = 0; i < 100; i++) {
        struct str name = str_printf(t->arena, "n%d", i);
        assert_string_equal(list_outcome(t, LIST_LOCAL_PART, name, "+ll"), "no");
    }
    assert_string_equal(list_outcome(t, LIST_LOCAL_PART, STR("joe"), "+ll"), "[joe][joe]");
}

/* --- listnamed */

#define assert_text(name, kind, expected) assert_string_equal(text_of(*state, name, kind), expected)

static const char *text_of(struct list_matching *t, const char *name, char kind)
{
    struct error err = ERROR_IN(t->arena);
    struct str value;

    return list_named_text(&t->scope, str_of(name), kind, &value, &err) ? value.s : err.text.s;
}

static void test_listnamed(void **state)
{
    struct list_matching *t = *state;

    define_list(t, LIST_DOMAIN, "dl1", "a.b : *.c.d");
    define_list(t, LIST_DOMAIN, "n1", "a.b : +dl1 : !+dl1 : ! +dl1");
    define_list(t, LIST_DOMAIN, "n2", "<; a.b ; x:y ; +n1");
    define_list(t, LIST_DOMAIN, "n3", "+nosuch : a");
    define_list(t, LIST_DOMAIN, "n4", "+n4 : a");
    define_list(t, LIST_DOMAIN, "n5", "");
    define_list(t, LIST_DOMAIN, "n6", ": a : : b :");
    define_list(t, LIST_HOST, "n7", "<; ::1 ; fe80::/10");
    define_list(t, LIST_HOST, "n8", "+n7 : 1.2.3.4 : +ignore_unknown : x");
    define_list(t, LIST_ADDRESS, "both", "address");
    define_list(t, LIST_LOCAL_PART, "both", "local");
    assert_text("dl1", 0, "a.b : *.c.d");
    assert_text("+dl1", 'd', "a.b : *.c.d");
    assert_text("n1", 0, "a.b : a.b : *.c.d : !+dl1 : ! +dl1");
    assert_text("n2", 0, "a.b : x::y : a.b : a.b : *.c.d : !+dl1 : ! +dl1");
    assert_text("n3", 0, "\"nosuch\" is not a named list");
    assert_text("n4", 0, "named list \"n4\" refers to itself");
    assert_text("n5", 0, "");
    assert_text("n6", 0, " : a :  : b");
    assert_text("n7", 0, "::::1 : fe80::::/10");
    assert_text("n8", 'h', "::::1 : fe80::::/10 : 1.2.3.4 : +ignore_unknown : x");
    assert_text("both", 'a', "address");
    assert_text("both", 'l', "local");
    assert_text("nosuch", 0, "\"nosuch\" is not a named list");
    assert_text("dl1", 'h', "\"dl1\" is not a host named list");
    assert_text("nosuch", 'l', "\"nosuch\" is not a localpart named list");
    assert_text("dl1", 'x', "\"dl1\" is not a named list");
}

/* --- The trace */

/* Between these two, standard error goes to a file. */
static int begin_trace(struct list_matching *t)
{
    int saved = dup(2);

    assert_non_null(freopen(temp_path(t->files, "trace").s, "w", stderr));
    debug_host_checks(true);
    return saved;
}

static const char *end_trace(struct list_matching *t, int saved)
{
    struct buffer out = BUFFER_IN(t->arena);
    char line[1024];

    debug_host_checks(false);
    fflush(stderr);
    assert_true(dup2(saved, 2) == 2);
    close(saved);
    FILE *f = fopen(temp_path(t->files, "trace").s, "r");
    while (fgets(line, sizeof line, f))
        buffer_add_cstr(&out, line);
    fclose(f);
    return buffer_str(&out).s;
}

/* What a match writes to standard error in a test session. */
static const char *trace_of(struct list_matching *t, enum list_kind kind, struct str subject,
                            const char *list)
{
    int saved = begin_trace(t);

    list_outcome(t, kind, subject, list);
    return end_trace(t, saved);
}

static void test_trace(void **state)
{
    struct list_matching *t = *state;

    define_list(t, LIST_DOMAIN, "dl1", "a.b : *.c.d");
    define_list(t, LIST_DOMAIN, "expanded", "${lc:EXP.D}");
    define_list(t, LIST_HOST, "hl", "10.0.0.0/8 : 192.168.1.1");
    temp_file(t->files, "f", "*.b.c # x\n!q\n");
    t->scope.match_cache = match_cache_new(t->arena);
    assert_string_equal(
        trace_of(t, LIST_DOMAIN, STR("A.B"), "+dl1"),
        ">>> A.B in \"a.b : *.c.d\"? yes (matched \"a.b\")\n>>> A.B in \"+dl1\"? yes (matched \"+dl1\")\n");
    assert_string_equal(trace_of(t, LIST_DOMAIN, STR("a.b"), "!+dl1"),
                        ">>> a.b in \"!+dl1\"? no (matched \"!+dl1\" - cached)\n");
    assert_string_equal(
        trace_of(t, LIST_DOMAIN, STR("x"), "+expanded : ${lc:X}"),
        ">>> x in \"exp.d\"? no (end of list)\n>>> x in \"+expanded : x\"? yes (matched \"x\")\n");
    assert_string_equal(trace_of(t, LIST_DOMAIN, STR("x"), "!y"), ">>> x in \"!y\"? yes (end of list)\n");
    assert_string_equal(trace_of(t, LIST_DOMAIN, STR("x.b.c"), "~/f"),
                        in_directory(t, ">>> x.b.c in \"~/f\"? yes (matched \"*.b.c\" in ~/f)\n"));
    assert_string_equal(trace_of(t, LIST_DOMAIN, STR("x.b.c"), "!~/f"),
                        in_directory(t, ">>> x.b.c in \"!~/f\"? no (matched \"*.b.c\" in ~/f)\n"));
    assert_string_equal(trace_of(t, LIST_HOST, STR("10.1.2.3"), "+hl"),
                        ">>> host in \"10.0.0.0/8 : 192.168.1.1\"? yes (matched \"10.0.0.0/8\")\n"
                        ">>> host in \"+hl\"? yes (matched \"+hl\")\n");
    assert_string_equal(trace_of(t, LIST_HOST, STR("1.2.3.4"), "*.foo : 1.2.3.4"),
                        ">>> sender host name required, to match against *.foo\n"
                        ">>> host in \"*.foo : 1.2.3.4\"? no (failed to find host name for 1.2.3.4)\n");
    assert_string_equal(trace_of(t, LIST_HOST, STR("1.2.3.4"), "+ignore_unknown : 1.2.3 : 1.2.3.4"),
                        ">>> malformed IPv4 address or address mask: item ignored by +ignore_unknown\n"
                        ">>> host in \"+ignore_unknown : 1.2.3 : 1.2.3.4\"? yes (matched \"1.2.3.4\")\n");
    assert_string_equal(
        trace_of(t, LIST_HOST, STR("1.2.3.4"), "${if eq{a}{b}{x}fail}"),
        ">>> expansion of \"${if eq{a}{b}{x}fail}\" forced failure: assume not in this list\n");
    assert_string_equal(trace_of(t, LIST_ADDRESS, STR("a@b.c"), "a@x : b.c"),
                        ">>> b.c in \"x\"? no (end of list)\n>>> b.c in \"b.c\"? yes (matched \"b.c\")\n"
                        ">>> a@b.c in \"a@x : b.c\"? yes (matched \"b.c\")\n");
    assert_string_equal(trace_of(t, LIST_LOCAL_PART, STR("a/b"), "dsearch;/tmp"),
                        ">>> a/b in \"dsearch;/tmp\"? list match deferred for dsearch;/tmp\n");
}

/* Lists of main options go by the options' names. */
static void test_option_trace(void **state)
{
    struct list_matching *t = *state;
    struct scope_connection connection = {.host_address = STR("10.1.2.3")};
    struct error err = ERROR_IN(t->arena);
    const struct list *hosts = list_compile(t->arena, LIST_HOST, STR("1.2.3.4 : +hl"), nowhere);
    const struct list *names = list_compile(t->arena, LIST_DOMAIN, STR("a : x"), nowhere);
    const struct list *none = list_compile(t->arena, LIST_HOST, STR(""), nowhere);

    define_list(t, LIST_HOST, "hl", "10.0.0.0/8");
    t->scope.connection = &connection;
    int saved = begin_trace(t);
    assert_int_equal(list_match_connection_option(&t->scope, hosts, "host_lookup", &err), MATCH_YES);
    assert_int_equal(list_match_connection_option(&t->scope, NULL, "hosts_proxy", &err), MATCH_NO);
    assert_int_equal(list_match_connection_option(&t->scope, none, "helo_verify_hosts", &err), MATCH_NO);
    assert_int_equal(list_match_option(&t->scope, names, "helo_lookup_domains", STR("x"), &err), MATCH_YES);
    assert_int_equal(list_match_option(&t->scope, NULL, "helo_lookup_domains", STR("x"), &err), MATCH_NO);
    assert_string_equal(end_trace(t, saved), ">>> host in \"10.0.0.0/8\"? yes (matched \"10.0.0.0/8\")\n"
                                             ">>> host in host_lookup? yes (matched \"+hl\")\n"
                                             ">>> host in hosts_proxy? no (option unset)\n"
                                             ">>> host in helo_verify_hosts? no (end of list)\n"
                                             ">>> x in helo_lookup_domains? yes (matched \"x\")\n"
                                             ">>> x in helo_lookup_domains? no (option unset)\n");
}

/* --- As conditions see it */

static void test_conditions(void **state)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"${if match_domain{a.b}{*.b}{[$value][$0][$1]}{n}}", "[*.b][a.b][a]"},
        {"${if match_domain{a.b}{\\N^(.)\\.(.)$\\N}{[$value][$1][$2]}{n}}", "[^(.)\\.(.)$][a][b]"},
        {"${if match_domain{a.b}{+dl1}{[$value]}{n}}", "[a.b]"},
        {"${if match_domain{a.b}{a::b:A.b}{[$value]}{n}}", "[A.b]"},
        {"${if match_address{}{:}{y}{n}}", "y"},
        {"${if match_local_part{Joe}{joe}{[$value]}{n}}", "[joe]"},
        {"${if match_ip{1.2.3.4}{1.2.3.0/24}{y}{n}}", "y"},
        {"${if match_domain{x}{+nosuch}{y}{n}}", "unable to complete match against \"+nosuch\": NULL"},
        {"${if match_domain{a/b}{dsearch;/tmp}{y}{n}}",
         "unable to complete match against \"dsearch;/tmp\": key for dsearch lookup contains a slash: a/b"},
    };
    struct list_matching *t = *state;

    define_list(t, LIST_DOMAIN, "dl1", "a.b : *.c.d");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error err = ERROR_IN(t->arena);
        struct str out;
        if (expand_string(&t->scope, str_of(rows[i].text), t->arena, &out, &err) != EXPAND_OK)
            out = err.text;
        assert_string_equal(out.s, rows[i].expected);
    }
}

/* Many different texts: those kept come and go. */
static void test_texts(void **state)
{
    struct list_matching *t = *state;
    struct error err = ERROR_IN(t->arena);

    for (int i = 0; i < 100; i++) {
        struct str subject = str_printf(t->arena, "s%d", i % 40);
        struct str list = str_printf(t->arena, "x : s%d : ^s%d$", i % 40, i);
        struct str value;
        assert_int_equal(list_match_text(&t->scope, MATCH_DOMAIN_LIST, subject, list, &value, &err),
                         MATCH_YES);
        assert_true(str_eq(value, subject));
        assert_int_equal(list_match_text(&t->scope, MATCH_ADDRESS_LIST, STR("a@b"), list, &value, &err),
                         MATCH_NO);
    }
    assert_int_equal(list_match_text(&t->scope, MATCH_PATTERN, STR("a:b"), STR("A:b"), NULL, &err),
                     MATCH_YES);
    assert_int_equal(list_match_text(&t->scope, MATCH_PATTERN, STR("a"), STR("!a"), NULL, &err), MATCH_NO);
    assert_int_equal(list_match_text(&t->scope, MATCH_PATTERN, STR("+dl"), STR("+dl"), NULL, &err),
                     MATCH_YES);
    assert_int_equal(list_match_text(&t->scope, MATCH_PATTERN, STR("/x"), STR("/x"), NULL, &err), MATCH_YES);
    assert_int_equal(list_match_text(&t->scope, MATCH_PATTERN, STR("a"), STR("^("), NULL, &err), MATCH_DEFER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        list_matching_test(test_table),        list_matching_test(test_references),
        list_matching_test(test_cache),        list_matching_test(test_cache_keys),
        list_matching_test(test_listnamed),    list_matching_test(test_trace),
        list_matching_test(test_option_trace), list_matching_test(test_conditions),
        list_matching_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
