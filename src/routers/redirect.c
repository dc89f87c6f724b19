/* The redirect router (manual, chapter 22): aliases and forward files. */
#include "routers/redirect.h"

#include "base/ascii.h"
#include "mail/delivery_error.h"
#include "routers/redirect_children.h"
#include "routers/redirect_file.h"
#include "routers/redirect_list.h"
#include "routers/routing.h"

#define ROW(option_, type_, default_) \
    {.name = #option_, .type = OPTION_##type_, .offset = offsetof(struct redirect_config, option_), \
     .default_text = (default_)}

static const struct option options[] = {
    ROW(allow_defer, BOOL, NULL),
    ROW(allow_fail, BOOL, NULL),
    ROW(allow_filter, BOOL, NULL),
    ROW(allow_freeze, BOOL, NULL),
    ROW(check_ancestor, BOOL, NULL),
    ROW(check_group, TRISTATE, NULL),
    ROW(check_owner, TRISTATE, NULL),
    ROW(data, TEMPLATE, NULL),
    ROW(directory_transport, TEMPLATE, NULL),
    ROW(file, TEMPLATE, NULL),
    ROW(file_transport, TEMPLATE, NULL),
    ROW(filter_prepend_home, BOOL, "yes"),
    ROW(forbid_blackhole, BOOL, NULL),
    ROW(forbid_exim_filter, BOOL, NULL),
    ROW(forbid_file, BOOL, NULL),
    ROW(forbid_filter_dlfunc, BOOL, NULL),
    ROW(forbid_filter_existstest, BOOL, NULL),
    ROW(forbid_filter_logwrite, BOOL, NULL),
    ROW(forbid_filter_lookup, BOOL, NULL),
    ROW(forbid_filter_perl, BOOL, NULL),
    ROW(forbid_filter_readfile, BOOL, NULL),
    ROW(forbid_filter_readsocket, BOOL, NULL),
    ROW(forbid_filter_reply, BOOL, NULL),
    ROW(forbid_filter_run, BOOL, NULL),
    ROW(forbid_include, BOOL, NULL),
    ROW(forbid_pipe, BOOL, NULL),
    ROW(forbid_sieve_filter, BOOL, NULL),
    ROW(forbid_smtp_code, BOOL, NULL),
    ROW(hide_child_in_errmsg, BOOL, NULL),
    ROW(ignore_eacces, BOOL, NULL),
    ROW(ignore_enotdir, BOOL, NULL),
    ROW(include_directory, STRING, NULL),
    ROW(modemask, OCTAL, "022"),
    ROW(one_time, BOOL, NULL),
    ROW(owners, UID_LIST, NULL),
    ROW(owngroups, GID_LIST, NULL),
    ROW(pipe_transport, TEMPLATE, NULL),
    ROW(qualify_domain, TEMPLATE, NULL),
    ROW(qualify_preserve_domain, BOOL, NULL),
    ROW(repeat_use, BOOL, "yes"),
    ROW(reply_transport, TEMPLATE, NULL),
    ROW(rewrite, BOOL, "yes"),
    ROW(sieve_enotify_mailto_owner, TEMPLATE, NULL),
    ROW(sieve_subaddress, TEMPLATE, NULL),
    ROW(sieve_useraddress, TEMPLATE, NULL),
    ROW(sieve_vacation_directory, TEMPLATE, NULL),
    ROW(skip_syntax_errors, BOOL, NULL),
    ROW(syntax_errors_text, TEMPLATE, NULL),
    ROW(syntax_errors_to, STRING, NULL),
};

/* Options that exclude each other; NULL: they go together. */
static const char *conflict(const struct router_instance *router, const struct redirect_config *config)
{
    if (!config->data && !config->file)
        return "one of \"file\" or \"data\" must be specified";
    if (config->data && config->file)
        return "only one of \"file\" or \"data\" must be specified";
    if (config->one_time && (router->headers_add || router->headers_remove))
        return "\"headers_add\" and \"headers_remove\" are not permitted with \"one_time\"";
    if (config->one_time && (router->unseen.value || router->unseen.expanded))
        return "\"unseen\" may not be used with \"one_time\"";
    if (config->qualify_domain && config->qualify_preserve_domain)
        return "only one of \"qualify_domain\" or \"qualify_preserve_domain\" must be set";
    if (config->allow_filter && !router->check_local_user && !router->user.set && !router->user.expanded)
        return "\"user\" or \"check_local_user\" must be set with \"allow_filter\"";
    return NULL;
}

