/* Controls that say what is to be done with the message being received (manual, 44.22): they leave word in its
 * struct mail_handling, for whoever takes the message over. */
#include "acl/control.h"

#include <string.h>

#include "mail/message.h"

/* The next part of `/name=value/...`; takes it off. */
static struct str next_part(struct str *parameter)
{
    struct str part = *parameter;
    ptrdiff_t slash = str_find(part, '/');

    if (slash < 0) {
        *parameter = STR_NULL;
        return part;
    }
    part.n = (size_t)slash;
    *parameter = (struct str){part.s + slash + 1, parameter->n - part.n - 1, part.tainted};
    return part;
}

static bool takes_value(struct str part, const char *name, struct arena *arena, struct str *value)
{
    size_t n = strlen(name);

    if (!str_starts(part, name))
        return false;
    *value = str_copy_n(arena, part.s + n, part.n - n, part.tainted);
    return true;
}

/* submission/sender_retain/domain=.../name=...: the name goes on to the end. */
static bool set_submission(struct mail_handling *handling, struct arena *arena, struct str parameter)
{
    handling->submission = true;
    while (!str_is_null(parameter)) {
        if (takes_value(parameter, "name=", arena, &handling->submission_name))
            return true;
        struct str part = next_part(&parameter);

        if (str_is(part, "sender_retain"))
            handling->sender_retain = true;
        else if (!takes_value(part, "domain=", arena, &handling->submission_domain))
            return false;
    }
    return true;
}

/* Nobody is told only if every such control says so. */
static bool set_freeze(struct mail_handling *handling, struct str parameter)
{
    bool no_tell = str_is(parameter, "no_tell");

    if (!str_is_null(parameter) && !no_tell)
        return false;
    handling->freeze_no_tell = no_tell && (handling->freeze_no_tell || !handling->freeze);
    handling->freeze = true;
    return true;
}

/* 1 (the default): must be converted; 0: must not; -1: if the next host needs it. What follows the digit does
 * not matter to Exim. */
static bool set_downconvert(struct mail_handling *handling, struct str parameter)
{
    bool maybe = str_starts(parameter, "-1");

    if (!str_is_null(parameter) && !maybe && !str_starts(parameter, "1") && !str_starts(parameter, "0"))
        return false;
    handling->utf8_downconvert = !maybe && !str_starts(parameter, "0");
    handling->utf8_downconvert_maybe = maybe;
    return true;
}

/* Options that Exim does not know it does not mind. */
static bool set_queueing(struct mail_handling *handling, struct str parameter)
{
    handling->queue_only = true;
    while (!str_is_null(parameter))
        if (str_is(next_part(&parameter), "first_pass_route"))
            handling->queue_first_pass_routing = true;
    return true;
}

static bool set(struct mail_handling *handling, struct arena *arena, const struct acl_control *control,
                struct str parameter)
{
    switch (control->id) {
    case CONTROL_FREEZE:
        return set_freeze(handling, parameter);
    case CONTROL_NO_MBOX_UNSPOOL:
        handling->no_mbox_unspool = true;
        return true;
    case CONTROL_QUEUE:
    case CONTROL_QUEUE_ONLY:
        return set_queueing(handling, parameter);
    case CONTROL_SUBMISSION:
        return set_submission(handling, arena, parameter);
    case CONTROL_SUPPRESS_LOCAL_FIXUPS:
        handling->suppress_local_fixups = true;
        return true;
    case CONTROL_UTF8_DOWNCONVERT:
        return set_downconvert(handling, parameter);
    default:
        return false;
    }
}

bool acl_control_of_message(struct acl_context *context, const struct acl_control *control, struct str value,
                            struct str parameter, struct error *err)
{
    if (context->handling == NULL)
        return error_set(err, "cannot use \"control=%s\": there is no message", control->name);
    if (set(context->handling, context->handling_arena, control, parameter))
        return true;
    if (control->id == CONTROL_UTF8_DOWNCONVERT)
        return error_set(err, "bad option value for control=utf8_downconvert");
    return error_set(err, "syntax error in \"control=%.*s\"", STR_ARG(value));
}
