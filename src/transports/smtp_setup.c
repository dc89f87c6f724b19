/* From the connection to the first MAIL: see smtp_remote.h. */
#include "transports/smtp_remote.h"

#include <errno.h>
#include <string.h>

#include "base/idna.h"
#include "base/log.h"
#include "base/print.h"
#include "expand/expand.h"
#include "mail/delivery_error.h"
#include "match/list.h"
#include "transports/event.h"
#include "transports/smtp_connect.h"
#include "transports/smtp_early.h"
#include "transports/smtp_resume.h"

/* --- The scope */

void remote_enter(struct remote *r)
{
    struct scope_address *a = r->scope->address;

    a->host = r->host->name;
    a->host_address = r->host->address;
    a->host_port = r->port;
    r->scope->tls_out = r->tls.active ? &r->tls : NULL;
    if (r->client.fd >= 0) {
        a->sending_ip_address = r->client.local_address;
        a->sending_port = str_printf(r->arena, "%d", r->client.local_port);
    }
}

void remote_leave(struct remote *r)
{
    r->scope->tls_out = NULL;
    r->scope->address->sending_ip_address = STR_NULL;
    r->scope->address->sending_port = STR_NULL;
}

/* --- Options */

static enum match_result host_in(struct remote *r, const struct list *list, struct error *err)
{
    struct match_host host = {.address = r->host->address, .name = r->host->name};

    return list ? list_match_host(r->scope, list, &host, NULL, err) : MATCH_NO;
}

bool remote_host_in(struct remote *r, const struct list *list)
{
    struct error err = ERROR_IN(r->arena);

    return host_in(r, list, &err) == MATCH_YES;
}

bool remote_host_must(struct remote *r, const struct list *list, const char *option, bool *yes)
{
    struct error err = ERROR_IN(r->arena);
    enum match_result result = host_in(r, list, &err);

    *yes = result == MATCH_YES;
    if (result == MATCH_YES || result == MATCH_NO)
        return true;
    r->quiet = true;
    return client_fail(&r->client, DELIVERY_EXPANSION, "failed to check %s%s%.*s", option,
                       str_is_null(err.text) ? "" : ": ", STR_ARG(err.text));
}

bool remote_expand(struct remote *r, const struct template *t, const char *option, struct str *value)
{
    struct error err = ERROR_IN(r->arena);
    enum expand_status status = expand(r->scope, t, r->arena, value, &err);

    if (status == EXPAND_OK)
        return true;
    *value = STR_NULL;
    return status == EXPAND_FORCED ||
           client_fail(&r->client, DELIVERY_EXPANSION, "failed to expand %s: %.*s", option, STR_ARG(err.text));
}

/* --- The connection */

void remote_note_command(struct remote *r, char letter)
{
    size_t n = strlen(r->protocol_start);

    if (n + 1 < sizeof r->protocol_start)
        r->protocol_start[n] = letter;
}

static int more_error(const struct remote *r, int error)
{
    int more = delivery_more_host(r->host->mx != MAIL_NO_MX);

    return error == ETIMEDOUT ? more | DELIVERY_MORE_CONNECT : more;
}

