/* Authentication as a client (manual, 33.5; RFC 4954). What the mechanisms are is in src/auths; here are their
 * order, base64, the AUTH command, and what a server's answers mean for the connection. */
#include <errno.h>
#include <string.h>

#include "auths/exchange.h"
#include "base/base64.h"
#include "base/log.h"
#include "base/print.h"
#include "config/config.h"
#include "expand/expand.h"
#include "mail/delivery_error.h"
#include "match/list.h"
#include "tls/tls.h"
#include "transports/event.h"
#include "transports/smtp_early.h"
#include "transports/smtp_remote.h"

enum {
    COMMAND_LONGEST = 510,    /* octets of an AUTH command without its CR LF (RFC 4954 section 4) */
    EXCHANGE_LONGEST = 12288, /* octets of a challenge (likewise) */
    EXCHANGE_STEPS = 32,      /* challenges at most: a server that has more has no end in mind */
};

/* How one authenticator fared. */
enum outcome {
    AUTHENTICATED,
    REJECTED, /* by the server, with 5xx: the next one */
    GIVEN_UP, /* by us: the next one */
    FAILED,   /* r->client.failure: the host is to be tried later */
};

/* --- What authenticators may ask */

/* A failed expansion is a failure of the delivery, in words of its own. */
static void note_expansion_failure(struct remote *r, const struct auth_exchange *x, const struct template *t)
{
    client_fail(&r->client, DELIVERY_AUTH_PROBLEM, "expansion of \"%.*s\" failed in %.*s authenticator: %.*s",
                STR_ARG(template_source(t)), STR_ARG(x->auth->instance.name), STR_ARG(x->message));
    r->quiet = true;
}

static enum auth_expand expand_for(struct auth_exchange *x, const struct template *t, struct str *value)
{
    struct remote *r = x->host_ctx;
    struct scope *scope = r->scope;
    struct arena *working = scope->arena;
    struct error err = ERROR_IN(x->arena);
    enum expand_status status;

    scope->arena = x->arena; /* what lists keep of the strings they see is wiped, too */
    scope_show_auth(scope, x->vars, x->numbers,
                    x->count < AUTH_NUMBERS ? x->count : AUTH_NUMBERS);
    status = expand(scope, t, x->arena, value, &err);
    scope_hide_auth(scope);
    scope->arena = working;
    x->message = status == EXPAND_OK ? STR_NULL : err.text;
    switch (status) {
    case EXPAND_OK:
        return AUTH_EXPAND_OK;
    case EXPAND_FORCED:
        x->message = STR_NULL; /* it is meant to be so: nothing to be said about it */
        return AUTH_EXPAND_FORCED;
    case EXPAND_DEFER:
    case EXPAND_FAILED:
        break;
    }
    note_expansion_failure(r, x, t);
    return status == EXPAND_DEFER ? AUTH_EXPAND_DEFER : AUTH_EXPAND_FAILED;
}

static bool describe_peer(struct auth_exchange *x, struct auth_peer *peer)
{
    const struct remote *r = x->host_ctx;

    *peer = (struct auth_peer){
        .remote_name = r->host->name,
        .remote_address = r->host->address,
        .remote_port = r->port,
        .local_address = r->client.local_address,
        .local_port = r->client.local_port,
        .tls = r->tls.active,
        .tls_certificate_verified = r->tls.certificate_verified,
        .tls_cipher = r->tls.cipher,
        .tls_bits = r->tls.bits,
        .tls_peer_name = STR_NULL,
    };
    return true;
}

static bool bind_channel(struct auth_exchange *x, const char *type, struct str *data)
{
    const struct remote *r = x->host_ctx;

    *data = STR_NULL;
    return r->client.tls && tls_channel_binding(r->client.tls, type, x->arena, data);
}

__attribute__((format(printf, 2, 0))) static struct str format_line(struct auth_exchange *x, const char *format,
                                                                    va_list args)
{
    struct buffer b = BUFFER_IN(x->arena);
    struct str text;

    buffer_vprintf(&b, format, args);
    text = buffer_str(&b);
    if (text.n > 0 && text.s[text.n - 1] == '\n')
        text.n--;
    return printable(x->arena, text);
}

__attribute__((format(printf, 2, 3))) static void debug_line(struct auth_exchange *x, const char *format, ...)
{
    va_list args;

    if (!debug_on(DEBUG_auth))
        return;
    va_start(args, format);
    debug(DEBUG_auth, "%.*s\n", STR_ARG(format_line(x, format, args)));
    va_end(args);
}

__attribute__((format(printf, 2, 3))) static void log_line(struct auth_exchange *x, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_write(LOG_MAIN, "%.*s", STR_ARG(format_line(x, format, args)));
    va_end(args);
}

static const struct auth_host auth_host = {
    .expand = expand_for,
    .peer = describe_peer,
    .channel_binding = bind_channel,
    .debug = debug_line,
    .log = log_line,
    .log_reject = log_line, /* that log is for sessions of ours as a server */
};

