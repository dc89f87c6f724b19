/* The beginning of a session: see connect.h. */
#include "smtp/connect.h"

#include <stdlib.h>

#include "smtp/host_name.h"
#include "smtp/log_lines.h"
#include "smtp/policy.h"
#include "smtp/reply.h"
#include "smtp/settings.h"
#include "smtp/starttls.h"

/* There is no session, whatever else has ended it already. */
static void refuse(struct smtp_session *s)
{
    s->done = true;
    s->end = SMTP_END_REFUSED;
}

/* A configuration that allows no session: a tester sees the log line, a client gets the text in answer to
 * every command until it says QUIT. */
static void close_down(struct smtp_session *s, struct str text)
{
    struct str line;

    if (s->peer->mode == SMTP_NETWORK) {
        do {
            smtp_respond(s, STR("421"), text, true);
            if (smtp_read_line(s, SMTP_COMMAND_LIMIT, LINE_LF, &line) == SMTP_INPUT_GONE)
                break;
        } while (!str_is_nocase(str_trim(s->scratch, line), "QUIT"));
        if (!s->done)
            smtp_reply(s, "221 %.*s closing connection", STR_ARG(s->connection.active_hostname));
    }
    s->end = SMTP_END_FAILED;
    s->done = true;
}

static void log_connection(struct smtp_session *s)
{
    struct buffer line = BUFFER_IN(s->scratch);

    s->log_connection = !smtp_host_in(s, s->options->hosts_connection_nolog, "hosts_connection_nolog") &&
                        log_selected(LOG_SEL_smtp_connection);
    if (!s->log_connection)
        return;
    buffer_add(&line, smtp_connection_name(s));
    if (s->peer->connection_count > 0)
        buffer_printf(&line, " (TCP/IP connection count = %d)", s->peer->connection_count);
    log_write_str(LOG_MAIN, buffer_str(&line));
}

/* --- Limits that depend on the host (manual, 14: smtp_accept_reserve, smtp_load_reserve) */

static bool too_much_load(struct smtp_session *s, double *load)
{
    int limit = s->options->smtp_load_reserve;

    return limit >= 0 && s->peer->connection_count > 0 && getloadavg(load, 1) == 1 && *load * 1000 > limit;
}

static bool few_places_left(const struct smtp_session *s)
{
    const struct main_options *o = s->options;

    return o->smtp_accept_max > 0 && o->smtp_accept_reserve > 0 &&
           s->peer->connection_count > o->smtp_accept_max - o->smtp_accept_reserve;
}

/* Nobody is served under load where no host is in reserve. False: refused. */
static bool admit_anybody(struct smtp_session *s)
{
    struct str who = smtp_host_and_ident(s, false);
    double load = 0;

    if (s->options->smtp_reserve_hosts || !too_much_load(s, &load))
        return true;
    if (log_selected(LOG_SEL_connection_reject))
        log_write(LOG_MAIN, "Connection from %.*s refused: load average = %.2f", STR_ARG(who), load);
    smtp_reply(s, "421 Too much load; please try again later.");
    return false;
}

/* False: refused. */
static bool admit(struct smtp_session *s)
{
    const struct main_options *o = s->options;
    struct str who = smtp_host_and_ident(s, false);
    double load = 0;
    bool loaded = too_much_load(s, &load);

    if ((!loaded && !few_places_left(s)) || smtp_host_in(s, o->smtp_reserve_hosts, "smtp_reserve_hosts"))
        return true;
    if (loaded) {
        log_write(LOG_MAIN,
                  "temporarily refused connection from %.*s: not in reserve list and load average = %.2f",
                  STR_ARG(who), load);
        smtp_reply(s, "421 %.*s: Too much load; please try again later",
                   STR_ARG(s->connection.active_hostname));
    } else {
        log_write(LOG_MAIN,
                  "temporarily refused connection from %.*s: not in reserve list: connected=%d max=%d "
                  "reserve=%d",
                  STR_ARG(who), s->peer->connection_count - 1, o->smtp_accept_max, o->smtp_accept_reserve);
        smtp_reply(s, "421 %.*s: Too many concurrent SMTP connections; please try again later",
                   STR_ARG(s->connection.active_hostname));
    }
    return false;
}

/* --- The peer */

