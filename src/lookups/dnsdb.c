/* dnsdb (manual, 9.10 to 9.13): records of the DNS. A query is
 *
 *     [>c[,f|;]] [modifier,]... [type=]domain[:domain]...
 *
 * with c between records, f between the fields of one. */
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/clock.h"
#include "base/dns.h"
#include "base/dns_csa.h"
#include "base/strlist.h"
#include "lookups/types.h"

/* --- Writing records */

struct separators {
    char record;
    bool fields_given; /* else each type has its own way */
    struct str fields; /* between the fields of a record; empty for `;` */
};

/* Writes what is wanted of a record. of_parent: CSA records of a parent domain. */
typedef void writer(struct buffer *out, const struct dns_record *r, const struct separators *by, bool of_parent);

static void add_separator(struct buffer *out, const struct separators *by)
{
    buffer_add(out, by->fields_given ? by->fields : STR(" "));
}

static void add_number(struct buffer *out, unsigned number, const struct separators *by)
{
    buffer_printf(out, "%u", number);
    add_separator(out, by);
}

/* The root is written as nothing. */
static void add_name(struct buffer *out, struct str name)
{
    if (!str_is(name, "."))
        buffer_add(out, name);
}

static void write_address(struct buffer *out, const struct dns_record *r, const struct separators *by,
                          bool of_parent)
{
    (void)by, (void)of_parent;
    buffer_add(out, ip_format(out->arena, &r->ip));
}

static void write_target(struct buffer *out, const struct dns_record *r, const struct separators *by,
                         bool of_parent)
{
    (void)by, (void)of_parent;
    add_name(out, r->target);
}

static void write_mx(struct buffer *out, const struct dns_record *r, const struct separators *by, bool of_parent)
{
    (void)of_parent;
    add_number(out, r->preference, by);
    add_name(out, r->target);
}

static void write_srv(struct buffer *out, const struct dns_record *r, const struct separators *by, bool of_parent)
{
    (void)of_parent;
    add_number(out, r->preference, by);
    add_number(out, r->weight, by);
    add_number(out, r->port, by);
    add_name(out, r->target);
}

static void write_soa(struct buffer *out, const struct dns_record *r, const struct separators *by, bool of_parent)
{
    const uint32_t numbers[] = {r->serial, r->refresh, r->retry, r->expire, r->minimum};

    (void)of_parent;
    add_name(out, r->target);
    if (!by->fields_given || by->fields.n == 0)
        return;
    buffer_add(out, by->fields);
    add_name(out, r->mailbox);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        buffer_add(out, by->fields);
        buffer_printf(out, "%u", numbers[i]);
    }
}

static void write_tlsa(struct buffer *out, const struct dns_record *r, const struct separators *by,
                       bool of_parent)
{
    (void)of_parent;
    add_number(out, r->usage, by);
    add_number(out, r->selector, by);
    add_number(out, r->matching_type, by);
    for (size_t i = 0; i < r->certificate_data.n; i++)
        buffer_printf(out, "%02x", (unsigned char)r->certificate_data.s[i]);
}

/* The first string; all of them, when it is said what stands between them. */
static void write_txt(struct buffer *out, const struct dns_record *r, const struct separators *by, bool of_parent)
{
    (void)of_parent;
    for (size_t i = 0; i < r->string_count && (i == 0 || by->fields_given); i++) {
        if (i > 0)
            buffer_add(out, by->fields);
        buffer_add(out, r->strings[i]);
    }
}

static void write_spf(struct buffer *out, const struct dns_record *r, const struct separators *by, bool of_parent)
{
    const struct separators joined = {.fields_given = true, .fields = by->fields_given ? by->fields : STR("")};

    write_txt(out, r, &joined, of_parent);
}

