/* MAIL and RCPT: see smtp_envelope.h. */
#include "transports/smtp_envelope.h"

#include "base/utf8.h"
#include "base/xtext.h"
#include "expand/expand.h"
#include "mail/delivery_error.h"

/* Octets that would end a command, or begin another. */
static bool fits_command(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.s[i] == '\r' || text.s[i] == '\n' || text.s[i] == '\0')
            return false;
    return true;
}

struct str transaction_rcpt_address(struct arena *arena, const struct transport_instance *transport,
                                    const struct mail_recipient *recipient)
{
    ptrdiff_t at = str_rfind(recipient->address, '@');
    size_t from = recipient->prefix.n, local = at < 0 ? recipient->address.n : (size_t)at, end;

    if (transport->rcpt_include_affixes || from + recipient->suffix.n == 0 || from + recipient->suffix.n > local)
        return recipient->address;
    end = local - recipient->suffix.n;
    return str_join(arena, str_sub(arena, recipient->address, from, end - from),
                    str_sub(arena, recipient->address, local, recipient->address.n));
}

/* AUTH= (manual, 33.5): the option authenticated_sender, or what came with the message. */
static bool authenticated_sender(struct transaction *t, struct str *sender)
{
    struct remote *r = t->r;
    struct str value;

    *sender = STR("");
    if (!remote_expand(r, r->options->authenticated_sender, "authenticated_sender", &value)) {
        r->quiet = true;
        return false;
    }
    if (!str_is_empty(value)) {
        if (r->auth || r->options->authenticated_sender_force)
            *sender = value;
    } else if (r->auth) {
        *sender = t->delivery->message->authenticated_sender;
    }
    return true;
}

static void add_dsn(struct buffer *b, const struct mail_message *message)
{
    if (message->dsn_ret != DSN_RET_NONE)
        buffer_printf(b, " RET=%s", message->dsn_ret == DSN_RET_HDRS ? "HDRS" : "FULL");
    if (!str_is_empty(message->dsn_envid) && fits_command(message->dsn_envid)) {
        buffer_add_cstr(b, " ENVID=");
        buffer_add(b, message->dsn_envid);
    }
}

/* What SIZE says (RFC 1870) is an estimate: what the spool has, CR for each line, and size_addition. */
static int64_t message_size(const struct delivery *delivery)
{
    const struct mail_message *message = delivery->message;
    int64_t size = message->body_size + message->linecount;

    for (const struct mail_header *h = message->headers; h; h = h->next)
        if (h->type != HEADER_DELETED)
            size += (int64_t)h->text.n;
    return size;
}

/* Whether the message is an international one: it came as such, or a router has made an address in UTF-8. */
static bool is_international(const struct transaction *t)
{
    if (t->delivery->message->smtputf8)
        return true;
    for (size_t i = 0; i < t->n; i++)
        if (t->recipients[i]->parent && !utf8_is_ascii(t->recipients[i]->address))
            return true;
    return false;
}

/* Decides on t->utf8. False: the message cannot go to this host; t->r->client.failure. */
static bool choose_utf8(struct transaction *t)
{
    struct remote *r = t->r;

    t->utf8 = UTF8_PLAIN;
    if (!is_international(t))
        return true;
    if (!remote_utf8_way(r, &t->delivery->message->handling, &t->utf8))
        return false;
    if (t->utf8 != UTF8_REFUSED)
        return true;
    client_fail(&r->client, DELIVERY_UTF8_FORWARD, "utf8 support required but not offered for forwarding");
    r->client.failure.permanent = true;
    return false;
}

