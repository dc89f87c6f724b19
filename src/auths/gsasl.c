/* The gsasl driver (manual, chapter 38): the mechanisms of the GNU SASL library. */
#include "auths/gsasl.h"

#include "base/base64.h"
#include "base/secret.h"

#define EXPANDED(name_) {.name = #name_, .type = OPTION_TEMPLATE, .offset = offsetof(struct gsasl_config, name_)}
#define FIXED(name_, default_) \
    {.name = #name_, .type = OPTION_STRING, .offset = offsetof(struct gsasl_config, name_), .default_text = (default_)}
#define FLAG(name_) {.name = #name_, .type = OPTION_BOOL, .offset = offsetof(struct gsasl_config, name_)}

static const struct option options[] = {
    EXPANDED(client_authz),
    FLAG(client_channelbinding),
    EXPANDED(client_password),
    EXPANDED(client_spassword),
    EXPANDED(client_username),
    FLAG(server_channelbinding),
    EXPANDED(server_hostname),
    EXPANDED(server_key),
    FIXED(server_mech, NULL),
    EXPANDED(server_password),
    EXPANDED(server_realm),
    EXPANDED(server_scram_iter),
    EXPANDED(server_scram_salt),
    FIXED(server_service, "smtp"),
    EXPANDED(server_skey),
};

/* --- Configuration */

/* What a mechanism that the server offers must be configured with. */
static const struct need {
    const char *mechanism;
    bool condition; /* server_condition: the library only reports */
    bool password;  /* a secret that the server knows */
} needs[] = {
    {"ANONYMOUS", true, false},     {"CRAM-MD5", false, true},           {"DIGEST-MD5", false, true},
    {"EXTERNAL", true, false},      {"GSSAPI", true, false},             {"GS2-KRB5", true, false},
    {"LOGIN", true, false},         {"PLAIN", true, false},              {"SCRAM-SHA-1", false, true},
    {"SCRAM-SHA-1-PLUS", false, true}, {"SCRAM-SHA-256", false, true},   {"SCRAM-SHA-256-PLUS", false, true},
};

static bool fault(const struct auth_instance *auth, struct error *err, const char *what, const char *detail)
{
    return error_at(err, auth->instance.where, "authenticator %.*s: %s %s", STR_ARG(auth->instance.name), what, detail);
}

static bool has_secret(const struct gsasl_config *config)
{
    return config->server_password || (config->server_key && config->server_skey);
}

static bool check_server(const struct auth_instance *auth, struct error *err)
{
    const struct gsasl_config *config = auth->instance.config;
    const char *mechanism = config->server_mech.s;

    if (!gsasl_server_support_p(config->library, mechanism))
        return fault(auth, err, "GNU SASL does not serve mechanism", mechanism);
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        if (!str_is_nocase(config->server_mech, needs[i].mechanism))
            continue;
        if (needs[i].condition && !auth->server_condition)
            return fault(auth, err, "server_condition must be set for", needs[i].mechanism);
        if (needs[i].password && !has_secret(config))
            return fault(auth, err, "server_password, or server_key and server_skey, must be set for",
                         needs[i].mechanism);
        return true;
    }
    return fault(auth, err, "gatepost does not serve GNU SASL's mechanism", mechanism);
}

static int ask(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
    struct auth_exchange *x = gsasl_session_hook_get(session);
    const struct gsasl_run *run = x ? x->state : NULL;

    (void)library;
    return run && run->answer(x, session, property) ? GSASL_OK : GSASL_NO_CALLBACK;
}

static void done(void *p)
{
    gsasl_done(p);
}

