/* verify = reverse_host_lookup and csa (manual, 44.26, 44.52): what the DNS says of the calling host. */
#include "acl/verify.h"
#include "base/dns_csa.h"
#include "base/hosts.h"
#include "base/log.h"

/* --- reverse_host_lookup */

static bool read_options(struct acl_run *run, struct acl_verify *verify, bool *defer_ok)
{
    struct str option;

    *defer_ok = false;
    while (acl_verify_option(verify, &option)) {
        if (!str_is_nocase(option, "defer_ok")) {
            acl_verify_unknown_option(run, verify, option);
            return false;
        }
        *defer_ok = true;
    }
    return true;
}

/* Input that does not come over TCP/IP needs no verification. */
enum acl_check acl_verify_reverse_host_lookup(struct acl_run *run, struct acl_verify *verify)
{
    struct scope *scope = run->context->scope;
    const struct scope_connection *connection = scope->connection;
    const char *when = "";
    bool defer_ok;

    if (!read_options(run, verify, &defer_ok))
        return CHECK_ERROR;
    if (connection == NULL || str_is_null(connection->host_address) || connection->host_name.n > 0)
        return CHECK_TRUE;
    if (!connection->host_name_looked_up && scope->services != NULL && scope->services->find_host_name != NULL) {
        debug(DEBUG_acl, "looking up host name to force name/address consistency check");
        scope->services->find_host_name(scope);
        when = " for reverse lookup check";
    }
    if (connection->host_name.n > 0)
        return CHECK_TRUE;
    if (!connection->host_lookup_deferred)
        return acl_say(run, CHECK_FALSE, "host lookup failed%s (%.*s)", when,
                       STR_ARG(connection->host_lookup_message));
    return defer_ok ? CHECK_TRUE : acl_say(run, CHECK_DEFER, "host lookup deferred for reverse lookup check");
}

/* --- csa */

/* What becomes of a client, with the text for a refusal (NULL: it is none) and for $csa_status. */
enum csa_verdict {
    CSA_VERDICT_UNKNOWN,
    CSA_VERDICT_OK,
    CSA_VERDICT_DEFER,
    CSA_VERDICT_NOT_AUTHORIZED,
    CSA_VERDICT_MISMATCH,
    CSA_VERDICT_NO_ADDRESS,
    CSA_VERDICT_EXPLICIT,
};

static const struct {
    const char *status, *text;
} verdicts[] = {
    [CSA_VERDICT_UNKNOWN] = {"unknown", NULL},
    [CSA_VERDICT_OK] = {"ok", NULL},
    [CSA_VERDICT_DEFER] = {"defer", NULL},
    [CSA_VERDICT_NOT_AUTHORIZED] = {"fail", "host name not authorized"},
    [CSA_VERDICT_MISMATCH] = {"fail", "client address mismatch"},
    [CSA_VERDICT_NO_ADDRESS] = {"fail", "no authorized addresses"},
    [CSA_VERDICT_EXPLICIT] = {"fail", "explicit authorization required"},
};

/* The domain to ask about: an address in brackets, or a bare one, stands for its name in the reverse DNS. False:
 * there is nothing to ask. */
static bool csa_domain(struct arena *arena, struct str *domain)
{
    bool literal = domain->n > 0 && domain->s[0] == '[';
    ptrdiff_t end = str_find(*domain, ']');
    struct ip ip;

    if (literal)
        *domain = str_sub(arena, *domain, 1, end < 0 ? domain->n - 1 : (size_t)end - 1);
    if (ip_parse(*domain, &ip) && dns_settings()->csa_use_reverse) {
        *domain = dns_reverse_name(arena, &ip);
        return true;
    }
    return !literal && domain->n > 0;
}

/* Whether the client has one of the target's addresses of its own kind. */
static enum csa_verdict check_target(struct arena *arena, struct str target, const struct ip *client)
{
    const struct dns_question question = {.name = target, .type = client->bits == 32 ? DNS_A : DNS_AAAA};
    const struct dns_record *r = NULL;
    struct dns_answer answer;

    if (target.n == 0 || str_is(target, "."))
        return CSA_VERDICT_NO_ADDRESS;
    switch (dns_lookup(arena, &question, &answer)) {
    case DNS_NO_DATA:
    case DNS_NO_MATCH:
        return CSA_VERDICT_NO_ADDRESS;
    case DNS_AGAIN:
    case DNS_FAIL:
        return CSA_VERDICT_DEFER;
    case DNS_FOUND:
        break;
    }
    while ((r = dns_next(&answer, question.type, r)))
        if (ip_equal(&r->ip, client))
            return CSA_VERDICT_OK;
    return CSA_VERDICT_MISMATCH;
}

/* The first record that says something decides. */
static enum csa_verdict check_records(struct arena *arena, const struct dns_answer *answer, bool of_parent,
                                      const struct ip *client)
{
    const struct dns_record *r = NULL;

    while ((r = dns_next(answer, DNS_SRV, r)))
        switch (csa_authorization(r, of_parent)) {
        case CSA_EXPLICIT:
            return CSA_VERDICT_EXPLICIT;
        case CSA_NO:
            return CSA_VERDICT_NOT_AUTHORIZED;
        case CSA_YES:
            return check_target(arena, r->target, client);
        case CSA_UNKNOWN:
        case CSA_NONE:
            break;
        }
    return CSA_VERDICT_UNKNOWN;
}

static enum csa_verdict csa_verdict(struct arena *arena, struct str domain, const struct ip *client)
{
    const struct dns_question how = {.type = DNS_SRV};
    struct dns_answer answer;
    bool of_parent;

    if (!csa_domain(arena, &domain))
        return CSA_VERDICT_UNKNOWN;
    switch (csa_lookup(arena, domain, &how, &answer, &of_parent)) {
    case DNS_NO_DATA:
    case DNS_NO_MATCH:
        return CSA_VERDICT_UNKNOWN;
    case DNS_AGAIN:
    case DNS_FAIL:
        return CSA_VERDICT_DEFER;
    case DNS_FOUND:
        break;
    }
    return check_records(arena, &answer, of_parent, client);
}

/* Only a definite no fails. */
enum acl_check acl_verify_csa(struct acl_run *run, struct acl_verify *verify)
{
    struct arena *arena = run->context->arena;
    struct scope_connection *connection = run->context->scope->connection;
    struct str domain;
    struct ip client;

    if (connection == NULL || !ip_parse(connection->host_address, &client))
        return CHECK_TRUE;
    ip_unmap(&client);
    if (!acl_verify_option(verify, &domain))
        domain = connection->helo_name.n > 0 ? connection->helo_name : connection->host_address;
    enum csa_verdict verdict = csa_verdict(arena, domain, &client);
    connection->csa_status = str_of(verdicts[verdict].status);
    if (verdicts[verdict].text == NULL)
        return CHECK_TRUE;
    acl_say(run, CHECK_FALSE, "client SMTP authorization failed (%s)", verdicts[verdict].text);
    run->user_text = run->context->scope->acl->acl_verify_message = run->log_text;
    return CHECK_FALSE;
}
