/* Early pipelining: see smtp_early.h. */
#include "transports/smtp_early.h"

#include <errno.h>
#include <time.h>

#include "base/log.h"
#include "config/config.h"
#include "hints/fields.h"
#include "hints/hints.h"
#include "mail/delivery_error.h"

enum { LAYOUT = 1 };

/* --- What is known */

static struct str key_of(const struct remote *r)
{
    return str_printf(r->arena, "EHLO:%.*s:%d", STR_ARG(r->host->address), r->port);
}

/* Whether commands may come before the responses that they would otherwise wait for. */
static bool takes_early(const struct smtp_offer *offer)
{
    return smtp_offers(offer, SMTP_PIPECONNECT) && smtp_offers(offer, SMTP_PIPELINING);
}

static bool read_record(struct remote *r, struct str value)
{
    struct fields fields;

    if (!fields_begin(&fields, value, LAYOUT))
        return false;
    for (size_t phase = 0; phase < EARLY_PHASES; phase++) {
        struct str hello = fields_str(&fields);

        r->early.hello[phase] = str_copy_n(r->arena, hello.s, hello.n, true);
    }
    return fields_end(&fields);
}

void early_begin(struct remote *r)
{
    struct hints *hints = r->scope->process->hints;
    struct error err = ERROR_IN(r->arena);
    struct hints_record record;

    r->early = (struct remote_early){.barred = r->early.barred};
    r->early.watched = hints && !r->lmtp && remote_host_in(r, r->options->hosts_pipe_connect) &&
                       !remote_host_in(r, r->options->hosts_avoid_pipelining) &&
                       !remote_host_in(r, r->options->hosts_avoid_esmtp);
    if (!r->early.watched || r->early.barred)
        return;
    switch (hints_get(hints, HINTS_RETRY, key_of(r), r->arena, &record, &err)) {
    case HINTS_FOUND:
        r->early.known = read_record(r, record.value);
        break;
    case HINTS_MISSING:
        break;
    case HINTS_FAILED:
        log_write(LOG_MAIN | LOG_PANIC, "%.*s", STR_ARG(err.text));
        break;
    }
}

/* What is offered on an encrypted connection is of no use unless the way to it is as short. */
static bool begins_early(const struct remote *r)
{
    struct smtp_offer first;

    smtp_offer_parse(r->early.hello[r->smtps], &first);
    return takes_early(&first);
}

void early_note(struct remote *r, struct str hello)
{
    struct hints *hints = r->scope->process->hints;
    struct error err = ERROR_IN(r->arena);
    struct hints_record record = {.key = key_of(r), .expires = time(NULL) + r->config->main.retry_data_expire};
    struct str *known = &r->early.hello[r->tls.active];
    struct buffer value = BUFFER_IN(r->arena);
    struct smtp_offer before;

    if (!r->early.watched)
        return;
    smtp_offer_parse(*known, &before);
    *known = hello;
    if (!begins_early(r)) {
        early_forget(r);
        return;
    }
    if (r->early.known && smtp_offers_same(&before, &r->client.offer))
        return;
    fields_add_int(&value, LAYOUT);
    for (size_t phase = 0; phase < EARLY_PHASES; phase++)
        fields_add_str(&value, r->early.hello[phase]);
    record.value = buffer_str(&value);
    r->early.known = hints_put(hints, HINTS_RETRY, &record, &err);
    if (!r->early.known)
        log_write(LOG_MAIN | LOG_PANIC, "%.*s", STR_ARG(err.text));
}

void early_forget(struct remote *r)
{
    struct error err = ERROR_IN(r->arena);

    if (r->early.known && !hints_delete(r->scope->process->hints, HINTS_RETRY, key_of(r), &err))
        log_write(LOG_MAIN | LOG_PANIC, "%.*s", STR_ARG(err.text));
    r->early.known = false;
}

/* --- Making use of it */

bool early_may(const struct remote *r)
{
    struct smtp_offer offer;

    if (!r->early.known || r->early.barred)
        return false;
    smtp_offer_parse(r->early.hello[r->tls.active], &offer);
    return takes_early(&offer);
}

/* Whether what was sent is right for what is offered. More may be offered than before, but not TLS: then the
 * commands should not have gone out in the clear. */
static bool still_right(const struct smtp_offer *taken, const struct smtp_offer *offer)
{
    unsigned lost = taken->features & ~offer->features & ~(unsigned)SMTP_PIPECONNECT;
    unsigned gained = offer->features & ~taken->features;
    struct smtp_offer same = *offer;

    same.features = taken->features;
    return lost == 0 && (gained & SMTP_STARTTLS) == 0 && smtp_offers_same(taken, &same);
}

/* What came was not what the commands were meant for. */
static bool outdated(struct remote *r)
{
    debug(DEBUG_transport, "%.*s is not what it was: without sending ahead\n", STR_ARG(r->host->address));
    early_forget(r);
    r->early.outdated = r->early.barred = true;
    r->early.used = false;
    r->client.failure.lost = true;
    return false;
}

bool early_in_vain(struct remote *r)
{
    const struct client_failure *failure = &r->client.failure;

    if (r->client.read_owed && failure->lost && failure->error != ETIMEDOUT)
        outdated(r); /* the server ended it before it said anything */
    return r->early.outdated;
}

/* Reads the responses that are due. A server that says nothing is not asked again at once. */
static bool read_due(void *ctx)
{
    struct remote *r = ctx;
    struct smtp_client *c = &r->client;
    struct smtp_offer taken = c->offer;
    bool banner_due = r->early.banner_due;

    r->early.banner_due = false;
    if ((banner_due && !remote_read_banner(r)) || !remote_read_hello(r))
        return c->failure.error == ETIMEDOUT || c->failure.error == DELIVERY_EXPANSION ? false : outdated(r);
    r->early.used = takes_early(&c->offer);
    if (still_right(&taken, &c->offer))
        return true;
    client_fail(c, 0, "the server offers something else than the last time");
    return outdated(r);
}

void early_hello(struct remote *r, bool banner_due)
{
    struct smtp_client *c = &r->client;

    r->early.banner_due = banner_due;
    smtp_offer_parse(r->early.hello[r->tls.active], &c->offer);
    remote_note_command(r, 'e');
    client_send(c, str_printf(r->arena, "EHLO %.*s", STR_ARG(r->helo)));
    client_owe(c, read_due, r);
}
