/* Hosts in turn: see smtp_delivery.h; manual, 30.5 and 32. */
#include "transports/smtp_delivery.h"

#include <limits.h>
#include <stdlib.h>

#include "base/log.h"
#include "config/config.h"
#include "expand/expand.h"
#include "mail/delivery_error.h"

/* --- Results for all */

static void set_result(struct mail_recipient *recipient, enum mail_result result, int error, struct str text)
{
    recipient->result = result;
    recipient->error = error;
    recipient->message = text;
    recipient->host_used = NULL;
}

static void set_pending(struct delivery *d, enum mail_result result, int error, struct str text)
{
    for (struct mail_recipient *r = smtp_first_pending(d); r; r = smtp_next_pending(r))
        set_result(r, result, error, text);
}

static void set_failure(struct delivery *d, const struct hosts_failure *failure)
{
    set_pending(d, failure->panic ? MAIL_PANIC : MAIL_DEFER, failure->error, failure->text);
}

/* --- Going through the list */

/* How far it got. */
struct tour {
    struct smtp_run *run;
    int tried, counted;   /* addresses: all of them, and those that hosts_max_try counts */
    bool waiting;         /* some were left out because their retry times have not come */
    bool all_expired;     /* ... and all of them have been failing for too long */
    bool lookup_failed;
    struct hosts_failure lookup;
};

/* Whether the message may be tried at a host that has been failing for too long although its retry time has not
 * come: with delay_after_cutoff off, once. */
static bool tried_since_arrival(const struct smtp_run *run, const struct mail_host *host)
{
    return host->last_try >= run->delivery->message->received.tv_sec;
}

static bool may_be_tried(struct tour *tour, struct mail_host *host)
{
    struct smtp_run *run = tour->run;
    struct delivery *d = run->delivery;
    struct delivery_retry retry = smtp_retry(run, host, false);

    if (d->host)
        d->host->retry_state(d, host, &retry);
    if (host->status == MAIL_HOST_UNUSABLE_EXPIRED && !run->options->delay_after_cutoff &&
        !tried_since_arrival(run, host))
        return true;
    if (host->status != MAIL_HOST_UNUSABLE && host->status != MAIL_HOST_UNUSABLE_EXPIRED)
        return true;
    tour->waiting = true;
    tour->all_expired &= host->status == MAIL_HOST_UNUSABLE_EXPIRED;
    debug(DEBUG_transport, "%.*s [%.*s] is not tried: its retry time has not come\n", STR_ARG(host->name),
          STR_ARG(host->address));
    return false;
}

/* The next host of another preference, when hosts_max_try has been reached with this one; NULL: none. */
static struct mail_host *other_preference(struct mail_host *host)
{
    struct mail_host *next = host->next;

    while (next && (next->mx == host->mx || host->mx == MAIL_NO_MX))
        next = next->next;
    return next;
}

/* Where to go on: hosts_max_try ends the tour, unless there are hosts that are preferred less (manual, 30.5). */
static struct mail_host *next_host(struct tour *tour, struct mail_host *host)
{
    struct mail_host *other;

    if (!host->expired && tour->run->options->hosts_max_try > 0 &&
        ++tour->counted >= tour->run->options->hosts_max_try) {
        other = other_preference(host);
        if (other)
            tour->counted--;
        return other;
    }
    return host->next;
}

static bool may_go_on(const struct tour *tour)
{
    int limit = tour->run->options->hosts_max_try_hardlimit;

    return limit <= 0 || tour->tried < limit;
}

static void go_through(struct tour *tour, struct mail_host *hosts)
{
    struct smtp_run *run = tour->run;

    while (hosts && smtp_first_pending(run->delivery) && may_go_on(tour)) {
        if (!smtp_host_look_up(run->delivery, run->options, hosts, &tour->lookup)) {
            tour->lookup_failed = true;
            hosts = hosts->next;
        } else if (!may_be_tried(tour, hosts)) {
            hosts = hosts->next;
        } else if (!smtp_try_host(run, hosts)) {
            tour->waiting = true;
            tour->all_expired = false;
            hosts = hosts->next;
        } else {
            tour->tried++;
            hosts = next_host(tour, hosts);
        }
    }
}

/* --- What becomes of those who are still pending */

static struct str for_domain(struct delivery *d)
{
    struct str domain = smtp_first_pending(d)->domain;

    for (const struct mail_recipient *r = smtp_first_pending(d); r; r = smtp_next_pending(r))
        if (!str_eq(r->domain, domain))
            return STR("");
    return str_printf(d->arena, " for '%.*s'", STR_ARG(domain));
}

