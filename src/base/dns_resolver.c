/* The system's resolver: libresolv's state, kept as /etc/resolv.conf has it, and one exchange with it. */
#include <arpa/nameser.h>
#include <errno.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/dns_private.h"
#include "base/log.h"

enum {
    QUERY_ROOM = NS_PACKETSZ,
    OPT_LENGTH = 11,      /* an OPT record without options (RFC 6891 section 6.1.2) */
    UDP_PAYLOAD = 1232,   /* what passes through any network without fragments */
    DNSSEC_OK = 0x8000,   /* the DO bit (RFC 3225) */
    RCODE_MASK = 0x0f,
};

static const char resolv_conf[] = "/etc/resolv.conf";

/* The process's resolver (dns.h). */
static struct {
    struct __res_state state;
    bool ready;
    struct stat file; /* what was read; all zero: there was none */
} resolver;

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The state, read again when its file has changed. NULL: libresolv cannot. */
static res_state current_state(void)
{
    struct stat now = {0};

    if (stat(resolv_conf, &now) < 0)
        now = (struct stat){0};
    if (resolver.ready && same_file(&now, &resolver.file))
        return &resolver.state;
    if (resolver.ready)
        res_nclose(&resolver.state);
    memset(&resolver.state, 0, sizeof resolver.state);
    resolver.ready = res_ninit(&resolver.state) == 0;
    resolver.file = now;
    return resolver.ready ? &resolver.state : NULL;
}

struct str dns_search_domain(unsigned i)
{
    const struct __res_state *state = current_state();

    if (!state || i >= MAXDNSRCH || !state->dnsrch[i])
        return STR_NULL;
    return str_of(state->dnsrch[i]);
}

unsigned dns_ndots(void)
{
    const struct __res_state *state = current_state();

    return state ? state->ndots : 1;
}

/* --- One question */

/* Options, time-out and attempts: what a question changes for itself. */
struct parameters {
    unsigned long options;
    int retrans, retry;
};

static struct parameters parameters_of(const struct __res_state *state)
{
    return (struct parameters){state->options, state->retrans, state->retry};
}

static void use_parameters(res_state state, struct parameters parameters)
{
    state->options = parameters.options;
    state->retrans = parameters.retrans;
    state->retry = parameters.retry;
}

static void set_option(struct parameters *parameters, unsigned long option, int on)
{
    if (on >= 0)
        parameters->options = on ? parameters->options | option : parameters->options & ~option;
}

static struct parameters parameters_for(const struct __res_state *state, const struct dns_question *question)
{
    const struct dns_settings *settings = dns_settings();
    struct parameters parameters = parameters_of(state);
    int retrans = question->retrans > 0 ? question->retrans : settings->retrans;
    int retry = question->retry > 0 ? question->retry : settings->retry;

    if (question->dnssec != DNSSEC_DEFAULT)
        set_option(&parameters, RES_USE_DNSSEC, question->dnssec == DNSSEC_ASK);
    set_option(&parameters, RES_USE_DNSSEC, settings->dnssec_ok);
    set_option(&parameters, RES_USE_EDNS0, settings->use_edns0);
    if (settings->use_edns0 == 0) /* DNSSEC needs it */
        set_option(&parameters, RES_USE_DNSSEC, 0);
    if (retrans > 0)
        parameters.retrans = retrans;
    if (retry > 0)
        parameters.retry = retry;
    return parameters;
}

/* Adds an OPT record: larger answers by UDP, and validation asked for. Returns the message's new length. */
static int add_opt(unsigned char *query, int n, bool dnssec)
{
    unsigned char *p = query + n;

    *p++ = 0; /* the root */
    ns_put16(ns_t_opt, p);
    ns_put16(UDP_PAYLOAD, p + 2);
    ns_put16(0, p + 4); /* extended rcode, version */
    ns_put16(dnssec ? DNSSEC_OK : 0, p + 6);
    ns_put16(0, p + 8); /* no options */
    query[11]++;        /* ARCOUNT */
    return n + OPT_LENGTH;
}

static bool is_format_error(const unsigned char *message, int n)
{
    return n > NS_HFIXEDSZ && (message[3] & RCODE_MASK) == ns_r_formerr;
}

/* Sends the question and waits for the answer. Negative: nobody answered. */
static int exchange(res_state state, const char *name, enum dns_type type, unsigned char *message)
{
    unsigned char query[QUERY_ROOM];
    bool dnssec = state->options & RES_USE_DNSSEC, edns = dnssec || state->options & RES_USE_EDNS0;
    int plain = res_nmkquery(state, ns_o_query, name, ns_c_in, type, NULL, 0, NULL, query,
                             (int)sizeof query - OPT_LENGTH);

    if (plain < 0)
        return -1;
    int n = res_nsend(state, query, edns ? add_opt(query, plain, dnssec) : plain, message, DNS_MESSAGE_MAX);
    if (edns && is_format_error(message, n)) { /* a server that does not know of OPT records */
        query[11]--;
        n = res_nsend(state, query, plain, message, DNS_MESSAGE_MAX);
    }
    return n > DNS_MESSAGE_MAX ? DNS_MESSAGE_MAX : n;
}

static enum dns_status unanswered(struct dns_answer *answer, struct str name, enum dns_status status,
                                  const char *why)
{
    *answer = (struct dns_answer){.status = status, .name = name, .canonical = STR_NULL, .why = str_of(why)};
    return status;
}

enum dns_status dns_ask(struct arena *arena, struct str name, const struct dns_question *question,
                        struct dns_answer *answer)
{
    res_state state = current_state();
    unsigned char *message;

    name = str_copy(arena, name);
    if (memchr(name.s, '\0', name.n))
        return unanswered(answer, name, DNS_NO_MATCH, "not a domain name");
    if (!state || !(message = malloc(DNS_MESSAGE_MAX)))
        return unanswered(answer, name, DNS_FAIL, "the resolver cannot be initialised");
    struct parameters usual = parameters_of(state);
    use_parameters(state, parameters_for(state, question));
    errno = 0;
    int n = exchange(state, name.s, question->type, message);
    use_parameters(state, usual);
    if (n >= 0)
        dns_parse(arena, message, (size_t)n, answer);
    else if (errno == 0 || errno == EMSGSIZE) /* it cannot be put into a question */
        unanswered(answer, name, DNS_FAIL, "not a domain name");
    else
        unanswered(answer, name, DNS_AGAIN, "no server gives an answer");
    answer->name = name;
    free(message);
    return answer->status;
}