static void write_csa(struct buffer *out, const struct dns_record *r, const struct separators *by, bool of_parent)
{
    static const char letters[] = {[CSA_NO] = 'N', [CSA_YES] = 'Y', [CSA_UNKNOWN] = '?', [CSA_EXPLICIT] = 'X'};
    enum csa_authorization authorization = csa_authorization(r, of_parent);

    (void)by;
    if (authorization == CSA_NONE)
        return;
    buffer_add_char(out, letters[authorization]);
    buffer_add_char(out, ' ');
    add_name(out, r->target);
}

/* --- Types */

/* How a name is looked for. */
enum method {
    PLAIN,
    PARENTS,       /* with components taken off its front until something is found (SOA, ZNS) */
    ADDRESSES,     /* AAAA, then A */
    AUTHORIZATION, /* CSA */
};

struct type {
    const char *name;
    enum dns_type type;
    enum method method;
    writer *write;
};

static const struct type types[] = {
    {"a", DNS_A, PLAIN, write_address},
    {"a+", DNS_A, ADDRESSES, write_address},
    {"aaaa", DNS_AAAA, PLAIN, write_address},
    {"cname", DNS_CNAME, PLAIN, write_target},
    {"csa", DNS_SRV, AUTHORIZATION, write_csa},
    {"mx", DNS_MX, PLAIN, write_mx},
    {"mxh", DNS_MX, PLAIN, write_target},
    {"ns", DNS_NS, PLAIN, write_target},
    {"ptr", DNS_PTR, PLAIN, write_target},
    {"soa", DNS_SOA, PARENTS, write_soa},
    {"spf", DNS_SPF, PLAIN, write_spf},
    {"srv", DNS_SRV, PLAIN, write_srv},
    {"tlsa", DNS_TLSA, PLAIN, write_tlsa},
    {"txt", DNS_TXT, PLAIN, write_txt},
    {"zns", DNS_NS, PARENTS, write_target},
};

static const struct type *find_type(struct str name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_is_nocase(name, types[i].name))
            return &types[i];
    return NULL;
}

/* --- The query */

enum defer { DEFER_LAX, DEFER_STRICT, DEFER_NEVER };

struct query {
    struct arena *arena;
    struct str rest; /* what is still to be read; in the end the domains */
    const struct type *type;
    struct separators by;
    enum defer defer;
    bool dnssec_strict;
    struct dns_question how; /* security and time-outs */
};

static struct str drop(struct str v, size_t n)
{
    return (struct str){v.s + n, v.n - n, v.tainted};
}

static void skip_space(struct query *q)
{
    while (q->rest.n > 0 && ascii_is_space(q->rest.s[0]))
        q->rest = drop(q->rest, 1);
}

/* The next octet, NUL at the end. */
static char next_octet(struct query *q)
{
    char c = q->rest.n > 0 ? q->rest.s[0] : '\0';

    if (q->rest.n > 0)
        q->rest = drop(q->rest, 1);
    return c;
}

static void read_separators(struct query *q)
{
    q->by = (struct separators){.record = '\n'};
    skip_space(q);
    if (q->rest.n == 0 || q->rest.s[0] != '>')
        return;
    next_octet(q);
    q->by.record = next_octet(q);
    char kind = q->rest.n > 0 ? q->rest.s[0] : '\0';
    if (kind == ',' || kind == ';') {
        next_octet(q);
        char c = kind == ',' ? next_octet(q) : '\0';
        q->by.fields_given = true;
        q->by.fields = c != '\0' ? str_copy_n(q->arena, &c, 1, false) : STR("");
    }
    skip_space(q);
}

/* What a modifier's value means; false: nothing. */
static bool set_defer(struct query *q, struct str value)
{
    static const char *const names[] = {[DEFER_LAX] = "lax", [DEFER_STRICT] = "strict", [DEFER_NEVER] = "never"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_is_nocase(value, names[i])) {
            q->defer = (enum defer)i;
            return true;
        }
    return false;
}

