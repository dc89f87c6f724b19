/* verify = sender and recipient (manual, 44.33): whoever runs the ACL has a service that routes
 * addresses. */
#include "acl/verify.h"

#include <string.h>

#include "base/clock.h"
#include "mail/header.h"

/* --- Options */

static enum acl_check bad_time(struct acl_run *run, const struct acl_verify *verify)
{
    return acl_say(run, CHECK_ERROR, "bad time value in ACL condition \"verify %.*s\"", STR_ARG(verify->value));
}

/* A flag of mail_verify_options. */
struct flag {
    const char *name;
    size_t offset;
};

#define FLAG(name_, field_) {name_, offsetof(struct mail_verify_options, field_)}

static bool set_flag(const struct flag *flags, size_t count, struct str name, struct mail_verify_options *options)
{
    for (size_t i = 0; i < count; i++)
        if (str_is_nocase(name, flags[i].name)) {
            *(bool *)((char *)options + flags[i].offset) = true;
            return true;
        }
    return false;
}

/* `name = value`: what stands behind the equals sign; STR_NULL for another name. */
static struct str value_of(struct arena *arena, struct str item, const char *name)
{
    ptrdiff_t equals = str_find(item, '=');

    if (equals < 0 || !str_is_nocase(str_trim(arena, str_sub(arena, item, 0, (size_t)equals)), name))
        return STR_NULL;
    return str_trim(arena, str_sub(arena, item, (size_t)equals + 1, item.n));
}

/* Texts and times with a name. *found: it is one of them. */
static enum acl_check take_named(struct acl_run *run, const struct acl_verify *verify, struct str item,
                                 struct mail_verify_options *options, bool *found)
{
    static const struct flag texts[] = {
        FLAG("mailfrom", mailfrom), FLAG("postmaster_mailfrom", postmaster_mailfrom)};
    static const struct flag times[] = {FLAG("connect", connect_timeout), FLAG("maxwait", maxwait)};
    struct arena *arena = run->context->arena;
    struct str value;

    *found = true;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!str_is_null(value = value_of(arena, item, texts[i].name))) {
            *(struct str *)((char *)options + texts[i].offset) = value;
            options->callout_postmaster |= i == 1;
            return CHECK_TRUE;
        }
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (!str_is_null(value = value_of(arena, item, times[i].name)))
            return interval_parse(value, (int *)((char *)options + times[i].offset)) ? CHECK_TRUE
                                                                                     : bad_time(run, verify);
    *found = false;
    return CHECK_TRUE;
}

/* What follows `callout =`. */
static enum acl_check take_callout(struct acl_run *run, const struct acl_verify *verify, struct str text,
                                   struct mail_verify_options *options)
{
    static const struct flag flags[] = {
        FLAG("defer_ok", callout_defer_ok),       FLAG("no_cache", callout_no_cache),
        FLAG("random", callout_random),           FLAG("use_sender", use_sender),
        FLAG("use_postmaster", use_postmaster),   FLAG("postmaster", callout_postmaster),
        FLAG("fullpostmaster", full_postmaster),  FLAG("hold", callout_hold),
    };
    struct strlist it;
    struct str item;
    enum acl_check status;
    bool found;

    strlist_begin(&it, text, ',');
    while (strlist_next(&it, run->context->arena, &item)) {
        if (set_flag(flags, sizeof flags / sizeof *flags, item, options))
            continue;
        status = take_named(run, verify, item, options, &found);
        if (status != CHECK_TRUE)
            return status;
        if (!found && !interval_parse(item, &options->timeout))
            return bad_time(run, verify);
    }
    options->callout_postmaster |= options->full_postmaster;
    return CHECK_TRUE;
}

static enum acl_check hold_refused(struct acl_run *run, const struct acl_verify *verify)
{
    return acl_say(run, CHECK_ERROR, "callout option \"hold\" of ACL condition \"verify %.*s\" is known to Exim but not "
                   "supported by gatepost", STR_ARG(verify->value));
}

