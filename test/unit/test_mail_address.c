/* Addresses in SMTP commands: what is taken, and in which words the rest is refused. The tables are what the
 * packaged Exim answers to MAIL FROM: with the same text. */
#include "base/buffer.h"
#include "mail/address.h"
#include "testing.h"

struct address_case {
    const char *text;
    const char *address; /* NULL: refused */
    const char *error;
};

static const struct address_case cases[] = {
    {"<>", "", NULL},
    {"<a@b>", "a@b", NULL},
    {"<a>", "a", NULL},
    {"a", "a", NULL},
    {"a@b", "a@b", NULL},
    {"<a@b", NULL, "'>' missing at end of address"},
    {"a@b>", NULL, "malformed address: > may not follow a@b"},
    {"<a@b>x", NULL, "malformed address: x may not follow <a@b>"},
    {"<a@b> x", NULL, "malformed address: x may not follow <a@b> "},
    {"<a b>", NULL, "\"@\" or \".\" expected after \"a\""},
    {"<a b@c>", NULL, "\"@\" or \".\" expected after \"a\""},
    {"<a.b@c>", "a.b@c", NULL},
    {"<.a@c>", ".a@c", NULL},
    {"<a.@c>", "a.@c", NULL},
    {"<a..b@c>", "a..b@c", NULL},
    {"<a@.c>", NULL, "domain missing or malformed"},
    {"<a@c.>", NULL, "domain missing or malformed"},
    {"<a@c..d>", NULL, "domain missing or malformed"},
    {"<@>", NULL, "domain missing or malformed"},
    {"<@b>", NULL, "no local part"},
    {"<@b:>", NULL, "missing or malformed local part"},
    {"<@b:a>", NULL, "domain missing in source-routed address"},
    {"<@b:a@c>", "a@c", NULL},
    {"<@b,@c:a@d>", "a@d", NULL},
    {"<@b,:a@d>", "a@d", NULL},
    {"<@b.c:a@d>", "a@d", NULL},
    {"<@b c:a@d>", NULL, "no local part"},
    {"<@b", NULL, "no local part"},
    {"<@b:a@c", NULL, "'>' missing at end of address"},
    {"@b:a@c", "a@c", NULL},
    {"@b,@c:a@d", "a@d", NULL},
    {"a@b@c", NULL, "malformed address: @c may not follow a@b"},
    {"<a@b@c>", NULL, "malformed address: @c> may not follow <a@b"},
    {"<\"a\"@b>", "\"a\"@b", NULL},
    {"<\"a b\"@b>", "\"a b\"@b", NULL},
    {"<\"a\\\"b\"@b>", "\"a\\\"b\"@b", NULL},
    {"<\"a@b>", NULL, "unmatched doublequote in local part"},
    {"<\"a\"b@c>", NULL, "\"@\" or \".\" expected after \"\"a\"\""},
    {"<a\"b\"@c>", NULL, "\"@\" or \".\" expected after \"a\""},
    {"<\"a\".\"b\"@c>", "\"a\".\"b\"@c", NULL},
    {"<a.\"b\"@c>", "a.\"b\"@c", NULL},
    {"<\"a\\b\"@c>", "\"a\\b\"@c", NULL},
    {"<a\\@b@c>", "a\\@b@c", NULL},
    {"<a\\ b@c>", "a\\ b@c", NULL},
    {"<\\a@c>", "\\a@c", NULL},
    {"<a\\@c>", "a\\@c", NULL},
    {"<a@b\\c>", NULL, "malformed address: \\c> may not follow <a@b"},
    {"<a@\"b\">", NULL, "domain missing or malformed"},
    {"<a@b-c>", "a@b-c", NULL},
    {"<a@-b>", NULL, "domain missing or malformed"},
    {"<a@b->", "a@b-", NULL},
    {"<a@b-.c>", "a@b-.c", NULL},
    {"<a@b_c>", NULL, "malformed address: _c> may not follow <a@b"},
    {"<a@b!c>", NULL, "malformed address: !c> may not follow <a@b"},
    {"<a@1.2.3.4>", "a@1.2.3.4", NULL},
    {"<a@[1.2.3.4]>", NULL, "domain literals not allowed"},
    {"<a@[1.2.3.4>", NULL, "domain literals not allowed"},
    {"<a@[]>", NULL, "domain literals not allowed"},
    {"<a@[x]>", NULL, "domain literals not allowed"},
    {"<a@[IPv6:::1]>", NULL, "domain literals not allowed"},
    {"<a@[::1]>", NULL, "domain literals not allowed"},
    {"<a@[1.2.3.4]x>", NULL, "domain literals not allowed"},
    {"<(c)a@b>", "a@b", NULL},
    {"<a(c)@b>", "a@b", NULL},
    {"<a@(c)b>", "a@b", NULL},
    {"<a@b(c)>", "a@b", NULL},
    {"(c)<a@b>", "a@b", NULL},
    {"<a@b>(c)", "a@b", NULL},
    {"<a(c@b>", NULL, "\"@\" or \".\" expected after \"a\""},
    {"<a@b(c>", NULL, "'>' missing at end of address"},
    {"<a(b(c)d)@e>", "a@e", NULL},
    {"<a(b\\)c)@d>", "a@d", NULL},
    {"foo <a@b>", "a@b", NULL},
    {"\"foo bar\" <a@b>", "a@b", NULL},
    {"foo bar <a@b>", "a@b", NULL},
    {"foo.bar <a@b>", "a@b", NULL},
    {"foo, <a@b>", NULL, "missing or malformed local part (expected word or \"<\")"},
    {"foo: <a@b>", NULL, "missing or malformed local part (expected word or \"<\")"},
    {"foo@bar <a@b>", NULL, "malformed address: <a@b> may not follow foo@bar "},
    {"foo: a@b;", NULL, "missing or malformed local part (expected word or \"<\")"},
    {"foo:;", NULL, "missing or malformed local part (expected word or \"<\")"},
    {"a@b, c@d", NULL, "malformed address: , c@d may not follow a@b"},
    {"a@b,", NULL, "malformed address: , may not follow a@b"},
    {",a@b", NULL, "missing or malformed local part (expected word or \"<\")"},
    {"<<a@b>>", NULL, "missing or malformed local part"},
    {"<<a@b>", NULL, "missing or malformed local part"},
    {"<a@b>>", NULL, "malformed address: > may not follow <a@b>"},
    {"< a@b >", "a@b", NULL},
    {"< a @ b >", "a@b", NULL},
    {"<a @b>", "a@b", NULL},
    {"<a@ b>", "a@b", NULL},
    {"<a@b >", "a@b", NULL},
    {"< >", "", NULL},
    {"  <a@b>", "a@b", NULL},
    {"<a,b@c>", NULL, "\"@\" or \".\" expected after \"a\""},
    {"<a;b@c>", NULL, "\"@\" or \".\" expected after \"a\""},
    {"<a:b@c>", NULL, "\"@\" or \".\" expected after \"a\""},
    {"<a[b@c>", NULL, "\"@\" or \".\" expected after \"a\""},
    {"<a]b@c>", NULL, "\"@\" or \".\" expected after \"a\""},
    {"<a)b@c>", NULL, "\"@\" or \".\" expected after \"a\""},
    {"<a%b@c>", "a%b@c", NULL},
    {"<a!b@c>", "a!b@c", NULL},
    {"<a#b@c>", "a#b@c", NULL},
    {"<a$b@c>", "a$b@c", NULL},
    {"<a&b@c>", "a&b@c", NULL},
    {"<a'b@c>", "a'b@c", NULL},
    {"<a*b@c>", "a*b@c", NULL},
    {"<a+b@c>", "a+b@c", NULL},
    {"<a/b@c>", "a/b@c", NULL},
    {"<a=b@c>", "a=b@c", NULL},
    {"<a?b@c>", "a?b@c", NULL},
    {"<a^b@c>", "a^b@c", NULL},
    {"<a`b@c>", "a`b@c", NULL},
    {"<a{b@c>", "a{b@c", NULL},
    {"<a}b@c>", "a}b@c", NULL},
    {"<a", NULL, "\"@\" or \".\" expected after \"a\""},
    {"<a~b@c>", "a~b@c", NULL},
    {"<a@b,c>", NULL, "malformed address: ,c> may not follow <a@b"},
    {"<a@b;c>", NULL, "malformed address: ;c> may not follow <a@b"},
    {"<a@b:c>", NULL, "malformed address: :c> may not follow <a@b"},
    {"<a@b c>", NULL, "malformed address: c> may not follow <a@b "},
    {"<a@b.c d>", NULL, "malformed address: d> may not follow <a@b.c "},
    {"<a.b.c@d.e.f>", "a.b.c@d.e.f", NULL},
    {"<a.b c@d>", NULL, "\"@\" or \".\" expected after \"a.b\""},
    {"<\"\"@b>", "\"\"@b", NULL},
    {"<\"\" @b>", "\"\"@b", NULL},
    {"<\"\"a@b>", NULL, "\"@\" or \".\" expected after \"\"\"\""},
    {"\" \"@b", "\" \"@b", NULL},
    {"<\"a\"@>", NULL, "domain missing or malformed"},
    {"\"a\"", "\"a\"", NULL},
    {"<\"a\">", "\"a\"", NULL},
    {"<@b:\"a\"@c>", "\"a\"@c", NULL},
    {"<postmaster>", "postmaster", NULL},
    {"postmaster", "postmaster", NULL},
    {"<PostMaster>", "PostMaster", NULL},
    {"<\"postmaster\">", "\"postmaster\"", NULL},
    {"<postmaster@>", NULL, "domain missing or malformed"},
    {"<a>@b", NULL, "malformed address: @b may not follow <a>"},
    {"<a>,", NULL, "malformed address: , may not follow <a>"},
    {">", NULL, "missing or malformed local part (expected word or \"<\")"},
    {"<", NULL, "missing or malformed local part"},
    {"\"", NULL, "unmatched doublequote in local part"},
    {"(", NULL, "empty address"},
    {")", NULL, "missing or malformed local part (expected word or \"<\")"},
    {"a@", NULL, "domain missing or malformed"},
    {"@b", NULL, "no local part"},
    {"@", NULL, "domain missing or malformed"},
    {".", ".", NULL},
    {"..", "..", NULL},
    {"a.", "a.", NULL},
    {".a", ".a", NULL},
    {"<a.>", "a.", NULL},
    {"a b", NULL, "missing or malformed local part (expected word or \"<\")"},
    {"a b c", NULL, "missing or malformed local part (expected word or \"<\")"},
    {"a b <c", NULL, "\"@\" or \".\" expected after \"c\""},
    {"a <b@c> d", NULL, "malformed address: d may not follow a <b@c> "},
    {"a <b@c> <d@e>", NULL, "malformed address: <d@e> may not follow a <b@c> "},
    {"<b@c> <d@e>", NULL, "malformed address: <d@e> may not follow <b@c> "},
    {"a.b <c@d>", "c@d", NULL},
    {"a . b@c", "a.b@c", NULL},
    {"<a . b @ c . d>", "a.b@c.d", NULL},
    {"<a. b@c>", "a.b@c", NULL},
    {"<a .b@c>", "a.b@c", NULL},
    {"<a@b .c>", "a@b.c", NULL},
    {"<a@b. c>", "a@b.c", NULL},
    {"\xc3\xa9@b", "\xc3\xa9@b", NULL},
    {"<\xc3\xa9@b>", "\xc3\xa9@b", NULL},
    {"<a@\xc3\xa9>", NULL, "domain missing or malformed"},
    {"<a@b.\xc3\xa9>", NULL, "domain missing or malformed"},
    {"\\", "\\", NULL},
    {"<\\>", NULL, "\"@\" or \".\" expected after \"\\>\""},
    {"<a@b\\>", NULL, "malformed address: \\> may not follow <a@b"},
    {"<a\\>", NULL, "\"@\" or \".\" expected after \"a\\>\""},
    {"\"a\\", NULL, "unmatched doublequote in local part"},
    {"<\"a\\", NULL, "unmatched doublequote in local part"},
    {"((", NULL, "empty address"},
    {"<a@b>((c)", "a@b", NULL},
    {"<a@b>(c))", NULL, "malformed address: ) may not follow <a@b>(c)"},
};

