/* ACLs that remember: ratelimit and seen. */
#include "acl_session.h"
#include "testing.h"

#include "acl/rate.h"

#define RATE_ERROR(why) "ERROR log<error in arguments to \"ratelimit\" condition: " why ">"
#define RATE(parameters) "a:\n accept ratelimit = " parameters "\n  logwrite = $sender_rate/$sender_rate_limit"

static void reads_ratelimit(void **state)
{
    static const struct run_case cases[] = {
        {RATE(""), RATE_ERROR("sender rate limit not set")},
        {RATE("x/1m"), RATE_ERROR("\"x\" is not a positive number")},
        {RATE("-1/1m"), RATE_ERROR("\"-1\" is not a positive number")},
        {RATE("nan/1m"), RATE_ERROR("\"nan\" is not a positive number")},
        {RATE("1 K/1m"), RATE_ERROR("\"1 K\" is not a positive number")},
        {RATE("1KK/1m"), RATE_ERROR("\"1KK\" is not a positive number")},
        {RATE("1"), RATE_ERROR("\"NULL\" is not a time value")},
        {RATE("1/1"), RATE_ERROR("\"1\" is not a time value")},
        {RATE("1/0s"), RATE_ERROR("\"0s\" is not a time value")},
        {RATE("1/1m/per_rcpt/per_mail"), RATE_ERROR("conflicting per_* options")},
        {RATE("1/1m/strict/leaky"), RATE_ERROR("conflicting update modes")},
        {RATE("1/1m/readonly/strict"), RATE_ERROR("conflicting update modes")},
        {RATE("1/1m/count=x"), RATE_ERROR("\"count=x\" is not a positive number")},
        {RATE("1/1m/count=1K"), RATE_ERROR("\"count=1K\" is not a positive number")},
        {RATE("1/1m/count=-1"), RATE_ERROR("\"count=-1\" is not a positive number")},
        {RATE("1/1m/count=inf"), RATE_ERROR("\"count=inf\" is not a positive number")},
        {RATE("0/1m"), "ACCEPT\nmain: 1.0/0"},
        {RATE(" 0 / 1m / per_cmd / count = 5"), "ACCEPT\nmain: 1.0/0"}, /* that is a key */
        {RATE("1M/1m"), "DENY implicit"},
    };

    RUN_CASES(state, cases);
}

/* Every run is another command of the same message. */
static void counts(void **state)
{
    static const struct run_case cases[] = {
        {RATE("1.5/1h/per_rcpt/A"), "DENY implicit"},
        {RATE("1.5/1h/per_rcpt/A"), "ACCEPT\nmain: 2.0/1.5"},
        {RATE("1.5/1h/per_rcpt/A"), "ACCEPT\nmain: 2.0/1.5"}, /* the one before was not recorded */
        {RATE("1.5/1h/per_rcpt/A/strict"), "ACCEPT\nmain: 2.0/1.5"},
        {RATE("1.5/1h/per_rcpt/A/strict"), "ACCEPT\nmain: 3.0/1.5"},
        {RATE("1.5/1h/per_rcpt/A/noupdate"), "ACCEPT\nmain: 3.0/1.5"},
        {RATE("1.5/1h/per_rcpt/A/strict/count=7.5"), "ACCEPT\nmain: 10.5/1.5"},
        {RATE("1.5/1h/per_rcpt/A/B"), "DENY implicit"},
        {RATE("2/2h/per_rcpt/A"), "DENY implicit"},
        {RATE("0/1h/per_rcpt/readonly/new"), "ACCEPT\nmain: 0.0/0"},
        {RATE("0/1h/per_rcpt"), "ACCEPT\nmain: 1.0/0"},
        {RATE("0/1h/per_rcpt/readonly/127.0.0.1"), "ACCEPT\nmain: 0.0/0"},
        {RATE("0/1h/per_rcpt/strict"), "ACCEPT\nmain: 1.0/0"},
        {RATE("0/1h/per_rcpt/readonly/127.0.0.1"), "ACCEPT\nmain: 1.0/0"},
        /* once for the message, for the connection, for the ACL */
        {RATE("0/1h/strict/M"), "ACCEPT\nmain: 1.0/0"},
        {RATE("0/1h/per_mail/strict/M"), "ACCEPT\nmain: 1.0/0"},
        {RATE("0/1h/per_conn/strict/M"), "ACCEPT\nmain: 1.0/0"},
        {RATE("0/1h/per_conn/strict/M"), "ACCEPT\nmain: 1.0/0"},
        {"a:\n warn ratelimit = 0/1h/per_cmd/strict/C\n accept ratelimit = 0/1h/per_cmd/strict/C\n"
         " logwrite = $sender_rate",
         "ACCEPT\nmain: 1.0"},
        {RATE("0/1h/per_cmd/strict/C"), "ACCEPT\nmain: 2.0/0"},
    };

    RUN_CASES(state, cases);
}

