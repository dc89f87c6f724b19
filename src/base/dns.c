/* Asking the DNS: see dns.h. Which names are asked for, in which order, and what becomes of the answers. */
#include "base/dns.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/dns_private.h"
#include "base/idna.h"
#include "base/log.h"

/* --- Settings */

static struct {
    struct dns_settings settings;
    bool asking_lists; /* a list is being matched: it must not lead to itself */
    enum dns_list asked;
} loaded = {.settings = {.cname_loops = 1, .dnssec_ok = -1, .use_edns0 = -1,
                         .csa_search_limit = 5, .csa_use_reverse = true}};

void dns_configure(const struct dns_settings *settings)
{
    loaded.settings = *settings;
    dns_forget();
}

const struct dns_settings *dns_settings(void)
{
    return &loaded.settings;
}

static bool in_list(enum dns_list list, struct str domain)
{
    const struct dns_settings *settings = &loaded.settings;

    if (!settings->in_list || loaded.asking_lists)
        return false;
    loaded.asking_lists = true;
    loaded.asked = list;
    bool found = settings->in_list(settings->ctx, list, domain);
    loaded.asking_lists = false;
    return found;
}

bool dns_wants_ipv6(struct str name)
{
    return !loaded.settings.disable_ipv6 && !in_list(DNS_LIST_IPV4_LOOKUP, name);
}

bool dns_again_means_nonexist(struct str name)
{
    return in_list(DNS_LIST_AGAIN_MEANS_NONEXIST, name);
}

/* --- Names of things */

static const struct {
    enum dns_type type;
    const char *name;
} types[] = {
    {DNS_A, "A"},     {DNS_NS, "NS"},   {DNS_CNAME, "CNAME"}, {DNS_SOA, "SOA"},   {DNS_PTR, "PTR"}, {DNS_MX, "MX"},
    {DNS_TXT, "TXT"}, {DNS_AAAA, "AAAA"}, {DNS_SRV, "SRV"},   {DNS_TLSA, "TLSA"}, {DNS_SPF, "SPF"},
};

const char *dns_type_name(enum dns_type type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].type == type)
            return types[i].name;
    return NULL;
}

const char *dns_status_name(enum dns_status status)
{
    static const char *const names[] = {
        [DNS_FOUND] = "found", [DNS_NO_DATA] = "nodata", [DNS_NO_MATCH] = "nomatch",
        [DNS_AGAIN] = "again", [DNS_FAIL] = "fail",
    };

    return names[status];
}

struct str dns_reverse_labels(struct arena *arena, const struct ip *ip)
{
    struct buffer out = BUFFER_IN(arena);

    for (unsigned i = ip->bits / 8; i-- > 0;) {
        const char *dot = i == 0 ? "" : ".";
        if (ip->bits == 32)
            buffer_printf(&out, "%u%s", ip->octets[i], dot);
        else
            buffer_printf(&out, "%x.%x%s", ip->octets[i] & 0xfU, ip->octets[i] >> 4, dot);
    }
    return buffer_str(&out);
}

struct str dns_reverse_name(struct arena *arena, const struct ip *ip)
{
    return str_join(arena, dns_reverse_labels(arena, ip),
                    ip->bits == 32 ? STR(".in-addr.arpa") : STR(".ip6.arpa"));
}

static bool ends_in_dot(struct str name)
{
    return name.n > 0 && name.s[name.n - 1] == '.';
}

static struct str without_dot(struct arena *arena, struct str name)
{
    return ends_in_dot(name) ? str_sub(arena, name, 0, name.n - 1) : name;
}

/* --- Answers that said no */

enum { NEGATIVES_MAX = 512 };

struct negative {
    struct negative *next;
    struct str name;
    enum dns_type type;
    bool qualify_single, search_parents;
    enum dns_status status;
    bool authenticated;
    uint32_t ttl;
    int64_t until_ms; /* DEADLINE_NONE: until they are forgotten */
    struct str answer_name, why;
};

