/* Templates as such: what compiling says about them, forced failures, truth, octets of every value, limits.
 */
#include "base/complaint.h"
#include "testing.h"

#include <stdio.h>

#include "base/buffer.h"
#include "expand_testing.h"

static const struct template *compile(struct expand_testing *t, struct str source)
{
    return template_compile(t->arena, source, (struct source_pos){"file", 7});
}

/* --- What is known without evaluating */

static void test_constant(void **state)
{
    struct expand_testing *t = *state;
    struct str value;
    const struct template *constant = compile(t, STR("a\\tb\\N${x}\\N"));
    assert_true(template_constant(constant, &value));
    assert_str(value, "a\tb${x}");
    assert_str(template_source(constant), "a\\tb\\N${x}\\N");
    assert_true(template_constant(compile(t, STR("")), &value));
    assert_str(value, "");
    assert_false(template_constant(compile(t, STR("a$tod_zone")), &value));
    assert_false(template_constant(compile(t, STR("$1")), &value));
    assert_false(template_constant(compile(t, STR("$nosuch")), &value));
    assert_false(template_constant(compile(t, STR("a$")), &value));
}

/* What can be made before there is a connection. */
static void test_unchanging(void **state)
{
    struct expand_testing *t = *state;
    static const struct {
        struct str source;
        bool unchanging;
    } cases[] = {
        {STR("/etc/ssl/cert.pem"), true},
        {STR(""), true},
        {STR("/etc/$primary_hostname/cert"), true},
        {STR("${if exists{/etc/x}{/etc/x}{/dev/null}}"), true},
        {STR("${if and{{eq{$primary_hostname}{a}}{!exists{/b}}}{c}fail}"), true},
        {STR("/etc/$sender_host_address"), false},
        {STR("${if exists{/etc/$tls_in_sni}{a}{b}}"), false},
        {STR("${if exists{/etc/x}{$tls_in_sni}{b}}"), false},
        {STR("${if or{{exists{/a}}{eq{$received_port}{25}}}{a}{b}}"), false},
        {STR("${lookup{x}lsearch{/y}}"), false},
        {STR("${randint:5}"), false},
        {STR("$tod_epoch"), false},
        {STR("${if first_delivery{a}{b}}"), false},
        {STR("a${if"), false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (template_is_unchanging(compile(t, cases[i].source)) != cases[i].unchanging)
            fail_msg("%.*s", STR_ARG(cases[i].source));
}

/* A constant template's value is given out as it is, in no arena. */
static void test_constant_is_not_copied(void **state)
{
    struct expand_testing *t = *state;
    struct str first, second;
    const struct template *constant = compile(t, STR("always the same"));
    size_t before = arena_size(t->arena);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(expand(&t->scope, constant, t->arena, &first, NULL), EXPAND_OK);
    assert_int_equal(expand(&t->scope, constant, t->arena, &second, NULL), EXPAND_OK);
    assert_ptr_equal(first.s, second.s);
    assert_int_equal(arena_size(t->arena), before);
}

static void test_null_template(void **state)
{
    struct expand_testing *t = *state;
    struct str value = STR("x");
    bool yes = true;
    assert_int_equal(expand(&t->scope, NULL, t->arena, &value, NULL), EXPAND_OK);
    assert_true(str_is_null(value));
    assert_int_equal(expand_truth(&t->scope, NULL, &yes, NULL), EXPAND_OK);
    assert_false(yes);
}

static void note(void *ctx, const struct complaint *complaint)
{
    *(struct complaint *)ctx = *complaint;
}

static void test_check(void **state)
{
    struct expand_testing *t = *state;
    struct complaint report;
    struct complaints complaints = {note, &report};
    assert_false(template_complain(NULL, &complaints));
    assert_false(template_complain(compile(t, STR("${if eq{a}{b}{c}}")), &complaints));
    assert_true(template_complain(compile(t, STR("${if eq{a}{b}{$nosuch}{d}}")), &complaints));
    assert_str(report.text, "unknown variable name \"nosuch\"");
    assert_int_equal(report.offset, 21);
    assert_str(report.source, "${if eq{a}{b}{$nosuch}{d}}");
    assert_true(template_complain(compile(t, STR("abc$")), &complaints));
    assert_int_equal(report.offset, 4);
}

/* What stands before an error is evaluated, with its effects, before the error is raised. */
static void test_errors_come_in_order(void **state)
{
    struct expand_testing *t = *state;
    assert_expands(t, "${if eq{a}{b}{x}fail}$nosuch", "Forced: \"if\" failed and \"fail\" requested");
    assert_expands(t, "${length{x}{abc}}$nosuch",
                   "Failed: \"x\" is not a positive number (in \"length\" expansion)");
    assert_expands(t, "${if bool{x}{$nosuch}}", "Failed: unrecognised boolean value \"x\"");
    assert_expands(t, "${if !bool{x}{a}{b}z", "Failed: unrecognised boolean value \"x\"");
    assert_expands(t, "$nosuch${length{x}{abc}}", "Failed: unknown variable name \"nosuch\"");
    assert_expands(t, "${if or{{eq{a}{a}}{bool{x}}}{y}{n}}", "y");
    assert_expands(t, "${if and{{eq{a}{b}}{bool{x}}}{y}{n}}", "n");
    assert_expands(t, "${if or{{eq{a}{a}}{bool{$nosuch}}}{y}{n}}",
                   "Failed: unknown variable name \"nosuch\" inside \"or{...}\" condition");
}

/* --- Truth */

static enum expand_status truth(struct expand_testing *t, struct str source, bool *yes)
{
    struct error err = ERROR_IN(t->arena);
    return expand_truth(&t->scope, compile(t, source), yes, &err);
}

static void test_truth(void **state)
{
    struct expand_testing *t = *state;
    static const struct {
        struct str source;
        bool yes;
    } cases[] = {
        {STR("yes"), true},
        {STR("true"), true},
        {STR("1"), true},
        {STR("0"), false},
        {STR(""), false},
        {STR("no"), false},
        {STR("False"), false},
        {STR("anything"), true},
        {STR("${if eq{a}{a}}"), true},
        {STR("${if eq{a}{b}}"), false},
        {STR("${if eq{a}{b}{yes}fail}"), false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool yes = !cases[i].yes;
        assert_int_equal(truth(t, cases[i].source, &yes), EXPAND_OK);
        assert_int_equal(yes, cases[i].yes);
    }
    bool yes = true;
    assert_int_equal(truth(t, STR("$nosuch"), &yes), EXPAND_FAILED);
    assert_false(yes);
}

/* What a condition leaves behind outlives the memory it was worked out in. */
static void test_truth_leaves_lasting_values(void **state)
{
    struct expand_testing *t = *state;
    bool yes = false;
    assert_int_equal(truth(t, STR("${run{/bin/echo yes}{$value}}"), &yes), EXPAND_OK);
    assert_true(yes);
    assert_expands(t, "$value$runrc", "yes\n0");
}

/* --- Octets */

static void test_nul_octets(void **state)
{
    struct expand_testing *t = *state;
    t->scope.auth_vars[0] = str_taint(STR("a\0b"));
    assert_expands(t, "x\\0y", "x\0y");
    assert_expands(t, "${strlen:a\\x00b}", "3");
    assert_expands(t, "<$auth1>", "<a\0b>");
    assert_expands(t, "${if eq{$auth1}{a}{same}{different}}", "different");
    assert_expands(t, "${if eq{$auth1}{a\\0b}{same}{different}}", "same");
    assert_expands(t, "${base64:$auth1}", "YQBi");
    assert_expands(t, "${base64d:YQBi}", "a\0b");
    assert_expands(t, "${uc:$auth1}", "A\0B");
    assert_expands(t, "${sg{$auth1}{\\N\\x00\\N}{-}}", "a-b");
    assert_expands(t, "${tr{$auth1}{\\0}{-}}", "a-b");
    assert_expands(t, "${length_2:$auth1}", "a\0");
    assert_expands(t, "${substr_1_2:$auth1}", "\0b");
    assert_expands(t, "${escape:$auth1}", "a\\000b");
    assert_expands(t, "${md5:$auth1}", "70350f6027bce3713f6b76473084309b");
    assert_expands(t, "${map{$auth1:c}{<$item>}}", "<a\0b>:<c>");
    assert_expands(t, "${if match{$auth1}{^(.*)\\$}{$1}}", "a\0b");
    assert_expands(t, "${hexquote:$auth1}", "a\\x00b");
    assert_expands(t, "${quote:$auth1}", "\"a\0b\"");
}

static void test_long_data(void **state)
{
    struct expand_testing *t = *state;
    enum { LENGTH = 1 << 20 };
    char *text = arena_alloc(t->arena, LENGTH + 1);
    memset(text, 'x', LENGTH);
    struct str value, data = {text, LENGTH, true};
    t->scope.auth_vars[0] = data;
    assert_expands(t, "${strlen:$auth1$auth1}", "2097152");
    value = expand_outcome(t, STR("a$auth1"));
    assert_int_equal(value.n, LENGTH + 1);
    assert_true(value.tainted);
    assert_expands(t, "${strlen:${sg{$auth1}{x{1000\\}}{yy}}}", "2672");
    assert_expands(t, "${if match{$auth1}{^x*\\$}{y}{n}}", "y");
    assert_expands(t, "${strlen:${base64d:${base64:$auth1}}}", "1048576");

    /* Text in the configuration may be long, too. */
    struct buffer source = BUFFER_IN(t->arena);
    for (int i = 0; i < 5000; i++)
        buffer_add_cstr(&source, "${lc:AB}c$1");
    value = expand_outcome(t, buffer_str(&source));
    assert_int_equal(value.n, 15000);
    assert_true(str_starts(value, "abcabcabc"));
}

/* --- Limits */

static struct str nested(struct expand_testing *t, const char *open, const char *inner, const char *close,
                         unsigned depth)
{
    struct buffer b = BUFFER_IN(t->arena);
    for (unsigned i = 0; i < depth; i++)
        buffer_add_cstr(&b, open);
    buffer_add_cstr(&b, inner);
    for (unsigned i = 0; i < depth; i++)
        buffer_add_cstr(&b, close);
    return buffer_str(&b);
}

static void test_nesting(void **state)
{
    struct expand_testing *t = *state;
    assert_str(expand_outcome(t, nested(t, "${lc:", "X", "}", 150)), "x");
    assert_str(expand_outcome(t, nested(t, "${if eq{a}{a}{", "X", "}}", 90)), "X");
    static const char *const openings[] = {
        "${lc:",      "${if eq{a}{b}{",  "${if and{{",      "${map{a}{", "${sg{",  "${lookup{",
        "${extract{", "${if forany{a}{", "${reduce{a}{b}{", "${if !",    "${run{", "${sort{a}{<}{"};
    for (size_t i = 0; i < sizeof openings / sizeof openings[0]; i++) {
        struct str outcome = expand_outcome(t, nested(t, openings[i], "x", "", 50000));
        assert_true(str_starts(outcome, "Failed: "));
    }
    /* Conditions nest without templates between them. */
    static const char *const conditions[] = {"and{{", "or{{", "forany{a}{", "!and{{"};
    for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
        struct str deep = nested(t, conditions[i], "eq{a}{a}", "", 50000);
        struct str outcome = expand_outcome(t, str_join(t->arena, STR("${if "), deep));
        assert_true(str_starts(outcome, "Failed: expansion is nested too deeply"));
    }
    assert_true(str_starts(expand_outcome(t, nested(t, "${lc:", "X", "}", 300)),
                           "Failed: expansion is nested too deeply"));
}

/* Expanding what was expanded goes as deep as templates may nest. */
static void test_expansion_of_itself(void **state)
{
    struct expand_testing *t = *state;
    varset_set(&t->message.acl_m, STR("acl_m_self"), STR("x${expand:$acl_m_self}"));
    struct str outcome = expand_outcome(t, STR("$acl_m_self${expand:$acl_m_self}"));
    assert_true(str_starts(outcome, "Failed: internal expansion of "));
    assert_true(str_ends(outcome, "expansion is nested too deeply"));
}

static void test_runaway(void **state)
{
    struct expand_testing *t = *state;
    struct buffer list = BUFFER_IN(t->arena);
    for (int i = 0; i < 100; i++)
        buffer_add_cstr(&list, "a:");
    t->scope.auth_vars[0] = buffer_str(&list);
    assert_expands(t, "${reduce{$auth1}{xx}{$value$value}}",
                   "Failed: expansion result is too long inside \"reduce\" item");
    t->scope.work_limit = 100000;
    struct str outcome = expand_outcome(t, STR("${if forall{$auth1}{forall{$auth1}{forall{$auth1}{"
                                               "forall{$auth1}{eq{$item}{a}}}}}{y}{n}}"));
    assert_true(str_starts(outcome, "Failed: expansion takes too much work"));
    /* Each expansion begins anew. */
    assert_expands(t, "${if forall{$auth1}{eq{$item}{a}}{y}{n}}", "y");
}

/* --- Names */

static void count_name(void *ctx, const char *name)
{
    assert_true(name[0] != '\0');
    ++*(unsigned *)ctx;
}

static void test_names(void **state)
{
    static const struct {
        const char *kind;
        unsigned least;
    } kinds[] = {{"item", 29}, {"operator", 45}, {"condition", 45}, {"variable", 250}};
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        unsigned count = 0;
        expand_names(kinds[i].kind, count_name, &count);
        assert_true(count >= kinds[i].least);
    }
    unsigned count = 0;
    expand_names("nothing", count_name, &count);
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        expand_test(test_constant),
        expand_test(test_unchanging),
        expand_test(test_constant_is_not_copied),
        expand_test(test_null_template),
        expand_test(test_check),
        expand_test(test_errors_come_in_order),
        expand_test(test_truth),
        expand_test(test_truth_leaves_lasting_values),
        expand_test(test_nul_octets),
        expand_test(test_long_data),
        expand_test(test_nesting),
        expand_test(test_expansion_of_itself),
        expand_test(test_runaway),
        expand_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
