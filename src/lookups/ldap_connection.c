/* Connections to LDAP servers: see ldap_connection.h. */
#include "lookups/ldap_connection.h"

#include <string.h>
#include <strings.h>
#include <sys/time.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "base/secret.h"

struct connection {
    struct connection *next;
    struct ldap_server server;
    LDAP *ldap;                /* NULL: closed */
    struct arena *arena;       /* of who is bound; wiped when it is somebody else */
    bool bound;
    struct str user, password; /* STR_NULL: nobody */
};

struct ldap_connections {
    struct arena *arena;
    struct connection *first;
};

struct ldap_connections *ldap_connections_new(void)
{
    struct arena *arena = arena_new(ARENA_SECRET);
    struct ldap_connections *all = ARENA_NEW(arena, struct ldap_connections);

    all->arena = arena;
    return all;
}

static void close_connection(struct connection *c)
{
    if (c->ldap)
        ldap_unbind_ext(c->ldap, NULL, NULL);
    c->ldap = NULL;
    c->bound = false;
    arena_reset(c->arena);
}

void ldap_connections_free(struct ldap_connections *all)
{
    for (struct connection *c = all->first; c; c = c->next) {
        close_connection(c);
        arena_free(c->arena);
    }
    arena_free(all->arena);
}

void ldap_disconnect(struct ldap_connections *all, LDAP *ldap)
{
    for (struct connection *c = all->first; c; c = c->next)
        if (c->ldap == ldap)
            close_connection(c);
}

static bool same_server(const struct ldap_server *a, const struct ldap_server *b)
{
    return a->port == b->port && a->ldaps == b->ldaps && a->socket == b->socket && str_eq(a->host, b->host) &&
           str_is_null(a->host) == str_is_null(b->host);
}

static struct connection *connection_to(struct ldap_connections *all, const struct ldap_server *server)
{
    struct connection *c = all->first;

    while (c && !same_server(&c->server, server))
        c = c->next;
    if (c)
        return c;
    c = ARENA_NEW(all->arena, struct connection);
    *c = (struct connection){.next = all->first, .server = *server, .arena = arena_new(ARENA_SECRET)};
    c->server.host = str_copy(all->arena, server->host);
    all->first = c;
    return c;
}

/* --- Opening */

/* The server as messages name it. */
static struct str name_of(struct arena *arena, const struct ldap_server *server)
{
    if (server->socket)
        return server->host;
    return str_printf(arena, "%.*s:%d", STR_ARG(str_is_null(server->host) ? STR("NULL") : server->host), server->port);
}

static struct str uri_of(struct arena *arena, const struct ldap_server *server)
{
    struct buffer uri = BUFFER_IN(arena);
    bool brackets = str_find(server->host, ':') >= 0 && server->host.s[0] != '[';

    if (!server->socket)
        return str_printf(arena, brackets ? "%s://[%.*s]:%d/" : "%s://%.*s:%d/", server->ldaps ? "ldaps" : "ldap",
                          STR_ARG(server->host), server->port);
    buffer_add_cstr(&uri, "ldapi://");
    for (size_t i = 0; i < server->host.n; i++)
        if (ascii_is_alnum(server->host.s[i]))
            buffer_add_char(&uri, server->host.s[i]);
        else
            buffer_printf(&uri, "%%%02X", (unsigned)(unsigned char)server->host.s[i]);
    buffer_add_char(&uri, '/');
    return buffer_str(&uri);
}

/* What ldap_require_cert may say. */
static bool read_require_cert(struct str text, int *value)
{
    static const struct {
        const char *name;
        int value;
    } words[] = {
        {"never", LDAP_OPT_X_TLS_NEVER}, {"hard", LDAP_OPT_X_TLS_HARD}, {"demand", LDAP_OPT_X_TLS_DEMAND},
        {"allow", LDAP_OPT_X_TLS_ALLOW}, {"try", LDAP_OPT_X_TLS_TRY},
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_is_nocase(text, words[i].name)) {
            *value = words[i].value;
            return true;
        }
    return false;
}

