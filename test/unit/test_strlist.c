/* String lists: what the packaged Exim makes of the same lists with ${map{LIST}{<$item>}}. */
#include "testing.h"

#include "base/buffer.h"
#include "base/strlist.h"

/* The items of a list, each in angle brackets. */
static struct str items_of(struct arena *arena, struct str list)
{
    struct buffer b = BUFFER_IN(arena);
    struct strlist it;
    struct str item;

    strlist_begin(&it, list, ':');
    while (strlist_next(&it, arena, &item)) {
        assert_int_equal(item.s[item.n], '\0');
        assert_int_equal(item.tainted, list.tainted);
        buffer_add_char(&b, '<');
        buffer_add(&b, item);
        buffer_add_char(&b, '>');
    }
    assert_false(strlist_next(&it, arena, &item)); /* the end stays the end */
    return buffer_str(&b);
}

#define CASE(list, items) {STR(list), STR(items)}

struct list_case {
    struct str list, items;
};

static void check(struct arena *arena, const struct list_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct str got = items_of(arena, cases[i].list);
        if (!str_eq(got, cases[i].items))
            fail_msg("list \"%s\": got %s, expected %s", cases[i].list.s, got.s, cases[i].items.s);
    }
}

#define CHECK(cases) check(*state, cases, sizeof(cases) / sizeof *(cases))

static void test_colons(void **state)
{
    const struct list_case cases[] = {
        CASE("a:b: c :d", "<a><b><c><d>"),
        CASE("a", "<a>"),
        CASE(" a b : c ", "<a b><c>"),
        CASE("\t\r\n\v\fa\t\r\n\v\f:b", "<a><b>"),
        CASE("a\nb:\nc\n:\td\t", "<a\nb><c><d>"),
    };

    CHECK(cases);
}

static void test_doubled(void **state)
{
    const struct list_case cases[] = {
        CASE("a::b: c", "<a:b><c>"),
        CASE("a:::b", "<a:><b>"),
        CASE("a::::b", "<a::b>"),
        CASE("a::: b", "<a:><b>"),
        CASE("a :: b", "<a : b>"),
        CASE("a: ::b", "<a><:b>"),
        CASE("a::", "<a:>"),
        CASE("::", "<:>"),
        CASE(":::", "<:>"),
        CASE("::::", "<::>"),
        CASE("127.0.0.1 : ::::1", "<127.0.0.1><::1>"),
        CASE("127.0.0.1:::::1", "<127.0.0.1::><1>"),
    };

    CHECK(cases);
}

static void test_empty_items(void **state)
{
    const struct list_case cases[] = {
        CASE("", ""),
        CASE("   ", ""),
        CASE(":", "<>"),
        CASE(" : ", "<>"),
        CASE(": :", "<><>"),
        CASE("a: :b", "<a><><b>"),
        CASE("a : : b", "<a><><b>"),
        CASE("a:", "<a>"),
        CASE("a: ", "<a>"),
        CASE("a: :", "<a><>"),
        CASE("a: : :", "<a><><>"),
        CASE("a: : ", "<a><>"),
        CASE(":a", "<><a>"),
        CASE(": a", "<><a>"),
        CASE("user1@domain : : user2@domain", "<user1@domain><><user2@domain>"),
    };

    CHECK(cases);
    assert_str(items_of(*state, STR_NULL), "");
}

static void test_other_separators(void **state)
{
    const struct list_case cases[] = {
        CASE("<; a:b;c ; d", "<a:b><c><d>"),
        CASE("<;a;;b;c", "<a;b><c>"),
        CASE("<; ;;a", "<;a>"),
        CASE("  <;   a;b", "<a><b>"),
        CASE("\n<; a;b", "<a><b>"),
        CASE("<, a,b ,,c", "<a><b ,c>"),
        CASE("<<a<b", "<a><b>"),
        CASE("<\\ a\\b", "<a><b>"),
        CASE("<: a:b", "<a><b>"),
        CASE("<_a_b", "<a><b>"),
        CASE("<", ""),
        CASE("<;", ""),
        CASE("<; ", ""),
        CASE("<;;", "<>"),
        /* neither punctuation nor a control character: part of the first item */
        CASE("<a b:c", "<<a b><c>"),
        CASE("<1 b1c", "<<1 b1c>"),
        CASE("< a b c", "<< a b c>"),
        CASE("<\x80 a\x80" "b", "<<\x80 a\x80" "b>"),
        /* only at the very beginning */
        CASE("a:<; b;c", "<a><<; b;c>"),
    };

    CHECK(cases);
}