/* The same with everything allowed that options allow. */
static const struct address_case liberal_cases[] = {
    {"<a@c.>", "a@c", NULL},
    {"<a@[1.2.3.4]>", "a@[1.2.3.4]", NULL},
    {"<a@[1.2.3.4>", NULL, "malformed domain literal"},
    {"<a@[]>", "a@[]", NULL},
    {"<a@[x]>", NULL, "malformed domain literal"},
    {"<a@[IPv6:::1]>", "a@[IPv6:::1]", NULL},
    {"<a@[::1]>", "a@[::1]", NULL},
    {"<a@[1.2.3.4]x>", NULL, "malformed address: x> may not follow <a@[1.2.3.4]"},
    {"<<a@b>>", "a@b", NULL},
    {"<<a@b>", NULL, "'>' missing at end of address"},
    {"<a@\xc3\xa9>", "a@\xc3\xa9", NULL},
    {"<a@b.\xc3\xa9>", "a@b.\xc3\xa9", NULL},
    {"<\xc3\xa9@\xe6\x97\xa5-1.\xc3\xa9>", "\xc3\xa9@\xe6\x97\xa5-1.\xc3\xa9", NULL},
    {"<a@\xff.b>", NULL, "invalid UTF-8 byte sequence"},
    {"<a@b\xc3>", NULL, "invalid UTF-8 byte sequence"},
    {"<a@\xc0\xaf.b>", NULL, "invalid UTF-8 byte sequence"},
    {"<a@b.\xed\xa0\x80>", NULL, "invalid UTF-8 byte sequence"},
    {"<a@b.\xc3\xa9\x80>", NULL, "invalid UTF-8 byte sequence"},
};

