/* Address lists. What is expected is what the packaged Exim answers, but for the value of an item with a
 * wildcard in its local part, which Exim 4.96 garbles. */
#include "base/buffer.h"
#include "list_matching.h"
#include "testing.h"

#define assert_address(subject, list, outcome) \
    assert_string_equal(list_outcome(*state, LIST_ADDRESS, str_taint(STR(subject)), list), outcome)

static void test_items(void **state)
{
    assert_address("joe@a.b", "joe@a.b", "[joe@a.b]");
    assert_address("Joe@A.b", "joe@a.B", "[joe@a.B]");
    assert_address("joe@a.b", "*oe@a.b", "[*oe@a.b]");
    assert_address("xA@b", "*a@b", "[*a@b]");
    assert_address("a@b", "*b@b", "no");
    assert_address("a@b", "**@b", "no");
    assert_address("joe@a.b", "*@a.b", "[*@a.b]");
    assert_address("joe@a.b", "*@*.b", "[*@*.b]");
    assert_address("joe@a.b", "*.b", "[@*.b]");
    assert_address("joe@a.b", "a.b", "[@a.b]");
    assert_address("joe@a.b", "*", "[@*]");
    assert_address("joe@a.b", "joe@*", "[joe@*]");
    assert_address("joe@a.b", "@a.b", "no");
    assert_address("joe@a.b", "joe@", "no");
    assert_address("joe@a.b", "joe", "no");
    assert_address("joe@a.b", "*@", "no");
    assert_address("@a.b", "@a.b", "[@a.b]");
    assert_address("@a.b", "*@a.b", "[*@a.b]");
    assert_address("a@b@c", "a@b@c", "[a@b@c]");
    assert_address("a@b@c", "a@*", "no");
    assert_address("a@b@c", "*@c", "[*@c]");
    assert_address("\"a b\"@c", "\"a b\"@c", "[\"a b\"@c]");
    assert_address("joe+x@a.b", "joe+*@a.b", "no");
    assert_address("a@mail.test", "a@@", "[a@mail.test]");
    assert_address("a@[127.0.0.1]", "a@@[]", "[a@@[]]");
    assert_address("a@[127.0.0.1]", "a@[127.0.0.1]", "[a@[127.0.0.1]]");
    assert_address("a@mail.test", "@", "no");
    assert_address("q@a.b", "q@^a", "[q@^a]");
    assert_address("q@a.b", "q@ a.b", "[q@a.b]");
    assert_address("q@a.b", "q @a.b", "no");
    assert_address("q@a.b", "q@!a.b", "no");
    assert_address("q@c.d", "q@!a.b", "[q@]");
    assert_address("q@a.b", "!q@a.b", "no");
    assert_address("q@a:b", "<; q@a:b", "[q@a:b]");
}

static void test_empty(void **state)
{
    struct list_matching *t = *state;

    temp_file(t->files, "star", "*: star\n");
    assert_address("", ":", "[]");
    assert_address("", "", "no");
    assert_address("", "*", "no");
    assert_address("", "*@*", "no");
    assert_address("", "\\N^$\\N", "[]");
    assert_address("", "!a@b", "[]");
    assert_address("", "!:a@b", "no");
    assert_address("a@b", "!:a@b", "[a@b]");
    assert_address("a@b", ":", "no");
    assert_address("", "lsearch;~/star", "no");
    assert_address("", "lsearch*;~/star", "[star]");
    assert_address("", "@@lsearch*;~/star", "no");
}

static void test_regex(void **state)
{
    assert_address("q@a.b", "\\N^q@a\\.b\\N", "[]");
    assert_address("Q@A.b", "^q@a", "[]");
    assert_address("Q@A.b", "+caseful:^q@a", "no");
    assert_address("Q@A.b", "+caseful:^Q@A", "no");
    assert_address("Q@A.b", "+caseful:^Q@a", "[]");
    assert_address("a@b", "^(", "defer ");
    assert_string_equal(
        logged(*state),
        "regular expression error: missing closing parenthesis at offset 2 while compiling ^(\n");
    assert_address("a@b", "a@^(", "defer ");
}

