/* The plaintext driver and the exchange around it, with a host whose templates are plain functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "auth_testing.h"

static int setup(void **state)
{
    return auth_setup(state, &auth_driver_plaintext);
}

static void set_prompts(struct auth_fixture *f, const struct template *t)
{
    auth_set_option(f, "server_prompts", &t, sizeof t);
}

static struct str user_secret(struct auth_exchange *x)
{
    return str_is(x->vars[1], "user") && str_is(x->vars[2], "secret") ? STR("yes") : STR("no");
}

static struct str login_user_secret(struct auth_exchange *x)
{
    return str_is(x->vars[0], "user") && str_is(x->vars[1], "secret") ? STR("1") : STR("");
}

static struct str second(struct auth_exchange *x)
{
    return x->vars[1];
}

static const struct template one_prompt = {.text = ":"};
static const struct template login_prompts = {.text = "Username:: : Password::"};
static const struct template plain_check = {.value = user_secret};
static const struct template login_check = {.value = login_user_secret};
static const struct template id_second = {.value = second};

static void plain_with_initial_response(void **state)
{
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    set_prompts(f, &one_prompt);
    f->auth.server_condition = &plain_check;
    f->auth.server_set_id = &id_second;
    x = auth_begin_server(f);
    assert_int_equal(auth_exchange_step(x, STR("\0user\0secret")), AUTH_OK);
    assert_true(str_is(x->set_id, "user"));
    auth_exchange_end(x);

    x = auth_begin_server(f);
    assert_int_equal(auth_exchange_step(x, STR("\0user\0Secret")), AUTH_FAIL);
    assert_true(str_is(x->set_id, "user"));
    auth_exchange_end(x);
}

static void plain_with_empty_prompt(void **state)
{
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    set_prompts(f, &one_prompt);
    f->auth.server_condition = &plain_check;
    x = auth_begin_server(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_int_equal(x->out.n, 0);
    assert_int_equal(auth_exchange_step(x, STR("authz\0user\0secret")), AUTH_OK);
    assert_true(str_is(x->vars[0], "authz"));
    auth_exchange_end(x);
}

static void login_with_prompts(void **state)
{
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    set_prompts(f, &login_prompts);
    f->auth.server_condition = &login_check;
    x = auth_begin_server(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_true(str_is(x->out, "Username:"));
    assert_int_equal(auth_exchange_step(x, STR("user")), AUTH_MORE);
    assert_true(str_is(x->out, "Password:"));
    assert_int_equal(auth_exchange_step(x, STR("secret")), AUTH_OK);
    auth_exchange_end(x);
}

/* Outlook and others send the user name with the command. */
static void login_with_initial_response(void **state)
{
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    set_prompts(f, &login_prompts);
    f->auth.server_condition = &login_check;
    x = auth_begin_server(f);
    assert_int_equal(auth_exchange_step(x, STR("user")), AUTH_MORE);
    assert_true(str_is(x->out, "Password:"));
    assert_int_equal(auth_exchange_step(x, STR("wrong")), AUTH_FAIL);
    auth_exchange_end(x);
}

static void nul_separated_strings(void **state)
{
    static const struct {
        struct str in;
        unsigned count;
        const char *last;
    } rows[] = {
        {STR(""), 1, ""},          {STR("\0"), 1, ""},      {STR("a"), 1, "a"},          {STR("a\0"), 1, "a"},
        {STR("a\0\0"), 2, ""},     {STR("a\0b"), 2, "b"},   {STR("\0\0c"), 3, "c"},      {STR("a\0b\0c\0"), 3, "c"},
        {STR("a\0b\0c\0d"), 4, "d"},
    };
    struct auth_fixture *f = *state;

    f->auth.server_condition = &plain_check;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct auth_exchange *x = auth_begin_server(f);

        auth_exchange_step(x, rows[i].in);
        assert_int_equal(x->count, rows[i].count);
        assert_true(str_is(x->vars[rows[i].count - 1], rows[i].last));
        for (unsigned j = rows[i].count; j < AUTH_VARS; j++)
            assert_true(str_is_null(x->vars[j]));
        auth_exchange_end(x);
    }
}

/* More strings than there are variables are counted and otherwise forgotten. */
static void very_many_strings(void **state)
{
    struct auth_fixture *f = *state;
    char data[12288];
    struct auth_exchange *x;

    memset(data, 0, sizeof data);
    f->auth.server_condition = &plain_check;
    x = auth_begin_server(f);
    assert_int_equal(auth_exchange_step(x, (struct str){data, sizeof data - 1, true}), AUTH_FAIL);
    assert_int_equal(x->count, sizeof data - 1);
    auth_exchange_end(x);
}