static void test_control_separators(void **state)
{
    const struct list_case cases[] = {
        CASE("<\n a\nb\n\nc\n", "<a><b><><c>"),
        CASE("<\n\na\n\n\nb", "<><a><><><b>"),
        CASE("<\n a \n b ", "<a><b>"),
        CASE("<\n a\n \nb", "<a><><b>"),
        CASE("<\n a\n ", "<a>"),
        CASE("<\n a\n\n", "<a><>"),
        CASE("<\n", ""),
        CASE("<\n\n", "<>"),
        CASE("<\n a:b::c\nd", "<a:b::c><d>"),
        CASE("<\x7f a\x7f" "b\x7f\x7f" "c", "<a><b><><c>"),
        CASE("<\t a\tb\t\tc\t", "<a><b><><c>"),
        CASE("<\t a\t  \t b", "<a><><b>"),
        CASE("<\t a\t  \t ", "<a><>"),
        CASE("<\x01 a\x01" "b\x01", "<a><b>"),
    };

    CHECK(cases);
    assert_octets(items_of(*state, STR("<\0 a\0b")), "<a><b>", 6);
}

static void test_default_separator(void **state)
{
    struct strlist it;
    struct str item;

    strlist_begin(&it, STR("a:b;c"), ';');
    assert_true(strlist_next(&it, *state, &item));
    assert_str(item, "a:b");
    assert_true(strlist_next(&it, *state, &item));
    assert_str(item, "c");
    assert_false(strlist_next(&it, *state, &item));
}

static void test_octets_and_taint(void **state)
{
    assert_octets(items_of(*state, STR("a\0b : \0")), "<a\0b><\0>", 8);
    assert_true(items_of(*state, str_taint(STR("a : b"))).tainted);
    assert_false(items_of(*state, STR("a : b")).tainted);
}

/* The list that the items make, given as a NULL-terminated array. */
static struct str list_of(struct arena *arena, const char *const *items, char separator)
{
    struct buffer b = BUFFER_IN(arena);

    for (size_t i = 0; items[i] != NULL; i++)
        strlist_add(&b, str_of(items[i]), separator, i == 0);
    return buffer_str(&b);
}

#define LIST(separator, ...) list_of(*state, (const char *const[]){__VA_ARGS__, NULL}, separator)

static void test_add(void **state)
{
    assert_str(LIST(':', "a", "b"), "a:b");
    assert_str(LIST(':', "a:b", "c"), "a::b:c");
    assert_str(LIST(':', "a", ":b"), "a: ::b");
    assert_str(LIST(':', ":x", ":x"), "::x: ::x");
    assert_str(LIST(':', "x:", "x:"), "x:::x::");
    assert_str(LIST(':', "", ""), ": ");
    assert_str(LIST(':', "a", "", "b"), "a: :b");
    assert_str(LIST(':', "", "a"), ":a");
    assert_str(LIST(':', ""), "");
    assert_str(LIST(';', "a:b", "c;d"), "a:b;c;;d");
    assert_str(LIST('\n', "a", "", "b\nc"), "a\n \nb\n\nc");
    assert_str(LIST(':', " a ", " b "), " a : b ");
}

static void test_add_taints(void **state)
{
    struct buffer b = BUFFER_IN(*state);

    strlist_add(&b, STR("a"), ':', true);
    assert_false(buffer_str(&b).tainted);
    strlist_add(&b, str_taint(STR("b")), ':', false);
    assert_true(buffer_str(&b).tainted);
}

static void test_round_trip(void **state)
{
    assert_str(items_of(*state, LIST(':', "a:b", "", ":", "::c", "d:", "e")), "<a:b><><:><::c><d:><e>");
    assert_str(items_of(*state, LIST(':', "", "", "x")), "<><><x>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_colons),
        arena_test(test_doubled),
        arena_test(test_empty_items),
        arena_test(test_other_separators),
        arena_test(test_control_separators),
        arena_test(test_default_separator),
        arena_test(test_octets_and_taint),
        arena_test(test_add),
        arena_test(test_add_taints),
        arena_test(test_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
