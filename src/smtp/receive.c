/* Taking a message over: see receive.h. */
#include "smtp/receive.h"

#include <errno.h>
#include <string.h>

#include "base/strlist.h"
#include "expand/regex.h"
#include "mail/fixups.h"
#include "mail/header.h"
#include "mail/id.h"
#include "mail/recipient.h"
#include "mail/rewrite.h"
#include "smtp/added_headers.h"
#include "smtp/submit.h"

/* --- The Received: header (manual, 48.13) */

static struct str received_text(struct smtp_session *s)
{
    struct error err = ERROR_IN(s->scratch);
    struct str text = STR(""), date = STR("");
    enum expand_status status;

    if (s->message.recipients_count == 1)
        s->message.received_for = s->message.recipients[0].address;
    status = expand(&s->scope, s->options->received_header_text, s->transaction_arena, &text, &err);
    s->message.received_for = STR_NULL;
    if (status == EXPAND_FAILED || status == EXPAND_DEFER)
        log_write(LOG_MAIN | LOG_PANIC, "Expansion of received_header_text failed: %.*s", STR_ARG(err.text));
    if (status != EXPAND_OK || str_is_empty(text))
        return STR("");
    expand(&s->scope, s->prepared->date, s->scratch, &date, NULL);
    return str_join3(s->transaction_arena, text, STR(";\n\t"), str_join(s->scratch, date, STR("\n")));
}

/* --- The envelope */

static void add_recipients(struct smtp_session *s, struct mail_message *mail)
{
    struct mail_recipient **last = &mail->recipients;

    for (size_t i = 0; i < s->message.recipients_count; i++) {
        const struct scope_recipient *from = &s->message.recipients[i];
        struct mail_recipient *r = mail_recipient_new(mail->arena, from->address);

        r->dsn_flags = from->dsn_flags;
        r->dsn_orcpt = from->dsn_orcpt;
        *last = r;
        last = &r->next;
    }
    mail->recipient_count = s->message.recipients_count;
}

static void describe(struct smtp_session *s, struct mail_message *mail)
{
    mail->arena = s->transaction_arena;
    mail->sender = s->message.sender_address;
    mail->handling = s->transaction.handling;
    gettimeofday(&mail->received, NULL);
    mail->authenticated_sender = s->message.authenticated_sender;
    mail->delivered.arena = mail->arena;
    mail->first_delivery = true;
    mail->sender_local = (s->connection.is_local || s->submission) && s->transaction.sender_is_caller;
    mail->allow_unqualified_recipient = s->recipient_unqualified_allowed;
    mail->allow_unqualified_sender = s->sender_unqualified_allowed;
    mail->sender_set_untrusted = s->transaction.sender_set_untrusted;
    mail->eightbit = s->transaction.eightbit;
    mail->dsn_envid = s->transaction.dsn_envid;
    mail->dsn_ret = s->transaction.dsn_ret;
    mail->body_fd = -1;
    mail->local_error = s->submission && s->submission->is_report;
}

static void fix_up(struct smtp_session *s, struct mail_message *mail)
{
    const struct fixups f = {
        .options = s->options,
        .process = s->settings->process,
        .scope = &s->scope,
        .message = mail,
        .local = s->connection.is_local,
        .trusted = s->peer->trusted,
        .extracting = s->submission && s->submission->from_headers,
        .login = s->peer->login,
        .full_name = s->peer->full_name,
    };

    mail_fix_up(&f);
    s->message.sender_address = mail->sender;
}

/* --- Rewriting (manual, 31.2): the envelope before the header lines */

static void rewrite_addresses(struct smtp_session *s, struct mail_message *mail)
{
    const struct rewrite_rules *rules = s->settings->process->rewrite_rules;

    for (size_t i = 0; i < s->message.recipients_count; i++) {
        struct scope_recipient *recipient = &s->message.recipients[i];

        recipient->address = rewrite_envelope(&s->scope, rules, mail, recipient->address, REWRITE_ENV_TO);
    }
    mail->sender = rewrite_envelope(&s->scope, rules, mail, mail->sender, REWRITE_ENV_FROM);
    s->message.sender_address = mail->sender;
}

/* --- As the message comes */

static void failed(struct smtp_session *s, struct str why)
{
    if (!str_is_null(s->transaction.failure))
        return;
    s->transaction.failure = str_copy(s->transaction_arena, why);
    s->transaction.failure_errno = errno;
}

/* A message that would reach nobody, or that only pretends, is not written anywhere. */
static bool is_kept(const struct smtp_session *s)
{
    return s->settings->mail && s->peer->mode != SMTP_TEST && s->message.recipients_count > 0;
}

static void take_headers(void *ctx, struct message *m)
{
    struct smtp_session *s = ctx;
    struct mail_message *mail = ARENA_NEW(s->transaction_arena, struct mail_message);
    const struct mail_services *services = s->settings->mail;
    struct error err = ERROR_IN(s->scratch);

    describe(s, mail);
    s->transaction.mail = mail;
    mail_headers_append(mail, buffer_str(&m->headers));
    if (s->submission && s->submission->from_headers)
        smtp_submission_extract(s, mail);
    mail->smtputf8 = s->transaction.smtputf8;
    if (is_kept(s)) {
        s->transaction.incoming = services->begin(services->ctx, mail, &err);
        if (!s->transaction.incoming)
            failed(s, err.text);
    }
    if (str_is_empty(mail->id))
        mail->id = mail_id_new(mail->arena, s->settings->config->host_number);
    s->message.message_id = mail->id;
    s->message.received_time = mail->received;
    log_set_message(mail->id);
    rewrite_addresses(s, mail);
    fix_up(s, mail);
    rewrite_headers(&s->scope, s->settings->process->rewrite_rules, mail);
    s->transaction.received = mail_header_prepend(mail, HEADER_RECEIVED, received_text(s));
}

