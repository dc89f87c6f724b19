/* The redirect router (manual, chapter 22): aliases and forward files. */
#include "routers/redirect.h"

#include "routers/generic.h"
#include "routers/router.h"

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

extern const struct router_driver router_driver_redirect;
const struct router_driver router_driver_redirect = {
    .info = {.name = "redirect",
             .options = options,
             .option_count = sizeof options / sizeof *options,
             .config_size = sizeof(struct redirect_config)},
    .transport = ROUTER_TRANSPORT_NONE,
    .init = init,
};