static bool set_dnssec(struct query *q, struct str value)
{
    q->dnssec_strict = str_is_nocase(value, "strict");
    q->how.dnssec = str_is_nocase(value, "never") ? DNSSEC_AVOID : DNSSEC_ASK;
    return q->dnssec_strict || q->how.dnssec == DNSSEC_AVOID || str_is_nocase(value, "lax");
}

static bool set_retrans(struct query *q, struct str value)
{
    return interval_parse(value, &q->how.retrans) && q->how.retrans > 0;
}

static bool set_retry(struct query *q, struct str value)
{
    int n = 0;

    for (size_t i = 0; i < value.n; i++) {
        if (!ascii_is_digit(value.s[i]) || n > 1000)
            return false;
        n = n * 10 + (value.s[i] - '0');
    }
    q->how.retry = n;
    return value.n > 0;
}

static const struct modifier {
    const char *name;
    bool (*set)(struct query *q, struct str value);
    const char *wrong;
} modifiers[] = {
    {"defer_", set_defer, "unsupported dnsdb defer behaviour"},
    {"dnssec_", set_dnssec, "unsupported dnsdb dnssec behaviour"},
    {"retrans_", set_retrans, "unsupported dnsdb timeout value"},
    {"retry_", set_retry, "dnsdb modifier syntax error"},
};

static const struct modifier *find_modifier(struct str text)
{
    for (size_t i = 0; i < sizeof modifiers / sizeof *modifiers; i++)
        if (str_starts_nocase(text, modifiers[i].name))
            return &modifiers[i];
    return NULL;
}

static bool read_modifiers(struct query *q, struct error *err)
{
    const struct modifier *modifier;

    while ((modifier = find_modifier(q->rest))) {
        struct str value = drop(q->rest, strlen(modifier->name));
        ptrdiff_t comma = str_find(value, ',');
        size_t n = comma < 0 ? value.n : (size_t)comma;

        struct str trimmed = str_trim(q->arena, (struct str){value.s, n, value.tainted});
        if (!modifier->set(q, trimmed))
            return error_set(err, "%s", modifier->wrong);
        if (comma < 0)
            return error_set(err, "dnsdb modifier syntax error");
        q->rest = drop(value, n + 1);
        skip_space(q);
    }
    return true;
}

static bool read_type(struct query *q, struct error *err)
{
    ptrdiff_t equals = str_find(q->rest, '=');
    struct str name = STR("txt");

    if (equals >= 0) {
        name = str_trim(q->arena, (struct str){q->rest.s, (size_t)equals, q->rest.tainted});
        q->rest = drop(q->rest, (size_t)equals + 1);
    }
    skip_space(q);
    q->type = find_type(name);
    return q->type || error_set(err, "unsupported DNS record type");
}

static bool read_query(struct query *q, struct error *err)
{
    q->how.dnssec = DNSSEC_ASK; /* dnssec_lax */
    read_separators(q);
    return read_modifiers(q, err) && read_type(q, err);
}

/* --- Looking up */

/* What the names of a query have given so far. */
struct finding {
    const struct query *query;
    const struct lookup_services *services;
    struct buffer out;
    uint32_t ttl;
    bool failed; /* a name could not be looked up now */
};

static void report_security(const struct finding *f, const struct dns_answer *answer)
{
    const struct lookup_services *services = f->services;

    if (services && services->validated)
        services->validated(services->ctx, f->query->how.dnssec == DNSSEC_AVOID ? STR("")
                                           : answer->authenticated              ? STR("yes")
                                                                                : STR("no"));
}