/* A process-wide cache, as the header says. */
static struct {
    struct arena *arena;
    struct negative *first;
    size_t count;
} negatives;

void dns_forget(void)
{
    arena_free(negatives.arena);
    negatives.arena = NULL;
    negatives.first = NULL;
    negatives.count = 0;
}

static bool is_for(const struct negative *negative, const struct dns_question *question)
{
    return negative->type == question->type && negative->qualify_single == question->qualify_single &&
           negative->search_parents == question->search_parents &&
           str_eq_nocase(negative->name, question->name);
}

static bool remembered(struct arena *arena, const struct dns_question *question, struct dns_answer *answer)
{
    for (const struct negative *n = negatives.first; n; n = n->next) {
        if (!is_for(n, question) || n->until_ms < clock_now_ms())
            continue;
        *answer = (struct dns_answer){.status = n->status,
                                      .name = str_copy(arena, n->answer_name),
                                      .canonical = STR_NULL,
                                      .authenticated = n->authenticated,
                                      .ttl = n->ttl,
                                      .why = str_copy(arena, n->why)};
        debug(DEBUG_dns, "DNS lookup of %.*s (%s) using cached value: %s", STR_ARG(question->name),
              dns_type_name(question->type), dns_status_name(n->status));
        return true;
    }
    return false;
}

/* Denials last as long as their SOA record lets them; failures, whatever they were taken for, until the next
 * connection or message. */
static void remember(const struct dns_question *question, const struct dns_answer *answer, bool failed)
{
    bool denial = !failed && (answer->status == DNS_NO_DATA || answer->status == DNS_NO_MATCH);

    if (answer->status == DNS_FOUND || (denial && answer->ttl == 0))
        return;
    if (negatives.count == NEGATIVES_MAX)
        dns_forget();
    if (!negatives.arena)
        negatives.arena = arena_new(ARENA_PLAIN);
    struct negative *negative = ARENA_NEW(negatives.arena, struct negative);
    *negative = (struct negative){.next = negatives.first,
                                  .name = str_copy(negatives.arena, question->name),
                                  .type = question->type,
                                  .qualify_single = question->qualify_single,
                                  .search_parents = question->search_parents,
                                  .status = answer->status,
                                  .authenticated = answer->authenticated,
                                  .ttl = answer->ttl,
                                  .until_ms = denial ? clock_now_ms() + (int64_t)answer->ttl * 1000
                                                     : DEADLINE_NONE,
                                  .answer_name = str_copy(negatives.arena, answer->name),
                                  .why = str_copy(negatives.arena, answer->why)};
    negatives.first = negative;
    negatives.count++;
}

/* --- The search list */

/* What the names that were tried so far gave: that one exists or that a server failed counts more than what
 * comes after it. */
struct search {
    struct arena *arena;
    const struct dns_question *question;
    struct dns_answer no_data, failed;
    bool have_no_data, have_failed;
};

/* Asks for one name. True: that settles it. */
static bool try_name(struct search *search, struct str name, struct dns_answer *answer)
{
    switch (dns_ask(search->arena, name, search->question, answer)) {
    case DNS_FOUND:
    case DNS_FAIL:
        return true;
    case DNS_NO_DATA:
        if (!search->have_no_data)
            search->no_data = *answer;
        search->have_no_data = true;
        break;
    case DNS_AGAIN:
        if (!search->have_failed)
            search->failed = *answer;
        search->have_failed = true;
        break;
    case DNS_NO_MATCH:
        break;
    }
    return false;
}

static bool try_search_list(struct search *search, struct str name, struct dns_answer *answer)
{
    struct str domain;

    for (unsigned i = 0; !str_is_null(domain = dns_search_domain(i)); i++) {
        struct str full = domain.n == 0 || str_is(domain, ".")
                              ? name
                              : str_join3(search->arena, name, STR("."), domain);
        if (try_name(search, full, answer))
            return true;
        if (!search->question->search_parents)
            break; /* only the host's own domain completes a name */
    }
    return false;
}

