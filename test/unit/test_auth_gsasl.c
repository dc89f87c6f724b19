/* The gsasl driver: its two sides talking to each other, with the right password and wrong ones, with and without
 * channels to bind to, honest and tampered with; and peers that talk nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth_testing.h"

extern const struct auth_driver auth_driver_gsasl;

/* Two instances of the driver; what either channel is bound by, NULL: there is no TLS. */
struct pair {
    struct auth_fixture *server, *client;
};

static const char *server_binding, *client_binding;

static bool bind_channel(struct auth_exchange *x, const char *type, struct str *data)
{
    const char *binding = x->auth->client ? client_binding : server_binding;

    if (!binding || strcmp(type, "tls-exporter") != 0)
        return false;
    *data = str_of(binding);
    return true;
}

static int setup(void **state)
{
    struct pair *pair = calloc(1, sizeof *pair);

    auth_setup((void **)&pair->server, &auth_driver_gsasl);
    auth_setup((void **)&pair->client, &auth_driver_gsasl);
    server_binding = client_binding = NULL;
    *state = pair;
    return 0;
}

static int teardown(void **state)
{
    struct pair *pair = *state;

    auth_teardown((void **)&pair->server);
    auth_teardown((void **)&pair->client);
    free(pair);
    return 0;
}

static struct str name_is_alice(struct auth_exchange *x)
{
    return str_is(x->vars[0], "alice") ? STR("secret") : STR("");
}

static struct str simple_check(struct auth_exchange *x)
{
    return str_is(x->vars[0], "alice") && str_is(x->vars[2], "secret") ? STR("yes") : STR("no");
}

static struct str first_is_alice(struct auth_exchange *x)
{
    return str_is(x->vars[0], "alice") ? STR("yes") : STR("no");
}

static const struct template alice = {.text = "alice"}, secret = {.text = "secret"}, wrong = {.text = "wrong"};
static const struct template empty = {.text = ""}, iterations = {.text = "4096"}, salt = {.text = "QSXCR+Q6sek8bf92"};
static const struct template password_of = {.value = name_is_alice}, check = {.value = simple_check};
static const struct template check_name = {.value = first_is_alice}, yes = {.text = "yes"};
static const struct template forced = {.status = AUTH_EXPAND_FORCED, .text = ""};

static void set_text(struct auth_fixture *f, const char *name, const char *value)
{
    struct str text = str_of(value);

    auth_set_option(f, name, &text, sizeof text);
}

static void configure(struct pair *pair, const char *mechanism, const struct template *name,
                      const struct template *password)
{
    static struct auth_host host;

    host = auth_test_host;
    host.channel_binding = bind_channel;
    pair->server->auth.public_name = pair->client->auth.public_name = str_of(mechanism);
    set_text(pair->server, "server_mech", mechanism);
    set_text(pair->server, "server_service", "smtp");
    set_text(pair->client, "server_service", "smtp");
    auth_set_template(pair->server, "server_password", &password_of);
    auth_set_template(pair->client, "client_username", name);
    auth_set_template(pair->client, "client_password", password);
    pair->server->host = pair->client->host = &host;
}

static void use_binding(struct pair *pair, const char *server, const char *client)
{
    bool on = true;

    server_binding = server;
    client_binding = client;
    auth_set_option(pair->server, "server_channelbinding", &on, sizeof on);
    auth_set_option(pair->client, "client_channelbinding", &on, sizeof on);
}

/* Runs both to the end. tamper: which octet of which client message to change; -1: none. The server's verdict;
 * *proved: what the client thinks of the server. */
static enum auth_verdict run(struct pair *pair, int message, int octet, bool *proved)
{
    struct auth_exchange *server = auth_begin_server(pair->server), *client = auth_begin_client(pair->client);
    enum auth_verdict server_says, client_says = auth_exchange_step(client, STR_NULL);
    int sent = 0;

    if (client_says != AUTH_MORE) {
        auth_exchange_end(server);
        auth_exchange_end(client);
        return client_says;
    }
    do {
        struct str out = str_copy(pair->server->arena, client->out);

        if (sent++ == message && out.n > 0)
            ((char *)out.s)[(size_t)octet % out.n] ^= 1;
        server_says = auth_exchange_step(server, out);
        if (server_says == AUTH_MORE)
            client_says = auth_exchange_step(client, server->out);
    } while (server_says == AUTH_MORE && client_says == AUTH_MORE);
    *proved = client_says == AUTH_MORE && !client->unfinished;
    auth_exchange_end(server);
    auth_exchange_end(client);
    return server_says;
}

static const char *const secret_mechanisms[] = {"CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"};

