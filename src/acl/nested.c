/* ACLs that run within others (manual, 44.26, and ${acl} of chapter 11): the acl condition and the
 * expansion's service. Arguments are $acl_arg1 ... while the inner ACL runs. */
#include "acl/kinds.h"
#include "base/log.h"

/* How much further in debugging lines stand. */
enum { CONDITION_COLUMNS = 1, EXPANSION_COLUMNS = 2 };

static enum acl_result run_with_arguments(struct acl_context *context, int columns, struct str name,
                                          const struct str *args, unsigned nargs, struct acl_outcome *outcome)
{
    struct scope_acl *seen = context->scope->acl;
    struct scope_acl outer = *seen;
    enum acl_result result;

    if (nargs > SCOPE_ACL_ARGS)
        nargs = SCOPE_ACL_ARGS;
    for (unsigned i = 0; i < SCOPE_ACL_ARGS; i++)
        seen->args[i] = i < nargs ? args[i] : STR_NULL;
    seen->nargs = nargs;
    debug_indent(columns);
    result = acl_run_spec(context, name, outcome);
    debug_indent(-columns);
    for (unsigned i = 0; i < SCOPE_ACL_ARGS; i++)
        seen->args[i] = outer.args[i];
    seen->nargs = outer.nargs;
    return result;
}

/* Expands the name and the arguments; one that is forced to fail is empty. */
static bool expand_call(struct acl_run *run, const struct acl_call *call, struct str *name, struct str *args)
{
    bool forced;

    if (acl_expand(run, call->name, call->name_text, name, &forced) != CHECK_TRUE)
        return false;
    for (unsigned i = 0; i < call->nargs; i++)
        if (acl_expand(run, call->args[i], call->name_text, &args[i], &forced) != CHECK_TRUE)
            return false;
    return true;
}

/* What the inner ACL said is what the condition says. */
enum acl_check acl_check_nested(struct acl_run *run, const struct acl_item *item, struct str value)
{
    const struct acl_call *call = item->u.call;
    struct str name, args[SCOPE_ACL_ARGS];
    struct acl_outcome outcome;
    enum acl_result result;

    (void)value;
    if (!expand_call(run, call, &name, args))
        return CHECK_ERROR;
    result = run_with_arguments(run->context, CONDITION_COLUMNS, name, args, call->nargs, &outcome);
    run->user_text = outcome.user_message;
    run->log_text = outcome.log_message;
    switch (result) {
    case ACL_ACCEPT:
        return CHECK_TRUE;
    case ACL_DISCARD:
        if (run->statement->verb->endpass)
            return CHECK_DISCARD;
        return acl_say(run, CHECK_ERROR,
                       "nested ACL returned \"discard\" for \"%s\" command (only allowed with \"accept\" or "
                       "\"discard\")", run->statement->verb->name);
    case ACL_DENY:
        return CHECK_FALSE;
    case ACL_DROP:
        return CHECK_DROP;
    case ACL_DEFER:
        return CHECK_DEFER;
    case ACL_ERROR:
        break;
    }
    return CHECK_ERROR;
}

enum match_result acl_run_named(struct acl_context *context, struct str name, const struct str *args,
                                unsigned nargs, struct str *message, struct error *err)
{
    struct scope_acl none = {.nargs = 0}, *seen = context->scope->acl;
    struct acl_outcome outcome;
    enum acl_result result;

    if (seen == NULL)
        context->scope->acl = &none;
    context->rates = (struct acl_rates){.arena = context->arena}; /* as for any ACL that is run for itself */
    result = run_with_arguments(context, EXPANSION_COLUMNS, name, args, nargs, &outcome);
    context->scope->acl = seen;
    *message = outcome.user_message;
    switch (result) {
    case ACL_ACCEPT:
        return MATCH_YES;
    case ACL_DENY:
        return MATCH_NO;
    case ACL_DEFER:
        return MATCH_DEFER;
    case ACL_DISCARD:
        error_set(err, "DISCARD from acl \"%.*s\"", STR_ARG(name));
        return MATCH_ERROR;
    case ACL_DROP:
        error_set(err, "FAIL_DROP from acl \"%.*s\"", STR_ARG(name));
        return MATCH_ERROR;
    case ACL_ERROR:
        break;
    }
    error_set(err, "ERROR from acl \"%.*s\"", STR_ARG(name));
    return MATCH_ERROR;
}