/* TLS as the main options want it; what they do not say is left to the library's own configuration. It is the same for
 * all connections, and the library never frees all that belongs to such a context: so there is one, for the process. */
static bool set_tls(struct error *err)
{
    static bool ready;
    const struct lookup_settings *settings = lookup_settings();
    const struct {
        int option;
        struct str value;
    } texts[] = {
        {LDAP_OPT_X_TLS_CACERTFILE, settings->ldap_ca_cert_file},
        {LDAP_OPT_X_TLS_CACERTDIR, settings->ldap_ca_cert_dir},
        {LDAP_OPT_X_TLS_CERTFILE, settings->ldap_cert_file},
        {LDAP_OPT_X_TLS_KEYFILE, settings->ldap_cert_key},
        {LDAP_OPT_X_TLS_CIPHER_SUITE, settings->ldap_cipher_suite},
    };
    int value = 0;
    bool any = false;

    if (ready)
        return true;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (str_is_empty(texts[i].value))
            continue;
        any = true;
        if (ldap_set_option(NULL, texts[i].option, texts[i].value.s) != LDAP_OPT_SUCCESS)
            return error_set(err, "LDAP: the library does not take \"%.*s\" for TLS", STR_ARG(texts[i].value));
    }
    if (!str_is_empty(settings->ldap_require_cert)) {
        any = true;
        if (!read_require_cert(settings->ldap_require_cert, &value))
            return error_set(err, "ldap_require_cert must be hard, demand, allow, try or never");
        ldap_set_option(NULL, LDAP_OPT_X_TLS_REQUIRE_CERT, &value);
    }
    value = 0;
    ready = !any || ldap_set_option(NULL, LDAP_OPT_X_TLS_NEWCTX, &value) == LDAP_OPT_SUCCESS;
    return ready || error_set(err, "LDAP: TLS cannot be set up with those options");
}

struct timeval *ldap_patience(const struct ldap_query *query, struct timeval *buffer)
{
    *buffer = (struct timeval){.tv_sec = query->nettime};
    return query->nettime > 0 ? buffer : NULL;
}

static bool wants_start_tls(const struct ldap_server *server)
{
    return lookup_settings()->ldap_start_tls && !server->ldaps && !server->socket;
}

/* Connecting, and what the library does in one call. It waits without end for the server's part of a TLS handshake,
 * unless it may go on while it connects. */
static void limit_waiting(LDAP *ldap, const struct ldap_server *server, const struct ldap_query *query)
{
    struct timeval buffer;

    if (!ldap_patience(query, &buffer))
        return;
    ldap_set_option(ldap, LDAP_OPT_NETWORK_TIMEOUT, &buffer);
    ldap_set_option(ldap, LDAP_OPT_TIMEOUT, &buffer);
    if (server->ldaps || wants_start_tls(server))
        ldap_set_option(ldap, LDAP_OPT_CONNECT_ASYNC, LDAP_OPT_ON);
}

static bool start_tls(LDAP *ldap, const struct ldap_server *server, struct error *err)
{
    int code;

    if (!wants_start_tls(server))
        return true;
    code = ldap_start_tls_s(ldap, NULL, NULL);
    return code == LDAP_SUCCESS || error_set(err, "failed to initiate TLS processing on an LDAP session to server "
                                                  "%.*s:%d - ldap_start_tls_s() returned %d: %s",
                                             STR_ARG(server->host), server->port, code, ldap_err2string(code));
}

static bool open_connection(struct connection *c, struct arena *arena, const struct ldap_query *query,
                            struct error *err)
{
    int version = lookup_settings()->ldap_version, code;