static void right_and_wrong(void **state)
{
    struct pair *pair = *state;
    bool proved;

    for (size_t i = 0; i < sizeof secret_mechanisms / sizeof *secret_mechanisms; i++) {
        configure(pair, secret_mechanisms[i], &alice, &secret);
        assert_int_equal(run(pair, -1, 0, &proved), AUTH_OK);
        assert_true(proved);
        configure(pair, secret_mechanisms[i], &alice, &wrong);
        assert_int_equal(run(pair, -1, 0, &proved), AUTH_FAIL);
        configure(pair, secret_mechanisms[i], &wrong, &secret);
        assert_int_equal(run(pair, -1, 0, &proved), AUTH_FAIL);
        configure(pair, secret_mechanisms[i], &wrong, &empty); /* the lookup finds nothing */
        assert_int_equal(run(pair, -1, 0, &proved), AUTH_FAIL);
    }
}

static void plain_and_login(void **state)
{
    static const char *const mechanisms[] = {"PLAIN", "LOGIN"};
    struct pair *pair = *state;
    bool proved;

    for (size_t i = 0; i < 2; i++) {
        pair->server->auth.server_condition = &check;
        configure(pair, mechanisms[i], &alice, &secret);
        assert_int_equal(run(pair, -1, 0, &proved), AUTH_OK);
        configure(pair, mechanisms[i], &alice, &wrong);
        assert_int_equal(run(pair, -1, 0, &proved), AUTH_FAIL);
    }
}

static void anonymous_and_external(void **state)
{
    struct pair *pair = *state;
    bool proved;

    pair->server->auth.server_condition = &check_name;
    configure(pair, "ANONYMOUS", &alice, &secret);
    assert_int_equal(run(pair, -1, 0, &proved), AUTH_OK);
    configure(pair, "ANONYMOUS", &wrong, &secret);
    assert_int_equal(run(pair, -1, 0, &proved), AUTH_FAIL);
    configure(pair, "EXTERNAL", &alice, &secret);
    auth_set_template(pair->client, "client_authz", &alice);
    assert_int_equal(run(pair, -1, 0, &proved), AUTH_OK);
    auth_set_template(pair->client, "client_authz", &wrong);
    assert_int_equal(run(pair, -1, 0, &proved), AUTH_FAIL);
}

static void channel_binding(void **state)
{
    static const char *const mechanisms[] = {"SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"};
    struct pair *pair = *state;
    bool proved;

    for (size_t i = 0; i < 2; i++) {
        configure(pair, mechanisms[i], &alice, &secret);
        use_binding(pair, "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef");
        assert_int_equal(run(pair, -1, 0, &proved), AUTH_OK);
        assert_true(proved);
        use_binding(pair, "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdeX");
        assert_int_equal(run(pair, -1, 0, &proved), AUTH_FAIL);
        use_binding(pair, NULL, "0123456789abcdef0123456789abcdef");
        assert_int_not_equal(run(pair, -1, 0, &proved), AUTH_OK);
    }
}

/* A client that could bind, and says so, was kept from seeing -PLUS: RFC 5802 section 6. */
static void downgrade(void **state)
{
    struct pair *pair = *state;
    struct auth_exchange *server;
    enum auth_verdict verdict;

    configure(pair, "SCRAM-SHA-1", &alice, &secret);
    use_binding(pair, "0123456789abcdef0123456789abcdef", NULL);
    server = auth_begin_server(pair->server);
    verdict = auth_exchange_step(server, STR("y,,n=alice,r=fyko+d2lbbFgONRv9qkxdawL"));
    assert_int_equal(verdict, AUTH_FAIL);
    auth_exchange_end(server);
}

/* Whatever octet is changed on the way, nobody gets in. */
static void tampering(void **state)
{
    struct pair *pair = *state;
    bool proved;

    for (size_t i = 0; i < sizeof secret_mechanisms / sizeof *secret_mechanisms; i++)
        for (int octet = 0; octet < 60; octet += 7) {
            configure(pair, secret_mechanisms[i], &alice, &secret);
            if (run(pair, 1, octet, &proved) == AUTH_OK)
                fail_msg("%s: octet %d may be changed", secret_mechanisms[i], octet);
        }
}

/* Stored keys in place of a password; of the wrong size they do not count. The values are those that belong to
 * the password "pencil" and the salt of RFC 5802's example. */
