/* Session tickets (RFC 5077; RFC 8446 section 4.6.1). They are sealed with a key that changes each hour. The next
 * key is computed from the one at hand, which then goes: so all workers come to the same keys without a word
 * between them, and nobody can open a ticket later on that was sealed before the last key but one. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "tls/private.h"

enum {
    KEY = 32,
    NAME = 16,
    TURN_MS = 60 * 60 * 1000,
    LIFETIME = 2 * 60 * 60, /* seconds that a session may be resumed */
};

struct tls_ticket_keys {
    int64_t turn; /* the hour that `current` is for */
    unsigned char current[KEY], previous[KEY];
};

/* A key for one purpose. */
static void derive(const unsigned char from[KEY], const char *label, unsigned char to[KEY])
{
    unsigned char key[KEY];
    size_t n = 0;

    memcpy(key, from, KEY);
    EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, KEY, (const unsigned char *)label, strlen(label), to, KEY, &n);
    secret_wipe(key, sizeof key);
}

struct tls_ticket_keys *tls_ticket_keys_new(void)
{
    struct tls_ticket_keys *keys = malloc(sizeof *keys);

    if (keys == NULL)
        return NULL;
    keys->turn = clock_now_ms() / TURN_MS;
    random_octets(keys->current, KEY);
    random_octets(keys->previous, KEY); /* never used: nothing was sealed with it */
    return keys;
}

void tls_ticket_keys_free(struct tls_ticket_keys *keys)
{
    if (keys == NULL)
        return;
    secret_wipe(keys, sizeof *keys);
    free(keys);
}

void tls_ticket_keys_turn(struct tls_ticket_keys *keys)
{
    int64_t now = clock_now_ms() / TURN_MS;

    for (; keys->turn < now; keys->turn++) {
        memcpy(keys->previous, keys->current, KEY);
        derive(keys->previous, "next", keys->current);
    }
}

/* Sets up sealing or opening with a key. */
static bool set_up(const unsigned char key[KEY], const unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                   int sealing)
{
    unsigned char encrypting[KEY], signing[KEY];
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, signing, sizeof signing),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    bool good;

    derive(key, "encrypting", encrypting);
    derive(key, "signing", signing);
    good = EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, encrypting, iv, sealing) == 1 &&
           EVP_MAC_CTX_set_params(mac, parameters) == 1;
    secret_wipe(encrypting, sizeof encrypting);
    secret_wipe(signing, sizeof signing);
    return good;
}

/* OpenSSL asks: 1: use it, 2: use it and issue another, 0: no such key, -1: failed. */
static int ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                      int sealing)
{
    struct tls_ticket_keys *keys = tls_connection_of(ssl)->server.keys;
    const unsigned char *candidates[2];
    unsigned char known[KEY];

    if (keys == NULL)
        return 0;
    tls_ticket_keys_turn(keys);
    if (sealing) {
        tls_connection_of(ssl)->ticket_issued = true;
        derive(keys->current, "name", known);
        memcpy(name, known, NAME);
        random_octets(iv, (size_t)EVP_CIPHER_get_iv_length(EVP_aes_256_cbc()));
        return set_up(keys->current, iv, cipher, mac, 1) ? 1 : -1;
    }
    candidates[0] = keys->current;
    candidates[1] = keys->previous;
    for (int i = 0; i < 2; i++) {
        derive(candidates[i], "name", known);
        if (memcmp(name, known, NAME) == 0)
            return set_up(candidates[i], iv, cipher, mac, 0) ? 1 + i : -1;
    }
    return 0;
}

void tls_use_ticket_keys(struct tls_context *context)
{
    SSL_CTX_set_timeout(context->ssl_ctx, LIFETIME);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context->ssl_ctx, ticket_key);
}
