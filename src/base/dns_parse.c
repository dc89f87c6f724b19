/* Answers of the DNS as typed records: libresolv's parser finds the records in a message and expands the names in
 * them. */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <string.h>

#include "base/dns_private.h"

/* --- The data of a record. Each reader says whether they make sense. */

struct reader {
    struct arena *arena;
    const ns_msg *message;
    const unsigned char *p, *end; /* the record's data, what is left of them */
};

static size_t left(const struct reader *r)
{
    return (size_t)(r->end - r->p);
}

static bool read_name(struct reader *r, struct str *name)
{
    char text[NS_MAXDNAME];
    int n = ns_name_uncompress(ns_msg_base(*r->message), ns_msg_end(*r->message), r->p, text, sizeof text);

    if (n < 0 || (size_t)n > left(r))
        return false;
    r->p += n;
    *name = str_copy_n(r->arena, text, strlen(text), true);
    return true;
}

static bool read_16(struct reader *r, unsigned *value)
{
    if (left(r) < NS_INT16SZ)
        return false;
    *value = ns_get16(r->p);
    r->p += NS_INT16SZ;
    return true;
}

static bool read_32(struct reader *r, uint32_t *value)
{
    if (left(r) < NS_INT32SZ)
        return false;
    *value = (uint32_t)ns_get32(r->p);
    r->p += NS_INT32SZ;
    return true;
}

static bool read_8(struct reader *r, unsigned *value)
{
    if (left(r) < 1)
        return false;
    *value = *r->p++;
    return true;
}

static bool read_address(struct reader *r, unsigned octets, struct ip *ip)
{
    if (left(r) != octets)
        return false;
    *ip = (struct ip){.bits = octets * 8};
    memcpy(ip->octets, r->p, octets);
    return true;
}

/* RFC 1035 section 3.3.14: strings, each behind its length. */
static bool read_strings(struct reader *r, struct dns_record *record)
{
    size_t count = 0;
    const unsigned char *p;

    for (p = r->p; p < r->end; p += 1 + *p)
        count++;
    if (p != r->end)
        return false;
    record->strings = ARENA_ARRAY(r->arena, struct str, count);
    for (p = r->p; p < r->end; p += 1 + *p)
        record->strings[record->string_count++] = str_copy_n(r->arena, (const char *)p + 1, *p, true);
    return true;
}

static bool read_soa(struct reader *r, struct dns_record *record)
{
    return read_name(r, &record->target) && read_name(r, &record->mailbox) && read_32(r, &record->serial) &&
           read_32(r, &record->refresh) && read_32(r, &record->retry) && read_32(r, &record->expire) &&
           read_32(r, &record->minimum);
}

static bool read_tlsa(struct reader *r, struct dns_record *record)
{
    if (!read_8(r, &record->usage) || !read_8(r, &record->selector) || !read_8(r, &record->matching_type))
        return false;
    record->certificate_data = str_copy_n(r->arena, (const char *)r->p, left(r), true);
    return true;
}

static bool read_data(struct reader *r, struct dns_record *record)
{
    switch (record->type) {
    case DNS_A:
        return read_address(r, NS_INADDRSZ, &record->ip);
    case DNS_AAAA:
        return read_address(r, NS_IN6ADDRSZ, &record->ip);
    case DNS_MX:
        return read_16(r, &record->preference) && read_name(r, &record->target);
    case DNS_SRV:
        return read_16(r, &record->preference) && read_16(r, &record->weight) && read_16(r, &record->port) &&
               read_name(r, &record->target);
    case DNS_CNAME:
    case DNS_NS:
    case DNS_PTR:
        return read_name(r, &record->target);
    case DNS_TXT:
    case DNS_SPF:
        return read_strings(r, record);
    case DNS_SOA:
        return read_soa(r, record);
    case DNS_TLSA:
        return read_tlsa(r, record);
    }
    return true; /* of some other type: its octets are all that is known */
}

/* --- The message */

static bool read_record(struct arena *arena, ns_msg *message, ns_sect section, int i,
                        struct dns_record *record)
{
    ns_rr rr;