static unsigned count_dots(struct str name)
{
    unsigned dots = 0;

    for (size_t i = 0; i < name.n; i++)
        dots += name.s[i] == '.';
    return dots;
}

/* Asks for the name, completed where the question allows, as resolver(5) describes. */
static enum dns_status search_name(struct arena *arena, const struct dns_question *question,
                                   struct dns_answer *answer)
{
    struct search search = {.arena = arena, .question = question};
    struct str name = without_dot(arena, question->name);
    unsigned dots = count_dots(name);
    bool complete = !ends_in_dot(question->name) &&
                    (dots == 0 ? question->qualify_single : question->search_parents);
    bool first = !complete || dots >= dns_ndots();
    struct dns_answer as_it_is;

    if (first && (try_name(&search, name, answer) || !complete))
        return answer->status;
    as_it_is = *answer;
    if (try_search_list(&search, name, answer) || (!first && try_name(&search, name, answer)))
        return answer->status;
    if (first)
        *answer = as_it_is;
    if (search.have_no_data)
        *answer = search.no_data;
    else if (search.have_failed)
        *answer = search.failed;
    return answer->status;
}

/* --- Whether an answer is to be believed, and what a failure means */

/* dns_trust_aa: the zone is that of the first NS record in the authority section; without an answer, of the
 * first SOA record there (manual, 14). */
static bool is_trusted(const struct dns_answer *answer)
{
    enum dns_type type = answer->status == DNS_FOUND ? DNS_NS : DNS_SOA;
    const struct dns_record *zone = dns_next_in(answer, DNS_AUTHORITY, type, NULL);

    return answer->authoritative && zone && in_list(DNS_LIST_TRUST_AA, zone->name);
}

/* dns_again_means_nonexist. That a server keeps TLSA records back must stay visible. */
static void settle_failure(const struct dns_question *question, struct dns_answer *answer)
{
    if (question->type == DNS_TLSA)
        return;
    if (loaded.asking_lists && loaded.asked == DNS_LIST_AGAIN_MEANS_NONEXIST) {
        log_write(LOG_MAIN | LOG_PANIC, "dns_again_means_nonexist recursion seen for %.*s (assuming nonexist)",
                  STR_ARG(answer->name));
        answer->status = DNS_NO_MATCH;
    } else if (in_list(DNS_LIST_AGAIN_MEANS_NONEXIST, answer->name)) {
        debug(DEBUG_dns, "%.*s is in dns_again_means_nonexist: returning DNS_NOMATCH", STR_ARG(answer->name));
        answer->status = DNS_NO_MATCH;
    }
}

/* Names that must not be asked for. Those of PTR and TXT records are no hosts'. Of service records (RFC 2782, RFC 6698) the labels with underscores in front
 * are no part of a host's name. */
static bool is_allowed(const struct dns_question *question)
{
    const struct dns_settings *settings = &loaded.settings;
    struct str name = question->name;

    if (!settings->name_allowed || question->type == DNS_PTR || question->type == DNS_TXT)
        return true;
    for (int i = 0; i < 2 && (question->type == DNS_SRV || question->type == DNS_TLSA); i++) {
        ptrdiff_t dot = str_find(name, '.');
        if (dot < 0)
            break;
        name = (struct str){name.s + dot + 1, name.n - (size_t)dot - 1, name.tainted};
    }
    return settings->name_allowed(settings->ctx, name);
}