static void check(struct arena *arena, const struct address_case *cases_, size_t n,
                  const struct address_rules *rules)
{
    for (size_t i = 0; i < n; i++) {
        struct error err = ERROR_IN(arena);
        struct address address;
        bool ok = address_parse(arena, str_taint(str_of(cases_[i].text)), rules, &address, &err);

        if (ok != (cases_[i].address != NULL) || (ok && !str_is(address.text, cases_[i].address)) ||
            (!ok && !str_is(err.text, cases_[i].error)))
            fail_msg("%s: %.*s", cases_[i].text, STR_ARG(ok ? address.text : err.text));
        if (ok)
            assert_true(address.text.tainted || address.text.n == 0);
    }
}

static void test_addresses(void **state)
{
    check(*state, cases, sizeof cases / sizeof *cases, &(struct address_rules){.allow_null = true});
}

static void test_what_options_allow(void **state)
{
    check(*state, liberal_cases, sizeof liberal_cases / sizeof *liberal_cases,
          &(struct address_rules){
              .allow_null = true,
              .allow_domain_literals = true,
              .allow_utf8_domains = true,
              .strip_excess_angle_brackets = true,
              .strip_trailing_dot = true,
          });
}

static void test_null(void **state)
{
    struct error err = ERROR_IN(*state);
    struct address address;

    assert_false(address_parse(*state, STR("<>"), &(struct address_rules){0}, &address, &err));
    assert_str(err.text, "missing or malformed local part");
}

