/* Running ACLs: statement after statement until one decides (manual, 44.17 to 44.20). */
#include <stdarg.h>

#include "acl/kinds.h"
#include "base/buffer.h"
#include "base/log.h"

enum { MAX_DEPTH = 20 };

const char *acl_where_name(enum acl_where where)
{
    static const char *const names[] = {
#define X(id, text) text,
        ACL_WHERES(X)
#undef X
    };

    return names[where];
}

/* --- What checks are made of */

enum acl_check acl_say(struct acl_run *run, enum acl_check status, const char *format, ...)
{
    struct buffer text = BUFFER_IN(run->context->arena);
    va_list args;

    va_start(args, format);
    buffer_vprintf(&text, format, args);
    va_end(args);
    run->log_text = buffer_str(&text);
    run->user_text = STR_NULL;
    return status;
}

enum acl_check acl_expand(struct acl_run *run, const struct template *t, struct str text, struct str *value,
                          bool *forced)
{
    struct acl_context *context = run->context;
    struct error err = ERROR_IN(context->arena);
    enum expand_status status = expand(context->scope, t, context->arena, value, &err);

    *forced = status == EXPAND_FORCED;
    if (*forced)
        *value = STR("");
    if (status == EXPAND_OK || status == EXPAND_FORCED)
        return CHECK_TRUE;
    return acl_say(run, CHECK_ERROR, "failed to expand ACL string \"%.*s\": %.*s", STR_ARG(text),
                   STR_ARG(err.text));
}

/* --- One statement */

/* Shows the condition or modifier as written, and below it what its argument came out as. */
static void trace_item(const struct acl_run *run, const struct acl_item *item, struct str value)
{
    const struct acl_kind *kind = item->kind;
    struct buffer line = BUFFER_IN(run->context->arena);
    size_t width;

    if (!debug_on(DEBUG_acl) || kind->argument == ARGUMENT_NONE)
        return;
    if (kind->argument == ARGUMENT_MESSAGE) {
        buffer_printf(&line, "%9s: ", kind->check == acl_do_message ? "message" : "l_message");
        buffer_add(&line, item->text);
    } else {
        buffer_printf(&line, "check %s%s", item->negated ? "!" : "", kind->name);
        if (item->variable.n > 0)
            buffer_printf(&line, " %.*s", STR_ARG(item->variable));
        width = line.n;
        buffer_add_cstr(&line, " = ");
        buffer_add(&line, item->text);
        if (!str_is_null(value) && !str_eq(value, item->text)) {
            buffer_printf(&line, "\n%*s = ", (int)width, "");
            buffer_add(&line, value);
        }
    }
    debug(DEBUG_acl, "%.*s", STR_ARG(buffer_str(&line)));
}

static bool allowed_here(struct acl_run *run, const struct acl_item *item)
{
    enum acl_where where = run->context->where;

    if (item->kind->allowed & (UINT32_C(1) << where))
        return true;
    acl_say(run, CHECK_ERROR, "cannot %s %s condition in %s ACL", item->kind->modifier ? "use" : "test",
            item->kind->name, acl_where_name(where));
    return false;
}

static enum acl_check negate(enum acl_check status)
{
    switch (status) {
    case CHECK_TRUE:
        return CHECK_FALSE;
    case CHECK_FALSE:
    case CHECK_DROP:
        return CHECK_TRUE;
    case CHECK_DISCARD:
    case CHECK_DEFER:
    case CHECK_ERROR:
        break;
    }
    return status;
}

static enum acl_check check_item(struct acl_run *run, const struct acl_item *item)
{
    struct str value = STR_NULL;
    enum acl_check status;
    bool forced;

    if (item->kind->argument == ARGUMENT_VALUE || item->kind->argument == ARGUMENT_VARIABLE) {
        if (acl_expand(run, item->u.value, item->text, &value, &forced) != CHECK_TRUE)
            return CHECK_ERROR;
        if (forced)
            return CHECK_TRUE; /* as if it were not there, negated or not */
    }
    trace_item(run, item, value);
    if (!allowed_here(run, item))
        return CHECK_ERROR;
    status = item->kind->check(run, item, value);
    return item->negated ? negate(status) : status;
}

/* What verifying addresses has left for expansions stays for the statement only (44.33). */
static void forget_verifications(const struct scope *scope)
{
    if (scope->address != NULL)
        scope->address->address_data = STR_NULL;
    if (scope->message != NULL)
        scope->message->sender_address_data = STR_NULL;
}

static enum acl_check check_items(struct acl_run *run)
{
    const struct acl_statement *statement = run->statement;
    enum acl_check status = CHECK_TRUE;

