/* The option openssl_options: OpenSSL's own switches, by the names that the manual gives them. */
#include <string.h>

#include "base/ascii.h"
#include "tls/private.h"

struct row {
    const char *name;
    uint64_t bits; /* 0: OpenSSL has not got it any more, which is what asking for it came to */
};

/* In alphabetical order. */
static const struct row rows[] = {
    {"all", SSL_OP_ALL},
    {"allow_no_dhe_kex", SSL_OP_ALLOW_NO_DHE_KEX},
    {"allow_unsafe_legacy_renegotiation", SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION},
    {"cipher_server_preference", SSL_OP_CIPHER_SERVER_PREFERENCE},
    {"cookie_exchange", SSL_OP_COOKIE_EXCHANGE},
    {"cryptopro_tlsext_bug", SSL_OP_CRYPTOPRO_TLSEXT_BUG},
    {"dont_insert_empty_fragments", SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS},
    {"enable_middlebox_compat", SSL_OP_ENABLE_MIDDLEBOX_COMPAT},
    {"ephemeral_rsa", 0},
    {"ignore_unexpected_eof", SSL_OP_IGNORE_UNEXPECTED_EOF},
    {"legacy_server_connect", SSL_OP_LEGACY_SERVER_CONNECT},
    {"microsoft_big_sslv3_buffer", 0},
    {"microsoft_sess_id_bug", 0},
    {"msie_sslv2_rsa_padding", 0},
    {"netscape_challenge_bug", 0},
    {"netscape_reuse_cipher_change_bug", 0},
    {"no_anti_replay", SSL_OP_NO_ANTI_REPLAY},
    {"no_compression", SSL_OP_NO_COMPRESSION},
    {"no_encrypt_then_mac", SSL_OP_NO_ENCRYPT_THEN_MAC},
    {"no_extended_master_secret", SSL_OP_NO_EXTENDED_MASTER_SECRET},
    {"no_renegotiation", SSL_OP_NO_RENEGOTIATION},
    {"no_session_resumption_on_renegotiation", SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION},
    {"no_sslv2", 0},
    {"no_sslv3", SSL_OP_NO_SSLv3},
    {"no_ticket", SSL_OP_NO_TICKET},
    {"no_tlsv1", SSL_OP_NO_TLSv1},
    {"no_tlsv1_1", SSL_OP_NO_TLSv1_1},
    {"no_tlsv1_2", SSL_OP_NO_TLSv1_2},
    {"no_tlsv1_3", SSL_OP_NO_TLSv1_3},
    {"prioritize_chacha", SSL_OP_PRIORITIZE_CHACHA},
    {"safari_ecdhe_ecdsa_bug", SSL_OP_SAFARI_ECDHE_ECDSA_BUG},
    {"single_dh_use", 0},
    {"single_ecdh_use", 0},
    {"ssleay_080_client_dh_bug", 0},
    {"sslref2_reuse_cert_type_bug", 0},
    {"tls_block_padding_bug", 0},
    {"tls_d5_bug", 0},
    {"tls_rollback_bug", SSL_OP_TLS_ROLLBACK_BUG},
    {"tlsext_padding", SSL_OP_TLSEXT_PADDING},
};

static const struct row *find(const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strlen(rows[i].name) == n && memcmp(rows[i].name, name, n) == 0)
            return &rows[i];
    return NULL;
}

bool tls_openssl_options_apply(struct str value, uint64_t *mask, struct error *err)
{
    size_t i = 0;

    for (;;) {
        while (i < value.n && ascii_is_space(value.s[i]))
            i++;
        if (i == value.n)
            return true;
        char sign = value.s[i];
        size_t end = i + 1;

        while (end < value.n && !ascii_is_space(value.s[end]))
            end++;
        if (sign != '+' && sign != '-')
            return error_set(err, "malformed openssl_options setting: \"+\" or \"-\" expected but found \"%.*s\"",
                             (int)(end - i), value.s + i);
        const struct row *row = find(value.s + i + 1, end - i - 1);

        if (row == NULL)
            return error_set(err, "openssl_options: unrecognised item \"%.*s\"", (int)(end - i), value.s + i);
        *mask = sign == '+' ? *mask | row->bits : *mask & ~row->bits;
        i = end;
    }
}

bool tls_openssl_options_check(struct str value, struct error *err)
{
    uint64_t mask = 0;

    return tls_openssl_options_apply(value, &mask, err);
}