static void test_case(void **state)
{
    struct list_matching *t = *state;

    define_list(t, LIST_ADDRESS, "lower", "jim@a.b");
    define_list(t, LIST_ADDRESS, "cased", "+caseful : joe@a.b");
    temp_file(t->files, "alk", "user1@d1.ex: data1\n");
    assert_address("Joe@A.b", "+caseful:joe@a.b", "no");
    assert_address("Joe@A.b", "+caseful:Joe@a.b", "[Joe@a.b]");
    assert_address("Joe@A.b", "+caseful:*OE@a.b", "no");
    assert_address("Joe@A.b", "joe@a.b : +caseful", "[joe@a.b]");
    /* The manual: domains are always matched caselessly. */
    assert_address("Joe@A.b", "+caseful:Joe@a.B", "no"); /* the subject's domain is in lower case */
    assert_address("JIM@A.b", "+caseful:+lower", "no");
    assert_address("JIM@A.b", "+lower", "[jim@a.b]");
    assert_address("Jim@A.b", "+cased : jim@a.b", "no");
    assert_address("USER1@d1.EX", "+caseful:lsearch,ret=key;~/alk", "[USER1@d1.ex]");
    assert_address("USER1@d1.EX", "lsearch,ret=key;~/alk", "[user1@d1.ex]");
}

static void test_lookups(void **state)
{
    struct list_matching *t = *state;

    temp_file(t->files, "alk",
              "user1@d1.ex: data1\n*@d2.ex: data2\nUPPER@d3.ex: data3\nkey1: value one\n*.b.c: p\n");
    define_list(t, LIST_DOMAIN, "dl", "a.b : *.c.d");
    assert_address("USER1@D1.ex", "lsearch;~/alk", "[data1]");
    assert_address("upper@d3.ex", "lsearch; ~/alk", "[data3]");
    assert_address("q@d2.ex", "lsearch;~/alk", "no");
    assert_address("q@d2.ex", "lsearch*@;~/alk", "[data2]");
    assert_address("q@d2.ex", "lsearch*@,ret=key;~/alk", "[q@d2.ex]");
    assert_address("q@d5.ex", "lsearch*@;~/alk", "no");
    assert_address("q@key1", "*@lsearch;~/alk", "[*@value one]");
    assert_address("q@key1", "r@lsearch;~/alk", "no");
    assert_address("q@x.b.c", "q@partial-lsearch;~/alk", "[q@p]");
    assert_address("q@a.b", "*@+dl", "[*@a.b]");
    assert_address("q@a.b", "r@+dl", "no");
    assert_address("a/b@c", "dsearch;~", "defer key for dsearch lookup contains a slash: a/b@c");
    assert_string_equal(logged(t), "");
    assert_address("user1@d1.ex", "partial-lsearch;~/alk", "[data1]");
    assert_string_equal(logged(t),
                        in_directory(t, "partial matching is not applicable to whole-address lookups: "
                                        "ignored \"partial-\" in \"partial-lsearch;~/alk\"\n"));
    assert_address("a;b@c", "a;b@c", "defer ");
    assert_string_equal(logged(t), "unknown lookup type \"a\"\n");
    assert_address("a@b", "a@nosuch;/x", "defer ");
    assert_string_equal(logged(t), "unknown lookup type \"nosuch\"\n");
    assert_address("a@b", "+nosuch", "defer ");
    assert_string_equal(logged(t), "unknown named address list \"+nosuch\"\n");
    assert_address("a@b", "+dl", "defer ");
    assert_string_equal(logged(t), "unknown named address list \"+dl\"\n");
}

