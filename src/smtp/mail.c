/* MAIL (RFC 5321 section 4.1.1.2). */
#include <limits.h>

#include "base/ascii.h"
#include "mail/address.h"
#include "mail/space.h"
#include "smtp/envelope.h"
#include "smtp/log_lines.h"
#include "smtp/mailauth.h"
#include "smtp/parameters.h"
#include "smtp/policy.h"
#include "smtp/reply.h"
#include "smtp/settings.h"

/* What the parameters said. */
struct mail {
    bool size_given, ret_given, envid_given;
};

/* --- Parameters. Each returns false when the command has been answered. */

static bool invalid(struct smtp_session *s, struct str text)
{
    smtp_fault(s, SMTP_SYNTAX, 501, STR_NULL, text);
    return false;
}

/* A size that is no number is ignored; one that is too large for a number is as large as can be. */
static bool take_size(struct smtp_session *s, struct mail *mail, struct str value)
{
    int64_t n = 0;
    size_t i = !str_is_empty(value) && value.s[0] == '+';
    bool negative = !str_is_empty(value) && value.s[0] == '-';

    for (i += negative; i < value.n && ascii_is_digit(value.s[i]); i++)
        n = n < INT_MAX ? n * 10 + (value.s[i] - '0') : INT_MAX;
    if (i < value.n || value.n == 0)
        return true;
    s->message.size = negative || n > INT_MAX ? INT_MAX : n;
    mail->size_given = true;
    return true;
}

static bool take_body(struct smtp_session *s, struct mail *mail, struct str value)
{
    (void)mail;
    if (str_is_null(value))
        return invalid(s, STR("invalid data for BODY"));
    if (str_is_nocase(value, "8BITMIME"))
        s->transaction.eightbit = true;
    else if (!str_is_nocase(value, "7BIT") && value.n > 0)
        return invalid(s, STR("invalid data for BODY"));
    s->transaction.body_given = value.n > 0;
    return true;
}

static bool take_auth(struct smtp_session *s, struct mail *mail, struct str value)
{
    (void)mail;
    return smtp_mailauth(s, value);
}

static bool take_ret(struct smtp_session *s, struct mail *mail, struct str value)
{
    if (mail->ret_given)
        return invalid(s, STR("RET can be specified once only"));
    mail->ret_given = true;
    if (!str_is_nocase(value, "FULL") && !str_is_nocase(value, "HDRS"))
        return invalid(s, STR("Value for RET is invalid"));
    s->transaction.dsn_ret = str_is_nocase(value, "FULL") ? DSN_RET_FULL : DSN_RET_HDRS;
    return true;
}

static bool take_envid(struct smtp_session *s, struct mail *mail, struct str value)
{
    if (mail->envid_given)
        return invalid(s, STR("ENVID can be specified once only"));
    mail->envid_given = true;
    s->transaction.dsn_envid = str_copy(s->transaction_arena, value);
    return true;
}

static bool take_prdr(struct smtp_session *s, struct mail *mail, struct str value)
{
    (void)mail;
    (void)value;
    s->connection.prdr_requested = s->options->prdr_enable;
    return true;
}

static bool take_smtputf8(struct smtp_session *s, struct mail *mail, struct str value)
{
    (void)mail;
    (void)value;
    if (!s->smtputf8_advertised)
        return invalid(s, STR("SMTPUTF8 used when not advertised"));
    smtp_allow_utf8(s, true);
    return true;
}

static bool always(const struct smtp_session *s, struct str value)
{
    (void)s;
    (void)value;
    return true;
}

static bool if_8bitmime(const struct smtp_session *s, struct str value)
{
    (void)value;
    return s->options->accept_8bitmime;
}

static bool without_value(const struct smtp_session *s, struct str value)
{
    (void)s;
    return str_is_null(value);
}

static const struct mail_parameter {
    const char *name;
    bool (*known)(const struct smtp_session *s, struct str value);
    bool (*take)(struct smtp_session *s, struct mail *mail, struct str value);
} parameters[] = {
    {"AUTH", always, take_auth},   {"BODY", if_8bitmime, take_body}, {"ENVID", always, take_envid},
    {"PRDR", always, take_prdr},  {"RET", always, take_ret},        {"SIZE", always, take_size},
    {"SMTPUTF8", without_value, take_smtputf8},
};

static const struct mail_parameter *find(const struct smtp_session *s, const struct smtp_parameter *given)
{
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        if (str_is_nocase(given->name, parameters[i].name) && parameters[i].known(s, given->value))
            return &parameters[i];
    return NULL;
}

/* Takes the parameters off; *address is what is left. */
static bool take_parameters(struct smtp_session *s, struct mail *mail, struct str *address)
{
    struct smtp_parameter last;

    *address = s->argument;
    while (s->esmtp && smtp_last_parameter(s->scratch, *address, &last)) {
        const struct mail_parameter *known = find(s, &last);

        if (!known) { /* it belongs to the address, or the address is malformed */
            *address = str_join3(s->scratch, last.rest, STR(" "), last.word);
            return true;
        }
        if (!known->take(s, mail, last.value))
            return false;
        *address = last.rest;
    }
    return true;
}

/* --- May there be a message at all? Each returns false when the command has been answered. */

