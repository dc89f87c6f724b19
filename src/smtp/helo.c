/* HELO and EHLO (RFC 5321 section 4.1.1.1; manual, 14: helo_*, 44.5). */
#include "smtp/helo.h"

#include <string.h>

#include "base/ascii.h"
#include "base/idna.h"
#include "base/ip.h"
#include "base/print.h"
#include "smtp/host_name.h"
#include "smtp/log_lines.h"
#include "smtp/policy.h"
#include "smtp/reply.h"
#include "smtp/settings.h"

/* --- The name */

bool smtp_parse_literal(struct smtp_session *s, struct str name, struct ip *ip)
{
    struct str inside;

    if (name.n < 3 || name.s[0] != '[' || name.s[name.n - 1] != ']')
        return false;
    inside = str_sub(s->scratch, name, 1, name.n - 2);
    if (str_starts_nocase(inside, "IPv6:"))
        inside = str_sub(s->scratch, inside, 5, inside.n);
    return ip_parse(inside, ip);
}

static bool is_valid(struct smtp_session *s, struct str name)
{
    struct ip ip;

    if (str_is_empty(name))
        return false;
    if (name.s[0] == '[')
        return smtp_parse_literal(s, name, &ip);
    for (size_t i = 0; i < name.n; i++)
        if (!ascii_is_alnum(name.s[i]) && name.s[i] != '-' && name.s[i] != '.' &&
            str_find(s->options->helo_allow_chars, name.s[i]) < 0)
            return false;
    return true;
}

/* Takes the name and forgets what was known of another. */
static void set_name(struct smtp_session *s, struct str name)
{
    s->connection.helo_name = str_copy(s->arena, name);
    s->connection.helo_verified = s->connection.helo_dnssec = false;
    s->helo_verify_tried = false;
}

void smtp_helo_take_name(struct smtp_session *s, struct str name)
{
    if (is_valid(s, name))
        set_name(s, name);
}

/* Hosts that name themselves as this server, or as an address, are looked up. */
static void look_up(struct smtp_session *s, struct str name)
{
    struct error err = ERROR_IN(s->scratch);

    if (!s->connection.host_name_looked_up && !str_is_empty(s->connection.host_address) &&
        list_match_option(&s->scope, s->options->helo_lookup_domains, "helo_lookup_domains", name, &err) ==
            MATCH_YES)
        smtp_find_host_name(&s->scope);
}

/* helo_verify_hosts. False: refused, for now only where the host's name could not be asked for. */
static bool check_verified(struct smtp_session *s)
{
    const struct scope_connection *c = &s->connection;
    struct buffer line = BUFFER_IN(s->scratch);

    if (!s->helo_verify_required && !s->helo_verify_wanted)
        return true;
    struct str peer = smtp_host_and_ident(s, false); /* as it was known when it said so */
    smtp_helo_verify(s);
    if (c->helo_verified)
        return true;
    if (!s->helo_verify_required) {
        debug(DEBUG_receive, "HELO verification failed but host is in helo_try_verify_hosts\n");
        return true;
    }
    bool later = !c->host_name_looked_up && c->host_lookup_deferred;
    buffer_add_cstr(&line, later ? "temporarily rejected \"" : "rejected \"");
    buffer_add(&line, s->line);
    buffer_add_cstr(&line, "\" from ");
    buffer_add(&line, peer);
    log_write_str(LOG_MAIN | LOG_REJECT, buffer_str(&line));
    smtp_reply(s, "%d %s argument does not match calling host", later ? 451 : 550, s->command->name);
    return false;
}

static void refuse_syntax(struct smtp_session *s)
{
    struct buffer line = BUFFER_IN(s->scratch);

    buffer_printf(&line, "rejected %s from ", s->command->name);
    buffer_add(&line, smtp_host_and_ident(s, false));
    buffer_add_cstr(&line, ": syntactically invalid argument(s): ");
    buffer_add(&line,
               str_is_empty(s->argument) ? STR("(no argument given)") : printable(s->scratch, s->argument));
    log_write_str(LOG_MAIN | LOG_REJECT, buffer_str(&line));
    smtp_reply(s, "501 Syntactically invalid %s argument(s)", s->command->name);
    smtp_count_fault(s);
}

/* --- The answer */

/* "mail.test Hello ident at client.test [1.2.3.4]" */
static struct str greeting(struct smtp_session *s)
{
    struct buffer b = BUFFER_IN(s->scratch);
    const struct scope_connection *c = &s->connection;

    buffer_add(&b, c->active_hostname);
    buffer_add_cstr(&b, " Hello ");
    if (!str_is_empty(c->ident)) {
        buffer_add(&b, c->ident);
        buffer_add_cstr(&b, " at ");
    }
    buffer_add(&b, str_is_empty(c->host_name) ? c->helo_name : c->host_name);
    if (!str_is_empty(c->host_address)) {
        buffer_add_cstr(&b, " [");
        buffer_add(&b, c->host_address);
        buffer_add_char(&b, ']');
    }
    return buffer_str(&b);
}

