/* One host: connecting, falling back to clear text, as many transactions as it takes, and what becomes of the
 * connection then. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "mail/delivery_error.h"
#include "match/list.h"
#include "transports/event.h"
#include "transports/smtp_delivery.h"
#include "transports/smtp_early.h"
#include "transports/smtp_serialize.h"
#include "transports/smtp_transaction.h"

struct mail_recipient *smtp_next_pending(const struct mail_recipient *recipient)
{
    struct mail_recipient *next = recipient->next;

    while (next && next->result != MAIL_PENDING)
        next = next->next;
    return next;
}

struct mail_recipient *smtp_first_pending(const struct delivery *delivery)
{
    struct mail_recipient *first = delivery->recipients;

    return !first || first->result == MAIL_PENDING ? first : smtp_next_pending(first);
}

struct delivery_retry smtp_retry(const struct smtp_run *run, const struct mail_host *host, bool message)
{
    return (struct delivery_retry){
        .port = host->port == MAIL_NO_PORT ? run->port : host->port,
        .without_address = !smtp_bool(run->delivery->scope, &run->options->retry_include_ip_address),
        .message = message,
    };
}

/* --- Failures */

/* A line about the host, as Exim writes it: with a text and, for an errno, its meaning. */
static void log_host_failure(const struct remote *r)
{
    const struct client_failure *failure = &r->client.failure;
    struct str host = remote_host_text(r->arena, r->host, r->port);
    const char *meaning = failure->error > 0                  ? strerror(failure->error)
                          : failure->error == DELIVERY_EVENT ? "Event requests alternate response"
                                                             : "";

    if (str_is_null(failure->text))
        log_write(LOG_MAIN, "%.*s %s", STR_ARG(host), meaning);
    else
        log_write(LOG_MAIN, "%.*s: %.*s%s%s", STR_ARG(host), STR_ARG(failure->text), *meaning ? ": " : "", meaning);
}

/* Whether the failure counts against the host, though there may be no line about it. */
static bool is_of_host(const struct remote *r)
{
    const struct client_failure *failure = &r->client.failure;

    return !r->quiet || failure->tls || failure->error == DELIVERY_AUTH_FAILED;
}

/* The text with what its errno means, where it has one of its own. */
static struct str with_meaning(struct arena *arena, struct str text, const struct client_failure *failure)
{
    if (failure->error <= 0 || str_is_null(failure->text))
        return text;
    return str_join3(arena, text, STR(": "), str_of(strerror(failure->error)));
}

/* The host could not be used, or not for this message: those who are pending get to know why. */
static void host_failed(struct smtp_run *run, struct mail_host *host, bool message)
{
    struct delivery *d = run->delivery;
    struct remote *r = &run->session->remote;
    const struct client_failure *failure = &r->client.failure;
    struct delivery_retry retry = smtp_retry(run, host, message);
    struct str text = str_is_null(failure->text) ? str_of(strerror(failure->error > 0 ? failure->error : 0))
                                                 : str_copy(d->arena, failure->text);

    if (!r->quiet)
        log_host_failure(r);
    host->status = MAIL_HOST_UNUSABLE;
    run->permanent = failure->permanent;
    run->unwelcome |= message;
    for (struct mail_recipient *rcpt = smtp_first_pending(d); rcpt; rcpt = smtp_next_pending(rcpt)) {
        transaction_result(rcpt, MAIL_PENDING, r, failure);
        rcpt->host_used = rcpt->host_used && !str_is_null(failure->text) ? host : NULL;
    }
    if (!message && is_of_host(r))
        transport_event(d->transport, d->scope, "msg:host:defer", with_meaning(d->arena, text, failure), failure->error);
    if (d->host && is_of_host(r))
        d->host->note_host(d, host, &retry, failure->error,
                           failure->more_error ? failure->more_error : delivery_more_host(host->mx != MAIL_NO_MX), text);
}

