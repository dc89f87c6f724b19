/* Announcing mechanisms in the answer to EHLO (manual, 33.3). */
#include "base/truth.h"
#include "smtp/reply.h"

/* server_advertise_condition of one authenticator. */
static bool is_advertised(struct smtp_session *s, const struct auth_instance *auth)
{
    const struct template *condition = auth->server_advertise_condition;
    struct error err = ERROR_IN(s->scratch);
    struct str value;

    debug_detail(DEBUG_auth, "Evaluating advertise_condition for %.*s %.*s authenticator\n",
                 STR_ARG(auth->instance.name), STR_ARG(auth->public_name));
    if (!condition)
        return true;
    switch (expand(&s->scope, condition, s->scratch, &value, &err)) {
    case EXPAND_OK:
        return truth_of(value) != TRUTH_NO;
    case EXPAND_FORCED:
    case EXPAND_DEFER:
        return false;
    case EXPAND_FAILED:
        break;
    }
    log_write(LOG_MAIN | LOG_PANIC, "failed to expand condition \"%.*s\" for %.*s authenticator: %.*s",
              STR_ARG(template_source(condition)), STR_ARG(auth->instance.name), STR_ARG(err.text));
    return false;
}

bool smtp_auth_advertise(struct smtp_session *s, struct buffer *reply)
{
    bool any = false;

    if (s->prepared->server_count == 0 || !str_is_empty(s->connection.host_authenticated) ||
        !smtp_host_in(s, s->options->auth_advertise_hosts, "auth_advertise_hosts"))
        return false;
    for (size_t i = 0; i < s->prepared->server_count; i++) {
        const struct auth_instance *auth = s->prepared->servers[i];

        s->advertised[i] = is_advertised(s, auth);
        if (!s->advertised[i])
            continue;
        buffer_add_cstr(reply, any ? " " : "\nAUTH ");
        buffer_add(reply, s->prepared->mechanisms[i]);
        any = true;
    }
    return any;
}
