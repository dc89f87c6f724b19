/* The smtp transport: what it sends, and what it makes of the answers. */
#include "delivery_testing.h"

#include <stdio.h>

#define SIZE " SIZE=1046"
#define HELLO "EHLO me.test\n"
#define MAIL "MAIL FROM:<s@y.test>" SIZE "\n"
#define MESSAGE "Subject: t\n\nhello\n..dot\n.\n"
#define BYE "QUIT\n--\n"
#define PLAIN_EHLO "EHLO|250 fake.test\n"

static void test_plain_delivery(void **state)
{
    struct delivery_bench *bench = *state;

    assert_string_equal(deliver(bench, NULL, NULL, ".|250 OK id=1", "a@x.test b@x.test"),
                        "=> a@x.test L C=250 OK id=1\n=> b@x.test L C=250 OK id=1\n");
    assert_string_equal(bench->sent, HELLO MAIL "RCPT TO:<a@x.test>\nRCPT TO:<b@x.test>\nDATA\n" MESSAGE BYE);
    assert_string_equal(bench->noted, "127.0.0.1 works\n");
    assert_string_equal(bench->log, "");
}


/* --- Answers */

#define H "H=127.0.0.1 [127.0.0.1]"
#define AFTER "SMTP error from remote mail server after "

struct answer_case {
    const char *script, *recipients, *results, *log, *noted;
};

static void check_answers(struct delivery_bench *bench, const char *options, const struct answer_case *cases,
                          size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(deliver(bench, options, NULL, cases[i].script, cases[i].recipients), cases[i].results);
        if (cases[i].log)
            assert_string_equal(bench->log, cases[i].log);
        if (cases[i].noted)
            assert_string_equal(bench->noted, cases[i].noted);
    }
}

#define CHECK_ANSWERS(bench, options, cases) check_answers(bench, options, cases, sizeof(cases) / sizeof *(cases))

static void test_recipients_refused(void **state)
{
    static const struct answer_case cases[] = {
        {"RCPT TO:<a|550 no\x01 such", "a@x.test b@x.test",
         "** a@x.test (0) H: " AFTER "RCPT TO:<a@x.test>: 550 no\\001 such\n=> b@x.test L C=250 ok\n", "",
         "127.0.0.1 works\n"},
        {PLAIN_EHLO "RCPT TO:<a|550-no such\\n550 user", "a@x.test b@x.test",
         "** a@x.test (0) H: " AFTER "RCPT TO:<a@x.test>: 550-no such\n550 user\n=> b@x.test C=250 ok\n", "", NULL},
        {"RCPT TO:<a|451 later", "a@x.test b@x.test",
         "== a@x.test (-44) H: " AFTER "RCPT TO:<a@x.test>: 451 later\n=> b@x.test L C=250 ok\n", "", NULL},
        {"RCPT TO:<a|451 later\nRCPT|550 no", "a@x.test b@x.test",
         "== a@x.test (-44) H: " AFTER "RCPT TO:<a@x.test>: 451 later\n"
         "** b@x.test (0) H: " AFTER "RCPT TO:<b@x.test>: 550 no\n",
         "", NULL},
        {PLAIN_EHLO "RCPT*|421 closing", "a@x.test b@x.test",
         "== a@x.test (-44) H: " AFTER "RCPT TO:<a@x.test>: 421 closing\n"
         "== b@x.test (-44) H: " AFTER "RCPT TO:<b@x.test>: 421 closing\n",
         "", NULL},
        {PLAIN_EHLO "RCPT|354 hello", "a@x.test",
         "== a@x.test (-44) H: " AFTER "RCPT TO:<a@x.test>: 354 hello\n", "", NULL},
        {PLAIN_EHLO "RCPT|SILENCE", "a@x.test", "== a@x.test (110) H: SMTP timeout after RCPT TO:<a@x.test>\n", "",
         ""},
        {PLAIN_EHLO "RCPT|CLOSE", "a@x.test",
         "== a@x.test (-18) H: Remote host closed connection in response to RCPT TO:<a@x.test>\n",
         H ": Remote host closed connection in response to RCPT TO:<a@x.test>\n", "127.0.0.1 -18 65\nwaits\n"},
        {PLAIN_EHLO "RCPT|hello", "a@x.test",
         "== a@x.test (-19) H: Malformed SMTP reply in response to RCPT TO:<a@x.test>: hello\n",
         H ": Malformed SMTP reply in response to RCPT TO:<a@x.test>: hello\n", NULL},
    };

    CHECK_ANSWERS(*state, NULL, cases);
}

