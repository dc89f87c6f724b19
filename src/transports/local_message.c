/* Messages as local transports write them: see local_message.h. */
#include "transports/local_message.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "expand/expand.h"
#include "transports/pipeline.h"

void delivery_result(struct delivery *delivery, enum mail_result result, int error, struct str message)
{
    for (struct mail_recipient *r = delivery->recipients; r; r = r->next) {
        r->result = result;
        r->error = error;
        r->message = message;
    }
}

static bool expand_text(struct delivery *delivery, const struct template *t, const char *option, struct str *text,
                        struct error *err)
{
    struct error why = ERROR_IN(delivery->arena);

    *text = STR("");
    if (!t || expand(delivery->scope, t, delivery->arena, text, &why) == EXPAND_OK)
        return true;
    return error_set(err, "Expansion of \"%.*s\" (%s for %.*s transport) failed: %.*s", STR_ARG(template_source(t)),
                     option, STR_ARG(delivery->transport->instance.name), STR_ARG(why.text));
}

/* The envelope as commands; what follows is the message, a line with a dot behind it. */
static void add_commands(struct delivery *delivery, struct buffer *b, struct str return_path, bool crlf)
{
    const char *end = crlf ? "\r\n" : "\n";

    buffer_printf(b, "MAIL FROM:<%.*s>%s", STR_ARG(return_path), end);
    for (const struct mail_recipient *r = delivery->recipients; r; r = r->next) {
        struct str local_part = r->local_part;

        if (delivery->transport->rcpt_include_affixes)
            local_part = str_join3(delivery->arena, r->prefix, local_part, r->suffix);
        if (r->target == TARGET_ADDRESS)
            buffer_printf(b, "RCPT TO:<%.*s@%.*s>%s", STR_ARG(local_part), STR_ARG(r->domain), end);
        else
            buffer_printf(b, "RCPT TO:<%.*s>%s", STR_ARG(mail_recipient_top(r)->address), end);
    }
    buffer_printf(b, "DATA%s", end);
}

bool local_message_prepare(struct local_message *m, struct delivery *delivery,
                           const struct local_message_options *options, struct error *err)
{
    struct buffer before = BUFFER_IN(delivery->arena);
    struct str text, return_path;

    *m = (struct local_message){
        .writer = {.delivery = delivery,
                   .crlf = options->use_crlf,
                   .dots = options->use_bsmtp,
                   .end_dot = options->use_bsmtp,
                   .check_string = options->use_bsmtp ? STR("") : options->check_string,
                   .escape_string = options->use_bsmtp ? STR("") : options->escape_string},
    };
    if (!message_return_path(delivery, &return_path, err))
        return false;
    for (struct mail_recipient *r = delivery->recipients; r; r = r->next)
        r->return_path = return_path;
    delivery->scope->address->return_path = return_path;
    if (!expand_text(delivery, options->prefix, "message_prefix", &text, err) ||
        !expand_text(delivery, options->suffix, "message_suffix", &m->after, err))
        return false;
    buffer_add(&before, text);
    if (options->use_bsmtp)
        add_commands(delivery, &before, return_path, options->use_crlf);
    m->before = buffer_str(&before);
    return message_writer_prepare(&m->writer, err);
}

bool local_message_write(struct local_message *m, int fd, struct error *err)
{
    m->writer.write = pipeline_write;
    m->writer.ctx = &fd;
    if (!pipeline_write(&fd, m->before.s, m->before.n))
        return error_set(err, "%s", strerror(errno));
    if (!message_writer_run(&m->writer, err))
        return false;
    return pipeline_write(&fd, m->after.s, m->after.n) || error_set(err, "%s", strerror(errno));
}

int64_t local_message_octets(const struct local_message *m)
{
    return m->writer.octets;
}
