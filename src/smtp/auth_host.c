/* What authenticators may ask of a session: see auth_host.h. */
#include "smtp/auth_host.h"

#include "base/print.h"
#include "smtp/outgoing_tls.h"

static enum auth_expand expand_for(struct auth_exchange *x, const struct template *t, struct str *value)
{
    struct smtp_session *s = x->host_ctx;
    struct error err = ERROR_IN(x->arena);
    struct arena *working = s->scope.arena;
    enum expand_status status;

    s->scope.arena = x->arena; /* what lists keep of the strings they see is wiped, too */
    scope_show_auth(&s->scope, x->vars, x->numbers,
                    x->count < AUTH_NUMBERS ? x->count : AUTH_NUMBERS);
    status = expand(&s->scope, t, x->arena, value, &err);
    scope_hide_auth(&s->scope);
    s->scope.arena = working;
    x->message = status == EXPAND_OK ? STR_NULL : err.text;
    switch (status) {
    case EXPAND_OK:
        return AUTH_EXPAND_OK;
    case EXPAND_FORCED:
        return AUTH_EXPAND_FORCED;
    case EXPAND_DEFER:
        return AUTH_EXPAND_DEFER;
    case EXPAND_FAILED:
        break;
    }
    return AUTH_EXPAND_FAILED;
}

static bool describe_peer(struct auth_exchange *x, struct auth_peer *peer)
{
    const struct smtp_session *s = x->host_ctx;
    const struct scope_connection *c = &s->connection;

    *peer = (struct auth_peer){
        .host_name = s->options->primary_hostname,
        .remote_address = c->host_address,
        .remote_port = c->host_port,
        .local_address = c->interface_address,
        .local_port = c->interface_port,
        .tls = c->tls_in.active,
        .tls_certificate_verified = c->tls_in.certificate_verified,
        .tls_cipher = c->tls_in.cipher,
        .tls_bits = c->tls_in.bits,
        .tls_peer_name = c->tls_in.certificate_verified ? tls_facts(s->tls)->peer_name : STR_NULL,
    };
    return true;
}

/* Without TLS there is no channel to bind to. */
static bool channel_binding(struct auth_exchange *x, const char *type, struct str *data)
{
    const struct smtp_session *s = x->host_ctx;

    *data = STR_NULL;
    return s->tls != NULL && tls_channel_binding(s->tls, type, x->arena, data);
}

static bool offered(struct auth_exchange *x, struct str mechanism)
{
    const struct smtp_session *s = x->host_ctx;

    for (size_t i = 0; i < s->prepared->server_count; i++)
        if (s->advertised[i] && str_eq_nocase(s->prepared->mechanisms[i], mechanism))
            return true;
    return false;
}

static struct channel *tls_to_service(struct auth_exchange *x, struct channel *below, struct str host,
                                      int64_t deadline)
{
    struct error why = ERROR_IN(x->arena);
    struct channel *channel = smtp_outgoing_tls(x->arena, below, host, deadline, &why);

    x->message = channel ? STR_NULL : str_join(x->arena, STR("TLS session: "), why.text);
    return channel;
}

__attribute__((format(printf, 2, 3))) static void debug_line(struct auth_exchange *x, const char *format, ...)
{
    struct buffer b = BUFFER_IN(x->arena);
    struct str text;
    va_list args;

    if (!debug_on(DEBUG_auth))
        return;
    va_start(args, format);
    buffer_vprintf(&b, format, args);
    va_end(args);
    text = buffer_str(&b);
    if (text.n > 0 && text.s[text.n - 1] == '\n')
        text.n--;
    debug(DEBUG_auth, "%.*s\n", STR_ARG(printable(x->arena, text)));
}

__attribute__((format(printf, 3, 0))) static void write_log(struct auth_exchange *x, unsigned target, const char *format,
                                                            va_list args)
{
    struct buffer b = BUFFER_IN(x->arena);

    buffer_vprintf(&b, format, args);
    log_write_str(target, buffer_str(&b));
}

__attribute__((format(printf, 2, 3))) static void log_line(struct auth_exchange *x, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_log(x, LOG_MAIN, format, args);
    va_end(args);
}

__attribute__((format(printf, 2, 3))) static void log_reject_line(struct auth_exchange *x, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_log(x, LOG_REJECT, format, args);
    va_end(args);
}

const struct auth_host smtp_auth_host = {
    .expand = expand_for,
    .peer = describe_peer,
    .channel_binding = channel_binding,
    .offered = offered,
    .tls = tls_to_service,
    .debug = debug_line,
    .log = log_line,
    .log_reject = log_reject_line,
};
