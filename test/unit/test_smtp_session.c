/* Whole sessions: what a peer is answered, and what the logs say of it. */
#include "base/buffer.h"
#include "smtp_talking.h"

#define EHLO_REPLY "250-mail.test Hello x.test [192.0.2.1]\n250-SIZE 52428800\n250-8BITMIME\n250-PIPELINING\n"
#define REST "250-CHUNKING\n250-SMTPUTF8\n250 HELP\n"
#define LAX "smtp_enforce_sync = no\n"
#define BYE "221 mail.test closing connection\n"

static void test_greeting_and_quit(void **state)
{
    struct smtp_bench *bench = *state;

    assert_string_equal(smtp_talk(bench, LAX, "QUIT\r\n"), "220 ready\n" BYE);
    assert_int_equal(bench->end, SMTP_END_QUIT);
    assert_string_equal(bench->log, "");
    assert_string_equal(smtp_talk(bench, LAX "log_selector = +smtp_connection +smtp_no_mail", "QUIT\r\n"),
                        "220 ready\n" BYE);
    assert_string_equal(bench->log, "SMTP connection from [192.0.2.1]\n"
                                    "SMTP connection from [192.0.2.1] closed by QUIT\n"
                                    "no MAIL in SMTP connection from [192.0.2.1] D=0s C=QUIT\n");
}

static void test_a_transaction(void **state)
{
    struct smtp_bench *bench = *state;

    assert_string_equal(smtp_talk(bench, LAX "acl_smtp_rcpt = accept",
                                  "EHLO x.test\r\nMAIL FROM:<a@b.test> SIZE=100\r\nRCPT "
                                  "TO:<c@d.test>\r\nRSET\r\n"
                                  "RCPT TO:<c@d.test>\r\nQUIT\r\n"),
                        "220 ready\n" EHLO_REPLY REST
                        "250 OK\n250 Accepted\n250 Reset OK\n503 sender not yet given\n" BYE);
}

/* Nothing is taken that could not be kept; a test session takes and discards. */
static void test_messages(void **state)
{
    static const char session[] = "HELO x.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n"
                                  "Subject: x\r\n\r\n..\r\n.\r\nQUIT\r\n";
    struct smtp_bench *bench = *state;

    assert_string_equal(smtp_talk(bench, LAX "acl_smtp_rcpt = accept", session),
                        "220 ready\n250 mail.test Hello x.test [192.0.2.1]\n250 OK\n250 Accepted\n"
                        "354 Enter message, ending with \".\" on a line by itself\n"
                        "451 Messages cannot be received at present - please try later\n" BYE);
    assert_non_null(strstr(bench->log, "F=<a@b.test> temporarily rejected after DATA: there is no queue"));
    bench->peer.mode = SMTP_TEST;
    assert_non_null(strstr(smtp_talk(bench, "acl_smtp_rcpt = accept", session), "\n250 OK id="));
    assert_non_null(strstr(bench->log, " <= a@b.test H=(x.test) [192.0.2.1] P=smtp S="));
}

static const char plain[] = LAX "begin authenticators\n"
                                "plain:\n driver = plaintext\n public_name = PLAIN\n server_prompts = :\n"
                                " server_condition = ${if and{{eq{$auth2}{user}}{eq{$auth3}{pass}}}}\n"
                                " server_set_id = $auth2\n";

static void test_authentication(void **state)
{
    struct smtp_bench *bench = *state;

    assert_string_equal(smtp_talk(bench, plain,
                                  "AUTH PLAIN AHVzZXIAcGFzcw==\r\nEHLO x.test\r\nAUTH FOO\r\nAUTH PLAIN "
                                  "AHVzZXIAbm8=\r\nAUTH PLAIN\r\n"
                                  "AHVzZXIAcGFzcw==\r\nAUTH PLAIN =\r\nEHLO x.test\r\nQUIT\r\n"),
                        "220 ready\n503 AUTH command used when not advertised\n" EHLO_REPLY
                        "250-AUTH PLAIN\n" REST "504 FOO authentication mechanism not supported\n535 "
                                                "Incorrect authentication data\n334 \n"
                        "235 Authentication succeeded\n503 already authenticated\n" EHLO_REPLY REST BYE);
    assert_string_equal(bench->log, "plain authenticator failed for H=(x.test) [192.0.2.1]: 535 Incorrect "
                                    "authentication data (set_id=user)\n");
    assert_string_equal(bench->reject_log, bench->log);
}

