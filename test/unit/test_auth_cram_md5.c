/* The cram_md5 driver: the example of RFC 2195, and what it takes and refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/hmac.h>

#include "auth_testing.h"
#include "base/hex.h"

static int setup(void **state)
{
    return auth_setup(state, &auth_driver_cram_md5);
}

/* The secrets of two users; nobody else has one. */
static struct str secret_of(struct auth_exchange *x)
{
    if (str_is(x->vars[0], "tim"))
        return STR("tanstaaftanstaaf");
    return str_is(x->vars[0], "two words") ? STR("secret") : STR("");
}

static const struct template secrets = {.value = secret_of};

/* "NAME DIGEST" as a client answers. */
static struct str answer(struct arena *arena, struct str name, const char *secret, struct str challenge)
{
    unsigned char octets[16];
    char hex[32];

    assert_non_null(HMAC(EVP_md5(), secret, (int)strlen(secret), (const unsigned char *)challenge.s, challenge.n,
                         octets, NULL));
    hex_digits(octets, sizeof octets, hex);
    return str_join3(arena, name, STR(" "), str_copy_n(arena, hex, sizeof hex, false));
}

/* --- The client */

static void client_of_the_rfc(void **state)
{
    static const struct template name = {.text = "tim"}, secret = {.text = "tanstaaftanstaaf"};
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    auth_set_template(f, "client_name", &name);
    auth_set_template(f, "client_secret", &secret);
    x = auth_begin_client(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_true(str_is_null(x->out));
    assert_int_equal(auth_exchange_step(x, STR("<1896.697170952@postoffice.reston.mci.net>")), AUTH_MORE);
    assert_true(str_is(x->out, "tim b913a602c7eda7a495b4e6e7334d3890"));
    assert_int_equal(auth_exchange_step(x, STR("and again")), AUTH_UNEXPECTED);
    auth_exchange_end(x);
}

static void client_is_called_as_the_host_by_default(void **state)
{
    static const struct template secret = {.text = "s"};
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    auth_set_template(f, "client_secret", &secret);
    x = auth_begin_client(f);
    auth_exchange_step(x, STR_NULL);
    assert_int_equal(auth_exchange_step(x, STR("<c>")), AUTH_MORE);
    assert_true(str_eq(x->out, answer(x->arena, STR("host.test"), "s", STR("<c>"))));
    auth_exchange_end(x);
}

/* No answer goes out, and none is made, when what it needs is not for this server. */
static void client_expansion_failures(void **state)
{
    static const struct {
        enum auth_expand status;
        enum auth_verdict verdict;
    } rows[] = {
        {AUTH_EXPAND_FORCED, AUTH_CANCELLED},
        {AUTH_EXPAND_FAILED, AUTH_DEFER},
        {AUTH_EXPAND_DEFER, AUTH_DEFER},
    };
    static const struct template good = {.text = "x"};
    struct auth_fixture *f = *state;

    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
        struct template bad = {.status = rows[i / 2].status, .text = "why"};
        struct auth_exchange *x;

        auth_set_template(f, "client_name", i % 2 ? &bad : &good);
        auth_set_template(f, "client_secret", i % 2 ? &good : &bad);
        x = auth_begin_client(f);
        assert_int_equal(auth_exchange_step(x, STR_NULL), rows[i / 2].verdict);
        assert_true(str_is(x->message, "why"));
        auth_exchange_end(x);
    }
}

static void client_and_a_bad_challenge(void **state)
{
    static const struct template secret = {.text = "s"};
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    auth_set_template(f, "client_secret", &secret);
    x = auth_begin_client(f);
    auth_exchange_step(x, STR_NULL);
    assert_int_equal(auth_exchange_step_undecodable(x), AUTH_CANCELLED);
    assert_true(str_is_null(x->out));
    auth_exchange_end(x);
}

/* --- The server */

static struct auth_exchange *challenged(struct auth_fixture *f, struct str *challenge)
{
    struct auth_exchange *x;