static void test_message_refused(void **state)
{
    static const struct answer_case cases[] = {
        {"MAIL|550 bad", "a@x.test", "** a@x.test (0) H: " AFTER "pipelined MAIL FROM:<s@y.test>" SIZE ": 550 bad\n", "",
         NULL},
        {"MAIL|451 bad", "a@x.test",
         "== a@x.test (-45) H: " AFTER "pipelined MAIL FROM:<s@y.test>" SIZE ": 451 bad\n",
         H ": " AFTER "pipelined MAIL FROM:<s@y.test>" SIZE ": 451 bad\n", "127.0.0.1 message -45 13121\n"},
        {PLAIN_EHLO "MAIL|451 bad", "a@x.test", "== a@x.test (-45) H: " AFTER "MAIL FROM:<s@y.test>: 451 bad\n",
         H ": " AFTER "MAIL FROM:<s@y.test>: 451 bad\n", NULL},
        {"DATA|550 no", "a@x.test b@x.test",
         "** a@x.test (0) H: " AFTER "pipelined DATA: 550 no\n** b@x.test (0) H: " AFTER "pipelined DATA: 550 no\n", "",
         NULL},
        {PLAIN_EHLO "DATA|451 no", "a@x.test", "== a@x.test (-46) H: " AFTER "DATA: 451 no\n",
         H ": " AFTER "DATA: 451 no\n", NULL},
        {PLAIN_EHLO "DATA|250 no", "a@x.test", "== a@x.test (0) H: " AFTER "DATA: 250 no\n", NULL, NULL},
        {".|550 content", "a@x.test", "** a@x.test (0) H: " AFTER "end of data: 550 content\n", "", NULL},
        {".|451-a\\n451 b", "a@x.test", "== a@x.test (-46) H: " AFTER "end of data: 451-a\n451 b\n",
         H ": " AFTER "end of data: 451-a\\n451 b\n", NULL},
        {".|CLOSE", "a@x.test", "== a@x.test (-18) H: Remote host closed connection in response to end of data\n",
         H ": Remote host closed connection in response to end of data\n", NULL},
        {".|SILENCE", "a@x.test", "== a@x.test (110) H: SMTP timeout after end of data (31 bytes written)\n",
         H ": SMTP timeout after end of data (31 bytes written): Connection timed out\n", NULL},
        {"MAIL|CLOSE", "a@x.test",
         "== a@x.test (-18) H: Remote host closed connection in response to pipelined MAIL FROM:<s@y.test>" SIZE "\n",
         NULL, NULL},
    };

    CHECK_ANSWERS(*state, NULL, cases);
}

static void test_greetings(void **state)
{
    static const struct answer_case cases[] = {
        {"BANNER|554 go", "a@x.test", "** a@x.test (0) H: " AFTER "initial connection: 554 go\n",
         H ": " AFTER "initial connection: 554 go\n", "127.0.0.1 0 65\n"},
        {"BANNER|421-go\\n421 away", "a@x.test", "== a@x.test (0) H: " AFTER "initial connection: 421-go\n421 away\n",
         H ": " AFTER "initial connection: 421-go\\n421 away\n", NULL},
        {"BANNER|SILENCE", "a@x.test", "== a@x.test (110) H: SMTP timeout after initial connection\n",
         H ": SMTP timeout after initial connection: Connection timed out\n", "127.0.0.1 110 65\nwaits\n"},
        {"BANNER|CLOSE", "a@x.test",
         "== a@x.test (-18) H: Remote host closed connection in response to initial connection\n", NULL, NULL},
        {"BANNER|hello there", "a@x.test",
         "== a@x.test (-19) H: Malformed SMTP reply in response to initial connection: hello there\n", NULL, NULL},
        {"EHLO|550 what", "a@x.test", "=> a@x.test C=250 ok\n", "", NULL},
        {"EHLO|421 what", "a@x.test", "=> a@x.test C=250 ok\n", "", NULL},
        {"EHLO|500 what\nHELO|550 foo", "a@x.test", "** a@x.test (0) H: " AFTER "HELO me.test: 550 foo\n", NULL, NULL},
        {"EHLO|foo", "a@x.test", "== a@x.test (-19) H: Malformed SMTP reply in response to EHLO me.test: foo\n", NULL,
         NULL},
        {"EHLO|CLOSE", "a@x.test", "== a@x.test (-18) H: Remote host closed connection in response to EHLO me.test\n",
         NULL, NULL},
        {NULL, "a@x.test", "== a@x.test (111): \n", H " Connection refused\n", "127.0.0.1 111 65\nwaits\n"},
    };

    CHECK_ANSWERS(*state, NULL, cases);
}