static void test_parts(void **state)
{
    struct error err = ERROR_IN(*state);
    struct address address;

    assert_true(
        address_parse(*state, STR("Name <\"a b\".c (x) @ D.e>"), &(struct address_rules){0}, &address, &err));
    assert_str(address.text, "\"a b\".c@D.e");
    assert_str(address.local_part, "\"a b\".c");
    assert_str(address.domain, "D.e");
    assert_true(address_parse(*state, STR("<a>"), &(struct address_rules){0}, &address, &err));
    assert_true(str_is_null(address.domain));
}

static void test_length(void **state)
{
    char text[ADDRESS_LONGEST + 4];
    struct error err = ERROR_IN(*state);
    struct address address;

    memset(text, 'a', sizeof text);
    memcpy(text + ADDRESS_LONGEST - 2, "@b", 3);
    assert_true(address_parse(*state, str_of(text), &(struct address_rules){0}, &address, &err));
    memset(text, 'a', sizeof text);
    memcpy(text + ADDRESS_LONGEST - 1, "@b", 3);
    assert_false(address_parse(*state, str_of(text), &(struct address_rules){0}, &address, &err));
    assert_str(err.text, "address is ridiculously long: "
                         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...");
}

static void test_unquote(void **state)
{
    assert_str(address_unquote(*state, STR("plain")), "plain");
    assert_str(address_unquote(*state, STR("\"a b\"")), "a b");
    assert_str(address_unquote(*state, STR("\"a\\\"b\".c\\@d\\")), "a\"b.c@d\\");
    assert_str(address_unquote(*state, STR("\"\"")), "");
}

/* --- Lists in header lines */

/* All items of a list: addresses as they are, others in brackets with what is wrong. */
static struct str items_of(struct arena *arena, const char *text)
{
    const struct address_rules rules = {.allow_domain_literals = true};
    struct address_list list = {.text = str_of(text)};
    struct error err = ERROR_IN(arena);
    struct buffer out = BUFFER_IN(arena);
    struct address address;
    struct str item;
    bool good;

    while (address_list_next(&list, arena, &rules, &item, &address, &good, &err)) {
        if (good)
            buffer_printf(&out, "%.*s;", STR_ARG(address.text));
        else
            buffer_printf(&out, "[%.*s|%.*s];", STR_ARG(item), STR_ARG(err.text));
    }
    return buffer_str(&out);
}

static void test_lists(void **state)
{
    static const struct {
        const char *text, *items;
    } lists[] = {
        {"", ""},
        {" , ,(c),", ""},
        {"a@b", "a@b;"},
        {"a@b,c@d\n", "a@b;c@d;"},
        {"a@b (x, y), \"q, r\" <c@d>\n", "a@b;c@d;"},
        {"\"a,b\"@c, <@x,@y:d@e>, @x,@y:f@g, h@i", "\"a,b\"@c;d@e;f@g;h@i;"},
        {"Group: a@b, c@d;, e@f", "a@b;c@d;e@f;"},
        {"Group: a@b; ignored, e@f", "a@b;e@f;"},
        {"One Two \"Three:\": a@b", "a@b;"},
        {"undisclosed-recipients:;", ""},
        {"x:;,;,y:a@b;", "a@b;"},
        {":a@b", "a@b;"},
        {"g: \"x;y\"@z, (;) a@b; , c@d", "\"x;y\"@z;a@b;c@d;"},
        {"a@b, @, c@d", "a@b;[@, c@d|domain missing or malformed];"},
        {"a@b;c@d, e@f", "[a@b;c@d|malformed address: ;c@d may not follow a@b];e@f;"},
        {"a@b c@d\n", "[a@b c@d|malformed address: c@d\n may not follow a@b ];"},
        {"<x, c@d\n", "[<x, c@d|\"@\" or \".\" expected after \"x\"];"},
        {"<>, a@b", "[<>|missing or malformed local part];a@b;"},
        {"a::b@c;", "[a::b@c;|missing or malformed local part (expected word or \"<\")];"},
        {"\"a", "[\"a|unmatched doublequote in local part];"},
        {"a\\", "a\\;"},
        {"\"a\\", "[\"a\\|unmatched doublequote in local part];"},
        {"(a", ""},
        {"a: (b", ""},
    };

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        assert_octets(items_of(*state, lists[i].text), lists[i].items, strlen(lists[i].items));
}

/* However a header is made, reading it takes time in proportion to its length. */
static void test_long_lists(void **state)
{
    static const char *const patterns[] = {"a,", "g:a,", "a;", "@a,", "(a,", "<a,", "\"a,", "a:", ";,", "a@b,"};
    enum { LENGTH = 1000000 };
    const struct address_rules rules = {.allow_domain_literals = true};

    (void)state;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct arena *arena = arena_new(ARENA_PLAIN);
        struct error err = ERROR_IN(arena);
        struct buffer text = BUFFER_IN(arena);
        struct address_list list = {.at = 0};
        struct address address;
        struct str item;
        bool good;
        size_t n = 0;

        while (text.n < LENGTH)
            buffer_add_cstr(&text, patterns[i]);
        list.text = buffer_str(&text);
        while (address_list_next(&list, arena, &rules, &item, &address, &good, &err))
            n++;
        assert_true(n <= LENGTH);
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_addresses), arena_test(test_what_options_allow), arena_test(test_null),
        arena_test(test_parts),     arena_test(test_length),             arena_test(test_unquote),
        arena_test(test_lists),     arena_test(test_long_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
