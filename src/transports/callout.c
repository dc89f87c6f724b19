/* Callouts: see callout.h. */
#include "transports/callout.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/print.h"
#include "expand/expand.h"
#include "transports/callout_cache.h"
#include "transports/smtp_early.h"
#include "transports/smtp_hosts.h"
#include "transports/smtp_transaction.h"

enum { COMMAND_SECONDS = 30, WAIT_FACTOR = 4 };

struct callout {
    const struct config *config;
    struct scope *scope;
    struct arena *arena;
    struct mail_recipient recipient;
    struct mail_verify *request;
    struct callout_cache cache;
    struct callout_domain domain;
    struct str address; /* as RCPT has it */
    struct str from;    /* for MAIL; empty: the null sender */
    bool random, postmaster; /* are to be tried */
    enum utf8_way utf8;
    struct remote remote;
};

/* --- Answers */

static const char *role(const struct callout *c)
{
    return c->request->sender ? "sender" : "recipient";
}

static struct str host_text(const struct callout *c)
{
    const struct mail_host *host = c->remote.host;

    return str_printf(c->arena, "%.*s [%.*s]", STR_ARG(host->name), STR_ARG(host->address));
}

/* The host refused: what it said, to what, for the client and for the log. */
static enum mail_verify_result refused(struct callout *c, const char *failure, const char *sent, struct str hint)
{
    struct mail_verify *request = c->request;
    struct str response = printable_lines(c->arena, c->remote.client.reply.text);

    request->failure = str_of(failure);
    request->log_message = str_printf(c->arena, "%.*s : %.*s", STR_ARG(host_text(c)),
                                      STR_ARG(printable(c->arena, c->remote.client.failure.text)));
    if (!request->sender)
        request->user_message =
            str_printf(c->arena, "Callout verification failed:\n%.*s", STR_ARG(response));
    else
        request->user_message =
            str_printf(c->arena, "Called:   %.*s\nSent:     %s\nResponse: %.*s%s%.*s", STR_ARG(c->remote.host->address),
                       sent, STR_ARG(response), hint.n > 0 ? "\n" : "", STR_ARG(hint));
    request->log_message.tainted = request->user_message.tainted = 1;
    return VERIFY_FAIL;
}

/* The same, from memory. */
static enum mail_verify_result refused_before(struct callout *c, const char *failure, struct str text)
{
    c->request->failure = str_of(failure);
    c->request->user_message = text;
    c->request->log_message = c->request->sender ? STR_NULL : text;
    return VERIFY_FAIL;
}

/* It could not be found out now. why: STR_NULL: c->remote.client.failure says it. */
static enum mail_verify_result put_off(struct callout *c, struct str why)
{
    const struct client_failure *failure = &c->remote.client.failure;
    struct mail_verify *request = c->request;
    struct str text = str_printf(c->arena, "Could not complete %s verify callout", role(c));

    if (request->options.callout_defer_ok)
        return VERIFY_OK;
    if (str_is_null(why))
        why = str_printf(c->arena, "%.*s : %.*s", STR_ARG(host_text(c)),
                         STR_ARG(str_is_null(failure->text) ? str_of(strerror(failure->error > 0 ? failure->error : 0))
                                                            : printable(c->arena, failure->text)));
    request->failure = STR("callout");
    request->user_message = text;
    request->log_message = str_taint(str_printf(c->arena, "%.*s: %.*s", STR_ARG(text), STR_ARG(why)));
    return VERIFY_DEFER;
}

/* --- The dialogue */

enum said { SAID_YES, SAID_NO, SAID_LATER };

/* Sends a command: what the host makes of it, for good or for now. */
static enum said ask(struct callout *c, struct str command)
{
    if (client_command(&c->remote.client, command, '2'))
        return SAID_YES;
    return c->remote.client.failure.permanent ? SAID_NO : SAID_LATER;
}

/* The address in A-labels where the host needs them. */
static struct str sent_form(const struct callout *c, struct str address)
{
    struct error err = ERROR_IN(c->arena);
    struct str sent;

    return utf8_address(c->arena, c->utf8, address, &sent, &err) ? sent : address;
}