    auth_set_template(f, "server_secret", &secrets);
    x = auth_begin_server(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_false(x->out_is_text);
    *challenge = x->out;
    return x;
}

static void server_and_the_right_answer(void **state)
{
    struct auth_fixture *f = *state;
    struct str challenge;
    struct auth_exchange *x = challenged(f, &challenge);

    assert_int_equal(auth_exchange_step(x, answer(x->arena, STR("tim"), "tanstaaftanstaaf", challenge)), AUTH_OK);
    assert_true(str_is(x->vars[0], "tim"));
    assert_true(str_is(x->numbers[0], "tim"));
    auth_exchange_end(x);

    x = challenged(f, &challenge);
    assert_int_equal(auth_exchange_step(x, answer(x->arena, STR("two words"), "secret", challenge)), AUTH_OK);
    assert_true(str_is(x->vars[0], "two words"));
    auth_exchange_end(x);
}

static void server_and_wrong_answers(void **state)
{
    struct auth_fixture *f = *state;
    struct str challenge, right;
    struct auth_exchange *x;

    for (unsigned i = 0; i < 11; i++) {
        x = challenged(f, &challenge);
        right = answer(x->arena, STR("tim"), "tanstaaftanstaaf", challenge);
        const struct str wrong[] = {
            answer(x->arena, STR("tim"), "Tanstaaftanstaaf", challenge),
            answer(x->arena, STR("tim"), "tanstaaftanstaaf", STR("<another@host.test>")),
            answer(x->arena, STR("tim\0"), "tanstaaftanstaaf", challenge),
            answer(x->arena, STR("nobody"), "", challenge), /* whose secret is the empty string */
            str_upper(x->arena, right),
            str_join(x->arena, right, STR("0")),
            str_join(x->arena, right, STR("\0")),
            str_sub(x->arena, right, 0, right.n - 1),
            STR(""),
            STR("tim"),
            STR(" "),
        };
        assert_int_equal(sizeof wrong / sizeof *wrong, 11);
        assert_int_equal(auth_exchange_step(x, wrong[i]), AUTH_FAIL);
        auth_exchange_end(x);
    }
}

/* Whatever octet of a right answer's digest is changed, and whichever way. */
static void no_mutated_proof_is_taken(void **state)
{
    struct auth_fixture *f = *state;
    struct str challenge, right;
    struct auth_exchange *x;

    for (size_t at = 4; at < 4 + 32; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            x = challenged(f, &challenge);
            right = answer(x->arena, STR("tim"), "tanstaaftanstaaf", challenge);
            char *octets = (char *)(uintptr_t)right.s;
            octets[at] = (char)(octets[at] ^ (1U << bit));
            assert_int_equal(auth_exchange_step(x, right), AUTH_FAIL);
            auth_exchange_end(x);
        }
}

static void server_takes_no_initial_response(void **state)
{
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    auth_set_template(f, "server_secret", &secrets);
    x = auth_begin_server(f);
    assert_int_equal(auth_exchange_step(x, STR("")), AUTH_UNEXPECTED);
    auth_exchange_end(x);
}

static void server_expansion_failures(void **state)
{
    static const enum auth_expand statuses[] = {AUTH_EXPAND_FORCED, AUTH_EXPAND_FAILED, AUTH_EXPAND_DEFER};
    struct auth_fixture *f = *state;

    for (size_t i = 0; i < 3; i++) {
        struct template bad = {.status = statuses[i], .text = "why"};
        struct auth_exchange *x;

        auth_set_template(f, "server_secret", &bad);
        x = auth_begin_server(f);
        auth_exchange_step(x, STR_NULL);
        assert_int_equal(auth_exchange_step(x, STR("tim 0123456789abcdef0123456789abcdef")),
                         statuses[i] == AUTH_EXPAND_FORCED ? AUTH_FAIL : AUTH_DEFER);
        assert_true(str_is(x->message, "why"));
        auth_exchange_end(x);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Whatever else is in a challenge, its random part does not repeat. */
static void challenges_do_not_repeat(void **state)
{
    enum { COUNT = 1000000, DIGITS = 40 };
    struct auth_fixture *f = *state;
    char (*seen)[DIGITS + 1] = calloc(COUNT, sizeof *seen);
    struct str challenge;

    assert_non_null(seen);
    for (size_t i = 0; i < COUNT; i++) {
        struct auth_exchange *x = challenged(f, &challenge);

        assert_true(challenge.n > DIGITS + 2 && challenge.s[0] == '<' && challenge.s[DIGITS + 1] == '.');
        assert_true(str_ends(challenge, "@host.test>"));
        memcpy(seen[i], challenge.s + 1, DIGITS);
        auth_exchange_end(x);
    }
    qsort(seen, COUNT, sizeof *seen, by_text);
    for (size_t i = 1; i < COUNT; i++)
        assert_string_not_equal(seen[i - 1], seen[i]);
    free(seen);
}

static void sides_need_their_options(void **state)
{
    static const struct template name = {.text = "tim"};
    struct auth_fixture *f = *state;
    struct error err = ERROR_IN(f->arena);

    auth_set_template(f, "client_name", &name);
    assert_true(auth_class.init(&f->auth.instance, &err));
    assert_false(f->auth.server || f->auth.client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, auth_teardown)
        T(client_of_the_rfc),           T(client_is_called_as_the_host_by_default),
        T(client_expansion_failures),   T(client_and_a_bad_challenge),
        T(server_and_the_right_answer), T(server_and_wrong_answers),
        T(no_mutated_proof_is_taken),   T(server_takes_no_initial_response),
        T(server_expansion_failures),   T(challenges_do_not_repeat),
        T(sides_need_their_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
