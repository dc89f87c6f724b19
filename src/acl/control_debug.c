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

/* A tag becomes part of a file name, so it holds nothing that shells and eyes stumble over. */
static bool good_tag(struct str tag)
{
    for (size_t i = 0; i < tag.n; i++)
        if (ascii_is_control(tag.s[i]))
            return false;
    return true;
}

/* Is it an option of that name, with an argument? */
static bool is_option(struct str option, const char *name)
{
    ptrdiff_t equals = str_find(option, '=');

    return equals >= 0 && str_is((struct str){option.s, (size_t)equals, false}, name);
}

/* Calls read for every option. False as soon as that is false. */
static bool each_option(struct str parameter,
                        bool (*read)(struct str option, struct debug_request *, struct error *),
                        struct debug_request *request, struct error *err)
{
    for (size_t i = 0, n; i < parameter.n; i += n + 1) {
        for (n = 0; i + n < parameter.n && parameter.s[i + n] != '/'; n++)
            ;
        if (!read((struct str){parameter.s + i, n, parameter.tainted}, request, err))
            return false;
    }
    return true;
}

static bool refuse_unsupported(struct str option, struct debug_request *unused, struct error *err)
{
    (void)unused;
    if (is_option(option, "pretrigger") || is_option(option, "trigger"))
        return error_set(err, "option \"%.*s\" of control \"debug\" is known to Exim but not "
                         "supported by gatepost", (int)str_find(option, '='), option.s);
    return true;
}

static struct str argument(struct str option)
{
    size_t at = (size_t)str_find(option, '=') + 1;

    return (struct str){option.s + at, option.n - at, option.tainted};
}

static bool read_option(struct str option, struct debug_request *request, struct error *err)
{
    if (is_option(option, "tag"))
        request->tag = good_tag(argument(option)) ? argument(option) : STR("");
    else if (is_option(option, "opts"))
        request->selectors = argument(option);
    else if (str_is(option, "stop"))
        request->stop = true;
    else if (str_is(option, "kill"))
        request->kill = true;
    else if (!refuse_unsupported(option, request, err))
        return false;
    else /* Exim says nothing; mail is not turned away for that */
        log_write(LOG_MAIN | LOG_PANIC, "unknown option \"%.*s\" of control \"debug\" ignored",
                  STR_ARG(option));
    return true;
}

bool acl_control_debug_inspect(struct str parameter, struct error *err)
{
    return each_option(parameter, refuse_unsupported, NULL, err);
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
    struct str shown_tag;

    if (!each_option(parameter, read_option, &request, err))
        return false;
    if (request.stop || request.kill) {
        debug_log_stop(request.kill);
        return true;
    }
    shown_tag = str_is_null(request.tag) ? STR("NULL") : request.tag;
    debug(DEBUG_acl, "DEBUGGING ACTIVATED FROM WITHIN CONFIG.\nDEBUG: Tag=\"%.*s\" opts=\"%.*s\"",
          STR_ARG(shown_tag), STR_ARG(request.selectors));
    if (scope->connection != NULL && scope->connection->is_test)
        return true; /* the tester sees it all */
    if (debug_log_start(request.tag, request.selectors, err))
        arena_defer(scope->arena, stop, NULL);
    else
        log_write_str(LOG_MAIN | LOG_PANIC, err->text); /* mail is not turned away for that */
    return true;
}