static void counts_messages(void **state)
{
    static const struct run_case mail = {RATE("0/1h/per_mail/strict/M"), "ACCEPT\nmain: 1.0/0"},
                                 next = {RATE("0/1h/per_mail/strict/M"), "ACCEPT\nmain: 2.0/0"},
                                 conn = {RATE("0/1h/per_conn/strict/M"), "ACCEPT\nmain: 1.0/0"},
                                 next_conn = {RATE("0/1h/per_conn/strict/M"), "ACCEPT\nmain: 2.0/0"},
                                 size = {RATE("0/1h/per_byte/B"), "ACCEPT\nmain: 1234.0/0"},
                                 all = {RATE("0/1h/per_rcpt/R"), "ACCEPT\nmain: 3.0/0"};
    struct session *s = *state;

    run_cases(s, &mail, 1);
    run_cases(s, &conn, 1);
    s->message_rates.first = NULL; /* another message */
    run_cases(s, &next, 1);
    run_cases(s, &conn, 1);
    s->connection_rates.first = NULL;
    run_cases(s, &next_conn, 1);
    s->message.size = 1234;
    run_cases(s, &size, 1);
    s->message.recipients_count = 3;
    s->context.where = ACL_WHERE_DATA;
    run_cases(s, &all, 1);
}

static void counts_events(void **state)
{
    static const struct run_case cases[] = {
        {RATE("2.5/1h/per_rcpt/unique=a/U"), "DENY implicit"},
        {RATE("2.5/1h/per_rcpt/unique=b/U"), "DENY implicit"},
        {RATE("2.5/1h/per_rcpt/unique=a/U"), "DENY implicit"},
        {RATE("0/1h/per_rcpt/unique=/U/readonly"), "ACCEPT\nmain: 2.0/0"},
        {RATE("2.5/1h/per_rcpt/unique=c/U"), "ACCEPT\nmain: 3.0/2.5"},
        {RATE("2.5/1h/per_rcpt/unique=c/U"), "ACCEPT\nmain: 3.0/2.5"}, /* leaky: c was not recorded */
        {RATE("2.5/1h/per_rcpt/unique=c/U/strict"), "ACCEPT\nmain: 3.0/2.5"},
        {RATE("2.5/1h/per_rcpt/unique=c/U/strict"), "ACCEPT\nmain: 3.0/2.5"},
        {RATE("0/1h/per_rcpt/U/readonly"), "ACCEPT\nmain: 0.0/0"},
        {RATE("0/1h/per_addr/V/strict"), "ACCEPT\nmain: 1.0/0"},
        {RATE("0/1h/per_rcpt/unique=rcpt@d.test/V/strict"), "ACCEPT\nmain: 1.0/0"},
        {RATE("0/1h/per_addr/unique=other/V/strict"), "ACCEPT\nmain: 2.0/0"},
    };

    RUN_CASES(state, cases);
}

/* Below the limit hardly any event is taken for another one. */
static void tells_events_apart(void **state)
{
    struct session *s = *state;
    struct error err = ERROR_IN(s->arena);
    struct rate_request request = {.key = STR("k"), .limit = 1000, .period = 7 * 24 * 60 * 60, .count = 1,
                                   .unique = true};
    double rate = 0;

    for (int i = 0; i < 900; i++) {
        request.event = str_printf(s->arena, "event %d", i);
        assert_true(rate_measure(&s->scope, s->arena, &request, &rate, &err));
    }
    assert_true(rate > 890 && rate < 900.1); /* of short intervals only so many digits are right */
}

