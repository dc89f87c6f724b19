/* Conditions: what the packaged Exim makes of the same strings with -be. */
#include "testing.h"

#include "expand_testing.h"

static const struct expand_case numbers_cases[] = {
    CASE("${if ={1}{1}}", "true"),
    CASE("${if =={1}{01}}", "true"),
    CASE("${if <{1}{2K}}", "true"),
    CASE("${if <{1}{a}}", "Failed: integer expected but \"a\" found"),
    CASE("${if <{}{1}}", "true"),
    CASE("${if <{ 1}{1 }}", ""),
    CASE("${if <{1x}{1 }}", "Failed: invalid integer \"1x\""),
    CASE("${if =<{1}{2}}", "Failed: missing { after \"=\""),
    CASE("${if =!{1}{2}}", "Failed: missing { after \"=\""),
    CASE("${if >={1}{2}}", ""),
    CASE("${if > {10M}{1m}}", "true"),
    CASE("${if ={99999999999999999999}{1}}",
         "Failed: absolute value of integer \"99999999999999999999\" is too large (overflow)"),
    CASE("${if ={-1}{-1k}}", ""),
    CASE("${if ={0x10}{16}}", "Failed: invalid integer \"0x10\""),
    CASE("${if ={1G}{1024M}}", "true"),
    CASE("${if ={1 K}{1024}}", "Failed: invalid integer \"1 K\""),
    CASE("${if =1{1}{1}}", "Failed: missing { after \"=\""),
};

static void test_numbers(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, numbers_cases);
}

static const struct expand_case truth_cases[] = {
    CASE("${if bool{true}}", "true"),
    CASE("${if bool{TRUE }}", "true"),
    CASE("${if bool{ yes}}", "true"),
    CASE("${if bool{x}}", "Failed: unrecognised boolean value \"x\""),
    CASE("${if bool{2}}", "true"),
    CASE("${if bool{-2}}", "true"),
    CASE("${if bool{00}}", ""),
    CASE("${if bool{+1}}", "Failed: unrecognised boolean value \"+1\""),
    CASE("${if bool{1k}}", "Failed: unrecognised boolean value \"1k\""),
    CASE("${if bool_lax{00}}", "true"),
    CASE("${if bool_lax{x}}", "true"),
    CASE("${if bool_lax{ no }}", ""),
    CASE("${if bool {}}", ""),
    CASE("${if bool{a}{b}}", "Failed: unrecognised boolean value \"a\""),
    CASE("${if bool}", "Failed: missing { after \"bool\""),
    CASE("${if def:nosuch}", "Failed: unknown variable \"nosuch\" after \"def:\""),
    CASE("${if def:h_foo:{y}{n}}", "n"),
    CASE("${if def:h_foo {y}{n}}", "n"),
    CASE("${if def:h_foo{y}{n}}",
         "Failed: missing or misplaced { or } - could be header name not terminated by colon"),
    CASE("${if def:{y}{n}}", "Failed: variable name omitted after \"def:\""),
    CASE("${if def:1{y}{n}}", "Failed: unknown variable \"1\" after \"def:\""),
    CASE("${if def:acl_m_foo}", ""),
    CASE("${if def:acl_m_foo{1}{2}}", "2"),
    CASE("${if def:acl_c1{1}{2}}", "2"),
    CASE("${if def:acl_cx{1}{2}}",
         "Failed: unknown variable \"acl_cx\" after \"def:\" (6th character of a user-defined ACL variable "
         "must be a digit or underscore)"),
    CASE("${if bool{true}{y}{n}}", "y"),
    CASE("${if bool {yes} {y} {n} }", "y"),
    CASE("${if def:h_foo{y}{n}",
         "Failed: missing or misplaced { or } - could be header name not terminated by colon"),
    CASE("${if def:h_foo{y}}x {n}", "Failed: syntax error in \"if\" item - \"fail\" expected"),
    CASE("${if def:rh_foo:{y}{n}}", "n"),
    CASE("${if def:header_foo:}", ""),
    CASE("${if def:h_:}", ""),
    CASE("${if def:header_:}", ""),
};

static void test_truth(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, truth_cases);
}

