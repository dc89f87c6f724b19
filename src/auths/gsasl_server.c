/* The gsasl driver as a server. The library asks for what it needs when it needs it; what a client has claimed is
 * in $auth1 and its kin by then. */
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "auths/gsasl.h"
#include "base/base64.h"
#include "base/secret.h"

enum {
    ITERATIONS_AT_LEAST = 4096,
    SALT_OCTETS = 16,
    PASSWORD_OCTETS = 24,
    KEY_OCTETS_AT_MOST = 32,
    STEPS_AT_MOST = 8, /* no mechanism has as many; some answer empty lines with empty lines for ever */
};

/* --- What is known of the client so far */

/* Authentication id, authorization id, and the realm or what else the mechanism has. */
static void show(struct auth_exchange *x, Gsasl_session *session, Gsasl_property third)
{
    struct str values[] = {gsasl_get(x, session, GSASL_AUTHID), gsasl_get(x, session, GSASL_AUTHZID),
                           gsasl_get(x, session, third)};

    x->count = 0;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        auth_exchange_add(x, str_is_null(values[i]) ? STR("") : values[i]);
}

/* What only one property says: ANONYMOUS, EXTERNAL. */
static void show_one(struct auth_exchange *x, Gsasl_session *session, Gsasl_property property)
{
    struct str value = gsasl_get(x, session, property);

    x->count = 0;
    auth_exchange_add(x, str_is_null(value) ? STR("") : value);
}

/* --- Options */

/* The value of an option; STR_NULL: it is not set. False: the exchange is over. A forced failure, too, puts the
 * client off, as the manual has it: there is no wrong password, but none to compare with. */
static bool option(struct auth_exchange *x, const struct template *t, struct str *value)
{
    struct gsasl_run *run = x->state;

    *value = STR_NULL;
    if (!t || x->host->expand(x, t, value) == AUTH_EXPAND_OK)
        return true;
    run->trouble = AUTH_DEFER;
    return false;
}

/* --- SCRAM */

/* A user that there is not has the same salt each time, as one that there is would; nobody can tell them apart
 * without the key. */
static struct str fake_salt(struct auth_exchange *x)
{
    const struct gsasl_config *config = x->auth->instance.config;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (!HMAC(EVP_sha256(), config->fake_key, sizeof config->fake_key, (const unsigned char *)x->vars[0].s,
              x->vars[0].n, digest, &n) || n < SALT_OCTETS)
        return STR_NULL;
    return base64_encode(x->arena, (struct str){(const char *)digest, SALT_OCTETS, false});
}

static bool answer_salt(struct auth_exchange *x, Gsasl_session *session)
{
    const struct gsasl_config *config = x->auth->instance.config;
    struct str salt, decoded;

    show(x, session, GSASL_REALM);
    if (!config->server_scram_salt || !option(x, config->server_scram_salt, &salt))
        return false;
    if (salt.n == 0 || !base64_decode(x->arena, salt, &decoded))
        salt = fake_salt(x);
    gsasl_set(session, GSASL_SCRAM_SALT, salt);
    return !str_is_null(salt);
}

static bool answer_iterations(struct auth_exchange *x, Gsasl_session *session)
{
    const struct gsasl_config *config = x->auth->instance.config;
    struct str value;
    long iterations = ITERATIONS_AT_LEAST;

    show(x, session, GSASL_REALM);
    if (!option(x, config->server_scram_iter, &value))
        return false;
    if (value.n > 0) {
        char *end;

        iterations = strtol(value.s, &end, 10);
        if (*end != '\0' || iterations < ITERATIONS_AT_LEAST || iterations > INT_MAX) {
            x->host->debug(x, "server_scram_iter is \"%.*s\": %d is used\n", STR_ARG(value), ITERATIONS_AT_LEAST);
            iterations = ITERATIONS_AT_LEAST;
        }
    }
    gsasl_set(session, GSASL_SCRAM_ITER, str_printf(x->arena, "%ld", iterations));
    return true;
}

/* Where there is no key or password, one that nobody knows: the client goes through the same steps, and fails.
 * In base64. */
static struct str unknowable(struct auth_exchange *x, size_t n)
{
    unsigned char octets[KEY_OCTETS_AT_MOST];

    random_octets(octets, n);
    return base64_encode(x->arena, (struct str){(const char *)octets, n, false});
}

/* The password counts where the key is none, but not one that is empty. */
static bool has_password(struct auth_exchange *x)
{
    const struct gsasl_config *config = x->auth->instance.config;
    struct str password;

    return !option(x, config->server_password, &password) || password.n > 0;
}

/* A key of the right size; any other is as good as none. Where there is no password either, which would have to be
 * hashed first, a key must take its place: the time would tell whom there is a key of. */
static bool answer_key(struct auth_exchange *x, Gsasl_session *session, Gsasl_property property)
{
    const struct gsasl_config *config = x->auth->instance.config;
    size_t octets = str_starts_nocase(config->server_mech, "SCRAM-SHA-256") ? 32 : 20;
    struct str key, decoded;

    show(x, session, GSASL_REALM);
    if (!config->server_key || !config->server_skey ||
        !option(x, property == GSASL_SCRAM_SERVERKEY ? config->server_key : config->server_skey, &key))
        return false;
    if (!base64_decode(x->arena, key, &decoded) || decoded.n != octets) {
        x->host->debug(x, "%s is not of the right length\n", property == GSASL_SCRAM_SERVERKEY ? "server_key" : "server_skey");
        if (has_password(x))
            return false;
        key = unknowable(x, octets);
    }
    gsasl_set(session, property, key);
    return true;
}

/* --- Passwords */

