/* Authentication by the smtp transport: mechanisms in order, what servers answer, what is told of it. */
#include "delivery_testing.h"

#include <stdio.h>

#define HELLO "EHLO me.test\n"
#define REST "MAIL FROM:<s@y.test>\nRCPT TO:<a@x.test>\nDATA\nSubject: t\n\nhello\n..dot\n.\nQUIT\n--\n"
#define H "H=127.0.0.1 [127.0.0.1]"
#define OK "=> a@x.test C=250 ok\n"
#define OFFER "EHLO|250-f\\n250 AUTH PLAIN LOGIN\n"

#define SECTION "begin authenticators\n"
#define PLAIN_WITH(send) "p:\n driver = plaintext\n public_name = PLAIN\n client_send = " send "\n"
#define LOGIN_WITH(send) "l:\n driver = plaintext\n public_name = LOGIN\n client_send = " send "\n"
#define PLAIN PLAIN_WITH("^u^p")
#define LOGIN LOGIN_WITH(": u : p")

static const char try_it[] = " hosts_try_auth = *";
static const char require[] = " hosts_require_auth = *";

struct auth_case {
    const char *options, *authenticators, *script, *result, *sent, *log;
};

static void check(struct delivery_bench *bench, const struct auth_case *c)
{
    char more[4096];

    snprintf(more, sizeof more, SECTION "%s", c->authenticators);
    assert_string_equal(deliver(bench, c->options, more, c->script, "a@x.test"), c->result);
    if (c->sent)
        assert_string_equal(bench->sent, c->sent);
    if (c->log)
        assert_string_equal(bench->log, c->log);
}

#define CHECK(bench, cases) \
    for (size_t i_ = 0; i_ < sizeof(cases) / sizeof *(cases); i_++) \
    check(bench, &(cases)[i_])

static void test_success(void **state)
{
    static const struct auth_case cases[] = {
        {require, PLAIN " client_set_id = idof-$auth1-u\n", OFFER, "=> a@x.test A=p id=idof--u C=250 ok\n",
         HELLO "AUTH PLAIN AHUAcA==\n" REST, ""},
        {require, LOGIN " client_set_id = ${auth1}/${auth2}/${auth3}\n",
         OFFER "AUTH|334 VXNlcjo=\ndQ==|334 UGFzczo=\ncA==|235 yes", "=> a@x.test A=l id=User:/Pass:/ C=250 ok\n",
         HELLO "AUTH LOGIN\ndQ==\ncA==\n" REST, ""},
        {require, LOGIN, OFFER "AUTH|235 early", "=> a@x.test A=l C=250 ok\n", HELLO "AUTH LOGIN\n" REST, ""},
        {try_it, PLAIN " client_set_id = ${foo}\n", OFFER, "=> a@x.test A=p C=250 ok\n", NULL, ""},
        {try_it, LOGIN " client_ignore_invalid_base64\n client_set_id = $auth1-$auth2\n",
         OFFER "AUTH|334 VX?\ndQ==|334 UGFzczo=\ncA==|235 yes", "=> a@x.test A=l id=-Pass: C=250 ok\n", NULL, ""},
        {try_it, PLAIN_WITH("<; ; ^^a^b"), OFFER "AUTH|334 \nXmEAYg==|235 ok", "=> a@x.test A=p C=250 ok\n", NULL, ""},
        {require, PLAIN, "EHLO|250-f\\n250-8BITMIME\\n250-AUTH  login  Plain\\n250 HELP", "=> a@x.test A=p C=250 ok\n", NULL, ""},
    };

    CHECK(*state, cases);
}