static const struct expand_case groups_cases[] = {
    CASE("${if and{{eq{a}{a}}{eq{a}{b}}}}", ""),
    CASE("${if and{{eq{a}{b}}{eq{a}{$nosuch}}}}",
         "Failed: unknown variable name \"nosuch\" inside \"and{...}\" condition"),
    CASE("${if and{{eq{a}{b}}{nosuch{a}{b}}}}",
         "Failed: unknown condition \"nosuch\" inside \"and{...}\" condition"),
    CASE("${if and{}}", "true"),
    CASE("${if and{{}}}", "Failed: condition name expected, but found \"}}}\" inside \"and{...}\" condition"),
    CASE("${if and{{eq{a}{a}}x}}",
         "Failed: each subcondition inside an \"and{...}\" condition must be in its own {}"),
    CASE("${if and{{eq{a}{a}x}}}", "Failed: missing } at end of condition inside \"and\" group"),
    CASE("${if and{{eq{a}{a}}",
         "Failed: each subcondition inside an \"and{...}\" condition must be in its own {}"),
    CASE("${if and {eq{a}{a}}}",
         "Failed: each subcondition inside an \"and{...}\" condition must be in its own {}"),
    CASE("${if and eq}", "Failed: missing { after \"and\""),
    CASE("${if or{{eq{a}{a}}{nosuch}}}", "Failed: unknown condition \"nosuch\" inside \"or{...}\" condition"),
    CASE("${if and{{match{abc}{(b)}}{match{xyz}{(y)(z)}}}{$1$2}}", "yz"),
    CASE("${if or{{match{abc}{(b)}}{match{xyz}{(y)(z)}}}{$1$2}}", "b"),
    CASE("${if and{{eq{a}{a}", "Failed: missing } at end of condition inside \"and\" group"),
    CASE("${if and{", "Failed: each subcondition inside an \"and{...}\" condition must be in its own {}"),
    CASE("${if and", "Failed: missing { after \"and\""),
    CASE("${if and{{eq{a}{a}} {eq{a}{a}} }}", "true"),
    CASE("${if and { { eq{a}{a} } { eq{a}{a} } } {y} }", "y"),
    CASE("${if and{{<{1}{a}}}}", "Failed: integer expected but \"a\" found inside \"and{...}\" condition"),
    CASE("${if !and{{eq{a}{b}}}}", "true"),
    CASE("${if and{{match{abc}{(b)}}{eq{x}{y}}}{$1}{n$1}}", "nb"),
};

static void test_groups(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, groups_cases);
}

static const struct expand_case lists_cases[] = {
    CASE("${if forany_jsons{[1,2]}{eq{$item}{1}}}",
         "Failed: missing '\"' wrapping string result for extract jsons"),
    CASE("${if forany_json{x}{eq{$item}{1}}}", "Failed: missing '[' wrapping array"),
    CASE("${if forall_json{[1,2}{eq{$item}{1}}}", "Failed: missing ']' wrapping array"),
    CASE("${if inlist{a}{x:a}{y$value}}", "ya"),
    CASE("${if inlist{A}{x:a}{y$value}{n}}", "n"),
    CASE("${if inlisti{A}{x:a}{y$value}{n}}$value", "ya"),
    CASE("${if inlist{a}}", "Failed: missing 2nd string in {} after \"inlist\""),
    CASE("${if inlist{}{a::b}}", ""),
    CASE("${if inlist{}{a: :b}}", "true"),
    CASE("${if forany{a:b}{eq{$item}{b}}}", "true"),
    CASE("${if forall{a:b}{eq{$item}{b}}}", ""),
    CASE("${if forany{}{eq{$item}{b}}}", ""),
    CASE("${if forall{}{eq{$item}{b}}}", ""),
    CASE("${if forany{a:b}{nosuch}}", "Failed: unknown condition \"nosuch\" inside \"forany\" condition"),
    CASE("${if forany{a:b}}", "Failed: missing { after \"forany\""),
    CASE("${if forany{a:b}eq}", "Failed: missing { after \"forany\""),
    CASE("${if forany{a:b}{eq{$item}{a}x}}", "Failed: missing } at end of condition inside \"forany\""),
    CASE("${if forany{a:b}{<{$item}{1}}}",
         "Failed: integer expected but \"a\" found inside \"forany\" condition"),
    CASE("${if forany{}{$nosuch}}",
         "Failed: condition name expected, but found \"$nosuch}}\" inside \"forany\" condition"),
    CASE("${if forany{a:b}{match{$item}{(b)}}{$item$1}}", "b"),
    CASE("${if forany_json{[1,2]}{eq{$item}{2}}}", "true"),
    CASE("${if forany_jsons{[\"a\",\"b\"]}{eq{$item}{b}}}", "true"),
    CASE("${if forall_json{[\"a\",\"b\"]}{match{$item}{\"}}}", "true"),
    CASE("${if forall_jsons{[\"a\",\"b\"]}{match{$item}{\"}}}", ""),
    CASE("${if inlist{a}{!a:b}}", ""),
    CASE("${if inlist{a}{^a}}", ""),
    CASE("${if inlist{+x}{+x}}", "true"),
    CASE("${if inlist{@}{@}}", "true"),
    CASE("${if inlist{a}{*}}", ""),
};