static struct str mail_command(const struct callout *c, struct str from)
{
    return str_printf(c->arena, "MAIL FROM:<%.*s>%s", STR_ARG(sent_form(c, from)),
                      c->utf8 == UTF8_ASKED_FOR ? " SMTPUTF8" : "");
}

/* RCPT, which log lines show with the address as it is. */
static enum said ask_for(struct callout *c, struct str address)
{
    struct smtp_client *client = &c->remote.client;
    struct str shown = printable(c->arena, str_printf(c->arena, "RCPT TO:<%.*s>", STR_ARG(address)));
    struct client_expect expect = {.what = shown, .digit = '2'};

    client_send(client, str_printf(c->arena, "RCPT TO:<%.*s>", STR_ARG(sent_form(c, address))));
    if (client_flush(client, shown.s) && client_expect(client, &expect))
        return SAID_YES;
    return client->failure.permanent ? SAID_NO : SAID_LATER;
}

/* RCPT is only as good as the sender it goes with: each begins anew. */
static enum said begin_again(struct callout *c, struct str from)
{
    enum said said = ask(c, STR("RSET"));

    return said == SAID_YES ? ask(c, mail_command(c, from)) : said;
}

/* A local part that nobody has. Whoever takes it takes any. */
static enum said try_random(struct callout *c)
{
    struct error err = ERROR_IN(c->arena);
    struct str local;
    enum said said;

    if (expand(c->scope, c->config->main.callout_random_local_part, c->arena, &local, &err) != EXPAND_OK) {
        log_write(LOG_MAIN | LOG_PANIC, "failed to expand callout_random_local_part: %.*s", STR_ARG(err.text));
        return SAID_NO;
    }
    said = ask_for(c, str_join3(c->arena, local, STR("@"), c->recipient.domain));
    if (said != SAID_LATER)
        c->domain.random = said == SAID_YES ? CALLOUT_ACCEPT : CALLOUT_REJECT;
    return said;
}

static enum said try_postmaster(struct callout *c, struct str *sent)
{
    const struct mail_verify_options *o = &c->request->options;
    struct str from = str_is_null(o->postmaster_mailfrom) ? STR("") : o->postmaster_mailfrom;
    enum said said = begin_again(c, from);

    *sent = str_printf(c->arena, "RCPT TO:<postmaster@%.*s>", STR_ARG(c->recipient.domain));
    if (said == SAID_YES)
        said = ask_for(c, str_join(c->arena, STR("postmaster@"), c->recipient.domain));
    if (said == SAID_NO && o->full_postmaster)
        said = ask(c, *sent = STR("RCPT TO:<postmaster>"));
    if (said != SAID_LATER)
        c->domain.postmaster = said == SAID_YES ? CALLOUT_ACCEPT : CALLOUT_REJECT;
    return said;
}

static enum mail_verify_result mail_refused(struct callout *c)
{
    struct str command = mail_command(c, c->from);

    if (str_is_empty(c->from))
        c->domain.null_sender = CALLOUT_REJECT;
    client_fail(&c->remote.client, 0, "response to \"%.*s\" was: %.*s", STR_ARG(command),
                STR_ARG(printable_lines(c->arena, c->remote.client.reply.text)));
    return refused(c, "mail", command.s,
                   str_is_empty(c->from) ? STR("Bounces are refused there, so mail from there cannot be answered.")
                                         : STR(""));
}

/* False: *result says why there is nothing to ask. */
static bool choose_utf8(struct callout *c, enum mail_verify_result *result)
{
    const struct scope_message *message = c->scope->message;
    struct error err = ERROR_IN(c->arena);
    struct str sent;

    c->utf8 = UTF8_PLAIN;
    if (!message || message->message_smtputf8.n == 0)
        return true;
    if (!remote_utf8_way(&c->remote, c->request->handling, &c->utf8)) {
        *result = put_off(c, STR_NULL);
        return false;
    }
    if (c->utf8 == UTF8_REFUSED) {
        c->request->failure = STR("");
        c->request->user_message = STR("533 no support for internationalised mailbox name");
        c->request->log_message = str_taint(
            str_printf(c->arena, "%.*s : response to \"EHLO\" did not include SMTPUTF8", STR_ARG(host_text(c))));
        *result = VERIFY_FAIL;
        return false;
    }
    if (utf8_address(c->arena, c->utf8, c->address, &sent, &err) &&
        utf8_address(c->arena, c->utf8, c->from, &sent, &err))
        return true;
    *result = put_off(c, err.text);
    return false;
}

