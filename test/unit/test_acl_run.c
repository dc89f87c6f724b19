/* Running ACLs: what verbs, conditions and modifiers do, what the outcome says, what is logged. The texts
 * are what the packaged Exim (4.96) replies and logs for the same ACLs. */
#include "acl_session.h"

/* --- Verbs and messages */

static void test_verbs(void **state)
{
    static const struct run_case cases[] = {
        {"a:\n accept", "ACCEPT"},
        {"a:\n", "DENY implicit"},
        {"a:\n warn", "DENY implicit"},
        {"a:\n deny", "DENY"},
        {"a:\n deny message = foo $local_part\n log_message = bar $domain",
         "DENY <foo rcpt> log<bar d.test>"},
        {"a:\n deny hosts = 1.2.3.4\n accept hosts = 127.0.0.1", "ACCEPT"},
        {"a:\n deny hosts = !1.2.3.4", "DENY"},
        {"a:\n deny !hosts = 1.2.3.4", "DENY"},
        {"a:\n require hosts = 1.2.3.4", "DENY"},
        {"a:\n require message = M\n log_message = L\n hosts = 1.2.3.4", "DENY <M> log<L>"},
        {"a:\n require hosts = 1.2.3.4\n message = M", "DENY"},
        {"a:\n require message = M\n hosts = 127.0.0.1\n require message = N", "DENY implicit"},
        {"a:\n defer", "DEFER"},
        {"a:\n defer message = 450 4.2.1 dm\n log_message = lm", "DEFER <450 4.2.1 dm> log<lm>"},
        {"a:\n drop message = gone", "DROP <gone>"},
        {"a:\n discard", "DISCARD"},
        {"a:\n discard log_message = dlm\n message = dmm", "DISCARD <dmm> log<dlm>"},
        {"a:\n accept message = yes\n deny", "ACCEPT <yes>"},
        {"a:\n accept message = a\n message = b", "ACCEPT <b>"},
        {"a:\n deny message = a\n condition = no\n accept", "ACCEPT"},
        {"a:\n accept endpass\n message = m\n hosts = 1.2.3.4", "DENY <m>"},
        {"a:\n accept hosts = 127.0.0.1\n endpass\n hosts = 1.2.3.4\n log_message = nope", "DENY"},
        {"a:\n accept message = m\n hosts = 127.0.0.1\n endpass", "ACCEPT"},
        {"a:\n accept message = m\n condition = 0\n endpass\n accept", "ACCEPT"},
        {"a:\n accept message = m\n log_message = l\n condition = 0", "DENY implicit <m> log<l>"},
        {"a:\n deny message = m\n condition = 0", "DENY implicit"},
        {"a:\n discard message = m\n endpass\n condition = 0", "DENY <m>"},
        {"a:\n discard endpass\n condition = 1\n message = m", "DISCARD"},
        {"a:\n deny message = two\\nlines", "DENY <two\nlines>"},
        {"a:\n deny message =\n log_message =", "DENY"},
        {"a:\n deny message = ${if eq{1}{2}{yes}fail}", "DENY"},
        {"a:\n deny message = ${bogus}",
         "DENY\nmain: failed to expand ACL message \"${bogus}\": unknown variable in \"${bogus}\"\n"
         "panic: failed to expand ACL message \"${bogus}\": unknown variable in \"${bogus}\""},
    };

    RUN_CASES(state, cases);
}