static bool init(struct router_instance *router, struct error *err)
{
    enum { GROUP_WRITE = 020 };
    struct redirect_config *config = router->instance.config;
    const char *fault = conflict(router, config);

    if (fault)
        return error_at(err, router->instance.where, "%.*s router: %s", STR_ARG(router->instance.name), fault);
    if (!config->check_owner.set)
        config->check_owner.value = router->check_local_user || config->owners.n > 0;
    if (!config->check_group.set)
        config->check_group.value = (router->check_local_user && !(config->modemask & GROUP_WRITE)) ||
                                    config->owngroups.n > 0;
    if (config->one_time)
        config->forbid_file = config->forbid_pipe = config->forbid_filter_reply = true;
    return true;
}

/* --- The data */

/* Expands an option. ROUTER_ACCEPT: *value. */
static enum router_verdict expand_option(struct routing *r, const struct template *option, struct str *value)
{
    struct error err = ERROR_IN(r->arena);

    switch (expand(r->scope, option, r->arena, value, &err)) {
    case EXPAND_OK:
        return ROUTER_ACCEPT;
    case EXPAND_FORCED:
        return ROUTER_DECLINE;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        break;
    }
    return routing_say(r, ROUTER_DEFER, "failed to expand \"%.*s\": %.*s", STR_ARG(template_source(option)),
                       STR_ARG(err.text));
}

/* ROUTER_ACCEPT: *data is what the data option gives, or what is in the file. */
static enum router_verdict get_data(struct routing *r, const struct redirect_config *config, struct str *data)
{
    struct error err = ERROR_IN(r->arena);
    enum router_verdict verdict = expand_option(r, config->data ? config->data : config->file, data);

    if (verdict != ROUTER_ACCEPT || config->data)
        return verdict;
    switch (redirect_file_read(r, config, *data, data, &err)) {
    case REDIRECT_FILE_READ:
        return ROUTER_ACCEPT;
    case REDIRECT_FILE_ABSENT:
        return ROUTER_DECLINE;
    case REDIRECT_FILE_BAD:
        break;
    }
    return routing_say_str(r, ROUTER_DEFER, err.text);
}

/* --- Filters, which this program does not have */

/* "#Exim filter", "# Sieve filter": the word, or STR_NULL. */
static struct str filter_kind(struct arena *arena, struct str data)
{
    static const char *const kinds[] = {"Exim", "Sieve"};
    struct str rest = str_trim(arena, data);

    if (rest.n == 0 || *rest.s != '#')
        return STR_NULL;
    rest = str_trim(arena, str_sub(arena, rest, 1, rest.n));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct str word = str_of(kinds[i]);

        if (str_starts_nocase(rest, word.s) &&
            str_starts_nocase(str_trim(arena, str_sub(arena, rest, word.n, rest.n)), "filter"))
            return word;
    }
    return STR_NULL;
}

static struct str filter_fault(struct routing *r, const struct redirect_config *config, struct str kind)
{
    bool exim = str_is(kind, "Exim");

    if (!config->allow_filter)
        return STR("filtering not enabled");
    if (exim ? config->forbid_exim_filter : config->forbid_sieve_filter)
        return str_printf(r->arena, "%.*s filtering not enabled", STR_ARG(kind));
    return STR_NULL;
}

/* --- Routing */

static const char *source(const struct redirect_config *config)
{
    return config->data ? "data" : "file";
}

static void log_fault(struct routing *r, struct str text)
{
    log_write(LOG_MAIN, "%.*s router: skipped error: %.*s", STR_ARG(r->router->instance.name), STR_ARG(text));
}

/* Nothing of the list is left but errors. */
static enum router_verdict only_faults(struct routing *r)
{
    return routing_say(r, ROUTER_DECLINE, "syntax error in redirection data");
}

/* A filter that is not taken for one: an error like those of the list. A real one has to wait for a program that
 * knows filters: it would be wrong to deliver as if it were not there. */
static enum router_verdict refuse_filter(struct routing *r, const struct redirect_config *config, struct str kind)
{
    struct str fault = filter_fault(r, config, kind);

    r->recipient->error = DELIVERY_BAD_REDIRECT;
    if (str_is_null(fault))
        return routing_say(r, ROUTER_DEFER,
                           "error in filter %s: %.*s filters are known to Exim but not supported by gatepost",
                           source(config), STR_ARG(kind));
    if (!config->skip_syntax_errors)
        return routing_say(r, ROUTER_DEFER, "error in filter %s: %.*s", source(config), STR_ARG(fault));
    log_fault(r, fault);
    return only_faults(r);
}

