/* Search styles: [partial[N][(affix)]-]type[*|*@][,options]. The texts are those of the packaged Exim. */
#include "lookups/lookup.h"
#include "testing.h"

static struct search parsed(struct arena *arena, const char *text)
{
    struct error err = ERROR_IN(arena);
    struct search search;

    if (!search_parse(arena, str_of(text), &search, &err))
        fail_msg("\"%s\" is refused: %.*s", text, STR_ARG(err.text));
    return search;
}

static void refused(struct arena *arena, const char *text, const char *why)
{
    struct error err = ERROR_IN(arena);
    struct search search;

    assert_false(search_parse(arena, str_of(text), &search, &err));
    assert_octets(err.text, why, strlen(why));
}

static void test_types(void **state)
{
    static const char *const names[] = {"lsearch",   "wildlsearch", "nwildlsearch",
                                        "iplsearch", "dsearch",     "passwd"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct search search = parsed(*state, names[i]);
        assert_string_equal(search.type->name, names[i]);
        assert_int_equal(search.partial, -1);
        assert_int_equal(search.deflt, SEARCH_NO_DEFAULT);
        assert_int_equal(search.options.n, 0);
        assert_false(search.ret_key);
        assert_false(search.no_cache_read);
        assert_int_equal(search.type->single_key, strcmp(names[i], "passwd") != 0);
    }
}

static void test_defaults(void **state)
{
    assert_int_equal(parsed(*state, "lsearch*").deflt, SEARCH_STAR);
    assert_int_equal(parsed(*state, "lsearch*@").deflt, SEARCH_STAR_AT);
    assert_int_equal(parsed(*state, "lsearch**").deflt, SEARCH_STAR);
    assert_int_equal(parsed(*state, "lsearch*@,ret=key").deflt, SEARCH_STAR_AT);
    refused(*state, "lsearch@", "unknown lookup type \"lsearch@\"");
    refused(*state, "passwd*",
            "defaults using \"*\" or \"*@\" are not permitted for lookup type \"passwd*\"");
}

static void test_partial(void **state)
{
    struct search search = parsed(*state, "partial-lsearch");
    assert_int_equal(search.partial, 2);
    assert_str(search.affix, "*.");
    assert_int_equal(parsed(*state, "partial0-lsearch").partial, 0);
    assert_int_equal(parsed(*state, "partial12-lsearch*").partial, 12);
    assert_true(parsed(*state, "partial99999999999999999999-lsearch").partial > 1000);
    search = parsed(*state, "partial(.-!)lsearch");
    assert_int_equal(search.partial, 2);
    assert_str(search.affix, ".-!");
    search = parsed(*state, "partial1()lsearch");
    assert_int_equal(search.partial, 1);
    assert_str(search.affix, "");
    refused(*state, "partial", "format error in lookup type \"partial\"");
    refused(*state, "partiallsearch", "format error in lookup type \"partiallsearch\"");
    refused(*state, "partialx-lsearch", "format error in lookup type \"partialx-lsearch\"");
    refused(*state, "partial(lsearch", "format error in lookup type \"partial(lsearch\"");
    refused(*state, "partial(a)lsearch", "format error in lookup type \"partial(a)lsearch\"");
    refused(*state, "partial(.", "format error in lookup type \"partial(.\"");
    refused(*state, "partial-", "unknown lookup type \"\"");
    refused(*state, "partial-passwd", "\"partial\" is not permitted for lookup type \"passwd\"");
}

static void test_options(void **state)
{
    struct search search = parsed(*state, "lsearch,ret=key,cache=no_rd");
    assert_true(search.ret_key);
    assert_true(search.no_cache_read);
    assert_str(search.options, "ret=key,cache=no_rd");
    search = parsed(*state, "dsearch,ret=full,filter=dir");
    assert_false(search.ret_key);
    assert_str(search.options, "ret=full,filter=dir");
    assert_true(parsed(*state, "lsearch*,ret=key").ret_key);
    assert_true(parsed(*state, "passwd,ret=key").ret_key);
    /* What Exim does not know it ignores. */
    assert_false(parsed(*state, "lsearch,foo=bar,nonsense,,=,ret=,cache=never").no_cache_read);
    parsed(*state, "lsearch,");
    refused(*state, "lsearch,ret=key*", "unknown lookup type \"lsearch,ret=key\"");
}

static void test_unknown(void **state)
{
    refused(*state, "nosuch", "unknown lookup type \"nosuch\"");
    refused(*state, "nis", "lookup type \"nis\" is known to Exim but not supported by gatepost");
    refused(*state, "partial-lmdb*,ret=key",
            "lookup type \"lmdb\" is known to Exim but not supported by gatepost");
    refused(*state, "", "unknown lookup type \"\"");
    refused(*state, "*", "unknown lookup type \"\"");
    refused(*state, ",", "unknown lookup type \"\"");
    refused(*state, "LSEARCH", "unknown lookup type \"LSEARCH\"");
    refused(*state, "net-lsearch", "unknown lookup type \"net-lsearch\"");
}

/* Modules are not there to be loaded before they are installed. */
static void count(void *ctx, const char *name, const char *module)
{
    const struct lookup_type *type = module ? NULL : lookup_type_find(str_of(name), NULL);

    if (!module)
        assert_string_equal(type->name, name);
    ++*(unsigned *)ctx;
}

static void test_table(void **state)
{
    unsigned n = 0;

    (void)state;
    lookup_type_each(count, &n);
    assert_true(n >= 6);
    assert_null(lookup_type_find(STR(""), NULL));
    assert_null(lookup_type_find(STR("lsearc"), NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_types),   arena_test(test_defaults), arena_test(test_partial),
        arena_test(test_options), arena_test(test_unknown),  arena_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
