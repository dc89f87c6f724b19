/* Finding the hosts that a domain's mail goes to, and the addresses of a host: by MX, SRV and address records, or
 * with the system's getaddrinfo(3) (RFC 5321 section 5.1, RFC 2782; manual, chapters 17 and 20).
 *
 * What depends on the configuration (which addresses are ignored, which are this host's own) is asked of the
 * caller; match/interfaces.h has the answer to the second. */
#ifndef BASE_HOSTS_H
#define BASE_HOSTS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/dns.h"
#include "base/ip.h"
#include "base/str.h"

enum { HOST_MX_NONE = -1 }; /* mx of a host that was not found by MX or SRV records */

/* What is known of a host's address. */
enum host_state {
    HOST_USABLE,
    HOST_UNKNOWN,   /* there is none */
    HOST_NO_NAME,   /* an MX or SRV record has an address where a host's name should be */
    HOST_ROOT,      /* an MX or SRV record has the root there: there is no such service */
    HOST_DEFERRED,  /* the DNS did not answer */
    HOST_UNWANTED,  /* all of them are ignored */
    HOST_INSECURE,  /* DNSSEC is required, and they were not validated */
};

/* One address of one host. A host with several has several of these, with the same name and mx, one behind the
 * other; one without any has one. */
struct host {
    struct host *next;
    struct str name;       /* whose address it is, behind all aliases; tainted when it is from the DNS */
    struct str certname;   /* the name that led there, which its certificate must have */
    struct ip ip;          /* ip.bits 0: state says why */
    struct str address;    /* as text; STR_NULL: none */
    int mx;                /* preference (SRV: priority), or HOST_MX_NONE */
    int port;              /* of SRV records; 0: the usual one */
    enum host_state state;
    bool local;            /* it is this host */
    bool dnssec;           /* its name and address were validated */
};

enum host_result {
    HOSTS_FOUND,
    HOSTS_LOCAL,      /* the first of them is this host */
    HOSTS_NONE,       /* no such domain or host, or none of its hosts has an address */
    HOSTS_NO_SERVICE, /* it takes no mail: an MX (RFC 7505) or SRV record says ".", and no other has a usable host */
    HOSTS_AGAIN,      /* that could not be found out now */
    HOSTS_IGNORED,    /* all the addresses there are, are ignored */
    HOSTS_INSECURE,   /* DNSSEC is required, and the answer was not validated */
};

enum host_records { HOST_BY_SRV, HOST_BY_MX, HOST_BY_ADDRESS };

struct host_request {
    struct arena *arena;     /* of the results */
    struct str name;         /* of a domain or a host */
    /* host_find_mail() tries these in turn; the first that has any records decides. */
    const char *srv_service; /* "smtp": SRV records of _smtp._tcp.NAME; NULL: not looked for */
    bool mx;
    bool address;            /* A and AAAA records of the name itself */

    bool ipv4_only, ipv4_prefer;
    bool qualify_single, search_parents;
    enum dns_security dnssec;
    bool dnssec_required;
    bool targets_may_be_ip;  /* allow_mx_to_ip: an address in the place of a target's name is taken */

    /* Is the address to be left out (ignore_target_hosts)? NULL: none is. */
    bool (*ignored)(void *ctx, const struct host *host);
    /* Is it this host, by its address or its name (hosts_treat_as_local)? NULL: none is. */
    bool (*is_local)(void *ctx, const struct host *host);
    /* Does a failure to find SRV or MX records of the domain mean that there are none (srv_fail_domains,
     * mx_fail_domains)? NULL: never. */
    bool (*fails)(void *ctx, enum host_records records, struct str domain);
    void *ctx;
};

struct host_answer {
    enum host_result result;
    enum host_records records; /* which ones decided */
    struct host *hosts;  /* those to be tried first come first; random among equals. Hosts that are not usable are
                          * among them. This host, and what is not preferred to it, is gone unless it is the first */
    struct str name;     /* the name as the resolver completed it */
    bool local_removed;  /* this host was among them, but not the first: it is a secondary one */
};

/* The hosts for a domain, each with its addresses. Returns answer->result. */
enum host_result host_find_mail(const struct host_request *request, struct host_answer *answer);

/* The addresses of one host: from the DNS (`bydns`), or from wherever the system has them (`byname`: the hosts
 * file and what else nsswitch.conf names). An address as a name is itself. The hosts have mx HOST_MX_NONE. */
enum host_result host_find_bydns(const struct host_request *request, struct host_answer *answer);
enum host_result host_find_byname(const struct host_request *request, struct host_answer *answer);

#endif
