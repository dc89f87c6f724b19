/* Running a transport, in the process of its delivery: see process.h. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/truth.h"
#include "expand/expand.h"
#include "queue/process.h"
#include "queue/retry.h"

static void set_all(struct mail_recipient *first, enum mail_result result, int error, struct str message)
{
    for (struct mail_recipient *r = first; r; r = r->next) {
        r->result = result;
        r->error = error;
        r->message = message;
    }
}

/* --- What is common to all transports */

/* The option's value; the recipient's when it is not set. */
static bool expand_directory(struct job *job, const struct template *t, const char *option, struct str otherwise,
                             struct str *directory, struct error *err)
{
    struct error why = ERROR_IN(job->arena);

    *directory = otherwise;
    if (!t || expand(&job->scope, t, job->arena, directory, &why) == EXPAND_OK)
        return true;
    return error_set(err, "%s \"%.*s\" for %.*s transport: expansion failed: %.*s", option,
                     STR_ARG(template_source(t)), STR_ARG(job->scope_address.transport_name), STR_ARG(why.text));
}

/* Home and current directory (manual, 23.4). */
static bool enter_directory(struct job *job, const struct mail_recipient *first, struct error *err)
{
    const struct transport_instance *t = first->transport;
    struct str home, current;

    if (!expand_directory(job, t->home_directory, "home directory", first->home_directory, &home, err))
        return false;
    job->scope_address.home = home;
    if (!expand_directory(job, t->current_directory, "current directory", first->current_directory, &current, err))
        return false;
    if (str_is_empty(current))
        current = str_is_empty(home) ? STR("/") : home;
    if (chdir(current.s) == 0)
        return true;
    return error_set(err, "failed to chdir to \"%.*s\" for %.*s transport: %s", STR_ARG(current),
                     STR_ARG(t->instance.name), strerror(errno));
}

/* Digits with K, M or G behind. False: err. */
static bool read_size(struct str text, int64_t *size, struct error *err)
{
    size_t i = 0;

    for (*size = 0; i < text.n && text.s[i] >= '0' && text.s[i] <= '9' && *size < INT64_MAX / 100; i++)
        *size = *size * 10 + (text.s[i] - '0');
    if (i > 0 && i + 1 == text.n && strchr("KkMmGg", text.s[i])) {
        *size <<= strchr("Kk", text.s[i]) ? 10 : strchr("Mm", text.s[i]) ? 20 : 30;
        i++;
    }
    return (i > 0 && i == text.n) || error_set(err, "\"%.*s\" is not a size", STR_ARG(text));
}

/* False: the recipients' results are set. */
static bool size_fits(struct job *job, struct mail_recipient *first)
{
    const struct template *option = first->transport->message_size_limit;
    struct error why = ERROR_IN(job->arena);
    struct str text;
    int64_t limit;

    if (!option)
        return true;
    if (expand(&job->scope, option, job->arena, &text, &why) != EXPAND_OK || !read_size(text, &limit, &why)) {
        set_all(first, MAIL_DEFER, DELIVERY_EXPANSION,
                str_printf(job->arena, "failed to expand message_size_limit in %.*s transport: %.*s",
                           STR_ARG(first->transport->instance.name), STR_ARG(why.text)));
        return false;
    }
    if (limit <= 0 || job->scope_message.size <= limit)
        return true;
    set_all(first, MAIL_FAIL, 0,
            str_printf(job->arena, "message is too big (transport limit = %lld)", (long long)limit));
    return false;
}

static void print_debug(struct job *job, const struct transport_instance *t)
{
    struct error why = ERROR_IN(job->arena);
    struct str text;

    if (!t->debug_print || !debug_any())
        return;
    if (expand(&job->scope, t->debug_print, job->arena, &text, &why) == EXPAND_OK)
        debug(DEBUG_transport, "%.*s\n", STR_ARG(text));
    else
        debug(DEBUG_transport, "Expansion of debug_print failed: %.*s\n", STR_ARG(why.text));
}

/* --- The transport itself */

struct delivery delivery_of(struct job *job, const struct transport_instance *t, struct mail_recipient *first)
{
    return (struct delivery){
        .config = job->queue->config,
        .transport = t,
        .message = job->message,
        .recipients = first,
        .scope = &job->scope,
        .host = &retry_delivery_host,
        .host_ctx = job,
        .arena = job->arena,
        .deadline = INT64_MAX,
        .first_delivery = job->message->first_delivery,
        .held = job->request->held_transport == t ? job->request->held : NULL,
        .next_message = STR_NULL,
    };
}