static void test_exchanges_broken_off(void **state)
{
    static const struct {
        const char *input, *reply;
    } cases[] = {
        {"AUTH PLAIN\r\n*\r\n", "334 \n501 Authentication cancelled\n"},
        {"AUTH PLAIN\r\n?\r\n", "334 \n501 Invalid base64 data\n"},
        {"AUTH PLAIN ?\r\n", "501 Invalid base64 data\n"},
        {"AUTH PLAIN AHVzZXIAcGFzcw==\n", "501 Invalid base64 data\n"}, /* a bare LF ends no AUTH line */
        {"AUTH \"x\"\r\n", "501 invalid character in authentication mechanism name\n"},
    };
    struct smtp_bench *bench = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str input =
            str_join3(bench->files->arena, STR("EHLO x\r\n"), str_of(cases[i].input), STR("QUIT\r\n"));
        struct str expected = str_join(bench->files->arena, str_of(cases[i].reply), STR(BYE));
        const char *replies = smtp_talk(bench, plain, input.s);

        if (!str_ends(str_of(replies), expected.s))
            fail_msg("%s: %s", cases[i].input, replies);
    }
    /* the session ends with the peer: nothing is tried with half of an answer */
    smtp_talk(bench, plain, "EHLO x\r\nAUTH PLAIN\r\nAHVzZXIAcGFzcw==");
    assert_int_equal(bench->end, SMTP_END_LOST);
    assert_string_equal(bench->log, "");
}

/* Neither logs nor replies to other commands repeat what came with AUTH. */
static void test_secrets_stay_secret(void **state)
{
    struct smtp_bench *bench = *state;
    const char *replies = smtp_talk(bench, LAX "log_selector = +all -millisec -pid\n",
                                    "AUTH PLAIN AHVzZXIAcGFzcw==\r\nEHLO x\r\nAUTH AHVzZXIAcGFzcw==\r\n"
                                    "AUTH PLAIN AHVzZXIAcGFzcw==\r\nAHVzZXIAcGFzcw==\r\n");

    assert_null(strstr(bench->log, "AHVz"));
    assert_null(strstr(bench->reject_log, "AHVz"));
    assert_non_null(strstr(bench->log, "SMTP protocol error in \"AUTH PLAIN\" H=[192.0.2.1]:4321"));
    assert_null(strstr(replies, "AHVz"));
}

static void test_synchronisation(void **state)
{
    struct smtp_bench *bench = *state;

    /* input before the greeting */
    assert_string_equal(smtp_talk(bench, "", "HELO x\r\nQUIT\r\n"), "554 SMTP synchronization error\n");
    assert_int_equal(bench->end, SMTP_END_REFUSED);
    assert_string_equal(bench->log,
                        "SMTP protocol synchronization error (input sent without waiting for greeting): "
                        "rejected connection from H=[192.0.2.1] input=\"HELO x\\r\\nQUIT\\r\\n\"\n");
    /* input before the answer to a command */
    assert_string_equal(smtp_talk(bench,
                                  "acl_smtp_connect = lax\nacl_smtp_helo = strict\nbegin acl\n"
                                  "lax:\n accept control = no_enforce_sync\nstrict:\n accept control = "
                                  "enforce_sync\n",
                                  "HELO x\r\nNOOP\r\nQUIT\r\n"),
                        "220 ready\n250 mail.test Hello x [192.0.2.1]\n554 SMTP synchronization error\n");
    assert_int_equal(bench->end, SMTP_END_DROPPED);
    assert_string_equal(bench->log,
                        "SMTP protocol synchronization error (next input sent too soon: pipelining was "
                        "not advertised): rejected \"NOOP\" H=(x) [192.0.2.1] next input="
                        "\"QUIT\\r\\n\"\n");
    /* who types, or feeds a program, is in nobody's way */
    bench->peer.mode = SMTP_LOCAL;
    assert_string_equal(smtp_talk(bench, "", "HELO x\r\nQUIT\r\n"),
                        "220 ready\n250 mail.test Hello x [192.0.2.1]\n" BYE);
}