/* --- Sessions */

static void end_session(struct smtp_run *run)
{
    arena_free(run->session->arena);
    run->session = NULL;
}

static void begin_session(struct smtp_run *run, const struct mail_host *host)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct held_connection *session = ARENA_NEW(arena, struct held_connection);
    const struct smtp_config *o = run->options;
    struct delivery *d = run->delivery;

    session->arena = arena;
    session->host = *host;
    session->host.name = str_copy(arena, host->name);
    session->host.address = str_copy(arena, host->address);
    session->host.certname = str_copy(arena, host->certname);
    session->remote = (struct remote){
        .config = d->config,
        .transport = d->transport,
        .options = o,
        .scope = d->scope,
        .host = &session->host,
        .port = host->port == MAIL_NO_PORT ? run->port : host->port,
        .lmtp = smtp_is_lmtp(o),
        .smtps = smtp_is_smtps(o),
        .connect_timeout = o->connect_timeout,
        .command_timeout = o->command_timeout,
        .arena = arena,
        .results = d->arena,
        .early = {.barred = run->early_barred},
        .client = {.fd = -1, .arena = arena},
    };
    run->session = session;
}

static bool open_session(struct smtp_run *run, const struct mail_host *host)
{
    begin_session(run, host);
    return remote_open_any(&run->session->remote);
}

/* The session that the delivery before left open, if it is with this host. Any other is ended. */
static bool take_over(struct smtp_run *run, const struct mail_host *host)
{
    struct delivery *d = run->delivery;
    struct held_connection *held = d->held;
    int port = host->port == MAIL_NO_PORT ? run->port : host->port;

    d->held = NULL;
    if (!held)
        return false;
    if (held->remote.transport != d->transport || held->remote.port != port ||
        !str_eq(held->host.address, host->address) || !str_eq(held->host.name, host->name)) {
        transport_release(held);
        return false;
    }
    held->remote.scope = d->scope;
    held->remote.results = d->arena;
    held->host.mx = host->mx;
    run->session = held;
    remote_enter(&held->remote);
    return true;
}

/* --- Transactions */

/* The next recipients for a transaction. */
static void choose_recipients(const struct smtp_run *run, struct transaction *t)
{
    size_t n = 0, most = run->max_rcpt > 0 ? (size_t)run->max_rcpt : SIZE_MAX;
    unsigned offered = t->r->client.offer.rcpt_max;

    if (offered > 0 && offered < most)
        most = offered;
    for (struct mail_recipient *r = smtp_first_pending(run->delivery); r && n < most; r = smtp_next_pending(r))
        n++;
    t->recipients = ARENA_ARRAY(t->r->arena, struct mail_recipient *, n);
    t->n = 0;
    for (struct mail_recipient *r = smtp_first_pending(run->delivery); r && t->n < n; r = smtp_next_pending(r))
        t->recipients[t->n++] = r;
}

/* Whether the session has carried as many messages as it may. */
static bool is_full(const struct smtp_run *run)
{
    const struct remote *r = &run->session->remote;
    unsigned own = run->options->connection_max_messages > 0 ? (unsigned)run->options->connection_max_messages : 0;
    unsigned theirs = r->client.offer.mail_max;

    return (own > 0 && r->messages >= own) || (theirs > 0 && r->messages >= theirs);
}

enum progress {
    PROGRESS_ON,     /* another transaction can follow */
    PROGRESS_REOPEN, /* on a new session only */
    PROGRESS_STOP,   /* not at this host */
};

/* One transaction. */
static enum progress advance(struct smtp_run *run, struct mail_host *host, bool *reusable)
{
    struct remote *r = &run->session->remote;
    struct transaction t = {.r = r, .delivery = run->delivery, .started = run->started};
    enum transaction_end end;