static enum acl_check take_option(struct acl_run *run, struct acl_verify *verify, struct str option,
                                  struct mail_verify_options *options)
{
    static const struct flag flags[] = {
        FLAG("callout", callout),
        FLAG("defer_ok", defer_ok),
        FLAG("no_details", no_details),
        FLAG("success_on_redirect", success_on_redirect),
    };
    enum acl_check status;
    struct str value;

    if (set_flag(flags, sizeof flags / sizeof *flags, option, options))
        return CHECK_TRUE;
    value = value_of(run->context->arena, option, "callout");
    if (!str_is_null(value)) {
        options->callout = true;
        status = take_callout(run, verify, value, options);
        return status == CHECK_TRUE && options->callout_hold ? hold_refused(run, verify) : status;
    }
    if (str_is_nocase(option, "quota") || !str_is_null(value_of(run->context->arena, option, "quota")))
        return acl_say(run, CHECK_ERROR, "option \"quota\" of ACL condition \"verify %.*s\" is known to Exim but not "
                       "supported by gatepost", STR_ARG(verify->value));
    return acl_verify_unknown_option(run, verify, option);
}

/* What goes with what (manual, 44.44). */
static enum acl_check check_callout(struct acl_run *run, const struct acl_verify *verify,
                                    const struct mail_verify_options *options, enum acl_verified_kind kind)
{
    bool named = options->use_sender || options->use_postmaster;

    if (kind != ACL_VERIFIED_HEADER_SENDER && !str_is_null(options->mailfrom))
        return acl_say(run, CHECK_ERROR, "\"mailfrom\" is allowed as a callout option only for verify=header_sender "
                       "(detected in ACL condition \"%.*s\")", STR_ARG(verify->value));
    if (kind != ACL_VERIFIED_RECIPIENT && named)
        return acl_say(run, CHECK_ERROR, "use_sender or use_postmaster cannot be used for a sender verify callout");
    if (options->use_sender && options->use_postmaster)
        return acl_say(run, CHECK_ERROR,
                       "only one of use_sender and use_postmaster can be set for a recipient callout");
    return CHECK_TRUE;
}

enum acl_check acl_verify_options(struct acl_run *run, struct acl_verify *verify, struct mail_verify_options *options,
                                  enum acl_verified_kind kind)
{
    struct str option;

    *options = (struct mail_verify_options){.mailfrom = STR_NULL};
    while (acl_verify_option(verify, &option)) {
        enum acl_check status =
            str_is_empty(option) ? CHECK_TRUE : take_option(run, verify, option, options);

        if (status != CHECK_TRUE)
            return status;
    }
    return check_callout(run, verify, options, kind);
}

/* --- Verifying */

bool acl_verify_ask(struct acl_run *run, struct mail_verify *request, enum mail_verify_result *result)
{
    const struct mail_services *services = run->context->services;

    if (services == NULL || services->verify == NULL)
        return false;
    request->handling = run->context->handling;
    *result = services->verify(services->ctx, run->context->scope, request);
    return true;
}

static enum acl_check of_result(enum mail_verify_result result, const struct mail_verify_options *options)
{
    switch (result) {
    case VERIFY_OK:
        return CHECK_TRUE;
    case VERIFY_FAIL:
        return CHECK_FALSE;
    case VERIFY_DEFER:
        break;
    }
    return options->defer_ok ? CHECK_TRUE : CHECK_DEFER;
}

enum acl_check acl_verify_no_service(struct acl_run *run)
{
    return acl_say(run, CHECK_ERROR, "addresses cannot be verified here");
}

/* It was not routing that failed. */
static bool by_callout(struct str failure)
{
    return !str_is(failure, "route");
}

/* --- recipient */

