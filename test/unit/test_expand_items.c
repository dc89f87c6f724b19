/* Expansion items: what the packaged Exim makes of the same strings with -be. */
#include "testing.h"

#include "expand_testing.h"

static const struct expand_case extract_cases[] = {
    CASE("${extract{0}{:}{x:42}}", "x:42"),
    CASE("${extract{5}{:}{x:42}{a}{b}}", "b"),
    CASE("${extract{-5}{:}{x:42}{a}{b}}", "b"),
    CASE("${extract{ 2 }{:}{x:42}{a$value}{b}}", "a42"),
    CASE("${extract{2x}{:}{x:42}}", ""),
    CASE("${extract{2x}{2x=42}}", "42"),
    CASE("${extract{2}{:}}", "Failed: missing '{' for arg 3 of extract"),
    CASE("${extract{2}}", "Failed: missing '{' for arg 2 of extract"),
    CASE("${extract{a}}", "Failed: missing '{' for arg 2 of extract"),
    CASE("${extract}", "Failed: missing '{' for arg 1 of extract"),
    CASE("${extract{2}{:,}{a:b,c}}", "b"),
    CASE("${extract{99999999999}{:}{x:42}}", ""),
    CASE("${extract{-}{:}{x:42}}", "x:42"),
    CASE("${extract{--1}{:}{x:42}}", ""),
    CASE("${extract{2}{}{x:42}{y}{n}}", "n"),
    CASE("${extract{1}{}{x:42}{y$value}{n}}", "yx:42"),
    CASE("${extract json{a}{ {\"a\":1, \"b\" : \"two\" } }}",
         "Failed: missing '}' wrapping object for extract json"),
    CASE("${extract json{b}{ {\"a\":1, \"b\" : \"two\" } }}",
         "Failed: missing '}' wrapping object for extract json"),
    CASE("${extract jsons{b}{ \\{\"a\":1, \"b\" : \"two\" \\} }}", "two"),
    CASE("${extract jsons {b}{ \\{\"a\":1, \"b\" : \"two\" \\} }}", "two"),
    CASE("${extract jsonx {b}{ \\{\"a\":1, \"b\" : \"two\" \\} }}",
         "Failed: missing '{' for arg 1 of extract"),
    CASE("${extract json{1}{[1,2,\"x\"]}}", "1"),
    CASE("${extract json{3}{[1,2,\"x\"]}}", "\"x\""),
    CASE("${extract jsons{3}{[1,2,\"x\"]}}", "x"),
    CASE("${extract jsons{3}{[1,2,\"x\"]}{<$value>}{no}}", "<x>"),
    CASE("${extract json{4}{[1,2,\"x\"]}{<$value>}{no}}", "no"),
    CASE("${extract json{0}{[1,2,\"x\"]}{<$value>}{no}}",
         "Failed: first argument of \"extract\" must be greater than zero"),
    CASE("${extract json{-1}{[1,2,\"x\"]}{<$value>}{no}}",
         "Failed: first argument of \"extract\" must be greater than zero"),
    CASE("${extract json{1}{ [ \\{\"a\":[1,2]\\}, 2] }}", "{\"a\":[1,2]}"),
    CASE("${extract json{b}{ junk }{y}{n}}", "Failed: missing '{' wrapping object for extract json"),
    CASE("${extract json{1}{ junk }{y}{n}}", "Failed: missing '[' wrapping array for extract json"),
    CASE("${extract json{1}{[}{y}{n}}", "Failed: missing ']' wrapping array for extract json"),
    CASE("${extract json{1}{}{y}{n}}", "Failed: missing '[' wrapping array for extract json"),
    CASE("${extract{a}{b}{c}{d}{e}}",
         "Failed: curly-bracket problem in conditional yes/no parsing: did not close with '}'\n remaining s"
         "tring is '{e}}'"),
    CASE("${extract{1}{b}{c}{d}{e}{f}}",
         "Failed: curly-bracket problem in conditional yes/no parsing: did not close with '}'\n remaining s"
         "tring is '{f}}'"),
    CASE("${extract{1}{b}{c}{d}{e}f}",
         "Failed: curly-bracket problem in conditional yes/no parsing: did not close with '}'\n remaining s"
         "tring is 'f}'"),
    CASE("${extract{1}{:}{}{y}{n}}", "y"),
    CASE("${extract{-1}{:}{}{y}{n}}", "y"),
    CASE("${extract{2}{:}{}{y}{n}}", "n"),
    CASE("${extract{a}{}{y}{n}}", "n"),
    CASE("${extract{b}{a=1 b c=2}{<$value>}{n}}", "<c=2>"),
    CASE("${extract{c}{a=1 b c=2}{<$value>}{n}}", "n"),
    CASE("${extract{b}{a=1 b =c=2}{<$value>}{n}}", "<c=2>"),
    CASE("${extract{a}{a=\"x y\" b=\"z}{<$value>}{n}}", "<x y>"),
    CASE("${extract{b}{a=\"x y\" b=\"z}{<$value>}{n}}", "<z>"),
    CASE("${extract{a}{a=\"x\\\\ty\"b=3}{<$value>}{n}}", "<x\ty>"),
    CASE("${extract{b}{a=\"x\\\\ty\"b=3}{<$value>}{n}}", "<3>"),
    CASE("${extract{a}{a=x\"y z\"}{<$value>}{n}}", "<x\"y>"),
    CASE("${extract{a}{a=}{<$value>}{n}}", "<>"),
    CASE("${extract{a}{ a }{<$value>}{n}}", "<>"),
    CASE("${extract{a}{b a}{<$value>}{n}}", "n"),
    CASE("${extract{a}{a==b}{<$value>}{n}}", "<=b>"),
    CASE("${extract{a}{=a b}{<$value>}{n}}", "n"),
    CASE("${extract{a b}{a b=c}{<$value>}{n}}", "n"),
    CASE("${extract{a}{A=1 a=2}{<$value>}{n}}", "<1>"),
    CASE("${extract{a}{a=\"\"}{<$value>}{n}}", "<>"),
    CASE("${extract{a}{b=\"\" a=1}{<$value>}{n}}", "<1>"),
    CASE("${extract{a}{b= a=1}{<$value>}{n}}", "n"),
    CASE("${extract{a}{b=", "Failed: missing } at end of string"),
    CASE("${extract{$acl_m1}{a=1}}", "Failed: first argument of \"extract\" must not be empty"),
    CASE("${extract{${lc:A}}{a=1}}", "1"),
    CASE("${extract{${lc:A}}{a=1}{<$value>}{n}}", "<1>"),
    CASE("${extract{${lc:B}}{a=1}{<$value>}{n}}", "n"),
    CASE("${extract{${lc:B}}{a=1}{<$value>}fail}", "Forced: \"extract\" failed and \"fail\" requested"),
    CASE("${extract{${lc:1}}{:}{a:b}}", "a"),
    CASE("${extract{${lc:1}}{:}{a:b}{<$value>}}", "<a>"),
    CASE("${extract{${lc:1}}{:}{a:b}{<$value>}{no}}", "<a>"),
    CASE("${extract{${lc:3}}{:}{a:b}{<$value>}{no}}", "no"),
    CASE("${extract{${lc:3}}{:}{a:b}{<$value>}fail}", "Forced: \"extract\" failed and \"fail\" requested"),
    CASE("${extract{${lc:3}}{:}}", "Failed: missing '{' for arg 3 of extract"),
    CASE("${extract{${lc:a}}}", "Failed: missing '{' for arg 2 of extract"),
    CASE("${extract{${lc:1}}{a}{b}{y}{n}{z}}",
         "Failed: curly-bracket problem in conditional yes/no parsing: did not close with '}'\n remaining s"
         "tring is '{z}}'"),
    CASE("${extract{1}{a}{b}fail}",
         "Failed: curly-bracket problem in conditional yes/no parsing: 'yes' part did not start with '{'\n "
         "remaining string is 'fail}'"),
    CASE("${extract{1}{: }{a: b}}", "a"),
    CASE("${extract{3}{: }{a: b}}", "b"),
    CASE("${extract{+1}{:}{a:b}{y$value}{n}}",
         "Failed: curly-bracket problem in conditional yes/no parsing: did not close with '}'\n remaining s"
         "tring is '{n}}'"),
    CASE("${extract{1 2}{:}{a:b}{y$value}{n}}",
         "Failed: curly-bracket problem in conditional yes/no parsing: did not close with '}'\n remaining s"
         "tring is '{n}}'"),
    CASE("${extract json{a}{\\{\"a\":true,\"b\":null\\}}}", "true"),
    CASE("${extract json{b}{\\{\"a\":true,\"b\":null\\}}}", "null"),
    CASE("${extract jsons{a}{\\{\"a\":true,\"b\":null\\}}}",
         "Failed: missing '\"' wrapping string result for extract jsons"),
    CASE("${extract jsons{a}{\\{\"a\":\"x\\\\\"y\",\"b\":1\\}}}", "x\\\"y"),
    CASE("${extract json{a.b}{\\{\"a.b\":1\\}}}", "1"),
    CASE("${extract json{A}{\\{\"a\":1\\}}{y}{n}}", "n"),
    CASE("${extract json{a}{\\{\\}}{y}{n}}", "n"),
    CASE("${extract json{1}{[]}{y$value}{n}}", "n"),
    CASE("${extract json{1}{[[1,2],3]}{y$value}{n}}", "y[1,2]"),
    CASE("${extract json{2}{[[1,2],3]}{y$value}{n}}", "y3"),
    CASE("${extract json{2}{[ 1 , 2 , 3 ]}{y<$value>}{n}}", "y<2>"),
    CASE("${extract json{}{[1]}}", "Failed: first argument of \"extract\" must not be empty"),
    CASE("${extract json}", "Failed: missing '{' for arg 1 of extract"),
    CASE("${extract json{a}}", "Failed: missing '{' for arg 2 of extract"),
    CASE("${extract jsons{1}{[\"a\\\\nb\"]}}", "a\\nb"),
    CASE("${extract  json {a}{\\{\"a\":1\\}}}", "1"),
    CASE("${extract json {a} {\\{\"a\":1\\}} {y} {n} }", "y"),
};

