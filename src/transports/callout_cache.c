/* What callouts found out: see callout_cache.h. */
#include "transports/callout_cache.h"

#include <time.h>

#include "base/log.h"
#include "hints/fields.h"
#include "hints/hints.h"

enum { LAYOUT = 1 };

static struct hints *store(const struct callout_cache *cache)
{
    return cache->off ? NULL : cache->scope->process->hints;
}

static bool read_record(const struct callout_cache *cache, struct str key, struct fields *fields)
{
    struct error err = ERROR_IN(cache->scope->arena);
    struct hints_record record;

    return store(cache) &&
           hints_get(store(cache), HINTS_CALLOUT, key, cache->scope->arena, &record, &err) == HINTS_FOUND &&
           fields_begin(fields, record.value, LAYOUT);
}

static void write_record(const struct callout_cache *cache, struct str key, struct str value, int seconds)
{
    struct error err = ERROR_IN(cache->scope->arena);
    struct hints_record record = {.key = key, .value = value, .expires = time(NULL) + seconds};

    if (store(cache) && !hints_put(store(cache), HINTS_CALLOUT, &record, &err))
        log_write(LOG_MAIN | LOG_PANIC, "%.*s", STR_ARG(err.text));
}

static enum callout_known known_of(int64_t number)
{
    return number == CALLOUT_ACCEPT || number == CALLOUT_REJECT ? (enum callout_known)number : CALLOUT_UNKNOWN;
}

void callout_cache_domain(const struct callout_cache *cache, struct callout_domain *domain)
{
    struct fields fields;

    *domain = (struct callout_domain){CALLOUT_UNKNOWN, CALLOUT_UNKNOWN, CALLOUT_UNKNOWN};
    if (!read_record(cache, cache->domain, &fields))
        return;
    domain->null_sender = known_of(fields_int(&fields));
    domain->random = known_of(fields_int(&fields));
    domain->postmaster = known_of(fields_int(&fields));
}

enum callout_known callout_cache_address(const struct callout_cache *cache)
{
    struct fields fields;

    return read_record(cache, cache->address, &fields) ? known_of(fields_int(&fields)) : CALLOUT_UNKNOWN;
}

void callout_cache_keep_domain(const struct callout_cache *cache, const struct callout_domain *domain)
{
    struct buffer value = BUFFER_IN(cache->scope->arena);
    bool negative = domain->null_sender == CALLOUT_REJECT || domain->postmaster == CALLOUT_REJECT;

    fields_add_int(&value, LAYOUT);
    fields_add_int(&value, domain->null_sender);
    fields_add_int(&value, domain->random);
    fields_add_int(&value, domain->postmaster);
    write_record(cache, cache->domain, buffer_str(&value),
                 negative ? cache->options->callout_domain_negative_expire
                          : cache->options->callout_domain_positive_expire);
}

void callout_cache_keep_address(const struct callout_cache *cache, enum callout_known known)
{
    struct buffer value = BUFFER_IN(cache->scope->arena);

    fields_add_int(&value, LAYOUT);
    fields_add_int(&value, known);
    write_record(cache, cache->address, buffer_str(&value),
                 known == CALLOUT_REJECT ? cache->options->callout_negative_expire
                                         : cache->options->callout_positive_expire);
}
