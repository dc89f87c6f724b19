/* control = debug (manual, 44.22): debugging output into a log of its own, for the sessions that an admin
 * wants to look at. It ends with the session. */
#include "acl/control.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/log.h"

struct debug_request {
    struct str tag, selectors; /* STR_NULL: not given */
    bool stop, kill;
};

/* A tag becomes part of a file name: it cannot lead to another directory. */
static bool good_tag(struct str tag)
{
    for (size_t i = 0; i < tag.n; i++)
        if (tag.s[i] == '/' || ascii_is_control(tag.s[i]))
            return false;
    return true;
}

static bool read_option(struct arena *arena, struct str option, struct debug_request *request,
                        struct error *err)
{
    if (str_starts(option, "tag=")) {
        request->tag = str_sub(arena, option, 4, option.n);
        if (!good_tag(request->tag))
            request->tag = STR("");
    } else if (str_starts(option, "opts=")) {
        request->selectors = str_sub(arena, option, 5, option.n);
    } else if (str_is(option, "stop")) {
        request->stop = true;
    } else if (str_is(option, "kill")) {
        request->kill = true;
    } else if (str_starts(option, "pretrigger=") || str_starts(option, "trigger=")) {
        return error_set(err,
                         "option \"%.*s\" of control \"debug\" is known to Exim but not supported by "
                         "gatepost",
                         (int)str_find(option, '='), option.s);
    } else {
        return error_set(err, "syntax error in \"control=debug/%.*s\"", STR_ARG(option));
    }
    return true;
}

static void stop(void *unused)
{
    (void)unused;
    debug_log_stop(false);
}

bool acl_control_debug(struct acl_context *context, struct str parameter, struct error *err)
{
    const struct scope *scope = context->scope;
    struct debug_request request = {.tag = STR_NULL};

    for (size_t i = 0, n; i < parameter.n; i += n + 1) {
        for (n = 0; i + n < parameter.n && parameter.s[i + n] != '/'; n++)
            ;
        if (!read_option(context->arena, str_sub(context->arena, parameter, i, n), &request, err))
            return false;
    }
    if (request.stop || request.kill) {
        debug_log_stop(request.kill);
        return true;
    }
    debug(DEBUG_acl, "DEBUGGING ACTIVATED FROM WITHIN CONFIG.\nDEBUG: Tag=\"%s\" opts=\"%s\"",
          str_is_null(request.tag) ? "NULL" : request.tag.s,
          str_is_null(request.selectors) ? "" : request.selectors.s);
    if (scope->connection != NULL && scope->connection->is_test)
        return true; /* the tester sees it all */
    if (debug_log_start(request.tag, request.selectors, err))
        arena_defer(scope->arena, stop, NULL);
    else
        log_write_str(LOG_MAIN | LOG_PANIC, err->text); /* mail is not turned away for that */
    return true;
}
