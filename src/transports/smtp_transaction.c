/* One message on a session: see smtp_transaction.h. */
#include "transports/smtp_transaction.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/print.h"
#include "config/config.h"
#include "mail/delivery_error.h"
#include "transports/event.h"
#include "transports/smtp_data.h"
#include "transports/smtp_envelope.h"

/* RCPT commands that go out before their replies are read. Their replies have to find room in the buffers of the
 * network, or both sides would wait for the other to read. */
enum { PIPELINED_AT_MOST = 100 };

void transaction_interface(struct mail_recipient *recipient, const struct remote *r)
{
    recipient->interface_address = str_copy(r->results, r->client.local_address);
    recipient->interface_port = r->client.local_port;
}

void transaction_result(struct mail_recipient *recipient, enum mail_result result, const struct remote *r,
                        const struct client_failure *failure)
{
    recipient->result = result;
    recipient->error = failure->error;
    recipient->more_error = failure->more_error;
    recipient->message = str_copy(r->results, failure->text);
    recipient->pass_message = failure->code != 0;
    recipient->host_used =
        (r->quiet && !failure->tls) || failure->error == DELIVERY_EXPANSION ? NULL : r->host;
    transaction_interface(recipient, r);
}

static bool from_mx(const struct remote *r)
{
    return r->host->mx != MAIL_NO_MX;
}

/* A failure that concerns this message at this host gets the number that retry rules know it by. */
static enum transaction_end refused(struct transaction *t, enum delivery_error error)
{
    struct client_failure *failure = &t->r->client.failure;

    if (failure->lost)
        return TRANSACTION_BROKEN;
    if (failure->code / 100 == 4) {
        failure->error = error;
        failure->more_error = delivery_more_4xx(failure->code, from_mx(t->r));
    }
    return TRANSACTION_REFUSED;
}

/* A 5xx response about the message is one about all who were to get it. */
static enum transaction_end message_failed(struct transaction *t, enum delivery_error error)
{
    struct client_failure failure;
    enum transaction_end end = refused(t, error);

    failure = t->r->client.failure;
    if (end != TRANSACTION_REFUSED || !failure.permanent)
        return end;
    for (size_t i = 0; i < t->n; i++)
        if (t->recipients[i]->result == MAIL_PENDING)
            transaction_result(t->recipients[i], MAIL_FAIL, t->r, &failure);
    return TRANSACTION_DONE;
}

/* --- RCPT */

/* Raises the events of a recipient that is put off, which show that recipient alone. */
static void note_deferral(struct transaction *t, const struct mail_recipient *recipient)
{
    const struct remote *r = t->r;
    struct scope_address *all = r->scope->address, one = *all;

    one.local_part = recipient->local_part;
    one.domain = recipient->domain;
    r->scope->address = &one;
    transport_event(r->transport, r->scope, "msg:rcpt:host:defer", recipient->message, recipient->more_error);
    transport_event(r->transport, r->scope, "msg:rcpt:defer", recipient->message, recipient->more_error);
    r->scope->address = all;
}

static void rcpt_refused(struct transaction *t, struct mail_recipient *recipient)
{
    struct client_failure *failure = &t->r->client.failure;

    if (failure->permanent) {
        transaction_result(recipient, MAIL_FAIL, t->r, failure);
        return;
    }
    failure->error = DELIVERY_RCPT_4XX;
    failure->more_error = delivery_more_4xx(failure->code, from_mx(t->r));
    transaction_result(recipient, MAIL_DEFER, t->r, failure);
    recipient->retry_address = true;
    recipient->retry_sender = t->r->options->address_retry_include_sender;
    note_deferral(t, recipient);
}

/* Reads the reply to the RCPT of recipient i. False: the connection is of no use any more. A time-out counts
 * against the recipient rather than the host: it may be that the host tries to verify the address. */
static bool read_rcpt(struct transaction *t, size_t i, struct str shown)
{
    struct remote *r = t->r;
    struct client_expect expect = {.what = shown, .digit = '2'};

    if (client_expect(&r->client, &expect)) {
        t->accepted[i] = true;
        t->accepted_count++;
        return true;
    }
    if (!r->client.failure.lost) {
        rcpt_refused(t, t->recipients[i]);
        return true;
    }
    if (r->client.failure.error == ETIMEDOUT) {
        r->client.failure.more_error = delivery_more_host(from_mx(r));
        transaction_result(t->recipients[i], MAIL_DEFER, r, &r->client.failure);
        r->quiet = true;
        t->recipients[i]->retry_address = true;
    }
    return false;
}

static bool make_rcpt(struct transaction *t, size_t i, struct str *shown, struct str *command)
{
    struct client_failure why;

    if (transaction_rcpt_command(t, t->recipients[i], shown, command, &why)) {
        *shown = printable(t->r->arena, *shown);
        return true;
    }
    transaction_result(t->recipients[i], why.permanent ? MAIL_FAIL : MAIL_DEFER, t->r, &why);
    return false;
}

/* --- The envelope, with and without waiting for each reply */

/* A time-out may come from what the server does to verify the sender: no other message is to suffer from it (manual,
 * 49.2). */
static bool expect_mail(struct transaction *t)
{
    struct smtp_client *c = &t->r->client;
    struct client_expect expect = {
        .what = printable(t->r->arena, t->mail), .pipelined = t->pipelining, .digit = '2'};

    if (client_expect(c, &expect))
        return true;
    c->failure.message = c->failure.error == ETIMEDOUT;
    return false;
}

static enum transaction_end envelope_step_by_step(struct transaction *t)
{
    struct smtp_client *c = &t->r->client;
    struct str shown, command;