static void test_extract(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, extract_cases);
}

static const struct expand_case lists_cases[] = {
    CASE("${map{a:b:c}{[$item]}}", "[a]:[b]:[c]"),
    CASE("${map{<- x-y-z}{($item)}}", "(x)-(y)-(z)"),
    CASE("${map{a:b:c}{$item:x}}", "a::x:b::x:c::x"),
    CASE("${map{a::b:c}{$item::}}", "a::b:::::c::::"),
    CASE("${map{a: :c}{$item}}", "a: :c"),
    CASE("${map{a: :c}{}}", ": : "),
    CASE("${map{}{x}}", ""),
    CASE("${map{:}{x}}", "x"),
    CASE("${map{::}{x}}", "x"),
    CASE("${map{<; a;b}{\\;$item}}", ";;a; ;;b"),
    CASE("${map{a:b}{$nosuch}}", "Failed: unknown variable name \"nosuch\" inside \"map\" item"),
    CASE("${map{}{$nosuch}}", "Failed: unknown variable name \"nosuch\" inside \"map\" item"),
    CASE("${map{a:b}}", "Failed: missing '{' for last arg of map"),
    CASE("${map{a:b}{c}{d}}", "Failed: missing } at end of \"map\""),
    CASE("${map{a:b}{c}d}", "Failed: missing } at end of \"map\""),
    CASE("${map a:b}", "Failed: missing '{' for first arg of map"),
    CASE("${map{a:b}c}", "Failed: missing '{' for last arg of map"),
    CASE("${map{a:b", "Failed: missing } at end of string"),
    CASE("${map{<\\n a\\nb}{$item}}", "a\nb"),
    CASE("${map{<, a,,b}{$item}}", "a,,b"),
    CASE("${map{a : b }{<$item>}}", "<a>:<b>"),
    CASE("${filter{a:b:c}{!eq{$item}{b}}}", "a:c"),
    CASE("${filter{a:b:c}{eq{$item}{x}}}", ""),
    CASE("${filter{a:b:c}{}}", "Failed: condition name expected, but found \"}}\" inside \"filter\" item"),
    CASE("${filter{a:b:c}{nosuch{x}}}", "Failed: unknown condition \"nosuch\" inside \"filter\" item"),
    CASE("${filter{a:b:c}{eq{$item}{x}}{y}}", "Failed: missing } at end of \"filter\""),
    CASE("${filter{a:b:c}eq}", "Failed: missing '{' for last arg of filter"),
    CASE("${filter{a:b:c}{eq{$item}{x}x}}",
         "Failed: missing } at end of condition or expression inside \"filter\"; could be an unquoted } in "
         "the content"),
    CASE("${filter{a:b:c}}", "Failed: missing '{' for last arg of filter"),
    CASE("${filter{a:b:c}{eq{$item}}}",
         "Failed: missing 2nd string in {} after \"eq\" inside \"filter\" item"),
    CASE("${filter{}{eq{$item}}}", "Failed: missing 2nd string in {} after \"eq\" inside \"filter\" item"),
    CASE("${filter{a::b:c}{eq{$item}{a:b}}}", "a::b"),
    CASE("${reduce {<, 1,2,3}{0}{${eval:$value+$item}}}", "6"),
    CASE("${reduce {<, 1,2,3}{0}}", "Failed: missing '{' for last arg of reduce"),
    CASE("${reduce {<, 1,2,3}}", "Failed: missing '{' for second arg of reduce"),
    CASE("${reduce {<, 1,2,3}{0}{x}{y}}", "Failed: missing } at end of \"reduce\""),
    CASE("${reduce {}{7}{x}}", "7"),
    CASE("${listextract{2}{x:42:99}}", "42"),
    CASE("${listextract{0}{x:42}{y}{n}}", "n"),
    CASE("${listextract{5}{x:42}{y}{n}}", "n"),
    CASE("${listextract{5}{x:42}}", ""),
    CASE("${listextract{5}{x:42}{y}fail}", "Forced: \"listextract\" failed and \"fail\" requested"),
    CASE("${listextract{x}{x:42}}", "Failed: first argument of \"listextract\" must be numeric"),
    CASE("${listextract{}{x:42}}", "Failed: first argument of \"listextract\" must not be empty"),
    CASE("${listextract{1k}{x:42}}", "Failed: first argument of \"listextract\" must be numeric"),
    CASE("${listextract{ 1 }{x:42}}", "x"),
    CASE("${listextract{1}}", "Failed: missing '{' for arg 2 of listextract"),
    CASE("${listextract{1}{x::y}}", "x:y"),
    CASE("${listextract }", "Failed: missing '{' for arg 1 of listextract"),
    CASE("${listextract{1}{a}{b}{c}{d}}",
         "Failed: curly-bracket problem in conditional yes/no parsing: did not close with '}'\n remaining s"
         "tring is '{d}}'"),
    CASE("${listquote{:}{a:b::c}}", "a::b::::c"),
    CASE("${listquote{:}{}}", " "),
    CASE("${listquote{}{a}}", "a"),
    CASE("${listquote{::}{a:b}}", "a::b"),
    CASE("${listquote{:}}", "Failed: Not enough arguments for 'listquote' (min is 2)"),
    CASE("${reduce{a}{b}{$nosuch}}", "Failed: unknown variable name \"nosuch\" inside \"reduce\" item"),
    CASE("${reduce{a}{b}{${if <{x}{1}}}}", "Failed: integer expected but \"x\" found inside \"reduce\" item"),
    CASE("${reduce{a}{$nosuch}{c}}", "Failed: unknown variable name \"nosuch\""),
    CASE("${map{$nosuch}{c}}", "Failed: unknown variable name \"nosuch\""),
    CASE("${filter{a:b}{<{$item}{1}}}",
         "Failed: integer expected but \"a\" found inside \"filter\" condition"),
    CASE("${filter{a:b}{eq{a}{a}",
         "Failed: missing } at end of condition or expression inside \"filter\"; could be an unquoted } in "
         "the content"),
    CASE("${filter{a:b}{eq{a}{a}}", "Failed: missing } at end of \"filter\""),
    CASE("${map{a:b}{c}", "Failed: missing } at end of \"map\""),
    CASE("${map{a:b}{c", "Failed: missing } at end of string inside \"map\" item"),
    CASE("${listquote{;}{a;b:c}}", "a;;b:c"),
    CASE("${listquote{ }{a b}}", "a  b"),
    CASE("${listextract{1}{}{y}{n}}", "n"),
    CASE("${listextract{1}{ : }{y<$value>}{n}}", "y<>"),
    CASE("${listextract{-1}{a:b:}{y<$value>}{n}}", "y<b>"),
    CASE("${listextract{-2}{a:b}{y<$value>}{n}}", "y<a>"),
    CASE("${listextract{-3}{a:b}{y<$value>}{n}}", "n"),
    CASE("${listextract{+1}{a:b}{y<$value>}{n}}",
         "Failed: first argument of \"listextract\" must be numeric"),
    CASE("${listextract{-}{a:b}{y<$value>}{n}}", "n"),
    CASE("${listextract{1}{a:b}{y<$value>}",
         "Failed: syntax error in \"listextract\" item - \"fail\" expected"),
    CASE("${listextract{1}{<;a:b;c}{y<$value>}}", "y<a:b>"),
};