static void stored_keys(void **state)
{
    static const struct template pencil = {.text = "pencil"};
    static const struct template server_key = {.text = "D+CSWLOshSulAsxiupA+qs2/fTE="};
    static const struct template stored_key = {.text = "6dlGYMOdZcOPutkcNY8U2g7vK9Y="};
    static const struct template cut_short = {.text = "6dlGYMOdZcOPutkc"};
    struct pair *pair = *state;
    bool proved;

    configure(pair, "SCRAM-SHA-1", &alice, &pencil);
    auth_set_template(pair->server, "server_key", &server_key);
    auth_set_template(pair->server, "server_skey", &stored_key);
    auth_set_template(pair->server, "server_scram_salt", &salt);
    auth_set_template(pair->server, "server_scram_iter", &iterations);
    assert_int_equal(run(pair, -1, 0, &proved), AUTH_OK);
    assert_true(proved);
    configure(pair, "SCRAM-SHA-1", &alice, &wrong);
    assert_int_equal(run(pair, -1, 0, &proved), AUTH_FAIL);
    auth_set_template(pair->server, "server_skey", &cut_short);
    configure(pair, "SCRAM-SHA-1", &alice, &secret);
    assert_int_equal(run(pair, -1, 0, &proved), AUTH_OK);
}

static struct str key_of_alice(struct auth_exchange *x)
{
    return str_is(x->vars[0], "alice") ? STR("D+CSWLOshSulAsxiupA+qs2/fTE=") : STR("");
}

static struct str stored_key_of_alice(struct auth_exchange *x)
{
    return str_is(x->vars[0], "alice") ? STR("6dlGYMOdZcOPutkcNY8U2g7vK9Y=") : STR("");
}

/* Where there are keys only, somebody without them goes through the same steps, and fails in the same way. */
static void stored_keys_of_nobody(void **state)
{
    static const struct template pencil = {.text = "pencil"}, mallory = {.text = "mallory"};
    static const struct template server_key = {.value = key_of_alice}, stored_key = {.value = stored_key_of_alice};
    const struct template *names[] = {&alice, &mallory, &mallory}, *passwords[] = {&pencil, &pencil, &empty};
    struct pair *pair = *state;
    bool proved;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        configure(pair, "SCRAM-SHA-1", names[i], passwords[i]);
        auth_set_template(pair->server, "server_password", i == 2 ? &empty : NULL);
        auth_set_template(pair->server, "server_key", &server_key);
        auth_set_template(pair->server, "server_skey", &stored_key);
        auth_set_template(pair->server, "server_scram_salt", &salt);
        assert_int_equal(run(pair, -1, 0, &proved), i == 0 ? AUTH_OK : AUTH_FAIL);
    }
}

static struct str salt_of_alice(struct auth_exchange *x)
{
    return str_is(x->vars[0], "alice") ? STR("QSXCR+Q6sek8bf92") : STR("");
}

static struct str first_answer(struct pair *pair, struct str message)
{
    struct auth_exchange *server = auth_begin_server(pair->server);
    struct str out;

    assert_int_equal(auth_exchange_step(server, message), AUTH_MORE);
    out = str_copy(pair->server->arena, server->out);
    auth_exchange_end(server);
    return out;
}

/* A user that there is not has a salt, always the same, and as many iterations. */
static void unknown_users(void **state)
{
    static const struct template salts = {.value = salt_of_alice}, many = {.text = "5000"};
    struct pair *pair = *state;
    struct str known, unknown, again;

    configure(pair, "SCRAM-SHA-1", &alice, &secret);
    auth_set_template(pair->server, "server_scram_salt", &salts);
    auth_set_template(pair->server, "server_scram_iter", &many);
    known = first_answer(pair, STR("n,,n=alice,r=abc"));
    unknown = first_answer(pair, STR("n,,n=mallory,r=abc"));
    again = first_answer(pair, STR("n,,n=mallory,r=abc"));
    assert_non_null(strstr(known.s, ",s=QSXCR+Q6sek8bf92,i=5000"));
    assert_non_null(strstr(unknown.s, ",i=5000"));
    assert_string_equal(strstr(unknown.s, ",s="), strstr(again.s, ",s="));
    assert_string_not_equal(strstr(unknown.s, ",s="), strstr(known.s, ",s="));
}

static void failing_options(void **state)
{
    struct pair *pair = *state;
    bool proved;

    configure(pair, "CRAM-MD5", &alice, &secret);
    auth_set_template(pair->server, "server_password", &forced);
    assert_int_equal(run(pair, -1, 0, &proved), AUTH_DEFER);
    configure(pair, "CRAM-MD5", &alice, &forced);
    auth_set_template(pair->server, "server_password", &password_of);
    pair->client->auth.public_name = STR("PLAIN");
    struct auth_exchange *client = auth_begin_client(pair->client);
    assert_int_equal(auth_exchange_step(client, STR_NULL), AUTH_CANCELLED);
    auth_exchange_end(client);
}

