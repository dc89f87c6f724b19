/* Groups for key agreement: tls_dhparam, for the finite-field Diffie-Hellman of TLS 1.2 and older, and
 * tls_eccurve. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "tls/private.h"

struct row {
    const char *name;
    const char *group;              /* OpenSSL's name */
    BIGNUM *(*prime)(BIGNUM *bn);   /* ... or, of a group that has none, its prime; the generator is 2 */
};

/* The names that the manual gives to groups of RFC 2409, 3526, 5114 and 7919. */
static const struct row rows[] = {
    {"ffdhe2048", "ffdhe2048", NULL},  {"ffdhe3072", "ffdhe3072", NULL}, {"ffdhe4096", "ffdhe4096", NULL},
    {"ffdhe6144", "ffdhe6144", NULL},  {"ffdhe8192", "ffdhe8192", NULL},
    {"ike1", NULL, BN_get_rfc2409_prime_768}, {"ike2", NULL, BN_get_rfc2409_prime_1024},
    {"ike5", "modp_1536", NULL},       {"ike14", "modp_2048", NULL},     {"ike15", "modp_3072", NULL},
    {"ike16", "modp_4096", NULL},      {"ike17", "modp_6144", NULL},     {"ike18", "modp_8192", NULL},
    {"ike22", "dh_1024_160", NULL},    {"ike23", "dh_2048_224", NULL},   {"ike24", "dh_2048_256", NULL},
};

/* Parameters to a key that holds nothing else. */
static EVP_PKEY *from_parameters(const char *type, OSSL_PARAM *parameters)
{
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    if (maker == NULL || parameters == NULL || EVP_PKEY_fromdata_init(maker) != 1 ||
        EVP_PKEY_fromdata(maker, &key, EVP_PKEY_KEY_PARAMETERS, parameters) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(maker);
    return key;
}

static EVP_PKEY *named_group(const char *name)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *parameters = NULL;
    EVP_PKEY *key;

    if (builder != NULL && OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, name, 0) == 1)
        parameters = OSSL_PARAM_BLD_to_param(builder);
    key = from_parameters("DH", parameters);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    return key;
}

static EVP_PKEY *prime_group(BIGNUM *(*prime)(BIGNUM *bn))
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *parameters = NULL;
    BIGNUM *p = prime(NULL), *g = BN_new();
    EVP_PKEY *key;

    if (builder != NULL && p != NULL && g != NULL && BN_set_word(g, 2) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_FFC_P, p) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_FFC_G, g) == 1)
        parameters = OSSL_PARAM_BLD_to_param(builder);
    key = from_parameters("DH", parameters);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    BN_free(p);
    BN_free(g);
    return key;
}

static EVP_PKEY *read_file(const char *path)
{
    BIO *bio = BIO_new_file(path, "r");
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_Parameters(bio, NULL);

    BIO_free(bio);
    return key;
}

/* Gives the group to the context, which owns it then. One with more bits than allowed is none at all. */
static bool use(struct tls_context *context, EVP_PKEY *key, int max_bits, struct error *err)
{
    if (EVP_PKEY_get_bits(key) > max_bits) {
        EVP_PKEY_free(key);
        return true;
    }
    if (SSL_CTX_set0_tmp_dh_pkey(context->ssl_ctx, key) == 1)
        return true;
    EVP_PKEY_free(key);
    return tls_error(err, "SSL_CTX_set0_tmp_dh_pkey");
}

static const struct row *find(struct str name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (str_is(name, rows[i].name))
            return &rows[i];
    return NULL;
}

/* "historic" is for GnuTLS. Exim's own primes are not published with the reasons for them: who asks for these gets a group of RFC 7919,
 * as strong as the certificate. */
static bool is_default(struct str name)
{
    return name.n == 0 || str_is(name, "default") || str_is(name, "historic") ||
           str_starts(name, "exim.dev.20160529.");
}

bool tls_set_dh(struct tls_context *context, struct str dhparam, int max_bits, struct error *err)
{
    const struct row *row;
    EVP_PKEY *key;

    ERR_clear_error();
    if (str_is(dhparam, "none"))
        return true;
    if (is_default(dhparam)) {
        SSL_CTX_set_dh_auto(context->ssl_ctx, 1);
        return true;
    }
    if (str_starts(dhparam, "/")) {
        tls_context_uses_file(context, dhparam);
        key = read_file(dhparam.s);
        return key != NULL ? use(context, key, max_bits, err)
                           : tls_error_file(err, "could not read dhparams", dhparam);
    }
    row = find(dhparam);
    if (row == NULL)
        return error_set(err, "(Unknown standard DH prime): \"%.*s\"", STR_ARG(dhparam));
    key = row->group != NULL ? named_group(row->group) : prime_group(row->prime);
    return key != NULL ? use(context, key, max_bits, err) : tls_error(err, "tls_dhparam");
}

bool tls_set_curves(struct tls_context *context, struct str eccurve, struct error *err)
{
    if (str_is(eccurve, "auto"))
        return true;
    /* Without curves there are still the groups of RFC 7919. */
    ERR_clear_error();
    if (SSL_CTX_set1_groups_list(context->ssl_ctx, eccurve.n > 0 ? eccurve.s : "ffdhe2048:ffdhe3072") == 1)
        return true;
    return tls_error(err, str_printf(err->arena, "Unknown curve name tls_eccurve '%.*s'", STR_ARG(eccurve)).s);
}
