/* Messages that the queue itself makes: see compose.h. */
#include "queue/compose.h"

#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "expand/expand.h"
#include "expand/header_address.h"
#include "mail/fixups.h"
#include "mail/header.h"

void compose_begin(struct composing *c, struct job *about)
{
    struct mail_message *m = ARENA_NEW(about->arena, struct mail_message);

    m->arena = about->arena;
    m->sender = STR("");
    m->handling.queue = about->request->queue;
    m->delivered.arena = about->arena;
    m->first_delivery = m->local_error = true;
    m->allow_unqualified_recipient = m->allow_unqualified_sender = true;
    m->origin.is_local = true;
    m->origin.ident = about->queue->incoming.login;
    m->origin.received_protocol = STR("local");
    m->dsn_envid = STR_NULL;
    m->body_fd = -1;
    gettimeofday(&m->received, NULL);
    *c = (struct composing){
        .queue = about->queue,
        .scope = &about->scope,
        .arena = about->arena,
        .message = m,
        .body = BUFFER_IN(about->arena),
        .reference = about->message->id,
        .run_fd = about->request->run_fd,
    };
}

void compose_header(struct composing *c, const char *name, struct str value)
{
    struct str text = str_join3(c->arena, str_printf(c->arena, "%s: ", name), value, STR("\n"));

    mail_header_append(c->message, mail_header_type_of(text), text);
}

void compose_recipient(struct composing *c, struct str address)
{
    struct mail_recipient *r = mail_recipient_new(c->arena, address), **last = &c->message->recipients;

    while (*last)
        last = &(*last)->next;
    *last = r;
    c->message->recipient_count++;
    c->message->smtputf8 |= !utf8_is_ascii(address);
}

void compose_from(struct composing *c)
{
    struct error err = ERROR_IN(c->arena);
    struct str from;

    if (expand(c->scope, c->queue->options->dsn_from, c->arena, &from, &err) != EXPAND_OK) {
        log_write(LOG_MAIN | LOG_PANIC, "expansion of dsn_from failed: %.*s", STR_ARG(err.text));
        from = str_join3(c->arena, STR("Mail Delivery System <Mailer-Daemon@"), c->queue->process->qualify_domain,
                         STR(">"));
    }
    compose_header(c, "From", from);
}

static void count_lines(struct composing *c)
{
    struct mail_message *m = c->message;
    int length = 0;

    m->body_size = (int64_t)c->body.n;
    for (size_t i = 0; i < c->body.n; i++) {
        length++;
        if (c->body.s[i] != '\n')
            continue;
        m->body_linecount++;
        if (length - 1 > m->max_received_linelength)
            m->max_received_linelength = length - 1;
        length = 0;
    }
}

/* What the options say of headers is expanded as if this message had come in. */
static struct str received_header(struct composing *c)
{
    struct scope_message shown = {.sender_address = c->message->sender, .sender_set = true,
                                  .message_id = c->message->id,
                                  .message_smtputf8 = c->message->smtputf8 ? STR("yes") : STR_NULL};
    struct scope scope = *c->scope;
    struct error err = ERROR_IN(c->arena);
    struct str text, date;

    if (c->message->recipient_count == 1)
        shown.received_for = c->message->recipients->address;
    scope.connection = &c->message->origin;
    scope.message = &shown;
    if (expand(&scope, c->queue->options->received_header_text, c->arena, &text, &err) != EXPAND_OK ||
        str_is_empty(text) || expand_string(&scope, STR("$tod_full"), c->arena, &date, &err) != EXPAND_OK)
        return STR("");
    return str_join3(c->arena, text, STR(";\n\t"), str_join(c->arena, date, STR("\n")));
}

static void fix_up(struct composing *c)
{
    const struct fixups f = {
        .options = c->queue->options,
        .process = c->queue->process,
        .scope = c->scope,
        .message = c->message,
        .local = true,
        .trusted = true,
    };

    mail_fix_up(&f);
    mail_header_prepend(c->message, HEADER_RECEIVED, received_header(c));
}

