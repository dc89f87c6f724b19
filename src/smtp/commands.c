/* The table of commands; reading one, counting it, and handing it to its handler. */
#include "smtp/commands.h"

#include <string.h>

#include "base/ascii.h"
#include "base/print.h"
#include "smtp/log_lines.h"
#include "smtp/reply.h"

static const struct smtp_command commands[] = {
    /* word, name, may have an argument, when input may follow it, when it counts as non-mail, handler */
    {"HELO", "HELO", true, FOLLOW_NEVER, COUNT_AFTER_HELO, smtp_helo},
    {"EHLO", "EHLO", true, FOLLOW_EARLY, COUNT_AFTER_HELO, smtp_ehlo},
    {"AUTH", "AUTH", true, FOLLOW_ALWAYS, COUNT_AFTER_AUTH, smtp_auth},
    {"MAIL FROM:", "MAIL", true, FOLLOW_PIPELINED, COUNT_NEVER, smtp_mail},
    {"RCPT TO:", "RCPT", true, FOLLOW_PIPELINED, COUNT_NEVER, smtp_rcpt},
    {"DATA", "DATA", false, FOLLOW_NEVER, COUNT_NEVER, smtp_data},
    {"BDAT", "BDAT", true, FOLLOW_ALWAYS, COUNT_NEVER, smtp_bdat},
    {"RSET", "RSET", false, FOLLOW_PIPELINED, COUNT_AFTER_RSET, smtp_rset},
    {"NOOP", "NOOP", true, FOLLOW_NEVER, COUNT_ALWAYS, smtp_noop},
    {"QUIT", "QUIT", false, FOLLOW_ALWAYS, COUNT_NEVER, smtp_quit},
    {"VRFY", "VRFY", true, FOLLOW_NEVER, COUNT_ALWAYS, smtp_vrfy},
    {"EXPN", "EXPN", true, FOLLOW_NEVER, COUNT_ALWAYS, smtp_expn},
    {"ETRN", "ETRN", true, FOLLOW_NEVER, COUNT_ALWAYS, smtp_etrn},
    {"HELP", "HELP", true, FOLLOW_ALWAYS, COUNT_ALWAYS, smtp_help},
    {"STARTTLS", "STARTTLS", false, FOLLOW_NEVER, COUNT_ALWAYS, smtp_starttls},
};

/* The command that the line begins with; *argument is what follows, without leading white space. */
static const struct smtp_command *find(struct smtp_session *s, struct str *argument)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const struct smtp_command *command = &commands[i];
        size_t n = strlen(command->word);

        if (!str_starts_nocase(s->line, command->word) ||
            (command->word[n - 1] != ':' && s->line.n > n && s->line.s[n] != ' '))
            continue;
        while (n < s->line.n && ascii_is_space(s->line.s[n]))
            n++;
        if (n < s->line.n)
            *argument = str_sub(s->scratch, s->line, n, s->line.n);
        return command;
    }
    return NULL;
}

static bool is_mechanism(const char *p, size_t n)
{
    enum { LONGEST = 20 }; /* RFC 4422 section 3.1 */

    if (n > LONGEST)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!ascii_is_alnum(p[i]) && p[i] != '-' && p[i] != '_')
            return false;
    return true;
}

/* The line as logs and $smtp_command may have it: of AUTH the mechanism alone, if it can be one. */
static struct str without_secrets(struct smtp_session *s)
{
    size_t n = 0;

    if (!s->command)
        return s->mask_unknown ? STR("****") : s->line;
    if (s->command->handle != smtp_auth)
        return s->line;
    while (n < s->argument.n && !ascii_is_space(s->argument.s[n]))
        n++;
    if (n == 0 || !is_mechanism(s->argument.s, n))
        return STR("AUTH");
    return str_join(s->scratch, STR("AUTH "), str_sub(s->scratch, s->argument, 0, n));
}

/* Trailing white space is no part of a command. */
static void take_line(struct smtp_session *s, struct str line)
{
    while (line.n > 0 && ascii_is_space(line.s[line.n - 1]))
        line.n--;
    s->line = str_sub(s->scratch, line, 0, line.n);
    s->argument = STR("");
    s->command = find(s, &s->argument);
    s->connection.smtp_command = without_secrets(s);
    s->connection.smtp_command_argument = s->argument;
    s->log_line = printable(s->scratch, s->connection.smtp_command);
    debug(DEBUG_receive, "SMTP<< %.*s\n", STR_ARG(s->log_line));
}

/* --- Synchronisation (manual, 14: smtp_enforce_sync) */

/* Has more input come although the peer had to wait for the answer to this command? */
static bool out_of_step(struct smtp_session *s)
{
    enum smtp_follow follow = s->command ? s->command->follow : FOLLOW_NEVER;

    bool pipelined = follow == FOLLOW_PIPELINED && s->pipelining_advertised;
    bool early = follow == FOLLOW_EARLY && s->early_pipelining;

    if (follow == FOLLOW_ALWAYS || s->peer->mode != SMTP_NETWORK || !stream_input_ready(&s->stream))
        return false;
    s->pipelining_used |= pipelined;
    s->early_used |= early && s->tls && !s->peer->tls_on_connect; /* there is no greeting behind STARTTLS */
    return s->enforce_sync && !pipelined && !early;
}

