/* Log lines that sessions have in common: see log_lines.h. */
#include "smtp/log_lines.h"

#include <string.h>

#include "base/clock.h"
#include "base/print.h"

static void add_endpoint(struct buffer *b, struct str address, int port, bool with_port)
{
    buffer_add_char(b, '[');
    buffer_add(b, address);
    buffer_add_char(b, ']');
    if (with_port && port > 0)
        buffer_printf(b, ":%d", port);
}

/* The name that a lookup confirmed, then the one the peer gave itself, unless they are the same. */
static void add_host(struct smtp_session *s, struct buffer *b)
{
    const struct scope_connection *c = &s->connection;

    if (!str_is_empty(c->host_name)) {
        buffer_add(b, c->host_name);
        buffer_add_char(b, ' ');
    }
    if (!str_is_empty(c->helo_name) && !str_eq_nocase(c->helo_name, c->host_name)) {
        buffer_add_char(b, '(');
        buffer_add(b, c->helo_name);
        buffer_add_cstr(b, ") ");
    }
    add_endpoint(b, c->host_address, c->host_port, log_selected(LOG_SEL_incoming_port));
    if (log_selected(LOG_SEL_incoming_interface) && !str_is_empty(c->interface_address)) {
        buffer_add_cstr(b, " I=");
        add_endpoint(b, c->interface_address, c->interface_port, true);
    }
    if (log_selected(LOG_SEL_proxy) && !str_is_empty(c->proxy_local_address)) {
        buffer_add_cstr(b, " PRX=");
        buffer_add(b, c->proxy_local_address);
    }
}

struct str smtp_host_and_ident(struct smtp_session *s, bool tagged)
{
    struct buffer b = BUFFER_IN(s->scratch);
    const struct scope_connection *c = &s->connection;

    if (!str_is_empty(c->host_address)) {
        if (tagged)
            buffer_add_cstr(&b, "H=");
        add_host(s, &b);
        if (!str_is_empty(c->ident)) {
            buffer_add_cstr(&b, " U=");
            buffer_add(&b, c->ident);
        }
    } else {
        if (tagged)
            buffer_add_cstr(&b, "U=");
        buffer_add(&b, c->ident);
    }
    return buffer_str(&b);
}

/* A caller on standard input is named by who it is, whatever host -oMa says it speaks for. */
struct str smtp_connection_name(struct smtp_session *s)
{
    struct buffer b = BUFFER_IN(s->scratch);

    buffer_add_cstr(&b, "SMTP connection from ");
    if (s->peer->mode == SMTP_LOCAL)
        buffer_add(&b, s->connection.ident);
    else
        add_host(s, &b);
    smtp_log_connection_id(s, &b);
    return buffer_str(&b);
}

void smtp_log_connection_id(struct smtp_session *s, struct buffer *line)
{
    if (!log_selected(LOG_SEL_connection_id) || str_is_empty(s->connection.connection_id))
        return;
    buffer_add_cstr(line, " Ci=");
    buffer_add(line, s->connection.connection_id);
}

void smtp_log_authenticated(struct smtp_session *s, struct buffer *line)
{
    const struct scope_connection *c = &s->connection;

    if (str_is_empty(c->host_authenticated))
        return;
    buffer_add_cstr(line, " A=");
    buffer_add(line, c->host_authenticated);
    if (!str_is_empty(c->authenticated_id)) {
        buffer_add_char(line, ':');
        buffer_add(line, c->authenticated_id);
    }
}

void smtp_log_tls(struct smtp_session *s, struct buffer *line)
{
    const struct scope_tls *tls = &s->connection.tls_in;

    if (!tls->active)
        return;
    if (log_selected(LOG_SEL_tls_cipher) && !str_is_empty(tls->cipher)) {
        buffer_add_cstr(line, " X=");
        buffer_add(line, tls->cipher);
        if (log_selected(LOG_SEL_tls_resumption) && tls_facts(s->tls)->resumption & TLS_RESUMED)
            buffer_add_char(line, '*');
    }
    if (log_selected(LOG_SEL_tls_certificate_verified) && tls->verify_tried)
        buffer_add_cstr(line, tls->certificate_verified ? " CV=yes" : " CV=no");
    if (log_selected(LOG_SEL_tls_peerdn) && !str_is_empty(tls->peerdn)) {
        buffer_add_cstr(line, " DN=\"");
        print_escaped(line, tls->peerdn, 0);
        buffer_add_char(line, '"');
    }
    if (log_selected(LOG_SEL_tls_sni) && !str_is_empty(tls->sni)) {
        buffer_add_cstr(line, " SNI=");
        print_escaped(line, tls->sni, PRINT_SPACE | PRINT_TAB);
    }
    if (log_selected(LOG_SEL_tls_on_connect) && s->peer->tls_on_connect)
        buffer_add_cstr(line, " tls_on_connect");
}