static void test_lists(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, lists_cases);
}

static const struct expand_case sort_cases[] = {
    CASE("${sort{3:2:1:4}{<}{$item}}", "1:2:3:4"),
    CASE("${sort{3:2:1:4}{>}{$item}}", "4:3:2:1"),
    CASE("${sort{b:a:c}{lt}{$item}}", "a:b:c"),
    CASE("${sort{b:a:c}{gti}{$item}}", "c:b:a"),
    CASE("${sort{b:a:c}{eq}{$item}}", "Failed: comparator not handled for sort"),
    CASE("${sort{b:a:c}{}{$item}}", "Failed: condition name expected, but found \"\""),
    CASE("${sort{b:a:c}{lt}{$nosuch}}", "Failed: unknown variable name \"nosuch\""),
    CASE("${sort{b:a:c}{lt}}", "Failed: missing '{' for extractor arg of sort"),
    CASE("${sort{b:a:c}}", "Failed: missing '{' for comparator arg of sort"),
    CASE("${sort{b:a:c}{<}{$item}}", "b:a:c"),
    CASE("${sort{}{<}{$item}}", ""),
    CASE("${sort{10,1:2,2:3,0}{<}{${extract{2}{,}{$item}}}}", "3,0:10,1:2,2"),
    CASE("${sort{a1:b1:c1:a2}{le}{${substr_0_1:$item}}}", "a2:a1:b1:c1"),
    CASE("${sort{a1:b1:c1:a2}{lt}{${substr_0_1:$item}}}", "a1:a2:b1:c1"),
    CASE("${sort{<, b:x,a,c}{lt}{$item}}", "a,b:x,c"),
    CASE("${sort{b::x:a:c}{lt}{$item}}", "a:b::x:c"),
    CASE("${sort{b:a}{match}{$item}}", "Failed: comparator not handled for sort"),
    CASE("${sort{b:a}{inlist}{$item}}", "Failed: comparator not handled for sort"),
    CASE("${sort{b:a}{=}{$item}}", "Failed: comparator not handled for sort"),
    CASE("${sort{3:2:1:4}{<}{$item}x}", "Failed: missing } at end of \"sort\""),
    CASE("${sort{3:2:1:4}{<}{$item}", "Failed: missing } at end of \"sort\""),
    CASE("${sort{3:2:1:4}{<}", "Failed: missing '{' for extractor arg of sort"),
    CASE("${sort{3:2:1:4}x", "Failed: missing '{' for comparator arg of sort"),
    CASE("${sort{3:2:1:4}{<", "Failed: missing } at end of string"),
    CASE("${sort 3", "Failed: missing '{' for list arg of sort"),
    CASE("${sort{a:b}{<}{$item}}", "a:b"),
    CASE("${sort{a:b}{$nosuch}{$item}}", "Failed: condition name expected, but found \"$nosuch\""),
    CASE("${sort{a:b}{< }{$item}}", "a:b"),
    CASE("${sort{a:b}{<x}{$item}}", "a:b"),
    CASE("${sort{B:a}{lti}{$item}}", "a:B"),
    CASE("${sort{2:1}{<=}{$item}}", "1:2"),
    CASE("${sort{2:1}{>=}{$item}}", "2:1"),
    CASE("${sort{2:1}{==}{$item}}", "Failed: comparator not handled for sort"),
};