bool transaction_mail_command(struct transaction *t)
{
    struct remote *r = t->r;
    const struct mail_message *message = t->delivery->message;
    const struct smtp_offer *offer = &r->client.offer;
    struct buffer b = BUFFER_IN(r->arena);
    struct error err = ERROR_IN(r->arena);
    struct str auth, sender;

    if (!choose_utf8(t))
        return false;
    r->quiet = true;
    if (!message_return_path(t->delivery, &t->return_path, &err))
        return client_fail(&r->client, DELIVERY_EXPANSION, "%.*s", STR_ARG(err.text));
    if (!fits_command(t->return_path))
        return client_fail(&r->client, DELIVERY_UNKNOWN, "the sender has line breaks in its address");
    if (!utf8_address(r->arena, t->utf8, t->return_path, &sender, &err))
        return client_fail(&r->client, DELIVERY_EXPANSION, "%.*s", STR_ARG(err.text));
    buffer_printf(&b, "MAIL FROM:<%.*s>", STR_ARG(sender));
    if (smtp_offers(offer, SMTP_SIZE) && r->options->size_addition >= 0 && message->body_size >= 0)
        buffer_printf(&b, " SIZE=%lld", (long long)message_size(t->delivery) + r->options->size_addition);
    if (t->prdr)
        buffer_add_cstr(&b, " PRDR");
    if (t->utf8 == UTF8_ASKED_FOR)
        buffer_add_cstr(&b, " SMTPUTF8");
    if (t->dsn)
        add_dsn(&b, message);
    if (!authenticated_sender(t, &auth))
        return false;
    t->authenticated_sender = auth;
    if (!str_is_empty(auth)) {
        buffer_add_cstr(&b, " AUTH=");
        buffer_add(&b, xtext_encode(r->arena, auth));
    }
    t->mail = buffer_str(&b);
    r->quiet = false;
    return true;
}

static void add_notify(struct buffer *b, unsigned flags)
{
    static const struct {
        enum mail_dsn flag;
        const char *word;
    } words[] = {{DSN_NEVER, "NEVER"}, {DSN_SUCCESS, "SUCCESS"}, {DSN_FAILURE, "FAILURE"}, {DSN_DELAY, "DELAY"}};
    const char *before = " NOTIFY=";

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!(flags & (unsigned)words[i].flag))
            continue;
        buffer_printf(b, "%s%s", before, words[i].word);
        if (words[i].flag == DSN_NEVER)
            return;
        before = ",";
    }
}

static void add_orcpt(struct buffer *b, const struct transaction *t, const struct mail_recipient *recipient)
{
    struct str orcpt = str_is_empty(recipient->dsn_orcpt)
                           ? STR_NULL
                           : utf8_orcpt(t->r->arena, t->utf8, recipient->dsn_orcpt);

    if (str_is_null(orcpt) || !fits_command(orcpt))
        return;
    buffer_add_cstr(b, " ORCPT=");
    buffer_add(b, orcpt);
}

bool transaction_rcpt_command(struct transaction *t, struct mail_recipient *recipient, struct str *shown,
                              struct str *command, struct client_failure *why)
{
    static const char broken[] = "the address has line breaks in it";
    const struct remote *r = t->r;
    struct buffer b = BUFFER_IN(r->arena);
    struct error err = ERROR_IN(r->arena);
    struct str address = transaction_rcpt_address(r->arena, r->transport, recipient), sent;

    *why = (struct client_failure){.error = DELIVERY_UNKNOWN, .permanent = true, .text = STR(broken)};
    if (!fits_command(address))
        return false;
    *why = (struct client_failure){.error = DELIVERY_EXPANSION};
    if (!utf8_address(r->arena, t->utf8, address, &sent, &err)) {
        why->text = err.text;
        return false;
    }
    recipient->sent_address = str_eq(sent, address) ? STR_NULL : str_copy(r->results, sent);
    *shown = str_join3(r->arena, STR("RCPT TO:<"), address, STR(">"));
    buffer_add_cstr(&b, "RCPT TO:<");
    buffer_add(&b, sent);
    buffer_add_cstr(&b, ">");
    if (r->lmtp && r->options->lmtp_ignore_quota && smtp_offers(&r->client.offer, SMTP_IGNOREQUOTA))
        buffer_add_cstr(&b, " IGNOREQUOTA");
    if (t->dsn) {
        add_notify(&b, recipient->dsn_flags);
        add_orcpt(&b, t, recipient);
    }
    *command = buffer_str(&b);
    return true;
}
