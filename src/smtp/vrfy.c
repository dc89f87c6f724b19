/* VRFY and EXPN (RFC 5321 section 3.5; manual, 49.7). */
#include "smtp/envelope.h"
#include "smtp/log_lines.h"
#include "smtp/parameters.h"
#include "smtp/policy.h"
#include "smtp/reply.h"

/* Takes SMTPUTF8 off (RFC 6531 section 3.7.4.2), which allows addresses in UTF-8 for this command. ACLs see it in
 * $smtp_command_argument. */
static struct str argument_of(struct smtp_session *s)
{
    struct smtp_parameter last;

    if (!s->smtputf8_advertised || !smtp_last_parameter(s->scratch, s->argument, &last) ||
        !str_is_nocase(last.word, "SMTPUTF8"))
        return s->argument;
    smtp_allow_utf8(s, true);
    return last.rest;
}

/* False: answered. */
static bool read_address(struct smtp_session *s, struct str text, struct address *address)
{
    struct error err = ERROR_IN(s->scratch);

    if (!smtp_parse_address(s, text, false, address, &err)) {
        smtp_reply_str(s, str_join(s->scratch, STR("501 "), err.text));
        return false;
    }
    if (!str_is_null(address->domain))
        return true;
    if (!s->recipient_unqualified_allowed && !str_is_nocase(address->text, "postmaster")) {
        smtp_refuse_unqualified(s, "verify", address->text, text);
        return false;
    }
    address->domain = s->settings->process->qualify_recipient;
    address->text = str_join3(s->scratch, address->text, STR("@"), address->domain);
    return true;
}

static struct str in_brackets(struct smtp_session *s, struct str address)
{
    return str_join3(s->scratch, STR("<"), address, STR(">"));
}

static void log_failure(struct smtp_session *s)
{
    struct buffer line = BUFFER_IN(s->scratch);

    buffer_add_cstr(&line, "VRFY failed for ");
    buffer_add(&line, s->argument);
    buffer_add_char(&line, ' ');
    buffer_add(&line, smtp_host_and_ident(s, true));
    log_write_str(LOG_MAIN, buffer_str(&line));
}

static void answer(struct smtp_session *s, const char *code, struct str address, struct str text)
{
    smtp_reply_str(s, str_join3(s->scratch, str_join3(s->scratch, str_of(code), STR(" "), address), STR(" "), text));
}

static void verify(struct smtp_session *s, const struct address *address)
{
    const struct mail_services *mail = s->settings->mail;
    struct mail_verify request = {.address = address->text};
    struct str shown = in_brackets(s, address->text);
    enum mail_verify_result result = VERIFY_FAIL;

    if (mail && mail->verify)
        result = mail->verify(mail->ctx, &s->scope, &request);
    else
        request.user_message = STR("Unrouteable address");
    switch (result) {
    case VERIFY_OK:
        answer(s, "250", shown, STR("is deliverable"));
        return;
    case VERIFY_DEFER:
        if (str_is_null(request.user_message))
            answer(s, "451", str_join(s->scratch, STR("Cannot resolve "), shown), STR("at this time"));
        else
            answer(s, "451", shown, request.user_message);
        return;
    case VERIFY_FAIL:
        break;
    }
    answer(s, "550", shown, str_is_null(request.user_message) ? STR("is not deliverable") : request.user_message);
    log_failure(s);
}

static void vrfy(struct smtp_session *s, struct str text)
{
    struct acl_outcome outcome;
    struct address address;

    if (!read_address(s, text, &address))
        return;
    s->address.local_part = s->address.original_local_part = address_unquote(s->scratch, address.local_part);
    s->address.domain = s->address.original_domain = address.domain;
    if (smtp_policy_run(s, ACL_WHERE_VRFY, address.text, &outcome) == ACL_ACCEPT)
        verify(s, &address);
    else
        smtp_policy_refuse(s, ACL_WHERE_VRFY, s->argument, &outcome);
    s->address = (struct scope_address){0};
}

/* A message that is under way keeps what it is. */
static void with_utf8(struct smtp_session *s, void (*handle)(struct smtp_session *s, struct str text))
{
    bool before = s->transaction.smtputf8;

    handle(s, argument_of(s));
    smtp_allow_utf8(s, before);
}

void smtp_vrfy(struct smtp_session *s)
{
    with_utf8(s, vrfy);
}

/* --- EXPN */

/* The addresses so far: each is sent once it is known whether it is the last. */
struct expansion {
    struct smtp_session *s;
    struct str waiting; /* STR_NULL: none yet */
};

static void add_line(void *ctx, struct str address)
{
    struct expansion *x = ctx;

    if (!str_is_null(x->waiting))
        smtp_respond(x->s, STR("250"), x->waiting, false);
    x->waiting = in_brackets(x->s, address);
}

static void expand_address(struct smtp_session *s, struct str address)
{
    const struct mail_services *mail = s->settings->mail;
    struct expansion x = {.s = s, .waiting = STR_NULL};
    struct error err = ERROR_IN(s->scratch);
    bool defer;

    if (!mail || !mail->expand) {
        answer(s, "553", address, STR("is undeliverable"));
        return;
    }
    if (mail->expand(mail->ctx, &s->scope, address, add_line, &x, &defer, &err))
        smtp_respond(s, STR("250"), x.waiting, true);
    else
        smtp_respond(s, STR("553"), err.text, true);
}

static void expn(struct smtp_session *s, struct str address)
{
    struct acl_outcome outcome;

    if (smtp_policy_run(s, ACL_WHERE_EXPN, STR_NULL, &outcome) != ACL_ACCEPT) {
        smtp_policy_refuse(s, ACL_WHERE_EXPN, s->argument, &outcome);
        return;
    }
    if (str_find(address, '@') < 0)
        address = str_join3(s->scratch, address, STR("@"), s->settings->process->qualify_domain);
    expand_address(s, address);
}

void smtp_expn(struct smtp_session *s)
{
    with_utf8(s, expn);
}