static void taint_is_kept(void **state)
{
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    f->auth.server_condition = &plain_check;
    x = auth_begin_server(f);
    auth_exchange_step(x, str_taint(STR("a\0b\0c")));
    for (unsigned i = 0; i < 3; i++)
        assert_true(x->vars[i].tainted);
    auth_exchange_end(x);
}

static void expect_condition(struct auth_fixture *f, const struct template *condition, enum auth_verdict verdict,
                             const char *message, bool for_peer)
{
    struct auth_exchange *x;

    f->auth.server_condition = condition;
    x = auth_begin_server(f);
    assert_int_equal(auth_exchange_step(x, STR("u")), verdict);
    if (message)
        assert_true(str_is(x->message, message));
    assert_int_equal(x->message_for_peer, for_peer);
    auth_exchange_end(x);
}

static void condition_results(void **state)
{
    static const char *const yes[] = {"1", "yes", "true", "YES", "True"};
    static const char *const no[] = {"", "0", "no", "false", "NO", "False"};
    struct auth_fixture *f = *state;

    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        expect_condition(f, &(struct template){.text = yes[i]}, AUTH_OK, NULL, false);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        expect_condition(f, &(struct template){.text = no[i]}, AUTH_FAIL, NULL, false);
    expect_condition(f, &(struct template){.text = "try later"}, AUTH_DEFER, "try later", true);
    expect_condition(f, &(struct template){.status = AUTH_EXPAND_FORCED, .text = "x"}, AUTH_FAIL, NULL, false);
    expect_condition(f, &(struct template){.status = AUTH_EXPAND_FAILED, .text = "oops"}, AUTH_DEFER, "oops", false);
    expect_condition(f, &(struct template){.status = AUTH_EXPAND_DEFER, .text = "down"}, AUTH_DEFER, "down", false);
}

static void prompts_that_fail_to_expand(void **state)
{
    static const enum auth_expand statuses[] = {AUTH_EXPAND_FORCED, AUTH_EXPAND_FAILED, AUTH_EXPAND_DEFER};
    struct auth_fixture *f = *state;

    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct template prompts = {.status = statuses[i], .text = "why"};

        set_prompts(f, &prompts);
        expect_condition(f, &plain_check, AUTH_DEFER, "why", false);
    }
}

static void set_id_that_fails_to_expand(void **state)
{
    static const struct template bad = {.status = AUTH_EXPAND_FAILED, .text = "no id"};
    static const struct template yes = {.text = "yes"}, no = {.text = "no"}, other = {.text = "later"};
    struct auth_fixture *f = *state;

    f->auth.server_set_id = &bad;
    expect_condition(f, &yes, AUTH_DEFER, "no id", false);
    expect_condition(f, &no, AUTH_FAIL, NULL, false);
    expect_condition(f, &other, AUTH_DEFER, "later", true);
}

/* Debugging output names the variables but never shows what the peer sent. */
static void debug_output_keeps_secrets(void **state)
{
    static const struct template print = {.text = "as asked for"};
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    f->auth.server_condition = &plain_check;
    f->auth.server_debug_print = &print;
    x = auth_begin_server(f);
    auth_exchange_step(x, STR("\0somebody\0hunter2"));
    auth_exchange_end(x);
    assert_non_null(strstr(auth_debug_text, "test authenticator server_condition:"));
    assert_non_null(strstr(auth_debug_text, "$auth3"));
    assert_non_null(strstr(auth_debug_text, "as asked for"));
    assert_null(strstr(auth_debug_text, "hunter2"));
    assert_null(strstr(auth_debug_text, "somebody"));
}

static void server_needs_a_condition(void **state)
{
    struct auth_fixture *f = *state;
    struct error err = ERROR_IN(f->arena);

    assert_true(auth_class.init(&f->auth.instance, &err));
    assert_false(f->auth.server);
    assert_false(f->auth.client);
}

static void set_client_send(struct auth_fixture *f, const struct template *const *items, size_t n)
{
    const struct template **v = ARENA_ARRAY(f->arena, const struct template *, n);
    struct option_templates list = {.v = v, .n = n};
    struct error err = ERROR_IN(f->arena);

    memcpy(v, items, n * sizeof *v);
    auth_set_option(f, "client_send", &list, sizeof list);
    assert_true(auth_class.init(&f->auth.instance, &err));
    assert_true(f->auth.client);
}

static struct str first_prompt(struct auth_exchange *x)
{
    return str_join(x->arena, STR("prompt was "), x->vars[0]);
}