    client_send(c, t->mail);
    if (!client_flush(c, "MAIL"))
        return TRANSACTION_BROKEN;
    if (!expect_mail(t))
        return message_failed(t, DELIVERY_MAIL_4XX);
    for (size_t i = 0; i < t->n; i++) {
        if (!make_rcpt(t, i, &shown, &command))
            continue;
        client_send(c, command);
        if (!client_flush(c, "RCPT") || !read_rcpt(t, i, shown))
            return TRANSACTION_BROKEN;
    }
    return TRANSACTION_DONE;
}

/* Sends a batch of RCPT commands from i on, with MAIL before the first and DATA behind the last. Returns where the
 * next one begins. shown: for each recipient; STR_NULL: none was sent. */
static size_t send_batch(struct transaction *t, size_t i, struct str *shown)
{
    struct smtp_client *c = &t->r->client;
    size_t end = t->n - i > PIPELINED_AT_MOST ? i + PIPELINED_AT_MOST : t->n;
    struct str command;

    if (i == 0)
        client_send(c, t->mail);
    for (; i < end; i++) {
        if (make_rcpt(t, i, &shown[i], &command))
            client_send(c, command);
        else
            shown[i] = STR_NULL;
    }
    if (i == t->n && !t->chunking)
        client_send(c, STR("DATA"));
    return end;
}

static enum transaction_end envelope_at_once(struct transaction *t)
{
    struct str *shown = ARENA_ARRAY(t->r->arena, struct str, t->n);
    size_t end;

    for (size_t i = 0; i < t->n; i = end) {
        end = send_batch(t, i, shown);
        if (!client_flush(&t->r->client, "MAIL and RCPT"))
            return TRANSACTION_BROKEN;
        if (i == 0 && !expect_mail(t))
            return message_failed(t, DELIVERY_MAIL_4XX);
        for (; i < end; i++)
            if (!str_is_null(shown[i]) && !read_rcpt(t, i, shown[i]))
                return TRANSACTION_BROKEN;
    }
    return TRANSACTION_DONE;
}

/* --- All of it */

/* One recipient was refused, so nobody gets the message (manual, chapter 52). */
static void refuse_all(struct transaction *t)
{
    const struct mail_recipient *refused = NULL;

    for (size_t i = 0; i < t->n && !refused; i++)
        refused = t->accepted[i] ? NULL : t->recipients[i];
    for (size_t i = 0; i < t->n && refused; i++)
        if (t->accepted[i]) {
            t->recipients[i]->result = refused->result;
            t->recipients[i]->error = refused->error;
            t->recipients[i]->message = refused->message;
            t->recipients[i]->host_used = refused->host_used;
        }
}

/* False: *end says how it went on. */
static bool reply_to_data(struct transaction *t, enum transaction_end *end)
{
    struct smtp_client *c = &t->r->client;
    struct client_expect expect = {.what = STR("DATA"), .pipelined = t->pipelining, .digit = '3'};

    if (!t->pipelining) {
        client_send(c, STR("DATA"));
        if (!client_flush(c, "DATA")) {
            *end = TRANSACTION_BROKEN;
            return false;
        }
    }
    if (client_expect(c, &expect))
        return true;
    *end = message_failed(t, DELIVERY_DATA_4XX);
    return false;
}

/* Decides what of the server's offers this message makes use of. */
static void choose(struct transaction *t)
{
    struct remote *r = t->r;
    const struct smtp_offer *offer = &r->client.offer;

    t->together = r->config->main.mua_wrapper;
    t->pipelining = !t->together && smtp_offers(offer, SMTP_PIPELINING) && !remote_host_in(r, r->options->hosts_avoid_pipelining);
    t->chunking = smtp_offers(offer, SMTP_CHUNKING) && str_is_empty(r->transport->transport_filter) &&
                  remote_host_in(r, r->options->hosts_try_chunking);
    t->prdr = !r->lmtp && t->n > 1 && smtp_offers(offer, SMTP_PRDR) && remote_host_in(r, r->options->hosts_try_prdr);
    t->dsn = !r->lmtp && smtp_offers(offer, SMTP_DSN);
}

enum transaction_end transaction_run(struct transaction *t, bool *reusable)
{
    struct remote *r = t->r;
    struct message_writer writer;
    enum transaction_end end;

    *reusable = true;
    t->accepted = ARENA_ARRAY(r->arena, bool, t->n);
    choose(t);
    if (r->unreset && !client_command(&r->client, STR("RSET"), '2'))
        return TRANSACTION_BROKEN;
    if (!transaction_mail_command(t) || !transaction_data_prepare(t, &writer))
        return r->client.failure.lost ? TRANSACTION_BROKEN : TRANSACTION_REFUSED;
    r->unreset = true;
    end = t->pipelining ? envelope_at_once(t) : envelope_step_by_step(t);
    *reusable = !t->pipelining;
    if (t->together && end == TRANSACTION_DONE && t->accepted_count < t->n) {
        refuse_all(t);
        return end;
    }
    if (end != TRANSACTION_DONE || t->accepted_count == 0) {
        *reusable |= end == TRANSACTION_DONE && t->chunking; /* else the server waits for a message */
        r->client.replies_due = !*reusable;
        return end;
    }
    if (!t->chunking && !reply_to_data(t, &end)) {
        *reusable = end != TRANSACTION_BROKEN;
        return end;
    }
    *reusable = true;
    end = transaction_data(t, &writer);
    r->messages++;
    r->unreset = false;
    return end;
}