static void test_lmtp(void **state)
{
    static const struct answer_case cases[] = {
        {".|250 a\\n250 b", "a@x.test b@x.test", "=> a@x.test C=250 a\n=> b@x.test C=250 b\n", "", NULL},
        {".|250 a\\n450-foo\\n450 not b\\n550 not c\\n", "a@x.test b@x.test c@x.test",
         "=> a@x.test C=250 a\n== b@x.test (0) H: LMTP error after DATA: 450-foo\n450 not b\n"
         "** c@x.test (0) H: LMTP error after DATA: 550 not c\n",
         "", NULL},
        {"RCPT TO:<b|550 n\n.|250 ok", "a@x.test b@x.test",
         "=> a@x.test C=250 ok\n** b@x.test (0) H: " AFTER "RCPT TO:<b@x.test>: 550 n\n", "", NULL},
        {"LHLO|550 n", "a@x.test", "** a@x.test (0) H: " AFTER "LHLO me.test: 550 n\n", NULL, NULL},
    };
    struct delivery_bench *bench = *state;

    CHECK_ANSWERS(bench, " protocol = lmtp", cases);
    deliver(bench, " protocol = lmtp\n lmtp_ignore_quota", NULL, "LHLO|250-f\\n250-IGNOREQUOTA\\n250 DSN", "a@x.test");
    assert_string_equal(bench->sent,
                        "LHLO me.test\nMAIL FROM:<s@y.test>\nRCPT TO:<a@x.test> IGNOREQUOTA\nDATA\n" MESSAGE BYE);
}

/* --- What servers offer */

static void test_chunking_and_prdr(void **state)
{
    static const char offers[] = "EHLO|250-f\\n250-CHUNKING\\n250-PIPELINING\\n250 PRDR\n";
    struct delivery_bench *bench = *state;
    char script[200];

    snprintf(script, sizeof script, "%sBDAT|250 done", offers);
    assert_string_equal(deliver(bench, NULL, NULL, script, "a@x.test"), "=> a@x.test K L C=250 done\n");
    assert_string_equal(bench->sent, HELLO "MAIL FROM:<s@y.test>\nRCPT TO:<a@x.test>\nBDAT 27 LAST\n"
                                           "Subject: t\n\nhello\n.dot\n" BYE);
    snprintf(script, sizeof script, "%sBDAT|353 each\\n250 a\\n450 not b\\n250 all", offers);
    assert_string_equal(deliver(bench, NULL, NULL, script, "a@x.test b@x.test"),
                        "=> a@x.test K L PRDR C=250 a\n250 all\n== b@x.test (0) H: PRDR error after DATA: 450 not b\n");
    assert_non_null(strstr(bench->sent, "MAIL FROM:<s@y.test> PRDR\n"));
    snprintf(script, sizeof script, "%sBDAT|353 each\\n250 a\\n250 b\\n550 none", offers);
    assert_string_equal(deliver(bench, NULL, NULL, script, "a@x.test b@x.test"),
                        "** a@x.test (0) H: " AFTER "end of data: 550 none\n** b@x.test (0) H: " AFTER
                        "end of data: 550 none\n");
    snprintf(script, sizeof script, "%sRCPT*|550 no", offers);
    deliver(bench, NULL, NULL, script, "a@x.test");
    assert_string_equal(bench->sent, HELLO "MAIL FROM:<s@y.test>\nRCPT TO:<a@x.test>\n" BYE);
    deliver(bench, " hosts_try_chunking = :\n hosts_try_prdr = :\n hosts_avoid_pipelining = *", NULL, offers,
            "a@x.test b@x.test");
    assert_string_equal(bench->sent, HELLO
                        "MAIL FROM:<s@y.test>\nRCPT TO:<a@x.test>\nRCPT TO:<b@x.test>\nDATA\n" MESSAGE BYE);
}

