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

static void add_those_at(struct buffer *out, struct str added, enum place place)
{
    const char *p = added.s, *end = added.s + added.n;

    while (p < end) {
        size_t n = header_length(p, end), skip;

        if (place_of((struct str){p, n, true}, &skip) == place)
            buffer_add_n(out, p + skip, n - skip);
        p += n;
    }
}

/* Octets of the Received: and Resent- headers that the message begins with. */
static size_t trace_length(struct str headers)
{
    const char *p = headers.s, *end = headers.s + headers.n;

    while (p < end) {
        struct str header = {p, header_length(p, end), true};

        if (!str_starts_nocase(header, "Received:") && !str_starts_nocase(header, "Resent-"))
            break;
        p += header.n;
    }
    return (size_t)(p - headers.s);
}

struct str added_headers_merge(struct arena *arena, struct str received, struct str original,
                               struct str added)
{
    struct buffer out = BUFFER_IN(arena);
    size_t trace = trace_length(original);

    add_those_at(&out, added, AT_START);
    buffer_add(&out, received);
    add_those_at(&out, added, AFTER_RECEIVED);
    buffer_add_n(&out, original.s, trace);
    add_those_at(&out, added, AT_START_RFC);
    buffer_add_n(&out, original.s + trace, original.n - trace);
    add_those_at(&out, added, AT_END);
    out.tainted = true;
    return buffer_str(&out);
}