static void measures_only_where_it_makes_sense(void **state)
{
    static const struct run_case cases[] = {
        {RATE("0/1h/per_rcpt"), "ACCEPT\nmain: 0.0/0"},
        {RATE("0/1h/per_mail"), "ACCEPT\nmain: 0.0/0"},
        {RATE("0/1h"), "ACCEPT\nmain: 1.0/0"}, /* Exim looks only at what was written */
        {RATE("0/1h/per_conn"), "ACCEPT\nmain: 1.0/0"},
        {RATE("0/1h/per_addr/strict"),
         RATE_ERROR("\"per_rcpt\" must not have /leaky or /strict option, or cannot be used in EHLO or HELO ACL")},
        {RATE("0/1h/per_byte/leaky"),
         RATE_ERROR("\"per_mail\" must not have /leaky or /strict option, or cannot be used in EHLO or HELO ACL")},
    };
    struct session *s = *state;

    s->context.where = ACL_WHERE_HELO;
    RUN_CASES(state, cases);
}

static void fades(void **state)
{
    struct session *s = *state;
    struct error err = ERROR_IN(s->arena);
    struct rate_request request = {.key = STR("k"), .limit = 0, .period = 1, .count = 1000, .strict = true};
    double rate, first = 0;

    assert_true(rate_measure(&s->scope, s->arena, &request, &first, &err));
    assert_true(first == 1000);
    usleep(20000);
    request.count = 0;
    assert_true(rate_measure(&s->scope, s->arena, &request, &rate, &err));
    assert_true(rate < 981 && rate > 0); /* e^-0.02, or less when it took longer */
}

#define SEEN(parameters) "a:\n accept seen = " parameters

static void remembers(void **state)
{
    static const struct run_case cases[] = {
        {SEEN(""), "ERROR log<failed to parse ''>"},
        {SEEN("- 1h"), "ERROR log<failed to parse '- 1h'>"},
        {SEEN("5"), "ERROR log<failed to parse '5'>"},
        {SEEN("1h//key=x"), "ERROR log<failed to parse '1h//key=x'>"},
        {SEEN("1h/nonsense"), "ERROR log<unrecognised option 'nonsense' in '1h/nonsense'>"},
        {SEEN("1h/ key = x"), "ERROR log<unrecognised option 'key = x' in '1h/ key = x'>"},
        {SEEN("1h/refresh=5"), "ERROR log<failed to parse '1h/refresh=5'>"},
        {SEEN("1h/readonly"), "DENY implicit"},
        {SEEN("1h"), "DENY implicit"},
        {SEEN("1h"), "ACCEPT"},
        {SEEN("1h/key=127.0.0.1/readonly"), "ACCEPT"},
        {SEEN("-1h"), "DENY implicit"},
        {SEEN("-0s"), "ACCEPT"},
        {SEEN("0s"), "DENY implicit"},
        {SEEN("-1h/key=new/readonly"), "DENY implicit"},
        {SEEN("-0s/key=new"), "DENY implicit"},
        {SEEN("-0s/key=new/refresh=2d"), "ACCEPT"},
        {SEEN("-0s/key=first/key=new/write"), "ACCEPT"},
        {SEEN("-0s/key="), "DENY implicit"},
        {SEEN("-0s/key="), "ACCEPT"},
    };

    RUN_CASES(state, cases);
}

static void defers_without_a_database(void **state)
{
    struct session *s = *state;
    struct str path = str_printf(s->arena, "%s/db", s->directory), text;
    FILE *f = fopen(path.s, "w");

    assert_non_null(f);
    fclose(f);
    text = run_spec(s, RATE("0/1h"), "a");
    assert_true(str_starts(text, "DEFER log<ratelimit database not available>\n"));
    assert_true(str_ends(text, "/db/ratelimit.sqlite: Not a directory\n"));
    text = run_spec(s, SEEN("1h"), "a");
    assert_true(str_starts(text, "DEFER log<database for 'seen' not available>\n"));
    s->process.hints = NULL;
    assert_str(run_spec(s, SEEN("1h/readonly"), "a"),
               "DEFER log<database for 'seen' not available>\nmain: there are no hints databases\n"
               "panic: there are no hints databases\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(reads_ratelimit),
        session_test(counts),
        session_test(counts_messages),
        session_test(counts_events),
        session_test(tells_events_apart),
        session_test(measures_only_where_it_makes_sense),
        session_test(fades),
        session_test(remembers),
        session_test(defers_without_a_database),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
