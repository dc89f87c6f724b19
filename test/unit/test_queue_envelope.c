/* -H files: what is written is read back, what is malformed is refused. */
#include <string.h>

#include "mail/header.h"
#include "mail/id.h"
#include "mail/recipient.h"
#include "queue/envelope.h"
#include "testing.h"

static const char *const names[] = {"a@b.test", "c d@e.test", "\"q r\"@f.test", "z@b.test"};
enum { NAMES = sizeof names / sizeof *names };

static void make(struct arena *arena, struct mail_message *m)
{
    struct mail_recipient **last = &m->recipients;

    *m = (struct mail_message){.arena = arena,
                               .id = STR("1xWPRu-0000000063A-2agc"),
                               .sender = STR("s@t.test"),
                               .login = STR("user"),
                               .uid = 7,
                               .gid = 8,
                               .received = {1795660982, 617673},
                               .received_complete = {1795660983, 5},
                               .warning_count = 2,
                               .authenticated_sender = STR_NULL,
                               .frozen = true,
                               .frozen_at = 99,
                               .dsn_envid = STR("env"),
                               .dsn_ret = DSN_RET_HDRS,
                               .body_linecount = 3};
    m->delivered.arena = m->acl_m.arena = m->origin.acl_c.arena = arena;
    m->origin.host_address = STR("2001:db8::1");
    m->origin.host_port = 25;
    m->origin.helo_name = (struct str){"client.test", 11, true};
    m->origin.ident = (struct str){"two\nlines", 9, true};
    varset_set(&m->acl_m, STR("acl_m_x"), STR("with\nnewline"));
    varset_set(&m->origin.acl_c, STR("acl_c1"), STR(""));
    for (size_t i = 0; i < NAMES; i++) {
        struct mail_recipient *r = mail_recipient_new(arena, str_of(names[i]));

        if (i == 1) {
            r->dsn_flags = DSN_SUCCESS | DSN_DELAY;
            r->dsn_orcpt = STR("rfc822;x y@z");
        }
        if (i == 2) {
            r->one_time_parent = 1;
            r->properties.errors_address = STR("err@t.test");
        }
        *last = r;
        last = &r->next;
        m->recipient_count++;
    }
    for (size_t i = 0; i < NAMES; i++)
        address_set_add(&m->delivered, str_of(names[i]));
    address_set_add(&m->delivered, STR("generated@b.test"));
    mail_headers_append(m, STR("Received: here\n\tnow\nFrom: a@b.test\nX-Other: 1\n"));
    m->headers->next->type = HEADER_DELETED;
}

static void test_round_trip(void **state)
{
    struct mail_message m, back = {.arena = *state, .id = STR("1xWPRu-0000000063A-2agc")};
    struct error err = ERROR_IN(*state);
    struct str text, value;

    make(*state, &m);
    text = envelope_write(*state, &m, STR("mail.test"));
    if (!envelope_read(&back, text, true, &err))
        fail_msg("%.*s", STR_ARG(err.text));
    assert_str(back.sender, "s@t.test");
    assert_str(back.login, "user");
    assert_int_equal(back.uid, 7);
    assert_int_equal(back.received.tv_usec, 617673);
    assert_int_equal(back.warning_count, 2);
    assert_true(back.frozen && back.frozen_at == 99);
    assert_str(back.origin.host_address, "2001:db8::1");
    assert_int_equal(back.origin.host_port, 25);
    assert_true(back.origin.helo_name.tainted);
    assert_str(back.origin.ident, "two\\nlines"); /* no value can make a second line */
    assert_true(varset_get(&back.acl_m, STR("acl_m_x"), &value));
    assert_str(value, "with\nnewline");
    assert_true(varset_get(&back.origin.acl_c, STR("acl_c1"), &value));
    assert_int_equal(back.delivered.n, NAMES + 1);
    assert_int_equal(back.recipient_count, NAMES);
    assert_str(back.recipients->next->address, "c d@e.test");
    assert_int_equal(back.recipients->next->dsn_flags, DSN_SUCCESS | DSN_DELAY);
    assert_str(back.recipients->next->dsn_orcpt, "rfc822;x y@z");
    assert_str(back.recipients->next->next->address, "\"q r\"@f.test");
    assert_int_equal(back.recipients->next->next->one_time_parent, 1);
    assert_str(back.recipients->next->next->properties.errors_address, "err@t.test");
    assert_str(mail_headers_text(*state, &back), "Received: here\n\tnow\nX-Other: 1\n");
    assert_true(str_eq(envelope_write(*state, &back, STR("mail.test")), text));
}

/* Exim's own, of which only the ids have another form. */
static void test_files_of_exim(void **state)
{
    static const char text[] = "1xWPRu-0000000063A-2agc-H\nroot 0 0\n<>\n1795659964 0\n-received_time_usec .021186\n"
                               "-ident root\n-received_protocol local\n-body_linecount 2\n-unknown thing\n"
                               "-host_address 192.0.2.1.4567\nYY bat2@x\nNN bat1@x\nNN ok1@x\n2\nok1@x\n"
                               "bat1@x e@f 3,0#1\n\n013  Subject: foo\n";
    struct mail_message m = {.arena = *state, .id = STR("1xWPRu-0000000063A-2agc")};
    struct error err = ERROR_IN(*state);

    assert_true(envelope_read(&m, str_of(text), true, &err));
    assert_str(m.sender, "");
    assert_int_equal(m.delivered.n, 3);
    assert_true(address_set_has(&m.delivered, STR("ok1@x")));
    assert_str(m.origin.host_address, "192.0.2.1");
    assert_int_equal(m.origin.host_port, 4567);
    assert_str(m.recipients->next->properties.errors_address, "e@f");
}

/* Every file that is cut off, or has an octet changed, is read or refused, and nothing worse. */
static void test_damage(void **state)
{
    struct mail_message m;
    struct str text;
    unsigned refused = 0;

    make(*state, &m);
    text = envelope_write(*state, &m, STR("mail.test"));
    for (size_t n = 0; n < text.n; n++) {
        struct arena *arena = arena_new(ARENA_PLAIN);
        struct mail_message back = {.arena = arena, .id = m.id};
        struct error err = ERROR_IN(arena);

        refused += !envelope_read(&back, str_copy_n(arena, text.s, n, true), true, &err);
        for (unsigned octet = 0; octet < 256; octet += 51) {
            struct mail_message other = {.arena = arena, .id = m.id};
            struct str changed = str_copy_n(arena, text.s, text.n, true);

            ((char *)changed.s)[n] = (char)octet;
            envelope_read(&other, changed, true, &err);
        }
        arena_free(arena);
    }
    assert_true(refused > text.n / 2);
}

static void test_ids(void **state)
{
    struct str first = mail_id_new(*state, -1), second = mail_id_new(*state, -1);

    assert_true(mail_id_is_valid(first) && mail_id_is_valid(second));
    assert_true(str_cmp(first, second) < 0);
    assert_true(mail_id_time(first) > 1600000000);
    assert_true(mail_id_is_valid(mail_id_new(*state, 16)));
    assert_false(mail_id_is_valid(STR("1xWPRu-0000000063A-2ag/")));
    assert_false(mail_id_is_valid(STR("1xWPAU-0000K7-1A")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_round_trip),
        arena_test(test_files_of_exim),
        arena_test(test_damage),
        arena_test(test_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
