/* One connection to a host at a time: see smtp_serialize.h. */
#include "transports/smtp_serialize.h"

#include <time.h>

#include "base/log.h"
#include "hints/hints.h"

enum { STALE_AFTER = 6 * 60 * 60 }; /* seconds: whoever wrote an older record did not live to remove it */

static struct str key_of(struct delivery *delivery, const struct mail_host *host)
{
    return str_printf(delivery->arena, "host-serialize-%.*s", STR_ARG(host->address));
}

static enum hints_change claim(void *context, bool found, struct hints_record *record)
{
    bool *claimed = context;

    *claimed = !found;
    record->value = STR("");
    record->expires = time(NULL) + STALE_AFTER;
    return *claimed ? HINTS_WRITE : HINTS_KEEP;
}

bool smtp_serialize_begin(struct delivery *delivery, const struct mail_host *host)
{
    struct hints *hints = delivery->scope->process->hints;
    struct error err = ERROR_IN(delivery->arena);
    bool claimed = true;

    if (!hints)
        return true;
    if (!hints_update(hints, HINTS_MISC, key_of(delivery, host), delivery->arena, claim, &claimed, &err)) {
        log_write(LOG_MAIN | LOG_PANIC, "%.*s", STR_ARG(err.text));
        return true;
    }
    return claimed;
}

void smtp_serialize_end(struct delivery *delivery, const struct mail_host *host)
{
    struct hints *hints = delivery->scope->process->hints;
    struct error err = ERROR_IN(delivery->arena);

    if (hints && !hints_delete(hints, HINTS_MISC, key_of(delivery, host), &err))
        log_write(LOG_MAIN | LOG_PANIC, "%.*s", STR_ARG(err.text));
}