static void test_errors_are_counted(void **state)
{
    struct smtp_bench *bench = *state;

    assert_string_equal(smtp_talk(bench, LAX "smtp_max_synprot_errors = 1",
                                  "DATA x\r\nRCPT TO:<a@b>\r\nNOOP\r\n"),
                        "220 ready\n501 unexpected argument data\n503-sender not yet given\n"
                        "503 Too many syntax or protocol errors\n");
    assert_int_equal(bench->end, SMTP_END_ERRORS);
    assert_string_equal(bench->log,
                        "SMTP call from [192.0.2.1] dropped: too many syntax or protocol errors (last "
                        "command was \"RCPT TO:<a@b>\",  C=RCPT)\n");
    assert_string_equal(smtp_talk(bench, LAX "smtp_max_unknown_commands = 0", "FOO bar\r\nNOOP\r\n"),
                        "220 ready\n500 Too many unrecognized commands\n");
    assert_string_equal(bench->log,
                        "SMTP call from [192.0.2.1] dropped: too many unrecognized commands (last was "
                        "\"FOO bar\")\n");
    assert_string_equal(smtp_talk(bench, LAX "smtp_accept_max_nonmail = 1",
                                  "RSET\r\nNOOP\r\nNOOP\r\nNOOP\r\n"),
                        "220 ready\n250 Reset OK\n250 OK\n554 Too many nonmail commands\n");
    assert_int_equal(bench->end, SMTP_END_ERRORS);
}

static void test_lines(void **state)
{
    static const char nul[] = "NOOP \0x\r\nQUIT\r\n";
    enum { LONG = 20000 };
    char text[LONG + 16] = "NOOP ";
    struct smtp_bench *bench = *state;

    assert_string_equal(smtp_talk_octets(bench, LAX, nul, sizeof nul - 1),
                        "220 ready\n501 NUL characters are not allowed in SMTP commands\n" BYE);
    memset(text + 5, 'x', LONG);
    strcpy(text + LONG, "QUIT\r\nNOOP\r\n"); /* the tail of the line is not a command */
    assert_string_equal(smtp_talk(bench, LAX, text), "220 ready\n500 unrecognized command\n250 OK\n"
                                                     "421 mail.test lost input connection\n");
    assert_int_equal(bench->end, SMTP_END_LOST);
}

static void test_policy(void **state)
{
    struct smtp_bench *bench = *state;

    assert_string_equal(
        smtp_talk(bench,
                  LAX
                  "acl_smtp_mail = mail\nbegin acl\nmail:\n"
                  " deny senders = a@b\n  message = 521 5.7.1 not\\nyou\n  log_message = why\n"
                  " defer senders = c@d\n drop senders = e@f\n  message = bye\n accept message = 251 hello\n",
                  "HELO x\r\nMAIL FROM:<a@b>\r\nMAIL FROM:<c@d>\r\nMAIL FROM:<g@h>\r\nRSET\r\nMAIL "
                  "FROM:<e@f>\r\n"),
        "220 ready\n250 mail.test Hello x [192.0.2.1]\n521-5.7.1 not\n521 5.7.1 you\n"
        "451 Temporary local problem - please try later\n251 hello\n250 Reset OK\n550 bye\n");
    assert_int_equal(bench->end, SMTP_END_DROPPED);
    assert_string_equal(bench->log, "H=(x) [192.0.2.1] rejected MAIL <a@b>: why\n"
                                    "H=(x) [192.0.2.1] temporarily rejected MAIL <c@d>\n"
                                    "H=(x) [192.0.2.1] rejected MAIL <e@f>: bye\n");
}

/* The connection's variables last, the message's do not. */
static void test_variables(void **state)
{
    struct smtp_bench *bench = *state;

    smtp_talk(bench,
              LAX "acl_smtp_mail = mail\nacl_smtp_quit = quit\nbegin acl\nmail:\n"
                  " accept set acl_c_n = $acl_c_n.\n  set acl_m_n = $acl_m_n.\n  logwrite = <$acl_c_n> "
                  "<$acl_m_n>\n"
                  "quit:\n accept logwrite = <$acl_c_n> <$acl_m_n> $smtp_command_history\n",
              "HELO x\r\nMAIL FROM:<a@b>\r\nRSET\r\nMAIL FROM:<a@b>\r\nRSET\r\nQUIT\r\n");
    assert_string_equal(bench->log, "<.> <.>\n<..> <.>\n<..> <> HELO,MAIL,RSET,MAIL,RSET,QUIT\n");
}