static void test_sort(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, sort_cases);
}

static const struct expand_case substitutions_cases[] = {
    CASE("${sg{abc}{b}{x}}", "axc"),
    CASE("${sg{abc}{b}}", "Failed: Not enough arguments for 'sg' (min is 3)"),
    CASE("${sg{abc}}", "Failed: Not enough arguments for 'sg' (min is 3)"),
    CASE("${sg}", "Failed: Not enough arguments for 'sg' (min is 3)"),
    CASE("${sg }", "Failed: Not enough arguments for 'sg' (min is 3)"),
    CASE("${sg abc}", "Failed: Not enough arguments for 'sg' (min is 3)"),
    CASE("${sg{abc}{b}{x}{y}}", "Failed: Too many arguments for 'sg' (max is 3)"),
    CASE("${sg{abc}{b}{x}y}", "Failed: missing '}' after 'sg'"),
    CASE("${sg{abc}{b}{x}", "Failed: missing '}' after 'sg'"),
    CASE("${sg{abc}{b}{x", "Failed: missing } at end of string"),
    CASE("${sg {abc} {b} {x} }", "axc"),
    CASE("${sg{abc}{(}{x}}",
         "Failed: regular expression error in \"(\": missing closing parenthesis at offset 1"),
    CASE("${sg{abc}{b*}{-}}", "-a--c-"),
    CASE("${sg{aaa}{^a}{b}}", "baa"),
    CASE("${sg{abcdef}{(b)(c)}{\\$2\\$1\\${1}}}", "Failed: } expected after number"),
    CASE("${sg{abcdef}{(b)(c)}{\\$nosuch}}", "Failed: unknown variable name \"nosuch\""),
    CASE("${sg{abcdef}{x}{\\$nosuch}}", "abcdef"),
    CASE("${sg{}{^\\$}{x}}", "x"),
    CASE("${sg{abc}{\\$}{x}}", "abcx"),
    CASE("${sg{abc}{}{x}}", "xaxbxcx"),
    CASE("${sg{a\\nb}{^b}{x}}", "a\nb"),
    CASE("${sg{a.b.c}{\\\\.}{-}}", "a-b-c"),
    CASE("${tr{abcdea}{ac}{13}}", "1b3de1"),
    CASE("${tr{abcdea}{ac}{1}}", "1b1de1"),
    CASE("${tr{abcdea}{ac}{}}", "abcdea"),
    CASE("${tr{abcdea}{aca}{123}}", "3b2de3"),
    CASE("${tr{a}{b}}", "Failed: Not enough arguments for 'tr' (min is 3)"),
    CASE("${tr{abc}{a-c}{xyz}}", "xbz"),
    CASE("${tr{}{a}{b}}", ""),
    CASE("${tr{abc}{}{x}}", "abc"),
    CASE("${sg{abc}{B}{x}}", "abc"),
    CASE("${sg{abcabc}{(?i)B}{[\\$0]}}", "a[b]ca[b]c"),
    CASE("${sg{abc}{(x)?b}{[\\$1]}}", "a[]c"),
    CASE("${sg{aXbX}{X}{\\\\\\$}}", "a$b$"),
    CASE("${sg{aXbX}{X}{\\\\n}}", "a\nb\n"),
    CASE("${sg{abc}{b}{\\${lc:Q\\}}}", "aqc"),
    CASE("${sg{abc}{b}{}}", "ac"),
    CASE("${sg{abcd}{(?<=b)}{-}}", "ab-cd"),
    CASE("${sg{aa}{a*?}{x}}", "xxxxx"),
    CASE("${sg{\\n\\n}{^}{x}}", "x\n\n"),
    CASE("${sg{abab}{\\Aab}{x}}", "abab"),
    CASE("${sg{abab}{^ab}{x}}", "xab"),
    CASE("${sg{abc}{c\\$}{x}}", "abx"),
    CASE("${sg{foo bar}{\\\\bb}{x}}", "foo xar"),
    CASE("${sg{a/b/c}{/}{\\$nosuch}}", "Failed: unknown variable name \"nosuch\""),
    CASE("${sg{a/b/c}{/}{\\$1}}$1", "abc"),
};

