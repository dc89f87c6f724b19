/* Header lines: see header.h. */
#include "mail/header.h"

#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buffer.h"

static const struct {
    const char *name;
    enum mail_header_type type;
} types[] = {
    {"From", HEADER_FROM},     {"To", HEADER_TO},
    {"Cc", HEADER_CC},         {"Bcc", HEADER_BCC},
    {"Sender", HEADER_SENDER}, {"Reply-To", HEADER_REPLY_TO},
    {"Message-Id", HEADER_ID}, {"Received", HEADER_RECEIVED},
};

/* Octets of the name at the beginning of the line. */
static size_t name_length(struct str line)
{
    size_t n = 0;

    while (n < line.n && line.s[n] != ':' && !ascii_is_space(line.s[n]))
        n++;
    return n;
}

static bool has_name(struct str line, const char *name)
{
    size_t n = name_length(line);

    return n == strlen(name) && strncasecmp(line.s, name, n) == 0;
}

enum mail_header_type mail_header_type_of(struct str line)
{
    static const char resent[] = "Resent-";
    size_t skip = str_starts_nocase(line, resent) ? sizeof resent - 1 : 0;
    struct str rest = {line.s + skip, line.n - skip, line.tainted};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (has_name(rest, types[i].name) &&
            !(skip > 0 && (types[i].type == HEADER_RECEIVED || types[i].type == HEADER_REPLY_TO)))
            return types[i].type;
    return HEADER_OTHER;
}

bool mail_header_is(const struct mail_header *header, const char *name)
{
    return has_name(header->text, name);
}

bool mail_header_matches(const struct mail_header *header, struct str name)
{
    if (name.n > 0 && name.s[name.n - 1] == '*')
        return header->text.n >= name.n - 1 && strncasecmp(header->text.s, name.s, name.n - 1) == 0;
    return name.n > 0 && name_length(header->text) == name.n && strncasecmp(header->text.s, name.s, name.n) == 0;
}

struct str mail_header_value(struct arena *arena, const struct mail_header *header)
{
    ptrdiff_t colon = str_find(header->text, ':');

    if (colon < 0)
        return STR("");
    return str_trim(arena, str_sub(arena, header->text, (size_t)colon + 1, header->text.n));
}

static struct mail_header *make(struct mail_message *message, enum mail_header_type type, struct str text)
{
    struct mail_header *header = ARENA_NEW(message->arena, struct mail_header);

    header->type = type;
    header->text = text;
    return header;
}

struct mail_header *mail_header_append(struct mail_message *message, enum mail_header_type type, struct str text)
{
    struct mail_header *header = make(message, type, text);

    if (!message->last_header)
        message->last_header = &message->headers;
    *message->last_header = header;
    message->last_header = &header->next;
    return header;
}

struct mail_header *mail_header_prepend(struct mail_message *message, enum mail_header_type type, struct str text)
{
    struct mail_header *header = make(message, type, text);

    header->next = message->headers;
    message->headers = header;
    if (!header->next)
        message->last_header = &header->next;
    return header;
}

struct mail_header *mail_header_insert(struct mail_message *message, struct mail_header *before,
                                       enum mail_header_type type, struct str text)
{
    struct mail_header *header = make(message, type, text);

    header->next = before->next;
    before->next = header;
    if (!header->next)
        message->last_header = &header->next;
    return header;
}

void mail_headers_append(struct mail_message *message, struct str text)
{
    size_t begin = 0;

    while (begin < text.n) {
        size_t end = begin;

        do {
            const char *lf = memchr(text.s + end, '\n', text.n - end);

            end = lf ? (size_t)(lf - text.s) + 1 : text.n;
        } while (end < text.n && (text.s[end] == ' ' || text.s[end] == '\t'));
        struct str line = str_copy_n(message->arena, text.s + begin, end - begin, text.tainted);

        mail_header_append(message, mail_header_type_of(line), line);
        begin = end;
    }
}

struct mail_header *mail_header_find(const struct mail_message *message, const char *name)
{
    for (struct mail_header *h = message->headers; h; h = h->next)
        if (h->type != HEADER_DELETED && mail_header_is(h, name))
            return h;
    return NULL;
}

struct str mail_headers_text(struct arena *arena, const struct mail_message *message)
{
    struct buffer b = BUFFER_IN(arena);

    for (const struct mail_header *h = message->headers; h; h = h->next)
        if (h->type != HEADER_DELETED)
            buffer_add(&b, h->text);
    return buffer_str(&b);
}