    if (version < 0)
        version = LDAP_VERSION3;
    if (!set_tls(err))
        return false;
    code = ldap_initialize(&c->ldap, str_is_null(c->server.host) ? NULL : uri_of(arena, &c->server).s);
    if (code != LDAP_SUCCESS) {
        c->ldap = NULL;
        return error_set(err, "ldap_initialize: (error %d) URL \"%.*s\"", code, STR_ARG(name_of(arena, &c->server)));
    }
    ldap_set_option(c->ldap, LDAP_OPT_PROTOCOL_VERSION, &version);
    ldap_set_option(c->ldap, LDAP_OPT_RESTART, LDAP_OPT_ON);
    limit_waiting(c->ldap, &c->server, query);
    return start_tls(c->ldap, &c->server, err);
}

/* --- Authenticating */

/* Waits for the answer to a request. -1: there was none in time, or the connection is broken. */
static int answer_to(LDAP *ldap, int id, const struct ldap_query *query)
{
    struct timeval buffer;
    LDAPMessage *message = NULL;
    int code = LDAP_OTHER;

    if (ldap_result(ldap, id, LDAP_MSG_ALL, ldap_patience(query, &buffer), &message) <= 0)
        return -1;
    if (ldap_parse_result(ldap, message, &code, NULL, NULL, NULL, NULL, 1) != LDAP_SUCCESS)
        return -1;
    return code;
}

static int bind_as(LDAP *ldap, const struct ldap_query *query)
{
    struct berval credentials = {.bv_val = (char *)(uintptr_t)(query->password.s ? query->password.s : ""),
                                 .bv_len = query->password.n};
    int id;

    if (ldap_sasl_bind(ldap, query->user.s, LDAP_SASL_SIMPLE, &credentials, NULL, NULL, &id) != LDAP_SUCCESS)
        return -1;
    return answer_to(ldap, id, query);
}

static bool is_bound_for(const struct connection *c, const struct ldap_query *query)
{
    return c->bound && str_eq(c->user, query->user) && secret_equal(c->password, query->password) &&
           str_is_null(c->user) == str_is_null(query->user);
}

/* The codes that say that it is the user's fault. */
static bool is_refusal(int code)
{
    return code == LDAP_INVALID_CREDENTIALS || code == LDAP_NO_SUCH_OBJECT || code == LDAP_INAPPROPRIATE_AUTH ||
           code == LDAP_INSUFFICIENT_ACCESS;
}

static enum ldap_outcome authenticate(struct connection *c, struct arena *arena, const struct ldap_query *query,
                                      struct error *err)
{
    int code = bind_as(c->ldap, query);

    arena_reset(c->arena);
    c->bound = code == LDAP_SUCCESS;
    c->user = str_copy(c->arena, query->user);
    c->password = str_copy(c->arena, query->password);
    if (c->bound)
        return LDAP_CONNECTED;
    if (code < 0)
        error_set(err, "failed to bind the LDAP connection to server %.*s - ldap_bind() returned -1",
                  STR_ARG(name_of(arena, &c->server)));
    else
        error_set(err, "failed to bind the LDAP connection to server %.*s - LDAP error %d: %s",
                  STR_ARG(name_of(arena, &c->server)), code, ldap_err2string(code));
    close_connection(c);
    return is_refusal(code) ? LDAP_REFUSED : LDAP_FAILED;
}

enum ldap_outcome ldap_connect_to(struct ldap_connections *all, const struct ldap_server *server,
                                  const struct ldap_query *query, LDAP **ldap, bool *kept, struct error *err)
{
    struct connection *c = connection_to(all, server);
    struct arena *arena = arena_new(ARENA_PLAIN);
    enum ldap_outcome outcome = LDAP_CONNECTED;

    *kept = c->ldap != NULL;
    if (!c->ldap && !open_connection(c, arena, query, err)) {
        close_connection(c);
        outcome = LDAP_FAILED;
    } else if (!is_bound_for(c, query)) {
        outcome = authenticate(c, arena, query, err);
        if (outcome == LDAP_FAILED && *kept) { /* the server may have closed it long ago */
            *kept = false;
            outcome = open_connection(c, arena, query, err) ? authenticate(c, arena, query, err) : LDAP_FAILED;
        }
    }
    *ldap = c->ldap;
    arena_free(arena);
    return outcome;
}