static enum mail_verify_result talk(struct callout *c)
{
    struct str sent = str_printf(c->arena, "RCPT TO:<%.*s>", STR_ARG(c->address));
    enum mail_verify_result result;
    enum said said;

    if (!choose_utf8(c, &result))
        return result;
    said = ask(c, mail_command(c, c->from));
    if (said == SAID_NO)
        return mail_refused(c);
    if (said == SAID_YES && str_is_empty(c->from))
        c->domain.null_sender = CALLOUT_ACCEPT;
    if (said == SAID_YES && c->random) {
        said = try_random(c);
        if (said == SAID_YES) {
            c->request->failure = STR("random");
            return VERIFY_OK;
        }
        said = c->remote.client.failure.lost ? SAID_LATER : begin_again(c, c->from);
    }
    if (said == SAID_YES)
        said = ask_for(c, c->address);
    if (said == SAID_NO) {
        callout_cache_keep_address(&c->cache, CALLOUT_REJECT);
        return refused(c, "recipient", sent.s, STR(""));
    }
    if (said == SAID_YES)
        callout_cache_keep_address(&c->cache, CALLOUT_ACCEPT);
    if (said == SAID_YES && c->postmaster)
        said = try_postmaster(c, &sent);
    if (said == SAID_NO)
        return refused(c, "postmaster", sent.s, STR("A domain has to take mail for its postmaster (RFC 5321)."));
    return said == SAID_YES ? VERIFY_OK : put_off(c, STR_NULL);
}

/* One connection. early: commands may be sent ahead. *final: there is no need to ask another. */
static enum mail_verify_result connect_and_talk(struct callout *c, const struct mail_host *host, int port, bool early,
                                                bool *final)
{
    const struct mail_verify_options *o = &c->request->options;
    const struct transport_instance *transport = c->recipient.transport;
    const struct smtp_config *options = transport->instance.config;
    int seconds = o->timeout > 0 ? o->timeout : COMMAND_SECONDS;
    enum mail_verify_result result;

    c->remote = (struct remote){
        .config = c->config,
        .transport = transport,
        .options = options,
        .scope = c->scope,
        .host = host,
        .port = host->port == MAIL_NO_PORT ? port : host->port,
        .lmtp = smtp_is_lmtp(options),
        .smtps = smtp_is_smtps(options),
        .verifying = true,
        .connect_timeout = o->connect_timeout > 0 ? o->connect_timeout : seconds,
        .command_timeout = seconds,
        .arena = c->arena,
        .results = c->arena,
        .early = {.barred = !early},
    };
    if (!remote_open_any(&c->remote)) {
        *final = c->remote.client.failure.permanent;
        return *final ? refused(c, "mail", "initial connection, or HELO", STR("")) : put_off(c, STR_NULL);
    }
    result = talk(c);
    *final = result != VERIFY_DEFER;
    remote_close(&c->remote);
    return result;
}

/* One host. */
static enum mail_verify_result call(struct callout *c, const struct mail_host *host, int port, bool *final)
{
    enum mail_verify_result result = connect_and_talk(c, host, port, true, final);

    return early_in_vain(&c->remote) ? connect_and_talk(c, host, port, false, final) : result;
}

/* --- All of it */

static enum mail_verify_result call_hosts(struct callout *c)
{
    const struct mail_verify_options *o = &c->request->options;
    int seconds = o->timeout > 0 ? o->timeout : COMMAND_SECONDS;
    int64_t deadline = deadline_in(o->maxwait > 0 ? o->maxwait : WAIT_FACTOR * seconds);
    const struct smtp_config *options = c->recipient.transport->instance.config;
    struct delivery d = {.config = c->config, .transport = c->recipient.transport, .recipients = &c->recipient,
                         .scope = c->scope, .arena = c->arena};
    enum mail_verify_result result = VERIFY_DEFER;
    struct hosts_failure failure = {.text = STR("no hosts")};
    struct mail_host *hosts = smtp_hosts(&d, options, &failure);
    bool final = false, called = false;
    int port;