static void test_refused(void **state)
{
    static const struct auth_case cases[] = {
        {require, PLAIN LOGIN, OFFER "AUTH*|535 bad",
         "== a@x.test (-42): authentication required but authentication attempt(s) failed\n",
         HELLO "AUTH PLAIN AHUAcA==\nAUTH LOGIN\nQUIT\n--\n",
         "p authenticator failed " H " 535 bad\nl authenticator failed " H " 535 bad\n"},
        {try_it, PLAIN LOGIN, OFFER "AUTH*|535 bad", OK, HELLO "AUTH PLAIN AHUAcA==\nAUTH LOGIN\n" REST,
         "p authenticator failed " H " 535 bad\nl authenticator failed " H " 535 bad\n"},
        {try_it, PLAIN LOGIN, OFFER "AUTH|535 bad\nAUTH|334 VXNlcjo=\ndQ==|334 UGFzczo=\ncA==|235 yes",
         "=> a@x.test A=l C=250 ok\n", NULL, "p authenticator failed " H " 535 bad\n"},
        {require, LOGIN, OFFER "AUTH|334 VXNlcjo=\ndQ==|535-no\\n535 user",
         "== a@x.test (-42): authentication required but authentication attempt(s) failed\n", NULL,
         "l authenticator failed " H " 535-no\\n535 user\n"},
        {require, PLAIN, "EHLO|250 f",
         "== a@x.test (-42): authentication required but server did not advertise AUTH support\n", NULL, ""},
        {require, PLAIN, "EHLO|250-f\\n250 AUTH=PLAIN",
         "== a@x.test (-42): authentication required but server did not advertise AUTH support\n", NULL, ""},
        {require, PLAIN, "EHLO|250-f\\n250 AUTH FOO PLAINER",
         "== a@x.test (-42): authentication required but no common mechanisms were found\n", NULL, ""},
        {require, PLAIN " client_condition = no\n", OFFER,
         "== a@x.test (-42): authentication required but no common mechanisms were found\n", NULL, ""},
        {try_it, PLAIN " client_condition = ${foo}\n", OFFER, OK, HELLO REST,
         "failed to expand condition \"${foo}\" for p client authenticator: unknown variable in \"${foo}\"\n"
         "failed to expand condition \"${foo}\" for p client authenticator: unknown variable in \"${foo}\"\n"},
        {"", PLAIN, OFFER, OK, HELLO REST, ""},
        {" hosts_try_auth = ! 127.0.0.1 : *", PLAIN, OFFER, OK, HELLO REST, ""},
        {" hosts_require_auth = ${foo}", PLAIN, OFFER,
         "== a@x.test (-27): failed to check hosts_require_auth\n", NULL, NULL},
    };

    CHECK(*state, cases);
}

/* What is temporary concerns the host: it is tried again later, and nothing is sent in the meantime. */
static void test_put_off(void **state)
{
    static const struct auth_case cases[] = {
        {try_it, PLAIN LOGIN, OFFER "AUTH|454 later",
         "== a@x.test (0) H: SMTP error from remote mail server after AUTH PLAIN ********: 454 later\n",
         HELLO "AUTH PLAIN AHUAcA==\nQUIT\n--\n",
         H ": SMTP error from remote mail server after AUTH PLAIN ********: 454 later\n"},
        {try_it, LOGIN, OFFER "AUTH|334 VXNlcjo=\ndQ==|454 later",
         "== a@x.test (0) H: SMTP error from remote mail server after ****: 454 later\n", NULL, NULL},
        {try_it, PLAIN, OFFER "AUTH|SILENCE", "== a@x.test (110) H: SMTP timeout after AUTH PLAIN ********\n", NULL,
         H ": SMTP timeout after AUTH PLAIN ********: Connection timed out\n"},
        {try_it, PLAIN, OFFER "AUTH|CLOSE",
         "== a@x.test (-18) H: Remote host closed connection in response to AUTH PLAIN ********\n", NULL, NULL},
        {try_it, PLAIN, OFFER "AUTH|foo",
         "== a@x.test (-19) H: Malformed SMTP reply in response to AUTH PLAIN ********: foo\n", NULL, NULL},
        {try_it, LOGIN, OFFER "AUTH|334 VXNlcjo=\ndQ==|CLOSE",
         "== a@x.test (-18) H: Remote host closed connection in response to ****\n", NULL, NULL},
        {require, PLAIN, OFFER "AUTH|334 UGFzczo=",
         "== a@x.test (0) H: SMTP error from remote mail server after AUTH PLAIN ********: 334 UGFzczo=\n", NULL, NULL},
        {try_it, PLAIN_WITH("${foo}"), OFFER,
         "== a@x.test (-48): expansion of \"${foo}\" failed in p authenticator: unknown variable in \"${foo}\"\n",
         HELLO "QUIT\n--\n", ""},
        {try_it, LOGIN_WITH(": u : ${foo}"), OFFER "AUTH|334 VXNlcjo=\ndQ==|334 UGFzczo=",
         "== a@x.test (-48): expansion of \"${foo}\" failed in l authenticator: unknown variable in \"${foo}\"\n",
         HELLO "AUTH LOGIN\ndQ==\n*\nQUIT\n--\n", ""},
    };

    CHECK(*state, cases);
}