static void test_dsn_and_size(void **state)
{
    struct delivery_bench *bench = *state;

    bench->dsn_flags = DSN_SUCCESS | DSN_DELAY;
    deliver(bench, " size_addition = -1", NULL, "EHLO|250-f\\n250-DSN\\n250 SIZE", "a@x.test");
    assert_string_equal(bench->sent, HELLO
                        "MAIL FROM:<s@y.test>\nRCPT TO:<a@x.test> NOTIFY=SUCCESS,DELAY\nDATA\n" MESSAGE BYE);
    deliver(bench, " hosts_avoid_esmtp = *\n helo_data = $sending_ip_address.$host.$host_port", NULL, "", "a@x.test");
    assert_non_null(strstr(bench->sent, "HELO 127.0.0.1.127.0.0.1."));
}

/* --- Hosts */

static void test_hosts(void **state)
{
    struct delivery_bench *bench = *state;

    bench->hosts = "127.0.0.1:127.0.0.1";
    assert_string_equal(deliver(bench, NULL, NULL, "DATA|450 n", "a@x.test"), "=> a@x.test L C=250 ok\n");
    assert_string_equal(bench->log, H ": " AFTER "pipelined DATA: 450 n\n");
    assert_string_equal(deliver(bench, NULL, NULL, "MAIL|550 n", "a@x.test"),
                        "** a@x.test (0) H: " AFTER "pipelined MAIL FROM:<s@y.test>" SIZE ": 550 n\n");
    assert_string_equal(deliver(bench, " hosts_max_try = 1", NULL, "DATA*|450 n", "a@x.test"),
                        "== a@x.test (-46) H: " AFTER "pipelined DATA: 450 n\n");
    assert_string_equal(bench->log, H ": " AFTER "pipelined DATA: 450 n\n");
    bench->hosts = "<; [127.0.0.1]:1";
    assert_string_equal(deliver(bench, " fallback_hosts = 127.0.0.1", NULL, "", "a@x.test"),
                        "== a@x.test (-50): t transport found host 127.0.0.1 to be local\n");
    assert_string_equal(deliver(bench, " fallback_hosts = 127.0.0.1\n allow_localhost", NULL, "", "a@x.test"),
                        "=> a@x.test L C=250 ok\n");
    assert_string_equal(deliver(bench, " hosts = 127.0.0.1\n hosts_override\n allow_localhost", NULL, "", "a@x.test"),
                        "=> a@x.test L C=250 ok\n");
    assert_string_equal(deliver(bench, " hosts = ${if eq{1}{2}{a}}\n hosts_override", NULL, "", "a@x.test"),
                        "panic a@x.test (-1): t transport has empty hosts setting\n");
    assert_string_equal(deliver(bench, " hosts = ${foo}\n hosts_override", NULL, "", "a@x.test"),
                        "panic a@x.test (-1): failed to expand list of hosts \"${foo}\" in t transport: unknown "
                        "variable in \"${foo}\"\n");
    bench->hosts = "";
    assert_string_equal(deliver(bench, NULL, NULL, "", "a@x.test"),
                        "panic a@x.test (-1): t transport called with no hosts set\n");
}

