/* The autoreply transport (manual, chapter 27): a message of its own in answer. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/print.h"
#include "expand/expand.h"
#include "config/config.h"
#include "expand/header_address.h"
#include "mail/delivery_error.h"
#include "mail/header.h"
#include "match/list.h"
#include "transports/autoreply_options.h"
#include "transports/local_message.h"
#include "transports/once.h"

/* One reply. */
struct reply {
    struct delivery *delivery;
    const struct autoreply_config *config;
    struct arena *arena;
    struct str from, reply_to, to, cc, bcc, subject, headers, text, file, log, once;
    struct error *err;
};

/* --- The options */

/* Control characters but a newline with white space behind it have no place in a header, nor have octets above 127
 * unless print_topbitchars says so. Returns the first that has none, or -1. */
static int unprintable_octet(struct str value)
{
    for (size_t i = 0; i < value.n; i++)
        if ((ascii_is_control(value.s[i]) || ((unsigned char)value.s[i] > 127 && !print_has_topbitchars())) &&
            value.s[i] != '\t' &&
            !(value.s[i] == '\n' && i + 1 < value.n && (value.s[i + 1] == ' ' || value.s[i + 1] == '\t')))
            return (unsigned char)value.s[i];
    return -1;
}

static bool expand_option(struct reply *r, const struct template *t, bool header, struct str *value)
{
    struct error why = ERROR_IN(r->arena);
    struct str source;

    *value = STR("");
    if (!t)
        return true;
    source = printable(r->arena, template_source(t));
    if (expand(r->delivery->scope, t, r->arena, value, &why) != EXPAND_OK)
        return error_set(r->err, "Expansion of \"%.*s\" failed in %.*s transport: %.*s", STR_ARG(source),
                         STR_ARG(r->delivery->transport->instance.name), STR_ARG(why.text));
    if (header && unprintable_octet(*value) >= 0)
        return error_set(r->err, "Expansion of \"%.*s\" in %.*s transport contains non-printing character %d",
                         STR_ARG(source), STR_ARG(r->delivery->transport->instance.name), unprintable_octet(*value));
    return true;
}

static bool expand_all(struct reply *r)
{
    const struct autoreply_config *c = r->config;

    return expand_option(r, c->from, true, &r->from) &&
           expand_option(r, c->reply_to, true, &r->reply_to) &&
           expand_option(r, c->to, true, &r->to) && expand_option(r, c->cc, true, &r->cc) &&
           expand_option(r, c->bcc, true, &r->bcc) &&
           expand_option(r, c->subject, true, &r->subject) &&
           expand_option(r, c->headers, false, &r->headers) &&
           expand_option(r, c->text, false, &r->text) && expand_option(r, c->file, true, &r->file) &&
           expand_option(r, c->log, true, &r->log) && expand_option(r, c->once, true, &r->once);
}

/* --- Recipients */

/* Takes those out that never_mail names. */
static bool sift(struct reply *r, struct str *addresses)
{
    struct header_address_list list = {.text = *addresses};
    struct header_address parsed;
    struct buffer kept = BUFFER_IN(r->arena);
    struct str mailbox;

    if (!r->config->never_mail)
        return true;
    while (header_address_next(&list, r->arena, &mailbox)) {
        struct error why = ERROR_IN(r->arena);

        if (!header_address_parse(r->arena, mailbox, true, &parsed))
            return error_set(r->err, "malformed address in \"%.*s\"", STR_ARG(*addresses));
        switch (list_match(r->delivery->scope, r->config->never_mail, parsed.address, NULL, &why)) {
        case MATCH_YES:
            continue;
        case MATCH_NO:
            break;
        case MATCH_DEFER:
        case MATCH_ERROR:
            return error_set(r->err, "failed to match never_mail: %.*s", STR_ARG(why.text));
        }
        if (kept.n > 0)
            buffer_add_cstr(&kept, ", ");
        buffer_add(&kept, str_trim(r->arena, mailbox));
    }
    *addresses = buffer_str(&kept);
    return true;
}

/* --- The log */

static void add_field(struct buffer *b, const char *name, struct str value)
{
    if (!str_is_empty(value))
        buffer_printf(b, "\n  %s%.*s", name, STR_ARG(value));
}

