/* VRFY and EXPN (RFC 5321 section 3.5; manual, 49.7). This version has no routers, so that no address can
 * be confirmed, as with an Exim whose configuration has none. */
#include "smtp/envelope.h"
#include "smtp/log_lines.h"
#include "smtp/policy.h"
#include "smtp/reply.h"

/* False: answered. */
static bool read_address(struct smtp_session *s, struct address *address)
{
    struct error err = ERROR_IN(s->scratch);

    if (!smtp_parse_address(s, s->argument, false, address, &err)) {
        smtp_reply_str(s, str_join(s->scratch, STR("501 "), err.text));
        return false;
    }
    if (!str_is_null(address->domain))
        return true;
    if (!s->recipient_unqualified_allowed && !str_is_nocase(address->text, "postmaster")) {
        smtp_refuse_unqualified(s, "verify", address->text, s->argument);
        return false;
    }
    address->domain = s->settings->process->qualify_recipient;
    address->text = str_join3(s->scratch, address->text, STR("@"), address->domain);
    return true;
}

static void cannot_verify(struct smtp_session *s, const struct address *address)
{
    struct buffer line = BUFFER_IN(s->scratch);

    buffer_add_cstr(&line, "VRFY failed for ");
    buffer_add(&line, s->argument);
    buffer_add_char(&line, ' ');
    buffer_add(&line, smtp_host_and_ident(s, true));
    log_write_str(LOG_MAIN, buffer_str(&line));
    smtp_reply_str(s, str_join3(s->scratch, STR("550 <"), address->text, STR("> Unrouteable address")));
}

void smtp_vrfy(struct smtp_session *s)
{
    struct acl_outcome outcome;
    struct address address;

    if (!read_address(s, &address))
        return;
    s->address.local_part = s->address.original_local_part = address_unquote(s->scratch, address.local_part);
    s->address.domain = s->address.original_domain = address.domain;
    if (smtp_policy_run(s, ACL_WHERE_VRFY, address.text, &outcome) == ACL_ACCEPT)
        cannot_verify(s, &address);
    else
        smtp_policy_refuse(s, ACL_WHERE_VRFY, s->argument, &outcome);
    s->address = (struct scope_address){0};
}

void smtp_expn(struct smtp_session *s)
{
    struct acl_outcome outcome;
    struct str address = s->argument;

    if (smtp_policy_run(s, ACL_WHERE_EXPN, STR_NULL, &outcome) != ACL_ACCEPT) {
        smtp_policy_refuse(s, ACL_WHERE_EXPN, s->argument, &outcome);
        return;
    }
    if (str_find(address, '@') < 0)
        address = str_join3(s->scratch, address, STR("@"), s->settings->process->qualify_domain);
    smtp_reply_str(s, str_join3(s->scratch, STR("553 "), address, STR(" is undeliverable")));
}
