/* Internationalised addresses: UTF-8, Punycode (the samples of RFC 3492, section 7.1), A-labels. */
#include "testing.h"

#include "base/idna.h"
#include "base/punycode.h"
#include "base/utf8.h"

static const struct {
    const char *text, *encoded;
} samples[] = {
    {"\xe4\xbb\x96\xe4\xbb\xac\xe4\xb8\xba\xe4\xbb\x80\xe4\xb9\x88\xe4\xb8\x8d\xe8\xaf\xb4\xe4\xb8\xad\xe6\x96\x87", "ihqwcrb4cv8a8dqg056pqjye"},
    {"Pro\xc4\x8dprost\xc4\x9bnemluv\xc3\xad\xc4\x8d" "esky", "Proprostnemluvesky-uyb24dma41a"},
    {"3\xe5\xb9\xb4" "B\xe7\xb5\x84\xe9\x87\x91\xe5\x85\xab\xe5\x85\x88\xe7\x94\x9f", "3B-ww4c5e180e575a65lsy2b"},
    {"-> $1.00 <-", "-> $1.00 <--"},
    {"b\xc3\xbc" "cher", "bcher-kva"},
    {"\xf0\x9f\x98\x80", "e28h"},
    {"", ""},
};

static void test_punycode(void **state)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    (void)state;

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct str encoded, decoded;

        assert_true(punycode_encode(arena, str_of(samples[i].text), &encoded));
        assert_string_equal(encoded.s, samples[i].encoded);
        assert_true(punycode_decode(arena, encoded, &decoded));
        assert_string_equal(decoded.s, samples[i].text);
    }
    arena_free(arena);
}

static void test_bad_punycode(void **state)
{
    static const char *const bad[] = {"bcher-kv", "bcher-k\xff" "a", "bcher-kva!", "99999999", "b\xfc" "cher-kva"};
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct str decoded, encoded;
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (punycode_decode(arena, str_of(bad[i]), &decoded))
            fail_msg("%s decoded to %s", bad[i], decoded.s);
    assert_false(punycode_encode(arena, STR("b\xfc" "cher"), &encoded));
    arena_free(arena);
}

static void test_taint(void **state)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct str out;
    (void)state;

    assert_true(punycode_encode(arena, str_taint(STR("b\xc3\xbc")), &out));
    assert_true(out.tainted);
    assert_true(idna_domain_from_alabel(arena, str_taint(STR("xn--bcher-kva.test")), &out, NULL));
    assert_true(out.tainted);
    assert_string_equal(out.s, "b\xc3\xbc" "cher.test");
    arena_free(arena);
}

static void test_domains(void **state)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct error err = ERROR_IN(arena);
    struct str out;
    (void)state;

    assert_true(idna_domain_to_alabel(arena, STR("B\xc3\x9c" "CHER.Test"), &out, &err));
    assert_string_equal(out.s, "xn--bcher-kva.test");
    assert_true(idna_domain_to_alabel(arena, STR("Plain.Test"), &out, &err));
    assert_string_equal(out.s, "Plain.Test");
    assert_false(idna_domain_to_alabel(arena, STR("\xff.test"), &out, &err));
    assert_string_equal(err.text.s, "string encoding error");
    assert_false(idna_domain_from_alabel(arena, STR("xn--\xff.test"), &out, &err));
    assert_string_equal(err.text.s, "Invalid input");
    arena_free(arena);
}

static void test_local_parts(void **state)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct error err = ERROR_IN(arena);
    struct str out;
    (void)state;

    assert_true(idna_local_part_to_alabel(arena, STR("b\xc3\xbc" "cher"), &out, &err));
    assert_string_equal(out.s, "xn--bcher-kva");
    assert_true(idna_local_part_from_alabel(arena, out, &out, &err));
    assert_string_equal(out.s, "b\xc3\xbc" "cher");
    assert_false(idna_local_part_from_alabel(arena, STR("plain"), &out, &err));
    assert_string_equal(err.text.s, "bad alabel prefix");
    arena_free(arena);
}

static void test_whole_addresses(void **state)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct error err = ERROR_IN(arena);
    struct str out;
    (void)state;

    assert_true(idna_address_to_alabel(arena, str_taint(STR("\xc3\xa9@\xc3\xbc.test")), &out, &err));
    assert_string_equal(out.s, "xn--9ca@xn--tda.test");
    assert_true(out.tainted);
    assert_true(idna_address_to_alabel(arena, STR("a@\xc3\xbc.test"), &out, &err));
    assert_string_equal(out.s, "a@xn--tda.test");
    assert_true(idna_address_to_alabel(arena, STR("\"a b\"@\xc3\xbc.test"), &out, &err));
    assert_string_equal(out.s, "\"a b\"@xn--tda.test");
    assert_true(idna_address_to_alabel(arena, STR("\xc3\xa9"), &out, &err));
    assert_string_equal(out.s, "xn--9ca");
    assert_true(idna_address_to_alabel(arena, STR(""), &out, &err));
    assert_string_equal(out.s, "");
    assert_false(idna_address_to_alabel(arena, STR("\"\xc3\xa9\"@b.test"), &out, &err));
    assert_false(idna_address_to_alabel(arena, STR("a@\xff.test"), &out, &err));
    assert_false(idna_address_to_alabel(arena, STR("\xff@b.test"), &out, &err));
    arena_free(arena);
}

/* Overlong forms, surrogates and what is cut short are no characters. */
static void test_utf8(void **state)
{
    static const char *const bad[] = {"\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8", "\xe2\x82", "\xc3("};
    size_t length;
    uint32_t character;
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(utf8_read(str_of(bad[i]), 0, &length, &character));
    assert_true(utf8_read(STR("\xe2\x82\xac"), 0, &length, &character));
    assert_true(utf8_is_valid(STR("a\xe2\x82\xac")) && utf8_is_valid(STR("")));
    assert_false(utf8_is_valid(STR("\xe2\x82\xac\x80")));
    assert_true(utf8_is_ascii(STR("a\x7f")) && !utf8_is_ascii(STR("a\x80")));
    assert_int_equal(length, 3);
    assert_int_equal(character, 0x20ac);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_punycode),   cmocka_unit_test(test_bad_punycode), cmocka_unit_test(test_taint),
        cmocka_unit_test(test_domains),    cmocka_unit_test(test_local_parts),  cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_whole_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