static void test_warn(void **state)
{
    static const struct run_case cases[] = {
        {"a:\n warn log_message = W\n warn log_message = W\n accept",
         "ACCEPT\nmain: H=(x) [127.0.0.1] Warning: W"},
        {"a:\n warn log_message = W\n condition = 0\n accept", "ACCEPT"},
        {"a:\n warn log_message = a\\nb\n accept", "ACCEPT\nmain: H=(x) [127.0.0.1] Warning: a\\nb"},
        {"a:\n warn log_message = ${if eq{1}{2}{yes}fail}\n log_message =\n accept", "ACCEPT"},
        {"a:\n warn condition = maybe", "DENY implicit\nmain: H=(x) [127.0.0.1] Warning: ACL \"warn\" "
                                        "statement skipped: condition test deferred: "
                                        "invalid \"condition\" value \"maybe\""},
        {"a:\n warn condition = maybe\n accept",
         "ACCEPT\nmain: H=(x) [127.0.0.1] Warning: ACL \"warn\" statement skipped: condition test deferred: "
         "invalid \"condition\" value \"maybe\""},
        {"a:\n warn !acl = b\n log_message = [$acl_verify_message]\n accept\nb:\n deny message = m",
         "ACCEPT\nmain: H=(x) [127.0.0.1] Warning: [m]"},
        {"a:\n warn !acl = b\n log_message = [$acl_verify_message]\n accept\nb:\n deny message = m\n "
         "log_message = l",
         "ACCEPT\nmain: H=(x) [127.0.0.1] Warning: [l]"},
        {"a:\n warn message = x y\n condition = 1\n accept", "ACCEPT\nadd <X-ACL-Warn: x y>"},
        {"a:\n warn message = X: y\n condition = 0\n accept", "ACCEPT"},
    };
    struct session *s = *state;

    RUN_CASES(state, cases);
    assert_str(run_spec(s, "a:\n warn log_message = W\n accept", "a"),
               "ACCEPT\nmain: H=(x) [127.0.0.1] Warning: W\n");
    assert_str(run_spec(s, "a:\n warn log_message = W\n accept", "a"), "ACCEPT\n"); /* the same message */
    s->context.warnings = NULL;
    assert_str(run_spec(s, "a:\n warn log_message = W\n accept", "a"),
               "ACCEPT\nmain: H=(x) [127.0.0.1] Warning: W\n");
    s->context.where = ACL_WHERE_CONNECT;
    assert_str(run_spec(s, "a:\n warn message = x y\n accept", "a"),
               "ACCEPT\n"
               "main: ACL \"warn\" with \"message\" setting found in a non-message (connection) ACL: "
               "cannot specify header lines here: message ignored\n"
               "panic: ACL \"warn\" with \"message\" setting found in a non-message (connection) ACL: "
               "cannot specify header lines here: message ignored\n");
}

/* --- Conditions */