static void take_body(void *ctx, const char *p, size_t n)
{
    struct smtp_session *s = ctx;

    if (!s->transaction.incoming || !str_is_null(s->transaction.failure))
        return;
    errno = 0;
    if (!s->settings->mail->write(s->transaction.incoming, p, n))
        failed(s, str_of(strerror(errno)));
}

/* The line that UUCP and mailboxes put in front of a message (manual, 48.4). Callers without SMTP who may name the
 * sender do it here, too. */
static bool take_from_line(void *ctx, struct str line)
{
    struct smtp_session *s = ctx;
    struct error err = ERROR_IN(s->scratch);
    const struct regex *pattern = regex_cached(s->options->uucp_from_pattern, &err);
    struct regex_match match;

    if (!pattern) {
        log_write(LOG_MAIN | LOG_PANIC, "uucp_from_pattern: %.*s", STR_ARG(err.text));
        return false;
    }
    if (!regex_match(pattern, line, 0, false, &match))
        return false;
    if (s->submission) {
        regex_set_captures(&s->scope, s->scratch, line, &match);
        smtp_submission_from_line(s);
    }
    return true;
}

struct message_sink smtp_receive_sink(struct smtp_session *s)
{
    return (struct message_sink){.from_line = take_from_line, .headers = take_headers, .body = take_body, .ctx = s};
}

/* --- Headers that ACLs add and remove */

/* A name; or a pattern as in lists: a regular expression, or one that begins or ends with an asterisk. */
static bool is_named(struct smtp_session *s, const struct mail_header *header, struct str name)
{
    struct error err = ERROR_IN(s->scratch);
    ptrdiff_t colon;
    struct str own;

    if (name.n == 0 || (name.s[0] != '^' && name.s[0] != '*'))
        return mail_header_matches(header, name);
    colon = str_find(header->text, ':');
    own = str_trim(s->scratch, str_sub(s->scratch, header->text, 0, colon < 0 ? 0 : (size_t)colon));
    return s->settings->services->match(&s->scope, MATCH_PATTERN, own, name, NULL, &err) == MATCH_YES;
}

/* A list of names; colons are what separates them, whatever it begins with. */
static void remove_those(struct smtp_session *s, struct str list)
{
    struct strlist names = {.p = list.s, .end = list.s + list.n, .separator = ':', .tainted = list.tainted};
    struct str name;

    while (strlist_next(&names, s->scratch, &name))
        for (struct mail_header *h = s->transaction.mail->headers; h; h = h->next)
            if (is_named(s, h, name))
                h->type = HEADER_DELETED;
}

static void remove_headers(struct smtp_session *s)
{
    struct buffer *removed = &s->transaction.removed_headers;
    struct str lists = buffer_str(removed);

    while (lists.n > 0) {
        struct str list = {lists.s, strlen(lists.s), lists.tainted};

        remove_those(s, list);
        lists.s += list.n + 1;
        lists.n -= list.n + 1;
    }
    buffer_cut(removed, 0);
}

void smtp_receive_change_headers(struct smtp_session *s)
{
    struct smtp_transaction *t = &s->transaction;

    remove_headers(s);
    added_headers_apply(t->mail, buffer_str(&t->added_headers));
    t->added_headers = BUFFER_IN(s->transaction_arena);
    s->message.headers_added = STR_NULL;
    s->message.headers = mail_headers_text(s->transaction_arena, t->mail);
}

void smtp_receive_finish(struct smtp_session *s)
{
    struct smtp_transaction *t = &s->transaction;

    smtp_receive_change_headers(s);
    if (!str_is_empty(t->received->text))
        t->received->text = received_text(s);
}

/* --- To the end */

int64_t smtp_receive_size(const struct smtp_session *s, const struct message *m)
{
    int64_t size = m->body_size + 1;

    for (const struct mail_header *h = s->transaction.mail->headers; h; h = h->next)
        if (h->type != HEADER_DELETED)
            size += (int64_t)h->text.n;
    return size;
}

bool smtp_receive_commit(struct smtp_session *s, const struct message *m)
{
    struct smtp_transaction *t = &s->transaction;
    struct mail_message *mail = t->mail;
    struct mail_incoming *incoming = t->incoming;
    struct error err = ERROR_IN(s->scratch);

    if (!incoming || !str_is_null(t->failure))
        return false;
    mail->handling = t->handling;
    mail->sender = s->message.sender_address;
    mail->origin = s->connection;
    mail->acl_m = s->message.acl_m;
    mail->body_size = m->body_size;
    mail->body_linecount = m->body_lines;
    mail->body_zerocount = m->zeros;
    mail->linecount = s->message.linecount;
    mail->max_received_linelength = (int)m->longest_line;
    gettimeofday(&mail->received_complete, NULL);
    add_recipients(s, mail);
    t->incoming = NULL;
    errno = 0;
    if (s->settings->mail->commit(incoming, &err))
        return true;
    failed(s, err.text);
    return false;
}

void smtp_receive_abandon(struct smtp_session *s)
{
    if (s->transaction.incoming)
        s->settings->mail->abandon(s->transaction.incoming);
    s->transaction.incoming = NULL;
}