static bool answer_password(struct auth_exchange *x, Gsasl_session *session)
{
    const struct gsasl_config *config = x->auth->instance.config;
    struct str password;

    show(x, session, GSASL_REALM);
    if (!option(x, config->server_password, &password))
        return false;
    if (password.n == 0) { /* of a lookup that found nothing, mostly: an empty password would be easy to guess */
        x->host->debug(x, "server_password is empty: nobody can have that password\n");
        password = unknowable(x, PASSWORD_OCTETS);
    }
    gsasl_set(session, GSASL_PASSWORD, password);
    return true;
}

/* --- The rest */

static bool answer_realm(struct auth_exchange *x, Gsasl_session *session)
{
    const struct gsasl_config *config = x->auth->instance.config;
    struct str realm;

    if (!config->server_realm || !option(x, config->server_realm, &realm))
        return false;
    gsasl_set(session, GSASL_REALM, realm);
    return true;
}

static bool answer_hostname(struct auth_exchange *x, Gsasl_session *session)
{
    const struct gsasl_config *config = x->auth->instance.config;
    struct auth_peer peer = {.host_name = STR_NULL};
    struct str name;

    if (!option(x, config->server_hostname, &name))
        return false;
    if (str_is_null(name) && x->host->peer && x->host->peer(x, &peer))
        name = peer.host_name;
    gsasl_set(session, GSASL_HOSTNAME, str_is_null(name) ? STR("localhost") : name);
    return true;
}

/* A mechanism that does not bind takes a client that could for one that was kept from seeing that there is another
 * which does, if there is: RFC 5802, section 6. The library needs the binding to tell. */
static bool binds(struct auth_exchange *x)
{
    const struct gsasl_config *config = x->auth->instance.config;

    return config->server_channelbinding ||
           (x->host->offered && x->host->offered(x, str_join(x->arena, x->auth->public_name, STR("-PLUS"))));
}

static bool answer(struct auth_exchange *x, Gsasl_session *session, Gsasl_property property)
{
    const struct gsasl_config *config = x->auth->instance.config;

    switch ((int)property) {
    case GSASL_CB_TLS_UNIQUE:
    case GSASL_CB_TLS_EXPORTER:
        return binds(x) && gsasl_bind(x, session, property);
    case GSASL_SCRAM_SALT:
        return answer_salt(x, session);
    case GSASL_SCRAM_ITER:
        return answer_iterations(x, session);
    case GSASL_SCRAM_SERVERKEY:
    case GSASL_SCRAM_STOREDKEY:
        return answer_key(x, session, property);
    case GSASL_PASSWORD:
        return answer_password(x, session);
    case GSASL_REALM:
        return answer_realm(x, session);
    case GSASL_HOSTNAME:
        return answer_hostname(x, session);
    case GSASL_SERVICE:
        gsasl_set(session, property, config->server_service);
        return true;
    case GSASL_QOPS: /* no encryption of its own */
        gsasl_set(session, property, STR("qop-auth"));
        return true;
    /* The library has no opinion: server_condition is what decides, when it has finished. */
    case GSASL_VALIDATE_SIMPLE:
        show(x, session, GSASL_PASSWORD);
        return true;
    case GSASL_VALIDATE_EXTERNAL:
        show_one(x, session, GSASL_AUTHZID);
        return true;
    case GSASL_VALIDATE_ANONYMOUS:
        show_one(x, session, GSASL_ANONYMOUS_TOKEN);
        return true;
    case GSASL_VALIDATE_GSSAPI:
        x->count = 0;
        auth_exchange_add(x, gsasl_get(x, session, GSASL_GSSAPI_DISPLAY_NAME));
        auth_exchange_add(x, gsasl_get(x, session, GSASL_AUTHZID));
        return true;
    default:
        return false;
    }
}

static enum auth_verdict verdict_of(struct auth_exchange *x, int status)
{
    const struct gsasl_run *run = x->state;

    if (run->trouble != AUTH_MORE)
        return run->trouble;
    switch (status) {
    case GSASL_NEEDS_MORE:
        if (str_is_null(x->out))
            x->out = STR("");
        return AUTH_MORE;
    case GSASL_OK: /* something may still be to be said, which the client answers with an empty line */
        return str_is_null(x->out) ? AUTH_OK : AUTH_MORE;
    case GSASL_MALLOC_ERROR:
    case GSASL_CRYPTO_ERROR:
        x->message = str_printf(x->arena, "GNU SASL: %s", gsasl_strerror(status));
        return AUTH_DEFER;
    default: /* a binding of a kind that this connection has not, too: GSASL_NO_CB_TLS_UNIQUE and its kin */
        return AUTH_FAIL;
    }
}

/* Some clients send the user name with AUTH LOGIN; the library would ask for it all the same. */
static void skip_prompt(struct auth_exchange *x)
{
    struct str name = x->in;

    x->in = STR_NULL;
    gsasl_run_step(x);
    x->in = name;
    x->out = STR_NULL;
}

enum auth_verdict gsasl_server(struct auth_exchange *x)
{
    const struct gsasl_config *config = x->auth->instance.config;
    const struct gsasl_run *run = x->state;
    enum auth_verdict verdict;

    if (run && run->finished)
        return x->in.n == 0 ? AUTH_OK : AUTH_UNEXPECTED;
    if (x->steps > STEPS_AT_MOST || auth_exchange_has_nul(x, config->server_mech))
        return AUTH_FAIL;
    if (!run && !gsasl_begin(x, config->server_mech, gsasl_server_start, answer, &verdict))
        return verdict;
    if (!run && !str_is_null(x->in) && str_is_nocase(config->server_mech, "LOGIN"))
        skip_prompt(x);
    return verdict_of(x, gsasl_run_step(x));
}
