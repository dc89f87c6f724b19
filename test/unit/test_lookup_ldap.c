/* LDAP queries and quoting; servers are for the system tests. */
#include "testing.h"

#include <ldap.h>

#include "lookups/ldap_query.h"

/* The error that a query gives; NULL: none. */
static const char *error_of(struct arena *arena, const char *text, struct ldap_query *query)
{
    struct error err = ERROR_IN(arena);

    return ldap_query_read(arena, str_of(text), query, &err) ? NULL : err.text.s;
}

static void test_parameters(void **state)
{
    struct ldap_query query;

    assert_null(error_of(*state, "ldap:///o=base?x", &query));
    assert_str(query.url, "ldap:///o=base?x");
    assert_true(str_is_null(query.user) && str_is_null(query.password) && str_is_null(query.servers));
    assert_true(query.referrals && query.dereference == -1 && !query.ldaps && !query.ldapi);
    assert_int_equal(query.size + query.time + query.nettime, 0);

    assert_null(error_of(*state,
                         " user=\"cn=a b,o=\\\"x\" PASS=se%20cret  Size=1 TIME=2\tnettime=3 connect=4 "
                         "dereference=Searching referrals=nofollow servers=a::1:b LDAPS://host/o=base??sub",
                         &query));
    assert_str(query.user, "cn=a b,o=\"x");
    assert_str(query.password, "se%20cret");
    assert_str(query.servers, "a::1:b");
    assert_int_equal(query.size, 1);
    assert_int_equal(query.time, 2);
    assert_int_equal(query.nettime, 4);
    assert_int_equal(query.dereference, LDAP_DEREF_SEARCHING);
    assert_true(query.ldaps && !query.referrals);
    assert_str(query.url, "LDAPS://host/o=base??sub");

    assert_null(error_of(*state, "user=%41%4g%zz%2 pass= ldapi://%2Fx", &query));
    assert_str(query.user, "A%4g%zz%2");
    assert_str(query.password, "");
    assert_true(query.ldapi);
}

static void test_bad_parameters(void **state)
{
    static const struct {
        const char *query, *error;
    } cases[] = {
        {"", "malformed parameter setting precedes LDAP URL"},
        {"nonsense", "malformed parameter setting precedes LDAP URL"},
        {"http://x/o=base", "malformed parameter setting precedes LDAP URL"},
        {"ldap:/x", "LDAP URL does not start with \"ldap://\", \"ldaps://\", or \"ldapi://\" (it starts with "
                    "\"ldap:/x...\")"},
        {"LDAPX://some.host.test/", "LDAP URL does not start with \"ldap://\", \"ldaps://\", or \"ldapi://\" (it "
                                    "starts with \"LDAPX://some.hos...\")"},
        {"user=\"x\"pass=\"y\" ldap:///", "malformed parameter setting precedes LDAP URL"},
        {"time ldap:///x", "malformed parameter setting precedes LDAP URL"},
        {"user=x pass=y", "malformed parameter setting precedes LDAP URL"},
        {"user=\"x", "malformed parameter setting precedes LDAP URL"},
        {"=x ldap:///", "unknown parameter \"=\" precedes LDAP URL"},
        {"foo=1 ldap:///", "unknown parameter \"foo=\" precedes LDAP URL"},
        {"user =x ldap:///", "unknown parameter \"user =\" precedes LDAP URL"},
        {"size=x ldap:///", "LDAP parameter SIZE is not a number"},
        {"size= ldap:///", "LDAP parameter SIZE is not a number"},
        {"time=-1 ldap:///", "LDAP parameter TIME is not a number"},
        {"connect=99999999999999999999 ldap:///", "LDAP parameter NETTIME is not a number"},
        {"nettime=2147483648 ldap:///", "LDAP parameter NETTIME is not a number"},
        {"referrals=no ldap:///", "LDAP option REFERRALS is not \"follow\" or \"nofollow\""},
        {"dereference= ldap:///",
         "LDAP option DEREFERENCE is not \"never\", \"searching\", \"finding\" or \"always\""},
    };
    struct ldap_query query;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(error_of(*state, cases[i].query, &query), cases[i].error);
}

static void test_nuls(void **state)
{
    struct ldap_query query;
    struct error err = ERROR_IN(*state);

    assert_false(ldap_query_read(*state, STR("ldap:///o=base\0?x"), &query, &err));
    assert_false(ldap_query_read(*state, STR("user=a%00b ldap:///o=base"), &query, &err));
    assert_str(err.text, "LDAP query with a NUL in it");
}

static void test_quoting(void **state)
{
    assert_str(ldap_quote(*state, STR(" a(bc)*, a<yz>; "), STR_NULL), "%20a%5C28bc%5C29%5C2A%2C%20a%3Cyz%3E%3B%20");
    assert_str(ldap_quote(*state, STR(" a(bc)*, a<yz>; "), STR("dn")),
               "%5C%20a(bc)*%5C%2C%20a%5C%3Cyz%5C%3E%5C%3B%5C%20");
    assert_str(ldap_quote(*state, STR("#a# b\t\\\"+"), STR("dn")), "%5C%23a%23%20b%09%5C%5C%5C%22%5C+");
    assert_str(ldap_quote(*state, STR("\\\0\xe9!$'-._+"), STR_NULL), "%5C5C%00%E9!$'-._+");
    assert_str(ldap_quote(*state, STR("  "), STR("dn")), "%5C%20%5C%20");
    assert_true(ldap_quote(*state, str_taint(STR("x")), STR_NULL).tainted);
    assert_true(str_is_null(ldap_quote(*state, STR("x"), STR("no"))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {arena_test(test_parameters), arena_test(test_bad_parameters),
                                       arena_test(test_nuls), arena_test(test_quoting)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
