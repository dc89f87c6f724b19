/* The lmtp transport: a command that speaks LMTP, or does not. */
#include "delivery_testing.h"

#include <stdio.h>

/* A shell that answers each line with the next argument; what it was told goes to a file. */
static const char *command(struct delivery_bench *bench, const char *replies)
{
    static char stanza[2048];
    struct str script = temp_file(bench->files, "lmtp",
                                  "#!/bin/sh\nlog=$1\nshift\nfor reply; do\n"
                                  "  printf \"$reply\\r\\n\"\n  case $reply in *-*) continue;; esac\n"
                                  "  IFS= read -r line || exit\n  printf '%s\\n' \"$line\" >>\"$log\"\n"
                                  "  case $line in DATA*) printf '354 go\\r\\n'; while IFS= read -r line && [ \"$line\" != \".\r\" ]; "
                                  "do printf '%s\\n' \"$line\" >>\"$log\"; done;; esac\ndone\n");

    snprintf(stanza, sizeof stanza, " driver = lmtp\n timeout = 1s\n command = /bin/sh %s %s %s\n", script.s,
             temp_path(bench->files, "said").s, replies);
    return stanza;
}

static void test_a_command(void **state)
{
    static const struct {
        const char *replies, *recipients, *results;
    } cases[] = {
        {"'220 hi' '250 lhlo' '250 mail' '250 rcpt' '250 done' '221 bye'", "a@x.test", "=> a@x.test C=250 done\n"},
        {"'220 hi' '250 lhlo' '250 mail' '250 rcpt' '550 not you' '250 done' '221 bye'", "a@x.test b@x.test",
         "=> a@x.test C=250 done\n** b@x.test (0): LMTP error after RCPT TO:<b@x.test>: 550 not you\n"},
        {"'220 hi' '250 lhlo' '250 mail' '250 rcpt' '450 full' '221 bye'", "a@x.test",
         "== a@x.test (-46): LMTP error after end of data: 450 full\n"},
        {"'220 hi' '250 lhlo' '250 mail' '451 later' '221 bye'", "a@x.test",
         "== a@x.test (-44): LMTP error after RCPT TO:<a@x.test>: 451 later\n"},
        {"'220 hi' '250 lhlo' '450 mail' '221 bye'", "a@x.test",
         "== a@x.test (-45): LMTP error after MAIL FROM:<s@y.test>: 450 mail\n"},
        {"'554 nope' '221 bye'", "a@x.test", "** a@x.test (0): LMTP error after initial connection: 554 nope\n"},
        {"'421 nope' '221 bye'", "a@x.test", "== a@x.test (-1): LMTP error after initial connection: 421 nope\n"},
        {"'220 hi' foo", "a@x.test", "== a@x.test (-19): Malformed LMTP response after LHLO me.test: foo\n"},
        {"'220 hi'", "a@x.test", "== a@x.test (-1): LMTP connection closed after LHLO me.test\n"},
    };
    struct delivery_bench *bench = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench->stanza = command(bench, cases[i].replies);
        assert_string_equal(deliver(bench, NULL, NULL, NULL, cases[i].recipients), cases[i].results);
    }
}

static void test_quota_and_wire(void **state)
{
    struct delivery_bench *bench = *state;
    char said[1000] = "";
    FILE *f;

    bench->stanza = command(bench, "'220 hi' '250-lhlo' '250-PIPELINING' '250 IGNOREQUOTA' '250 mail' '250 rcpt' '250 done'");
    assert_string_equal(deliver(bench, " ignore_quota", NULL, NULL, "a@x.test"), "=> a@x.test C=250 done\n");
    f = fopen(temp_path(bench->files, "said").s, "r");
    assert_true(fread(said, 1, sizeof said - 1, f) > 0);
    fclose(f);
    assert_string_equal(said, "LHLO me.test\r\nMAIL FROM:<s@y.test>\r\nRCPT TO:<a@x.test> IGNOREQUOTA\r\nDATA\r\n"
                              "Subject: t\r\n\r\nhello\r\n..dot\r\nQUIT\r\n");
}

static void test_no_other_end(void **state)
{
    struct delivery_bench *bench = *state;

    bench->stanza = " driver = lmtp\n command = /nowhere/lmtp\n";
    assert_string_equal(deliver(bench, NULL, NULL, NULL, "a@x.test"),
                        "== a@x.test (-1): failed to execute /nowhere/lmtp: No such file or directory\n");
    bench->stanza = " driver = lmtp\n command = /bin/false\n";
    assert_string_equal(deliver(bench, NULL, NULL, NULL, "a@x.test"),
                        "== a@x.test (-1): LMTP connection closed after initial connection\n");
    bench->stanza = " driver = lmtp\n timeout = 1s\n command = /bin/sleep 60\n";
    assert_string_equal(deliver(bench, NULL, NULL, NULL, "a@x.test"),
                        "== a@x.test (-1): LMTP timeout after initial connection\n");
    bench->stanza = " driver = lmtp\n socket = /nowhere/sock\n";
    assert_string_equal(deliver(bench, NULL, NULL, NULL, "a@x.test"),
                        "== a@x.test (-1): Failed to connect to socket /nowhere/sock for t transport: No such file "
                        "or directory\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        delivery_test(test_a_command),
        delivery_test(test_quota_and_wire),
        delivery_test(test_no_other_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