static bool helo_is_given(struct smtp_session *s)
{
    struct str who = smtp_host_and_ident(s, false);

    if (s->helo_seen || !(s->helo_verify_required ||
                          smtp_host_in(s, s->options->hosts_require_helo, "hosts_require_helo")))
        return true;
    log_write(LOG_MAIN | LOG_REJECT, "rejected MAIL from %.*s: no HELO/EHLO given", STR_ARG(who));
    smtp_reply(s, "503 HELO or EHLO required");
    return false;
}

static bool within_limit(struct smtp_session *s)
{
    struct str who = smtp_host_and_ident(s, true);

    if (s->message_limit < 0)
        s->message_limit = smtp_expand_int(s, s->options->smtp_accept_max_per_connection,
                                           "smtp_accept_max_per_connection");
    if (s->message_limit == 0 || s->mail_count <= s->message_limit)
        return true;
    log_write(LOG_MAIN | LOG_REJECT, "rejected MAIL command %.*s: too many messages in one connection",
              STR_ARG(who));
    smtp_reply(s, "421 too many messages in this connection");
    return false;
}

/* --- The sender */

/* False: answered. */
static bool read_sender(struct smtp_session *s, struct str text, struct address *sender)
{
    struct error err = ERROR_IN(s->scratch);

    if (!smtp_parse_address(s, smtp_rewrite(s, text), true, sender, &err)) {
        smtp_fault(s, SMTP_SYNTAX, 501, text, err.text);
        return false;
    }
    s->transaction.raw_sender = str_copy(s->transaction_arena, sender->text);
    s->message.sender_address = s->transaction.raw_sender;
    return true;
}

static bool size_fits(struct smtp_session *s)
{
    struct buffer line = BUFFER_IN(s->scratch);

    if (s->size_limit == 0 || s->message.size <= s->size_limit)
        return true;
    if (log_selected(LOG_SEL_size_reject)) {
        buffer_add_cstr(&line, "rejected MAIL FROM:<");
        buffer_add(&line, s->message.sender_address);
        buffer_add_cstr(&line, "> ");
        buffer_add(&line, smtp_host_and_ident(s, true));
        buffer_printf(&line, ": message too big: size%s=%lld max=%lld", s->message.size == INT_MAX ? ">" : "",
                      (long long)s->message.size, (long long)s->size_limit);
        log_write_str(LOG_MAIN | LOG_REJECT, buffer_str(&line));
    }
    smtp_reply(s, "552 Message size exceeds maximum permitted");
    return false;
}

/* A sender without a domain gets one, or is refused. */
static bool qualify(struct smtp_session *s, const struct address *sender, struct str text)
{
    if (str_is_empty(sender->text) || !str_is_null(sender->domain))
        return true;
    if (!s->sender_unqualified_allowed) {
        smtp_refuse_unqualified(s, "sender", sender->text, text);
        return false;
    }
    s->message.sender_address =
        str_join3(s->transaction_arena, sender->text, STR("@"), s->settings->process->qualify_domain);
    return true;
}

static void accept_sender(struct smtp_session *s, struct acl_outcome *outcome)
{
    if (s->connection.prdr_requested && !str_is_empty(outcome->user_message))
        outcome->user_message = str_join(s->scratch, outcome->user_message, STR(", PRDR Requested"));
    smtp_policy_accept(s, outcome, "250", s->connection.prdr_requested ? STR("OK, PRDR Requested") : STR("OK"));
}

/* False: answered. */
static bool check_sender(struct smtp_session *s)
{
    struct acl_outcome outcome;

    s->message.sender_address = smtp_sender_of_caller(s, s->message.sender_address);
    s->message.sender_set = true;
    switch (smtp_policy_run(s, ACL_WHERE_MAIL, STR_NULL, &outcome)) {
    case ACL_DISCARD:
        s->transaction.discard_all = s->transaction.discarded = true;
        s->transaction.discarded_by = "MAIL";
        s->transaction.discard_reason = str_copy(s->transaction_arena, outcome.log_message);
        break;
    case ACL_ACCEPT:
        break;
    default:
        smtp_policy_refuse(s, ACL_WHERE_MAIL, s->argument, &outcome);
        return false;
    }
    accept_sender(s, &outcome);
    return true;
}

static bool there_is_room(struct smtp_session *s)
{
    if (s->peer->mode == SMTP_TEST || mail_space_suffices(s->options, s->message.size))
        return true;
    smtp_reply(s, "452 Space shortage, please try later");
    return false;
}

static bool begin_message(struct smtp_session *s)
{
    struct mail mail = {0};
    struct address sender;
    struct str text;

    if (!helo_is_given(s))
        return false;
    if (str_is_empty(s->argument)) {
        smtp_fault(s, SMTP_SYNTAX, 501, STR_NULL, STR("MAIL must have an address operand"));
        return false;
    }
    if (!within_limit(s))
        return false;
    smtp_transaction_reset(s);
    if (!take_parameters(s, &mail, &text))
        return false;
    smtp_ratelimit_apply(s, &s->prepared->mail_limit, s->mail_count, &s->mail_delay);
    return read_sender(s, text, &sender) && size_fits(s) && there_is_room(s) && qualify(s, &sender, text) && check_sender(s);
}

void smtp_mail(struct smtp_session *s)
{
    s->mail_count++;
    if (s->transaction.sender_given) {
        smtp_fault(s, SMTP_PROTOCOL, 503, STR_NULL, STR("sender already given"));
        return;
    }
    if (begin_message(s)) {
        s->transaction.sender_given = true;
    } else {
        s->was_refused_mail = true;
        smtp_transaction_reset(s);
    }
}
