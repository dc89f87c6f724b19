/* Unit tests for src/tls: handshakes, data, facts, bindings, resumption. */
#include "testing.h"

#include <unistd.h>

#include "tls_pair.h"

static int setup(void **state)
{
    static struct tls_pair pair;

    tls_pair_init(&pair);
    *state = &pair;
    return 0;
}

static int teardown(void **state)
{
    tls_pair_free(*state);
    return 0;
}

static void shake(struct tls_pair *pair)
{
    if (!tls_pair_shake(pair))
        fail_msg("server: %.*s; client: %.*s", STR_ARG(pair->server_error.text), STR_ARG(pair->client_error.text));
}

static void send_text(struct tls_connection *from, const char *text)
{
    struct channel *c = tls_channel(from);

    assert_int_equal(c->write(c, text, strlen(text), deadline_in(5)), strlen(text));
}

static void expect_text(struct tls_connection *at, const char *text)
{
    struct channel *c = tls_channel(at);
    char got[100];
    ssize_t n = c->read(c, got, sizeof got, deadline_in(5));

    assert_int_equal(n, strlen(text));
    assert_memory_equal(got, text, strlen(text));
}

static void test_talk(void **state)
{
    struct tls_pair *pair = *state;
    struct channel *at_server, *at_client;
    char octet;

    shake(pair);
    at_server = tls_channel(pair->server);
    at_client = tls_channel(pair->client);
    assert_false(channel_has_input(at_server));
    send_text(pair->client, "EHLO x\r\n");
    assert_true(channel_has_input(at_server));
    expect_text(pair->server, "EHLO x\r\n");
    assert_false(channel_has_input(at_server));
    send_text(pair->server, "250 OK\r\n");
    expect_text(pair->client, "250 OK\r\n");
    /* A deadline that passes breaks nothing. */
    assert_int_equal(at_client->read(at_client, &octet, 1, clock_now_ms()), -2);
    send_text(pair->server, "late");
    expect_text(pair->client, "late");
    tls_close(pair->client, deadline_in(1));
    pair->client = NULL;
    assert_int_equal(at_server->read(at_server, &octet, 1, deadline_in(5)), 0);
    assert_true(str_is_null(tls_failure(pair->server)));
}

static void test_facts(void **state)
{
    struct tls_pair *pair = *state;
    const struct tls_facts *facts;

    pair->client_request.sni = STR("mx.test");
    shake(pair);
    for (int i = 0; i < 2; i++) {
        facts = tls_facts(i == 0 ? pair->server : pair->client);
        assert_true(str_is(facts->cipher, "TLS1.3:TLS_AES_256_GCM_SHA384:256"));
        assert_true(str_is(facts->cipher_std, "TLS_AES_256_GCM_SHA384"));
        assert_true(str_is(facts->version, "TLS1.3"));
        assert_int_equal(facts->bits, 256);
        assert_true(str_is(facts->sni, "mx.test"));
        assert_false(facts->certificate_verified);
    }
    facts = tls_facts(pair->server);
    assert_true(facts->sni.tainted);
    assert_true(str_is_null(facts->peer_certificate));
    assert_true(str_starts(facts->own_certificate, "-----BEGIN CERTIFICATE-----\n"));
    assert_false(facts->own_certificate.tainted);
    assert_true(str_eq(facts->own_certificate, tls_facts(pair->client)->peer_certificate));
    assert_true(str_is(tls_facts(pair->client)->peer_dn, "/O=Gatepost/CN=mail.test"));
    assert_true(str_is_null(tls_facts(pair->client)->own_certificate));
}

