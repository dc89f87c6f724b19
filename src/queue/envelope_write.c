/* Writing -H files: see envelope.h. */
#include "base/arena.h"
#include "base/print.h"
#include "mail/recipient.h"
#include "queue/envelope.h"

/* Bits of NOTIFY= as Exim has them in the file. */
static unsigned notify_bits(unsigned flags)
{
    return (flags & DSN_NEVER ? 2 : 0) | (flags & DSN_SUCCESS ? 4 : 0) | (flags & DSN_FAILURE ? 8 : 0) |
           (flags & DSN_DELAY ? 16 : 0);
}

/* Whoever it comes from: a value is one line and cannot make another. */
static void one_line(struct buffer *b, struct str value)
{
    print_escaped(b, value, PRINT_8BIT);
}

static void text(struct buffer *b, const char *name, struct str value)
{
    if (str_is_empty(value))
        return;
    buffer_add_cstr(b, value.tainted ? "--" : "-");
    buffer_add_cstr(b, name);
    buffer_add_char(b, ' ');
    one_line(b, value);
    buffer_add_char(b, '\n');
}

static void flag(struct buffer *b, const char *name, bool set)
{
    if (set)
        buffer_printf(b, "-%s\n", name);
}

static void number(struct buffer *b, const char *name, int64_t n, bool always)
{
    if (n > 0 || always)
        buffer_printf(b, "-%s %lld\n", name, (long long)n);
}

static void endpoint(struct buffer *b, const char *name, struct str address, int port)
{
    if (str_is_empty(address))
        return;
    buffer_printf(b, "--%s [", name);
    buffer_add(b, address);
    buffer_add_char(b, ']');
    if (port > 0)
        buffer_printf(b, ":%d", port);
    buffer_add_char(b, '\n');
}

/* "acl_m_foo" becomes "-aclm _foo 3" and the value on lines of its own. */
static void variable(void *ctx, struct str name, struct str value)
{
    struct buffer *b = ctx;

    if (name.n < 6)
        return;
    buffer_printf(b, "%sacl%c %.*s %zu\n", value.tainted ? "--" : "-", name.s[4], (int)(name.n - 5), name.s + 5,
                  value.n);
    buffer_add(b, value);
    buffer_add_char(b, '\n');
}

static void origin(struct buffer *b, const struct mail_message *m, struct str primary_hostname)
{
    const struct scope_connection *c = &m->origin;

    text(b, "helo_name", c->helo_name);
    endpoint(b, "host_address", c->host_address, c->host_port);
    text(b, "host_name", c->host_name);
    text(b, "host_auth", c->host_authenticated);
    endpoint(b, "interface_address", c->interface_address, c->interface_port);
    if (!str_eq(c->active_hostname, primary_hostname))
        text(b, "active_hostname", c->active_hostname);
    text(b, "ident", c->ident);
    text(b, "received_protocol", c->received_protocol);
    varset_each(&c->acl_c, variable, b);
    varset_each(&m->acl_m, variable, b);
    number(b, "body_linecount", m->body_linecount, true);
    number(b, "max_received_linelength", m->max_received_linelength, true);
    number(b, "body_zerocount", m->body_zerocount, false);
    text(b, "auth_id", c->authenticated_id);
    text(b, "auth_sender", m->authenticated_sender);
    flag(b, "allow_unqualified_recipient", m->allow_unqualified_recipient);
    flag(b, "allow_unqualified_sender", m->allow_unqualified_sender);
    flag(b, "deliver_firsttime", m->first_delivery);
    if (m->frozen)
        number(b, "frozen", m->frozen_at, true);
    flag(b, "N", m->dont_deliver);
    flag(b, "host_lookup_deferred", c->host_lookup_deferred);
    flag(b, "host_lookup_failed", c->host_lookup_failed);
    flag(b, "local", m->sender_local);
    flag(b, "localerror", m->local_error);
    flag(b, "manual_thaw", m->manual_thaw);
    flag(b, "sender_set_untrusted", m->sender_set_untrusted);
    flag(b, "smtputf8", m->smtputf8);
    flag(b, "utf8_downcvt", m->handling.utf8_downconvert);
    flag(b, "utf8_optdowncvt", m->handling.utf8_downconvert_maybe);
    flag(b, "spool_file_wireformat", m->spool_wireformat);
}

