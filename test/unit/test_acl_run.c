/* Running ACLs: what verbs, conditions and modifiers do, what the outcome says, what is logged. The texts
 * are what the packaged Exim (4.96) replies and logs for the same ACLs. */
#include "acl_sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "acl/control.h"
#include "base/buffer.h"
#include "base/log.h"

/* --- A session that the ACLs run in */

struct session {
    struct arena *arena;
    struct acl_set *acls;
    struct scope scope;
    struct scope_process process;
    struct scope_connection connection;
    struct scope_message message;
    struct scope_address address;
    struct scope_acl acl;
    struct acl_warnings warnings;
    struct acl_context context;
    struct buffer events; /* what the host was told */
    bool helo_good;       /* verify_helo() finds the name right */
    char directory[32];
};

static bool on_control(void *owner, const struct acl_control *control, struct str parameter, struct error *err)
{
    struct session *s = owner;

    if (str_is(parameter, "bad"))
        return error_set(err, "host says no");
    buffer_printf(&s->events, "control %s", control->name);
    if (!str_is_null(parameter))
        buffer_printf(&s->events, "/%.*s", STR_ARG(parameter));
    buffer_add_char(&s->events, '\n');
    return true;
}

static void on_add_header(void *owner, struct str header)
{
    buffer_printf(&((struct session *)owner)->events, "add <%.*s>\n", STR_ARG(header));
}

static void on_remove_header(void *owner, struct str names)
{
    buffer_printf(&((struct session *)owner)->events, "remove <%.*s>\n", STR_ARG(names));
}

static void on_delay(void *owner, int seconds)
{
    buffer_printf(&((struct session *)owner)->events, "delay %d\n", seconds);
}

static void on_verify_helo(void *owner)
{
    struct session *s = owner;

    buffer_add_cstr(&s->events, "verify helo\n");
    s->connection.helo_verified = s->helo_good;
}

static struct str log_prefix(void *owner, struct arena *arena)
{
    (void)owner;
    (void)arena;
    return STR("H=(x) [127.0.0.1] ");
}

static const struct acl_host host = {
    .control = on_control, .add_header = on_add_header, .remove_header = on_remove_header, .delay = on_delay,
    .verify_helo = on_verify_helo, .log_prefix = log_prefix,
};

static enum match_result serve_acl(struct scope *scope, struct str name, const struct str *args, unsigned nargs,
                                   struct str *message, struct error *err)
{
    return acl_run_named(&((struct session *)scope->owner)->context, name, args, nargs, message, err);
}

static const struct scope_services services = {
    .match = list_match_text, .acl = serve_acl, .named_list = list_named_text,
};

static void set_logs(const struct session *s)
{
    struct log_settings settings = {
        .main_path = str_printf(s->arena, "%s/main", s->directory),
        .reject_path = str_printf(s->arena, "%s/reject", s->directory),
        .panic_path = str_printf(s->arena, "%s/panic", s->directory),
        .write_rejectlog = true,
    };

    assert_true(log_selector_parse(STR(""), &settings.selectors, NULL));
    log_configure(&settings);
}

static int setup(void **state)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct session *s = ARENA_NEW(arena, struct session);

    *state = s;
    s->arena = arena;
    s->events = BUFFER_IN(arena);
    strcpy(s->directory, "/tmp/test_acl.XXXXXX");
    assert_non_null(mkdtemp(s->directory));
    s->process = (struct scope_process){.primary_hostname = STR("mail.test"), .spool_directory = STR("/nonexistent")};
    s->connection = (struct scope_connection){
        .host_address = STR("127.0.0.1"), .helo_name = STR("x"), .acl_c.arena = arena,
    };
    s->message = (struct scope_message){
        .sender_address = str_taint(STR("s@a.b")), .sender_set = true, .size = -1, .acl_m.arena = arena,
    };
    s->address = (struct scope_address){
        .local_part = str_taint(STR("rcpt")), .original_local_part = str_taint(STR("Rcpt")),
        .domain = str_taint(STR("d.test")),
    };
    s->warnings.arena = arena;
    s->scope = (struct scope){
        .arena = arena, .services = &services, .process = &s->process, .connection = &s->connection,
        .message = &s->message, .address = &s->address, .acl = &s->acl, .owner = s, .lists = named_lists_new(arena),
    };
    s->context = (struct acl_context){
        .scope = &s->scope, .host = &host, .owner = s, .where = ACL_WHERE_RCPT,
        .recipient = str_taint(STR("Rcpt@d.test")), .arena = arena, .warnings = &s->warnings,
    };
    set_logs(s);
    return 0;
}

