/* Host lists as the session's options use them. */
#include "smtp/state.h"

bool smtp_host_in(struct smtp_session *s, const struct list *list, const char *option)
{
    struct error err = ERROR_IN(s->scratch);

    switch (list_match_connection_option(&s->scope, list, option, &err)) {
    case MATCH_YES:
        return true;
    case MATCH_ERROR:
        if (!str_is_null(err.text))
            log_write(LOG_MAIN | LOG_PANIC, "%.*s", STR_ARG(err.text));
        return false;
    case MATCH_DEFER:
        debug(DEBUG_lists, "%s cannot be checked now: %.*s\n", option, STR_ARG(err.text));
        return false;
    case MATCH_NO:
        break;
    }
    return false;
}