static void refuse_out_of_step(struct smtp_session *s)
{
    struct buffer line = BUFFER_IN(s->scratch);

    smtp_log_incomplete(s, "sync failure");
    buffer_add_cstr(&line, "SMTP protocol synchronization error (next input sent too soon: pipelining was");
    buffer_printf(&line, "%s advertised): rejected \"", s->pipelining_advertised ? "" : " not");
    buffer_add(&line, s->log_line);
    buffer_add_cstr(&line, "\" ");
    buffer_add(&line, smtp_host_and_ident(s, true));
    buffer_add_cstr(&line, " next input=\"");
    buffer_add(&line, smtp_waiting_input(s));
    buffer_add_char(&line, '"');
    log_write_str(LOG_MAIN | LOG_REJECT, buffer_str(&line));
    smtp_notquit(s, "synchronization-error", "554", STR("SMTP synchronization error"));
    smtp_session_end(s, SMTP_END_DROPPED);
}

/* --- Counting (manual, 49.4 and 49.6) */

static void drop(struct smtp_session *s, const char *what, bool log_first, const char *code, struct str text)
{
    struct str who = smtp_host_and_ident(s, false);
    struct str last = s->command ? str_of(s->command->name) : s->log_line;
    struct buffer line = BUFFER_IN(s->scratch);

    buffer_add_cstr(&line, "SMTP call from ");
    buffer_add(&line, who);
    buffer_printf(&line, " dropped: %s (last was \"", what);
    buffer_add(&line, last);
    buffer_add_cstr(&line, "\")");
    if (log_first)
        log_write_str(LOG_MAIN | LOG_REJECT, buffer_str(&line));
    smtp_notquit(s, "bad-commands", code, text);
    if (!log_first)
        log_write_str(LOG_MAIN | LOG_REJECT, buffer_str(&line));
}

static void unknown_command(struct smtp_session *s)
{
    struct str text = STR("unrecognized command");

    if (++s->unknown_count <= s->options->smtp_max_unknown_commands) {
        smtp_fault(s, SMTP_SYNTAX, 500, STR_NULL, text);
        return;
    }
    smtp_log_incomplete(s, "unrecognized command");
    smtp_log_fault(s, SMTP_SYNTAX, text);
    drop(s, "too many unrecognized commands", false, "500", STR("Too many unrecognized commands"));
    smtp_session_end(s, SMTP_END_DROPPED);
}

/* Whether the command is one that is not counted this time; it has then had its turn. */
static bool is_free(struct smtp_session *s)
{
    bool *turn;
    bool free;

    switch (s->command->counted) {
    case COUNT_NEVER:
        return true;
    case COUNT_ALWAYS:
        return false;
    case COUNT_AFTER_RSET:
        turn = &s->rset_free;
        break;
    case COUNT_AFTER_HELO:
        turn = &s->helo_free;
        break;
    case COUNT_AFTER_AUTH:
    default:
        turn = &s->auth_free;
        break;
    }
    free = *turn;
    *turn = false;
    return free;
}

/* False: there were too many. */
static bool count_nonmail(struct smtp_session *s)
{
    if (is_free(s))
        return true;
    if (!s->nonmail_checked) {
        s->nonmail_checked = true;
        s->nonmail_limited =
            smtp_host_in(s, s->options->smtp_accept_max_nonmail_hosts, "smtp_accept_max_nonmail_hosts");
    }
    if (!s->nonmail_limited || ++s->nonmail_count <= s->options->smtp_accept_max_nonmail)
        return true;
    smtp_log_incomplete(s, "too many non-mail commands");
    drop(s, "too many nonmail commands", true, "554", STR("Too many nonmail commands"));
    smtp_session_end(s, SMTP_END_ERRORS);
    return false;
}

/* --- One command */

static void obey(struct smtp_session *s)
{
    if (memchr(s->line.s, 0, s->line.n)) {
        smtp_fault(s, SMTP_SYNTAX, 501, STR_NULL, STR("NUL characters are not allowed in SMTP commands"));
        return;
    }
    if (!s->command) {
        unknown_command(s);
        return;
    }
    s->mask_unknown = false;
    if (!s->command->argument && !str_is_empty(s->argument)) {
        smtp_fault(s, SMTP_SYNTAX, 501, STR_NULL, STR("unexpected argument data"));
        return;
    }
    if (!count_nonmail(s))
        return;
    s->history[s->history_count++ % SMTP_HISTORY] = s->command;
    if (s->transaction.chunks && s->command->handle != smtp_bdat && s->command->handle != smtp_rset &&
        s->command->handle != smtp_noop && s->command->handle != smtp_quit) {
        smtp_fault(s, SMTP_PROTOCOL, 503, STR_NULL, STR("only BDAT permissible after non-LAST BDAT"));
        return;
    }
    s->after_rcpt = s->was_rcpt;
    s->after_refused_mail = s->was_refused_mail;
    s->was_rcpt = s->was_refused_mail = false;
    s->command->handle(s);
}

void smtp_command(struct smtp_session *s)
{
    enum { SHOWN = 256 }; /* octets of a line that is too long, for the log */
    struct str line;

    smtp_forget_command(s);
    switch (smtp_read_line(s, SMTP_COMMAND_LIMIT, LINE_LF, &line)) {
    case SMTP_INPUT_GONE:
        return;
    case SMTP_INPUT_TOO_LONG:
        take_line(s, str_sub(s->scratch, line, 0, SHOWN));
        s->command = NULL;
        unknown_command(s);
        return;
    case SMTP_INPUT_LINE:
        break;
    }
    take_line(s, line);
    if (out_of_step(s))
        refuse_out_of_step(s);
    else
        obey(s);
}