static void add_history(const struct smtp_session *s, struct buffer *b)
{
    unsigned first = s->history_count > SMTP_HISTORY ? s->history_count - SMTP_HISTORY : 0;

    for (unsigned i = first; i < s->history_count; i++) {
        if (i > first)
            buffer_add_char(b, ',');
        buffer_add_cstr(b, s->history[i % SMTP_HISTORY]->name);
    }
}

void smtp_log_history(struct smtp_session *s, struct buffer *line)
{
    if (s->history_count == 0)
        return;
    buffer_add_cstr(line, " C=");
    if (s->history_count > SMTP_HISTORY)
        buffer_add_cstr(line, "...");
    add_history(s, line);
}

struct str smtp_history(struct smtp_session *s)
{
    struct buffer b = BUFFER_IN(s->scratch);

    add_history(s, &b);
    return buffer_str(&b);
}

void smtp_log_duration(struct smtp_session *s, struct buffer *line, const char *tag, int64_t begun_ms)
{
    int64_t ms = clock_now_ms() - begun_ms;
    struct str whole = interval_format(s->scratch, (int)(ms / 1000));

    buffer_printf(line, " %s=", tag);
    if (!log_selected(LOG_SEL_millisec)) {
        buffer_add(line, whole);
    } else { /* the milliseconds belong to the seconds, which come last when there are any */
        buffer_add_n(line, whole.s, whole.n - (ms / 1000 % 60 > 0 || ms < 1000 ? 1 : 0));
        if (ms / 1000 % 60 == 0 && ms >= 1000)
            buffer_add_char(line, '0');
        buffer_printf(line, ".%03ds", (int)(ms % 1000));
    }
}

void smtp_log_incomplete(struct smtp_session *s, const char *why)
{
    struct buffer line = BUFFER_IN(s->scratch);

    if (!s->transaction.sender_given || !log_selected(LOG_SEL_smtp_incomplete_transaction))
        return;
    buffer_add(&line, smtp_host_and_ident(s, true));
    buffer_printf(&line, " incomplete transaction (%s) from <", why);
    buffer_add(&line, s->transaction.raw_sender);
    buffer_add_char(&line, '>');
    for (size_t i = 0; i < s->message.recipients_count; i++) {
        buffer_add_cstr(&line, i == 0 ? " for " : " ");
        buffer_add(&line, s->message.recipients[i].address);
    }
    log_write_str(LOG_MAIN, buffer_str(&line));
}

void smtp_log_closed(struct smtp_session *s, const char *how)
{
    struct str name;

    if (!s->log_connection)
        return;
    name = smtp_connection_name(s);
    log_write(LOG_MAIN, "%.*s closed by %s", STR_ARG(name), how);
}

void smtp_log_no_mail(struct smtp_session *s)
{
    struct buffer line = BUFFER_IN(s->scratch);

    if (s->mail_count > 0 || !log_selected(LOG_SEL_smtp_no_mail))
        return;
    buffer_add_cstr(&line, "no MAIL in SMTP connection from ");
    buffer_add(&line, smtp_host_and_ident(s, false));
    smtp_log_duration(s, &line, "D", s->started_ms);
    smtp_log_authenticated(s, &line);
    smtp_log_tls(s, &line);
    smtp_log_history(s, &line);
    log_write_str(LOG_MAIN, buffer_str(&line));
}

void smtp_log_abandoned(struct smtp_session *s, int error)
{
    log_write(LOG_MAIN, "Message abandoned: Spool write error (%s) while receiving message from %.*s", strerror(error),
              STR_ARG(smtp_host_and_ident(s, false)));
}
