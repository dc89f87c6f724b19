/* Fixing up submitted messages: see fixups.h. */
#include "mail/fixups.h"

#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "base/log.h"
#include "base/strlist.h"
#include "expand/encoded_words.h"
#include "expand/expand.h"
#include "expand/header_address.h"
#include "mail/header.h"

bool mail_is_resent(const struct mail_message *message)
{
    for (const struct mail_header *h = message->headers; h; h = h->next)
        if (h->type != HEADER_DELETED && str_starts_nocase(h->text, "Resent-"))
            return true;
    return false;
}

/* --- Names in front of addresses */

static bool is_phrase_octet(char c)
{
    return ascii_is_alnum(c) || c == ' ' || strchr("!#$%&'*+-/=?^_`{|}~", c);
}

static bool needs_quotes(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.s[i] == '\0' || !is_phrase_octet(name.s[i]))
            return true;
    return false;
}

static bool needs_encoding(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (ascii_is_control(name.s[i]) || (unsigned char)name.s[i] > 127)
            return true;
    return false;
}

struct str mail_full_address(struct arena *arena, struct str name, struct str address, struct str charset)
{
    struct buffer b = BUFFER_IN(arena);

    if (str_is_empty(name))
        return address;
    if (needs_encoding(name)) {
        buffer_add(&b, encoded_words_encode(arena, name, charset));
    } else if (needs_quotes(name)) {
        buffer_add_char(&b, '"');
        for (size_t i = 0; i < name.n; i++) {
            if (name.s[i] == '"' || name.s[i] == '\\')
                buffer_add_char(&b, '\\');
            buffer_add_char(&b, name.s[i]);
        }
        buffer_add_char(&b, '"');
    } else {
        buffer_add(&b, name);
    }
    buffer_add_cstr(&b, " <");
    buffer_add(&b, address);
    buffer_add_char(&b, '>');
    b.tainted |= name.tainted;
    return buffer_str(&b);
}

/* --- Parts of the work */

struct work {
    const struct fixups *f;
    struct mail_message *m;
    struct arena *arena;
    const char *resent; /* "Resent-" or "" */
    bool fix;           /* missing headers are added */
};

static struct mail_header *find(const struct work *w, const char *name)
{
    return mail_header_find(w->m, str_printf(w->arena, "%s%s", w->resent, name).s);
}

static struct str line(const struct work *w, const char *name, struct str value)
{
    struct buffer b = BUFFER_IN(w->arena);

    buffer_add_cstr(&b, w->resent);
    buffer_add_cstr(&b, name);
    buffer_add_cstr(&b, ": ");
    buffer_add(&b, value);
    buffer_add_char(&b, '\n');
    return buffer_str(&b);
}

/* Those of a set that was resent stand in front (RFC 5322 section 3.6.6). */
static void add(const struct work *w, enum mail_header_type type, struct str text)
{
    if (*w->resent && type != HEADER_FROM && type != HEADER_SENDER)
        mail_header_prepend(w->m, type, text);
    else
        mail_header_append(w->m, type, text);
}

static void delete_all(struct mail_message *message, const char *name)
{
    for (struct mail_header *h = message->headers; h; h = h->next)
        if (h->type != HEADER_DELETED && mail_header_is(h, name))
            h->type = HEADER_DELETED;
}

/* Trace of a final delivery has no place in a message that is under way again. */
static void remove_trace(const struct work *w)
{
    const struct main_options *o = w->f->options;

    if (o->return_path_remove)
        delete_all(w->m, "Return-path");
    if (o->envelope_to_remove)
        delete_all(w->m, "Envelope-to");
    if (o->delivery_date_remove)
        delete_all(w->m, "Delivery-date");
    if (w->f->extracting)
        delete_all(w->m, *w->resent ? "Resent-Bcc" : "Bcc");
}

/* A From: that is the caller's login alone becomes its whole address (manual, 48.11). */
static void complete_login(const struct work *w, const char *name)
{
    const struct fixups *f = w->f;
    struct mail_header *from = mail_header_find(w->m, name);
    struct str address;

    if (!from || !str_eq(mail_header_value(w->arena, from), f->login))
        return;
    address = str_join3(w->arena, f->login, STR("@"), f->process->qualify_domain);
    mail_header_append(w->m, HEADER_FROM,
                       str_join3(w->arena, str_printf(w->arena, "%s: ", name),
                                 mail_full_address(w->arena, f->full_name, address, scope_headers_charset(f->process)),
                                 STR("\n")));
    from->type = HEADER_DELETED;
}

/* An option's expansion with unusable octets replaced; empty when it fails, which is logged. */
static struct str expand_for_id(const struct work *w, const struct template *t, const char *option)
{
    struct error err = ERROR_IN(w->arena);
    struct str text;

