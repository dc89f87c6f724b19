/* Constant-time comparison, wiping, random octets. */
#include "testing.h"

#include <stdlib.h>

#include "base/secret.h"

static void test_equal(void **state)
{
    (void)state;
    assert_true(secret_equal(STR("secret"), str_taint(STR("secret"))));
    assert_true(secret_equal(STR(""), STR("")));
    assert_true(secret_equal(STR_NULL, STR("")));
    assert_false(secret_equal(STR("secret"), STR("secreT")));
    assert_false(secret_equal(STR("secret"), STR("Secret")));
    assert_false(secret_equal(STR("secret"), STR("secre")));
    assert_false(secret_equal(STR(""), STR("x")));
    assert_false(secret_equal(STR("a\0b"), STR("a\0c")));
    assert_true(secret_equal(STR("a\0b"), STR("a\0b")));
}

static void test_equal_every_octet_counts(void **state)
{
    char a[300], b[300];

    (void)state;
    for (size_t i = 0; i < sizeof a; i++)
        a[i] = b[i] = (char)i;
    for (size_t i = 0; i < sizeof a; i++)
        for (int bit = 0; bit < 8; bit++) {
            b[i] = (char)(b[i] ^ 1 << bit);
            assert_false(secret_equal((struct str){a, sizeof a, false}, (struct str){b, sizeof b, false}));
            b[i] = a[i];
        }
    assert_true(secret_equal((struct str){a, sizeof a, false}, (struct str){b, sizeof b, false}));
}

static void test_wipe(void **state)
{
    char secret[] = "correct horse";

    (void)state;
    secret_wipe(secret, 7);
    assert_memory_equal(secret, "\0\0\0\0\0\0\0", 7);
    assert_string_equal(secret + 7, " horse");
    secret_wipe(NULL, 0);
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(uint64_t));
}

static void test_random_never_repeats(void **state)
{
    enum { COUNT = 1000000 };
    uint64_t *v = malloc(COUNT * sizeof *v);

    (void)state;
    assert_non_null(v);
    random_octets(v, 0);
    for (size_t i = 0; i < COUNT; i += 1000) /* a million values, in requests of 8000 octets */
        random_octets(v + i, 1000 * sizeof *v);
    qsort(v, COUNT, sizeof *v, compare);
    for (size_t i = 1; i < COUNT; i++)
        assert_true(v[i] != v[i - 1]);
    free(v);
}

static void test_random_fills_exactly(void **state)
{
    (void)state;
    for (size_t n = 0; n < 64; n++) {
        unsigned char seen[64] = {0}, octets[66];
        for (int round = 0; round < 64; round++) {
            memset(octets, 0, sizeof octets);
            random_octets(octets + 1, n);
            assert_int_equal(octets[0], 0);
            assert_int_equal(octets[n + 1], 0);
            for (size_t i = 0; i < n; i++)
                seen[i] |= octets[i + 1];
        }
        for (size_t i = 0; i < n; i++)
            assert_int_not_equal(seen[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_equal_every_octet_counts),
        cmocka_unit_test(test_wipe),
        cmocka_unit_test(test_random_never_repeats),
        cmocka_unit_test(test_random_fills_exactly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