/* No host was tried at all. */
static void settle_untried(const struct tour *tour)
{
    struct delivery *d = tour->run->delivery;
    struct str domain = for_domain(d);

    if (tour->waiting && tour->all_expired && !tour->lookup_failed) {
        struct str text = str_printf(d->arena, "all hosts%.*s have been failing for a long time %s", STR_ARG(domain),
                                     tour->run->options->delay_after_cutoff
                                         ? "(and retry time not reached)"
                                         : "and were last tried after this message arrived");

        for (struct mail_recipient *r = smtp_first_pending(d); r; r = smtp_next_pending(r)) {
            set_result(r, MAIL_FAIL, DELIVERY_HOST_RETRY, text);
            r->timed_out = true;
        }
    } else if (tour->waiting) {
        set_pending(d, MAIL_DEFER, DELIVERY_HOST_RETRY,
                    str_printf(d->arena, "retry time not reached for any host%.*s", STR_ARG(domain)));
    } else {
        set_failure(d, &tour->lookup);
    }
}

/* A host's last word counts: when that was "never", it is for all of the hosts. */
static void settle(const struct tour *tour)
{
    struct delivery *d = tour->run->delivery;

    if (!smtp_first_pending(d))
        return;
    if (tour->tried == 0) {
        settle_untried(tour);
        return;
    }
    for (struct mail_recipient *r = smtp_first_pending(d); r; r = smtp_next_pending(r))
        r->result = tour->run->permanent ? MAIL_FAIL : MAIL_DEFER;
}

/* Whoever reaches one of the hosts later may send this message, too, unless each message is to have a connection of its
 * own. */
static void wait_for_hosts(const struct smtp_run *run, const struct mail_host *hosts)
{
    struct delivery *d = run->delivery;
    bool waits = false;

    for (const struct mail_recipient *r = d->recipients; r; r = r->next)
        waits |= r->result == MAIL_DEFER && !r->retry_address;
    if (d->host && waits && !run->unwelcome && run->options->connection_max_messages != 1)
        d->host->wait_for(d, hosts);
}

static bool lines_fit(struct delivery *d, const struct smtp_config *o)
{
    if (o->message_linelength_limit <= 0 || d->message->max_received_linelength <= o->message_linelength_limit)
        return true;
    set_pending(d, MAIL_FAIL, 0, STR("message has lines too long for transport"));
    return false;
}

static bool read_max_rcpt(struct smtp_run *run, struct hosts_failure *failure)
{
    struct delivery *d = run->delivery;
    struct error err = ERROR_IN(d->arena);
    struct str text;
    char *end;
    long number;

    if (d->config->main.mua_wrapper) { /* all in one transaction (manual, chapter 52) */
        run->max_rcpt = 0;
        return true;
    }
    if (expand(d->scope, run->options->max_rcpt, d->arena, &text, &err) != EXPAND_OK)
        error_set(&err, "failed to expand max_rcpt: %.*s", STR_ARG(err.text));
    else if ((number = strtol(text.s, &end, 0)) < 0 || number > INT_MAX || end == text.s || *end != '\0')
        error_set(&err, "max_rcpt: \"%.*s\" is not a number", STR_ARG(text));
    else
        run->max_rcpt = (int)number;
    *failure = (struct hosts_failure){.error = DELIVERY_UNKNOWN, .text = err.text, .panic = true};
    return str_is_null(err.text);
}

/* The hosts in turn, and then those that are there for when all of them fail. */
static void try_hosts(struct smtp_run *run, struct mail_host *hosts, struct mail_host *fallback)
{
    struct tour tour = {.run = run, .all_expired = true};

    go_through(&tour, hosts);
    if (fallback && smtp_first_pending(run->delivery) && !run->permanent) {
        tour = (struct tour){.run = run, .all_expired = true};
        hosts = fallback;
        go_through(&tour, hosts);
    }
    settle(&tour);
    wait_for_hosts(run, hosts);
}

void smtp_deliver(struct delivery *d)
{
    struct smtp_run run = {.delivery = d, .options = d->transport->instance.config};
    struct hosts_failure failure;
    struct mail_host *hosts;

    gettimeofday(&run.started, NULL);
    for (struct mail_recipient *r = d->recipients; r; r = r->next)
        r->result = MAIL_PENDING;
    if (lines_fit(d, run.options)) {
        hosts = smtp_hosts(d, run.options, &failure);
        if (hosts && smtp_port(d->scope, d->arena, d->transport, &run.port, &failure) && read_max_rcpt(&run, &failure))
            try_hosts(&run, hosts, d->config->main.mua_wrapper ? NULL : smtp_fallback_hosts(d, run.options));
        else
            set_failure(d, &failure);
    }
    if (d->held && str_is_empty(d->next_message)) { /* it was to another host */
        transport_release(d->held);
        d->held = NULL;
    }
}