enum acl_check acl_verify_recipient(struct acl_run *run, struct acl_verify *verify)
{
    struct acl_context *context = run->context;
    struct scope *scope = context->scope;
    struct mail_verify request = {.address = context->recipient};
    enum mail_verify_result result;
    enum acl_check status = acl_verify_options(run, verify, &request.options, ACL_VERIFIED_RECIPIENT);

    if (status != CHECK_TRUE)
        return status;
    if (str_is_null(context->recipient))
        return acl_say(run, CHECK_ERROR, "cannot verify recipient in ACL for %s", acl_where_name(context->where));
    if (!acl_verify_ask(run, &request, &result))
        return acl_verify_no_service(run);
    if (scope->address != NULL) {
        /* Routing has its own data of these kinds: what the ACL found is gone, as in Exim. */
        scope->address->domain_data = scope->address->local_part_data = STR_NULL;
        scope->address->address_data = request.address_data;
    }
    scope->acl->recipient_verify_failure = request.failure;
    if (result == VERIFY_OK)
        return CHECK_TRUE;
    status = of_result(result, &request.options);
    if (status == CHECK_TRUE)
        return status;
    run->log_text = request.log_message;
    run->user_text = result == VERIFY_FAIL && !by_callout(request.failure) && str_is_null(request.user_message)
                         ? request.log_message : request.user_message;
    return status;
}

/* --- sender */

/* The result for that address and these demands is known already. */
static struct acl_verified *known(const struct acl_context *context, struct str address,
                                  const struct mail_verify_options *options)
{
    struct acl_verified *v = context->verified == NULL ? NULL : context->verified->first;

    while (v != NULL && !(str_eq(v->address, address) && v->callout == options->callout))
        v = v->next;
    return v;
}

/* Asks, and remembers the answer for as long as the message goes on. */
static struct acl_verified *verify_sender(struct acl_run *run, struct mail_verify *request)
{
    struct acl_verifications *all = run->context->verified;
    struct arena *arena = all == NULL ? run->context->arena : all->arena;
    struct acl_verified *v = ARENA_NEW(arena, struct acl_verified);

    if (!acl_verify_ask(run, request, &v->result))
        return NULL;
    v->address = str_copy(arena, request->address);
    v->callout = request->options.callout;
    v->message = str_copy(arena, request->log_message);
    v->user_message = str_copy(arena, request->user_message);
    v->failure = request->failure; /* a constant */
    v->address_data = str_copy(arena, request->address_data);
    if (all != NULL) {
        v->next = all->first;
        all->first = v;
    }
    return v;
}

enum acl_check acl_verify_sender(struct acl_run *run, struct acl_verify *verify)
{
    struct acl_context *context = run->context;
    struct scope_message *message = context->scope->message;
    struct mail_verify request = {.sender = true};
    struct acl_verified *v;
    enum acl_check status = acl_verify_options(run, verify, &request.options, ACL_VERIFIED_SENDER);

    if (status != CHECK_TRUE)
        return status;
    request.address = !str_is_empty(verify->address) ? verify->address
                      : message != NULL              ? message->sender_address
                                                     : STR("");
    if (str_is_empty(request.address))
        return CHECK_TRUE;
    v = known(context, request.address, &request.options);
    if (v == NULL)
        v = verify_sender(run, &request);
    if (v == NULL)
        return acl_verify_no_service(run);
    if (message != NULL)
        message->sender_address_data = v->address_data;
    context->scope->acl->sender_verify_failure = v->failure;
    if (v->result == VERIFY_OK)
        return CHECK_TRUE;
    status = of_result(v->result, &request.options);
    if (status == CHECK_TRUE)
        return status;
    v->no_details = request.options.no_details;
    context->sender_failed = v;
    run->log_text = status == CHECK_FALSE ? STR("Sender verify failed") : STR("Could not complete sender verify");
    if (status == CHECK_DEFER && by_callout(v->failure))
        run->log_text = v->user_message;
    if (status == CHECK_FALSE || by_callout(v->failure))
        run->user_text = run->log_text;
    return status;
}