static void tls(struct buffer *b, const struct scope_tls *in)
{
    flag(b, "tls_certificate_verified", in->certificate_verified);
    text(b, "tls_cipher", in->cipher);
    text(b, "tls_peerdn", in->peerdn);
    text(b, "tls_sni", in->sni);
    text(b, "tls_ocsp", in->ocsp);
    text(b, "tls_ver", in->ver);
    text(b, "tls_resumption", in->resumption);
}

/* The set as the balanced tree that Exim writes: the middle first, then what is before and behind it. */
static void tree(struct buffer *b, const struct str *v, size_t n)
{
    size_t middle = n / 2;

    buffer_add_char(b, middle > 0 ? 'Y' : 'N');
    buffer_add_char(b, n - middle > 1 ? 'Y' : 'N');
    buffer_add_char(b, ' ');
    one_line(b, v[middle]);
    buffer_add_char(b, '\n');
    if (middle > 0)
        tree(b, v, middle);
    if (n - middle > 1)
        tree(b, v + middle + 1, n - middle - 1);
}

/* Fields stand behind the address in an order that is read from the end (see envelope_read.c). */
static void recipient(struct buffer *b, const struct mail_recipient *r)
{
    struct str errors = r->properties.errors_address;
    bool dsn = r->dsn_flags != 0 || !str_is_empty(r->dsn_orcpt);

    one_line(b, r->address);
    if (dsn || r->one_time_parent >= 0 || !str_is_empty(errors)) {
        if (dsn) {
            buffer_add_char(b, ' ');
            buffer_add(b, r->dsn_orcpt);
            buffer_printf(b, " %zu,%u", r->dsn_orcpt.n, notify_bits(r->dsn_flags));
        }
        buffer_add_char(b, ' ');
        buffer_add(b, errors);
        buffer_printf(b, " %zu,%d#%d", errors.n, r->one_time_parent, dsn ? 3 : 1);
    }
    buffer_add_char(b, '\n');
}

struct str envelope_write(struct arena *arena, const struct mail_message *m, struct str primary_hostname)
{
    struct buffer b = BUFFER_IN(arena);

    buffer_add(&b, m->id);
    buffer_add_cstr(&b, "-H\n");
    one_line(&b, m->login);
    buffer_printf(&b, " %ld %ld\n<", (long)m->uid, (long)m->gid);
    one_line(&b, m->sender);
    buffer_printf(&b, ">\n%lld %d\n", (long long)m->received.tv_sec, m->warning_count);
    buffer_printf(&b, "-received_time_usec .%06ld\n", (long)m->received.tv_usec);
    buffer_printf(&b, "-received_time_complete %lld.%06ld\n", (long long)m->received_complete.tv_sec,
                  (long)m->received_complete.tv_usec);
    origin(&b, m, primary_hostname);
    tls(&b, &m->origin.tls_in);
    text(&b, "dsn_envid", (struct str){m->dsn_envid.s, m->dsn_envid.n, false}); /* xtext, as Exim has it */
    number(&b, "dsn_ret", m->dsn_ret, false);
    if (m->delivered.n > 0)
        tree(&b, m->delivered.v, m->delivered.n);
    else
        buffer_add_cstr(&b, "XX\n");
    buffer_printf(&b, "%zu\n", m->recipient_count);
    for (const struct mail_recipient *r = m->recipients; r; r = r->next)
        recipient(&b, r);
    buffer_add_char(&b, '\n');
    for (const struct mail_header *h = m->headers; h; h = h->next)
        if (h->text.n > 0) {
            buffer_printf(&b, "%03zu%c ", h->text.n, (char)h->type);
            buffer_add(&b, h->text);
        }
    return buffer_str(&b);
}