static void test_substitutions(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, substitutions_cases);
}

static const struct expand_case cuts_cases[] = {
    CASE("${length{3}{abcdef}}", "abc"),
    CASE("${length{10}{abcdef}}", "abcdef"),
    CASE("${length{-1}{abcdef}}", "Failed: \"-1\" is not a positive number (in \"length\" expansion)"),
    CASE("${length{x}{abcdef}}", "Failed: \"x\" is not a positive number (in \"length\" expansion)"),
    CASE("${length{}{abcdef}}", ""),
    CASE("${length{3}}", "Failed: Not enough arguments for 'length' (min is 2)"),
    CASE("${substr{1}{2}{abcdef}}", "bc"),
    CASE("${substr{-3}{2}{abcdef}}", "de"),
    CASE("${substr{-5}{2}{12}}", ""),
    CASE("${substr{-3}{2}{12}}", "1"),
    CASE("${substr{-1}{abcde}}", "abcd"),
    CASE("${substr{2}{abcde}}", "cde"),
    CASE("${substr{1}{-2}{abcdef}}", "Failed: \"-2\" is not a positive number (in \"substr\" expansion)"),
    CASE("${substr{1}{x}{abcdef}}", "Failed: \"x\" is not a positive number (in \"substr\" expansion)"),
    CASE("${substr{x}{1}{abcdef}}", "Failed: \"x\" is not a number (in \"substr\" expansion)"),
    CASE("${substr{1}}", "Failed: Not enough arguments for 'substr' (min is 2)"),
    CASE("${substr{1}{2}{3}{4}}", "Failed: Too many arguments for 'substr' (max is 3)"),
    CASE("${substr{1k}{2}{abc}}", "Failed: \"1k\" is not a number (in \"substr\" expansion)"),
    CASE("${substr{ 1}{2}{abc}}", "bc"),
    CASE("${substr{1 }{2}{abc}}", "Failed: \"1 \" is not a number (in \"substr\" expansion)"),
    CASE("${length{1}{2}{3}}", "Failed: Too many arguments for 'length' (max is 2)"),
    CASE("${length{+1}{abc}}", "a"),
    CASE("${length{99999999999999999999}{abc}}",
         "Failed: \"99999999999999999999\" is not a positive number (in \"length\" expansion)"),
    CASE("${substr{}{2}{abc}}", "ab"),
    CASE("${substr{1}{}{abc}}", ""),
    CASE("${substr{-1}{1}{}}", ""),
    CASE("${substr{-99999}{1}{a}}", ""),
};

