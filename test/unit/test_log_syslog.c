/* Splitting entries for syslog (manual, 53.4), and the names of facilities. */
#include "testing.h"

#include <syslog.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/log_private.h"

static void collect(void *context, struct str piece)
{
    struct buffer *b = context;

    assert_int_equal(piece.s[piece.n], '\0');
    buffer_add_char(b, '|');
    buffer_add(b, piece);
}

static struct str split(struct arena *arena, struct str entry)
{
    struct buffer b = BUFFER_IN(arena);

    syslog_split(arena, entry, collect, &b);
    return buffer_str(&b);
}

/* n times c. */
static struct str run_of(struct arena *arena, size_t n, char c)
{
    char *s = arena_alloc(arena, n + 1);

    memset(s, c, n);
    return (struct str){s, n, false};
}

static void test_whole(void **state)
{
    struct arena *arena = *state;
    struct str longest = run_of(arena, 870, 'x');

    assert_str(split(arena, STR("short\n")), "|short");
    assert_str(split(arena, STR("short")), "|short");
    assert_str(split(arena, STR("\n\n")), "");
    assert_str(split(arena, STR("")), "");
    struct str got = split(arena, str_join(arena, longest, STR("\n")));
    assert_int_equal(got.n, 871);
    assert_int_equal(got.s[1], 'x');
}

static void test_too_long(void **state)
{
    struct arena *arena = *state;
    struct str entry = str_join3(arena, run_of(arena, 870, 'a'), run_of(arena, 870, 'b'), STR("c"));
    struct str expected =
        str_join3(arena, str_join(arena, STR("|[1/3] "), run_of(arena, 870, 'a')),
                  str_join(arena, STR("|[2/3] "), run_of(arena, 870, 'b')), STR("|[3/3] c"));
    struct str got = split(arena, entry);

    assert_octets(got, expected.s, expected.n);
}

static void test_newlines(void **state)
{
    struct arena *arena = *state;

    assert_str(split(arena, STR("a\nb\n\nc\n")), "|[1\\4] a|[2\\4] b|[3\\4] |[4/4] c");
    /* A newline right where the limit is ends the piece. */
    struct str got = split(arena, str_join(arena, run_of(arena, 870, 'a'), STR("\nb")));
    assert_true(str_starts(got, "|[1\\2] aaa"));
    assert_true(str_ends(got, "a|[2/2] b"));
    got = split(arena, str_join(arena, run_of(arena, 871, 'a'), STR("\nb")));
    assert_true(str_starts(got, "|[1/3] aaa"));
    assert_true(str_ends(got, "|[2\\3] a|[3/3] b"));
}

static void test_facilities(void **state)
{
    int facility = -1;

    (void)state;
    assert_true(log_facility_parse(STR("mail"), &facility));
    assert_int_equal(facility, LOG_MAIL);
    assert_true(log_facility_parse(STR("local7"), &facility));
    assert_int_equal(facility, LOG_LOCAL7);
    assert_true(log_facility_parse(STR("daemon"), &facility));
    assert_int_equal(facility, LOG_DAEMON);
    assert_false(log_facility_parse(STR("local8"), &facility));
    assert_false(log_facility_parse(STR("Mail"), &facility));
    assert_false(log_facility_parse(STR(""), &facility));
    assert_int_equal(facility, LOG_DAEMON);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_whole),
        arena_test(test_too_long),
        arena_test(test_newlines),
        cmocka_unit_test(test_facilities),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