    switch (expand(w->f->scope, t, w->arena, &text, &err)) {
    case EXPAND_OK:
        return str_is_null(text) ? STR("") : text;
    case EXPAND_FORCED:
        return STR("");
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        break;
    }
    log_write(LOG_MAIN | LOG_PANIC, "expansion of \"%.*s\" (%s) failed: %.*s", STR_ARG(template_source(t)), option,
              STR_ARG(err.text));
    return STR("");
}

/* Octets that may not stand there become hyphens; a dot is put in front (manual, 14: message_id_header_text). */
static struct str id_text(const struct work *w, struct str text)
{
    struct buffer b = BUFFER_IN(w->arena);

    if (str_is_empty(text))
        return STR("");
    if (text.s[0] != '.')
        buffer_add_char(&b, '.');
    for (size_t i = 0; i < text.n; i++)
        buffer_add_char(&b, text.s[i] > 32 && text.s[i] < 127 && !strchr("()<>@,;:\\\"[]", text.s[i]) ? text.s[i] : '-');
    return buffer_str(&b);
}

static struct str id_domain(const struct work *w, struct str text)
{
    struct buffer b = BUFFER_IN(w->arena);

    if (str_is_empty(text))
        return w->f->process->primary_hostname;
    for (size_t i = 0; i < text.n; i++)
        if (ascii_is_alnum(text.s[i]) || text.s[i] == '.' || text.s[i] == '-')
            buffer_add_char(&b, text.s[i]);
    return b.n > 0 ? buffer_str(&b) : w->f->process->primary_hostname;
}

static void add_message_id(const struct work *w)
{
    const struct main_options *o = w->f->options;
    struct str text = id_text(w, expand_for_id(w, o->message_id_header_text, "message_id_header_text"));
    struct str domain = id_domain(w, expand_for_id(w, o->message_id_header_domain, "message_id_header_domain"));
    struct buffer b = BUFFER_IN(w->arena);

    buffer_add_cstr(&b, "<E");
    buffer_add(&b, w->m->id);
    buffer_add(&b, text);
    buffer_add_char(&b, '@');
    buffer_add(&b, domain);
    buffer_add_char(&b, '>');
    add(w, HEADER_ID, line(w, "Message-Id", buffer_str(&b)));
    w->m->id_created = !*w->resent;
}

/* Who is really behind a submission: the authenticated id with its domain. False: nobody knows. */
static bool authenticated_address(const struct work *w, struct str *address)
{
    struct str id = w->f->scope->connection->authenticated_id;
    struct str domain = w->m->handling.submission_domain;

    if (str_is_empty(id) || str_is_empty(w->f->scope->connection->host_authenticated))
        return false;
    if (str_is_null(domain))
        domain = w->f->process->qualify_domain;
    *address = str_is_empty(domain) ? id : str_join3(w->arena, id, STR("@"), domain);
    return true;
}

static struct str caller_address(const struct work *w)
{
    return str_join3(w->arena, w->f->login, STR("@"), w->f->process->qualify_domain);
}

static void add_from(const struct work *w)
{
    const struct fixups *f = w->f;
    struct str address = w->m->sender, name = STR("");

    if (f->local && w->m->sender_local) {
        name = f->full_name;
        address = str_is_empty(address) ? caller_address(w) : address;
    } else if (!f->local && w->m->handling.submission && str_is_empty(address)) {
        if (!authenticated_address(w, &address))
            return;
        name = w->m->handling.submission_name;
    } else if (!f->local && w->m->handling.submission)
        name = w->m->handling.submission_name;
    if (!str_is_empty(address))
        add(w, HEADER_FROM, line(w, "From", mail_full_address(w->arena, name, address, scope_headers_charset(f->process))));
}

/* --- The Sender: line (manual, 48.16) */

/* The part behind a prefix or in front of a suffix: "*-" is any prefix that ends in a hyphen. */
static struct str strip_one(const struct work *w, struct str local_part, struct str affix, bool prefix)
{
    bool any = affix.n > 0 && affix.s[prefix ? 0 : affix.n - 1] == '*';
    struct str fixed = any ? str_sub(w->arena, affix, prefix ? 1 : 0, affix.n - 1) : affix;

    if (fixed.n == 0)
        return local_part;
    for (size_t i = 0; i + fixed.n <= local_part.n; i++) {
        size_t at = prefix ? i : local_part.n - fixed.n - i;

        if (memcmp(local_part.s + at, fixed.s, fixed.n) == 0)
            return prefix ? str_sub(w->arena, local_part, at + fixed.n, local_part.n)
                          : str_sub(w->arena, local_part, 0, at);
        if (!any)
            break;
    }
    return local_part;
}

/* The same for the first of a list that fits. */
static struct str strip_affix(const struct work *w, struct str local_part, struct str affixes, bool prefix)
{
    struct strlist list;
    struct str affix, stripped;

