/* The external driver. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "auth_testing.h"

static int setup(void **state)
{
    return auth_setup(state, &auth_driver_external);
}

static struct str all_variables(struct auth_exchange *x)
{
    return str_join(x->arena, str_join3(x->arena, x->vars[0], STR("|"), x->vars[1]),
                    str_join(x->arena, STR("|"), x->vars[2]));
}

static struct str is_alice(struct auth_exchange *x)
{
    return str_is(x->vars[0], "alice") ? STR("yes") : STR("no");
}

static const struct template condition = {.value = is_alice}, second = {.value = all_variables},
                             id = {.value = all_variables}, sent = {.text = "alice@example.com"};

static struct auth_exchange *serving(struct auth_fixture *f)
{
    f->auth.server_condition = &condition;
    f->auth.server_set_id = &id;
    return auth_begin_server(f);
}

static void server_with_and_without_an_initial_response(void **state)
{
    struct auth_fixture *f = *state;
    struct auth_exchange *x = serving(f);

    assert_int_equal(auth_exchange_step(x, STR("alice")), AUTH_OK);
    assert_true(str_is(x->set_id, "alice||"));
    auth_exchange_end(x);

    x = serving(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_true(str_is(x->out, "") && !x->out_is_text);
    assert_int_equal(auth_exchange_step(x, STR("bob")), AUTH_FAIL);
    assert_true(str_is(x->set_id, "bob||"));
    auth_exchange_end(x);

    x = serving(f);
    assert_int_equal(auth_exchange_step(x, STR("")), AUTH_FAIL);
    auth_exchange_end(x);
}

static void parameters_see_what_is_in_front(void **state)
{
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    auth_set_template(f, "server_param2", &second);
    auth_set_template(f, "server_param3", &second);
    x = serving(f);
    assert_int_equal(auth_exchange_step(x, STR("alice")), AUTH_OK);
    assert_true(str_is(x->vars[1], "alice||"));
    assert_true(str_is(x->vars[2], "alice|alice|||"));
    assert_true(str_is(x->numbers[2], "alice|alice|||"));
    auth_exchange_end(x);
}

static void parameters_that_fail(void **state)
{
    static const enum auth_expand statuses[] = {AUTH_EXPAND_FORCED, AUTH_EXPAND_FAILED, AUTH_EXPAND_DEFER};
    struct auth_fixture *f = *state;

    for (size_t i = 0; i < 3; i++) {
        struct template bad = {.status = statuses[i], .text = "why"};
        struct auth_exchange *x;

        auth_set_template(f, "server_param3", &bad);
        x = serving(f);
        assert_int_equal(auth_exchange_step(x, STR("alice")),
                         statuses[i] == AUTH_EXPAND_FORCED ? AUTH_FAIL : AUTH_DEFER);
        auth_exchange_end(x);
    }
}

/* However many: nothing is written behind the variables, and nothing is let in. */
static void several_strings(void **state)
{
    struct auth_fixture *f = *state;
    char many[12000] = "alice";

    for (size_t n = 6; n < sizeof many; n += n < 40 ? 1 : 997) {
        struct auth_exchange *x = serving(f);

        assert_int_equal(auth_exchange_step(x, (struct str){many, n, true}), AUTH_FAIL);
        assert_int_equal(x->count, 1);
        auth_exchange_end(x);
    }
}

static void server_needs_a_condition(void **state)
{
    struct auth_fixture *f = *state;
    struct error err = ERROR_IN(f->arena);

    auth_set_template(f, "server_param2", &second);
    assert_true(auth_class.init(&f->auth.instance, &err));
    assert_false(f->auth.server || f->auth.client);
}

static void client(void **state)
{
    static const struct template forced = {.status = AUTH_EXPAND_FORCED, .text = "x"}, empty = {.text = ""};
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    auth_set_template(f, "client_send", &sent);
    x = auth_begin_client(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_true(str_is(x->out, "alice@example.com"));
    assert_int_equal(auth_exchange_step(x, STR("more?")), AUTH_CANCELLED);
    auth_exchange_end(x);

    auth_set_template(f, "client_send", &empty);
    x = auth_begin_client(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_true(!str_is_null(x->out) && x->out.n == 0);
    auth_exchange_end(x);

    auth_set_template(f, "client_send", &forced);
    x = auth_begin_client(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_CANCELLED);
    auth_exchange_end(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, auth_teardown)
        T(server_with_and_without_an_initial_response), T(parameters_see_what_is_in_front), T(parameters_that_fail),
        T(several_strings), T(server_needs_a_condition), T(client),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
