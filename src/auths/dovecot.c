/* The dovecot driver (manual, chapter 37): whatever mechanism Dovecot's authentication service has. It judges;
 * nothing of what passes through is understood here. */
#include "auths/dovecot_service.h"

struct dovecot_config {
    struct str server_socket;
    bool server_tls;
};

static const struct option options[] = {
    {.name = "server_socket", .type = OPTION_STRING, .offset = offsetof(struct dovecot_config, server_socket)},
    {.name = "server_tls", .type = OPTION_BOOL, .offset = offsetof(struct dovecot_config, server_tls)},
};

static bool init(struct auth_instance *auth, struct error *err)
{
    const struct dovecot_config *config = auth->instance.config;
    bool inet = str_starts(config->server_socket, "inet:");

    auth->server = !str_is_null(config->server_socket);
    if (auth->server && !inet && !str_starts(config->server_socket, "/"))
        return error_at(err, auth->instance.where,
                        "authenticator %.*s: server_socket must be an absolute file name or inet:host:port",
                        STR_ARG(auth->instance.name));
    if (config->server_tls && !inet)
        return error_at(err, auth->instance.where, "authenticator %.*s: server_tls is for a server_socket that is inet:host:port",
                        STR_ARG(auth->instance.name));
    return true;
}

static enum auth_verdict fail(struct auth_exchange *x, const struct dovecot_reply *reply)
{
    const char *cause = reply->cause ? reply->cause : reply->no_login ? "the user may not log in" : "failed";

    x->host->debug(x, "dovecot: %s%s%.*s\n", cause, str_is_null(reply->reason) ? "" : ": ", STR_ARG(reply->reason));
    if (!str_is_null(reply->user))
        auth_exchange_add(x, reply->user);
    if (!reply->temporary)
        return AUTH_FAIL;
    x->message = str_is_null(reply->reason) ? STR("Dovecot's authentication service failed temporarily") : reply->reason;
    return AUTH_DEFER;
}

static enum auth_verdict verdict_of(struct auth_exchange *x, enum dovecot_answer answer, const struct dovecot_reply *reply)
{
    switch (answer) {
    case DOVECOT_OK:
        if (reply->no_login)
            return fail(x, reply);
        auth_exchange_add(x, reply->user);
        return AUTH_OK;
    case DOVECOT_CONTINUE:
        x->out = reply->challenge;
        return AUTH_MORE;
    case DOVECOT_FAIL:
        return fail(x, reply);
    case DOVECOT_UNUSABLE:
        break;
    }
    return AUTH_DEFER;
}

static enum auth_verdict begin(struct auth_exchange *x)
{
    const struct dovecot_config *config = x->auth->instance.config;
    struct dovecot_service *service = x->state = dovecot_open(x, config->server_socket, config->server_tls);
    struct dovecot_reply reply = {.temporary = false};

    if (!service)
        return AUTH_DEFER;
    if (!dovecot_has_mechanism(service, x->auth->public_name)) {
        x->message = str_printf(x->arena, "Dovecot did not advertise mechanism \"%.*s\" to us",
                                STR_ARG(x->auth->public_name));
        return AUTH_DEFER;
    }
    return verdict_of(x, dovecot_begin(x, service, x->auth->public_name, x->in, &reply), &reply);
}

static enum auth_verdict server(struct auth_exchange *x)
{
    struct dovecot_reply reply = {.temporary = false};

    if (!x->state)
        return begin(x);
    return verdict_of(x, dovecot_continue(x, x->state, x->in, &reply), &reply);
}

extern const struct auth_driver auth_driver_dovecot;
const struct auth_driver auth_driver_dovecot = {
    .info = {.name = "dovecot",
             .options = options,
             .option_count = sizeof options / sizeof *options,
             .config_size = sizeof(struct dovecot_config)},
    .init = init,
    .server = server,
};
AUTH_DRIVER_EXPORT(auth_driver_dovecot)