static void test_conditions(void **state)
{
    static const struct run_case cases[] = {
        {"a:\n deny domains = d.test\n local_parts = rcpt\n senders = s@a.b\n sender_domains = a.b\n"
         " recipients = rcpt@d.test\n condition = yes",
         "DENY"},
        {"a:\n accept domains = e.test\n accept local_parts = x\n accept senders = t@a.b\n"
         " accept sender_domains = b\n accept recipients = x@d.test",
         "DENY implicit"},
        {"a:\n accept authenticated = *", "DENY implicit"},
        {"a:\n accept encrypted = *\n deny !encrypted = *\n !authenticated = *", "DENY"},
        {"a:\n accept condition = 5", "ACCEPT"},
        {"a:\n accept condition = -1", "ACCEPT"},
        {"a:\n accept condition = 00", "DENY implicit"},
        {"a:\n accept condition = -0", "DENY implicit"},
        {"a:\n accept condition = TRUE", "ACCEPT"},
        {"a:\n accept condition = False", "DENY implicit"},
        {"a:\n accept condition =", "DENY implicit"},
        {"a:\n accept condition = maybe", "DEFER log<invalid \"condition\" value \"maybe\">"},
        {"a:\n accept condition = 0x", "DEFER log<invalid \"condition\" value \"0x\">"},
        {"a:\n accept condition = -", "DEFER log<invalid \"condition\" value \"-\">"},
        {"a:\n deny condition = yes # comment", "DEFER log<invalid \"condition\" value \"yes # comment\">"},
        {"a:\n deny condition = ${if eq{1}{2}{yes}fail}", "DENY"},
        {"a:\n deny !condition = ${if eq{1}{2}{yes}fail}", "DENY"},
        {"a:\n deny condition = ${bogus}",
         "ERROR log<failed to expand ACL string \"${bogus}\": unknown variable in \"${bogus}\">"},
        {"a:\n warn set acl_c_x = ${bogus}",
         "ERROR log<failed to expand ACL string \"${bogus}\": unknown variable in \"${bogus}\">"},
        {"a:\n deny hosts = ${if eq{1}{2}{yes}fail}", "DENY implicit"},
        {"a:\n warn domains = d.test\n local_parts = rcpt\n"
         " logwrite = $domain_data $local_part_data\n warn domains = x\n warn logwrite = [$domain_data]\n "
         "accept",
         "ACCEPT\nmain: d.test rcpt\nmain: []"},
        {"a:\n deny !verify = certificate", "DENY <no verified certificate>"},
        {"a:\n accept verify = certificate\n deny", "DENY"},
        {"a:\n deny verify = certificate", "DENY implicit <no verified certificate>"},
        {"a:\n warn verify = certificate", "DENY implicit"},
        {"a:\n warn !verify = certificate\n logwrite = [$acl_verify_message]\n warn logwrite = "
         "[$acl_verify_message]",
         "DENY implicit\nmain: [no verified certificate]\nmain: []"},
        {"a:\n deny !verify = certificate\n log_message = L[$acl_verify_message]\n"
         " message = M[$acl_verify_message]",
         "DENY <M[no verified certificate]> log<L[no verified certificate]>"},
        {"a:\n accept verify = helo", "DENY implicit\nverify helo"},
        {"a:\n accept verify = helo/x",
         "ERROR log<unexpected '/' found in \"helo/x\" (this verify item has no options)>"},
        {"a:\n accept verify = ${lc:Sender}",
         "ERROR log<addresses cannot be verified here>"},
        {"a:\n accept verify = nonsense",
         "ERROR log<expected \"sender[=address]\", \"recipient\", \"helo\", \"header_syntax\", "
         "\"header_sender\", "
         "\"header_names_ascii\" or \"reverse_host_lookup\" at start of ACL condition \"verify nonsense\">"},
    };

    RUN_CASES(state, cases);
}

static void test_facts(void **state)
{
    struct session *s = *state;

    s->connection.host_authenticated = STR("plain_server");
    assert_str(run_spec(s, "a:\n accept authenticated = cram : PLAIN_*", "a"), "DENY implicit\n");
    assert_str(run_spec(s, "a:\n accept authenticated = cram : Plain_Server", "a"), "ACCEPT\n");
    assert_str(run_spec(s, "a:\n accept authenticated = !plain_server : *", "a"), "DENY implicit\n");
    assert_str(run_spec(s, "a:\n accept authenticated = ^plain", "a"), "ACCEPT\n");
    s->connection.tls_in.active = true;
    s->connection.tls_in.cipher = STR("TLS1.3:AES:256");
    assert_str(run_spec(s, "a:\n accept encrypted = *", "a"), "ACCEPT\n");
    assert_str(run_spec(s, "a:\n accept encrypted = x", "a"), "DENY implicit\n");
    assert_str(run_spec(s, "a:\n accept verify = certificate", "a"),
               "DENY implicit <no verified certificate>\n");
    s->connection.tls_in.certificate_verified = true;
    assert_str(run_spec(s, "a:\n accept verify = certificate", "a"), "ACCEPT\n");
    s->helo_good = true;
    assert_str(run_spec(s, "a:\n accept verify = helo", "a"), "ACCEPT\nverify helo\n");
    assert_str(run_spec(s, "a:\n accept verify = helo", "a"), "ACCEPT\n");
    s->connection.helo_verified = false;
    s->connection.host_address = STR_NULL;
    assert_str(run_spec(s, "a:\n accept verify = helo", "a"), "ACCEPT\n"); /* not over TCP/IP */
    s->message.sender_address = STR("");
    assert_str(run_spec(s, "a:\n accept senders = :\n sender_domains = :", "a"), "ACCEPT\n");
    s->scope.message = NULL;
    assert_str(run_spec(s, "a:\n accept senders = :", "a"), "ACCEPT\n");
    assert_str(run_spec(s, "a:\n warn set acl_m1 = x", "a"),
               "ERROR log<cannot set acl_m1: there is no message>\n");
}