static void client_plain(void **state)
{
    static const struct template text = {.text = "^user^se^^cret"};
    static const struct template *const items[] = {&text};
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    set_client_send(f, items, 1);
    x = auth_exchange_begin(&f->auth, AUTH_CLIENT, &auth_test_host, NULL);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_true(str_eq(x->out, STR("\0user\0se^cret")));
    assert_int_equal(auth_exchange_step(x, STR("more?")), AUTH_UNEXPECTED);
    auth_exchange_end(x);
}

static void client_login(void **state)
{
    static const struct template empty = {.text = ""}, user = {.value = first_prompt}, secret = {.text = "secret"};
    static const struct template *const items[] = {&empty, &user, &secret};
    struct auth_fixture *f = *state;
    struct auth_exchange *x;

    set_client_send(f, items, 3);
    x = auth_exchange_begin(&f->auth, AUTH_CLIENT, &auth_test_host, NULL);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_true(str_is_null(x->out));
    assert_int_equal(auth_exchange_step(x, STR("Username:")), AUTH_MORE);
    assert_true(str_is(x->out, "prompt was Username:"));
    assert_int_equal(auth_exchange_step(x, STR("Password:")), AUTH_MORE);
    assert_true(str_is(x->out, "secret"));
    auth_exchange_end(x);
}

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
    struct auth_fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct template text = {.status = rows[i].status, .text = "x"};
        const struct template *items[] = {&text};
        struct auth_exchange *x;

        set_client_send(f, items, 1);
        x = auth_exchange_begin(&f->auth, AUTH_CLIENT, &auth_test_host, NULL);
        assert_int_equal(auth_exchange_step(x, STR_NULL), rows[i].verdict);
        auth_exchange_end(x);
    }
}

static void client_invalid_base64(void **state)
{
    static const struct template text = {.text = "x"};
    static const struct template *const items[] = {&text, &text};
    struct auth_fixture *f = *state;
    bool ignore = true;
    struct auth_exchange *x;

    set_client_send(f, items, 2);
    x = auth_exchange_begin(&f->auth, AUTH_CLIENT, &auth_test_host, NULL);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_int_equal(auth_exchange_step_undecodable(x), AUTH_CANCELLED);
    auth_exchange_end(x);

    auth_set_option(f, "client_ignore_invalid_base64", &ignore, sizeof ignore);
    x = auth_exchange_begin(&f->auth, AUTH_CLIENT, &auth_test_host, NULL);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_int_equal(auth_exchange_step_undecodable(x), AUTH_MORE);
    assert_true(str_is(x->vars[0], ""));
    auth_exchange_end(x);
}

static void public_names(void **state)
{
    struct auth_fixture *f = *state, other;
    struct error err = ERROR_IN(f->arena);
    static const struct template yes = {.text = "yes"};

    f->auth.server_condition = &yes;
    f->auth.public_name = STR_NULL;
    assert_true(auth_class.init(&f->auth.instance, &err));
    assert_true(str_is(f->auth.public_name, "test"));

    other = *f;
    other.auth.instance.name = STR("second");
    other.auth.public_name = STR("TEST");
    f->auth.instance.next = &other.auth.instance;
    assert_false(auth_class.check(&f->auth.instance, &err));
    assert_true(str_is(err.text, "two server authenticators (test and second) have the same public name (test)"));
    assert_ptr_equal(auth_find(&f->auth.instance, STR("tEsT"), AUTH_SERVER), &f->auth);
    assert_null(auth_find(&f->auth.instance, STR("test"), AUTH_CLIENT));
    assert_null(auth_find(&f->auth.instance, STR("tes"), AUTH_SERVER));

    other.auth.public_name = STR("\r\n250-AUTH=PLAIN LOGIN"); /* a habit of Debian's, for clients of old */
    assert_true(auth_class.init(&other.auth.instance, &err));
    other.auth.public_name = STR("");
    assert_false(auth_class.init(&other.auth.instance, &err));
}

static void unknown_drivers(void **state)
{
    struct auth_fixture *f = *state;
    struct error err = ERROR_IN(f->arena);

    assert_null(auth_driver_find(STR("foo"), &err));
    assert_true(str_is(err.text, "cannot find authenticator driver \"foo\""));
    assert_null(auth_driver_find(STR(""), &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, auth_teardown)
        T(plain_with_initial_response), T(plain_with_empty_prompt),      T(login_with_prompts),
        T(login_with_initial_response), T(nul_separated_strings),        T(very_many_strings),
        T(taint_is_kept),               T(condition_results),            T(prompts_that_fail_to_expand),
        T(set_id_that_fails_to_expand), T(debug_output_keeps_secrets),   T(server_needs_a_condition),
        T(client_plain),                T(client_login),                 T(client_expansion_failures),
        T(client_invalid_base64),       T(public_names),                 T(unknown_drivers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