static void write_log(struct reply *r, const struct buffer *text)
{
    int fd;

    if (str_is_empty(r->log))
        return;
    fd = open(r->log.s, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, (mode_t)r->config->mode);
    if (fd < 0 || write(fd, text->s, text->n) != (ssize_t)text->n)
        log_write(LOG_MAIN | LOG_PANIC, "%.*s transport: cannot write to log file %.*s: %s",
                  STR_ARG(r->delivery->transport->instance.name), STR_ARG(r->log), strerror(errno));
    if (fd >= 0)
        close(fd);
}

static struct buffer stamp(struct reply *r)
{
    struct buffer b = BUFFER_IN(r->arena);
    struct str now;

    if (expand_string(r->delivery->scope, STR("$tod_log"), r->arena, &now, NULL) == EXPAND_OK)
        buffer_add(&b, now);
    return b;
}

static void log_sent(struct reply *r)
{
    struct buffer b = stamp(r);

    add_field(&b, "From: ", r->from);
    add_field(&b, "To: ", r->to);
    add_field(&b, "Cc: ", r->cc);
    add_field(&b, "Bcc: ", r->bcc);
    add_field(&b, "Subject: ", r->subject);
    add_field(&b, "", r->headers);
    buffer_add_char(&b, '\n');
    write_log(r, &b);
}

/* --- Once only. *send false: they have had one. */

static bool check_once(struct reply *r, bool *send)
{
    struct once once = {.path = r->once, .file_size = r->config->once_file_size, .mode = r->config->mode};
    struct error why = ERROR_IN(r->arena);
    struct str repeat;
    struct buffer b;

    *send = true;
    if (str_is_empty(r->once) || str_is_empty(r->to))
        return true;
    if (r->config->once_repeat) {
        if (!expand_option(r, r->config->once_repeat, false, &repeat))
            return false;
        if (!interval_parse(repeat, &once.repeat))
            return error_set(r->err, "Invalid time value \"%.*s\" for once_repeat", STR_ARG(repeat));
    }
    switch (once_check(r->arena, &once, r->to, &why)) {
    case ONCE_SEND:
        return true;
    case ONCE_SENT_BEFORE:
        *send = false;
        b = stamp(r);
        add_field(&b, "previously sent to ", r->to);
        buffer_add_char(&b, '\n');
        write_log(r, &b);
        return true;
    case ONCE_FAILED:
        break;
    }
    return error_set(r->err, "%.*s", STR_ARG(why.text));
}

/* --- The message */

static void add_header(struct buffer *b, const char *name, struct str value)
{
    if (!str_is_empty(value))
        buffer_printf(b, "%s: %.*s\n", name, STR_ARG(value));
}

/* The first and the last eleven ids of the message's References:, and its own (manual, 48.14). */
static void add_references(struct reply *r, struct buffer *b)
{
    enum { MOST = 12 };
    const struct mail_header *id = mail_header_find(r->delivery->message, "Message-ID");
    const struct mail_header *references = mail_header_find(r->delivery->message, "References");
    struct str ids[64], text;
    size_t n = 0;

    if (!id)
        return;
    text = mail_header_value(r->arena, id);
    buffer_printf(b, "In-Reply-To: %.*s\nReferences:", STR_ARG(text));
    if (!references)
        references = mail_header_find(r->delivery->message, "In-Reply-To");
    if (references) {
        struct str value = mail_header_value(r->arena, references);
        const char *p = value.s;

        while ((p = strchr(p, '<')) && n < sizeof ids / sizeof *ids) {
            const char *end = strchr(p, '>');

            if (!end)
                break;
            ids[n++] = str_copy_n(r->arena, p, (size_t)(end - p) + 1, value.tainted);
            p = end;
        }
    }
    for (size_t i = 0; i < n; i++)
        if (i == 0 || n <= MOST || i > n - MOST)
            buffer_printf(b, "%s%.*s", i > 0 && i % 4 == 0 ? "\n " : " ", STR_ARG(ids[i]));
    buffer_printf(b, " %.*s\n", STR_ARG(text));
}