/* Asks without following a CNAME. */
static enum dns_status lookup_once(struct arena *arena, const struct dns_question *question,
                                   struct dns_answer *answer)
{
    if (remembered(arena, question, answer))
        return answer->status;
    if (!is_allowed(question)) {
        debug(DEBUG_dns, "DNS name syntax check failed: %.*s (%s)", STR_ARG(question->name),
              dns_type_name(question->type));
        *answer = (struct dns_answer){.status = DNS_NO_MATCH, .name = question->name, .why = STR_NULL};
        return answer->status;
    }
    search_name(arena, question, answer);
    debug(DEBUG_dns, "DNS lookup of %.*s (%s) gave %s%s%.*s", STR_ARG(question->name),
          dns_type_name(question->type), dns_status_name(answer->status), answer->why.n > 0 ? ": " : "",
          STR_ARG(answer->why));
    bool failed = answer->status == DNS_AGAIN;
    if (failed)
        settle_failure(question, answer);
    if (!answer->authenticated && answer->count > 0)
        answer->authenticated = is_trusted(answer);
    const struct dns_record *first = dns_next(answer, question->type, NULL);
    answer->canonical = first ? first->name : STR_NULL;
    remember(question, answer, failed);
    return answer->status;
}

/* The CNAME that the answer ends at without the records asked for; NULL: there is none. */
static const struct dns_record *last_cname(const struct dns_answer *answer)
{
    const struct dns_record *last = NULL, *r = NULL;

    while ((r = dns_next(answer, DNS_CNAME, r)))
        last = r;
    return last;
}

/* Asks for the name of the question, which is ASCII, and follows aliases. */
static enum dns_status lookup(struct arena *arena, const struct dns_question *question, struct dns_answer *answer)
{
    struct dns_question next = *question;
    struct str name = STR_NULL;
    uint32_t ttl = UINT32_MAX;
    bool authenticated = true;

    for (int links = 0;; links++) {
        lookup_once(arena, &next, answer);
        name = str_is_null(name) ? answer->name : name;
        authenticated = answer->authenticated = answer->authenticated && authenticated;
        ttl = answer->ttl = answer->ttl < ttl ? answer->ttl : ttl;
        if (answer->status != DNS_FOUND || !str_is_null(answer->canonical))
            break;
        const struct dns_record *cname = last_cname(answer);
        if (!cname) {
            answer->status = DNS_NO_DATA;
            break;
        }
        if (links >= loaded.settings.cname_loops) {
            log_write(LOG_MAIN | LOG_PANIC, "CNAME loop for %.*s encountered", STR_ARG(question->name));
            answer->status = DNS_FAIL;
            answer->why = STR("too many CNAMEs");
            break;
        }
        debug(DEBUG_dns, "CNAME found: change to %.*s", STR_ARG(cname->target));
        next = *question;
        next.name = cname->target;
        next.qualify_single = next.search_parents = false;
    }
    answer->name = name;
    return answer->status;
}

enum dns_status dns_lookup(struct arena *arena, const struct dns_question *question,
                           struct dns_answer *answer)
{
    struct dns_question converted = *question;
    struct error err = ERROR_IN(arena);

    if (!idna_domain_to_alabel(arena, question->name, &converted.name, &err)) {
        debug(DEBUG_dns, "DNS name %.*s (%s): %.*s", STR_ARG(question->name), dns_type_name(question->type),
              STR_ARG(err.text));
        *answer = (struct dns_answer){
            .status = DNS_NO_MATCH, .name = question->name, .canonical = STR_NULL, .why = err.text};
        return answer->status;
    }
    lookup(arena, &converted, answer);
    if (str_eq(answer->name, without_dot(arena, converted.name)))
        answer->name = without_dot(arena, question->name);
    return answer->status;
}

void dns_log_slow(int64_t began_ms, const char *what, struct str name)
{
    int64_t took = clock_now_ms() - began_ms;

    if (loaded.settings.slow_log > 0 && took > loaded.settings.slow_log)
        log_write(LOG_MAIN, "Long %s lookup for '%.*s': %lld msec", what, STR_ARG(name), (long long)took);
}

enum dns_status dns_timed_lookup(struct arena *arena, const struct dns_question *question,
                                 struct dns_answer *answer)
{
    int64_t began = clock_now_ms();

    dns_lookup(arena, question, answer);
    dns_log_slow(began, dns_type_name(question->type), question->name);
    return answer->status;
}
