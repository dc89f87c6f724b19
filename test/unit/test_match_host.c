/* Host lists: by address, by name, lookups, and what happens when a name cannot be found. What is expected
 * is what the packaged Exim answers. No DNS is asked: names end in .invalid or are localhost. */
#include "base/buffer.h"
#include "list_matching.h"
#include "testing.h"

/* The outcome for a host of that address and name (NULL: not known). */
static const char *host_outcome(struct list_matching *t, const char *address, const char *name,
                                const char *list)
{
    struct error err = ERROR_IN(t->arena);
    struct match_host host = {.address = str_of(address), .name = str_of(name)};
    struct str value;
    const struct list *compiled =
        list_compile(t->arena, LIST_HOST, str_of(in_directory(t, list)), (struct source_pos){NULL, 0});

    t->scope.capture_count = 0;
    enum match_result result = list_match_host(&t->scope, compiled, &host, &value, &err);
    return match_outcome(t, result, value, &err);
}

#define assert_host(address, list, outcome)                                                                  \
    assert_string_equal(host_outcome(*state, address, NULL, list), outcome)
#define assert_named(name, list, outcome)                                                                    \
    assert_string_equal(host_outcome(*state, "10.1.2.3", name, list), outcome)

static void test_addresses(void **state)
{
    assert_host("1.2.3.4", "1.2.3.4", "[]");
    assert_host("1.2.3.4", "1.2.3.5", "no");
    assert_host("1.2.3.4", "1.2.3.0/24", "[]");
    assert_host("1.2.3.4", "1.2.3.4/32", "[]");
    assert_host("1.2.3.4", "1.2.3.4/33", "[]");
    assert_host("1.2.3.5", "1.2.3.4/31", "[]");
    assert_host("1.2.3.6", "1.2.3.4/31", "no");
    assert_host("1.2.3.4", "1.2.3.4/", "[]");
    assert_host("9.2.3.4", "1.2.3.4/0", "[]");
    assert_host("1.2.3.4", "1.2.3.4/99999999999999999999", "[]");
    assert_host("1.2.3.4", "!1.2.3.5", "[]");
    assert_host("1.2.3.4", "!1.2.3.4", "no");
    assert_host("1.2.3.4", "!1.2.3.5 : 10.0.0.0/8", "no");
    assert_host("1.2.3.4", "*", "[]");
    assert_host("::1", "<; ::1", "[]");
    assert_host("::1", "::::1", "[]");
    assert_host("fe80::1", "<; FE80:0::/10", "[]");
    assert_host("fec0::1", "<; fe80::/10", "no");
    assert_host("1.2.3.4", "<; ::/0", "no");
    assert_host("::1", "0.0.0.0/0", "no");
    assert_host("::ffff:1.2.3.4", "1.2.3.4", "[]");
    assert_host("1.2.3.4", "<; ::ffff:1.2.3.4", "no");
    assert_host("127.0.0.1", "@[]", "[]");
    assert_host("192.0.2.77", "@[]", "no");
    assert_host("1.2.3.4", "", "no");
    assert_string_equal(logged(*state), "");
}

/* No host at all: a local submission. */
static void test_local(void **state)
{
    struct list_matching *t = *state;
    struct scope_connection connection = {.host_address = STR_NULL};
    struct error err = ERROR_IN(t->arena);
    const struct list *empty = list_compile(t->arena, LIST_HOST, STR(":"), (struct source_pos){NULL, 0});
    const struct list *net =
        list_compile(t->arena, LIST_HOST, STR("0.0.0.0/0"), (struct source_pos){NULL, 0});

    assert_host("", "*", "[]");
    assert_host("", ":", "[]");
    assert_host("", " : 1.2.3.4", "[]");
    assert_host("", "1.2.3.4", "no");
    assert_host("", "!1.2.3.4", "[]");
    assert_host("", "*.example", "no");
    assert_host("", "localhost", "no");
    assert_host("", "@[]", "no");
    assert_host("", "net-lsearch;/no/such", "no");
    assert_host("", "1.2.3", "no");
    assert_host("1.2.3.4", ":", "no");
    assert_int_equal(list_match_connection(&t->scope, empty, NULL, &err), MATCH_YES);
    t->scope.connection = &connection;
    assert_int_equal(list_match_connection(&t->scope, empty, NULL, &err), MATCH_YES);
    assert_int_equal(list_match_connection(&t->scope, net, NULL, &err), MATCH_NO);
    connection.host_address = STR("1.2.3.4");
    assert_int_equal(list_match_connection(&t->scope, empty, NULL, &err), MATCH_NO);
    assert_int_equal(list_match_connection(&t->scope, net, NULL, &err), MATCH_YES);
    assert_int_equal(list_match_connection(&t->scope, NULL, NULL, &err), MATCH_NO);
}

