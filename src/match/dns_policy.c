/* What the configuration says to the resolver: see dns_policy.h. */
#include "match/dns_policy.h"

#include "base/arena.h"
#include "expand/regex.h"

struct loaded_policy {
    struct dns_policy policy;
    const struct regex *names;
};

static bool name_allowed(void *ctx, struct str name)
{
    const struct loaded_policy *loaded = ctx;
    struct regex_match match;

    return regex_match(loaded->names, name, 0, false, &match);
}

static bool in_list(void *ctx, enum dns_list list, struct str domain)
{
    static const char *const options[DNS_LISTS] = {
        [DNS_LIST_AGAIN_MEANS_NONEXIST] = "dns_again_means_nonexist",
        [DNS_LIST_TRUST_AA] = "dns_trust_aa",
        [DNS_LIST_IPV4_LOOKUP] = "dns_ipv4_lookup",
    };
    const struct dns_policy *policy = &((const struct loaded_policy *)ctx)->policy;
    if (!policy->lists[list] && list != DNS_LIST_AGAIN_MEANS_NONEXIST) /* whose absence the trace mentions */
        return false;
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct error err = ERROR_IN(arena);
    struct scope scope = {.arena = arena,
                          .services = policy->services,
                          .lists = policy->named_lists,
                          .process = policy->process};
    bool found = list_match_option(&scope, policy->lists[list], options[list], domain, &err) == MATCH_YES;

    arena_free(arena);
    return found;
}

bool dns_policy_use(struct arena *arena, const struct dns_policy *policy, struct error *err)
{
    struct loaded_policy *loaded = ARENA_NEW(arena, struct loaded_policy);
    struct dns_settings *settings = &loaded->policy.settings;

    loaded->policy = *policy;
    settings->ctx = loaded;
    settings->in_list = in_list;
    settings->name_allowed = NULL;
    if (!str_is_empty(policy->check_names_pattern)) {
        loaded->names = regex_compile(arena, policy->check_names_pattern, err);
        if (!loaded->names)
            return false;
        settings->name_allowed = name_allowed;
    }
    dns_configure(settings);
    return true;
}
