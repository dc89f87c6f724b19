/* Client SMTP Authorization: see dns_csa.h. */
#include "base/dns_csa.h"

#include <string.h>

enum {
    VERSION = 1,             /* of CSA: a record's priority */
    SUBDOMAINS_EXPLICIT = 1, /* a bit of its port */
};

static enum dns_status ask(struct arena *arena, struct str domain, const struct dns_question *how,
                           struct dns_answer *answer)
{
    struct dns_question question = *how;

    question.type = DNS_SRV;
    question.name = str_join(arena, STR("_client._smtp."), domain);
    return dns_lookup(arena, &question, answer);
}

/* The name with one more label in front than `part`, which is its end. */
static struct str one_label_more(struct str domain, struct str part)
{
    size_t at = domain.n - part.n;

    if (at > 0)
        at--; /* the dot in front of it */
    while (at > 0 && domain.s[at - 1] != '.')
        at--;
    return (struct str){domain.s + at, domain.n - at, domain.tainted};
}

static bool says_explicit(const struct dns_answer *answer)
{
    const struct dns_record *srv = NULL;

    while ((srv = dns_next(answer, DNS_SRV, srv)))
        if (csa_authorization(srv, true) == CSA_EXPLICIT)
            return true;
    return false;
}

/* The parents of a domain that exists without records, from the one below the top-level domain on. */
static enum dns_status ask_parents(struct arena *arena, struct str domain, const struct dns_question *how,
                                   struct dns_answer *answer)
{
    const struct dns_answer own = *answer;
    struct str end = {domain.s + domain.n, 0, domain.tainted};
    struct str part = one_label_more(domain, one_label_more(domain, end));

    for (int i = 0; i < dns_settings()->csa_search_limit && part.n < domain.n; i++) {
        switch (ask(arena, part, how, answer)) {
        case DNS_FOUND:
            if (says_explicit(answer))
                return DNS_FOUND;
            break;
        case DNS_AGAIN:
        case DNS_FAIL:
            return answer->status;
        case DNS_NO_DATA:
        case DNS_NO_MATCH:
            break;
        }
        part = one_label_more(domain, part);
    }
    *answer = own;
    return answer->status;
}

enum dns_status csa_lookup(struct arena *arena, struct str domain, const struct dns_question *how,
                           struct dns_answer *answer, bool *of_parent)
{
    *of_parent = false;
    if (ask(arena, domain, how, answer) != DNS_NO_DATA)
        return answer->status;
    *of_parent = ask_parents(arena, domain, how, answer) == DNS_FOUND;
    return answer->status;
}

enum csa_authorization csa_authorization(const struct dns_record *srv, bool of_parent)
{
    static const enum csa_authorization of_weight[] = {CSA_NO, CSA_NO, CSA_YES, CSA_UNKNOWN};

    if (srv->preference != VERSION)
        return CSA_NONE;
    if (of_parent)
        return srv->port & SUBDOMAINS_EXPLICIT ? CSA_EXPLICIT : CSA_NONE;
    return srv->weight < sizeof of_weight / sizeof *of_weight ? of_weight[srv->weight] : CSA_NONE;
}