static bool connect_to_host(struct remote *r)
{
    struct client_connect_request request = {
        .address = r->host->address,
        .port = r->port,
        .timeout = r->connect_timeout,
        .keepalive = r->options->keepalive,
        .fast_open = remote_host_in(r, r->options->hosts_try_fastopen),
        .tos = -1,
    };
    struct str dscp, why;
    int error, fd;

    if (!remote_expand(r, r->options->interface, "interface", &request.interface) ||
        !remote_expand(r, r->options->dscp, "dscp", &dscp))
        return false;
    if (!str_is_empty(dscp) && !smtp_tos_parse(dscp, &request.tos))
        log_write(LOG_MAIN, "%.*s transport: unrecognised DSCP value \"%.*s\" ignored",
                  STR_ARG(r->transport->instance.name), STR_ARG(printable(r->arena, dscp)));
    if (!str_is_empty(transport_event(r->transport, r->scope, "tcp:connect", STR(""), 0))) {
        r->client.failure = (struct client_failure){.error = DELIVERY_EVENT};
        return false;
    }
    debug(DEBUG_transport, "Connecting to %.*s [%.*s]:%d ...\n", STR_ARG(r->host->name), STR_ARG(r->host->address),
          r->port);
    fd = client_connect(r->arena, &request, &error, &why);
    if (fd < 0 && !str_is_null(why))
        return client_fail(&r->client, DELIVERY_EXPANSION, "%.*s", STR_ARG(why));
    if (fd < 0) {
        r->client.failure = (struct client_failure){.error = error, .more_error = more_error(r, error)};
        return false;
    }
    client_begin(&r->client, r->arena, fd, -1, r->command_timeout);
    memset(r->protocol_start, 0, sizeof r->protocol_start);
    r->client.replies_due = true; /* the banner */
    client_local_address(fd, r->arena, &r->client.local_address, &r->client.local_port);
    remote_enter(r);
    return true;
}

bool remote_read_banner(struct remote *r)
{
    struct str said;
    bool good = client_expect(&r->client, &(struct client_expect){.what = STR("initial connection"), .digit = '2'});

    r->client.replies_due = false;
    if (!good)
        return false;
    said = transport_event(r->transport, r->scope, "smtp:connect", r->client.reply.text, 0);
    return str_is_empty(said) || client_fail(&r->client, DELIVERY_EXPANSION,
                                             "deferred by smtp:connect event expansion: %.*s", STR_ARG(said));
}

/* The first response tells servers behind one name apart; the first on an encrypted connection comes after the tickets
 * for resuming it. */
static void note_hello(struct remote *r)
{
    if (!r->tls.active)
        r->hello = r->client.reply.text;
    else if (r->resumption)
        smtp_resume_keep(r);
    early_note(r, r->client.reply.text);
}

bool remote_read_hello(struct remote *r)
{
    struct smtp_client *c = &r->client;
    struct client_expect expect = {.digit = '2'};
    bool accepted;

    expect.what = printable(r->arena, str_printf(r->arena, "%s %.*s", r->lmtp ? "LHLO" : "EHLO", STR_ARG(r->helo)));
    accepted = client_expect(c, &expect);
    if (accepted) {
        smtp_offer_parse(c->reply.text, &c->offer);
        note_hello(r);
    }
    if (accepted || !c->failure.lost)
        transport_event(r->transport, r->scope, "smtp:ehlo", c->reply.text, 0);
    return accepted;
}

/* EHLO, and HELO for servers that do not like it; LHLO has no older form. first: TLS has not begun on it. */
static bool say_hello(struct remote *r, bool first)
{
    struct smtp_client *c = &r->client;

    c->offer = (struct smtp_offer){.mechanisms = STR("")};
    r->early.used = false;
    r->esmtp = r->lmtp || !first || !remote_host_in(r, r->options->hosts_avoid_esmtp);
    if (r->esmtp) {
        remote_note_command(r, 'e');
        client_send(c, str_printf(r->arena, "%s %.*s", r->lmtp ? "LHLO" : "EHLO", STR_ARG(r->helo)));
        if (client_flush(c, "EHLO") && remote_read_hello(r))
            return true;
        if (r->lmtp || !first || c->failure.lost)
            return false;
        debug(DEBUG_transport, "not sending EHLO: no ESMTP support\n");
        r->esmtp = false;
    }
    remote_note_command(r, 'h');
    return client_command(c, str_printf(r->arena, "HELO %.*s", STR_ARG(r->helo)), '2');
}

/* Says hello, behind the banner if that has not been read; where the server is known to take it, without waiting. */
static bool greet(struct remote *r, bool first, bool banner)
{
    if (early_may(r)) {
        r->esmtp = true;
        early_hello(r, banner);
        return true;
    }
    return (!banner || remote_read_banner(r)) && say_hello(r, first);
}