    if (str_is_empty(affixes))
        return local_part;
    strlist_begin(&list, affixes, ':');
    while (strlist_next(&list, w->arena, &affix)) {
        stripped = strip_one(w, local_part, affix, prefix);
        if (stripped.n < local_part.n)
            return stripped;
    }
    return local_part;
}

/* What addresses get that have no domain, where they are qualified; else nothing, which no domain equals. */
static struct str domain_of_unqualified(const struct work *w)
{
    return w->f->local || w->m->allow_unqualified_sender ? w->f->process->qualify_domain : STR("");
}

/* Whether the address is that of the sender, or with the affixes that options allow. */
static bool is_of(const struct work *w, const struct header_address *from, struct str sender)
{
    const struct main_options *o = w->f->options;
    ptrdiff_t at = str_rfind(sender, '@');
    struct str local_part, domain;

    if (at < 0)
        return str_eq_nocase(from->address, sender);
    local_part = str_sub(w->arena, sender, 0, (size_t)at);
    domain = str_sub(w->arena, sender, (size_t)at + 1, sender.n);
    if (!str_eq_nocase(str_is_empty(from->domain) ? domain_of_unqualified(w) : from->domain, domain))
        return false;
    if (str_eq_nocase(from->local_part, local_part))
        return true;
    return str_eq_nocase(strip_affix(w, strip_affix(w, from->local_part, o->local_from_prefix, true),
                                     o->local_from_suffix, false),
                         local_part);
}

/* Whether From: is one address, that of the sender. */
static bool from_is(const struct work *w, struct str sender)
{
    const struct mail_header *from = find(w, "From");
    struct header_address_list list = {.at = 0};
    struct header_address address;
    struct str mailbox, more;

    if (!from)
        return false;
    list.text = mail_header_value(w->arena, from);
    return header_address_next(&list, w->arena, &mailbox) &&
           header_address_parse(w->arena, mailbox, w->m->smtputf8 || w->f->options->allow_utf8_domains, &address) &&
           is_of(w, &address, sender) && !header_address_next(&list, w->arena, &more);
}

static void change_sender(const struct work *w, struct str sender, const char *why)
{
    if (str_is_empty(w->m->sender) || str_eq(w->m->sender, sender))
        return;
    if (log_selected(LOG_SEL_address_rewrite))
        log_write(LOG_MAIN, "\"%.*s\" from env-from rewritten as \"%.*s\" by %s", STR_ARG(w->m->sender),
                  STR_ARG(sender), why);
    w->m->sender = sender;
}

static void check_local_sender(const struct work *w)
{
    const struct fixups *f = w->f;
    struct str sender = caller_address(w);

    if (w->m->local_error || w->m->handling.suppress_local_fixups)
        return;
    if (f->trusted ? w->m->handling.submission && !w->m->handling.sender_retain : !f->options->local_sender_retain)
        delete_all(w->m, *w->resent ? "Resent-Sender" : "Sender");
    if (f->trusted)
        return;
    if (f->options->local_from_check && !from_is(w, sender)) {
        mail_header_append(w->m, HEADER_SENDER,
                           line(w, "Sender", mail_full_address(w->arena, f->full_name, sender,
                                                               scope_headers_charset(f->process))));
        if (!w->m->sender_set_untrusted)
            change_sender(w, sender, "local sender check");
    }
}

static void check_submission_sender(const struct work *w)
{
    const struct mail_handling *handling = &w->m->handling;
    struct str sender;

    if (handling->sender_retain)
        return;
    delete_all(w->m, *w->resent ? "Resent-Sender" : "Sender");
    if (!authenticated_address(w, &sender))
        return;
    if (!from_is(w, sender))
        mail_header_append(w->m, HEADER_SENDER,
                           line(w, "Sender", mail_full_address(w->arena, handling->submission_name, sender,
                                                               scope_headers_charset(w->f->process))));
    change_sender(w, sender, "submission mode");
}

static void add_date(const struct work *w)
{
    struct str date;

    if (expand_string(w->f->scope, STR("$tod_full"), w->arena, &date, NULL) == EXPAND_OK)
        add(w, HEADER_OTHER, line(w, "Date", date));
}

void mail_fix_up(const struct fixups *f)
{
    struct work w = {
        .f = f,
        .m = f->message,
        .arena = f->message->arena,
        .resent = mail_is_resent(f->message) ? "Resent-" : "",
        .fix = (f->local && !f->message->handling.suppress_local_fixups) || f->message->handling.submission,
    };

    remove_trace(&w);
    if (f->local && !str_is_empty(f->login)) {
        complete_login(&w, "From");
        complete_login(&w, "Resent-From");
    }
    if (w.fix && !find(&w, "Message-Id"))
        add_message_id(&w);
    if (w.fix && !find(&w, "From"))
        add_from(&w);
    if (f->local)
        check_local_sender(&w);
    else if (f->message->handling.submission)
        check_submission_sender(&w);
    if (w.fix && !find(&w, "Date"))
        add_date(&w);
}