static void test_local_callers(void **state)
{
    struct smtp_bench *bench = *state;

    bench->peer = (struct smtp_peer){.mode = SMTP_LOCAL, .ident = STR("joe"), .login = STR("joe")};
    assert_string_equal(smtp_talk(bench,
                                  "acl_smtp_mail = mail\nbegin acl\nmail:\n accept message = 250 "
                                  "<$sender_address> $received_protocol\n",
                                  "EHLO x\r\nMAIL FROM:<boss@b.test>\r\nRSET\r\nMAIL FROM:<>\r\nQUIT\r\n"),
                        "220 ready\n250-mail.test Hello joe at x\n250-SIZE 52428800\n250-8BITMIME\n"
                        "250-PIPELINING\n" REST
                        "250 <joe@q.test> local-esmtp\n250 Reset OK\n250 <joe@q.test> local-esmtp\n" BYE);
    bench->peer.trusted = true;
    assert_non_null(strstr(smtp_talk(bench, "acl_smtp_mail = mail\nbegin acl\nmail:\n accept message = 250 "
                                            "<$sender_address>\n",
                                     "EHLO x\r\nMAIL FROM:<boss>\r\nQUIT\r\n"),
                           "\n250 <boss@q.test>\n"));
}

/* The octet that ends a message is known by its line alone, whatever bare line ends come before. */
static void test_smuggling(void **state)
{
    struct smtp_bench *bench = *state;
    const char *replies;

    bench->peer.mode = SMTP_NETWORK;
    replies = smtp_talk(bench, LAX "acl_smtp_rcpt = accept",
                        "HELO x\r\nMAIL FROM:<a@b>\r\nRCPT "
                        "TO:<c@d>\r\nDATA\r\nx\r\n.\nNOOP\r\n\n.\r\nNOOP\r\n.\r\r\n"
                        "NOOP\r\n.\r\nQUIT\r\n");
    assert_string_equal(strstr(replies, "354"),
                        "354 Enter message, ending with \".\" on a line by itself\n"
                        "451 Messages cannot be received at present - please try later\n" BYE);
}

static void test_mail_auth(void **state)
{
    static const struct {
        const char *value, *reply;
    } cases[] = {
        {"a@b.test", "250 OK"},       {"<>", "250 OK"},     {"", "250 OK"},
        {"a+2Bb@c.test", "250 OK"},   {"a+0Ab", "501 invalid data for AUTH"},
        {"a+00b", "501 invalid data for AUTH"}, {"a+7Fb", "501 invalid data for AUTH"},
        {"a+4", "501 invalid data for AUTH"},   {"a+zz", "501 invalid data for AUTH"},
    };
    struct smtp_bench *bench = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *arena = bench->files->arena;
        struct str input = str_join3(arena, STR("EHLO x\r\nMAIL FROM:<a@b> AUTH="), str_of(cases[i].value),
                                     STR("\r\nQUIT\r\n"));
        struct str expected = str_join(arena, str_of(cases[i].reply), STR("\n" BYE));
        const char *replies = smtp_talk(bench, LAX, input.s);

        if (!str_ends(str_of(replies), expected.s))
            fail_msg("%s: %s", cases[i].value, replies);
    }
    smtp_talk(bench, LAX, "EHLO x\r\nMAIL FROM:<a@b> AUTH=u+2Bv@w\r\nQUIT\r\n");
    assert_string_equal(bench->log,
                        "ignoring AUTH=u+2Bv@w from H=(x) [192.0.2.1] (client not authenticated)\n");
}

