/* IP addresses: what the packaged Exim's isip, mask, ipv6norm and ipv6denorm say. */
#include "base/ip.h"
#include "testing.h"

static unsigned bits_of(struct str text)
{
    struct ip ip;

    return ip_parse(text, &ip) ? ip.bits : 0;
}

static void test_parse(void **state)
{
    static const char *const v4[] = {"1.2.3.4", "0.0.0.0", "255.255.255.255"};
    static const char *const v6[] = {
        "::", "::1", "1::", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "fe80::1%eth0",
        "fe80::0001", "FE80::ABCD", "1:2:3:4:5:6:7::", "::1:2:3:4:5:6:7",
    };
    static const char *const none[] = {
        "",
        "1.2.3.04",
        "1.2.3.256",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.4/24",
        "1.2.3.4/",
        " 1.2.3.4",
        "1.2.3.4 ",
        ":1",
        "1:",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1::2::3",
        "fe80::12345",
        "fe80::00001",
        "1:2:3:4::5:6:7:8",
        ":::",
        "1:2:3:4:5:6:7:1.2.3.4",
        "::1/128",
        "+1.2.3.4",
        "0x1.2.3.4",
        "1.2.3.4%eth0",
        "%eth0",
        "a.b.c.d",
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
    };

    (void)state;
    for (size_t i = 0; i < sizeof v4 / sizeof *v4; i++)
        assert_int_equal(bits_of(str_of(v4[i])), 32);
    for (size_t i = 0; i < sizeof v6 / sizeof *v6; i++)
        assert_int_equal(bits_of(str_of(v6[i])), 128);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(bits_of(str_of(none[i])), 0);
    assert_int_equal(bits_of(STR_NULL), 0);
    assert_int_equal(bits_of(STR("1.2.3.4\0")), 0);
}

static void test_parse_net(void **state)
{
    struct ip ip;
    int length;

    (void)state;
    assert_true(ip_parse_net(STR("1.2.3.4"), &ip, &length));
    assert_int_equal(length, -1);
    assert_true(ip_parse_net(STR("1.2.3.4/024"), &ip, &length));
    assert_int_equal(length, 24);
    assert_true(ip_parse_net(STR("1.2.3.4/"), &ip, &length));
    assert_int_equal(length, 0);
    assert_true(ip_parse_net(STR("::1/129"), &ip, &length));
    assert_int_equal(length, 129);
    assert_true(ip_parse_net(STR("::1/99999999999999999999999"), &ip, &length));
    assert_true(length > 128);
    assert_false(ip_parse_net(STR("1.2.3.4/2x"), &ip, &length));
    assert_false(ip_parse_net(STR("1.2.3.4/-1"), &ip, &length));
    assert_false(ip_parse_net(STR("1.2.3.4/ 8"), &ip, &length));
    assert_false(ip_parse_net(STR("/8"), &ip, &length));
    assert_false(ip_parse_net(STR("1.2.3/8"), &ip, &length));
    assert_false(ip_parse_net(STR("1.2.3.4/8/8"), &ip, &length));
}

static struct ip ip_of(const char *text)
{
    struct ip ip;

    assert_true(ip_parse(str_of(text), &ip));
    return ip;
}

static void test_networks(void **state)
{
    struct ip a = ip_of("192.168.23.236"), b = ip_of("192.168.23.237"), six = ip_of("::1"), none = {0};

    (void)state;
    assert_true(ip_in_net(&b, &a, 31));
    assert_false(ip_in_net(&b, &a, 32));
    assert_false(ip_in_net(&b, &a, 1000));
    assert_true(ip_in_net(&a, &a, 1000));
    assert_true(ip_in_net(&a, &b, 0));
    assert_false(ip_in_net(&a, &six, 0));
    assert_false(ip_in_net(&none, &none, 0));
    assert_true(ip_equal(&a, &a));
    assert_false(ip_equal(&a, &b));
    assert_false(ip_equal(&none, &none));
    for (unsigned length = 0; length <= 128; length++) {
        struct ip ones = ip_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), masked = ones;
        ip_mask(&masked, length);
        assert_true(ip_in_net(&ones, &masked, length));
        assert_int_equal(ip_in_net(&ones, &masked, length + 1), length == 128);
    }
}

static const char *masked(struct arena *arena, const char *text, unsigned length)
{
    struct ip ip = ip_of(text);

    ip_mask(&ip, length);
    return ip_format_full(arena, &ip, '.').s;
}

static void test_mask(void **state)
{
    assert_string_equal(masked(*state, "1.2.3.4", 24), "1.2.3.0");
    assert_string_equal(masked(*state, "1.2.3.4", 32), "1.2.3.4");
    assert_string_equal(masked(*state, "1.2.3.4", 99), "1.2.3.4");
    assert_string_equal(masked(*state, "1.2.3.4", 0), "0.0.0.0");
    assert_string_equal(masked(*state, "fe80::1234:5678", 120), "fe80.0000.0000.0000.0000.0000.1234.5600");
    assert_string_equal(masked(*state, "5f03:1200:836f:0a00:000a:0800:200a:c031", 99),
                        "5f03.1200.836f.0a00.000a.0800.2000.0000");
}

static void test_format(void **state)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"::1", "::1"},
        {"::", "::"},
        {"1::", "1::"},
        {"fe80:0:0:1::2", "fe80:0:0:1::2"},
        {"::ffff:1.2.3.4", "::ffff:102:304"},
        {"1:0:2:0:3:0:0:4", "1:0:2:0:3::4"},
        {"1:0:2:3:4:5:6:7", "1::2:3:4:5:6:7"},
        {"1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7::"},
        {"0:2:3:4:5:6:7:8", "::2:3:4:5:6:7:8"},
        {"ABCD:2:3:4:5:6:7:8", "abcd:2:3:4:5:6:7:8"},
        {"1:0:0:2:3:0:0:4", "1::2:3:0:0:4"},
        {"1.2.3.4", "1.2.3.4"},
    };
    struct ip ip = ip_of("fe80::1%eth0");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ip each = ip_of(rows[i].text);
        assert_string_equal(ip_format(*state, &each).s, rows[i].expected);
        struct ip again = ip_of(ip_format(*state, &each).s);
        assert_true(ip_equal(&each, &again));
    }
    assert_str(ip_format_full(*state, &ip, ':'), "fe80:0000:0000:0000:0000:0000:0000:0001");
}

static void test_unmap(void **state)
{
    struct ip mapped = ip_of("::ffff:1.2.3.4"), other = ip_of("::fffe:1.2.3.4"), v4 = ip_of("1.2.3.4");

    (void)state;
    ip_unmap(&mapped);
    assert_true(ip_equal(&mapped, &v4));
    ip_unmap(&mapped);
    assert_true(ip_equal(&mapped, &v4));
    ip_unmap(&other);
    assert_int_equal(other.bits, 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_parse), arena_test(test_parse_net), arena_test(test_networks),
        arena_test(test_mask),  arena_test(test_format),    arena_test(test_unmap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