/* What the options say about this host. */
static void look_at_host(struct smtp_session *s)
{
    const struct main_options *o = s->options;
    bool local = s->connection.is_local;

    s->sender_unqualified_allowed =
        local || smtp_host_in(s, o->sender_unqualified_hosts, "sender_unqualified_hosts");
    s->recipient_unqualified_allowed =
        local || smtp_host_in(s, o->recipient_unqualified_hosts, "recipient_unqualified_hosts");
    s->acl_owner.context.unqualified_sender_allowed = s->sender_unqualified_allowed;
    s->acl_owner.context.unqualified_recipient_allowed = s->recipient_unqualified_allowed;
    s->helo_verify_required = smtp_host_in(s, o->helo_verify_hosts, "helo_verify_hosts");
    s->helo_verify_wanted = smtp_host_in(s, o->helo_try_verify_hosts, "helo_try_verify_hosts");
    s->helo_junk_allowed = smtp_host_in(s, o->helo_accept_junk_hosts, "helo_accept_junk_hosts");
    s->early_pipelining =
        !local && smtp_host_in(s, o->pipelining_connect_advertise_hosts, "pipelining_connect_advertise_hosts");
}

/* False: refused by host_reject_connection. */
static bool host_is_welcome(struct smtp_session *s)
{
    struct str who = smtp_host_and_ident(s, false);

    if (!smtp_host_in(s, s->options->host_reject_connection, "host_reject_connection"))
        return true;
    log_write(LOG_MAIN | LOG_REJECT, "refused connection from %.*s (host_reject_connection)", STR_ARG(who));
    smtp_reply(s, "554 SMTP service not available");
    return false;
}

/* False: a client that does not wait for the greeting is not worth one. */
static bool waits_for_greeting(struct smtp_session *s)
{
    struct buffer line = BUFFER_IN(s->scratch);

    if (s->peer->mode != SMTP_NETWORK || !stream_input_ready(&s->stream))
        return true;
    s->early_used = s->early_pipelining;
    if (!s->enforce_sync || s->early_pipelining)
        return true;
    buffer_add_cstr(&line, "SMTP protocol synchronization error (input sent without waiting for greeting): "
                    "rejected connection from ");
    buffer_add(&line, smtp_host_and_ident(s, true));
    buffer_add_cstr(&line, " input=\"");
    buffer_add(&line, smtp_waiting_input(s));
    buffer_add_char(&line, '"');
    log_write_str(LOG_MAIN | LOG_REJECT, buffer_str(&line));
    smtp_reply(s, "554 SMTP synchronization error");
    return false;
}

/* The connect ACL's message, or smtp_banner. */
static void greet(struct smtp_session *s, const struct acl_outcome *outcome)
{
    const struct template *banner = s->options->smtp_banner;
    struct error err = ERROR_IN(s->scratch);
    struct str text = STR("");

    if (!str_is_empty(outcome->user_message)) {
        if (waits_for_greeting(s))
            smtp_respond_message(s, "220", outcome->user_message);
        else
            refuse(s);
        return;
    }
    if (banner && expand(&s->scope, banner, s->scratch, &text, &err) != EXPAND_OK) {
        log_write(LOG_MAIN | LOG_PANIC, "Expansion of \"%.*s\" (smtp_banner) failed: %.*s",
                  STR_ARG(template_source(banner)), STR_ARG(err.text));
        close_down(s, STR("Unexpected failure, please try later"));
        return;
    }
    if (waits_for_greeting(s))
        smtp_respond(s, STR("220"), text, true);
    else
        refuse(s);
}

void smtp_connect(struct smtp_session *s)
{
    struct acl_outcome outcome;

    smtp_expand_timeout(s);
    if (!admit_anybody(s)) {
        refuse(s);
        return;
    }
    log_connection(s);
    if (!smtp_expand_hostname(s)) {
        if (s->peer->mode == SMTP_NETWORK)
            smtp_reply(s, "421 Local configuration error; please try again later.");
        smtp_session_end(s, SMTP_END_FAILED);
        return;
    }
    if (!smtp_expand_size_limit(s)) {
        close_down(s, STR("Temporary local problem - please try later"));
        return;
    }
    if (!str_is_empty(s->connection.host_address)) {
        if (!s->connection.host_name_looked_up && smtp_host_in(s, s->options->host_lookup, "host_lookup"))
            smtp_find_host_name(&s->scope);
        if (!host_is_welcome(s) || !admit(s)) {
            refuse(s);
            return;
        }
    }
    if (s->peer->tls_on_connect && !smtp_tls_on_connect(s))
        return;
    look_at_host(s);
    if (smtp_policy_run(s, ACL_WHERE_CONNECT, STR_NULL, &outcome) != ACL_ACCEPT) {
        smtp_policy_refuse(s, ACL_WHERE_CONNECT, STR_NULL, &outcome);
        refuse(s);
        return;
    }
    greet(s, &outcome);
}
