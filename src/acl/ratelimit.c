/* The ratelimit condition (manual, 44.39): reading its parameters, and not counting an event twice. How
 * rates are worked out is in rate.c. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "acl/kinds.h"
#include "acl/rate.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strlist.h"

/* Where it makes sense to measure what is asked for: elsewhere a rate can only be read. */
#define MAIL_PLACES \
    (ACL_AT(MAIL) | ACL_AT(RCPT) | ACL_AT(PREDATA) | ACL_AT(MIME) | ACL_AT(DATA) | ACL_AT(PRDR) | \
     ACL_AT(NOTSMTP))
#define RCPT_PLACES (MAIL_PLACES & ~ACL_AT(MAIL))
#define CONN_PLACES (ACL_ANYWHERE & ~ACL_NON_SMTP)

enum rate_mode { PER_NOTHING, PER_MAIL, PER_CONN, PER_RCPT, PER_CMD, MODE_COUNT };

static const char *const mode_names[MODE_COUNT] = {
    [PER_MAIL] = "per_mail",
    [PER_CONN] = "per_conn",
    [PER_RCPT] = "per_rcpt",
    [PER_CMD] = "per_cmd",
};

struct parameters {
    struct str limit_text, period_text; /* as written: $sender_rate_limit, $sender_rate_period */
    enum rate_mode mode;
    uint32_t places; /* where that mode may update */
    bool leaky;      /* said so */
    struct buffer key;
    struct rate_request request;
};

static enum acl_check wrong(struct acl_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

static enum acl_check wrong(struct acl_run *run, const char *format, ...)
{
    struct error text = ERROR_IN(run->context->arena);
    va_list args;

    va_start(args, format);
    error_vset(&text, format, args);
    va_end(args);
    return acl_say(run, CHECK_ERROR, "error in arguments to \"ratelimit\" condition: %.*s",
                   STR_ARG(text.text));
}

/* --- Numbers */

/* A number as strtod(3) reads it; *rest is what follows. False: it is no number, or a negative one. */
static bool read_number(const char *s, double *number, const char **rest)
{
    char *end;

    *number = strtod(s, &end);
    *rest = end;
    return !isnan(*number) && *number >= 0;
}

/* The limit may be in kilo-, mega- or gigabytes. */
static bool read_limit(struct str text, double *limit)
{
    static const char units[] = "KMG";
    enum { KILO = 1024 };
    const char *rest, *unit;

    if (!read_number(text.s, limit, &rest))
        return false;
    unit = *rest ? strchr(units, ascii_upper(*rest)) : NULL;
    if (unit != NULL) {
        rest++;
        for (; unit >= units; unit--)
            *limit *= KILO;
    }
    return rest == text.s + text.n;
}

/* --- Options */

/* What is counted of it when nothing is said: $message_size for per_byte. */
static double size_of_message(const struct acl_run *run)
{
    const struct scope_message *message = run->context->scope->message;

    return message == NULL || message->size < 0 ? 0 : (double)message->size;
}

/* A recipient at a time, or all that were accepted. */
static double count_of_recipients(const struct acl_run *run)
{
    const struct scope_message *message = run->context->scope->message;

    if (run->context->where == ACL_WHERE_RCPT || run->context->where == ACL_WHERE_PRDR)
        return 1;
    return message == NULL ? 0 : (double)message->recipients_count;
}

static double one(const struct acl_run *run)
{
    (void)run;
    return 1;
}

static struct str address_of(const struct acl_run *run)
{
    const struct scope_address *address = run->context->scope->address;

    if (address == NULL)
        return STR("@");
    return str_join3(run->context->arena, address->local_part, STR("@"), address->domain);
}

static const struct mode_option {
    const char *name;
    enum rate_mode mode;
    uint32_t places;
    double (*count)(const struct acl_run *run);
    bool unique; /* every address counts once */
} mode_options[] = {
    {"per_addr", PER_RCPT, ACL_AT(RCPT), one, true},
    {"per_byte", PER_MAIL, MAIL_PLACES, size_of_message, false},
    {"per_cmd", PER_CMD, ACL_ANYWHERE, one, false},
    {"per_conn", PER_CONN, CONN_PLACES, one, false},
    {"per_mail", PER_MAIL, MAIL_PLACES, one, false},
    {"per_rcpt", PER_RCPT, RCPT_PLACES, count_of_recipients, false},
};

static const struct mode_option *find_mode(struct str option)
{
    for (size_t i = 0; i < sizeof mode_options / sizeof *mode_options; i++)
        if (str_is_nocase(option, mode_options[i].name))
            return &mode_options[i];
    return NULL;
}

struct counting {
    bool given; /* count= */
    double count;
};

static enum acl_check take_mode(struct acl_run *run, const struct mode_option *option, struct parameters *p,
                                struct counting *counting)
{
    if (p->mode != PER_NOTHING)
        return wrong(run, "conflicting per_* options");
    p->mode = option->mode;
    p->places = option->places;
    if (!counting->given)
        counting->count = option->count(run);
    if (option->unique && !p->request.unique) {
        p->request.unique = true;
        p->request.event = address_of(run);
    }
    return CHECK_TRUE;
}

static enum acl_check take_update(struct acl_run *run, struct parameters *p, bool *flag)
{
    const bool flags[] = {p->leaky, p->request.strict, p->request.readonly};

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i] && !*flag)
            return wrong(run, "conflicting update modes");
    *flag = true;
    return CHECK_TRUE;
}

