/* The seen condition (manual, 44.38): whether a key was met since, or before, some time ago. What is stored for
 * a key is when that was last. */
#include <string.h>
#include <time.h>

#include "acl/kinds.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strlist.h"
#include "hints/fields.h"
#include "hints/hints.h"

enum {
    LAYOUT = 1, /* of the record */
    DEFAULT_REFRESH = 10 * 24 * 60 * 60, /* seconds */
    KEEP_SECONDS = 30 * 24 * 60 * 60,    /* at least: as long as exim_tidydb keeps records */
};

struct seen {
    bool before;  /* the test is for longer ago than the interval, not for less */
    int interval; /* seconds */
    int refresh;
    bool readonly, write;
    struct str key;
    struct arena *arena;
    int64_t now;
    bool result;
};

/* --- Parameters */

static enum acl_check wrong(struct acl_run *run, struct str value)
{
    return acl_say(run, CHECK_ERROR, "failed to parse '%.*s'", STR_ARG(value));
}

static struct str behind(struct str text, size_t n)
{
    return (struct str){text.s + n, text.n - n, text.tainted};
}

static enum acl_check take_option(struct acl_run *run, struct str option, struct str value, struct seen *seen)
{
    if (str_starts(option, "key=")) {
        seen->key = behind(option, strlen("key="));
    } else if (str_is(option, "readonly")) {
        seen->readonly = true;
    } else if (str_is(option, "write")) {
        seen->write = true;
        seen->readonly = false;
    } else if (str_starts(option, "refresh=")) {
        if (!interval_parse(behind(option, strlen("refresh=")), &seen->refresh))
            return wrong(run, value);
    } else {
        return acl_say(run, CHECK_ERROR, "unrecognised option '%.*s' in '%.*s'", STR_ARG(option),
                       STR_ARG(value));
    }
    return CHECK_TRUE;
}

static enum acl_check read_parameters(struct acl_run *run, struct str value, struct seen *seen)
{
    struct arena *arena = run->context->arena;
    const struct scope_connection *connection = run->context->scope->connection;
    enum acl_check status = CHECK_TRUE;
    struct strlist it;
    struct str option;

    *seen = (struct seen){.arena = arena, .refresh = DEFAULT_REFRESH, .now = time(NULL), .key = STR("")};
    if (connection != NULL && !str_is_null(connection->host_address))
        seen->key = connection->host_address;
    strlist_begin(&it, value, '/');
    if (!strlist_next(&it, arena, &option))
        return wrong(run, value);
    seen->before = str_starts(option, "-");
    if (!interval_parse(behind(option, seen->before), &seen->interval))
        return wrong(run, value);
    while (status == CHECK_TRUE && strlist_next(&it, arena, &option))
        status = take_option(run, option, value, seen);
    return status;
}

/* --- Records */

static bool read_moment(struct str value, int64_t *when)
{
    struct fields fields;

    if (!fields_begin(&fields, value, LAYOUT))
        return false;
    *when = fields_int(&fields);
    return fields_end(&fields);
}

/* What is to be stored; -1: nothing. */
static int64_t moment_to_store(const struct seen *seen, bool found, int64_t when)
{
    const char *why = NULL;
    int64_t moment = seen->now;

    if (seen->readonly) {
        debug(DEBUG_acl, "seen db not written (readonly)");
        return -1;
    }
    if (!found)
        why = "create";
    else if (seen->write || !seen->before)
        why = "update";
    else if (seen->result && when < seen->now - seen->refresh) {
        why = "refresh";
        moment = seen->now - seen->interval; /* so that the next test has the same result */
    }
    if (why == NULL)
        return -1;
    debug(DEBUG_acl, "seen db written (%s)", why);
    return moment;
}

static enum hints_change decide(void *context, bool found, struct hints_record *hint)
{
    struct seen *seen = context;
    struct buffer value = BUFFER_IN(seen->arena);
    int64_t when = 0, moment;

    found = found && read_moment(hint->value, &when);
    seen->result = found && (seen->before ? when <= seen->now - seen->interval
                                          : when > seen->now - seen->interval);
    moment = moment_to_store(seen, found, when);
    if (moment < 0)
        return HINTS_KEEP;
    fields_add_int(&value, LAYOUT);
    fields_add_int(&value, moment);
    hint->value = buffer_str(&value);
    hint->expires = seen->now + KEEP_SECONDS + (int64_t)seen->interval + seen->refresh;
    return HINTS_WRITE;
}

/* False: err. */
static bool look(const struct scope *scope, struct seen *seen, struct error *err)
{
    struct hints *hints = scope->process == NULL ? NULL : scope->process->hints;
    struct hints_record hint = {.key = seen->key};
    enum hints_status status;

    if (hints == NULL)
        return error_set(err, "there are no hints databases");
    if (!seen->readonly)
        return hints_update(hints, HINTS_SEEN, seen->key, seen->arena, decide, seen, err);
    status = hints_get(hints, HINTS_SEEN, seen->key, seen->arena, &hint, err);
    if (status != HINTS_FAILED)
        decide(seen, status == HINTS_FOUND, &hint);
    return status != HINTS_FAILED;
}

enum acl_check acl_check_seen(struct acl_run *run, const struct acl_item *item, struct str value)
{
    struct error err = ERROR_IN(run->context->arena);
    struct seen seen;
    enum acl_check status = read_parameters(run, value, &seen);

    (void)item;
    if (status != CHECK_TRUE)
        return status;
    if (!look(run->context->scope, &seen, &err)) {
        log_write_str(LOG_MAIN | LOG_PANIC, err.text);
        debug(DEBUG_acl, "database for 'seen' not available");
        return acl_say(run, CHECK_DEFER, "database for 'seen' not available");
    }
    return seen.result ? CHECK_TRUE : CHECK_FALSE;
}
