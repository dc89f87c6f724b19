/* Contexts: what both sides have in common, and the files behind them. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/strlist.h"
#include "tls/private.h"

/* Keys with a pass phrase are of no use to a server: nobody is there to be asked. */
static int no_pass_phrase(char *buffer, int size, int writing, void *ctx)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)ctx;
    return 0;
}

struct tls_context *tls_context_new(const SSL_METHOD *method, struct str openssl_options, struct error *err)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct tls_context *context = ARENA_NEW(arena, struct tls_context);
    uint64_t options = 0;

    context->arena = arena;
    context->uses = 1;
    context->ssl_ctx = SSL_CTX_new(method);
    if (context->ssl_ctx == NULL) {
        tls_error(err, "SSL_CTX_new");
        tls_context_free(context);
        return NULL;
    }
    if (!tls_openssl_options_apply(openssl_options, &options, err)) {
        tls_context_free(context);
        return NULL;
    }
    SSL_CTX_set_options(context->ssl_ctx, options);
    SSL_CTX_set_mode(context->ssl_ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_read_ahead(context->ssl_ctx, 1);
    SSL_CTX_set_default_passwd_cb(context->ssl_ctx, no_pass_phrase);
    SSL_CTX_set_app_data(context->ssl_ctx, context);
    tls_context_add_policy(context, openssl_options);
    return context;
}

struct tls_context *tls_context_keep(struct tls_context *context)
{
    context->uses++;
    return context;
}

void tls_context_free(struct tls_context *context)
{
    if (context == NULL || --context->uses > 0)
        return;
    for (size_t i = 0; i < context->own_count; i++)
        ASN1_GENERALIZEDTIME_free(context->own[i].ocsp_until);
    SSL_CTX_free(context->ssl_ctx);
    arena_free(context->arena);
}

/* --- Files */

static void look(const char *path, struct tls_file *file)
{
    struct stat st;

    file->there = stat(path, &st) == 0;
    if (!file->there)
        return;
    file->modified = st.st_mtim;
    file->size = st.st_size;
    file->inode = st.st_ino;
}

void tls_context_uses_file(struct tls_context *context, struct str path)
{
    struct tls_file *file;

    if (path.n == 0)
        return;
    file = ARENA_NEW(context->arena, struct tls_file);
    file->path = str_copy(context->arena, path).s;
    look(file->path, file);
    tls_context_add_policy(context, str_printf(context->arena, "%s %lld %lld.%09ld", file->path,
                                               (long long)file->size, (long long)file->modified.tv_sec,
                                               file->modified.tv_nsec));
    file->next = context->files;
    context->files = file;
}

bool tls_context_is_stale(const struct tls_context *context)
{
    for (const struct tls_file *file = context->files; file != NULL; file = file->next) {
        struct tls_file now = {.next = NULL};

        look(file->path, &now);
        if (now.there != file->there || now.size != file->size || now.inode != file->inode ||
            now.modified.tv_sec != file->modified.tv_sec || now.modified.tv_nsec != file->modified.tv_nsec)
            return true;
    }
    return false;
}

void tls_context_files(const struct tls_context *context, void (*each)(void *ctx, const char *path), void *ctx)
{
    for (const struct tls_file *file = context->files; file != NULL; file = file->next)
        each(ctx, file->path);
}

/* --- Small parts */

/* Underscores are from GnuTLS's names (manual, 43.2). Of TLS 1.3 nothing is said here (43.4). */
bool tls_set_ciphers(struct tls_context *context, struct str ciphers, struct error *err)
{
    struct buffer list = BUFFER_IN(context->arena);

    for (size_t i = 0; i < ciphers.n; i++)
        buffer_add_char(&list, ciphers.s[i] == '_' ? '-' : ciphers.s[i]);
    ERR_clear_error();
    return SSL_CTX_set_cipher_list(context->ssl_ctx, buffer_str(&list).s) == 1 ||
           tls_error(err, "SSL_CTX_set_cipher_list");
}

void tls_context_add_policy(struct tls_context *context, struct str setting)
{
    struct buffer all = BUFFER_IN(context->arena);
    size_t n = 0;

    buffer_add_n(&all, (const char *)context->policy, sizeof context->policy);
    buffer_printf(&all, "%zu ", setting.n);
    buffer_add(&all, setting);
    EVP_Q_digest(NULL, "SHA256", NULL, all.s, all.n, context->policy, &n);
}

struct str tls_alpn_wire(struct arena *arena, struct str list)
{
    enum { LONGEST = 255 };
    struct buffer wire = BUFFER_IN(arena);
    struct strlist it;
    struct str name;

    strlist_begin(&it, list, ':');
    while (strlist_next(&it, arena, &name)) {
        if (name.n == 0 || name.n > LONGEST)
            continue;
        buffer_add_char(&wire, (char)name.n);
        buffer_add(&wire, name);
    }
    return buffer_str(&wire);
}