static struct str behind(struct str option, size_t n)
{
    return (struct str){option.s + n, option.n - n, option.tainted};
}

static enum acl_check take_option(struct acl_run *run, struct str option, struct parameters *p,
                                  struct counting *counting)
{
    const struct mode_option *mode = find_mode(option);
    const char *rest;

    if (mode != NULL)
        return take_mode(run, mode, p, counting);
    if (str_is_nocase(option, "leaky"))
        return take_update(run, p, &p->leaky);
    if (str_is_nocase(option, "strict"))
        return take_update(run, p, &p->request.strict);
    if (str_is_nocase(option, "readonly") || str_is_nocase(option, "noupdate"))
        return take_update(run, p, &p->request.readonly);
    if (str_starts_nocase(option, "count=")) {
        counting->given = true;
        if (!read_number(behind(option, strlen("count=")).s, &counting->count, &rest) ||
            rest != option.s + option.n || isinf(counting->count))
            return wrong(run, "\"%.*s\" is not a positive number", STR_ARG(option));
    } else if (str_starts_nocase(option, "unique=")) {
        p->request.unique = true;
        p->request.event = behind(option, strlen("unique="));
    } else {
        if (p->key.n > 0)
            buffer_add_char(&p->key, '/');
        buffer_add(&p->key, option);
    }
    return CHECK_TRUE;
}

/* --- Parameters */

/* What was not said. */
static enum acl_check complete(struct acl_run *run, struct parameters *p, const struct counting *counting)
{
    const struct scope_connection *connection = run->context->scope->connection;
    struct rate_request *request = &p->request;
    struct str key = buffer_str(&p->key);

    if (p->mode == PER_NOTHING) {
        p->mode = PER_MAIL;
        p->places = ACL_ANYWHERE; /* as in Exim, which only looks at what was written */
    }
    if (!request->readonly && !(p->places & (UINT32_C(1) << run->context->where))) {
        if (p->leaky || request->strict)
            return wrong(run, "\"%s\" must not have /leaky or /strict option, or cannot be used in %s ACL",
                         mode_names[p->mode], acl_where_name(run->context->where));
        request->readonly = true;
    }
    request->count = request->readonly ? 0 : counting->count;
    if (p->key.n == 0)
        key = connection == NULL || str_is_null(connection->host_address) ? STR("") : connection->host_address;
    request->key = str_join3(run->context->arena,
                             str_printf(run->context->arena, "%.*s/%s/%s", STR_ARG(p->period_text),
                                        mode_names[p->mode], request->unique ? "unique/" : ""),
                             key, STR(""));
    return CHECK_TRUE;
}

static enum acl_check read_parameters(struct acl_run *run, struct str value, struct parameters *p)
{
    struct arena *arena = run->context->arena;
    struct counting counting = {false, 1};
    enum acl_check status = CHECK_TRUE;
    struct strlist it;
    struct str option;