static void test_local_parts_by_domain(void **state)
{
    struct list_matching *t = *state;

    temp_file(t->files, "aa",
              "bad.com:  !postmaster : *\nchain.com: a1 : a 2 : >other\nother:  b1 : >*\n*:   ^\\d{4}$\n"
              "loop.com: x : >loop.com\nempty.com:\nneg.com: !x\ncasef.com: +caseful : Joe\nnamed.com: +ll\n"
              "odd.com: /etc/x : +ll : !xyz : *\nre.com: ^x(y)z\ncolon.com: a::b\nspace.com: y : > bad.com\n"
              "gone.com: >nosuch\n*.part.com: x\nmiddle.com: >other : z\n");
    temp_file(t->files, "look", in_directory(t, "look.com: lsearch;~/keys\n"));
    temp_file(t->files, "keys", "key1: value one\n");
    assert_address("postmaster@bad.com", "@@lsearch;~/aa", "no");
    assert_address("other@bad.com", "@@lsearch;~/aa", "[*]");
    assert_address("A1@chain.com", "@@lsearch;~/aa", "[a1]");
    assert_address("b1@chain.com", "@@lsearch;~/aa", "[b1]");
    assert_address("1234@chain.com", "@@lsearch;~/aa", "[^\\d{4}$]");
    assert_address("123@chain.com", "@@lsearch;~/aa", "no");
    assert_address("1234@nowhere.com", "@@lsearch*;~/aa", "[^\\d{4}$]");
    assert_address("1234@nowhere.com", "@@lsearch;~/aa", "no");
    assert_address("x@loop.com", "@@lsearch;~/aa", "[x]");
    assert_address("x@neg.com", "@@lsearch;~/aa", "no");
    assert_address("y@neg.com", "@@lsearch;~/aa", "no");
    assert_address("y@empty.com", "@@lsearch;~/aa", "no");
    assert_address("joe@casef.com", "@@lsearch;~/aa", "[Joe]");
    assert_address("Joe@named.com", "@@lsearch;~/aa", "no");
    assert_address("/etc/x@odd.com", "@@lsearch;~/aa", "[/etc/x]");
    assert_address("+ll@odd.com", "@@lsearch;~/aa", "[+ll]");
    assert_address("xyz@odd.com", "@@lsearch;~/aa", "no");
    assert_address("@odd.com", "@@lsearch;~/aa", "[*]");
    assert_address("xyz@re.com", "@@lsearch;~/aa", "[^x(y)z]");
    assert_address("a:b@colon.com", "@@lsearch;~/aa", "[a:b]");
    assert_address("x@space.com", "@@lsearch;~/aa", "[*]");
    assert_address("x@gone.com", "@@lsearch;~/aa", "no");
    assert_address("x@sub.part.com", "@@partial-lsearch;~/aa", "[x]");
    assert_address("x@sub.part.com", "!@@partial-lsearch;~/aa", "no");
    assert_address("key1@look.com", "@@lsearch;~/look", "[value one]");
    assert_address("joe@x", "@@passwd;nosuchuser", "no");
    assert_address("a@b", "@@lsearch", "no");
    assert_address("a@b", "@@", "no");
    assert_string_equal(logged(t), "");
    assert_address("y@loop.com", "@@lsearch;~/aa", "defer ");
    assert_string_equal(
        logged(t),
        in_directory(t, "Loop detected in lookup of local part of y@loop.com in @@lsearch;~/aa\n"));
    assert_address("a@b", "@@nosuch;x", "defer ");
    assert_address("a@b", "@@lsearch;/no/such", "defer ");
}

static void test_files(void **state)
{
    struct list_matching *t = *state;

    define_list(t, LIST_DOMAIN, "dl", "a.b");
    temp_file(t->files, "al",
              "not#comment@x.y\nlocal # comment\n#whole\nfoo#bar\n*@dom.ex\n@only.ex\n^re.*@x\n"
              "q@+dl\n!joe@e.f\n*@e.f\n");
    assert_address("not#comment@x.y", "~/al", "[not#comment@x.y]");
    assert_address("a@local", "~/al", "[local]");
    assert_address("a@foo#bar", "~/al", "[foo#bar]");
    assert_address("a@dom.ex", "~/al", "[*@dom.ex]");
    assert_address("a@only.ex", "~/al", "no");
    assert_address("re1@x", "~/al", "[^re.*@x]");
    assert_address("q@a.b", "~/al", "[q@+dl]");
    assert_address("joe@e.f", "~/al", "no");
    assert_address("jim@e.f", "~/al", "[*@e.f]");
    assert_address("jim@e.f", "!~/al", "no");
    assert_address("", "~/al", "no");
}

static void test_no_at(void **state)
{
    struct list_matching *t = *state;
    static const char *const items[] = {"joe", "*", "joe@", "*@*", "^j"};

    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        assert_address("joe", items[i], "no");
        assert_string_equal(logged(t),
                            str_printf(t->arena,
                                       "no @ found in the subject of an address list match: subject=\"joe\" "
                                       "pattern=\"%s\"\n", items[i]).s);
    }
}

/* Captures of the domain's match do not come out. */
static void test_captures(void **state)
{
    struct list_matching *t = *state;
    struct error err = ERROR_IN(t->arena);
    const struct list *list =
        list_compile(t->arena, LIST_ADDRESS, STR("*@*.b"), (struct source_pos){NULL, 0});

    t->scope.captures[0] = STR("zero");
    t->scope.captures[1] = STR("one");
    t->scope.capture_count = 2;
    assert_int_equal(list_match(&t->scope, list, STR("x@a.b"), NULL, &err), MATCH_YES);
    assert_int_equal(t->scope.capture_count, 2);
    assert_str(t->scope.captures[0], "zero");
    assert_str(t->scope.captures[1], "one");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        list_matching_test(test_items),   list_matching_test(test_empty),
        list_matching_test(test_regex),   list_matching_test(test_case),
        list_matching_test(test_lookups), list_matching_test(test_local_parts_by_domain),
        list_matching_test(test_files),   list_matching_test(test_no_at),
        list_matching_test(test_captures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