    run->message = run->log_message = NULL;
    run->endpass = false;
    run->user_text = run->log_text = run->context->scope->acl->acl_verify_message = STR_NULL;
    forget_verifications(run->context->scope);
    for (size_t i = 0; i < statement->n && status == CHECK_TRUE; i++)
        status = check_item(run, &statement->items[i]);
    return status;
}

static void trace_check(const struct acl_run *run, enum acl_check status)
{
    static const char *const texts[] = {
        [CHECK_TRUE] = "succeeded",           [CHECK_FALSE] = "failed",
        [CHECK_DROP] = "yielded \"drop\"",    [CHECK_DISCARD] = "yielded \"discard\"",
        [CHECK_DEFER] = "deferred",           [CHECK_ERROR] = "error",
    };

    debug(DEBUG_acl, "%s: condition test %s in %.*s", run->statement->verb->name, texts[status],
              STR_ARG(run->acl->label));
}

/* --- What verbs make of it */

/* What warn does; whatever was said is not for an implicit deny. */
static void warn(struct acl_run *run, enum acl_check status)
{
    if (status == CHECK_TRUE)
        acl_warn(run);
    else if (status == CHECK_DEFER)
        acl_warn_skipped(run);
    run->user_text = run->log_text = STR_NULL;
}

/* The statement decides: *result. False: it does not, and *result stays. */
static bool decide(struct acl_run *run, enum acl_check status, enum acl_result *result)
{
    static const enum acl_result on_success[VERB_COUNT] = {
        [VERB_ACCEPT] = ACL_ACCEPT, [VERB_DEFER] = ACL_DEFER,  [VERB_DENY] = ACL_DENY,
        [VERB_DISCARD] = ACL_DISCARD, [VERB_DROP] = ACL_DROP,
    };
    const struct acl_verb *verb = run->statement->verb;

    if (verb->id == VERB_WARN && status != CHECK_ERROR) {
        warn(run, status);
        return false;
    }
    switch (status) {
    case CHECK_TRUE:
        if (verb->id == VERB_REQUIRE)
            return false;
        *result = on_success[verb->id];
        return true;
    case CHECK_DISCARD:
        *result = ACL_DISCARD;
        return true;
    case CHECK_FALSE:
    case CHECK_DROP:
        if (verb->id != VERB_REQUIRE && !run->endpass)
            return false;
        *result = status == CHECK_DROP ? ACL_DROP : ACL_DENY;
        return true;
    case CHECK_DEFER:
        *result = ACL_DEFER;
        return true;
    case CHECK_ERROR:
        break;
    }
    *result = ACL_ERROR;
    return true;
}

static void trace_decision(const struct acl_run *run, enum acl_check status)
{
    static const char *const words[VERB_COUNT] = {
        [VERB_ACCEPT] = "ACCEPT",   [VERB_DEFER] = "DEFER", [VERB_DENY] = "DENY",
        [VERB_DISCARD] = "DISCARD", [VERB_DROP] = "DROP",   [VERB_REQUIRE] = "not OK",
    };
    const struct acl_verb *verb = run->statement->verb;

    if (status == CHECK_DEFER || status == CHECK_ERROR)
        return;
    if (status != CHECK_TRUE && status != CHECK_DISCARD && verb->endpass)
        debug(DEBUG_acl, "%s: endpass encountered - denying access", verb->name);
    else
        debug(DEBUG_acl, "end of %.*s: %s", STR_ARG(run->acl->label), words[verb->id]);
}

static void trace_statement(const struct acl_run *run)
{
    const struct acl_statement *s = run->statement;

    if (s->where.file == NULL)
        debug(DEBUG_acl, "processing \"%s\" (inline line %u)", s->verb->name, s->where.line);
    else
        debug(DEBUG_acl, "processing \"%s\" (%s %u)", s->verb->name, s->where.file, s->where.line);
}

static enum acl_result run_statements(struct acl_run *run, struct acl_outcome *outcome)
{
    struct scope_acl *seen = run->context->scope->acl;
    const char *outer_verb = seen->verb;
    struct source_pos outer_where = seen->where;
    bool decided = false;