static void test_cuts(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, cuts_cases);
}

static const struct expand_case hashes_cases[] = {
    CASE("${hash{3}{monty}}", "jmg"),
    CASE("${hash{5}{monty}}", "monty"),
    CASE("${hash{4}{62}{monty python}}", "fbWx"),
    CASE("${hash{4}{monty python}}", "ffqb"),
    CASE("${hash{0}{monty}}", ""),
    CASE("${hash{3}{63}{monty}}", "Failed: hash count \"63\" too big"),
    CASE("${hash{3}{100}{montyabcd}}", "Failed: hash count \"100\" too big"),
    CASE("${hash{}{monty}}", ""),
    CASE("${nhash{8}{64}{supercalifragilisticexpialidocious}}", "6/33"),
    CASE("${nhash{8}{supercalifragilisticexpialidocious}}", "1"),
    CASE("${hmac{md5}{somesecret}{hello}}", "e877b44cbc6563b0df5e0c96de64b3fa"),
    CASE("${hmac{sha1}{somesecret}{hello}}", "d1a2216051a4776c512061a6f271828c0ca4c738"),
    CASE("${hmac{sha256}{somesecret}{hello}}", "Failed: hmac algorithm \"sha256\" is not recognised"),
    CASE("${hmac{MD5}{somesecret}{hello}}", "Failed: hmac algorithm \"MD5\" is not recognised"),
    CASE("${hmac{md5}{somesecret}}", "Failed: Not enough arguments for 'hmac' (min is 3)"),
    CASE("${hmac{md5}}", "Failed: Not enough arguments for 'hmac' (min is 3)"),
    CASE("${hmac{sha1}{0123456789012345678901234567890123456789012345678901234567890123456789}{hello}}",
         "afd2080a057927145753a33a46d8e3c80841f5e2"),
    CASE("${hash{3}{63}{montyabcd}}", "Failed: hash count \"63\" too big"),
    CASE("${hash{3}{64}{montyabcd}}", "Failed: hash count \"64\" too big"),
    CASE("${hash{x}{62}{montyabcd}}", "Failed: \"x\" is not a number (in \"hash\" expansion)"),
    CASE("${hash{3}{x}{montyabcd}}", "Failed: \"x\" is not a positive number (in \"hash\" expansion)"),
    CASE("${hash{3}{1}{montyabcd}}", "aaa"),
    CASE("${hash{0}{5}{montyabcd}}", ""),
    CASE("${nhash{x}{montyabcd}}", "Failed: \"x\" is not a number (in \"nhash\" expansion)"),
    CASE("${nhash{1}{x}{montyabcd}}", "Failed: \"x\" is not a positive number (in \"nhash\" expansion)"),
    CASE("${nhash{1}{-1}{montyabcd}}", "Failed: \"-1\" is not a positive number (in \"nhash\" expansion)"),
};

