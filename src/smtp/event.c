/* Events of the receiving side: see event.h. */
#include "smtp/event.h"

void smtp_event(struct smtp_session *s, struct str name, struct str data, struct str *result)
{
    struct scope_event event = {.name = name, .data = data};
    struct error err = ERROR_IN(s->scratch);
    struct str value = STR("");
    enum expand_status status;

    if (result)
        *result = STR("");
    if (!s->options->event_action)
        return;
    s->scope.event = &event;
    status = expand(&s->scope, s->options->event_action, s->scratch, &value, &err);
    s->scope.event = NULL;
    if (status == EXPAND_OK && result)
        *result = value;
    else if (status == EXPAND_FAILED || status == EXPAND_DEFER)
        log_write(LOG_MAIN | LOG_PANIC, "failed to expand event_action %.*s: %.*s", STR_ARG(name),
                  STR_ARG(err.text));
}
