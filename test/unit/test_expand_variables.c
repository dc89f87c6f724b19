/* Variables: the table, and what they say in a session, without one, and about headers. */
#include "testing.h"

#include "base/log.h"
#include "expand/variables.h"
#include "expand_testing.h"

static void test_table_is_sorted(void **state)
{
    (void)state;
    for (size_t i = 1; i < variable_table.count; i++)
        assert_true(strcmp(variable_table.rows[i - 1].name, variable_table.rows[i].name) < 0);
}

/* Every variable has a value, whatever is missing around it. */
static void test_all_have_values(void **state)
{
    struct expand_testing *t = *state;
    struct scope empty = {.arena = t->arena};
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < variable_table.count; i++) {
            struct error err = ERROR_IN(t->arena);
            struct str value, source = str_printf(t->arena, "$%s", variable_table.rows[i].name);
            assert_int_equal(expand_string(pass == 0 ? &empty : &t->scope, source, t->arena, &value, &err),
                             EXPAND_OK);
            assert_non_null(value.s);
        }
    }
}

static void test_session(void **state)
{
    struct expand_testing *t = *state;
    static const struct expand_case cases[] = {
        CASE("$sender_host_address $sender_host_port", "10.1.2.3 4567"),
        CASE("$sender_helo_name", "client.example"),
        CASE("$sender_address|$sender_address_local_part|$sender_address_domain",
             "Joe@sender.test|Joe|sender.test"),
        CASE("$local_part@$domain", "x@dom.test"),
        CASE("$acl_c_foo$acl_m_bar$acl_m_nothing", "CFOOMBAR"),
        CASE("$message_size $rcpt_count $received_port", "-1 0 -1"),
        CASE("$primary_hostname $smtp_active_hostname", "mail.test mail.test"),
        CASE("$version_number $exim_version $exim_uid $exim_gid", "4.99 4.99 102 105"),
        CASE("$authentication_failed$host_lookup_failed$tls_in_bits$tls_in_cipher$tls_in_ocsp", "0000"),
        CASE("$sender_helo_verified $prdr_requested $message_smtputf8", "no no no"),
        CASE("$runrc$acl_narg$received_time$message_age", "0000"),
        CASE("${if def:sender_helo_name{y}{n}}${if def:sender_ident{y}{n}}", "yn"),
        CASE("$value$item$1$0$r_x$auth1$event_name", ""),
        CASE("$local_user_uid $mime_part_count", "4294967295 -1"),
    };
    check_cases(t, cases);
    t->connection.authentication_failed = true;
    t->connection.tls_in =
        (struct scope_tls){.active = true, .cipher = STR("TLS1.3:X"), .bits = 256, .sni = STR("s")};
    t->scope.item = STR("an item");
    assert_expands(t, "$authentication_failed|$tls_in_cipher|$tls_cipher|$tls_in_bits|$tls_sni|$item",
                   "1|TLS1.3:X|TLS1.3:X|256|s|an item");
}

static void test_captures(void **state)
{
    struct expand_testing *t = *state;
    t->scope.captures[1] = STR("one");
    t->scope.capture_count = 2;
    assert_expands(t, "<$1${1}$2$999999999999>", "<oneone>");
    assert_expands(t, "${if match{abc}{(b)(c)}{$1$2${if match{x}{(x)}{$1$2}}$2}}$1", "bcxcone");
    assert_expands(t, "${if match{abc}{z}{$1}{no $1}}", "no one");
    assert_expands(t, "${if !match{abc}{(z)}{$1}{}}", "one");
    assert_expands(t, "${sg{abc}{(b)}{<\\$1>}}$1", "a<b>cone");
}

static void test_strict_acl_variables(void **state)
{
    struct expand_testing *t = *state;
    t->process.strict_acl_vars = true;
    assert_expands(t, "$acl_c_foo", "CFOO");
    assert_expands(t, "$acl_m_none", "Failed: unknown variable name \"acl_m_none\" (strict_acl_vars is set)");
}

static void test_recipients(void **state)
{
    struct expand_testing *t = *state;
    struct scope_recipient recipients[] = {{.address = STR("a@b")}, {.address = STR("\"x:y\"@c")}};
    t->message.recipients_count = 2;
    assert_expands(t, "$recipients|$recipients_list|$recipients_count", "||2");
    t->message.recipients = recipients;
    assert_expands(t, "$recipients|$recipients_list", "a@b, \"x:y\"@c|a@b:\"x::y\"@c");
    assert_expands(t, "${map{$recipients_list}{<$item>}}", "<a@b>:<\"x::y\"@c>");
}

