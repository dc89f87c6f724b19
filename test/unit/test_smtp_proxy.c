/* Headers of the PROXY protocol: what is taken, and that nothing else is. */
#include "base/buffer.h"
#include "smtp/proxy.h"
#include "testing.h"

static const struct {
    const char *line;
    bool good, known;
    const char *source;
    int source_port;
} lines[] = {
    {"PROXY TCP4 192.0.2.1 192.0.2.25 4321 25\r\n", true, true, "192.0.2.1", 4321},
    {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", true, true, "255.255.255.255", 65535},
    {"PROXY TCP6 2001:db8::1 2001:db8::2 1 0\r\n", true, true, "2001:db8::1", 1},
    {"PROXY UNKNOWN\r\n", true, false, NULL, 0},
    {"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", true, false, NULL, 0},
    {"PROXY TCP4 192.0.2.1 192.0.2.25 4321 25\n", false, false, NULL, 0},
    {"PROXY TCP4 192.0.2.1 192.0.2.25 4321 25", false, false, NULL, 0},
    {"PROXY TCP4 192.0.2.1 192.0.2.25 4321\r\n", false, false, NULL, 0},
    {"PROXY TCP4 192.0.2.1 192.0.2.25\r\n", false, false, NULL, 0},
    {"PROXY TCP4\r\n", false, false, NULL, 0},
    {"PROXY TCP4 192.0.2.1 192.0.2.25 4321 25 7\r\n", false, false, NULL, 0},
    {"PROXY TCP4 192.0.2.1 192.0.2.25 4321 25 \r\n", false, false, NULL, 0},
    {"PROXY TCP4  192.0.2.1 192.0.2.25 4321 25\r\n", false, false, NULL, 0},
    {"PROXY TCP4 192.0.2.1 192.0.2.25 65536 25\r\n", false, false, NULL, 0},
    {"PROXY TCP4 192.0.2.1 192.0.2.25 4321 -1\r\n", false, false, NULL, 0},
    {"PROXY TCP4 192.0.2.1 192.0.2.25 04321 25\r\n", false, false, NULL, 0},
    {"PROXY TCP4 192.0.2.1 192.0.2.25 4321 999999\r\n", false, false, NULL, 0},
    {"PROXY TCP4 192.0.2.256 192.0.2.25 4321 25\r\n", false, false, NULL, 0},
    {"PROXY TCP4 2001:db8::1 192.0.2.25 4321 25\r\n", false, false, NULL, 0},
    {"PROXY TCP6 192.0.2.1 192.0.2.25 4321 25\r\n", false, false, NULL, 0},
    {"PROXY TCP6 fe80::1%eth0 2001:db8::2 1 2\r\n", false, false, NULL, 0},
    {"PROXY UDP4 192.0.2.1 192.0.2.25 4321 25\r\n", false, false, NULL, 0},
    {"PROXX TCP4 192.0.2.1 192.0.2.25 4321 25\r\n", false, false, NULL, 0},
    {"\r\n", false, false, NULL, 0},
    {"", false, false, NULL, 0},
    {"PROXY UNKNOWN xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n",
     false, false, NULL, 0},
};

static void test_version_1(void **state)
{
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct proxy_header header;

        assert_int_equal(proxy_parse_v1(str_of(lines[i].line), &header), lines[i].good);
        if (!lines[i].good)
            continue;
        assert_int_equal(header.known, lines[i].known);
        if (lines[i].known) {
            assert_string_equal(ip_format(*state, &header.source).s, lines[i].source);
            assert_int_equal(header.source_port, lines[i].source_port);
        }
    }
}

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define TCP4 "\xc0\x00\x02\x01\xc0\x00\x02\x19\x10\xe1\x00\x19"

static void test_version_2(void **state)
{
    static const struct {
        struct str octets;
        bool good, known;
    } cases[] = {
        {STR(SIGNATURE "\x21\x11\0\x0c" TCP4), true, true},
        {STR(SIGNATURE "\x21\x11\0\x0f" TCP4 "\x04\0\0"), true, true}, /* an extension */
        {STR(SIGNATURE "\x20\x11\0\x0c" TCP4), true, false},           /* LOCAL */
        {STR(SIGNATURE "\x20\x00\0\0"), true, false},
        {STR(SIGNATURE "\x21\x00\0\0"), true, false},                  /* unspecified */
        {STR(SIGNATURE "\x21\x11\0\x0b\xc0\0\2\1\xc0\0\2\x19\x10\xe1\0"), false, false},
        {STR(SIGNATURE "\x21\x11\0\x0c\xc0\0"), false, false},
        {STR(SIGNATURE "\x21\x11\0\x0c" TCP4 "x"), false, false},
        {STR(SIGNATURE "\x21\x11\xff\xff" TCP4), false, false},
        {STR(SIGNATURE "\x21\x21\0\x0c" TCP4), false, false}, /* too short for IPv6 */
        {STR(SIGNATURE "\x21\x12\0\x0c" TCP4), false, false}, /* UDP */
        {STR(SIGNATURE "\x21\x31\0\x0c" TCP4), false, false}, /* a UNIX socket */
        {STR(SIGNATURE "\x22\x11\0\x0c" TCP4), false, false},
        {STR(SIGNATURE "\x11\x11\0\x0c" TCP4), false, false},
        {STR(SIGNATURE "\x21\x11"), false, false},
        {STR(SIGNATURE), false, false},
        {STR("\r\n\r\n\0\r\nQUIX\n\x21\x11\0\x0c" TCP4), false, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct proxy_header header;

        assert_int_equal(proxy_parse_v2(cases[i].octets, &header), cases[i].good);
        if (cases[i].good)
            assert_int_equal(header.known, cases[i].known);
        if (cases[i].known) {
            assert_string_equal(ip_format(*state, &header.source).s, "192.0.2.1");
            assert_string_equal(ip_format(*state, &header.destination).s, "192.0.2.25");
            assert_int_equal(header.source_port, 4321);
            assert_int_equal(header.destination_port, 25);
        }
    }
}

static void test_every_beginning(void **state)
{
    static const char whole[] = SIGNATURE "\x21\x11\0\x0c" TCP4;

    (void)state;
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        struct proxy_header header;

        assert_false(proxy_parse_v2((struct str){whole, n, true}, &header));
        assert_false(header.known);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_version_1),
        arena_test(test_version_2),
        arena_test(test_every_beginning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