#define WORDS(literal) {literal, sizeof(literal) - 1, false}
static const struct str nonsense[] = {
    WORDS(""), WORDS("\0"), WORDS("\0\0\0\0"), WORDS(","), WORDS("n,,"), WORDS("r=,s=,i="), WORDS("r=x,s=AAAA,i=99999999999"),
    WORDS("r=x,s=AAAA,i=-1"), WORDS("nonce=\""), WORDS("\""), WORDS("realm=\"\",nonce=\"a\",qop=\"auth-conf\""),
    WORDS("p=tls-unique,,n=alice,r=x"), WORDS("alice "), WORDS("\377\377\377\377"),
};

static void nonsense_from_clients(void **state)
{
    struct pair *pair = *state;

    for (size_t m = 0; m < sizeof secret_mechanisms / sizeof *secret_mechanisms; m++)
        for (size_t n = 0; n < sizeof nonsense / sizeof *nonsense; n++) {
            struct auth_exchange *server;
            enum auth_verdict verdict;

            configure(pair, secret_mechanisms[m], &alice, &secret);
            server = auth_begin_server(pair->server);
            verdict = auth_exchange_step(server, STR_NULL);
            for (int i = 0; i < 12 && verdict == AUTH_MORE; i++)
                verdict = auth_exchange_step(server, nonsense[n]);
            assert_true(verdict != AUTH_OK && verdict != AUTH_MORE);
            auth_exchange_end(server);
        }
}

static void nonsense_from_servers(void **state)
{
    struct pair *pair = *state;

    for (size_t m = 0; m < sizeof secret_mechanisms / sizeof *secret_mechanisms; m++)
        for (size_t n = 0; n < sizeof nonsense / sizeof *nonsense; n++) {
            struct auth_exchange *client;
            enum auth_verdict verdict;

            configure(pair, secret_mechanisms[m], &alice, &secret);
            client = auth_begin_client(pair->client);
            verdict = auth_exchange_step(client, STR_NULL);
            for (int i = 0; i < 5 && verdict == AUTH_MORE; i++)
                verdict = auth_exchange_step(client, nonsense[n]);
            assert_int_not_equal(verdict, AUTH_OK);
            auth_exchange_end(client);
        }
}

/* Whatever the server calls a success before it has shown that it knows the password, too, is none. */
static void early_success(void **state)
{
    static const char *const mechanisms[] = {"DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"};
    struct pair *pair = *state;

    for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
        struct auth_exchange *client;

        configure(pair, mechanisms[i], &alice, &secret);
        client = auth_begin_client(pair->client);
        assert_int_equal(auth_exchange_step(client, STR_NULL), AUTH_MORE);
        assert_true(client->unfinished);
        auth_exchange_end(client);
    }
}

static void too_many_iterations(void **state)
{
    struct pair *pair = *state;
    struct auth_exchange *client;
    struct str nonce;

    configure(pair, "SCRAM-SHA-1", &alice, &secret);
    client = auth_begin_client(pair->client);
    assert_int_equal(auth_exchange_step(client, STR_NULL), AUTH_MORE);
    nonce = str_of(strstr(client->out.s, "r=") + 2);
    assert_int_equal(auth_exchange_step(client, str_printf(pair->client->arena, "r=%.*sX,s=QSXCR+Q6sek8bf92,i=900000000",
                                                           STR_ARG(nonce))), AUTH_CANCELLED);
    assert_non_null(strstr(client->message.s, "900000000 iterations"));
    auth_exchange_end(client);
}

static void configuration(void **state)
{
    static const struct {
        const char *mechanism, *text;
    } cases[] = {
        {"X-NONE", "GNU SASL does not serve mechanism X-NONE"},
        {"SECURID", "gatepost does not serve GNU SASL's mechanism SECURID"},
        {"CRAM-MD5", "server_password, or server_key and server_skey, must be set for CRAM-MD5"},
    };
    struct pair *pair = *state;
    struct error err = ERROR_IN(pair->server->arena);

    pair->server->auth.server_condition = &yes;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        set_text(pair->server, "server_mech", cases[i].mechanism);
        assert_false(auth_driver_gsasl.init(&pair->server->auth, &err));
        assert_non_null(strstr(err.text.s, cases[i].text));
    }
    pair->server->auth.server_condition = NULL;
    set_text(pair->server, "server_mech", "PLAIN");
    auth_set_template(pair->server, "server_password", &secret);
    assert_false(auth_driver_gsasl.init(&pair->server->auth, &err));
    assert_non_null(strstr(err.text.s, "server_condition must be set for PLAIN"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(right_and_wrong),         TEST(plain_and_login),       TEST(anonymous_and_external),
        TEST(channel_binding),         TEST(downgrade),             TEST(tampering),
        TEST(stored_keys),             TEST(stored_keys_of_nobody), TEST(unknown_users),
        TEST(failing_options),         TEST(nonsense_from_clients), TEST(nonsense_from_servers),
        TEST(too_many_iterations),     TEST(configuration),         TEST(early_success),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