static void test_several_messages(void **state)
{
    struct delivery_bench *bench = *state;

    assert_string_equal(deliver(bench, " max_rcpt = 1\n connection_max_messages = 2", NULL, "",
                                "a@x.test b@x.test c@x.test"),
                        "=> a@x.test L C=250 ok\n=> b@x.test L * C=250 ok\n=> c@x.test L C=250 ok\n");
    assert_string_equal(bench->sent, HELLO MAIL "RCPT TO:<a@x.test>\nDATA\n" MESSAGE MAIL
                                                "RCPT TO:<b@x.test>\nDATA\n" MESSAGE BYE HELLO MAIL
                                                "RCPT TO:<c@x.test>\nDATA\n" MESSAGE BYE);
    /* DATA has been said, and there is nobody to send the message to. */
    assert_string_equal(deliver(bench, " max_rcpt = 1", NULL, "RCPT|550 n", "a@x.test b@x.test"),
                        "** a@x.test (0) H: " AFTER "RCPT TO:<a@x.test>: 550 n\n=> b@x.test L C=250 ok\n");
    assert_string_equal(deliver(bench, NULL, NULL, "EHLO|250-f\\n250-PIPELINING\\n250 LIMITS RCPTMAX=1 MAILMAX=1 FOO",
                                "a@x.test b@x.test"),
                        "=> a@x.test L C=250 ok\n=> b@x.test L C=250 ok\n");
}

static void test_what_cannot_be(void **state)
{
    struct delivery_bench *bench = *state;

    assert_string_equal(deliver(bench, " interface = 1.2.3.4", NULL, "", "a@x.test"), "== a@x.test (99): \n");
    assert_string_equal(bench->log, H " Cannot assign requested address\n");
    assert_string_equal(deliver(bench, " interface = <; ::1 ; 127.0.0.9", NULL, "", "a@x.test"),
                        "=> a@x.test L C=250 ok\n");
    assert_string_equal(deliver(bench, " helo_data = ${foo}", NULL, "", "a@x.test"),
                        "== a@x.test (-27): failed to expand helo_data: unknown variable in \"${foo}\"\n");
    assert_string_equal(bench->sent, BYE);
    assert_string_equal(deliver(bench, " hosts_require_tls = *", NULL, "", "a@x.test"),
                        "== a@x.test (-38) H: a TLS session is required, but the server did not offer TLS support\n");
    assert_string_equal(deliver(bench, " hosts_require_tls = *", NULL, "EHLO|250-f\\n250 STARTTLS\nSTARTTLS|554 no",
                                "a@x.test"),
                        "== a@x.test (-38) H: a TLS session is required, but an attempt to start TLS failed\n");
    assert_string_equal(deliver(bench, " tls_tempfail_tryclear = no", NULL,
                                "EHLO|250-f\\n250 STARTTLS\nSTARTTLS|454 no", "a@x.test"),
                        "== a@x.test (0) H: " AFTER "STARTTLS: 454 no\n");
    assert_string_equal(deliver(bench, NULL, NULL, "EHLO|250-f\\n250 STARTTLS\nSTARTTLS|454 no", "a@x.test"),
                        "=> a@x.test C=250 ok\n");
    bench->longest_line = 999;
    assert_string_equal(deliver(bench, NULL, NULL, "", "a@x.test"),
                        "** a@x.test (0): message has lines too long for transport\n");
    bench->longest_line = 0;
}

/* Octets in the clear behind the answer to STARTTLS were not sent by the server; nor is such a connection used on. */
static void test_injected_behind_starttls(void **state)
{
    static const char script[] =
        "EHLO|250-f\\n250 STARTTLS\nSTARTTLS|220 go\\n250-f\\n250 AUTH PLAIN\\n\nEHLO|250-f\\n250 STARTTLS";
    struct delivery_bench *bench = *state;

    assert_string_equal(deliver(bench, NULL, NULL, script, "a@x.test"), "=> a@x.test C=250 ok\n");
    assert_string_equal(bench->log, "TLS session: synch error before connect: delivering unencrypted to " H
                                    " (not in hosts_require_tls)\n");
    assert_string_equal(deliver(bench, " hosts_require_tls = *", NULL, script, "a@x.test"),
                        "== a@x.test (-37) H: TLS session: synch error before connect\n");
    assert_string_equal(bench->log, "");
}

