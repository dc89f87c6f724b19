/* The cyrus_sasl driver (manual, chapter 36): the mechanisms of the Cyrus SASL library, as it is configured for
 * the application "exim". The library keeps its plug-ins for the life of the process; a handle is made for each
 * exchange and goes with it. */
#include "auths/cyrus_sasl.h"

#include <string.h>

#include "base/strlist.h"

#define EXPANDED(name_) {.name = #name_, .type = OPTION_TEMPLATE, .offset = offsetof(struct cyrus_config, name_)}
#define FIXED(name_, default_) \
    {.name = #name_, .type = OPTION_STRING, .offset = offsetof(struct cyrus_config, name_), .default_text = (default_)}

static const struct option options[] = {
    EXPANDED(client_authz),
    FIXED(client_mech, NULL),
    EXPANDED(client_password),
    EXPANDED(client_realm),
    FIXED(client_service, "smtp"),
    EXPANDED(client_username),
    EXPANDED(server_hostname),
    FIXED(server_mech, NULL),
    EXPANDED(server_realm),
    FIXED(server_service, "smtp"),
};

/* --- The library */

/* Names are looked up in its lists, so only one of them that is there will do. */
static bool has_mechanism(struct str list, struct str mechanism, struct arena *arena)
{
    struct strlist it;
    struct str item;

    strlist_begin(&it, list, ' ');
    while (strlist_next(&it, arena, &item))
        if (str_eq_nocase(item, mechanism))
            return true;
    return false;
}

static bool fault(const struct auth_instance *auth, struct error *err, const char *what, const char *why)
{
    return error_at(err, auth->instance.where, "authenticator %.*s: %s: %s", STR_ARG(auth->instance.name), what, why);
}

static bool check_server(struct auth_instance *auth, struct error *err)
{
    const struct cyrus_config *config = auth->instance.config;
    const char *list = NULL;
    sasl_conn_t *connection = NULL;
    int status = sasl_server_init(NULL, "exim");
    bool known;

    if (status == SASL_OK)
        status = sasl_server_new(config->server_service.s, "localhost", NULL, NULL, NULL, NULL, 0, &connection);
    if (status == SASL_OK) /* EXTERNAL is there where TLS knows somebody */
        status = sasl_setprop(connection, SASL_AUTH_EXTERNAL, "somebody");
    if (status != SASL_OK)
        return fault(auth, err, "Cyrus SASL cannot be used", sasl_errstring(status, NULL, NULL));
    status = sasl_listmech(connection, NULL, "", " ", "", &list, NULL, NULL);
    known = status == SASL_OK && has_mechanism(str_of(list), config->server_mech, err->arena);
    if (!known)
        error_at(err, auth->instance.where, "authenticator %.*s: Cyrus SASL does not offer mechanism \"%.*s\" (but %s)",
                 STR_ARG(auth->instance.name), STR_ARG(config->server_mech), status == SASL_OK ? list : "none");
    sasl_dispose(&connection);
    return known;
}

static bool check_client(struct auth_instance *auth, struct error *err)
{
    int status = sasl_client_init(NULL);

    return status == SASL_OK || fault(auth, err, "Cyrus SASL cannot be used", sasl_errstring(status, NULL, NULL));
}

/* A stanza that names who to be is for the client's side, any other for the server's. */
static bool init(struct auth_instance *auth, struct error *err)
{
    struct cyrus_config *config = auth->instance.config;

    if (str_is_null(config->server_mech))
        config->server_mech = auth->public_name;
    if (str_is_null(config->client_mech))
        config->client_mech = auth->public_name;
    auth->client = config->client_username != NULL;
    auth->server = !auth->client || auth->server_condition || config->server_realm || config->server_hostname;
    return (!auth->server || check_server(auth, err)) && (!auth->client || check_client(auth, err));
}

/* --- Shared by both sides */

const char *cyrus_address(struct auth_exchange *x, struct str address, int port)
{
    if (str_is_null(address) || str_is_empty(address) || port <= 0)
        return NULL;
    return str_printf(x->arena, "%.*s;%d", STR_ARG(address), port).s;
}

static int take_log(void *context, int level, const char *message)
{
    struct auth_exchange *x = context;

    if (level != SASL_LOG_NONE && level < SASL_LOG_TRACE) /* traces may have passwords in them */
        x->host->debug(x, "Cyrus SASL: %s\n", message);
    return SASL_OK;
}

sasl_callback_t cyrus_log_callback(struct auth_exchange *x)
{
    return (sasl_callback_t){SASL_CB_LOG, (int (*)(void))(void *)take_log, x};
}

bool cyrus_describe_connection(struct auth_exchange *x, sasl_conn_t *connection)
{
    /* No security layer: nothing of the session is to be wrapped. Whether a mechanism may be used on this
     * connection is for server_advertise_condition to say. */
    const sasl_security_properties_t security = {.min_ssf = 0, .max_ssf = 0, .security_flags = 0};
    struct auth_peer peer = {.tls = false};
    sasl_ssf_t strength;
    int status = sasl_setprop(connection, SASL_SEC_PROPS, &security);

    if (status == SASL_OK && x->host->peer && x->host->peer(x, &peer) && peer.tls) {
        strength = (sasl_ssf_t)peer.tls_bits;
        status = sasl_setprop(connection, SASL_SSF_EXTERNAL, &strength);
        if (status == SASL_OK && peer.tls_certificate_verified && !str_is_null(peer.tls_peer_name))
            status = sasl_setprop(connection, SASL_AUTH_EXTERNAL, peer.tls_peer_name.s);
    }
    if (status == SASL_OK)
        return true;
    x->message = str_printf(x->arena, "Cyrus SASL: %s", sasl_errdetail(connection));
    return false;
}

static void version_report(struct buffer *out)
{
    const char *implementation = NULL, *version = NULL;

    sasl_version_info(&implementation, &version, NULL, NULL, NULL, NULL);
    buffer_printf(out, "Library version: Cyrus SASL: Compile: %d.%d.%d\n"
                       "                             Runtime: %s [%s]\n",
                  SASL_VERSION_MAJOR, SASL_VERSION_MINOR, SASL_VERSION_STEP, version, implementation);
}

extern const struct auth_driver auth_driver_cyrus_sasl;
const struct auth_driver auth_driver_cyrus_sasl = {
    .info = {.name = "cyrus_sasl",
             .options = options,
             .option_count = sizeof options / sizeof *options,
             .config_size = sizeof(struct cyrus_config)},
    .init = init,
    .server = cyrus_server,
    .client = cyrus_client,
    .version_report = version_report,
};
AUTH_DRIVER_EXPORT(auth_driver_cyrus_sasl)