/* --- One exchange */

/* An authenticator at work. */
struct attempt {
    struct remote *r;
    struct auth_exchange *x;
    struct str held;  /* an initial response that did not fit into the command: for the first challenge */
    struct str shown; /* what log lines call the latest that was sent: never the data */
    bool begun;       /* the server waits for us */
};

static bool send_command(struct attempt *a)
{
    struct auth_exchange *x = a->x;
    struct str line = str_printf(x->arena, "AUTH %.*s", STR_ARG(x->auth->public_name)), data;
    size_t shown = line.n;

    a->shown = str_copy(a->r->arena, line);
    if (!str_is_null(x->out)) {
        data = x->out.n > 0 ? base64_encode(x->arena, x->out) : STR("=");
        if (line.n + 1 + data.n > COMMAND_LONGEST) {
            a->held = x->out;
        } else {
            line = str_join3(x->arena, line, STR(" "), data);
            a->shown = str_printf(a->r->arena, "%.*s ********", STR_ARG(a->shown));
        }
    }
    a->begun = true;
    remote_note_command(a->r, 'a');
    client_send_secret(&a->r->client, line, shown);
    return client_flush(&a->r->client, a->shown.s);
}

static bool send_response(struct attempt *a, struct str out)
{
    a->shown = STR("****");
    client_send_secret(&a->r->client, str_is_null(out) ? STR("") : base64_encode(a->x->arena, out), 0);
    return client_flush(&a->r->client, "response to AUTH");
}

/* The driver's step for the challenge in the reply at hand. */
static enum auth_verdict next_step(struct attempt *a)
{
    struct str reply = a->r->client.reply.text, data;
    struct str text = str_trim(a->x->arena, reply.n > 3 ? str_sub(a->x->arena, reply, 4, reply.n) : STR(""));

    if (str_find(reply, '\n') >= 0 || text.n > EXCHANGE_LONGEST || !base64_decode(a->x->arena, text, &data)) {
        enum auth_verdict verdict = auth_exchange_step_undecodable(a->x);

        if (verdict == AUTH_CANCELLED)
            a->x->message = str_printf(a->x->arena, "Invalid base64 string in server response \"%.*s\"",
                                       STR_ARG(str_trim(a->x->arena, reply)));
        return verdict;
    }
    return auth_exchange_step(a->x, str_taint(data));
}

/* Leaves an exchange in the middle. What the server says to that does not matter, unless it is gone. */
static bool cancel(struct attempt *a)
{
    struct remote *r = a->r;

    if (a->x->message.n > 0)
        log_write(LOG_MAIN, "%.*s authenticator cancelled authentication H=%.*s [%.*s] %.*s",
                  STR_ARG(a->x->auth->instance.name), STR_ARG(r->host->name), STR_ARG(r->host->address),
                  STR_ARG(printable(r->arena, a->x->message)));
    if (!a->begun)
        return true;
    return client_command(&r->client, STR("*"), '5') || !r->client.failure.lost;
}

/* What the driver's verdict means, unless it has something to send. */
static enum outcome stop(struct attempt *a, enum auth_verdict verdict)
{
    struct remote *r = a->r;
    struct client_failure failure = r->client.failure;

    if (verdict == AUTH_UNEXPECTED) { /* the server wants more than there is */
        client_fail(&r->client, 0, "SMTP error from remote mail server after %.*s: %.*s", STR_ARG(a->shown),
                    STR_ARG(printable_lines(r->arena, r->client.reply.text)));
        return FAILED;
    }
    if (verdict != AUTH_DEFER)
        return cancel(a) ? GIVEN_UP : FAILED;
    if (!failure.error)
        failure = (struct client_failure){
            .error = DELIVERY_AUTH_PROBLEM,
            .text = str_printf(r->arena, "%.*s authenticator: %.*s", STR_ARG(a->x->auth->instance.name),
                               STR_ARG(printable(r->arena, a->x->message)))};
    a->x->message = STR_NULL;
    if (cancel(a))
        r->client.failure = failure;
    return FAILED;
}

/* The server's answer to what was sent: true when the exchange goes on. */
static bool read_answer(struct attempt *a, enum outcome *outcome)
{
    struct remote *r = a->r;
    struct client_expect expect = {.what = a->shown, .digit = '2'};

    *outcome = AUTHENTICATED;
    if (client_expect(&r->client, &expect)) {
        if (!a->x->unfinished)
            return false;
        a->x->message = STR("the server ended the exchange before its part was proved");
        a->begun = false;
        *outcome = cancel(a) ? GIVEN_UP : FAILED;
        return false;
    }
    *outcome = FAILED;
    if (r->client.failure.lost)
        return false;
    if (r->client.reply.code == 334)
        return true;
    if (r->client.failure.permanent)
        *outcome = REJECTED;
    return false;
}