/* --- The peer */

static void test_full_host(void **state)
{
    struct expand_testing *t = *state;
    struct scope_connection *peer = &t->connection;
    assert_expands(t, "$sender_fullhost|$sender_rcvhost",
                   "(client.example) [10.1.2.3]|[10.1.2.3] (helo=client.example)");
    peer->helo_name = STR("[10.1.2.3]");
    assert_expands(t, "$sender_fullhost|$sender_rcvhost", "([10.1.2.3]) [10.1.2.3]|[10.1.2.3]");
    peer->helo_name = STR_NULL;
    assert_expands(t, "$sender_fullhost|$sender_rcvhost", "[10.1.2.3]|[10.1.2.3]");
    peer->ident = STR("fred");
    assert_expands(t, "$sender_rcvhost", "[10.1.2.3] (ident=fred)");
    peer->host_name = STR("host.name");
    assert_expands(t, "$sender_fullhost|$sender_rcvhost",
                   "host.name [10.1.2.3]|host.name ([10.1.2.3] ident=fred)");
    peer->helo_name = STR("HOST.name");
    assert_expands(t, "$sender_fullhost", "host.name [10.1.2.3]");
    peer->helo_name = STR("foo");
    assert_expands(t, "$sender_fullhost|$sender_rcvhost",
                   "host.name (foo) [10.1.2.3]|host.name\n\t([10.1.2.3] helo=foo ident=fred)");
    peer->host_address = STR_NULL;
    assert_expands(t, "$sender_fullhost$sender_rcvhost", "");
    assert_expands(t, "$sender_host_name", "host.name"); /* -oMs, without -oMa */
}

static void test_logged_ports(void **state)
{
    struct expand_testing *t = *state;
    struct log_settings settings = {.selectors = UINT64_C(1) << LOG_SEL_incoming_port};
    log_configure(&settings);
    assert_expands(t, "$sender_fullhost|$sender_rcvhost",
                   "(client.example) [10.1.2.3]:4567|[10.1.2.3] (port=4567 helo=client.example)");
    t->connection.host_name = STR("host.name");
    assert_expands(
        t, "$sender_fullhost|$sender_rcvhost",
        "host.name (client.example) [10.1.2.3]:4567|host.name ([10.1.2.3]:4567 helo=client.example)");
    log_close();
}

/* Asking for the name looks it up, once. */
static void test_host_name(void **state)
{
    struct expand_testing *t = *state;
    assert_expands(t, "$sender_host_name", "peer.example");
    t->connection.host_name = STR_NULL;
    t->connection.host_lookup_failed = true;
    assert_expands(t, "$sender_host_name$host_lookup_failed", "1");
}

static void test_authresults(void **state)
{
    struct expand_testing *t = *state;
    struct scope_connection *peer = &t->connection;
    assert_expands(t, "${authresults{me}}", "Authentication-Results: me");
    peer->host_lookup_failed = true;
    peer->host_authenticated = STR("plain1");
    peer->authentication_mechanism = STR("PLAIN");
    assert_expands(t, "${authresults{me}}",
                   "Authentication-Results: me;\n\tiprev=fail smtp.remote-ip=10.1.2.3;\n\t"
                   "auth=pass (PLAIN, no id saved)");
    peer->host_name = STR("host.name");
    peer->authenticated_id = str_taint(STR("joe@b.c"));
    assert_expands(t, "${authresults{me}}",
                   "Authentication-Results: me;\n\tiprev=pass (host.name) smtp.remote-ip=10.1.2.3;\n\t"
                   "auth=pass (PLAIN) smtp.auth=joe@b.c");
    peer->host_address = STR_NULL;
    peer->authenticated_id = str_taint(STR("a \"b\"\r\nTo: c"));
    assert_expands(t, "${authresults{me}}",
                   "Authentication-Results: me;\n\tauth=pass (PLAIN) smtp.auth=\"a \\\"b\\\"\?\?To: c\"");
}

/* --- Headers */

