/* Asking the DNS: questions to the system's resolver (libresolv), answers as typed records.
 *
 * The process has one resolver: the state that libresolv reads from /etc/resolv.conf, read again when that
 * file has changed; the settings below; and a cache of negative answers. Not for several threads. */
#ifndef BASE_DNS_H
#define BASE_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ip.h"
#include "base/str.h"

/* Record types, numbered as on the wire (RFC 1035 section 3.2.2 and its successors). */
enum dns_type {
    DNS_A = 1,
    DNS_NS = 2,
    DNS_CNAME = 5,
    DNS_SOA = 6,
    DNS_PTR = 12,
    DNS_MX = 15,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_SRV = 33,
    DNS_TLSA = 52,
    DNS_SPF = 99,
};

/* "A", "MX"...; "TYPE123" is not known here: NULL. */
const char *dns_type_name(enum dns_type type);

/* --- Settings */

/* Lists of domains that change what the resolver does. They are matched above this room. */
enum dns_list {
    DNS_LIST_AGAIN_MEANS_NONEXIST, /* dns_again_means_nonexist */
    DNS_LIST_TRUST_AA,             /* dns_trust_aa */
    DNS_LIST_IPV4_LOOKUP,          /* dns_ipv4_lookup */
    DNS_LISTS
};

struct dns_settings {
    /* Main options (manual, 14). */
    int retrans, retry; /* dns_retrans (seconds), dns_retry; 0: as the system has it */
    int cname_loops;    /* dns_cname_loops: how many CNAMEs of an answer without its target are followed */
    int dnssec_ok;      /* dns_dnssec_ok: never, always; -1: as the system and a question have it */
    int use_edns0;      /* dns_use_edns0: likewise; never means no DNSSEC either */
    int slow_log;       /* slow_lookup_log: looking for hosts is logged when it takes more milliseconds; 0: never */
    bool disable_ipv6;  /* no AAAA records are looked for */
    int csa_search_limit; /* dns_csa_search_limit: parent domains that are looked at (dns_csa.h) */
    bool csa_use_reverse; /* dns_csa_use_reverse */

    /* Whether a name may be asked for (dns_check_names_pattern); one that may not does not exist. NULL: any. */
    bool (*name_allowed)(void *ctx, struct str name);
    /* Whether the domain is in one of the lists. NULL: they are all empty. May itself ask the DNS; such
     * questions see empty lists. */
    bool (*in_list)(void *ctx, enum dns_list list, struct str domain);
    void *ctx;
};

/* Puts the settings in force for the process (copied; ctx must stay). Before the first call: all of it as the
 * system has it, cname_loops 1, any name. Forgets the negative cache. */
void dns_configure(const struct dns_settings *settings);
const struct dns_settings *dns_settings(void);

/* Whether AAAA records of the name are worth asking for (disable_ipv6, dns_ipv4_lookup). */
bool dns_wants_ipv6(struct str name);

/* Whether a temporary failure to find the name counts as its absence (dns_again_means_nonexist); for those who ask
 * the system, not the DNS alone: dns_lookup() sees to it. */
bool dns_again_means_nonexist(struct str name);

/* --- Questions and answers */

enum dns_status {
    DNS_FOUND,
    DNS_NO_DATA,  /* the name exists, but has no records of that type */
    DNS_NO_MATCH, /* the name does not exist, or may not be asked for */
    DNS_AGAIN,    /* time-out, SERVFAIL: it could not be found out now */
    DNS_FAIL,     /* the server refuses, or what came is no answer */
};

/* "nodata", "nomatch", "again", ...: for debugging and messages. */
const char *dns_status_name(enum dns_status status);

enum dns_security {
    DNSSEC_DEFAULT, /* as the settings say */
    DNSSEC_ASK,     /* the answer shall say whether it was validated */
    DNSSEC_AVOID,
};