/* The first line's code and text: the ACL's message, one line of it, or the greeting. */
static void first_line(struct smtp_session *s, const struct acl_outcome *outcome, struct str *code,
                       struct str *text)
{
    ptrdiff_t lf;

    *code = STR("250");
    *text = greeting(s);
    if (str_is_empty(outcome->user_message))
        return;
    smtp_message_code(s, "250", NULL, outcome->user_message, code, text);
    lf = str_find(*text, '\n');
    if (lf < 0)
        return;
    log_write(LOG_MAIN | LOG_PANIC,
              "EHLO/HELO response must not contain newlines: message truncated: %.*s%s%.*s", STR_ARG(*code),
              code->n > 3 ? "" : " ", STR_ARG(*text));
    *text = str_sub(s->scratch, *text, 0, (size_t)lf);
}

/* The extensions, a line each, in Exim's order. What they promise is remembered. */
static void add_extensions(struct smtp_session *s, struct buffer *b)
{
    const struct main_options *o = s->options;

    if (s->size_limit > 0)
        buffer_printf(b, "SIZE %lld", (long long)s->size_limit);
    else
        buffer_add_cstr(b, "SIZE");
    if (o->accept_8bitmime)
        buffer_add_cstr(b, "\n8BITMIME");
    if ((s->dsn_advertised = smtp_host_in(s, o->dsn_advertise_hosts, "dsn_advertise_hosts")))
        buffer_add_cstr(b, "\nDSN");
    if (o->acl_smtp_etrn)
        buffer_add_cstr(b, "\nETRN");
    if (o->acl_smtp_vrfy)
        buffer_add_cstr(b, "\nVRFY");
    if (o->acl_smtp_expn)
        buffer_add_cstr(b, "\nEXPN");
    if ((s->pipelining_advertised = s->pipelining_allowed &&
         smtp_host_in(s, o->pipelining_advertise_hosts, "pipelining_advertise_hosts")))
        buffer_add_cstr(b, "\nPIPELINING");
    if ((s->early_advertised = s->pipelining_advertised && s->early_pipelining))
        buffer_add_cstr(b, "\nPIPECONNECT");
    s->auth_advertised = smtp_auth_advertise(s, b);
    if ((s->chunking_advertised = smtp_host_in(s, o->chunking_advertise_hosts, "chunking_advertise_hosts")))
        buffer_add_cstr(b, "\nCHUNKING");
    if ((s->tls_advertised =
             s->tls == NULL && smtp_host_in(s, o->tls_advertise_hosts, "tls_advertise_hosts")))
        buffer_add_cstr(b, "\nSTARTTLS");
    if (o->prdr_enable)
        buffer_add_cstr(b, "\nPRDR");
    if ((s->smtputf8_advertised =
             o->accept_8bitmime && idna_is_supported() &&
             smtp_host_in(s, o->smtputf8_advertise_hosts, "smtputf8_advertise_hosts")))
        buffer_add_cstr(b, "\nSMTPUTF8");
    buffer_add_cstr(b, "\nHELP");
}

static void forget_extensions(struct smtp_session *s)
{
    s->dsn_advertised = s->pipelining_advertised = s->auth_advertised = s->chunking_advertised = false;
    s->tls_advertised = s->smtputf8_advertised = false;
    memset(s->advertised, 0, s->prepared->server_count * sizeof *s->advertised);
}

static void answer(struct smtp_session *s, const struct acl_outcome *outcome)
{
    struct str code, text;

    forget_extensions(s);
    first_line(s, outcome, &code, &text);
    if (!s->esmtp) {
        smtp_respond(s, code, text, true);
        return;
    }
    struct buffer extensions = BUFFER_IN(s->scratch);

    add_extensions(s, &extensions);
    smtp_respond(s, code, text, false);
    smtp_respond(s, str_sub(s->scratch, code, 0, 3), buffer_str(&extensions), true);
}

static void hello(struct smtp_session *s, bool esmtp)
{
    struct acl_outcome outcome;

    if (!s->helo_junk_allowed && !is_valid(s, s->argument)) {
        refuse_syntax(s);
        return;
    }
    set_name(s, s->argument);
    look_up(s, s->argument);
    if (!check_verified(s)) {
        s->helo_seen = false;
        return;
    }
    s->esmtp = esmtp;
    if (smtp_policy_run(s, ACL_WHERE_HELO, STR_NULL, &outcome) != ACL_ACCEPT) {
        smtp_policy_refuse(s, ACL_WHERE_HELO, s->argument, &outcome);
        s->connection.helo_name = STR_NULL;
        return;
    }
    smtp_transaction_reset(s);
    smtp_set_protocol(s); /* the ACL has seen the one before */
    s->helo_seen = true;
    s->message_limit =
        smtp_expand_int(s, s->options->smtp_accept_max_per_connection, "smtp_accept_max_per_connection");
    answer(s, &outcome);
}

void smtp_helo(struct smtp_session *s)
{
    hello(s, false);
}

void smtp_ehlo(struct smtp_session *s)
{
    hello(s, true);
}
