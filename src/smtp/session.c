/* The life of a session: see session.h. */
#include "smtp/session.h"

#include <string.h>
#include <sys/time.h>

#include "base/clock.h"
#include "base/dns.h"
#include "lookups/lookup.h"
#include "mail/id.h"
#include "smtp/commands.h"
#include "smtp/connect.h"
#include "smtp/envelope.h"
#include "smtp/log_lines.h"
#include "smtp/policy.h"
#include "smtp/proxy.h"
#include "smtp/receive.h"
#include "smtp/reply.h"
#include "smtp/starttls.h"
#include "smtp/submit.h"

void smtp_session_end(struct smtp_session *s, enum smtp_end end)
{
    if (s->done)
        return;
    s->done = true;
    s->end = end;
}

/* "esmtpsa": what the message arrived by (manual, 11.9: $received_protocol; RFC 3848). */
void smtp_set_protocol(struct smtp_session *s)
{
    /* By HELO or EHLO; the second of each when authenticated: in clear, with TLS. */
#define NAMES(prefix) \
    {{{prefix "smtp", prefix "smtps"}, {prefix "smtp", prefix "smtps"}}, \
     {{prefix "esmtp", prefix "esmtps"}, {prefix "esmtpa", prefix "esmtpsa"}}}
    static const char *const names[2][2][2][2][2] = {
        {NAMES(""), NAMES("local-")},
        {NAMES("utf8"), NAMES("utf8local-")},
    };
#undef NAMES
    if (s->submission) {
        s->connection.received_protocol = str_is_null(s->submission->protocol) ? STR("local") : s->submission->protocol;
        return;
    }
    if (s->peer->batch) {
        s->connection.received_protocol = STR("local-bsmtp");
        return;
    }
    bool authenticated = !str_is_empty(s->connection.host_authenticated);

    s->connection.received_protocol = str_of(
        names[s->transaction.smtputf8][s->connection.is_local][s->esmtp][authenticated][s->tls != NULL]);
}

void smtp_transaction_reset(struct smtp_session *s)
{
    smtp_receive_abandon(s);
    arena_reset(s->transaction_arena);
    s->transaction = (struct smtp_transaction){
        .discard_reason = STR_NULL,
        .rcpt_response = STR_NULL,
        .rcpt_response_same = true,
        .added_headers = BUFFER_IN(s->transaction_arena),
        .removed_headers = BUFFER_IN(s->transaction_arena),
        .failure = STR_NULL,
        .dsn_envid = STR_NULL,
        .fake_reply = STR_NULL,
        .prdr_verdict = STR_NULL,
        .handling = {.queue = s->transaction.handling.queue, /* until another one is set */
                     .utf8_downconvert_maybe = s->options->mua_wrapper, /* until a control says otherwise */
                     .submission_domain = STR_NULL,
                     .submission_name = STR_NULL},
    };
    s->message = (struct scope_message){.size = -1, .acl_m.arena = s->transaction_arena};
    smtp_allow_utf8(s, false);
    s->connection.prdr_requested = false;
    s->message.authenticated_sender = s->peer->authenticated_sender;
    s->warnings = (struct acl_warnings){.arena = s->transaction_arena};
    s->verified = (struct acl_verifications){.arena = s->transaction_arena};
    s->message_rates = (struct acl_rates){.arena = s->transaction_arena};
    match_cache_clear(s->scope.match_cache);
    search_tidyup();
    log_set_message(STR_NULL);
}

void smtp_forget_command(struct smtp_session *s)
{
    arena_reset(s->scratch);
    s->line = s->log_line = s->argument = STR("");
    s->command = NULL;
    s->connection.smtp_command = s->connection.smtp_command_argument = STR_NULL;
    s->connection.smtp_command_history = STR_NULL;
    s->address = (struct scope_address){0};
    s->acl = (struct scope_acl){
        .sender_rate = s->acl.sender_rate, /* these stay (44.39) */
        .sender_rate_limit = s->acl.sender_rate_limit,
        .sender_rate_period = s->acl.sender_rate_period,
        .sender_verify_failure = s->acl.sender_verify_failure,
        .recipient_verify_failure = s->acl.recipient_verify_failure,
    };
    s->scope.value = s->scope.item = s->scope.lookup_result = STR_NULL;
    s->scope.runrc = s->scope.regex_match = STR_NULL;
    memset(s->scope.auth_vars, 0, sizeof s->scope.auth_vars);
    memset(s->scope.captures, 0, sizeof s->scope.captures);
    s->scope.capture_count = 0;
}