static void test_older_version(void **state)
{
    struct tls_pair *pair = *state;
    struct tls_client_settings settings = {
        .openssl_options = STR("+no_tlsv1_3"),
        .require_ciphers = STR("ECDHE_ECDSA-AES128-GCM-SHA256"),
    };

    tls_pair_use(pair, &settings);
    shake(pair);
    assert_true(str_is(tls_facts(pair->server)->cipher, "TLS1.2:ECDHE-ECDSA-AES128-GCM-SHA256:128"));
    assert_true(str_is(tls_facts(pair->server)->cipher_std, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"));
}

static void expect_binding(struct tls_pair *pair, const char *type, bool there, size_t n)
{
    struct str at_server, at_client;

    assert_int_equal(tls_channel_binding(pair->server, type, pair->arena, &at_server), there);
    assert_int_equal(tls_channel_binding(pair->client, type, pair->arena, &at_client), there);
    assert_int_equal(at_server.n, n);
    assert_true(str_eq(at_server, at_client));
}

static void test_bindings(void **state)
{
    struct tls_pair *pair = *state;
    struct tls_client_settings settings = {.openssl_options = STR("+no_tlsv1_3")};

    shake(pair);
    expect_binding(pair, "tls-exporter", true, 32);
    expect_binding(pair, "tls-unique", false, 0);
    expect_binding(pair, "tls-server-end-point", true, 32);
    expect_binding(pair, "tls-no-such", false, 0);
    tls_pair_use(pair, &settings);
    shake(pair);
    expect_binding(pair, "tls-exporter", true, 32);
    expect_binding(pair, "tls-unique", true, 12);
    expect_binding(pair, "tls-server-end-point", true, 32);
}

/* RFC 5929 section 3: without the extended master secret, tls-unique binds to nothing. */
static void test_no_binding_without_extended_master_secret(void **state)
{
    struct tls_pair *pair = *state;
    struct tls_client_settings settings = {.openssl_options = STR("+no_tlsv1_3 +no_extended_master_secret")};

    tls_pair_use(pair, &settings);
    shake(pair);
    expect_binding(pair, "tls-unique", false, 0);
    expect_binding(pair, "tls-exporter", false, 0);
}

static void resume(struct tls_pair *pair, bool expected)
{
    struct str session;

    pair->client_request.resumption = true;
    pair->client_request.session = STR_NULL;
    shake(pair);
    assert_int_equal(tls_facts(pair->server)->resumption & 16, 0);
    send_text(pair->server, "220");
    expect_text(pair->client, "220"); /* the ticket comes along */
    assert_int_equal(tls_session(pair->client, pair->arena, &session), expected);
    if (!expected)
        return;
    pair->client_request.session = session;
    shake(pair);
    assert_int_equal(tls_facts(pair->server)->resumption, 23); /* no new ticket */
    assert_int_equal(tls_facts(pair->client)->resumption & 16, 16);
}

static void test_resumption(void **state)
{
    struct tls_pair *pair = *state;
    struct tls_client_settings older = {.openssl_options = STR("+no_tlsv1_3")};

    resume(pair, false);
    pair->server_request.keys = tls_ticket_keys_new();
    resume(pair, true);
    tls_pair_use(pair, &older);
    resume(pair, true);
    expect_binding(pair, "tls-unique", true, 12);
    tls_ticket_keys_free(pair->server_request.keys);
    pair->server_request.keys = NULL;
}

/* A session from a place where nobody asked for certificates is no way around a place that does. */
static void test_resumption_elsewhere(void **state)
{
    struct tls_pair *pair = *state;

    pair->server_request.keys = tls_ticket_keys_new();
    resume(pair, true);
    pair->server_request.verify = TLS_VERIFY_REQUIRED;
    tls_pair_shake(pair); /* TLS 1.3: the client has its part done before the server refuses */
    assert_null(pair->server);
    assert_true(str_starts(pair->server_error.text, "(SSL_accept): error:"));
    assert_true(str_ends(pair->server_error.text, "peer did not return a certificate"));
    tls_ticket_keys_free(pair->server_request.keys);
    pair->server_request.keys = NULL;
}

static void test_alpn(void **state)
{
    struct tls_pair *pair = *state;
    struct tls_client_settings settings = {.alpn = STR("smtp")};

    pair->server_request.require_alpn = true;
    assert_false(tls_pair_shake(pair) && pair->server != NULL);
    assert_true(str_is(pair->server_error.text, "(ALPN not negotiated)"));
    tls_pair_use(pair, &settings);
    pair->client_request.require_alpn = true;
    shake(pair);
    settings.alpn = STR("http/1.1");
    tls_pair_use(pair, &settings);
    assert_false(tls_pair_shake(pair));
    settings.alpn = STR("smtp : h2");
    tls_pair_use(pair, &settings);
    assert_false(tls_pair_shake(pair));
}

static void test_deadline(void **state)
{
    struct tls_pair *pair = *state;
    struct error err = ERROR_IN(pair->arena);

    shake(pair); /* for the sockets */
    assert_null(tls_accept(pair->server_context, &pair->below[1].channel, &pair->server_request,
                           clock_now_ms() + 10, &err));
    assert_true(str_is(err.text, "(SSL_accept): timed out"));
    assert_null(tls_connect(pair->client_context, &pair->below[0].channel, &pair->client_request,
                            clock_now_ms() + 10, &err));
    assert_true(str_is(err.text, "(SSL_connect): timed out"));
}

/* The other end goes in the middle of the handshake, or speaks something else. */
static void test_no_tls(void **state)
{
    struct tls_pair *pair = *state;
    struct error err = ERROR_IN(pair->arena);

    shake(pair);
    assert_int_equal(write(pair->fds[0], "EHLO plain\r\n", 12), 12);
    assert_null(tls_accept(pair->server_context, &pair->below[1].channel, &pair->server_request, deadline_in(5), &err));
    assert_true(str_starts(err.text, "(SSL_accept): error:"));
    assert_true(str_ends(err.text, "wrong version number"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_talk),
        TEST(test_facts),
        TEST(test_older_version),
        TEST(test_bindings),
        TEST(test_no_binding_without_extended_master_secret),
        TEST(test_resumption),
        TEST(test_resumption_elsewhere),
        TEST(test_alpn),
        TEST(test_deadline),
        TEST(test_no_tls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