/* What an address without a domain gets. ROUTER_ACCEPT: *domain. */
static enum router_verdict qualifying_domain(struct routing *r, const struct redirect_config *config,
                                             struct str *domain)
{
    if (config->qualify_preserve_domain)
        *domain = r->recipient->domain;
    else if (!config->qualify_domain)
        *domain = r->scope->process->qualify_recipient;
    else
        return expand_option(r, config->qualify_domain, domain);
    return ROUTER_ACCEPT;
}

/* Without an SMTP code, and the extended one that may follow it, in front. */
static struct str without_code(struct routing *r, struct str text)
{
    size_t n = 0;

    while (n < text.n && n < 3 && ascii_is_digit(text.s[n]))
        n++;
    if (n < 3 || n == text.n || !ascii_is_space(text.s[n]))
        return text;
    text = str_trim(r->arena, str_sub(r->arena, text, n, text.n));
    for (n = 0; n < text.n && (ascii_is_digit(text.s[n]) || text.s[n] == '.');)
        n++;
    if (n > 4 && text.s[1] == '.' && n < text.n && ascii_is_space(text.s[n]))
        text = str_trim(r->arena, str_sub(r->arena, text, n, text.n));
    return text;
}

/* :fail: or :defer:, perhaps with an SMTP code in front of the text, which clients may see. */
static enum router_verdict refuse(struct routing *r, const struct redirect_config *config, enum router_verdict verdict,
                                  struct str text)
{
    if (config->forbid_smtp_code)
        text = without_code(r, text);
    r->recipient->pass_message = true;
    r->recipient->user_message = text;
    return routing_say_str(r, verdict, text);
}

static enum router_verdict use_list(struct routing *r, const struct redirect_config *config, struct str data)
{
    struct redirect_rules rules = {
        .allow_defer = config->allow_defer,
        .allow_fail = config->allow_fail,
        .forbid_blackhole = config->forbid_blackhole,
        .forbid_include = config->forbid_include,
        .skip_errors = config->skip_syntax_errors,
        .include_directory = config->include_directory,
        .incoming_domain = r->recipient->domain,
    };
    struct redirect_result list;
    struct error err = ERROR_IN(r->arena);
    enum router_verdict verdict = qualifying_domain(r, config, &rules.qualify_domain);

    if (verdict != ROUTER_ACCEPT)
        return verdict;
    redirect_list_read(r->arena, data, &rules, &list, &err);
    for (const struct redirect_fault *fault = list.faults; fault; fault = fault->next)
        log_fault(r, str_printf(r->arena, "%.*s in \"%.*s\"", STR_ARG(fault->why), STR_ARG(fault->item)));
    if (list.faults)
        redirect_report_faults(r, config, &list);
    switch (list.kind) {
    case REDIRECT_NOTHING:
        return list.faults ? only_faults(r) : ROUTER_DECLINE;
    case REDIRECT_ADDRESSES:
        return redirect_add_children(r, config, list.items);
    case REDIRECT_BLACKHOLE:
        return ROUTER_DISCARD;
    case REDIRECT_FAIL:
        return refuse(r, config, ROUTER_FAIL, list.message);
    case REDIRECT_DEFER:
        return refuse(r, config, ROUTER_DEFER, list.message);
    case REDIRECT_ERROR:
        break;
    }
    r->recipient->error = DELIVERY_BAD_REDIRECT;
    return routing_say(r, ROUTER_DEFER, "error in redirect %s: %.*s", source(config), STR_ARG(err.text));
}

static enum router_verdict redirect(struct routing *r, const struct redirect_config *config)
{
    struct str data, kind;
    enum router_verdict verdict = get_data(r, config, &data);

    if (verdict != ROUTER_ACCEPT)
        return verdict;
    kind = filter_kind(r->arena, data);
    return str_is_null(kind) ? use_list(r, config, data) : refuse_filter(r, config, kind);
}

/* Files are read with the rights of the user whose address it is. */
static enum router_verdict route(struct routing *r, const struct router_instance *router)
{
    struct redirect_user before;
    struct error err = ERROR_IN(r->arena);
    enum router_verdict verdict;

    if (!redirect_become_user(r, &before, &err))
        return routing_say_str(r, ROUTER_DEFER, err.text);
    verdict = redirect(r, router->instance.config);
    redirect_become_self(&before);
    return verdict;
}

extern const struct router_driver router_driver_redirect;
const struct router_driver router_driver_redirect = {
    .info = {.name = "redirect",
             .options = options,
             .option_count = sizeof options / sizeof *options,
             .config_size = sizeof(struct redirect_config)},
    .transport = ROUTER_TRANSPORT_NONE,
    .init = init,
    .route = route,
};
