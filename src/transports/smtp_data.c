/* The message itself: see smtp_data.h. */
#include "transports/smtp_data.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/print.h"
#include "mail/delivery_error.h"

enum { PRDR_FOLLOWS = 353 }; /* the code in front of responses for each recipient */

static struct str end_of_data = {"end of data", 11, false};

/* --- Sending */

static bool write_octets(void *ctx, const char *octets, size_t n)
{
    struct transaction *t = ctx;
    struct smtp_client *c = &t->r->client;

    stream_write(&c->stream, (struct str){octets, n, false}, deadline_in(t->r->options->data_timeout));
    return !c->stream.failed;
}

bool transaction_data_prepare(struct transaction *t, struct message_writer *writer)
{
    struct remote *r = t->r;
    struct error err = ERROR_IN(r->arena);

    *writer = (struct message_writer){.delivery = t->delivery,
                                      .crlf = true,
                                      .dots = !t->chunking,
                                      .end_dot = !t->chunking,
                                      .write = write_octets,
                                      .ctx = t};
    if (message_writer_prepare(writer, &err))
        return true;
    r->quiet = true;
    return client_fail(&r->client, DELIVERY_EXPANSION, "%.*s", STR_ARG(err.text));
}

/* The whole message goes in one chunk, once it is known who gets it. */
static bool send_bdat(struct transaction *t, struct message_writer *writer, struct error *err)
{
    int64_t octets;

    if (!message_writer_count(writer, &octets, err))
        return false;
    client_send(&t->r->client, str_printf(t->r->arena, "BDAT %lld LAST", (long long)octets));
    return true;
}

/* Why the message could not be written: the network, or what is to be written. */
static void note_write_failure(struct transaction *t, const struct message_writer *writer, int error,
                               const struct error *err)
{
    struct smtp_client *c = &t->r->client;

    if (!c->stream.failed)
        client_fail(c, DELIVERY_UNKNOWN, "failed to send the message: %.*s", STR_ARG(err->text));
    else if (error == 0)
        client_fail(c, ETIMEDOUT, "SMTP timeout after sending data block (%lld bytes written)",
                    (long long)writer->octets);
    else
        client_fail(c, DELIVERY_CONNECTION_LOST, "send() to remote host failed after %lld bytes of data: %s",
                    (long long)writer->octets, strerror(error));
    c->failure.lost = true;
}

/* A server that closes in the middle of the data may have said why. */
static bool last_words(struct transaction *t)
{
    struct client_failure failure = t->r->client.failure;
    struct client_expect expect = {.what = end_of_data, .digit = '2', .seconds = 1};

    if (t->r->client.stream.failed && !t->r->client.tls && !client_expect(&t->r->client, &expect) &&
        t->r->client.failure.code != 0)
        return true;
    t->r->client.failure = failure;
    return false;
}

static bool send_message(struct transaction *t, struct message_writer *writer)
{
    struct error err = ERROR_IN(t->r->arena);
    bool sent;
    int error;

    errno = 0;
    sent = (!t->chunking || send_bdat(t, writer, &err)) && message_writer_run(writer, &err) &&
           stream_flush(&t->r->client.stream, deadline_in(t->r->options->data_timeout));
    error = errno;
    t->octets = writer->octets;
    if (!sent)
        note_write_failure(t, writer, error, &err);
    return sent;
}

/* --- Results */

/* What is known of TLS, in memory that outlives the session. */
static struct scope_tls copy_tls(struct arena *arena, const struct scope_tls *tls)
{
    struct scope_tls copy = *tls;

    copy.cipher = str_copy(arena, tls->cipher);
    copy.cipher_std = str_copy(arena, tls->cipher_std);
    copy.ver = str_copy(arena, tls->ver);
    copy.peerdn = str_copy(arena, tls->peerdn);
    copy.sni = str_copy(arena, tls->sni);
    copy.ocsp = str_copy(arena, tls->ocsp);
    copy.resumption = str_copy(arena, tls->resumption);
    copy.peercert = str_copy(arena, tls->peercert);
    copy.ourcert = str_copy(arena, tls->ourcert);
    return copy;
}