static void test_given_up(void **state)
{
    static const struct auth_case cases[] = {
        {try_it, PLAIN_WITH("${if eq{1}{2}{a}fail}") LOGIN, OFFER "AUTH LOGIN|235 ok", "=> a@x.test A=l C=250 ok\n",
         HELLO "AUTH LOGIN\n" REST, ""},
        {try_it, LOGIN_WITH(": u : ${if eq{1}{2}{a}fail}"), OFFER "AUTH|334 VXNlcjo=\ndQ==|334 UGFzczo=\n*|501 bye", OK,
         HELLO "AUTH LOGIN\ndQ==\n*\n" REST, ""},
        {require, LOGIN, OFFER "AUTH|334 ?!\n*|501 cancelled",
         "== a@x.test (-42): authentication required but authentication attempt(s) failed\n",
         HELLO "AUTH LOGIN\n*\nQUIT\n--\n",
         "l authenticator cancelled authentication " H " Invalid base64 string in server response \"334 ?!\"\n"},
        {try_it, LOGIN, OFFER "AUTH|334-VXNl\\n334 cjo=\n*|501 cancelled", OK, NULL, NULL},
        {try_it, LOGIN, OFFER "AUTH|334 ?!\n*|CLOSE",
         "== a@x.test (-18) H: Remote host closed connection in response to *\n", NULL, NULL},
    };

    CHECK(*state, cases);
}

/* An AUTH command of more than 512 octets is none (RFC 4954): the response waits for the server to ask. */
static void test_long_initial_response(void **state)
{
    static const struct {
        size_t password;
        bool fits;
    } cases[] = {{369, true}, {370, false}, {2000, false}};
    struct delivery_bench *bench = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char more[4096], password[2048] = "";

        memset(password, 'p', cases[i].password);
        password[cases[i].password] = '\0';
        snprintf(more, sizeof more, SECTION PLAIN_WITH("^u^%s"), password);
        assert_string_equal(deliver(bench, require, more, cases[i].fits ? OFFER : OFFER "AUTH|334 \nAHUA|235 ok",
                                    "a@x.test"),
                            "=> a@x.test A=p C=250 ok\n");
        assert_non_null(strstr(bench->sent, cases[i].fits ? "AUTH PLAIN AHUA" : "AUTH PLAIN\nAHUA"));
    }
}

static void test_authenticated_sender(void **state)
{
    static const struct {
        const char *options, *sender, *sent;
    } cases[] = {
        {"", "me@y.test", "MAIL FROM:<s@y.test> AUTH=me@y.test\n"},
        {"", "", "MAIL FROM:<s@y.test>\n"},
        {"\n authenticated_sender = a=b+c\\x7f@x", "me@y.test", "MAIL FROM:<s@y.test> AUTH=a+3Db+2Bc+7F@x\n"},
        {"\n authenticated_sender = ${if eq{1}{2}{a}fail}", "me@y.test", "MAIL FROM:<s@y.test> AUTH=me@y.test\n"},
        {"\n authenticated_sender =", "me@y.test", "MAIL FROM:<s@y.test> AUTH=me@y.test\n"},
        {"\n authenticated_sender = \"a\\nQUIT\"", "", "MAIL FROM:<s@y.test> AUTH=a+0AQUIT\n"},
    };
    struct delivery_bench *bench = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char options[200];

        snprintf(options, sizeof options, "%s%s", require, cases[i].options);
        bench->authenticated_sender = cases[i].sender;
        deliver(bench, options, SECTION PLAIN, OFFER, "a@x.test");
        assert_non_null(strstr(bench->sent, cases[i].sent));
    }
    /* Without authentication: not unless it is forced. */
    deliver(bench, " authenticated_sender = foo", NULL, OFFER, "a@x.test");
    assert_non_null(strstr(bench->sent, "MAIL FROM:<s@y.test>\n"));
    deliver(bench, " authenticated_sender = foo\n authenticated_sender_force", NULL, OFFER, "a@x.test");
    assert_non_null(strstr(bench->sent, "MAIL FROM:<s@y.test> AUTH=foo\n"));
    deliver(bench, " authenticated_sender_force", NULL, OFFER, "a@x.test");
    assert_non_null(strstr(bench->sent, "MAIL FROM:<s@y.test>\n"));
    assert_string_equal(deliver(bench, " authenticated_sender = ${foo}", NULL, OFFER, "a@x.test"),
                        "== a@x.test (-27): failed to expand authenticated_sender: unknown variable in \"${foo}\"\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        delivery_test(test_success),  delivery_test(test_refused),
        delivery_test(test_put_off),  delivery_test(test_given_up),
        delivery_test(test_long_initial_response), delivery_test(test_authenticated_sender),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
