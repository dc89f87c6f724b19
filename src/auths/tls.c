/* The tls driver (manual, chapter 42): who the client is stands in the certificate that it showed in the TLS
 * handshake. There is no exchange and no mechanism: the host runs the driver once, right behind the handshake of
 * a client whose certificate was verified, and server_condition judges what the parameters found in it. */
#include "auths/auth.h"

enum { PARAMETERS = 3 };

struct tls_config {
    const struct template *server_params[PARAMETERS];
};

#define OPTION(name_, index_) \
    {.name = (name_), .type = OPTION_TEMPLATE, .offset = offsetof(struct tls_config, server_params[index_])}

static const struct option options[] = {
    {.name = "server_param", .state = OPTION_SYNONYM, .default_text = "server_param1"},
    OPTION("server_param1", 0),
    OPTION("server_param2", 1),
    OPTION("server_param3", 2),
};

static bool init(struct auth_instance *auth, struct error *err)
{
    const struct tls_config *config = auth->instance.config;

    (void)err;
    for (int i = 0; i < PARAMETERS; i++)
        auth->server = auth->server || config->server_params[i] != NULL;
    auth->server = auth->server || auth->server_condition != NULL;
    return true;
}

/* Each parameter becomes the $auth of its number; those before it are there for it to use. */
static enum auth_verdict server(struct auth_exchange *x)
{
    const struct tls_config *config = x->auth->instance.config;

    for (int i = 0; i < PARAMETERS; i++) {
        struct str value = STR("");

        if (config->server_params[i] != NULL) {
            enum auth_expand status = x->host->expand(x, config->server_params[i], &value);

            if (status != AUTH_EXPAND_OK)
                return auth_expand_verdict(status);
        }
        auth_exchange_add(x, value);
    }
    return AUTH_OK;
}

extern const struct auth_driver auth_driver_tls;
const struct auth_driver auth_driver_tls = {
    .info = {.name = "tls",
             .options = options,
             .option_count = sizeof options / sizeof *options,
             .config_size = sizeof(struct tls_config)},
    .init = init,
    .server = server,
    .by_tls = true,
};
AUTH_DRIVER_EXPORT(auth_driver_tls)
