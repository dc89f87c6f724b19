/* Headers that ACLs add to a message: see added_headers.h. */
#include "smtp/added_headers.h"

#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"

enum place { AT_START, AFTER_RECEIVED, AT_START_RFC, AT_END };

static const char *const prefixes[] = {
    [AT_START] = ":at_start:",
    [AFTER_RECEIVED] = ":after_received:",
    [AT_START_RFC] = ":at_start_rfc:",
    [AT_END] = ":at_end:",
};

/* Octets of the header at p: a line and its continuations. */
static size_t header_length(const char *p, const char *end)
{
    const char *q = p;

    do {
        const char *lf = memchr(q, '\n', (size_t)(end - q));

        q = lf ? lf + 1 : end;
    } while (q < end && (*q == ' ' || *q == '\t'));
    return (size_t)(q - p);
}

/* Where a header goes; *skip is the length of the prefix that says so. */
static enum place place_of(struct str header, size_t *skip)
{
    for (enum place place = AT_START; place <= AT_END; place++)
        if (str_starts_nocase(header, prefixes[place])) {
            *skip = strlen(prefixes[place]);
            return place;
        }
    *skip = 0;
    return AT_END;
}

static bool is_received(const struct mail_header *header)
{
    return mail_header_is(header, "Received");
}

/* The last of the first block of Received: headers. */
static struct mail_header *end_of_received(struct mail_message *mail)
{
    struct mail_header *h = mail->headers;

    while (!is_received(h) && h->next)
        h = h->next;
    while (h->next && is_received(h->next))
        h = h->next;
    return h;
}

/* The last before a header that is neither Received: nor Resent-anything; the first header always is before. */
static struct mail_header *end_of_trace(struct mail_message *mail)
{
    struct mail_header *h = mail->headers;

    while (h->next && (is_received(h->next) || str_starts_nocase(h->next->text, "Resent-")))
        h = h->next;
    return h;
}

/* *received is where the first block of Received: headers ends, as far as that is known. Exim moves that when it
 * meets :at_start_rfc:, and so do we. */
static void add(struct mail_message *mail, struct str text, enum place place, struct mail_header **received)
{
    enum mail_header_type type = mail_header_type_of(text);

    switch (place) {
    case AT_START:
        mail_header_prepend(mail, type, text);
        return;
    case AFTER_RECEIVED:
        if (!*received)
            *received = end_of_received(mail);
        break;
    case AT_START_RFC:
        *received = end_of_trace(mail);
        break;
    case AT_END:
        mail_header_append(mail, type, text);
        return;
    }
    mail_header_insert(mail, *received, type, text);
}

void added_headers_apply(struct mail_message *mail, struct str added)
{
    struct mail_header *received = NULL;
    const char *p = added.s, *end = str_end(added);

    while (p < end) {
        size_t n = header_length(p, end), skip;
        enum place place = place_of((struct str){p, n, true}, &skip);

        add(mail, str_copy_n(mail->arena, p + skip, n - skip, added.tainted), place, &received);
        p += n;
    }
}

/* What the header says, wherever it is to go. */
static struct str text_of(struct str header)
{
    size_t skip;

    place_of(header, &skip);
    return (struct str){header.s + skip, header.n - skip, header.tainted};
}

/* As in Exim, a header that goes on behind the whole of the other counts, too. */
bool added_headers_have(struct str added, struct str header)
{
    const char *p = added.s, *end = str_end(added);
    struct str wanted = text_of(header);

    while (p < end) {
        size_t n = header_length(p, end);
        struct str text = text_of((struct str){p, n, added.tainted});

        if (text.n >= wanted.n && memcmp(text.s, wanted.s, wanted.n) == 0)
            return true;
        p += n;
    }
    return false;
}