static void describe_connection(struct smtp_session *s)
{
    const struct smtp_peer *peer = s->peer;
    struct scope_connection *c = &s->connection;

    c->host_address = peer->host_address;
    c->host_port = peer->host_port;
    c->interface_address = peer->interface_address;
    c->interface_port = peer->interface_port;
    c->connection_count = peer->connection_count;
    c->host_name = peer->host_name;
    c->host_name_looked_up = !str_is_empty(peer->host_name);
    c->ident = peer->ident;
    c->host_authenticated = peer->authenticator;
    c->authenticated_id = peer->authenticated_id;
    c->is_local = str_is_empty(peer->host_address);
    c->is_test = peer->mode == SMTP_TEST;
    c->acl_c.arena = s->arena;
    c->active_hostname = s->settings->process->primary_hostname;
    /* Unlike Exim's, it comes again neither when process ids do nor after the machine is started anew. */
    if (peer->mode == SMTP_NETWORK)
        c->connection_id = mail_id_new(s->arena, -1);
    gettimeofday(&c->started, NULL);
}

void smtp_session_begin(struct smtp_session *s, const struct smtp_settings *settings, const struct smtp_peer *peer)
{
    const struct smtp_prepared *prepared = settings->prepared;

    *s = (struct smtp_session){
        .settings = settings,
        .options = &settings->config->main,
        .prepared = prepared,
        .peer = peer,
        .arena = prepared->session,
        .transaction_arena = prepared->transaction,
        .scratch = prepared->scratch,
        .started_ms = clock_now_ms(),
        .message_limit = -1,
        .enforce_sync = settings->config->main.smtp_enforce_sync,
        .multiline_responses = true,
        .delay_flush = true,
        .pipelining_allowed = true,
        .rset_free = true,
        .helo_free = true,
        .auth_free = true,
    };
    fd_channel_init(&s->channel, peer->in_fd, peer->out_fd);
    stream_init(&s->stream, &s->channel.channel);
    s->advertised = ARENA_ARRAY(s->arena, bool, prepared->server_count + 1);
    s->scope = (struct scope){
        .arena = s->scratch,
        .services = settings->services,
        .lists = settings->config->lists,
        .process = settings->process,
        .connection = &s->connection,
        .message = &s->message,
        .address = &s->address,
        .acl = &s->acl,
        .owner = &s->acl_owner,
        .match_cache = match_cache_new(s->arena),
    };
    s->acl_owner.context = (struct acl_context){
        .acls = settings->acls,
        .scope = &s->scope,
        .host = &smtp_acl_host,
        .owner = s,
        .where = ACL_WHERE_UNKNOWN,
        .recipient = STR_NULL,
        .arena = s->scratch,
        .warnings = &s->warnings,
        .services = settings->mail,
        .verified = &s->verified,
        .address_rules = smtp_address_rules(s->options),
        .return_error_details = s->options->smtp_return_error_details,
        .handling = &s->transaction.handling,
        .handling_arena = s->arena,
        .message_rates = &s->message_rates,
        .connection_rates = &s->connection_rates,
    };
    s->connection_rates = (struct acl_rates){.arena = s->arena};
    describe_connection(s);
    s->sender_unqualified_allowed = s->recipient_unqualified_allowed = peer->batch != NULL;
    smtp_transaction_reset(s);
    smtp_forget_command(s);
    smtp_set_protocol(s);
}

void smtp_session_finish(struct smtp_session *s)
{
    smtp_flush(s);
    if (s->end != SMTP_END_TIMEOUT && s->end != SMTP_END_REFUSED && s->end != SMTP_END_FAILED)
        smtp_log_no_mail(s);
    smtp_receive_abandon(s);
    smtp_tls_end(s);
    stream_free(&s->stream);
    search_tidyup();
    dns_forget();
    arena_reset(s->scratch);
    arena_reset(s->transaction_arena);
    arena_reset(s->arena);
}

enum smtp_end smtp_session_run(const struct smtp_settings *settings, const struct smtp_peer *peer)
{
    struct smtp_session s;

    smtp_session_begin(&s, settings, peer);
    smtp_proxy(&s);
    if (!s.done)
        smtp_connect(&s);
    while (!s.done && peer->batch)
        smtp_batch_command(&s);
    while (!s.done)
        smtp_command(&s);
    smtp_session_finish(&s);
    return s.end;
}

int smtp_exit_code(enum smtp_mode mode, enum smtp_end end)
{
    if (end == SMTP_END_FAILED)
        return 1;
    if (mode != SMTP_LOCAL)
        return 0;
    return end == SMTP_END_LOST || end == SMTP_END_TIMEOUT || end == SMTP_END_ERRORS;
}