static int teardown(void **state)
{
    struct session *s = *state;
    char command[64];

    log_close();
    snprintf(command, sizeof command, "rm -r %s", s->directory);
    assert_int_equal(system(command), 0);
    arena_free(s->arena);
    return 0;
}

#define session_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* --- Looking at what happened */

/* Adds the lines of a log, without their time stamps, and empties it. */
static void add_log(struct session *s, struct buffer *out, const char *name)
{
    struct str path = str_printf(s->arena, "%s/%s", s->directory, name);
    const size_t stamp = strlen("2026-01-01 00:00:00 ");
    FILE *f = fopen(path.s, "r+");
    char line[1000];

    if (f == NULL)
        return;
    while (fgets(line, sizeof line, f) != NULL) {
        assert_true(strlen(line) >= stamp);
        buffer_printf(out, "%s: %s", name, line + stamp);
    }
    assert_int_equal(ftruncate(fileno(f), 0), 0);
    fclose(f);
}

static void add_text(struct buffer *out, const char *what, struct str text)
{
    if (!str_is_null(text))
        buffer_printf(out, " %s<%.*s>", what, STR_ARG(text));
}

/* Runs `spec` with the ACLs of the text; the result, the messages, the host's events and the logs. */
static struct str run_spec(struct session *s, const char *text, const char *spec)
{
    static const char *const results[] = {"ACCEPT", "DISCARD", "DEFER", "DENY", "DROP", "ERROR"};
    struct acl_source sources[MAX_SOURCES];
    struct error err = ERROR_IN(s->arena);
    struct acl_outcome outcome;
    struct buffer out = BUFFER_IN(s->arena);
    size_t n = acl_sources(s->arena, text, sources);

    if (!acl_compile(s->arena, sources, n, &s->acls, &err))
        fail_msg("%s", err.text.s);
    s->context.acls = s->acls;
    acl_run(&s->context, template_compile(s->arena, str_of(spec), (struct source_pos){NULL, 0}), &outcome);
    buffer_add_cstr(&out, results[outcome.result]);
    if (outcome.endpass_or_implicit)
        buffer_add_cstr(&out, " implicit");
    add_text(&out, "", outcome.user_message);
    if (!str_eq(outcome.user_message, outcome.log_message) || str_is_null(outcome.user_message))
        add_text(&out, "log", outcome.log_message);
    if (outcome.log_reject_target != (LOG_MAIN | LOG_REJECT))
        buffer_printf(&out, " target %u", outcome.log_reject_target);
    buffer_add_char(&out, '\n');
    buffer_add(&out, buffer_str(&s->events));
    s->events = BUFFER_IN(s->arena);
    add_log(s, &out, "main");
    add_log(s, &out, "reject");
    add_log(s, &out, "panic");
    assert_int_equal(s->context.depth, 0);
    assert_true(str_is_null(s->acl.acl_verify_message));
    return buffer_str(&out);
}

struct run_case {
    const char *acls, *expected; /* the expected text without its last newline */
};

static void run_cases(struct session *s, const struct run_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct str got = run_spec(s, cases[i].acls, "a"), expected = str_printf(s->arena, "%s\n", cases[i].expected);

        s->warnings.first = NULL;
        if (!str_eq(got, expected))
            fail_msg("for\n%s\ngot\n%s\nexpected\n%s", cases[i].acls, got.s, expected.s);
    }
}

#define RUN_CASES(state, cases) run_cases(*(state), cases, sizeof (cases) / sizeof *(cases))

/* --- Verbs and messages */