static void test_lists(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, lists_cases);
}

static const struct expand_case matches_cases[] = {
    CASE("${if match{abc}{b(c)}{<$0 $1 $2>}}$1", "<bc c >"),
    CASE("${if match{abc}{(}}",
         "Failed: regular expression error in \"(\": missing closing parenthesis at offset 1"),
    CASE("${if match{abc}}", "Failed: missing 2nd string in {} after \"match\""),
    CASE("${if !match{abc}{x(b)}{n$1}{y$1}}", "n"),
    CASE("${if isip{1.2.3.4}}", "true"),
    CASE("${if isip{1.2.3.4/8}}", ""),
    CASE("${if isip{999.1.1.1}}", ""),
    CASE("${if isip{::1}}", "true"),
    CASE("${if isip{1.2.3}}", ""),
    CASE("${if isip4{::1}}", ""),
    CASE("${if isip6{::1}}", "true"),
    CASE("${if isip6{fe80::1%eth0}}", "true"),
    CASE("${if isip{01.2.3.4}}", ""),
    CASE("${if isip{}}", ""),
    CASE("${if isip{1.2.3.4 }}", ""),
    CASE("${if isip{[1.2.3.4]}}", ""),
    CASE("${if isip{1.2.3.4}{y}fail}", "y"),
    CASE("${if match{a\\n}{a\\$}}", "true"),
    CASE("${if match{ab}{^(a)|(b)\\$}{$1}}", "a"),
    CASE("${if match{xa\\nb}{^b}}", ""),
    CASE("${if match{ABC}{(?i)b}}", "true"),
    CASE("${if match{a}{[}}",
         "Failed: regular expression error in \"[\": missing terminating ] for character class at offset 1"),
    CASE("${if match{a}{a(?{1})}}",
         "Failed: regular expression error in \"a(?{1\": unrecognized character after (? or (?- at offset 3"),
    CASE("${if match{caf\\xc3\\xa9}{^....\\$}}", ""),
    CASE("${if match{caf\\xc3\\xa9}{^.....\\$}}", "true"),
    CASE("${if match{}{}}", "true"),
    CASE("${if match{abcdefghijklm}{(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)}{$9|$10|$11}}", "i|j|k"),
    CASE("${if match{abc}{b}{${if match{xyz}{y}{}}$0}}", "b"),
};

static void test_matches(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, matches_cases);
}

