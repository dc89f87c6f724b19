/* Variables about the other end of the connection: $sender_fullhost and others that are put together. */
#include "base/log.h"
#include "expand/variables.h"

/* "[address]", with ":port" behind it when ports are logged. */
static struct str bracketed(struct evaluation *ev, const struct scope_connection *peer, bool with_port)
{
    struct str host = peer->host_address;
    struct str text = with_port ? str_printf(ev->arena, "[%.*s]:%d", STR_ARG(host), peer->host_port)
                                : str_printf(ev->arena, "[%.*s]", STR_ARG(host));
    return text;
}

static bool is_remote(const struct scope *scope)
{
    return scope->connection != NULL && scope->connection->host_address.n > 0;
}

/* name (helo) [address]:port; the name when it is known, the HELO name when it says something else. */
GETTER(get_sender_fullhost)
{
    (void)variable;
    *value = STR("");
    if (!is_remote(ev->scope))
        return EXPAND_OK;
    const struct scope_connection *peer = ev->scope->connection;
    bool with_port = log_selected(LOG_SEL_incoming_port) && peer->host_port > 0;
    struct buffer text = BUFFER_IN(ev->arena);
    buffer_add(&text, peer->host_name);
    if (peer->host_name.n > 0)
        buffer_add_char(&text, ' ');
    if (peer->helo_name.n > 0 && !str_eq_nocase(peer->helo_name, peer->host_name)) {
        buffer_add_char(&text, '(');
        buffer_add(&text, peer->helo_name);
        buffer_add_cstr(&text, ") ");
    }
    buffer_add(&text, bracketed(ev, peer, with_port));
    *value = buffer_str(&text);
    return EXPAND_OK;
}

/* What Received: says in parentheses besides: port=, helo=, ident=. */
static struct str received_details(struct evaluation *ev, const struct scope_connection *peer, bool port,
                                   unsigned *count)
{
    struct buffer text = BUFFER_IN(ev->arena);
    *count = 0;
    if (port && ++*count)
        buffer_printf(&text, "port=%d", peer->host_port);
    struct str literal = bracketed(ev, peer, false);
    if (peer->helo_name.n > 0 && !str_eq_nocase(peer->helo_name, peer->host_name) &&
        !str_eq(peer->helo_name, literal)) {
        buffer_add_cstr(&text, (*count)++ > 0 ? " helo=" : "helo=");
        buffer_add(&text, peer->helo_name);
    }
    if (peer->ident.n > 0) {
        buffer_add_cstr(&text, (*count)++ > 0 ? " ident=" : "ident=");
        buffer_add(&text, peer->ident);
    }
    return buffer_str(&text);
}

/* name ([address]:port helo=... ident=...), or [address] (port=... helo=... ident=...). */
GETTER(get_sender_rcvhost)
{
    (void)variable;
    *value = STR("");
    if (!is_remote(ev->scope))
        return EXPAND_OK;
    const struct scope_connection *peer = ev->scope->connection;
    bool with_port = log_selected(LOG_SEL_incoming_port) && peer->host_port > 0;
    bool named = peer->host_name.n > 0;
    unsigned count;
    struct str details = received_details(ev, peer, with_port && !named, &count);
    struct buffer text = BUFFER_IN(ev->arena);
    if (named) {
        buffer_add(&text, peer->host_name);
        buffer_add_cstr(&text, count == 2 ? "\n\t(" : " (");
        buffer_add(&text, bracketed(ev, peer, with_port));
        if (count > 0)
            buffer_add_char(&text, ' ');
        buffer_add(&text, details);
        buffer_add_char(&text, ')');
    } else {
        buffer_add(&text, bracketed(ev, peer, false));
        if (count > 0) {
            buffer_add_cstr(&text, " (");
            buffer_add(&text, details);
            buffer_add_char(&text, ')');
        }
    }
    *value = buffer_str(&text);
    return EXPAND_OK;
}

/* Asking for the name is what has it looked up (manual, 11.9). */
GETTER(get_sender_host_name)
{
    (void)variable;
    struct scope *scope = ev->scope;
    *value = STR("");
    if (scope->connection == NULL)
        return EXPAND_OK;
    if (is_remote(scope) && !scope->connection->host_name_looked_up && scope->connection->host_name.n == 0 &&
        scope->services != NULL && scope->services->find_host_name != NULL)
        scope->services->find_host_name(scope);
    if (scope->connection->host_name.n > 0)
        *value = scope->connection->host_name;
    return EXPAND_OK;
}

GETTER(get_smtp_active_hostname)
{
    (void)variable;
    const struct scope *scope = ev->scope;
    *value = STR("");
    if (scope->connection != NULL && !str_is_null(scope->connection->active_hostname))
        *value = scope->connection->active_hostname;
    else if (scope->process != NULL && !str_is_null(scope->process->smtp_active_hostname_default))
        *value = scope->process->smtp_active_hostname_default;
    else if (scope->process != NULL && !str_is_null(scope->process->primary_hostname))
        *value = scope->process->primary_hostname;
    return EXPAND_OK;
}

GETTER(get_proxy_session)
{
    (void)variable;
    const struct scope_connection *peer = ev->scope->connection;
    *value = peer != NULL && peer->proxy_session ? STR("yes") : STR("no");
    return EXPAND_OK;
}

/* A digit that TLS reports; 0 when there is no TLS, or nothing was asked for. */
static struct str digit_or_zero(const struct scope *scope, struct str digit)
{
    return scope->connection != NULL && scope->connection->tls_in.active && digit.n > 0 ? digit : STR("0");
}

GETTER(get_tls_in_ocsp)
{
    (void)variable;
    const struct scope_connection *peer = ev->scope->connection;
    *value = peer == NULL ? STR("0") : digit_or_zero(ev->scope, peer->tls_in.ocsp);
    return EXPAND_OK;
}

GETTER(get_tls_in_resumption)
{
    (void)variable;
    const struct scope_connection *peer = ev->scope->connection;
    *value = peer == NULL ? STR("0") : digit_or_zero(ev->scope, peer->tls_in.resumption);
    return EXPAND_OK;
}
