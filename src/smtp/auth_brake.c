/* Brakes on guessing passwords: see auth_brake.h. The counts are in the hints store, which all workers share, or with
 * auth_fail_redis in the servers of redis_servers, which several machines can. A count begins with a failure and is
 * forgotten auth_fail_period later. Where it cannot be had, nobody is refused, and the main log says why. */
#include "smtp/auth_brake.h"

#include <stdlib.h>
#include <time.h>

#include "base/ip.h"
#include "hints/fields.h"
#include "hints/hints.h"
#include "lookups/lookup.h"
#include "smtp/pause.h"

enum {
    LAYOUT = 1,   /* of a record: its count */
    IPV6_NET = 64, /* bits: whoever has one IPv6 address has so many others */
    DECIMAL = 10,
};

/* --- Keys */

static struct str client_key(struct smtp_session *s)
{
    struct ip ip;

    if (!ip_parse(s->connection.host_address, &ip))
        return STR_NULL; /* on standard input */
    if (ip.bits > 32)
        ip_mask(&ip, IPV6_NET);
    return str_join(s->scratch, STR("client:"), ip_format(s->scratch, &ip));
}

static struct str account_key(struct smtp_session *s, struct str id)
{
    return str_is_empty(id) ? STR_NULL : str_join(s->scratch, STR("account:"), id);
}

/* --- The hints store */

static unsigned count_in(const struct hints_record *record)
{
    struct fields fields;
    int64_t n;

    if (!fields_begin(&fields, record->value, LAYOUT))
        return 0;
    n = fields_int(&fields);
    return fields_end(&fields) && n > 0 && n <= INT32_MAX ? (unsigned)n : 0;
}

static bool read_hints(struct smtp_session *s, struct str key, unsigned *count, struct error *err)
{
    struct hints_record record;

    *count = 0;
    switch (hints_get(s->scope.process->hints, HINTS_AUTH, key, s->scratch, &record, err)) {
    case HINTS_FOUND:
        *count = count_in(&record);
        return true;
    case HINTS_MISSING:
        return true;
    case HINTS_FAILED:
        break;
    }
    return false;
}

struct counting {
    struct arena *arena;
    int period;
};

static enum hints_change count_one(void *context, bool found, struct hints_record *record)
{
    const struct counting *counting = context;
    struct buffer value = BUFFER_IN(counting->arena);
    unsigned before = found ? count_in(record) : 0;

    if (before == 0)
        record->expires = (int64_t)time(NULL) + counting->period;
    fields_add_int(&value, LAYOUT);
    fields_add_int(&value, (int64_t)before + 1);
    record->value = buffer_str(&value);
    return HINTS_WRITE;
}

static bool add_to_hints(struct smtp_session *s, struct str key, struct error *err)
{
    struct counting counting = {.arena = s->scratch, .period = s->options->auth_fail_period};

    return hints_update(s->scope.process->hints, HINTS_AUTH, key, s->scratch, count_one, &counting, err);
}

/* --- Redis */

/* Runs a command on the key; *result is what it says, empty for nothing. */
static bool redis(struct smtp_session *s, const char *command, struct str key, struct str argument, struct str *result,
                  struct error *err)
{
    struct search search;
    struct str query, quoted;

    if (!search_parse(s->scratch, STR("redis"), &search, err))
        return false;
    search.no_cache_read = true; /* other machines count as well */
    quoted = search.type->quote(s->scratch, key, STR_NULL);
    quoted.tainted = quoted.tainted ? search.type->quoted : 0;
    query = str_join3(s->scratch, str_of(command), STR(" gatepost:auth:"), str_join(s->scratch, quoted, argument));
    switch (search_find(&search, s->scratch, STR_NULL, query, NULL, NULL, result, err)) {
    case LOOKUP_FOUND:
        return true;
    case LOOKUP_NOT_FOUND:
        *result = STR("");
        return true;
    case LOOKUP_DEFER:
    case LOOKUP_NO_FILE:
        break;
    }
    return false;
}

static bool read_redis(struct smtp_session *s, struct str key, unsigned *count, struct error *err)
{
    struct str result;

    if (!redis(s, "get", key, STR(""), &result, err))
        return false;
    *count = (unsigned)strtoul(result.s, NULL, DECIMAL);
    return true;
}

static bool add_to_redis(struct smtp_session *s, struct str key, struct error *err)
{
    struct str result, period = str_printf(s->scratch, " %d", s->options->auth_fail_period);

    return redis(s, "incr", key, STR(""), &result, err) &&
           (!str_is(result, "1") || redis(s, "expire", key, period, &result, err));
}

/* --- The brakes */

static bool counts(const struct smtp_session *s)
{
    return s->peer->mode != SMTP_TEST &&
           (s->options->auth_fail_max_per_client > 0 || s->options->auth_fail_max_per_account > 0);
}

static void complain(const struct error *err)
{
    log_write(LOG_MAIN, "cannot count failed authentications: %.*s", STR_ARG(err->text));
}

/* Whether the count of the key has come to the limit. */
static bool too_many(struct smtp_session *s, struct str key, int limit)
{
    struct error err = ERROR_IN(s->scratch);
    unsigned count = 0;

    if (limit <= 0 || !counts(s) || str_is_null(key))
        return false;
    if (!(s->options->auth_fail_redis ? read_redis : read_hints)(s, key, &count, &err))
        complain(&err);
    return count >= (unsigned)limit;
}

bool smtp_brake_client(struct smtp_session *s)
{
    return too_many(s, client_key(s), s->options->auth_fail_max_per_client);
}

bool smtp_brake_account(struct smtp_session *s, struct str id)
{
    return too_many(s, account_key(s, id), s->options->auth_fail_max_per_account);
}

static void add_one(struct smtp_session *s, struct str key, int limit)
{
    struct error err = ERROR_IN(s->scratch);

    if (limit <= 0 || str_is_null(key))
        return;
    if (!(s->options->auth_fail_redis ? add_to_redis : add_to_hints)(s, key, &err))
        complain(&err);
}

void smtp_brake_failed(struct smtp_session *s, struct str id)
{
    if (counts(s)) {
        add_one(s, client_key(s), s->options->auth_fail_max_per_client);
        add_one(s, account_key(s, id), s->options->auth_fail_max_per_account);
    }
    if (s->options->auth_fail_delay > 0)
        smtp_pause(s, (int64_t)s->options->auth_fail_delay * 1000);
}
