/* The cyrus_sasl driver as a client: the example of RFC 2195, and servers that say nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "auth_testing.h"

extern const struct auth_driver auth_driver_cyrus_sasl;

static int setup(void **state)
{
    return auth_setup(state, &auth_driver_cyrus_sasl);
}

static const struct template tim = {.text = "tim"}, tanstaaf = {.text = "tanstaaftanstaaf"};
static const struct template forced = {.status = AUTH_EXPAND_FORCED, .text = ""}, broken = {.status = AUTH_EXPAND_FAILED, .text = "oops"};

static void set(struct auth_fixture *f, const char *mechanism, const struct template *name, const struct template *password)
{
    struct str mech = str_of(mechanism), service = STR("smtp");

    auth_set_option(f, "client_mech", &mech, sizeof mech);
    auth_set_option(f, "client_service", &service, sizeof service);
    auth_set_option(f, "client_username", &name, sizeof name);
    auth_set_option(f, "client_password", &password, sizeof password);
}

static void cram_md5(void **state)
{
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    set(f, "CRAM-MD5", &tim, &tanstaaf);
    x = auth_begin_client(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_true(str_is_null(x->out));
    assert_int_equal(auth_exchange_step(x, STR("<1896.697170952@postoffice.reston.mci.net>")), AUTH_MORE);
    assert_string_equal(x->out.s, "tim b913a602c7eda7a495b4e6e7334d3890");
    assert_false(x->unfinished);
    auth_exchange_end(x);
}

static void plain(void **state)
{
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    set(f, "PLAIN", &tim, &tanstaaf);
    x = auth_begin_client(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_int_equal(x->out.n, sizeof "\0tim\0tanstaaftanstaaf" - 1);
    assert_memory_equal(x->out.s, "\0tim\0tanstaaftanstaaf", x->out.n);
    assert_false(x->unfinished);
    auth_exchange_end(x);
}

/* client_authz is who to act as: RFC 4616, section 2. */
static void acting_for_somebody(void **state)
{
    static const struct template bob = {.text = "bob"}, *authz = &bob;
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    set(f, "PLAIN", &tim, &tanstaaf);
    auth_set_option(f, "client_authz", &authz, sizeof authz);
    x = auth_begin_client(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_int_equal(x->out.n, sizeof "bob\0tim\0tanstaaftanstaaf" - 1);
    assert_memory_equal(x->out.s, "bob\0tim\0tanstaaftanstaaf", x->out.n);
    auth_exchange_end(x);
}

/* What is in the answer to a server that has two realms (RFC 2831, section 2.1.1). */
static void assert_realm(struct auth_fixture *f, const char *wanted)
{
    struct auth_exchange *x;

    x = auth_begin_client(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_int_equal(auth_exchange_step(x, STR("realm=\"one\",realm=\"two\",nonce=\"abc\",qop=\"auth\",charset=utf-8,"
                                               "algorithm=md5-sess")), AUTH_MORE);
    assert_non_null(memmem(x->out.s, x->out.n, wanted, strlen(wanted)));
    auth_exchange_end(x);
}

static void realms(void **state)
{
    static const struct template two = {.text = "two"}, *realm = &two;
    struct auth_fixture *f = *state;

    set(f, "DIGEST-MD5", &tim, &tanstaaf);
    assert_realm(f, "realm=\"one\"");
    auth_set_option(f, "client_realm", &realm, sizeof realm);
    assert_realm(f, "realm=\"two\"");
}

/* Challenges that no server would send are the end of the attempt, not of the program. */
static void hostile_servers(void **state)
{
    static const char *const mechanisms[] = {"DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "CRAM-MD5", "LOGIN", "NTLM"};
#define CHALLENGE(literal) {literal, sizeof(literal) - 1, false}
    static const struct str challenges[] = {
        CHALLENGE(""),
        CHALLENGE("\0\0\0\0"),
        CHALLENGE("r=,s=,i=1"),
        CHALLENGE("r=x,s=AAAA,i=99999999999"),
        CHALLENGE("nonce=\""),
        CHALLENGE("realm=\"\",nonce=\"\",qop=\"auth-int\",algorithm=md5-sess"),
        CHALLENGE("NTLMSSP\0\2\0\0\0\377\377\377\377\377\377\377\377"),
    };
    struct auth_fixture *f = *state;

    for (size_t m = 0; m < sizeof mechanisms / sizeof *mechanisms; m++)
        for (size_t c = 0; c < sizeof challenges / sizeof *challenges; c++) {
            struct auth_exchange *x;
            enum auth_verdict verdict;

            set(f, mechanisms[m], &tim, &tanstaaf);
            x = auth_begin_client(f);
            verdict = auth_exchange_step(x, STR_NULL);
            for (int i = 0; i < 4 && verdict == AUTH_MORE; i++)
                verdict = auth_exchange_step(x, challenges[c]);
            assert_true(verdict != AUTH_OK);
            auth_exchange_end(x);
        }
}

/* A server that has still to prove that it, too, knows the password is not believed when it says that all is well:
 * x->unfinished. RFC 5802's example has the server's nonce depend on ours, so the challenge is made here. */
static void proof_of_the_server(void **state)
{
    struct auth_fixture *f = *state;
    struct auth_exchange *x;
    struct str nonce, challenge;

    set(f, "SCRAM-SHA-1", &tim, &tanstaaf);
    x = auth_begin_client(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_true(x->unfinished);
    nonce = str_sub(x->arena, x->out, (size_t)str_find(x->out, 'r'), x->out.n);
    challenge = str_join(x->arena, nonce, STR("server,s=QSXCR+Q6sek8bf92,i=4096"));
    assert_int_equal(auth_exchange_step(x, challenge), AUTH_MORE);
    assert_true(x->unfinished);
    assert_true(auth_exchange_step(x, STR("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")) != AUTH_MORE || x->unfinished);
    auth_exchange_end(x);

    set(f, "DIGEST-MD5", &tim, &tanstaaf);
    x = auth_begin_client(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_int_equal(auth_exchange_step(x, STR("realm=\"r\",nonce=\"abc\",qop=\"auth\",charset=utf-8,"
                                               "algorithm=md5-sess")), AUTH_MORE);
    assert_true(x->unfinished);
    assert_true(auth_exchange_step(x, STR("rspauth=0123456789abcdef0123456789abcdef")) != AUTH_MORE || x->unfinished);
    auth_exchange_end(x);

    set(f, "CRAM-MD5", &tim, &tanstaaf);
    x = auth_begin_client(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_true(x->unfinished);
    assert_int_equal(auth_exchange_step(x, STR("<1@x>")), AUTH_MORE);
    assert_false(x->unfinished);
    assert_int_equal(auth_exchange_step(x, STR("more")), AUTH_UNEXPECTED);
    auth_exchange_end(x);
}

/* Each would keep the client busy for minutes. */
static void iterations(void **state)
{
    static const char *const counts[] = {"1000001", "4294967296", "99999999999999999999", " 2000000000"};
    struct auth_fixture *f = *state;

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct auth_exchange *x;
        struct str nonce;

        set(f, "SCRAM-SHA-256", &tim, &tanstaaf);
        x = auth_begin_client(f);
        assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
        nonce = str_sub(x->arena, x->out, (size_t)str_find(x->out, 'r'), x->out.n);
        assert_int_equal(auth_exchange_step(x, str_printf(x->arena, "%.*sx,s=QSXCR+Q6sek8bf92,i=%s", STR_ARG(nonce),
                                                          counts[i])),
                         AUTH_CANCELLED);
        auth_exchange_end(x);
    }
}

static void undecodable(void **state)
{
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    set(f, "CRAM-MD5", &tim, &tanstaaf);
    x = auth_begin_client(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_int_equal(auth_exchange_step_undecodable(x), AUTH_CANCELLED);
    auth_exchange_end(x);
}

static void expansions(void **state)
{
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    set(f, "PLAIN", &tim, &forced);
    x = auth_begin_client(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_CANCELLED);
    auth_exchange_end(x);
    set(f, "PLAIN", &broken, &tanstaaf);
    x = auth_begin_client(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_DEFER);
    auth_exchange_end(x);
    set(f, "NOSUCH", &tim, &tanstaaf);
    x = auth_begin_client(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_DEFER);
    auth_exchange_end(x);
}

static void configuration(void **state)
{
    struct auth_fixture *f = *state;
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct error err = ERROR_IN(arena);

    struct str service = STR("smtp");

    auth_set_option(f, "server_service", &service, sizeof service);
    f->auth.public_name = STR("NOSUCH");
    assert_false(auth_driver_cyrus_sasl.init(&f->auth, &err));
    assert_non_null(strstr(err.text.s, "Cyrus SASL does not offer mechanism \"NOSUCH\""));
    arena_free(arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cram_md5, setup, auth_teardown),
        cmocka_unit_test_setup_teardown(plain, setup, auth_teardown),
        cmocka_unit_test_setup_teardown(acting_for_somebody, setup, auth_teardown),
        cmocka_unit_test_setup_teardown(realms, setup, auth_teardown),
        cmocka_unit_test_setup_teardown(hostile_servers, setup, auth_teardown),
        cmocka_unit_test_setup_teardown(proof_of_the_server, setup, auth_teardown),
        cmocka_unit_test_setup_teardown(iterations, setup, auth_teardown),
        cmocka_unit_test_setup_teardown(undecodable, setup, auth_teardown),
        cmocka_unit_test_setup_teardown(expansions, setup, auth_teardown),
        cmocka_unit_test_setup_teardown(configuration, setup, auth_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
