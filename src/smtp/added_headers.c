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

/* The header that what belongs to the place stands behind; NULL: it stands first. */
static struct mail_header *before(struct mail_header *received, enum place place)
{
    struct mail_header *last = received;

    if (place == AT_START)
        return NULL;
    for (struct mail_header *h = received->next; place == AT_START_RFC && h; last = h, h = h->next)
        if (!mail_header_is(h, "Received") && !str_starts_nocase(h->text, "Resent-"))
            break;
    for (; place == AT_END && last->next; last = last->next)
        continue;
    return last;
}

static void add_those_at(struct mail_message *mail, struct mail_header *received, struct str added, enum place place)
{
    struct mail_header *last = before(received, place);
    const char *p = added.s, *end = added.s + added.n;

    while (p < end) {
        size_t n = header_length(p, end), skip;

        if (place_of((struct str){p, n, true}, &skip) == place) {
            struct str text = str_copy_n(mail->arena, p + skip, n - skip, added.tainted);
            enum mail_header_type type = mail_header_type_of(text);

            last = last ? mail_header_insert(mail, last, type, text) : mail_header_prepend(mail, type, text);
        }
        p += n;
    }
}

void added_headers_apply(struct mail_message *mail, struct mail_header *received, struct str added)
{
    /* What stands behind all Received: headers goes first, so that it is not behind what comes between them. */
    static const enum place order[] = {AT_START, AT_START_RFC, AFTER_RECEIVED, AT_END};

    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        add_those_at(mail, received, added, order[i]);
}
