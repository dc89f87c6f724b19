/* Messages out of octets: where lines and messages end, whatever pieces the octets come in; that nothing but CR LF
 * dot CR LF ends a message of DATA (SMTP smuggling). */
#include <stdio.h>
#include <stdlib.h>

#include "smtp/octets.h"
#include "testing.h"

/* A message, and what it has handed on of its body. */
struct taken {
    struct message message;
    struct octets octets;
    struct message_sink sink;
    struct buffer body;
    size_t used; /* octets, up to the end of the message */
};

static bool is_of_a_mailbox(void *ctx, struct str line)
{
    (void)ctx;
    return str_starts(line, "From a@b.test ");
}

static void no_headers(void *ctx, struct message *m)
{
    (void)ctx;
    (void)m;
}

static void add_body(void *ctx, const char *p, size_t n)
{
    struct taken *taken = ctx;

    buffer_add_n(&taken->body, p, n);
}

static const struct message_limits few = {.size = 1000000, .headers = 1000, .visible = 50};

static struct taken *begin(struct arena *arena, enum octets_form form, const struct message_limits *limits)
{
    struct taken *taken = ARENA_NEW(arena, struct taken);

    taken->body = BUFFER_IN(arena);
    taken->sink = (struct message_sink){is_of_a_mailbox, no_headers, add_body, taken};
    message_begin(&taken->message, arena, limits, &taken->sink);
    octets_begin(&taken->octets, form, &taken->message);
    return taken;
}

/* A copy of its own for every piece: reading past it is seen by the sanitizer. */
static void give(struct taken *taken, const char *p, size_t n)
{
    char *copy = malloc(n + 1);
    size_t used;

    memcpy(copy, p, n);
    used = octets_take(&taken->octets, copy, n);
    assert_true(used == n || taken->octets.ended);
    taken->used += used;
    free(copy);
}

static void finish(struct taken *taken)
{
    octets_end(&taken->octets); // says nothing new where the dot has ended it
    message_end(&taken->message);
}

static struct taken *take(struct arena *arena, enum octets_form form, struct str text)
{
    struct taken *taken = begin(arena, form, &few);

    give(taken, text.s, text.n);
    finish(taken);
    return taken;
}

static void assert_same(struct taken *a, struct taken *b)
{
    assert_int_equal(a->octets.ended, b->octets.ended);
    assert_int_equal(a->used, b->used);
    assert_true(str_eq(buffer_str(&a->message.headers), buffer_str(&b->message.headers)));
    assert_true(str_eq(buffer_str(&a->body), buffer_str(&b->body)));
    assert_int_equal(a->message.size, b->message.size);
    assert_int_equal(a->message.body_lines, b->message.body_lines);
    assert_int_equal(a->message.header_lines, b->message.header_lines);
    assert_int_equal(a->message.longest_line, b->message.longest_line);
    assert_int_equal(a->message.problem, b->message.problem);
}

/* In two pieces, cut anywhere; in three, the middle one an octet; and octet by octet: it is the same. */
static void assert_any_pieces(struct arena *arena, enum octets_form form, struct str text)
{
    struct taken *whole = take(arena, form, text), *octet = begin(arena, form, &few);

    for (size_t i = 0; i < text.n && !octet->octets.ended; i++)
        give(octet, text.s + i, 1);
    finish(octet);
    assert_same(octet, whole);
    for (size_t cut = 0; cut < text.n; cut++) {
        struct taken *pieces = begin(arena, form, &few);

        give(pieces, text.s, cut);
        if (!pieces->octets.ended)
            give(pieces, text.s + cut, 1);
        if (!pieces->octets.ended)
            give(pieces, text.s + cut + 1, text.n - cut - 1);
        finish(pieces);
        assert_same(pieces, whole);
    }
}

/* What some server takes for the end of a message (SEC Consult, 2023, and what can be made of it). */
static const struct str no_ends[] = {
    STR("\n.\n"), STR("\n.\r\n"), STR("\r\n.\n"), STR("\r.\r"), STR("\r.\n"), STR("\n.\r"), STR("\r.\r\n"),
    STR("\r\n.\r"), STR("\r\n.\r\r\n"), STR("\r\r\n.\r\r\n"), STR("\r\r.\r\r"), STR("\n\n.\n\n"), STR("\n\r.\n\r"),
    STR("\r\n\0.\r\n"), STR("\r\n.\0\r\n"), STR("\r\0\n.\r\0\n"), STR("\r\n\0.\0\r\n"), STR("\0\r\n.\r\0\n"), STR("\n\0.\n"),
    STR("\r\n.\n\r\n"), STR("\r\n.\r.\r\n"), STR("\r\n .\r\n"), STR("\r\n. \r\n"), STR("\r\n.\t\r\n"), STR("\r\n..\r\n"),
    STR("\n..\r\n"), STR("\r\n.\x0b\r\n"), STR("\r\n.\x0c\r\n"), STR("\r\n.\x85\r\n"), STR("\xe2\x80\xa8.\xe2\x80\xa8"),
    STR("\x85.\x85"), STR("\x8d\x8a.\x8d\x8a"), STR("\r\n\x7f.\r\n"), STR("\r\n=2E\r\n"), STR("\r\n\b.\r\n"),
};

