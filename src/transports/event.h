/* Events of deliveries (manual, chapter 61): the transport option event_action. */
#ifndef TRANSPORTS_EVENT_H
#define TRANSPORTS_EVENT_H

#include "transports/transport.h"

/* Expands event_action with $event_name, $event_data and $event_defer_errno (error; 0: none). Returns its
 * result, in the scope's arena: empty when there is nothing to be said, or no event_action, or when it could
 * not be expanded, which is logged. */
struct str transport_event(const struct transport_instance *transport, struct scope *scope, const char *name,
                           struct str data, int error);

#endif