/* --- Modifiers */

static void test_modifiers(void **state)
{
    static const struct run_case cases[] = {
        {"a:\n warn set acl_c_x = foo\n set acl_m_x = bar $acl_c_x\n deny message = $acl_c_x $acl_m_x "
         "$acl_m9",
         "DENY <foo bar foo >"},
        {"a:\n warn set acl_c_y = ${if eq{1}{2}{yes}fail}\n deny message = x$acl_c_y", "DENY <x>"},
        {"a:\n accept continue = foo", "ACCEPT"},
        {"a:\n warn delay = 5m\n accept delay = 1s", "ACCEPT\ndelay 300\ndelay 1"},
        {"a:\n accept delay = ${if eq{1}{2}{yes}fail}", "ACCEPT"},
        {"a:\n accept delay = foo",
         "ERROR log<syntax error in argument for \"delay\" modifier: \"foo\" is not a time value>"},
        {"a:\n accept delay = 5",
         "ERROR log<syntax error in argument for \"delay\" modifier: \"5\" is not a time value>"},
        {"a:\n accept logwrite = text\n logwrite = :main,reject: two\n logwrite = :panic,:  three\n"
         " logwrite = ::four\n logwrite = a\\nb\n logwrite = :main:reject: x",
         "ACCEPT\nmain: text\nmain: two\nmain: four\nmain: a\\nb\nmain: reject: x\nreject: two\npanic: "
         "three"},
        {"a:\n accept logwrite = :foo: x\n logwrite = : x\n logwrite = :main x\n logwrite = :main,,panic:x",
         "ACCEPT\nmain: unknown log name in \":foo: x\" in \"logwrite\" in RCPT ACL\n"
         "main: unknown log name in \": x\" in \"logwrite\" in RCPT ACL\n"
         "main: unknown log name in \":main x\" in \"logwrite\" in RCPT ACL\n"
         "main: unknown log name in \":main,,panic:x\" in \"logwrite\" in RCPT ACL\n"
         "panic: unknown log name in \":foo: x\" in \"logwrite\" in RCPT ACL\n"
         "panic: unknown log name in \": x\" in \"logwrite\" in RCPT ACL\n"
         "panic: unknown log name in \":main x\" in \"logwrite\" in RCPT ACL\n"
         "panic: unknown log name in \":main,,panic:x\" in \"logwrite\" in RCPT ACL"},
        {"a:\n deny log_reject_target =", "DENY target 0"},
        {"a:\n deny log_reject_target = main", "DENY target 1"},
        {"a:\n warn acl = b\n deny\nb:\n accept log_reject_target = panic : reject", "DENY target 6"},
        {"a:\n deny log_reject_target = main:foo",
         "DENY\nmain: unknown log name \"foo\" in \"log_reject_target\" in RCPT ACL\n"
         "panic: unknown log name \"foo\" in \"log_reject_target\" in RCPT ACL"},
        {"a:\n accept add_header = x y\n add_header = :at_start:X: y\n add_header = X: a\\n b\\nY: "
         "c\\n\\nZ:d\n"
         " add_header = \\n\\n\n add_header = X : y\n remove_header = A : B\n remove_header =",
         "ACCEPT\nadd <X-ACL-Warn: x y>\nadd <:at_start:X: y>\nadd <X: a\n b>\nadd <Y: c>\nadd <X-ACL-Warn: "
         ">\n"
         "add <Z:d>\nadd <X-ACL-Warn: X : y>\nremove <A : B>"},
        {"a:\n accept condition = 0\n add_header = X: y\n accept add_header = X: z\n condition = 0\n accept",
         "ACCEPT\nadd <X: z>"},
    };
    struct session *s = *state;

    RUN_CASES(state, cases);
    s->connection.is_test = true;
    assert_str(run_spec(s, "a:\n accept delay = 1h", "a"), "ACCEPT\n");
}