static bool add_file(struct reply *r, struct buffer *b)
{
    struct buffer content = BUFFER_IN(r->arena);
    struct str text;
    int fd;
    ssize_t n;

    if (str_is_empty(r->file))
        return true;
    fd = open(r->file.s, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return r->config->file_optional ||
               error_set(r->err, "failed to open file %.*s when sending message from %.*s transport: %s",
                         STR_ARG(r->file), STR_ARG(r->delivery->transport->instance.name), strerror(errno));
    while ((n = read(fd, buffer_room(&content, 8192), 8192)) > 0)
        buffer_added(&content, (size_t)n);
    close(fd);
    text = buffer_str(&content);
    if (r->config->file_expand && expand_string(r->delivery->scope, text, r->arena, &text, r->err) != EXPAND_OK)
        return false;
    buffer_add(b, text);
    return true;
}

static bool write_to_buffer(void *ctx, const char *p, size_t n)
{
    buffer_add_n(ctx, p, n);
    return true;
}

static bool add_message(struct reply *r, struct buffer *b)
{
    struct message_writer writer = {.delivery = r->delivery, .write = write_to_buffer, .ctx = b};
    int limit = r->delivery->config->main.bounce_return_size_limit;

    if (!r->config->return_message)
        return true;
    if (!message_writer_prepare(&writer, r->err))
        return false;
    if (limit > 0 && r->delivery->message->body_size > limit) {
        buffer_printf(b, "\n------ This is a copy of your message, including all the headers.\n"
                         "------ The body of the message is %lld characters long; only the first\n"
                         "------ %d or so are included here.\n\n",
                      (long long)r->delivery->message->body_size, limit);
        writer.body_limit = limit;
    } else {
        buffer_add_cstr(b, "\n------ This is a copy of the message, including all the headers.\n\n");
    }
    return message_writer_run(&writer, r->err);
}

static bool make(struct reply *r, struct buffer *b)
{
    add_header(b, "From", r->from);
    add_header(b, "Reply-To", r->reply_to);
    add_header(b, "To", r->to);
    add_header(b, "Cc", r->cc);
    add_header(b, "Bcc", r->bcc);
    add_header(b, "Subject", r->subject);
    add_references(r, b);
    buffer_add_cstr(b, "Auto-Submitted: auto-replied\n");
    if (!str_is_empty(r->headers)) {
        buffer_add(b, r->headers);
        if (r->headers.s[r->headers.n - 1] != '\n')
            buffer_add_char(b, '\n');
    }
    buffer_add_char(b, '\n');
    if (!str_is_empty(r->text)) {
        buffer_add(b, r->text);
        if (r->text.s[r->text.n - 1] != '\n')
            buffer_add_char(b, '\n');
    }
    return add_file(r, b) && add_message(r, b);
}

static void deliver(struct delivery *delivery)
{
    struct error err = ERROR_IN(delivery->arena);
    struct reply r = {
        .delivery = delivery, .config = delivery->transport->instance.config, .arena = delivery->arena, .err = &err};
    struct buffer b = BUFFER_IN(delivery->arena);
    bool send = false;

    if (!expand_all(&r)) {
        delivery_result(delivery, MAIL_FAIL, DELIVERY_UNKNOWN, err.text);
        return;
    }
    if (!sift(&r, &r.to) || !sift(&r, &r.cc) || !sift(&r, &r.bcc) || !check_once(&r, &send)) {
        delivery_result(delivery, MAIL_DEFER, DELIVERY_UNKNOWN, err.text);
        return;
    }
    send = send && !(str_is_empty(r.to) && str_is_empty(r.cc) && str_is_empty(r.bcc));
    if (send && !make(&r, &b)) {
        delivery_result(delivery, MAIL_DEFER, DELIVERY_UNKNOWN, err.text);
        return;
    }
    delivery_result(delivery, MAIL_OK, 0, STR_NULL);
    if (!send)
        return;
    log_sent(&r);
    delivery->recipients->submission = buffer_str(&b);
}

extern const struct transport_driver transport_driver_autoreply;
const struct transport_driver transport_driver_autoreply = {
    .info = {.name = "autoreply",
             .options = autoreply_options,
             .option_count = AUTOREPLY_OPTION_COUNT,
             .config_size = sizeof(struct autoreply_config)},
    .local = true,
    .deliver = deliver,
};