static void test_headers(void **state)
{
    struct expand_testing *t = *state;
    static const struct expand_case cases[] = {
        CASE("<$h_from:>", "<Joe   <joe@a.b>>"),
        CASE("<$rh_from:>", "< Joe   <joe@a.b>  \n>"),
        CASE("<$bh_to:>", "<a@b,  c@d,\ne@f\n  ,g@h>"),
        CASE("<$lh_to:>", "<   a@b,  c@d : e@f\n  ,g@h>"),
        CASE("<$h_TO:>", "<a@b,  c@d,\ne@f\n  ,g@h>"),
        CASE("<$rheader_to:>", "<   a@b,  c@d \n e@f\n  ,g@h\n>"),
        CASE("<$h_subject:>", "<caf\303\251 x>"),
        CASE("<$rh_subject:>", "<  =?utf-8?q?caf=C3=A9?= x  \n>"),
        CASE("<$header_x-empty:><$rh_x-empty:>", "<><   \n>"),
        CASE("<$lh_x-a:>", "< one::two  :   three:>"),
        CASE("<$h_x-a:>", "<one:two\nthree>"),
        CASE("<$rh_x-a:>", "< one:two  \n   three\n\n>"),
        CASE("<$h_cc:><$rh_cc:><$lh_cc:>", "<q@r,\ns@t>< \n q@r\n s@t\n>< : q@r: s@t>"),
        CASE("<$h_x-long:><$rh_x-long:>", "<a\n\tb\n c>< a\n\tb\n c  \n>"),
        CASE("<$h_x-bad:>", "<=?utf-8?q?caf>"),
        CASE("<$h_x-b64:>", "<caf\303\251 xy>"),
        CASE("<$h_x-l1:><$bh_x-l1:>", "<caf\303\251><caf\351>"),
        CASE("<$h_x-nul:>", "<a?b>"),
        CASE("<$h_x-odd:>", "<caf\351>"),
        CASE("<$h_spaced:>", "<y>"),
        CASE("<$h_none:>${if def:h_none:{y}{n}}${if def:h_x-empty:{y}{n}}", "<>ny"),
        CASE("$reply_address", "Joe   <joe@a.b>"),
        CASE("$h_x-l1 x", "caf\303\251 x"),
    };
    t->message.headers =
        str_taint(STR("From: Joe   <joe@a.b>  \nTo:   a@b,  c@d \nTo: e@f\n  ,g@h\n"
                      "Subject:  =?utf-8?q?caf=C3=A9?= x  \nX-Empty:   \nX-A: one:two  \n"
                      "x-a:   three\nX-a:\nCc: \nCc: q@r\nCc: s@t\nX-Long: a\n\tb\n c  \n"
                      "X-Bad: =?utf-8?q?caf\nX-B64: =?utf-8?b?Y2Fmw6k=?= =?utf-8?q?_x?= "
                      "=?utf-8?q?y?=\nX-L1: =?iso-8859-1?q?caf=E9?=\nX-Nul: =?utf-8?q?a=00b?=\n"
                      "X-Odd: =?no-such-charset?q?caf=E9?=\nSpaced : y\n"));
    check_cases(t, cases);
    assert_true(expand_outcome(t, STR("$h_from:")).tainted);
    assert_true(expand_outcome(t, STR("$lh_from:")).tainted);
    assert_true(expand_outcome(t, STR("$message_headers")).tainted);
    assert_expands(t, "${strlen:$message_headers_raw}", "356");

    t->process.headers_charset = STR("ISO-8859-1");
    assert_expands(t, "$h_subject:|$h_x-l1:", "caf\351 x|caf\351");
}

/* Sections that are cut off, or are no headers at all. */
static void test_odd_headers(void **state)
{
    struct expand_testing *t = *state;
    t->message.headers = STR("no colon here\n: no name\nA:");
    assert_expands(t, "<$h_a:><$h_no:><$h_:>${if def:h_a:{y}{n}}", "<><><no name>y");
    t->message.headers = STR("");
    assert_expands(t, "<$h_a:>$message_headers", "<>");
}

static void test_variable_sets(void **state)
{
    struct expand_testing *t = *state;
    struct varset set = {.arena = t->arena};
    struct str value, name = STR("acl_c_x");
    assert_false(varset_get(&set, name, &value));
    varset_set(&set, name, str_taint(STR("a\0b")));
    varset_set(&set, STR("acl_c_y"), STR("y"));
    assert_true(varset_get(&set, name, &value));
    assert_str(value, "a\0b");
    assert_true(value.tainted);
    varset_set(&set, name, STR("new"));
    assert_true(varset_get(&set, name, &value));
    assert_str(value, "new");
    assert_false(value.tainted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_sorted),
        expand_test(test_all_have_values),
        expand_test(test_session),
        expand_test(test_captures),
        expand_test(test_strict_acl_variables),
        expand_test(test_recipients),
        expand_test(test_full_host),
        expand_test(test_logged_ports),
        expand_test(test_host_name),
        expand_test(test_authresults),
        expand_test(test_headers),
        expand_test(test_odd_headers),
        expand_test(test_variable_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