static const struct expand_case names_cases[] = {
    CASE("${if nosuch{abc}}", "Failed: unknown condition \"nosuch\""),
    CASE("${if eq{a}{b}{$nosuch}{ok}}", "Failed: unknown variable name \"nosuch\""),
    CASE("${if eq{a}{b}",
         "Failed: curly-bracket problem in conditional yes/no parsing: 'yes' part did not start with '{'\n "
         "remaining string is ''"),
    CASE("${if eq{a}{b}{x}", "Failed: syntax error in \"if\" item - \"fail\" expected"),
    CASE("${if eq{a}{b}{x}{y}",
         "Failed: curly-bracket problem in conditional yes/no parsing: did not close with '}'\n remaining s"
         "tring is ''"),
    CASE("${if eq{a}{b}{x}{y}z",
         "Failed: curly-bracket problem in conditional yes/no parsing: did not close with '}'\n remaining s"
         "tring is 'z'"),
    CASE("${if eq{a}{b}{x}{y}z}",
         "Failed: curly-bracket problem in conditional yes/no parsing: did not close with '}'\n remaining s"
         "tring is 'z}'"),
    CASE("${if eq{a}{b}fail}",
         "Failed: curly-bracket problem in conditional yes/no parsing: 'yes' part did not start with '{'\n "
         "remaining string is 'fail}'"),
    CASE("${if eq{a}{b}{x}fail}", "Forced: \"if\" failed and \"fail\" requested"),
    CASE("${if eq{a}{b}{x}fial}", "Failed: syntax error in \"if\" item - \"fail\" expected"),
    CASE("${if eq{a}{b}{x} fail }", "Forced: \"if\" failed and \"fail\" requested"),
    CASE("${if eq{a}{b}{x}failz}", "Failed: syntax error in \"if\" item - \"fail\" expected"),
    CASE("${if eq{a}{a}{x}failz}", "Failed: syntax error in \"if\" item - \"fail\" expected"),
    CASE("${if eq{a}{a}{x}fail}", "x"),
    CASE("${if eq{a}}", "Failed: missing 2nd string in {} after \"eq\""),
    CASE("${if eq a}", "Failed: missing { after \"eq\""),
    CASE("${if eq }", "Failed: missing { after \"eq\""),
    CASE("${if}", "Failed: condition name expected, but found \"}\""),
    CASE("${if }", "Failed: condition name expected, but found \"}\""),
    CASE("${if{a}}", "Failed: condition name expected, but found \"{a}}\""),
    CASE("${if eq{a}{a}}", "true"),
    CASE("${if eq{a}{a} {} }", ""),
    CASE("${if eq{a}{b} }", ""),
    CASE("${if eq{a}{b}{c} }", ""),
    CASE("${if eq{a}{a}{$nosuch}fail}", "Failed: unknown variable name \"nosuch\""),
    CASE("${if eq{a}{b}{x}fail}${nosuch}", "Forced: \"if\" failed and \"fail\" requested"),
    CASE("${if !eq{a}{b}}", "true"),
    CASE("${if ! eq{a}{b}}", "true"),
    CASE("${if !!eq{a}{b}}", ""),
    CASE("${if not eq{a}{b}}", "Failed: unknown condition \"not\""),
    CASE("${if eqi{A}{a}}", "true"),
    CASE("${if lt{a}{B}}", ""),
    CASE("${if lti{a}{B}}", "true"),
    CASE("${if gt{a}{}}", "true"),
    CASE("${if gti{a}{A}}", ""),
    CASE("${if le{a}{a}}", "true"),
    CASE("${if lei{A}{a}}", "true"),
    CASE("${if ge{a}{ab}}", ""),
    CASE("${if gei{AB}{ab}}", "true"),
    CASE("${if exists{nosuch}}", ""),
    CASE("${if exists{}}", ""),
    CASE("${if first_delivery}", ""),
    CASE("${if first_delivery{a}{b}}", "b"),
    CASE("${if queue_running}", ""),
    CASE("${if queue_running{a}{b}}", "b"),
    CASE("${if acl{{nosuch}}}", "Failed: ERROR from acl \"nosuch\""),
    CASE("${if acl{{nosuch}{a}}}", "Failed: ERROR from acl \"nosuch\""),
    CASE("${if acl{}}", "Failed: too few arguments or bracketing error for acl"),
    CASE("${if acl}", "Failed: missing { after \"acl\""),
    CASE("${if acl{{a}{b}x}}", "Failed: too few arguments or bracketing error for acl"),
    CASE("${if saslauthd{a}}", "Failed: too few arguments or bracketing error for saslauthd"),
    CASE("${if saslauthd{{a}}}", "Failed: too few arguments or bracketing error for saslauthd"),
    CASE("${if eq {a} {a} {y} {n} }", "y"),
    CASE("${if eq{a} {a}{y}{n}}", "y"),
    CASE("${if  eq  {a}\t{a}\t{y}\t{n}\t}", "y"),
    CASE("${if eq_x{a}{a}}", "Failed: unknown condition \"eq_x\""),
    CASE("${if eqx{a}{a}}", "Failed: unknown condition \"eqx\""),
    CASE("${if e-q{a}{a}}", "Failed: unknown condition \"e\""),
    CASE("${if EQ{a}{a}}", "Failed: unknown condition \"EQ\""),
    CASE("${if #{1}{1}}", "Failed: condition name expected, but found \"#{1}{1}}\""),
    CASE("${if eq{$nosuch}{1}}", "Failed: unknown variable name \"nosuch\""),
    CASE("${if eq{a", "Failed: missing } at end of string"),
    CASE("${if eq{a}{", "Failed: missing } at end of string"),
    CASE("${if ++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++}",
         "Failed: condition name expected, but found \"++++++++++++++++\""),
    CASE("${if eq{a}{\\N}\\N}{y}{n}}", "n"),
    CASE("${if eq{}}{\\N}\\N}{y}{n}}", "Failed: missing 2nd string in {} after \"eq\""),
    CASE("${if eq{a}{b}{$acl_cx}}",
         "Failed: unknown variable name \"acl_cx\" (6th character of a user-defined ACL variable must be a "
         "digit or underscore)"),
    CASE("${if eq{a}{b}{$r_x}}", ""),
    CASE("${if eq{a}{b}{$1x}}", ""),
    CASE("${if eq{a}{b}{$}}", "Failed: $ not followed by letter, digit, or {"),
    CASE("${if eq{a}{a}{${if eq{a}{c}{x}fail}}}", "Forced: \"if\" failed and \"fail\" requested"),
};

static void test_names(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, names_cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        expand_test(test_numbers),
        expand_test(test_truth),
        expand_test(test_groups),
        expand_test(test_lists),
        expand_test(test_matches),
        expand_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