/* Once for each stanza: the library is the process's, and workers are forked with it. */
static bool init(struct auth_instance *auth, struct error *err)
{
    struct gsasl_config *config = auth->instance.config;
    int status;

    if (str_is_null(config->server_mech))
        config->server_mech = auth->public_name;
    auth->client = config->client_username != NULL;
    auth->server = auth->server_condition || has_secret(config);
    if (!config->library) {
        status = gsasl_init(&config->library);
        if (status != GSASL_OK)
            return fault(auth, err, "GNU SASL cannot be used:", gsasl_strerror(status));
        gsasl_callback_set(config->library, ask);
        random_octets(config->fake_key, sizeof config->fake_key);
        arena_defer(err->arena, done, config->library);
    }
    if (auth->client && !gsasl_client_support_p(config->library, auth->public_name.s))
        return fault(auth, err, "GNU SASL is no client of mechanism", auth->public_name.s);
    return !auth->server || check_server(auth, err);
}

/* --- Shared by both sides */

void gsasl_set(Gsasl_session *session, Gsasl_property property, struct str value)
{
    if (!str_is_null(value))
        gsasl_property_set_raw(session, property, value.s, value.n);
}

struct str gsasl_get(struct auth_exchange *x, Gsasl_session *session, Gsasl_property property)
{
    const char *value = gsasl_property_fast(session, property);

    return value ? str_taint(str_copy(x->arena, str_of(value))) : STR_NULL;
}

/* The library takes it in base64. */
bool gsasl_bind(struct auth_exchange *x, Gsasl_session *session, Gsasl_property property)
{
    const char *type = property == GSASL_CB_TLS_EXPORTER ? "tls-exporter" : "tls-unique";
    struct str data;

    if (!x->host->channel_binding || !x->host->channel_binding(x, type, &data))
        return false;
    gsasl_set(session, property, base64_encode(x->arena, data));
    return true;
}

static void finish(void *p)
{
    gsasl_finish(p);
}

bool gsasl_begin(struct auth_exchange *x, struct str mechanism,
                 int (*start)(Gsasl *library, const char *mechanism, Gsasl_session **session),
                 bool (*answer)(struct auth_exchange *x, Gsasl_session *session, Gsasl_property property),
                 enum auth_verdict *verdict)
{
    const struct gsasl_config *config = x->auth->instance.config;
    struct gsasl_run *run = ARENA_NEW(x->arena, struct gsasl_run);
    int status = start(config->library, mechanism.s, &run->session);

    if (status != GSASL_OK) {
        x->message = str_printf(x->arena, "GNU SASL: %s", gsasl_strerror(status));
        *verdict = AUTH_DEFER;
        return false;
    }
    arena_defer(x->arena, finish, run->session);
    run->answer = answer;
    run->trouble = AUTH_MORE;
    x->state = run;
    gsasl_session_hook_set(run->session, x);
    return true;
}

int gsasl_run_step(struct auth_exchange *x)
{
    struct gsasl_run *run = x->state;
    char *out = NULL;
    size_t n = 0;
    int status = gsasl_step(run->session, x->in.s, x->in.n, &out, &n);

    if (n > 0)
        x->out = str_copy_n(x->arena, out, n, false);
    if (out) {
        secret_wipe(out, n);
        gsasl_free(out);
    }
    run->finished = status == GSASL_OK;
    if (status != GSASL_OK && status != GSASL_NEEDS_MORE)
        x->host->debug(x, "GNU SASL: %s: %s\n", gsasl_strerror_name(status), gsasl_strerror(status));
    return status;
}

static void version_report(struct buffer *out)
{
    buffer_printf(out, "Library version: GNU SASL: Compile: %s\n                           Runtime: %s\n",
                  GSASL_VERSION, gsasl_check_version(NULL));
}

extern const struct auth_driver auth_driver_gsasl;
const struct auth_driver auth_driver_gsasl = {
    .info = {.name = "gsasl",
             .options = options,
             .option_count = sizeof options / sizeof *options,
             .config_size = sizeof(struct gsasl_config)},
    .init = init,
    .server = gsasl_server,
    .client = gsasl_client,
    .version_report = version_report,
};
AUTH_DRIVER_EXPORT(auth_driver_gsasl)
