/* Events of deliveries: see event.h. */
#include "transports/event.h"

#include "base/log.h"
#include "expand/expand.h"

struct str transport_event(const struct transport_instance *transport, struct scope *scope, const char *name,
                           struct str data, int error)
{
    struct scope_event event = {.name = str_of(name), .data = data, .defer_errno = error};
    const struct scope_event *outer = scope->event;
    struct error err = ERROR_IN(scope->arena);
    struct str result = STR("");
    enum expand_status status;

    if (!transport->event_action)
        return result;
    debug(DEBUG_deliver, "Event(%s): event_action=|%.*s| delivery_IP=%.*s\n", name,
          STR_ARG(template_source(transport->event_action)),
          STR_ARG(scope->address ? scope->address->host_address : STR_NULL));
    scope->event = &event;
    status = expand(scope, transport->event_action, scope->arena, &result, &err);
    scope->event = outer;
    if (status == EXPAND_OK)
        return result;
    if (status != EXPAND_FORCED)
        log_write(LOG_MAIN | LOG_PANIC, "failed to expand event_action %s in transport %.*s: %.*s", name,
                  STR_ARG(transport->instance.name), STR_ARG(err.text));
    return STR("");
}