static void test_what_ends_no_message(void **state)
{
    /* in the header section, at its end, in the body, behind other ends of lines, and twice */
    static const char *const before[] = {"", "Subject: x", "Subject: x\r\n", "Subject: x\r\n\r\n", "Subject: x\r\n\r\nbody",
                                         "Subject: x\r\n\r\nbody\n", "Subject: x\r\n\r\nbody\r", "a\r\n\r\nb\r\n"};

    for (size_t i = 0; i < sizeof no_ends / sizeof *no_ends; i++)
        for (size_t j = 0; j < sizeof before / sizeof *before; j++) {
            struct buffer text = BUFFER_IN(*state);
            struct taken *taken;

            if (strlen(before[j]) > 0 && before[j][strlen(before[j]) - 1] == '\r' && no_ends[i].s[0] == '\n')
                continue; /* that is CR LF */
            buffer_add_cstr(&text, before[j]);
            if (j == 0 && no_ends[i].s[0] != '\r') /* "\r\n" in front would be an empty line */
                buffer_add_cstr(&text, "x");
            buffer_add(&text, no_ends[i]);
            buffer_add_cstr(&text, "MAIL FROM:<smuggled@x.test>\r\n");
            buffer_add(&text, no_ends[i]);
            buffer_add_cstr(&text, "DATA\r\n.\r\nNOOP\r\n");
            taken = take(*state, OCTETS_DOTS, buffer_str(&text));
            if (!taken->octets.ended || taken->used != text.n - 6)
                fail_msg("sequence %zu behind \"%s\" ends the message at %zu", i, before[j], taken->used);
            assert_any_pieces(*state, OCTETS_DOTS, buffer_str(&text));
            arena_reset(*state);
        }
}

