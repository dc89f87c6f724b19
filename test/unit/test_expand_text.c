/* Literal text, escapes, dollars, and where syntax errors show: what the packaged Exim makes of the same
 * strings with -be. */
#include "testing.h"

#include "expand_testing.h"

static const struct expand_case skipped_cases[] = {
    CASE("${if eq{a}{b}{${nosuch}}{ok}}", "Failed: unknown variable in \"${nosuch}\""),
    CASE("${if eq{a}{b}{${nosuch:x}}{ok}}", "Failed: unknown expansion operator \"nosuch\""),
    CASE("${if eq{a}{b}{${nosuch{x}}}{ok}}",
         "Failed: \"${nosuch\" is not a known operator (or a } is missing in a variable reference)"),
    CASE("${if eq{a}{b}{${extract{1}{:}{x:y}}}}", ""),
    CASE("${if eq{a}{b}{${extract{a}{b}}}}", ""),
    CASE("${if eq{a}{b}{${lookup{a}nosuch{b}}}}", "Failed: unknown lookup type \"nosuch\""),
    CASE("${if eq{a}{b}{${lookup{a}nosuch}}}", "Failed: unknown lookup type \"nosuch}}}\""),
    CASE("${if eq{a}{b}{${lookup nosuch{b}}}}", "Failed: unknown lookup type \"nosuch\""),
    CASE("${if eq{a}{b}{${length_x:abc}}}", ""),
    CASE("${if eq{a}{b}{${sg{a}{b}}}}", "Failed: Not enough arguments for 'sg' (min is 3)"),
    CASE("${if eq{a}{b}{${sg{a}{b}{c}{d}}}}", "Failed: Too many arguments for 'sg' (max is 3)"),
    CASE("${if eq{a}{b}{${eval:x}}}", ""),
    CASE("${if eq{a}{b}{${if <{x}{y}}}}", ""),
    CASE("${if eq{a}{b}{${if nosuch{x}}}}", "Failed: unknown condition \"nosuch\""),
    CASE("${if eq{a}{b}{${if match{a}{(}}}}", ""),
    CASE("${if eq{a}{b}{${if def:nosuch}}}", "Failed: unknown variable \"nosuch\" after \"def:\""),
    CASE("${if eq{a}{b}{${if acl{x}}}}", "Failed: too few arguments or bracketing error for acl"),
    CASE("${if eq{a}{b}{${if pwcheck{x}}}}", ""),
    CASE("${if eq{a}{b}{${acl}}}", "Failed: Not enough arguments for 'acl' (min is 1)"),
    CASE("${if eq{a}{b}{${run}}}", "Failed: missing '{' for command arg of run"),
    CASE("${if eq{a}{b}{${run,foo{x}}}}", "Failed: bad option 'foo' for run"),
    CASE("${if eq{a}{b}{${listextract{1}}}}", "Failed: missing '{' for arg 2 of listextract"),
    CASE("${if eq{a}{b}{${map{a}}}}", "Failed: missing '{' for last arg of map"),
    CASE("${if eq{a}{b}{${map{a}{$nosuch}}}}",
         "Failed: unknown variable name \"nosuch\" inside \"map\" item"),
    CASE("${if eq{a}{b}{${quote_nosuch:x}}}", ""),
    CASE("${if eq{a}{b}{${sha2_1:x}}}", ""),
    CASE("${if eq{a}{b}{${hmac{x}{y}{z}}}}", ""),
    CASE("${if eq{a}{b}{${1x}}}", "Failed: } expected after number"),
    CASE("${if eq{a}{b}{${if eq{a}{c}{x}fail}}}", ""),
    CASE("${if eq{a}{b}{${dlfunc{a}}}}", "Failed: Not enough arguments for 'dlfunc' (min is 2)"),
    CASE("${if eq{a}{b}{${perl{a}}}}", ""),
};

static void test_skipped(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, skipped_cases);
}