struct dns_question {
    struct str name; /* a dot at its end keeps search lists away; without one they are used as below */
    enum dns_type type;
    bool qualify_single; /* a name of one component is completed with the system's domain */
    bool search_parents; /* names of several are looked for in the search list when they do not exist */
    enum dns_security dnssec;
    int retrans, retry;  /* seconds, count; 0: as the settings say */
};

enum dns_section { DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL };

/* One resource record. The strings are tainted. Which fields count depends on the type. */
struct dns_record {
    struct str name; /* whose record it is, in the case the server gave, without a dot at the end */
    enum dns_type type;
    enum dns_section section;
    uint32_t ttl;    /* seconds */

    struct ip ip;                      /* A, AAAA */
    struct str target;                 /* CNAME, MX, NS, PTR, SRV; of SOA: the primary server's name */
    unsigned preference;               /* MX; SRV: priority */
    unsigned weight, port;             /* SRV */
    struct str *strings;               /* TXT, SPF */
    size_t string_count;
    struct str mailbox;                /* SOA */
    uint32_t serial, refresh, retry, expire, minimum; /* SOA */
    unsigned usage, selector, matching_type;          /* TLSA */
    struct str certificate_data;                      /* TLSA: octets */
};

struct dns_answer {
    enum dns_status status;
    struct str name;    /* what was asked for: completed from the search list (then all in A-labels), without a dot
                         * at its end */
    struct str canonical; /* DNS_FOUND: the name that has the records: behind all CNAMEs */
    bool authenticated; /* validated by DNSSEC (or dns_trust_aa) */
    bool authoritative; /* the server's own zone */
    uint32_t ttl;       /* DNS_FOUND: the least of the records in the answer section that count; DNS_NO_DATA and
                         * DNS_NO_MATCH: how long that may be remembered (RFC 2308), 0: not at all */
    struct dns_record *records; /* DNS_FOUND: of all sections, in the order of the answer */
    size_t count;
    struct str why;     /* DNS_AGAIN, DNS_FAIL: for debugging; never NULL then */
};

/* Asks for the name, in A-labels if it is in UTF-8 (RFC 5891), and follows a CNAME that the answer stops at, up to dns_cname_loops times. Everything in the answer
 * lives in the arena. Returns answer->status. Negative answers are remembered for as long as their SOA record
 * allows; DNS_AGAIN and DNS_FAIL until dns_forget(). */
enum dns_status dns_lookup(struct arena *arena, const struct dns_question *question,
                           struct dns_answer *answer);

/* dns_lookup() for those who look for hosts: when it takes long, the log says so (slow_lookup_log). */
enum dns_status dns_timed_lookup(struct arena *arena, const struct dns_question *question,
                                 struct dns_answer *answer);

/* The line for a lookup that began at that moment of the monotonic clock, if it took long; what: "MX", ... */
void dns_log_slow(int64_t began_ms, const char *what, struct str name);

/* The next record of the answer section with the type asked for; start with NULL. NULL: no more. */
const struct dns_record *dns_next(const struct dns_answer *answer, enum dns_type type,
                                  const struct dns_record *after);

/* The same in any section. */
const struct dns_record *dns_next_in(const struct dns_answer *answer, enum dns_section section,
                                     enum dns_type type, const struct dns_record *after);

/* Forgets what did not exist or could not be asked, so that it is asked for again: between connections. */
void dns_forget(void);

/* The name that reverse lookups ask for: "4.3.2.1.in-addr.arpa", or below ip6.arpa. The second form is the
 * part in front of that alone, as DNS lists want it. */
struct str dns_reverse_name(struct arena *arena, const struct ip *ip);
struct str dns_reverse_labels(struct arena *arena, const struct ip *ip);

/* Takes a message apart (RFC 1035 section 4). Nothing in it is believed: names and lengths that point outside
 * it make it DNS_FAIL. For dns_lookup(), tests and the fuzzer. answer->name is the name of the question. */
enum dns_status dns_parse(struct arena *arena, const unsigned char *message, size_t n,
                          struct dns_answer *answer);

#endif