static void test_data(void **state)
{
    static const struct {
        struct str text;
        const char *headers, *body; /* NULL: the message does not end */
        bool local;
    } cases[] = {
        {STR(".\r\n"), "", "", false},
        {STR("a: b\r\n.\r\n"), "a: b\n", "", false},
        {STR("a: b\r\n\r\n.\r\n"), "a: b\n", "", false},
        {STR("a: b\r\n\r\nc\r\n.\r\nQUIT\r\n"), "a: b\n", "c\n", false},
        {STR("a: b\r\n c\r\nno header\r\n.\r\n"), "a: b\n c\n", "no header\n", false},
        {STR("a: b\r\n\r\n..\r\n...x\r\n.y\r\n.\r\n"), "a: b\n", ".\n..x\ny\n", false},
        {STR("\r\na\n.b\r\n.\r\n"), "", "a\n.b\n", false},
        {STR("\r\na\rb\r\r\n.\r\n"), "", "a\nb\n\n", false},
        {STR("\r\n\0a\0\r\n.\r\n"), "", "", false},
        {STR("\r\na\r\n."), NULL, NULL, false},
        {STR("\r\na\r\n.\r"), NULL, NULL, false},
        {STR("a: b\n\nc\n.\n"), NULL, NULL, false},
        {STR("a: b\n\nc\n..d\n.\nQUIT\n"), "a: b\n", "c\n.d\n", true},
        {STR("a: b\n\nc\r\n.\r\n"), "a: b\n", "c\n", true},
        {STR("a: b\r\n\nc\n.\nd\r\n.\r\n"), "a: b\n", "c\n.\nd\n", true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum octets_form form = cases[i].local ? OCTETS_DOTS_LOCAL : OCTETS_DOTS;
        struct taken *taken = take(*state, form, cases[i].text);

        if (taken->octets.ended != (cases[i].headers != NULL))
            fail_msg("case %zu: %s", i, taken->octets.ended ? "ends" : "does not end");
        if (cases[i].headers) {
            assert_string_equal(buffer_str(&taken->message.headers).s, cases[i].headers);
            assert_string_equal(buffer_str(&taken->body).s, cases[i].body);
        }
        assert_any_pieces(*state, form, cases[i].text);
    }
}

static void test_plain(void **state)
{
    static const struct {
        struct str text;
        const char *headers, *body, *body_with_dot;
        int bare_lf;
    } cases[] = {
        {STR(""), "", "", "", 0},
        {STR("a: b"), "a: b\n", "", "", 0},
        {STR("a: b\r"), "a: b\n", "", "", 0},
        {STR("a: b\n\nc\r\nd\n"), "a: b\n", "c\nd\n", "c\nd\n", 3},
        {STR("\r\n.\r\n..x\r\n"), "", ".\n..x\n", "", 0},
        {STR("\n..x\n.y\nz"), "", "..x\n.y\nz\n", "..x\n.y\nz\n", 3},
        {STR("\n."), "", ".\n", ".\n", 1},
        {STR("\n.\r"), "", ".\n", ".\n", 1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct taken *plain = take(*state, OCTETS_PLAIN, cases[i].text);
        struct taken *dot = take(*state, OCTETS_DOT_ENDS, cases[i].text);

        assert_string_equal(buffer_str(&plain->message.headers).s, cases[i].headers);
        assert_string_equal(buffer_str(&plain->body).s, cases[i].body);
        assert_string_equal(buffer_str(&dot->body).s, cases[i].body_with_dot);
        assert_int_equal(plain->octets.bare_lf, cases[i].bare_lf);
        assert_any_pieces(*state, OCTETS_PLAIN, cases[i].text);
        assert_any_pieces(*state, OCTETS_DOT_ENDS, cases[i].text);
    }
}

static void repeat(struct taken *taken, const char *text, int times)
{
    for (int i = 0; i < times && !taken->octets.ended; i++)
        give(taken, text, strlen(text));
}

/* Lines of any length pass through the body; one that is as long in the header section makes the message too big or
 * begins the body. */
static void test_long_lines(void **state)
{
    struct message_limits unlimited = {.visible = 10};
    struct taken *taken = begin(*state, OCTETS_DOTS, &unlimited);

    give(taken, "a: b\r\n\r\n", 8);
    repeat(taken, "0123456789", 300000);
    give(taken, "\r\n.\r\n", 5);
    finish(taken);
    assert_true(taken->octets.ended);
    assert_int_equal(taken->message.problem, MESSAGE_FINE);
    assert_int_equal(taken->body.n, 3000001);
    assert_int_equal(taken->message.longest_line, 3000000);
    assert_int_equal(taken->message.size, 6 + 3000001);
    assert_true(taken->message.head.n == 10 && taken->message.tail.n < 8192 && taken->message.line.capacity < 100000);

    taken = begin(*state, OCTETS_PLAIN, &few);
    repeat(taken, "no colon here ", 1000);
    finish(taken);
    assert_int_equal(taken->message.problem, MESSAGE_FINE);
    assert_int_equal(taken->body.n, 14001);
    assert_int_equal(taken->message.size, 14001);
    assert_int_equal(taken->message.body_lines, 1);
    assert_true(taken->message.line.capacity < 4096);

    taken = begin(*state, OCTETS_PLAIN, &few);
    give(taken, "Subject: ", 9);
    repeat(taken, "x", 100000);
    repeat(taken, "\nb: c\n", 1);
    finish(taken);
    assert_int_equal(taken->message.problem, MESSAGE_HEADER_TOO_BIG);
    assert_int_equal(taken->message.size, 9 + 100000 + 1 + 5);
    assert_int_equal(taken->body.n, 0);
    assert_true(taken->message.line.capacity < 4096);

    taken = begin(*state, OCTETS_PLAIN, &(struct message_limits){.size = 100});
    repeat(taken, "a: b\n\n", 1);
    repeat(taken, "x", 95);
    assert_int_equal(taken->message.problem, MESSAGE_TOO_BIG); /* before the line ends */
    finish(taken);
    assert_true(taken->body.n <= 95);
}

static void test_line_of_a_mailbox(void **state)
{
    struct message_limits ignoring = {.ignore_from_line = true};
    struct taken *taken = begin(*state, OCTETS_PLAIN, &ignoring);

    repeat(taken, "From a@b.test Fri Jan  1\na: b\n\nFrom c\n", 1);
    finish(taken);
    assert_string_equal(buffer_str(&taken->message.headers).s, "a: b\n");
    assert_string_equal(buffer_str(&taken->body).s, "From c\n");
    assert_int_equal(taken->message.size, 5 + 1 + 7);
    taken = begin(*state, OCTETS_PLAIN, &ignoring);
    repeat(taken, "From c@b.test Fri Jan  1\na: b\n", 1); /* the sink does not know such a line */
    finish(taken);
    assert_string_equal(buffer_str(&taken->body).s, "From c@b.test Fri Jan  1\na: b\n");
    taken = take(*state, OCTETS_PLAIN, STR("From a@b.test Fri Jan  1\na: b\n"));
    assert_string_equal(buffer_str(&taken->body).s, "From a@b.test Fri Jan  1\na: b\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_what_ends_no_message), arena_test(test_data), arena_test(test_plain),
        arena_test(test_long_lines), arena_test(test_line_of_a_mailbox),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
