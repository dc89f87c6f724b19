/* The external driver (manual, chapter 41; RFC 4422 appendix A): the client names the identity that something else has
 * established, a certificate or the network. Whether it has is for server_condition to say. */
#include "auths/auth.h"

struct external_config {
    const struct template *server_param2, *server_param3;
    const struct template *client_send;
};

#define OPTION(name_) \
    {.name = #name_, .type = OPTION_TEMPLATE, .offset = offsetof(struct external_config, name_)}

static const struct option options[] = {
    OPTION(client_send),
    OPTION(server_param2),
    OPTION(server_param3),
};

static bool init(struct auth_instance *auth, struct error *err)
{
    const struct external_config *config = auth->instance.config;

    (void)err;
    auth->server = auth->server_condition != NULL;
    auth->client = config->client_send != NULL;
    return true;
}

/* --- The server */

/* The parameters become $auth2 and $auth3, and see what is in front of them. */
static enum auth_verdict add_parameters(struct auth_exchange *x)
{
    const struct external_config *config = x->auth->instance.config;
    const struct template *const parameters[] = {config->server_param2, config->server_param3};

    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        struct str value = STR_NULL;
        enum auth_expand status = AUTH_EXPAND_OK;

        if (parameters[i])
            status = x->host->expand(x, parameters[i], &value);
        if (status != AUTH_EXPAND_OK)
            return auth_expand_verdict(status);
        auth_exchange_add(x, value);
    }
    return AUTH_OK;
}

/* An identity has no NULs (RFC 4422): several strings are none. */
static enum auth_verdict server(struct auth_exchange *x)
{
    if (str_is_null(x->in)) {
        x->out = STR("");
        return AUTH_MORE;
    }
    auth_exchange_add(x, x->in);
    return str_find(x->in, '\0') >= 0 ? AUTH_FAIL : add_parameters(x);
}

/* --- The client */

static enum auth_verdict client(struct auth_exchange *x)
{
    const struct external_config *config = x->auth->instance.config;
    enum auth_verdict verdict;

    if (x->steps == 0)
        return auth_expand_client(x, config->client_send, &x->out, &verdict) ? AUTH_MORE : verdict;
    x->message = STR("the server asked for more than EXTERNAL has");
    return AUTH_CANCELLED;
}

extern const struct auth_driver auth_driver_external;
const struct auth_driver auth_driver_external = {
    .info = {.name = "external",
             .options = options,
             .option_count = sizeof options / sizeof *options,
             .config_size = sizeof(struct external_config)},
    .init = init,
    .server = server,
    .client = client,
};
AUTH_DRIVER_EXPORT(auth_driver_external)
