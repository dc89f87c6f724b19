/* Reading -H files: see envelope.h. The file was written here, or by an Exim before; but what is wrong with it
 * is an error, never a crash. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "mail/header.h"
#include "mail/recipient.h"
#include "queue/envelope.h"

/* The file, and how far it was read. */
struct reading {
    struct mail_message *m;
    const char *p, *end;
    struct error *err;
};

/* The next line without its LF, in place. False: there is none. */
static bool next_line(struct reading *r, struct str *line)
{
    const char *lf = memchr(r->p, '\n', (size_t)(r->end - r->p));

    if (!lf)
        return false;
    *line = (struct str){r->p, (size_t)(lf - r->p), true};
    r->p = lf + 1;
    return true;
}

static bool bad(struct reading *r, const char *what)
{
    return error_set(r->err, "Format error in spool file %.*s-H: %s", STR_ARG(r->m->id), what);
}

/* A decimal number at *p, which moves behind it. False: there is none, or it is too large. */
static bool read_number(const char **p, const char *end, int64_t *n)
{
    const char *begin = *p;

    *n = 0;
    for (; *p < end && ascii_is_digit(**p); (*p)++) {
        if (*n > (INT64_MAX - 9) / 10)
            return false;
        *n = *n * 10 + (**p - '0');
    }
    return *p > begin;
}

static int64_t number_of(struct str text)
{
    const char *p = text.s;
    int64_t n;

    return read_number(&p, text.s + text.n, &n) ? n : 0;
}

static int int_of(struct str text)
{
    int64_t n = number_of(text);

    return n > INT32_MAX ? INT32_MAX : (int)n;
}

/* What stands in front of the first space; rest is what stands behind it. */
static struct str first_word(struct str text, struct str *rest)
{
    const char *space = text.n > 0 ? memchr(text.s, ' ', text.n) : NULL;
    size_t n = space ? (size_t)(space - text.s) : text.n;

    *rest = space ? (struct str){space + 1, text.n - n - 1, text.tainted} : (struct str){text.s + n, 0, text.tainted};
    return (struct str){text.s, n, text.tainted};
}

/* --- The first lines */

static bool read_first_lines(struct reading *r)
{
    struct str line, rest, ids;
    struct mail_message *m = r->m;
    const char *p;
    int64_t n;

    if (!next_line(r, &line) || line.n != m->id.n + 2 || memcmp(line.s, m->id.s, m->id.n) != 0 ||
        memcmp(line.s + m->id.n, "-H", 2) != 0)
        return bad(r, "it does not begin with its name");
    if (!next_line(r, &line))
        return bad(r, "the login is missing");
    m->login = str_copy(m->arena, first_word(line, &rest));
    m->uid = (uid_t)number_of(first_word(rest, &ids));
    m->gid = (gid_t)number_of(ids);
    if (!next_line(r, &line) || line.n < 2 || line.s[0] != '<' || line.s[line.n - 1] != '>')
        return bad(r, "the sender is missing");
    m->sender = str_copy_n(m->arena, line.s + 1, line.n - 2, true);
    if (!next_line(r, &line))
        return bad(r, "the time is missing");
    p = line.s;
    if (!read_number(&p, line.s + line.n, &n))
        return bad(r, "the time is missing");
    m->received = m->received_complete = (struct timeval){.tv_sec = (time_t)n};
    m->warning_count = p < line.s + line.n ? int_of((struct str){p + 1, (size_t)(line.s + line.n - p - 1), true}) : 0;
    return true;
}

/* --- The variables */

enum kind { TEXT, FLAG, NUMBER, ENDPOINT };