    if (ns_parserr(message, section, i, &rr) < 0)
        return false;
    const char *name = ns_rr_name(rr);
    if (strcmp(name, ".") == 0)
        name = "";
    *record = (struct dns_record){
        .name = str_copy_n(arena, name, strlen(name), true),
        .type = (enum dns_type)ns_rr_type(rr),
        .section = section == ns_s_an ? DNS_ANSWER : section == ns_s_ns ? DNS_AUTHORITY : DNS_ADDITIONAL,
        .ttl = ns_rr_ttl(rr) > INT32_MAX ? 0 : ns_rr_ttl(rr), /* RFC 2181 section 8 */
    };
    struct reader reader = {arena, message, ns_rr_rdata(rr), ns_rr_rdata(rr) + ns_rr_rdlen(rr)};
    return ns_rr_class(rr) != ns_c_in || read_data(&reader, record);
}

static bool read_records(struct arena *arena, ns_msg *message, struct dns_answer *answer)
{
    static const ns_sect sections[] = {ns_s_an, ns_s_ns, ns_s_ar};
    size_t room = 0;

    for (size_t s = 0; s < sizeof sections / sizeof *sections; s++)
        room += ns_msg_count(*message, sections[s]);
    answer->records = ARENA_ARRAY(arena, struct dns_record, room);
    for (size_t s = 0; s < sizeof sections / sizeof *sections; s++)
        for (int i = 0; i < ns_msg_count(*message, sections[s]); i++)
            if (!read_record(arena, message, sections[s], i, &answer->records[answer->count++]))
                return false;
    return true;
}

/* How long the answer holds: what there is, as long as its shortest-lived record; what there is not, as the SOA
 * record in the authority section says (RFC 2308 section 5). */
static uint32_t time_to_live(const struct dns_answer *answer)
{
    uint32_t ttl = UINT32_MAX;

    for (size_t i = 0; i < answer->count; i++) {
        const struct dns_record *r = &answer->records[i];
        bool negative = r->section == DNS_AUTHORITY && r->type == DNS_SOA;

        if (answer->status == DNS_FOUND ? r->section != DNS_ANSWER : !negative)
            continue;
        uint32_t own = negative && r->minimum < r->ttl ? r->minimum : r->ttl;
        if (own < ttl)
            ttl = own;
    }
    return ttl == UINT32_MAX ? 0 : ttl;
}

static enum dns_status fail(struct dns_answer *answer, const char *why)
{
    answer->why = str_of(why);
    answer->records = NULL;
    answer->count = 0;
    return answer->status = DNS_FAIL;
}

static enum dns_status status_of(int rcode, bool answers)
{
    switch (rcode) {
    case ns_r_noerror:
        return answers ? DNS_FOUND : DNS_NO_DATA;
    case ns_r_nxdomain:
        return DNS_NO_MATCH;
    case ns_r_servfail:
        return DNS_AGAIN;
    default:
        return DNS_FAIL;
    }
}

enum dns_status dns_parse(struct arena *arena, const unsigned char *message, size_t n,
                          struct dns_answer *answer)
{
    ns_msg parsed;
    ns_rr question;

    *answer = (struct dns_answer){.name = STR(""), .canonical = STR_NULL, .why = STR_NULL};
    if (n > DNS_MESSAGE_MAX || ns_initparse(message, (int)n, &parsed) < 0)
        return fail(answer, "malformed message");
    if (ns_msg_count(parsed, ns_s_qd) > 0 && ns_parserr(&parsed, ns_s_qd, 0, &question) == 0)
        answer->name = str_copy_n(arena, ns_rr_name(question), strlen(ns_rr_name(question)), true);
    if (!read_records(arena, &parsed, answer))
        return fail(answer, "malformed record");
    answer->authenticated = ns_msg_getflag(parsed, ns_f_ad);
    answer->authoritative = ns_msg_getflag(parsed, ns_f_aa);
    answer->status = status_of(ns_msg_getflag(parsed, ns_f_rcode), ns_msg_count(parsed, ns_s_an) > 0);
    answer->ttl = time_to_live(answer);
    if (answer->status == DNS_AGAIN)
        answer->why = STR("the server failed");
    else if (answer->status == DNS_FAIL)
        answer->why = STR("the server refuses to answer");
    return answer->status;
}

const struct dns_record *dns_next_in(const struct dns_answer *answer, enum dns_section section,
                                     enum dns_type type, const struct dns_record *after)
{
    size_t i = after ? (size_t)(after - answer->records) + 1 : 0;

    for (; i < answer->count; i++)
        if (answer->records[i].section == section && answer->records[i].type == type)
            return &answer->records[i];
    return NULL;
}

const struct dns_record *dns_next(const struct dns_answer *answer, enum dns_type type,
                                  const struct dns_record *after)
{
    return dns_next_in(answer, DNS_ANSWER, type, after);
}