static void test_verbs(void **state)
{
    static const struct run_case cases[] = {
        {"a:\n accept", "ACCEPT"},
        {"a:\n", "DENY implicit"},
        {"a:\n warn", "DENY implicit"},
        {"a:\n deny", "DENY"},
        {"a:\n deny message = foo $local_part\n log_message = bar $domain", "DENY <foo rcpt> log<bar d.test>"},
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
        {"a:\n warn log_message = W\n warn log_message = W\n accept", "ACCEPT\nmain: H=(x) [127.0.0.1] Warning: W"},
        {"a:\n warn log_message = W\n condition = 0\n accept", "ACCEPT"},
        {"a:\n warn log_message = a\\nb\n accept", "ACCEPT\nmain: H=(x) [127.0.0.1] Warning: a\\nb"},
        {"a:\n warn log_message = ${if eq{1}{2}{yes}fail}\n log_message =\n accept", "ACCEPT"},
        {"a:\n warn condition = maybe\n accept",
         "ACCEPT\nmain: H=(x) [127.0.0.1] Warning: ACL \"warn\" statement skipped: condition test deferred: "
         "invalid \"condition\" value \"maybe\""},
        {"a:\n warn !acl = b\n log_message = [$acl_verify_message]\n accept\nb:\n deny message = m",
         "ACCEPT\nmain: H=(x) [127.0.0.1] Warning: [m]"},
        {"a:\n warn !acl = b\n log_message = [$acl_verify_message]\n accept\nb:\n deny message = m\n log_message = l",
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
         " recipients = rcpt@d.test\n condition = yes", "DENY"},
        {"a:\n accept domains = e.test\n accept local_parts = x\n accept senders = t@a.b\n"
         " accept sender_domains = b\n accept recipients = x@d.test", "DENY implicit"},
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
         " logwrite = $domain_data $local_part_data\n warn domains = x\n warn logwrite = [$domain_data]\n accept",
         "ACCEPT\nmain: d.test rcpt\nmain: []"},
        {"a:\n deny !verify = certificate", "DENY <no verified certificate>"},
        {"a:\n accept verify = certificate\n deny", "DENY"},
        {"a:\n deny !verify = certificate\n log_message = L[$acl_verify_message]\n"
         " message = M[$acl_verify_message]", "DENY <M[no verified certificate]> log<L[no verified certificate]>"},
        {"a:\n accept verify = helo", "DENY implicit\nverify helo"},
        {"a:\n accept verify = helo/x",
         "ERROR log<unexpected '/' found in \"helo/x\" (this verify item has no options)>"},
        {"a:\n accept verify = ${lc:Sender}",
         "ERROR log<ACL condition \"verify = sender\" is known to Exim but not supported by gatepost>"},
        {"a:\n accept verify = nonsense",
         "ERROR log<expected \"sender[=address]\", \"recipient\", \"helo\", \"header_syntax\", \"header_sender\", "
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
    assert_str(run_spec(s, "a:\n accept verify = certificate", "a"), "DENY implicit <no verified certificate>\n");
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
    assert_str(run_spec(s, "a:\n warn set acl_m1 = x", "a"), "ERROR log<cannot set acl_m1: there is no message>\n");
}

/* --- Modifiers */

static void test_modifiers(void **state)
{
    static const struct run_case cases[] = {
        {"a:\n warn set acl_c_x = foo\n set acl_m_x = bar $acl_c_x\n deny message = $acl_c_x $acl_m_x $acl_m9",
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
         "ACCEPT\nmain: text\nmain: two\nmain: four\nmain: a\\nb\nmain: reject: x\nreject: two\npanic: three"},
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
        {"a:\n accept add_header = x y\n add_header = :at_start:X: y\n add_header = X: a\\n b\\nY: c\\n\\nZ:d\n"
         " add_header = \\n\\n\n add_header = X : y\n remove_header = A : B\n remove_header =",
         "ACCEPT\nadd <X-ACL-Warn: x y>\nadd <:at_start:X: y>\nadd <X: a\n b>\nadd <Y: c>\nadd <X-ACL-Warn: >\n"
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
        {"a:\n accept control = no_pipelining/foo", "ERROR log<syntax error in \"control=no_pipelining/foo\">"},
        {"a:\n accept control = allow_auth_unadvertised",
         "ERROR log<cannot use \"control=allow_auth_unadvertised\" in RCPT ACL>"},
        {"a:\n accept control = ${lc:FREEZE}",
         "ERROR log<control \"freeze\" is known to Exim but not supported by gatepost>"},
        {"a:\n warn control = caseful_local_part\n logwrite = $local_part\n control = caselower_local_part\n"
         " accept logwrite = $local_part", "ACCEPT\nmain: Rcpt\nmain: rcpt"},
    };
    struct session *s = *state;

    RUN_CASES(state, cases);
    s->context.where = ACL_WHERE_CONNECT;
    assert_str(run_spec(s, "a:\n accept control = allow_auth_unadvertised", "a"),
               "ACCEPT\ncontrol allow_auth_unadvertised\n");
}

/* --- ACLs in ACLs */

static void test_nested(void **state)
{
    static const struct run_case cases[] = {
        {"a:\n accept acl = b\nb:\n accept message = m", "ACCEPT"},
        {"a:\n accept acl = b\n message = outer\nb:\n accept message = m", "ACCEPT <outer>"},
        {"a:\n accept acl = b\nb:\n deny message = m\n log_message = l", "DENY implicit <m> log<l>"},
        {"a:\n accept acl = b\n deny\nb:\n deny message = m", "DENY"},
        {"a:\n deny acl = b\nb:\n accept message = m", "DENY <m>"},
        {"a:\n deny !acl = b\nb:\n deny log_message = l", "DENY log<l>"},
        {"a:\n deny !acl = b\n message = M\nb:\n deny log_message = l", "DENY <M> log<l>"},
        {"a:\n deny !acl = b\n log_message = L\nb:\n deny message = m", "DENY <m> log<L: m>"},
        {"a:\n deny !acl = b\n log_message = [$acl_verify_message]\n message = [$acl_verify_message]\n"
         "b:\n deny message = m\n log_message = l", "DENY <[m]> log<[l]: l>"},
        {"a:\n deny !acl = b\n acl = c\nb:\n deny message = m\nc:\n accept", "DENY"},
        {"a:\n require acl = b\nb:\n accept message = m", "DENY implicit <m>"},
        {"a:\n require message = own $acl_verify_message\n acl = b\nb:\n deny message = m",
         "DENY <own m> log<m>"},
        {"a:\n warn !acl = b\nb:\n deny message = m", "DENY implicit"},
        {"a:\n accept !acl = b\n log_message = x\nb:\n deny message = m", "ACCEPT log<x>"},
        {"a:\n accept message = M\n endpass\n acl = b\nb:\n deny message = m\n log_message = l",
         "DENY <M> log<l>"},
        {"a:\n accept acl = b\nb:\n defer message = m", "DEFER <m>"},
        {"a:\n warn acl = b\n accept\nb:\n defer message = m",
         "ACCEPT\nmain: H=(x) [127.0.0.1] Warning: ACL \"warn\" statement skipped: condition test deferred: m"},
        {"a:\n deny !acl = b\n condition = maybe\nb:\n deny message = m",
         "DEFER log<invalid \"condition\" value \"maybe\">"},

        {"a:\n accept acl = b\nb:\n drop message = m", "DENY implicit <m>"},
        {"a:\n require acl = b\nb:\n drop message = m", "DROP <m>"},
        {"a:\n deny !acl = b\nb:\n drop message = m", "DENY <m>"},
        {"a:\n accept endpass\n acl = b\nb:\n drop message = m", "DROP <m>"},
        {"a:\n accept acl = b\n condition = 0\nb:\n discard message = m\n log_message = l", "DISCARD <m> log<l>"},
        {"a:\n accept !acl = b\nb:\n discard", "DISCARD"},
        {"a:\n require acl = b\nb:\n discard",
         "ERROR log<nested ACL returned \"discard\" for \"require\" command "
         "(only allowed with \"accept\" or \"discard\")>"},
        {"a:\n require acl = a", "ERROR log<ACL nested too deep: possible loop>"},
        {"a:\n accept acl = nosuch arg", "ERROR log<unknown ACL verb \"nosuch\" in \"nosuch\">"},
        {"a:\n accept acl = ${bogus}",
         "ERROR log<failed to expand ACL string \"${bogus}\": unknown variable in \"${bogus}\">"},
        {"a:\n accept acl = b ${bogus}\nb:\n accept",
         "ERROR log<failed to expand ACL string \"b\": unknown variable in \"${bogus}\">"},
        {"a:\n accept acl =", "DENY implicit"},
        {"a:\n accept acl = $local_part",
         "ERROR log<internal configuration error>\nmain: attempt to use tainted ACL text \"rcpt\"\n"
         "panic: attempt to use tainted ACL text \"rcpt\""},
    };

    RUN_CASES(state, cases);
}

static void test_arguments(void **state)
{
    static const struct run_case cases[] = {
        {"a:\n accept acl = b   x  $domain\nb:\n deny message = $acl_narg [$acl_arg1] [$acl_arg2] [$acl_arg3]",
         "DENY implicit <2 [x] [d.test] []>"},
        {"a:\n accept acl = b 1 2 3 4 5 6 7 8 9 10\nb:\n deny message = $acl_narg $acl_arg1 $acl_arg9",
         "DENY implicit <9 1 9>"},
        {"a:\n accept acl = ${lc:B} x\nb:\n deny message = $acl_narg $acl_arg1", "DENY implicit <1 x>"},
        {"a:\n accept acl = b ${extract{1}{:}{:}{$value}fail}\nb:\n deny message = $acl_narg [$acl_arg1]",
         "DENY implicit <1 []>"},
        {"a:\n deny !acl = b 1 2\n message = $acl_narg [$acl_arg1]\nb:\n deny !acl = c 3\n"
         " log_message = $acl_narg $acl_arg1 $acl_arg2\nc:\n deny message = $acl_narg $acl_arg1 [$acl_arg2]",
         "DENY <0 []> log<2 1 2: 1 3 []>"},
        {"a:\n deny message = [${acl{b}{x}{y}}]\nb:\n accept message = $acl_narg", "DENY <[2]>"},
        {"a:\n deny message = [${acl{b}{x}{y}}]\nb:\n deny message = $acl_arg2", "DENY <[y]>"},
        {"a:\n deny message = [${acl{b}}]\nb:\n accept", "DENY <[]>"},
        {"a:\n deny message = ${if acl{{b}{q}}{Y$value}{N$value}}\nb:\n deny message = $acl_arg1", "DENY <Nq>"},
        {"a:\n deny message = [${acl{b}}]\nb:\n defer", "DENY"},
        {"a:\n deny condition = ${acl{nosuch}}",
         "ERROR log<failed to expand ACL string \"${acl{nosuch}}\": ERROR from acl \"nosuch\">"},
    };

    RUN_CASES(state, cases);
}

/* --- Where things are allowed */

static void test_places(void **state)
{
    static const struct {
        enum acl_where where;
        const char *statement, *expected;
    } cases[] = {
        {ACL_WHERE_CONNECT, "accept domains = *", "ERROR log<cannot test domains condition in connection ACL>"},
        {ACL_WHERE_CONNECT, "warn !domains = *", "ERROR log<cannot test domains condition in connection ACL>"},
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
         "ERROR log<QUIT or not-QUIT toplevel ACL may not fail ('deny' verb used incorrectly)>"},
        {ACL_WHERE_NOTQUIT, "require condition = 0",
         "ERROR log<QUIT or not-QUIT toplevel ACL may not fail ('require' verb used incorrectly)>"},
        {ACL_WHERE_QUIT, "warn condition = 1", "DENY implicit"},
        {ACL_WHERE_QUIT, "accept message = bye", "ACCEPT <bye>"},
        {ACL_WHERE_HELO, "discard message = x",
         "ERROR\nmain: \"discard\" verb not allowed in EHLO or HELO ACL\n"
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

/* --- Finding ACLs */

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fputs(text, f) < 0, 0);
    assert_int_equal(fclose(f), 0);
}

static void test_specs(void **state)
{
    struct session *s = *state;
    struct acl_outcome outcome;
    static const struct {
        const char *spec, *expected;
    } cases[] = {
        {"accept", "ACCEPT"},
        {"deny message = $domain", "DENY"}, /* expanded before it is compiled: tainted, see below */
        {"accept\\n hosts = 1.2.3.4\\ndeny message = x\\n log_message = y", "DENY <x> log<y>"},
        {"", "DENY implicit"},
        {"$acl_c1", "DENY implicit"},
        {"nosuch", "ERROR log<unknown ACL verb \"nosuch\" in \"nosuch\">"},
        {"A", "ERROR log<unknown ACL verb \"A\" in \"A\">"},
        {"deny bogus = 1", "ERROR log<unknown ACL condition/modifier in \"deny bogus = 1\">"},
        {"deny spf = pass", "ERROR log<ACL condition \"spf\" is known to Exim but not supported by gatepost>"},
        {"x: deny", "DENY implicit"},
        {"${if eq{1}{2}{yes}fail}", "ACCEPT"},
        {"${bogus}", "ERROR log<failed to expand ACL string \"${bogus}\": unknown variable in \"${bogus}\">"},
        {"/nonexistent/file",
         "ERROR log<failed to open ACL file \"/nonexistent/file\": No such file or directory>"},
        {"/", "ERROR log<failed to read ACL file \"/\": Is a directory>"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str got = run_spec(s, "a:\n accept\n", cases[i].spec);

        if (i == 1)
            assert_str(got, "ERROR log<internal configuration error>\n"
                       "main: attempt to use tainted ACL text \"deny message = d.test\"\n"
                       "panic: attempt to use tainted ACL text \"deny message = d.test\"\n");
        else
            assert_octets(got, str_printf(s->arena, "%s\n", cases[i].expected).s, strlen(cases[i].expected) + 1);
    }
    acl_run(&s->context, NULL, &outcome);
    assert_int_equal(outcome.result, ACL_ACCEPT);
    assert_true(str_is_null(outcome.user_message) && str_is_null(outcome.log_message));
}

/* A file is read again when it has changed, not otherwise. */
static void test_files(void **state)
{
    struct session *s = *state;
    struct str path = str_printf(s->arena, "%s/acl", s->directory), moved = str_printf(s->arena, "%s.new", path.s);
    struct acl_outcome outcome;
    const struct template *spec = template_compile(s->arena, path, (struct source_pos){NULL, 0});

    write_file(path.s, "# comment\naccept hosts = 1.2.3.4\n\ndeny message = x\\\n   y\n");
    run_spec(s, "a:\n accept\n", "a");
    for (unsigned i = 0; i < 3; i++) {
        acl_run(&s->context, spec, &outcome);
        assert_int_equal(outcome.result, ACL_DENY);
        assert_str(outcome.user_message, "xy");
    }
    write_file(moved.s, "accept\nfoo:\n deny\n");
    assert_int_equal(rename(moved.s, path.s), 0);
    acl_run(&s->context, spec, &outcome);
    assert_int_equal(outcome.result, ACL_ACCEPT);
    write_file(moved.s, "bogus\n");
    assert_int_equal(rename(moved.s, path.s), 0);
    acl_run(&s->context, spec, &outcome);
    assert_int_equal(outcome.result, ACL_ERROR);
    assert_str(outcome.log_message, "unknown ACL verb \"bogus\" in \"bogus\"");
}

/* Texts that are all different are not kept without end. */
static void test_kept_is_bounded(void **state)
{
    struct session *s = *state;
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct acl_outcome outcome;
    struct error err = ERROR_IN(arena);

    run_spec(s, "a:\n accept\n", "a");
    s->context.arena = arena;
    for (unsigned i = 0; i < 2000; i++) {
        struct str text = str_printf(arena, "deny message = %u", i);

        acl_run(&s->context, template_compile(arena, text, (struct source_pos){NULL, 0}), &outcome);
        assert_int_equal(outcome.result, ACL_DENY);
        assert_true(str_eq(outcome.user_message, str_printf(arena, "%u", i)));
        arena_reset(arena);
    }
    for (unsigned i = 0; i < 2000; i++) {
        struct str message;

        assert_int_equal(acl_run_named(&s->context, str_printf(arena, "deny message = %u", i), NULL, 0, &message,
                                       &err), MATCH_NO);
        assert_true(str_eq(message, str_printf(arena, "%u", i)));
        arena_reset(arena);
    }
    arena_free(arena);
    s->context.arena = s->arena;
}

/* An ACL of the configuration runs without taking memory. */
static void test_constant_spec_takes_no_memory(void **state)
{
    struct session *s = *state;
    const struct template *spec = template_compile(s->arena, STR("a"), (struct source_pos){NULL, 0});
    struct acl_outcome outcome;
    struct arena *arena = arena_new(ARENA_PLAIN);
    size_t before;

    run_spec(s, "a:\n deny condition = 0\n accept message = fixed\n", "a");
    s->context.arena = arena;
    arena_alloc(arena, 1);
    before = arena_size(arena);
    for (unsigned i = 0; i < 100000; i++)
        acl_run(&s->context, spec, &outcome);
    assert_int_equal(arena_size(arena), before);
    assert_int_equal(outcome.result, ACL_ACCEPT);
    assert_str(outcome.user_message, "fixed");
    s->context.arena = s->arena;
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(test_verbs), session_test(test_warn), session_test(test_conditions), session_test(test_facts),
        session_test(test_modifiers), session_test(test_controls), session_test(test_nested),
        session_test(test_arguments), session_test(test_places), session_test(test_specs), session_test(test_files),
        session_test(test_kept_is_bounded), session_test(test_constant_spec_takes_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