static void test_names(void **state)
{
    struct list_matching *t = *state;

    temp_file(t->files, "hn", "host.example: data\n*.sub.example: sub\n*: star\n");
    assert_named("host.example", "*.example", "[*.example][host.example][host]");
    assert_named("Host.EXAMPLE", "*.Example", "[*.Example][host.example][host]");
    assert_named("host.example", "*host", "no");
    assert_named("host.example", "!*.example", "no");
    assert_named("host.example", "^HOS(.)", "[^HOS(.)][host.example][t]");
    assert_named("host.example", "^(?-i)HOS", "no");
    assert_named("host.example", "foo bar", "no");
    assert_named("host.example", "lsearch;~/hn", "[data][host.example]");
    assert_named("HOST.example", "lsearch,ret=key;~/hn", "[host.example][host.example]");
    assert_named("x.sub.example", "partial-lsearch;~/hn", "[sub][x.sub.example][x][sub.example]");
    assert_named("other", "lsearch*;~/hn", "[star][other][other][]");
    assert_named("other", "lsearch;~/hn", "no");
    assert_named("other", "10.0.0.0/8", "[]");
    assert_string_equal(logged(t), "");
}

static void test_unknown_names(void **state)
{
    struct list_matching *t = *state;

    define_list(t, LIST_HOST, "byname", "*.foo.bar");
    temp_file(t->files, "f", "*.foo\n");
    assert_named(NULL, "*.foo", "no");
    assert_named(NULL, "!*.foo", "no");
    assert_named(NULL, "lsearch;/no/such", "no");
    assert_named(NULL, "@foo", "no");
    assert_named(NULL, "*.foo : 10.1.2.3", "no");
    assert_named(NULL, "~/f : 10.1.2.3", "no");
    assert_named(NULL, "10.1.2.3 : *.foo", "[]");
    assert_named(NULL, "+byname : 10.1.2.3", "[]");
    assert_named(NULL, "!+byname", "[]");
    assert_string_equal(logged(t), "");
    assert_named(NULL, "+ignore_unknown : *.foo : 10.1.2.3", "[]");
    assert_named(NULL, "+ignore_unknown : *.foo", "no");
    assert_named(NULL, "+ignore_unknown : ~/f : 10.1.2.3", "[]");
    assert_named(NULL, "+include_unknown:+ignore_unknown:*.foo:10.1.2.3", "[]");
    assert_string_equal(logged(t), "");
    assert_named(NULL, "+include_unknown : *.foo", "[]");
    assert_named(NULL, "+include_unknown : !*.foo", "[]");
    assert_string_equal(logged(t), "failed to find host name for 10.1.2.3: accepted by +include_unknown\n"
                                   "failed to find host name for 10.1.2.3: accepted by +include_unknown\n");
    assert_named(NULL, "+INCLUDE_UNKNOWN : *.foo", "defer ");
    assert_string_equal(logged(t), "unknown named host list \"+INCLUDE_UNKNOWN\"\n");
    assert_named(NULL, "+caseful : 10.1.2.3", "defer ");
    assert_string_equal(logged(t), "unknown named host list \"+caseful\"\n");
}

static void test_malformed(void **state)
{
    struct list_matching *t = *state;
    static const char *const items[] = {"1.2.3", "127.1", "12", "1.2.3.4.5", "1.2.3.4/5/6", "10.1.2.3/x"};

    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        assert_host("10.1.2.3", items[i], "no");
        assert_host("10.1.2.3", str_printf(t->arena, "%s : 10.1.2.3", items[i]).s, "no");
        assert_host("10.1.2.3", str_printf(t->arena, "+ignore_unknown : %s : 10.1.2.3", items[i]).s, "[]");
    }
    assert_host("10.1.2.3", "+include_unknown : 1.2.3", "[]");
    assert_string_equal(logged(t), "malformed IPv4 address or address mask: accepted by +include_unknown\n");
    assert_named("a.example", "<; fe80::zz/10", "no");
    assert_named("a.example", "<; fe80: ; 10.1.2.3", "[]");
}

/* The service that finds the name of the peer. */
static void find_name(struct scope *scope)
{
    scope->connection->host_name_looked_up = true;
    if (str_is(scope->connection->host_address, "10.1.2.3"))
        scope->connection->host_name = STR("found.example");
    else
        scope->connection->host_lookup_deferred = str_is(scope->connection->host_address, "10.9.9.9");
}

