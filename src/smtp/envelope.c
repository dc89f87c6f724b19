/* What MAIL and RCPT have in common: see envelope.h. */
#include "smtp/envelope.h"

#include "mail/rewrite.h"
#include "smtp/log_lines.h"
#include "smtp/reply.h"

struct address_rules smtp_address_rules(const struct main_options *options)
{
    return (struct address_rules){
        .allow_domain_literals = options->allow_domain_literals,
        .allow_utf8_domains = options->allow_utf8_domains,
        .strip_excess_angle_brackets = options->strip_excess_angle_brackets,
        .strip_trailing_dot = options->strip_trailing_dot,
    };
}

struct str smtp_rewrite(struct smtp_session *s, struct str text)
{
    return rewrite_smtp(&s->scope, s->settings->process->rewrite_rules, text);
}

void smtp_allow_utf8(struct smtp_session *s, bool allowed)
{
    s->transaction.smtputf8 = allowed;
    s->message.message_smtputf8 = allowed ? STR("yes") : STR_NULL;
    s->acl_owner.context.address_rules.allow_utf8_domains = allowed || s->options->allow_utf8_domains;
    smtp_set_protocol(s);
}

bool smtp_parse_address(struct smtp_session *s, struct str text, bool allow_null, struct address *address,
                        struct error *err)
{
    struct address_rules rules = smtp_address_rules(s->options);

    rules.allow_null = allow_null;
    rules.allow_utf8_domains |= s->transaction.smtputf8 || s->submission;
    return address_parse(s->scratch, text, &rules, address, err);
}

struct str smtp_sender_of_caller(struct smtp_session *s, struct str given)
{
    struct error err = ERROR_IN(s->scratch);
    struct str own;

    if (s->peer->mode != SMTP_LOCAL || s->peer->trusted)
        return given;
    own = str_join3(s->transaction_arena, s->peer->login, STR("@"), s->settings->process->qualify_domain);
    s->transaction.sender_is_caller = true;
    s->connection.authenticated_id = s->peer->login;
    if (str_is_empty(given) ||
        list_match(&s->scope, s->options->untrusted_set_sender, given, NULL, &err) != MATCH_YES)
        return own;
    s->transaction.sender_set_untrusted = !str_eq(given, own);
    return given;
}

void smtp_set_address(struct smtp_session *s, const struct address *recipient)
{
    s->address.original_local_part = address_unquote(s->scratch, recipient->local_part);
    s->address.local_part = str_lower(s->scratch, s->address.original_local_part);
    s->address.original_domain = recipient->domain;
    s->address.domain = str_lower(s->scratch, recipient->domain);
}

void smtp_refuse_unqualified(struct smtp_session *s, const char *who, struct str address, struct str text)
{
    bool is_sender = s->command->handle == smtp_mail;
    bool selected = log_selected(LOG_SEL_smtp_syntax_error);
    struct buffer line = BUFFER_IN(s->scratch);

    buffer_printf(&line, "unqualified %s rejected: <", who);
    buffer_add(&line, address);
    buffer_add_cstr(&line, "> ");
    buffer_add(&line, smtp_host_and_ident(s, true));
    if (selected || s->peer->mode != SMTP_TEST)
        log_write_str(selected ? LOG_MAIN | LOG_REJECT : LOG_REJECT, buffer_str(&line));
    buffer_cut(&line, 0);
    buffer_add(&line, text);
    buffer_printf(&line, ": %s address must contain a domain", is_sender ? "sender" : "recipient");
    smtp_respond(s, STR("501"), buffer_str(&line), true);
}