static void run_transport(struct job *job, const struct transport_instance *t, struct mail_recipient *first,
                          struct delivery *delivery)
{
    *delivery = delivery_of(job, t, first);
    job->scope_address.transport_name = t->instance.name;
    print_debug(job, t);
    ((const struct transport_driver *)t->instance.driver)->deliver(delivery);
}

/* --- Shadow transports (manual, 24) */

static bool shadow_is_wanted(struct job *job, const struct transport_instance *t)
{
    struct error why = ERROR_IN(job->arena);
    struct str text;

    if (str_is_empty(t->shadow_transport))
        return false;
    if (!t->shadow_condition)
        return true;
    switch (expand(&job->scope, t->shadow_condition, job->arena, &text, &why)) {
    case EXPAND_OK:
        return truth_of(text) != TRUTH_NO;
    case EXPAND_FORCED:
        return false;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        break;
    }
    log_write(LOG_MAIN | LOG_PANIC, "failed to expand shadow_condition for %.*s transport: %.*s",
              STR_ARG(t->instance.name), STR_ARG(why.text));
    return false;
}

/* The message goes to those who have it to the shadow transport as well; that it fails changes nothing. */
static void run_shadow(struct job *job, struct mail_recipient *first)
{
    const struct transport_instance *t = first->transport;
    const struct transport_instance *shadow =
        transport_find(config_drivers(job->queue->config, "transports"), t->shadow_transport);
    struct recipient_list copies;
    struct delivery delivery;
    struct mail_recipient *copy;

    recipients_init(&copies);
    for (const struct mail_recipient *r = first; r; r = r->next)
        if (r->result == MAIL_OK) {
            copy = ARENA_NEW(job->arena, struct mail_recipient);
            *copy = *r;
            copy->result = MAIL_PENDING;
            copy->message = STR_NULL;
            copy->transport = shadow;
            recipients_add(&copies, copy);
        }
    if (!shadow || copies.n == 0 || !((const struct transport_driver *)shadow->instance.driver)->local)
        return;
    run_transport(job, shadow, copies.first, &delivery);
    copy = copies.first;
    for (struct mail_recipient *r = first; r && copy; r = r->next)
        if (r->result == MAIL_OK) {
            r->shadow_message = copy->result == MAIL_OK
                                    ? shadow->instance.name
                                    : str_printf(job->arena, "%.*s (%.*s)", STR_ARG(shadow->instance.name),
                                                 STR_ARG(str_is_null(copy->message) ? STR("failed") : copy->message));
            copy = copy->next;
        }
}

void delivery_run(struct job *job, struct mail_recipient *first, struct delivery *delivery)
{
    const struct transport_instance *t = first->transport;
    bool local = ((const struct transport_driver *)t->instance.driver)->local;
    struct delivery_user user;
    struct error err = ERROR_IN(job->arena);

    job_show_run(job, first);
    umask(0022);
    if (job->request->dont_deliver) {
        set_all(first, MAIL_OK, 0, STR_NULL);
        return;
    }
    if (!delivery_user_find(job, first, &user, &err)) {
        set_all(first, MAIL_PANIC, errno, err.text);
        return;
    }
    if (!delivery_user_is_possible(job, first, &user, &err)) {
        set_all(first, MAIL_PANIC, DELIVERY_UNKNOWN, err.text);
        first->special = true;
        return;
    }
    if (!delivery_user_become(&user, &err) || (local && !enter_directory(job, first, &err))) {
        set_all(first, MAIL_PANIC, errno, err.text);
        return;
    }
    if (!size_fits(job, first))
        return;
    if (!((const struct transport_driver *)t->instance.driver)->deliver) {
        set_all(first, MAIL_PANIC, DELIVERY_UNKNOWN, STR("the transport cannot deliver"));
        return;
    }
    run_transport(job, t, first, delivery);
    for (struct mail_recipient *r = first; r; r = r->next)
        r->timed_out |= r->result == MAIL_DEFER && !r->retry_address && retry_hosts_expired(job);
    if (local && shadow_is_wanted(job, t))
        run_shadow(job, first);
}
