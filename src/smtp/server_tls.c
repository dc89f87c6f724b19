/* TLS as the main options ask for it: see server_tls.h. */
#include "smtp/server_tls.h"

#include <string.h>

/* An option, and the setting it makes. */
struct row {
    const char *name;
    size_t option, setting;
    bool names_files;
};

#define ROW(option_, setting_, names_files_) \
    {#option_, offsetof(struct main_options, option_), offsetof(struct tls_server_settings, setting_), names_files_}
static const struct row rows[] = {
    ROW(tls_certificate, certificate, true),
    ROW(tls_privatekey, privatekey, true),
    ROW(tls_verify_certificates, verify_certificates, true),
    ROW(tls_crl, crl, true),
    ROW(tls_require_ciphers, require_ciphers, false),
    ROW(tls_dhparam, dhparam, true),
    ROW(tls_eccurve, eccurve, false),
    ROW(tls_ocsp_file, ocsp_file, true),
    ROW(tls_alpn, alpn, false),
};
#undef ROW
enum { ROWS = sizeof rows / sizeof *rows };

/* Contexts that were made for connections: each for one outcome of the options. The oldest goes first. */
enum { CACHED = 32 };
struct cached {
    struct arena *arena;
    struct str key;
    struct tls_context *context; /* NULL: no entry */
};

struct server_tls {
    const struct main_options *options;
    const struct scope_process *process;
    bool constant; /* nothing depends on the connection */
    bool wants_sni;
    struct tls_context *ahead; /* NULL: none was made */
    struct tls_ticket_keys *keys;
    struct cached cache[CACHED];
    unsigned newest;
};

static const struct template *option_of(const struct server_tls *tls, const struct row *row)
{
    return *(const struct template *const *)((const char *)tls->options + row->option);
}

static struct str *setting_of(struct tls_server_settings *settings, const struct row *row)
{
    return (struct str *)((char *)settings + row->setting);
}

/* What does not come from expansions. */
static struct tls_server_settings fixed_settings(const struct server_tls *tls)
{
    return (struct tls_server_settings){
        .openssl_options = tls->options->openssl_options,
        .dh_max_bits = tls->options->tls_dh_max_bits,
        .host_name = tls->process->primary_hostname,
        .verifies = tls->options->tls_verify_hosts != NULL || tls->options->tls_try_verify_hosts != NULL,
    };
}

static void forget(struct cached *entry)
{
    tls_context_free(entry->context);
    arena_free(entry->arena);
    *entry = (struct cached){.context = NULL};
}

static void free_server_tls(void *p)
{
    struct server_tls *tls = p;

    for (unsigned i = 0; i < CACHED; i++)
        forget(&tls->cache[i]);
    tls_context_free(tls->ahead);
    tls_ticket_keys_free(tls->keys);
}

struct server_tls *server_tls_new(struct arena *arena, const struct main_options *options,
                                  const struct scope_process *process)
{
    struct server_tls *tls = ARENA_NEW(arena, struct server_tls);
    const struct template *certificate = options->tls_certificate;

    tls->options = options;
    tls->process = process;
    tls->wants_sni = certificate != NULL && strstr(template_source(certificate).s, "tls_in_sni") != NULL;
    tls->constant = true;
    for (int i = 0; i < ROWS; i++) {
        const struct template *t = option_of(tls, &rows[i]);

        tls->constant = tls->constant && (t == NULL || template_is_unchanging(t));
    }
    if (options->tls_resumption_hosts != NULL)
        tls->keys = tls_ticket_keys_new();
    arena_defer(arena, free_server_tls, tls);
    return tls;
}

/* A forced failure leaves an option unset (manual, 43.6). */
static bool expand_settings(const struct server_tls *tls, struct scope *scope, struct tls_server_settings *settings,
                            struct error *err)
{
    *settings = fixed_settings(tls);
    for (int i = 0; i < ROWS; i++) {
        struct error why = ERROR_IN(scope->arena);
        struct str *value = setting_of(settings, &rows[i]);

        switch (expand(scope, option_of(tls, &rows[i]), scope->arena, value, &why)) {
        case EXPAND_OK:
            break;
        case EXPAND_FORCED:
            *value = STR_NULL;
            break;
        case EXPAND_FAILED:
        case EXPAND_DEFER:
            return error_set(err, "(%s): expansion failed: %.*s", rows[i].name, STR_ARG(why.text));
        }
    }
    return true;
}

bool server_tls_prepare(struct server_tls *tls, struct error *err)
{
    struct scope scope = {.arena = err->arena, .process = tls->process, .services = &smtp_services};
    struct tls_server_settings settings;
    struct tls_context *fresh;

    if (!tls->constant)
        return true;
    fresh = expand_settings(tls, &scope, &settings, err) ? tls_server_context_new(&settings, err) : NULL;
    if (fresh == NULL)
        return false;
    tls_context_free(tls->ahead);
    tls->ahead = fresh;
    return true;
}

bool server_tls_is_stale(const struct server_tls *tls)
{
    return tls->ahead != NULL && tls_context_is_stale(tls->ahead);
}

void server_tls_files(const struct server_tls *tls, void (*each)(void *ctx, const char *path), void *ctx)
{
    if (tls->ahead != NULL)
        tls_context_files(tls->ahead, each, ctx);
}

struct tls_ticket_keys *server_tls_keys(const struct server_tls *tls)
{
    return tls->keys;
}

bool server_tls_wants_sni(const struct server_tls *tls)
{
    return tls->wants_sni;
}

/* --- For one connection */

/* Settings as one string. */
static struct str key_of(struct arena *arena, struct tls_server_settings *settings)
{
    struct buffer key = BUFFER_IN(arena);

    for (int i = 0; i < ROWS; i++) {
        struct str value = *setting_of(settings, &rows[i]);

        buffer_printf(&key, "%zu ", value.n);
        buffer_add(&key, value);
    }
    return buffer_str(&key);
}

/* A client must not say which files are read. */
static bool is_clean(struct tls_server_settings *settings, struct error *err)
{
    for (int i = 0; i < ROWS; i++) {
        struct str value = *setting_of(settings, &rows[i]);

        if (value.tainted && rows[i].names_files)
            return error_set(err, "(%s): tainted filename '%.*s'", rows[i].name, STR_ARG(value));
    }
    return true;
}

static struct cached *find(struct server_tls *tls, struct str key)
{
    for (unsigned i = 0; i < CACHED; i++)
        if (tls->cache[i].context != NULL && str_eq(tls->cache[i].key, key))
            return &tls->cache[i];
    return NULL;
}

static struct tls_context *make(struct server_tls *tls, const struct tls_server_settings *settings,
                                struct str key, struct error *err)
{
    struct tls_context *context = tls_server_context_new(settings, err);
    struct cached *entry;

    if (context == NULL)
        return NULL;
    tls->newest = (tls->newest + 1) % CACHED;
    entry = &tls->cache[tls->newest];
    forget(entry);
    entry->arena = arena_new(ARENA_PLAIN);
    entry->key = str_copy(entry->arena, key);
    entry->context = context;
    return context;
}

struct tls_context *server_tls_context(struct smtp_session *s, struct error *err)
{
    struct server_tls *tls = s->prepared->tls;
    struct tls_server_settings settings;
    struct cached *entry;
    struct str key;

    if (tls->ahead != NULL)
        return tls->ahead;
    if (!expand_settings(tls, &s->scope, &settings, err) || !is_clean(&settings, err))
        return NULL;
    key = key_of(s->scratch, &settings);
    entry = find(tls, key);
    if (entry != NULL && !tls_context_is_stale(entry->context))
        return entry->context;
    if (entry != NULL)
        forget(entry);
    return make(tls, &settings, key, err);
}
