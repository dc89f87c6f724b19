/* The header section of a message as it is written out: see header_section.h. */
#include "transports/header_section.h"

#include "base/arena.h"
#include "base/strlist.h"
#include "expand/expand.h"
#include "mail/header.h"
#include "mail/rewrite.h"

/* --- Headers that are left out */

/* Whether the header has one of the names of the list. */
static bool listed(struct arena *arena, struct str names, const struct mail_header *header)
{
    struct strlist it;
    struct str name;

    strlist_begin(&it, names, ':');
    while (strlist_next(&it, arena, &name))
        if (mail_header_matches(header, name))
            return true;
    return false;
}

/* --- What options add. A forced failure adds nothing. */

static bool expand_lines(struct delivery *delivery, const struct template *t, const char *option, struct str *out,
                         struct error *err)
{
    struct error why = ERROR_IN(delivery->arena);

    *out = STR("");
    switch (expand(delivery->scope, t, delivery->arena, out, &why)) {
    case EXPAND_OK:
        return true;
    case EXPAND_FORCED:
        *out = STR("");
        return true;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        break;
    }
    return error_set(err, "failed to expand %s: %.*s", option, STR_ARG(why.text));
}

/* The trace that goes in front (manual, 24: return_path_add, envelope_to_add, delivery_date_add). */

static void add_envelope_to(struct delivery *delivery, struct buffer *b)
{
    bool first = true;

    for (const struct mail_recipient *r = delivery->recipients; r; r = r->next) {
        struct str address = mail_recipient_top(r)->address;
        bool seen = false;

        for (const struct mail_recipient *before = delivery->recipients; before != r; before = before->next)
            seen |= str_eq(mail_recipient_top(before)->address, address);
        if (seen)
            continue;
        buffer_add_cstr(b, first ? "Envelope-to: " : ",\n ");
        buffer_add(b, address);
        first = false;
    }
    if (!first)
        buffer_add_char(b, '\n');
}

static bool add_trace(struct delivery *delivery, struct buffer *b, struct error *err)
{
    const struct transport_instance *transport = delivery->transport;
    struct str text;

    if (transport->return_path_add) {
        if (!message_return_path(delivery, &text, err))
            return false;
        buffer_add_cstr(b, "Return-path: <");
        buffer_add(b, text);
        buffer_add_cstr(b, ">\n");
    }
    if (transport->envelope_to_add)
        add_envelope_to(delivery, b);
    if (transport->delivery_date_add) {
        if (expand_string(delivery->scope, STR("$tod_full"), delivery->arena, &text, err) != EXPAND_OK)
            return false;
        buffer_add_cstr(b, "Delivery-date: ");
        buffer_add(b, text);
        buffer_add_char(b, '\n');
    }
    return true;
}

static void add_complete(struct buffer *b, struct str lines)
{
    if (str_is_empty(lines))
        return;
    buffer_add(b, lines);
    if (lines.s[lines.n - 1] != '\n')
        buffer_add_char(b, '\n');
}

bool header_section(struct delivery *delivery, struct str *section, struct error *err)
{
    const struct transport_instance *transport = delivery->transport;
    const struct mail_properties *properties = &delivery->recipients->properties;
    struct buffer b = BUFFER_IN(delivery->arena);
    struct str added, removed;

    if (!add_trace(delivery, &b, err) ||
        !expand_lines(delivery, transport->headers_remove, "headers_remove", &removed, err) ||
        !expand_lines(delivery, transport->headers_add, "headers_add", &added, err))
        return false;
    for (const struct mail_header *h = delivery->message->headers; h; h = h->next)
        if (h->type != HEADER_DELETED && !listed(delivery->arena, properties->headers_remove, h) &&
            !listed(delivery->arena, removed, h))
            buffer_add(&b, rewrite_header(delivery->scope, transport->rewrite_rules, h->text,
                                          rewrite_place_of(h->type), false));
    add_complete(&b, properties->headers_add);
    add_complete(&b, added);
    buffer_add_char(&b, '\n');
    *section = buffer_str(&b);
    return true;
}
