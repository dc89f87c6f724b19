/* The gsasl driver as a client. */
#include "auths/gsasl.h"

#include <stdlib.h>
#include <string.h>

/* What a server may ask of us; more only costs time (RFC 5802, section 9). */
enum { ITERATIONS_AT_MOST = 1000000 };

static bool binds(const struct auth_exchange *x)
{
    const struct gsasl_config *config = x->auth->instance.config;

    /* The library takes a binding for a promise to use it, which only these mechanisms keep. */
    return config->client_channelbinding && str_ends_nocase(x->auth->public_name, "-PLUS");
}

/* The value of an option; false: the exchange is over. */
static bool option(struct auth_exchange *x, const struct template *t, struct str *value)
{
    struct gsasl_run *run = x->state;
    enum auth_verdict verdict;

    if (auth_expand_client(x, t, value, &verdict))
        return true;
    run->trouble = verdict;
    return false;
}

static bool answer_from(struct auth_exchange *x, Gsasl_session *session, Gsasl_property property,
                        const struct template *t)
{
    struct str value;

    if (!t || !option(x, t, &value))
        return false;
    gsasl_set(session, property, value);
    return true;
}

/* Nobody is to be acted for where the value is empty. */
static bool answer_authz(struct auth_exchange *x, Gsasl_session *session)
{
    const struct gsasl_config *config = x->auth->instance.config;
    struct str value;

    if (!config->client_authz || !option(x, config->client_authz, &value) || value.n == 0)
        return false;
    gsasl_set(session, GSASL_AUTHZID, value);
    return true;
}

static bool too_many_iterations(struct auth_exchange *x, Gsasl_session *session)
{
    struct gsasl_run *run = x->state;
    struct str iterations = gsasl_get(x, session, GSASL_SCRAM_ITER);

    if (str_is_null(iterations) || (iterations.n < 8 && strtol(iterations.s, NULL, 10) <= ITERATIONS_AT_MOST))
        return false;
    x->message = str_printf(x->arena, "the server wants %.*s iterations", STR_ARG(iterations));
    run->trouble = AUTH_CANCELLED;
    return true;
}

/* The salted password that may be remembered; it depends on what $auth2 and $auth3 say. */
static bool answer_salted(struct auth_exchange *x, Gsasl_session *session)
{
    const struct gsasl_config *config = x->auth->instance.config;
    size_t digits = str_starts_nocase(x->auth->public_name, "SCRAM-SHA-256") ? 64 : 40;
    struct str value;

    if (too_many_iterations(x, session) || !config->client_spassword)
        return false;
    x->count = 0;
    auth_exchange_add(x, gsasl_get(x, session, GSASL_AUTHID));
    auth_exchange_add(x, gsasl_get(x, session, GSASL_SCRAM_ITER));
    auth_exchange_add(x, gsasl_get(x, session, GSASL_SCRAM_SALT));
    if (!option(x, config->client_spassword, &value) || value.n != digits)
        return false;
    gsasl_set(session, GSASL_SCRAM_SALTED_PASSWORD, value);
    return true;
}

static bool answer_hostname(struct auth_exchange *x, Gsasl_session *session)
{
    struct auth_peer peer = {.remote_name = STR_NULL};

    if (x->host->peer)
        x->host->peer(x, &peer);
    gsasl_set(session, GSASL_HOSTNAME, str_is_null(peer.remote_name) ? STR("localhost") : peer.remote_name);
    return true;
}

static bool answer(struct auth_exchange *x, Gsasl_session *session, Gsasl_property property)
{
    const struct gsasl_config *config = x->auth->instance.config;
    const struct gsasl_run *run = x->state;

    if (run->trouble != AUTH_MORE)
        return false;
    switch ((int)property) {
    case GSASL_AUTHID:
    case GSASL_ANONYMOUS_TOKEN:
        return answer_from(x, session, property, config->client_username);
    case GSASL_AUTHZID:
        return answer_authz(x, session);
    case GSASL_PASSWORD:
        return !too_many_iterations(x, session) && answer_from(x, session, property, config->client_password);
    case GSASL_SCRAM_SALTED_PASSWORD:
        return answer_salted(x, session);
    case GSASL_CB_TLS_UNIQUE:
    case GSASL_CB_TLS_EXPORTER:
        return binds(x) && gsasl_bind(x, session, property);
    case GSASL_HOSTNAME:
        return answer_hostname(x, session);
    case GSASL_SERVICE:
        gsasl_set(session, property, config->server_service);
        return true;
    case GSASL_QOP:
        gsasl_set(session, property, STR("qop-auth"));
        return true;
    default:
        return false;
    }
}

/* For client_set_id: what a cache of salted passwords wants to know. */
static void show_salted(struct auth_exchange *x)
{
    const struct gsasl_run *run = x->state;
    struct str salted = gsasl_get(x, run->session, GSASL_SCRAM_SALTED_PASSWORD);

    if (str_is_null(salted))
        return;
    x->count = 0;
    auth_exchange_add(x, gsasl_get(x, run->session, GSASL_AUTHID));
    auth_exchange_add(x, gsasl_get(x, run->session, GSASL_SCRAM_ITER));
    auth_exchange_add(x, gsasl_get(x, run->session, GSASL_SCRAM_SALT));
    auth_exchange_add(x, salted);
}

enum auth_verdict gsasl_client(struct auth_exchange *x)
{
    const struct gsasl_run *run = x->state;
    enum auth_verdict verdict;
    int status;

    if (x->in_undecodable) {
        x->message = STR("invalid base64 string in server response");
        return AUTH_CANCELLED;
    }
    if (run && run->finished)
        return AUTH_UNEXPECTED;
    if (!run && !gsasl_begin(x, x->auth->public_name, gsasl_client_start, answer, &verdict))
        return verdict;
    status = gsasl_run_step(x);
    run = x->state;
    if (run->trouble != AUTH_MORE)
        return run->trouble;
    if (status != GSASL_OK && status != GSASL_NEEDS_MORE) {
        x->message = str_printf(x->arena, "GNU SASL: %s", gsasl_strerror(status));
        return AUTH_CANCELLED;
    }
    x->unfinished = status == GSASL_NEEDS_MORE;
    show_salted(x);
    if (str_is_null(x->out) && (x->steps > 0 || status == GSASL_OK)) /* EXTERNAL without a name is an answer, too */
        x->out = STR("");
    return AUTH_MORE;
}