/* STARTTLS where it is offered and wanted. What the server refuses is not failed for: that is for the caller, who
 * knows whether TLS has to be. */
static bool upgrade(struct remote *r)
{
    struct smtp_client *c = &r->client;

    remote_note_command(r, 's');
    if (!client_command(c, STR("STARTTLS"), '2'))
        return !c->failure.lost && (c->failure.code / 100 != 4 || r->options->tls_tempfail_tryclear);
    return remote_start_tls(r) && greet(r, false, false);
}

static bool encrypt(struct remote *r)
{
    const struct smtp_config *o = r->options;
    bool offered = smtp_offers(&r->client.offer, SMTP_STARTTLS);
    bool avoided = r->in_clear || remote_host_in(r, o->hosts_avoid_tls) ||
                   (r->verifying && remote_host_in(r, o->hosts_verify_avoid_tls));

    if (r->tls.active)
        return true;
    if (r->tls_required && !offered && !client_await(&r->client))
        return false;
    if (offered && !avoided && !upgrade(r))
        return false;
    if (r->tls.active || !r->tls_required)
        return true;
    return client_fail(&r->client, DELIVERY_TLS_REQUIRED, "a TLS session is required, but %s",
                       offered ? "an attempt to start TLS failed" : "the server did not offer TLS support");
}

static bool set_up(struct remote *r)
{
    struct error err = ERROR_IN(r->arena);

    if (!remote_expand(r, r->options->helo_data, "helo_data", &r->helo))
        return false;
    if (!idna_domain_to_alabel(r->arena, str_is_null(r->helo) ? STR("") : r->helo, &r->helo, &err))
        return client_fail(&r->client, DELIVERY_EXPANSION, "failed to expand helo_data: %.*s", STR_ARG(err.text));
    if (str_find(r->helo, '\n') >= 0 || str_find(r->helo, '\r') >= 0)
        return client_fail(&r->client, DELIVERY_EXPANSION, "helo_data expands to more than one line");
    early_begin(r);
    if (r->smtps && !remote_start_tls(r))
        return false;
    return greet(r, !r->smtps, true) && encrypt(r) && remote_authenticate(r);
}

bool remote_open(struct remote *r)
{
    r->client.fd = -1;
    r->client.arena = r->arena;
    r->client.failure = (struct client_failure){.error = 0};
    remote_enter(r);
    if (!remote_host_must(r, r->options->hosts_require_tls, "hosts_require_tls", &r->tls_required) ||
        !connect_to_host(r)) {
        remote_leave(r);
        return false;
    }
    if (set_up(r)) {
        client_forget_failure(&r->client);
        return true;
    }
    remote_close(r);
    return false;
}

static bool open_again(struct remote *r)
{
    r->quiet = false;
    r->tls = (struct scope_tls){.active = false};
    return remote_open(r);
}

bool remote_open_any(struct remote *r)
{
    if (remote_open(r) || (early_in_vain(r) && open_again(r)))
        return true;
    if (!r->client.failure.tls || r->smtps || r->tls_required || !r->options->tls_tempfail_tryclear)
        return false;
    log_write(LOG_MAIN, "%.*s: delivering unencrypted to %.*s (not in hosts_require_tls)",
              STR_ARG(r->client.failure.text), STR_ARG(remote_host_text(r->arena, r->host, r->port)));
    r->in_clear = true;
    return open_again(r);
}

void remote_close(struct remote *r)
{
    struct smtp_client *c = &r->client;

    if (c->failure.lost)
        client_end(c);
    else
        client_quit(c);
    transport_event(r->transport, r->scope, "tcp:close", STR(""), 0);
    remote_leave(r);
}

struct str remote_host_text(struct arena *arena, const struct mail_host *host, int port)
{
    struct str text = str_printf(arena, "H=%.*s [%.*s]", STR_ARG(host->name), STR_ARG(host->address));

    return log_selected(LOG_SEL_outgoing_port) ? str_printf(arena, "%.*s:%d", STR_ARG(text), port) : text;
}
