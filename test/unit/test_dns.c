/* Answers of the DNS taken apart, and what the resolver says of names. (Questions to a server are asked in the
 * system tests.) */
#include <stdlib.h>

#include "base/dns.h"
#include "testing.h"

/* --- Messages, built octet by octet */

struct message {
    unsigned char octets[512];
    size_t n;
};

static void add(struct message *m, const void *octets, size_t n)
{
    assert_true(m->n + n <= sizeof m->octets);
    memcpy(m->octets + m->n, octets, n);
    m->n += n;
}

#define ADD(m, literal) add(m, literal, sizeof(literal) - 1)

static void add_16(struct message *m, unsigned value)
{
    add(m, (unsigned char[]){(unsigned char)(value >> 8), (unsigned char)value}, 2);
}

/* The header and the question "a.test", type and class IN. The name is at offset 12, "test" at 14. */
static struct message begin(unsigned flags, unsigned type, unsigned answers, unsigned authorities)
{
    struct message m = {.n = 0};
    const unsigned counts[] = {1, flags, 1, answers, authorities, 0};

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        add_16(&m, counts[i]);
    ADD(&m, "\1a\4test\0");
    add_16(&m, type);
    add_16(&m, 1);
    return m;
}

/* A record of "a.test" with data. */
static void add_record(struct message *m, unsigned type, unsigned ttl, const void *data, size_t n)
{
    ADD(m, "\xc0\x0c");
    add_16(m, type);
    add_16(m, 1);
    add_16(m, 0);
    add_16(m, ttl);
    add_16(m, (unsigned)n);
    add(m, data, n);
}

#define RECORD(m, type, ttl, literal) add_record(m, type, ttl, literal, sizeof(literal) - 1)

/* Parses from a block of its own, so that a sanitizer sees what is read behind its end. */
static struct dns_answer parse(struct arena *arena, const struct message *m)
{
    struct dns_answer answer;
    unsigned char *copy = malloc(m->n);

    assert_non_null(copy);
    memcpy(copy, m->octets, m->n);
    dns_parse(arena, copy, m->n, &answer);
    free(copy);
    return answer;
}

enum { QR = 0x8000, AA = 0x0400, AD = 0x0020 };

/* --- Records of every type */

