/* The tls driver: parameters from a certificate, which the host's expansions know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth_testing.h"

static int setup(void **state)
{
    return auth_setup(state, &auth_driver_tls);
}

/* The first parameter and what is in the second by then. */
static struct str what_is_there(struct auth_exchange *x)
{
    return str_join3(x->arena, x->vars[0], STR("|"), x->vars[1]);
}

static struct str is_alice(struct auth_exchange *x)
{
    return str_is(x->vars[0], "alice") ? STR("yes") : STR("no");
}

static const struct template alice = {.text = "alice"}, bob = {.text = "bob"}, there = {.value = what_is_there},
                             condition = {.value = is_alice}, empty = {.text = ""};

static void parameters_become_variables(void **state)
{
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    auth_set_template(f, "server_param1", &alice);
    auth_set_template(f, "server_param3", &there);
    f->auth.server_set_id = &alice;
    x = auth_begin_server(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_OK);
    assert_true(str_is(x->vars[0], "alice"));
    assert_true(str_is(x->vars[1], ""));
    assert_true(str_is(x->vars[2], "alice|"));
    assert_true(str_is(x->numbers[2], "alice|"));
    assert_true(str_is(x->set_id, "alice"));
    assert_true(str_is_null(x->out));
    auth_exchange_end(x);
}

/* Whoever has a certificate that was verified is let in unless the condition says otherwise. */
static void the_condition_decides(void **state)
{
    static const struct {
        const struct template *who;
        enum auth_verdict verdict;
    } cases[] = {{&alice, AUTH_OK}, {&bob, AUTH_FAIL}, {&empty, AUTH_FAIL}};
    struct auth_fixture *f = *state;

    f->auth.server_condition = &condition;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct auth_exchange *x;

        auth_set_template(f, "server_param1", cases[i].who);
        x = auth_begin_server(f);
        assert_int_equal(auth_exchange_step(x, STR_NULL), cases[i].verdict);
        auth_exchange_end(x);
    }
}

static void parameters_that_fail(void **state)
{
    static const char *const names[] = {"server_param1", "server_param2", "server_param3"};
    static const struct {
        enum auth_expand status;
        enum auth_verdict verdict;
    } cases[] = {{AUTH_EXPAND_FORCED, AUTH_FAIL}, {AUTH_EXPAND_FAILED, AUTH_DEFER}, {AUTH_EXPAND_DEFER, AUTH_DEFER}};
    struct auth_fixture *f = *state;

    for (size_t i = 0; i < 9; i++) {
        struct template bad = {.status = cases[i % 3].status, .text = "why"};
        struct auth_exchange *x;

        for (size_t j = 0; j < 3; j++)
            auth_set_template(f, names[j], j == i / 3 ? &bad : &alice);
        x = auth_begin_server(f);
        assert_int_equal(auth_exchange_step(x, STR_NULL), cases[i % 3].verdict);
        auth_exchange_end(x);
    }
}

static void a_condition_alone_serves(void **state)
{
    struct auth_fixture *f = *state;
    struct error err = ERROR_IN(f->arena);

    assert_true(auth_class.init(&f->auth.instance, &err));
    assert_false(f->auth.server);
    f->auth.server_condition = &condition;
    assert_true(auth_class.init(&f->auth.instance, &err));
    assert_true(f->auth.server && !f->auth.client);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, auth_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {T(parameters_become_variables), T(the_condition_decides),
                                       T(parameters_that_fail), T(a_condition_alone_serves)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