static void test_addresses_are_one_line(void **state)
{
    struct delivery_bench *bench = *state;

    assert_string_equal(deliver(bench, NULL, NULL, "", "a\r\nRSET\r\nRCPTb@x.test ok@x.test"),
                        "** a\r\nRSET\r\nRCPTb@x.test (-1) H: the address has line breaks in it\n"
                        "=> ok@x.test L C=250 ok\n");
    assert_null(strstr(bench->sent, "RSET"));
    bench->sender = "a@b\r\nDATA";
    assert_string_equal(deliver(bench, NULL, NULL, "", "a@x.test"),
                        "== a@x.test (-1): the sender has line breaks in its address\n");
}

/* --- Internationalised mail */

#define OFFER "EHLO|250-f\\n250-DSN\\n250 SMTPUTF8\n"
#define NO_OFFER "EHLO|250-f\\n250 DSN\n"
#define E_UE "\xc3\xa9@\xc3\xbc.test" /* e with acute at u with diaeresis */
#define REQUIRED "utf8 support required but not offered for forwarding"

static void test_utf8_ways(void **state)
{
    static const struct {
        const char *option;
        bool always, maybe; /* control = utf8_downconvert */
        const char *offered, *not_offered; /* what becomes of it: as it is, converted, refused */
    } cases[] = {
        {NULL, false, false, "as it is", "converted"},      {NULL, true, false, "as it is", "converted"},
        {"-1", true, false, "as it is", "converted"},       {"1", false, false, "converted", "converted"},
        {"0", true, false, "as it is", "refused"},          {"0", false, true, "as it is", "refused"},
        {"", false, false, "as it is", "refused"},          {"", true, false, "converted", "converted"},
        {"", false, true, "as it is", "converted"},         {"2", true, false, "converted", "converted"},
        {"${if eq{$domain}{x}{0}{1}}", false, false, "converted", "converted"},
        {"${if eq{1}{2}{1}fail}", false, true, "as it is", "converted"},
    };
    struct delivery_bench *bench = *state;
    char option[100];

    bench->smtputf8 = true;
    bench->sender = "\xc3\xa4@\xc3\xb6.test";
    for (size_t i = 0; i < 2 * (sizeof cases / sizeof *cases); i++) {
        const char *script = i % 2 == 0 ? OFFER : NO_OFFER;
        const char *expected = i % 2 == 0 ? cases[i / 2].offered : cases[i / 2].not_offered;
        const char *results, *found;

        snprintf(option, sizeof option, " utf8_downconvert = %s", cases[i / 2].option ? cases[i / 2].option : "");
        bench->handling.utf8_downconvert = cases[i / 2].always;
        bench->handling.utf8_downconvert_maybe = cases[i / 2].maybe;
        results = deliver(bench, cases[i / 2].option ? option : NULL, NULL, script, E_UE);
        found = strcmp(results, "=> " E_UE " C=250 ok\n") == 0                         ? "as it is"
                : strcmp(results, "=> " E_UE "=xn--9ca@xn--tda.test C=250 ok\n") == 0 ? "converted"
                : strcmp(results, "** " E_UE " (-49) H: " REQUIRED "\n") == 0         ? "refused"
                                                                                      : results;
        if (strcmp(found, expected) != 0)
            fail_msg("case %zu: %s, not %s", i, found, expected);
        if (strcmp(found, "as it is") == 0)
            assert_non_null(strstr(bench->sent, "MAIL FROM:<\xc3\xa4@\xc3\xb6.test> SMTPUTF8\nRCPT TO:<" E_UE ">\n"));
        else if (strcmp(found, "converted") == 0)
            assert_non_null(strstr(bench->sent, "MAIL FROM:<xn--4ca@xn--nda.test>\nRCPT TO:<xn--9ca@xn--tda.test>\n"));
        else
            assert_string_equal(bench->sent, HELLO BYE);
    }
}