static enum outcome converse(struct attempt *a)
{
    enum auth_verdict verdict = auth_exchange_step(a->x, STR_NULL);
    enum outcome outcome;

    if (verdict != AUTH_MORE)
        return stop(a, verdict);
    if (!send_command(a))
        return FAILED;
    for (unsigned steps = 0; read_answer(a, &outcome); steps++) {
        struct str out = a->held;

        if (steps > EXCHANGE_STEPS) {
            a->x->message = STR("the server does not come to an end");
            return cancel(a) ? GIVEN_UP : FAILED;
        }
        a->held = STR_NULL;
        if (str_is_null(out)) {
            client_forget_failure(&a->r->client);
            verdict = next_step(a);
            if (verdict != AUTH_MORE && verdict != AUTH_OK)
                return stop(a, verdict);
            out = a->x->out;
        }
        if (!send_response(a, out))
            return FAILED;
    }
    return outcome;
}

/* client_set_id, for log lines; one that cannot be expanded is none. */
static void set_id(struct attempt *a)
{
    struct remote *r = a->r;
    struct client_failure failure = r->client.failure;
    struct str id;

    if (!a->x->auth->client_set_id)
        return;
    if (expand_for(a->x, a->x->auth->client_set_id, &id) == AUTH_EXPAND_OK)
        r->authenticated_id = str_copy(r->arena, id);
    r->client.failure = failure;
    r->quiet = false;
}

static enum outcome try_authenticator(struct remote *r, const struct auth_instance *auth)
{
    struct attempt a = {.r = r, .x = auth_exchange_begin(auth, AUTH_CLIENT, &auth_host, r), .held = STR_NULL};
    enum outcome outcome;

    debug(DEBUG_transport, "trying authenticator %.*s\n", STR_ARG(auth->instance.name));
    outcome = converse(&a);
    if (outcome == AUTHENTICATED) {
        r->auth = auth;
        set_id(&a);
    } else if (outcome == REJECTED) {
        log_write(LOG_MAIN, "%.*s authenticator failed H=%.*s [%.*s] %.*s", STR_ARG(auth->instance.name),
                  STR_ARG(r->host->name), STR_ARG(r->host->address),
                  STR_ARG(printable_lines(r->arena, r->client.reply.text)));
        transport_event(r->transport, r->scope, "auth:fail", r->client.reply.text, 0);
        if (r->early.used)
            early_forget(r);
    }
    auth_exchange_end(a.x);
    return outcome;
}

/* --- All of them */

/* client_condition. One that cannot be expanded is no, and is logged. */
static bool wanted(struct remote *r, const struct auth_instance *auth)
{
    struct error err = ERROR_IN(r->arena);
    bool yes = true;

    if (!auth->client)
        return false;
    if (!auth->client_condition)
        return true;
    if (expand_truth(r->scope, auth->client_condition, &yes, &err) == EXPAND_OK)
        return yes;
    if (!str_is_empty(err.text))
        log_write(LOG_MAIN | LOG_PANIC, "failed to expand condition \"%.*s\" for %.*s client authenticator: %.*s",
                  STR_ARG(template_source(auth->client_condition)), STR_ARG(auth->instance.name), STR_ARG(err.text));
    return false;
}

/* The authenticators in the order of the configuration, each that the server offers too. */
static enum outcome try_all(struct remote *r, bool *tried)
{
    enum outcome outcome = GIVEN_UP;

    for (const struct driver_instance *i = config_drivers(r->config, "authenticators"); i; i = i->next) {
        const struct auth_instance *auth = (const struct auth_instance *)i;

        if (!smtp_offers_mechanism(&r->client.offer, auth->public_name) || !wanted(r, auth))
            continue;
        *tried = true;
        outcome = try_authenticator(r, auth);
        if (outcome == AUTHENTICATED || outcome == FAILED)
            break;
    }
    return outcome;
}

bool remote_authenticate(struct remote *r)
{
    bool required, tried = false;
    const char *why;

    if (!remote_host_must(r, r->options->hosts_require_auth, "hosts_require_auth", &required))
        return false;
    if (!required && !remote_host_in(r, r->options->hosts_try_auth))
        return true;
    if (smtp_offers(&r->client.offer, SMTP_AUTH)) {
        switch (try_all(r, &tried)) {
        case AUTHENTICATED:
            client_forget_failure(&r->client);
            return true;
        case FAILED:
            return false;
        case REJECTED:
        case GIVEN_UP:
            break;
        }
        why = tried ? "authentication attempt(s) failed" : "no common mechanisms were found";
    } else {
        why = "server did not advertise AUTH support";
    }
    client_forget_failure(&r->client);
    if (!required)
        return true;
    if (!client_await(&r->client))
        return false;
    r->quiet = true;
    return client_fail(&r->client, DELIVERY_AUTH_FAILED, "authentication required but %s", why);
}
