/* TLS in a session (RFC 3207, RFC 8314; manual, chapter 43): STARTTLS, and TLS from the first octet on. */
#include "smtp/starttls.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/print.h"
#include "smtp/event.h"
#include "smtp/log_lines.h"
#include "smtp/policy.h"
#include "smtp/reply.h"
#include "smtp/server_tls.h"

static void log_error(struct smtp_session *s, struct str text)
{
    struct buffer line = BUFFER_IN(s->scratch);

    buffer_add_cstr(&line, "TLS error on connection from ");
    buffer_add(&line, smtp_host_and_ident(s, false));
    buffer_add_char(&line, ' ');
    print_escaped(&line, text, 0);
    log_write_str(LOG_MAIN, buffer_str(&line));
}

/* --- What the handshake asks of the session */

static void report_certificate(void *ctx, struct str text)
{
    struct smtp_session *s = ctx;
    struct buffer line = BUFFER_IN(s->scratch);

    buffer_add_char(&line, '[');
    buffer_add(&line, s->connection.host_address);
    buffer_add_cstr(&line, "] ");
    print_escaped(&line, text, 0);
    log_write_str(LOG_MAIN, buffer_str(&line));
}

/* The event tls:cert: any value of event_action refuses the certificate (manual, chapter 61). */
static struct str ask_event(void *ctx, int depth, struct str pem)
{
    struct smtp_session *s = ctx;
    struct scope_tls *tls = &s->connection.tls_in;
    bool active = tls->active;
    struct str result;

    tls->active = true;
    tls->peercert = pem;
    smtp_event(s, STR("tls:cert"), str_printf(s->scratch, "%d", depth), &result);
    tls->active = active;
    tls->peercert = STR_NULL;
    return result;
}

/* Options that depend on the name are expanded again, now that it is known (manual, 43.12). Where that fails the
 * client gets what one gets that sends no name. */
static struct tls_context *context_for_name(void *ctx, struct str sni)
{
    struct smtp_session *s = ctx;
    struct error err = ERROR_IN(s->scratch);
    struct tls_context *context;

    s->connection.tls_in.active = true; /* for $tls_in_sni */
    s->connection.tls_in.sni = str_copy(s->arena, sni);
    if (!server_tls_wants_sni(s->prepared->tls))
        return NULL;
    context = server_tls_context(s, &err);
    if (context == NULL)
        log_error(s, err.text);
    return context;
}

static enum tls_verify verify_mode(struct smtp_session *s)
{
    if (smtp_host_in(s, s->options->tls_verify_hosts, "tls_verify_hosts"))
        return TLS_VERIFY_REQUIRED;
    if (smtp_host_in(s, s->options->tls_try_verify_hosts, "tls_try_verify_hosts"))
        return TLS_VERIFY_TRY;
    return TLS_VERIFY_NONE;
}

/* --- The handshake */

/* The facts for variables. They live as long as the session. */
static void publish(struct smtp_session *s)
{
    const struct tls_facts *facts = tls_facts(s->tls);
    struct scope_tls *tls = &s->connection.tls_in;

    *tls = (struct scope_tls){
        .active = true,
        .cipher = facts->cipher,
        .cipher_std = facts->cipher_std,
        .ver = facts->version,
        .bits = facts->bits,
        .peerdn = facts->peer_dn,
        .sni = facts->sni,
        .ocsp = str_printf(s->arena, "%d", facts->ocsp),
        .resumption = str_printf(s->arena, "%d", facts->resumption),
        .certificate_verified = facts->certificate_verified,
        .verify_tried = facts->verify_tried,
        .peercert = facts->peer_certificate,
        .ourcert = facts->own_certificate,
    };
}

/* The client's last message of the handshake gets no answer, so its system may hold back what the client says next
 * until that is acknowledged (RFC 896), which ours puts off for some 40 ms (RFC 1122, 4.2.3.2). Not now. */
