/* Unit tests for src/tls: handshakes, data, facts, bindings, resumption. */
#include "testing.h"

#include <unistd.h>

#include "temp_files.h"
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

/* --- Verifying */

/* The server's own certificate as the only authority that its client trusts. */
static void trust_server(struct tls_pair *pair, struct temp_files *files, struct tls_client_settings *settings)
{
    shake(pair);
    settings->verify_certificates = temp_file(files, "ca.pem", tls_facts(pair->server)->own_certificate.s);
    tls_pair_use(pair, settings);
}

struct verify_log {
    struct arena *arena;
    struct str last;
};

static void note_error(void *ctx, struct str text)
{
    struct verify_log *log = ctx;

    log->last = str_copy(log->arena, text);
}

static void test_verification(void **state)
{
    struct tls_pair *pair = *state;
    struct tls_client_settings settings = {.certificate = STR_NULL};
    struct verify_log log = {.arena = pair->arena, .last = STR_NULL};
    void *files;

    assert_int_equal(temp_files_setup(&files), 0);
    pair->client_request = (struct tls_client_request){.verify_error = note_error, .ctx = &log};

    /* Nobody is trusted. */
    pair->client_request.verify = TLS_VERIFY_TRY;
    shake(pair);
    assert_false(tls_facts(pair->client)->certificate_verified);
    assert_true(tls_facts(pair->client)->verify_tried);
    assert_true(str_starts(log.last, "SSL verify error: depth=0 error=self-signed certificate cert=/O=Gatepost"));
    pair->client_request.verify = TLS_VERIFY_REQUIRED;
    assert_false(tls_pair_shake(pair));
    assert_true(str_starts(pair->client_error.text, "(SSL_connect): error:0A000086:"));
    assert_true(str_ends(pair->client_error.text, "certificate verify failed"));

    pair->client_request.verify = TLS_VERIFY_NONE;
    trust_server(pair, files, &settings);
    log.last = STR_NULL;
    pair->client_request.verify = TLS_VERIFY_REQUIRED;
    shake(pair);
    assert_true(tls_facts(pair->client)->certificate_verified);
    pair->client_request.verify_name = STR("mail.test");
    shake(pair);
    assert_true(tls_facts(pair->client)->certificate_verified);
    assert_true(str_is_null(log.last));

    /* The right authority, the wrong host. */
    pair->client_request.verify_name = STR("other.test");
    assert_false(tls_pair_shake(pair));
    assert_true(str_is(log.last, "SSL verify error: certificate name mismatch: DN=\"/O=Gatepost/CN=mail.test\" "
                                 "H=\"other.test\""));
    pair->client_request.verify = TLS_VERIFY_TRY;
    shake(pair);
    assert_false(tls_facts(pair->client)->certificate_verified);
    pair->client_request.verify_name = STR("192.0.2.1");
    shake(pair);
    assert_false(tls_facts(pair->client)->certificate_verified);
    temp_files_teardown(&files);
}

/* Nothing is stapled: that is told, and enough to fail where a status is required. */
static void test_status_required(void **state)
{
    struct tls_pair *pair = *state;

    pair->client_request.request_ocsp = true;
    shake(pair);
    assert_int_equal(tls_facts(pair->client)->ocsp, 1);
    assert_int_equal(tls_facts(pair->server)->ocsp, 1);
    pair->client_request.require_ocsp = true;
    assert_false(tls_pair_shake(pair));
    assert_true(str_is(pair->client_error.text, "(SSL_connect): no OCSP status was stapled"));
}

static void test_small_group(void **state)
{
    struct tls_pair *pair = *state;
    struct tls_server_settings settings = tls_pair_server_settings();

    settings.eccurve = STR("");
    tls_pair_serve(pair, &settings);
    pair->client_request.dh_min_bits = 2048;
    shake(pair);
    pair->client_request.dh_min_bits = 3072;
    assert_false(tls_pair_shake(pair));
    assert_true(str_ends(pair->client_error.text, "has 2048 bits, fewer than tls_dh_min_bits"));
}

/* --- Settings that are no good */

static void expect_refusal(struct tls_pair *pair, const struct tls_server_settings *settings, const char *begin)
{
    struct error err = ERROR_IN(pair->arena);

    assert_null(tls_server_context_new(settings, &err));
    if (!str_starts(err.text, begin))
        fail_msg("%.*s", STR_ARG(err.text));
}

static void test_bad_settings(void **state)
{
    struct tls_pair *pair = *state;
    struct tls_server_settings good = tls_pair_server_settings(), bad;

    bad = good, bad.certificate = STR("/nowhere/a.pem");
    expect_refusal(pair, &bad, "(SSL_CTX_use_certificate_chain_file file=/nowhere/a.pem): error:");
    bad = good, bad.require_ciphers = STR("NO-SUCH");
    expect_refusal(pair, &bad, "(SSL_CTX_set_cipher_list): error:0A0000B9:SSL routines::no cipher match");
    bad = good, bad.dhparam = STR("ike99");
    expect_refusal(pair, &bad, "(Unknown standard DH prime): \"ike99\"");
    bad = good, bad.eccurve = STR("no-curve");
    expect_refusal(pair, &bad, "(Unknown curve name tls_eccurve 'no-curve')");
    bad = good, bad.verifies = true, bad.verify_certificates = STR("/nowhere/ca.pem");
    expect_refusal(pair, &bad, "(SSL_CTX_load_verify_locations file=/nowhere/ca.pem): error:");
    bad = good, bad.verifies = true, bad.crl = STR("/nowhere/crl");
    expect_refusal(pair, &bad, "(X509_load_crl_file file=/nowhere/crl): error:");
}

static void test_openssl_options(void **state)
{
    struct tls_pair *pair = *state;
    struct error err = ERROR_IN(pair->arena);

    assert_true(tls_openssl_options_check(STR(""), &err));
    assert_true(tls_openssl_options_check(STR(" -all +microsoft_big_sslv3_buffer +no_tlsv1_3 "), &err));
    assert_false(tls_openssl_options_check(STR("+no_sslv2 +nonsense"), &err));
    assert_true(str_is(err.text, "openssl_options: unrecognised item \"+nonsense\""));
    assert_false(tls_openssl_options_check(STR("no_sslv2"), &err));
    assert_true(str_is(err.text, "malformed openssl_options setting: \"+\" or \"-\" expected but found \"no_sslv2\""));
}

static void count_file(void *ctx, const char *path)
{
    (void)path;
    ++*(int *)ctx;
}

static void test_stale_files(void **state)
{
    struct tls_pair *pair = *state;
    struct tls_client_settings settings = {.certificate = STR_NULL};
    struct error err = ERROR_IN(pair->arena);
    struct tls_context *context;
    void *files;
    int count = 0;

    assert_int_equal(temp_files_setup(&files), 0);
    trust_server(pair, files, &settings);
    context = tls_context_keep(pair->client_context);
    tls_context_files(context, count_file, &count);
    assert_int_equal(count, 1);
    assert_false(tls_context_is_stale(context));
    temp_file(files, "ca.pem", "other");
    assert_true(tls_context_is_stale(context));
    unlink(settings.verify_certificates.s);
    assert_true(tls_context_is_stale(context));
    tls_context_free(context);
    assert_null(tls_client_context_new(&settings, &err));
    temp_files_teardown(&files);
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
        TEST(test_verification),
        TEST(test_status_required),
        TEST(test_small_group),
        TEST(test_bad_settings),
        TEST(test_openssl_options),
        TEST(test_stale_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