    if (!hosts || !smtp_port(c->scope, c->arena, d.transport, &port, &failure))
        return put_off(c, failure.text);
    for (; hosts && !final && (!called || deadline_left_ms(deadline) > 0); hosts = hosts->next) {
        if (!smtp_host_look_up(&d, options, hosts, &failure))
            continue;
        result = call(c, hosts, port, &final);
        called = true;
    }
    if (!called)
        return put_off(c, failure.text);
    return result == VERIFY_DEFER && o->callout_defer_ok ? VERIFY_OK : result;
}

/* What is known from earlier callouts. True: it is enough. */
static bool known_before(struct callout *c, enum mail_verify_result *result)
{
    callout_cache_domain(&c->cache, &c->domain);
    *result = VERIFY_OK;
    if (c->domain.null_sender == CALLOUT_REJECT && str_is_empty(c->from)) {
        *result = refused_before(c, "mail", STR("(result of an earlier callout reused)."));
        return true;
    }
    if (c->random && c->domain.random == CALLOUT_ACCEPT) {
        c->request->failure = STR("random");
        return true;
    }
    c->random &= c->domain.random == CALLOUT_UNKNOWN;
    if (c->postmaster && c->domain.postmaster == CALLOUT_REJECT) {
        *result = refused_before(c, "postmaster", STR("(result of earlier verification reused)."));
        return true;
    }
    c->postmaster &= c->domain.postmaster == CALLOUT_UNKNOWN;
    switch (callout_cache_address(&c->cache)) {
    case CALLOUT_UNKNOWN:
        return false;
    case CALLOUT_ACCEPT:
        return !c->postmaster;
    case CALLOUT_REJECT:
        *result = refused_before(c, "recipient", STR("Previous (cached) callout verification failure"));
        break;
    }
    return true;
}

/* The sender that the host is asked with. */
static struct str sender_of(const struct callout *c)
{
    const struct mail_verify_options *o = &c->request->options;

    if (o->use_postmaster)
        return str_join(c->arena, STR("postmaster@"), c->scope->process->qualify_domain);
    if (o->use_sender && c->scope->message)
        return c->scope->message->sender_address;
    return str_is_null(o->mailfrom) ? STR("") : o->mailfrom;
}

static void begin(struct callout *c)
{
    const struct mail_verify_options *o = &c->request->options;

    c->from = sender_of(c);
    c->random = o->callout_random;
    c->postmaster = o->callout_postmaster;
    c->address = transaction_rcpt_address(c->arena, c->recipient.transport, &c->recipient);
    c->cache = (struct callout_cache){
        .options = &c->config->main,
        .scope = c->scope,
        .off = o->callout_no_cache,
        .domain = c->recipient.domain,
        .address = str_is_empty(c->from) ? c->recipient.address
                                         : str_join3(c->arena, c->recipient.address, STR("/<"), c->from),
    };
}

static bool has_line_break(struct str text)
{
    return str_find(text, '\n') >= 0 || str_find(text, '\r') >= 0 || str_find(text, '\0') >= 0;
}

enum mail_verify_result callout_verify(const struct config *config, struct scope *scope,
                                       const struct mail_recipient *recipient, struct mail_verify *request)
{
    struct callout c = {.config = config, .scope = scope, .arena = scope->arena, .request = request};
    struct scope_address *shown = scope->address, own = {.host_port = 0};
    enum mail_verify_result result;

    if (!recipient->transport || !str_is(str_of(recipient->transport->instance.driver->name), "smtp"))
        return VERIFY_OK;
    c.recipient = *recipient;
    c.recipient.next = NULL;
    if (shown)
        own = *shown;
    scope->address = &own;
    begin(&c);
    if (has_line_break(c.from) || has_line_break(c.address))
        result = put_off(&c, STR("an address has line breaks in it"));
    else if (!known_before(&c, &result)) {
        struct callout_domain before = c.domain;

        result = call_hosts(&c);
        if (memcmp(&before, &c.domain, sizeof before) != 0)
            callout_cache_keep_domain(&c.cache, &c.domain);
    }
    scope->address = shown;
    return result;
}