/* Adds the records of an answer. False: the lookup is over, for a temporary failure. */
static bool take(struct finding *f, enum dns_type type, const struct dns_answer *answer, bool of_parent)
{
    const struct query *q = f->query;
    const struct dns_record *r = NULL;

    report_security(f, answer);
    if (answer->status == DNS_AGAIN || answer->status == DNS_FAIL ||
        (answer->status == DNS_FOUND && q->dnssec_strict && !answer->authenticated)) {
        f->failed = f->failed || q->defer != DEFER_NEVER;
        return q->defer != DEFER_STRICT;
    }
    if (answer->ttl < f->ttl)
        f->ttl = answer->ttl;
    while ((r = dns_next(answer, type, r))) {
        struct buffer one = BUFFER_IN(q->arena);
        q->type->write(&one, r, &q->by, of_parent);
        if (f->out.n > 0 && one.n > 0)
            buffer_add_char(&f->out, q->by.record);
        buffer_add(&f->out, buffer_str(&one));
    }
    return true;
}

static void ask(const struct query *q, enum dns_type type, struct str name, struct dns_answer *answer)
{
    struct dns_question question = q->how;

    question.name = name;
    question.type = type;
    dns_lookup(q->arena, &question, answer);
}

/* Asks for the name, or for what is behind its first dot, and so on. */
static void ask_parents(const struct query *q, struct str name, struct dns_answer *answer)
{
    for (;;) {
        ask(q, q->type->type, name, answer);
        ptrdiff_t dot = str_find(name, '.');
        if ((answer->status != DNS_NO_DATA && answer->status != DNS_NO_MATCH) || dot < 0)
            return;
        name = str_copy(q->arena, drop(name, (size_t)dot + 1));
    }
}

/* One name of the query. False: the lookup is over. */
static bool find_name(struct finding *f, struct str name)
{
    const struct query *q = f->query;
    struct dns_answer answer;
    bool of_parent = false;
    struct ip ip;

    if ((q->type->type == DNS_PTR || q->type->method == AUTHORIZATION) && ip_parse(name, &ip))
        name = dns_reverse_name(q->arena, &ip);
    switch (q->type->method) {
    case PLAIN:
        ask(q, q->type->type, name, &answer);
        break;
    case PARENTS:
        ask_parents(q, name, &answer);
        break;
    case ADDRESSES:
        ask(q, DNS_AAAA, name, &answer);
        if (!take(f, DNS_AAAA, &answer, false))
            return false;
        ask(q, DNS_A, name, &answer);
        break;
    case AUTHORIZATION:
        csa_lookup(q->arena, name, &q->how, &answer, &of_parent);
        break;
    }
    return take(f, q->type->type, &answer, of_parent);
}

/* All names. One IPv6 address for PTR is no list. */
static bool find_names(struct finding *f)
{
    const struct query *q = f->query;
    struct strlist it;
    struct str name;
    struct ip ip;

    if (q->type->type == DNS_PTR && ip_parse(q->rest, &ip))
        return find_name(f, q->rest);
    strlist_begin(&it, q->rest, ':');
    while (strlist_next(&it, q->arena, &name))
        if (!find_name(f, name))
            return false;
    return true;
}

static enum lookup_status dnsdb_find(void *handle, const struct lookup_request *request, struct str *result,
                                     struct error *err)
{
    struct query query = {.arena = request->arena, .rest = str_trim(request->arena, request->key)};
    struct finding finding = {.query = &query,
                              .services = request->services,
                              .out = BUFFER_IN(request->arena),
                              .ttl = UINT32_MAX};

    (void)handle;
    if (!read_query(&query, err))
        return LOOKUP_DEFER;
    bool whole = find_names(&finding);
    if (request->lifetime)
        *request->lifetime = finding.ttl;
    if (!whole || (finding.out.n == 0 && finding.failed)) {
        error_set(err, "%s", "");
        return LOOKUP_DEFER;
    }
    struct str out = buffer_str(&finding.out);
    *result = str_copy_n(request->arena, out.s, out.n, false);
    return out.n > 0 ? LOOKUP_FOUND : LOOKUP_NOT_FOUND;
}

const struct lookup_type lookup_dnsdb = {
    .name = "dnsdb",
    .keep_results = true,
    .find = dnsdb_find,
};
LOOKUP_EXPORT(&lookup_dnsdb)