static void test_hashes(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, hashes_cases);
}

static const struct expand_case folders_cases[] = {
    CASE("${imapfolder{a/b}}", "a.b"),
    CASE("${imapfolder{Foo/Bar}}", "Foo.Bar"),
    CASE("${imapfolder{Foo/Bar}{.}}", "Failed: imapfolder: illegal character '/'"),
    CASE("${imapfolder{Foo.Bar}}", "Failed: imapfolder: illegal character '.'"),
    CASE("${imapfolder{Foo.Bar}{.}}", "Foo.Bar"),
    CASE("${imapfolder{Foo.Bar}{/}}", "Failed: imapfolder: illegal character '.'"),
    CASE("${imapfolder{Foo/Bar}{/}{\\$}}", "Foo.Bar"),
    CASE("${imapfolder{a&b}}", "a&-b"),
    CASE("${imapfolder{caf\\xc3\\xa9}}", "caf&AOk-"),
    CASE("${imapfolder{\\xe5\\x8f\\xb0\\xe5\\x8c\\x97/\\xe6\\x97\\xa5\\xe6\\x9c\\xac\\xe8\\xaa\\x9e}}",
         "&U,BTFw-.&ZeVnLIqe-"),
    CASE("${imapfolder{a\\xc3\\xa9\\xc3\\xa9b}}", "a&AOkA6Q-b"),
    CASE("${imapfolder{a\\tb}}", "a&AAk-b"),
    CASE("${imapfolder{Foo/Bar}{/}{o}}", "F&AG8Abw-.Bar"),
    CASE("${imapfolder{Foo/Bar}{}}", "Failed: IMAP folder separator must be one character, found \"\""),
    CASE("${imapfolder{Foo/Bar}{/}{}}", "Foo.Bar"),
    CASE("${imapfolder{\\xc3}}",
         "Failed: imapfolder: iconv() failed to convert from UTF-8: Invalid argument"),
    CASE("${imapfolder{\\xf0\\x9f\\x98\\x80}}", "&2D3eAA-"),
    CASE("${imapfolder{}}", ""),
    CASE("${imapfolder{a}{b}{c}{d}}", "Failed: Too many arguments for 'imapfolder' (max is 3)"),
    CASE("${imapfolder{Foo/Bar}{ab}}", "Failed: IMAP folder separator must be one character, found \"ab\""),
    CASE("${imapfolder{\\xff}}",
         "Failed: imapfolder: iconv() failed to convert from UTF-8: Invalid or incomplete multibyte or wide"
         " character"),
    CASE("${imapfolder{a\\177b}}", "a&AH8-b"),
};