static void log_arrival(struct composing *c)
{
    struct mail_message *m = c->message;
    struct buffer line = BUFFER_IN(c->arena);
    int64_t size = m->body_size + 1;

    for (const struct mail_header *h = m->headers; h; h = h->next)
        size += h->type == HEADER_DELETED ? 0 : (int64_t)h->text.n;
    buffer_add_cstr(&line, "<= ");
    buffer_add(&line, str_is_empty(m->sender) ? STR("<>") : m->sender);
    buffer_add_cstr(&line, " R=");
    buffer_add(&line, c->reference);
    buffer_add_cstr(&line, " U=");
    buffer_add(&line, m->origin.ident);
    buffer_printf(&line, " P=local S=%lld", (long long)size);
    if (log_selected(LOG_SEL_eightbitmime))
        buffer_add_cstr(&line, " M8S=0");
    if (log_selected(LOG_SEL_msg_id_created))
        buffer_printf(&line, " id*=E%.*s@%.*s", STR_ARG(m->id), STR_ARG(c->queue->process->primary_hostname));
    if (log_selected(LOG_SEL_subject)) {
        const struct mail_header *subject = mail_header_find(m, "Subject");

        buffer_add_cstr(&line, " T=\"");
        if (subject)
            buffer_add(&line, mail_header_value(c->arena, subject));
        buffer_add_char(&line, '"');
    }
    incoming_note(&c->queue->incoming, m,
                  str_join(c->arena, STR("Received from "), str_sub(c->arena, buffer_str(&line), 3, line.n)));
    if (log_selected(LOG_SEL_received_sender))
        buffer_printf(&line, " from <%.*s>", STR_ARG(m->sender));
    if (log_selected(LOG_SEL_received_recipients))
        for (const struct mail_recipient *r = m->recipients; r; r = r->next)
            buffer_printf(&line, "%s%.*s", r == m->recipients ? " for " : " ", STR_ARG(r->address));
    log_set_message(m->id);
    log_write_str(LOG_MAIN, buffer_str(&line));
    log_set_message(c->reference);
}

bool compose_send(struct composing *c, struct error *err)
{
    struct mail_incoming *incoming = incoming_begin(&c->queue->incoming, c->message, err);
    struct delivery_request request = {.queue = c->message->handling.queue, .run_fd = c->run_fd};

    if (!incoming)
        return false;
    count_lines(c);
    if (c->body.n > 0 && !incoming_write(incoming, c->body.s, c->body.n)) {
        incoming_abandon(incoming);
        return error_set(err, "cannot write the message");
    }
    fix_up(c);
    gettimeofday(&c->message->received_complete, NULL);
    if (!incoming_commit(incoming, err))
        return false;
    log_arrival(c);
    request.id = c->message->id;
    if (!c->queue->options->queue_only)
        queue_deliver_in_process(c->queue, &request, false);
    return true;
}

/* --- From a text */

static void add_recipients_of(struct composing *c, const struct mail_header *h)
{
    struct header_address_list list = {.text = mail_header_value(c->arena, h)};
    struct header_address parsed;
    struct str mailbox;

    while (header_address_next(&list, c->arena, &mailbox))
        if (header_address_parse(c->arena, mailbox, true, &parsed) && !str_is_empty(parsed.address))
            compose_recipient(c, str_is_empty(parsed.domain)
                                     ? str_join3(c->arena, parsed.address, STR("@"), c->queue->process->qualify_domain)
                                     : parsed.address);
}

bool compose_text(struct job *about, struct str text, struct str to, struct error *err)
{
    struct composing c;
    const char *body = text.n > 0 ? strstr(text.s, "\n\n") : NULL;
    size_t headers = body ? (size_t)(body - text.s) + 1 : text.n;

    compose_begin(&c, about);
    mail_headers_append(c.message, str_sub(about->arena, text, 0, headers));
    if (body)
        buffer_add_n(&c.body, body + 2, text.n - headers - 1);
    if (!str_is_empty(to))
        compose_recipient(&c, to);
    for (struct mail_header *h = c.message->headers; str_is_empty(to) && h; h = h->next)
        if (h->type == HEADER_TO || h->type == HEADER_CC || h->type == HEADER_BCC) {
            add_recipients_of(&c, h);
            h->type = h->type == HEADER_BCC ? HEADER_DELETED : h->type;
        }
    return c.message->recipient_count == 0 || compose_send(&c, err);
}