static void test_finding_the_name(void **state)
{
    struct list_matching *t = *state;
    struct scope_services services = *t->scope.services;
    struct scope_connection connection = {.host_address = STR("10.1.2.3")};
    struct error err = ERROR_IN(t->arena);
    const struct list *list =
        list_compile(t->arena, LIST_HOST, STR("*.example"), (struct source_pos){NULL, 0});
    const struct list *lenient = list_compile(
        t->arena, LIST_HOST, STR("+ignore_unknown : *.example : 10.0.0.0/8"), (struct source_pos){NULL, 0});
    const struct list *including =
        list_compile(t->arena, LIST_HOST, STR("+include_unknown : *.example"), (struct source_pos){NULL, 0});

    services.find_host_name = find_name;
    t->scope.services = &services;
    t->scope.connection = &connection;
    assert_int_equal(list_match_connection(&t->scope, list, NULL, &err), MATCH_YES);
    assert_true(connection.host_name_looked_up);
    connection = (struct scope_connection){.host_address = STR("10.1.2.4")};
    assert_int_equal(list_match_connection(&t->scope, list, NULL, &err), MATCH_NO);
    connection = (struct scope_connection){.host_address = STR("10.9.9.9")};
    /* That it cannot be asked for now is no different from there being none. */
    assert_int_equal(list_match_connection(&t->scope, list, NULL, &err), MATCH_NO);
    assert_int_equal(list_match_connection(&t->scope, lenient, NULL, &err), MATCH_YES);
    assert_string_equal(logged(t), "");
    assert_int_equal(list_match_connection(&t->scope, including, NULL, &err), MATCH_YES);
    assert_string_equal(logged(t), "failed to find host name for 10.9.9.9: accepted by +include_unknown\n");
    /* Another host than the peer: nobody to ask for its name. */
    connection = (struct scope_connection){.host_address = STR("10.1.2.3")};
    assert_host("10.7.7.7", "*.example", "no");
    assert_false(connection.host_name_looked_up);
}

/* A plain name stands for its addresses. */
static void test_addresses_of_names(void **state)
{
    struct list_matching *t = *state;
    struct scope_connection connection = {.host_address = STR("127.0.0.1"), .helo_name = str_taint(STR("x"))};

    assert_host("127.0.0.1", "localhost", "[]");
    assert_host("127.0.0.2", "localhost", "no");
    assert_string_equal(logged(t), "");
    assert_host("127.0.0.1", "nosuch.invalid", "no");
    assert_string_equal(logged(t), "no IP address found for host nosuch.invalid\n");
    t->scope.connection = &connection;
    assert_host("127.0.0.1", "nosuch.invalid : 127.0.0.1", "no");
    assert_string_equal(
        logged(t),
        "no IP address found for host nosuch.invalid (during SMTP connection from (x) [127.0.0.1])\n");
    t->scope.connection = NULL;
    assert_host("127.0.0.1", "+ignore_unknown : nosuch.invalid : 127.0.0.1", "[]");
    assert_string_equal(logged(t), "no IP address found for host nosuch.invalid\n");
    assert_host("127.0.0.1", "+include_unknown : nosuch.invalid", "[]");
    assert_string_equal(logged(t),
                        "no IP address found for host nosuch.invalid\n"
                        "failed to find IP address for nosuch.invalid: accepted by +include_unknown\n");
    t->process.primary_hostname = STR("localhost");
    assert_host("127.0.0.1", "@", "[]");
}

static void test_lookups_by_address(void **state)
{
    struct list_matching *t = *state;

    temp_file(t->files, "nets",
              "192.168.3.0/24: n24\n192.168.0.0/16: n16\n192.168.3.4/32: n32\n192.168.3.4: plain\n"
              "0000.0000.0000.0000.0000.0000.0000.0001: v6\nfe80.0000.0000.0000.0000.0000.0000.0000/10: v6n\n"
              "*: star\n0.0.0.0/0: zero\n");
    temp_file(t->files, "ipl", "192.168.0.0/16: net\n\"abcd:abcd::/32\": six\n");
    assert_host("192.168.3.4", "net-lsearch;~/nets", "[plain]");
    assert_host("192.168.3.4", "net24-lsearch;~/nets", "[n24]");
    assert_host("192.168.3.4", "net16-lsearch;~/nets", "[n16]");
    assert_host("192.168.3.4", "net32-lsearch;~/nets", "[n32]");
    assert_host("192.168.3.4", "net0-lsearch;~/nets", "[zero]");
    assert_host("192.168.3.4", "net33-lsearch;~/nets", "no");
    assert_host("192.168.3.4", "net99999999999-lsearch;~/nets", "no");
    assert_host("192.168.3.5", "net-lsearch;~/nets", "no");
    assert_host("192.168.3.4", "net24-lsearch,ret=key;~/nets", "[192.168.3.0/24]");
    assert_host("::1", "net-lsearch;~/nets", "[v6]");
    assert_host("fe80::1", "net10-lsearch;~/nets", "[v6n]");
    assert_host("::ffff:192.168.3.4", "net-lsearch;~/nets", "[plain]");
    assert_host("192.168.7.7", "net-iplsearch;~/ipl", "[net]");
    assert_host("abcd:abcd::5", "net-iplsearch;~/ipl", "[six]");
    assert_host("192.168.3.4", "passwd;nosuchuser", "no");
    assert_host("192.168.3.4", "net-passwd;nosuchuser", "no");
    assert_string_equal(logged(t), "");
    assert_host(
        "192.168.3.4", "net16-iplsearch;~/ipl",
        "defer \"192.168.0.0/16\" is not a valid iplsearch key (an IP address, with optional CIDR mask, is "
        "wanted): in a host list, use net-iplsearch as the search type");
}