static void test_controls(void **state)
{
    static const struct run_case cases[] = {
        {"a:\n accept control = fakereject\n control = fakereject/\n control = fakedefer/a/b c",
         "ACCEPT\ncontrol fakereject\ncontrol fakereject\ncontrol fakedefer/a/b c"},
        {"a:\n accept control = no_multiline_responses\n control = no_delay_flush\n control = enforce_sync\n"
         " control = no_callout_flush",
         "ACCEPT\ncontrol no_multiline_responses\ncontrol no_delay_flush\ncontrol enforce_sync"},
        {"a:\n accept control = fakereject/bad", "ERROR log<host says no>"},
        {"a:\n accept control = ${if eq{1}{2}{yes}fail}", "ACCEPT"},
        {"a:\n warn control = nonsense\n accept", "ERROR log<syntax error in \"control=nonsense\">"},
        {"a:\n accept control =", "ERROR log<syntax error in \"control=\">"},
        {"a:\n accept control = fakerejectx", "ERROR log<syntax error in \"control=fakerejectx\">"},
        {"a:\n accept control = no_pipelining/foo",
         "ERROR log<syntax error in \"control=no_pipelining/foo\">"},
        {"a:\n accept control = allow_auth_unadvertised",
         "ERROR log<cannot use \"control=allow_auth_unadvertised\" in RCPT ACL>"},
        {"a:\n accept control = ${lc:CUTTHROUGH_DELIVERY}",
         "ERROR log<control \"cutthrough_delivery\" is known to Exim but not supported by gatepost>"},
        {"a:\n warn control = caseful_local_part\n logwrite = $local_part\n control = caselower_local_part\n"
         " accept logwrite = $local_part",
         "ACCEPT\nmain: Rcpt\nmain: rcpt"},
    };
    struct session *s = *state;

    RUN_CASES(state, cases);
    s->context.where = ACL_WHERE_CONNECT;
    assert_str(run_spec(s, "a:\n accept control = allow_auth_unadvertised", "a"),
               "ACCEPT\ncontrol allow_auth_unadvertised\n");
}

static struct str read_file(struct session *s, const char *name)
{
    struct str path = str_printf(s->arena, "%s/%s", s->directory, name);
    struct buffer text = BUFFER_IN(s->arena);
    FILE *f = fopen(path.s, "r");
    int c;

    if (f == NULL)
        return STR("no such file");
    while ((c = getc(f)) != EOF)
        buffer_add_char(&text, (char)c);
    fclose(f);
    return buffer_str(&text);
}

static void test_debug_log(void **state)
{
    struct session *s = *state;
    struct arena *session_arena = arena_new(ARENA_PLAIN);

    s->scope.arena = session_arena;
    assert_str(run_spec(s,
                        "a:\n warn control = debug/tag=.$local_part/opts=-all+acl\n warn acl = b\n accept\n"
                        "b:\n deny hosts = :",
                        "a"),
               "ACCEPT\n");
    assert_str(read_file(s, "debug.rcpt"), "warn: condition test succeeded in ACL \"a\"\n"
                                           "processing \"warn\" (test.conf 3)\n"
                                           "check acl = b\n"
                                           " using ACL \"b\"\n"
                                           " processing \"deny\" (test.conf 6)\n"
                                           " check hosts = :\n"
                                           " deny: condition test failed in ACL \"b\"\n"
                                           " end of ACL \"b\": implicit DENY\n"
                                           "warn: condition test failed in ACL \"a\"\n"
                                           "processing \"accept\" (test.conf 4)\n"
                                           "accept: condition test succeeded in ACL \"a\"\n"
                                           "end of ACL \"a\": ACCEPT\n");
    assert_true(debug_on(DEBUG_acl));
    assert_str(run_spec(s, "a:\n accept control = debug/stop", "a"), "ACCEPT\n");
    assert_false(debug_any());
    assert_str(run_spec(s, "a:\n accept control = debug/tag=2\n control = debug/kill", "a"), "ACCEPT\n");
    assert_str(read_file(s, "debug2"), "no such file");
    assert_str(run_spec(s, "a:\n accept control = debug/tag=x", "a"), "ACCEPT\n");
    assert_true(debug_any());
    arena_free(session_arena); /* the session's end */
    assert_false(debug_any());
    assert_true(read_file(s, "debugx").n > 0);
    s->scope.arena = s->arena;
    assert_str(run_spec(s, "a:\n accept control = debug/stop/x", "a"),
               "ACCEPT\nmain: unknown option \"x\" of control \"debug\" ignored\n"
               "panic: unknown option \"x\" of control \"debug\" ignored\n");
    assert_str(run_spec(s, "a:\n accept control = ${lc:debug/stop/pretrigger=1}", "a"),
               "ERROR log<option \"pretrigger\" of control \"debug\" is known to Exim but not supported by "
               "gatepost>\n");
    assert_true(str_starts(run_spec(s, "a:\n accept control = debug/opts=+nosuch", "a"), "ACCEPT\nmain: "));
}