static void acknowledge(const struct smtp_session *s)
{
    int on = 1;

    if (s->channel.out_is_socket)
        setsockopt(s->channel.in, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

/* False: the connection is of no use any more, and why is logged. */
static bool shake_hands(struct smtp_session *s, struct tls_context *context)
{
    struct error err = ERROR_IN(s->scratch);
    struct tls_server_request request = {
        .server_name = context_for_name,
        .verify_error = report_certificate,
        .refuse = s->options->event_action != NULL ? ask_event : NULL,
        .ctx = s,
    };

    if (smtp_host_in(s, s->options->tls_resumption_hosts, "tls_resumption_hosts"))
        request.keys = server_tls_keys(s->prepared->tls);
    request.verify = verify_mode(s);
    request.require_alpn = smtp_host_in(s, s->options->hosts_require_alpn, "hosts_require_alpn");
    s->tls = tls_accept(context, &s->channel.channel, &request, smtp_deadline(s), &err);
    if (s->tls == NULL) {
        s->connection.tls_in = (struct scope_tls){.active = false};
        log_error(s, err.text);
        smtp_event(s, STR("tls:fail:connect"), err.text, NULL);
        return false;
    }
    acknowledge(s);
    size_t dropped = stream_switch(&s->stream, tls_channel(s->tls));

    if (dropped > 0)
        debug(DEBUG_tls, "%zu octets that came in clear behind STARTTLS are thrown away\n", dropped);
    publish(s);
    debug(DEBUG_tls, "TLS session established: %.*s\n", STR_ARG(s->connection.tls_in.cipher));
    return true;
}

/* The peer may have more to say, and closing while that is on its way would take our alert from it. */
static void let_go(struct smtp_session *s)
{
    enum { PATIENCE_MS = 1000 };
    int64_t deadline = clock_now_ms() + PATIENCE_MS;
    struct channel *c = &s->channel.channel;
    char rest[512];

    if (s->channel.out_is_socket)
        shutdown(s->channel.out, SHUT_WR);
    while (c->read(c, rest, sizeof rest, deadline) > 0)
        continue;
}

/* --- STARTTLS */

/* Everything that the client said in clear is void (RFC 3207, section 4.2), who it is above all. */
static void forget_client(struct smtp_session *s)
{
    struct scope_connection *c = &s->connection;

    c->host_authenticated = c->authenticated_id = c->authenticated_fail_id = STR_NULL;
    c->authentication_mechanism = STR_NULL;
    c->authentication_failed = false;
    s->authenticator = NULL;
    if (s->options->tls_remember_esmtp && s->esmtp)
        return;
    s->helo_seen = s->esmtp = false;
    c->helo_name = STR_NULL;
    c->helo_verified = s->helo_verify_tried = false;
    s->dsn_advertised = s->pipelining_advertised = s->auth_advertised = s->chunking_advertised = false;
}

void smtp_starttls(struct smtp_session *s)
{
    struct error err = ERROR_IN(s->scratch);
    struct tls_context *context;
    struct acl_outcome outcome;

    if (!s->tls_advertised) {
        smtp_fault(s, SMTP_PROTOCOL, 503, STR_NULL, STR("STARTTLS command used when not advertised"));
        return;
    }
    if (smtp_policy_run(s, ACL_WHERE_STARTTLS, STR_NULL, &outcome) != ACL_ACCEPT) {
        smtp_policy_refuse(s, ACL_WHERE_STARTTLS, STR(""), &outcome);
        return;
    }
    smtp_log_incomplete(s, "STARTTLS");
    smtp_transaction_reset(s);
    context = server_tls_context(s, &err);
    if (context == NULL) {
        log_error(s, err.text);
        smtp_reply(s, "454 TLS currently unavailable");
        return;
    }
    smtp_reply(s, "220 TLS go ahead");
    smtp_flush(s);
    if (s->stream.failed) /* the next reading finds the peer gone */
        return;
    if (!shake_hands(s, context)) {
        let_go(s);
        smtp_log_closed(s, "EOF");
        smtp_session_end(s, SMTP_END_LOST);
        return;
    }
    s->tls_advertised = false;
    forget_client(s);
    smtp_set_protocol(s);
    smtp_authenticate_by_tls(s);
}

/* --- TLS on connect */

bool smtp_tls_on_connect(struct smtp_session *s)
{
    struct error err = ERROR_IN(s->scratch);
    struct tls_context *context = server_tls_context(s, &err);

    if (context == NULL)
        log_error(s, err.text);
    if (context != NULL && shake_hands(s, context)) {
        smtp_authenticate_by_tls(s);
        return true;
    }
    if (context != NULL)
        let_go(s);
    s->done = true;
    s->end = SMTP_END_REFUSED;
    return false;
}

/* --- The end */

void smtp_tls_log_failure(struct smtp_session *s)
{
    struct str failure = s->tls == NULL ? STR_NULL : tls_failure(s->tls);

    if (!str_is_null(failure))
        log_error(s, failure);
}

/* Who takes nothing any more is not waited for. */
void smtp_tls_end(struct smtp_session *s)
{
    enum { PATIENCE_MS = 1000 };

    tls_close(s->tls, clock_now_ms() + PATIENCE_MS);
    s->tls = NULL;
}
