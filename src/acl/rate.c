/* Measuring rates: see rate.h. What is stored for a key is the rate when it was last updated, and that time;
 * with unique events also a Bloom filter that holds them and when it was begun. */
#include "acl/rate.h"

#include <assert.h>
#include <math.h>
#include <openssl/sha.h>
#include <string.h>
#include <sys/time.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/secret.h"
#include "hints/fields.h"
#include "hints/hints.h"

enum {
    LAYOUT = 1, /* of the record */
    MICROSECONDS = 1000000,
    SALT_SIZE = 16,
    FILTER_HASHES = 8, /* bits that an event sets: as many as one SHA-256 has 32-bit numbers */
    FILTER_OCTETS_PER_EVENT = 2,
    FILTER_MIN = 64,      /* octets */
    FILTER_MAX = 1 << 20, /* limits above half of that are not so well kept apart */
    OCTET_BITS = 8,
    KEEP_PERIODS = 10,
    KEEP_SECONDS = 30 * 24 * 60 * 60, /* at least: as long as exim_tidydb keeps records */
};

/* With eight hashes and sixteen bits for each event up to the limit, fewer than one event in a thousand is
 * taken for another below the limit, and one in eleven at 2.7 times the limit, as the manual has it. */

struct rate_record {
    double rate;
    int64_t when;        /* microseconds since the epoch */
    bool filtered;       /* what follows is set */
    int64_t filter_when; /* when the filter was begun */
    struct str salt;     /* so that nobody can know which events look alike */
    struct str filter;
};

struct measurement {
    const struct rate_request *request;
    struct arena *arena;
    int64_t now;
    double rate; /* the result */
};

static int64_t now_in_microseconds(void)
{
    struct timeval tv;

    gettimeofday(&tv, NULL);
    return (int64_t)tv.tv_sec * MICROSECONDS + tv.tv_usec;
}

/* --- Records */

static bool decode(struct str value, bool filtered, struct rate_record *record)
{
    struct fields fields;

    *record = (struct rate_record){.filtered = filtered};
    if (!fields_begin(&fields, value, LAYOUT))
        return false;
    record->rate = fields_double(&fields);
    record->when = fields_int(&fields);
    if (filtered) {
        record->filter_when = fields_int(&fields);
        record->salt = fields_str(&fields);
        record->filter = fields_str(&fields);
    }
    return fields_end(&fields) && isfinite(record->rate) && (!filtered || record->filter.n > 0);
}

static struct str encode(struct arena *arena, const struct rate_record *record)
{
    struct buffer out = BUFFER_IN(arena);

    fields_add_int(&out, LAYOUT);
    fields_add_double(&out, record->rate);
    fields_add_int(&out, record->when);
    if (record->filtered) {
        fields_add_int(&out, record->filter_when);
        fields_add_str(&out, record->salt);
        fields_add_str(&out, record->filter);
    }
    return buffer_str(&out);
}

/* --- Events */

static void begin_filter(const struct measurement *m, struct rate_record *record)
{
    double octets = ceil(m->request->limit * FILTER_OCTETS_PER_EVENT);
    size_t n = octets > FILTER_MAX ? FILTER_MAX : octets > FILTER_MIN ? (size_t)octets : FILTER_MIN;
    char *salt = arena_alloc(m->arena, SALT_SIZE + 1);

    debug(DEBUG_acl, "ratelimit creating new Bloom filter");
    random_octets(salt, SALT_SIZE);
    record->salt = (struct str){salt, SALT_SIZE, false};
    record->filter = (struct str){arena_alloc(m->arena, n + 1), n, false};
    record->filter_when = m->now;
}

/* Whether the event is in the filter; puts it there. */
static bool seen_before(const struct measurement *m, struct rate_record *record)
{
    struct str all = str_join(m->arena, record->salt, m->request->event);
    unsigned char hash[SHA256_DIGEST_LENGTH];
    char *filter = arena_alloc(m->arena, record->filter.n + 1);
    bool seen = true;

    static_assert(sizeof hash >= FILTER_HASHES * sizeof(uint32_t), "a number for each bit");
    SHA256((const unsigned char *)all.s, all.n, hash);
    memcpy(filter, record->filter.s, record->filter.n);
    for (int i = 0; i < FILTER_HASHES; i++) {
        uint32_t number;

        memcpy(&number, hash + (size_t)i * sizeof number, sizeof number);
        size_t bit = number % (record->filter.n * OCTET_BITS);
        unsigned char mask = (unsigned char)(1U << bit % OCTET_BITS);

        seen = seen && (filter[bit / OCTET_BITS] & mask);
        filter[bit / OCTET_BITS] = (char)(filter[bit / OCTET_BITS] | mask);
    }
    record->filter.s = filter;
    return seen;
}

