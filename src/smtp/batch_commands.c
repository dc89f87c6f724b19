/* The commands of batched SMTP (manual, 49.11). A batch is a message format rather than a protocol: nothing is
 * announced and nothing is agreed on, few commands have an effect, and what ACLs say of it is what they say of
 * messages without SMTP. */
#include "smtp/batch.h"

#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "base/print.h"
#include "mail/space.h"
#include "smtp/data.h"
#include "smtp/envelope.h"
#include "smtp/helo.h"
#include "smtp/policy.h"
#include "smtp/reply.h"
#include "smtp/settings.h"

/* --- What a batch is made of */

static void begin_here(struct smtp_session *s)
{
    s->peer->batch->transaction_line = s->peer->batch->lines;
}

static void do_nothing(struct smtp_session *s)
{
    begin_here(s);
}

static void do_rset(struct smtp_session *s)
{
    smtp_transaction_reset(s);
    begin_here(s);
}

/* A name that is none is as good as none. */
static void do_helo(struct smtp_session *s)
{
    smtp_helo_take_name(s, s->argument);
    do_rset(s);
}

static void do_mail(struct smtp_session *s)
{
    struct error err = ERROR_IN(s->scratch);
    struct address sender;
    struct str text;

    if (s->transaction.sender_given) {
        smtp_reply(s, "503 Sender already given");
        return;
    }
    if (str_is_empty(s->argument)) {
        smtp_reply(s, "501 MAIL FROM must have an address operand");
        return;
    }
    smtp_transaction_reset(s);
    if (!smtp_expand_local_limits(s))
        return;
    if (!smtp_parse_address(s, smtp_rewrite(s, s->argument), true, &sender, &err)) {
        smtp_reply(s, "501 %.*s", STR_ARG(err.text));
        return;
    }
    text = sender.text;
    s->transaction.raw_sender = str_copy(s->transaction_arena, text);
    if (!str_is_empty(text) && str_is_null(sender.domain))
        text = str_join3(s->scratch, text, STR("@"), s->settings->process->qualify_domain);
    s->message.sender_address = smtp_sender_of_caller(s, str_copy(s->transaction_arena, text));
    s->message.sender_set = s->transaction.sender_given = true;
}

static void do_rcpt(struct smtp_session *s)
{
    int limit = smtp_expand_int(s, s->options->recipients_max, "recipients_max");
    struct error err = ERROR_IN(s->scratch);
    struct address recipient;
    struct str text;

    if (!s->transaction.sender_given) {
        smtp_reply(s, "503 No sender yet given");
        return;
    }
    if (str_is_empty(s->argument)) {
        smtp_reply(s, "501 RCPT TO must have an address operand");
        return;
    }
    if (limit > 0 && s->message.recipients_count >= (size_t)limit) {
        smtp_reply(s, "%d too many recipients", s->options->recipients_max_reject ? 552 : 452);
        return;
    }
    if (!smtp_parse_address(s, smtp_rewrite(s, s->argument), false, &recipient, &err)) {
        smtp_reply(s, "501 %.*s", STR_ARG(err.text));
        return;
    }
    text = recipient.text;
    if (str_is_null(recipient.domain))
        text = str_join3(s->scratch, text, STR("@"), s->settings->process->qualify_recipient);
    smtp_add_recipient(s, text);
}

static void do_data(struct smtp_session *s)
{
    struct acl_outcome outcome;

    if (!s->transaction.sender_given) {
        smtp_reply(s, "503 MAIL FROM:<sender> command must precede DATA");
        return;
    }
    if (s->message.recipients_count == 0) {
        smtp_reply(s, "503 RCPT TO:<recipient> must precede DATA");
        return;
    }
    s->log_line = STR_NULL; /* what is wrong from here on is wrong with the message */
    if (!mail_space_suffices(s->options, 0)) {
        smtp_reply(s, "452 Space shortage, please try later");
        return;
    }
    smtp_policy_run(s, ACL_WHERE_NOTSMTP_START, STR_NULL, &outcome); /* whose result does not count */
    smtp_read_data(s);
    begin_here(s);
}

static void do_quit(struct smtp_session *s)
{
    smtp_session_end(s, SMTP_END_QUIT);
}

/* --- Reading */

static const struct batch_command {
    const char *word;
    void (*handle)(struct smtp_session *s);
} commands[] = {
    {"MAIL FROM:", do_mail}, {"RCPT TO:", do_rcpt}, {"DATA", do_data},    {"HELO", do_helo},    {"EHLO", do_helo},
    {"RSET", do_rset},       {"QUIT", do_quit},     {"NOOP", do_nothing}, {"VRFY", do_nothing}, {"EXPN", do_nothing},
    {"ETRN", do_nothing},    {"HELP", do_nothing},
};

/* A word ends with a colon, or where white space or nothing follows. */
static const struct batch_command *find(struct smtp_session *s, struct str line)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        size_t n = strlen(commands[i].word);

        if (line.n < n || strncasecmp(line.s, commands[i].word, n) != 0)
            continue;
        if (commands[i].word[n - 1] != ':' && line.n > n && !ascii_is_space(line.s[n]))
            continue;
        s->argument = str_trim(s->scratch, str_sub(s->scratch, line, n, line.n));
        return &commands[i];
    }
    return NULL;
}

void smtp_batch_command(struct smtp_session *s)
{
    enum { SHOWN = 256 }; /* octets of a line that is too long */
    const struct batch_command *command = NULL;
    struct buffer shown = BUFFER_IN(s->scratch);
    enum smtp_input input;
    struct str line;

    smtp_forget_command(s);
    shown = BUFFER_IN(s->scratch);
    input = smtp_read_line(s, SMTP_COMMAND_LIMIT, LINE_LF, &line);
    if (input == SMTP_INPUT_GONE)
        return;
    print_escaped(&shown, input == SMTP_INPUT_LINE ? line : str_sub(s->scratch, line, 0, SHOWN), PRINT_8BIT);
    s->log_line = buffer_str(&shown);
    if (input == SMTP_INPUT_LINE)
        command = find(s, line);
    if (command)
        command->handle(s);
    else
        smtp_reply(s, "500 Command unrecognized");
}