static void test_lost_connections(void **state)
{
    struct smtp_bench *bench = *state;

    assert_string_equal(smtp_talk(bench, LAX "acl_smtp_notquit = q\nbegin acl\nq:\n accept message = gone\n"
                                             "  logwrite = $smtp_notquit_reason\n",
                                  "HELO x\r\nMAIL FROM:<a@b>\r\nNO"),
                        "220 ready\n250 mail.test Hello x [192.0.2.1]\n250 OK\n421 gone\n");
    assert_string_equal(bench->log,
                        "connection-lost\nunexpected disconnection while reading SMTP command from (x) "
                        "[192.0.2.1] D=0s\n");
    assert_int_equal(smtp_exit_code(SMTP_TEST, bench->end), 0);
    assert_int_equal(smtp_exit_code(SMTP_LOCAL, bench->end), 1);
}

static void test_chunks(void **state)
{
    struct smtp_bench *bench = *state;
    const char *replies;

    bench->peer.mode = SMTP_TEST;
    replies =
        smtp_talk(bench, "acl_smtp_rcpt = accept",
                  "EHLO x\r\nMAIL FROM:<a@b>\r\nBDAT 6\r\nQUIT\r\nRCPT TO:<c@d>\r\nBDAT 12\r\nSubject: y\r\n"
                  "DATA\r\nBDAT 8 LAST\r\n\r\nbody\r\nBDAT x\r\nQUIT\r\n");
    replies = strstr(replies, "250 HELP\n");
    assert_non_null(replies);
    assert_true(str_starts(str_of(replies),
                           "250 HELP\n250 OK\n503 valid RCPT command must precede BDAT\n250 Accepted\n"
                           "250 12 byte chunk received\n"
                           "503 only BDAT permissible after non-LAST BDAT\n"
                           "250- 8 byte chunk, total 20\n250 OK id="));
    assert_true(str_ends(str_of(replies), "501 missing size for BDAT command\n" BYE));
}

/* A message is the same wherever its chunks are cut, and what other commands leave between them. */
static void test_chunks_of_any_size(void **state)
{
    static const char text[] = "From: a@b\r\nSubject: y\r\n z\r\n\r\n.\r\n..\r\nb";
    struct smtp_bench *bench = *state;
    struct arena *arena = arena_new(ARENA_PLAIN);

    bench->peer.mode = SMTP_TEST;
    for (size_t size = 1; size < sizeof text - 1; size++) {
        struct buffer session = BUFFER_IN(arena);
        const char *replies;

        buffer_add_cstr(&session, "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 3\r\nx: RSET\r\nMAIL FROM:<e@f>\r\n"
                                  "RCPT TO:<c@d>\r\n");
        for (size_t at = 0; at < sizeof text - 1; at += size) {
            size_t n = sizeof text - 1 - at < size ? sizeof text - 1 - at : size;

            buffer_printf(&session, "BDAT %zu\r\n%.*s", n, (int)n, text + at);
            buffer_add_cstr(&session, "NOOP\r\n");
        }
        buffer_add_cstr(&session, "BDAT 0 LAST\r\nQUIT\r\n");
        replies = smtp_talk(bench,
                            "acl_smtp_rcpt = accept\nsmtp_accept_max_nonmail = 1000\nacl_smtp_data = data\n"
                            "begin acl\ndata:\n"
                            "  accept message = $sender_address <$h_subject:> <$message_body> $message_size $body_linecount",
                            buffer_str(&session).s);
        if (!strstr(replies, "250- 0 byte chunk, total 37\n250-e@f <y\n250 z> <. .. b > 32 3\n"))
            fail_msg("size %zu: %s", size, strlen(replies) < 300 ? replies : replies + strlen(replies) - 300);
        arena_reset(arena);
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        smtp_test(test_greeting_and_quit),
        smtp_test(test_a_transaction),
        smtp_test(test_messages),
        smtp_test(test_authentication),
        smtp_test(test_exchanges_broken_off),
        smtp_test(test_secrets_stay_secret),
        smtp_test(test_synchronisation),
        smtp_test(test_errors_are_counted),
        smtp_test(test_lines),
        smtp_test(test_policy),
        smtp_test(test_variables),
        smtp_test(test_local_callers),
        smtp_test(test_smuggling),
        smtp_test(test_mail_auth),
        smtp_test(test_lost_connections),
        smtp_test(test_chunks),
        smtp_test(test_chunks_of_any_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
