/* Message headers in expansions: $h_name:, $bh_name:, $lh_name:, $rh_name: (manual, 11.5). */
#include "expand/headers.h"

#include <string.h>

#include "base/ascii.h"
#include "expand/encoded_words.h"

/* What headers of one name become together stays below this (manual, 11.5). */
enum { HEADERS_LIMIT = 64 * 1024 };

size_t header_prefix(const char *p, const char *end, enum header_kind *kind)
{
    static const struct {
        const char *text;
        enum header_kind kind;
    } prefixes[] = {
        {"h_", HEADER_DECODED},     {"header_", HEADER_DECODED}, {"bh_", HEADER_BASIC},
        {"bheader_", HEADER_BASIC}, {"lh_", HEADER_LIST},        {"lheader_", HEADER_LIST},
        {"rh_", HEADER_RAW},        {"rheader_", HEADER_RAW},
    };
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        size_t n = strlen(prefixes[i].text);
        if ((size_t)(end - p) >= n && memcmp(p, prefixes[i].text, n) == 0) {
            *kind = prefixes[i].kind;
            return n;
        }
    }
    return 0;
}

/* --- Finding */

/* One header: its contents with the inner newlines and the last one. */
struct header {
    struct str contents;
    size_t next; /* where the header behind it begins */
};

/* The length of the header at `at`, up to the newline that no white space follows. */
static size_t header_length(struct str headers, size_t at)
{
    size_t i = at;
    for (;;) {
        const char *newline = memchr(headers.s + i, '\n', headers.n - i);
        if (newline == NULL)
            return headers.n - at;
        i = (size_t)(newline - headers.s) + 1;
        if (i >= headers.n || (headers.s[i] != ' ' && headers.s[i] != '\t'))
            return i - at;
    }
}

/* The next header of that name from `at` on. */
static bool next_header(struct str headers, size_t at, struct str name, struct header *header)
{
    while (at < headers.n) {
        size_t length = header_length(headers, at);
        const char *line = headers.s + at;
        const char *colon = memchr(line, ':', length);
        size_t n = colon == NULL ? 0 : (size_t)(colon - line);
        while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'))
            n--;
        at += length;
        if (colon != NULL && str_eq_nocase((struct str){line, n, false}, name)) {
            size_t from = (size_t)(colon - line) + 1;
            header->contents = (struct str){line + from, length - from, headers.tainted};
            header->next = at;
            return true;
        }
    }
    return false;
}

static struct str scope_headers(const struct scope *scope)
{
    return scope->message == NULL ? STR_NULL : scope->message->headers;
}

bool header_exists(const struct scope *scope, struct str name)
{
    struct header header;
    return next_header(scope_headers(scope), 0, name, &header);
}

struct str header_first(struct evaluation *ev, struct str name)
{
    struct header header;
    if (!next_header(scope_headers(ev->scope), 0, name, &header))
        return STR("");
    return str_trim(ev->arena, header.contents);
}

/* --- Joining */

static bool holds_addresses(struct str name)
{
    static const char *const names[] = {"from", "to", "cc", "bcc", "reply-to", "sender"};
    if (str_starts_nocase(name, "resent-"))
        name = (struct str){name.s + 7, name.n - 7, false};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (str_is_nocase(name, names[i]))
            return true;
    }
    return false;
}

/* Adds one header to a list of them, with colons doubled. */
static void add_list_element(struct buffer *out, struct str contents, bool first)
{
    if (contents.n > 0 && contents.s[contents.n - 1] == '\n')
        contents.n--;
    if (!first)
        buffer_add_char(out, ':');
    for (size_t i = 0; i < contents.n; i++) {
        if (contents.s[i] == ':')
            buffer_add_char(out, ':');
        buffer_add_char(out, contents.s[i]);
    }
    out->tainted |= contents.tainted;
}

static void add_trimmed(struct buffer *out, struct arena *arena, struct str contents, const char *joint)
{
    struct str text = str_trim(arena, contents);
    if (text.n == 0)
        return;
    if (out->n > 0)
        buffer_add_cstr(out, joint);
    buffer_add(out, text);
}

static void join_headers(struct evaluation *ev, enum header_kind kind, struct str name, struct buffer *out)
{
    struct str headers = scope_headers(ev->scope);
    const char *joint = holds_addresses(name) ? ",\n" : "\n";
    struct header header = {STR_NULL, 0};
    for (bool first = true; out->n < HEADERS_LIMIT && next_header(headers, header.next, name, &header);
         first = false) {
        if (kind == HEADER_RAW)
            buffer_add(out, header.contents);
        else if (kind == HEADER_LIST)
            add_list_element(out, header.contents, first);
        else
            add_trimmed(out, ev->arena, header.contents, joint);
    }
    if (out->n > HEADERS_LIMIT)
        buffer_cut(out, HEADERS_LIMIT);
}

struct encoded_words_style header_words_style(const struct scope *scope)
{
    const struct scope_process *process = scope->process;

    return (struct encoded_words_style){.charset = scope_headers_charset(process),
                                        .any_length = process != NULL && process->long_encoded_words};
}

enum expand_status header_decode(struct evaluation *ev, struct str text, enum header_kind kind,
                                 struct str *value)
{
    *value = text;
    if (kind != HEADER_DECODED && kind != HEADER_BASIC)
        return EXPAND_OK;
    struct encoded_words_style style = header_words_style(ev->scope);
    if (kind == HEADER_DECODED && encoded_words_decode(ev->arena, text, &style, value, NULL))
        return EXPAND_OK;
    /* What cannot be translated stays as `b` would have it. */
    style.charset = STR_NULL;
    encoded_words_decode(ev->arena, text, &style, value, NULL);
    return EXPAND_OK;
}

enum expand_status header_value(struct evaluation *ev, enum header_kind kind, struct str name,
                                struct str *value)
{
    struct buffer out = BUFFER_IN(ev->arena);
    join_headers(ev, kind, name, &out);
    return header_decode(ev, buffer_str(&out), kind, value);
}