static const struct variable_row {
    const char *name;
    enum kind kind;
    size_t offset, port; /* into struct mail_message */
} rows[] = {
#define M(field) offsetof(struct mail_message, field)
    {"helo_name", TEXT, M(origin.helo_name), 0},
    {"host_address", ENDPOINT, M(origin.host_address), M(origin.host_port)},
    {"host_name", TEXT, M(origin.host_name), 0},
    {"host_auth", TEXT, M(origin.host_authenticated), 0},
    {"interface_address", ENDPOINT, M(origin.interface_address), M(origin.interface_port)},
    {"active_hostname", TEXT, M(origin.active_hostname), 0},
    {"ident", TEXT, M(origin.ident), 0},
    {"received_protocol", TEXT, M(origin.received_protocol), 0},
    {"body_linecount", NUMBER, M(body_linecount), 0},
    {"max_received_linelength", NUMBER, M(max_received_linelength), 0},
    {"body_zerocount", NUMBER, M(body_zerocount), 0},
    {"auth_id", TEXT, M(origin.authenticated_id), 0},
    {"auth_sender", TEXT, M(authenticated_sender), 0},
    {"allow_unqualified_recipient", FLAG, M(allow_unqualified_recipient), 0},
    {"allow_unqualified_sender", FLAG, M(allow_unqualified_sender), 0},
    {"deliver_firsttime", FLAG, M(first_delivery), 0},
    {"N", FLAG, M(dont_deliver), 0},
    {"host_lookup_deferred", FLAG, M(origin.host_lookup_deferred), 0},
    {"host_lookup_failed", FLAG, M(origin.host_lookup_failed), 0},
    {"local", FLAG, M(sender_local), 0},
    {"localerror", FLAG, M(local_error), 0},
    {"manual_thaw", FLAG, M(manual_thaw), 0},
    {"sender_set_untrusted", FLAG, M(sender_set_untrusted), 0},
    {"smtputf8", FLAG, M(smtputf8), 0},
    {"utf8_downcvt", FLAG, M(handling.utf8_downconvert), 0},
    {"utf8_optdowncvt", FLAG, M(handling.utf8_downconvert_maybe), 0},
    {"spool_file_wireformat", FLAG, M(spool_wireformat), 0},
    {"tls_certificate_verified", FLAG, M(origin.tls_in.certificate_verified), 0},
    {"tls_cipher", TEXT, M(origin.tls_in.cipher), 0},
    {"tls_peerdn", TEXT, M(origin.tls_in.peerdn), 0},
    {"tls_sni", TEXT, M(origin.tls_in.sni), 0},
    {"tls_ocsp", TEXT, M(origin.tls_in.ocsp), 0},
    {"tls_ver", TEXT, M(origin.tls_in.ver), 0},
    {"tls_resumption", TEXT, M(origin.tls_in.resumption), 0},
    {"dsn_envid", TEXT, M(dsn_envid), 0},
#undef M
};

/* "[address]:port", or "address.port" as older Exims wrote it. */
static void read_endpoint(struct mail_message *m, const struct variable_row *row, struct str value)
{
    struct str *address = (struct str *)((char *)m + row->offset);
    int *port = (int *)((char *)m + row->port);
    ptrdiff_t close = str_find(value, ']');
    ptrdiff_t dot = str_rfind(value, '.');

    if (value.n > 0 && value.s[0] == '[' && close > 0) {
        *address = str_copy_n(m->arena, value.s + 1, (size_t)close - 1, true);
        if ((size_t)close + 2 <= value.n)
            *port = int_of((struct str){value.s + close + 2, value.n - (size_t)close - 2, true});
    } else if (dot > 0) {
        *address = str_copy_n(m->arena, value.s, (size_t)dot, true);
        *port = int_of((struct str){value.s + dot + 1, value.n - (size_t)dot - 1, true});
    }
}

static void set_value(struct mail_message *m, const struct variable_row *row, struct str value, bool tainted)
{
    char *field = (char *)m + row->offset;

    switch (row->kind) {
    case TEXT:
        *(struct str *)field = str_copy_n(m->arena, value.s, value.n, tainted);
        break;
    case FLAG:
        *(bool *)field = true;
        break;
    case NUMBER:
        *(int *)field = int_of(value);
        break;
    case ENDPOINT:
        read_endpoint(m, row, value);
        break;
    }
}

