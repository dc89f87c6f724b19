/* Certificates, keys, and the authorities and revocation lists that verify those of others. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/strlist.h"
#include "tls/private.h"

/* --- Our own */

static bool load_list(struct tls_context *context, struct str list, const char *what,
                      int (*load)(SSL_CTX *ctx, const char *file), struct error *err)
{
    struct strlist it;
    struct str file;

    strlist_begin(&it, list, ':');
    while (strlist_next(&it, context->arena, &file)) {
        tls_context_uses_file(context, file);
        ERR_clear_error();
        if (load(context->ssl_ctx, file.s) != 1)
            return tls_error_file(err, what, file);
    }
    return true;
}

static int load_chain(SSL_CTX *ctx, const char *file)
{
    return SSL_CTX_use_certificate_chain_file(ctx, file);
}

static int load_key(SSL_CTX *ctx, const char *file)
{
    return SSL_CTX_use_PrivateKey_file(ctx, file, SSL_FILETYPE_PEM);
}

/* A key finds its certificate by its type, so the order of the lists does not matter. */
bool tls_load_certificates(struct tls_context *context, struct str certificates, struct str keys,
                           struct error *err)
{
    tls_context_add_policy(context, certificates);
    if (!load_list(context, certificates, "SSL_CTX_use_certificate_chain_file", load_chain, err) ||
        !load_list(context, keys.n > 0 ? keys : certificates, "SSL_CTX_use_PrivateKey_file", load_key, err))
        return false;
    return tls_note_certificates(context, err);
}

static bool note_current(struct tls_context *context, struct error *err)
{
    struct tls_own_certificate *own;

    if (SSL_CTX_get0_privatekey(context->ssl_ctx) == NULL || SSL_CTX_check_private_key(context->ssl_ctx) != 1)
        return tls_error(err, "SSL_CTX_check_private_key");
    context->own = arena_grow(context->arena, context->own, context->own_count * sizeof *own,
                              (context->own_count + 1) * sizeof *own);
    own = &context->own[context->own_count++];
    own->x509 = SSL_CTX_get0_certificate(context->ssl_ctx);
    own->pem = tls_certificate_pem(context->arena, own->x509);
    return true;
}

bool tls_note_certificates(struct tls_context *context, struct error *err)
{
    long more = SSL_CTX_set_current_cert(context->ssl_ctx, SSL_CERT_SET_FIRST);

    while (more == 1) {
        if (!note_current(context, err))
            return false;
        more = SSL_CTX_set_current_cert(context->ssl_ctx, SSL_CERT_SET_NEXT);
    }
    return true;
}

struct str tls_certificate_pem(struct arena *arena, X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    struct str pem = STR_NULL;
    char *data;

    if (bio != NULL && PEM_write_bio_X509(bio, certificate) == 1) {
        long n = BIO_get_mem_data(bio, &data);

        pem = str_copy_n(arena, data, (size_t)n, 0);
    }
    BIO_free(bio);
    return pem;
}

/* --- Others' */

static bool is_directory(struct str path)
{
    struct stat st;

    return stat(path.s, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A file's certificates are those of the authorities that a server tells its clients about (RFC 8446 section
 * 4.2.4): they find out by that which of theirs is wanted. */
static bool announce_file(struct tls_context *context, struct str file, struct error *err)
{
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file.s);

    if (names == NULL)
        return tls_error_file(err, "SSL_load_client_CA_file", file);
    SSL_CTX_set_client_CA_list(context->ssl_ctx, names);
    return true;
}

static bool load_authorities(struct tls_context *context, struct str place, bool announce, struct error *err)
{
    bool directory;

    if (str_is(place, "system") || str_is(place, "system,cache")) {
        if (SSL_CTX_set_default_verify_paths(context->ssl_ctx) != 1)
            return tls_error(err, "SSL_CTX_set_default_verify_paths");
        return true;
    }
    directory = is_directory(place);
    tls_context_uses_file(context, place);
    ERR_clear_error();
    if ((directory ? SSL_CTX_load_verify_dir(context->ssl_ctx, place.s)
                   : SSL_CTX_load_verify_file(context->ssl_ctx, place.s)) != 1)
        return tls_error_file(err, "SSL_CTX_load_verify_locations", place);
    return directory || !announce || announce_file(context, place, err);
}

/* With revocation lists at hand, every certificate of a chain needs one by its issuer. */
static bool load_crl(struct tls_context *context, struct str place, struct error *err)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context->ssl_ctx);
    X509_LOOKUP *lookup;
    bool directory = is_directory(place);

    tls_context_uses_file(context, place);
    ERR_clear_error();
    lookup = X509_STORE_add_lookup(store, directory ? X509_LOOKUP_hash_dir() : X509_LOOKUP_file());
    if (lookup == NULL ||
        (directory ? X509_LOOKUP_add_dir(lookup, place.s, X509_FILETYPE_PEM)
                   : X509_load_crl_file(lookup, place.s, X509_FILETYPE_PEM)) < 1)
        return tls_error_file(err, "X509_load_crl_file", place);
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return true;
}

bool tls_load_authorities(struct tls_context *context, struct str authorities, struct str crl,
                          bool announce, struct error *err)
{
    tls_context_add_policy(context, authorities);
    tls_context_add_policy(context, crl);
    return (authorities.n == 0 || load_authorities(context, authorities, announce, err)) &&
           (crl.n == 0 || load_crl(context, crl, err));
}