    for (size_t i = 0; i < run->acl->n && !decided; i++) {
        enum acl_check status;

        run->statement = &run->acl->statements[i];
        seen->verb = run->statement->verb->name;
        seen->where = run->statement->where;
        trace_statement(run);
        status = check_items(run);
        acl_use_messages(run, status);
        trace_check(run, status);
        decided = decide(run, status, &outcome->result);
        if (decided)
            trace_decision(run, status);
        if (decided && status != CHECK_DEFER && status != CHECK_ERROR)
            outcome->verb = run->statement->verb->name;
    }
    if (!decided)
        debug(DEBUG_acl, "end of %.*s: implicit DENY", STR_ARG(run->acl->label));
    seen->acl_verify_message = STR_NULL;
    seen->verb = outer_verb;
    seen->where = outer_where;
    outcome->endpass_or_implicit = !decided;
    outcome->user_message = run->user_text;
    outcome->log_message = run->log_text;
    return outcome->result;
}

/* --- Whole ACLs */

/* The ACL is at fault: text says why in the log, the peer gets the default text. */
static enum acl_result fail(struct acl_outcome *outcome, struct str text)
{
    outcome->user_message = STR_NULL;
    outcome->log_message = text;
    outcome->endpass_or_implicit = false;
    return outcome->result = ACL_ERROR;
}

enum acl_result acl_run_spec(struct acl_context *context, struct str spec, struct acl_outcome *outcome)
{
    struct error err = ERROR_IN(context->arena);
    struct acl_run run = {.context = context};

    *outcome = (struct acl_outcome){.result = ACL_DENY, .endpass_or_implicit = true};
    if (context->depth > MAX_DEPTH)
        return fail(outcome, STR("ACL nested too deep: possible loop"));
    run.acl = acl_find(context, spec, &err);
    if (run.acl == NULL)
        return fail(outcome, err.text);
    if (run.acl->named && run.acl->n == 0) {
        debug(DEBUG_acl, "%.*s is empty: implicit DENY", STR_ARG(run.acl->label));
        return ACL_DENY;
    }
    if (run.acl->named)
        debug(DEBUG_acl, "using %.*s", STR_ARG(run.acl->label));
    context->depth++;
    run_statements(&run, outcome);
    context->depth--;
    return outcome->result;
}

/* What an ACL may say depends on where it runs (44.10, 44.11, 44.13). */
static void restrict_outcome(const struct acl_context *context, struct acl_outcome *outcome)
{
    const uint32_t quitting = ACL_AT(QUIT) | ACL_AT(NOTQUIT);
    const uint32_t discarding = (ACL_RECEIVING & ~(ACL_AT(PREDATA) | ACL_AT(NOTSMTP_START))) | quitting;
    const uint32_t here = UINT32_C(1) << context->where;
    const struct str user_message = outcome->user_message;
    const char *verb = NULL;

    if ((here & quitting) && outcome->verb != NULL && !str_is(STR("accept"), outcome->verb)) {
        fail(outcome, str_printf(context->arena, "QUIT or not-QUIT toplevel ACL may not fail "
                                 "('%s' verb used incorrectly)", outcome->verb));
        outcome->user_message = user_message; /* it words the reply all the same */
        return;
    }
    if (outcome->result == ACL_DISCARD && !(here & discarding))
        verb = "discard";
    else if (outcome->result == ACL_DROP && (here & ACL_AT(MAILAUTH)))
        verb = "drop";
    if (verb != NULL) {
        log_write(LOG_MAIN | LOG_PANIC, "\"%s\" verb not allowed in %s ACL", verb,
                  acl_where_name(context->where));
        fail(outcome, outcome->log_message);
    }
}

static void run_option(struct acl_context *context, const struct template *spec, struct acl_outcome *outcome)
{
    struct error err = ERROR_IN(context->arena);
    struct str text;

    switch (expand(context->scope, spec, context->arena, &text, &err)) {
    case EXPAND_OK:
        acl_run_spec(context, text, outcome);
        restrict_outcome(context, outcome);
        break;
    case EXPAND_FORCED: /* as if the option were not set */
        break;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        fail(outcome, str_printf(context->arena, "failed to expand ACL string \"%.*s\": %.*s",
                                 STR_ARG(template_source(spec)), STR_ARG(err.text)));
    }
}

void acl_run(struct acl_context *context, const struct template *spec, struct acl_outcome *outcome)
{
    struct scope_acl none = {.nargs = 0}, *seen = context->scope->acl;

    *outcome = (struct acl_outcome){.result = ACL_ACCEPT};
    context->log_reject_target = LOG_MAIN | LOG_REJECT;
    context->sender_failed = NULL;
    context->rates = (struct acl_rates){.arena = context->arena};
    if (spec != NULL) {
        if (seen == NULL)
            context->scope->acl = &none;
        run_option(context, spec, outcome);
        context->scope->acl = seen;
    }
    outcome->log_reject_target = context->log_reject_target;
    outcome->sender_failed = context->sender_failed;
}
