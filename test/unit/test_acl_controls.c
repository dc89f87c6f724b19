/* Controls and modifiers that concern the message, or something outside: what they leave for whoever takes
 * the message over. */
#include "acl_session.h"
#include "testing.h"

#include <arpa/inet.h>
#include <sys/socket.h>

/* What the message's handling says, and nothing else. */
static struct str handling(struct session *s)
{
    const struct mail_handling *h = &s->handling;
    struct buffer out = BUFFER_IN(s->arena);
    const struct {
        bool set;
        const char *name;
    } flags[] = {
        {h->submission, "submission"},       {h->sender_retain, "sender_retain"},
        {h->suppress_local_fixups, "suppress_local_fixups"}, {h->freeze, "freeze"},
        {h->freeze_no_tell, "no_tell"},      {h->queue_only, "queue_only"},
        {h->queue_first_pass_routing, "first_pass"}, {h->utf8_downconvert, "downconvert"},
        {h->utf8_downconvert_maybe, "downconvert_maybe"}, {h->no_mbox_unspool, "no_mbox_unspool"},
    };

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].set)
            buffer_printf(&out, "%s ", flags[i].name);
    add_text(&out, "domain", h->submission_domain);
    add_text(&out, "name", h->submission_name);
    add_text(&out, "queue", h->queue);
    return buffer_str(&out);
}

static void says_what_becomes_of_the_message(void **state)
{
    static const struct {
        const char *controls, *handling;
    } cases[] = {
        {"submission", "submission "},
        {"submission/sender_retain", "submission sender_retain "},
        {"submission/domain=", "submission  domain<>"},
        {"submission/domain=d.test/name=A / B/sender_retain", "submission  domain<d.test> name<A / B/sender_retain>"},
        {"submission/name=/domain=x", "submission  name</domain=x>"},
        {"suppress_local_fixups", "suppress_local_fixups "},
        {"freeze", "freeze "},
        {"freeze/no_tell", "freeze no_tell "},
        {"freeze/no_tell\n control = freeze", "freeze "},
        {"freeze\n control = freeze/no_tell", "freeze "},
        {"queue", "queue_only "},
        {"queue/", "queue_only "},
        {"queue_only/nonsense", "queue_only "},
        {"queue/first_pass_route", "queue_only first_pass "},
        {"queue_only/nonsense/first_pass_route", "queue_only first_pass "},
        {"utf8_downconvert", "downconvert "},
        {"utf8_downconvert/1", "downconvert "},
        {"utf8_downconvert/1\n control = utf8_downconvert/0", ""},
        {"utf8_downconvert/-1", "downconvert_maybe "},
        {"no_mbox_unspool", "no_mbox_unspool "},
    };
    struct session *s = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str text = str_printf(s->arena, "a:\n accept control = %s\n", cases[i].controls);

        s->handling = (struct mail_handling){.freeze = false};
        assert_str(run_spec(s, text.s, "a"), "ACCEPT\n");
        assert_octets(handling(s), cases[i].handling, strlen(cases[i].handling));
    }
}

static void refuses_malformed_controls(void **state)
{
    static const struct run_case cases[] = {
        {"a:\n accept control = submission/", "ERROR log<syntax error in \"control=submission/\">"},
        {"a:\n accept control = submission/sender_retainx",
         "ERROR log<syntax error in \"control=submission/sender_retainx\">"},
        {"a:\n accept control = submission/domain=x/y",
         "ERROR log<syntax error in \"control=submission/domain=x/y\">"},
        {"a:\n accept control = freeze/", "ERROR log<syntax error in \"control=freeze/\">"},
        {"a:\n accept control = freeze/tell", "ERROR log<syntax error in \"control=freeze/tell\">"},
        {"a:\n accept control = utf8_downconvert/2",
         "ERROR log<bad option value for control=utf8_downconvert>"},
        {"a:\n accept control = suppress_local_fixups/x",
         "ERROR log<syntax error in \"control=suppress_local_fixups/x\">"},
        {"a:\n accept control = dscp", "ERROR log<syntax error in \"control=dscp\">"},
        {"a:\n accept control = dscp/ef", "ACCEPT\ncontrol dscp/ef"},
    };
    struct session *s = *state;

    RUN_CASES(state, cases);
    s->context.where = ACL_WHERE_DATA;
    assert_str(run_spec(s, "a:\n accept control = submission", "a"),
               "ERROR log<cannot use \"control=submission\" in DATA ACL>\n");
    s->context.where = ACL_WHERE_RCPT;
    s->context.handling = NULL;
    assert_str(run_spec(s, "a:\n accept control = freeze", "a"),
               "ERROR log<cannot use \"control=freeze\": there is no message>\n");
}

static void names_a_queue(void **state)
{
    static const struct run_case cases[] = {
        {"a:\n accept queue = slow", "ACCEPT"},
        {"a:\n accept queue = $local_part", "ERROR log<Tainted name 'rcpt' for queue not permitted>"},
        {"a:\n accept queue = a/b", "ERROR log<Directory separator not permitted in queue name: 'a/b'>"},
        {"a:\n accept queue = ..", "ERROR log<Directory separator not permitted in queue name: '..'>"},
    };
    struct session *s = *state;

    RUN_CASES(state, cases);
    assert_str(handling(s), " queue<slow>");
    assert_str(run_spec(s, "a:\n accept queue =", "a"), "ACCEPT\n");
    assert_str(handling(s), " queue<>");
    s->context.where = ACL_WHERE_DATA;
    assert_str(run_spec(s, "a:\n accept queue = x", "a"), "ERROR log<cannot use queue condition in DATA ACL>\n");
}

static void sends_datagrams(void **state)
{
    struct session *s = *state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    const struct timeval patience = {.tv_sec = 5};
    char got[100];
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct str text;
    ssize_t n;

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    text = str_printf(s->arena, "a:\n accept udpsend = 127.0.0.1 : %d : to: $local_part::x : \n",
                      ntohs(address.sin_port));
    assert_str(run_spec(s, text.s, "a"), "ACCEPT\n");
    n = recv(fd, got, sizeof got, 0);
    close(fd);
    assert_true(n > 0);
    assert_octets(str_copy_n(s->arena, got, (size_t)n, false), " to: rcpt::x :", strlen(" to: rcpt::x :"));
}

static void refuses_malformed_datagrams(void **state)
{
    static const struct run_case cases[] = {
        {"a:\n accept udpsend =", "ERROR log<missing destination host in \"udpsend\" modifier>"},
        {"a:\n accept udpsend = 127.0.0.1", "ERROR log<missing destination port in \"udpsend\" modifier>"},
        {"a:\n accept udpsend = 127.0.0.1:x:y", "ERROR log<bad destination port in \"udpsend\" modifier>"},
        {"a:\n accept udpsend = 127.0.0.1:70000:y", "ERROR log<bad destination port in \"udpsend\" modifier>"},
        {"a:\n accept udpsend = <; ff02::1;9;x",
         "DEFER log<\"udpsend\" failed: failed to connect to any address for ff02::1: Invalid argument>"},
    };
    struct session *s = *state;

    RUN_CASES(state, cases);
    s->scope.forbid = SCOPE_FORBID_READSOCKET;
    assert_str(run_spec(s, "a:\n accept udpsend = 127.0.0.1:9:x", "a"),
               "ERROR log<\"udpsend\" is not permitted here>\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(says_what_becomes_of_the_message), session_test(refuses_malformed_controls),
        session_test(names_a_queue),                    session_test(sends_datagrams),
        session_test(refuses_malformed_datagrams),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