static void test_bad_lookups(void **state)
{
    struct list_matching *t = *state;

    assert_host("1.2.3.4", "nosuch;/x", "defer unknown lookup type \"nosuch\"");
    assert_string_equal(logged(t), "unknown lookup type \"nosuch\" in host list item \"nosuch;/x\"\n");
    assert_host("1.2.3.4", ";", "defer unknown lookup type \"\"");
    assert_string_equal(logged(t), "unknown lookup type \"\" in host list item \";\"\n");
    assert_host("1.2.3.4", "net-lsearch*;/x", "defer unknown lookup type \"lsearch*\"");
    assert_host("1.2.3.4", "net-partial-lsearch;/x", "defer unknown lookup type \"partial-lsearch\"");
    logged(t);
    assert_host("1.2.3.4", "net-lsearch;/no/such", "defer ");
    assert_string_equal(logged(t), "failed to open /no/such for linear search: No such file or directory\n");
    assert_host("1.2.3.4", "+ignore_defer : net-lsearch;/no/such : 1.2.3.4", "defer ");
    assert_host("1.2.3.4", "+include_unknown : /no/such", "defer ");
}

static void test_files(void **state)
{
    struct list_matching *t = *state;

    temp_file(t->files, "f", "1.2.3.4 # c\nfe80::/10\n!5.6.7.8\n5.0.0.0/8\n");
    assert_host("1.2.3.4", "~/f", "[1.2.3.4]");
    assert_host("fe80::5", "~/f", "[fe80::/10]");
    assert_host("5.6.7.8", "~/f", "no");
    assert_host("5.6.7.9", "~/f", "[5.0.0.0/8]");
    assert_host("9.9.9.9", "~/f", "no");
    assert_host("9.9.9.9", "!~/f", "[]");
}

/* match_ip: the text is not expanded, and names are not asked for. */
static void test_match_ip(void **state)
{
    static const struct {
        const char *address, *list, *outcome;
    } rows[] = {
        {"1.2.3.4", "1.2.3.0/24", "[]"},
        {"", "*", "[]"},
        {"", ":", "[]"},
        {"", "1.2.3.4", "no"},
        {"1.2.3.4", "+hl", "[]"},
        {"1.2.3.4", "+no", "defer "},
        {"127.0.0.1", "@[]", "[]"},
        {"127.0.0.1", "localhost", "no"},
        {"127.0.0.1", "@", "no"},
        {"127.0.0.1", "*.x : 127.0.0.1", "no"},
        {"127.0.0.1", "^127", "no"},
        {"192.168.3.4", "iplsearch;~/ipl", "[net]"},
        {"192.168.3.4", "net-iplsearch;~/ipl", "[net]"},
        {"192.168.3.4", "iplsearch,ret=key;~/ipl", "[192.168.3.4]"},
        {"1.2.3.4", "+ignore_unknown:foo.invalid:1.2.3.4", "[]"},
        {"1.2.3.4", "+include_unknown:foo.invalid", "[]"},
        {"1.2.3.4", "foo.invalid : 1.2.3.4", "no"},
        {"1.2.3.4", "lsearch*;~/ipl", "defer unknown lookup type \"lsearch*\""},
        {"1.2.3.4", "${if", "no"},
    };
    struct list_matching *t = *state;

    define_list(t, LIST_HOST, "hl", "1.2.3.4");
    temp_file(t->files, "ipl", "192.168.0.0/16: net\n");
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            struct error err = ERROR_IN(t->arena);
            struct str value;
            t->scope.capture_count = 0;
            enum match_result result = list_match_text(&t->scope, MATCH_HOST_LIST, str_of(rows[i].address),
                                                       str_of(in_directory(t, rows[i].list)), &value, &err);
            assert_string_equal(match_outcome(t, result, value, &err), rows[i].outcome);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        list_matching_test(test_addresses),          list_matching_test(test_local),
        list_matching_test(test_names),              list_matching_test(test_unknown_names),
        list_matching_test(test_malformed),          list_matching_test(test_finding_the_name),
        list_matching_test(test_addresses_of_names), list_matching_test(test_lookups_by_address),
        list_matching_test(test_bad_lookups),        list_matching_test(test_files),
        list_matching_test(test_match_ip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