static void test_folders(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, folders_cases);
}

static const struct expand_case others_cases[] = {
    CASE("${lookup{rxot} }", "Failed: missing lookup type"),
    CASE("${lookup}", "Failed: missing lookup type"),
    CASE("${lookup }", "Failed: missing lookup type"),
    CASE("${run}", "Failed: missing '{' for command arg of run"),
    CASE("${env{NOSUCH}{<$value>}{no}}", "no"),
    CASE("${env{NOSUCH}{<$value>}fail}", "Forced: \"env\" failed and \"fail\" requested"),
    CASE("${env{}{<$value>}{e}}", "e"),
    CASE("${readfile{etc/hostname}}", "Failed: failed to open etc/hostname: No such file or directory"),
    CASE("${readfile{/etc}}", ""),
    CASE("${readfile{}}", "Failed: failed to open : No such file or directory"),
    CASE("${readfile}", "Failed: Not enough arguments for 'readfile' (min is 1)"),
    CASE("${readfile{/a}{b}{c}}", "Failed: Too many arguments for 'readfile' (max is 2)"),
    CASE("${acl}", "Failed: Not enough arguments for 'acl' (min is 1)"),
    CASE("${authresults{foo}}", "Authentication-Results: foo"),
    CASE("${authresults{}}", "Authentication-Results: "),
    CASE("${authresults}", "Failed: Not enough arguments for 'authresults' (min is 1)"),
    CASE("${perl}", "Failed: Not enough arguments for 'perl' (min is 1)"),
    CASE("${dlfunc}", "Failed: Not enough arguments for 'dlfunc' (min is 2)"),
    CASE("${dlfunc{a}}", "Failed: Not enough arguments for 'dlfunc' (min is 2)"),
    CASE("${certextract}", "Failed: missing '{' for field arg of certextract"),
    CASE("${certextract{}{$tls_in_peercert}{y}{n}}", "n"),
};

static void test_others(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, others_cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        expand_test(test_extract),
        expand_test(test_lists),
        expand_test(test_sort),
        expand_test(test_substitutions),
        expand_test(test_cuts),
        expand_test(test_hashes),
        expand_test(test_folders),
        expand_test(test_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