    choose_recipients(run, &t);
    end = transaction_run(&t, reusable);
    for (size_t i = 0; i < t.n; i++)
        if (t.recipients[i]->host_used)
            t.recipients[i]->host_used = host;
    if (end == TRANSACTION_DONE) {
        struct delivery_retry retry = smtp_retry(run, host, false);

        host->status = MAIL_HOST_USABLE;
        if (run->delivery->host)
            run->delivery->host->forget_host(run->delivery, host, &retry);
        client_forget_failure(&r->client);
        return *reusable && !is_full(run) ? PROGRESS_ON : PROGRESS_REOPEN;
    }
    if (end == TRANSACTION_BROKEN && early_in_vain(r)) {
        run->early_barred = true;
        return PROGRESS_REOPEN;
    }
    *reusable = *reusable && end == TRANSACTION_REFUSED && !r->client.failure.lost;
    host_failed(run, host, end == TRANSACTION_REFUSED || r->client.failure.message);
    return PROGRESS_STOP;
}

/* Leaves the session open for the next message that waits for the host, or ends it. */
static void finish_session(struct smtp_run *run, const struct mail_host *host, bool reusable)
{
    struct delivery *d = run->delivery;
    struct remote *r = &run->session->remote;

    if (reusable && d->host && r->messages > 0 && !is_full(run) &&
        !(r->tls.active && (remote_host_in(r, run->options->hosts_nopass_tls) ||
                            remote_host_in(r, run->options->hosts_noproxy_tls))))
        d->next_message = d->host->next_message(d, host);
    if (!str_is_empty(d->next_message)) {
        remote_leave(r);
        d->held = run->session;
        run->session = NULL;
        return;
    }
    remote_close(r);
    end_session(run);
}

/* A connection that was left open may be gone by now; that is no fault of the host's. */
static bool still_there(struct smtp_run *run)
{
    struct remote *r = &run->session->remote;

    r->unreset = false;
    if (client_command(&r->client, STR("RSET"), '2'))
        return true;
    remote_close(r);
    end_session(run);
    return false;
}

static bool reopen_session(struct smtp_run *run, struct mail_host *host)
{
    remote_close(&run->session->remote);
    end_session(run);
    if (open_session(run, host))
        return true;
    host_failed(run, host, false);
    end_session(run);
    return false;
}

static void try_host(struct smtp_run *run, struct mail_host *host)
{
    enum progress progress = PROGRESS_ON;
    bool reusable = true;

    if (!(take_over(run, host) && still_there(run)) && !open_session(run, host)) {
        host_failed(run, host, false);
        end_session(run);
        return;
    }
    while (progress != PROGRESS_STOP && smtp_first_pending(run->delivery)) {
        if (progress == PROGRESS_REOPEN && !reopen_session(run, host))
            return;
        progress = advance(run, host, &reusable);
    }
    finish_session(run, host, reusable && progress != PROGRESS_REOPEN);
}

/* A session that is handed on is the only one to its host no longer: who takes it over claims the host anew. */
bool smtp_try_host(struct smtp_run *run, struct mail_host *host)
{
    struct match_host match = {.address = host->address, .name = host->name};
    struct delivery *d = run->delivery;
    struct error err = ERROR_IN(d->arena);
    bool serialize = run->options->serialize_hosts &&
                     list_match_host(d->scope, run->options->serialize_hosts, &match, NULL, &err) == MATCH_YES;

    if (serialize && !smtp_serialize_begin(d, host)) {
        debug(DEBUG_transport, "there is already a connection to %.*s [%.*s]: skipped\n", STR_ARG(host->name),
              STR_ARG(host->address));
        return false;
    }
    if (host->port == MAIL_NO_PORT)
        host->port = run->port; /* for the delivery line */
    try_host(run, host);
    if (serialize)
        smtp_serialize_end(d, host);
    return true;
}

void transport_release(struct held_connection *held)
{
    if (!held)
        return;
    held->remote.transport = NULL;
    client_quit(&held->remote.client);
    arena_free(held->arena);
}