/* --- Where things are allowed */

static void test_places(void **state)
{
    static const struct {
        enum acl_where where;
        const char *statement, *expected;
    } cases[] = {
        {ACL_WHERE_CONNECT, "accept domains = *",
         "ERROR log<cannot test domains condition in connection ACL>"},
        {ACL_WHERE_CONNECT, "warn !domains = *",
         "ERROR log<cannot test domains condition in connection ACL>"},
        {ACL_WHERE_CONNECT, "accept add_header = a:b",
         "ERROR log<cannot use add_header condition in connection ACL>"},
        {ACL_WHERE_HELO, "accept authenticated = *",
         "ERROR log<cannot test authenticated condition in EHLO or HELO ACL>"},
        {ACL_WHERE_AUTH, "accept authenticated = *", "DENY implicit"},
        {ACL_WHERE_NOTSMTP, "accept hosts = *", "ERROR log<cannot test hosts condition in non-SMTP ACL>"},
        {ACL_WHERE_DATA, "accept recipients = *", "ERROR log<cannot test recipients condition in DATA ACL>"},
        {ACL_WHERE_VRFY, "accept domains = *", "ACCEPT"},
        {ACL_WHERE_NOTQUIT, "accept delay = 1s", "ERROR log<cannot use delay condition in NOTQUIT ACL>"},
        {ACL_WHERE_QUIT, "accept senders = *", "ERROR log<cannot test senders condition in QUIT ACL>"},
        {ACL_WHERE_QUIT, "deny message = x",
         "ERROR <x> log<QUIT or not-QUIT toplevel ACL may not fail ('deny' verb used incorrectly)>"},
        {ACL_WHERE_NOTQUIT, "require condition = 0",
         "ERROR log<QUIT or not-QUIT toplevel ACL may not fail ('require' verb used incorrectly)>"},
        {ACL_WHERE_QUIT, "warn condition = 1", "DENY implicit"},
        {ACL_WHERE_QUIT, "accept message = bye", "ACCEPT <bye>"},
        {ACL_WHERE_HELO, "discard message = x",
         "ERROR log<x>\nmain: \"discard\" verb not allowed in EHLO or HELO ACL\n"
         "panic: \"discard\" verb not allowed in EHLO or HELO ACL"},
        {ACL_WHERE_PREDATA, "discard",
         "ERROR\nmain: \"discard\" verb not allowed in PREDATA ACL\n"
         "panic: \"discard\" verb not allowed in PREDATA ACL"},
        {ACL_WHERE_MAILAUTH, "drop",
         "ERROR\nmain: \"drop\" verb not allowed in MAILAUTH ACL\n"
         "panic: \"drop\" verb not allowed in MAILAUTH ACL"},
        {ACL_WHERE_MAIL, "discard", "DISCARD"},
    };
    struct session *s = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run_case one = {str_printf(s->arena, "a:\n %s", cases[i].statement).s, cases[i].expected};

        s->context.where = cases[i].where;
        run_cases(s, &one, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(test_verbs),     session_test(test_warn),      session_test(test_conditions),
        session_test(test_facts),     session_test(test_modifiers), session_test(test_controls),
        session_test(test_debug_log), session_test(test_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