static const struct expand_case dollars_cases[] = {
    CASE("\\N$x\\Nb\\N$y", "$xb$y"),
    CASE("$nosuch", "Failed: unknown variable name \"nosuch\""),
    CASE("${nosuch}", "Failed: unknown variable in \"${nosuch}\""),
    CASE("${nosuch:abc}", "Failed: unknown expansion operator \"nosuch\""),
    CASE("${nosuch{abc}}",
         "Failed: \"${nosuch\" is not a known operator (or a } is missing in a variable reference)"),
    CASE("${}", "Failed: letter or digit expected after ${"),
    CASE("$", "Failed: $ not followed by letter, digit, or {"),
    CASE("${", "Failed: letter or digit expected after ${"),
    CASE("$ x", "Failed: $ not followed by letter, digit, or {"),
    CASE("$-", "Failed: $ not followed by letter, digit, or {"),
    CASE("${lc:abc", "Failed: missing } at end of string"),
    CASE("${lc}", "Failed: unknown variable in \"${lc}\""),
    CASE("${lc abc}", "Failed: \"${lc\" is not a known operator (or a } is missing in a variable reference)"),
    CASE("${lc:abc}}", "abc}"),
    CASE("${lc:a}b}", "ab}"),
    CASE("$acl_m_foo", ""),
    CASE("$acl_c", ""),
    CASE("$acl_cx",
         "Failed: unknown variable name \"acl_cx\" (6th character of a user-defined ACL variable must be a "
         "digit or underscore)"),
    CASE("$acl_c_", ""),
    CASE("$acl_m1", ""),
    CASE("$acl_c0", ""),
    CASE("$acl_c10x", ""),
    CASE("$auth1", ""),
    CASE("$auth4", ""),
    CASE("$auth5", "Failed: unknown variable name \"auth5\""),
    CASE("$1 ${1}", " "),
    CASE("$10 x", " x"),
    CASE("${1x}", "Failed: } expected after number"),
    CASE("$h_foo:", ""),
    CASE("$h_foo", ""),
    CASE("${h_foo:}", "Failed: non-digit after underscore in \"h_foo\""),
    CASE("${h_foo}", "Failed: unknown variable in \"${h_foo}\""),
    CASE("${header_foo:x}", "Failed: unknown expansion operator \"header_foo\""),
    CASE("$h_:", ""),
    CASE("$1x", "x"),
    CASE("$n0 $sn0 $n10", "Failed: unknown variable name \"n0\""),
    CASE("$r_foo", ""),
    CASE("$r_", ""),
    CASE("$acl_arg1 $acl_arg9", " "),
    CASE("$acl_arg10",
         "Failed: unknown variable name \"acl_arg10\" (user-defined ACL variables must start acl_c or acl_m"
         ")"),
    CASE("$acl_narg", "0"),
    CASE("$item", ""),
    CASE("$value", ""),
    CASE("$recipients", ""),
    CASE("$message_headers", ""),
    CASE("$tls_in_cipher", ""),
    CASE("$tls_cipher", ""),
    CASE("$tls_in_peercert", ""),
    CASE("${a-b}", "Failed: unknown variable in \"${a-b}\""),
    CASE("${a.b}", "Failed: \"${a\" is not a known operator (or a } is missing in a variable reference)"),
    CASE("${if eq{$h_foo}{x}}",
         "Failed: missing } at end of string - could be header name not terminated by colon"),
    CASE("${if eq{$h_foo {x}{x}}", ""),
    CASE("${if eq{$h_foo:}{}}", "true"),
    CASE("$h_foo{", ""),
    CASE("$h_foo}", ""),
    CASE("$rh_x: $bh_x: $lh_x: $rheader_x: $bheader_x: $lheader_x: $header_x:", "      "),
    CASE("$hx_", "Failed: unknown variable name \"hx_\""),
    CASE("$h", "Failed: unknown variable name \"h\""),
    CASE("$header_", ""),
    CASE("$h_foo bar", " bar"),
    CASE("$h_foo\tbar", "\tbar"),
    CASE("a$h_foo-bar: x", "a x"),
    CASE("${srs_encode{a}}", "Failed: Not enough arguments for 'srs_encode' (min is 3)"),
    CASE("${srs_encode{a}{b}{c}{d}}", "Failed: Too many arguments for 'srs_encode' (max is 3)"),
};

static void test_dollars(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, dollars_cases);
}

static const struct expand_case text_cases[] = {
    CASE("a\\tb\\x41\\101\\8\\q", "a\tbAA8q"),
    CASE("a\\x4", "a\004"),
    CASE("a\\777", "a\377"),
    CASE("}", "}"),
    CASE("{", "{"),
    CASE("a}b", "a}b"),
};

static void test_text(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, text_cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        expand_test(test_skipped),
        expand_test(test_dollars),
        expand_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