/* Facts for the delivery line. */
static void delivered(struct transaction *t, struct mail_recipient *recipient, struct str confirmation)
{
    const struct remote *r = t->r;
    struct timeval now;

    gettimeofday(&now, NULL);
    timersub(&now, &t->started, &recipient->delivery_time);
    recipient->result = MAIL_OK;
    recipient->error = recipient->more_error = 0;
    recipient->message = STR_NULL;
    recipient->host_used = r->host;
    transaction_interface(recipient, r);
    recipient->tls = copy_tls(r->results, &r->tls);
    recipient->authenticator = r->auth ? r->auth->instance.name : STR_NULL;
    recipient->authenticated_id = str_copy(r->results, r->authenticated_id);
    recipient->authenticated_sender = str_copy(r->results, t->authenticated_sender);
    recipient->protocol_start = str_copy(r->results, str_of(r->protocol_start));
    recipient->octets = t->octets;
    recipient->confirmation = str_copy(r->results, confirmation);
    recipient->chunking = t->chunking;
    recipient->pipelining = t->pipelining;
    recipient->early_pipelining = t->pipelining && r->early.used;
    recipient->prdr = t->prdr;
    recipient->tls_on_connect = r->smtps;
    recipient->dsn_aware = t->dsn;
    recipient->second_on_connection = r->messages > 0;
}

/* A response for one recipient alone. False: the connection has ended. */
static bool read_own(struct transaction *t, struct mail_recipient *recipient, const char *protocol)
{
    bool local = t->r->client.texts == &lmtp_texts;

    struct remote *r = t->r;
    struct client_failure *failure = &r->client.failure;

    if (client_expect(&r->client, &(struct client_expect){
                                      .what = end_of_data,
                                      .digit = '2',
                                      .seconds = r->options->final_timeout,
                                      .octets = t->octets})) {
        delivered(t, recipient, r->client.reply.text);
        return true;
    }
    if (failure->lost) {
        failure->message = true;
        return false;
    }
    if (local && !failure->permanent)
        failure->error = DELIVERY_DATA_4XX;
    if (!failure->permanent) {
        failure->more_error = delivery_more_4xx(failure->code, r->host->mx != MAIL_NO_MX);
        recipient->retry_address = !local;
    }
    if (!local)
        failure->text = str_taint(str_printf(r->arena, "%s error after DATA: %.*s", protocol,
                                             STR_ARG(printable_lines(r->arena, r->client.reply.text))));
    transaction_result(recipient, failure->permanent ? MAIL_FAIL : MAIL_DEFER, r, failure);
    return true;
}

static bool read_each(struct transaction *t, const char *protocol)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->accepted[i] && !read_own(t, t->recipients[i], protocol))
            return false;
    return true;
}

/* One response for all who were accepted and have none of their own. overall: behind those of PRDR. */
static enum transaction_end all_alike(struct transaction *t, bool overall)
{
    struct client_failure *failure = &t->r->client.failure;
    struct str confirmation = t->r->client.reply.text;
    bool ok = t->r->client.reply.code / 100 == 2;

    if (!ok && failure->code / 100 == 4)
        failure->error = DELIVERY_DATA_4XX;
    for (size_t i = 0; i < t->n; i++) {
        struct mail_recipient *recipient = t->recipients[i];

        if (!t->accepted[i] || (overall && recipient->result != MAIL_OK))
            continue;
        if (ok && overall)
            recipient->confirmation =
                str_join3(t->r->results, recipient->confirmation, STR("\n"), confirmation);
        else if (ok)
            delivered(t, recipient, confirmation);
        else if (failure->permanent)
            transaction_result(recipient, MAIL_FAIL, t->r, failure);
        else
            recipient->result = MAIL_PENDING;
    }
    if (ok || failure->permanent)
        return TRANSACTION_DONE;
    failure->more_error = delivery_more_4xx(failure->code, t->r->host->mx != MAIL_NO_MX);
    return TRANSACTION_REFUSED;
}

static enum transaction_end read_one(struct transaction *t)
{
    struct remote *r = t->r;
    struct client_expect expect = {
        .what = end_of_data, .digit = '2', .seconds = r->options->final_timeout, .octets = t->octets};
    bool ok = client_expect(&r->client, &expect);

    if (!ok && r->client.failure.lost) {
        r->client.failure.message = true;
        return TRANSACTION_BROKEN;
    }
    if (!t->prdr || r->client.reply.code != PRDR_FOLLOWS) {
        t->prdr = false;
        return all_alike(t, false);
    }
    if (!read_each(t, "PRDR") || (!client_expect(&r->client, &expect) && r->client.failure.lost))
        return TRANSACTION_BROKEN;
    return all_alike(t, true);
}

enum transaction_end transaction_data(struct transaction *t, struct message_writer *writer)
{
    if (!send_message(t, writer))
        return last_words(t) ? all_alike(t, false) : TRANSACTION_BROKEN;
    if (t->r->lmtp)
        return read_each(t, "LMTP") ? TRANSACTION_DONE : TRANSACTION_BROKEN;
    return read_one(t);
}