static void test_utf8_messages(void **state)
{
    struct delivery_bench *bench = *state;

    deliver(bench, " utf8_downconvert = 1", NULL, OFFER, "\xc3\xa9@b.test"); /* nobody has said SMTPUTF8 */
    assert_non_null(strstr(bench->sent, "MAIL FROM:<s@y.test>\nRCPT TO:<\xc3\xa9@b.test>\n"));
    bench->generated = true;
    deliver(bench, NULL, NULL, OFFER, E_UE " b@b.test");
    assert_non_null(strstr(bench->sent, "MAIL FROM:<s@y.test> SMTPUTF8\nRCPT TO:<" E_UE ">\nRCPT TO:<b@b.test>\n"));
    deliver(bench, NULL, NULL, OFFER, "b@b.test");
    assert_non_null(strstr(bench->sent, "MAIL FROM:<s@y.test>\nRCPT TO:<b@b.test>\n"));
    bench->smtputf8 = true; /* addresses in ASCII do not make it less so */
    deliver(bench, NULL, NULL, OFFER, "b@b.test");
    assert_non_null(strstr(bench->sent, "MAIL FROM:<s@y.test> SMTPUTF8\nRCPT TO:<b@b.test>\n"));
    assert_string_equal(deliver(bench, " utf8_downconvert = ${foo}", NULL, OFFER, "b@b.test"),
                        "== b@b.test (-27): failed to expand utf8_downconvert: unknown variable in \"${foo}\"\n");
    assert_string_equal(deliver(bench, " helo_data = mx.\xc3\xbc.test", NULL, "", "b@b.test"),
                        "=> b@b.test L C=250 ok\n");
    assert_non_null(strstr(bench->sent, "EHLO mx.xn--tda.test\n"));
}

/* Addresses that have no A-labels, and what came with RCPT about the original one. */
static void test_utf8_addresses(void **state)
{
    static const struct {
        const char *orcpt, *offered, *not_offered;
    } cases[] = {
        {"rfc822;a@b.test", " ORCPT=rfc822;a@b.test", " ORCPT=rfc822;a@b.test"},
        {"utf-8;" E_UE, " ORCPT=utf-8;" E_UE, " ORCPT=utf-8;\\x{E9}@\\x{FC}.test"},
        {"UTF-8;\xf0\x9f\x98\x80@x", " ORCPT=UTF-8;\xf0\x9f\x98\x80@x", " ORCPT=UTF-8;\\x{1F600}@x"},
        {"rfc822;" E_UE, " ORCPT=rfc822;" E_UE, ""},
        {"utf-8;\xff@x", " ORCPT=utf-8;\xff@x", ""},
    };
    struct delivery_bench *bench = *state;
    char expected[100];

    bench->smtputf8 = true;
    assert_string_equal(deliver(bench, NULL, NULL, "", "a@-\xc3\xa9-.test \"\xc3\xa9\"@b.test \xff@b.test b@b.test"),
                        "== a@-\xc3\xa9-.test (-27): string start/ends with forbidden hyphen\n"
                        "== \"\xc3\xa9\"@b.test (-27): a quoted local part has no A-label form\n"
                        "== \xff@b.test (-27): l_u2a: bad UTF-8 input\n=> b@b.test L C=250 ok\n");
    for (size_t i = 0; i < 2 * (sizeof cases / sizeof *cases); i++) {
        bench->orcpt = cases[i / 2].orcpt;
        deliver(bench, NULL, NULL, i % 2 == 0 ? OFFER : NO_OFFER, "b@b.test");
        snprintf(expected, sizeof expected, "\nRCPT TO:<b@b.test>%s\n",
                 i % 2 == 0 ? cases[i / 2].offered : cases[i / 2].not_offered);
        assert_non_null(strstr(bench->sent, expected));
    }
    bench->sender = "a@-\xc3\xa9-.test";
    assert_string_equal(deliver(bench, NULL, NULL, NO_OFFER, "b@b.test"),
                        "== b@b.test (-27): string start/ends with forbidden hyphen\n");
    assert_string_equal(bench->sent, HELLO BYE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        delivery_test(test_plain_delivery),       delivery_test(test_recipients_refused),
        delivery_test(test_message_refused),      delivery_test(test_greetings),
        delivery_test(test_lmtp),                 delivery_test(test_chunking_and_prdr),
        delivery_test(test_dsn_and_size),         delivery_test(test_hosts),
        delivery_test(test_several_messages),     delivery_test(test_what_cannot_be),
        delivery_test(test_injected_behind_starttls), delivery_test(test_addresses_are_one_line),
        delivery_test(test_utf8_ways),            delivery_test(test_utf8_messages),
        delivery_test(test_utf8_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
