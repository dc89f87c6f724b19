/* The cyrus_sasl driver as a server. */
#include <limits.h>

#include "auths/cyrus_sasl.h"

struct server {
    sasl_conn_t *connection;
    sasl_callback_t callbacks[2];
};

static void dispose(void *p)
{
    struct server *server = p;

    sasl_dispose(&server->connection);
}

/* The value of an option that may be unset; fallback: its default, which may be STR_NULL. */
static bool value_of(struct auth_exchange *x, const struct template *t, struct str fallback, struct str *value,
                     enum auth_verdict *verdict)
{
    enum auth_expand status;

    *value = fallback;
    if (!t)
        return true;
    status = x->host->expand(x, t, value);
    *verdict = auth_expand_verdict(status);
    return status == AUTH_EXPAND_OK;
}

/* A handle of its own for each attempt: what an earlier one has left in it cannot help this one. */
static struct server *server_new(struct auth_exchange *x, enum auth_verdict *verdict)
{
    const struct cyrus_config *config = x->auth->instance.config;
    struct server *server = ARENA_NEW(x->arena, struct server);
    struct auth_peer peer = {.host_name = STR_NULL};
    struct str hostname, realm;
    int status;

    if (!x->host->peer || !x->host->peer(x, &peer) || str_is_null(peer.host_name))
        peer.host_name = STR("localhost");
    if (!value_of(x, config->server_hostname, peer.host_name, &hostname, verdict) ||
        !value_of(x, config->server_realm, STR_NULL, &realm, verdict))
        return NULL;
    *verdict = AUTH_DEFER;
    server->callbacks[0] = cyrus_log_callback(x);
    server->callbacks[1] = (sasl_callback_t){SASL_CB_LIST_END, NULL, NULL};
    status = sasl_server_new(config->server_service.s, hostname.s, realm.s,
                             cyrus_address(x, peer.local_address, peer.local_port),
                             cyrus_address(x, peer.remote_address, peer.remote_port), server->callbacks, 0,
                             &server->connection);
    if (status != SASL_OK) {
        x->message = str_printf(x->arena, "Cyrus SASL: %s", sasl_errstring(status, NULL, NULL));
        return NULL;
    }
    arena_defer(x->arena, dispose, server);
    return cyrus_describe_connection(x, server->connection) ? server : NULL;
}

static const char *name_of(const struct server *server)
{
    const void *name = NULL;

    return sasl_getprop(server->connection, SASL_USERNAME, &name) == SASL_OK ? name : NULL;
}

/* Who is trying, for server_set_id. False: the library does not know. */
static bool show_name(struct auth_exchange *x, const struct server *server)
{
    const char *name = name_of(server);

    if (name)
        auth_exchange_add(x, str_taint(str_copy(x->arena, str_of(name))));
    return name != NULL;
}

static enum auth_verdict put_off(struct auth_exchange *x, const struct server *server, int status)
{
    const struct cyrus_config *config = x->auth->instance.config;

    show_name(x, server);
    if (status == SASL_NOMECH)
        x->message = str_printf(x->arena, "Cyrus SASL: mechanism %.*s not available", STR_ARG(config->server_mech));
    else
        x->message = str_printf(x->arena, "Cyrus SASL temporary failure: %s", sasl_errstring(status, NULL, NULL));
    return AUTH_DEFER;
}

static enum auth_verdict refuse(struct auth_exchange *x, const struct server *server, int status)
{
    const struct cyrus_config *config = x->auth->instance.config;

    x->host->log_reject(x, "%.*s authenticator (%.*s): Cyrus SASL %s: %s", STR_ARG(x->auth->instance.name),
                        STR_ARG(config->server_mech), show_name(x, server) ? "permanent failure" : "username fetch problem",
                        sasl_errstring(status, NULL, NULL));
    return AUTH_FAIL;
}

static enum auth_verdict accept(struct auth_exchange *x, const struct server *server)
{
    const char *name = name_of(server);
    const void *strength = NULL;

    if (!name || !*name) {
        x->host->log_reject(x, "%.*s authenticator: Cyrus SASL does not say who has authenticated",
                            STR_ARG(x->auth->instance.name));
        return AUTH_FAIL;
    }
    if (sasl_getprop(server->connection, SASL_SSF, &strength) != SASL_OK || *(const sasl_ssf_t *)strength > 0) {
        x->message = STR("Cyrus SASL wants to encrypt the session");
        return AUTH_DEFER;
    }
    auth_exchange_add(x, str_taint(str_copy(x->arena, str_of(name))));
    return AUTH_OK;
}

static enum auth_verdict verdict_of(struct auth_exchange *x, const struct server *server, int status)
{
    switch (status) {
    case SASL_OK:
        return accept(x, server);
    case SASL_CONTINUE:
        return AUTH_MORE;
    case SASL_BADPROT:
    case SASL_BADPARAM:
        return AUTH_UNEXPECTED;
    case SASL_FAIL:
    case SASL_BUFOVER:
    case SASL_BADMAC:
    case SASL_BADAUTH:
    case SASL_NOAUTHZ:
    case SASL_TOOWEAK:
    case SASL_ENCRYPT:
    case SASL_EXPIRED:
    case SASL_DISABLED:
    case SASL_NOUSER:
    case SASL_PWLOCK:
    case SASL_BADBINDING:
        return refuse(x, server, status);
    default:
        return put_off(x, server, status);
    }
}

enum auth_verdict cyrus_server(struct auth_exchange *x)
{
    const struct cyrus_config *config = x->auth->instance.config;
    enum auth_verdict verdict;
    bool first = !x->state;
    struct server *server = first ? x->state = server_new(x, &verdict) : x->state;
    const char *out = NULL;
    unsigned n = 0;
    int status;

    if (!server)
        return verdict;
    if (x->in.n > INT_MAX || auth_exchange_has_nul(x, config->server_mech))
        return AUTH_FAIL;
    if (first) {
        x->host->debug(x, "Calling sasl_server_start(%.*s)\n", STR_ARG(config->server_mech));
        status = sasl_server_start(server->connection, config->server_mech.s, x->in.s, (unsigned)x->in.n, &out, &n);
    } else {
        x->host->debug(x, "Calling sasl_server_step\n");
        status = sasl_server_step(server->connection, x->in.s, (unsigned)x->in.n, &out, &n);
    }
    if (status != SASL_OK && status != SASL_CONTINUE)
        x->host->debug(x, "Cyrus SASL failure %d (%s)\n", status, sasl_errstring(status, NULL, NULL));
    verdict = verdict_of(x, server, status);
    if (verdict == AUTH_MORE)
        x->out = str_copy_n(x->arena, out ? out : "", n, false);
    return verdict;
}