/* "-aclm _foo 3": the value is the octets that follow, and a newline. */
static bool read_acl_variable(struct reading *r, char kind, struct str rest, bool tainted)
{
    struct mail_message *m = r->m;
    struct str length, name = first_word(rest, &length);
    int64_t n = number_of(length);
    struct varset *set = kind == 'c' ? &m->origin.acl_c : &m->acl_m;

    if (n < 0 || n >= r->end - r->p || r->p[n] != '\n')
        return bad(r, "the value of an ACL variable is not complete");
    set->arena = m->arena;
    varset_set(set, str_join(m->arena, str_printf(m->arena, "acl_%c", kind), name),
               (struct str){r->p, (size_t)n, tainted});
    r->p += n + 1;
    return true;
}

/* Seconds and microseconds: "123.000456". */
static struct timeval time_of(struct str text)
{
    ptrdiff_t dot = str_find(text, '.');

    if (dot < 0)
        return (struct timeval){.tv_sec = (time_t)number_of(text)};
    return (struct timeval){
        .tv_sec = (time_t)number_of((struct str){text.s, (size_t)dot, true}),
        .tv_usec = int_of((struct str){text.s + dot + 1, text.n - (size_t)dot - 1, true}) % 1000000,
    };
}

/* One line "-name value"; names that are not known are of no use here. */
static bool read_variable(struct reading *r, struct str line)
{
    struct mail_message *m = r->m;
    bool tainted = line.n > 1 && line.s[1] == '-';
    size_t skip = 1 + tainted;
    struct str value, name;

    line = (struct str){line.s + skip, line.n - skip, true};
    if (line.n > 0 && line.s[0] == '(') { /* quoted for a lookup */
        ptrdiff_t close = str_find(line, ')');

        if (close >= 0)
            line = (struct str){line.s + close + 1, line.n - (size_t)close - 1, true};
    }
    name = first_word(line, &value);
    if (str_is(name, "aclc") || str_is(name, "aclm"))
        return read_acl_variable(r, name.s[3], value, tainted);
    if (str_is(name, "received_time_usec"))
        m->received.tv_usec = time_of(value).tv_usec;
    else if (str_is(name, "received_time_complete"))
        m->received_complete = time_of(value);
    else if (str_is(name, "dsn_ret"))
        m->dsn_ret = int_of(value) == DSN_RET_FULL ? DSN_RET_FULL : DSN_RET_HDRS;
    else if (str_is(name, "frozen")) {
        m->frozen = true;
        m->frozen_at = number_of(value);
    } else {
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            if (str_is(name, rows[i].name))
                set_value(m, &rows[i], value, tainted);
    }
    return true;
}

/* --- Who has it, who is to have it */

/* The tree, from its root; line is the root's. A node's children follow it, so that a count of those that are
 * still to come tells where it ends. */
static bool read_delivered(struct reading *r, struct str line)
{
    size_t awaited = 1;

    if (str_is(line, "XX"))
        return true;
    for (;;) {
        if (line.n < 3 || line.s[2] != ' ' || !strchr("YN", line.s[0]) || !strchr("YN", line.s[1]))
            return bad(r, "the list of those who have the message is malformed");
        address_set_add(&r->m->delivered, (struct str){line.s + 3, line.n - 3, true});
        awaited += (line.s[0] == 'Y') + (line.s[1] == 'Y');
        if (--awaited == 0)
            return true;
        if (!next_line(r, &line))
            return bad(r, "the list of those who have the message is not complete");
    }
}

static unsigned flags_of_notify(int64_t bits)
{
    return (bits & 2 ? DSN_NEVER : 0) | (bits & 4 ? DSN_SUCCESS : 0) | (bits & 8 ? DSN_FAILURE : 0) |
           (bits & 16 ? DSN_DELAY : 0);
}

/* A number behind the last octet c of *text, which is cut off with it; a minus may be in front. False: none. */
static bool cut_number(struct str *text, char c, int64_t *n)
{
    ptrdiff_t at = str_rfind(*text, c);
    const char *p;
    bool negative;

    if (at < 0)
        return false;
    p = text->s + at + 1;
    negative = (size_t)at + 1 < text->n && *p == '-';
    p += negative;
    if (!read_number(&p, text->s + text->n, n) || p != text->s + text->n)
        return false;
    if (negative)
        *n = -*n;
    text->n = (size_t)at;
    return true;
}

