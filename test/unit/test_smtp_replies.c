/* Replies of servers, and what they offer in them. */
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "testing.h"
#include "transports/smtp_ehlo.h"
#include "transports/smtp_reply.h"

/* Reads replies from these octets until one is not whole; returns how the last one ended. */
static enum smtp_reply_status read_replies(struct arena *arena, struct str octets, unsigned most,
                                           struct smtp_reply *replies, unsigned *count)
{
    enum smtp_reply_status status = SMTP_REPLY_OK;
    struct fd_channel channel;
    struct stream stream;
    int fd = memfd_create("replies", MFD_CLOEXEC);

    assert_int_equal(write(fd, octets.s, octets.n), (ssize_t)octets.n);
    lseek(fd, 0, SEEK_SET);
    fd_channel_init(&channel, fd, -1);
    stream_init(&stream, &channel.channel);
    for (*count = 0; *count < most && status == SMTP_REPLY_OK; ++*count)
        status = smtp_reply_read(&stream, arena, deadline_in(5), &replies[*count]);
    stream_free(&stream);
    close(fd);
    return status;
}

static void test_replies(void **state)
{
    static const struct {
        const char *octets;
        enum smtp_reply_status status;
        int code;
        const char *text;
    } cases[] = {
        {"250 ok\r\n", SMTP_REPLY_OK, 250, "250 ok"},
        {"250 ok\n", SMTP_REPLY_OK, 250, "250 ok"},
        {"250\r\n", SMTP_REPLY_OK, 250, "250"},
        {"250 \r\n", SMTP_REPLY_OK, 250, "250 "},
        {"550-no\r\n550-really\r\n550 no\r\n", SMTP_REPLY_OK, 550, "550-no\n550-really\n550 no"},
        {"250-a\r\n550 b\r\n", SMTP_REPLY_OK, 250, "250-a\n550 b"}, /* the first code counts */
        {"250-\r\n250 \r\n", SMTP_REPLY_OK, 250, "250-\n250 "},
        {"999 odd\r\n", SMTP_REPLY_OK, 999, "999 odd"},
        {"hello\r\n", SMTP_REPLY_MALFORMED, 0, "hello"},
        {"\r\n", SMTP_REPLY_MALFORMED, 0, ""},
        {"25 ok\r\n", SMTP_REPLY_MALFORMED, 0, "25 ok"},
        {"2500 ok\r\n", SMTP_REPLY_MALFORMED, 0, "2500 ok"},
        {"-250 ok\r\n", SMTP_REPLY_MALFORMED, 0, "-250 ok"},
        {" 250 ok\r\n", SMTP_REPLY_MALFORMED, 0, " 250 ok"},
        {"250-a\r\nb\r\n", SMTP_REPLY_MALFORMED, 250, "250-a\nb"},
        {"250-a\r\n", SMTP_REPLY_CLOSED, 250, "250-a\n"},
        {"250 ok", SMTP_REPLY_CLOSED, 0, "250 ok"},
        {"", SMTP_REPLY_CLOSED, 0, ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct smtp_reply reply;
        unsigned count;

        assert_int_equal(read_replies(*state, str_of(cases[i].octets), 1, &reply, &count), cases[i].status);
        assert_int_equal(reply.code, cases[i].code);
        if (cases[i].status != SMTP_REPLY_CLOSED)
            assert_string_equal(reply.text.s, cases[i].text);
        assert_true(reply.text.tainted);
    }
}

static void test_pipelined_replies(void **state)
{
    struct smtp_reply replies[4];
    unsigned count;

    assert_int_equal(
        read_replies(*state, STR("250 a\r\n550-b\r\n550 c\r\n354 d\r\n"), 4, replies, &count), SMTP_REPLY_CLOSED);
    assert_int_equal(count, 4);
    assert_int_equal(replies[0].code, 250);
    assert_int_equal(replies[1].code, 550);
    assert_int_equal(replies[2].code, 354);
}

/* A server may send what it likes; what it costs has a limit. */
static void test_limits(void **state)
{
    struct arena *arena = *state;
    struct buffer b = BUFFER_IN(arena);
    struct smtp_reply reply;
    unsigned count;

    for (int i = 0; i < SMTP_REPLY_LINE; i++)
        buffer_add_char(&b, i < 3 ? '2' : ' ');
    buffer_add_cstr(&b, "\r\n");
    assert_int_equal(read_replies(arena, buffer_str(&b), 1, &reply, &count), SMTP_REPLY_OK);
    buffer_cut(&b, b.n - 2);
    buffer_add_cstr(&b, "x\r\n");
    assert_int_equal(read_replies(arena, buffer_str(&b), 1, &reply, &count), SMTP_REPLY_MALFORMED);
    buffer_cut(&b, 0);
    for (int i = 0; i < SMTP_REPLY_TOTAL; i++)
        buffer_add_cstr(&b, "250-more and more\r\n");
    assert_int_equal(read_replies(arena, buffer_str(&b), 1, &reply, &count), SMTP_REPLY_MALFORMED);
    assert_true(reply.text.n < SMTP_REPLY_TOTAL + SMTP_REPLY_LINE);
    assert_int_equal(read_replies(arena, STR("250 a\0b\r\n"), 1, &reply, &count), SMTP_REPLY_OK);
    assert_int_equal(reply.text.n, 7);
}

static void test_offers(void **state)
{
    struct smtp_offer offer;

    (void)state;
    smtp_offer_parse(STR("250-STARTTLS is my name\n250-SIZE 1000\n250-8bitmime\n250-AUTH PLAIN  login\n"
                         "250-AUTH=PLAIN\n250-PIPELININGS\n250-X-DSN\n250 PRDR"),
                     &offer);
    assert_int_equal(offer.features, SMTP_SIZE | SMTP_8BITMIME | SMTP_AUTH | SMTP_PRDR);
    assert_true(smtp_offers_mechanism(&offer, STR("LOGIN")));
    assert_true(smtp_offers_mechanism(&offer, STR("plain")));
    assert_false(smtp_offers_mechanism(&offer, STR("PLAI")));
    assert_false(smtp_offers_mechanism(&offer, STR("")));
    smtp_offer_parse(STR("250-f\n250-LIMITS MAILMAX=20 RCPTMAX=100 RCPTDOMAINMAX=x FOO=1 BAR\n250 AUTH"), &offer);
    assert_int_equal(offer.mail_max, 20);
    assert_int_equal(offer.rcpt_max, 100);
    assert_int_equal(offer.rcpt_domain_max, 0);
    assert_true(smtp_offers(&offer, SMTP_AUTH));
    assert_false(smtp_offers_mechanism(&offer, STR("PLAIN")));
    smtp_offer_parse(STR("250 f"), &offer);
    assert_int_equal(offer.features, 0);
    smtp_offer_parse(STR(""), &offer);
    assert_int_equal(offer.features, 0);
    smtp_offer_parse(STR("250-f\n250\n250 "), &offer);
    assert_int_equal(offer.features, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_replies),
        arena_test(test_pipelined_replies),
        arena_test(test_limits),
        arena_test(test_offers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