/* What the event is worth: nothing when it was counted before. */
static double count_event(const struct measurement *m, struct rate_record *record)
{
    const struct rate_request *request = m->request;
    bool seen;

    if (!request->unique)
        return request->count;
    if (record->filter.n > 0 && m->now - record->filter_when > (int64_t)request->period * MICROSECONDS) {
        debug(DEBUG_acl, "ratelimit discarding old Bloom filter");
        record->filter = STR_NULL;
    }
    if (record->filter.n == 0)
        begin_filter(m, record);
    if (request->readonly)
        return request->count;
    debug(DEBUG_acl, "ratelimit checking uniqueness of %.*s", STR_ARG(request->event));
    seen = seen_before(m, record);
    debug(DEBUG_acl, seen ? "ratelimit event found in Bloom filter" : "ratelimit event added to Bloom filter");
    return seen ? 0 : request->count;
}

/* --- Rates */

/* The average of what was and of what is added now: it fades by 1/e in each period. For short intervals the
 * weight of the new count is 1, so that a burst counts in full; for long ones it is the count per period. */
static double average(const struct measurement *m, const struct rate_record *record, double count)
{
    enum { INSTANTS_PER_PERIOD = 1000000000 };
    double interval = (double)(m->now - record->when) / MICROSECONDS / m->request->period;
    double kept;

    if (interval <= 0) /* the clock was set back, or it is the same moment */
        interval = 1.0 / INSTANTS_PER_PERIOD;
    kept = exp(-interval);
    return (1 - kept) / interval * count + kept * record->rate;
}

/* Updates the record to now. True: it is to be stored. */
static bool update(struct measurement *m, bool found, struct rate_record *record)
{
    const struct rate_request *request = m->request;
    double count;

    if (found)
        debug(DEBUG_acl, "ratelimit found key in database");
    else if (!request->unique)
        debug(DEBUG_acl, "ratelimit creating new rate data block");
    count = count_event(m, record);
    if (!found)
        debug(DEBUG_acl, "ratelimit initializing new key's rate data");
    record->rate = m->rate = found ? average(m, record, count) : count;
    record->when = m->now;
    if (request->readonly)
        debug(DEBUG_acl, "ratelimit db not updated: readonly mode");
    else if (!request->strict && m->rate >= request->limit)
        debug(DEBUG_acl, "ratelimit db not updated: over the limit, but leaky");
    else
        return true;
    return false;
}

static enum hints_change decide(void *context, bool found, struct hints_record *hint)
{
    struct measurement *m = context;
    const struct rate_request *request = m->request;
    struct rate_record record = {.filtered = request->unique};

    if (found)
        found = decode(hint->value, request->unique, &record);
    if (!update(m, found, &record))
        return HINTS_KEEP;
    hint->value = encode(m->arena, &record);
    hint->expires = m->now / MICROSECONDS + KEEP_SECONDS + (int64_t)KEEP_PERIODS * request->period;
    debug(DEBUG_acl, "ratelimit db updated");
    return HINTS_WRITE;
}

bool rate_measure(const struct scope *scope, struct arena *arena, const struct rate_request *request,
                  double *rate, struct error *err)
{
    struct measurement m = {.request = request, .arena = arena, .now = now_in_microseconds()};
    struct hints *hints = scope->process == NULL ? NULL : scope->process->hints;
    struct hints_record hint = {.key = request->key};
    enum hints_status status;
    bool done;

    if (hints == NULL)
        return error_set(err, "there are no hints databases");
    if (request->readonly) {
        status = hints_get(hints, HINTS_RATELIMIT, request->key, arena, &hint, err);
        done = status != HINTS_FAILED;
        if (done)
            decide(&m, status == HINTS_FOUND, &hint);
    } else {
        done = hints_update(hints, HINTS_RATELIMIT, request->key, arena, decide, &m, err);
    }
    *rate = m.rate;
    return done;
}