/* A string of which the length stands behind it: "value length", cut off with the space in front. */
static bool cut_counted(struct str *text, struct str *value)
{
    int64_t n;

    if (!cut_number(text, ' ', &n) || n < 0 || (uint64_t)n + 1 > text->n)
        return false;
    text->n -= (size_t)n;
    *value = (struct str){text->s + text->n, (size_t)n, true};
    if (text->s[text->n - 1] != ' ')
        return false;
    text->n--;
    return true;
}

/* address [orcpt length,notify] [errors-to length,parent#flags] */
static struct mail_recipient *read_recipient(struct reading *r, struct str line)
{
    struct arena *arena = r->m->arena;
    int64_t bits = 0, parent = -1, notify = 0;
    struct str text = line, errors = STR(""), orcpt = STR("");
    struct mail_recipient *recipient;

    if (!cut_number(&text, '#', &bits) || !cut_number(&text, ',', &parent) || !cut_counted(&text, &errors) ||
        ((bits & 2) && (!cut_number(&text, ',', &notify) || !cut_counted(&text, &orcpt)))) {
        text = line;
        parent = -1;
        notify = 0;
        errors = orcpt = STR("");
    }
    recipient = mail_recipient_new(arena, text);
    recipient->one_time_parent = parent > INT32_MAX ? -1 : (int)parent;
    recipient->dsn_flags = flags_of_notify(notify);
    recipient->dsn_orcpt = orcpt.n > 0 ? str_copy(arena, orcpt) : STR_NULL;
    recipient->properties.errors_address = errors.n > 0 ? str_copy(arena, errors) : STR_NULL;
    return recipient;
}

static bool read_recipients(struct reading *r)
{
    struct mail_recipient **last = &r->m->recipients;
    struct str line;
    int64_t count;

    if (!next_line(r, &line))
        return bad(r, "the recipients are missing");
    count = number_of(line);
    for (int64_t i = 0; i < count; i++) {
        if (!next_line(r, &line) || line.n == 0)
            return bad(r, "the list of recipients is not complete");
        *last = read_recipient(r, line);
        last = &(*last)->next;
    }
    r->m->recipient_count = (size_t)count;
    if (!next_line(r, &line) || line.n != 0)
        return bad(r, "there are more recipients than it says");
    return true;
}

/* --- Header lines: "049P Received: ..." */

static bool read_headers(struct reading *r)
{
    while (r->p < r->end) {
        int64_t n;
        char type;

        if (!read_number(&r->p, r->end, &n) || r->end - r->p < 2 || r->p[1] != ' ')
            return bad(r, "a header line is malformed");
        type = *r->p;
        r->p += 2;
        if (n == 0 || n > r->end - r->p || r->p[n - 1] != '\n' || !strchr(" *BCFIPRST", type))
            return bad(r, "a header line is malformed");
        mail_header_append(r->m, (enum mail_header_type)type, str_copy_n(r->m->arena, r->p, (size_t)n, true));
        r->p += n;
    }
    return true;
}

bool envelope_read(struct mail_message *m, struct str content, bool with_headers, struct error *err)
{
    struct reading r = {.m = m, .p = content.s, .end = content.s + content.n, .err = err};
    struct str line;

    m->delivered.arena = m->origin.acl_c.arena = m->acl_m.arena = m->arena;
    m->dsn_envid = STR_NULL;
    if (!read_first_lines(&r))
        return false;
    for (;;) {
        if (!next_line(&r, &line))
            return bad(&r, "it ends too early");
        if (line.n == 0 || line.s[0] != '-')
            break;
        if (!read_variable(&r, line))
            return false;
    }
    m->origin.is_local = str_is_empty(m->origin.host_address);
    m->origin.host_name_looked_up = !str_is_empty(m->origin.host_name);
    return read_delivered(&r, line) && read_recipients(&r) && (!with_headers || read_headers(&r));
}