static void test_addresses(void **state)
{
    struct message m = begin(QR | AA | AD, DNS_A, 2, 0);

    RECORD(&m, DNS_A, 300, "\300\0\2\1");
    RECORD(&m, DNS_AAAA, 200, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1");
    struct dns_answer answer = parse(*state, &m);
    assert_int_equal(answer.status, DNS_FOUND);
    assert_true(answer.authoritative && answer.authenticated);
    assert_str(answer.name, "a.test");
    assert_int_equal(answer.ttl, 200);
    const struct dns_record *a = dns_next(&answer, DNS_A, NULL);
    assert_non_null(a);
    assert_str(a->name, "a.test");
    assert_true(a->name.tainted);
    assert_str(ip_format(*state, &a->ip), "192.0.2.1");
    assert_null(dns_next(&answer, DNS_A, a));
    a = dns_next(&answer, DNS_AAAA, NULL);
    assert_str(ip_format(*state, &a->ip), "2001:db8::1");
}

static void test_names(void **state)
{
    struct message m = begin(QR, DNS_MX, 5, 0);

    RECORD(&m, DNS_MX, 10, "\0\12\2mx\xc0\x0e");
    RECORD(&m, DNS_MX, 10, "\1\0\0");
    RECORD(&m, DNS_SRV, 10, "\0\1\0\2\0\31\2MX\xc0\x0e");
    RECORD(&m, DNS_PTR, 10, "\3a.b\1\\\xc0\x0e");
    RECORD(&m, DNS_CNAME, 10, "\xc0\x0c");
    struct dns_answer answer = parse(*state, &m);
    assert_int_equal(answer.status, DNS_FOUND);
    const struct dns_record *mx = dns_next(&answer, DNS_MX, NULL);
    assert_int_equal(mx->preference, 10);
    assert_str(mx->target, "mx.test");
    mx = dns_next(&answer, DNS_MX, mx);
    assert_int_equal(mx->preference, 256);
    assert_str(mx->target, ".");
    const struct dns_record *srv = dns_next(&answer, DNS_SRV, NULL);
    assert_true(srv->preference == 1 && srv->weight == 2 && srv->port == 25);
    assert_str(srv->target, "MX.test");
    assert_str(dns_next(&answer, DNS_PTR, NULL)->target, "a\\.b.\\\\.test");
    assert_str(dns_next(&answer, DNS_CNAME, NULL)->target, "a.test");
}

static void test_strings(void **state)
{
    struct message m = begin(QR, DNS_TXT, 2, 0);

    RECORD(&m, DNS_TXT, 10, "\3one\0\3t\0o");
    RECORD(&m, DNS_TLSA, 10, "\3\1\2\xff\0\x80");
    struct dns_answer answer = parse(*state, &m);
    const struct dns_record *txt = dns_next(&answer, DNS_TXT, NULL);
    assert_int_equal(txt->string_count, 3);
    assert_str(txt->strings[0], "one");
    assert_str(txt->strings[1], "");
    assert_octets(txt->strings[2], "t\0o", 3);
    const struct dns_record *tlsa = dns_next(&answer, DNS_TLSA, NULL);
    assert_true(tlsa->usage == 3 && tlsa->selector == 1 && tlsa->matching_type == 2);
    assert_octets(tlsa->certificate_data, "\xff\0\x80", 3);
}

static void test_negative(void **state)
{
    static const char soa[] = "\2ns\xc0\x0e\4post\xc0\x0e\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\x3c";
    struct message m = begin(QR | 3, DNS_A, 0, 1);

    RECORD(&m, DNS_SOA, 300, soa);
    struct dns_answer answer = parse(*state, &m);
    assert_int_equal(answer.status, DNS_NO_MATCH);
    assert_int_equal(answer.ttl, 60);
    const struct dns_record *r = dns_next_in(&answer, DNS_AUTHORITY, DNS_SOA, NULL);
    assert_str(r->target, "ns.test");
    assert_str(r->mailbox, "post.test");
    assert_true(r->serial == 1 && r->refresh == 2 && r->retry == 3 && r->expire == 4 && r->minimum == 60);

    m = begin(QR, DNS_A, 0, 1);
    RECORD(&m, DNS_SOA, 30, soa);
    answer = parse(*state, &m);
    assert_int_equal(answer.status, DNS_NO_DATA);
    assert_int_equal(answer.ttl, 30);
    m = begin(QR, DNS_A, 0, 0);
    answer = parse(*state, &m);
    assert_int_equal(answer.status, DNS_NO_DATA);
    assert_int_equal(answer.ttl, 0);
    m = begin(QR | 2, DNS_A, 0, 0);
    assert_int_equal(parse(*state, &m).status, DNS_AGAIN);
    m = begin(QR | 5, DNS_A, 0, 0);
    assert_int_equal(parse(*state, &m).status, DNS_FAIL);
}

/* --- What must not be believed */

static void test_malformed(void **state)
{
    static const struct {
        unsigned type;
        const char *data;
        size_t n;
    } bad[] = {
        {DNS_A, "\1\2\3", 3},
        {DNS_A, "\1\2\3\4\5", 5},
        {DNS_AAAA, "\1\2\3\4", 4},
        {DNS_MX, "\0", 1},
        {DNS_MX, "\0\1", 2},
        {DNS_MX, "\0\1\5abc", 6},
        {DNS_MX, "\0\1\xc0\xff", 4},     /* a pointer behind the message */
        {DNS_CNAME, "\xc0\x25", 2},      /* ... to itself: the data begin at 37 */
        {DNS_CNAME, "\xc0", 1},
        {DNS_SRV, "\0\1\0\2\0", 5},
        {DNS_TXT, "\5abc", 4},
        {DNS_TXT, "\3abc\1", 5},
        {DNS_SOA, "\1a\0\1b\0\0\0\0\1", 10},
        {DNS_TLSA, "\1\2", 2},
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct message m = begin(QR, DNS_A, 1, 0);
        add_record(&m, bad[i].type, 1, bad[i].data, bad[i].n);
        struct dns_answer answer = parse(*state, &m);
        assert_int_equal(answer.status, DNS_FAIL);
        assert_false(str_is_null(answer.why));
        assert_int_equal(answer.count, 0);
    }
}

static void test_truncated(void **state)
{
    struct message whole = begin(QR, DNS_MX, 1, 0);

    RECORD(&whole, DNS_MX, 10, "\0\12\2mx\xc0\x0e");
    for (size_t n = 0; n < whole.n; n++) {
        struct message m = whole;
        m.n = n;
        assert_int_equal(parse(*state, &m).status, DNS_FAIL);
    }
    assert_int_equal(parse(*state, &whole).status, DNS_FOUND);
}

/* --- Names */

static void test_reverse(void **state)
{
    struct ip ip;

    assert_true(ip_parse(STR("192.0.2.1"), &ip));
    assert_str(dns_reverse_name(*state, &ip), "1.2.0.192.in-addr.arpa");
    assert_str(dns_reverse_labels(*state, &ip), "1.2.0.192");
    assert_true(ip_parse(STR("2001:db8::5"), &ip));
    assert_str(dns_reverse_name(*state, &ip),
               "5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

static bool allows(void *ctx, struct str name)
{
    return str_is(name, ctx);
}

/* A name that may not be asked for does not exist, and nobody is asked. */
static void test_name_allowed(void **state)
{
    struct dns_settings settings = {.name_allowed = allows, .ctx = "fine.test"};
    struct dns_question question = {.name = STR("not_fine.test"), .type = DNS_A};
    struct dns_answer answer;

    dns_configure(&settings);
    assert_int_equal(dns_lookup(*state, &question, &answer), DNS_NO_MATCH);
    question.name = STR("a..b");
    settings.name_allowed = NULL;
    dns_configure(&settings);
    assert_int_equal(dns_lookup(*state, &question, &answer), DNS_FAIL);
    question.name = STR("nul\0.test");
    assert_int_equal(dns_lookup(*state, &question, &answer), DNS_NO_MATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_addresses), arena_test(test_names),     arena_test(test_strings),
        arena_test(test_negative),  arena_test(test_malformed), arena_test(test_truncated),
        arena_test(test_reverse),   arena_test(test_name_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
