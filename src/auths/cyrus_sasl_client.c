/* The cyrus_sasl driver as a client. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "auths/cyrus_sasl.h"

/* What a server may ask of us; more only costs time, of which the library sets no limit (RFC 5802, section 9). */
enum { ITERATIONS_AT_MOST = 1000000 };

struct client {
    struct auth_exchange *x;
    sasl_conn_t *connection;
    struct str username, password, authz, realm; /* STR_NULL: not set */
    sasl_secret_t *secret;
    sasl_callback_t callbacks[6];
    bool finished; /* the library is content with what the server has shown */
};

static void dispose(void *p)
{
    struct client *client = p;

    sasl_dispose(&client->connection);
}

/* --- What the library asks */

static int tell_name(void *context, int id, const char **result, unsigned *length)
{
    const struct client *client = context;
    struct str name = id == SASL_CB_AUTHNAME ? client->username : client->authz;

    *result = str_is_null(name) ? "" : name.s;
    if (length)
        *length = (unsigned)name.n;
    return SASL_OK;
}

static int tell_password(sasl_conn_t *connection, void *context, int id, sasl_secret_t **secret)
{
    const struct client *client = context;

    (void)connection;
    (void)id;
    *secret = client->secret;
    return SASL_OK;
}

/* The one that the configuration names, else the first that the server has. */
static int tell_realm(void *context, int id, const char **available, const char **result)
{
    const struct client *client = context;

    (void)id;
    *result = !str_is_null(client->realm) ? client->realm.s : available && *available ? *available : "";
    return SASL_OK;
}

static void set_callbacks(struct client *client)
{
    const sasl_callback_t callbacks[] = {
        cyrus_log_callback(client->x),
        {SASL_CB_USER, (int (*)(void))(void *)tell_name, client},
        {SASL_CB_AUTHNAME, (int (*)(void))(void *)tell_name, client},
        {SASL_CB_PASS, (int (*)(void))(void *)tell_password, client},
        {SASL_CB_GETREALM, (int (*)(void))(void *)tell_realm, client},
        {SASL_CB_LIST_END, NULL, NULL},
    };

    memcpy(client->callbacks, callbacks, sizeof callbacks);
}

/* --- The exchange */

static enum auth_verdict trouble(struct auth_exchange *x, enum auth_verdict verdict, const char *why)
{
    x->message = str_printf(x->arena, "Cyrus SASL: %s", why);
    return verdict;
}

static bool optional(struct auth_exchange *x, const struct template *t, struct str *value, enum auth_verdict *verdict)
{
    *value = STR_NULL;
    return !t || auth_expand_client(x, t, value, verdict);
}

static bool expand_all(struct auth_exchange *x, struct client *client, enum auth_verdict *verdict)
{
    const struct cyrus_config *config = x->auth->instance.config;

    if (!optional(x, config->client_username, &client->username, verdict) ||
        !optional(x, config->client_password, &client->password, verdict) ||
        !optional(x, config->client_authz, &client->authz, verdict) ||
        !optional(x, config->client_realm, &client->realm, verdict))
        return false;
    client->secret = arena_alloc(x->arena, sizeof *client->secret + client->password.n + 1);
    client->secret->len = client->password.n;
    if (client->password.n > 0)
        memcpy(client->secret->data, client->password.s, client->password.n);
    return true;
}

static struct client *client_new(struct auth_exchange *x, enum auth_verdict *verdict)
{
    const struct cyrus_config *config = x->auth->instance.config;
    struct client *client = ARENA_NEW(x->arena, struct client);
    struct auth_peer peer = {.remote_name = STR_NULL};
    int status;

    client->x = x;
    if (!expand_all(x, client, verdict))
        return NULL;
    if (!x->host->peer || !x->host->peer(x, &peer) || str_is_null(peer.remote_name))
        peer.remote_name = STR("localhost");
    set_callbacks(client);
    status = sasl_client_new(config->client_service.s, peer.remote_name.s,
                             cyrus_address(x, peer.local_address, peer.local_port),
                             cyrus_address(x, peer.remote_address, peer.remote_port), client->callbacks, 0,
                             &client->connection);
    if (status != SASL_OK) {
        *verdict = trouble(x, AUTH_DEFER, sasl_errstring(status, NULL, NULL));
        return NULL;
    }
    arena_defer(x->arena, dispose, client);
    *verdict = AUTH_DEFER;
    return cyrus_describe_connection(x, client->connection) ? client : NULL;
}

/* Whether the challenge of a SCRAM mechanism asks for too much work: ...,i=ITERATIONS. */
static bool too_many_iterations(const struct auth_exchange *x)
{
    const struct cyrus_config *config = x->auth->instance.config;
    const char *p = x->in.s, *end;

    if (x->in.n == 0 || !str_starts_nocase(config->client_mech, "SCRAM-"))
        return false;
    end = p + x->in.n;
    while ((p = memmem(p, (size_t)(end - p), ",i=", 3)) != NULL) {
        p += 3;
        if (strtol(p, NULL, 10) > ITERATIONS_AT_MOST)
            return true;
    }
    return false;
}

static enum auth_verdict answer(struct auth_exchange *x, struct client *client, int status, const char *out, unsigned n)
{
    if (status == SASL_OK || status == SASL_CONTINUE) {
        client->finished = status == SASL_OK;
        x->unfinished = !client->finished;
        /* The first step has nothing to send where the server speaks first. */
        x->out = out || x->steps > 0 || client->finished ? str_copy_n(x->arena, out ? out : "", n, false) : STR_NULL;
        return AUTH_MORE;
    }
    return trouble(x, status == SASL_NOMECH ? AUTH_DEFER : AUTH_CANCELLED, sasl_errdetail(client->connection));
}

enum auth_verdict cyrus_client(struct auth_exchange *x)
{
    const struct cyrus_config *config = x->auth->instance.config;
    enum auth_verdict verdict;
    bool first = !x->state;
    struct client *client = first ? x->state = client_new(x, &verdict) : x->state;
    sasl_interact_t *questions = NULL;
    const char *out = NULL, *mechanism = NULL;
    unsigned n = 0;
    int status;

    if (!client)
        return verdict;
    if (x->in_undecodable || x->in.n > INT_MAX)
        return trouble(x, AUTH_CANCELLED, "invalid base64 string in server response");
    if (client->finished)
        return AUTH_UNEXPECTED;
    if (too_many_iterations(x))
        return trouble(x, AUTH_CANCELLED, "the server wants too many iterations");
    if (first)
        status = sasl_client_start(client->connection, config->client_mech.s, &questions, &out, &n, &mechanism);
    else
        status = sasl_client_step(client->connection, x->in.s, (unsigned)x->in.n, &questions, &out, &n);
    if (status == SASL_INTERACT)
        return trouble(x, AUTH_CANCELLED, "the mechanism asks for what no option has");
    return answer(x, client, status, out, n);
}
