/* Preconditions: whether a router runs for an address (manual, 3.12). They are tested in the order of the
 * manual. */
#include <pwd.h>
#include <stdio.h>

#include "base/truth.h"
#include "routers/routing.h"

/* Why a router is skipped, for debugging. */
static enum precondition skip(const struct routing *r, const char *why)
{
    debug(DEBUG_route, "%.*s router skipped: %s", STR_ARG(r->router->instance.name), why);
    return PRECONDITION_SKIPS;
}

/* What it is wanted for. */
static enum precondition check_purpose(struct routing *r)
{
    const struct router_instance *router = r->router;

    switch (r->purpose) {
    case ROUTING_VERIFY_RECIPIENT:
        return router->verify_recipient ? PRECONDITION_HOLDS : skip(r, "verify 1 0 1");
    case ROUTING_VERIFY_SENDER:
        return router->verify_sender ? PRECONDITION_HOLDS : skip(r, "verify 2 1 0");
    case ROUTING_EXPN:
        if (!router->expn)
            return skip(r, "no_expn set");
        break;
    case ROUTING_TEST:
        if (!router->address_test)
            return skip(r, "address_test is unset");
        break;
    case ROUTING_DELIVERY:
        break;
    }
    return router->verify_only ? skip(r, "verify_only set") : PRECONDITION_HOLDS;
}

/* What matching a list said about an option; the reason of a failure is in the log already. */
static enum precondition of_match(struct routing *r, enum match_result result, const char *option)
{
    switch (result) {
    case MATCH_YES:
        return PRECONDITION_HOLDS;
    case MATCH_NO:
        return skip(r, str_printf(r->arena, "%s mismatch", option).s);
    case MATCH_DEFER:
    case MATCH_ERROR:
        break;
    }
    routing_say(r, ROUTER_DEFER, "%s check lookup or other defer", option);
    return PRECONDITION_DEFERS;
}

static enum precondition check_list(struct routing *r, const struct list *list, const char *option,
                                    struct str subject, struct str *data)
{
    struct error err = ERROR_IN(r->arena);
    struct str found = STR_NULL;
    enum match_result result;

    if (!list)
        return PRECONDITION_HOLDS;
    debug(DEBUG_route, "checking %s", option);
    result = list_match(r->scope, list, subject, &found, &err);
    if (result == MATCH_YES && data) {
        *data = str_copy(r->arena, found);
        routing_show(r);
    }
    return of_match(r, result, option);
}

static enum precondition check_local_user(struct routing *r)
{
    struct mail_recipient *recipient = r->recipient;
    const struct passwd *user;

    if (!r->router->check_local_user)
        return PRECONDITION_HOLDS;
    user = getpwnam(recipient->local_part.s);
    if (!user)
        return skip(r, "local user does not exist");
    r->user = (struct routing_user){
        .found = true,
        .home = str_copy(r->arena, str_of(user->pw_dir)),
        .uid = user->pw_uid,
        .gid = user->pw_gid,
    };
    r->home = r->user.home;
    recipient->properties.local_part_data = str_copy(r->arena, str_of(user->pw_name));
    recipient->local_user_uid = user->pw_uid;
    recipient->local_user_gid = user->pw_gid;
    routing_show(r);
    return PRECONDITION_HOLDS;
}

static enum precondition set_home(struct routing *r)
{
    struct error err = ERROR_IN(r->arena);
    const struct template *option = r->router->router_home_directory;
    struct str home;

    if (!option)
        return PRECONDITION_HOLDS;
    switch (expand(r->scope, option, r->arena, &home, &err)) {
    case EXPAND_OK:
        r->home = home;
        routing_show(r);
        return PRECONDITION_HOLDS;
    case EXPAND_FORCED:
        return PRECONDITION_HOLDS;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        break;
    }
    routing_say(r, ROUTER_DEFER, "failed to expand \"%.*s\" for router_home_directory: %.*s",
                STR_ARG(template_source(option)), STR_ARG(err.text));
    return PRECONDITION_DEFERS;
}

/* debug_print: a test shows it even without -d. */
static void print_debug(struct routing *r)
{
    struct error err = ERROR_IN(r->arena);
    const struct template *option = r->router->debug_print;
    struct str text;

    if (!option || !(r->purpose == ROUTING_TEST || debug_on(DEBUG_route)))
        return;
    if (expand(r->scope, option, r->arena, &text, &err) != EXPAND_OK)
        text = str_printf(r->arena, "%.*s router: failed to expand debug_print: %.*s",
                          STR_ARG(r->router->instance.name), STR_ARG(err.text));
    if (debug_any())
        debug(DEBUG_route, "%.*s", STR_ARG(text));
    else
        fprintf(stderr, "%.*s%s", STR_ARG(text), str_ends(text, "\n") ? "" : "\n");
}

/* Anything but the words for no makes it run; a failure of the expansion is logged and counts as no, as in Exim. */
static enum precondition check_condition(struct routing *r)
{
    struct error err = ERROR_IN(r->arena);
    const struct template *condition = r->router->condition;
    struct str value;

    if (!condition)
        return PRECONDITION_HOLDS;
    debug(DEBUG_route, "checking \"condition\" \"%.80s\"...", template_source(condition).s);
    switch (expand(r->scope, condition, r->arena, &value, &err)) {
    case EXPAND_OK:
        return truth_of(value) == TRUTH_NO ? skip(r, "condition failure") : PRECONDITION_HOLDS;
    case EXPAND_FORCED:
        return skip(r, "condition failure");
    case EXPAND_FAILED:
        log_write(LOG_MAIN | LOG_PANIC, "failed to expand condition \"%.*s\" for %.*s router: %.*s",
                  STR_ARG(template_source(condition)), STR_ARG(r->router->instance.name), STR_ARG(err.text));
        return skip(r, "condition failure");
    case EXPAND_DEFER:
        break;
    }
    routing_say(r, ROUTER_DEFER, "condition check lookup defer");
    return PRECONDITION_DEFERS;
}

static struct str sender_of(const struct routing *r)
{
    const struct scope_message *message = r->scope->message;

    return message && !str_is_null(message->sender_address) ? message->sender_address : STR("");
}

static enum precondition check_domains(struct routing *r)
{
    return check_list(r, r->router->domains, "domains", r->recipient->domain, &r->recipient->properties.domain_data);
}

static enum precondition check_local_parts(struct routing *r)
{
    return check_list(r, r->router->local_parts, "local_parts", r->recipient->local_part,
                      &r->recipient->properties.local_part_data);
}

static enum precondition show_debug(struct routing *r)
{
    print_debug(r);
    return PRECONDITION_HOLDS;
}

static enum precondition check_senders(struct routing *r)
{
    return check_list(r, r->router->senders, "senders", sender_of(r), NULL);
}

enum precondition routing_preconditions(struct routing *r)
{
    static enum precondition (*const checks[])(struct routing *) = {
        check_purpose, check_domains, check_local_parts, check_local_user, set_home,
        show_debug,    check_senders, routing_require_files, check_condition,
    };

    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        enum precondition result = checks[i](r);

        if (result != PRECONDITION_HOLDS)
            return result;
    }
    return PRECONDITION_HOLDS;
}