    *p = (struct parameters){.key = BUFFER_IN(arena)};
    strlist_begin(&it, value, '/');
    if (!strlist_next(&it, arena, &p->limit_text))
        return wrong(run, "sender rate limit not set");
    if (!read_limit(p->limit_text, &p->request.limit))
        return wrong(run, "\"%.*s\" is not a positive number", STR_ARG(p->limit_text));
    if (!strlist_next(&it, arena, &p->period_text) || !interval_parse(p->period_text, &p->request.period) ||
        p->request.period == 0)
        return wrong(run, "\"%.*s\" is not a time value",
                     STR_ARG(str_is_null(p->period_text) ? STR("NULL") : p->period_text));
    while (status == CHECK_TRUE && strlist_next(&it, arena, &option))
        status = take_option(run, option, p, &counting);
    return status == CHECK_TRUE ? complete(run, p, &counting) : status;
}

/* --- Once per connection, message or ACL */

struct acl_rate {
    struct acl_rate *next;
    struct str key;
    double rate;
};

/* Where a rate, once worked out, is good for the next condition. What was only read is read anew by the next
 * ACL, as is what is counted for every command. */
static struct acl_rates *cache_for(struct acl_context *context, const struct parameters *p)
{
    struct acl_rates *rates = NULL;

    if (!p->request.readonly && p->mode == PER_CONN)
        rates = context->connection_rates;
    else if (!p->request.readonly && p->mode == PER_MAIL)
        rates = context->message_rates;
    return rates == NULL ? &context->rates : rates;
}

static const struct acl_rate *find_rate(const struct acl_rates *rates, struct str key)
{
    for (const struct acl_rate *r = rates->first; r != NULL; r = r->next)
        if (str_eq(r->key, key))
            return r;
    return NULL;
}

static void keep_rate(struct acl_rates *rates, struct str key, double rate)
{
    struct acl_rate *r = ARENA_NEW(rates->arena, struct acl_rate);

    *r = (struct acl_rate){.next = rates->first, .key = str_copy(rates->arena, key), .rate = rate};
    rates->first = r;
}

/* --- The condition */

/* The variables stay for the rest of the connection. */
static void set_variable(struct acl_context *context, struct str *variable, struct str value)
{
    struct arena *arena = context->connection_rates ? context->connection_rates->arena : context->arena;

    if (str_is_null(*variable) || !str_eq(*variable, value))
        *variable = str_copy(arena, value);
}

static void publish(struct acl_context *context, const struct parameters *p, double rate)
{
    struct scope_acl *seen = context->scope->acl;

    set_variable(context, &seen->sender_rate, str_printf(context->arena, "%.1f", rate));
    set_variable(context, &seen->sender_rate_limit, p->limit_text);
    set_variable(context, &seen->sender_rate_period, p->period_text);
}

static enum acl_check measure(struct acl_run *run, const struct parameters *p, double *rate)
{
    struct acl_context *context = run->context;
    struct acl_rates *rates = cache_for(context, p);
    const struct acl_rate *known = find_rate(rates, p->request.key);
    struct error err = ERROR_IN(context->arena);

    if (known != NULL) {
        debug(DEBUG_acl, "ratelimit found pre-computed rate %.1f", known->rate);
        *rate = known->rate;
        return CHECK_TRUE;
    }
    if (!rate_measure(context->scope, context->arena, &p->request, rate, &err)) {
        log_write_str(LOG_MAIN | LOG_PANIC, err.text);
        debug(DEBUG_acl, "ratelimit database not available");
        return acl_say(run, CHECK_DEFER, "ratelimit database not available");
    }
    debug(DEBUG_acl, "ratelimit computed rate %.1f", *rate);
    keep_rate(rates, p->request.key, *rate);
    return CHECK_TRUE;
}

enum acl_check acl_check_ratelimit(struct acl_run *run, const struct acl_item *item, struct str value)
{
    struct parameters p;
    enum acl_check status = read_parameters(run, value, &p);
    double rate = 0;

    (void)item;
    if (status != CHECK_TRUE)
        return status;
    debug(DEBUG_acl, "ratelimit condition count=%.0f %.1f/%.*s", p.request.count, p.request.limit,
          STR_ARG(p.request.key));
    status = measure(run, &p, &rate);
    if (status != CHECK_TRUE)
        return status;
    publish(run->context, &p, rate);
    return rate >= p.request.limit ? CHECK_TRUE : CHECK_FALSE;
}
