/* The modifiers (manual, 44.21). Each function is a row's of the table in kinds.c; `message` and
 * `log_message` only leave word of themselves here, their texts are made in messages.c. */
#include "acl/control.h"
#include "acl/kinds.h"
#include "base/ascii.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/print.h"
#include "base/strlist.h"
#include "mail/message.h"

enum acl_check acl_do_endpass(struct acl_run *run, const struct acl_item *item, struct str value)
{
    (void)item;
    (void)value;
    run->endpass = true;
    return CHECK_TRUE;
}

enum acl_check acl_do_message(struct acl_run *run, const struct acl_item *item, struct str value)
{
    (void)value;
    run->message = item;
    return CHECK_TRUE;
}

enum acl_check acl_do_log_message(struct acl_run *run, const struct acl_item *item, struct str value)
{
    (void)value;
    run->log_message = item;
    return CHECK_TRUE;
}

/* Its effect was that of expanding the argument. */
enum acl_check acl_do_continue(struct acl_run *run, const struct acl_item *item, struct str value)
{
    (void)run;
    (void)item;
    (void)value;
    return CHECK_TRUE;
}

enum acl_check acl_do_set(struct acl_run *run, const struct acl_item *item, struct str value)
{
    struct scope *scope = run->context->scope;
    bool of_connection = str_starts(item->variable, "acl_c");
    struct varset *set = NULL;

    if (of_connection && scope->connection != NULL)
        set = &scope->connection->acl_c;
    else if (!of_connection && scope->message != NULL)
        set = &scope->message->acl_m;
    if (set == NULL)
        return acl_say(run, CHECK_ERROR, "cannot set %.*s: there is no %s", STR_ARG(item->variable),
                       of_connection ? "connection" : "message");
    varset_set(set, item->variable, value);
    return CHECK_TRUE;
}

enum acl_check acl_do_delay(struct acl_run *run, const struct acl_item *item, struct str value)
{
    struct acl_context *context = run->context;
    const struct scope_connection *connection = context->scope->connection;
    int seconds;

    (void)item;
    if (!interval_parse(value, &seconds))
        return acl_say(run, CHECK_ERROR,
                       "syntax error in argument for \"delay\" modifier: \"%.*s\" is not a time value",
                       STR_ARG(value));
    debug(DEBUG_acl, "delay modifier requests %d-second delay", seconds);
    if (connection != NULL && connection->is_test)
        debug(DEBUG_acl, "delay skipped in -bh checking mode");
    else
        context->host->delay(context->owner, seconds);
    return CHECK_TRUE;
}

/* --- Controls (44.22) */

enum acl_check acl_do_control(struct acl_run *run, const struct acl_item *item, struct str value)
{
    struct acl_context *context = run->context;
    struct error err = ERROR_IN(context->arena);

    (void)item;
    if (acl_control_apply(context, value, &err))
        return CHECK_TRUE;
    return acl_say(run, CHECK_ERROR, "%.*s", STR_ARG(err.text));
}

/* --- Named queues */

/* The name becomes a directory of the spool. */
enum acl_check acl_do_queue(struct acl_run *run, const struct acl_item *item, struct str value)
{
    struct acl_context *context = run->context;

    (void)item;
    if (value.tainted && !str_is_empty(value))
        return acl_say(run, CHECK_ERROR, "Tainted name '%.*s' for queue not permitted", STR_ARG(value));
    if (str_find(value, '/') >= 0 || str_is(value, ".") || str_is(value, ".."))
        return acl_say(run, CHECK_ERROR, "Directory separator not permitted in queue name: '%.*s'",
                       STR_ARG(value));
    if (context->handling == NULL)
        return acl_say(run, CHECK_ERROR, "cannot set queue: there is no message");
    context->handling->queue = str_copy(context->handling_arena, value);
    return CHECK_TRUE;
}

/* --- Logs */

static const struct log_name {
    const char *name;
    unsigned bit;
} log_names[] = {{"main", LOG_MAIN}, {"panic", LOG_PANIC}, {"reject", LOG_REJECT}};

static unsigned log_bit(const char *s, size_t n)
{
    for (size_t i = 0; i < sizeof log_names / sizeof *log_names; i++)
        if (str_is((struct str){s, n, false}, log_names[i].name))
            return log_names[i].bit;
    return 0;
}

/* Reads `:main,reject:` at the start of the text of logwrite; a comma may stand before the second
 * colon. *text is then what follows. False: there is something else in it. */
static bool read_log_names(struct arena *arena, struct str *text, unsigned *logs)
{
    const char *p = text->s + 1, *end = text->s + text->n;

    *logs = 0;
    while (p < end && *p != ':') {
        const char *from = p;
        unsigned bit;

        while (p < end && *p != ',' && *p != ':')
            p++;
        bit = log_bit(from, (size_t)(p - from));
        if (bit == 0)
            return false;
        *logs |= bit;
        if (p < end && *p == ',')
            p++;
    }
    if (p >= end)
        return false;
    for (p++; p < end && ascii_is_space(*p); p++)
        ;
    *text = str_copy_n(arena, p, (size_t)(end - p), text->tainted);
    return true;
}

enum acl_check acl_do_logwrite(struct acl_run *run, const struct acl_item *item, struct str value)
{
    struct acl_context *context = run->context;
    unsigned logs = 0;
    struct str text = value;

    (void)item;
    if (str_starts(value, ":") && !read_log_names(context->arena, &text, &logs)) {
        log_write(LOG_MAIN | LOG_PANIC, "unknown log name in \"%.*s\" in \"logwrite\" in %s ACL",
                  STR_ARG(value), acl_where_name(context->where));
        return CHECK_TRUE;
    }
    log_write_str(logs == 0 ? LOG_MAIN : logs, printable(context->arena, text));
    return CHECK_TRUE;
}

enum acl_check acl_do_log_reject_target(struct acl_run *run, const struct acl_item *item, struct str value)
{
    struct acl_context *context = run->context;
    struct strlist it;
    struct str name;
    unsigned logs = 0;

    (void)item;
    strlist_begin(&it, value, ':');
    while (strlist_next(&it, context->arena, &name)) {
        unsigned bit = log_bit(name.s, name.n);

        if (bit == 0) { /* what was in force stays so */
            log_write(LOG_MAIN | LOG_PANIC, "unknown log name \"%.*s\" in \"log_reject_target\" in %s ACL",
                      STR_ARG(name), acl_where_name(context->where));
            return CHECK_TRUE;
        }
        logs |= bit;
    }
    context->log_reject_target = logs;
    return CHECK_TRUE;
}

/* --- Header lines (44.24, 44.25) */

enum acl_check acl_do_add_header(struct acl_run *run, const struct acl_item *item, struct str value)
{
    (void)item;
    acl_add_headers(run->context, value);
    return CHECK_TRUE;
}

enum acl_check acl_do_remove_header(struct acl_run *run, const struct acl_item *item, struct str value)
{
    (void)item;
    if (!str_is_empty(value))
        run->context->host->remove_header(run->context->owner, value);
    return CHECK_TRUE;
}
