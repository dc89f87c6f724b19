/* Finding the hosts that a domain's mail goes to, and the addresses of a host: by MX, SRV and address records, or
 * with the system's getaddrinfo(3) (RFC 5321 section 5.1, RFC 2782; manual, chapters 17 and 20).
 *
 * What depends on the configuration (which hosts to ignore, which names count as this host) is asked of the
 * caller: match/local_host.h has the usual answers. */
#ifndef BASE_HOSTS_H
#define BASE_HOSTS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/dns.h"
#include "base/ip.h"
#include "base/str.h"

enum { HOST_MX_NONE = -1 }; /* mx of a host that was found by its address records */

enum host_security { HOST_DNSSEC_UNKNOWN, HOST_DNSSEC_NO, HOST_DNSSEC_YES };

/* One address of one host: hosts with several have several of these, with the same name and mx, one after the
 * other. */
struct host {
    struct host *next;
    struct str name;           /* tainted when it is from the DNS */
    struct ip ip;              /* ip.bits 0: none was found, or it must not be used; why says so */
    struct str address;        /* as text; STR_NULL: none */
    int mx;                    /* preference (SRV: priority), or HOST_MX_NONE */
    int port;                  /* from SRV; 0: the usual one */
    unsigned sort;             /* private: the order among equals */
    bool local;                /* the address is one of this host's, or the name counts as such */
    enum host_security dnssec; /* whether the name and its addresses were validated */
    const char *why;           /* without an address: "no address found", "ignored" ... */
    bool again;                /* without an address: because the DNS did not answer */
};

enum host_result {
    HOST_FOUND,
    HOST_FOUND_LOCAL,  /* ... the first of them is this host */
    HOST_NOT_FOUND,    /* no such domain or host, or nothing usable: request->message says what */
    HOST_AGAIN,        /* could not be found out now */
    HOST_IGNORED,      /* all addresses there are were ignored */
    HOST_SECURITY,     /* dnssec_required, and the answer was not validated */
    HOST_NO_SERVICE,   /* the domain says that it takes no mail: the only MX (RFC 7505) or SRV is "." */
};

enum host_fail_kind { HOST_SRV_FAILS, HOST_MX_FAILS };

struct host_request {
    struct arena *arena; /* of the results */
    struct str name;     /* of a domain, or of a host for host_find_address() */
    /* Which records (host_find_mail()): tried in this order, the first that exists decides. */
    const char *srv_service; /* "smtp": SRV of _smtp._tcp.NAME; NULL: not tried */
    bool mx;
    bool address;        /* A, AAAA of the name itself */
    bool ipv4_only, ipv4_prefer;
    bool qualify_single, search_parents;
    enum dns_security dnssec;
    bool dnssec_required;
    bool targets_may_be_ip; /* allow_mx_to_ip: an MX or SRV target that looks like an address is taken for one */

    /* Is the address to be left out? NULL: none is. (ignore_target_hosts) */
    bool (*ignored)(void *ctx, const struct host *host);
    /* Is the address, or the name, this host? NULL: none is. */
    bool (*is_local)(void *ctx, const struct host *host);
    /* A temporary error of an SRV or MX lookup: does it count as not found? (srv_fail_domains, mx_fail_domains) */
    bool (*fails)(void *ctx, enum host_fail_kind kind, struct str domain);
    void *ctx;
};

struct host_answer {
    enum host_result result;
    struct host *hosts;  /* sorted; those at or behind this host itself are gone unless it is the first */
    struct str name;     /* the name in full, when the resolver completed it; else the one asked for */
    bool by_mx, by_srv;  /* which records decided */
    bool local_removed;  /* this host was among them, and not the first: it is a secondary one */
    struct str message;  /* not found or put off: what for people; STR_NULL: the plain case */
};

/* The hosts for a domain, each with its addresses. */
enum host_result host_find_mail(const struct host_request *request, struct host_answer *answer);

/* The addresses of a host: `bydns` asks for A and AAAA records, `byname` the system (hosts file and what else
 * nsswitch.conf has). */
enum host_result host_find_bydns(const struct host_request *request, struct host_answer *answer);
enum host_result host_find_byname(const struct host_request *request, struct host_answer *answer);

#endif
